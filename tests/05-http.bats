#!/usr/bin/env bats
#
# 05-http.bats - what httpd has to do. Each test is a check of
# labs/05-http/checks.tsv; the words are those of tests/check/, above all of
# tests/check/http.bash. To be run by: make check LAB=05
#
# Where RFC 9110 and RFC 9112 leave a server the choice, each choice passes.

load check/grader
load check/http

SERVER=httpd

values() {
	site_in_sight
}

# --- words of this lab -------------------------------------------------------

readonly LIMIT=24 # of descriptors, in the check that is about it
readonly IDLE_TIME_MS=2000 # in the checks that are about it
readonly AGED_MS=4000 # older than field-now lets a date be
readonly REFUSED=400,403,404,405,411,413,414,431,501,505

setup_file() {
	site_build
	ahead date time-out slow-request slow-reader
}

teardown_file() {
	ahead_away
	site_leave
}

# One client, who comes, gets a file, and goes.
visits() {
	fetches GET "/$TEXT"
	gets 200 "$TEXT"
	ends
	leaves
}

# The next one, when the last has gone.
fetches_next() { # METHOD TARGET [FIELD...]
	leaves
	fetches "$@"
}

# A request that is refused, or answered in a way that takes nothing behind it
# for a second one: which is there, for a file that it would show.
refuses() { # STATUS[,STATUS...] TEXT
	visitor a
	sends GET "$2"
	gets_or_ends "$1"
	is_the_last
	leaves
}

# A request for the text, in which there is LINE, too.
with_line() { # LINE
	printf '%s' "GET /$TEXT HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n$1\\r\\n\\r\\n"
}

request_for() { # TARGET
	printf '%s' "GET $1 HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
}

# The request that nobody is to find in the body of another one.
second_request() {
	request_for "/$STYLE"
}

# --- it compiles -------------------------------------------------------------

@test "builds: compiles" {
	compiles httpd
}

@test "warnings: compiles without a warning (-Wall -Wextra)" {
	no_warnings
}

# --- step 1: one request, one file, the end ----------------------------------

@test "listens: listens on the port it is given, over IPv4" {
	serves
	peer "connect a $SERVER4 $PORT"
}

@test "ipv6: listens over IPv6, too" {
	serves
	listens "$PORT" "$LISTEN_MS" "$SERVER6"
	peer "connect a $SERVER6 $PORT"
}

@test "address: with -b ADDR listens there and nowhere else" {
	serves addr="$SERVER4"
	listens_here_only_at "$SERVER4"
	peer "connect a $SERVER4 $PORT" "expect-refused $SERVER6 $PORT"
}

# Of this check's port only this address, whoever else listens meanwhile.
listens_here_only_at() { # ADDR
	local heard
	heard=$(listening_here)
	[[ $heard != "$1" ]] || return 0
	note expected "listens at $1, port $PORT"
	note got "listens at ${heard//$'\n'/ and }, port $PORT"
	because "It does not listen where it was told to, and nowhere else."
}

listening_here() {
	listeners | sed -n "s/ $PORT\$//p"
}

@test "get: GET: status 200, the file, and the end" {
	serves
	fetches GET "/$TEXT"
	gets 200 "$TEXT"
	ends
	talk
}

@test "length: Content-Length: the bytes of the body, no more" {
	serves
	fetches GET "/$TEXT"
	gets 200 "$TEXT"
	has Content-Length "$(bytes_of "$TEXT")"
	ends
	talk
}

@test "every-byte: a file with every byte value, NUL among them" {
	serves
	fetches GET "/$IMAGE"
	gets 200 "$IMAGE"
	ends
	fetches_next GET "/$BYTES"
	gets 200 "$BYTES"
	ends
	talk
}

@test "empty: an empty file: status 200 and an empty body" {
	serves
	fetches GET "/$EMPTY"
	gets 200 "$EMPTY"
	ends
	talk
}

# Its clock has to go on: so it is asked again when it has been running for a
# while. The test is behind slow-reader, which takes longer.
begin_date() {
	serves
	fetches GET "/$TEXT"
	gets 200
	says_of field-now Date
	says_of stay "$AGED_MS"
	fetches_next GET "/$TEXT"
	gets 200
	says_of field-now Date
	talks_ahead
}

@test "next-client: answers the next client, and the one after" {
	serves
	visits
	visits
	visits
	talk
}

@test "port-in-use: port in use: one clear line, status not 0" {
	serves
	start server "$SERVER" port="$PORT" dir="$WWW"
	complains "in use|$PORT"
}

@test "bad-port: port 70000: one clear line, status not 0" {
	start server "$SERVER" port=70000 dir="$WWW"
	complains '70000|\bport\b'
}

@test "no-folder: DIR is not there: one clear line, status not 0" {
	start server "$SERVER" port="$PORT" dir="$WWW/no-such-folder"
	complains 'no-such-folder|no such file|director|folder'
}

# --- step 2: errors, and what else an answer says ----------------------------

@test "not-found: 404 for what is not there" {
	serves
	fetches GET "/no-$TEXT"
	gets 404
	ends
	fetches_next GET "/$FOLDER/nothing/$TEXT"
	gets 404
	ends
	talk
}

