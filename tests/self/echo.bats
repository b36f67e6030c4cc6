#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be
#
# echo.bats - lab 01's model answers, and its starters, as plain processes on
# loopback. `make programs` comes first. The kernel chooses every port; every
# wait is for a line or for an end, with a deadline that only a hang exceeds.

load lab
bats_require_minimum_version 1.5.0

PATIENCE_S=60

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${PORTLAB_BUILD:-$ROOT/build}
	BLOB=$BATS_FILE_TMPDIR/8MiB
	export ROOT BUILD BLOB
	head -c 8388608 /dev/urandom >"$BLOB"
}

setup() {
	SOLUTION=$BUILD/solution
	PEER=$BUILD/test/echo_peer
	PIDS=()
	FDS=()
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	kill_children "${PIDS[@]}"
}

# --- helpers -----------------------------------------------------------------

# What a program must not inherit: bats' own descriptors and our fifos, for
# then nobody who reads one would see its end. Then become the program.
become() {
	local fd
	for fd in "${FDS[@]}"; do
		exec {fd}>&-
	done
	exec "$@" 3>&- 4>&- 10>&-
}

# start NAME COMMAND...: run it in the background, as NAME in what follows. Its
# stdin is a fifo that $NAME_in writes to; `line NAME` reads what it prints.
start() {
	local name=$1 in out
	shift
	mkfifo "$name.in" "$name.out"
	become "$@" <"$name.in" >"$name.out" 2>&1 &
	PIDS+=("$!")
	printf -v "${name}_pid" %s "$!"
	exec {in}>"$name.in" {out}<"$name.out"
	printf -v "${name}_in" %s "$in"
	printf -v "${name}_out" %s "$out"
	FDS+=("$in" "$out")
}

# The next line that NAME prints, into $LINE.
line() {
	local out=${1}_out
	if ! IFS= read -r -t "$PATIENCE_S" LINE <&"${!out}"; then
		echo "$1 has not printed a line"
		return 1
	fi
	echo "$1: $LINE"
}

# Close the stdin of NAME.
end_input() {
	local in=${1}_in
	local fd=${!in}
	exec {fd}>&-
}

# Wait until NAME ends: its status in $STATUS, what it still printed in $REST.
ended() {
	local out=${1}_out pid=${1}_pid
	if ! REST=$(timeout "$PATIENCE_S" tr -d '\0' <&"${!out}"); then
		echo "$1 does not end"
		return 1
	fi
	STATUS=0
	wait "${!pid}" 2>/dev/null || STATUS=$?
	echo "$1 ended with status $STATUS: $REST"
}

# Ask NAME to end by signal SIGNAL, and see that it does.
stop() {
	local pid=${1}_pid
	kill -s "${2:-TERM}" "${!pid}"
	ended "$1"
}

