#!/usr/bin/env bats
# The lab network: three hosts, names, IPv4 and IPv6, scenarios, and the
# commands with which one plays in it.

load lab
bats_require_minimum_version 1.5.0

setup() {
	own_state
}

teardown() {
	end_background
	local holder
	for holder in "$BATS_TEST_TMPDIR"{,/*}/{state,.portlab}/nets/*/holder; do
		[[ ! -e $holder ]] || "$BUILD/lab/labns" end "$holder"
	done
}

in_lab() { # HOST SCRIPT
	run "$PORTLAB" run "$1" -- bash -c "$2"
}

# Being refused by a port where nothing listens shows that a packet went there
# and came back.
reaches='reaches() {
	said=$( (exec 3<>"/dev/tcp/$1/9") 2>&1) && return 1
	[[ $said == *refused* ]] || { echo "$1: $said"; return 1; }
}'

@test "SIGCHLD that is ignored outside is no trouble" {
	run env --ignore-signal=CHLD "$PORTLAB" run client -- sh -c 'exit 7'
	[[ $status == 7 ]]
}

@test "standard files that are closed are no trouble" {
	timeout -k 1 60 "$BUILD/lab/labns" hold "$BATS_TEST_TMPDIR/held" \
		true <&- >&- 2>&-
	"$BUILD/lab/labns" end "$BATS_TEST_TMPDIR/held"
	# And closed they are for the command, too.
	"$BUILD/lab/labns" run sh -c '[ ! -e /proc/$$/fd/0 ]' <&-
}

@test "a signal that comes before the command runs ends it all the same" {
	# It is blocked, so that it waits until labns looks for it.
	run -143 timeout -k 1 60 env --block-signal=TERM sh -c \
		'kill -TERM $$; exec "$1" run sleep 60' sh "$BUILD/lab/labns"
}

@test "every host reaches every other by name, IPv4 and IPv6" {
	for host in client router server; do
		in_lab "$host" "$reaches"'
			for a in client4 client6 server4 server6 \
				198.51.100.1 203.0.113.1 2001:db8:1::1 \
				2001:db8:2::1; do
				reaches "$a" || exit 1
			done'
		echo "$host: $output"
		[[ $status == 0 ]]
	done
}

@test "IPv6 is usable at once, not a second later" {
	in_lab client '
		before=${EPOCHREALTIME/./}
		(exec 3<>/dev/tcp/server6/9) 2>/dev/null
		echo $((${EPOCHREALTIME/./} - before))'
	echo "$output us"
	[[ $output -lt 900000 ]]
}

@test "a host has loopback, its own interfaces, and nothing else" {
	in_lab client 'ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d " \n"'
	[[ $output == loeth0 ]]
	in_lab router 'ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d " \n"'
	[[ $output == loeth0eth1 ]]
}

@test "there is no way out: no default route, no DNS" {
	in_lab client 'ip route show default; ip -6 route show default'
	[[ $status == 0 && -z $output ]]
	in_lab client 'getent hosts no-such-name.invalid'
	[[ $status == 2 ]]
	in_lab client '(exec 3<>/dev/tcp/192.0.2.1/9) 2>&1'
	[[ $output == *'Network is unreachable'* ]]
}

@test "the host's name and PORTLAB_HOST say where one is" {
	in_lab server 'echo "$(uname -n) $PORTLAB_HOST"'
	[[ $output == 'server server' ]]
}

@test "the exit status of the command is the exit status of run" {
	in_lab client 'exit 42'
	[[ $status == 42 ]]
	in_lab client 'kill -SEGV $$'
	[[ $status == 139 ]]
	PATH=/usr/bin:/bin run -127 "$PORTLAB" run client -- no-such-command
	[[ $status == 127 && $output == *no-such-command* ]]
}

@test "125 when the network itself cannot be made" {
	run "$PORTLAB" run client --scenario "$ROOT/tests/self/network/broken" \
		-- true
	[[ $status == 125 ]]
}

