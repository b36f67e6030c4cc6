#!/usr/bin/env bats
# await - waits for a listener, for connections to come to rest, for a mark in
# a file that grows; and says who listens.

load lab
load loopback
bats_require_minimum_version 1.5.0

setup() {
	FILE=$BATS_TEST_TMPDIR/file
	pid=
	cd "$BATS_TEST_TMPDIR" || return
	# Where nobody else takes a port that is to be free.
	# shellcheck disable=SC2317 # called by what loopback.bash has
	make_network || become() { exec "$@" 3>&- 4>&- 10>&-; }
}

teardown() {
	end_background
	kill_children "${PIDS[@]}"
}

await() {
	inside "$BUILD/lab/await" "$@"
}

# A server on a port of the kernel's choice: $PORT, at ADDR; and its $pid.
serve() { # ADDR [PROGRAM]
	background become "${2:-$BUILD/solution/echo_server}" -b "$1" 0
	eventually grep -qs listening "$BATS_TEST_TMPDIR/background.err"
	PORT=$(sed -n 's/^listening.*:\([0-9]*\)$/\1/p' \
		"$BATS_TEST_TMPDIR/background.err")
	rm "$BATS_TEST_TMPDIR/background.err"
}

# A port on which nothing listens any more.
free_port() {
	serve 127.0.0.1
	end_background
}

has_ipv6() {
	[[ -e /proc/net/if_inet6 ]] && grep -q ' lo$' /proc/net/if_inet6
}

