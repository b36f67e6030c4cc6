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

# A tour of its own: the suite's scripts with one lab that has this demo.sh.
small_tour() { # DEMO.SH
	mkdir -p "$BATS_TEST_TMPDIR/suite/labs/01-small"
	cp -r "$ROOT/common" "$BATS_TEST_TMPDIR/suite/"
	printf '%s\n' "$@" >"$BATS_TEST_TMPDIR/suite/labs/01-small/demo.sh"
	unset PORTLAB_STATE
	export PORTLAB_BUILD=$BUILD
	PORTLAB=$BATS_TEST_TMPDIR/suite/common/lab/portlab
}

@test "two hosts' ladders: side by side where there is room, with colour too" {
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	small_tour 'demo Both' 'step One' 'capture client router' \
		'run client "(exec 3<>/dev/tcp/server4/9) 2>/dev/null"' \
		'both client router 2'
	run "$PORTLAB" demo
	echo "$output"
	[[ $status == 0 && $output == *'Seen at client:'*$'\n'*'Seen at router:'* ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
	for no_color in '' 1; do
		TERM=xterm NO_COLOR=$no_color run script -qec \
			"stty cols 140; '$PORTLAB' demo" /dev/null
		output=$(sed $'s/\e\\[[0-9;]*m//g; s/\r$//' <<<"$output")
		echo "$output"
		# The words and the arrow of the right one stand below each other.
		[[ $output =~ (^|$'\n')(Seen at client: *)Seen' at 'router: ]]
		indent=${#BASH_REMATCH[2]}
		[[ $indent == 71 && $output == *RST,ACK*RST,ACK* ]]
		while IFS= read -r line; do
			[[ $line != *RST,ACK*RST,ACK* ]] ||
				[[ ${line:indent} == *CLOSED*RST,ACK* ]]
		done <<<"$output"
	done
}

@test "lab 04's demo: answers, silence, and who sent the RST, in 80x24" {
	run "$PORTLAB" demo 04
	echo "$output"
	[[ $status == 0 ]]
	[[ $output == *'server:9000 open in '*' ms'$'\n'* ]]
	[[ $output == *'(ECONNREFUSED)'*'TTL 63'*'(ETIMEDOUT)'* ]]
	[[ $output == *'dropped here, at router'*'ICMP port unreachable'* ]]
	[[ $output == *'TTL 64'*'router sent this itself, in the name of server'* ]]
	[[ $output != *$'\e'* ]]
}

@test "lab 05's demo: from a request to a drain, in 80x24" {
	needs curl
	run "$PORTLAB" demo 05
	echo "$output"
	[[ $status == 0 ]]
	[[ $output == *'> GET / HTTP/1.1'*'< HTTP/1.1 200 OK'*'<h1>Hello</h1>'* ]]
	# One packet of the client's, one of the server's.
	[[ $output == *'client sent '*' bytes: "GET / HTTP'* ]]
	[[ $output == *'server sent '*' bytes: "HTTP/1.1 200 OK'* ]]
	# Three files from one port, and then from three.
	mapfile -t ports < <(grep -xE '[0-9]{4,5}' <<<"$output")
	[[ ${#ports[@]} == 6 && ${ports[0]} == "${ports[1]}" ]]
	[[ ${ports[1]} == "${ports[2]}" ]]
	[[ $(printf '%s\n' "${ports[@]:3}" | sort -u | wc -l) == 3 ]]
	[[ $output == *$'200 OK\r\nHTTP/1.1 404 Not Found'* ]]
	# Forty times 40 ms, and nothing like it.
	mapfile -t seconds < <(sed -n 's/^real //p' <<<"$output")
	awk -v one="${seconds[0]}" -v two="${seconds[1]}" \
		'BEGIN { exit !(two > 1.2 && one < two) }'
	[[ $output == *'200 in '*' s'*'HTTP/1.1 408 Request Timeout'* ]]
	[[ $output == *'HTTP/1.1 400 Bad Request'*'Connection: close'* ]]
	[[ $output == *'port 80: '*'ermission denied'* ]]
	[[ $output == *'rewritten here (NAT)'*'server:8080 refused in '* ]]
	[[ $output == *'all of it'*'nothing is left behind'* ]]
	[[ $output != *$'\e'* ]]
}

@test "where the locale is not UTF-8 the tour is plain ASCII" {
	LC_ALL=C run "$PORTLAB" demo 01
	[[ $status == 0 && $output == *'|-- SYN seq=0'* ]]
	[[ -z $(LC_ALL=C tr -d '\n -~' <<<"$output") ]]
}

@test "colour on a terminal, and none with NO_COLOR or TERM=dumb" {
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	TERM=xterm run script -qec "'$PORTLAB' demo --tour 01" /dev/null
	[[ $output == *$'\e[1m'* && $output == *$'\e[31m'*RST* ]]
	TERM=xterm NO_COLOR=1 run script -qec "'$PORTLAB' demo --tour 01" /dev/null
	[[ $status == 0 && $output != *$'\e'* ]]
	TERM=dumb run script -qec "'$PORTLAB' demo --tour 01" /dev/null
	[[ $status == 0 && $output != *$'\e'* ]]
}

@test "a demo whose server does not come up says so and ends" {
	small_tour 'demo Bad' 'step One' 'start server 9000 "echo no; false"'
	run "$PORTLAB" demo
	[[ $status == 1 && $output == *'does not listen on port 9000'* ]]
}

@test "a lab that is not there" {
	run "$PORTLAB" demo 99
	[[ $status == 2 && $output == *"no lab is called '99'"* ]]
}
