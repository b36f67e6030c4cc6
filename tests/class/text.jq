# text.jq - summary.txt: a class in 80 columns

include "lib";
include "cells";

# Words for what to look at.
def note_words:
  [ (.notes[].word),
    (if .state == "too-long" then "time" elif .state == "refused" then "refused"
     elif .state == "grader-error" then "grader" else empty end) ]
  | unique;

def row_notes:
  [ .labs[] | note_words as $words | select(($words | length) > 0)
    | "\(.lab | short): \($words | join(" "))" ];

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

def widths:
  { name: ([.students[].id | length] | max | [[., 24] | min, 13] | max + 2),
    cell: ([.students[].labs[] | cell | length] | max | [. + 2, 5] | max) };

def cells($labs): .labs[] | select(.lab as $lab | $labs | index([$lab]));

# Notes that do not fit into the rest of a line have lines of their own.
def with_notes($notes):
  if length + ($notes | join(", ") | length) <= 80 then . + ($notes | join(", "))
  else length as $indent | . + ($notes | join(",\n" + " " * $indent)) end;

def table_row($w; $labs; $last):
  "  " + (.id | line | cut($w.name - 2) | pad_to($w.name))
  + ([cells($labs) | cell | pad_to($w.cell)] | add)
  + if $last then
      "\([.labs[].passed] | add)/\([.labs[].counted] | add)" | pad_to(9)
    else "" end;

def table($w; $labs; $last):
  [ "  " + ("student" | pad_to($w.name))
    + ([$labs[] | short | pad_to($w.cell)] | add)
    + (if $last then "checks   note" else "" end) ]
  + [ .students[] | row_notes as $notes | table_row($w; $labs; $last)
      | if $last then with_notes($notes) else . end ]
  + [ "  " + ("all ok" | pad_to($w.name))
      + ([ $labs[] as $lab | [.students[] | cells([$lab]) | select(is_all)]
           | length | tostring | pad_to($w.cell) ] | add) ]
  | map(sub(" +$"; "")) | join("\n") + "\n";

def text_worst:
  most_failed | worst
  | if length == 0 then "" else
      "\n  Checks most often failed\n"
      + (map("    \("\(.failed) of \(.of)" | left_to(9))   "
             + "\(.lab) #\(.number)  \(.title)\n") | add) end;

# What a cell may have, and what else is there.
def text_legend:
  ["ok", "!!", "T/O", "-"] as $usual
  | ([.students[].labs[] | cell] | unique) as $cells
  | (legend | to_entries | map(.value = "\(.key) \(.value)")) as $all
  | [ $all[] | select(.key as $key | $usual | index([$key])) | .value ] as $first
  | [ $all[] | select(.key as $key | ($usual | index([$key]) | not)
                                     and ($cells | index([$key]))) | .value ] as $more
  | "\n  " + ([$first[0], "3/5 some", $first[1:][]] | join("   ")) + "\n"
  + if ($more | length) > 0 then "  " + ($more | join("   ")) + "\n" else "" end;

def text:
  widths as $w
  | ([(80 - 2 - $w.name - 17) / $w.cell | floor, 1] | max) as $fit
  | (.labs | chunks($fit)) as $parts
  | "Class summary    "
  + plural(.students | length; "submission"; "submissions")
  + "    \(.date)    labs graded: \(span)\n\n"
  + ([ range($parts | length) as $i
       | table($w; $parts[$i]; $i == ($parts | length) - 1) ] | join("\n"))
  + text_worst + text_legend;
