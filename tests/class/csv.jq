# csv.jq - the grades for Canvas and for Moodle (RFC 4180)

include "lib";
include "cells";

# A spreadsheet runs what begins with one of these; "-" alone is Moodle's nothing.
def safe: if type == "string" and test("^[=+@\t\r-]") and . != "-" then "'" + .
          else . end;

def row: map(safe) | @csv + "\r\n";

def column: "Lab \(. | short)";

def most_points($lab):
  [.students[].labs[] | select(.lab == $lab) | .max_points // empty] | max;

# --- by the names of the submissions ---------------------------------------------

# What Canvas knows of a student is more than we do: rows are matched by login.
def canvas_plain:
  . as $class
  | [ (["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
       + [$class.labs[] | column] | row),
      (["    Points Possible", "", "", "", ""]
       + [$class.labs[] as $lab | $class | most_points($lab)] | row),
      (.students[]
       | [.id, "", "", .id, ""] + [.labs[].points] | row) ] | add;

def moodle_plain:
  . as $class
  | [ (["idnumber", "email"] + [$class.labs[] | column, "\(column) feedback"] | row),
    (.students[]
     | (if .id | test("@") then ["", .id] else [.id, ""] end)
       + [.labs[] | .points, (verdict | line)] | row) ] | add;

# --- by the rows of a gradebook -----------------------------------------------------

# Of each row the labs of its student, or null.
def rows_with_labs($book):
  (.students | INDEX(.id)) as $by
  | [ range($book.rows | length) as $at
      | {row: $book.rows[$at],
         labs: ($book.of[$at] | if . == null then null else $by[.].labs end)} ];

# The gradebook's own column of a lab, which Canvas then fills: "Lab 01 (4711)".
def own_column($book; $lab):
  "\\blab[ _-]?0*\($lab | short | tonumber)\\b|\\b\($lab)\\b" as $called
  | [$book.columns[] | select(test($called; "i"))]
  | if length == 1 then .[0] else null end;

def identity($book; $names): [$names[] as $n | $book.columns[] | select(. == $n)];

# What has no grade here keeps the one that it has there.
def canvas_of($book):
  . as $class
  | identity($book; ["Student", "ID", "SIS User ID", "SIS Login ID",
                     "Integration ID", "Root Account", "Section"]) as $who
  | [ .labs[] as $lab | {$lab, own: own_column($book; $lab)} ] as $columns
  | [ ($who + [$columns[] | .own // (.lab | column)] | row),
      (["    Points Possible"] + [$who[1:][] | ""]
       + [$columns[] | if .own then $book.possible[.own] // ""
                       else .lab as $lab | $class | most_points($lab) end] | row),
      (rows_with_labs($book)[] | . as $one
       | [$who[] as $n | .row[$n]]
         + [ range($columns | length) as $i
             | $one.labs[$i].points // $one.row[$columns[$i].own // ""] ] | row) ]
  | add;

def moodle_of($book):
  . as $class
  | identity($book; ["Identifier", "First name", "Last name", "Surname", "Full name",
                   "Username", "ID number", "Email address"]) as $who
  | [ ($who + [.labs[] | column, "\(column) feedback"] | row),
      (rows_with_labs($book)[]
       | [.row[$who[]]]
         + if .labs then [.labs[] | .points, (verdict | line)]
           else [$class.labs[] | "", ""] end | row) ]
  | add;

# Moodle takes its worksheet back as it is, with grades.
def worksheet($book):
  [ ($book.columns | row),
    (rows_with_labs($book)[]
     | .labs[0] as $lab
     | .row
     | if $lab.points == null then . else
         .Grade = $lab.points
         | if has("Feedback comments") then ."Feedback comments" = ($lab | verdict | line)
           else . end end
     | [.[$book.columns[]]] | row) ] | add;

def canvas($book):
  if $book.kind == "canvas" then canvas_of($book) else canvas_plain end;

def moodle($book):
  if $book.kind == "worksheet" and (.labs | length) == 1 then worksheet($book)
  elif $book.kind == "worksheet" or $book.kind == "moodle" then moodle_of($book)
  else moodle_plain end;

# Points are not scaled, so the platform must know how many there are.
def other_points($book):
  . as $class
  | .labs[] as $lab | most_points($lab) as $most
  | if $book.kind == "canvas" then $book.possible[own_column($book; $lab) // ""]
    elif $book.kind == "worksheet" then $book.rows[0]."Maximum Grade"
    else null end
  | select(. != null and . != "" and $most != null)
  | select((tonumber? // null) != $most)
  | "Lab \($lab | short) has \(.) points there and \($most) here";

# What the instructor should know of it, a line each.
def told($book): [$book.told[]?, other_points($book)] | map("  \(line)\n") | add // "";
