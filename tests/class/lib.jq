# lib.jq - what the formats share
#
# All text of a report is UTF-8 without control characters but LF and TAB:
# build/test/report has seen to it, and report.jq of what is not from there.

# What a report has not, as nothing.
def words: if . == null or . == "" or . == "-" then empty else . end;

def number_of: .lab | split("-")[0];

def counts: .state != "left-out" and .state != "not-here";

def is_shown: .show == "visible";

# Each character of a text through F, by its number. (gsub's time grows with
# the square of what it finds.)
def characters(f): explode | map(f) | implode;

# What people call their files: nothing that a terminal or XML would not take,
# and nothing that turns the text behind it around (Unicode, annex 9).
def plain:
  def unfit: test("[\\x00-\\x1f\\x7f-\\x9f\\p{Cf}\\p{Zl}\\p{Zp}]");
  if unfit then
    characters(if (. < 32 or . > 126) and ([.] | implode | unfit) then 63
               else . end)
  else . end;

# One line: nothing that ends a table's row or a heading.
def line: if test("[\n\t]") then characters(if . == 10 or . == 9 then 32 else . end)
          else . end;

def plural($n; $one; $many): "\($n) \(if $n == 1 then $one else $many end)";

# Whether there is a score at all.
def is_graded: .state != "grader-error";

# What it comes to, in a sentence.
def verdict:
  if .state == "passed" or .state == "failed" then
    "\(.points) of \(.max_points) points, \(.passed) of \(.counted) checks."
  elif is_graded then
    "\(.points) of \(.max_points) points. \(.error)"
  else
    "Not graded: the grader itself failed. \(.error // "")"
  end;

# Why a check did not pass, in plain lines.
def account:
  [ (if .state == "not-checked" then "Not checked yet: needs \(.reason)."
     elif .state == "left-out" then "Left out: \(.reason)"
     elif .state == "not-here" then "Not here: \(.reason)"
     else empty end),
    (.why | words),
    (.diagnosis | words),
    (.expected | words | "expected  \(.)"),
    (.got | words | "got       \(.)"),
    (.end | words | "at the end: \(.)"),
    (.ended | words | "the program: \(.)"),
    (.said[] | "it said   \(.)"),
    (.try[] | if .host == "-" then "try  \(.command)"
              else "try, on \(.host)  \(.command)" end),
    (.sanitizer | words | "\n\(.)"),
    (.ladder | words | "\n\(.)")
  ] | join("\n");

# A sum of checks that are not to be seen, in the place of each.
def unseen: [.checks[] | select(is_shown | not)];

# XML 1.0 knows no U+FFFE and U+FFFF, not even as a reference.
def xml:
  if test("[\ufffe\uffff]") then
    characters(if . == 65534 or . == 65535 then 63 else . end) else . end
  | @html;
