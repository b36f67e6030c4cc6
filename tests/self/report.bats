#!/usr/bin/env bats
#
# report.bats - the reporter shows what a run has left, and believes nothing
# that does not fit together. Its results are made here; `make programs` first.

bats_require_minimum_version 1.5.0

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${PORTLAB_BUILD:-$ROOT/build}
	REPORT=$BUILD/test/report
	[[ ! -x $BUILD/asan/test/report ]] || REPORT=$BUILD/asan/test/report
	export ROOT BUILD REPORT LC_ALL=C
	unset NO_COLOR
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	a_lab
	a_run 1
	tap 'ok builds' 'ok echo' 'not ok bytes' 'ok large # skip needs bytes' \
		'ok client' 'ok idle'
}

# --- helpers -----------------------------------------------------------------

a_lab() {
	mkdir -p lab
	{
		row id step points show needs title
		row builds 0 0 visible - 'compiles'
		row echo 1 1 visible builds 'sends back what it was sent'
		row bytes 2 2 visible echo 'sends back every byte value'
		row large 2 2 hidden echo,bytes 'sends back 8 MiB in odd pieces'
		row client 3 3 after builds 'the client prints what comes back'
		row idle + 0 visible echo 'uses no processor time while it waits'
	} >lab/checks.tsv
}

row() { # COLUMN...
	local IFS=$'\t'
	printf '%s\n' "$*"
}

a_run() { # RUNNER-STATUS
	mkdir -p out/checks
	cat >out/run <<-END
		lab: 01-echo
		title: An echo server and its client
		submission: labs/01-echo
		seed: 4711
		wall-ms: 2134
		runner-status: $1
		again: make check LAB=01
		hint: make hint LAB=01
	END
}

# tap RESULT...: "ok ID" or "not ok ID", and " # skip REASON" behind it.
tap() {
	local result n=0
	{
		echo "1..$#"
		for result in "$@"; do
			n=$((n + 1))
			[[ $result =~ ^(ok|not ok)\ ([^ ]+)(.*)$ ]]
			echo "${BASH_REMATCH[1]} $n ${BASH_REMATCH[2]}: words${BASH_REMATCH[3]}"
		done
	} >out/tap
}

all_ok() {
	a_run 0
	tap 'ok builds' 'ok echo' 'ok bytes' 'ok large' 'ok client' 'ok idle'
}

# account ID LINE...: the evidence for check ID.
account() {
	mkdir -p "out/checks/$1"
	printf '%s\n' "${@:2}" >"out/checks/$1/account"
}

jq() {
	type -P jq >/dev/null || skip 'jq is not installed'
	command jq "$@"
}

report() {
	timeout 120 "$REPORT" "$@" lab out
}

# Run report with OPTION..., whose status is to be STATUS and whose stderr is
# to be empty.
shows() { # STATUS OPTION...
	local status=$1
	shift
	run "-$status" --separate-stderr report "$@"
	echo "$output" "$stderr"
	[[ -z $stderr ]]
}

# The output has the line, or the text, given.
line() {
	grep -qxF -- "$1" <<<"$output" || {
		echo "no line: $1"
		return 1
	}
}
text() {
	[[ $output == *"$1"* ]] || {
		echo "no text: $1"
		return 1
	}
}

# The results are not believed, for SENTENCE, in any format.
refused() { # SENTENCE
	local format
	for format in text tsv json; do
		run -3 --separate-stderr report --format "$format"
		echo "$output" "$stderr"
		[[ $stderr != *$'\n'* ]]
		[[ $stderr == "report: the grader itself failed: "*"$1"* ]]
		[[ $format == json || -z $output ]]
	done
	jq -e '.state == "grader-error" and .points == null and
		.max_points == null and .passed == null and .checks == [] and
		(.error | length > 0)' <<<"$output"
}

# The JSON is valid, and FILTER is true of it.
json() { # STATUS FILTER
	local status=$1 filter=$2
	run "-$status" report --format json
	echo "$output"
	jq -e "$filter" <<<"$output"
	iconv -f UTF-8 -t UTF-8 <<<"$output" >iconv.out
}

