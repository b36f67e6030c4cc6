# process.bash - programs under test: start them, signal them, see them end
# (sourced)
# shellcheck shell=bash
#
# Each runs in a jail of its own, on a lab host; what it has said is in
# $HERE/RUN.out and RUN.err, how it ended in RUN.json. The last one started is
# the JOB that the other words speak of.

readonly BEGIN_MS=10000 # to listen anywhere, which takes some interpreters long
readonly LISTEN_MS=3000 END_MS=1000 EXIT_MS=5000 SETTLE_MS=2000
readonly FEW=4 WATCH_MS=200 IDLE_US=40000 SLICE_US=4000 GLANCE_MS=50

JOB_NAME=() JOB_RUN=() JOB_JAIL=() JOB_TOLD=() JOB=''

# What goes before the next command in its jail: chaos, for example.
PREFIX=()

# Start NAME on HOST with what lab.conf's placeholders are to be.
start() { # HOST NAME [PLACEHOLDER=VALUE...]
	local host=$1 run
	program "${@:2}"
	JOB=${#JOB_NAME[@]}
	run=$HERE/$2.$JOB
	JOB_NAME+=("$2")
	JOB_RUN+=("$2.$JOB")
	: >"$run.err"
	try_this "$host" "$INPUT" "${PREFIX[@]/#"$WORK/bin/"/}" "${COMMAND[@]}"
	jail "$host" "$run" "$2" -- "${PREFIX[@]}" "${COMMAND[@]}" \
		3>&- 4>&- 10>&- <"${INPUT:-/dev/null}" &
	JOB_JAIL+=("$!")
}

# The command of NAME, in COMMAND; without it there is nothing to check.
program() { # NAME [PLACEHOLDER=VALUE...]
	local name=$1 pair
	shift
	VALUES=()
	for pair in "$@"; do
		VALUES[${pair%%=*}]=${pair#*=}
	done
	[[ -e $WORK/programs/$name ]] ||
		check_skip left-out "left out: $name was not given"
	program_command "$name" ||
		check_skip left-out "left out: the command has no {$MISSING}"
}

# An error is SIGABRT. A leak, which is found when all is done, leaves the
# status as it is: it shows in the check of the sanitizers, not in all others.
readonly SANITIZERS=abort_on_error=1:exitcode=0:log_path=stderr

jail() { # HOST RUN NAME -- COMMAND...
	local host=$1 run=$2 name=$3
	local -a places
	shift 4
	if [[ -e $WORK/programs/$name.compiled ]]; then
		mapfile -d '' places <"$WORK/places.compiled"
	else
		mapfile -d '' places <"$WORK/places.command"
	fi
	exec "$BUILD/test/jail" --netns "/run/netns/$host" --time 60000 \
		--cpu 20 --memory 512 --processes 128 "${JAIL_LIMITS[@]}" \
		"${places[@]}" \
		--env "ASAN_OPTIONS=$SANITIZERS:detect_leaks=$DETECT_LEAKS" \
		--env "UBSAN_OPTIONS=$SANITIZERS:print_stacktrace=1" \
		--stdout "$run.out" --stderr "$run.err" --pidfile "$run.pid" \
		--report "$run.json" -- "$@"
}

# What else a check asks of the jail; and whether leaks are looked for when the
# program has ended, which takes as long as to start it.
JAIL_LIMITS=()
DETECT_LEAKS=0

process_end_all() {
	local pid
	for pid in "${JOB_JAIL[@]}" "${PEER_PID-}"; do
		[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
	done
	wait 2>/dev/null
	process_left_behind
}

# Of what nobody has told to end: whether others that it had started lived on.
process_left_behind() {
	local job
	for job in "${!JOB_RUN[@]}"; do
		job_reported "$job" end
		[[ $REPORTED == exit && -z ${JOB_TOLD[job]-} ]] || continue
		job_reported "$job" left_behind
		[[ $REPORTED == 0 ]] || echo "$CHECK" >>"$WORK/results/left-behind"
	done
}

# --- how it ended ------------------------------------------------------------

job_report() { # JOB KEY
	jail_report "$HERE/${JOB_RUN[$1]}.json" "$2"
}

# The same, in REPORTED.
job_reported() { # JOB KEY
	jail_reported "$HERE/${JOB_RUN[$1]}.json" "$2"
}

# In words, or nothing if it has not ended by itself.
job_ended() { # JOB
	local after
	job_reported "$1" wall_ms
	after="after $REPORTED ms"
	job_reported "$1" end
	case $REPORTED in
	'') ;;
	exit) echo "status $(job_report "$1" status) $after" ;;
	signal) echo "killed by $(signal_name "$(job_report "$1" signal)") $after" ;;
	deadline) echo "killed at the deadline, still running $after" ;;
	output) echo "killed: it wrote more than 1 MiB" ;;
	memory) echo "killed: it used more than 512 MB of memory" ;;
	cpu) echo "killed: it used more than 20 s of processor time" ;;
	esac
}

