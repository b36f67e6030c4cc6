#!/usr/bin/env bats
# The tour: what it shows, how it fits a screen, how it ends.

load lab

setup() {
	own_state
	export LC_ALL=C.UTF-8
}

teardown() {
	end_background
}

@test "the tour shows a handshake, a reset and a proven drop, in 80x24" {
	run "$PORTLAB" demo 01
	echo "$output"
	[[ $status == 0 ]]
	[[ $output == *'listening on [::]:9000'* ]]
	[[ $output == *'handshake done'* ]]
	[[ $output == *'sent 6 bytes: "hello\n"'* ]]
	[[ $output == *'stays in TIME-WAIT'* ]]
	[[ $output == *'connection refused (ECONNREFUSED)'* ]]
	[[ $output == *'retry 1) ─'*'?│'* ]]
	[[ $output == *'retry 1)✗'*'dropped here, at router'* ]]
	[[ $output == *'nothing is left behind'* ]]
	[[ $output != *$'\e'* ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
	awk '/^--- / { if (n > 24) bad = 1; n = 0 } { n++ }
		END { exit bad || n > 24 }' <<<"$output"
}

@test "every lab's demo plays, in steps of 80x24" {
	local lab
	for lab in "$ROOT"/labs/*/demo.sh; do
		lab=${lab%/demo.sh}
		run "$PORTLAB" demo "${lab##*/}"
		echo "$output"
		[[ $status == 0 && $output == *'nothing is left behind'* ]]
		[[ $(wc -L <<<"$output") -le 80 ]]
		awk '/^--- / { if (n > 24) bad = 1; n = 0; steps++ } { n++ }
			END { exit bad || n > 24 || steps == 0 }' <<<"$output"
	done
}

@test "lab 02's demo shows who may have which port" {
	run "$PORTLAB" demo 02
	echo "$output"
	[[ $output == *'multiport: port 80: permission denied'* ]]
	[[ $output == *'you reached 7010 (-, registered) from 198.51.100.10:'* ]]
	[[ $output == *'multiport: port 7013: address already in use'* ]]
	[[ $output == *'rejected here, at router'* ]]
	[[ $output == *'you reached 80 (http, well-known) from'* ]]
}

@test "where the locale is not UTF-8 the tour is plain ASCII" {
	LC_ALL=C run "$PORTLAB" demo 01
	[[ $status == 0 && $output == *'|-- SYN seq=0'* ]]
	[[ -z $(LC_ALL=C tr -d '\n -~' <<<"$output") ]]
}

@test "colour on a terminal, and none with NO_COLOR or TERM=dumb" {
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	TERM=xterm run script -qec "'$PORTLAB' demo 01" /dev/null
	[[ $output == *$'\e[1m'* && $output == *$'\e[31m'*RST* ]]
	TERM=xterm NO_COLOR=1 run script -qec "'$PORTLAB' demo 01" /dev/null
	[[ $status == 0 && $output != *$'\e'* ]]
	TERM=dumb run script -qec "'$PORTLAB' demo 01" /dev/null
	[[ $status == 0 && $output != *$'\e'* ]]
}

@test "a demo whose server does not come up says so and ends" {
	mkdir -p "$BATS_TEST_TMPDIR/suite/labs/01-bad"
	cp -r "$ROOT/common" "$BATS_TEST_TMPDIR/suite/"
	printf '%s\n' 'demo Bad' 'step One' 'start server 9000 "echo no; false"' \
		>"$BATS_TEST_TMPDIR/suite/labs/01-bad/demo.sh"
	unset PORTLAB_STATE
	PORTLAB_BUILD=$BUILD run "$BATS_TEST_TMPDIR/suite/common/lab/portlab" demo
	[[ $status == 1 && $output == *'does not listen on port 9000'* ]]
}

@test "a lab that is not there" {
	run "$PORTLAB" demo 99
	[[ $status == 2 && $output == *"no lab is called '99'"* ]]
}