# No line is wider than 80 columns.
narrow() {
	perl -ne 'chomp; s/[\x80-\xbf]//g; die "wide: $_\n" if length > 80' \
		<<<"$output"
}

# --- the text ----------------------------------------------------------------

@test "report: every check in its order, points, counts and what to type" {
	shows 1
	line "Lab 01-echo: An echo server and its client                          labs/01-echo"
	line "  ok    -    builds         compiles"
	line "  ok    1/1  echo           sends back what it was sent"
	line "  FAIL  0/2  bytes          sends back every byte value"
	line "  skip  0/2  large          not checked yet: needs bytes"
	line "  Going further (no points):"
	line "  ok    -    idle           uses no processor time while it waits"
	line "  4 of 8 points, 3 of 5 checks, going further 1 of 1"
	line "  seed 4711, 2.1 s"
	line "  Hint:    make hint LAB=01"
	line "  Again:   make check LAB=01"
	[[ $output != *ALL=1* ]]
	narrow
	order=$(grep -oE '^  (ok  |FAIL|skip)  +[^ ]+ +[a-z]+' <<<"$output" |
		awk '{ printf "%s ", $3 }')
	[[ $order == 'builds echo bytes large client idle ' ]]
}

@test "report: all passed" {
	all_ok
	echo 'next: make check LAB=02' >>out/run
	shows 0
	line "  8 of 8 points, 5 of 5 checks, going further 1 of 1"
	line "  All passed."
	line "  Next:    make check LAB=02"
	[[ $output != *FAIL* && $output != *Hint* ]]
}

@test "report: a check that goes further costs nothing, but is shown" {
	a_run 1
	tap 'ok builds' 'ok echo' 'ok bytes' 'ok large' 'ok client' 'not ok idle'
	account idle 'why: It spins.'
	shows 1
	line "  8 of 8 points, 5 of 5 checks, going further 0 of 1"
	line "  FAIL  -    idle           uses no processor time while it waits"
	line "  It spins."
	json 1 '.state == "failed" and .further == 1 and .further_passed == 0'
}

@test "report: the evidence for a failed check" {
	account bytes 'why: The server is to send back what it was sent, and it is a long way from here to the end of the line.' \
		'diagnosis: strlen() takes a NUL for the end.' 'says: Not this.' \
		'expected: 256 bytes' 'got: 9 bytes, then timeout' 'offset: 9' \
		'window: 3' 'expected-bytes: a\n\x00\\bc\xffde' \
		'got-bytes: a\n\x00\\bc' 'said: echo_server: bad day' \
		'said: and worse' 'ended: killed by SIGPIPE' 'unknown: x' 'no field'
	echo '  the ladder │' >out/checks/bytes/ladder
	printf 'ERROR: AddressSanitizer' >out/checks/bytes/sanitizer
	shows 1 --unicode
	line "bytes: sends back every byte value                                 0 of 2 points"
	line "  The server is to send back what it was sent, and it is a long way from here to"
	line "  the end of the line."
	line "  strlen() takes a NUL for the end."
	line "  expected  256 bytes"
	line "  got       9 bytes, then timeout"
	line "  From byte 3 on:"
	line '  expected  a\n\x00\\bc\xffde'
	line '  got       a\n\x00\\bc'
	line '                       ^ byte 9'
	line "  it said   echo_server: bad day"
	line "            and worse"
	line "  it ended  killed by SIGPIPE"
	line "  the ladder │"
	line "ERROR: AddressSanitizer"
	[[ $output != *unknown* && $output != *'no field'* && $output != *Not* ]]
	narrow
	shows 1 --ascii
	line "  the ladder |"
}

@test "report: without an account it says so; says is taken for why" {
	shows 1
	line "  The grader kept no account of it."
	account bytes 'says: The reply is wrong.'
	shows 1
	line "  The reply is wrong."
}

# caret COLUMN WINDOW OFFSET EXPECTED GOT: where it stands, counted from 0.
caret() {
	account bytes "window: $2" "offset: $3" "expected-bytes: $4" \
		"got-bytes: $5"
	shows 1 --unicode
	narrow
	local found
	found=$(grep -F '^ byte' <<<"$output")
	[[ ${found%%^*} == "$(printf '%*s' "$1" '')" ]] || {
		echo "caret at ${#found}, not $1"
		return 1
	}
}

