#!/usr/bin/env bats
# What hostile submissions do, and what must come of it: no point that an empty
# program would not get, no harm to the grader or to the one who is graded
# next, an end within a bounded time, nothing left behind, and a report that
# says what happened. The programs are attacks/*.c, of which none acts outside
# a jail; what attacks the compiler is written here.

load lab
bats_require_minimum_version 1.5.0

# Longer than the grader lets all checks take: only an attack that is not ended
# takes it.
LIMIT_S=700

setup() {
	own_state
	pid='' # of what background starts
	LAB=$ROOT/labs/01-echo
	ATTACKS=$BATS_TEST_DIRNAME/attacks
	SUBMISSION=$BATS_TEST_TMPDIR/submission
	KEEP=$BATS_TEST_TMPDIR/results
	TEXT=$BATS_TEST_TMPDIR/text
	ERR=$BATS_TEST_TMPDIR/err
	# Fifteen bytes at most: it is the name of the attack's processes, too.
	TAG=pa$((BASHPID % 100000)).$RANDOM
	DEFINES=()
	mkdir "$SUBMISSION"
	cp "$LAB"/starter/echo_{server,client}.c "$SUBMISSION"
	touch "$BATS_TEST_TMPDIR/began"
}

teardown() {
	end_background
}

# --- Submissions ---

# The text of a guarded attack, as one file.
guarded() { # NAME
	local define
	printf '#define TAG "%s"\n#define SUITE "%s"\n' "$TAG" "$ROOT"
	for define in "${DEFINES[@]-}"; do
		[[ -z $define ]] || printf '#define %s\n' "$define"
	done
	sed -e "/^#include \"guard.h\"\$/ {
		r $ATTACKS/guard.h
		d
	}" "$ATTACKS/$1.c"
}

# Grade the attack NAME as the server; the client is the starter.
attack() { # NAME
	guarded "$1" >"$SUBMISSION/echo_server.c"
	grade
	began
}

# Grade what stdin says as the server's source.
source_text() {
	cat >"$SUBMISSION/echo_server.c"
	grade
}

# All that a submission holds, and when each was changed.
fingerprint() {
	(cd "$SUBMISSION" && find . -printf '%p %y %m %s %n %T@ %l\n' | sort)
}

# --- Runs ---

# One run, of SUBMISSION or of another folder; what it has said is in $TEXT.
check() { # SUBMISSION KEEP
	status=0
	PORTLAB_TEST=$TAG timeout "$LIMIT_S" "$PORTLAB" check 01 --submit "$1" \
		--keep "$2" >"$TEXT" 2>"$ERR" </dev/null \
		3>&- 4>&- 10>&- || status=$?
	echo "status $status after $SECONDS s"
	head -c 4000 "$TEXT" | cat -v
	head -c 2000 "$ERR" | cat -v
}

# One run of SUBMISSION, which is to fail, and what is true after each.
grade() {
	local before
	before=$(fingerprint)
	check "$SUBMISSION" "$KEEP"
	[[ $status == 1 && ! -s $ERR ]]
	jq -e '.state != "grader-error"' "$KEEP/report.json" >/dev/null
	[[ -s $KEEP/results.tsv ]]
	[[ $(stat -c %s "$TEXT") -lt 200000 ]]
	[[ $(du -sm "$KEEP" | cut -f 1) -lt 200 ]]
	nothing_left
	[[ $(fingerprint) == "$before" ]]
	suite_unchanged
}

# No process of the run, by its environment, and none of the attack, which has
# an environment of its own but the name that guard.h gives it.
nothing_left() {
	nothing_carries "$TAG"
	run ! grep -lxs "$TAG" /proc/[0-9]*/comm
}

suite_unchanged() {
	local changed
	changed=$(find "$ROOT/tests" "$LAB" -cnewer "$BATS_TEST_TMPDIR/began")
	echo "changed: ${changed:-nothing}"
	[[ -z $changed ]]
}