signal_name() { # NUMBER-OR-NAME
	if [[ $1 =~ ^[0-9]+$ ]]; then
		echo "SIG$(kill -l "$1")"
	else
		echo "$1"
	fi
}

# The pid of the program itself, below the jail, in PID; nothing if it was not
# started.
find_pid() {
	PID=''
	read -r PID 2>/dev/null <"$HERE/${JOB_RUN[JOB]}.pid" || true
}

# The pid that the program itself sees, in the namespace of its jail.
job_pid_inside() {
	local -a fields
	find_pid
	while read -ra fields; do
		[[ ${fields[0]} != NSpid: ]] || printf '%s\n' "${fields[-1]}"
	done <"/proc/$PID/status"
}

# The N-th program that this check has started is the one spoken of.
job() { # N
	JOB=$(($1 - 1))
}

# Until it has ended, MS at most.
job_wait() { # MS
	"$BUILD/lab/await" ended "${JOB_JAIL[JOB]}" "$1" || return
	wait "${JOB_JAIL[JOB]}" || true
}

signal() { # NAME
	JOB_TOLD[JOB]=$1
	# Only a call that waits is interrupted; who spins never waits.
	[[ $1 != STOP ]] || settles job_is S || true
	find_pid
	kill -"$1" "$PID" 2>/dev/null ||
		because "The program had ended when it should have got SIG$1." || return
	# A SIGCONT that follows too soon would take the SIGSTOP back.
	[[ $1 != STOP ]] || settles job_is T ||
		because "The program did not stop at SIGSTOP."
}

# Its state, as proc(5) has it: S waits, T is stopped.
job_is() { # STATE
	local stat=''
	find_pid
	read -r stat 2>/dev/null <"/proc/$PID/stat" || true
	[[ ${stat##*) } == "$1"* ]]
}

# The same program, run to its end: its status, or a failure if it does not.
must_end() { # [MS]
	job_wait "${1:-$EXIT_MS}" ||
		because "It was still running after ${1:-$EXIT_MS} ms."
}

must_run() {
	"$BUILD/lab/await" ended "${JOB_JAIL[JOB]}" 1 || return 0
	because "${JOB_NAME[JOB]} has ended: $(job_ended "$JOB")."
}

status_is() { # STATUS
	local status
	job_reported "$JOB" status
	status=$REPORTED
	job_reported "$JOB" end
	[[ $REPORTED == exit && $status == "$1" ]] || {
		note expected "status $1"
		note got "$(job_ended "$JOB")"
		because "Its exit status should have been $1."
	}
}

# It has failed, and said why in one line that names what was wrong; its usage
# may follow.
complains() { # REGEX
	local err=$HERE/${JOB_RUN[JOB]}.err
	must_end || return
	job_reported "$JOB" end
	case $REPORTED:$(job_report "$JOB" status) in
	exit:0) because "It ended with status 0, which says that all went well." || return ;;
	exit:*) ;;
	*) because "It did not end by itself: $(job_ended "$JOB")." || return ;;
	esac
	! sanitizer_said "$err" || because "It ended with a sanitizer's report." || return
	one_clear_line "$err" "$1"
}

one_clear_line() { # FILE REGEX
	local said lines
	said=$(not_usage "$1")
	lines=$(grep -ac . <<<"$said") || true
	note expected "one line on stderr that matches: $2"
	note got "$lines lines"
	[[ $lines != 0 || ! -s $1 ]] ||
		because "It said how it is used, and not what was wrong." || return
	[[ $lines != 0 ]] || because "It failed without a word on stderr." || return
	[[ $lines == 1 ]] || because "It should say in one line what was wrong; it said $lines." || return
	grep -aqiE -- "$2" <<<"$said" || because "The line does not say what was wrong."
}

# The lines of FILE without its usage, which may go on in lines that are indented.
not_usage() { # FILE
	tr -d '\0' <"$1" | LC_ALL=C awk '
	tolower($0) ~ /(^|: *)usage/ { usage = 1; next }
	usage && /^([ \t-]|$)/ { next }
	{ usage = 0; print }'
}

