#!/usr/bin/env bats
# The jail: what a hostile program can do in it, and what a good one must be
# able to. The attacks are verbs of jail/attack.c, which acts in a jail only.

load lab
bats_require_minimum_version 1.5.0

setup() {
	pid='' # of what background starts
	# The suite may be in /tmp, of which a jail has one of its own.
	JAIL=("$BUILD/test/jail" --ro "$BUILD" --chdir /)
	ATTACK=$BUILD/test/attack
	REPORT=$BATS_TEST_TMPDIR/report
	MARK=jail-$$-$BATS_TEST_NUMBER-$RANDOM
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -m 777 "$WORK"
	chmod 777 "$WORK"
	"${JAIL[@]}" true || skip "no jail can be made here"
}

teardown() {
	end_background
}

# One run, by which a failed test shows what came of it.
jail() { # [OPTION...] COMMAND [ARG...]
	run timeout 120 "${JAIL[@]}" --report "$REPORT" --env PORTLAB_TEST="$MARK" \
		--time 60000 "$@" 3>&- 4>&- 10>&- </dev/null
	echo "status $status, report $(<"$REPORT")"
	echo "${output:0:2000}"
}

report() { # KEY
	jq -r ".$1" "$REPORT"
}

marked() {
	[[ -n $(carrying "$MARK") ]]
}

# --- The attacks ---

@test "an attack refuses to act outside a jail" {
	run timeout 5 "$ATTACK" kill_all
	[[ $status == 2 && $output == *'only in a jail'* ]]
}

@test "no descriptor is inherited: nothing to forge results on" {
	exec {spare}>"$BATS_TEST_TMPDIR/results"
	run timeout 10 "${JAIL[@]}" "$ATTACK" descriptors
	exec {spare}>&-
	[[ $output == '0 descriptors' && ! -s $BATS_TEST_TMPDIR/results ]]
}

@test "the descriptors of pid 1 cannot be opened" {
	jail "$ATTACK" parents
	[[ $output == '0 descriptors' ]]
}

