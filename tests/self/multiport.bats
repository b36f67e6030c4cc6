#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be
#
# multiport.bats - lab 02's model answer, and its starter, on the loopback of a
# network of their own, where every port is free. `make programs` comes first.

bats_require_minimum_version 1.5.0

load lab
load loopback

setup() {
	BEHIND=()
	SERVICES=()
	cd "$BATS_TEST_TMPDIR" || return
	MULTIPORT=$BUILD/solution/multiport
	make_network || skip "no network of one's own here"
}

# --- helpers -----------------------------------------------------------------

# serve ARG...: start the server behind the words of BEHIND, with SERVICES as
# services(5), and wait until it serves; what it says before is in $SAID.
serve() {
	printf '%s\n' "${SERVICES[@]-}" >services
	rm -f said
	mkfifo said
	# shellcheck disable=SC2016 # for the inner shell
	become unshare --mount sh -c 'mount --bind services /etc/services &&
		exec "$@"' sh "${BEHIND[@]}" "$MULTIPORT" "$@" >said 2>&1 &
	SERVER=$!
	PIDS+=("$SERVER")
	await_line serving
}

# greets PORT NAME RANGE [HOST [SHOWN]]: this line exactly, and then an echo.
# The client's own port is another each time, for the last is in TIME_WAIT.
greets() {
	local host=${4:-127.0.0.1}
	local shown=${5:-$host}
	FROM=$((${FROM:-20000} + 1))
	probe "source-port a $FROM" "connect a $host $1" \
		"expect-line a \"you reached $1 ($2, $3) from $shown:$FROM\"" \
		'exchange a bytes all' 'half-close a' 'expect-eof a'
}

# --- what it says ------------------------------------------------------------

@test "the line has port, name, range and peer, at the ranges' ends too" {
	SERVICES=('first 1/tcp' 'udp-only 1022/udp' 'last-low 1023/tcp'
		'name 49152/tcp alias' 'swapped 22811/tcp')
	serve 1 1022-1024 6489 last-low alias,49151 65535
	[ -z "$SAID" ]
	[ "$LINE" = "serving 8 ports" ]
	greets 1 first well-known
	greets 1022 - well-known
	greets 1023 last-low well-known
	greets 1024 - registered
	greets 6489 - registered
	greets 49151 - registered
	greets 49152 name dynamic
	greets 65535 - dynamic
	greets 1024 - registered ::1 '[::1]'
	stops_well
}

@test "with -b only there, IPv4 and IPv6" {
	# Tests that run in the background of a script ignore SIGINT.
	BEHIND=(env --default-signal=INT)
	serve -b 127.0.0.2 7000
	greets 7000 - registered 127.0.0.2 127.0.0.1
	probe 'expect-refused 127.0.0.1 7000'
	probe 'expect-refused ::1 7000'
	stops_well INT
	serve -b ::1 7000
	greets 7000 - registered ::1 '[::1]'
	probe 'expect-refused 127.0.0.1 7000'
	stops_well
}