@test "report: the caret stands under the first byte that differs" {
	caret 12 0 0 abc xbc
	caret 14 0 2 abc abx
	caret 15 0 3 abcd abc
	caret 16 7 8 '\x00a' '\x00b'
	caret 14 0 1 '\\a' '\\b'
	caret 14 0 1 '\nx' '\ny'
	caret 13 0 2 'éa' 'éb'
	caret 12 0 0 'abc' '-'
	caret 14 0 99 'ab' 'ab'
	bytes=$(printf '\\x%02x' {1..60})
	# 34 columns at most stand before it, and the dots.
	caret 47 0 40 "$bytes" "$bytes"
	text '  expected  ...\x21\x22'
	[[ $(grep -c 'expected  ...\\x21.*\.\.\.$' <<<"$output") == 1 ]]
}

@test "report: bytes without a place have no caret" {
	account bytes 'offset: -' 'window: -' 'expected-bytes: abc' \
		'got-bytes: abd'
	shows 1
	line "  got       abd"
	[[ $output != *^* ]]
	account bytes 'offset: 3' 'window: 5' 'expected-bytes: abc'
	shows 1
	[[ $output != *^* ]]
	account bytes 'offset: 99999999999999999999' 'window: -1' 'got-bytes: ab'
	shows 1
	[[ $output != *^* ]]
}

@test "report: commands are never wrapped or cut" {
	long=$(printf 'x%.0s' {1..3000})
	account bytes "try: server ./echo_server $long" 'try: client nc server 1' \
		'try: - printf "a  b" | nc 127.0.0.1 1'
	shows 1
	line "  Try it yourself:"
	line "    make up, then make shell HOST=server (or client):"
	line "      on server:  ./echo_server $long"
	line "      on client:  nc server 1"
	line '    printf "a  b" | nc 127.0.0.1 1'
	[[ $(grep -c 'make up' <<<"$output") == 1 ]]
	json 1 '.checks[2].try == [{"host": "server", "command":
		"./echo_server '"$long"'"}, {"host": "client", "command":
		"nc server 1"}, {"host": "-", "command":
		"printf \"a  b\" | nc 127.0.0.1 1"}]'
}

@test "report: the first failure, or all with --all" {
	tap 'ok builds' 'ok echo' 'not ok bytes' 'not ok large' 'ok client' 'ok idle'
	account bytes 'why: One.'
	account large 'why: Two.'
	shows 1
	line "  One."
	[[ $output != *Two.* ]]
	line "  All:     make check LAB=01 ALL=1"
	shows 1 --all
	line "  One."
	line "  Two."
	[[ $output != *ALL=1* ]]
	sed -i 's/^again: .*/again: portlab check 01/' out/run
	shows 1
	line "  All:     portlab check 01 --all"
}

@test "report: the compilers' words, as they are" {
	printf 'echo.c:1:1: warning: \xe2\x80\x98x\xe2\x80\x99\n    1 |\tint  x;\n' >out/compiler
	echo 'echo.c:2:2: warning: shadow' >out/compiler-strict
	shows 1 --unicode
	line "  The compiler says:"
	line "echo.c:1:1: warning: ‘x’"
	line $'    1 |\tint  x;'
	text "Not asked for, but worth a look"
	line "echo.c:2:2: warning: shadow"
	shows 1 --ascii
	line "echo.c:1:1: warning: 'x'"
}

@test "report: of many messages of a compiler the first" {
	seq 1 100 | sed 's/.*/echo.c:&:1: error: no such thing/' >out/compiler
	shows 1
	line "echo.c:60:1: error: no such thing"
	line "  ... and 40 lines more: ALL=1, or --all, shows them."
	[[ $output != *echo.c:61:* ]]
	shows 1 --all
	line "echo.c:100:1: error: no such thing"
	[[ $output != *'lines more'* ]]
}

