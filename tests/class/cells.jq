# cells.jq - what the pictures of a class share
#
# A class is {suite, date, labs, students}: labs are names, and a student has an
# id and, for each lab, what matters of its report.

include "lib";

def short: split("-")[0];

# --- what stands in a cell ---------------------------------------------------

def is_all: (.state == "passed" or .state == "failed") and .passed == .counted;

def cell:
  if .state == "missing" then "-"
  elif .state == "refused" then "ref"
  elif .state == "too-long" then "T/O"
  elif .state == "grader-error" then "??"
  elif is_all then "ok"
  elif any(.notes[]; .word == "build") then "!!"
  else "\(.passed)/\(.counted)" end;

def legend:
  {"ok": "all checks", "!!": "does not build", "T/O": "ran too long",
   "-": "not tried", "ref": "refused", "??": "the grader failed"};

def most_failed:
  . as $class
  | [ .labs[] as $lab
      | [ $class.students[].labs[] | select(.lab == $lab and (.checks | length) > 0) ]
      | . as $graded
      | (.[0].checks // []) | to_entries[]
      | .key as $at
      | { lab: ($lab | short), number: ($at + 1), id: .value.id,
          title: .value.title, further: .value.further, of: ($graded | length),
          failed: ([ $graded[] | .checks[$at] | select(.state == "failed") ] | length),
          passed: ([ $graded[] | .checks[$at] | select(.state == "passed") ] | length) } ];

