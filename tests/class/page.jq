# page.jq - summary.html: a class as one page that needs nothing else
#
# Well-formed as XML, too. Colour never stands alone: each cell has its word,
# each bar its number.

include "lib";
include "cells";

def h: xml;

def style: "
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 64em;
       padding: 0 1em; color: #1b1b1b; background: #fff; }
h1 { font-size: 1.5em; } h2 { font-size: 1.15em; margin-top: 2em; }
table { border-collapse: collapse; } caption { text-align: left; color: #555; }
th, td { padding: .2em .6em; text-align: left; border-bottom: 1px solid #e4e4e4; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums;
             white-space: nowrap; }
td.ok { background: #d3ecd8; } td.some { background: #fff3c9; }
td.no { background: #f7d4d0; } td.none { background: #f0f0f0; color: #555; }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; }
.passed { fill: #5aa469; } .failed { fill: #c8503f; } .open { fill: #d9d9d9; }
.key { display: inline-block; width: .9em; height: .9em; vertical-align: -.1em; }
@media print { body { margin: 0; } }
";

def cell_class:
  if is_all then "ok" elif .state == "missing" then "none"
  elif .state == "failed" and (cell | test("/")) then "some" else "no" end;

def page_row:
  "<tr><th scope=\"row\">\(.id | h)</th>"
  + ([.labs[] | "<td class=\"\(cell_class)\">\(cell | h)</td>"] | add)
  + "<td class=\"n\">\([.labs[].points // 0] | add) of \([.labs[].max_points // 0] | add)</td>"
  + "<td>\([.labs[] | (.lab | short) as $lab
      | (.notes[] | "\($lab): \(.says)"),
        (if .error != null then "\($lab): \(.error)" else empty end)]
      | map(h) | join("<br/>"))</td></tr>\n";

def page_table:
  "<table>\n<caption>\(legend | to_entries | map("\(.key) \(.value)") | join("; ") | h); 3/5 some checks</caption>\n"
  + "<thead><tr><th scope=\"col\">student</th>"
  + ([.labs[] | "<th scope=\"col\">\(short | h)</th>"] | add)
  + "<th scope=\"col\" class=\"n\">points</th><th scope=\"col\">to look at</th></tr></thead>\n<tbody>\n"
  + (.students | map(page_row) | add)
  + "</tbody>\n</table>\n";

# --- pictures ------------------------------------------------------------------------

def bar($x; $y; $wide; $high; $class):
  if $wide <= 0 then "" else
  "<rect class=\"\($class)\" x=\"\($x)\" y=\"\($y)\" width=\"\($wide)\" height=\"\($high)\"/>" end;

# One bar a check: passed, failed, and not checked because another failed.
def check_bar($y):
  (360 / ([.of, 1] | max)) as $scale
  | (.passed * $scale) as $p | (.failed * $scale) as $f
  | "<g><title>\("\(.id): \(.passed) passed, \(.failed) failed, \(.of - .passed - .failed) not checked" | h)</title>"
  + "<text x=\"312\" y=\"\($y + 13)\" text-anchor=\"end\">\(.title | h)</text>"
  + bar(320; $y + 2; $p; 14; "passed") + bar(320 + $p; $y + 2; $f; 14; "failed")
  + bar(320 + $p + $f; $y + 2; 360 - $p - $f; 14; "open")
  + "<text x=\"688\" y=\"\($y + 13)\">\(.failed)</text></g>\n";

def check_bars:
  (length * 20 + 24) as $high
  | "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 \($high)\" width=\"720\" height=\"\($high)\" role=\"img\" aria-label=\"How many passed and failed each check\">\n"
  + "<text x=\"688\" y=\"12\">failed</text>\n"
  + ([range(length) as $i | .[$i] | check_bar(20 + $i * 20)] | add // "")
  + "</svg>\n";

# How many students have how many points, in ten steps.
def steps:
  [ .[] | if .max_points > 0 then .points * 10 / .max_points | floor
          | if . > 9 then 9 else . end else 0 end ] as $at
  | [ range(10) as $i | $at | map(select(. == $i)) | length ];

def histogram:
  steps as $n | ([$n | max, 1] | max) as $most
  | "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 150\" width=\"720\" height=\"150\" role=\"img\" aria-label=\"How many students have how many points\">\n"
  + ([ range(10) as $i | ($n[$i] * 100 / $most) as $high
       | bar($i * 70 + 10; 120 - $high; 60; $high; "passed")
       + "<text x=\"\($i * 70 + 40)\" y=\"\(114 - $high)\" text-anchor=\"middle\">\($n[$i])</text>"
       + "<text x=\"\($i * 70 + 40)\" y=\"138\" text-anchor=\"middle\">\($i * 10)-\($i * 10 + 10) %</text>\n" ] | add)
  + "</svg>\n";

def page_lab($lab):
  . as $class
  | [ .students[].labs[] | select(.lab == $lab) ] as $all
  | ([ $all[] | select(.points != null and .max_points != null) ]) as $graded
  | "<h2>Lab \($lab | h)\(($all[0].title // "") | if . == "" then "" else ": " + h end)</h2>\n"
  + "<p>Points, by how many students:</p>\n" + ($graded | histogram)
  + "<p>Checks: <svg class=\"key\" viewBox=\"0 0 1 1\"><rect class=\"passed\" width=\"1\" height=\"1\"/></svg> passed, "
  + "<svg class=\"key\" viewBox=\"0 0 1 1\"><rect class=\"failed\" width=\"1\" height=\"1\"/></svg> failed, "
  + "<svg class=\"key\" viewBox=\"0 0 1 1\"><rect class=\"open\" width=\"1\" height=\"1\"/></svg> not checked, as they need another</p>\n"
  + ([ $class | most_failed | .[] | select(.lab == ($lab | short)) ] | check_bars);

def page:
  . as $class
  | "Class summary: \(plural(.students | length; "submission"; "submissions")), \(.date)" as $title
  | "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
  + "<meta name=\"viewport\" content=\"width=device-width\"/>\n"
  + "<title>\($title | h)</title>\n<style>\(style)</style>\n</head>\n<body>\n<h1>\($title | h)</h1>\n"
  + page_table
  + ([.labs[] as $lab | $class | page_lab($lab)] | add)
  + "<p>Made by portlab.</p>\n</body>\n</html>\n";
