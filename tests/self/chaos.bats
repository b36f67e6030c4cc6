#!/usr/bin/env bats
#
# chaos.bats - under injected faults right programs go on, wrong ones are
# caught, and what was injected is known. `make programs` comes first.

bats_require_minimum_version 1.5.0

load lab
load peer

setup() {
	PID=
	cd "$BATS_TEST_TMPDIR" || return
	works || skip "no right to watch system calls here"
}

# --- helpers -----------------------------------------------------------------

chaos() {
	timeout "$PATIENCE_S" "$BUILD/test/chaos" "$@" 3>&- 4>&- 10>&-
}

works() {
	chaos -o /dev/null true
}

# under KINDS SEED COMMAND...: start it, with these faults.
under() {
	start "$BUILD/test/chaos" -f "$1" -s "$2" -o report -l log "${@:3}"
}

# Stop what was started: its status in $STATUS.
stop() {
	STATUS=0
	kill "$PID" 2>/dev/null || true
	wait "$PID" || STATUS=$?
	PID=
}

probe() {
	run timeout "$PATIENCE_S" "$BUILD/test/probe" -t 20000 "$@" \
		3>&- 4>&- 10>&-
	echo "$output"
}

# A conversation that goes wrong if a byte is lost, or a client.
converse() {
	probe 'repeat 12' "connect a 127.0.0.1 $PORT" \
		'exchange a "hello, world"' 'exchange a bytes all' \
		'pump a random 20001' 'half-close a' 'expect-eof a' 'close a' \
		'end'
}

# How many faults of a kind were injected, how many calls of a family counted.
count() { # KIND|FAMILY
	sed -n "s/.*\"$1\":\\([0-9]*\\).*/\\1/p" report
}

ALL=short-read,short-write,eintr,econnaborted,emfile

@test "chaos: SIGCHLD that is ignored outside is no trouble" {
	run -7 timeout -k 1 "$PATIENCE_S" env --ignore-signal=CHLD \
		"$BUILD/test/chaos" -o report sh -c 'exit 7'
}

# --- right programs ----------------------------------------------------------

@test "chaos: the model server survives each fault, many times" {
	local kind
	for kind in short-read short-write eintr econnaborted emfile; do
		under "$kind" 1 "$BUILD/solution/echo_server" 0
		converse
		[ "$status" -eq 0 ]
		stop
		[ "$STATUS" -eq 0 ]
		echo "$kind: $(count "$kind")"
		(($(count "$kind") >= 2))
		[ "$(wc -l <log)" -eq "$(count "$kind")" ]
	done
}

@test "chaos: the model server survives all of them, with any seed" {
	local seed
	for seed in 1 2 3 4 5; do
		under "$ALL" "$seed" "$BUILD/solution/echo_server" 0
		converse
		[ "$status" -eq 0 ]
		stop
		[ "$STATUS" -eq 0 ]
	done
}

@test "chaos: the model client survives all of them" {
	start "$BUILD/solution/echo_server" 0
	head -c 300000 /dev/urandom >blob
	local seed
	for seed in 1 2 3; do
		chaos -s "$seed" -p 2 -o report "$BUILD/solution/echo_client" \
			127.0.0.1 "$PORT" <blob >got 2>said
		cmp blob got
		(($(count short-read) > 0 && $(count short-write) > 0))
		(($(count eintr) > 0))
	done
}

@test "chaos: 8 MiB both ways under faults" {
	under "$ALL" 3 "$BUILD/solution/echo_server" 0
	probe "connect a 127.0.0.1 $PORT" 'pump a random 8388608 within 50000'
	[ "$status" -eq 0 ]
	stop
	(($(count short-write) > 10))
}

@test "chaos: a static program with blocking calls, which ends by its signal" {
	"${CC:-cc}" -static -D_GNU_SOURCE -std=c17 -o static \
		"$ROOT/tests/self/chaos/defective.c" 2>/dev/null ||
		skip "no static libc"
	under "$ALL" 2 ./static none
	converse
	[ "$status" -eq 0 ]
	stop
	[ "$STATUS" -eq 143 ]
	(($(count short-read) > 2 && $(count short-write) > 2))
	(($(count econnaborted) > 0 && $(count emfile) > 0))
}

@test "chaos: a program under AddressSanitizer and LeakSanitizer" {
	"${CC:-cc}" -fsanitize=address,undefined -D_GNU_SOURCE -std=c17 \
		-I"$ROOT/common" -o server "$ROOT"/common/{net,cli}.c \
		"$ROOT/labs/01-echo/solution/echo_server.c" 2>/dev/null ||
		skip "no sanitizers"
	under "$ALL" 1 ./server 0
	converse
	[ "$status" -eq 0 ]
	stop
	[ "$STATUS" -eq 0 ]
}

