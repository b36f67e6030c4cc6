#!/usr/bin/env bats
#
# net.bats - the unit tests of the helper library, common/net.c and cli.c
#
# Each test of net_test and cli_test is a test here, in a process of its own;
# then all of them once more under the sanitizers and under valgrind.
#
# Next: net_test.c, cli_test.c, check.h.

bats_require_minimum_version 1.5.0

LIMIT_S=60  # for a test that hangs; the slowest takes 0.4 s, 2 s by valgrind
SKIPPED=77  # exit status of a test, as in check.h
VALGRIND=99 # exit status by which valgrind tells that it found an error

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BIN=${PORTLAB_BUILD:-$ROOT/build}/test
	LOG=$BATS_TEST_TMPDIR/log
}

# limited COMMAND...: end it when it hangs. Without the descriptors of bats: a
# child that outlived its test and held them would keep bats waiting.
limited() {
	timeout -k 5 "$LIMIT_S" "$@" 2>&1 3>&- 4>&- 10>&-
}

# check PROGRAM TEST: run one test as a test of bats.
check() {
	local status=0 output

	output=$(limited "$BIN/$1" "$2") || status=$?
	if [ "$status" -eq "$SKIPPED" ]; then
		skip "${output#skip: }"
	fi
	printf '%s\n' "$output"
	return "$status"
}

net() {
	check net_test "$1"
}

cli() {
	check cli_test "$1"
}

# check_all FOLDER RUNNER: run every test of the programs in FOLDER by RUNNER;
# fail if one fails, or if anything has something to say.
check_all() {
	local program names name output status failed=0

	for program in net_test cli_test; do
		names=$("$1/$program")
		for name in $names; do
			status=0
			output=$("$2" "$1/$program" "$name") || status=$?
			if [ "$status" -eq "$SKIPPED" ]; then
				echo "# $program $name: $output" >&3
			elif [ "$status" -ne 0 ] || [ -n "$output" ]; then
				printf '%s %s: status %d\n%s\n' "$program" \
					"$name" "$status" "$output"
				failed=1
			fi
		done
	done
	return "$failed"
}

# left_open FILE: what a report of valgrind tells about descriptors that were
# not open from the start.
left_open() {
	awk '/ Open / { what = $0; next }
		what && !/<inherited from parent>/ { print what; print }
		{ what = "" }' "$1"
}

# by_valgrind PROGRAM TEST. Children are silent, for some end in the midst of
# things by design; an error in one still changes its exit status.
by_valgrind() {
	local status=0

	if [[ $2 == descriptors-exhausted || $2 == descriptor-limit ]]; then
		echo "skip: valgrind has a limit of descriptors of its own"
		return "$SKIPPED"
	fi
	limited valgrind --quiet --error-exitcode="$VALGRIND" \
		--leak-check=full --track-fds=yes --child-silent-after-fork=yes \
		--log-file="$LOG" "$@" || status=$?
	if [ "$status" -ne 0 ] && [ "$status" -ne "$SKIPPED" ]; then
		cat "$LOG"
	fi
	left_open "$LOG"
	return "$status"
}

@test "net.bats has every test of the two programs" {
	local prefix

	for prefix in net cli; do
		diff <("$BIN/${prefix}_test") \
			<(sed -n "s/^\t$prefix //p" "$BATS_TEST_FILENAME")
	done
}

@test "a test program refuses a name that it does not know" {
	run -2 "$BIN/net_test" no-such-test
	run -2 "$BIN/cli_test" no-such-test
}

@test "net: deadlines are monotonic, saturate and round up" {
	net deadline
}

@test "net: a wait ends with readiness or at its deadline" {
	net wait
}

@test "net: signals neither end a wait nor put off its deadline" {
	net wait-interrupted
}

@test "net: endpoints are parsed strictly and written back the same" {
	net endpoint-parse
}

@test "net: an endpoint of an address and a port" {
	net endpoint-make
}

@test "net: IPv4-mapped is shown as IPv4, a short buffer is cut" {
	net endpoint-format
}

@test "net: endpoints are equal across IPv4-mapped" {
	net endpoint-equal
}

@test "net: the port of an endpoint is read and set" {
	net endpoint-port
}

@test "net: both ends see one four-tuple" {
	net tuple
}

@test "net: a port is digits within the range, nothing else" {
	net port-parse
}

@test "net: a list of ports keeps its order and has none twice" {
	net ports-parse
}

@test "net: lists of ports add up" {
	net ports-add
}

@test "net: a bad list of ports is refused, with the reason" {
	net ports-parse-refused
}

@test "net: service names are found both ways" {
	net service
}

@test "net: names and numbers resolve to TCP endpoints" {
	net resolve
}

@test "net: a service that is no port is EAI_SERVICE" {
	net resolve-service
}

