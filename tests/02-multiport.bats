#!/usr/bin/env bats
#
# 02-multiport.bats - what one process that serves many ports has to do. Each
# test is a check of labs/02-multiport/checks.tsv; the words are those of
# tests/check/. To be run by: make check LAB=02

load check/grader

SERVER=multiport

values() {
	# The client's own port, where the check must know it.
	FROM=$((2000 + PORT % 6000))
	# One client, who comes, has something echoed, and goes.
	VISIT=("connect a $SERVER4 $PORT" 'expect-line a' 'exchange a "hello\n"'
		'close a')
}

# --- words of this lab -------------------------------------------------------

readonly LIMIT=20 # of descriptors, in the checks that are about it
readonly MANY_MS=20000 # until it listens on thousands of ports

# The server at SPEC..., until it listens on all of them.
serves() { # SPEC...
	start server "$SERVER" specs="$*"
	listens "$(IFS=, && echo "$*")"
}

# A client of PORT is told what it has reached, and who it is.
greets() { # PORT NAME RANGE [ADDR [CLIENT]]
	FROM=$((FROM + 1))
	peer "source-port a $FROM" "connect a ${4:-$SERVER4} $1" \
		"expect-line a \"you reached $1 ($2, $3) from ${5:-$CLIENT4}:$FROM\""
}

services() { # LINE...
	sees_file /etc/services "$@"
}

# Clients of this check's port, more than the server can have, called c1, c2
# ... in their order, and what LINE... say, in the background.
begin_beyond_limit() { # LINE...
	descriptors "$LIMIT"
	serves "$PORT" "$(port 2)"
	peer_begin client "connect a $SERVER4 $PORT" 'expect-line a' \
		"clients 30 c $SERVER4 $PORT" "$@"
	peer_says full
	settles no_fewer_descriptors_than "$LIMIT" || true
}

# A silent client, and one who sends and does not read.
begin_silent_and_deaf() {
	peer_begin client "connect silent $SERVER4 $PORT" \
		"connect deaf $SERVER4 $(port 2)" 'expect-line deaf' \
		'fill deaf 100' 'say ready' 'wait-input'
	peer_says ready
}

# --- it compiles -------------------------------------------------------------

@test "builds: compiles" {
	compiles multiport
}

@test "warnings: compiles without a warning (-Wall -Wextra)" {
	no_warnings
}

# --- step 1: listen ----------------------------------------------------------

@test "listens: listens on a port that it is given, over IPv4" {
	serves "$PORT"
	peer "connect a $SERVER4 $PORT"
}

@test "ipv6: listens over IPv6, too" {
	serves "$PORT"
	listens "$PORT" "$LISTEN_MS" "$SERVER6"
	peer "connect a $SERVER6 $PORT"
}

@test "address: with -b ADDR listens there and nowhere else" {
	start server "$SERVER" addr="$SERVER4" specs="$PORT"
	listens "$PORT"
	listens_only_at "$SERVER4 $PORT"
	peer "connect a $SERVER4 $PORT" "expect-refused $SERVER6 $PORT"
}

@test "specs: takes ports, ranges, names, lists; each once" {
	services "lab-$PORT $(port 9)/tcp"
	start server "$SERVER" specs="$PORT $(port 3)-$(port 5),$PORT \
		lab-$PORT,$(port 11) $(port 4)"
	listens "$PORT,$(port 3)-$(port 5),$(port 9),$(port 11)"
	comes_to_say 'serving 6 ports'
	says_nothing_of 'in use'
	listens_only_on "$PORT" "$(port 3)" "$(port 4)" "$(port 5)" \
		"$(port 9)" "$(port 11)"
}

@test "not-permitted: reports port 80, and serves the others" {
	start server "$SERVER" specs="80 $PORT"
	listens "$PORT"
	comes_to_say 'port 80: permission denied'
	comes_to_say 'serving 1 port'
	peer "connect a $SERVER4 $PORT"
}

@test "in-use: reports a port in use, and serves the others" {
	serves "$(port 2)"
	start server "$SERVER" specs="$PORT-$(port 3)"
	listens "$PORT,$(port 3)"
	comes_to_say "port $(port 2): address already in use"
}

@test "none-left: status 1 if no port could be had" {
	serves "$PORT"
	start server "$SERVER" specs="$PORT 80"
	must_end
	status_is 1
}

@test "bad-spec: a bad SPEC: one clear line, the usage, status 2" {
	local spec
	for spec in 65536 "$(port 2)-$PORT" "${PORT}x"; do
		start server "$SERVER" specs="$spec"
		complains "$spec"
		says 'usage: '
		status_is 2
	done
}

# --- steps 2 to 6: the line --------------------------------------------------

@test "line: says which port was reached, and by whom" {
	services
	serves "$PORT" "$(port 2)"
	greets "$PORT" - registered
	greets "$(port 2)" - registered
}

@test "line-ipv6: says so over IPv6, too" {
	services
	serves "$PORT"
	listens "$PORT" "$LISTEN_MS" "$SERVER6"
	greets "$PORT" - registered "$SERVER6" "[$CLIENT6]"
}