# await runs in the background, has begun and waits: it handles SIGTERM, and
# sleeps.
waits() { # PID
	local caught state
	caught=$(sed -n 's/^SigCgt:\t//p' "/proc/$1/status")
	state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status")
	(((16#$caught & 0x4000) != 0)) && [[ $state == S ]]
}

in_background() { # await's arguments
	background become "$BUILD/lab/await" "$@"
	eventually waits "$pid"
}

status_of() { # PID
	STATUS=0
	wait "$1" || STATUS=$?
}

# How many bytes PID has read.
has_read() { # PID
	sed -n 's/^rchar: //p' "/proc/$1/io"
}

has_read_all() { # PID BYTES
	(($(has_read "$1") >= $2))
}

# --- listeners ---------------------------------------------------------------

@test "listen: a socket that listens, IPv4 and IPv6" {
	serve 127.0.0.1
	run -0 await listen "$PORT" "$pid" 1
	[[ -z $output ]]
	has_ipv6 || skip "there is no IPv6 here"
	serve ::1
	run -0 await listen "$PORT" "$pid" 1
	[[ -z $output ]]
}

@test "listen: one that comes later" {
	free_port
	in_background listen "$PORT" $$ 60000
	local waiting=$pid
	background become "$BUILD/solution/echo_server" -b 127.0.0.1 "$PORT"
	status_of "$waiting"
	[[ $STATUS == 0 ]]
}

@test "listen: all of several ports" {
	local none one
	free_port
	none=$PORT
	serve 127.0.0.1
	one=$PORT
	serve 127.0.0.1
	run -0 await listen "$one,$PORT" "$pid" 1
	run -1 await listen "$one,$none,$PORT" "$pid" 1
	run -2 await listen 2-1 "$pid" 1
}

@test "listen: for who comes to this address and to that" {
	serve 127.0.0.1
	run -0 await listen "$PORT" "$pid" 1 127.0.0.1
	run -1 await listen "$PORT" "$pid" 1 127.0.0.1 127.1.2.3
	grep -qx "listening 127.0.0.1 $PORT" <<<"$output"
	serve 0.0.0.0
	run -0 await listen "$PORT" "$pid" 1 127.0.0.1 127.1.2.3
	run -2 await listen "$PORT" "$pid" 1 localhost
	has_ipv6 || skip "there is no IPv6 here"
	run -1 await listen "$PORT" "$pid" 1 127.0.0.1 ::1
	serve ::
	run -0 await listen "$PORT" "$pid" 1 127.0.0.1 ::1
	serve ::1
	run -1 await listen "$PORT" "$pid" 1 127.0.0.1
}

@test "listen: [::] without IPv4 is not for who comes by IPv4" {
	has_ipv6 || skip "there is no IPv6 here"
	"${CC:-cc}" -D_GNU_SOURCE -std=c17 -o "$BATS_TEST_TMPDIR/server" \
		"$ROOT/tests/01-echo/variants/two-sockets/echo_server.c"
	serve :: "$BATS_TEST_TMPDIR/server"
	run -0 await listen "$PORT" "$pid" 1 ::1
	run -1 await listen "$PORT" "$pid" 1 127.0.0.1
}

@test "listen: ends when the process has" {
	free_port
	background sleep 1000
	local sleeper=$pid
	in_background listen "$PORT" "$sleeper" 60000
	kill "$sleeper"
	status_of "$pid"
	[[ $STATUS == 3 ]]
	run -3 await listen "$PORT" "$sleeper" 60000
	[[ -z $output ]]
}

@test "listen: in vain, it says what listens instead" {
	free_port
	local asked=$PORT
	serve 127.0.0.1
	run -1 await listen "$asked" "$pid" 1
	echo "$output"
	grep -qx "listening 127.0.0.1 $PORT" <<<"$output"
	run ! grep -vxE 'listening [0-9a-f.:]+ [0-9]+' <<<"$output"
	has_ipv6 || skip "there is no IPv6 here"
	serve ::1
	run -1 await listen "$asked" "$pid" 1
	grep -qx "listening ::1 $PORT" <<<"$output"
}

@test "listening: the addresses of a port, and no other's" {
	serve 127.0.0.1
	run -0 await listening "$PORT"
	[[ $output == 127.0.0.1 ]]
	serve 127.1.2.3
	run -0 await listening "$PORT"
	[[ $output == 127.1.2.3 ]]
	serve 0.0.0.0
	run -0 await listening "$PORT"
	[[ $output == 0.0.0.0 ]]
	end_background
	run -1 await listening "$PORT"
	[[ -z $output ]]
}

@test "listening: IPv6, and IPv4 written as IPv6" {
	has_ipv6 || skip "there is no IPv6 here"
	serve ::1
	run -0 await listening "$PORT"
	[[ $output == ::1 ]]
	serve ::
	run -0 await listening "$PORT"
	[[ $output == :: ]]
	serve ::ffff:127.0.0.1
	run -0 await listening "$PORT"
	[[ $output == 127.0.0.1 ]]
}

# --- TIME_WAIT ---------------------------------------------------------------

# A client of the server at $PORT, from a port of its own, CLIENT, to its END.
client() { # CLIENT END...
	inside "$BUILD/test/probe" "source-port a $1" \
		"connect a 127.0.0.1 $PORT" 'exchange a "x"' "${@:2}"
}

@test "time-wait: at the end that closes first, when it has" {
	free_port
	local closer=$PORT
	serve 127.0.0.1
	client "$closer" 'reset a'
	run -1 await time-wait "$closer" 1
	in_background time-wait "$closer" 60000
	client "$closer" 'half-close a' 'expect-eof a'
	status_of "$pid"
	[[ $STATUS == 0 ]]
	run -0 await time-wait "$closer" 1
	[[ -z $output ]]
	run -1 await time-wait "$PORT" 1
}

# --- a mark in a file --------------------------------------------------------

@test "mark: it is there already, between other bytes" {
	printf 'a\0b\nmark-7\0' >"$FILE"
	run -0 await mark "$FILE" mark-7 1
	[[ -z $output ]]
	run -1 await mark "$FILE" mark-77 1
	run -1 await mark "$FILE" mark-8 1
	: >"$FILE"
	run -1 await mark "$FILE" mark-7 1
}

@test "mark: wherever a read may cut it in two" {
	local before
	for before in {65529..65537}; do
		head -c "$before" /dev/zero >"$FILE"
		printf 'mark-7' >>"$FILE"
		run -0 await mark "$FILE" mark-7 1
	done
}

@test "mark: it comes while one waits, a byte at a time" {
	: >"$FILE"
	in_background mark "$FILE" mark-7 60000
	local i text=mark-mark-7
	for ((i = 0; i < ${#text}; i++)); do
		eventually waits "$pid"
		printf %s "${text:i:1}" >>"$FILE"
	done
	status_of "$pid"
	[[ $STATUS == 0 ]]
}

@test "mark: reads what is new, and nothing twice" {
	local size=4000000 read i
	head -c "$size" /dev/zero >"$FILE"
	in_background mark "$FILE" mark-7 60000
	eventually has_read_all "$pid" "$size"
	for i in {1..20}; do
		printf mark- >>"$FILE"
		eventually has_read_all "$pid" $((size + 5 * i))
	done
	eventually waits "$pid"
	read=$(has_read "$pid")
	echo "$read"
	# Its program's own file and the events are less than that.
	((read < size + 100000))
	printf 7 >>"$FILE"
	status_of "$pid"
	[[ $STATUS == 0 ]]
}

@test "mark: a file that is not there" {
	run -1 await mark "$FILE" mark-7 60000
	[[ ${#lines[@]} == 1 && $output == *"$FILE"*'No such file'* ]]
}

# --- all of them -------------------------------------------------------------

@test "a signal ends any wait" {
	: >"$FILE"
	free_port
	in_background mark "$FILE" mark-7 60000
	kill -TERM "$pid"
	status_of "$pid"
	[[ $STATUS == 1 ]]
	in_background listen "$PORT" $$ 60000
	kill -TERM "$pid"
	status_of "$pid"
	[[ $STATUS == 1 ]]
}

@test "a mistake in the arguments exits with 2" {
	local bad
	for bad in '' nonsense listen 'listen 80' 'listen 0 1 1' \
		'listen 70000 1 1' 'listen 80 0 1' 'listen 80 1 0' \
		'listen 80 1 1 1' 'listening 0' 'listening 80 80' \
		time-wait 'time-wait 80' 'time-wait 0 1' \
		settled 'settled x' 'settled 600001' 'mark file' 'mark file x' \
		'mark file x 1x'; do
		# shellcheck disable=SC2086 # several arguments
		run -2 --separate-stderr await $bad
		# shellcheck disable=SC2154 # run sets it
		echo "$bad: $stderr"
		[[ -z $output && $stderr == *'usage: await '* ]]
	done
	run -2 await mark "$FILE" '' 1
	run -2 await mark "$FILE" "$(printf '%01025d' 0)" 1
}