@test "report: predictions that were answered" {
	{
		row first right 3 3 -
		row source wrong 1-1023 32768-60999 'The kernel chose 40001.'
		row fin unmeasured client - 'Nothing ended.'
		row drop open - - -
	} >out/predictions
	shows 1
	line "  Predictions: 1 of 2 right:"
	[[ $output != *first* ]]
	text "    source: you said 1-1023, but it was 32768-60999. The kernel chose 40001."
	text "    fin: this run did not show it. Nothing ended."
	[[ $output != *drop* ]]
	json 1 '.predictions | length == 4 and .[1].seen == "32768-60999"'
	{
		row first open - - -
		row drop open - - -
	} >out/predictions
	shows 1
	line "  Predictions: none of 2 answered yet (predictions.txt)"
	{
		row first open - - -
		row drop no-choice RTS - "'RTS' is not one of the choices: RST | FIN"
	} >out/predictions
	shows 1
	line "  Predictions: none of 2 answered yet (predictions.txt)"
	line "    drop: 'RTS' is not one of the choices: RST | FIN"
	# No points hang on them, and a student's words may be in them.
	printf 'half a line' >>out/predictions
	shows 1
	line "  (1 line on predictions could not be read)"
}

@test "report: programs that were given or not, this machine, binaries" {
	tap 'ok builds' 'ok echo' 'not ok bytes' 'ok large # skip needs bytes' \
		'ok client # skip left out: no echo_client' \
		'ok idle # skip not here: no /proc'
	printf '%s\n' "program: echo_server socat TCP-LISTEN:{port} PIPE" \
		'remark: No IPv6 here.' 'binary: echo_server .portlab/echo server' \
		>>out/run
	shows 1
	line "  program   echo_server socat TCP-LISTEN:{port} PIPE"
	line "  skip  -    client         left out: no echo_client"
	line "  skip  -    idle           not here: no /proc"
	line "  No IPv6 here."
	line "  for gdb: .portlab/echo server"
	line "  1 of 5 points, 2 of 4 checks, 1 left out, 1 not here"
	json 1 '.programs == [{"name": "echo_server",
		"command": "socat TCP-LISTEN:{port} PIPE"}] and
		.binaries[0].path == ".portlab/echo server" and
		.remarks == ["No IPv6 here."]'
	run -1 report --format tsv
	[[ ${lines[4]} == $'client\tleft-out\t0\t0' ]]
	[[ ${lines[5]} == $'idle\tnot-here\t0\t0' ]]
}

@test "report: what needs a check that was left out is left out" {
	tap 'ok builds' 'ok echo' 'ok bytes # skip not here: no IPv6' \
		'ok large # skip needs bytes' 'ok client' 'ok idle'
	a_run 0
	shows 0
	line "  4 of 4 points, 3 of 3 checks, going further 1 of 1, 2 not here"
}

@test "report: a submission that does not build" {
	tap 'not ok builds' 'ok echo # skip needs builds' \
		'ok bytes # skip needs echo' 'ok large # skip needs builds' \
		'ok client # skip needs builds' 'ok idle # skip needs builds'
	echo 'echo_server.c:1:1: error: unknown type' >out/compiler
	shows 1
	line "  0 of 8 points, 0 of 5 checks, going further 0 of 1"
	line "echo_server.c:1:1: error: unknown type"
}

