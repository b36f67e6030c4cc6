# knock.bash - the words for what knock says, and when (loaded by
# ../04-refused-timeout.bats)
# shellcheck shell=bash
#
# A right program is never late by itself, but the machine may be: what the
# checks allow is far more than the 50 ms that it promises, and far less than
# what a wrong one needs, which waits for a second or twice as long.

readonly AT_ONCE_MS=700 # less than the second until a SYN is sent again
readonly LATE_MS=400    # of a deadline that holds
readonly START_MS=200   # until a program that was started does something

# Of each knock of this check: its deadline, its host, its ports.
KNOCK_MS=() KNOCK_HOST=() KNOCK_PORTS=()
AHEAD_KEEPS+=(KNOCK_MS KNOCK_HOST KNOCK_PORTS)

# On the client, knock [-t MS] [-4|-6] HOST PORT..., to its end.
knock() { # ARG...
	knocks "$@"
	knocked "$JOB"
}

# To the end of the knock with this number, counted from 0.
knocked() { # NUMBER
	JOB=$1
	MS=${KNOCK_MS[JOB]} HOST=${KNOCK_HOST[JOB]}
	read -ra PORTS <<<"${KNOCK_PORTS[JOB]}"
	must_end $((MS + EXIT_MS))
}

knocks() { # ARG...
	local -a values=()
	local port ms=3000
	while [[ $1 == -* ]]; do
		case $1 in
		-t)
			ms=${2//[!0-9]/}
			values+=("ms=$2")
			shift
			;;
		*) values+=("family=${1#-}") ;;
		esac
		shift
	done
	for port in "${@:2}"; do
		note port "$port"
	done
	KNOCK_MS+=("$ms") KNOCK_PORTS+=("${*:2}")
	if [[ $1 == *:* ]]; then
		KNOCK_HOST+=("[$1]")
	else
		KNOCK_HOST+=("$1")
	fi
	start client knock "${values[@]}" host="$1" ports="${*:2}"
}

# --- what it has said --------------------------------------------------------

# It says the same of each port.
verdict() { # VERDICT [ERRNO]
	verdicts "${PORTS[@]/%/ $*}"
}

# A line for each, in this order; TIMES are their milliseconds.
verdicts() { # "PORT VERDICT [ERRNO]"...
	local out=$HERE/${JOB_RUN[JOB]}.out i
	local -a lines wanted
	mapfile -t lines < <(head -c 65536 "$out" | tr -d '\0')
	TIMES=()
	for ((i = 0; i < $#; i++)); do
		# shellcheck disable=SC2086 # words
		read -ra wanted <<<"${*:i+1:1}"
		verdict_line "${lines[i]-}" "${wanted[@]}" || return
	done
	((${#lines[@]} == $#)) || {
		note expected "$# lines on stdout"
		note got "${#lines[@]} lines"
		because "It should print one line for each port."
	}
}

verdict_line() { # LINE PORT VERDICT [ERRNO]
	local errno=${4:+ ($4)} format='in ([0-9]+)(\.[0-9]+)? ms'
	if [[ $1 =~ ^(.*)\ $format(.*)$ &&
		${BASH_REMATCH[1]} == "$HOST:$2 $3" &&
		${BASH_REMATCH[4]} == "$errno" ]]; then
		TIMES+=("${BASH_REMATCH[2]}")
		return
	fi
	note expected "on stdout: $HOST:$2 $3 in N.N ms$errno"
	note got "${1:-nothing}"
	verdict_diagnosis "$1" "$3" "${4-}"
	[[ $3 != open || $1 == *' open '* ]] || knocked_elsewhere "$2"
	because "It does not say of port $2 what became of it."
}

verdict_diagnosis() { # LINE VERDICT ERRNO
	case $2:$1 in
	*EINPROGRESS*)
		diagnose "EINPROGRESS from connect() is no failure: it has begun, and" \
			"poll() tells when it has come to an end."
		;;
	*ECANCELED*)
		diagnose "Nobody but the program itself has said so. When a port is" \
			"open, what its other addresses say no longer matters; what" \
			"other ports say does."
		;;
	refused:client:*' open '*)
		diagnose "Nobody listens there: of its own host it knocks from the" \
			"very port at which it knocks, and has met its own SYN."
		;;
	[rtu]*:*' open '*)
		diagnose "A socket is writable, too, when connect() has failed." \
			"SO_ERROR has the reason, and only once: asked twice, it is 0."
		;;
	timeout:*' refused '*)
		diagnose "Nothing came back, not even a refusal. How long it took" \
			"says nothing: judge by the errno."
		;;
	unreachable:*' timeout '* | unreachable:*' refused '*)
		diagnose "An answer came, which said that there is no way: $3. It is" \
			"neither a refusal nor silence, however long it took."
		;;
	open:*' refused '*)
		[[ $CHECK != self ]] || diagnose "Somebody listens there. It is connected to itself only if" \
			"address and port of both ends are the same."
		;;
	open:*' open '*')')
		diagnose "An open port has no errno: what is in errno was left there" \
			"by some call before."
		;;
	esac
}

