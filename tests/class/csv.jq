# csv.jq - the grades for Canvas and for Moodle (RFC 4180)

include "lib";
include "cells";

# A spreadsheet runs what begins with one of these.
def safe: if type == "string" and test("^[=+@\t\r-]") then "'" + . else . end;

def row: map(safe) | @csv + "\r\n";

def column: "Lab \(. | short)";

# What Canvas knows of a student is more than we do: rows are matched by login.
def canvas:
  . as $class
  | [ (["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
       + [$class.labs[] | column] | row),
      (["    Points Possible", "", "", "", ""]
       + [ $class.labs[] as $l | [ $class.students[].labs[]
             | select(.lab == $l) | .max_points // empty ] | max ] | row),
      (.students[]
       | [.id, "", "", .id, ""] + [.labs[].points] | row) ] | add;

def moodle:
  . as $class
  | [ (["idnumber", "email"] + [$class.labs[] | column, "\(column) feedback"] | row),
    (.students[]
     | (if .id | test("@") then ["", .id] else [.id, ""] end)
       + [.labs[] | .points, (verdict | line)] | row) ] | add;

