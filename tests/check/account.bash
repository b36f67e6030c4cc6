# account.bash - why a check failed, written down for the reporter (sourced)
# shellcheck shell=bash

readonly SAID_LINES=3 SAID_BYTES=160 ENDED_MS=100 CROWD=16
readonly BACKLOG=128 # which is enough for what the checks do

# One line of the account; what is in it that is not text, the reporter escapes.
note() { # KEY VALUE...
	local value=${*:2}
	printf '%s: %s\n' "$1" "${value//$'\n'/ }" >>"$ACCOUNT"
}

# Fail, and say why.
because() { # SENTENCE
	note why "$*"
	return 1
}

# The mistake has a name.
diagnose() { # SENTENCE
	note diagnosis "$*"
}

# The grader cannot go on: no verdict of this run will count.
grader_broken() { # SENTENCE
	printf 'broken: %s: %s\n' "$CHECK" "$*" >>"$WORK/results/run"
	return 1
}

# What to type on a host to see the same; what comes from the file STDIN is
# kept with the results.
try_this() { # HOST STDIN COMMAND...
	local host=$1 input=$2 word line=''
	shift 2
	for word in "$@"; do
		[[ $word != "$WORK/bin/"* ]] || word=$SHOWN${word##*/}
		try_word "${word//"$WORK/results/"/"$KEPT"}"
		line+=" $QUOTED"
	done
	if [[ -f $input ]]; then
		try_word "${input/#"$WORK/results/"/"$KEPT"}"
		line+=" <$QUOTED"
	fi
	note try "$host$line"
}

# As a shell takes it, in QUOTED.
try_word() { # WORD
	QUOTED=$1
	[[ -n $1 && $1 != *[!A-Za-z0-9_./:@,+=-]* ]] ||
		QUOTED="'${1//\'/\'\\\'\'}'"
}

# The probe has said what it wanted and what it got; its keyword may tell why.
account_probe() { # FILE
	sed -n '/^probe: failed/,$p' "$1" | sed 1d >>"$ACCOUNT"
	account_keyword "$(sed -n 's/^keyword: //p' "$1")"
	! grep -qE '^(got|says): .*(timeout|before the deadline)' "$ACCOUNT" ||
		account_backlog
}

# Clients have waited, and the queue for accept() has been full: it is short.
account_backlog() {
	local backlog overflows
	backlog=$("$LABNS" host server ss -Hltn | awk '
		NR == 1 || $3 < least { least = $3 }
		END { print least }')
	overflows=$("$LABNS" host server awk '
		$1 != "TcpExt:" { next }
		!column { for (column = NF; $column != "ListenOverflows"; column--); next }
		{ print $column }' /proc/net/netstat)
	((${backlog:-BACKLOG} >= BACKLOG || ${overflows:-0} == 0)) ||
		diagnose "With a backlog of $backlog, the second argument of listen(), few" \
			"may wait for accept() at once: the kernel drops what others" \
			"send, and they try again after a second. Take SOMAXCONN."
}

# PORT with its two bytes the other way round.
swapped() { # PORT
	echo $((($1 % 256) * 256 + $1 / 256))
}

diagnose_swapped() { # PORT WORDS-BEFORE-IT
	diagnose "$2 $(swapped "$1"): that is $1 with its two bytes swapped. The" \
		"port in a sockaddr is in network byte order: htons($1)."
}

account_keyword() { # KEYWORD
	case $1 in
	stopped-at-nul)
		diagnose "The reply stopped at the first NUL byte: strlen(), strcpy()" \
			"and printf(\"%s\") take it for an end. TCP carries any byte;" \
			"only the count that read() returned tells how many came."
		;;
	ended-at-ff)
		diagnose "The byte 0xff was taken for the end. EOF is -1, and in a signed" \
			"char so is that byte: keep in an int what getc() returns, and" \
			"compare it before it becomes a char."
		;;
	one-recv)
		diagnose "Exactly what one recv() or read() gave came back, and no" \
			"more. TCP has no messages: read again until it returns 0."
		;;
	lost-bytes)
		diagnose "Bytes are missing in the middle. Perhaps write() took fewer" \
			"than it was given, and the rest was never sent."
		;;
	eof-early)
		[[ $PEER_SCRIPT =~ (^| )(send|exchange|pump|dribble|fill)' ' ]] ||
			return 0
		diagnose "It ended the connection before its peer had. One recv() or" \
			"read() is not all that a peer sends: go on until it returns 0."
		;;
	repeated-bytes)
		diagnose "Bytes came back twice. After a short write() a loop must go" \
			"on behind what was taken."
		;;
	http-*) account_http "$1" ;;
	esac
}

# --- of a check that passed --------------------------------------------------

# There is no account of it, but how to do it again, should another check find
# later what was wrong in it.
account_away() {
	local -a lines=()
	if [[ -s $ACCOUNT ]]; then
		mapfile -t lines <"$ACCOUNT"
		printf '%s\n' "${lines[@]}" >"$HERE/passed"
	fi
	: >"$ACCOUNT"
}

ELSEWHERE='' # the check that this one speaks of, if it is another

# It was in ID that it happened: what this check itself did shows nothing of it.
account_of() { # ID
	ELSEWHERE=$1
	: >"$WORK/results/checks/$1/spoken-of"
	grep -s '^\(try\|port\): ' "$WORK/results/checks/$1/passed" \
		>"$ACCOUNT" || true
}