# No SYN went to PORT, but one to the port that has its bytes the other way round.
knocked_elsewhere() { # PORT
	wire "$1"
	! sent_syn || return 0
	wire "$(swapped "$1")"
	! sent_syn || diagnose_swapped "$1" "Its SYN went to port"
}

# --- when --------------------------------------------------------------------

at_once() {
	not_after "$AT_ONCE_MS" "at once"
}

# As long as it was told to wait, and no longer.
at_the_deadline() {
	local time
	for time in "${TIMES[@]}"; do
		((time >= MS - LATE_MS)) || {
			note expected "in $MS ms"
			note got "in $time ms"
			because "It gave up before its deadline." || return
		}
	done
	not_after $((MS + LATE_MS)) "in $MS ms"
	not_before_the_deadline
}

not_after() { # MS WORDS
	local time
	for time in "${TIMES[@]}"; do
		((time <= $1)) || {
			note expected "$2"
			note got "in $time ms"
			because "Its answer came too late." || return
		}
	done
}

not_before_the_deadline() {
	local took
	took=$(job_report "$JOB" wall_ms)
	((took >= MS)) || {
		note expected "an end after $MS ms"
		note got "$(job_ended "$JOB")"
		because "It ended before its deadline."
	}
}

# All of it took so long at most.
ends_within() { # MS
	local took
	took=$(job_report "$JOB" wall_ms)
	((took <= $1 + LATE_MS + START_MS)) || {
		note expected "an end after $1 ms"
		note got "$(job_ended "$JOB")"
		because "It was still running when it should have ended."
	}
}

# --- other than verdicts -----------------------------------------------------

prints_nothing() {
	[[ -s $HERE/${JOB_RUN[JOB]}.out ]] || return 0
	note expected "nothing on stdout"
	note got "$(head -n 1 "$HERE/${JOB_RUN[JOB]}.out" | cut -b -200 | tr -d '\0')"
	because "It printed a verdict, and has asked nobody."
}

# What is not to be understood is answered by the usage, before anything is sent.
misuse() { # ARG...
	knock "$@"
	status_is 2
	grep -qi usage "$HERE/${JOB_RUN[JOB]}.err" ||
		because "It does not say on stderr how it is used."
	prints_nothing
}

# --- on the wire, and off it -------------------------------------------------

# Its first SYNs, COUNT of them, went out before the deadline of the first.
begun_together() { # COUNT
	local count span
	read -r count span < <(awk '
		index("," $15 ",", ",connect,") {
			if (!count++)
				first = $1
			last = $1
		}
		END { print count + 0, int((last - first) * 1000) }' "$HERE/events")
	((count == $1)) || {
		note expected "$1 first SYNs, one for each port and address"
		note got "$count"
		because "It did not knock everywhere." || return
	}
	((span < MS)) || {
		note expected "all first SYNs before the first deadline, after $MS ms"
		note got "the last one after $span ms"
		diagnose "It waits for one to answer before it knocks at the next:" \
			"begin all of them, then wait for all of them at once."
		because "It knocked at one after the other."
	}
}

only_family() { # 4|6
	local other='\['
	[[ $1 == 4 ]] || other='[0-9]'
	sent_syn || because "On the wire there is no SYN." || return
	! awk '{ print $3 }' "$HERE/events" | grep -q "^$other" ||
		because "With -$1 it used the other family."
}

# It has knocked at every PORT..., of which COUNT keep silent, and has as many
# sockets open; none of those whose answer has come.
keeps_sockets() { # COUNT PORT...
	settles has_begun "${@:2}" ||
		because "It did not knock at every port at once." || return
	settles has_sockets "$1" || {
		must_run || return
		note expected "$1 socket open, for the port that keeps silent"
		note got "$COUNT open"
		diagnose "Whoever has an answer has no more use for its socket: close" \
			"it, on every path. What fails has a socket, too."
		because "It keeps sockets open whose verdict is known."
	}
}

has_begun() { # PORT...
	wire "$@"
	(($(grep -c '[ ,]connect' "$HERE/events") >= $#))
}

has_sockets() { # COUNT
	local pid fd
	COUNT=0
	job_tree
	for pid in "${TREE[@]}"; do
		for fd in "/proc/$pid/fd/"*; do
			[[ $(readlink "$fd") != socket:* ]] || COUNT=$((COUNT + 1))
		done
	done
	((COUNT == $1))
}