@test "ports that cannot be had are reported, the others are served" {
	inside setpriv --bounding-set -net_bind_service true ||
		skip "no setpriv that can do this"
	serve 7003
	local first=$SERVER
	BEHIND=(setpriv --bounding-set -net_bind_service)
	serve 80 7002-7004
	[ "$SAID" = "multiport: port 80: permission denied
multiport: port 7003: address already in use
" ]
	[ "$LINE" = "serving 2 ports" ]
	greets 7002 - registered
	greets 7004 - registered
	stops_well
	run -1 inside "$MULTIPORT" 7003
	[ "${lines[0]}" = "multiport: port 7003: address already in use" ]
	[ "${lines[1]}" = "multiport: no port could be had" ]
	run -1 inside "$MULTIPORT" -b 192.0.2.1 7004
	[ "${lines[0]}" = \
		"multiport: port 7004: cannot assign requested address" ]
	kill "$first"
}

@test "wrong arguments: a sentence, the usage and status 2" {
	local args
	for args in "" "-b" "-b 127.0.0.1" "-b localhost 7000" "-x 7000" 0 \
		65536 7010-7001 7000- 7000,,7001 80x -7000 "7000 nosuchname"; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 inside "$MULTIPORT" $args
		[[ $output == *"usage: multiport [-b ADDR] SPEC..." ]]
	done
	run -2 inside "$MULTIPORT" ''
}

# --- clients -----------------------------------------------------------------

@test "silent, slow, deaf and rude clients delay nobody" {
	serve 7000-7003
	probe 'connect silent 127.0.0.1 7000' 'connect deaf 127.0.0.1 7001' \
		'expect-line deaf' 'fill deaf' 'connect rude 127.0.0.1 7002' 'reset rude' \
		'clients 50 c 127.0.0.1 7001' 'each c reverse expect-line' \
		'each c reverse exchange random 1000' \
		'connect late 127.0.0.1 7000' 'expect-line late' \
		'pump late random 8388608' 'half-close late' \
		'expect-eof late' \
		'expect deaf echo' 'half-close deaf' \
		'expect-eof deaf' 'each c random close' \
		'expect-line silent' 'exchange silent "hello"'
	[ "$(find "/proc/$SERVER/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
	[ -z "$(cat "/proc/$SERVER/task/$SERVER/children")" ]
	stops_well
}

@test "it ends while clients are silent and deaf" {
	serve 7000
	in_the_background 'connect silent 127.0.0.1 7000' \
		'connect deaf 127.0.0.1 7000' 'fill deaf' 'say ready' \
		'wait-input'
	stops_well
}

@test "a hundred clients leave no descriptor behind" {
	serve 7000-7009
	local before
	before=$(descriptors)
	probe 'repeat 50' 'connect a 127.0.0.1 7000' 'expect-line a' \
		'connect b 127.0.0.1 7009' 'reset b' 'half-close a' \
		'expect-eof a' 'close a' end
	greets 7005 - registered
	eventually has_descriptors "$before"
	stops_well
}

@test "thousands of ports and of clients" {
	local most ports clients port
	most=$(ulimit -Hn)
	((most >= 4096)) || skip "no more than $most descriptors here"
	ports=$((most > 13000 ? 10000 : most / 2))
	clients=$((most > 13000 ? 2000 : most / 3))
	serve "10001-$((10000 + ports))"
	[ "$LINE" = "serving $ports ports" ]
	# No more at once to one port than wait in its backlog.
	local -a crowd=()
	for ((port = 10000 + ports; clients > 0; port--, clients -= 100)); do
		crowd+=("clients 100 c$port. 127.0.0.1 $port"
			"each c$port. reverse expect-line")
	done
	probe "${crowd[@]}" "each c$((10000 + ports)). random exchange \"x\"" \
		'connect a 127.0.0.1 10001' 'expect-line a' \
		'pump a random 100000'
	greets 10002 - registered
	stops_well
}

# --- the limit of descriptors ------------------------------------------------

@test "at the descriptor limit it waits, and goes on when it can" {
	SERVICES=('seven 7001/tcp')
	BEHIND=(prlimit --nofile=24:24)
	serve 7000-7001
	# 3 standard streams, 2 listeners, so 19 clients have room.
	in_the_background 'clients 30 c 127.0.0.1 7000' 'source-port d 20001' \
		'connect d 127.0.0.1 7001' 'say ready' 'wait-input' 'close c1' \
		'expect-line d "you reached 7001 (seven, registered) from 127.0.0.1:20001"' \
		'exchange d "hello"' 'say served'
	eventually [ -e "/proc/$SERVER/fd/23" ]
	local before
	before=$(ticks)
	read -r -t 1 _ <> <(:) || true
	(($(ticks) - before < 20))
	echo >&"$GO"
	has_told served
	stops_well
	[ "$REST" = "multiport: accept: Too many open files" ]
}

@test "more ports than descriptors: some are left to clients" {
	BEHIND=(prlimit --nofile=24:24)
	serve 7000-7050
	[[ $SAID == "multiport: port "*": too many open files"* ]]
	greets 7000 - registered
	stops_well
}

# --- under instruments -------------------------------------------------------

conversation() {
	probe 'connect a 127.0.0.1 7000' 'expect-line a' 'fill a' \
		'connect b 127.0.0.1 7002' 'expect-line b' \
		'pump b random 300000' 'reset b' \
		'clients 20 c 127.0.0.1 7001' 'each c random expect-line' \
		'each c random pump random 3001' 'each c random close' \
		'expect a echo' 'half-close a' 'expect-eof a'
	probe 'connect a 127.0.0.1 7000' 'fill a' 'say full'
}

@test "faults injected into its calls lose nothing" {
	inside "$BUILD/test/chaos" -o /dev/null true ||
		skip "no right to watch system calls here"
	local kinds=short-read,short-write,eintr,econnaborted,emfile seed
	for seed in 1 2 3; do
		BEHIND=("$BUILD/test/chaos" -s "$seed" -f "$kinds" -o report)
		serve 7000-7002
		conversation
		stops_well
		[[ $(<report) == *'"emfile":'[1-9]* ]]
	done
}

@test "the sanitizers are silent" {
	MULTIPORT=$BUILD/asan/solution/multiport
	[ -x "$MULTIPORT" ] || skip "not built with sanitizers"
	serve 7000-7002
	conversation
	stops_well
	[ -z "$REST" ]
}

@test "valgrind is silent" {
	needs valgrind
	BEHIND=(valgrind -q --leak-check=full --error-exitcode=99)
	serve 7000-7002
	conversation
	stops_well
	[ -z "$REST" ]
}

# --- the starter -------------------------------------------------------------

@test "the starter ends with a sentence on what is to be written" {
	grep -q 'todo(1,' "$ROOT/labs/02-multiport/multiport.c" ||
		skip "here somebody has begun to solve it"
	run -1 inside "$BUILD/bin/multiport" 7000
	[[ $output == "multiport: step 1 is still to be written: "* ]]
}
