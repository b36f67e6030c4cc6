#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # each test is a subshell, and meant to be
#
# httpd.bats - lab 05's model answer, and its starter, on the loopback of a
# network of their own; and the unit tests of its parser and of common/http.c.
# `make programs` comes first. FUZZ_S=600 looks for longer.

bats_require_minimum_version 1.5.0

load lab
load loopback

FUZZ_S=${FUZZ_S:-10}
CODE_LINES=800 # that the model answer may have, neither blank nor comment
CODE_FILES="httpd.h httpd.c conn.c request.c response.c files.c"
IDLE_CONN_BYTES=4096 # of memory, at most
CROWD=10000
OLD='2020-02-02 02:02:02 UTC'

setup() {
	BEHIND=()
	cd "$BATS_TEST_TMPDIR" || return
	HTTPD=$BUILD/solution/httpd
	make_network || skip "no network of one's own here"
	make_site
}

# --- helpers -----------------------------------------------------------------

make_site() {
	mkdir -p site/folder/deeper site/empty
	echo '<p>root</p>' >site/index.html
	echo '<p>folder</p>' >site/folder/index.html
	printf 'hello\n' >site/hello.txt
	: >site/nothing
	seq 400000 >site/large.txt
	echo '<p>odd</p>' >'site/a b+c%.html'
	echo secret >secret
	ln -s ../secret site/out
	ln -s .. site/up
	ln -s hello.txt site/inside
	mkfifo site/fifo
	echo private >site/private
	chmod 0 site/private
	find site -exec touch -h -d "$OLD" {} +
}

