#!/usr/bin/env bats
# class-formats.bats - whatever a submission prints and is called, each file
# that is made of its report is valid for the parser that will read it, and
# says what it should. `make programs` first.

bats_require_minimum_version 1.5.0

load lab
load class

# The hostile class is graded once.
setup_file() {
	needs parallel
	needs jq
	export PORTLAB_STATE=$BATS_FILE_TMPDIR/state
	play_suite "$BATS_FILE_TMPDIR"
	hostile_class
}

setup() {
	own_state
	play_suite "$BATS_TEST_TMPDIR"
}

teardown() {
	end_background
}

# Each of these on a line of its own.
hostile() {
	# shellcheck disable=SC1003 # a backslash, not an escape
	printf '%s\n' ']]> <!-- --> <![CDATA[' '&amp; &#0; &lt;' '"; --' \
		'</textarea></script><script>alert(1)</script>' \
		'=HYPERLINK("http://x","y")' '+1' '-1' '@SUM(1)' \
		'```' '````text' '~~~' '# heading' '| a | b |' '[x](http://x)' \
		'![x](x)' '**bold** _it_' '$(touch made) `touch made`' '\u0000 \" \\' \
		'%s%n %d' $'\ttab' $'ends with CR\r' $'\e[2J\e[31mred\e]0;title\a' \
		'Ünïcödé 漢字 🎲' $'\u202egnorw' $'\ufeff\ufffe\uffff' $'\x7f\x80\x9b\xff' \
		$'\xc3\x28 \xed\xa0\x80 \xf4\x90\x80\x80' $'\x01\x02\x0b\x0c'
	printf 'a\0b\0\n'
	head -c 70000 /dev/zero | tr '\0' '<'
}

# Names that people have, and some that nobody has.
names() {
	printf '%s\0' adams-k '=cmd|'"'/c calc'"'!A1' '+baker' '-chen' '@diaz' \
		'Ünï cödé' '<img src=x onerror=document.title=1>' 'a"b' "o'neil" \
		'x,y;z' '$(touch made)' '{{x}}' $'tab\there' $'new\nline' \
		$'bad\xff\xfeutf' '%s%n' 'a&b' '漢字'
}

hostile_class() {
	local status output name words=(failed some passed) i=0
	while IFS= read -r -d '' name; do
		hostile | hands_in "$name" "${words[i++ % 3]}" -
	done < <(names)
	mkdir "$DIR/]]> missing"
	mkdir -p "$DIR/twice"/$'\e[31m\x01a' "$DIR/twice"/$'\xffb' "$DIR/link" \
		"$DIR/within"/$'\e[2J\xfe'
	echo failed >"$DIR/twice"/$'\e[31m\x01a'/coin.c
	echo passed | tee "$DIR/twice"/$'\xffb'/coin.c \
		>"$DIR/within"/$'\e[2J\xfe'/coin.c
	ln -s $'/etc/\e[31mred\nline\xff' "$DIR/link/coin.c"
	hostile >"$DIR/refused ]]>"
	cd "$T" || return
	class
	[[ $status == 0 && ! -e made && $(jq '.students | length' \
		"$OUT/class.json") == "$HOSTILE" ]]
}

HOSTILE=23

use_hostile() {
	OUT="$BATS_FILE_TMPDIR/the results"
}

each_result() { # FILE
	find "$OUT" -mindepth 2 -path "*/$1" -print0
}

@test "hostile submissions: all JSON is JSON" {
	needs python3
	use_hostile
	for file in report.json results.json prairielearn/results.json \
		classroom50/result.json; do
		[[ $(each_result "$file" | tr -cd '\0' | wc -c) -ge $HOSTILE ]]
	done
	find "$OUT" -name '*.json' -print0 | xargs -0 -n 1 jq -e type >/dev/null
	find "$OUT" -name '*.json' -print0 | xargs -0 python3 -c '
import json, sys
for name in sys.argv[1:]:
    text = open(name, "rb").read().decode("utf-8")
    json.loads(text, parse_constant=lambda c: sys.exit(name + ": " + c))
    bad = [c for c in text if ord(c) < 32 and c != "\n" or ord(c) == 127]
    if bad:
        sys.exit(f"{name}: control characters {bad!r}")'
}

@test "hostile submissions: no text has control characters, no note is lost" {
	use_hostile
	run ! grep -rlP '[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]' "$OUT" \
		--include='*.md' --include='*.xml' --include='*.html' \
		--include='*.txt' --include='*.csv'
	[[ $(of link '.notes[].says') == *'a symbolic link to /etc/?[31mred?line'* ]]
	[[ $(of twice .error) == 'coin.c is there more than once: ?[31m?a/coin.c and '* ]]
	[[ $(of within '.remarks[0]') == 'The files were found in the folder ?[2J'* ]]
}

