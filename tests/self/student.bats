#!/usr/bin/env bats
# What a student types around the grader: hint, watch, labs, reset, and what
# make makes of check. The check itself is played by one that these tests
# tell what to say.

load lab

setup() {
	own_state
	LAST=$PORTLAB_STATE/labs/01-echo/last
	SUITE="$BATS_TEST_TMPDIR/a suite"
	WORK=$SUITE/labs/01-echo
	mkdir -p "$SUITE/labs" "$LAST"
	cp -r "$ROOT/common" "$ROOT/Makefile" "$SUITE/"
	# The only lab: what is said of all labs is then known.
	cp -r "$ROOT/labs/01-echo" "$SUITE/labs/"
	cp "$WORK"/starter/* "$WORK/"
	read -r CHECKS POINTS < <(awk -F '\t' 'NR > 1 && $2 != "+" {
		checks++
		points += $3
	} END { print checks, points }' "$WORK/checks.tsv")
	PORTLAB=$SUITE/common/lab/portlab
	export PORTLAB_BUILD=$BUILD T=$BATS_TEST_TMPDIR
	export PORTLAB_TEST="$BATS_TEST_NUMBER.$$.$RANDOM"
	play_check
}

teardown() {
	end_background
	end_carrying
}

# A check that says what is in $T/says and ends with the status in $T/status.
play_check() {
	echo 1 >"$T/status"
	echo 'the check speaks' >"$T/says"
	cat >"$SUITE/common/lab/verb-check.sh" <<-'END'
		verb_check() {
			printf '<%s>' "$@" >"$T/arguments"
			cat "$T/says"
			[[ ! -p $T/runs ]] || echo run >"$T/runs"
			[[ ! -p $T/go ]] || read -r _ <"$T/go"
			return "$(<"$T/status")"
		}
	END
}

# The results of a run: every check that is not named here has passed.
results() { # ID=STATE...
	awk -F '\t' -v named=" $* " 'NR > 1 {
		state = "passed"
		if (match(named, " " $1 "=[a-z-]+"))
			state = substr(named, RSTART + length($1) + 2,
				RLENGTH - length($1) - 2)
		print $1 "\t" state "\t" (state == "passed" ? $3 : 0) "\t" $3
	}' "$WORK/checks.tsv" >"$LAST/results.tsv"
}

one_line() {
	[[ ${#lines[@]} == 1 ]]
}

# --- names of labs -----------------------------------------------------------

@test "a lab goes by its number, its name or its folder" {
	results builds=failed
	for name in 01 1 001 01-echo labs/01-echo labs/01-echo/ "$WORK"; do
		run "$PORTLAB" hint "$name" listens
		echo "$output"
		[[ $status == 0 && $output == *'listens on the port'* ]]
	done
}

@test "no lab, or none of that name: one sentence with those there are" {
	for verb in hint watch reset; do
		for name in '' 99 0 echo '*' 01-ech 1x 99999999999999999999 -; do
			run "$PORTLAB" "$verb" "$name"
			echo "$verb '$name': $output"
			[[ $status == 2 && $output == *'here are: 01-echo' ]]
			one_line
		done
	done
}

# --- what a lab's folder says ------------------------------------------------

@test "every checks.tsv has its columns, and needs what comes earlier" {
	for file in "$ROOT"/labs/*/checks.tsv; do
		awk -F '\t' '
		function bad(why) { print FILENAME ":" NR ": " why; failed = 1 }
		NF != 6 { bad("not six columns") }
		NR == 1 && $0 != "id\tstep\tpoints\tshow\tneeds\ttitle" {
			bad("not the headings")
		}
		NR == 1 { next }
		$1 !~ /^[a-z0-9-]+$/ || $1 in seen { bad("id") }
		$2 !~ /^([0-9]+|\+)$/ { bad("step") }
		$3 !~ /^[0-9]+$/ || ($2 == "+") != ($3 == 0) { bad("points") }
		$4 !~ /^(visible|hidden|after)$/ { bad("show") }
		length($6) < 5 || length($6) > 48 { bad("title") }
		{
			n = split($5, needs, ",")
			for (i = 1; i <= n; i++)
				if (needs[i] != "-" && !(needs[i] in seen))
					bad("needs " needs[i])
			seen[$1] = 1
		}
		END { exit failed || NR < 2 }' "$file"
	done
}

