#!/usr/bin/env bats
#
# 01-echo.bats - what an echo server and its client have to do. Each test is a
# check of labs/01-echo/checks.tsv; the words are those of tests/check/. To be
# run by: make check LAB=01

load check/grader

SERVER=echo_server
CLIENT=echo_client

values() {
	# One client, who comes, has something echoed, and goes.
	VISIT=("connect a $SERVER4 $PORT" 'exchange a "hello\n"' 'close a')
}

# The client fails when its server, after LINE..., has echoed too little.
ends_early() { # PORT KIND-OF-INPUT LINE...
	"$2" "hello from port $1"
	echo "hello from port $1" >"$HERE/line"
	peer_listens_at "$SERVER4" "$1" "${@:3}"
	start client "$CLIENT" host="$SERVER4" port="$1"
	must_end
	peer_end
	status_is 1
}

# All has come back, but the server has not closed.
waits_for_the_end() {
	must_run || {
		diagnose "That as many bytes have come back as were sent does not" \
			"say that no more will come: read() does, by 0."
		return 1
	}
}

# --- it compiles -------------------------------------------------------------

@test "builds: echo_server compiles" {
	compiles echo_server
}

@test "client-builds: echo_client compiles" {
	compiles echo_client
}

@test "warnings: both compile without a warning" {
	no_warnings
}

# --- step 1: a server that listens -------------------------------------------

@test "listens: listens on the port it is given, over IPv4" {
	serve
	peer "connect a $SERVER4 $PORT"
}

@test "ipv6: listens over IPv6, too" {
	serve
	listens "$PORT" "$LISTEN_MS" "$SERVER6"
	peer "connect a $SERVER6 $PORT"
}

@test "address: with -b listens at that address and nowhere else" {
	serve addr="$SERVER4"
	listens_only_at "$SERVER4 $PORT"
	peer "expect-refused $SERVER6 $PORT" "connect a $SERVER4 $PORT"
}

# --- step 2: the echo --------------------------------------------------------

@test "echo-text: sends back what it was sent" {
	serve
	peer "connect a $SERVER4 $PORT" 'send a "hello, "' 'expect a echo' \
		"send a \"port $PORT\n\"" 'expect a echo'
}

@test "every-byte: sends back every byte value, NUL among them" {
	serve
	peer "connect a $SERVER4 $PORT" 'send a bytes all' 'expect a echo' \
		'dribble a random 100' 'expect a echo'
}

@test "fin: ends with FIN, not RST, when the client has sent all" {
	serve
	peer "connect a $SERVER4 $PORT" 'exchange a "hello\n"' 'half-close a' \
		'expect-eof a'
	wire
	shows server FIN
	shows_no server RST
}

@test "half-close: sends the rest after the client's half-close" {
	serve
	large_input 9000 text
	signal STOP
	peer_begin client "connect a $SERVER4 $PORT" "send a file $INPUT" \
		'half-close a' 'say sent' 'wait-input' 'expect a echo'
	peer_says sent
	signal CONT
	peer_go_on
	peer_end
}

@test "next-client: serves the next client, and the one after" {
	serve
	peer 'repeat 3' "${VISIT[@]}" 'end'
	must_run
}

@test "large: sends back 8 MiB in odd pieces, both ways at once" {
	serve
	peer "connect a $SERVER4 $PORT" \
		'pump a random 8388608 pieces 60001 within 20000'
}

# --- step 3: a server that nothing ends --------------------------------------

@test "client-reset: goes on after a client's RST" {
	serve
	peer "connect a $SERVER4 $PORT" 'exchange a "one"' 'reset a' \
		"connect b $SERVER4 $PORT" 'send b "unread"' 'reset b' \
		"connect c $SERVER4 $PORT" 'exchange c "two"'
	must_run
}

@test "client-killed: goes on after a client that is killed while bytes flow" {
	large_receive_buffers server
	serve
	signal STOP
	peer_begin client "connect a $SERVER4 $PORT" 'send a random 300000' \
		'say sent' 'wait-input'
	peer_says sent
	peer_killed
	signal CONT
	peer "${VISIT[@]}"
	must_run
}

@test "signals: goes on after it was stopped and continued" {
	serve
	peer_begin client "connect a $SERVER4 $PORT" 'exchange a "one"' \
		'say ready' 'wait-input' 'exchange a "two"'
	peer_says ready
	signal STOP
	signal CONT
	peer_go_on
	peer_end
	signal STOP
	signal CONT
	peer "${VISIT[@]}"
	must_run
}

@test "hundred: keeps no descriptor and no zombie of a hundred clients" {
	serve
	serves_without_leaving 3 100 "${VISIT[@]}"
}

@test "faults: loses nothing by short reads, short writes and EINTR" {
	with_chaos short-read,short-write,eintr
	serve
	peer "connect a $SERVER4 $PORT" 'exchange a bytes all' \
		'pump a random 400000 pieces 5003 within 20000'
}

@test "sigterm: ends within a second of SIGTERM, in mid-client" {
	serve
	peer_begin client "connect a $SERVER4 $PORT" 'exchange a "one"' \
		'say ready' 'wait-input'
	peer_says ready
	signal TERM
	must_end "$END_MS"
}