# serve [OPTIONS]: start the server, with its port in $PORT.
serve() {
	start server "$SOLUTION/echo_server" "$@" 0
	line server
	[[ $LINE == "listening on "*:* ]]
	PORT=${LINE##*:}
}

# client [HOST]: the client, in the foreground, with a time limit.
client() {
	timeout "$PATIENCE_S" "$SOLUTION/echo_client" "${1:-127.0.0.1}" "$PORT"
}

# The server still serves, and ends as it should.
serves_and_stops() {
	[ "$(echo "still there" | client 2>client.err)" = "still there" ]
	stop server
	[ "$STATUS" -eq 0 ]
}

# A server that does NAME's verb, in $PORT.
peer_serves() {
	start peer "$PEER" "$1"
	line peer
	PORT=$LINE
}

# A port at which nothing listens, in $PORT.
free_port() {
	serve
	stop server
}

descriptors() {
	find "/proc/${server_pid:?}/fd" -type l | wc -l
}

# with_names "ADDRESS NAME" ... -- COMMAND: names of our own, and no DNS.
with_names() {
	local user=()
	[ "$(id -u)" -eq 0 ] || user=(--user --map-root-user)
	: >hosts
	while [ "$1" != -- ]; do
		echo "$1" >>hosts
		shift
	done
	shift
	echo "hosts: files" >nsswitch.conf
	unshare "${user[@]}" --mount sh -c '
		mount --bind hosts /etc/hosts &&
		mount --bind nsswitch.conf /etc/nsswitch.conf || exit 125
		exec "$@"' sh timeout "$PATIENCE_S" "$@"
}

need_names() {
	with_names -- true 2>/dev/null ||
		skip "no mount namespace of one's own here"
}

need_ipv6() {
	grep -qs ' lo$' /proc/net/if_inet6 ||
		skip "no IPv6 on loopback here"
}

# --- the server --------------------------------------------------------------

@test "server: echoes text, and then ends the connection" {
	serve
	[ "$(echo "hello, world" | client)" = "hello, world" ]
	serves_and_stops
}

@test "server: echoes nothing when nothing is sent" {
	serve
	[ -z "$(client </dev/null)" ]
	serves_and_stops
}

@test "server: echoes every byte value" {
	local i
	for ((i = 0; i < 256; i++)); do
		printf '%b' "\\x$(printf %02x "$i")"
	done >bytes
	[ "$(wc -c <bytes)" -eq 256 ]
	serve
	client <bytes >got
	cmp got bytes
	serves_and_stops
}

@test "server and client: 8 MiB both ways at once" {
	serve
	client <"$BLOB" >got
	cmp got "$BLOB"
	serves_and_stops
}

@test "server: with -b only there, without it everywhere" {
	serve -b 127.0.0.1
	[ "$(echo one | client 127.0.0.1)" = one ]
	run ! client 127.0.0.2 <<<two
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "server: -b with an IPv6 address" {
	need_ipv6
	serve -b ::1
	[[ $LINE == "listening on [::1]:"* ]]
	[ "$(echo six | client ::1)" = six ]
	run ! client 127.0.0.1 <<<four
}

@test "server: serves IPv4 and IPv6 without -b" {
	need_ipv6
	serve
	[[ $LINE == "listening on [::]:"* ]]
	[ "$(echo six | client ::1)" = six ]
	[ "$(echo four | client 127.0.0.1)" = four ]
	line server
	[[ $LINE == "client [::1]:"* ]]
	line server
	[[ $LINE == "client 127.0.0.1:"* ]]
}

@test "server: one that half-closed in the backlog gets its echo" {
	serve
	start first "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line first
	line server
	start second "$PEER" halfclose 127.0.0.1 "$PORT"
	line second
	[ "$LINE" = half-closed ]
	end_input first
	ended first
	[ "$STATUS" -eq 0 ]
	line second
	[ "$LINE" = "a line" ]
	ended second
	[ "$STATUS" -eq 0 ]
	serves_and_stops
}

@test "server: a client's RST does not end it" {
	serve
	"$PEER" reset 127.0.0.1 "$PORT"
	serves_and_stops
	[[ $REST == *"Connection reset by peer"* ]]
}

@test "server: a client that is killed does not end it" {
	serve
	start victim "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line victim
	stop victim KILL
	[ "$STATUS" -eq 137 ]
	serves_and_stops
}

@test "server: a hundred clients leave no descriptor behind" {
	serve
	"$PEER" many 127.0.0.1 "$PORT"
	local before
	before=$(descriptors)
	"$PEER" many 127.0.0.1 "$PORT"
	# The last client may not have been closed yet: one more turn of it.
	echo | client
	[ "$(descriptors)" -le "$before" ]
	serves_and_stops
}

@test "server: SIGTERM and SIGINT end it, with status 0" {
	serve
	stop server TERM
	[ "$STATUS" -eq 0 ]
	# A background job of a script ignores SIGINT: give it back.
	rm server.in server.out
	start server env --default-signal=INT "$SOLUTION/echo_server" 0
	line server
	stop server INT
	[ "$STATUS" -eq 0 ]
}

@test "server: SIGTERM ends it while a client is connected" {
	serve
	start idle "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line idle
	line server
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "server: SIGTERM ends it while a client does not read" {
	serve
	start deaf "$PEER" deaf 127.0.0.1 "$PORT"
	line deaf
	[ "$LINE" = full ]
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "server: a client that reads late gets every byte" {
	serve
	start deaf "$PEER" deaf 127.0.0.1 "$PORT"
	line deaf
	[ "$LINE" = full ]
	end_input deaf
	ended deaf
	[ "$STATUS" -eq 0 ]
	serves_and_stops
}

@test "server: out of descriptors it waits, and serves when it can" {
	start server prlimit --nofile=4:64 "$SOLUTION/echo_server" 0
	line server
	PORT=${LINE##*:}
	local i from
	# Lines may be read long after they were written, but not before.
	from=$(date +%s%N)
	start late "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line late
	for i in 1 2 3 4 5 6; do
		line server
		[[ $LINE == "echo_server: accept: Too many open files" ]]
	done
	# It pauses, 100 ms each time: a spin would take microseconds.
	(($(date +%s%N) - from > 450000000))
	prlimit --pid "$server_pid" --nofile=64:64
	echo "at last" >&"${late_in:?}"
	line late
	[ "$LINE" = "at last" ]
	end_input late
	ended late
	serves_and_stops
}

@test "server: ECONNABORTED and EINTR lose nothing" {
	needs strace
	serve
	start tracer strace -p "$server_pid" -o trace -e trace=accept4,read,write \
		-e inject=accept4:error=ECONNABORTED:when=1..2 \
		-e inject=read,write:error=EINTR:when=1+2
	line tracer
	[[ $LINE == *" attached" ]] || skip "strace may not attach: $LINE"
	client <"$BLOB" >got
	cmp got "$BLOB"
	serves_and_stops
	grep -q 'accept4.*ECONNABORTED.*INJECTED' trace
	grep -q 'read.*EINTR.*INJECTED' trace
	grep -q 'write.*EINTR.*INJECTED' trace
}

@test "server: a port in use, one line and status 1" {
	serve
	run -1 timeout "$PATIENCE_S" "$SOLUTION/echo_server" "$PORT"
	local said="echo_server: cannot listen on port $PORT"
	[ "$output" = "$said: Address already in use" ]
	run -1 timeout "$PATIENCE_S" "$SOLUTION/echo_server" -b 127.0.0.1 "$PORT"
	[ "$output" = "$said of 127.0.0.1: Address already in use" ]
}

@test "server: no permission for port 80, one line and status 1" {
	[ "$(sysctl -n net.ipv4.ip_unprivileged_port_start)" -gt 80 ] ||
		skip "port 80 is open to everybody here"
	local drop=()
	if [ "$(id -u)" -eq 0 ]; then
		drop=(setpriv --bounding-set -net_bind_service)
	fi
	run -1 timeout "$PATIENCE_S" "${drop[@]}" "$SOLUTION/echo_server" 80
	[ "$output" = "echo_server: cannot listen on port 80: Permission denied" ]
}

@test "server: wrong arguments, usage and status 2" {
	local args
	for args in "" "70000" "-1" "80x" "7 8" "-b" "-b 127.0.0.1" "-x 7" \
		"-b localhost 7" "-b 1.2.3 7"; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 timeout "$PATIENCE_S" "$SOLUTION/echo_server" $args
		[[ $output == *"usage: echo_server [-b ADDR] PORT" ]]
	done
}

# --- the client --------------------------------------------------------------

@test "client: prints the four-tuple that the server sees" {
	serve
	echo hello | client 2>err >out
	line server
	local low high port
	read -r low high </proc/sys/net/ipv4/ip_local_port_range
	port=${LINE##*:}
	[ "$(cat err)" = "connected 127.0.0.1:$port -> 127.0.0.1:$PORT" ]
	[ "$port" -ge "$low" ]
	[ "$port" -le "$high" ]
}

@test "client: prints each answer when it comes" {
	serve
	start talker "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line talker
	local word
	for word in one two three; do
		echo "$word" >&"${talker_in:?}"
		line talker
		[ "$LINE" = "$word" ]
	done
	end_input talker
	ended talker
	[ "$STATUS" -eq 0 ]
}

@test "client: 8 MiB to a server that has little room" {
	peer_serves narrow
	client <"$BLOB" >got
	cmp got "$BLOB"
	ended peer
	[ "$STATUS" -eq 0 ]
}

@test "client: refused, says so, status 1" {
	free_port
	run -1 client
	[ "${lines[0]}" = "echo_client: 127.0.0.1:$PORT: Connection refused" ]
	[ "${lines[1]}" = "echo_client: cannot connect to 127.0.0.1, port $PORT" ]
}

@test "client: tries every address of a name" {
	need_ipv6
	need_names
	serve -b 127.0.0.1
	run -0 with_names "::1 many" "127.0.0.1 many" -- \
		"$SOLUTION/echo_client" many "$PORT" </dev/null
	[ "${lines[0]}" = "echo_client: [::1]:$PORT: Connection refused" ]
	[[ ${lines[1]} == "connected 127.0.0.1:"*" -> 127.0.0.1:$PORT" ]]
	stop server
	run -1 with_names "::1 many" "127.0.0.1 many" -- \
		"$SOLUTION/echo_client" many "$PORT" </dev/null
	[ "${lines[0]}" = "echo_client: [::1]:$PORT: Connection refused" ]
	[ "${lines[1]}" = "echo_client: 127.0.0.1:$PORT: Connection refused" ]
	[ "${lines[2]}" = "echo_client: cannot connect to many, port $PORT" ]
}

@test "client: a name that does not resolve, status 1" {
	need_names
	run -1 with_names "::1 known" -- "$SOLUTION/echo_client" unknown 7
	[ "$output" = "echo_client: unknown: Name or service not known" ]
}

@test "client: the server closes first, status 1" {
	peer_serves close
	start open "$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	ended open
	[ "$STATUS" -eq 1 ]
	[[ $REST == *"echo_client: the server closed before the input had ended" ]]
}

@test "client: a byte is lost, status 1" {
	peer_serves drop
	run -1 client <<<hello
	[[ $output == *"helloecho_client: sent 6 bytes, but 5 came back" ]]
}

@test "client: the connection is reset, status 1" {
	peer_serves cut
	run -1 client <"$BLOB"
	[[ $output == *"echo_client: "*"Connection reset by peer"* ||
		$output == *"echo_client: "*"Broken pipe"* ]]
}

@test "client: stdin or stdout is closed, a sentence and status 1" {
	serve
	without_stdin() { client <&-; }
	without_stdout() { client 2>&1 >&- <<<hello; }
	run -1 without_stdin
	[[ $output == *"echo_client: standard input: Bad file descriptor" ]]
	run -1 without_stdout
	[[ $output == *"echo_client: standard output: Bad file descriptor" ]]
	serves_and_stops
}

@test "client: nobody reads its stdout, a sentence and status 1" {
	serve
	# shellcheck disable=SC2016 # for the inner shell
	start talker bash -c 'exec "$0" "$@" 3>&1 1> >(exec true) 2>&3' \
		"$SOLUTION/echo_client" 127.0.0.1 "$PORT"
	line talker
	cat "$BLOB" >&"${talker_in:?}" || true
	ended talker
	[ "$STATUS" -eq 1 ]
	[[ $REST == *"echo_client: standard output: Broken pipe" ]]
	serves_and_stops
}

@test "client: SIGTERM and SIGINT end it while it connects" {
	local signal
	peer_serves backlog
	line peer
	[ "$LINE" = full ]
	for signal in TERM INT; do
		# A background job of a script ignores SIGINT: give it back.
		start "stuck$signal" env --default-signal=INT \
			"$SOLUTION/echo_client" 127.0.0.1 "$PORT"
		# State 02 is SYN-SENT; there is no line to wait for.
		local until=$((SECONDS + PATIENCE_S)) remote
		remote=$(printf '0100007F:%04X 02' "$PORT")
		until grep -q "$remote" /proc/net/tcp; do
			((SECONDS < until))
		done
		stop "stuck$signal" "$signal"
		[ "$STATUS" -gt 128 ]
	done
}

@test "client: wrong arguments, usage and status 2" {
	local args
	for args in "" "localhost" "localhost 70000" "localhost 0" \
		"localhost http" "localhost 7 8"; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 timeout "$PATIENCE_S" "$SOLUTION/echo_client" $args
		[[ $output == *"usage: echo_client HOST PORT" ]]
	done
}

# --- under instruments -------------------------------------------------------

# A conversation of every kind, and its end; the server is running.
conversation() {
	client <"$BLOB" >got 2>err
	cmp got "$BLOB"
	"$PEER" reset 127.0.0.1 "$PORT"
	"$PEER" many 127.0.0.1 "$PORT"
	start deaf "$PEER" deaf 127.0.0.1 "$PORT"
	line deaf
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "sanitizers are silent" {
	SOLUTION=$BUILD/asan/solution
	[[ -x $SOLUTION/echo_server ]] || skip "not built with sanitizers"
	serve
	conversation
	[[ $REST != *"Sanitizer"* && $REST != *"runtime error"* ]]
	run ! grep -e Sanitizer -e "runtime error" err
	run -1 client </dev/null
	[[ $output == *"cannot connect"* && $output != *Sanitizer* ]]
}

@test "valgrind is silent" {
	needs valgrind
	local check=(valgrind -q --leak-check=full --error-exitcode=99)
	start server "${check[@]}" "$SOLUTION/echo_server" 0
	line server
	PORT=${LINE##*:}
	timeout 300 "${check[@]}" "$SOLUTION/echo_client" 127.0.0.1 "$PORT" \
		<"$BLOB" >got
	cmp got "$BLOB"
	conversation
}

# --- the starters ------------------------------------------------------------

@test "starters: end with a sentence on what is to be written" {
	grep -q 'todo(1,' "$ROOT/labs/01-echo/echo_server.c" &&
		grep -q 'todo(1,' "$ROOT/labs/01-echo/echo_client.c" ||
		skip "here somebody has begun to solve them"
	run -1 timeout "$PATIENCE_S" "$BUILD/bin/echo_server" 0
	[[ $output == "echo_server: step 1 is still to be written: "* ]]
	run -1 timeout "$PATIENCE_S" "$BUILD/bin/echo_client" 127.0.0.1 9
	[[ $output == "echo_client: step 1 is still to be written: "* ]]
}