@test "125 when any one step of making the network fails" {
	mkdir "$BATS_TEST_TMPDIR/bin"
	for step in '-n client' '-n server' '-n router' '-batch'; do
		printf '#!/bin/sh\ncase "$*" in "%s"*) exit 1;; esac\nexec %s "$@"\n' \
			"$step" "$(PATH=$PATH:/usr/sbin:/sbin command -v ip)" \
			>"$BATS_TEST_TMPDIR/bin/ip"
		chmod +x "$BATS_TEST_TMPDIR/bin/ip"
		PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$PORTLAB" run client -- \
			echo began
		[[ $status == 125 && $output == *'make doctor'* ]]
		[[ $output != *began* ]]
	done
}

@test "ports below 1024 are refused, to root too" {
	[[ -x $BUILD/solution/echo_server ]]
	in_lab server '"$BUILD"/solution/echo_server 80'
	[[ $status == 1 && $output == *'ermission denied'* ]]
}

@test "rules can be loaded and packets captured on a host" {
	in_lab router 'iptables -A FORWARD -j DROP && ip6tables -A FORWARD -j DROP \
		&& iptables -S FORWARD'
	[[ $status == 0 && $output == *'-A FORWARD -j DROP'* ]]
}

@test "a scenario's rules are loaded by name and undone by the next" {
	"$PORTLAB" up 01/drop
	run "$PORTLAB" exec router iptables -S FORWARD
	[[ $output == *'-d 203.0.113.20/32'*DROP* ]]
	run "$PORTLAB" exec router ip6tables -S FORWARD
	[[ $output == *'-d 2001:db8:2::20/128'*DROP* ]]
	"$PORTLAB" scenario
	run "$PORTLAB" exec router iptables -S FORWARD
	[[ $output == '-P FORWARD ACCEPT' ]]
}

@test "a scenario's script is told up and down" {
	"$PORTLAB" up "$ROOT/tests/self/network/script"
	run "$PORTLAB" exec client cat /run/portlab/script
	[[ $output == up ]]
	"$PORTLAB" scenario
	run "$PORTLAB" exec client cat /run/portlab/script
	[[ $output == $'up\ndown' ]]
}

@test "a mistake in a rule names file and line, and the old rules stay" {
	"$PORTLAB" up 01/drop
	run "$PORTLAB" scenario "$ROOT/tests/self/network/broken"
	echo "$output"
	[[ $status == 1 && $output == *broken/server.v4:3:* ]]
	run "$PORTLAB" exec router iptables -S FORWARD
	[[ $output == *DROP* ]]
	run "$PORTLAB" exec router iptables -t nat -S
	[[ $output != *REDIRECT* ]]
}

@test "one file is a scenario; a file that no host loads is a mistake" {
	run "$PORTLAB" run router --scenario \
		"$ROOT/labs/01-echo/scenarios/drop/router.v4" -- iptables -S FORWARD
	[[ $output == *DROP* ]]
	mkdir "$BATS_TEST_TMPDIR/typo"
	cp "$ROOT/labs/01-echo/scenarios/drop/router.v4" \
		"$BATS_TEST_TMPDIR/typo/rooter.v4"
	run "$PORTLAB" run router --scenario "$BATS_TEST_TMPDIR/typo" -- true
	[[ $status == 125 && $output == *rooter.v4* ]]
}

@test "Windows line ends in a scenario are named" {
	sed 's/$/\r/' "$ROOT/labs/01-echo/scenarios/drop/router.v4" \
		>"$BATS_TEST_TMPDIR/router.v4"
	run "$PORTLAB" run router --scenario "$BATS_TEST_TMPDIR/router.v4" -- true
	[[ $status == 125 && $output == *'Windows line ends'* ]]
}

@test "up, and up again, exec from elsewhere, down, and down again" {
	run "$PORTLAB" up
	[[ $status == 0 && $output == *'is up'* ]]
	run "$PORTLAB" up
	[[ $status == 0 && $output == *'up already'* ]]
	cd /
	run "$PORTLAB" exec server -- uname -n
	[[ $output == server ]]
	run "$PORTLAB" down
	[[ $status == 0 && $output == *'is gone'* ]]
	run "$PORTLAB" down
	[[ $status == 0 && $output == *'No network'* ]]
	run "$PORTLAB" exec server true
	[[ $status == 1 && $output == *'make up'* ]]
}