# --- What came of it ---

# The attack has run, and has not reached what it was after.
began() {
	grep -rqF "begun $TAG" "$KEEP"
	run ! grep -raF reached "$KEEP"/checks "$KEEP"/tap
}

passed() { # [KEEP]
	awk -F '\t' '$2 == "passed" { print $1 }' "${1:-$KEEP}/results.tsv"
}

# Exactly these checks have passed.
gained() { # ID...
	diff <(printf '%s\n' "$@" | sort) <(passed | sort)
}

# No check has passed but, perhaps, these.
gained_at_most() { # ID...
	local extra
	extra=$(comm -13 <(printf '%s\n' "$@" | sort) <(passed | sort))
	echo "too many: ${extra:-none}"
	[[ -z $extra ]]
}

# What an empty server gets, with the starter's client.
EMPTY=(builds client-builds warnings)

nothing_gained() {
	gained "${EMPTY[@]}"
}

# What the starter's own server gets, which says what is wrong with port 70000.
starter_gained() {
	gained "${EMPTY[@]}" bad-port
}

# The server does not compile; the client does.
not_built() {
	gained client-builds
	says 'compile'
}

says() { # REGEX
	grep -Eiq -- "$1" "$TEXT"
}

# The report is text: what it shows of the submission cannot steer a screen.
plain() { # FILE
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
	run ! grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$1"
	run ! grep -qP '(*UTF8)[\x{80}-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]' "$1"
}

# Whoever is graded next gets what is due: the solution all, an empty program
# nothing.
next_is_fair() {
	check "$LAB/solution" "$KEEP.solution"
	[[ $status == 0 ]]
	run ! grep -P '\t(failed|not-checked)\t' "$KEEP.solution/results.tsv"
	echo 'int main(void) { return 0; }' >"$SUBMISSION/echo_server.c"
	grade
	nothing_gained
}

# --- The guard ---

@test "every attack refuses to act outside a jail, before all else" {
	local file
	# First one that does no harm, should the guard fail.
	for file in "$ATTACKS"/{early_exit,*}.c; do
		echo "$file"
		[[ $(grep -m 1 '^#' "$file") == '#include "guard.h"' ]]
		timeout 30 cc -D_GNU_SOURCE -std=c17 -Wall -Wextra -Werror \
			-o "$BATS_TEST_TMPDIR/attack" "$file"
		run -2 timeout 5 bash -c 'ulimit -u 0 -f 0 -v 100000 -t 1
			exec "$@"' - "$BATS_TEST_TMPDIR/attack" 0 </dev/null
		[[ $output == 'attack: only in a jail' ]]
	done
}

@test "neither a pid 1 called jail nor a process without power is a jail" {
	timeout 30 cc -D_GNU_SOURCE -std=c17 -o "$BATS_TEST_TMPDIR/harmless" \
		"$ATTACKS/early_exit.c"
	cp "$(type -P bash)" "$BATS_TEST_TMPDIR/jail"
	run -2 timeout 5 unshare --user --map-current-user --pid --fork \
		--mount-proc --kill-child "$BATS_TEST_TMPDIR/jail" -c '
		read -r name </proc/1/comm
		[[ $name == jail ]] || exit 3
		"$@"' - "$BATS_TEST_TMPDIR/harmless"
	[[ $output == 'attack: only in a jail' ]]
	run -2 timeout 5 setpriv --no-new-privs "$BATS_TEST_TMPDIR/harmless"
	[[ $output == 'attack: only in a jail' ]]
}

@test "in a jail they act" {
	guarded early_exit >"$BATS_TEST_TMPDIR/early.c"
	timeout 30 cc -D_GNU_SOURCE -o "$BATS_TEST_TMPDIR/early" \
		"$BATS_TEST_TMPDIR/early.c"
	run -0 timeout 10 "$BUILD/test/jail" --ro "$BATS_TEST_TMPDIR" --chdir / \
		"$BATS_TEST_TMPDIR/early"
	[[ $output == "begun $TAG" ]]
}

