# class.jq - a class in one picture, of every kind
#
# $reports has what matters of each report; the positional arguments are the
# students, "=" in front of each, $labs their labs, by spaces, $now the date,
# $roster a gradebook's text, or nothing. Output: class.json, summary.txt,
# summary.html, grades.csv and grades-moodle.csv, and what is to be told of the
# gradebook, each ended by a NUL.

include "text";
include "page";
include "csv";
include "roster";

# Every student with every lab; what has no report is not graded.
($reports | INDEX("\(.id)\u0000\(.lab)")) as $by
| ($labs | split(" ")) as $labs
| { suite: "portlab", date: $now, labs: $labs,
    students: [ $ARGS.positional[] | .[1:] as $id
      | { id: $id, labs: [ $labs[] as $lab
          | $by["\($id)\u0000\($lab)"]
            // { id: $id, lab: $lab, state: "grader-error", points: null,
                 max_points: null, passed: 0, counted: 0, notes: [],
                 error: "There is no result.", checks: [] } ] } ] }
| [.students[].id] as $ids
| (if $roster == "" then {} else $roster | gradebook | matched($ids) end) as $book
| (tojson + "\n"), text, page, canvas($book), moodle($book), told($book)
| . + "\u0000"