@test "every check has three hints, and every hint a check" {
	for file in "$ROOT"/labs/*/hints.md; do
		diff <(sed 1d "${file%/*}/checks.tsv" | cut -f 1 | sort) \
			<(sed -n 's/^## //p' "$file" | sort)
		awk '
		function done_with(id) {
			if (id != "" && levels != "1.2.3.") {
				print FILENAME ": " id " has " levels
				failed = 1
			}
			levels = ""
		}
		/^## / { done_with(id); id = $2 }
		/^[0-9]+\. / && id != "" { levels = levels $1 }
		length($0) > 80 { print "long: " $0; failed = 1 }
		END { done_with(id); exit failed || id == "" }' "$file"
	done
}

@test "no hint has a line of the solution in it" {
	for lab in "$ROOT"/labs/*/hints.md; do
		lab=${lab%/*}
		tr -s ' \t\n' ' ' <"$lab/hints.md" >"$T/hints"
		# Those that the starter has not: what the student is to write.
		cat "$lab"/solution/*.c | grep -vxFf <(cat "$lab"/starter/*.c) |
			sed 's/^[ \t]*//; s,[ \t]*/\*.*,,' |
			grep -E '[A-Za-z_]\(.*;$|= .*;$' >"$T/lines"
		[[ -s $T/lines ]]
		run grep -oFf "$T/lines" "$T/hints"
		echo "$output"
		[[ $status == 1 ]]
	done
}

@test "the starter in a lab's folder is the one that reset gives back" {
	[[ -d $ROOT/.git ]] || skip "not a git checkout"
	for starter in "$ROOT"/labs/*/starter/*; do
		starter=${starter#"$ROOT"/}
		[[ $(git -C "$ROOT" rev-parse "HEAD:$starter") == \
		"$(git -C "$ROOT" rev-parse "HEAD:${starter/starter\//}")" ]]
	done
}

# --- hint --------------------------------------------------------------------

@test "hints come one by one, and after the third all of them" {
	results large=failed faults=not-checked
	for level in 1 2 3; do
		run "$PORTLAB" hint 01
		echo "$output"
		[[ $status == 0 && ${lines[0]} == "Hint $level of 3 for large: "* ]]
		[[ $(grep -c '^Hint' <<<"$output") == 1 ]]
	done
	for _ in 1 2; do
		run "$PORTLAB" hint 01
		[[ $status == 0 && $(grep -c '^Hint' <<<"$output") == 3 ]]
	done
	[[ $(<"$PORTLAB_STATE/labs/01-echo/hints") == \
	$'large 1\nlarge 2\nlarge 3' ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
}

@test "when the check passes, the hints are for the next one that fails" {
	results large=failed refused=failed
	"$PORTLAB" hint 01
	results refused=failed accept-fails=failed
	run "$PORTLAB" hint 01
	[[ ${lines[0]} == 'Hint 1 of 3 for refused: '* ]]
	results accept-fails=failed
	run "$PORTLAB" hint 01
	[[ ${lines[0]} == 'Hint 1 of 3 for accept-fails: '* ]]
	results large=failed
	run "$PORTLAB" hint 01
	[[ ${lines[0]} == 'Hint 2 of 3 for large: '* ]]
}

@test "a hint for a check that is named, whatever the last run said" {
	run "$PORTLAB" hint 01 tuple
	[[ $status == 0 && ${lines[0]} == 'Hint 1 of 3 for tuple: '* ]]
	run "$PORTLAB" hint 01 tuples
	[[ $status == 2 && $output == *"called 'tuples'"*' tuple '* ]]
	one_line
}

@test "no run yet, or nothing fails: it says so" {
	run "$PORTLAB" hint 01
	[[ $status == 1 && $output == *'run: make check LAB=01' ]]
	one_line
	results
	run "$PORTLAB" hint 01
	[[ $status == 0 && $output == 'No check of lab 01 fails'* ]]
	one_line
}

@test "a hint is shown even if it cannot be remembered" {
	results large=failed
	mkdir "$PORTLAB_STATE/labs/01-echo/hints"
	run "$PORTLAB" hint 01
	echo "$output"
	[[ $status == 0 && $output == *'Hint 1 of 3'*'cannot write'* ]]
}

# --- labs --------------------------------------------------------------------

@test "labs: not begun, to do, done, and what is next" {
	run "$PORTLAB" labs
	echo "$output"
	[[ $output =~ '> '' 01 echo '\ +"0/$CHECKS "\ +"0/$POINTS "\ +'not begun' ]]
	[[ $output == *"0 of $CHECKS checks"*'read labs/01-echo/README.md'* ]]
	results large=failed faults=not-checked idle=failed
	run "$PORTLAB" labs
	echo "$output"
	[[ $output =~ \
	'> '' 01 echo '\ +"$((CHECKS - 2))/$CHECKS "\ +"$((POINTS - 4))/$POINTS "\ +'to do' ]]
	[[ $output == *'make hint LAB=01'* ]]
	results idle=failed ipv6=not-here
	run "$PORTLAB" labs
	echo "$output"
	((CHECKS -= 1, POINTS -= 1)) # without the one that is not here
	[[ $output =~ '   ''01 echo '\ +"$CHECKS/$CHECKS "\ +"$POINTS/$POINTS "\ +'done ' ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
}

@test "labs: one that grades nothing, and one that is ahead" {
	mkdir "$SUITE/labs/02-many" "$SUITE/labs/03-more"
	echo 'title: Nothing to grade' >"$SUITE/labs/02-many/lab.conf"
	echo 'title: More' >"$SUITE/labs/03-more/lab.conf"
	cp "$WORK/checks.tsv" "$SUITE/labs/03-more/"
	results
	run "$PORTLAB" labs
	echo "$output"
	[[ $output =~ '   ''02 many '\ +'- '\ +'- '\ +'- '\ +'Nothing to grade' ]]
	[[ $output =~ '> '' 03 more '\ +"0/$CHECKS " ]]
	[[ $output == *"$CHECKS of $((2 * CHECKS)) checks"*'make check LAB=03'* ]]
	run "$PORTLAB" next
	[[ $output == *'make check LAB=03'* ]]
}

# --- reset -------------------------------------------------------------------

@test "reset gives the starter back, and keeps the work" {
	results large=failed
	echo '/* mine */' >>"$WORK/echo_server.c"
	cp "$WORK/echo_server.c" "$T/mine"
	run "$PORTLAB" reset 01
	echo "$output"
	[[ $status == 0 ]]
	cmp "$WORK/echo_server.c" "$ROOT/labs/01-echo/starter/echo_server.c"
	kept=$(sed -n 's/^Your work is kept in //p' <<<"$output")
	cmp "$kept/echo_server.c" "$T/mine"
	[[ -e $kept/last/results.tsv && ! -e $LAST ]]
	run "$PORTLAB" reset 01
	[[ $output == *'already'* ]]
	kept=("$PORTLAB_STATE"/labs/01-echo/kept/*)
	[[ ${#kept[@]} == 1 ]]
	[[ -z $(find "$WORK" -name '*.reset') ]]
}

@test "many resets in one second lose nothing" {
	for n in 1 2 3 4 5; do
		echo "/* mine, $n */" >"$WORK/echo_client.c"
		"$PORTLAB" reset 01
	done
	[[ $(cat "$PORTLAB_STATE"/labs/01-echo/kept/*/echo_client.c | sort -u |
		wc -l) == 5 ]]
}

@test "reset: a file that the starter lacks is kept, one that is lost comes" {
	sed -i 's/^files: .*/& notes.c/' "$WORK/lab.conf"
	echo '/* mine */' >"$WORK/notes.c"
	rm "$WORK/echo_client.c"
	"$PORTLAB" reset 01
	[[ ! -e $WORK/notes.c && -e $WORK/echo_client.c ]]
	grep mine "$PORTLAB_STATE"/labs/01-echo/kept/*/notes.c
}

@test "reset changes nothing when the work cannot be kept" {
	head -c 100000 /dev/zero >>"$WORK/echo_server.c"
	cp "$WORK/echo_server.c" "$T/mine"
	run bash -c 'trap "" XFSZ; ulimit -f 40; "$1" reset 01' bash "$PORTLAB"
	echo "$output"
	[[ $status == 1 && $output == *'nothing was changed'* ]]
	one_line
	cmp "$WORK/echo_server.c" "$T/mine"
	[[ -z $(ls "$PORTLAB_STATE/labs/01-echo/kept") ]]
	[[ -z $(find "$WORK" -name '*.reset') ]]
}

@test "reset that is stopped at any point leaves the work there, or kept" {
	mkdir "$T/bin"
	for tool in cmp cp mv; do
		cat >"$T/bin/$tool" <<-END
			#!/bin/sh
			echo >>"\$T/calls"
			[ "\$(wc -l <"\$T/calls")" != "\$AT" ] || kill -INT \$PPID
			exec $(command -v "$tool") "\$@"
		END
		chmod +x "$T/bin/$tool"
	done
	away=0 there=0
	for at in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
		"$PORTLAB" reset 01 >/dev/null
		rm -rf "$PORTLAB_STATE/labs/01-echo/kept"
		: >"$T/calls"
		echo "/* mine, $at */" >"$WORK/echo_server.c"
		echo "/* mine, $at */" >"$WORK/echo_client.c"
		# Tests that run in the background of a script ignore SIGINT.
		AT=$at PATH=$T/bin:$PATH run env --default-signal=INT \
			"$PORTLAB" reset 01
		if grep -q mine "$WORK"/*.c; then
			[[ $(grep -l "mine, $at " "$WORK"/*.c | wc -l) == 2 ]]
			[[ -z $(find "$PORTLAB_STATE" -name 'echo_*') ]]
			there=$((there + 1))
		else
			[[ $(grep -l "mine, $at " \
				"$PORTLAB_STATE"/labs/01-echo/kept/*/*.c |
				wc -l) == 2 ]]
			away=$((away + 1))
		fi
		[[ -z $(find "$WORK" -name '*.reset') ]]
	done
	echo "there $there times, kept $away times"
	((away > 0 && there > 0))
}

# --- watch -------------------------------------------------------------------

# Watch without a terminal; each run of the check can be awaited, and, with
# "hold", is to be let go.
begin_watch() { # [hold]
	mkfifo "$T/runs"
	exec {RUNS}<>"$T/runs"
	if [[ ${1-} == hold ]]; then
		mkfifo "$T/go"
		exec {GO}<>"$T/go"
	fi
	background "$PORTLAB" watch 01
	a_run
}

a_run() {
	read -r -t 60 <&"$RUNS"
}

# Nothing can be waited for here but the time that a wrong run would need.
no_run() {
	! read -r -t 0.8 <&"$RUNS"
}

let_go() {
	echo >&"$GO"
}

is_stopped() {
	grep -q '^State:.T' "/proc/$pid/status"
}

# What COMMAND does is seen as a burst, however slow this machine is just now.
in_a_burst() { # COMMAND...
	kill -STOP "$pid"
	eventually is_stopped
	"$@"
	kill -CONT "$pid"
}

save_in_place() {
	echo '/* new */' >"$1"
}

save_by_rename() {
	echo '/* new */' >"$1.new"
	mv "$1.new" "$1"
}

save_with_backup() { # as vim does
	mv "$1" "$1~"
	echo '/* new */' >"$1"
	rm "$1~"
}

save_anew() {
	rm "$1"
	echo '/* new */' >"$1"
}

save_by_link() {
	echo '/* new */' >"$1.new"
	rm "$1"
	ln "$1.new" "$1"
}

save_many_times() {
	for _ in {1..20}; do
		save_in_place "$1"
		save_in_place "$WORK/echo_client.c"
	done
}

@test "watch: each way in which editors save is one more run" {
	begin_watch
	for how in save_in_place save_by_rename save_with_backup save_anew \
		save_by_link save_many_times; do
		in_a_burst "$how" "$WORK/echo_server.c"
		a_run
	done
	no_run
}

@test "watch: SIGCHLD that is ignored outside is no trouble" {
	mkfifo "$T/runs"
	exec {RUNS}<>"$T/runs"
	mkdir "$T/saved"
	background env --ignore-signal=CHLD "$BUILD/lab/onsave" "$T/saved" a \
		sh -c 'echo >"$1"' sh "$T/runs"
	a_run
	echo >"$T/saved/a"
	a_run
}

@test "watch: other files, a look or a deletion are no save" {
	begin_watch
	echo >>"$WORK/README.md"
	echo >"$WORK/.echo_server.c.swp"
	echo >"$WORK/echo_server"
	echo >"$WORK/echo_server.cc"
	cat "$WORK/echo_server.c" >/dev/null
	rm "$WORK/echo_client.c"
	no_run
	echo >"$WORK/echo_client.c"
	a_run
}

@test "watch: a save during a run is one more run, and so are five" {
	begin_watch hold
	for _ in 1 2 3 4 5; do
		echo >>"$WORK/echo_server.c"
	done
	no_run # not before the first has ended
	let_go
	a_run
	let_go
	no_run
}

@test "watch: the first run sees its own start saved" {
	# The check saves the file before it does anything else.
	sed -i '/^verb_check/a [[ -e $T/saved ]] || { echo >>"$ROOT/labs/01-echo/echo_server.c"; : >"$T/saved"; }' \
		"$SUITE/common/lab/verb-check.sh"
	begin_watch
	a_run
	no_run
}

@test "watch: the folder is deleted, or moved away" {
	begin_watch
	rm -rf "$WORK"
	wait "$pid" || status=$?
	[[ $status == 1 ]]
	grep 'is gone' "$T/background.err"
	cp -r "$ROOT/labs/01-echo" "$WORK"
	rm "$T/runs"
	begin_watch
	# Somebody who stands in it keeps the kernel from letting go of it.
	(cd "$WORK" && rm -rf "$WORK" && exec sleep 20 3>&-) &
	stands=$!
	status=0
	wait "$pid" || status=$?
	kill "$stands"
	[[ $status == 1 ]]
}

@test "watch: a signal ends it, and waits for all that the check started" {
	sed -i '/^verb_check/a sleep 1000 & (sleep 1000 &)' \
		"$SUITE/common/lab/verb-check.sh"
	for signal in INT TERM HUP; do
		rm -f "$T/runs" "$T/go"
		begin_watch hold
		kill -"$signal" "$pid"
		wait "$pid"
		nothing_carries "$PORTLAB_TEST"
	done
}

@test "watch: SIGKILL to it, or to who started it, leaves nothing" {
	begin_watch hold
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	eventually nothing_carries "$PORTLAB_TEST"
	rm "$T/runs" "$T/go"
	mkfifo "$T/runs" "$T/go"
	background bash -c '"$1" watch 01; true' bash "$PORTLAB"
	exec {RUNS}<>"$T/runs" {GO}<>"$T/go"
	a_run
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	eventually nothing_carries "$PORTLAB_TEST"
}

@test "watch: what the check says when it fails itself is shown" {
	echo 3 >"$T/status"
	echo 'the grader fell over' >"$T/says"
	begin_watch
	eventually grep -q 'ended with status 3' "$T/background.err"
	grep 'the grader fell over' "$T/background.out"
	kill "$pid"
}

# Watch on a terminal of ROWS lines, in $T/screen.
begin_terminal() { # ROWS
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	mkfifo "$T/keys" "$T/runs"
	cat >"$T/terminal" <<-END
		stty rows $1 cols 80
		before=\$(stty -g)
		'$PORTLAB' watch 01
		echo "status \$?"
		[[ \$(stty -g) == "\$before" ]] && echo the same
	END
	TERM=xterm LC_ALL=C.UTF-8 script -qec "bash '$T/terminal'" /dev/null \
		<"$T/keys" >"$T/screen" 2>&1 3>&- 4>&- 10>&- &
	pid=$!
	BACKGROUND+=("$pid")
	exec {KEYS}>"$T/keys" {RUNS}<>"$T/runs"
	a_run
}

screen_ends_with_keys() {
	[[ $(tail -n 1 "$T/screen") == 'q ends, Enter checks again.'* ]]
}

@test "watch: one screen, which fits, and the terminal as it was" {
	results large=failed faults=not-checked
	{
		cut -f 6 "$WORK/checks.tsv"
		printf '\nlarge: sends back 8 MiB\n\n'
		printf '  the reason is \e[2J\a this\n'
		printf '%0.s│ a ladder ───▶│ which is longer and wider than the screen, by far\n' {1..40}
	} >"$T/says"
	for rows in 24 16; do
		rm -f "$T/keys" "$T/runs"
		begin_terminal "$rows"
		eventually screen_ends_with_keys
		printf q >&"$KEYS"
		exec {KEYS}>&-
		wait "$pid"
		frame=$(tr -d '\r' <"$T/screen" | awk 'BEGIN { RS = "\033\\[2J" }
			{ last = $0 } END { printf "%s", last }')
		echo "$frame"
		[[ $frame == *"$((CHECKS - 2)) of $CHECKS checks"*'the reason is [2J this'* ]]
		[[ $frame == *$'FAIL     large\n'* || $frame == *'FAIL     large '* ]]
		screen=${frame%%$'\n'status*}
		[[ $(wc -l <<<"$screen") -le $rows ]]
		[[ $(LC_ALL=C.UTF-8 wc -L <<<"$screen") -le 80 ]]
		[[ $frame == *$'status 0\nthe same'* ]]
	done
}

@test "watch: Ctrl-C while a check runs, under make" {
	results large=failed
	mkfifo "$T/go"
	exec {GO}<>"$T/go"
	ln -s "$BUILD" "$SUITE/build"
	sed -i 's/^watch: grader/watch:/' "$SUITE/Makefile"
	printf '#!/bin/sh\nexec make -s -C "%s" "$1" LAB="$2"\n' "$SUITE" >"$T/made"
	chmod +x "$T/made"
	PORTLAB=$T/made begin_terminal 24
	printf '\003' >&"$KEYS"
	wait "$pid"
	exec {KEYS}>&-
	cat "$T/screen"
	grep '^status 0' "$T/screen"
	grep '^the same' "$T/screen"
	[[ $(grep -c 'make:' "$T/screen") == 0 ]]
	eventually nothing_carries "$PORTLAB_TEST"
}

@test "watch: Enter checks again" {
	begin_terminal 24
	printf '\r' >&"$KEYS"
	a_run
	printf Q >&"$KEYS"
	wait "$pid"
	exec {KEYS}>&-
}

# --- make --------------------------------------------------------------------

# make without what builds: the programs are those of this run.
make_in_suite() {
	sed -i 's/ -s grader$/ -s -v >\/dev\/null/' "$SUITE/Makefile"
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u PORTLAB_BUILD \
		make -C "$SUITE" --no-print-directory "$@"
}

@test "make check passes 0 and 1 on, and adds no word" {
	for status in 0 1; do
		echo "$status" >"$T/status"
		expected=$status
		run make_in_suite check LAB=01
		echo "$output"
		[[ $status == "$expected" && $output == 'the check speaks' ]]
		run make_in_suite -s -k -j2 check LAB=01
		[[ $status == "$expected" && $output == 'the check speaks' ]]
	done
}

@test "make check ends with 2 when the check cannot be done" {
	for each in 2 3; do
		echo "$each" >"$T/status"
		run make_in_suite check LAB=01
		[[ $status == 2 && $output == *"Error $each" ]]
	done
}

@test "make check hands every word on as it is" {
	run make_in_suite check LAB=01 SUBMIT="it's \"a\" dir" SEED=7 ALL=1 \
		PROGRAM='echo_server=socat TCP-LISTEN:{port},fork PIPE'
	echo "$output"
	[[ $(<"$T/arguments") == "<01><--submit><it's \"a\" dir><--program>\
<echo_server=socat TCP-LISTEN:{port},fork PIPE><--seed><7><--all>" ]]
	SUBMIT=elsewhere SEED=1 ALL=1 run make_in_suite check LAB=01
	[[ $(<"$T/arguments") == '<01>' ]]
}

@test "make -n check only says what it would do" {
	run make_in_suite -n check LAB=01
	[[ $status == 0 && $output == *"portlab check '01'"* ]]
	[[ ! -e $T/arguments ]]
}