# --- at the end of a check that failed ---------------------------------------

# The one spoken of comes first: it is what the check has failed by.
account_close() {
	local job
	if [[ -z $ELSEWHERE && -n $JOB ]]; then
		account_job "$JOB"
		for job in "${!JOB_JAIL[@]}"; do
			[[ $job == "$JOB" ]] || account_job "$job"
		done
	fi
	grep -qs '^\(why\|says\): ' "$ACCOUNT" ||
		note why "It did not do what this check asks for."
}

# What a program had to say, and how it ended, if it has: not one that the check
# itself has ended, if it speaks of another.
account_job() { # JOB
	local run=$HERE/${JOB_RUN[$1]} ended
	"$BUILD/lab/await" ended "${JOB_JAIL[$1]}" "$ENDED_MS" || true
	ended=$(job_ended "$1")
	if [[ -n $ended && ($1 == "$JOB" || -z ${JOB_TOLD[$1]-}) ]]; then
		note ended "${JOB_NAME[$1]}: $ended"
		account_death "$1"
	elif ended=$(account_crowd "$1") && [[ -n $ended ]]; then
		note ended "${JOB_NAME[$1]}: $ended"
	fi
	if sanitizer_said "$run.err"; then
		[[ -e $HERE/sanitizer ]] ||
			sanitizer_cut "$run.err" >"$HERE/sanitizer"
		account_only_death
		diagnose_sanitizer "$run.err" "${JOB_NAME[$1]}"
	else
		head -n "$SAID_LINES" "$run.err" | cut -b "-$SAID_BYTES" |
			sed "s/^/said: /" | tr -d '\0' >>"$ACCOUNT"
	fi
}

# What the reply looked like says nothing about a program that died.
account_only_death() {
	[[ ! -e $ACCOUNT ]] || sed -i '/^diagnosis: /d' "$ACCOUNT"
}

# Of a program that has not ended: that it is more processes than any server
# of a lab is for one client, if so.
account_crowd() { # JOB
	local JOB=$1 TREE
	job_tree
	((${#TREE[@]} < CROWD)) ||
		echo "still running, with ${#TREE[@]} processes: killed"
}

# A server that nobody has told to end, and that did, while a client waited for
# its answer.
left_its_client() { # JOB
	[[ $(job_report "$1" end) == exit && -z ${JOB_TOLD[$1]-} ]] &&
		grep -qs '^keyword: http-' "$ACCOUNT"
}

account_death() { # JOB
	[[ $(job_report "$1" end) != signal ]] || account_only_death
	if left_its_client "$1"; then
		account_only_death
		diagnose "The program has ended by itself, while a client waited for its" \
			"answer: what it said last may tell why."
	fi
	case $(job_report "$1" end):$(job_report "$1" signal) in
	signal:SIGPIPE)
		diagnose "The program died of SIGPIPE, which comes when one writes to" \
			"a connection that the other end has reset. Ignore the signal" \
			"(cli_init() does), and let write() return -1 with EPIPE."
		;;
	signal:SIGSEGV) diagnose "The program died of SIGSEGV: it used memory that is not its own." ;;
	signal:SIGKILL) diagnose "The program was killed by SIGKILL: it, or what it started, did so." ;;
	esac
	case $(job_report "$1" left_behind) in
	0) ;;
	1) diagnose "It left a process behind, which was killed." ;;
	*) diagnose "It left $(job_report "$1" left_behind) processes behind, which were killed." ;;
	esac
}

# --- sanitizers --------------------------------------------------------------

sanitizer_said() { # FILE...
	grep -aqsE '(Address|Leak|UndefinedBehavior)Sanitizer|: runtime error: ' "$@"
}

# Leaks are looked for when all is done: they have stopped nothing.
diagnose_sanitizer() { # FILE NAME
	if grep -aqE 'ERROR: AddressSanitizer|: runtime error: ' "$1"; then
		diagnose "A sanitizer stopped $2: it had used memory, or a number, in a" \
			"way that C does not allow."
	else
		diagnose "When $2 ended it had memory that nothing points to any more:" \
			"whoever allocates has to free, on every path. What only epoll" \
			"knows counts as that, too: keep a list of it."
	fi
}

# What matters of a report: the error, and where in the submission it was.
sanitizer_cut() { # FILE
	awk -v files=" $(lab_files "$LAB" | tr '\n' ' ')" '
	function ours(   n, parts, at) {
		n = split($NF, parts, ":")
		at = parts[1]
		sub(/.*\//, "", at)
		return n > 1 && index(files, " " at " ")
	}
	{ gsub(/[^\t -~]/, "?"); sub(/^==[0-9]+==/, "") }
	/runtime error:|ERROR: .*Sanitizer/ { sub(/ on address .*/, ""); sub(/^.*\/src\//, ""); print; next }
	{ sub(/ at 0x.*/, ""); sub(/^(Address )?0x[0-9a-f]+ is/, "The address is") }
	/^(READ|WRITE) of size|^(Direct|Indirect) leak|is located in/ { print; next }
	/<== Memory access/ { sub(/Memory access at offset [0-9]+/, "the access"); print; next }
	/^(freed|previously allocated|allocated) by|located .* (inside|after|before|to the)/ { print; next }
	/^ *#[0-9]+ / && ours() {
		at = $NF
		sub(/.*\//, "", at)
		print "    in " $4 " at " at
	}' "$1" | head -n 14
}
