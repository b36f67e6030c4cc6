#!/usr/bin/env bats
#
# probe-http.bats - the probe reads an HTTP server's answers strictly, and allows
# a server all that it may do. The server is the probe itself, which sends what
# it is told. `make programs` comes first.

bats_require_minimum_version 1.5.0

load lab
load peer

OK='HTTP/1.1 200 OK\r\n'
TWO='Content-Length: 2\r\n\r\nhi'

probe() {
	timeout "$PATIENCE_S" "$BUILD/test/probe" "$@" 3>&- 4>&- 10>&-
}

# What a server sends, and perhaps then its end; what is said of the answer.
answers() { # BYTES STEP...
	run probe -t 20000 'listen l' 'connect a 127.0.0.1 @l' 'accept l s' \
		"send s \"$1\"" "${@:2}"
	echo "$output"
}

passes() { # BYTES STEP...
	answers "$@"
	[ "$status" = 0 ]
}

fails() { # KEYWORD BYTES STEP...
	answers "${@:2}"
	[ "$status" = 1 ]
	[[ $output == *$'\n'"keyword: $1"$'\n'* ]]
}

@test "a body ends where Content-Length says, chunked does, or the connection" {
	passes "$OK$TWO" 'answer a GET 200' 'body a "hi"'
	passes "${OK}Transfer-Encoding: chunked\\r\\n\\r\\n1;x=y\\r\\nh\\r\\n1\\r\\ni\\r\\n0\\r\\nT: r\\r\\n\\r\\n" \
		'answer a GET 200' 'body a "hi"'
	passes "$OK\\r\\nhi" 'half-close s' 'answer a GET 200' 'body a "hi"'
}

@test "HEAD, 304 and 204 have no body, whatever their header says" {
	passes "$OK${TWO%hi}HTTP/1.1 304 \\r\\n\\r\\nHTTP/1.1 204 No\\r\\n\\r\\n$OK$TWO" \
		'answer a HEAD 200' 'answer a GET 304' 'answer a PUT 2xx' \
		'answer a GET any' 'body a "hi"'
	fails http-body-after-head "$OK$TWO$OK$TWO" 'answer a HEAD 200' \
		'answer a GET 200'
	fails http-body-after-head "$OK$TWO" 'half-close s' 'answer a HEAD 200' \
		'ends a'
}

@test "interim answers are passed over" {
	passes "HTTP/1.1 100 Continue\\r\\n\\r\\n$OK$TWO" 'answer a POST 200' \
		'body a "hi"'
}

@test "names in any case, any blanks around a value, no reason at all" {
	passes "HTTP/1.0 200 \\r\\ncOnTeNt-LeNgTh:2\\t \\r\\nX-Y:\\r\\n\\r\\nhi" \
		'answer a GET 200' 'field a content-length "2"' 'field a x-y' \
		'no-field a Z' 'field a X-Y ""'
}

@test "a list may be in several fields" {
	passes "${OK}Allow: GET\\r\\nAllow: HEAD\\r\\n$TWO" 'answer a GET 200' \
		'field a Allow "*GET*"' 'field a Allow "*HEAD*"'
}

@test "what a server must not send has a name" {
	fails http-no-status 'hello' 'half-close s' 'answer a GET 200'
	fails http-status-line 'HTTP/1.1 200\r\n\r\n' 'answer a GET 200'
	fails http-status-line 'HTTP/1.1 2000 OK\r\n\r\n' 'answer a GET 200'
	fails http-bare-lf "HTTP/1.1 200 OK\\n$TWO" 'answer a GET 200'
	fails http-field-line "${OK}no field\\r\\n\\r\\n" 'answer a GET 200'
	fails http-field-line "${OK}Date : x\\r\\n\\r\\n" 'answer a GET 200'
	fails http-field-line "${OK}A: b\\r\\n folded\\r\\n\\r\\n" 'answer a GET 200'
	fails http-control "${OK}A: b\\rc\\r\\n\\r\\n" 'answer a GET 200'
	fails http-control "${OK}A: b\\x00c\\r\\n\\r\\n" 'answer a GET 200'
	fails http-twice "${OK}Content-Length: 2\\r\\n$TWO" 'answer a GET 200'
	fails http-length "${OK}Content-Length: +2\\r\\n\\r\\nhi" 'answer a GET 200'
	fails http-length "${OK}Transfer-Encoding: chunked\\r\\n$TWO" \
		'answer a GET 200'
	fails http-chunk "${OK}Transfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\n" \
		'answer a GET 200'
	fails http-chunk "${OK}Transfer-Encoding: chunked\\r\\n\\r\\n0x1\\r\\nh\\r\\n0\\r\\n\\r\\n" \
		'answer a GET 200'
	fails http-chunk "${OK}Transfer-Encoding: chunked\\r\\n\\r\\n1\\r\\nh\\r\\n0\\r" \
		'answer a GET 200'
	[[ $output == *$'\n''got: "0\r"'$'\n'* ]]
}