@test "chaos: another language" {
	needs python3
	cat >server.py <<-'END'
		import socket
		s = socket.create_server(("127.0.0.1", 0))
		print(s.getsockname()[1], flush=True)
		while True:
		    try:
		        c, _ = s.accept()
		    except OSError:
		        continue
		    while data := c.recv(4096):
		        c.sendall(data)
		    c.close()
	END
	under "$ALL" 1 python3 server.py
	converse
	[ "$status" -eq 0 ]
	stop
	(($(count short-read) > 2 && $(count short-write) > 2))
}

@test "chaos: a program that forks, and one with threads" {
	needs python3
	cat >server.py <<-'END'
		import socketserver, sys
		class Echo(socketserver.BaseRequestHandler):
		    def handle(self):
		        while data := self.request.recv(4096):
		            self.request.sendall(data)
		kind = getattr(socketserver, sys.argv[1] + "TCPServer")
		server = kind(("127.0.0.1", 0), Echo)
		print(server.server_address[1], flush=True)
		server.serve_forever()
	END
	local kind
	for kind in Forking Threading; do
		under "$ALL" 1 python3 server.py "$kind"
		probe "clients 9 c 127.0.0.1 $PORT" \
			'each c reverse exchange random 3000' \
			'each c forward half-close' 'each c reverse expect-eof'
		[ "$status" -eq 0 ]
		stop
		cat report
		(($(count short-read) > 0 && $(count short-write) > 0))
	done
}

@test "chaos: a call that gives up by itself still does" {
	needs python3
	cat >client.py <<-'END'
		import errno, socket, struct
		s = socket.create_server(("127.0.0.1", 0))
		c = socket.create_connection(s.getsockname())
		c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
		             struct.pack("ll", 0, 20000))
		for _ in range(9):
		    try:
		        c.recv(1)
		    except BlockingIOError:
		        pass
	END
	run -0 chaos -s 1 -p 2 -f short-read -o report python3 client.py
}

@test "chaos: a signal handler runs in the middle of a call that is to fail" {
	needs python3
	cat >server.py <<-'END'
		import signal, socket, sys
		signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
		s = socket.create_server(("127.0.0.1", 0))
		print(s.getsockname()[1], flush=True)
		c, _ = s.accept()
		while True:
		    c.sendall(c.recv(4096))
	END
	under short-read 1 python3 server.py
	probe -t 20000 "connect a 127.0.0.1 $PORT" \
		'repeat 5' 'exchange a hello' 'end'
	[ "$status" -eq 0 ]
	stop
	[ "$STATUS" -eq 5 ]
}

# --- wrong programs ----------------------------------------------------------

# caught DEFECT KIND: well without faults, not well with KIND.
caught() {
	start "$BATS_FILE_TMPDIR/defective" "$1"
	probe "connect a 127.0.0.1 $PORT" 'exchange a "hello, world"' 'close a' \
		"connect a 127.0.0.1 $PORT" 'exchange a "hello, world"'
	[ "$status" -eq 0 ]
	stop
	under "$2" 1 "$BATS_FILE_TMPDIR/defective" "$1"
	probe -t 1000 'repeat 12' "connect a 127.0.0.1 $PORT" \
		'exchange a "hello, world"' 'half-close a' 'expect-eof a' \
		'close a' 'end'
	[ "$status" -eq 1 ]
	stop
	(($(count "$2") > 0))
}

@test "chaos: catches one send() taken for all bytes" {
	caught send short-write
}

@test "chaos: catches one recv() taken for a message" {
	caught message short-read
}

@test "chaos: catches EINTR taken for the end" {
	caught eintr eintr
}

@test "chaos: catches a server that ends when accept() fails" {
	caught accept econnaborted
	caught accept emfile
}

# --- the faults themselves ---------------------------------------------------

# The log of a conversation in which nothing depends on time.
log_of() {
	under "$ALL" "$1" "$BATS_FILE_TMPDIR/defective" none
	probe 'repeat 20' "connect a 127.0.0.1 $PORT" 'exchange a x' \
		'exchange a y' 'half-close a' 'expect-eof a' 'close a' 'end'
	[ "$status" -eq 0 ]
	stop
	mv log "log$2"
}

@test "chaos: the same seed gives the same faults, another others" {
	log_of 1 a
	log_of 1 b
	log_of 2 c
	[ -s loga ]
	# But for what came of the accept() in which the end found it: that one may
	# not have been there yet.
	local alike
	alike=$(paste -d '\n' <(wc -l <loga) <(wc -l <logb) | sort -n | head -n 1)
	(($(cat loga logb | wc -l) - 2 * alike <= 3))
	cmp <(head -n "$alike" loga) <(head -n "$alike" logb)
	run ! cmp <(head -n "$alike" loga) <(head -n "$alike" logc)
}

