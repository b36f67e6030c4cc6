#!/usr/bin/env bats
#
# 03-reuseaddr.bats - what a server has to do that can be started again at once,
# and never twice. Each test is a check of labs/03-reuseaddr/checks.tsv; the
# words are those of tests/check/. To be run by: make check LAB=03

load check/grader

SERVER=restartable
IN_USE=3             # the status that says: the port is in use
SOON_MS=3000         # for what is to be done at once, on a busy machine
PATIENCE_MS=10000    # for what is to be done, however late

values() {
	# A client that comes, and has its line.
	VISIT=("connect a $SERVER4 $PORT" 'expect-line a')
}

# The line, as the program that was started last has to send it.
hello() {
	local pid
	pid=$(job_pid_inside)
	note try "client # its process id was $pid in that run, and is another in yours"
	echo "hello from $pid at $PORT"
}

# A client has been there, and left TIME_WAIT.
visited() {
	peer "${VISIT[@]}" 'expect-eof a' 'close a'
	in_time_wait server
}

why_no_fin() {
	wire
	if (($(packets server RST) > 0)); then
		diagnose "It ended the connection with RST. close() does so after" \
			"SO_LINGER with a time of 0, where bytes are unread, and" \
			"for bytes that come after it."
	elif [[ $(senders FIN | head -n 1) != server ]]; then
		diagnose "Both wait for the other's FIN. The server's is the first" \
			"here: shutdown(SHUT_WR) comes before it waits for EOF."
	fi
	return 1
}

ended_by() { # SIGNAL
	signal "$1"
	must_end
}

# The program again, where it has been. If it cannot come back, whether the
# model answer can tells which of the two runs was without the option.
restart() {
	start server "$SERVER" port="$PORT"
	listens "$PORT" || whose_fault
}

whose_fault() {
	if model_listens server restartable "$PORT"; then
		diagnose "This run's listener had no SO_REUSEADDR when it called" \
			"bind(); the last run's had it. Set it before bind()."
	else
		diagnose "The last run's listener was without SO_REUSEADDR, and so" \
			"is what it has left in TIME_WAIT. Each run has to set it," \
			"before bind(), and to leave it set."
	fi
	return 1
}

# One copy more is refused, and says by what.
another_is_refused() { # MS [PLACEHOLDER=VALUE...]
	start_in_vain "$1" "$SERVER" port="$PORT" "${@:2}"
	says "port $PORT is already in use"
	status_is "$IN_USE"
}

# --- what was given ----------------------------------------------------------

@test "builds: compiles" {
	compiles restartable
}

@test "warnings: compiles without a warning" {
	no_warnings
}

@test "listens: listens on the port it is given, over IPv4 and IPv6" {
	serve
	listens "$PORT" "$LISTEN_MS" "$SERVER6"
	signal STOP
	peer "connect a $SERVER4 $PORT" "connect b $SERVER6 $PORT"
}

@test "address: with -b listens at that address and nowhere else" {
	serve addr="$SERVER4"
	listens_only_at "$SERVER4 $PORT"
}

@test "bad-port: port 70000 is one clear line, and status 2" {
	start server "$SERVER" port=70000
	complains 'port|70000'
	status_is 2
}

@test "no-permission: port 80 is one clear line on permission, and status 1" {
	start server "$SERVER" port=80
	complains 'permission|denied'
	status_is 1
}

# --- step 1: a line ----------------------------------------------------------

@test "line: sends the line, and says in it who it is" {
	serve
	peer_ahead 1 "connect a $SERVER4 $PORT" "expect a \"$(hello)\n\"" 'close a'
}

# --- step 2: the first FIN ---------------------------------------------------

@test "closes-first: sends the first FIN, and no RST: TIME_WAIT is at its end" {
	serve
	peer_ahead 1 "${VISIT[@]}" 'expect-eof a' 'close a' || why_no_fin
	at_rest
	wire
	shows_no server RST
	first_fin_from server
	in_time_wait server
}

@test "next-client: serves the next client, and the one after" {
	serve
	peer 'repeat 3' "${VISIT[@]}" 'close a' end
	must_run
}