@test "names: names the TCP service of the port, or -" {
	local swapped=$((PORT % 256 * 256 + PORT / 256))
	services "lab-$PORT $PORT/tcp" "no-htons $swapped/tcp" \
		"only-udp $(port 2)/udp" "not-this $(port 3)/udp" \
		"but-this $(port 3)/tcp nor-this"
	serves "$PORT-$(port 4)"
	greets "$PORT" "lab-$PORT" registered
	greets "$(port 2)" - registered
	greets "$(port 3)" but-this registered
	greets "$(port 4)" - registered
}

@test "ranges: knows the ranges of IANA, at their ends too" {
	local dynamic=$((49153 + PORT % 16000))
	services
	kernel_setting server ipv4/ip_unprivileged_port_start 1
	serves 1 1023-1024 "$PORT" 49151-49152 "$dynamic" 65535
	greets 1 - well-known
	greets 1023 - well-known
	greets 1024 - registered
	greets "$PORT" - registered
	greets 49151 - registered
	greets 49152 - dynamic
	greets "$dynamic" - dynamic
	greets 65535 - dynamic
}

@test "every-port: serves each port of a range, the last one first" {
	local n script=()
	serves "$PORT-$(port 40)"
	for ((n = 40; n > 0; n -= 3)); do
		script+=("connect c$n $SERVER4 $(port "$n")"
			"expect c$n \"you reached $(port "$n") (\""
			"expect-line c$n" "close c$n")
	done
	peer "${script[@]}"
}

@test "one-process: is one process with one thread" {
	serves "$PORT-$(port 10)"
	peer_begin client "connect a $SERVER4 $PORT" 'expect-line a' \
		"connect b $SERVER4 $(port 10)" 'say ready' 'wait-input'
	peer_says ready
	is_one_process
}

# --- steps 7 and 8: the echo -------------------------------------------------

@test "echo: sends back every byte value, after the line" {
	serves "$PORT"
	peer "connect a $SERVER4 $PORT" 'expect-line a' 'exchange a bytes all' \
		'dribble a random 100' 'expect a echo'
}

@test "fin: ends with FIN, not RST, when the client does" {
	serves "$PORT"
	peer "connect a $SERVER4 $PORT" 'expect-line a' \
		'exchange a "hello\n"' 'half-close a' 'expect-eof a'
	wire
	shows server FIN
	shows_no server RST
}

@test "half-close: sends the rest after the client's half-close" {
	serves "$PORT"
	peer_begin client "connect a $SERVER4 $PORT" 'expect-line a' \
		'say ready' 'wait-input' 'send a random 60000' 'half-close a' \
		'say sent' 'wait-input' 'expect a echo' 'expect-eof a'
	peer_says ready
	signal STOP
	peer_go_on
	peer_says sent
	signal CONT
	peer_go_on
	peer_end
}

# --- nobody waits for another ------------------------------------------------

@test "silent: a silent client delays nobody, on any port" {
	serves "$PORT" "$(port 2)"
	peer "connect s $SERVER4 $PORT" "connect t $SERVER4 $(port 2)" \
		"connect a $SERVER4 $PORT" 'expect-line a' 'exchange a "one"' \
		"connect b $SERVER4 $(port 2)" 'expect-line b' \
		'exchange b "two"' \
		'expect-line s' 'exchange s "three"'
}

@test "reverse: serves fifty clients in the reverse order" {
	local n come=() served=()
	serves "$PORT-$(port 5)"
	for n in 1 2 3 4 5; do
		come+=("clients 10 c$n. $SERVER4 $(port "$n")")
		served=("each c$n. reverse expect-line"
			"each c$n. reverse exchange random 100" "${served[@]}")
	done
	peer "${come[@]}" "${served[@]}"
}

@test "deaf: a client who does not read stalls nobody" {
	small_buffers
	serves "$PORT" "$(port 2)"
	peer "connect d $SERVER4 $PORT" 'expect-line d' 'fill d 100' \
		"connect a $SERVER4 $PORT" 'expect-line a' 'exchange a "one"' \
		"connect b $SERVER4 $(port 2)" 'expect-line b' \
		'exchange b "two"' \
		'expect d echo within 20000'
}

@test "large: sends back 8 MiB both ways, on two ports at once" {
	serves "$PORT" "$(port 2)"
	peer_begin client "connect a $SERVER4 $PORT" 'expect-line a' \
		'say begins' 'pump a random 8388608 pieces 60001 within 20000' \
		'say all' 'wait-input'
	peer_says begins
	peer "connect b $SERVER4 $(port 2)" 'expect-line b' \
		'pump b random 8388608 pieces 50021 within 20000'
	peer_says all
	peer_go_on
	peer_end
}

@test "idle: uses no processor time for those who do nothing" {
	small_buffers
	serves "$PORT" "$(port 2)"
	begin_silent_and_deaf
	is_idle
}