@test "head: HEAD: the header of GET, and no body" {
	serves
	fetches HEAD "/$TEXT"
	gets 200
	says_of field-if Content-Length "\"$(bytes_of "$TEXT")\""
	ends
	fetches_next HEAD "/no-$TEXT"
	gets 404
	ends
	talk
}

@test "index: / and /folder/ are their index.html" {
	serves
	fetches GET /
	gets 200 index.html
	has Content-Type 'text/html*'
	ends
	fetches_next GET "/$FOLDER/"
	gets 200 "$FOLDER/index.html"
	ends
	talk
}

# To a path of this server, which may be given in full, or as it is seen from /.
leads_to() { # PATH
	has Location "@(?(http://+([!/]))$1|?(./)${1#/})"
}

@test "redirect: /folder leads to /folder/: 301 with Location" {
	serves
	fetches GET "/$FOLDER"
	gets 301,302,307,308
	leads_to "/$FOLDER/"
	fetches_next GET /two%20words
	gets 301,302,307,308
	leads_to /two%20words/
	talk || why_redirect
}

why_redirect() {
	diagnose "Location is what the client asks for next: the path that it has" \
		"asked for, escaped as before, and a slash behind it."
	return 1
}

@test "no-listing: a folder without index.html is not listed" {
	serves
	fetches GET "/$BARE/"
	gets 4xx
	lacks "$SECRET"
	talk
}

@test "forbidden: 403 or 404 for a file that it may not read" {
	serves
	fetches GET "/$LOCKED"
	gets 403,404
	ends
	talk
}