# --- a server ----------------------------------------------------------------

# The server of this lab, on the host server, at this check's port.
serve() { # [PLACEHOLDER=VALUE...]
	start server "$SERVER" port="$PORT" "$@"
	listens "$PORT"
}

# Until it listens on each of PORTS, as 7001,7003-7005, for who comes to ADDR: a
# server may have a socket for each family, one after the other. One that does
# not listen there, but elsewhere, has had its time; its client will tell. One
# that listens nowhere may have to begin yet.
listens() { # PORTS [MS [ADDR]]
	local status=0 heard ms=${2:-$LISTEN_MS} missing
	heard=$(await_listen "$1" "$ms" "${3:-$SERVER4}") || status=$?
	if [[ $status == 1 && -z $heard ]]; then
		status=0
		heard=$(await_listen "$1" $((BEGIN_MS - ms)) "${3:-$SERVER4}") ||
			status=$?
		ms=$BEGIN_MS
	fi
	note port "${1%%[,-]*}"
	case $status in
	0) ;;
	1)
		missing=$(port_missing "$1" "$heard")
		[[ -z $missing ]] || account_listens "$missing" "$heard" "$ms"
		;;
	3) account_ended "$1" ;;
	*) grader_broken "await listen: status $status" ;;
	esac
}

await_listen() { # PORTS MS ADDR
	exec "$LABNS" host server "$BUILD/lab/await" listen "$1" \
		"${JOB_JAIL[JOB]}" "$2" "$3"
}

# The first of PORTS at which nothing listens.
port_missing() { # PORTS LINES
	awk -v ports="$1" '
	/^listening / { heard[$3] = 1 }
	END {
		many = split(ports, item, ",")
		for (i = 1; i <= many; i++) {
			split(item[i] "-" item[i], end, "-")
			for (port = end[1]; port <= end[2]; port++)
				if (!(port in heard)) {
					print port
					exit
				}
		}
	}' <<<"$2"
}

host_await() { # HOST ARG...
	"$LABNS" host "$1" "$BUILD/lab/await" "${@:2}"
}

account_ended() { # PORT
	job_wait "$EXIT_MS" || true
	because "It ended before it listened on port $1."
}

# It runs, and does not listen where it should: perhaps somewhere else.
account_listens() { # PORT LINES MS
	local first
	note expected "a listener on port $1"
	first=$(sed -n 's/^listening //p' <<<"$2" | head -n 1)
	if [[ -n $first ]]; then
		note got "a listener on port ${first##* }"
	else
		note got "no listener"
	fi
	! grep -q " $(swapped "$1")\$" <<<"$2" ||
		diagnose_swapped "$1" "It listens on port"
	because "After $(($3 / 1000)) s nothing listened on port $1."
}

# Exactly these places, each "ADDR PORT", are listened at on the server.
listens_only_at() { # PLACE...
	local heard
	heard=$(listeners)
	[[ $heard != "$(printf '%s\n' "$@" | sort)" ]] || return 0
	note expected "listens at ${*/ /, port }"
	note got "listens at ${heard//$'\n'/ and }"
	because "It does not listen where it was told to, and nowhere else."
}

# Who listens on the server now, an address and a port a line.
listeners() {
	host_await server listening | sed 's/^listening //' | sort || true
}

# Started where its port is taken already, NAME ends within MS, and listens
# nowhere until then.
start_in_vain() { # MS NAME [PLACEHOLDER=VALUE...]
	local before new end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000))
	before=$(listeners)
	start server "${@:2}"
	until job_wait "$GLANCE_MS"; do
		new=$(comm -13 <(echo "$before") <(listeners) | head -n 1)
		[[ -z $new ]] || account_second "$before" "$new" || return
		((${EPOCHREALTIME/[.,]/} < end)) ||
			because "It was still running after $1 ms." || return
	done
}