@test "hostile submissions: JUnit is XML, and has what was said" {
	needs xmllint
	use_hostile
	each_result junit.xml | xargs -0 xmllint --noout
	# As JUnit's readers count.
	for file in "$OUT"/*/junit.xml; do
		[[ $(xmllint --xpath 'count(//testcase)' "$file") == \
		"$(xmllint --xpath 'string(//testsuite/@tests)' "$file")" ]]
		[[ $(xmllint --xpath 'count(//failure)' "$file") == \
		"$(xmllint --xpath 'string(//testsuite/@failures)' "$file")" ]]
		[[ $(xmllint --xpath 'count(//skipped)' "$file") == \
		"$(xmllint --xpath 'string(//testsuite/@skipped)' "$file")" ]]
	done
	text=$(xmllint --xpath 'string(//failure)' "$OUT/adams-k/junit.xml")
	[[ $text == *']]> <!-- --> <![CDATA['* && $text == *'&amp; &#0; &lt;'* ]]
	[[ $text == *'Ünïcödé 漢字 🎲'* ]]
}

@test "hostile submissions: CSV is CSV, and no cell is a formula" {
	needs python3
	use_hostile
	for file in grades.csv grades-moodle.csv; do
		python3 - "$OUT/$file" "$HOSTILE" <<-'END'
			import csv, sys
			rows = list(csv.reader(open(sys.argv[1], newline="",
			                            encoding="utf-8"), strict=True))
			assert len({len(row) for row in rows}) == 1, rows
			students = [row for row in rows[1:] if "Possible" not in row[0]]
			assert len(students) == int(sys.argv[2]), len(students)
			for row in rows:
			    for cell in row:
			        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r"), row
			        assert "\n" not in cell, row
		END
	done
	python3 - "$OUT/grades.csv" <<-'END'
		import csv, sys
		rows = list(csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8")))
		assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID",
		                         "Section", "Lab 07"], list(rows[0])
		assert rows[0]["Lab 07"] == "10"
		points = {row["Student"]: row["Lab 07"] for row in rows}
		assert points["adams-k"] == "1" and points["'-chen"] in "1 3 10", points
		assert points["o'neil"] and points["漢字"]
	END
}

@test "hostile submissions: feedback has no HTML, and its fences close" {
	needs python3
	use_hostile
	each_result feedback.md | xargs -0 python3 -c '
import re, sys
for name in sys.argv[1:]:
    fence = None
    for line in open(name, encoding="utf-8").read().split("\n"):
        if fence is None and line.startswith("```"):
            fence = re.match("`+", line).group()
        elif fence is not None:
            # CommonMark: at least as many, and nothing behind them.
            if re.fullmatch(" {0,3}`{%d,}[ \t]*" % len(fence), line):
                fence = None
        else:
            plain = re.sub(r"`[^`]+`$", "", line)
            assert not re.search(r"(?<!\\)[<>*\[\]|`]|://", plain), (name, line)
    assert fence is None, name'
}

@test "what is hidden is in no student's file, but counts" {
	hands_in adams-k some
	hands_in baker-m failed
	class
	for file in feedback.md junit.xml prairielearn/results.json \
		classroom50/result.json; do
		run ! grep -E 'tail|edge' "$OUT/adams-k/$file"
		run ! grep -E 'tail|edge' "$OUT/baker-m/$file"
	done
	grep -F '3 of 10 points, 2 of 4 checks.' "$OUT/adams-k/feedback.md"
	jq -e '.score == 0.3 and (.tests | map(.points) | add == 3)
		and (.tests | map(.max_points) | add == 10)' \
		"$OUT/adams-k/prairielearn/results.json"
	jq -e '.score == 3 and (.tests | map(.score) | add == 3)
		and ."max-score" == 10 and (.tests | map(."max-score") | add == 10)' \
		"$OUT/adams-k/classroom50/result.json"
}

@test "Gradescope: weights, visibility and status come from checks.tsv" {
	hands_in adams-k some
	mkdir "$DIR/baker-m"
	class
	jq -e '
	.score == 3 and .execution_time == 1.234 and .stdout_visibility == "hidden"
	and (.tests | map([.number, .max_score, .score, .visibility, .status])
		== [["builds", 1, 1, "visible", "passed"],
		    ["heads", 2, 2, "visible", "passed"],
		    ["tails", 3, 0, "hidden", "failed"],
		    ["edge", 4, 0, "after_due_date", "failed"],
		    ["spins", 0, 0, "visible", null]])
	and all(.tests[]; .output_format == "text" and (.output | type == "string")
		and (.name | length > 5) and (.tags | length == 1))' \
		"$OUT/adams-k/results.json"
	jq -e '.score == 0 and .tests == []
		and (.output | test("There is no coin.c"))' "$OUT/baker-m/results.json"
}

@test "PrairieLearn: what could not be graded is a format error" {
	hands_in adams-k broken
	mkdir "$DIR/baker-m"
	hands_in chen-l passed
	class
	jq -e '.gradable == false and .score == 0
		and (.format_errors[0] | test("no coin.c"))' \
		"$OUT/baker-m/prairielearn/results.json"
	jq -e '.gradable == false and (has("score") | not)' \
		"$OUT/adams-k/prairielearn/results.json"
	jq -e '.gradable and .score == 1 and (has("format_errors") | not)' \
		"$OUT/chen-l/prairielearn/results.json"
}

@test "Classroom 50: whole numbers, and the schema it asks for" {
	hands_in adams-k failed
	class
	jq -e '.schema == "classroom50/result/v1" and .score == 1
		and all(.tests[]; (.score | floor) == .score
		and (.["test-name"] | type == "string") and (.passed | type == "boolean"))' \
		"$OUT/adams-k/classroom50/result.json"
}

@test "evidence of what failed is kept, of the rest none" {
	hands_in adams-k failed - <<<'it said this'
	hands_in baker-m passed
	class
	grep 'it said this' "$OUT/adams-k/evidence/heads/account"
	grep 'it said this' "$OUT/adams-k/evidence/heads/ladder"
	[[ ! -e $OUT/adams-k/evidence/builds && ! -e $OUT/baker-m/evidence ]]
	# Where it was graded is nobody's business.
	run ! grep -rF "$T" "$OUT" --include='*.json' --include='*.md' --include='*.xml'
	jq -e '.checks[1].try[0].command == "coin"' "$OUT/adams-k/report.json"
}

# --- the page ----------------------------------------------------------------

browse() { # OPTION...
	timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-quic \
		--no-first-run --disable-background-networking \
		--disable-component-update --disable-sync \
		--user-data-dir="$T/profile" "$@" "file://$T/page.html" 2>/dev/null
}

@test "the page is whole in itself, and well-formed" {
	needs xmllint
	use_hostile
	xmllint --noout "$OUT/summary.html"
	run ! grep -oiE '<[^>]* (src|href)=|@import|url\(' "$OUT/summary.html"
	run ! grep -E '<script|<link|<img' "$OUT/summary.html"
}

@test "a browser shows it: every student, every check, no script of a name's" {
	needs chromium
	use_hostile
	cp "$OUT/summary.html" "$T/page.html"
	browse --dump-dom >"$T/dom" || skip 'not here: the browser does not start'
	grep -F '<title>Class summary: 23 submissions' "$T/dom"
	[[ $(grep -c '<th scope="row">' "$T/dom") == "$HOSTILE" ]]
	grep -F '&lt;img src=x onerror=document.title=1&gt;' "$T/dom"
	grep -F 'shows its &lt;tail&gt; &amp; "more"' "$T/dom"
	[[ $(grep -c '<rect class="failed"' "$T/dom") -gt 1 ]]
}

@test "a browser draws it: red where checks failed, green where they passed" {
	needs chromium
	needs python3
	hands_in adams-k passed
	hands_in baker-m failed
	class
	cp "$OUT/summary.html" "$T/page.html"
	browse --screenshot="$T/page.png" --window-size=900,1200 ||
		skip 'not here: the browser does not start'
	python3 - "$T/page.png" <<-'END'
		import struct, sys, zlib
		data = open(sys.argv[1], "rb").read()
		assert data[:8] == b"\x89PNG\r\n\x1a\n"
		at, idat = 8, b""
		while at < len(data):
		    size, kind = struct.unpack(">I4s", data[at:at + 8])
		    body = data[at + 8:at + 8 + size]
		    if kind == b"IHDR":
		        width, height, depth, colour = struct.unpack(">IIBB", body[:10])
		    if kind == b"IDAT":
		        idat += body
		    at += size + 12
		assert depth == 8 and colour in (2, 6)
		step = 3 if colour == 2 else 4
		raw, line, seen = zlib.decompress(idat), bytearray(width * step), {}
		for y in range(height):
		    how = raw[y * (width * step + 1)]
		    new = bytearray(raw[y * (width * step + 1) + 1:(y + 1) * (width * step + 1)])
		    for i in range(len(new)):
		        a = new[i - step] if i >= step else 0
		        b = line[i]
		        c = line[i - step] if i >= step else 0
		        p = a + b - c
		        paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b),
		                    (abs(p - c), 2, c))[2]
		        new[i] = (new[i] + (0, a, b, (a + b) // 2, paeth)[how]) & 255
		    line = new
		    for x in range(0, width * step, step):
		        rgb = tuple(new[x:x + 3])
		        seen[rgb] = seen.get(rgb, 0) + 1
		for rgb in ((0x5a, 0xa4, 0x69), (0xc8, 0x50, 0x3f)):
		    assert seen.get(rgb, 0) > 500, (rgb, seen.get(rgb))
	END
}
