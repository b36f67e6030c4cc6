#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be
#
# knock.bats - lab 04's model answer in each of its scenarios. KNOCK names
# another program to be put to the same tests.

load lab
bats_require_minimum_version 1.5.0

setup() {
	own_state
	KNOCK=${KNOCK:-$BUILD/solution/knock}
	export KNOCK
}

teardown() {
	local holder
	for holder in "$BATS_TEST_TMPDIR"/state/nets/*/holder; do
		[[ ! -e $holder ]] || "$BUILD/lab/labns" end "$holder"
	done
}

# On the client, in a network with SCENARIO: knock ARG...
knock() { # SCENARIO ARG...
	local scenario=$1
	shift
	run timeout 300 "$PORTLAB" run client --scenario "04/$scenario" -- \
		"$KNOCK" "$@"
	echo "$scenario: $* ($status)"
	echo "$output"
}

# The same by a script, with $KNOCK in it.
on_client() { # SCENARIO SCRIPT
	run timeout 300 "$PORTLAB" run client --scenario "04/$1" -- bash -c "$2"
	echo "$1 ($status)"
	echo "$output"
}

# Line I, from 0, of the output is "ENDPOINT VERDICT in N.N ms (ERRNO)"; the
# time is then in $took, in tenths of a millisecond.
line_is() { # I ENDPOINT VERDICT [ERRNO]
	local time='in ([0-9]+)\.([0-9]) ms'
	[[ ${lines[$1]} =~ ^(.*)\ $time(.*)$ ]] || return 1
	[[ ${BASH_REMATCH[1]} == "$2 $3" ]] || return 1
	[[ ${BASH_REMATCH[4]} == "${4:+ ($4)}" ]] || return 1
	took=$((BASH_REMATCH[2] * 10 + BASH_REMATCH[3]))
}

# One knock at port 9000 of the server by each family, and all that is known of
# it; MS is the deadline.
expect() { # SCENARIO MS STATUS VERDICT [ERRNO [ERRNO6]]
	knock "$1" -t "$2" -4 server 9000
	[[ $status == "$3" && ${#lines[@]} == 1 ]] || return 1
	line_is 0 server:9000 "$4" "${5-}" || return 1
	knock "$1" -t "$2" -6 server 9000
	[[ $status == "$3" && ${#lines[@]} == 1 ]] || return 1
	line_is 0 server:9000 "$4" "${6-${5-}}"
}

# --- the scenarios -----------------------------------------------------------

@test "open: a listener, and a rule that rejects only what comes after" {
	expect open 3000 0 open
	expect reject-data 3000 0 open
}

@test "reject-data lets a handshake pass, and nothing more" {
	on_client reject-data 'exec 3<>/dev/tcp/server4/9000; echo hello >&3
		read -r <&3'
	[[ $status != 0 && $output == *'reset by peer'* ]]
	on_client open 'exec 3<>/dev/tcp/server4/9000; echo hello >&3
		read -r -t 0.2 <&3'
	[[ $status -gt 128 ]]
}

@test "refused: nothing listens, RST by the router, ICMP port unreachable" {
	expect closed 3000 3 refused ECONNREFUSED
	expect reject-reset 3000 3 refused ECONNREFUSED
	expect reject 5000 3 refused ECONNREFUSED
}

@test "timeout: dropped at the router, at the server, on the way back" {
	local scenario
	for scenario in drop drop-server drop-reply; do
		expect "$scenario" 200 4 timeout ETIMEDOUT
		[[ $took -ge 1000 ]]
	done
}

@test "timeout: the queue of connections is full" {
	expect queue-full 200 4 timeout ETIMEDOUT
}

@test "unreachable: ICMP host unreachable, prohibited, net unreachable" {
	expect reject-host 5000 5 unreachable EHOSTUNREACH
	expect reject-admin 5000 5 unreachable EHOSTUNREACH EACCES
	expect reject-net 5000 5 unreachable ENETUNREACH
}

@test "unreachable: no route, and a host that is not there" {
	expect no-route 3000 5 unreachable ENETUNREACH
	expect no-host 15000 5 unreachable EHOSTUNREACH
	[[ $took -ge 10000 ]]
}

@test "by IPv4 an answer by ICMP is there long before the SYN is sent again" {
	local scenario
	for scenario in reject reject-host reject-net; do
		knock "$scenario" -4 server 9000
		line_is 0 server:9000 "${output#* }" || true
		[[ $output =~ in\ ([0-9]+)\. && ${BASH_REMATCH[1]} -lt 950 ]]
	done
}

@test "self: connected to itself, is refused" {
	knock self -4 client 9000
	line_is 0 client:9000 refused ECONNREFUSED
	knock self -6 client 9000 9001
	line_is 0 client:9000 refused ECONNREFUSED
	line_is 1 client:9001 refused ECONNREFUSED
}

@test "self: without the last step it would be open" {
	on_client self 'exec 3<>/dev/tcp/client4/9000 && echo connected'
	[[ $output == connected ]]
}

@test "scenarios can be switched live, and leave nothing behind" {
	local scenario
	"$PORTLAB" up 04/open >/dev/null
	for scenario in no-host no-route queue-full open self reject drop-ipv6 \
		drop-reply reject-data open; do
		"$PORTLAB" scenario "04/$scenario"
	done
	run "$PORTLAB" exec client -- "$KNOCK" -4 server 9000 9001
	echo "$output"
	line_is 0 server:9000 open
	line_is 1 server:9001 refused ECONNREFUSED
	run "$PORTLAB" exec client -- "$KNOCK" -6 server 9000
	line_is 0 server:9000 open
	"$PORTLAB" scenario
	run "$PORTLAB" exec client -- "$KNOCK" server 9000
	line_is 0 server:9000 refused ECONNREFUSED
	run "$PORTLAB" exec client -- cat /proc/sys/net/ipv4/ip_local_port_range
	[[ $output == $'32768\t60999' ]]
	run "$PORTLAB" exec router -- cat /proc/sys/net/ipv4/icmp_ratelimit
	[[ $output == 1000 ]]
}

@test "make takes LAB=04 SCENARIO=drop, and SCENARIO=04/drop" {
	local name
	for name in 'LAB=04 SCENARIO=drop' SCENARIO=04/drop \
		'LAB=01 SCENARIO=04/drop'; do
		# shellcheck disable=SC2086 # two words
		run make -s -n -C "$ROOT" up scenario $name
		echo "$output"
		[[ $output == *"portlab up '04/drop'"* ]]
		[[ $output == *"portlab scenario '04/drop'"* ]]
	done
	run make -s -n -C "$ROOT" up LAB=04
	[[ $output == *"portlab up ''"* ]]
}

# --- deadlines ---------------------------------------------------------------

# Others may use this machine, too: late is late by a part of a second, and a
# try that was begun late has had less. What counts in whole seconds is further
# off than that.
@test "the deadline holds, for one port as for many, from 50 ms on" {
	local ms port early
	for ms in 50 170 1300; do
		early=$((ms / 2 < 250 ? ms / 2 : 250))
		knock drop -4 -t "$ms" server 9000 9001 9002 9003
		[[ $status == 4 ]]
		for port in 0 1 2 3; do
			line_is "$port" "server:900$port" timeout ETIMEDOUT
			[[ $took -ge $(((ms - early) * 10)) ]]
			[[ $took -lt $(((ms + 650) * 10)) ]]
		done
	done
}

@test "the program ends with the deadline, which all addresses share" {
	on_client drop 'before=${EPOCHREALTIME/./}
		"$KNOCK" -t 2000 server 9000 9001
		echo "$((${EPOCHREALTIME/./} - before))"'
	line_is 0 server:9000 timeout ETIMEDOUT
	# One after the other they would take four seconds.
	[[ ${lines[2]} -ge 1990000 && ${lines[2]} -lt 3900000 ]]
}

@test "the kernel gives up first: a timeout, too, before the deadline" {
	on_client drop 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
		"$KNOCK" -4 -t 30000 server 9000'
	line_is 0 server:9000 timeout ETIMEDOUT
	[[ $took -lt 200000 ]]
}

@test "stopped and continued, it keeps to its deadline" {
	on_client drop '"$KNOCK" -4 -t 2000 server 9000 & pid=$!
		while kill -STOP "$pid" 2>/dev/null && kill -CONT "$pid"; do
			read -r -t 0.05 <> <(:)
		done
		wait "$pid"'
	line_is 0 server:9000 timeout ETIMEDOUT
	[[ $took -ge 17500 && $took -lt 39000 ]]
}

@test "EINTR neither ends the wait nor puts the deadline off" {
	local chaos='"$BUILD/test/chaos" -o counts -p 2 -f eintr'
	"$BUILD/test/chaos" -o "$BATS_TEST_TMPDIR/counts" true ||
		skip "chaos cannot run here"
	cd "$BATS_TEST_TMPDIR"
	on_client drop "$chaos"' "$KNOCK" -4 -t 2000 server 9000 9001'
	[[ $status == 4 ]]
	line_is 1 server:9001 timeout ETIMEDOUT
	[[ $took -ge 17500 && $took -lt 39000 ]]
	[[ $(<counts) != *'"eintr":0'* ]]
	on_client closed "$chaos"' "$KNOCK" -4 server 9000 9001'
	[[ $status == 3 ]]
	line_is 1 server:9001 refused ECONNREFUSED
}

@test "another's answer does not put the deadline off" {
	local mixed=$BATS_TEST_TMPDIR/mixed from=$ROOT/labs/04-refused-timeout
	mkdir "$mixed"
	cp "$from/scenarios/drop/router.v4" "$from/scenarios/reject/router.v6" \
		"$mixed"
	# By IPv6 it answers after a second, by IPv4 never.
	run timeout 300 "$PORTLAB" run client --scenario "$mixed" -- bash -c '
		before=${EPOCHREALTIME/./}
		"$KNOCK" -t 1500 server 9000
		echo "$((${EPOCHREALTIME/./} - before))"'
	echo "$output"
	line_is 0 server:9000 refused ECONNREFUSED
	[[ ${lines[1]} -ge 1500000 && ${lines[1]} -lt 2400000 ]]
}

# --- several ports, several addresses ----------------------------------------

@test "all ports at once, a line each in the order given, the highest status" {
	knock open -4 server 9001 9000 9002 9000
	[[ $status == 3 && ${#lines[@]} == 4 ]]
	line_is 0 server:9001 refused ECONNREFUSED
	line_is 1 server:9000 open
	line_is 2 server:9002 refused ECONNREFUSED
	line_is 3 server:9000 open
	# Answers come in another order than the lines.
	knock queue-full -4 -t 2000 server 9000 9001
	[[ $status == 4 ]]
	line_is 0 server:9000 timeout ETIMEDOUT
	line_is 1 server:9001 refused ECONNREFUSED
}

@test "two hundred ports, each with its verdict" {
	local i
	# shellcheck disable=SC2046 # the words of seq are the ports
	knock queue-full -4 -t 2000 server $(seq 8901 9100)
	[[ $status == 4 && ${#lines[@]} == 200 ]]
	for i in "${!lines[@]}"; do
		if [[ $i == 99 ]]; then
			line_is "$i" server:9000 timeout ETIMEDOUT
		else
			line_is "$i" "server:$((8901 + i))" refused ECONNREFUSED
		fi
	done
}

@test "a socket is closed when its verdict is known" {
	# All but one are refused at once; that one waits.
	on_client queue-full '"$KNOCK" -4 -t 20000 server $(seq 8990 9010) & pid=$!
		until ss -Htn state syn-sent | grep -q :9000; do :; done
		for ((i = 0; i < 500; i++)); do
			open=$(find "/proc/$pid/fd" -lname "socket:*" | wc -l)
			((open > 1)) || break
		done
		echo "open: $open"
		kill "$pid"'
	[[ ${lines[-1]} == 'open: 1' ]]
}

@test "every address: the silent one does not stand in the other's way" {
	knock drop-ipv6 server 9000
	[[ $status == 0 ]]
	line_is 0 server:9000 open
	# Before the deadline, which the silent one would come to.
	[[ $took -lt 25000 ]]
	knock drop-ipv6 -t 2000 server 9000 9001
	[[ $status == 3 ]]
	line_is 0 server:9000 open
	line_is 1 server:9001 refused ECONNREFUSED
	knock drop-ipv6 -6 -t 60 server 9000
	[[ $status == 4 ]]
}

@test "an open address ends the wait for the others" {
	on_client drop-ipv6 'before=${EPOCHREALTIME/./}
		"$KNOCK" -t 20000 server 9000
		echo "$((${EPOCHREALTIME/./} - before))"'
	[[ ${lines[1]} -lt 5000000 ]]
}

@test "every address: the one where the SYN got furthest is told" {
	on_client closed 'ip -6 route del 2001:db8:2::/64; "$KNOCK" server 9000'
	[[ $status == 3 ]]
	line_is 0 server:9000 refused ECONNREFUSED
	on_client drop 'ip -6 route del 2001:db8:2::/64
		"$KNOCK" -t 60 server 9000'
	[[ $status == 4 ]]
	line_is 0 server:9000 timeout ETIMEDOUT
	on_client drop 'ip route del 203.0.113.0/24; "$KNOCK" -t 60 server 9000'
	[[ $status == 4 ]]
	line_is 0 server:9000 timeout ETIMEDOUT
}

# --- names and arguments -----------------------------------------------------

@test "a name that does not resolve is no verdict on a host" {
	knock open no-such-name 9000
	[[ $status == 1 && $output == *"no-such-name: "* ]]
	[[ ${#lines[@]} == 1 && $output != *' in '*' ms'* ]]
	knock open -6 server4 9000
	[[ $status == 1 && $output == *"server4: "* ]]
}

@test "addresses as they were typed, IPv6 in brackets" {
	knock open 203.0.113.20 9000
	line_is 0 203.0.113.20:9000 open
	knock open 2001:db8:2::20 9001
	line_is 0 '[2001:db8:2::20]:9001' refused ECONNREFUSED
}

@test "wrong arguments: usage and status 2" {
	local args
	for args in "" "127.0.0.1" "127.0.0.1 0" "127.0.0.1 70000" \
		"127.0.0.1 http" "127.0.0.1 1 x" "-t 127.0.0.1 9" \
		"-t 0 127.0.0.1 9" "-t -5 127.0.0.1 9" "-t 3s 127.0.0.1 9" \
		"-x 127.0.0.1 9"; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 timeout 10 "$KNOCK" $args
		[[ $output == *"usage: knock [-t MS] [-4|-6] HOST PORT..." ]]
	done
}

@test "more ports than descriptors: more are taken, or one sentence" {
	# shellcheck disable=SC2016 # for the shell on the client
	on_client closed 'prlimit --nofile=64:4096 "$KNOCK" -4 server $(seq 300)'
	[[ $status == 3 && ${#lines[@]} == 300 ]]
	line_is 299 server:300 refused ECONNREFUSED
	run -1 prlimit --nofile=16:16 "$KNOCK" 127.0.0.1 1 2 3
	[[ $output == "knock: 3 connections at once are too many here" ]]
}

@test "standard output is full: a sentence and status 1" {
	[[ -c /dev/full ]] || skip "no /dev/full here"
	run -1 bash -c '"$KNOCK" 127.0.0.1 1 >/dev/full'
	[[ $output == "knock: standard output: No space left on device" ]]
}

@test "SIGTERM ends it while it waits" {
	on_client drop '"$KNOCK" -4 -t 20000 server 9000 & pid=$!
		until ss -Htn state syn-sent | grep -q :9000; do :; done
		kill "$pid"; wait "$pid"'
	[[ $status == 143 ]]
}

# --- held against nmap -------------------------------------------------------

@test "nmap -sT comes to the same: open, closed, filtered" {
	needs nmap
	local scenario state
	for scenario in open closed drop drop-server drop-reply reject-reset reject \
		reject-host reject-admin reject-net no-route no-host queue-full \
		reject-data; do
		on_client "$scenario" '"$KNOCK" -4 -t 2000 server 9000
			nmap -n -Pn -p 9000 -sT 203.0.113.20'
		case ${lines[0]} in
		*' open in '*) state=open ;;
		*' refused in '*) state=closed ;;
		*) state=filtered ;;
		esac
		[[ $output == *$'\n'"9000/tcp $state "* ]]
	done
}

@test "nmap -sS sees the ICMP that an errno hides: closed becomes filtered" {
	needs nmap
	local sees='nmap --privileged -n -Pn --reason -p 9000 -sS 203.0.113.20'
	on_client reject "$sees"
	[[ $output == *'filtered '*' port-unreach from 198.51.100.1 '* ]]
	on_client reject-reset "$sees"
	[[ $output == *'closed '*' reset ttl 64'* ]]
	on_client closed "$sees"
	[[ $output == *'closed '*' reset ttl 63'* ]]
}

# --- under instruments -------------------------------------------------------

@test "sanitizers are silent" {
	[[ -x $BUILD/asan/solution/knock ]] || skip "not built with sanitizers"
	KNOCK=$BUILD/asan/solution/knock
	knock open -t 5000 server 9000 9001
	[[ $status == 3 && $output != *Sanitizer* && $output != *'runtime error'* ]]
	knock drop -t 100 server 9000 9001
	[[ $status == 4 && $output != *Sanitizer* && $output != *'runtime error'* ]]
	knock self client 9000
	[[ $status == 3 && $output != *Sanitizer* && $output != *'runtime error'* ]]
}

@test "valgrind is silent" {
	needs valgrind
	on_client drop-ipv6 'valgrind -q --leak-check=full --track-fds=yes \
		--error-exitcode=99 "$KNOCK" -t 2000 server 9000 9001'
	[[ $status == 3 && $output != *'definitely lost'* ]]
}

@test "the starter ends with a sentence on what is to be written" {
	grep -q 'todo(1,' "$ROOT/labs/04-refused-timeout/knock.c" ||
		skip "here somebody has begun to solve it"
	run -1 timeout 10 "$BUILD/bin/knock" 127.0.0.1 9
	[[ $output == "knock: step 1 is still to be written: "* ]]
}
