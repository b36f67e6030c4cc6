#!/usr/bin/env bats
# class.bats - a class is graded: who, how far, what it comes to, and that it
# goes on where it was. `make programs` first.

bats_require_minimum_version 1.5.0

load lab
load class

setup() {
	class_setup
}

teardown() {
	end_background
	end_carrying
}

runs() {
	# What a run has just written is not to be lost.
	: >>"$T/runs"
	wc -l <"$T/runs"
}

one_line() {
	[[ ${#lines[@]} == 1 && $output == 'portlab: '* ]]
}

# --- a class -----------------------------------------------------------------

@test "each submission has its row, its results and its place in the sum" {
	hands_in adams-k passed
	hands_in 'Baker, M' failed
	hands_in chen-l some
	mkdir "$DIR/diaz-r"
	class
	[[ $status == 0 ]]
	[[ $output == *'4 submissions, 1 lab: 4 to grade, 0 as they were.'* ]]
	grep -E '^  adams-k  +ok  +4/4$' "$OUT/summary.txt"
	grep -E '^  Baker, M  +1/4  +1/4$' "$OUT/summary.txt"
	grep -E '^  chen-l  +2/4  +2/4$' "$OUT/summary.txt"
	grep -E '^  diaz-r  +-  +0/4$' "$OUT/summary.txt"
	grep -E '^  all ok  +1$' "$OUT/summary.txt"
	grep -F '2 of 3   07 #3  shows its <tail> & "more"' "$OUT/summary.txt"
	[[ $(wc -L <"$OUT/summary.txt") -le 80 ]]
	for file in report.json results.json junit.xml feedback.md \
		prairielearn/results.json classroom50/result.json; do
		[[ -s $OUT/adams-k/$file && -s $OUT/diaz-r/$file ]]
	done
	cmp "$OUT/chen-l/source/coin.c" "$DIR/chen-l/coin.c"
	[[ $(of chen-l .submission) == chen-l && $(of chen-l .points) == 3 ]]
	[[ $(of diaz-r .state) == missing ]]
}

@test "several labs: a column each, and what was not tried" {
	play_lab 08-die die
	play_lab 09-deck deck
	hands_in adams-k/07-coin passed
	mkdir -p "$DIR/adams-k/08-die" "$DIR/baker-m"
	echo failed >"$DIR/adams-k/08-die/die.c"
	echo passed >"$DIR/baker-m/deck.c"
	run timeout 600 "$PORTLAB" class all "$DIR" "$OUT" </dev/null
	echo "$output"
	[[ $status == 0 && $output == *'2 submissions, 3 labs: 6 to grade'* ]]
	grep -F 'labs graded: 07-09' "$OUT/summary.txt"
	grep -E '^  student +07 +08 +09 +checks   note$' "$OUT/summary.txt"
	grep -E '^  adams-k +ok +1/4 +- +5/12$' "$OUT/summary.txt"
	grep -E '^  baker-m +- +- +ok +4/12$' "$OUT/summary.txt"
	[[ $(jq -r .points "$OUT/adams-k/07-coin/report.json") == 10 ]]
	head -n 1 "$OUT/grades.csv" | grep '"Lab 07","Lab 08","Lab 09"'
}

@test "many labs and long names: no line is wider than a screen" {
	for n in 08 09 10 11 12 13 14 15 16 17 18 19 20; do
		play_lab "$n-die$n" "die$n"
	done
	hands_in 'a name of more letters than there is room for in a row' failed
	hands_in Ünïcödé passed
	run timeout 600 "$PORTLAB" class all "$DIR" "$OUT" </dev/null
	echo "$output"
	[[ $status == 0 ]]
	cat "$OUT/summary.txt"
	[[ $(LC_ALL=C.UTF-8 wc -L <"$OUT/summary.txt") -le 80 ]]
	[[ $(grep -c '^  Ünïcödé' "$OUT/summary.txt") -ge 2 ]]
}

@test "what is to be looked at is noted" {
	hands_in adams-k failed - <<<'#include "../solution/coin.c"'
	mkdir "$DIR/baker-m"
	ln -s /etc/passwd "$DIR/baker-m/coin.c"
	echo rubbish >"$DIR/diaz-r"
	hands_in evans-t leaves
	hands_in faye-o passed - <<<'int __lsan_is_turned_off(void) { return 1; }'
	hands_in grant-p passed - <<<'int execute(void); int x = execute (system);'
	class
	# On a busy machine a second may be too short for any of these.
	hands_in chen-l waits
	class --limit 1
	[[ $status == 0 ]]
	grep -E '^  adams-k .* 07: reads$' "$OUT/summary.txt"
	grep -E '^  baker-m .* 07: link$' "$OUT/summary.txt"
	grep -E '^  chen-l +T/O .* 07: time$' "$OUT/summary.txt"
	grep -E '^  diaz-r +ref .* 07: refused$' "$OUT/summary.txt"
	grep -E '^  evans-t +ok .* 07: left$' "$OUT/summary.txt"
	grep -E '^  faye-o .* 07: reads$' "$OUT/summary.txt"
	[[ $(of grant-p .notes) == '[]' ]]
	[[ $(of evans-t '.notes[0].says') == *'in the check heads' ]]
	[[ $(of adams-k '.notes[0].says') == 'coin.c:2:#include "../solution'* ]]
	[[ $(of chen-l '.error') == 'It ran for longer than 1 s.' ]]
	[[ $(of diaz-r '.error') == *'hand in a folder, zip or tar.' ]]
	[[ ! -e $OUT/baker-m/source/coin.c ]]
}

@test "what cannot be read is told, and the rest is graded" {
	((EUID > 0)) || skip 'root can read it; rootless.bats has a user do this'
	hands_in adams-k passed
	mkdir -p "$DIR/closed" "$DIR/within/coins"
	hands_in file passed
	chmod 0 "$DIR/closed" "$DIR/within/coins" "$DIR/file/coin.c"
	class
	chmod 700 "$DIR/closed" "$DIR/within/coins"
	[[ $status == 0 && $(of adams-k .state) == passed ]]
	[[ $(of closed .error) == 'The folder cannot be read.' ]]
	[[ $(of within .state) == missing ]]
	[[ $(of file '.remarks[0]') == 'coin.c cannot be read.' ]]
}

# --- going on ----------------------------------------------------------------

@test "what has been graded is not graded again, what has changed is" {
	hands_in adams-k passed
	hands_in baker-m failed
	class
	[[ $(runs) == 2 ]]
	class
	[[ $status == 0 && $output == *'0 to grade, 2 as they were'* ]]
	[[ $(runs) == 2 ]]
	touch "$DIR/adams-k/coin.c"
	echo 'not asked for' >"$DIR/adams-k/notes.txt"
	hands_in baker-m some
	hands_in chen-l passed
	class
	[[ $output == *'2 to grade, 1 as they were'* ]]
	[[ $(runs) == 4 && $(of baker-m .points) == 3 ]]
}

@test "another grader, or another seed, grades all again" {
	hands_in adams-k passed
	class
	echo '# more' >>"$SUITE/tests/07-coin.bats"
	class
	[[ $output == *'1 to grade'* ]]
	class --seed 5
	[[ $output == *'1 to grade'* && $(runs) == 3 ]]
	echo passed >"$SUITE/labs/07-coin/coin.c"
	class --seed 5
	[[ $output == *'0 to grade'* ]]
}

@test "what ran too long is graded again when there is more time" {
	hands_in baker-m passed
	class
	# On a busy machine a second may be too short for that one, too.
	hands_in adams-k waits
	class --limit 1
	: >"$T/go"
	class --limit 1
	[[ $output == *'0 to grade'* ]]
	class --limit 20
	[[ $output == *'1 to grade, 1 as'* && $(of adams-k .state) == failed ]]
}

@test "a grader that fails is no zero, and is tried again" {
	hands_in adams-k broken
	hands_in baker-m passed
	class
	[[ $status == 1 && $output == *'1 grade missing'* ]]
	grep -E '^  adams-k +\?\? ' "$OUT/summary.txt"
	[[ $(of adams-k .points) == null ]]
	[[ $(jq 'has("score")' "$OUT/adams-k/results.json") == false ]]
	grep -xF $'"adams-k","","","adams-k","",\r' "$OUT/grades.csv"
	: >"$T/mended"
	class
	[[ $status == 0 && $(of adams-k .points) == 10 && $(runs) == 3 ]]
}

@test "a check that others kill did not run too long, and is tried again" {
	hands_in adams-k dies
	class
	[[ $status == 1 && $(of adams-k .state) == grader-error ]]
	: >"$T/mended"
	class
	[[ $status == 0 && $(of adams-k .state) == passed ]]
}

# Until COUNT runs have begun, of which some wait.
begun() { # COUNT
	[[ $(runs) -ge $1 ]]
}

begin_class() {
	local n
	for n in 1 2 3 4 5 6; do
		hands_in "quick-$n" passed
	done
	hands_in slow-1 waits
	hands_in slow-2 waits
	background "$PORTLAB" class 07 "$DIR" "$OUT" --jobs 2
	eventually begun 8
}

# All results that are there are whole, nothing else is, and the same command
# has the rest.
goes_on() {
	local file
	eventually nothing_carries "$PORTLAB_TEST"
	for file in "$OUT"/*/report.json; do
		jq -e .points "$file"
		[[ -s ${file%/*}/feedback.md && -s ${file%/*}/.stamp ]]
	done
	[[ $(find "$OUT" -mindepth 1 -maxdepth 1 ! -name .portlab | wc -l) == 6 && ! -e $OUT/slow-1 ]]
	: >"$T/go"
	class
	[[ $status == 0 && $output == *'2 to grade, 6 as they were'* ]]
	[[ $(ls "$OUT/.portlab") == labs ]]
	[[ $(runs) == 10 ]]
}

@test "Ctrl-C, SIGTERM: what is graded is kept, and it goes on" {
	begin_class
	# shellcheck disable=SC2154 # background has set it
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[[ $status == 130 ]]
	[[ $(<"$BATS_TEST_TMPDIR/background.err") == *'the same command goes on' ]]
	[[ ! -e $OUT/.portlab/scratch ]]
	goes_on
}

@test "SIGKILL: nothing goes on alone, and it goes on" {
	begin_class
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	goes_on
}

@test "SIGKILL to GNU parallel: its jobs end, and it is said" {
	begin_class
	kill -KILL "$(pgrep -P "$pid" parallel)"
	status=0
	wait "$pid" || status=$?
	[[ $status == 1 ]]
	grep 'GNU parallel failed' "$BATS_TEST_TMPDIR/background.err"
	goes_on
}

@test "killed at any moment, nothing is half-written" {
	for n in {1..12}; do
		hands_in "student-$n" failed - <<<"$n"
	done
	for ms in 200 400 600 800 1000 1200 1400 1700 2000 2500; do
		background "$PORTLAB" class 07 "$DIR" "$OUT" --jobs 2
		# The moment is what is tried here, and any is as good.
		read -r -t "$((ms / 1000)).$(printf '%03d' $((ms % 1000)))" \
			<> <(:) || true
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		eventually nothing_carries "$PORTLAB_TEST"
		for file in "$OUT"/*/; do
			[[ -d $file ]] || continue
			jq -e .points "$file/report.json"
			[[ -s $file/.stamp && -s $file/classroom50/result.json ]]
		done
	done
	class
	[[ $status == 0 && $(find "$OUT" -name report.json | wc -l) == 12 ]]
	[[ $(ls "$OUT/.portlab") == labs ]]
}

@test "two at once in one place: the second is told so" {
	begin_class
	class
	[[ $status == 1 && $output == *'another make class is at work'* ]]
	one_line
	kill -TERM "$pid"
	wait "$pid" || true
}

@test "a full disk: one sentence, and nothing is half-written" {
	hands_in adams-k failed - < <(head -c 300000 /dev/zero | tr '\0' x)
	run bash -c 'trap "" XFSZ; ulimit -f 100; "$@"' bash timeout 300 "$PORTLAB" \
		class 07 "$DIR" "$OUT" </dev/null
	echo "$output"
	[[ $status != 0 && ! -e $OUT/adams-k ]]
	class
	[[ $status == 0 && -s $OUT/adams-k/report.json ]]
}

# --- what is refused ---------------------------------------------------------

@test "bad words: one sentence, status 2, nothing made" {
	hands_in adams-k passed
	mkdir "$T/empty"
	for words in '' '07' "07 $DIR" "07 $T/none $T/x" "07 $T/empty $T/x" \
		"nope $DIR $T/x" "07 $DIR $DIR/x" "07 $DIR $T/x --jobs 0" \
		"07 $DIR $T/x --limit 5s" "07 $DIR $T/x --jobs" \
		"07 $DIR $T/x --cheap 1" "07 $SUITE/Makefile $T/x"; do
		# shellcheck disable=SC2086 # words
		run "$PORTLAB" class $words
		echo "$words: $output"
		[[ $status == 2 && ! -e $T/x ]]
		one_line
	done
}

@test "a place that is not of this class is left alone" {
	hands_in adams-k passed
	mkdir "$OUT"
	echo mine >"$OUT/adams-k"
	class
	[[ $status == 2 && $output == *'is not empty'* ]]
	rm "$OUT/adams-k"
	class
	[[ $status == 0 ]]
	play_lab 08-die die
	run "$PORTLAB" class 08 "$DIR" "$OUT"
	[[ $status == 2 && $output == *'has the results of 07-coin'* ]]
}

@test "one student twice, or called like a file of the results" {
	hands_in adams-k passed
	(cd "$DIR" && tar -cf adams-k.tar adams-k)
	class
	[[ $status == 2 && $output == *'adams-k has handed in twice'* ]]
	rm "$DIR/adams-k.tar"
	hands_in grades.csv passed
	class
	[[ $status == 2 && $output == *'may not be called grades.csv'* ]]
}

@test "a tool that is missing, and a grader that is not built, are named" {
	hands_in adams-k passed
	mkdir "$T/bin"
	for tool in bash cat cut date dirname env find flock grep id iconv jq ls \
		mkdir mv nproc od paste printf readlink rm sed seq sort tr wc awk \
		sha256sum xargs bats tcpdump unzip setpriv; do
		ln -s "$(command -v "$tool")" "$T/bin/$tool" 2>/dev/null || true
	done
	sed -i 's|^export PATH=.*|export PATH|' "$PORTLAB"
	PATH=$T/bin run "$PORTLAB" class 07 "$DIR" "$OUT"
	echo "$output"
	[[ $status == 3 && $output == *'missing: parallel'*'Install with'* ]]
	PORTLAB_BUILD=$T/none run "$PORTLAB" class 07 "$DIR" "$OUT"
	[[ $status == 3 && $output == *'make grader'* && ! -e $OUT ]]
}

@test "a class is not graded where programs cannot be isolated" {
	hands_in adams-k passed
	# The rest of it others may write to just now.
	mkdir "$T/build"
	cp -r "$BUILD"/{bin,lab,obj,solution,test} "$T/build/"
	printf '#!/bin/sh\nexit 125\n' >"$T/build/test/jail"
	PORTLAB_BUILD=$T/build run "$PORTLAB" class 07 "$DIR" "$OUT"
	echo "$output"
	[[ $status == 3 && $output == *'cannot be isolated'* && ! -e $OUT ]]
}

@test "make class says the same, and ends with an error when grades are missing" {
	hands_in "adams k" passed
	DEPS=skip run make -s -C "$SUITE" -o grader class LAB=07 DIR="$DIR" \
		OUT="$OUT" CSV="$T/my grades.csv"
	echo "$output"
	[[ $status == 0 && $output == *'adams k'* ]]
	cmp "$OUT/grades.csv" "$T/my grades.csv"
}