# --- Against the results ---

@test "TAP on descriptors of the runner: there are none, and stderr is no result" {
	attack forge
	nothing_gained
}

@test "tests, and what bats makes of them, cannot be found or rewritten" {
	attack rewrite
	nothing_gained
}

@test "a constructor that ends the program with status 0 has passed nothing" {
	attack early_exit
	nothing_gained
	says 'status 0'
}

@test "neither the environment nor stdin says which check it is" {
	guarded environment >"$SUBMISSION/echo_server.c"
	PORTLAB_SECRET=1 BATS_TEST_NUMBER=7 grade
	began
	nothing_gained
}

@test "no other program can do the work: not the solution's, none of the machine's" {
	attack stand_in
	nothing_gained
	run ! grep -rI 'to be had' "$KEEP"
}

@test "nothing is found again that an earlier check's program has left" {
	attack persist
	nothing_gained
	[[ -z $(find "$ROOT" /tmp /var/tmp -maxdepth 1 -name "$TAG") ]]
}

@test "a screen cannot be made to lie, nor a line of the report be forged" {
	attack lie
	gained_at_most "${EMPTY[@]}" listens
	plain "$TEXT"
	plain "$KEEP/report.json"
	# What it said is shown, but within a line of the report's own.
	says 'all passed'
	run ! grep -xE ' *(all passed|36 of 36 points|why: all passed)' "$TEXT"
	run ! grep -E '^(ok 3 listens|why: all passed)' "$KEEP"/checks/*/account
}

@test "nor can what the compiler says" {
	printf '#warning \033[2J\033[H all passed \302\2332J \342\200\256\n' \
		>"$SUBMISSION/echo_server.c"
	printf '# 7 "\033[2J/ok 3 listens: all passed"\n#error ok 3\n' \
		>>"$SUBMISSION/echo_server.c"
	grade
	not_built
	plain "$TEXT"
	plain "$KEEP/report.json"
}

# --- Against the grader ---

@test "daemons end with the program, and are reported" {
	attack daemons
	nothing_gained
	says 'left (3|three) processes behind'
	next_is_fair
}

@test "what a program leaves behind is reported of checks that pass, too" {
	sed 's/^\tcli_init(argv\[0\], "HOST PORT");$/&\n\tif (fork() == 0)\n\t\tfor (;;)\n\t\t\tpause();/' \
		"$LAB/solution/echo_client.c" >"$SUBMISSION/echo_client.c"
	grade
	jq -e '.checks[] | select(.id == "talks") | .state == "passed"' \
		"$KEEP/report.json"
	grep -x talks "$KEEP/left-behind"
}

@test "who ignores every signal is killed at the deadline" {
	attack stubborn
	nothing_gained
	says 'nothing listened|still running'
}

@test "a fork bomb has as many processes as it may" {
	attack fork_bomb
	nothing_gained
	says 'still running, with [0-9]+ processes'
	next_is_fair
}

@test "kill(-1) and ptrace reach nobody but the program itself" {
	background sleep 10000
	attack kill_all
	nothing_gained
	says 'SIGKILL'
	kill -0 "$pid"
}

@test "no other process can be traced or read" {
	attack trace
	nothing_gained
}

@test "a flood is cut off" {
	attack flood
	nothing_gained
	says 'more than 1 MiB'
}

@test "no disk is filled, and nothing stays that cannot be removed" {
	attack fill
	nothing_gained
	for folder in / /tmp /dev/shm /var/tmp "$ROOT" "$LAB" "$ROOT/tests"; do
		[[ -z $(find "$folder" -maxdepth 1 -name "$TAG*") ]]
	done
	next_is_fair
}

@test "memory is limited" {
	attack eat
	nothing_gained
	says 'more than 512 MB'
}

@test "processor time is limited" {
	attack spin
	nothing_gained
	says 'processor time|still running, with 32 processes'
}

@test "no core is left" {
	attack core
	nothing_gained
	says 'SIGABRT'
	[[ -z $(find "$KEEP" "$SUBMISSION" "$PORTLAB_STATE" -name 'core*') ]]
}

@test "clock, name, limits and priority are not the program's to change" {
	attack clock
	nothing_gained
}

@test "nobody outside can be connected to" {
	local foreign=$BATS_TEST_TMPDIR/socket name=$TAG.abstract port
	background "$BUILD/solution/echo_server" -b 127.0.0.1 0
	listening() {
		grep -ho '[0-9]*$' "$BATS_TEST_TMPDIR"/background.{out,err} |
			grep -m 1 .
	}
	eventually listening
	port=$(listening)
	DEFINES=("FOREIGN_PORT $port" "FOREIGN_SOCKET \"$foreign\"")
	socat "UNIX-LISTEN:$foreign,fork" /dev/null 3>&- 4>&- 10>&- &
	BACKGROUND+=("$!")
	eventually test -S "$foreign"
	attack connect_out
	nothing_gained
	run ! grep -h client "$BATS_TEST_TMPDIR"/background.{out,err}
	# The same by the name in the network's own space, which has no file.
	DEFINES[1]="FOREIGN_SOCKET \"$name\""
	socat "ABSTRACT-LISTEN:$name,fork" /dev/null 3>&- 4>&- 10>&- &
	BACKGROUND+=("$!")
	eventually grep -q "@$name" /proc/net/unix
	rm -rf "$KEEP"
	attack connect_out
	nothing_gained
}

@test "who takes all other ports gets in nobody's way" {
	attack ports
	nothing_gained
	next_is_fair
}

@test "an endless answer and a flooded network end with the check" {
	attack endless
	gained_at_most "${EMPTY[@]}" listens
}

@test "a trickle does not make a run endless" {
	attack trickle
	run ! grep -xE 'every-byte|large|hundred|faults' <(passed)
}

@test "many at once: each gets what is due, on the same ports" {
	local n pids=()
	echo 'int main(void) { return 0; }' >"$SUBMISSION/echo_server.c"
	guarded ports >"$BATS_TEST_TMPDIR/ports.c"
	mkdir "$SUBMISSION.ports"
	cp "$BATS_TEST_TMPDIR/ports.c" "$SUBMISSION.ports/echo_server.c"
	cp "$LAB/echo_client.c" "$SUBMISSION.ports"
	at_once() { # SUBMISSION KEEP
		PORTLAB_STATE=$2.state timeout "$LIMIT_S" "$PORTLAB" check 01 \
			--submit "$1" --keep "$2" --seed 1 >"$2.text" 2>&1 \
			</dev/null 3>&- 4>&- 10>&-
	}
	for n in 1 2; do
		at_once "$LAB/solution" "$KEEP.solution.$n" &
		pids+=("$!")
		at_once "$SUBMISSION" "$KEEP.empty.$n" &
		pids+=("$!")
		at_once "$SUBMISSION.ports" "$KEEP.ports.$n" &
		pids+=("$!")
	done
	for n in "${pids[@]}"; do
		wait "$n" || true
	done
	for n in 1 2; do
		run ! grep -P '\t(failed|not-checked)\t' \
			"$KEEP.solution.$n/results.tsv"
		[[ $(passed "$KEEP.solution.$n" | wc -l) -gt 20 ]]
		[[ $(passed "$KEEP.empty.$n" | xargs) == "${EMPTY[*]}" ]]
		[[ $(passed "$KEEP.ports.$n" | xargs) == "${EMPTY[*]}" ]]
	done
}

# --- Against the compiler, and by it ---

@test "the solution cannot be included: by no path" {
	local path
	for path in "$LAB/solution/echo_server.c" solution/echo_server.c \
		{../,../../,../../../}{solution,labs/01-echo/solution}/echo_server.c \
		/proc/self/cwd/../solution/echo_server.c; do
		printf '#if __has_include("%s")\n#include "%s"\n#define FOUND\n#endif\n' \
			"$path" "$path"
	done >"$SUBMISSION/echo_server.c"
	printf '#ifndef FOUND\nint main(void) { return 0; }\n#endif\n' \
		>>"$SUBMISSION/echo_server.c"
	grade
	nothing_gained
	for path in "$LAB" "/proc/1/root$LAB"; do
		source_text <<<"#include \"$path/solution/echo_server.c\""
		not_built
		says 'solution/echo_server.c'
	done
}

@test "nor can a program that was built from it" {
	for file in "$BUILD/solution/echo_server" "$LAB/solution/echo_server.c" \
		"$ROOT/tests/01-echo.bats"; do
		source_text <<-END
			__asm__(".incbin \"$file\"");
			int main(void) { return 0; }
		END
		not_built
	done
}

@test "a file without end is not read to its end" {
	for file in /dev/zero /dev/urandom; do
		source_text <<<"#include \"$file\""
		not_built
		source_text <<<"__asm__(\".incbin \\\"$file\\\"\"); int main(void) { }"
		not_built
	done
}

@test "the compiler has nothing to read on stdin, and no descriptor" {
	for file in /dev/stdin /proc/self/fd/0 /proc/self/fd/3 \
		/proc/self/fd/10 /proc/1/fd/1; do
		source_text <<-END
			#if __has_include("$file")
			#include "$file"
			#endif
			int main(void) { return 0; }
		END
		gained_at_most "${EMPTY[@]}"
	done
}

@test "a macro bomb, and one of includes, are ended" {
	{
		echo '#define A0 x x x x x x x x x x'
		for n in {1..9}; do
			echo "#define A$n $(printf "A$((n - 1)) %.0s" {1..10})"
		done
		echo 'A9'
	} >"$SUBMISSION/echo_server.c"
	grade
	not_built
	says 'more than [0-9]+ MB|deadline|processor time|took too long'
	source_text <<-'END'
		#include __FILE__
		#include __FILE__
	END
	not_built
}

@test "a program too large for any disk is not built" {
	for text in 'char x[1UL << 40] = {1}; int main(void) { return x[0]; }' \
		'__asm__(".fill 1 << 40"); int main(void) { return 0; }' \
		'__asm__(".rept 1 << 40\n.byte 1\n.endr"); int main(void) { }'; do
		source_text <<<"$text"
		not_built
	done
	# Without contents it may be built, if the linker can. It cannot run.
	source_text <<<'char x[1UL << 40]; int main(void) { return x[0]; }'
	gained_at_most "${EMPTY[@]}"
}

@test "a nest that is too deep, and a hundred thousand warnings" {
	{
		echo 'int main(void) { return '
		head -c 1000000 /dev/zero | tr '\0' '('
	} >"$SUBMISSION/echo_server.c"
	grade
	not_built
	{
		for n in {1..100000}; do
			echo "#warning $n: $TAG"
		done
		echo 'int main(void) { return 0; }'
	} >"$SUBMISSION/echo_server.c"
	grade
	gained_at_most builds client-builds
}

@test "neither _start, nor a second main, nor the library's names" {
	source_text <<-'END'
		void _start(void) { __builtin_trap(); }
		int main(void) { return 0; }
		__attribute__((weak)) int main(void) { return 0; }
	END
	not_built
	source_text <<-'END'
		#include "cli.h"
		#include "net.h"
		void cli_init(const char *a, const char *b) { (void)a; (void)b; }
		net_time net_now(void) { return 0; }
		int main(void) { cli_init("", ""); return net_wait(0, 0, 0) > 0; }
	END
	gained_at_most "${EMPTY[@]}"
}

@test "what a program brings with it cannot be executed: the solution's, as bytes" {
	source_text < <(
		cat <<-'END'
			#include <fcntl.h>
			#include <string.h>
			#include <unistd.h>
			static const unsigned char bytes[] = {
		END
		od -An -v -t u1 "$BUILD/solution/echo_server" |
			sed 's/ *\([0-9]*\)/\1,/g; s/^,//'
		cat <<-'END'
			};
			static void try(const char *path, char **argv)
			{
				int fd = open(path, O_CREAT | O_WRONLY, 0755);
				if (write(fd, bytes, sizeof bytes) > 0)
					close(fd);
				execv(path, argv);
				char *by_loader[] = {"ld.so", (char *)path, argv[1], 0};
				execv("/lib64/ld-linux-x86-64.so.2", by_loader);
			}
			int main(int argc, char **argv)
			{
				(void)argc;
				try("/tmp/x", argv);
				try("/dev/shm/x", argv);
				try("/run/x", argv);
				return 0;
			}
		END
	)
	nothing_gained
}

@test "no library can be loaded that has an interpreter in it" {
	source_text <<-'END'
		#include <dlfcn.h>
		int main(int argc, char **argv)
		{
			void *python = dlopen("libpython3.11.so.1.0", RTLD_NOW);
			int (*run)(int, char **) =
				(int (*)(int, char **))dlsym(python, "Py_BytesMain");
			return run(argc, argv);
		}
	END
	not_built
}

@test "a compiler that was told to be silent has not found nothing" {
	local warned='int main(void) { int unused; return 0; }'
	source_text <<<"$warned"
	gained builds client-builds
	for silence in '#pragma GCC diagnostic ignored "-Wunused-variable"' \
		'_Pragma("GCC diagnostic ignored \"-Wunused-variable\"")' \
		'# 2 "echo_server.c" 3'; do
		source_text <<<"$silence"$'\n'"$warned"
		gained builds client-builds
	done
}

@test "the sanitizers cannot be switched off by the program" {
	cp "$LAB"/solution/*.c "$SUBMISSION"
	sed -i 's/^static void echo(int client)$/void *volatile kept;\n&/
		s/^	char buf\[CHUNK_BYTES\];$/&\n	kept = __builtin_malloc(9);\n	kept = NULL;/' \
		"$SUBMISSION/echo_server.c"
	grep -q 'kept = NULL' "$SUBMISSION/echo_server.c"
	cat >>"$SUBMISSION/echo_server.c" <<-'END'
		const char *__asan_default_options(void);
		const char *__asan_default_options(void)
		{
			return "detect_leaks=0:exitcode=0:log_path=/dev/null";
		}
	END
	grade
	run ! grep -x sanitizers <(passed)
	says 'leak'
}

# --- What is handed in ---

# The solution's server, handed in as something else than a file.
not_a_file() {
	grade
	not_built
	says 'echo_server\.c'
}

@test "a source that is a symbolic link, to a file or to nothing" {
	ln -sf "$LAB/solution/echo_server.c" "$SUBMISSION/echo_server.c"
	not_a_file
	ln -sf /dev/zero "$SUBMISSION/echo_server.c"
	not_a_file
	ln -sf "$TAG" "$SUBMISSION/echo_server.c"
	not_a_file
}

@test "a source that is a fifo, a folder, a socket, or not there" {
	rm "$SUBMISSION/echo_server.c"
	not_a_file
	mkfifo "$SUBMISSION/echo_server.c"
	not_a_file
	rm "$SUBMISSION/echo_server.c"
	mkdir "$SUBMISSION/echo_server.c"
	cp "$LAB/solution/echo_server.c" "$SUBMISSION/echo_server.c"
	not_a_file
	rm -r "$SUBMISSION/echo_server.c"
	background socat "UNIX-LISTEN:$SUBMISSION/echo_server.c" /dev/null
	eventually test -S "$SUBMISSION/echo_server.c"
	not_a_file
}

@test "a source that is a device" {
	rm "$SUBMISSION/echo_server.c"
	mknod "$SUBMISSION/echo_server.c" c 1 5 2>/dev/null ||
		skip "not here: no device can be made"
	not_a_file
}

@test "a source of a hundred megabytes, or of none" {
	truncate -s 100M "$SUBMISSION/echo_server.c"
	not_a_file
	says 'large|[0-9]+ (MB|MiB|KiB|kB)'
	: >"$SUBMISSION/echo_server.c"
	not_a_file
}

@test "a source that may not be read" {
	[[ $EUID != 0 ]] || skip "not here: root may read everything"
	chmod 0 "$SUBMISSION/echo_server.c"
	not_a_file
}

@test "what is not asked for is not used: headers, a Makefile, objects, programs" {
	for file in net.h cli.h stdio.h net.c; do
		echo '#error "not asked for"' >"$SUBMISSION/$file"
	done
	for file in Makefile makefile GNUmakefile; do
		printf 'all %%: FORCE\n\ttouch %q/made\nFORCE:\n' \
			"$SUBMISSION" >"$SUBMISSION/$file"
	done
	cp "$BUILD/solution/echo_server" "$SUBMISSION"
	cp "$BUILD/solution/echo_server" "$SUBMISSION/echo_server.o"
	mkdir -p "$SUBMISSION/solution" "$SUBMISSION/build/bin"
	cp "$BUILD/solution/echo_server" "$SUBMISSION/build/bin"
	printf 'program: echo_server true\n' >"$SUBMISSION/lab.conf"
	printf 'id\tstep\tpoints\tshow\tneeds\ttitle\n' >"$SUBMISSION/checks.tsv"
	echo '@test "x" { true; }' >"$SUBMISSION/01-echo.bats"
	echo '#include "../echo_server.c"' >"$SUBMISSION/solution/echo_server.c"
	touch "$SUBMISSION"/$'a\nb' "$SUBMISSION/-o" "$SUBMISSION/\$(touch made)"
	grade
	starter_gained
	[[ ! -e $SUBMISSION/made ]]
	# And none of it stands in the way of a good one.
	cp "$LAB"/solution/*.c "$SUBMISSION"
	check "$SUBMISSION" "$KEEP.good"
	[[ $status == 0 ]]
}

@test "a submission's path may have any byte in it" {
	local each
	for each in 'with a space' $'with\na newline' "with 'quotes\" and \\" \
		'$(touch made)' '-b'; do
		mkdir "$BATS_TEST_TMPDIR/odd"
		mv "$SUBMISSION" "$BATS_TEST_TMPDIR/odd/$each"
		SUBMISSION=$BATS_TEST_TMPDIR/odd/$each
		rm -rf "$KEEP"
		grade
		starter_gained
		plain "$TEXT"
		mv "$SUBMISSION" "$BATS_TEST_TMPDIR/submission"
		SUBMISSION=$BATS_TEST_TMPDIR/submission
		rmdir "$BATS_TEST_TMPDIR/odd"
	done
}

@test "an empty folder fails; none, or a file, is a usage error in one sentence" {
	rm "$SUBMISSION"/*
	grade
	gained_at_most
	says 'echo_server\.c'
	for each in "$SUBMISSION/none" "$LAB/lab.conf" /dev/null ''; do
		check "$each" "$KEEP.none"
		[[ $status == 2 && $(grep -c . "$ERR") -le 2 ]]
		nothing_left
	done
	if [[ $EUID != 0 ]]; then
		chmod 0 "$SUBMISSION"
		check "$SUBMISSION" "$KEEP.none"
		chmod 700 "$SUBMISSION"
		[[ $status == 2 && $(grep -c . "$ERR") -le 2 ]]
	fi
}
