#!/usr/bin/env bats
#
# probe.bats - the scripted peer says and hears what it is told, and names what
# went wrong. Its peers are the model answer, itself, and a server with a
# defect of one's choice. `make programs` comes first.

bats_require_minimum_version 1.5.0

load lab
load peer

setup() {
	PID=
	cd "$BATS_TEST_TMPDIR" || return
}

# --- helpers -----------------------------------------------------------------

serve() {
	start "$BUILD/solution/echo_server" 0
}

defective() {
	start "$BATS_FILE_TMPDIR/defective" "$1"
}

probe() {
	timeout "$PATIENCE_S" "$BUILD/test/probe" "$@" 3>&- 4>&- 10>&-
}

# passes STEP...: silently.
passes() {
	run -0 probe "$@"
	echo "$output"
	[ -z "$output" ]
}

# fails KEYWORD STEP...: for that reason.
fails() {
	local keyword=$1
	shift
	run -1 probe "$@"
	echo "$output"
	[ "${lines[0]}" = "probe: failed" ]
	[ "${lines[1]}" = "keyword: $keyword" ]
}

# The account has the line "KEY: VALUE".
says() {
	grep -qxF -- "$1: $2" <<<"$output"
}

# bad SENTENCE STEP...: a script that is refused, for SENTENCE.
bad() {
	local sentence=$1
	shift
	run -2 probe "$@"
	echo "$output"
	[[ $output == "probe: line "*"$sentence"* ]]
}

# Two ends in one process: a is connected to b.
PAIR=("listen l" "connect a 127.0.0.1 @l" "accept l b")

# The same, without the line that `listen` prints.
pair() {
	local expect=$1 keyword=${2-}
	shift
	[ "$expect" = passes ] || shift
	run probe -t 20000 "${PAIR[@]}" "$@"
	echo "$output"
	[[ ${lines[0]} == "port l "* ]]
	if [ "$expect" = passes ]; then
		[ "$status" -eq 0 ]
		return
	fi
	[ "$status" -eq 1 ]
	[ "${lines[2]}" = "keyword: $keyword" ]
}

# --- what goes well ----------------------------------------------------------

@test "probe: every way to send, and to hear the echo" {
	serve
	printf 'in a file\0\n' >data
	passes "connect a 127.0.0.1 $PORT" \
		'send a "hello, \"world\"\n"' 'expect-line a "hello, \"world\""' \
		'send a hello' 'expect a 2 bytes' 'expect a echo' \
		'exchange a bytes all' \
		'send a file data' 'expect a file data' \
		'send a random 5000' 'send a random 5000' 'expect a random 10000' \
		'dribble a random 300' 'expect a echo' \
		'expect-silence a 20' 'half-close a' 'expect-eof a'
}

@test "probe: a slow sender: byte by byte, some time apart" {
	serve
	local from=${EPOCHREALTIME/[.,]/}
	passes "connect a 127.0.0.1 $PORT" 'dribble a "slow" every 50' \
		'expect a echo'
	((${EPOCHREALTIME/[.,]/} - from >= 200000))
}

@test "probe: 8 MiB in odd pieces, both ways at once, in little memory" {
	serve
	passes "connect a 127.0.0.1 $PORT" \
		'pump a random 8388608 pieces 60001 within 50000' \
		'half-close a' 'expect-eof a'
	grep -q __asan "$BUILD/test/probe" && return # it takes terabytes
	run -0 bash -c "ulimit -v 12000; exec timeout $PATIENCE_S \
		'$BUILD/test/probe' 'connect a 127.0.0.1 $PORT' \
		'pump a random 8388608 within 50000' 3>&- 4>&- 10>&-"
}

@test "probe: many clients, served in reverse order" {
	serve
	# A server that serves in turn: the last is served once the others end.
	fails timeout "clients 5 c 127.0.0.1 $PORT" \
		'each c reverse exchange "hello" within 200'
	says text 'each c reverse exchange "hello" within 200'
	passes "clients 20 c 127.0.0.1 $PORT" 'each c forward send random 9' \
		'each c random half-close' 'each c forward expect echo' \
		'each c reverse expect-eof'
}

@test "probe: a hundred clients in turn" {
	serve
	passes 'repeat 100' "connect a 127.0.0.1 $PORT" 'exchange a random 99' \
		'close a' 'end'
}

@test "probe: fill stops when nobody reads, and nothing is lost" {
	serve
	passes "connect a 127.0.0.1 $PORT" 'fill a 50' 'expect a echo' \
		'half-close a' 'expect-eof a'
}

