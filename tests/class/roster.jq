# roster.jq - a gradebook as Canvas or Moodle exports it, and who of it handed
# in what
#
# A gradebook is {kind, columns, rows}: kind is "canvas", "worksheet" (Moodle's
# of one assignment) or "moodle", and a row is an object. Columns go by their
# English names.

include "lib";

# --- CSV -----------------------------------------------------------------------

# Lines, but those within quotes are of one record.
def records:
  reduce (ltrimstr("\ufeff") | split("\n"))[] as $line ({open: null, out: []};
    (if .open == null then $line else "\(.open)\n\($line)" end) as $text
    | if ($text + " " | split("\"") | length) % 2 == 0 then .open = $text
      else .open = null | .out += [$text | rtrimstr("\r")] end)
  | if .open == null then .out else error("a quote in it is not closed") end
  | map(select(. != ""));

# Each field with the separator in front of it, so that none is empty.
def fields($sep):
  [ $sep + . | match("\($sep)(?:\"((?:[^\"]|\"\")*)\"|([^\($sep)]*))"; "g")
    | (.captures[0].string // .captures[1].string // "")
    | split("\"\"") | join("\"") ];

def separator: [",", ";", "\t"] as $all
  | [$all[] as $sep | {$sep, n: (split($sep) | length)}] | max_by(.n) | .sep;

# --- a gradebook -----------------------------------------------------------------

def kind($columns):
  def has($name): any($columns[]; . == $name);
  if has("Student") and has("ID") and has("Section") then "canvas"
  elif has("Identifier") and has("Grade") then "worksheet"
  elif has("Email address") or has("ID number") or has("Username") then "moodle"
  else error("its first line has the columns of neither Canvas nor Moodle") end;

def gradebook:
  records
  | if length == 0 then error("it is empty") else . end
  | (.[0] | separator) as $sep
  | map(fields($sep))
  | (.[0] | map(gsub("^\\s+|\\s+$"; ""))) as $columns
  | { kind: kind($columns), $columns,
      rows: [ .[1:][] as $row | reduce range($columns | length) as $i ({};
        .[$columns[$i]] = ($row[$i] // "")) ] }
  | .possible = first((.rows[] | select(.Student // "" | test("^ *Points Possible"))), {})
  | if .kind == "canvas" then .rows |= map(select(.ID != "")) else . end;

# --- who is who ------------------------------------------------------------------

def squeezed: ascii_downcase
  | explode | map(select((. >= 97 and . <= 122) or (. >= 48 and . <= 57) or . > 127))
  | implode;

# What a student is called nowhere else in the course.
def row_keys:
  [ .ID, ."SIS User ID", ."SIS Login ID", ."Integration ID", ."ID number",
    .Username, ."Email address", (."Email address" // "" | split("@")[0]),
    (.Identifier // "" | split(" ")[-1]) ]
  | map(words | ascii_downcase) | unique;

def row_names:
  ((."Last name" // .Surname // "") as $last | (."First name" // "") as $first
   | "\($first)\($last)", "\($last)\($first)"),
  (.Student // ""), (.Student // "" | split(",") | reverse | join("")),
  (."Full name" // "")
  | squeezed | select(. != "");

# The rows, by their numbers, that may be a student's: by all of the id, by what
# is behind its last "_", by the name.
def candidates($rows):
  (ascii_downcase) as $id
  | ($id | split("_")[-1]) as $last
  | ($id | split("_")[:-1] | join("") | squeezed) as $name
  | ([$rows[] | select(.names | index([$name]))]) as $named
  | [$rows[] | select(.keys | index([$id]))]
  | if length == 0 then
      [$rows[] | select(.keys | index([$last]))]
      | if length > 1 and ($named | length) > 0 then . - (. - $named) else . end
    else . end
  | if length == 0 then $named else . end
  | if length == 0 then [$rows[] | select(.names | index([$id | squeezed]))]
    else . end;

# Adds to a gradebook: of, the student of each row or null, and told, what the
# instructor should know.
def matched($ids):
  [ .rows | to_entries[] | {at: .key, keys: (.value | row_keys),
                            names: [.value | row_names]} ] as $rows
  | [ $ids[] as $id | {$id, rows: ($id | candidates($rows) | map(.at))} ] as $found
  | [ $found[] | select(.rows | length == 1) | . + {at: .rows[0]} ] as $sure
  | .of = [ range(.rows | length) as $at
            | [$sure[] | select(.at == $at) | .id]
            | if length == 1 then .[0] else null end ]
  | .told = [
      ($found[] | select(.rows | length == 0)
       | "\(.id) is not in it: no grade is in the file for the platform"),
      ($found[] | select(.rows | length > 1)
       | "\(.id) may be \(.rows | length) of it: none has a grade"),
      ($sure | group_by(.at)[] | select(length > 1)
       | "\(map(.id) | join(" and ")) are the same student of it: no grade") ];
