# report.jq - every format of one submission, from the report of its run
#
# The input is that report, or nothing where there was no run. What the run does
# not know comes as variables: $id, $state and $error (of what was not run),
# $lab, $title, $kept (where the run was), $checks and $max (points), and as
# words: the programs that should be there, ":notes", lines of a word and a
# sentence, ":remarks", sentences. Output: the files in the order that grade
# has, each ended by a NUL.

include "lib";

def between($from; $to):
  $ARGS.positional
  | .[(if $from == null then 0 else index([$from]) + 1 end):
      (if $to == null then length else index([$to]) end)];

def programs: between(null; ":notes");

def notes:
  between(":notes"; ":remarks") | map(plain | capture("^(?<word>[a-z]+) (?<says>.*)$"));

def remarks: between(":remarks"; null) | map(plain);

# A submission that was not run, in the form of one that was.
def stub:
  { format_version: 1, suite: "portlab", lab: $lab,
    title: $title, state: $state, error: ($error | plain),
    points: (if $state == "grader-error" then null else 0 end),
    max_points: ($max | tonumber), passed: 0, counted: ($checks | tonumber),
    further_passed: 0, further: 0, seed: null, wall_ms: null, again: null,
    hint: null, programs: [], binaries: [], remarks: [], checks: [],
    predictions: [], compiler: null, compiler_strict: null };

# Where it was graded is nobody's business: names as the student has them.
def as_at_home:
  if type == "string" then split($kept + "/") | join("")
  elif type == "array" then map(as_at_home)
  elif type == "object" then map_values(as_at_home)
  else . end;

# Programs that were to be built and are not there.
def unbuilt:
  if .state != "passed" and .state != "failed" then [] else
    [ (programs - [.binaries[].name] - [.programs[].name])[]
      | {word: "build", says: "\(.) does not build"} ] end;

def whole:
  (if . == null then stub else as_at_home end)
  | .submission = $id
  | .remarks += remarks
  | .notes = (notes + unbuilt)
  | .again = ("make check LAB=\(number_of)" +
      if .seed == null then "" else " SEED=\(.seed)" end);

# --- Gradescope: results.json -------------------------------------------------

def gradescope_test:
  { name: .title, number: .id, max_score: .max_points, score: .points,
    visibility: {visible: "visible", hidden: "hidden",
                 after: "after_due_date"}[.show],
    output: account, output_format: "text",
    tags: (if .further then ["going further"] else ["step \(.step)"] end) }
  + if counts then {status: (if .state == "passed" then "passed"
                             else "failed" end)} else {} end;

def gradescope:
  { output: ([verdict, .remarks[], (.compiler | words)] | join("\n")),
    output_format: "text", visibility: "visible", stdout_visibility: "hidden",
    tests: (.checks | map(gradescope_test)),
    extra_data: {suite, lab, state, seed, passed, counted} }
  + (if .wall_ms == null then {} else {execution_time: (.wall_ms / 1000)} end)
  + if is_graded then {score: .points} else {} end;

# --- PrairieLearn: results.json -----------------------------------------------