@test "report: colour only on a terminal, and never without a word" {
	shows 1
	[[ $output != *$'\e'* ]]
	shows 1 --color=always
	text $'\e[1;31mFAIL\e[0m'
	report --color=always | sed 's/\x1b\[[0-9;]*m//g' >coloured
	report --color=never | diff coloured -
	[[ ! $(report --color=always | grep -oE $'\e\\[[0-9;]*m' | sort -u) =~ \[3[^1] ]]
}

# on_a_terminal NAME=VALUE...: what report prints on one, with that environment.
on_a_terminal() {
	script -qec "env $* '$REPORT' lab out" /dev/null </dev/null
}

@test "report: NO_COLOR and TERM=dumb are heeded on a terminal" {
	command -v script >/dev/null || skip 'script is not installed'
	run on_a_terminal TERM=xterm
	text $'\e[1;31mFAIL'
	run on_a_terminal TERM=xterm NO_COLOR=1
	[[ $output == *FAIL* && $output != *$'\e'* ]]
	run on_a_terminal TERM=dumb
	[[ $output == *FAIL* && $output != *$'\e'* ]]
}

# --- what a student's program may say ----------------------------------------

# The bytes that are worst to show: each file of evidence gets them.
nasty() {
	printf '\x1b[2J\x1b]0;title\x07 \x00 \x08 \x7f \xc2\x9b1m \xff\xfe \xc0\xaf'
	printf ' \xed\xa0\x80 \xf4\x90\x80\x80 \xe2\x80\xae \xe2\x81\xa6 \xe2\x82 "\\ \r|\n'
}

@test "report: what a program says is escaped, in every format" {
	mkdir -p out/checks/bytes
	for file in compiler compiler-strict checks/bytes/ladder \
		checks/bytes/sanitizer; do
		nasty >"out/$file"
	done
	{
		for key in why diagnosis expected got expected-bytes got-bytes said \
			ended 'try: server'; do
			printf '%s: ' "$key" && nasty
		done
	} >out/checks/bytes/account
	{ printf 'first\twrong\t' && nasty | tr -d '\n' && printf '\tb\tc\n'; } \
		>out/predictions
	for options in --unicode --ascii '--format json' '--format tsv'; do
		# shellcheck disable=SC2086 # an option and its value
		run -1 --separate-stderr report $options
		[[ -z $stderr ]]
		echo "$output"
		# shellcheck disable=SC2086
		report $options >shown || true
		iconv -f UTF-8 -t UTF-8 shown >iconv.out
		perl -CSD -ne 'die "line $.: not escaped\n"
			if /[^\P{Cc}\n\t]|\p{Cf}|\x{2028}|\x{2029}/' shown
	done
	run -1 report --unicode
	text '\x1b[2J\x1b]0;title\x07 \x00 \x08 \x7f <U+009B>1m \xff\xfe \xc0\xaf'
	text ' \xed\xa0\x80 \xf4\x90\x80\x80 <U+202E> <U+2066> \xe2\x82 "\ \x0d|'
	json 1 '.checks[2].said[0] | contains("\\x1b[2J") and contains("\"\\ \\x0d|")'
}

@test "report: with --ascii, or in a locale without UTF-8, all is ASCII" {
	account bytes 'why: caf\xc3\xa9' "said: $(printf 'caf\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x94\x94')"
	run -1 report
	text 'caf<U+00E9> <U+1F600> `'
	[[ ! $output =~ [^[:ascii:]] ]]
	run -1 env LC_ALL=C.UTF-8 "$REPORT" lab out
	text 'café 😀 └'
	run -1 env LC_ALL=C.UTF-8 "$REPORT" --ascii lab out
	text 'caf<U+00E9>'
	json 1 '.checks[2].said[0] == "café 😀 └"'
}

@test "report: any bytes at all give valid JSON and a text of bounded width" {
	mkdir -p out/checks/bytes
	for seed in 1 2 3 4 5 6; do
		perl -e 'srand shift; print chr int rand 256 for 1 .. 20000' "$seed" \
			>out/compiler
		perl -e 'srand shift; print "said: ", (map { chr int rand 256 }
			1 .. 3000), "\nexpected-bytes: ", (map { chr int rand 256 }
			1 .. 300), "\n" for 1 .. 5; print "offset: 17\nwindow: 3\n"' \
			"$seed" >out/checks/bytes/account
		cp out/compiler out/predictions
		json 1 '.compiler | length > 0'
	done
	rm out/compiler
	shows 1
	narrow
}

