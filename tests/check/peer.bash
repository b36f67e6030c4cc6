# peer.bash - the other end of the connection: the scripted peer, probe
# (sourced)
# shellcheck shell=bash

readonly STEP_MS=4000 PEER_S=60
readonly SCRIPT_BYTES=1000 # more are not typed, but kept as a file

# What the peer that was started last is to do; how many ran in the background,
# and how many did so much that there is a file of it.
PEER_SCRIPT='' PEERS=0 SCRIPTS=0

# What to type on HOST to have the probe do the same.
try_probe() { # HOST LINE...
	local host=$1 file
	shift
	PEER_SCRIPT=$*
	if ((${#PEER_SCRIPT} <= SCRIPT_BYTES)); then
		try_this "$host" '' probe -s "$SEED" "$@"
	else
		file=$HERE/script-$((++SCRIPTS))
		printf '%s\n' "${@//"$WORK/results/"/"$KEPT"}" >"$file"
		try_this "$host" '' probe -s "$SEED" -f "$file"
	fi
}

# On the host client, the probe does and gets what LINE... say.
peer() { # LINE...
	local status=0
	try_probe client "$@"
	"$LABNS" host client timeout "$PEER_S" "$BUILD/test/probe" -s "$SEED" \
		-t "$STEP_MS" "$@" >"$HERE/peer" 2>"$HERE/peer.err" </dev/null ||
		status=$?
	peer_verdict "$status"
}

# The same, but the first COUNT of LINE... are done while the program does nothing:
# when it goes on, it finds all of that.
peer_ahead() { # COUNT LINE...
	signal STOP || return
	peer_begin client "${@:2:$1}" 'say ahead' "${@:$1+2}"
	peer_says ahead || return
	signal CONT || return
	peer_end
}

peer_verdict() { # STATUS
	case $1 in
	0) ;;
	1)
		account_probe "$HERE/peer"
		return 1
		;;
	124) because "After $PEER_S s the conversation was still not over." ;;
	*) grader_broken "probe: status $1: $(head -c 300 "$HERE/peer.err")" ;;
	esac
}

# The same in the background, on HOST. What it says is in a fifo, and each line
# that is sent to it ends a wait-input.
peer_begin() { # HOST LINE...
	local host=$1 said told
	shift
	try_probe "$host" "$@"
	PEERS=$((PEERS + 1))
	said=$WORK/tmp/$CHECK.$PEERS.said told=$WORK/tmp/$CHECK.$PEERS.told
	mkfifo "$said" "$told"
	exec {PEER_SAID}<>"$said" {PEER_TOLD}<>"$told"
	"$LABNS" host "$host" "$BUILD/test/probe" -s "$SEED" \
		-t "$STEP_MS" "$@" >"$said" 2>"$HERE/peer.err" \
		<"$told" 3>&- 4>&- 10>&- &
	PEER_PID=$!
	: >"$HERE/peer"
}

# Until it says TEXT at the beginning of a line; what it says is kept.
peer_says() { # TEXT
	local line
	while IFS= read -r -t "$PEER_S" -u "$PEER_SAID" line; do
		printf '%s\n' "$line" >>"$HERE/peer"
		case $line in
		"$1"*) return ;;
		'probe: failed') break ;;
		esac
	done
	peer_end
}

peer_go_on() {
	echo >&"$PEER_TOLD"
}

# Its end, and whether it is content.
peer_end() {
	local status=0 line
	wait "$PEER_PID" || status=$?
	PEER_PID=''
	while IFS= read -r -t 0.01 -u "$PEER_SAID" line; do
		printf '%s\n' "$line" >>"$HERE/peer"
	done
	exec {PEER_SAID}<&- {PEER_TOLD}<&-
	peer_verdict "$status"
}

# SIGKILL to it, in the midst of whatever it does, if it has not ended.
peer_killed() {
	kill -KILL "$PEER_PID" 2>/dev/null || true
	wait "$PEER_PID" 2>/dev/null || true
	PEER_PID=''
	exec {PEER_SAID}<&- {PEER_TOLD}<&-
}