# serve ARG...: start the server behind the words of BEHIND, and wait until it
# listens; $PORT is where.
serve() {
	rm -f said
	mkfifo said
	become "${BEHIND[@]}" "$HTTPD" -p 0 "$@" >said 2>&1 &
	SERVER=$!
	PIDS+=("$SERVER")
	await_line listening
	PORT=${LINE##*:}
}

# What the server answers to TEXT (%b of printf), in pieces as SEED says, until
# it ends the connection.
ask() { # TEXT [SEED]
	printf '%b' "$1" | inside "$BUILD/test/ask" "$PORT" ${2:+"$2"}
}

# The statuses of the answers on stdin.
statuses() {
	tr -d '\0' | sed -n 's,^HTTP/1\.1 \([0-9][0-9][0-9]\) .*\r$,\1,p' | xargs
}

# says STATUSES TEXT: and the same, byte by byte and in random pieces, Date left
# out.
says() {
	local seed
	ask "$2" | grep -av '^Date: ' >whole || true
	echo "$(statuses <whole), expected $1: ${2:0:200}"
	[ "$(statuses <whole)" = "$1" ]
	for seed in 0 1 2; do
		ask "$2" "$seed" | grep -av '^Date: ' | cmp - whole
	done
}

# A header field of the answer to TEXT.
field() { # NAME TEXT
	ask "$2" | tr -d '\r\0' | sed -n "s/^$1: //p"
}

H='Host: a\r\nConnection: close\r\n'
get() { # TARGET [FIELDS]
	printf '%s' "GET $1 HTTP/1.1\\r\\n$H${2-}\\r\\n"
}

# The memory of the server that is its own, in bytes.
memory() {
	awk '/^(Private_Dirty|Swap):/ { kb += $2 } END { print kb * 1024 }' \
		"/proc/$SERVER/smaps_rollup"
}

# --- the parts ---------------------------------------------------------------

# each_unit_test COMMAND...: run each of them behind COMMAND.
each_unit_test() {
	local name
	for name in $("$UNITS"); do
		echo "$name"
		timeout 300 "$@" "$UNITS" "$name"
	done
}

@test "dates, grammar, log lines, files beneath, and the parser" {
	UNITS=$BUILD/test/http_test
	each_unit_test env
	UNITS=$BUILD/asan/test/http_test
	[ ! -x "$UNITS" ] || each_unit_test env
}

@test "the same under valgrind" {
	needs valgrind
	UNITS=$BUILD/test/http_test
	each_unit_test valgrind -q --error-exitcode=99 --leak-check=full
}

@test "the parser, fed by libFuzzer: one piece or many, it says the same" {
	needs clang
	local solution=$ROOT/labs/05-http/solution
	clang -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -D_GNU_SOURCE -std=c17 \
		-I"$ROOT/common" -o fuzz "$ROOT/tests/self/httpd/fuzz.c" \
		"$solution/request.c" "$ROOT/common/http.c" \
		"$ROOT/common/net.c" 2>said ||
		skip "clang has no libFuzzer here: $(head -n 1 said)"
	mkdir found
	timeout -k 5 $((FUZZ_S + 300)) ./fuzz -max_total_time="$FUZZ_S" \
		-max_len=2048 -timeout=20 -rss_limit_mb=1024 found \
		"$ROOT/tests/self/httpd/corpus" 2>&1 | tail -n 40
	[ "${PIPESTATUS[0]}" -eq 0 ]
}

@test "the model answer has no more than $CODE_LINES lines of code" {
	local file code=0
	for file in $CODE_FILES; do
		# shellcheck disable=SC2016 # that is the compiler's
		code=$((code + $("${CC:-cc}" -fpreprocessed -dD -E -P \
			"$ROOT/labs/05-http/solution/$file" | grep -c '[^[:space:]]')))
	done
	echo "$code lines"
	((code <= CODE_LINES))
}

# --- what it answers ---------------------------------------------------------

@test "the request line: in one piece, byte by byte, in random pieces" {
	serve site
	says 200 "$(get /)"
	says 200 "$(get /hello.txt)"
	says 200 "$(get '/hello.txt?a=b?c')"
	says 200 "$(get /a%20b+c%25.html)"
	says 200 "$(get http://a/hello.txt)"
	says 200 "$(get http://a)"
	says 200 "$(get //hello.txt)"
	says 200 "$(get /folder/../hello.txt)"
	says 200 "\\r\\n\\r\\n\\r\\n$(get /)"
	says 200 'GET / HTTP/1.0\r\n\r\n'
	says 200 "HEAD / HTTP/1.1\\r\\n$H\\r\\n"
	says 400 'GET / HTTP/1.1\r\n\r\n'
	says 400 'GET / HTTP/1.1\nHost: a\n\n'
	says 400 "$(get '/#a')"
	says 400 "$(get /%zz)"
	says 400 "$(get /hello.txt%00)"
	says 404 "$(get /folder%2f)"
	says 404 "$(get /nobody)"
	says 404 "$(get /hello.txt/)"
	says 405 "POST / HTTP/1.1\\r\\n$H\\r\\n"
	says 405 "OPTIONS * HTTP/1.1\\r\\n$H\\r\\n"
	says 501 "get / HTTP/1.1\\r\\n$H\\r\\n"
	says 505 "GET / HTTP/2.0\\r\\n$H\\r\\n"
	says 414 "GET /$(printf '%09000d' 0) HTTP/1.1\\r\\n$H\\r\\n"
	says 404 "GET /$(printf '%08000d' 0) HTTP/1.1\\r\\n$H\\r\\n"
	stops_well
	[ -z "$REST" ]
}

@test "the fields: likewise" {
	serve site
	says 400 "$(get / 'Host: b\r\n')"
	says 400 "$(get / 'A : b\r\n')"
	says 400 "$(get / ' A: b\r\n')"
	says 400 "$(get / 'A: b\r\n c\r\n')"
	says 400 "$(get / 'A: b\rc\r\n')"
	says 400 "$(get / 'A: b\0c\r\n')"
	says 431 "$(get / "A: $(printf '%017000d' 0)\\r\\n")"
	says 431 "$(get / "$(printf 'A%d:\\r\\n' {1..99})")"
	says 200 "$(get / "$(printf 'A%d:\\r\\n' {1..98})")"
	stops_well
}

@test "what could smuggle a request ends the connection" {
	serve site
	local behind
	behind=$(get /hello.txt)
	says 400 "$(get / 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n')$behind"
	says 400 "$(get / 'Content-Length: 1\r\nContent-Length: 1\r\n')x$behind"
	says 400 "$(get / 'Content-Length: +1\r\n')x$behind"
	says 400 "$(get / 'Content-Length: 1,1\r\n')x$behind"
	says 413 "$(get / 'Content-Length: 18446744073709551617\r\n')x$behind"
	says 400 "$(get / 'Transfer-Encoding: xchunked\r\n')$behind"
	says 501 "$(get / 'Transfer-Encoding: gzip, chunked\r\n')$behind"
	says 400 "GET / HTTP/1.0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n$behind"
	local keep='Host: a\r\n'
	says 200 "GET / HTTP/1.1\\r\\n${keep}Content-Length: 5\\r\\n\\r\\nhello$behind"
	says 405 "POST / HTTP/1.1\\r\\n${keep}Transfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n$behind"
	says 200 "GET / HTTP/1.1\\r\\n${keep}Content-Length: 9\\r\\nExpect: 100-continue\\r\\n\\r\\n"
	stops_well
}

@test "one connection, many requests; an old client has to ask for it" {
	serve site
	local a='GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n'
	says '200 404 301 200' "$a${a/hello.txt/nobody}${a/hello.txt/folder}$(get /)"
	says '200 200' "${a/1.1/1.0}${a/1.1/1.0}" || true
	says 200 "GET / HTTP/1.0\\r\\n\\r\\n$a"
	says '200 200' "GET / HTTP/1.0\\r\\nConnection: keep-alive\\r\\n\\r\\nGET / HTTP/1.0\\r\\n\\r\\n"
	says '200 200' "$a\\r\\n\\r\\n$(get /)"
	says '200 400' "${a}GET / HTTP/1.1\\r\\n\\r\\n$a"
	stops_well
}

@test "If-Modified-Since: three forms of a date, and what is none" {
	serve site
	local since status
	while read -r status since; do
		says "$status" "$(get /hello.txt "If-Modified-Since: $since\\r\\n")"
	done <<-END
		304 Sun, 02 Feb 2020 02:02:02 GMT
		304 Sunday, 02-Feb-20 02:02:02 GMT
		304 Sun Feb  2 02:02:02 2020
		304 Wed, 01 Jan 2025 00:00:00 GMT
		200 Sun, 02 Feb 2020 02:02:01 GMT
		200 Fri, 02 Feb 2120 02:02:02 GMT
		200 Mon, 02 Feb 2020 02:02:02 GMT
		200 02 Feb 2020 02:02:02 GMT
		200 yesterday
		200
	END
	since='If-Modified-Since: Sun, 02 Feb 2020 02:02:02 GMT\r\n'
	says 200 "$(get /hello.txt "${since}If-None-Match: \"a\"\\r\\n")"
	says 200 "$(get /hello.txt "If-None-Match: \"a\"\\r\\n$since")"
	touch site/future -d '2 days'
	local date
	date=$(field Last-Modified "$(get /future)")
	(($(date -d "$date" +%s) <= $(date +%s)))
	stops_well
}