# Of all that were started one goes on, of which is spoken then; the others have
# ended within MS.
one_lives() { # MS
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000)) job
	local -a living
	while :; do
		living=()
		for job in "${!JOB_JAIL[@]}"; do
			"$BUILD/lab/await" ended "${JOB_JAIL[job]}" 1 || living+=("$job")
		done
		((${#living[@]} > 1 && ${EPOCHREALTIME/[.,]/} < end)) || break
	done
	JOB=${living[0]-0}
	note port "$PORT"
	((${#living[@]} == 1)) ||
		because "Of ${#JOB_JAIL[@]} copies ${#living[@]} go on running."
}

# It listens at PLACE, beside other programs.
account_second() { # BEFORE PLACE
	note expected "no other listener than before"
	note got "one more at ${2/ /, port }"
	if grep -qxF "$2" <<<"$1"; then
		diagnose "Two programs listen at one address and port: SO_REUSEPORT" \
			"lets them, and the kernel spreads the clients over both."
	fi
	because "The port was taken, and yet it listens: at ${2/ /, port }."
}

# --- what it uses ------------------------------------------------------------

# The pids of the program and all below it, in TREE. Without a process of our
# own, for it is asked again and again.
job_tree() {
	local pid stat line i
	local -A parent=()
	local -a fields
	# Not task/*/children, which many kernels are built without.
	for stat in /proc/[0-9]*/stat; do
		pid=${stat//[!0-9]/}
		line=''
		read -r -d '' line 2>/dev/null <"$stat" || true
		read -ra fields <<<"${line##*) }"
		parent[$pid]=${fields[1]-}
	done
	read -r pid <"$HERE/${JOB_RUN[JOB]}.pid"
	TREE=("$pid")
	for ((i = 0; i < ${#TREE[@]}; i++)); do
		for pid in "${!parent[@]}"; do
			[[ ${parent[$pid]} != "${TREE[i]}" ]] || TREE+=("$pid")
		done
	done
}

# Exactly these ports, at whatever address.
listens_only_on() { # PORT...
	local heard
	heard=$(listening_ports | xargs)
	[[ $heard != "$*" ]] || return 0
	note expected "listens on ports $*"
	note got "listens on ports $heard"
	because "It does not listen on the ports that it was given, and no others."
}

# What the server listens on, each port once, in ascending order.
listening_ports() {
	host_await server listening | sed 's/.* //' | sort -nu
}

# One process serves, with one thread, and nothing beside it.
is_one_process() {
	local -a threads
	job_tree
	note expected "one process with one thread"
	note got "${#TREE[@]} processes"
	((${#TREE[@]} == 1)) || because "It has started other processes." || return
	threads=("/proc/${TREE[0]}/task/"*)
	note got "${#threads[@]} threads"
	((${#threads[@]} == 1)) || because "It has started other threads."
}

# How many descriptors all of them have open, in COUNT.
job_descriptors() {
	local pid
	local -a open
	COUNT=0
	job_tree
	for pid in "${TREE[@]}"; do
		open=("/proc/$pid/fd/"*)
		[[ ! -L ${open[0]} ]] || COUNT=$((COUNT + ${#open[@]}))
	done
}

# How many of them have ended, and nobody has waited for them, in COUNT.
job_zombies() {
	local pid stat
	COUNT=0
	job_tree
	for pid in "${TREE[@]}"; do
		stat=''
		read -r stat 2>/dev/null <"/proc/$pid/stat" || true
		[[ ${stat##*) } != Z* ]] || COUNT=$((COUNT + 1))
	done
}

# Processor time of all of them so far, in microseconds, in COUNT; how long they
# were ready and others had the processor, in WAITED; how often one had it, in
# RUNS; and how many threads are ready now, in READY.
job_cpu_us() {
	local pid task stat ns waited runs
	COUNT=0 WAITED=0 RUNS=0 READY=0
	job_tree
	for pid in "${TREE[@]}"; do
		for task in "/proc/$pid/task/"*; do
			stat='' ns=0 waited=0 runs=0
			read -r -d '' stat 2>/dev/null <"$task/stat" || true
			read -r ns waited runs 2>/dev/null <"$task/schedstat" || true
			[[ ${stat##*) } != R* ]] || READY=$((READY + 1))
			COUNT=$((COUNT + ns / 1000))
			WAITED=$((WAITED + waited / 1000))
			RUNS=$((RUNS + runs))
		done
	done
}

# Until COMMAND succeeds, SETTLE_MS at most: for what the kernel tells nobody.
settles() { # COMMAND...
	local end=$((${EPOCHREALTIME/[.,]/} + SETTLE_MS * 1000))
	until "$@"; do
		((${EPOCHREALTIME/[.,]/} < end)) || return 1
		rest 0.01
	done
}

# Time passes, for what looks again and again. Nothing is ever to be read there.
rest() { # SECONDS
	[[ -n ${SILENT-} ]] || exec {SILENT}<> <(:)
	read -r -t "$1" -u "$SILENT" || true
}

# So many clients leave as many descriptors as before, and nobody unburied.
serves_without_leaving() { # FIRST COUNT LINE...
	local before after first=$1 count=$2
	shift 2
	peer "repeat $first" "$@" end
	job_descriptors
	before=$COUNT
	peer "repeat $count" "$@" end
	if ! settles no_more_descriptors_than $((before + FEW)); then
		after=$COUNT
		note expected "$before descriptors, as before"
		note got "$after descriptors after $count clients more"
		(((after - before) < count)) || why_descriptors \
			$(((after - before) / count))
		because "It keeps descriptors open of clients that have gone."
	elif ! settles no_more_zombies_than "$FEW"; then
		note got "$COUNT zombies after $count clients"
		diagnose "Each child that ends stays a zombie until its parent has" \
			"waited for it: waitpid(), or ignore SIGCHLD."
		because "Children that served a client stay behind as zombies."
	fi
}

# Of what most are that are open now: it is that which was not closed.
why_descriptors() { # GREW
	local most pid
	most=$(for pid in "${TREE[@]}"; do
		find "/proc/$pid/fd" -type l -printf '%l\n' 2>/dev/null || true
	done | sort | sed 's/:\[.*//' | uniq -c | sort -rn |
		sed -n '1s/^ *[0-9]* //p')
	if [[ $most == /* ]]; then
		diagnose "The descriptors grew by $1 a client, of ${most##*/}: who has" \
			"open()ed a file must close() it, also if the client has gone."
	else
		diagnose "The descriptors grew by $1 a client: whoever has accept()ed" \
			"must close(), on every path."
	fi
}

no_more_descriptors_than() { # COUNT
	job_descriptors
	((COUNT <= $1))
}

# All that it may have are open.
no_fewer_descriptors_than() { # COUNT
	job_descriptors
	((COUNT >= $1))
}

no_more_zombies_than() { # COUNT
	job_zombies
	((COUNT <= $1))
}

# While nothing is to be done, nothing is done. What the program still had to do
# when we begin to look may take its time on a busy machine, so it has some.
is_idle() {
	local try
	for try in 1 2 3 4 5; do
		! sleeps || return 0
		! rests_a_while || return 0
	done
	note expected "at most $((IDLE_US / 1000)) ms of processor time"
	note got "$((USED / 1000)) ms in $WATCH_MS ms, while it wanted" \
		"$((WANTED / 1000)) ms"
	diagnose "It spins: it asks again and again for what has not come," \
		"instead of waiting in poll(), read() or accept()."
	because "It uses the processor although nothing is to be done."
}

# None of its threads has run for a moment, nor was ready to.
sleeps() {
	local before
	job_cpu_us
	((READY == 0)) || return
	before="$COUNT $WAITED $RUNS"
	rest "0.0$GLANCE_MS"
	job_cpu_us
	((READY == 0)) && [[ "$COUNT $WAITED $RUNS" == "$before" ]]
}

# How much processor time it USED, in microseconds, and WANTED. On a busy machine
# one that spins gets little, but it waits for more nearly all the time.
rests_a_while() {
	local used waited
	job_cpu_us
	used=$COUNT waited=$WAITED
	rest "0.$WATCH_MS"
	job_cpu_us
	USED=$((COUNT - used)) WANTED=$((COUNT - used + WAITED - waited))
	((USED <= IDLE_US && (USED <= SLICE_US || WANTED <= WATCH_MS * 500)))
}

# --- faults ------------------------------------------------------------------

# What is started next has system calls that fail now and then.
with_chaos() { # KIND,... [SEED [ODDS]]
	PREFIX=("$WORK/bin/chaos" -s "${2:-$SEED}" -p "${3:-4}" -f "$1"
		-o /dev/null --)
	[[ -e $WORK/chaos.$1 ]] || chaos_tried "$1" >"$WORK/chaos.$1"
	[[ -s $WORK/chaos.$1 ]] || check_skip not-here \
		"not here: system calls cannot be made to fail"
}

chaos_tried() { # KIND,...
	# Once: nobody can write to what an earlier check's program may still be.
	[[ -e $WORK/bin/chaos ]] || cp "$BUILD/test/chaos" "$WORK/bin/"
	! "$BUILD/test/jail" --ro "$WORK/bin" --chdir /tmp "$WORK/bin/chaos" \
		-f "$1" -o /dev/null true 3>&- </dev/null >/dev/null 2>&1 || echo works
}
