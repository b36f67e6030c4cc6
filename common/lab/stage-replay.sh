# stage-replay.sh - what a recorded demo is played on: panes that show what the
# shells showed, when they did (sourced)
#
# Used by driver.sh, which says what is called when. A command takes as long as
# it took, and its packets come when they came.

declare -A TTYS=() AT_PROMPT=()
PLAYERS=()

readonly REPLAY_PAUSE_MS=2500    # by itself: at least so long at each place
readonly REPLAY_READ_MS_A_CHAR=45 # and so long for what is to be read

readonly STAGE_HINT='this is a recording'

stage_begin() {
	CAPTURES=$LIVE
	replay_split "$FOLDER" "$LIVE"
}

stage_step() {
	local host pid
	# The number of one that has ended may be another's by now.
	for pid in $(jobs -rp); do
		[[ " ${PLAYERS[*]} " != *" $pid "* ]] || kill "$pid" 2>/dev/null || true
	done
	PLAYERS=()
	: >"$LIVE/page"
	for host in server client; do
		live_tmux respawn-pane -k -t "${PANES[$host]}" \
			"exec '$LABDIR/live' page '$LIVE/page'" \; \
			clear-history -t "${PANES[$host]}"
		TTYS[$host]=$(live_tmux display -p -t "${PANES[$host]}" \
			'#{pane_tty}')
		SHELLS["$host"]=$$ BUSY["$host"]=''
		stage_at_prompt "$host"
	done
}

stage_again() {
	LOADED=''
	stage_step
}

stage_scenario() { # NAME
	:
}

# The file begins empty; stage_running lets the packets come.
stage_capture() { # HOST FILE
	local whole=$FOLDER/${2##*/}
	[[ -f $whole ]] || return
	head -c 24 "$whole" >"$2"
	stage_packets "$whole" >"$2.index"
	CAPTURED[$1]=$2
}
declare -A CAPTURED=()

# A line a packet: its time in microseconds, where it begins, its bytes there.
# As tcpdump writes it: pcap(5) with microseconds.
stage_packets() { # PCAP
	local at=24 size seconds micros bytes
	size=$(stat -c %s "$1")
	while ((at + 16 <= size)); do
		read -r seconds micros bytes _ < <(od -An -v -tu4 --endian=little \
			-j "$at" -N 16 "$1")
		printf '%d%06d %d %d\n' "$seconds" "$micros" "$at" "$((bytes + 16))"
		at=$((at + 16 + bytes))
	done
}

stage_captured() { # HOST FILE
	cp "$FOLDER/${2##*/}" "$2"
}

stage_typed() { # N
	local typed
	typed=$(replay_text "$LIVE" "$1" typed "${HOSTS[$1]}")
	[[ -n $typed ]] || typed=$(demo_typed "$1")
	printf '%s\n' "$typed"
}

# In the driver itself, which has to know it.
stage_prompted() { # HOST
	stage_at_prompt "$1"
}

stage_type() { # HOST TEXT
	local i
	stage_at_prompt "$1" $'\r\e[K'
	for ((i = 0; i < ${#2}; i++)); do
		printf '%s' "${2:i:1}" >"${TTYS[$1]}"
		read -r -t 0.02 -u "$NEVER" || true
	done
}

stage_at_prompt() { # HOST [BEFORE]
	AT_PROMPT[$1]=1
	printf '%s%s[%s]%s $ ' "${2-}" "$DIM" "$1" "$PLAIN" >"${TTYS[$1]}"
}

stage_enter() { # HOST
	AT_PROMPT[$1]=''
	printf '\n' >"${TTYS[$1]}"
}

stage_interrupt() { # HOST
	printf '^C\n' >"${TTYS[$1]}"
}

stage_stopped() { # N
	:
}

# Play what happened in action N; players of several actions, whose servers go
# on, do not meet: each has its own lines.
stage_running() { # N
	local host
	for host in "${!CAPTURED[@]}"; do
		stage_feed "$1" "${CAPTURED[$host]}" &
		PLAYERS+=("$!")
	done
	[[ $TYPED != *' &' ]] || stage_at_prompt "${HOSTS[$1]}"
	stage_play "$1" &
	PLAYERS+=("$!")
}

# When action N was given to its shell, by the clock of the recording.
stage_began() { # N
	awk -F '\t' 'NR == 1 { t = $1 } $2 == "typed" { t = $1; exit }
		END { print t }' "$LIVE/act.$1"
}

# Wait until FROM has lasted as long as TIME is after BEGAN, in microseconds.
stage_until() { # FROM BEGAN TIME
	local left=$(($1 + $3 - $2 - ${EPOCHREALTIME/[.,]/}))
	((left > 0)) || return 0
	read -r -t "$(printf '%d.%06d' $((left / 1000000)) $((left % 1000000)))" \
		-u "$NEVER" || true
}

stage_play() { # N
	local from=${EPOCHREALTIME/[.,]/} began time word host text ended=''
	began=$(stage_began "$1")
	while IFS=$'\t' read -r time word host text; do
		[[ $time -ge $began ]] || continue
		stage_until "$from" "$began" "$time"
		case $word in
		out) stage_line "$host" "$(printf '%b' "$text")" ;;
		end)
			ended=1 AT_PROMPT[$host]=1
			echo "prompt $host 1 $text"
			;;
		esac
	done <"$LIVE/act.$1" >"$LIVE/events"
	[[ -n $ended ]] || case ${ACTIONS[$1]} in
	start) echo "listening $1" ;;
	*) echo "prompt ${HOSTS[$1]} 1 0" ;;
	esac >"$LIVE/events"
}

# A line on HOST's pane; at a prompt, in its place, and the prompt again.
stage_line() { # HOST LINE
	if [[ -n ${AT_PROMPT[$1]-} ]]; then
		printf '\r\e[K%s\n' "$2" >"${TTYS[$1]}"
		stage_at_prompt "$1"
	else
		printf '%s\n' "$2" >"${TTYS[$1]}"
	fi
}

# Let those packets come to FILE that came during action N.
stage_feed() { # N FILE
	local from=${EPOCHREALTIME/[.,]/} began until='' time at bytes
	began=$(stage_began "$1")
	[[ ! -e $LIVE/act.$(($1 + 1)) ]] || until=$(stage_began "$(($1 + 1))")
	while read -r time at bytes; do
		[[ $time -ge $began && (-z $until || $time -lt $until) ]] || continue
		stage_until "$from" "$began" "$time"
		# tail is told by SIGPIPE that there is no need for more.
		tail -c "+$((at + 1))" "$FOLDER/${2##*/}" | head -c "$bytes" >>"$2" ||
			true
	done <"$2.index"
}

# By itself: how many seconds to wait here, for what is on the screen.
stage_pause() {
	local ms=$REPLAY_PAUSE_MS read=0 kept
	[[ $STATE != over ]] || read=$((${#NOTICE} * REPLAY_READ_MS_A_CHAR))
	[[ $STATE != page && $STATE != shown ]] || read=$((2 * REPLAY_PAUSE_MS))
	ms=$((ms > read ? ms : read))
	kept=$(awk -F '\t' '$2 == "wait" { t = $1; next }
		t { ms = int(($1 - t) / 1000); t = 0 } END { print ms + 0 }' \
		"$LIVE/act.$((AT < ${#ACTIONS[@]} ? AT : ${#ACTIONS[@]} - 1))" \
		2>/dev/null) || kept=0
	ms=$((ms > kept ? ms : kept))
	printf '%d.%03d\n' $((ms / 1000)) $((ms % 1000))
}