@test "a redirect leads to a folder of this server and nowhere else" {
	mkdir -p 'site/evil.org' 'site/\evil.org' $'site/a\nb'
	serve site
	[ "$(field Location "$(get /folder)")" = /folder/ ]
	[ "$(field Location "$(get '/folder?a=b')")" = '/folder/?a=b' ]
	[ "$(field Location "$(get //evil.org)")" = /evil.org/ ]
	[ "$(field Location "$(get '/\\evil.org')")" = /%5Cevil.org/ ]
	[ "$(field Location "$(get '/a%0ab')")" = /a%0Ab/ ]
	stops_well
}

nothing_outside() {
	says 200 "$(get /hello.txt)"
	says 200 "$(get /folder/)"
	says 301 "$(get /folder/deeper)"
	says 403 "$(get /empty/)"
	says 403 "$(get /../secret)"
	says 403 "$(get /folder/../../secret)"
	says 403 "$(get /%2e%2e/secret)"
	says 404 "$(get /..%2fsecret)"
	says 403 "$(get /fifo)"
	local target
	for target in /out /up/secret /up/site/hello.txt; do
		[[ $(ask "$(get $target)" | statuses) == 40[34] ]]
	done
}

@test "nothing outside the folder, and no listing of it" {
	serve site
	nothing_outside
	says 200 "$(get /inside)"
	stops_well
	[ -z "$REST" ]
}

@test "likewise where there is no openat2()" {
	needs strace
	inside strace -qq -o trace -e trace=openat2 true ||
		skip "no right to watch system calls here"
	local error
	for error in ENOSYS EPERM; do
		BEHIND=(strace -D -qq -o trace -e trace=openat2
			-e inject="openat2:error=$error")
		serve site
		nothing_outside
		stops_well
		grep -q INJECTED trace
	done
}

@test "a file that it may not read is forbidden" {
	[ "$(id -u)" -ne 0 ] || BEHIND=(setpriv --bounding-set -all
		--inh-caps -all)
	inside "${BEHIND[@]}" cat site/private >/dev/null 2>&1 &&
		skip "no way to be somebody who may not"
	serve site
	says 403 "$(get /private)"
	stops_well
}

@test "-v logs each request, and nobody forges a line" {
	serve -v site
	ask "$(get /hello.txt)" >/dev/null
	ask 'GET /"\x1b[2J HTTP/1.0\r\n\r\n' >/dev/null
	ask 'GET /"\xff\\ HTTP/1.0\r\n\r\n' >/dev/null
	ask 'a\nb' >/dev/null
	stops_well
	local form='^127\.0\.0\.1 - - \[../.../....:..:..:.. [+-]....\] '
	[ "$(grep -c "$form" <<<"$REST")" -eq 4 ]
	[ "$(wc -l <<<"$REST")" -eq 4 ]
	[[ $REST == *'"GET /hello.txt HTTP/1.1" 200 6'$'\n'* ]]
	[[ $REST == *'"GET /\x22\xff\x5c HTTP/1.0" 404 10'$'\n'* ]]
}

@test "wrong arguments: a sentence, the usage and status 2" {
	local args
	for args in "" "-p" "-p 70000 ." "-p x ." "-b localhost ." "-t 0 ." \
		"-t 3600001 ." "-t 1x ." "-x ." ". ."; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 inside "$HTTPD" $args
		[[ $output == *"usage: httpd [-b ADDR] [-p PORT] [-t IDLE_MS] [-v] DIR" ]]
	done
	run -1 inside "$HTTPD" -p 0 nobody
	[ "$output" = "httpd: nobody: No such file or directory" ]
	run -1 inside "$HTTPD" -p 0 secret
	[ "$output" = "httpd: secret: Not a directory" ]
	serve -b 127.0.0.1 site
	run -1 inside "$HTTPD" -b 127.0.0.1 -p "$PORT" site
	[ "$output" = "httpd: port $PORT: Address already in use" ]
	stops_well
}

# --- slow, hostile, many -----------------------------------------------------

REQUEST='GET /hello.txt HTTP/1.1\r\nHost: a\r\n\r\n'
LARGE='GET /large.txt HTTP/1.1\r\nHost: a\r\n\r\n'

# A client on its own, as on the first day.
served() {
	probe "connect new 127.0.0.1 $PORT" "send new \"$REQUEST\"" \
		'answer new GET 200' 'body new "hello\n"' "send new \"$REQUEST\"" \
		'answer new GET 200'
}

@test "silent, slow, deaf and rude clients delay nobody" {
	serve site
	in_the_background "clients 50 silent 127.0.0.1 $PORT" \
		"clients 20 half 127.0.0.1 $PORT" 'each half forward send "GET / HT"' \
		"clients 20 deaf 127.0.0.1 $PORT" \
		"each deaf forward send \"$LARGE$LARGE$LARGE\"" \
		"connect rude 127.0.0.1 $PORT" "send rude \"$LARGE\"" 'reset rude' \
		'say ready' 'wait-input' 'each half reverse send "TP/1.0\r\n\r\n"' \
		'each half random answer GET 200' \
		'each deaf random answer GET 200' 'body deaf1 file site/large.txt' \
		'each deaf reverse answer GET 200' \
		'each deaf forward answer GET 200' 'say served'
	served
	[ "$(find "/proc/$SERVER/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
	echo >&"$GO"
	has_told served
	stops_well
}

@test "who keeps it waiting is let go, and half a request hears why" {
	serve -t 1500 site
	local before
	before=$(descriptors)
	probe "connect silent 127.0.0.1 $PORT" "connect half 127.0.0.1 $PORT" \
		'send half "GET / HTTP/1.1\r\nHos"' "connect drip 127.0.0.1 $PORT" \
		"connect old 127.0.0.1 $PORT" "send old \"$REQUEST\"" \
		'answer old GET 200' \
		'drip drip "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaa" every 100' \
		"connect lines 127.0.0.1 $PORT" \
		"drip lines \"$(printf '\\r\\n%.0s' {1..60})\" every 100" \
		'answer half GET 408' 'field half Connection close' \
		'answer drip GET 408' 'expect-eof half' 'expect-eof drip' \
		'expect-eof silent' 'expect-eof old'
	in_the_background "connect deaf 127.0.0.1 $PORT" \
		"send deaf \"$LARGE$LARGE$LARGE$LARGE\"" 'comes deaf' 'say ready' \
		'wait-input'
	eventually has_descriptors "$before"
	stops_well
}

@test "who takes a response slowly, but takes it, gets all" {
	# shellcheck disable=SC2016 # that is another shell's
	inside sh -c 'cd /proc/sys/net/ipv4 && echo "$1" >tcp_wmem &&
		echo "$2" >tcp_rmem' - '4096 16384 1048576' '4096 65536 65536' ||
		skip "no way to say how large a socket's buffers are"
	serve -t 3000 site
	# In that time far less than the third of its buffer that epoll waits for;
	# and on a busy machine, too, something.
	inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT
		printf 'GET /large.txt HTTP/1.0\r\n\r\n' >&3
		for i in {1..16}; do
			head -c 16384 <&3
			read -r -t 0.25 _ <> <(:) || true
		done
		cat <&3" >got
	tail -c "$(stat -c %s site/large.txt)" got | cmp - site/large.txt
	stops_well
}

@test "an answer to who is still sending is not lost by RST" {
	serve site
	probe "connect a 127.0.0.1 $PORT" \
		'send a "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n"' \
		'comes a' 'send a random 65536' 'answer a POST 405' 'expect-eof a' \
		"connect b 127.0.0.1 $PORT" \
		'send b "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"' \
		'comes b' "send b \"$REQUEST\"" 'answer b GET 200' 'expect-eof b'
	stops_well
}

@test "who asks after a change is not given the file of before" {
	needs strace
	inside strace -qq -o trace -e trace=sendto true ||
		skip "no right to watch system calls here"
	# It has answered, and is held up before it looks for the next client.
	BEHIND=(strace -D -qq -o trace -e trace=sendto
		-e inject=sendto:delay_exit=1000000)
	serve site
	in_the_background "connect a 127.0.0.1 $PORT" "send a \"$REQUEST\"" \
		'answer a GET 200' 'say ready' 'wait-input' \
		"connect b 127.0.0.1 $PORT" "send b \"$REQUEST\"" \
		'answer b GET 200' 'body b "other\n"' 'say served'
	echo other >site/hello.txt
	echo >&"$GO"
	has_told served
	stops_well
}

@test "a file that changes while it is sent leaves no answer in doubt" {
	seq 4000000 | tee site/growing site/shrinking >before
	serve site
	in_the_background "connect a 127.0.0.1 $PORT" \
		"send a \"${LARGE/large.txt/shrinking}$REQUEST\"" 'comes a' \
		"connect b 127.0.0.1 $PORT" \
		"send b \"${LARGE/large.txt/growing}$REQUEST\"" 'comes b' \
		'say ready' 'wait-input' 'answer b GET 200' \
		'body b file before' 'answer b GET 200' 'body b "hello\n"' \
		'say grown' 'answer a GET 200'
	echo more >>site/growing
	truncate -s 20000 site/shrinking
	echo >&"$GO"
	# The connection ends before the file does.
	has_told 'keyword: http-short'
	cat told
	grep -q '^grown$' told
	grep -q '^connection: a ' told
	served
	stops_well
}

@test "$CROWD idle connections: served, no time used, next to no memory" {
	(($(ulimit -Hn) >= CROWD + 3000)) ||
		skip "no more than $(ulimit -Hn) descriptors here"
	serve -t 1200000 site
	local before open PROBE_MS=300000
	open=$(descriptors)
	served
	eventually has_descriptors "$open"
	before=$(memory)
	in_the_background "clients $((CROWD / 2)) a 127.0.0.1 $PORT" \
		"each a forward send \"$REQUEST\"" 'each a forward answer GET 200' \
		"clients $((CROWD / 2)) b 127.0.0.1 $PORT" 'say ready' 'wait-input' \
		"each b random send \"$REQUEST\"" 'each b random answer GET 200' \
		'say served'
	served
	eventually has_descriptors $((CROWD + open))
	local each=$((($(memory) - before) / CROWD)) used
	echo "$each bytes a connection"
	((each <= IDLE_CONN_BYTES))
	used=$(ticks)
	read -r -t 1 _ <> <(:) || true
	(($(ticks) - used < 20))
	echo >&"$GO"
	has_told served
	stops_well
}

@test "at the descriptor limit it serves those it has, and then the next" {
	BEHIND=(prlimit --nofile=24:24)
	serve -t 60000 site
	# 3 of 24 are for files, 3 the standard streams, 3 the server's own.
	in_the_background "clients 15 c 127.0.0.1 $PORT" \
		"each c random send \"$REQUEST\"" 'each c random answer GET 200' \
		"connect d 127.0.0.1 $PORT" "send d \"$REQUEST\"" \
		'expect-silence d 300' 'say ready' 'wait-input' \
		"each c reverse send \"$REQUEST\"" 'each c reverse answer GET 200' \
		'close c7' 'answer d GET 200' 'say served'
	local before
	before=$(ticks)
	read -r -t 1 _ <> <(:) || true
	(($(ticks) - before < 20))
	echo >&"$GO"
	has_told served
	stops_well
}

@test "SIGTERM: what is under way is finished, nothing new is begun" {
	serve -t 8000 site
	in_the_background "connect idle 127.0.0.1 $PORT" \
		"connect half 127.0.0.1 $PORT" 'send half "GET / HTTP/1.1\r\n"' \
		"connect busy 127.0.0.1 $PORT" "send busy \"$LARGE\"" 'comes busy' \
		'say ready' 'wait-input' 'expect-eof idle' \
		"expect-refused 127.0.0.1 $PORT" 'answer busy GET 200' \
		'body busy file site/large.txt' 'send half "Host: a\r\n\r\n"' \
		'answer half GET 200' 'field half Connection close' \
		'expect-eof half' "send busy \"$REQUEST\"" 'say done' 'close busy'
	kill -TERM "$SERVER"
	echo >&"$GO"
	has_told "done"
	REST=$(timeout 5 cat <&"$OUT")
	wait "$SERVER"
}

@test "SIGTERM: who does not go is left after the idle time" {
	serve -t 1500 site
	in_the_background "connect half 127.0.0.1 $PORT" 'send half "GET /"' \
		"connect deaf 127.0.0.1 $PORT" "send deaf \"$LARGE$LARGE$LARGE\"" \
		'comes deaf' 'say ready' 'wait-input'
	stops_well
}

# --- under instruments -------------------------------------------------------

conversation() {
	says 200 "$(get /hello.txt)"
	says '200 200 404' "$REQUEST$REQUEST$(get /nobody)"
	says 400 'GET / HTTP/1.1\r\n\r\n'
	says 405 "POST / HTTP/1.1\\r\\n${H}Content-Length: 5\\r\\n\\r\\nhello"
	says 200 "$(get /large.txt)"
	says 431 "$(get / "$(printf 'A%d:\\r\\n' {1..99})")"
	probe "connect a 127.0.0.1 $PORT" "send a \"$LARGE$LARGE$LARGE$REQUEST\"" \
		"connect b 127.0.0.1 $PORT" "send b \"$REQUEST\"" 'answer b GET 200' \
		'reset b' "clients 20 c 127.0.0.1 $PORT" \
		"each c random send \"$REQUEST\"" 'each c random answer GET 200' \
		'answer a GET 200' 'body a file site/large.txt' 'answer a GET 200' \
		'answer a GET 200' 'answer a GET 200' 'body a "hello\n"'
	in_the_background "connect d 127.0.0.1 $PORT" 'send d "GET /"' \
		"connect e 127.0.0.1 $PORT" "send e \"$LARGE$LARGE$LARGE\"" \
		'comes e' 'say ready' 'wait-input'
}

@test "faults injected into its calls lose nothing" {
	inside "$BUILD/test/chaos" -o /dev/null true ||
		skip "no right to watch system calls here"
	local kinds=short-read,short-write,eintr,econnaborted,emfile seed
	for seed in 1 2 3; do
		BEHIND=("$BUILD/test/chaos" -s "$seed" -f "$kinds" -o report)
		serve -t 4000 site
		conversation
		stops_well
		[[ $(<report) == *'"emfile":'[1-9]* ]]
	done
}

@test "the sanitizers are silent" {
	HTTPD=$BUILD/asan/solution/httpd
	[ -x "$HTTPD" ] || skip "not built with sanitizers"
	serve -t 4000 site
	conversation
	nothing_outside
	stops_well
	[ -z "$REST" ]
}

@test "valgrind is silent, and no descriptor is left" {
	needs valgrind
	BEHIND=(valgrind -q --leak-check=full --error-exitcode=99)
	serve -t 4000 site
	conversation
	stops_well
	# Old ones do not know openat2(), say so, and answer ENOSYS.
	run -1 grep -v '^--[0-9]*-- ' <<<"$REST"
}

# --- the starter -------------------------------------------------------------

@test "the starter serves until it is to do what is to be written" {
	grep -q 'todo(1,' "$ROOT/labs/05-http/conn.c" ||
		skip "here somebody has begun to solve it"
	HTTPD=$BUILD/bin/httpd
	serve site
	ask "$(get /)" || true
	REST=$(timeout "$END_S" cat <&"$OUT")
	[[ $REST == "httpd: step 1 is still to be written: "* ]]
}