@test "a body that is too short, or too long, or without an end" {
	fails http-short "$OK${TWO%i}" 'half-close s' 'answer a GET 200'
	fails http-short-waits "$OK${TWO%i}" 'answer a GET 200 within 200'
	fails http-too-long "$OK${TWO}gh$OK$TWO" 'answer a GET 200' \
		'answer a GET 200'
	fails http-no-length "$OK\\r\\nhi" 'answer a GET 200 within 200'
	fails http-silent '' 'answer a GET 200 within 200'
	fails http-ended 'HTTP/1.1 2' 'half-close s' 'answer a GET 200'
	fails http-reset '' 'reset s' 'answer a GET 200'
}

@test "the end may come in any way where it may come" {
	passes '' 'reset s' 'answer-or-end a GET 400' 'body a "x"' 'ends a'
	passes '' 'half-close s' 'answer-or-end a GET 400' 'is-last a'
	passes "HTTP/1.1 400 No\\r\\nConnection: close\\r\\n$TWO" \
		'answer-or-end a GET 4xx' 'half-close s' 'is-last a'
	passes "$OK\\r\\nhi" 'reset s' 'answer-or-end a GET 200' 'body a "hi"' \
		'lacks a "ho"' 'ends a'
	fails http-reset "$OK\\r\\nhi" 'reset s' 'answer a GET 200'
	fails http-second "$OK$TWO$OK$TWO" 'answer a GET 200' 'ends a'
	fails http-left-open "$OK$TWO" 'answer a GET 200' 'ends a within 200'
	fails http-status "$OK$TWO" 'answer-or-end a GET 400,5xx'
}

# A server sends HEAD and then MORE, again and again, beyond the deadline of who
# reads it.
never_ends() { # HEAD MORE
	local file=$BATS_TEST_TMPDIR/much said port
	{
		printf '%b' "$1"
		yes "$2" | head -n 700000
	} >"$file"
	exec {said}< <(probe -t 50000 'listen l' 'accept l s' "send s file $file")
	read -r _ _ port <&"$said"
	run probe "connect a 127.0.0.1 $port" 'answer a GET 200 within 300'
	exec {said}<&-
	echo "$output"
	[[ $status == 1 && $output == *$'\nkeyword: http-endless\n'* ]]
}

@test "an answer that never ends is not read for ever" {
	never_ends "${OK}Transfer-Encoding: chunked\\r\\n\\r\\n" $'1\r\na\r'
	never_ends '' $'HTTP/1.1 100 Continue\r\n\r'
}

@test "who waits in vain is told for what, and what was sent last" {
	fails http-silent '' 'send a "GET /1 HTTP/1.1\r\n\r\n"' \
		'send a "GET /2 HTTP/1.1\r\n\r\n"' \
		'answer-or-end a GET any within 200'
	[[ $output == *$'\nsent: "GET /2 HTTP/1.1\\r\\n\\r\\n"\n'* ]]
	[[ $output == *$'\nsays: No answer came, nor the end of the connection.'* ]]
}

@test "who said that it is the last may wait for our end" {
	passes "${OK}Connection: CLOSE\\r\\n$TWO" 'answer a GET 200' \
		'half-close s' 'is-last a' 'expect-eof s'
	fails http-left-open "$OK$TWO" 'answer a GET 200' 'is-last a within 200'
}

date_of() { # TIME
	LC_ALL=C date -u -d "$1" '+%a, %d %b %Y %H:%M:%S GMT'
}

