#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031,SC2154 # each test is a subshell, and meant to
# be; bats sets $stderr
#
# reuseaddr.bats - lab 03's model answer, its starter, and bindmatrix, on the
# loopback of a network of their own, where nobody else takes a port while a
# server is down, and where the kernel's counters and tables are theirs alone.
# `make programs` comes first.

bats_require_minimum_version 1.5.0

load lab

PATIENCE_S=60

setup() {
	PIDS=()
	FDS=()
	cd "$BATS_TEST_TMPDIR" || return
	RESTARTABLE=$BUILD/solution/restartable
	make_network || skip "no network of one's own here"
}

teardown() {
	kill_children "${PIDS[@]}"
}

# --- helpers -----------------------------------------------------------------

# A network with nothing but lo. It lives as long as its holder, a shell that
# reads commands from a fifo: only there has an ordinary user the privileges.
make_network() {
	local -a user=()
	[ "$(id -u)" -eq 0 ] || user=(--user --map-current-user --keep-caps)
	mkfifo holder.in holder.out
	unshare "${user[@]}" --net sh <holder.in >holder.out 2>&1 \
		3>&- 4>&- 10>&- &
	HOLDER=$!
	PIDS+=("$HOLDER")
	exec {HOLDER_IN}>holder.in {HOLDER_OUT}<holder.out
	FDS+=("$HOLDER_IN" "$HOLDER_OUT")
	ask_holder "ip link set lo up"
}

ask_holder() { # COMMAND
	echo "$1 && echo done" >&"$HOLDER_IN"
	IFS= read -r -t "$PATIENCE_S" LINE <&"$HOLDER_OUT" || return
	[ "$LINE" = "done" ]
}

# Become COMMAND in that network, without what a program must not inherit:
# bats' own descriptors and our fifos.
become() {
	local fd
	local -a user=()
	[ "$(id -u)" -eq 0 ] || user=(-U --preserve-credentials)
	for fd in "${FDS[@]}"; do
		exec {fd}>&-
	done
	exec nsenter -t "$HOLDER" "${user[@]}" -n -- "$@" 3>&- 4>&- 10>&-
}

# COMMAND in that network, in the foreground, with a time limit.
inside() {
	(become timeout -k 1 "$PATIENCE_S" "$@")
}