@test "report: too much evidence is cut, and says so; the score stays" {
	mkdir -p out/checks/bytes
	yes 'said: all work and no play' | head -c 9000000 >out/checks/bytes/account
	head -c 5000000 /dev/zero >out/checks/bytes/ladder
	yes 'warning: x' | head -c 5000000 >out/compiler
	shows 1
	text "(cut: 89"
	text "cut: 49"
	text "more bytes are not shown"
	text "more lines)"
	line "  4 of 8 points, 3 of 5 checks, going further 1 of 1"
	[[ ${#output} -lt 1000000 ]]
	json 1 '.compiler | endswith("more bytes are not shown\n")'
	grep -q __asan "$BUILD/test/report" && return # it takes terabytes
	run -1 bash -c "ulimit -v 40000; exec '$BUILD/test/report' lab out"
	line "  4 of 8 points, 3 of 5 checks, going further 1 of 1"
}

# --- JSON and TSV ------------------------------------------------------------

@test "report: the JSON has all there is" {
	account bytes 'why: One.' 'why: Two.' 'diagnosis: d' 'keyword: mismatch' \
		'expected: e' 'got: g' 'offset: 5' 'window: 1' 'end: eof' 'errno: -' \
		'expected-bytes: \x00' 'got-bytes: a' 'said: s' 'said: t' \
		'ended: status 1' 'port: 17056' 'says: x'
	echo ladder >out/checks/bytes/ladder
	json 1 '.format_version == 1 and .suite == "portlab" and
		.lab == "01-echo" and .title == "An echo server and its client" and
		.submission == "labs/01-echo" and .state == "failed" and
		.error == null and .points == 4 and .max_points == 8 and
		.passed == 3 and .counted == 5 and .seed == 4711 and
		.wall_ms == 2134 and .again == "make check LAB=01" and
		.hint == "make hint LAB=01" and .compiler == null'
	json 1 '.checks | length == 6 and map(.id) == ["builds", "echo", "bytes",
		"large", "client", "idle"] and map(.state) == ["passed", "passed",
		"failed", "not-checked", "passed", "passed"] and
		(map(.max_points) | add) == 8 and (map(.points) | add) == 4'
	json 1 '.checks[2] | .why == "One. Two." and .diagnosis == "d" and
		.expected == "e" and .got == "g" and .offset == 5 and
		.expected_bytes == "\\x00" and .said == ["s", "t"] and
		.ended == "status 1" and .port == 17056 and .ladder == "ladder\n" and
		.sanitizer == null and .try == []'
	json 1 '.checks[3] | .reason == "bytes" and .show == "hidden" and
		.needs == ["echo", "bytes"] and .further == false'
	# Every check has the same members, and every one is in the README.
	json 1 '[.checks[] | keys] | unique | length == 1'
	jq -r 'keys[], (.checks[0] | keys[])' <<<"$output" | while read -r member; do
		grep -qF "\`$member\`" "$ROOT/tests/tools/README.md" || {
			echo "not in the README: $member"
			return 1
		}
	done
}

@test "report: the lines of tsv" {
	shows 1 --format tsv
	[[ $output == $'builds\tpassed\t0\t0\necho\tpassed\t1\t1\nbytes\tfailed\t0\t2\nlarge\tnot-checked\t0\t2\nclient\tpassed\t3\t3\nidle\tpassed\t0\t0' ]]
}

# --- the trust order ---------------------------------------------------------

@test "report: refused: no TAP, none of it, a binary mess" {
	: >out/tap
	refused 'tap is empty'
	rm out/tap
	refused 'there is no tap'
	mkdir out/tap
	refused 'tap cannot be read'
	rmdir out/tap
	mkfifo out/tap
	refused 'tap cannot be read'
	rm out/tap
	head -c 3000 /bin/sh >out/tap
	echo >>out/tap
	refused 'a line of the TAP is none'
	head -c 5000000 /dev/zero >out/tap
	refused 'tap has more than'
	all_ok
	printf '\0\n' >>out/tap
	refused 'a line of the TAP is none'
}

@test "report: refused: TAP that is short, torn, or has no plan" {
	sed -i '$d' out/tap
	refused 'plans 6 results and has 5'
	all_ok
	truncate -s -1 out/tap
	refused 'tap ends in the middle of a line'
	all_ok
	sed -i 1d out/tap
	refused 'does not begin with its plan'
	all_ok
	{ sed 1d out/tap && echo 1..6; } >late && mv late out/tap
	refused 'does not begin with its plan'
	echo '# nothing' >out/tap
	refused 'the TAP has no plan'
	all_ok
	sed -i 's/^1\.\.6/1..7/' out/tap
	refused 'plans 7 results and has 6'
	all_ok
	sed -i 's/^1\.\.6/1..six/' out/tap
	refused "the TAP's plan is none"
	all_ok
	echo '1..6' >>out/tap
	refused 'two plans'
	echo '1..0' >out/tap
	refused "lacks check 'builds'"
}

@test "report: refused: TAP with a check twice, too much, unknown or missing" {
	all_ok
	tap 'ok builds' 'ok echo' 'ok bytes' 'ok large' 'ok client' 'ok idle' \
		'ok builds'
	refused "check 'builds' twice"
	tap 'ok builds' 'ok echo' 'ok bytes' 'ok large' 'ok client' 'ok other'
	refused "a check that nobody knows: 'other'"
	tap 'ok builds' 'ok echo' 'ok bytes' 'ok large' 'ok client'
	refused "lacks check 'idle'"
	tap 'ok builds' 'ok builds' 'ok bytes' 'ok large' 'ok client' 'ok idle'
	refused "check 'builds' twice"
	all_ok
	echo 'ok 7 builds: words' >>out/tap
	refused "check 'builds' twice"
}

@test "report: refused: results that are out of order, or none" {
	for line in 'ok 3 echo: words' 'ok x echo: words' 'ok -2 echo: words' \
		'ok  echo: words' 'ok 99999999999999999999 echo: words'; do
		all_ok
		sed -i "s/^ok 2 .*/$line/" out/tap
		refused 'came where 2 was due'
	done
	for line in 'ok 2 echo' 'ok 2' 'ok echo'; do
		all_ok
		sed -i "s/^ok 2 .*/$line/" out/tap
		refused 'has no id'
	done
	for line in 'okay 2 echo: words' 'Bail out!' 'OK 2 echo: words' '' \
		' ok 2 echo: words' 'TAP version 13' 'ok'; do
		all_ok
		sed -i "s/^ok 2 .*/$line/" out/tap
		refused 'a line of the TAP is none'
	done
}

@test "report: refused: TAP that contradicts the runner's status" {
	all_ok
	a_run 1
	refused 'the runner ended with status 1, but 0 of its checks failed'
	tap 'ok builds' 'ok echo' 'not ok bytes' 'ok large' 'ok client' 'ok idle'
	a_run 0
	refused 'the runner ended with status 0, but 1 of its checks failed'
	for status in 2 124 127 137; do
		a_run "$status"
		refused "the runner ended with status $status"
	done
	for status in '' -1 x '0 ' 00; do
		all_ok
		a_run "$status"
		refused ''
	done
}

@test "report: refused: a skip for a reason that does not hold" {
	a_run 0
	for reason in '' ' ' ' because' ' needs' ' needs other' ' needs large' \
		' needs client' ' needs bytes' ' left out' ' needs bytes,echo'; do
		tap 'ok builds' 'ok echo' 'ok bytes' "ok large # skip$reason" \
			'ok client' 'ok idle'
		refused "check 'large' was skipped"
	done
	a_run 1
	tap 'ok builds' 'ok echo' 'ok bytes' 'not ok large # skip needs bytes' \
		'ok client' 'ok idle'
	refused "check 'large' failed and was skipped"
	a_run 0
	tap 'ok builds # skip left out: x' 'ok echo # skip left out: x' \
		'ok bytes # skip left out: x' 'ok large # skip left out: x' \
		'ok client # skip left out: x' 'ok idle # skip left out: x'
	refused 'not one check was made'
}

@test "report: words and comments of the TAP are no results" {
	all_ok
	sed -i 's/^ok 2 echo: words/& # not skipped, ok 3 bytes: x/' out/tap
	sed -i '2i # not ok 1 builds: forged' out/tap
	printf '#\xff\x00\x1b# ok 1\n' >>out/tap
	shows 0
}

@test "report: refused: checks.tsv that is torn" {
	rm lab/checks.tsv
	refused 'there is no checks.tsv'
	: >lab/checks.tsv
	refused 'checks.tsv is empty'
	a_lab
	truncate -s -3 lab/checks.tsv
	refused 'checks.tsv ends in the middle of a line'
	a_lab
	sed -i 1d lab/checks.tsv
	refused 'not its header'
	a_lab
	sed -i '2,$d' lab/checks.tsv
	refused 'checks.tsv has no check'
	a_lab
	head -c 100 /dev/urandom | tr '\n' x >>lab/checks.tsv
	echo >>lab/checks.tsv
	refused 'checks.tsv, line 8'
	rm -r lab
	refused "the lab's folder"
}

@test "report: refused: a line of checks.tsv that is none" {
	while IFS='|' read -r line sentence; do
		a_lab
		printf '%b\n' "$line" >>lab/checks.tsv
		refused "checks.tsv, line 8: $sentence"
	done <<-'END'
		x\t1\t1\tvisible\t-|there are not six columns
		x\t1\t1\tvisible\t-\tt\tt|there are not six columns
		|there are not six columns
		X\t1\t1\tvisible\t-\tt|an id is of
		../x\t1\t1\tvisible\t-\tt|an id is of
		\t1\t1\tvisible\t-\tt|an id is of
		echo\t1\t1\tvisible\t-\tt|the id is there twice
		x\tone\t1\tvisible\t-\tt|a step is
		x\t1\t-1\tvisible\t-\tt|points are
		x\t1\t1.5\tvisible\t-\tt|points are
		x\t1\t99999999999\tvisible\t-\tt|points are
		x\t+\t1\tvisible\t-\tt|points are
		x\t1\t1\tnever\t-\tt|show is
		x\t1\t1\tvisible\tx\tt|needs are
		x\t1\t1\tvisible\tother\tt|needs are
		x\t1\t1\tvisible\techo,,bytes\tt|needs are
		x\t1\t1\tvisible\t\tt|needs are
		x\t1\t1\tvisible\t-\t|there is no title
	END
	a_lab
	for n in {1..200}; do row "n$n" 1 1 visible - t; done >>lab/checks.tsv
	refused 'there are too many checks'
}

@test "report: refused: a run that is torn, or says so itself" {
	rm out/run
	refused 'there is no run'
	a_run 1
	truncate -s -1 out/run
	refused 'run ends in the middle of a line'
	for key in lab title runner-status; do
		a_run 1
		sed -i "/^$key: /d" out/run
		refused "run has no '$key'"
	done
	a_run 1
	echo 'runner-status: 0' >>out/run
	refused "run has 'runner-status' twice"
	a_run 1
	sed -i 's/^seed: .*/seed: 12x/' out/run
	refused 'seed is not a number'
	a_run 1
	echo 'half' >>out/run
	refused "not 'key: value': 'half'"
	a_run 1
	head -c 200 /dev/urandom | tr '\n' x >>out/run
	echo >>out/run
	refused 'run: not'
	rm -r out/tap lab
	a_run 1
	echo 'broken: the network could not be made' >>out/run
	refused 'the network could not be made'
	rm -r out
	refused 'the folder of results'
}

@test "report: evidence that cannot be read is the grader's failure" {
	mkdir -p out/checks/bytes/account
	refused 'checks/bytes/account cannot be read'
	rmdir out/checks/bytes/account
	mkfifo out/checks/bytes/ladder
	refused 'checks/bytes/ladder cannot be read'
}

# --- the command line and its output -----------------------------------------

@test "report: usage" {
	for words in '' 'lab' 'lab out x' '--format' '--format xml lab out' \
		'--color=maybe lab out' '--nothing lab out'; do
		# shellcheck disable=SC2086 # words
		run -2 --separate-stderr "$REPORT" $words
		[[ -z $output && $stderr == *"usage: report ["* ]]
	done
}

@test "report: a full disk, a closed pipe or no output: one sentence, status 3" {
	for format in text json tsv; do
		run -3 bash -c '"$REPORT" --format "$1" lab out >/dev/full' - "$format"
		[[ $output == 'report: the report cannot be written: No space left on device' ]]
		run -3 bash -c '"$REPORT" --format "$1" lab out >&-' - "$format"
		[[ $output == 'report: the report cannot be written: '* ]]
		[[ ${#lines[@]} == 1 ]]
	done
	mkfifo pipe
	exec {reader}<>pipe
	exec {writer}>pipe {reader}<&-
	run -3 bash -c '"$REPORT" lab out >&"$1"' - "$writer"
	[[ $output == 'report: the report cannot be written: Broken pipe' ]]
}