@test "nothing outside can be rewritten, remounted or uncovered" {
	echo kept >"$WORK/file"
	chmod 666 "$WORK/file"
	mkdir -m 777 "$WORK/hidden"
	jail --ro "$WORK" --hide "$WORK/hidden" \
		"$ATTACK" rewrite "$WORK/file" "$WORK/hidden"
	[[ $status == 0 && $output != *worked* && ${#lines[@]} == 7 ]]
	[[ $(<"$WORK/file") == kept ]]
}

@test "a folder given as --rw can be written, and only that" {
	jail --ro "$BATS_TEST_TMPDIR" --rw "$WORK" --chdir "$WORK" \
		sh -c 'echo new >file; echo x >../x'
	[[ $status != 0 && $(<"$WORK/file") == new ]]
	[[ ! -e $BATS_TEST_TMPDIR/x ]]
}

@test "a daemon ends with the program that left it, and is counted" {
	jail "$ATTACK" daemonise
	[[ $status == 0 && $output == gone ]]
	[[ $(report end) == exit && $(report left_behind) == 1 ]]
	nothing_carries "$MARK"
}

@test "who ignores SIGTERM is killed at the deadline" {
	jail --time 300 "$ATTACK" stubborn
	[[ $status == 124 && $(report end) == deadline ]]
	[[ $(report status) == 124 && $(report wall_ms) -ge 300 ]]
	[[ $(report wall_ms) -lt 20000 ]]
	nothing_carries "$MARK"
}

@test "a fork bomb has as many processes as it may, and no more" {
	jail --processes 20 "$ATTACK" bomb
	[[ $output == '19 forks' && $(report left_behind) == 19 ]]
	nothing_carries "$MARK"
	jail --processes 40 --time 500 "$ATTACK" wild_bomb
	[[ $(report end) == deadline ]]
	nothing_carries "$MARK"
}

@test "kill(-1) reaches nobody outside, and not pid 1" {
	background sleep 1000
	jail "$ATTACK" kill_all
	[[ $output == *'still here'* ]]
	kill -0 "$pid"
}

@test "a flood is cut off, on stdout and on stderr" {
	for stream in stdout stderr; do
		jail --output 100000 --stdout "$BATS_TEST_TMPDIR/stdout" \
			--stderr "$BATS_TEST_TMPDIR/stderr" \
			"$ATTACK" flood "$stream"
		[[ $status == 137 && $(report end) == output ]]
		[[ $(report "${stream}_bytes") == 100000 ]]
		[[ $(stat -c %s "$BATS_TEST_TMPDIR/$stream") == 100000 ]]
	done
}

@test "a flood that nobody reads does not stay beyond the deadline" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	exec {fifo}<>"$BATS_TEST_TMPDIR/fifo"
	jail --time 300 --stdout "$BATS_TEST_TMPDIR/fifo" "$ATTACK" flood stdout
	exec {fifo}>&-
	[[ $status == 124 && $(report end) == deadline ]]
}

@test "the disk cannot be filled: neither by one file nor by many" {
	jail --tmp 8 "$ATTACK" fill /tmp
	[[ $output =~ ^([0-9]+)' MB: No space' && ${BASH_REMATCH[1]} -le 8 ]]
	jail --tmp 8 --file-size 1048576 sh -c 'cat /dev/zero >/tmp/one'
	[[ $status == 153 ]]
	jail "$ATTACK" fill /dev
	[[ $output == '0 MB: Read-only file system' ]]
}

@test "what is written is executed only where it may be" {
	local place
	jail sh -c 'cp /bin/true /tmp/x && /tmp/x'
	[[ $status == 0 ]]
	for place in /tmp /dev/shm; do
		jail --tmp-exec 0 sh -c "cp /bin/true $place/x && $place/x"
		[[ $status == 126 ]]
	done
}

@test "memory is limited, of one process and of many together" {
	for children in 0 3; do
		jail --memory 200 "$ATTACK" eat "$children"
		[[ $status == 137 && $(report end) == memory ]]
		[[ $(report peak_rss_kb) -gt 100000 ]]
		nothing_carries "$MARK"
	done
}

@test "memory cannot be had where nobody counts it" {
	jail "$ATTACK" hide_memory
	[[ $status == 0 && ${#lines[@]} == 7 ]]
	[[ $(grep -c ' Function not implemented$' <<<"$output") == 7 ]]
}

@test "no core is written, and none goes to a pipe" {
	jail grep '^Max core file size' /proc/self/limits
	[[ $output =~ ^'Max core file size'\ +1\ +1\ +bytes ]]
}

@test "memory that processes share is counted once" {
	jail --memory 200 "$ATTACK" share 10
	[[ $status == 0 && $output == shared && $(report left_behind) == 10 ]]
}

@test "processor time is limited, of many together" {
	jail --cpu 1 "$ATTACK" spin 3
	[[ $status == 137 && $(report end) == cpu ]]
	[[ $(report cpu_ms) -ge 1000 && $(report cpu_ms) -lt 3000 ]]
}

@test "pid 1 cannot be crippled to escape the limits" {
	jail --time 500 "$ATTACK" starve
	[[ $status == 124 || $status == 137 ]]
	[[ $(report end) == deadline || $(report end) == signal ]]
	nothing_carries "$MARK"
}

@test "the grader cannot be traced, read or killed" {
	background sleep 1000
	jail "$ATTACK" trace "$pid"
	[[ $status == 0 && $output != *worked* && ${#lines[@]} == 4 ]]
	kill -0 "$pid"
}

@test "nothing outside can be connected to" {
	background "$BUILD/solution/echo_server" 0
	listening() {
		grep -o '[0-9]*$' "$BATS_TEST_TMPDIR"/background.{out,err} -h |
			grep -m 1 .
	}
	eventually listening
	port=$(listening)
	(exec 3<>"/dev/tcp/127.0.0.1/$port")
	jail "$ATTACK" connect 127.0.0.1 "$port"
	[[ $output == 'connect Connection refused' ]]
	jail "$ATTACK" connect 192.0.2.1 "$port"
	[[ $output == 'connect Network is unreachable' ]]
}

@test "what is hidden cannot be read, by name or by link" {
	mkdir -m 777 "$WORK/secret"
	echo solution >"$WORK/secret/file"
	echo solution >"$WORK/single"
	jail --ro "$WORK" "$ATTACK" read "$WORK/secret/file"
	[[ $output == *'<solution'* ]]
	jail --ro "$WORK" --hide "$WORK/secret" "$ATTACK" read \
		"$WORK/secret/file"
	[[ $output == 'open: No such file or directory' ]]
	jail --ro "$WORK" --hide "$WORK/single" "$ATTACK" read "$WORK/single"
	[[ $output == 'got <>' ]]
}

@test "where the jail has a folder of its own, hiding it leaves that" {
	# The folder of what was built may be there, and is not asked for here.
	JAIL=("$BUILD/test/jail" --chdir /)
	jail --hide /tmp sh -c 'ls -A /tmp && echo mine >/tmp/made && cat /tmp/made'
	[[ $status == 0 && $output == mine ]]
}

@test "a folder within a hidden one can be shown" {
	mkdir -m 777 "$WORK/mine"
	echo solution >"$WORK/theirs"
	jail --rw "$WORK/mine" --hide "$WORK" sh -c \
		"touch '$WORK/mine/made' && ls '$WORK'"
	[[ $status == 0 && $output == mine && -e $WORK/mine/made ]]
}

@test "a compiler that reads without end is ended" {
	echo '#include "/dev/zero"' >"$WORK/zero.c"
	jail --rw "$WORK" --chdir "$WORK" --time 3000 --memory 200 \
		cc -c zero.c
	[[ $status != 0 && $(report wall_ms) -lt 20000 ]]
	[[ $(report peak_rss_kb) -lt 1000000 ]]
	{
		echo '#define A0 x x x x x x x x x x'
		for n in {1..9}; do
			echo "#define A$n $(printf "A$((n - 1)) %.0s" {1..10})"
		done
		echo 'A9'
	} >"$WORK/bomb.c"
	jail --rw "$WORK" --chdir "$WORK" --time 100000 --cpu 60 --memory 200 \
		cc -c bomb.c
	[[ $status == 137 && $(report end) == memory ]]
	nothing_carries "$MARK"
}

# --- What a good program needs ---

@test "a C program is compiled inside, and AddressSanitizer works" {
	cat >"$WORK/leak.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		int main(int argc, char **argv)
		{
			char *volatile kept = malloc(16);
			kept[0] = 'x';
			puts(kept[0] == 'x' && argv[0] ? "x" : "");
			if (argc > 1)
				kept = NULL;
			free(kept);
		}
	END
	jail --rw "$WORK" --chdir "$WORK" \
		cc -g -fsanitize=address,undefined -o leak leak.c
	[[ $status == 0 && -z $output ]]
	jail --ro "$WORK" --chdir "$WORK" ./leak
	[[ $status == 0 && $output == x ]]
	jail --ro "$WORK" --chdir "$WORK" ./leak more
	[[ $status != 0 && $output == *'16 byte(s) leaked'* ]]
}

@test "the environment is clean" {
	FOREIGN=1 jail --env MINE='a=b c' env
	[[ $output == *'MINE=a=b c'* && $output == *'PATH='* ]]
	[[ $output == *'LC_ALL=C'* && $output != *FOREIGN* ]]
	[[ $output != *BATS* ]]
}

@test "the program has no capability, and cannot gain one" {
	jail grep -E '^Cap|^NoNewPrivs' /proc/self/status
	[[ $output == *'NoNewPrivs:	1' ]]
	[[ $(grep -c '	0000000000000000$' <<<"$output") == 5 ]]
}

@test "exit statuses: the program's, 128 and a signal, 127, 126" {
	jail sh -c 'exit 42'
	[[ $status == 42 && $(report end) == exit && $(report status) == 42 ]]
	[[ $(report signal) == null && $(report started) == true ]]
	jail "$ATTACK" crash 11
	[[ $status == 139 && $(report end) == signal ]]
	[[ $(report signal) == SIGSEGV ]]
	run -127 timeout 10 "${JAIL[@]}" --report "$REPORT" /no/such/command
	[[ $output == *'No such file'* && $(report started) == false ]]
	jail /etc/passwd
	[[ $status == 126 && $(report started) == false ]]
}

@test "125 and one line when the jail cannot be made as asked" {
	run timeout 10 "${JAIL[@]}" --hide /no/such/folder true
	[[ $status == 125 && ${#lines[@]} == 1 && $output == *folder* ]]
	run timeout 10 "${JAIL[@]}" --netns /etc/passwd true
	[[ $status == 125 && ${#lines[@]} == 1 ]]
	run timeout 10 "${JAIL[@]}" --chdir /no/such/folder true
	[[ $status == 125 && ${#lines[@]} == 1 ]]
	run timeout 10 "${JAIL[@]}" --report /no/such/file true
	[[ $status == 125 && ${#lines[@]} == 1 ]]
}

@test "bad options: 2 and the usage" {
	for bad in '--time' '--time x true' '--time -1 true' '--nonsense 1 true' \
		'--env X true' '' '--memory 1G true' '--fds 2 true'; do
		# shellcheck disable=SC2086 # words are meant
		run timeout 10 "${JAIL[@]}" $bad
		echo "$bad: $status $output"
		[[ $status == 2 && $output == *usage:* ]]
	done
}

@test "the report is JSON whatever the program prints" {
	jail --stdout "$BATS_TEST_TMPDIR/out" "$ATTACK" binary
	[[ $status == 0 && $(report stdout_bytes) == 9 ]]
	[[ $(wc -l <"$REPORT") == 1 ]]
	[[ $(od -An -tx1 "$BATS_TEST_TMPDIR/out") == \
		' 61 00 ff c3 28 01 22 5c 0a' ]]
}

@test "what is written last before the end is not lost" {
	jail --output 2000000 --stdout "$BATS_TEST_TMPDIR/out" \
		sh -c 'head -c 1000000 /dev/zero; echo end >&2'
	[[ $status == 0 && $output == *end && $(report stdout_bytes) == 1000000 ]]
}

@test "stdout and stderr can be opened by their names" {
	jail --stdout "$BATS_TEST_TMPDIR/out" \
		sh -c 'echo said >/dev/stdout; echo log >/dev/stderr'
	[[ $status == 0 && $output == *log && $(<"$BATS_TEST_TMPDIR/out") == said ]]
}

@test "the pid file names the program as seen from outside" {
	background "${JAIL[@]}" --pidfile "$BATS_TEST_TMPDIR/pid" "$ATTACK" stubborn
	eventually grep -q ready "$BATS_TEST_TMPDIR/background.out"
	read -r program <"$BATS_TEST_TMPDIR/pid"
	[[ $(tr '\0' ' ' <"/proc/$program/cmdline") == *'attack stubborn '* ]]
}

@test "a signal that jail gets goes to the program, which is not pid 1" {
	background "${JAIL[@]}" --report "$REPORT" --time 100000 sh -c \
		'trap "echo term; exit 3" TERM; echo "ready $$"; while :; do sleep 0.05; done'
	eventually grep -q ready "$BATS_TEST_TMPDIR/background.out"
	run ! grep -qx 'ready 1' "$BATS_TEST_TMPDIR/background.out"
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	[[ $code == 3 && $(report status) == 3 ]]
	background "${JAIL[@]}" --report "$REPORT" --time 100000 \
		--pidfile "$WORK/pid" sleep 1000
	eventually test -s "$WORK/pid"
	kill -TERM "$pid"
	code=0
	wait "$pid" || code=$?
	[[ $code == 143 && $(report signal) == SIGTERM ]]
}

@test "SIGKILL to jail, or to its parent, leaves nothing" {
	background "${JAIL[@]}" --env PORTLAB_TEST="$MARK" "$ATTACK" stubborn
	eventually marked
	kill -KILL "$pid"
	eventually nothing_carries "$MARK"
	background bash -c '"$@"; :' - \
		"${JAIL[@]}" --env PORTLAB_TEST="$MARK" "$ATTACK" stubborn
	eventually marked
	kill -KILL "$pid"
	eventually nothing_carries "$MARK"
}

@test "twenty jails at once, each with all that it may" {
	for n in {1..20}; do
		timeout 120 "${JAIL[@]}" --report "$BATS_TEST_TMPDIR/r$n" --time 100000 \
			--processes 20 "$ATTACK" bomb \
			>"$BATS_TEST_TMPDIR/o$n" 3>&- 4>&- 10>&- &
	done
	wait
	for n in {1..20}; do
		[[ $(<"$BATS_TEST_TMPDIR/o$n") == '19 forks' ]]
		[[ $(jq -r .end "$BATS_TEST_TMPDIR/r$n") == exit ]]
	done
}

# --- Networks ---

@test "a network of its own has loopback up, IPv4 and IPv6, and nothing else" {
	jail sh -c 'cat /proc/net/if_inet6; tail -n +3 /proc/net/dev | wc -l'
	[[ $output == *00000000000000000000000000000001*lo* ]]
	[[ ${lines[-1]} == 1 ]]
	jail "$ATTACK" connect 127.0.0.1 9
	[[ $output == *refused* ]]
}

@test "in a lab host's network: that host's address, and no power over it" {
	run timeout 30 "$PORTLAB" run router -- bash -c '
		"$@" --netns /run/netns/server sh -c "
			cat /proc/net/fib_trie; ls /run; ip link set eth0 down"
		echo "status $?"' - "${JAIL[@]}"
	echo "$output"
	[[ $output == *203.0.113.20* && $output != *198.51.100.1* ]]
	[[ $output == *'not permitted'* && $output == *'status 2' ]]
}

@test "the lab's namespaces take jails with networks of their own" {
	run timeout 30 "$BUILD/lab/labns" run "${JAIL[@]}" --memory 100 \
		"$ATTACK" eat 0
	[[ $status == 137 ]]
}

@test "a jail costs less than 100 ms" {
	# The least of twenty: what others take of the machine is no part of it.
	least=''
	for _ in {1..20}; do
		start=${EPOCHREALTIME/[.,]/}
		"${JAIL[@]}" true
		us=$((${EPOCHREALTIME/[.,]/} - start))
		((us >= ${least:-us + 1})) || least=$us
	done
	echo "$least us"
	((least < 100000))
}

@test "SIGCHLD that is ignored outside is no trouble" {
	needs python3
	run -7 timeout 30 python3 -c 'import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execv(sys.argv[1], sys.argv[1:])' "${JAIL[@]}" sh -c 'exit 7' </dev/null
}

# --- Without namespaces ---

bare() { # [OPTION...] COMMAND [ARG...]
	((EUID == 0)) || skip 'not root: without namespaces there is no jail'
	run timeout 120 env JAIL_BARE=1 "$BUILD/test/jail" --chdir /tmp \
		--report "$REPORT" --env PORTLAB_TEST="$MARK" "$@" \
		3>&- 4>&- 10>&- </dev/null
	echo "status $status, report $(<"$REPORT")"
	echo "${output:0:2000}"
}

# Twenty of them at most, and no way to take the machine down.
readonly FORKS='f() { f & f & }; f; wait'

@test "bare: a user of its own, no power, and the status of the program" {
	bare sh -c 'id -u; grep CapEff /proc/self/status; exit 7'
	[[ $status == 7 && ${lines[0]} -ge 16777216 ]]
	[[ ${lines[1]} == *0000000000000000 ]]
	first=${lines[0]}
	bare id -u
	[[ ${lines[0]} != "$first" ]]
	((EUID == 0)) && run setpriv --reuid 65534 env JAIL_BARE=1 \
		"$BUILD/test/jail" --chdir / true
	[[ $status == 2 ]]
}

@test "bare: stdout and stderr can be opened by their names" {
	bare sh -c 'echo said >/dev/stdout; echo log >/dev/stderr'
	[[ $status == 0 && $output == *said* && $output == *log* ]]
}

@test "bare: daemons, forks and who ignores SIGTERM end with it, counted" {
	bare sh -c '(setsid sleep 100 &); (sleep 100 &); exit 0'
	[[ $status == 0 && $(report left_behind) == 2 ]]
	nothing_carries "$MARK"
	bare --time 500 --processes 20 bash -c "$FORKS"
	nothing_carries "$MARK"
	bare --time 300 sh -c 'trap "" TERM; while :; do sleep 1; done'
	[[ $status == 124 && $(report end) == deadline ]]
	nothing_carries "$MARK"
}

@test "bare: kill(-1) reaches itself, memory and output have their limits" {
	bare sh -c 'kill -KILL -1; exit 3'
	[[ $status == 3 || $status == 137 ]]
	bare --memory 64 python3 -c 'x = bytearray(200 << 20); input()'
	[[ $(report end) == memory ]]
	bare --output 1000 yes
	[[ $(report end) == output ]]
	nothing_carries "$MARK"
}

@test "bare: SIGKILL to jail leaves nothing" {
	((EUID == 0)) || skip 'not root: without namespaces there is no jail'
	background env JAIL_BARE=1 "$BUILD/test/jail" --chdir /tmp --processes 20 \
		--env PORTLAB_TEST="$MARK" --pidfile "$WORK/pid" -- \
		bash -c "$FORKS; sleep 100"
	eventually test -s "$WORK/pid"
	eventually marked
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null || true
	eventually nothing_carries "$MARK"
}