@test "chaos: nothing else is touched" {
	run -0 chaos -s 1 -p 2 -o report sh -c 'seq 5000 | wc -l'
	[ "$output" -eq 5000 ]
	[[ $(<report) == *'"injected":{"short-read":0,"short-write":0,'* ]]
	[[ $(<report) == *'"socket":0,"listen":0,"clock":0}}' ]]
}

@test "chaos: calls that are not to fail are not waited for" {
	under emfile 1 "$BUILD/solution/echo_server" 0
	converse
	[ "$status" -eq 0 ]
	stop
	cat report
	(($(count accept) > 12 && $(count receive) == 0))
	(($(count send) == 0 && $(count wait) == 0))
}

@test "chaos: socket() fails only when asked for" {
	run -1 chaos -p 2 -s 1 -f socket -o report bash -c \
		"'$BUILD/solution/echo_client' 127.0.0.1 1 || exec \
		'$BUILD/solution/echo_client' 127.0.0.1 1"
	[[ $output == *"Too many open files"* ]]
	(($(count socket) > 0))
}

@test "chaos: listen() finds the port in use, only when asked for" {
	run -1 timeout "$PATIENCE_S" "$BUILD/test/chaos" -p 1 -f listen -o report \
		"$BUILD/solution/echo_server" 0 3>&- 4>&- 10>&-
	[[ $output == *"in use"* ]]
	(($(count listen) > 0))
}

# Three times what time it is, in hours and in whole seconds of a clock that
# nobody can set.
write_clocks() {
	cat >clocks.c <<-'END'
		#include <stdio.h>
		#include <sys/time.h>
		#include <time.h>

		int main(void)
		{
			struct timespec real, monotonic;
			struct timeval day;

			clock_gettime(CLOCK_REALTIME, &real);
			gettimeofday(&day, NULL);
			clock_gettime(CLOCK_MONOTONIC, &monotonic);
			printf("%ld %ld %ld\n", (long)day.tv_sec - real.tv_sec,
			       (long)time(NULL) - day.tv_sec,
			       (long)monotonic.tv_sec);
		}
	END
}

@test "chaos: the time of day is set, other clocks go on" {
	local option hour second uptime before
	write_clocks
	for option in '' -static -fsanitize=address; do
		# shellcheck disable=SC2086 # an option, or none
		"${CC:-cc}" $option -o clocks clocks.c 2>/dev/null || continue
		read -r hour _ before < <(./clocks)
		((hour < 1800))
		read -r hour second uptime < <(chaos -f clock -o report ./clocks)
		echo "'$option': $hour $second $uptime"
		((hour >= 3600 && hour < 5400))
		((second >= 3600 && second < 5400))
		((uptime - before < 1800))
		(($(count clock) == 3))
	done
	run -127 chaos -f clock ./no-such-program
	run -3 chaos -f clock -o report sh -c 'exit 3'
}

@test "chaos: the report is JSON on stderr, unless told otherwise" {
	run -0 chaos -s 5 true
	[[ $output == '{"seed":5,"odds":4,"calls":{"receive":0,'*'}}' ]]
	chaos -o /dev/fd/9 true 9>report
	[[ $(<report) == '{"seed":0,'* ]]
}

@test "chaos: the program inherits no descriptor, no ignored SIGPIPE" {
	run -0 chaos -o report bash -c 'ls /proc/$$/fd; exec 9<&-' 9</dev/null
	[ "$(tr '\n' ' ' <<<"$output")" = "0 1 2 " ]
	run -0 chaos -o report grep SigIgn /proc/self/status
	(((0x${output##*[[:space:]]} & 0x1000) == 0))
}

@test "chaos: its status is the program's, or that of env" {
	run -7 chaos -o report sh -c 'exit 7'
	run -137 chaos -o report sh -c 'kill -KILL $$'
	PATH=/usr/bin:/bin run -127 chaos -o report no-such-program
	run -126 chaos -o report /
	run -2 chaos
	run -2 chaos -f nonsense true
	run -2 chaos -p 0 true
	run -125 chaos -o /nowhere/report true
}

@test "chaos: what it runs dies with it" {
	under "$ALL" 1 "$BATS_FILE_TMPDIR/defective" none
	kill -KILL "$PID"
	# The pipe ends when nobody is left to write to it.
	run -0 timeout "$PATIENCE_S" cat <&"$OUT"
}