@test "probe: as a server, half-close, EOF and reset" {
	pair passes 'half-close a' 'expect-eof b' 'send b late' 'expect a late' \
		'reset b' 'expect-reset a'
}

@test "probe: the four-tuple, and a source port of one's own" {
	serve
	run -0 probe "connect a 127.0.0.1 $PORT" 'tuple a'
	[[ $output =~ ^tuple\ a\ 127.0.0.1:([0-9]+)\ 127.0.0.1:$PORT$ ]]
	# A port that is free, for the kernel has just had it.
	run -0 probe 'listen free' 'source-port a @free' 'close free' \
		"connect a 127.0.0.1 $PORT" 'tuple a'
	[ "${lines[1]}" = "tuple a 127.0.0.1:${lines[0]##* } 127.0.0.1:$PORT" ]
}

@test "probe: the same seed gives the same bytes, another others" {
	local seed
	for seed in 1 1 2; do
		serve
		run -1 probe -s "$seed" "connect a 127.0.0.1 $PORT" \
			'send a random 20' 'expect a "no"'
		grep '^got-bytes' <<<"$output" >>bytes
		kill "$PID"
		wait "$PID"
		PID=
		rm out
	done
	[ "$(sed -n 1p bytes)" = "$(sed -n 2p bytes)" ]
	[ "$(sed -n 1p bytes)" != "$(sed -n 3p bytes)" ]
}

@test "probe: two of them agree about random bytes" {
	start "$BUILD/test/probe" -s 7 'listen l' 'accept l a' \
		'expect a random 70000' 'send a random 70000' 'expect-eof a'
	passes -s 7 "connect a 127.0.0.1 $PORT" \
		'send a random 70000' 'expect a random 70000'
	wait "$PID"
}

@test "probe: a script from a file, from stdin, and a word with the shell" {
	serve
	printf '# comment\n\nconnect a 127.0.0.1 %s # why not\n' "$PORT" >script
	passes -f script 'exchange a x'
	run -0 probe -f - 'say "it is # over"' <<<"connect a 127.0.0.1 $PORT"
	[ "$output" = "it is # over" ]
	run -0 probe 'wait-input' 'say go' <<<"a line"
	[ "$output" = go ]
}

# --- what does not, and its name ---------------------------------------------

@test "probe: stopped-at-nul" {
	defective nul
	fails stopped-at-nul -t 2000 "connect a 127.0.0.1 $PORT" \
		'exchange a bytes all'
	says step 2
	says line 2
	says text 'exchange a bytes all'
	says offset 128
	says window 120
	says expected-bytes \
		'\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff\x00\x01\x02\x03\x04\x05\x06\x07'
	says got-bytes '\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff'
	says end timeout
	says errno ETIMEDOUT
}

@test "probe: one-recv, with EOF, with RST and with silence" {
	defective once
	fails one-recv "connect a 127.0.0.1 $PORT" 'exchange a random 100000'
	says offset 4096
	kill "$PID"
	rm out
	defective stay
	fails one-recv -t 2000 "connect a 127.0.0.1 $PORT" \
		'exchange a random 100000'
	says got "4096 bytes, then timeout"
}

@test "probe: lost-bytes and repeated-bytes, and how many" {
	defective lose
	fails lost-bytes "connect a 127.0.0.1 $PORT" 'exchange a random 100000'
	says offset 4096
	[[ $output == *" 1000 bytes are missing"* ]]
	kill "$PID"
	rm out
	defective repeat
	fails repeated-bytes "connect a 127.0.0.1 $PORT" \
		'exchange a random 100000'
	says offset 4096
	[[ $output == *"from byte 3096 on"* ]]
}

@test "probe: mismatch" {
	defective flip
	fails mismatch "connect a 127.0.0.1 $PORT" 'exchange a "hello, world\n"'
	says offset 6
	says expected-bytes 'hello, world\n'
	says got-bytes 'hello,!world\n'
	pair fails mismatch 'send a "one\n"' 'expect-line b "two"'
	says offset 0
	pair fails mismatch 'send a "one more\n"' 'expect-line b "one"'
	says offset 3
	pair fails timeout 'send a one' 'expect-line b one within 100'
	says expected-bytes 'one\n'
	pair fails timeout 'send a one' 'expect-line b within 100'
}

