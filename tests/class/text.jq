# text.jq - summary.txt: a class in 80 columns

include "lib";
include "cells";

# Words for what to look at.
def note_words:
  [ (.notes[].word),
    (if .state == "too-long" then "time" elif .state == "refused" then "refused"
     elif .state == "grader-error" then "grader" else empty end) ]
  | unique;

def row_note:
  [ .labs[] | note_words as $words | select(($words | length) > 0)
    | "\(.lab | short): \($words | join(" "))" ] | join(", ");

def pad_to($n): if length >= $n then . else . + " " * ($n - length) end;
def left_to($n): if length >= $n then . else " " * ($n - length) + . end;
def cut($n): if length > $n then .[:$n - 1] + "~" else . end;

def span:
  .labs | map(short)
  | if length > 2 and (map(tonumber) | . == [range(.[0]; .[0] + length)])
    then "\(.[0])-\(.[-1])" else join(" ") end;

def worst: map(select(.failed > 0 and (.further | not))) | sort_by(-.failed)[:5];

# The columns of a table that fits into 80, some labs at a time.
def chunks($n): [range(0; length; $n) as $i | .[$i:$i + $n]];

def table($labs; $last):
  . as $class
  | ([.students[].id | length] | max | [[., 24] | min, 13] | max) as $name
  | ([.students[].labs[] | cell | length] | max | [., 2] | max + 3) as $wide
  | (.students | map(.labs) | add | map(select(.lab as $l | $labs | index([$l]) != null))) as $all
  | ([ "  " + ("student" | pad_to($name)) + "  "
       + ([$labs[] | short | pad_to($wide)] | add)
       + (if $last then "checks   note" else "" end) ]
     + [ .students[]
         | "  " + (.id | line | cut($name) | pad_to($name)) + "  "
         + ([ .labs[] | select(.lab as $l | $labs | index([$l]) != null)
              | cell | pad_to($wide) ] | add)
         + (if $last then
              ("\([.labs[].passed] | add)/\([.labs[].counted] | add)" | pad_to(9))
              + row_note else "" end) ]
     + [ "  " + ("all ok" | pad_to($name)) + "  "
         + ([ $labs[] as $l | [ $all[] | select(.lab == $l and is_all) ]
              | length | tostring | pad_to($wide) ] | add) ])
  | map(sub(" +$"; "")) | join("\n") + "\n";

def text($out):
  . as $class
  | ([.students[].id | length] | max | [[., 24] | min, 13] | max) as $name
  | ([.students[].labs[] | cell | length] | max | [., 2] | max + 3) as $wide
  | ([(80 - 4 - $name - 10) / $wide | floor, 1] | max) as $fit
  | ([.students[].labs[] | cell] | unique) as $cells
  | (.labs | chunks($fit)) as $parts
  | "Class summary    \(plural(.students | length; "submission"; "submissions"))    \(.date)    labs graded: \(span)\n\n"
  + ([ range($parts | length) as $i
       | $class | table($parts[$i]; $i == ($parts | length) - 1) ] | join("\n"))
  + (most_failed | worst | if length == 0 then "" else
      "\n  Checks most often failed\n"
      + (map("    \("\(.failed) of \(.of)" | left_to(9))   \(.lab) #\(.number)  \(.title)\n") | add) end)
  + "\n  ok all checks   3/5 some   "
  + ([ legend | to_entries[]
       | select(.key != "ok" and (.key as $k | ["!!", "T/O", "-"] + $cells | index([$k]) != null))
       | "\(.key) \(.value)" ] | join("   ")) + "\n"
  + "\n  All of it: \($out)/summary.html, grades.csv, and a folder a student\n";