# start NAME COMMAND...: in the background, as NAME in what follows; `line
# NAME` reads what it prints.
start() {
	local name=$1 out
	shift
	rm -f "$name.out"
	mkfifo "$name.out"
	become "$@" </dev/null >"$name.out" 2>&1 &
	PIDS+=("$!")
	printf -v "${name}_pid" %s "$!"
	exec {out}<"$name.out"
	printf -v "${name}_out" %s "$out"
	FDS+=("$out")
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

# Wait until NAME ends: its status in $STATUS, what it still printed in $REST.
ended() {
	local out=${1}_out pid=${1}_pid
	if ! REST=$(timeout "$PATIENCE_S" cat <&"${!out}"); then
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

# serve [OPTIONS] PORT: start the server, with its port in $PORT.
serve() {
	start server "$RESTARTABLE" "$@"
	line server
	[[ $LINE == "listening on "*:* ]]
	PORT=${LINE##*:}
}

# client [HOST]: what the server says, to a client that waits for its FIN.
client() {
	inside bash -c 'cat <"/dev/tcp/$0/$1"' "${1:-127.0.0.1}" "$PORT"
}

says_hello() {
	[ "$(client "$@")" = "hello from $server_pid at $PORT" ]
}

# How many sockets the kernel has at $PORT, as their own end, in STATE.
sockets_in() { # STATE
	inside cat /proc/net/tcp /proc/net/tcp6 |
		grep -cE "^ *[0-9]+: [0-9A-F]+:$(printf %04X "$PORT") \S+ $1 " ||
		true
}

readonly TIME_WAIT=06 LISTEN=0A

# The kernel's part of an end may come a moment after the program's.
await_sockets() { # STATE COUNT
	eventually has_sockets "$@"
}

has_sockets() { # STATE COUNT
	[ "$(sockets_in "$1")" -eq "$2" ]
}

resets_sent() {
	inside awk '$1 != "Tcp:" { next }
		column { print $column }
		{ for (i = 2; i <= NF; i++) if ($i == "OutRsts") column = i }' \
		/proc/net/snmp
}

# Resets the connection: it closes with what it was sent unread.
resetting_client() {
	# shellcheck disable=SC2016 # for the inner shell
	inside bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && read -r -n 1 <&3' \
		"$PORT"
}

refused_as_in_use() { # [OPTIONS] PORT
	run -3 inside "$RESTARTABLE" "$@"
	[ "$output" = "restartable: port $PORT is already in use" ]
}

# --- a client ----------------------------------------------------------------

@test "says which process it is, at which port" {
	serve 0
	[ "$(client | od -c)" = "$(echo "hello from $server_pid at $PORT" | od -c)" ]
	says_hello ::1
	says_hello
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "with -b there and nowhere else" {
	serve -b 127.0.0.1 0
	[ "$LINE" = "listening on 127.0.0.1:$PORT" ]
	says_hello 127.0.0.1
	run ! client 127.0.0.2
	stop server
	serve -b ::1 0
	[ "$LINE" = "listening on [::1]:$PORT" ]
	says_hello ::1
	run ! client 127.0.0.1
}

@test "closes first: TIME_WAIT is the server's, and there is no RST" {
	serve 0
	says_hello
	await_sockets $TIME_WAIT 1
	[ "$(resets_sent)" -eq 0 ]
}

@test "what the client sends is read: it gets the line and FIN, no RST" {
	serve 0
	kill -STOP "$server_pid"
	# All of it is there before the server calls accept().
	start sender bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
		head -c 100000 /dev/zero >&3 && echo sent && cat <&3' "$PORT"
	line sender
	[ "$LINE" = sent ]
	kill -CONT "$server_pid"
	ended sender
	[ "$STATUS" -eq 0 ]
	[ "$REST" = "hello from $server_pid at $PORT" ]
	[ "$(resets_sent)" -eq 0 ]
	await_sockets $TIME_WAIT 1
}

@test "a client that does not close, or sends for ever, delays the next a second" {
	serve 0
	start silent bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && read -r x <&3 &&
		echo "$x" && exec cat /dev/fd/3 - <>holder.in' "$PORT"
	line silent
	SECONDS=0
	says_hello
	start flood bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && read -r x <&3 &&
		echo "$x" && exec cat /dev/zero >&3' "$PORT"
	line flood
	says_hello
	# Twice its second, and much for a machine that is busy.
	((SECONDS < 30))
}

@test "a client that resets the connection does not end it" {
	serve 0
	resetting_client
	[ "$(resets_sent)" -eq 1 ]
	says_hello
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "a hundred clients leave no descriptor behind" {
	serve 0
	local i
	says_hello
	find "/proc/$server_pid/fd" -type l | wc -l >before
	for ((i = 0; i < 100; i++)); do
		says_hello
	done
	# The last may not have been closed yet: one more turn of the loop.
	says_hello
	[ "$(find "/proc/$server_pid/fd" -type l | wc -l)" -le "$(cat before)" ]
	[ "$(sockets_in $TIME_WAIT)" -ge 100 ]
}

@test "out of descriptors it waits, and serves when it can" {
	start server prlimit --nofile=4:64 "$RESTARTABLE" 0
	line server
	PORT=${LINE##*:}
	local i from
	# Lines may be read long after they were written, but not before.
	from=$(date +%s%N)
	start late bash -c 'exec cat <"/dev/tcp/127.0.0.1/$0"' "$PORT"
	for i in 1 2 3 4 5 6; do
		line server
		[ "$LINE" = "restartable: accept: Too many open files" ]
	done
	# It pauses, 100 ms each time: a spin would take microseconds.
	(($(date +%s%N) - from > 450000000))
	prlimit --pid "$server_pid" --nofile=64:64
	line late
	[ "$LINE" = "hello from $server_pid at $PORT" ]
}

# --- the port ----------------------------------------------------------------

@test "starts again at once, again and again, with TIME_WAIT at its port" {
	serve 0
	local i
	for ((i = 1; i <= 10; i++)); do
		says_hello
		says_hello ::1
		await_sockets $TIME_WAIT $((2 * i))
		stop server "$([ $((i % 2)) -eq 0 ] && echo KILL || echo TERM)"
		serve "$PORT"
	done
	says_hello
	[ "$(resets_sent)" -eq 0 ]
}

@test "starts again at once, though a client of the last run is still there" {
	serve 0
	start silent bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && read -r x <&3 &&
		echo "$x" && exec cat /dev/fd/3 - <>holder.in' "$PORT"
	line silent
	stop server KILL
	serve "$PORT"
	says_hello
}

@test "a last run without SO_REUSEADDR keeps it from its port" {
	start server "$BUILD/solution/echo_server" 0
	line server
	PORT=${LINE##*:}
	start silent bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" && echo there &&
		exec cat <&3' "$PORT"
	line silent
	line server
	stop server
	ended silent
	await_sockets $TIME_WAIT 1
	refused_as_in_use "$PORT"
}

@test "never twice: one line and status 3, and the first goes on" {
	serve 0
	says_hello
	local i
	refused_as_in_use "$PORT"
	refused_as_in_use -b 127.0.0.1 "$PORT"
	refused_as_in_use -b ::1 "$PORT"
	for ((i = 0; i < 10; i++)); do
		says_hello
	done
	[ "$(sockets_in $LISTEN)" -eq 1 ]
	stop server
	serve -b 127.0.0.1 "$PORT"
	refused_as_in_use "$PORT"
	refused_as_in_use -b 0.0.0.0 "$PORT"
	says_hello
	# Another address is another place.
	start other "$RESTARTABLE" -b 127.0.0.2 "$PORT"
	line other
	[ "$LINE" = "listening on 127.0.0.2:$PORT" ]
}

@test "of twenty that start at once, one lives" {
	serve 0
	says_hello
	stop server
	local i name pid
	for ((i = 0; i < 20; i++)); do
		become "$RESTARTABLE" "$PORT" </dev/null >"copy$i" 2>&1 &
		PIDS+=("$!")
		pid[i]=$!
	done
	eventually all_have_spoken 20
	[ "$(cat copy* | grep -c "^listening on ")" -eq 1 ]
	[ "$(cat copy* | grep -c "port $PORT is already in use$")" -eq 19 ]
	[ "$(sockets_in $LISTEN)" -eq 1 ]
	for ((i = 0; i < 20; i++)); do
		[[ $(<"copy$i") != listening* ]] || server_pid=${pid[i]}
	done
	says_hello
}

all_have_spoken() { # COUNT
	[ "$(cat copy* | wc -l)" -eq "$1" ]
}

@test "no permission is not 'in use': status 1" {
	run -1 inside setpriv --bounding-set -net_bind_service \
		--inh-caps -net_bind_service --ambient-caps -net_bind_service \
		"$RESTARTABLE" 80
	[ "$output" = "restartable: cannot listen on port 80: Permission denied" ]
	run -1 inside "$RESTARTABLE" -b 198.51.100.1 7000
	[[ $output == *"port 7000 of 198.51.100.1: Cannot assign requested address" ]]
}

@test "wrong arguments, usage and status 2" {
	local args
	for args in "" "70000" "-1" "80x" "7 8" "-b" "-b 127.0.0.1" "-x 7" \
		"-b localhost 7" "-b 1.2.3 7"; do
		# shellcheck disable=SC2086 # several words are several arguments
		run -2 inside "$RESTARTABLE" $args
		[[ $output == *"usage: restartable [-b ADDR] PORT" ]]
	done
}

@test "SIGTERM and SIGINT end it, in mid-client too, with status 0" {
	local signal from
	for signal in TERM INT; do
		# A background job of a script ignores SIGINT: give it back.
		start server env --default-signal=INT "$RESTARTABLE" 0
		line server
		PORT=${LINE##*:}
		start "silent$signal" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
			read -r x <&3 && echo "$x" &&
			exec cat /dev/fd/3 - <>holder.in' "$PORT"
		line "silent$signal"
		stop server "$signal"
		[ "$STATUS" -eq 0 ]
	done
}

# --- under instruments -------------------------------------------------------

# A conversation of every kind, and its end; the server is running.
conversation() {
	says_hello
	resetting_client
	inside bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" &&
		echo "not read" >&3 && cat <&3 >/dev/null' "$PORT"
	says_hello
	stop server
	[ "$STATUS" -eq 0 ]
}

@test "sanitizers are silent" {
	RESTARTABLE=$BUILD/asan/solution/restartable
	[[ -x $RESTARTABLE ]] || skip "not built with sanitizers"
	serve 0
	conversation
	[[ $REST != *"Sanitizer"* && $REST != *"runtime error"* ]]
	run -0 inside "$BUILD/asan/bin/bindmatrix"
	[[ $output != *"Sanitizer"* && $output != *"runtime error"* ]]
}

@test "valgrind is silent" {
	needs valgrind
	local check=(valgrind -q --leak-check=full --error-exitcode=99)
	start server "${check[@]}" "$RESTARTABLE" 0
	line server
	PORT=${LINE##*:}
	conversation
	run -0 inside "${check[@]}" "$BUILD/bin/bindmatrix" --tsv
	[[ $output != *"=="* ]]
}

# --- bindmatrix --------------------------------------------------------------

# The table, without its words: what Linux kernels agree on.
expected() {
	cat <<-'END'
		listener           no no no no no no ok
		bound              no no no ok no no ok
		bound-both-listen  no no no no no no ok
		time-wait-server   no no no ok no no ok
		time-wait-client   ok ok ok ok ok ok ok
		connection         no no no ok no no ok
		any-one            no no no no no no ok
		one-any            no no no no no no ok
		one-other          ok ok ok ok ok ok ok
		any-any6           no no no no no no ok
		any6-any           no no no no no no ok
		any-only6          ok ok ok ok ok ok ok
		only6-any          ok ok ok ok ok ok ok
		privileged         no
	END
}

# What bindmatrix --tsv said, in the same form.
condensed() {
	awk -F '\t' '
		$1 != row { if (row) printf "\n"; row = $1; printf "%-18s", row }
		{ printf " %s", $4 == "ok" ? "ok" : "no" }
		END { printf "\n" }'
}

@test "bindmatrix: measures what is known of Linux" {
	inside "$BUILD/bin/bindmatrix" --tsv >tsv
	cat tsv
	diff <(condensed <tsv) <(expected)
	# One call may fail where the other is that which matters.
	grep -qx "$(printf 'bound-both-listen\tSO_REUSEADDR\tboth\tEADDRINUSE\tlisten')" tsv
	grep -qx "$(printf 'time-wait-server\tSO_REUSEADDR\tnew\tEADDRINUSE\tbind')" tsv
	grep -qx "$(printf 'privileged\t-\tnone\tEACCES\tbind')" tsv
}

@test "bindmatrix: its TIME_WAITs are real" {
	inside "$BUILD/bin/bindmatrix" >/dev/null
	# Seven cells each of two rows, whichever end has it; none of another.
	[ "$(inside cat /proc/net/tcp | grep -c " $TIME_WAIT ")" -ge 14 ]
}

@test "bindmatrix: the table fits a screen, and says the same" {
	inside "$BUILD/bin/bindmatrix" >table
	cat table
	[ "$(wc -L <table)" -le 80 ]
	[ "$(wc -l <table)" -le 23 ]
	run ! grep ' $' table
	diff <(grep -E ' (no|ok)$' table | sed 's/^.\{40\}//; s/  */ /g; s/^ //') \
		<(expected | head -n -1 | cut -c 20-)
	grep -qx 'Port 1023, without .*: Permission denied' table
}

@test "bindmatrix: a table that cannot be written, status 1" {
	run -1 inside sh -c 'exec "$1" --tsv >/dev/full' sh \
		"$BUILD/bin/bindmatrix"
	[[ $output == *"bindmatrix: standard output: "* ]]
}

@test "bindmatrix: four at once, and outside of any lab network" {
	local i
	local -a pids=()
	for i in 1 2 3 4; do
		timeout "$PATIENCE_S" "$BUILD/bin/bindmatrix" --tsv \
			>"tsv$i" 2>"err$i" 3>&- 4>&- 10>&- &
		pids+=("$!")
	done
	wait "${pids[@]}" || true
	for i in 1 2 3 4; do
		diff <(condensed <"tsv$i" | grep -v privileged) \
			<(expected | grep -v privileged)
	done
}

@test "bindmatrix: a row that cannot be measured, a sentence and status 1" {
	ask_holder "echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start" ||
		skip "the kernel's settings cannot be changed here: $LINE"
	run -1 --separate-stderr inside "$BUILD/bin/bindmatrix"
	[ "$stderr" = "bindmatrix: cannot be measured here: a port that needs a \
privilege, for none does" ]
	[[ $output == *"a listener, at the same address"* ]]
}

@test "bindmatrix: wrong arguments, usage and status 2" {
	run -2 inside "$BUILD/bin/bindmatrix" --csv
	[ "$output" = "usage: bindmatrix [--tsv]" ]
	run -2 inside "$BUILD/bin/bindmatrix" --tsv 7
}

@test "predictions ask for cells that bindmatrix measures" {
	inside "$BUILD/bin/bindmatrix" --tsv | awk -F '\t' '
		{ sub(/SO_REUSE/, "", $2); sub(/^-$/, "", $2) }
		{ print $1 "-" ($2 ? tolower($2) "-" : "") $3 }' >cells
	local id asked=0
	while read -r _ id; do
		[[ $id != who-has-time-wait ]] || continue
		grep -qx "$id" cells
		asked=$((asked + 1))
	done < <(grep '^id: ' "$ROOT/labs/03-reuseaddr/predictions.txt")
	[ "$asked" -gt 10 ]
}

@test "predictions: the grader answers each, by a bindmatrix of its own" {
	own_state
	mkdir submission
	cp "$ROOT/labs/03-reuseaddr/solution/"* submission/
	echo '#error "this one is not compiled"' >submission/bindmatrix.c
	# However long it is, no process is busy with it for five seconds.
	yes '' | head -c 55000 >submission/predictions.txt
	awk -v yes=" listener-port-both one-other-none time-wait-client-none \
time-wait-server-addr-both connection-addr-both bound-addr-both " '
		/^id:/ { answer = index(yes, " " $2 " ") ? "yes" : "no" }
		/^id: who/ { answer = "server" }
		/^id: bound-addr-both/ { answer = "Yes" }
		/^answer:/ { $0 = "answer: " answer }
		{ print }' "$ROOT/labs/03-reuseaddr/predictions.txt" \
		>>submission/predictions.txt
	run -0 bash -c 'ulimit -St 5; exec "$@"' bash timeout 700 "$PORTLAB" \
		check 03 --submit submission --keep kept
	echo "$output"
	[[ $(cut -f 2 kept/predictions | sort | uniq -c) == *1*no-choice*13*right ]]
	[[ $output == *"bound-addr-both: 'Yes' is not one of the choices: "* ]]
	[[ ! -e kept/bindmatrix ]]
}

# --- the demo ----------------------------------------------------------------

@test "the demo: refused, counting down, down for a minute, and back, in 80x24" {
	own_state
	LC_ALL=C.UTF-8 run -0 "$PORTLAB" demo 03
	echo "$output"
	[[ $output == *"port 9000 is already in use"*"(exit status 3)"* ]]
	[[ $output == *"│ TIME-WAIT"*"server stays in TIME-WAIT"* ]]
	# It counts down from 60 s.
	[[ $output =~ 'timer:(timewait,'[2-5][0-9].*'timer:(timewait,'[2-5][0-9] ]]
	[[ $output == *"echo_server: cannot listen on port 9003"* ]]
	[[ $output == *"port 9003 is already in use"* ]]
	[[ $output == *"connection refused (ECONNREFUSED)"* ]]
	[ "$(grep -c '^hello from .* at 9004$' <<<"$output")" -eq 2 ]
	[ "$(grep '^hello from .* at 9004$' <<<"$output" | sort -u | wc -l)" -eq 2 ]
	[ "$(wc -L <<<"$output")" -le 80 ]
	awk '/^--- / { if (n > 24) bad = 1; n = 0 } { n++ }
		END { exit bad || n > 24 }' <<<"$output"
}

# --- the starter -------------------------------------------------------------

@test "starter: serves, and says what is to be written" {
	grep -q 'todo(1,' "$ROOT/labs/03-reuseaddr/restartable.c" ||
		skip "here somebody has begun to solve it"
	RESTARTABLE=$BUILD/bin/restartable
	serve 0
	run -1 inside "$RESTARTABLE" "$PORT"
	[[ $output == "restartable: step 3 is still to be written: "* ]]
	client || true
	ended server
	[ "$STATUS" -eq 1 ]
	[[ $REST == "restartable: step 1 is still to be written: "* ]]
}