@test "a date has one form, and a time" {
	local date='Sun, 06 Nov 1994 08:49:37 GMT'
	passes "${OK}Date: $date\\r\\n$TWO" 'answer a GET 200' \
		'field-date a Date 784111777' 'field-past a Date'
	fails http-time "${OK}Date: $date\\r\\n$TWO" 'answer a GET 200' \
		'field-now a Date'
	fails http-date "${OK}Date: Mon${date#Sun}\\r\\n$TWO" 'answer a GET 200' \
		'field-date a Date 784111777'
	fails http-date "${OK}Date: Sun Nov  6 08:49:37 1994\\r\\n$TWO" \
		'answer a GET 200' 'field-date a Date 784111777'
	fails http-no-field "$OK$TWO" 'answer a GET 200' 'field-now a Date'
	passes "${OK}Date: $(date_of now)\\r\\n$TWO" \
		'answer a GET 200' 'field-now a Date'
	fails http-behind "${OK}Date: $(date_of '8 seconds ago')\\r\\n$TWO" \
		'answer a GET 200' 'field-now a Date'
	fails http-time "${OK}Date: $(date_of '1 hour ago')\\r\\n$TWO" \
		'answer a GET 200' 'field-now a Date'
}

@test "what is in an answer, and what is not" {
	passes "${OK}Allow: GET, HEAD\\r\\n$TWO" 'answer a GET 200' \
		'field a Allow "*head*"' 'field-if a Vary "x"' 'lacks a "secret"' \
		'when a 4xx field Vary' 'when a 2xx field Allow'
	fails http-field "${OK}Allow: GET\\r\\n$TWO" 'answer a GET 200' \
		'field a Allow "*HEAD*"'
	fails http-given-away "$OK$TWO" 'answer a GET 200' 'lacks a "hi"'
	fails http-unwanted-field "${OK}A: b\\r\\n$TWO" 'answer a GET 200' \
		'no-field a a'
	fails http-file-short "$OK$TWO" 'answer a GET 200' 'body a "hi there"'
	fails extra-bytes "$OK$TWO" 'answer a GET 200' 'body a "h"'
	fails mismatch "$OK$TWO" 'answer a GET 200' 'body a "ho"'
}

@test "who has not asked again in time wants no answer" {
	passes "$OK$TWO" 'offer a "GET / HTTP/1.1"' \
		'again a "GET / HTTP/1.1" every 2000' 'answer a GET 200'
	passes '' 'stay a 20' 'again a "GET / HTTP/1.1" every 10' \
		'answer-or-end a GET 200' 'when a 200 answer GET 200' 'ends a'
	fails http-silent '' 'again a "GET / HTTP/1.1" every 2000' \
		'answer-or-end a GET 200 within 200'
}

@test "a drip is borne until the answer, and no longer" {
	passes "$OK$TWO" 'drip a "GET / HTTP/1.1" every 10' 'answer a GET 200'
	fails http-slow-borne '' 'drip a "GET" every 10'
}

@test "who sips takes his time, and notices the end" {
	passes "$OK$TWO$OK$TWO" 'sip a 80 300'
	fails http-cut "$OK$TWO" 'half-close s' 'sip a 80 300'
	fails http-cut "$OK$TWO" 'sip a 80 100 within 200'
}

# How many of fifty looks at the file "one" have found TEXT in it.
looks() { # TEXT
	local n=0 i
	for i in {1..50}; do
		[[ $(<one) != "$1" ]] || n=$((n + 1))
	done
	echo "$n"
}

@test "names are exchanged, until the probe ends" {
	local deadline=$((SECONDS + 60)) found
	cd "$BATS_TEST_TMPDIR"
	echo one >one
	echo two >two
	mkfifo go said
	"$BUILD/test/probe" -t 120000 'swap one two' 'say swaps' wait-input \
		<go >said 3>&- 4>&- 10>&- &
	exec {GO}>go {SAID}<said
	read -r -t 60 line <&"$SAID"
	[ "$line" = swaps ]
	until found=$(looks one) && ((found > 0 && found < 50)); do
		((SECONDS < deadline))
	done
	exec {GO}>&-
	wait "$!"
	until found=$(looks one) && ((found == 0 || found == 50)); do
		((SECONDS < deadline))
	done
}
