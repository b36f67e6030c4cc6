# stage-real.sh - what the live demo is played on: shells on the lab's hosts
# (sourced, inside the network)
#
# Used by driver.sh, which says what is called when.

# shellcheck source=common/lab/network.sh
. "$LABDIR/network.sh"
# shellcheck source=common/lab/scenario.sh
. "$LABDIR/scenario.sh"
# shellcheck source=common/lab/capture.sh
. "$LABDIR/capture.sh"

declare -A SERVERS=()

readonly STAGE_HINT='change it there as you like'

stage_begin() {
	CAPTURES=${RECORD:-$LIVE}
	record_begin "$FOLDER"
}

# The next step: new shells; what was started in the old ones ends, and the
# network stays.
stage_step() {
	stage_end_captures
	stage_end_programs
	stage_shells
}

# A network in which nothing has happened yet.
stage_again() {
	stage_end_captures
	stage_end_programs
	[[ ! -e $LIVE/begun ]] || network_again
	: >"$LIVE/begun"
	LOADED=''
	stage_shells
}

stage_end_captures() {
	local host
	for host in "${!CAPTURE_TCPDUMP[@]}"; do
		capture_stop "$host"
	done
}

# End what runs in the shells as it would end by itself.
stage_end_programs() {
	local host pid
	for host in "${!SHELLS[@]}"; do
		for pid in $(stage_children "${SHELLS[$host]}"); do
			kill -TERM "$pid" 2>/dev/null || true
			"$BUILD/lab/await" ended "$pid" 2000 >/dev/null || true
		done
	done
	SERVERS=()
}

stage_children() { # PID
	cat "/proc/$1/task/$1/children" 2>/dev/null || true
}

stage_shells() {
	local host
	SHELLS=() BUSY=()
	for host in server client; do
		live_tmux respawn-pane -k -t "${PANES[$host]}" \
			"exec '$LABDIR/live' shell $host" \; \
			clear-history -t "${PANES[$host]}"
		[[ -z ${RECORD-} ]] || live_tmux pipe-pane -t "${PANES[$host]}" \
			"exec '$LABDIR/live' log $host"
	done
	drive_await_prompts server client
}

stage_scenario() { # NAME
	scenario_switch "${1:+$FOLDER/scenarios/$1}"
}

stage_capture() { # HOST FILE
	capture_start "$1" "$2"
}

stage_captured() { # HOST FILE
	capture_stop "$1"
}

stage_typed() { # N
	demo_typed "$1"
}

stage_prompted() { # HOST
	:
}

# Type TEXT at HOST's prompt, in place of what may stand there. A line end or
# TAB is quoted, so that the whole can still be edited.
stage_type() { # HOST TEXT
	local pane=${PANES[$1]} rest=$2 part
	printf '%s\n' "$2" >"$LIVE/typing.$1"
	stage_prompt "$1"
	while [[ -n $rest ]]; do
		part=${rest:0:2}
		part=${part%%[;$'\n\t']*}
		case $rest in
		$'\n'*) live_tmux send-keys -t "$pane" C-v C-j && part=1 ;;
		$'\t'*) live_tmux send-keys -t "$pane" C-v C-i && part=1 ;;
		';'*) live_tmux send-keys -t "$pane" -l '\;' && part=1 ;;
		*) live_tmux send-keys -t "$pane" -l -- "$part" ;;
		esac
		rest=${rest:${#part}}
		read -r -t 0.02 -u "$NEVER" || true
	done
}

# A prompt with nothing behind it. A server in the background that says that it
# listens does so within a second, and leaves the prompt a line further up.
stage_prompt() { # HOST
	local pane=${PANES[$1]} before=$((AT - 1)) patience=50
	if ((before >= 0)) && [[ ${ACTIONS[before]} == start &&
		${HOSTS[before]} == "$1" ]]; then
		while ((patience-- > 0)) &&
			[[ $(live_tmux display -p -t "$pane" '#{cursor_x}') != 0 ]]; do
			read -r -t 0.02 -u "$NEVER" || true
		done
	fi
	live_tmux send-keys -t "$pane" C-e C-u C-x C-r
}

stage_enter() { # HOST
	live_tmux send-keys -t "${PANES[$1]}" Enter
}

stage_interrupt() { # HOST
	live_tmux send-keys -t "${PANES[$1]}" C-c
}

# Action N has been given to its shell: tell when a server listens.
stage_running() { # N
	[[ ${ACTIONS[$1]} == start ]] || return 0
	(
		"$BUILD/lab/labns" host "${HOSTS[$1]}" "$BUILD/lab/await" listen \
			"${PORTS[$1]}" "${SHELLS[${HOSTS[$1]}]}" 10000 >/dev/null &&
			echo "listening $1" || echo "silent $1"
	) >"$LIVE/events" &
}

# A command has ended a server: wait until that has ended.
stage_stopped() { # N
	local pid
	for pid in $(stage_children "${SHELLS[${HOSTS[$1]}]}"); do
		[[ $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) != \
		*" ${PORTS[$1]} " ]] ||
			"$BUILD/lab/await" ended "$pid" 2000 >/dev/null || true
	done
}