@test "port-in-use: a port in use is one clear line and a failure" {
	serve
	start server "$SERVER" port="$PORT"
	complains "in use|$PORT"
}

@test "bad-port: port 70000 is one clear line and a failure" {
	start server "$SERVER" port=70000
	complains 'port|70000'
	start server "$SERVER" port="${PORT}x"
	complains "port|${PORT}x"
}

@test "no-permission: port 80 is one clear line and a failure" {
	start server "$SERVER" port=80
	complains 'permission|denied|80'
}

@test "sanitizers: the sanitizers found nothing in the server" {
	DETECT_LEAKS=1
	serve
	peer "${VISIT[@]}"
	signal TERM
	job_wait "$EXIT_MS" || true
	sanitizers_silent "$SERVER"
}

# --- step 4: the client ------------------------------------------------------

@test "talks: sends its input, and prints what comes back" {
	input "hello from port $PORT"
	peer_listens "expect c file $INPUT" "send c \"it came to port $PORT\\n\"" \
		'expect-eof c' 'close c'
	start client "$CLIENT" host="$SERVER4" port="$PORT"
	must_end
	peer_end
	prints "it came to port $PORT"
	status_is 0
}

@test "tuple: says which four-tuple the connection has, as it is on the wire" {
	echoes_to "$SERVER4"
	wire
	says "connected $(syn_from) -> $(syn_to)"
}

@test "source-port: leaves its own port to the kernel" {
	ephemeral_ports $((33000 + PORT % 7919)) 40
	echoes_to "$SERVER4"
	wire
	ephemeral "$(syn_from)"
}

@test "client-large: 8 MiB there and back, every byte, without a deadlock" {
	large_input 8388608
	small_buffers
	model server "$SERVER" "$PORT"
	start client "$CLIENT" host="$SERVER4" port="$PORT"
	must_end 20000
	prints_its_input
	status_is 0
}

@test "client-eof: half-closes at the end of its input, and waits for the rest" {
	local line="hello from port $PORT"
	input "$line"
	peer_listens "expect c file $INPUT" 'expect-eof c' \
		"send c file $INPUT" 'say echoed' 'wait-input' 'close c'
	start client "$CLIENT" host="$SERVER4" port="$PORT"
	peer_says echoed
	may_print "$line"
	is_idle
	waits_for_the_end
	peer_go_on
	must_end
	peer_end
	prints_its_input
	status_is 0
	wire
	shows_no client RST
}

@test "refused: says so when nothing listens, and fails" {
	DETECT_LEAKS=1
	start client "$CLIENT" host="$SERVER4" port="$PORT"
	note port "$PORT"
	must_end
	says refused
	status_is 1
}

@test "addresses: tries every address of a name" {
	echoes_to server "$SERVER4"
	echoes_to server "$SERVER6" "$(port 2)"
}

@test "cut-off: fails when the server closes or resets too early" {
	ends_early "$PORT" endless_input "expect c file $HERE/line" 'close c'
	ends_early "$(port 2)" endless_input 'expect c 5 bytes' 'reset c'
	ends_early "$(port 3)" input 'expect-line c' 'expect-eof c' \
		'send c "half"' 'close c'
}

@test "client-faults: loses nothing by short reads, short writes and EINTR" {
	large_input 400000
	model server "$SERVER" "$PORT"
	with_chaos short-read,short-write,eintr
	start client "$CLIENT" host="$SERVER4" port="$PORT"
	must_end 20000
	prints_its_input
	status_is 0
}

@test "client-sanitizers: the sanitizers found nothing in the client" {
	DETECT_LEAKS=1
	echoes_to "$SERVER4"
	sanitizers_silent "$CLIENT"
}

# --- going further -----------------------------------------------------------

@test "accept-fails: goes on when accept() fails: ECONNABORTED, EMFILE" {
	with_chaos econnaborted,emfile "$SEED" 2
	serve
	peer 'repeat 4' "${VISIT[@]}" 'end'
	must_run
}

@test "sigterm-full: ends within a second of SIGTERM while a client does not read" {
	serve
	peer_begin client "connect a $SERVER4 $PORT" 'fill a 50' 'say full' \
		'wait-input'
	peer_says full
	signal TERM
	must_end "$END_MS"
}

@test "clean-end: its status is 0 when SIGTERM or SIGINT has ended it" {
	serve
	peer "${VISIT[@]}"
	signal TERM
	must_end "$END_MS"
	status_is 0
	# Who has served a client has all in place, what to do at signals, too.
	PORT=$(port 2)
	values
	serve
	peer "${VISIT[@]}"
	signal INT
	must_end "$END_MS"
	status_is 0
}

@test "idle: uses no processor time while it waits" {
	small_buffers
	serve
	peer_begin client "connect a $SERVER4 $PORT" 'exchange a "one"' \
		'say ready' 'wait-input' 'fill a 50' 'say full' 'wait-input'
	peer_says ready
	is_idle
	peer_go_on
	peer_says full
	is_idle
}