@test "within a host the commands for networks refuse, and touch nothing" {
	"$PORTLAB" up
	for verb in up down scenario 'shell client' 'capture client' \
		'exec client true'; do
		# shellcheck disable=SC2086
		run "$PORTLAB" exec server -- "$PORTLAB" $verb
		[[ $status == 1 && $output == *'you are on the host server'* ]]
	done
	run "$PORTLAB" exec server -- uname -n
	[[ $output == server ]]
}

@test "up with a scenario does not pass over a network that is up" {
	"$PORTLAB" up
	run "$PORTLAB" up 01/drop
	[[ $status == 1 && $output == *'make scenario SCENARIO=01/drop'* ]]
}

@test "what make hands on does not reach a host" {
	"$PORTLAB" up
	MAKEFLAGS=' -- HOST=x' MAKELEVEL=1 HOST=x run "$PORTLAB" exec client env
	[[ $output != *MAKE* && $output != *$'\nHOST='* ]]
}

@test "a mistake in a student's program keeps nobody from the network" {
	mkdir "$BATS_TEST_TMPDIR/suite"
	cp -r "$ROOT/common" "$ROOT/labs" "$ROOT/tests" "$ROOT/Makefile" \
		"$BATS_TEST_TMPDIR/suite/"
	echo 'int main(void) { return 0 }' \
		>"$BATS_TEST_TMPDIR/suite/labs/01-echo/echo_server.c"
	unset PORTLAB_BUILD PORTLAB_STATE
	run make -s -C "$BATS_TEST_TMPDIR/suite" up
	[[ $status == 0 && $output == *expected*'is up:'* ]]
	run make -s -C "$BATS_TEST_TMPDIR/suite" run HOST=client CMD='uname -n'
	[[ $status == 0 && $output == client ]]
	run make -s -C "$BATS_TEST_TMPDIR/suite" down
	[[ $status == 0 ]]
}

@test "several networks side by side see nothing of each other" {
	NET=one "$PORTLAB" up
	NET=two "$PORTLAB" up 01/drop
	run env NET=one "$PORTLAB" exec router iptables -S FORWARD
	[[ $output == '-P FORWARD ACCEPT' ]]
	NET=one "$PORTLAB" down
	run env NET=two "$PORTLAB" exec router iptables -S FORWARD
	[[ $output == *DROP* ]]
}

@test "who joins can load rules and change sysctls" {
	"$PORTLAB" up
	run "$PORTLAB" exec client bash -c 'iptables -A OUTPUT -p tcp -j DROP &&
		ip6tables -A OUTPUT -p tcp -j DROP &&
		echo 1 >/proc/sys/net/ipv4/tcp_syn_retries'
	[[ $status == 0 ]]
}

@test "up cleans what a network left whose owner died" {
	"$PORTLAB" up
	read -r holder _ <"$PORTLAB_STATE/nets/default/holder"
	kill -KILL "$holder"
	gone() { [[ ! -e /proc/$holder ]]; }
	eventually gone
	run "$PORTLAB" exec client true
	[[ $status == 1 && $output == *'no network'* ]]
	run "$PORTLAB" up
	[[ $status == 0 && $output == *'is up:'* ]]
}

@test "capture draws what passes, and keeps a pcap" {
	"$PORTLAB" up
	background "$PORTLAB" capture client
	capturing() {
		grep -q 'capturing on client' "$BATS_TEST_TMPDIR/background.err"
	}
	eventually capturing
	run "$PORTLAB" exec client bash -c '(exec 3<>/dev/tcp/server4/9) 2>&1'
	[[ $output == *refused* ]]
	drawn() { grep -q 'connection refused' "$BATS_TEST_TMPDIR/background.out"; }
	eventually drawn
	"$PORTLAB" down
	compgen -G "$PORTLAB_STATE/nets/default/client-*.pcap"
}