def prairielearn:
  if is_graded then
    { gradable: (.state == "passed" or .state == "failed"),
      score: (if .max_points > 0 then .points / .max_points else 0 end),
      message: ([verdict, .remarks[]] | join("\n")),
      output: ((.compiler // "")),
      tests: ([.checks[] | select(is_shown)
               | { name: .id, description: .title, points, max_points,
                   message: (.why // ""), output: account }]
              + if (unseen | length) > 0 then
                  [{ name: "shown later", description: "checks that are shown later",
                     points: (unseen | map(.points) | add),
                     max_points: (unseen | map(.max_points) | add),
                     message: "", output: "" }]
                else [] end) }
    + if .state == "passed" or .state == "failed" then {}
      else {format_errors: [.error]} end
  else
    { gradable: false, format_errors: [verdict], message: verdict }
  end;

# --- Classroom 50: result.json ------------------------------------------------

# Who and what was graded is the runner's to say, and is left to it.
def classroom50:
  { schema: "classroom50/result/v1", score: (.points // 0),
    "max-score": .max_points,
    tests: ([.checks[] | select(is_shown)
             | { "test-name": .id, passed: (.state == "passed"),
                 score: .points, "max-score": .max_points, title,
                 why: (.why // "") }]
            + if (unseen | length) > 0 then
                [{ "test-name": "shown-later",
                   passed: (unseen | all(.state == "passed")),
                   score: (unseen | map(.points) | add),
                   "max-score": (unseen | map(.max_points) | add) }]
              else [] end) };

# --- JUnit --------------------------------------------------------------------

def attribute: xml | line;

def junit_case($suite):
  "  <testcase classname=\"\($suite)\" name=\"\("\(.id): \(.title)" | attribute)\">\n"
  + (if .state == "failed" then
       "    <failure message=\"\(account | split("\n")[0] // "" | attribute)\">\(account | xml)</failure>\n"
     elif .state != "passed" then
       "    <skipped message=\"\(account | split("\n")[0] // "" | attribute)\"/>\n"
     else "" end)
  + "  </testcase>\n";

def junit:
  ("portlab.\(.lab)" | attribute) as $suite
  | [.checks[] | select(is_shown)] as $checks
  | (is_graded and .state != "passed" and .state != "failed") as $unrun
  | "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
  + "<testsuites>\n<testsuite name=\"\($suite)\""
  + " tests=\"\(if ($checks | length) == 0 then 1 else $checks | length end)\""
  + " failures=\"\([$checks[] | select(.state == "failed")] | length + if $unrun then 1 else 0 end)\""
  + " errors=\"\(if is_graded then 0 else 1 end)\""
  + " skipped=\"\([$checks[] | select(.state != "failed" and .state != "passed")] | length)\""
  + " time=\"\((.wall_ms // 0) / 1000)\">\n"
  + ($checks | map(junit_case($suite)) | add // "")
  + (if ($checks | length) > 0 then "" else
      "  <testcase classname=\"\($suite)\" name=\"graded\">\n    "
      + (if $unrun then "failure" else "error" end | "<\(.)")
      + " message=\"\(verdict | attribute)\"/>\n  </testcase>\n" end)
  + "</testsuite>\n</testsuites>\n";

# --- feedback.md --------------------------------------------------------------

# Text within a line of Markdown, with nothing in it that means anything: no
# markup, HTML, link or name of a person. Most of it is plain words.
def md:
  if test("^[A-Za-z][A-Za-z0-9 ,-]*$") then . else
  ("\\`*_{}[]#|!~$>" | explode) as $marks
  | ({"38": "&amp;", "60": "&lt;", "64": "&#64;"} | map_values(explode)) as $entities
  | line
  | characters(. as $c | $entities["\($c)"][]?
               // if $marks | index($c) then (92, $c) else $c end)
  | split("://") | join(":&#47;/")
  | sub("^(?<c>[-+=])"; "\\" + .c)
  | sub("^(?<n>[0-9]+)(?<c>[.)])"; .n + "\\" + .c)
  end;

# A block in a fence that is longer than any in it.
def fence:
  (reduce explode[] as $c ({most: 0, now: 0};
     if $c == 96 then .now += 1 | .most = ([.most, .now] | max)
     else .now = 0 end) | .most) as $most
  | ("`" * ([$most + 1, 3] | max)) as $fence
  | "\($fence)text\n\(rtrimstr("\n"))\n\($fence)\n";

def md_failed:
  "### \(.id | md): \(.title | md) (\(plural(.max_points; "point"; "points")))\n\n"
  + ([(.why | words | md), (.diagnosis | words | md)] | join("\n"))
  + "\n\n"
  + ([ (.expected | words | "expected  \(.)"),
       (.got | words | "got       \(.)"),
       (.ended | words | "ended     \(.)"),
       (.said[] | "it said   \(.)") ]
     | if length > 0 then join("\n") | fence + "\n" else "" end)
  + (.sanitizer | if . == null then "" else fence + "\n" end)
  + (.ladder | if . == null then "" else "Your packets:\n\n\(fence)\n" end)
  + (if (.try | length) > 0 then
       "To see it yourself:\n\n"
       + ([.try[] | if .host == "-" then .command
                    else "\(.host)$ \(.command)" end] | join("\n") | fence)
       + "\n"
     else "" end);

def md_ids($state; $heading):
  [.checks[] | select(is_shown and .state == $state) | .id] as $ids
  | if ($ids | length) == 0 then "" else
      "## \($heading)\n\n\($ids | map(md) | join(", "))\n\n" end;

def feedback:
  "# Lab \(.lab | md): \(.title | md)\n\n"
  + "\(verdict | md)\n\n"
  + ([.remarks[] | "- \(md)\n"] | if length > 0 then add + "\n" else "" end)
  + ([.checks[] | select(is_shown and .state == "failed")]
     | if length > 0 then "## What failed\n\n" + (map(md_failed) | add)
       else "" end)
  + (if (.compiler // "") == "" then "" else
       "## What the compiler said\n\n\(.compiler | fence)\n" end)
  + md_ids("not-checked"; "Not checked yet: they need one that failed")
  + md_ids("not-here"; "Could not be checked on the grading machine")
  + md_ids("passed"; "Passed")
  + "To repeat this run on your own machine: `\(.again)`\n";

# --- all of it ----------------------------------------------------------------

(input? // null)
| whole
| (tojson, (gradescope | tojson), junit, feedback, (prairielearn | tojson),
   (classroom50 | tojson),
   (if $state == "" then "\(.passed)/\(.counted)" else .error end))
| . + "\u0000"