@test "many-clients: serves 1100 clients at once" {
	local n come=() told=() served=()
	descriptors 1024 2048
	serves "$PORT-$(port 11)"
	for n in {1..11}; do
		come+=("clients 100 c$n. $SERVER4 $(port "$n")")
		told=("each c$n. reverse expect \"you reached $(port "$n")\""
			"${told[@]}")
	done
	# Those who came last have the highest descriptors.
	for n in 10 11; do
		served+=("each c$n. reverse expect-line"
			"each c$n. random exchange \"x\"")
	done
	peer "${come[@]}" "${told[@]}" "${served[@]}"
}

@test "many-ports: serves 10,000 ports" {
	# 10,000 that no other check has.
	local first=$((29300 + PORT % 1000))
	# A server may have a socket for each family.
	descriptors 1024 20600
	start server "$SERVER" specs="1100-8999 $first-$((first + 2099))"
	listens "1100-8999,$first-$((first + 2099))" "$MANY_MS"
	comes_to_say 'serving 10000 ports'
	peer "connect a $SERVER4 $((first + 2099))" 'expect-line a' \
		'exchange a "hello"' 'close a' "connect b $SERVER4 $first" \
		'expect-line b'
}

# --- nothing ends it ---------------------------------------------------------

@test "client-reset: goes on after clients' RSTs, mixes up nobody" {
	serves "$PORT" "$(port 2)"
	peer "clients 6 c $SERVER4 $PORT" 'each c forward expect-line' \
		"connect d $SERVER4 $(port 2)" 'expect-line d' \
		'each c forward exchange random 500' 'reset c2' \
		'send c4 "unread"' 'reset c4' 'exchange c6 "one"' \
		'exchange d "two"' 'exchange c1 "three"' 'exchange c3 "four"' \
		'exchange c5 "five"' "${VISIT[@]}"
	must_run
}

@test "hundred: keeps no descriptor of a hundred clients" {
	serves "$PORT"
	serves_without_leaving 3 100 "${VISIT[@]}"
}

@test "sigterm: SIGTERM and SIGINT end it within a second, with status 0" {
	small_buffers
	serves "$PORT" "$(port 2)"
	begin_silent_and_deaf
	signal TERM
	must_end "$END_MS"
	status_is 0
	# Who has served a client has all in place, what to do at signals, too.
	PORT=$(port 3)
	values
	serves "$PORT"
	peer "${VISIT[@]}"
	signal INT
	must_end "$END_MS"
	status_is 0
}

@test "faults: survives short reads, short writes and EINTR" {
	with_chaos short-read,short-write,eintr,econnaborted
	serves "$PORT"
	peer "clients 8 c $SERVER4 $PORT" 'each c reverse expect-line' \
		'each c random exchange bytes all' \
		"connect b $SERVER4 $PORT" 'expect-line b' \
		'pump b random 400000 pieces 5003 within 20000'
}

# --- step 10: no descriptor left ---------------------------------------------

@test "limit-waits: out of descriptors it waits, and serves on" {
	begin_beyond_limit 'say full' 'wait-input' 'exchange a "still here"'
	is_idle
	must_run
	peer_go_on
	peer_end
}

@test "limit-goes-on: serves who waits when a descriptor is free" {
	local n turns=()
	for n in {1..30}; do
		turns+=("expect-line c$n" "exchange c$n \"$n\"" "close c$n")
	done
	begin_beyond_limit 'say full' 'wait-input' "${turns[@]}"
	peer_go_on
	peer_end
	must_run
}

@test "sanitizers: the sanitizers found nothing in the server" {
	DETECT_LEAKS=1
	serves "$PORT"
	peer "clients 3 c $SERVER4 $PORT" 'each c forward expect-line' \
		'each c forward exchange "hello"' 'each c forward half-close' \
		'each c reverse expect-eof'
	signal TERM
	job_wait "$EXIT_MS" || true
	sanitizers_silent "$SERVER"
}

# --- going further -----------------------------------------------------------

@test "limit-names: right name for who takes the last descriptor" {
	local n turns=()
	services "lab-$PORT $PORT/tcp"
	for n in {1..30}; do
		turns+=("expect c$n \"you reached $PORT (lab-$PORT, \""
			"expect-line c$n" "close c$n")
	done
	begin_beyond_limit 'say full' 'wait-input' "${turns[@]}"
	peer_go_on
	peer_end
}

@test "limit-fair: out of descriptors, no port starves another" {
	local n turns=()
	for n in 1 2 3 4; do
		turns+=("expect-line c$n" "close c$n")
	done
	begin_beyond_limit "connect b $SERVER4 $(port 2)" 'say full' \
		'wait-input' "${turns[@]}" 'expect-line b'
	peer_go_on
	peer_end
}

@test "limit-ports: more ports than descriptors: serves clients" {
	descriptors 64
	start server "$SERVER" specs="1100-1299"
	comes_to_say 'serving ' "$MANY_MS"
	peer "connect a $SERVER4 $(listening_ports | tail -n 1)" 'expect-line a' \
		'exchange a "hello"'
}

@test "accept-fails: goes on when accept() fails: EMFILE" {
	with_chaos emfile "$SEED" 2
	serves "$PORT"
	peer 'repeat 8' "${VISIT[@]}" 'end'
	must_run
}