@test "decode: decodes the path once: %20, %25, UTF-8, not +" {
	local n
	serves
	for ((n = 0; n < ${#SITE_NAMES[@]}; n += 2)); do
		fetches GET "/${SITE_NAMES[n + 1]}"
		gets 200 "${SITE_NAMES[n]}"
		leaves
	done
	fetches GET "/%66${FOLDER#f}/$TEXT"
	gets 200 "$FOLDER/$TEXT"
	talk
}

@test "bad-escape: %zz and %4 in a path are not found or bad" {
	local path
	serves
	for path in /%zz "/$TEXT%" "/$TEXT%4" "/$TEXT%%"; do
		fetches GET "$path"
		gets 400,403,404
		leaves
	done
	talk
}

@test "query: what follows ? is no part of the path" {
	serves
	fetches GET "/$TEXT?page=2&x=/../%zz"
	gets 200 "$TEXT"
	ends
	talk
}

# A file's type, as a pattern.
is_of_type() { # FILE TYPE
	fetches GET "/$1"
	gets 200
	has Content-Type "$2"
	leaves
}

@test "type: Content-Type by the ending of the name" {
	serves
	is_of_type index.html 'text/html*'
	is_of_type "$TEXT" 'text/plain*'
	is_of_type "$STYLE" 'text/css*'
	is_of_type "$SCRIPT" '@(text|application)/?(x-)javascript*'
	is_of_type "$IMAGE" image/png
	talk
}

@test "charset: Content-Type of a text names its charset" {
	local quote='?([\\\"])'
	serves
	is_of_type index.html "text/html;*([ ])charset=${quote}utf-8$quote"
	is_of_type "$TEXT" "text/plain;*([ ])charset=${quote}utf-8$quote"
	talk
}

@test "method: 405, and Allow, for POST, PUT and DELETE" {
	local method
	serves
	for method in POST PUT DELETE; do
		fetches "$method" "/$TEXT" 'Content-Length: 0'
		gets 405,501
		says_of when 405 field Allow '"*GET*"'
		says_of when 405 field Allow '"*HEAD*"'
		leaves
	done
	visits
	talk
}

@test "unknown-method: 501 or 405 for a method that nobody knows" {
	serves
	fetches BREW "/$TEXT"
	gets 501,405,400
	fetches_next get "/$TEXT"
	gets 501,405,400
	talk
}

@test "version: 505 for HTTP/2.0" {
	serves
	visitor a
	sends GET "GET /$TEXT HTTP/2.0\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets 505,400
	talk
}

@test "bad-request: 400 for what is not HTTP" {
	local text
	serves
	for text in 'hello\r\n\r\n' "GET /$TEXT HTTX/1.1\\r\\n\\r\\n" \
		'\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03\r\n\r\n' \
		"GET $TEXT HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n" \
		"GET /$TEXT HTTP/1.1 or so\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n" \
		"$(with_line 'this is no field')"; do
		visitor a
		sends GET "$text"
		gets_or_ends 400,501,505
		leaves
	done
	talk
}

@test "last-modified: Last-Modified: the time of the file" {
	serves
	fetches GET "/$TEXT"
	gets 200
	says_of field-date Last-Modified "$WRITTEN"
	talk
}

# The answer to who has the file as it was at some TIME, in words.
asks_since() { # TIME [METHOD]
	fetches "${2-GET}" "/$TEXT" "If-Modified-Since: $1"
}

is_not_modified() {
	gets 304
	says_of field-if Content-Length "\"$(bytes_of "$TEXT")\""
	ends
	leaves
}

@test "not-modified: 304 if not modified since then, else 200" {
	serves
	asks_since "$(http_date "$WRITTEN")"
	is_not_modified
	asks_since "$(http_date "$WRITTEN")" HEAD
	is_not_modified
	asks_since "$(http_date $((WRITTEN - 1)))"
	gets 200 "$TEXT"
	leaves
	asks_since 'the day before yesterday'
	gets 200 "$TEXT"
	fetches_next GET "/$TEXT" "If-Modified-Since: $(http_date "$WRITTEN")" \
		'If-None-Match: \"another\"'
	gets 200 "$TEXT"
	talk
}

@test "not-later: 304 by a later date, in each form of a date" {
	serves
	asks_since "$(http_date $((WRITTEN + 1)))"
	is_not_modified
	asks_since "$(http_date "$WRITTEN" '%A, %d-%b-%y %H:%M:%S GMT')"
	is_not_modified
	asks_since "$(http_date "$WRITTEN" '%a %b %e %H:%M:%S %Y')"
	is_not_modified
	talk
}

# --- step 3: more than one request -------------------------------------------

@test "keep-alive: many requests on one connection" {
	local n
	serves
	visitor a
	for n in 1 2 3 4; do
		asks GET "/$TEXT"
		gets 200 "$TEXT"
		asks GET "/$EMPTY"
		gets 200 "$EMPTY"
		asks GET "/$BYTES"
		gets 200 "$BYTES"
		asks HEAD /
		gets 200
	done
	talk
}

@test "after-errors: goes on after 404, and after 304" {
	serves
	visitor a
	asks GET "/no-$TEXT"
	gets 404
	asks GET "/$TEXT" "If-Modified-Since: $(http_date "$WRITTEN")"
	gets 304
	asks HEAD "/no-$TEXT"
	gets 404
	asks GET "/$TEXT"
	gets 200 "$TEXT"
	talk
}

@test "close: Connection: close, in any case, ends it" {
	serves
	visitor a
	asks GET "/$TEXT" 'connection: other,  CLOSE'
	gets 200 "$TEXT"
	ends
	talk
}

@test "http10: HTTP/1.0: needs no Host, ends the connection" {
	serves
	visitor a
	sends GET "GET /$TEXT HTTP/1.0\\r\\n\\r\\n"
	gets 200 "$TEXT"
	has_no Transfer-Encoding
	ends
	talk
}

@test "fields: field names in any case, blanks around values" {
	serves
	visitor a
	sends GET "GET /$TEXT HTTP/1.1\\r\\nhOsT:$HTTP_HOST\\r\\nX-Y:\\r\\nCONNECTION:\\t close\\t \\r\\n\\r\\n"
	gets 200 "$TEXT"
	ends
	talk
}

@test "no-host: 400 for HTTP/1.1 without Host" {
	serves
	visitor a
	sends GET "GET /$TEXT HTTP/1.1\\r\\n\\r\\n"
	gets 400
	talk
}

@test "absolute: takes the absolute form, http://host/path" {
	serves
	fetches GET "http://$HTTP_HOST/$TEXT"
	gets 200 "$TEXT"
	leaves
	visitor a
	sends GET "GET HTTP://$HTTP_HOST:$PORT/?x HTTP/1.1\\r\\nHost: $HTTP_HOST:$PORT\\r\\n\\r\\n"
	gets 200 index.html
	talk
}

# Requests in one send, and what comes back for each.
sends_together() { # TARGET...
	local target all=''
	for target in "$@"; do
		ASKED+=(GET)
		all+=$(request_for "$target")
	done
	TALK+=("send $WHO \"$all\"")
}

@test "pipelined: requests sent together are answered in order" {
	local n
	serves
	visitor a
	for n in 1 2 3; do
		sends_together "/$TEXT" "/no-$TEXT" "/$BYTES" "/$EMPTY" "/$STYLE"
	done
	for n in 1 2 3; do
		gets 200 "$TEXT"
		gets 404
		gets 200 "$BYTES"
		gets 200 "$EMPTY"
		gets 200 "$STYLE"
	done
	sends GET "$(second_request)GET /$TEXT HTT"
	gets 200 "$STYLE"
	sends GET "P/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets 200 "$TEXT"
	TALK+=("dribble a \"$(second_request)$(with_line 'X: y')\"")
	gets 200 "$STYLE"
	gets 200 "$TEXT"
	talk
}

@test "split: a request that comes byte by byte" {
	serves
	visitor a
	TALK+=("dribble a \"$(with_line 'Connection: close')\"")
	gets 200 "$TEXT"
	ends
	talk
}

# A request with a body, which looks like a request, and in the same segment
# a true one.
sends_body() { # METHOD FIELD... -- BODY
	local method=$1 fields=''
	shift
	for ((; $# > 2; )); do
		fields+="$1\\r\\n"
		shift
	done
	ASKED+=("$method")
	sends GET "$method /$TEXT HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n$fields\\r\\n$2$(request_for "/$TEXT")"
}

@test "body: a request's body is never taken for a request" {
	local method hidden length
	hidden=$(second_request)
	length=$(printf '%b' "$hidden" | wc -c)
	serves
	for method in POST GET; do
		visitor a
		sends_body "$method" "Content-Length: $length" -- "$hidden"
		gets any
		gets_or_ends 200 "$TEXT"
		leaves
		visitor a
		sends_body "$method" 'Transfer-Encoding: chunked' -- \
			"$(printf '%x' "$length")\\r\\n$hidden\\r\\n0\\r\\n\\r\\n"
		gets any
		gets_or_ends 200 "$TEXT"
		leaves
	done
	talk || why_body
}

why_body() {
	diagnose "If a file came that only the body asked for: the Content-Length" \
		"bytes behind a header are its body. Read them off, or close."
	return 1
}

@test "one-piece: header and body of a small file in one segment" {
	serves
	visits
	visits
	visits
	talk
	wire
	data_segments_are 3
}

# So many segments with data came from the server.
data_segments_are() { # COUNT
	local sent
	sent=$(awk -v port=":$PORT" '$9 > 0 && $10 == 0 &&
		substr($3, length($3) - length(port) + 1) == port' \
		"$HERE/events" | wc -l)
	note expected "$1 segments with data, one an answer"
	note got "$sent segments with data"
	((sent == $1)) || {
		diagnose "What is written in two pieces, header and body, can wait" \
			"40 ms in between: Nagle's algorithm holds the second back" \
			"until the first is acknowledged, and the client delays that." \
			"One write of both, writev(), or MSG_MORE."
		because "The answers do not leave in one piece each."
	}
}

# A line of CLF: host, identity, user, [date], "request", status, bytes.
log_line() { # REQUEST STATUS BYTES
	printf '^(::ffff:)?%s - - \\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(:[0-9]{2}){3} [+-][0-9]{4}\\] "%s" %s %s$' \
		"${CLIENT4//./\\.}" "$1" "$2" "$3"
}

logs() { # REQUEST STATUS BYTES
	local regex err=$HERE/${JOB_RUN[JOB]}.err
	regex=$(log_line "$@")
	settles grep -qaE -- "$regex" "$err" && return
	note expected "$CLIENT4 - - [date] \"$1\" $2 $3"
	note got "$(grep -a "$1" "$err" | head -n 1 | cut -b -160)"
	because "On stderr there is no such line."
}

@test "log: -v: a line a request in Common Log Format" {
	serves log=v
	fetches GET "/$TEXT?q"
	gets 200
	fetches_next HEAD "/no-$TEXT"
	gets 404
	talk
	logs "GET /$TEXT\\?q HTTP/1\\.1" 200 "$(bytes_of "$TEXT")"
	logs "HEAD /no-$TEXT HTTP/1\\.1" 404 '(-|0)'
}

# --- step 4: many clients, and slow ones -------------------------------------

# Who has not asked yet, and who has begun to.
begin_silent() {
	TALK+=("clients 5 s $SERVER4 $PORT")
	visitor half
	sends GET 'GET /'
	visitor almost
	sends GET "GET /$TEXT HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n"
}

@test "silent: silent clients, and half requests, delay nobody" {
	serves
	begin_silent
	visits
	turn_to almost
	sends GET '\r\n'
	gets 200 "$TEXT"
	turn_to half
	sends GET "$STYLE HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets 200 "$STYLE"
	turn_to s5
	asks GET "/$TEXT"
	gets 200 "$TEXT"
	talk
}

# Clients who keep silent, group by group; behind each somebody asks, so that all
# of a group have been accepted when the next one comes.
come_in_groups() { # GROUPS SIZE
	local n
	for ((n = 1; n <= $1; n++)); do
		TALK+=("clients $2 c$n. $SERVER4 $PORT")
		visits
	done
}

@test "reverse: answers fifty clients in the reverse order" {
	local n
	serves
	come_in_groups 10 5
	for ((n = 10; n > 0; n--)); do
		TALK+=("each c$n. reverse send \"$(second_request)\""
			"each c$n. reverse answer GET 200"
			"each c$n. forward body file $WWW/$STYLE")
	done
	talk
}

# Who asks for the large file, and does not read.
begin_deaf() {
	visitor deaf
	asks GET "/$LARGE"
	says_of comes
}

# All of it, which takes its time.
gets_large() { # NAME
	TALK+=("answer $1 GET 200 within 30000" "body $1 file $WWW/$LARGE")
}

@test "deaf: a client who does not read stalls nobody" {
	small_buffers
	serves
	begin_deaf
	visits
	visits
	talk
}

@test "large: a file of 24 MiB, to two clients at once" {
	serves
	visitor b
	asks GET "/$LARGE"
	visitor c
	asks GET "/$LARGE"
	gets_large b
	gets_large c
	# Who keeps the connection begins the next file at its first byte.
	turn_to c
	asks GET "/$LONG"
	gets_or_ends 200 "$LONG"
	asks GET "/$LONG"
	gets_or_ends 200 "$LONG"
	talk
}

@test "idle: uses no processor time for those who do nothing" {
	small_buffers
	serves
	begin_silent
	begin_deaf
	pauses
	talk_begins
	is_idle
}

@test "many-clients: answers while 1100 other clients are silent" {
	descriptors 1024 2400
	JAIL_LIMITS+=(--processes 2400)
	serves
	come_in_groups 11 100
	visits
	talk
}

# Who asks again in time has all of it again. A server that keeps no connection
# has promised nothing of that.
asks_in_time() { # NAME
	local n
	turn_to "$1"
	for n in 1 2 3 4 5; do
		((n == 1)) || says_of comes $((IDLE_TIME_MS / 4))
		says_of again "\"$(request_for "/$TEXT")\"" every \
			$((IDLE_TIME_MS * 3 / 4))
		if ((n == 1)); then
			gets_or_ends 200
		else
			says_of when 200 answer GET 200
		fi
	done
}

begin_time-out() {
	serves idle="$IDLE_TIME_MS"
	visitor late
	visitor a
	asks GET "/$TEXT"
	gets 200 "$TEXT"
	visitor busy
	asks GET "/$TEXT"
	gets 200 "$TEXT"
	TALK+=("expect-silence late $((IDLE_TIME_MS / 4))")
	asks_in_time busy
	TALK+=('answer-or-end late GET 408 within 10000' 'ends late'
		'ends a within 10000' 'ends busy within 10000')
	talks_ahead
}

@test "time-out: -t: ends a connection that is silent so long" {
	begun
	talked || why_time-out
}

why_time-out() {
	! grep -q '^connection: busy ' "$ACCOUNT" ||
		grep -q '^keyword: http-left-open' "$ACCOUNT" ||
		diagnose "The time counts from the last answer, not from accept():" \
			"who asks again within it has all of it again."
	return 1
}

begin_slow-request() {
	serves idle="$IDLE_TIME_MS"
	visitor a
	TALK+=("drip a \"GET /$TEXT HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\nX: $SECRET-$SECRET-$SECRET-$SECRET\" every 100 within 20000"
		'answer-or-end a GET 408,400' 'ends a')
	talks_ahead
}

@test "slow-request: ends it, too, if a request takes for ever" {
	begun
	talked
}

# Who reads steadily is waited for, though it takes longer than the time that all
# who read nothing have. More than the kernels' buffers hold has to be read.
begin_slow-reader() {
	serves idle="$IDLE_TIME_MS"
	visitor a
	asks GET "/$LARGE"
	says_of comes
	visitor steady
	asks GET "/$LARGE"
	says_of sip $((LARGE_BYTES * 3 / 4)) $((5 * IDLE_TIME_MS / 2)) within 20000
	says_of close
	turn_to a
	says_of dropped "$LARGE_BYTES" $((3 * IDLE_TIME_MS / 2)) within 20000
	talks_ahead
}

@test "slow-reader: ends it, too, if the client does not read" {
	begun
	talked
}

# Of step 1: see begin_date().
@test "date: Date: the time now, in GMT, as HTTP writes it" {
	begun
	talked
}

# What happened to one client is nobody else's affair.
@test "client-reset: goes on after clients' RSTs" {
	serves
	visitor a
	asks GET "/$LARGE"
	says_of comes
	says_of reset
	visitor b
	sends GET 'GET / HTTP/1.1\r\nHo'
	says_of reset
	visitor c
	sends_together "/$LONG" "/$LONG" "/$LONG" "/$LONG"
	says_of reset
	visits
	talk
	must_run
	goes_before_the_answers
	visits
	peer_ahead 3 "${TALK[@]}"
	must_run
}

# The first answer is met by RST, and then there is a second one to send.
goes_before_the_answers() {
	visitor d
	sends_together "/$TEXT" "/$STYLE" "/$TEXT" "/$STYLE"
	leaves
}

@test "hundred: keeps no descriptor of a hundred clients" {
	local path
	serves
	visits
	for path in "/no-$TEXT" "/$FOLDER" "/$BARE/" "/$LOCKED"; do
		fetches GET "$path"
		gets_or_ends any
		leaves
	done
	# Of these the file is opened, and not sent.
	fetches HEAD "/$LARGE"
	gets any
	fetches_next GET "/$LARGE" "If-Modified-Since: $(http_date "$WRITTEN")"
	says_of comes
	leaves
	visitor a
	asks GET "/$LARGE"
	says_of comes
	says_of reset
	serves_without_leaving 3 100 "${TALK[@]}"
}

@test "limit: out of descriptors it serves those it has" {
	local n
	descriptors "$LIMIT"
	serves
	TALK+=("clients 40 c $SERVER4 $PORT")
	pauses
	for n in 1 2 3; do
		turn_to "c$n"
		asks GET "/$TEXT"
		gets 200 "$TEXT"
		leaves
	done
	for ((n = 4; n <= 40; n++)); do
		turn_to "c$n"
		asks GET "/$TEXT"
		gets_or_ends 200,5xx
		leaves
	done
	visits
	talk_begins
	is_idle
	must_run
	goes_on
	must_run
}

@test "sigterm: SIGTERM: ends at once if it is idle, status 0" {
	serves
	visitor a
	asks GET "/$TEXT"
	gets 200 "$TEXT"
	pauses
	talk_begins
	signal TERM
	must_end
	status_is 0
}

@test "drains: SIGTERM: ends downloads first, takes nobody new" {
	small_buffers
	serves
	begin_deaf
	pauses
	TALK+=("expect-refused $SERVER4 $PORT")
	gets_large deaf
	talk_begins
	signal TERM
	settles nobody_listens ||
		because "It still takes new clients after SIGTERM."
	goes_on || why_drains
	must_end
	status_is 0
}

why_drains() {
	account_only_death
	diagnose "SIGTERM came in the middle of a download: close the listener, send" \
		"to its end what is under way, and end then."
	return 1
}

nobody_listens() {
	[[ -z $(listening_here) ]]
}

# --- step 5: hostile clients -------------------------------------------------

# Whatever the answer is, what is outside is not in it.
keeps_to_itself() { # TARGET...
	local target
	for target in "$@"; do
		visitor a
		asks GET "$target" 'Connection: close'
		gets_or_ends any
		lacks "$SECRET"
		leaves
	done
}

@test "outside: nothing outside DIR by .., however it is written" {
	serves
	keeps_to_itself /../secret.txt /%2e%2e/secret.txt /..%2fsecret.txt \
		/%2E%2E%2Fsecret.txt "/$FOLDER/../../secret.txt" \
		"/$FOLDER/%2e%2e/%2e%2e/secret.txt" /./../secret.txt \
		//../secret.txt /.%2e/secret.txt /%2e./secret.txt \
		/../www-old/secret.txt "/$FOLDER/..%2f..%2fsecret.txt" \
		'/..\\secret.txt' '/..;/secret.txt' /%252e%252e/secret.txt \
		"http://$HTTP_HOST/../secret.txt" '/../secret.txt?x' \
		"/$FOLDER/../../../site/secret.txt" "/no/../../secret.txt"
	keeps_to_itself "/$SITE/secret.txt" "$SITE/secret.txt" \
		"/%2f$SITE/secret.txt" "///$SITE/secret.txt"
	visitor a
	sends GET "GET ../secret.txt HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets_or_ends any
	lacks "$SECRET"
	visits_again
	talk
}

visits_again() {
	leaves
	visits
}

@test "symlink: nothing outside DIR by a symbolic link" {
	serves
	keeps_to_itself /link.txt /absolute-link.txt /folder-link/secret.txt \
		/folder-link/../secret.txt
	visits
	talk
}

# A folder and a link to one outside take each other's name all the time, while
# the server answers what has come before.
@test "race: nor by a link that comes in between" {
	local n path=/turn/
	serves
	signal STOP
	for n in {1..60}; do
		printf '%b' "$(request_for "${path}page.txt")"
		# The same file, but who has just opened it does not know.
		path+=./
	done >"$HERE/request"
	TALK+=("clients 20 r $SERVER4 $PORT"
		"each r forward send file $HERE/request")
	pauses
	TALK+=("swap $WWW/turn $WWW/turned" 'say swaps' 'repeat 60'
		'each r forward answer-or-end GET any'
		"each r forward lacks \"$SECRET\"" 'end')
	talk_begins
	peer_go_on
	peer_says swaps
	signal CONT
	peer_end
}

@test "special: a FIFO in DIR stalls nobody" {
	serves
	visitor f
	asks GET "/$FIFO"
	visits
	turn_to f
	gets_or_ends 4xx,5xx
	visits
	talk
}

@test "two-hosts: 400 for two Hosts, or one that is no host" {
	serves
	for line in 'Host: other.lab' "Host: $HTTP_HOST"; do
		visitor a
		sends GET "$(with_line "$line")"
		gets_or_ends 400
		leaves
	done
	visitor a
	sends GET "GET /$TEXT HTTP/1.1\\r\\nHost: no host/at all\\r\\n\\r\\n"
	gets_or_ends 400
	leaves
	# This is one.
	visitor a
	sends GET "GET /$TEXT HTTP/1.1\\r\\nHost: [$SERVER6]:$PORT\\r\\n\\r\\n"
	gets 200 "$TEXT"
	talk
}

@test "blank-name: 400 for a blank before the colon" {
	serves
	visitor a
	sends GET "$(with_line 'X-Y : z')"
	gets_or_ends 400
	leaves
	visitor a
	sends GET "$(with_line 'Content-Length : 5')"
	gets_or_ends 400
	talk
}

@test "lengths: 400, and the end, for a bad Content-Length" {
	local bad hidden length
	hidden=$(second_request)
	length=$(printf '%b' "$hidden" | wc -c)
	serves
	for bad in '5\r\nContent-Length: 6' '5, 6' 5x -1 +5 0x5 '5 5' '' 1.0; do
		refuses "$REFUSED" "$(with_line "Content-Length: $bad")$hidden"
	done
	# Beyond 64 bits, of which the lower ones are the length of the hidden one.
	refuses any "$(with_line "Content-Length: 184467440737095516$((16 + length))")$hidden"
	talk
}

# What GET has no use for, it may pass over; but behind it is the end.
@test "smuggled: Content-Length beside Transfer-Encoding: the end" {
	local hidden length
	hidden=$(second_request)
	length=$(printf '%b' "$hidden" | wc -c)
	serves
	refuses any "$(with_line "Content-Length: $((length + 5))\\r\\nTransfer-Encoding: chunked")0\\r\\n\\r\\n$hidden"
	refuses any "$(with_line "Transfer-Encoding: chunked\\r\\nContent-Length: 4")0\\r\\n\\r\\n$hidden"
	refuses any "$(with_line "tRANSFER-eNCODING:\\tchunked \\r\\nContent-Length: 0")0\\r\\n\\r\\n$hidden"
	talk
}

@test "coding: a coding unknown, or chunked wrongly: the end" {
	local hidden coding
	hidden=$(second_request)
	serves
	for coding in gzip 'chunked, gzip' xchunked identity; do
		refuses "$REFUSED" \
			"$(with_line "Transfer-Encoding: $coding")0\\r\\n\\r\\n$hidden"
	done
	for chunk in 'zz\r\n' '-1\r\n' 'fffffffffffffffff1\r\n' '5\r\nabcdefgh\r\n'; do
		refuses any \
			"$(with_line 'Transfer-Encoding: chunked')$chunk$hidden"
	done
	talk
}

# Refused, or read in the one way that is left: then the next one, which is in
# the same segment, is answered.
hides_nothing() { # LINE
	visitor a
	ASKED+=(GET)
	sends GET "$(with_line "$1")$(second_request)"
	gets_or_ends 200,400
	says_of when 200 body file "$WWW/$TEXT"
	gets_or_ends 200 "$STYLE"
	leaves
}

@test "folded: a folded line hides no field" {
	local length
	length=$(printf '%b' "$(second_request)" | wc -c)
	serves
	hides_nothing "X: y\\r\\n Content-Length: $length"
	hides_nothing "X: y\\r\\n\\tTransfer-Encoding: chunked"
	talk
}

@test "bare-cr: a CR alone ends no line" {
	local length
	length=$(printf '%b' "$(second_request)" | wc -c)
	serves
	hides_nothing "X: y\\rContent-Length: $length"
	hides_nothing "X: y\\r\\r\\nZ: y"
	talk
}

@test "nul: a NUL in a path, or a field, cuts nothing off" {
	serves
	fetches GET "/$TEXT%00.html"
	gets_or_ends 4xx
	leaves
	visitor a
	sends GET "GET /$TEXT\\x00.html HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets_or_ends 4xx
	leaves
	hides_nothing 'X: y\x00z'
	hides_nothing 'X: y\x00\r\nContent-Length: 0'
	talk
}

# LINE so many times.
many() { # COUNT LINE
	yes "$2" | head -n "$1"
}

# What is in FILE is refused, and the next client is served.
refuses_file() { # STATUS FILE
	visitor a
	ASKED+=(GET)
	TALK+=("offer a file $2")
	gets_or_ends "$1"
	leaves
	visits
	talk
	must_run
}

long_target() {
	printf 'GET /%s HTTP/1.1\r\nHost: %s\r\n\r\n' \
		"$(many 102400 a | tr -d '\n')" "$HTTP_HOST" >"$HERE/request"
}

# A request with these fields, too, which come in lines.
long_request() {
	printf 'GET /%s HTTP/1.1\r\nHost: %s\r\n' "$TEXT" "$HTTP_HOST"
	sed 's/$/\r/'
	printf '\r\n'
}

long_header() {
	{
		printf 'X: '
		many 1048576 a | tr -d '\n'
		echo
	} | long_request >"$HERE/request"
}

many_fields() {
	many 20000 'X: y' | long_request >"$HERE/request"
}

@test "long-target: takes a target of 7000 bytes, refuses 100 KiB" {
	long_target
	serves
	fetches GET "/$TEXT?$(many 7000 a | tr -d '\n')"
	gets 200 "$TEXT"
	leaves
	refuses_file "$REFUSED" "$HERE/request"
}

@test "long-header: takes a header of 6000 bytes, refuses a mebibyte" {
	long_header
	serves
	fetches GET "/$TEXT" "X: $(many 6000 a | tr -d '\n')"
	gets 200 "$TEXT"
	leaves
	refuses_file "$REFUSED" "$HERE/request"
}

@test "many-fields: refuses a header of 20,000 fields" {
	many_fields
	serves
	refuses_file "$REFUSED" "$HERE/request"
}

@test "huge-body: does not wait for a body of a tebibyte" {
	serves
	visitor a
	asks POST "/$TEXT" 'Content-Length: 1099511627776'
	gets_or_ends any
	is_the_last
	talk
}

@test "linger: who is refused in mid-body can read why" {
	serves
	visitor a
	asks POST "/$TEXT" 'Content-Length: 120000'
	says_of offer random 60000
	# Who answers only when the whole body is there refuses nobody.
	says_of comes 300
	says_of offer random 60000
	gets any
	# Who closes first would hide that the server closes with bytes unread.
	says_of stay 300
	leaves
	talk
	at_rest
	wire
	shows_no server RST || {
		diagnose "close() with bytes unread sends RST, which takes from the" \
			"client what it has not read yet. shutdown(), read on for a" \
			"while, then close() (RFC 9112, section 9.6)."
		return 1
	}
}

# No redirect, or one to a path of this server.
stays_here() { # TARGET
	fetches GET "$1"
	gets_or_ends any
	says_of when 3xx field Location \
		"\"@(/|/[!/]*|+([!/:])/*|http://@($HTTP_HOST|$SERVER4)?(:+([0-9]))/*)\""
	has_no X-Split
	leaves
}

@test "elsewhere: a redirect leads to no other host, adds no field" {
	serves
	stays_here "//$FOLDER"
	stays_here //other.lab/%2e%2e
	stays_here "//other.lab/..%2f$FOLDER"
	stays_here "/%2f$FOLDER"
	stays_here '/new%0aX-Split:%20yes'
	stays_here '/new%0d%0aX-Split:%20yes'
	talk || why_elsewhere
}

why_elsewhere() {
	diagnose "Location must not begin with \"//\", which is another host, nor have" \
		"a line end in it, behind which begins a field of the client's" \
		"choice: one slash in front, and all behind it escaped again."
	return 1
}

@test "log-lines: no request can write log lines of its own" {
	local err
	serves log=v
	fetches GET '/%0a192.0.2.66%20-%20-'
	gets_or_ends any
	fetches_next GET '/\x1b[2J\r192.0.2.66 - -'
	gets_or_ends any
	leaves
	visits
	talk
	logs "GET /$TEXT HTTP/1\\.1" 200 "$(bytes_of "$TEXT")"
	err=$HERE/${JOB_RUN[JOB]}.err
	! LC_ALL=C grep -aqE $'^192\\.0\\.2\\.66|\x1b|\r' "$err" ||
		because "In its log there is what a client has put there."
}

# Clients of a server whose system calls fail now and then.
visits_among_faults() { # FILE
	local n
	for n in 1 2 3; do
		visitor "a$n"
		asks GET "/$1" 'Connection: close'
		visitor "b$n"
		asks GET "/$TEXT" 'Connection: close'
	done
	for n in 1 2 3; do
		turn_to "a$n"
		gets 200 "$1"
		ends
		turn_to "b$n"
		gets 200 "$TEXT"
		ends
	done
	talk
	must_run
}

@test "faults: survives EINTR, and clients gone before accept()" {
	with_chaos eintr,econnaborted
	serves
	visits_among_faults "$BYTES"
}

@test "sanitizers: the sanitizers found nothing in the server" {
	DETECT_LEAKS=1
	local path
	serves
	for path in "/$TEXT" "/no-$TEXT" "/$LONG" "/$FOLDER"; do
		fetches GET "$path"
		gets_or_ends any
		leaves
	done
	begin_silent
	talk
	signal TERM
	job_wait "$EXIT_MS" || true
	sanitizers_silent "$SERVER"
}

# --- going further -----------------------------------------------------------

# Some servers take what is behind a file for a program's, and may; some lead to
# the file's own name.
@test "file-slash: /file/ and /file/x are not the file" {
	serves
	fetches GET "/$TEXT/"
	gets 3xx,4xx
	fetches_next GET "/$TEXT/$TEXT"
	gets 3xx,4xx
	talk || why_file_slash
}

why_file_slash() {
	diagnose "A page with a slash behind its name would look for all that it" \
		"links to below itself: what is below a file is not found, ENOTDIR."
	return 1
}

@test "named-limits: says which limit: 414, 431, 413" {
	serves
	long_target
	refuses_file 414 "$HERE/request"
	long_header
	refuses_file 431 "$HERE/request"
	visitor a
	asks GET "/$TEXT" 'Content-Length: 1099511627776'
	gets 413
	talk
}

@test "empty-line: passes over an empty line before a request" {
	serves
	visitor a
	sends GET "\\r\\n$(second_request)"
	gets 200 "$STYLE"
	talk
}

@test "minor-version: answers HTTP/1.7 as HTTP/1.1" {
	serves
	visitor a
	sends GET "GET /$TEXT HTTP/1.7\\r\\nHost: $HTTP_HOST\\r\\n\\r\\n"
	gets 200 "$TEXT"
	talk
}

@test "half-close: answers a client who has half-closed" {
	serves
	visitor a
	asks GET "/$LONG"
	says_of half-close
	gets 200 "$LONG"
	ends
	talk
}

@test "future: Last-Modified is never later than Date" {
	serves
	fetches GET /tomorrow.txt
	gets 200 tomorrow.txt
	says_of field-past Last-Modified
	talk
}

@test "crowd: answers while 10,000 other clients are silent" {
	descriptors 1024 12000
	JAIL_LIMITS+=(--processes 12000)
	serves
	come_in_groups 100 100
	visits
	talk_at_home
}

# Not so who has the kernel tell of edges alone (EPOLLET): epoll(7) lets him take
# a short count for the end of what there is.
@test "short-calls: survives reads and writes that do less" {
	with_chaos short-read,short-write
	serves
	visits_among_faults "$LONG"
}

@test "accept-fails: goes on when accept() fails: EMFILE" {
	local n
	with_chaos emfile "$SEED" 2
	serves
	for n in 1 2 3 4 5 6; do
		visits
	done
	talk
	must_run
}