@test "net: a resolver that fails leaves nothing behind" {
	net resolver-fails
}

@test "net: a listener is non-blocking, close-on-exec, alone on its port" {
	net listen
}

@test "net: no two listeners share a port that the kernel chose" {
	net listen-unique
}

@test "net: a port can be listened on again despite TIME_WAIT" {
	net listen-again
}

@test "net: one listener serves IPv6 and IPv4" {
	net listen-dual-stack
}

@test "net: with IPv6 switched off it serves IPv4" {
	net ipv6-disabled
}

@test "net: without IPv6 in the kernel it is an IPv4 listener" {
	net ipv6-absent
}

@test "net: accept gives a blocking, close-on-exec socket, or EAGAIN" {
	net accept
}

@test "net: a client that resets before accept harms nobody else" {
	net accept-after-reset
}

@test "net: accept passes over lost connections, but not for ever" {
	net accept-bounded
}

@test "net: out of descriptors: EMFILE, nothing lost, none leaked" {
	net descriptors-exhausted
}

@test "net: connect gives a blocking, close-on-exec socket" {
	net connect
}

@test "net: a port where nothing listens is refused" {
	net connect-refused
}

@test "net: silence ends at the deadline, despite signals" {
	net connect-timeout
}

@test "net: without a route the network is unreachable" {
	net connect-unreachable
}

@test "net: a socket connected to itself is refused" {
	net connect-self
}

@test "net: every errno of connect has its verdict" {
	net verdict
}

@test "net: reading keeps its deadline, blocking socket or not; EOF is 0" {
	net read
}

@test "net: signals neither end a read nor put off its deadline" {
	net read-interrupted
}

@test "net: after a half-close the other direction goes on" {
	net half-close
}

@test "net: a peer that resets is ECONNRESET" {
	net reset
}

@test "net: a full read tells EOF, deadline and all apart" {
	net read-full
}

@test "net: a full read and write end at the deadline, whatever is ready" {
	net full-late
}

@test "net: a full write gets everything across, despite signals" {
	net write-full
}

@test "net: a peer that does not read holds up to the deadline" {
	net write-timeout
}

@test "net: how much of what was written the peer has not taken" {
	net untaken
}

@test "net: writing to a lost peer is EPIPE, no signal" {
	net write-no-sigpipe
}

@test "net: pipes keep deadlines as well" {
	net pipe
}

@test "net: lines end with LF or CRLF and may hold NUL bytes" {
	net lines
}

@test "net: a line may come in pieces; EOF within one is EBADMSG" {
	net lines-split
}

@test "net: a line that is too long is EMSGSIZE, and not skipped" {
	net lines-too-long
}

@test "net: lines lie across the end of the buffer" {
	net lines-many
}

@test "net: a reset ends the lines with ECONNRESET" {
	net lines-reset
}

@test "net: the limit of descriptors is raised to what is allowed" {
	net descriptor-limit
}

@test "net: a descriptor is made non-blocking and blocking" {
	net nonblocking
}

@test "cli: usage is one line and status 2" {
	cli usage
}

@test "cli: a usage error says what is wrong, then the usage" {
	cli usage-error
}

@test "cli: die is one write and status 1" {
	cli die
}

@test "cli: warnings and logs are one write each and keep errno" {
	cli warn-and-log
}

@test "cli: a message that is too long is cut, and still a line" {
	cli long
}

@test "cli: a closed stderr harms nothing" {
	cli stderr-closed
}

@test "cli: output that cannot be written is an error, also if it was before" {
	cli flush
}

@test "cli: a bad port on the command line is a usage error" {
	cli port
}

@test "cli: a bad list of ports or address is a usage error" {
	cli ports
}

@test "cli: a wait ends when the descriptor is ready" {
	cli wait-ready
}

@test "cli: SIGTERM and SIGINT end it, before and during the wait" {
	cli wait-stopped
}

@test "cli: the mask lets them into a ppoll of one's own" {
	cli wait-mask
}

@test "cli: waiting has a deadline" {
	cli wait-until
}

@test "cli: a wait on a closed descriptor is fatal" {
	cli wait-closed
}

@test "cli: a SIGINT that was ignored stays ignored" {
	cli int-ignored
}

@test "cli: signals may kill it from then on, but not a SIGINT ignored before" {
	cli let-kill
}

@test "cli: other signals do not end a wait" {
	cli other-signal
}

@test "cli: SIGPIPE is ignored" {
	cli sigpipe
}

@test "all of them under the address and undefined behaviour sanitizers" {
	[[ -x $BIN/../asan/test/net_test ]] || skip "not built with sanitizers"
	check_all "$BIN/../asan/test" limited
}

@test "all of them under valgrind" {
	if ! command -v valgrind >&2; then
		skip "valgrind is not installed"
	fi
	check_all "$BIN" by_valgrind
}