@test "two hosts are captured as one ladder, while packets pass" {
	"$PORTLAB" up 01/drop
	background "$PORTLAB" capture client,router
	both_capture() {
		[[ $(grep -c 'capturing on' "$BATS_TEST_TMPDIR/background.err") == 2 ]]
	}
	eventually both_capture
	"$PORTLAB" exec client bash -c 'echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
		(exec 3<>/dev/tcp/198.51.100.1/9) 2>/dev/null
		exec 3<>/dev/tcp/203.0.113.20/9002' || true
	both_drawn() {
		grep -q 'came in,' "$BATS_TEST_TMPDIR/background.out" &&
			grep -q 'connection refused' "$BATS_TEST_TMPDIR/background.out"
	}
	eventually both_drawn
	grep -q ' router  ' "$BATS_TEST_TMPDIR/background.out"
	"$PORTLAB" down
	compgen -G "$PORTLAB_STATE/nets/default/client-*.pcap"
	compgen -G "$PORTLAB_STATE/nets/default/router-*.pcap"
	no_pipe() { ! compgen -G "$PORTLAB_STATE/nets/default/*.pipe" >/dev/null; }
	eventually no_pipe
	run "$PORTLAB" capture client,router,server
	[[ $status == 2 && $output == *'one host, or two'* ]]
	run "$PORTLAB" capture client,client
	[[ $status == 2 && $output == *'not client twice'* ]]
	run "$PORTLAB" capture client,nobody
	[[ $status == 2 && $output == *"no host is called 'nobody'"* ]]
}

@test "gdb and strace work on a program in a lab host" {
	for tool in gdb strace; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	in_lab client 'strace -e trace=connect -o /run/portlab/trace \
		"$BUILD"/solution/echo_client server4 9 </dev/null
		grep ECONNREFUSED /run/portlab/trace'
	[[ $output == *'connect('*ECONNREFUSED* ]]
	in_lab server 'gdb -q -batch -ex "break main" -ex run -ex backtrace \
		--args "$BUILD"/solution/echo_server 9000 </dev/null 2>&1'
	[[ $output == *'#0  main'* ]]
}

@test "fifty networks at once" {
	for i in $(seq 50); do
		"$PORTLAB" run client -- bash -c "$reaches"'
			reaches server4 && reaches server6 && echo fine' \
			>"$BATS_TEST_TMPDIR/$i" 2>&1 3>&- 4>&- 10>&- &
	done
	wait
	[[ $(cat "$BATS_TEST_TMPDIR"/[0-9]* | grep -c '^fine$') == 50 ]]
}

@test "a wrong host, scenario, network name or verb gets one sentence and 2" {
	for args in 'run nowhere true' 'run client --scenario 01/none true' \
		'run client' 'run client --colour true' 'frobnicate' 'shell'; do
		# shellcheck disable=SC2086
		run "$PORTLAB" $args
		[[ $status == 2 ]]
		[[ $output == *portlab:* ]]
	done
	NET='a b' run "$PORTLAB" up
	[[ $status == 2 ]]
}

@test "it works from a path with a space, and from another folder" {
	mkdir "$BATS_TEST_TMPDIR/my lab"
	cp -r "$ROOT/common" "$ROOT/labs" "$BATS_TEST_TMPDIR/my lab/"
	# The rest of it others may write to just now.
	mkdir "$BATS_TEST_TMPDIR/my lab/build"
	cp -r "$BUILD"/{bin,lab,solution} "$BATS_TEST_TMPDIR/my lab/build/"
	unset PORTLAB_BUILD PORTLAB_STATE
	cd /
	run "$BATS_TEST_TMPDIR/my lab/common/lab/portlab" run router \
		--scenario 01/drop -- iptables -S FORWARD
	[[ $status == 0 && $output == *DROP* ]]
	run "$BATS_TEST_TMPDIR/my lab/common/lab/portlab" up
	[[ $status == 0 ]]
	run "$BATS_TEST_TMPDIR/my lab/common/lab/portlab" down
	[[ $status == 0 ]]
}
