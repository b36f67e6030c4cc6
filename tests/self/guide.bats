#!/usr/bin/env bats
# The instructor's guide says what is so: times, points, commands; and its
# example of a new lab works as it stands there.

load lab

GUIDE=$ROOT/labs/README.md

setup() {
	own_state
	export DEPS=skip
}

labs() {
	local conf
	for conf in "$ROOT"/labs/*/lab.conf; do
		basename "${conf%/lab.conf}"
	done
}

@test "the series has each lab, with the time of its lab.conf" {
	for lab in $(labs); do
		time=$(sed -n 's/^time: *//p' "$ROOT/labs/$lab/lab.conf")
		grep -E "^\| ${lab%%-*} \| \[${lab#*-}\]\($lab/README.md\) .*\| $time \|" \
			"$GUIDE"
	done
}

@test "what the checks are worth is what checks.tsv says" {
	for lab in $(labs); do
		row=$(awk -F '\t' -v lab="${lab%%-*}" '
		NR == 1 { next }
		$2 == "+" { further++; next }
		{ points[$2] += $3; sum += $3; count++; if ($2 > last) last = $2 + 0 }
		END {
			for (s = 0; s <= last; s++)
				if (s in points)
					steps = steps (steps == "" ? "" : ", ") s ": " points[s]
			printf "| %s | %s | %d | %d | %d |", lab, steps, sum, count, further
		}' "$ROOT/labs/$lab/checks.tsv")
		echo "labs/README.md has to have the row: $row"
		grep -qxF "$row" "$GUIDE"
	done
}

@test "every make target that the guides name is one" {
	grep -ohE '(`|^    )make [a-z]+' "$GUIDE" "$ROOT/slides/README.md" |
		sort -u | while read -r _ target; do
			grep -qE "^$target:" "$ROOT/Makefile" || {
				echo "no target $target"
				exit 1
			}
		done
}

@test "every file that the guides link to is there" {
	for guide in "$GUIDE" "$ROOT/slides/README.md"; do
		grep -oE '\]\([^)#]+\)' "$guide" | tr -d '])(' |
			while IFS= read -r link; do
				[[ $link == *://* || -e ${guide%/*}/$link ]] || {
					echo "$guide: $link"
					exit 1
				}
			done
	done
}

# A copy of the suite without what was built, and the files of the example: each
# fenced block below a line that is nothing but a file's name.
example() {
	SUITE=$BATS_TEST_TMPDIR/suite
	mkdir "$SUITE"
	(cd "$ROOT" && tar -c --exclude=node_modules --exclude='./build*' \
		--exclude=./.git --exclude=./.portlab .) | tar -x -C "$SUITE"
	awk -v suite="$SUITE" '
	/^`[a-z]+\/[^`]*06-[^`]*`:$/ { file = substr($0, 2, length($0) - 3); next }
	/^```/ && inside { inside = 0; close(path); file = ""; next }
	/^```/ && file != "" {
		inside = 1
		path = suite "/" file
		folder = path
		sub(/\/[^\/]*$/, "", folder)
		system("mkdir -p " folder)
		next
	}
	inside { print >path }' "$GUIDE"
	mkdir "$SUITE/labs/06-mirror/starter"
	cp "$SUITE/labs/06-mirror/mirror.c" "$SUITE/labs/06-mirror/starter/"
	unset PORTLAB_STATE PORTLAB_BUILD
	PORTLAB=$SUITE/common/lab/portlab
}

@test "a new lab, as the guide has it: compiles, is graded, is shown, is kept" {
	example
	for file in lab.conf mirror.c solution/mirror.c checks.tsv demo.sh; do
		[[ -s $SUITE/labs/06-mirror/$file ]]
	done
	run make -s -C "$SUITE" CI=true tools grader build/bin/mirror
	echo "$output"
	[[ $status == 0 && $output != *warning* ]]
	run "$PORTLAB" labs
	[[ $output == *'Who am I, seen from there?'* ]]
	run "$PORTLAB" check 06
	echo "$output"
	[[ $status == 1 && $output == *'2 of 4'* && $output == *FAIL* ]]
	run "$PORTLAB" check 06 --submit "$SUITE/labs/06-mirror/solution"
	echo "$output"
	[[ $status == 0 && $output == *'5 of 5 points'* ]]
	run "$PORTLAB" demo --tour --record "$SUITE/labs/06-mirror/replay" 06
	echo "$output"
	[[ $status == 0 && $output == *'you are 198.51.100.10:'* ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
	run "$PORTLAB" demo --replay 06
	[[ $status == 0 && $output == *'you are 198.51.100.10:'* ]]
}

@test "the example's files are in the house style" {
	command -v clang-format >/dev/null || skip "clang-format is not installed"
	example
	clang-format --style="file:$SUITE/.clang-format" --dry-run -Werror \
		"$SUITE"/labs/06-mirror/mirror.c \
		"$SUITE"/labs/06-mirror/solution/mirror.c
}