@test "probe: extra-bytes, where EOF, RST or silence was to be" {
	defective more
	fails extra-bytes "connect a 127.0.0.1 $PORT" 'exchange a hello' \
		'half-close a' 'expect-eof a'
	says got-bytes '!'
	pair fails extra-bytes 'send a x' 'expect-silence b 1000'
	pair fails extra-bytes 'send a x' 'expect-reset b'
}

@test "probe: eof-early" {
	pair fails eof-early 'send a hello' 'expect b 5 bytes' 'send b hel' \
		'close b' 'expect a echo'
	says end eof
	says errno -
	says offset 3
	pair fails eof-early 'close a' 'expect-silence b 1000'
	pair fails eof-early 'close a' 'expect-reset b'
}

@test "probe: reset" {
	defective cut
	fails reset "connect a 127.0.0.1 $PORT" 'exchange a hello' 'expect-eof a'
	says errno ECONNRESET
	grep -qE "^connection: a 127.0.0.1:[0-9]+ 127.0.0.1:$PORT\$" <<<"$output"
	pair fails reset 'reset a' 'expect b 3 bytes'
}

@test "probe: timeout, in time" {
	local from
	from=$(date +%s%N)
	pair fails timeout 'expect a hello within 100'
	pair fails timeout 'expect-eof a within 100'
	pair fails timeout 'send a random 100000000 within 100'
	run -1 probe 'listen l' 'accept l b within 100'
	(($(date +%s%N) - from < 10000000000))
}

@test "probe: a byte now and then does not put the deadline off" {
	start "$BUILD/test/probe" 'listen l' 'accept l b' 'repeat 1000' \
		'send b x' 'expect-silence b 20' 'end'
	local from
	from=$(date +%s%N)
	fails timeout -t 300 "connect a 127.0.0.1 $PORT" 'expect a 900 bytes'
	(($(date +%s%N) - from < 10000000000))
}

@test "probe: refused, open, unresolved" {
	serve
	kill "$PID"
	wait "$PID"
	PID=
	fails refused "connect a 127.0.0.1 $PORT"
	says errno ECONNREFUSED
	passes "expect-refused 127.0.0.1 $PORT"
	run -1 probe 'listen l' 'expect-refused 127.0.0.1 @l'
	[ "${lines[2]}" = "keyword: open" ]
	fails unresolved 'connect a 127.0.0.1.2.3 1'
}

@test "probe: never-full" {
	defective swallow
	fails never-full -t 50000 "connect a 127.0.0.1 $PORT" 'fill a'
}

@test "probe: the account has all its lines, in order" {
	pair fails eof-early 'close a' 'expect b "\\x\n"'
	[ "$(sed -n '2,$s/:.*//p' <<<"$output" | tr '\n' ' ')" = "probe keyword \
step line text connection sent expected got offset window expected-bytes got-bytes \
end errno says " ]
	says expected-bytes '\\x\n'
}

# --- scripts and command lines that are wrong --------------------------------

@test "probe: bad scripts are refused before the first step" {
	bad "there is no step 'conect'" 'say no' 'conect a b 1'
	[[ $output != no* ]]
	bad "usage: connect NAME HOST PORT" 'connect a'
	bad "usage: close NAME" 'close a b'
	bad "'70000' is not a port" 'connect a 127.0.0.1 70000'
	bad "'1x' is not a name" 'close 1x'
	bad "the quote is not closed" 'send a "x'
	bad "no escape begins with \\q" 'send a "\q"'
	bad "is not a number" 'expect-silence a soon'
	bad "is not an order" 'each c backwards close'
	bad "cannot be done for each" 'each c forward say x'
	bad "No such file" 'send a file nowhere'
	bad "repeat without end" 'repeat 3'
	bad "end without repeat" 'end'
	bad "repeat within repeat" 'repeat 3' 'repeat 3' 'end' 'end'
	bad "a is not open" 'send a x'
	bad "there are no clients c" 'each c forward close'
	run -2 probe
	run -2 probe -s x 'say x'
	run -2 probe -f nowhere
}

@test "probe: a bad line is named by its number" {
	printf 'say a\n\n  connect\n' >script
	run -2 probe -f script
	[[ $output == "probe: line 3: connect: usage: "* ]]
}

@test "probe: its own trouble is not the peer's" {
	serve
	# LeakSanitizer needs descriptors, too.
	run -3 bash -c "ulimit -n 10; export ASAN_OPTIONS=detect_leaks=0
		exec timeout $PATIENCE_S \
		'$BUILD/test/probe' 'clients 20 c 127.0.0.1 $PORT' 3>&- 4>&-"
	[[ $output == *"Too many open files"* ]]
}