@test "unread: a client that sends bytes gets the line and FIN, not RST" {
	serve
	peer_ahead 2 "connect a $SERVER4 $PORT" 'send a random 5000' \
		'expect-line a' 'expect-eof a' 'close a' || why_no_fin
	peer "connect b $SERVER4 $PORT" 'expect-line b' 'expect-eof b' \
		'send b "late"' 'close b'
	at_rest
	wire
	shows_no server RST || why_no_fin
}

@test "patience: a client that does not close delays the next by a second" {
	serve
	peer "${VISIT[@]}" \
		"connect b $SERVER4 $PORT" "expect-line b within $SOON_MS"
}

@test "flood: and so does one that goes on sending" {
	serve
	peer_begin client "${VISIT[@]}" 'say flood' \
		'dribble a random 10000 every 10 within 60000'
	peer_says flood
	peer "connect b $SERVER4 $PORT" "expect-line b within $SOON_MS"
	peer_killed
}

@test "descriptors: keeps no descriptor and no zombie of a hundred clients" {
	serve
	serves_without_leaving 3 100 "${VISIT[@]}" 'close a'
}

# --- step 3: in use ----------------------------------------------------------

@test "in-use: a second copy says that the port is in use, with status 3" {
	serve
	another_is_refused "$PATIENCE_MS"
}

@test "at-once: and says so at once" {
	serve
	another_is_refused "$SOON_MS"
}

@test "first-lives: the first copy goes on, and serves every client" {
	serve
	another_is_refused "$PATIENCE_MS"
	job 1
	must_run
	peer 'repeat 10' "connect a $SERVER4 $PORT" \
		"expect-line a \"$(hello)\"" 'close a' end
	must_run
}

@test "overlap: is refused where one of the two is at every address" {
	serve addr="$SERVER4"
	another_is_refused "$PATIENCE_MS"
	PORT=$(port 2)
	serve
	another_is_refused "$PATIENCE_MS" addr="$SERVER4"
}

# --- step 4: TIME_WAIT -------------------------------------------------------

@test "restarts: starts again at once, again and again, in TIME_WAIT" {
	local ending
	serve
	for ending in TERM KILL INT; do
		visited
		ended_by "$ending"
		restart
	done
	visited
}

@test "open-client: starts again at once, a client of the last run still there" {
	serve
	peer_begin client "${VISIT[@]}" 'expect-eof a' 'say ready' \
		'wait-input within 60000'
	peer_says ready
	ended_by KILL
	restart
	peer_killed
	visited
}

@test "in-use-after: a second copy beside the restarted one is refused, too" {
	serve
	visited
	ended_by TERM
	restart
	another_is_refused "$PATIENCE_MS"
}

@test "sigterm: SIGTERM ends it in mid-client, with status 0" {
	serve
	peer_begin client "${VISIT[@]}" 'say ready' 'wait-input'
	peer_says ready
	signal TERM
	must_end "$SOON_MS"
	status_is 0
}

@test "sanitizers: the sanitizers found nothing, in all these checks" {
	DETECT_LEAKS=1
	serve
	peer "${VISIT[@]}"
	signal TERM
	job_wait "$EXIT_MS" || true
	sanitizers_silent "$SERVER"
}

# --- going further -----------------------------------------------------------

@test "one-of-many: of ten copies started at once, one lives" {
	local copy
	for copy in {1..10}; do
		start server "$SERVER" port="$PORT"
	done
	one_lives "$PATIENCE_MS"
	peer "${VISIT[@]}"
	# So few meet between bind() and listen() that one has to be made to.
	PORT=$(port 2)
	with_chaos listen "$SEED" 1
	another_is_refused "$PATIENCE_MS"
}

@test "accept-fails: goes on when accept() fails: ECONNABORTED, EMFILE" {
	with_chaos econnaborted,emfile "$SEED" 2
	serve
	peer 'repeat 8' "${VISIT[@]}" 'close a' end
	must_run
}

@test "client-reset: goes on after a client's RST" {
	serve
	peer_ahead 2 "connect a $SERVER4 $PORT" 'reset a' \
		"connect b $SERVER4 $PORT" 'expect-line b' 'reset b' \
		"connect c $SERVER4 $PORT" 'expect-line c'
	must_run
}
