# driver.sh - the live demo's driver: goes through the steps of a demo.sh, a key
# at a time (sourced by the script live, in its pane)
#
# Everything that happens is a line in $LIVE/events, which drive reads in turn:
#
#   key KEY              a key of the driver's pane; none: Enter
#   busy HOST COMMAND    a command has begun in HOST's shell (in base64)
#   prompt HOST PID STATUS   that shell, PID, has its prompt again
#   listening N          the server that action N starts is up
#   silent N             it is not, after ten seconds
#   next N               pause N is over
#   resized              the terminal has another size
#
# STATE is what Enter will do: typed (run what stands in a shell), running
# (nothing, yet), page (the next page of a ladder), over (the next step).
# What differs between the real thing and a replay are the functions stage_...
# of stage-real.sh and stage-replay.sh.

# shellcheck source=common/lab/steps.sh
. "$LABDIR/steps.sh"
# shellcheck source=common/lab/ladders.sh
. "$LABDIR/ladders.sh"
# shellcheck source=common/lab/record.sh
. "$LABDIR/record.sh"
# shellcheck source=common/lab/driver-screen.sh
. "$LABDIR/driver-screen.sh"

declare -A PANES=() SHELLS=() BUSY=()

drive() { # drive|replay FOLDER [auto]
	AUTO=${3-} STEP=-1 AT=0 STATE=over TEXT='' NOTICE='' FILE='' LIVE_HOST=''
	PROJECTOR=${PROJECTOR:+1} LOADED='' TROUBLE='' PAGES=() PAGE_TITLES=()
	FOLDER=$2 TCPDUMP=''
	# shellcheck source=/dev/null
	. "$LABDIR/stage-${1/drive/real}.sh"
	stage_begin
	demo_read "$FOLDER/demo.sh"
	# Open at both ends: it does not end, and nobody waits to open it.
	exec {EVENTS}<>"$LIVE/events" {NEVER}<>"$LIVE/never"
	trap drive_quit INT
	stty -echo
	drive_panes
	drive_keys <&0 >"$LIVE/events" &
	drive_go 0
	while IFS=' ' read -r -u "$EVENTS" what rest; do
		drive_event "$what" "$rest"
	done
}

drive_quit() {
	: >"$LIVE/quit"
	live_tmux kill-server
	exit 0
}

# --- what happens -------------------------------------------------------------

# A key as it was typed; of a presenter's remote and the cursor keys: > and <.
drive_keys() {
	local key more
	while IFS= read -rsn1 key; do
		if [[ $key == $'\e' ]]; then
			more=''
			IFS= read -rsn4 -t 0.05 more || true
			case $more in
			'[6~' | '[C' | OC) key='>' ;;
			'[5~' | '[D' | OD) key='<' ;;
			*) continue ;;
			esac
		fi
		printf 'key %s\n' "$key"
	done
}

drive_event() { # WHAT REST
	local -a words
	read -ra words <<<"$2"
	case $1 in
	key) drive_key "$2" ;;
	busy) drive_busy "${words[0]}" "$(base64 -d <<<"${words[1]-}")" ;;
	prompt) drive_prompt "${words[@]}" ;;
	listening) [[ $STATE != running || $AT != "$2" ]] || drive_on ;;
	silent) [[ $STATE != running || $AT != "$2" ]] || drive_no_server ;;
	resized)
		drive_layout
		drive_tcpdump again
		drive_reshow
		;;
	next) [[ -z $AUTO || ${words[0]} != "$PAUSE" ]] || drive_enter ;;
	esac
}

drive_key() { # KEY
	case $1 in
	'' | ' ' | '>' | n) drive_enter ;;
	b | '<') drive_go $((STEP > 0 ? STEP - 1 : 0)) ;;
	r) drive_go "$STEP" ;;
	t) drive_tcpdump ;;
	l) drive_live ;;
	p)
		PROJECTOR=$([[ -n $PROJECTOR ]] || echo 1)
		drive_layout
		[[ $STATE != typed ]] || drive_enter
		;;
	s) live_tmux select-pane -t "${PANES[server]}" ;;
	c) live_tmux select-pane -t "${PANES[client]}" ;;
	q) drive_quit ;;
	esac
}

drive_enter() {
	case $STATE in
	typed) drive_run ;;
	page) drive_page $((PAGE + 1)) ;;
	shown) drive_on ;;
	over) ((STEP + 1 >= ${#STEP_TITLES[@]})) || drive_go $((STEP + 1)) ;;
	esac
}

# Somebody, the driver or not, has given a command on HOST. An edited one is
# the step's all the same; another is an excursion, and then the step's is
# typed again.
drive_busy() { # HOST COMMAND
	BUSY[$1]=1
	record_line typed "$1" "$2"
	[[ $STATE == typed && ${HOSTS[AT]} == "$1" ]] || return 0
	if [[ ${2%% *} == "${TYPED%% *}" ]]; then
		drive_running
	else
		STATE=aside
	fi
}

drive_prompt() { # HOST PID STATUS
	SHELLS[$1]=$2
	stage_prompted "$1"
	[[ -z ${BUSY[$1]-} ]] || record_line end "$1" "$3"
	BUSY[$1]=''
	[[ ${HOSTS[AT]-} == "$1" ]] || return 0
	case $STATE in
	aside) drive_type ;;
	running)
		case ${ACTIONS[AT]} in
		run) drive_on ;;
		stop) stage_stopped "$AT" && drive_on ;;
		start)
			[[ $TYPED == *' &' ]] || drive_no_server
			;;
		esac
		;;
	esac
}

drive_no_server() {
	STATE=shown
	drive_say "Nothing listens on port ${PORTS[AT]} of ${HOSTS[AT]}. Mend it" \
		"there and go on, or r to begin the step again."
}

# Wait, ten seconds at most, until each of HOST... is at its prompt; what else
# happens meanwhile is of the step that is gone.
drive_await_prompts() { # HOST...
	local what rest host deadline=$((SECONDS + 10)) missing
	while ((SECONDS < deadline)); do
		missing=''
		for host in "$@"; do
			[[ -n ${SHELLS[$host]-} ]] || missing=$host
		done
		[[ -n $missing ]] || return 0
		IFS=' ' read -r -t 1 -u "$EVENTS" what rest || continue
		[[ $what != prompt ]] || SHELLS[${rest%% *}]=$(cut -d ' ' -f 2 <<<"$rest")
		[[ "$what $rest" != 'key q' ]] || drive_quit
	done
	warn "no shell on $missing within 10 s"
	return 1
}

# --- going through the steps --------------------------------------------------

# To step S: forward, the network stays as it is; else it is made anew, so that
# what was done in it before is forgotten.
drive_go() { # S
	local old=$STEP n
	STEP=$1 AT=${STEP_FIRST[$1]} STATE=going PAGES=() NOTICE='' LIVE_HOST=''
	FILE='' LIVE_FILE='' TROUBLE=''
	drive_label_ladder ''
	drive_label driver \
		"$((STEP + 1))/${#STEP_TITLES[@]}: ${STEP_TITLES[STEP]}"
	drive_say ''
	record_line step '' "$STEP"
	drive_clear_ladder ''
	if ((STEP == old + 1)); then
		stage_step
	else
		stage_again
		n=$(demo_before "$AT" scenario)
		[[ -z $n ]] || drive_scenario "${WORDS[n]}"
	fi
	drive_layout
	drive_on_from
}

# What AT stands at is done.
drive_on() {
	AT=$((AT + 1))
	drive_on_from
}

# Do what needs no key, up to what does.
drive_on_from() {
	local end=${STEP_FIRST[STEP + 1]} host
	for (( ; AT < end; AT++)); do
		record_line action '' "$AT"
		case ${ACTIONS[AT]} in
		scenario) drive_scenario "${WORDS[AT]}" ;;
		capture)
			for host in ${HOSTS[AT]}; do
				stage_capture "$host" "$(drive_file "$AT" "$host")"
			done
			LIVE_HOST=${HOSTS[AT]%% *}
			LIVE_FILE=$(drive_file "$AT" "$LIVE_HOST")
			drive_live
			;;
		notice) NOTICE=${WORDS[AT]} ;;
		show | both)
			drive_show "$AT"
			return
			;;
		*)
			drive_type
			return
			;;
		esac
	done
	STATE=over
	drive_say ''
	drive_wait
}

# Whether nothing but a notice is left of the step after AT: then there is no
# need to wait for a key first.
drive_only_notice() {
	local n
	for ((n = AT + 1; n < STEP_FIRST[STEP + 1]; n++)); do
		[[ ${ACTIONS[n]} == notice ]] || return 1
	done
}

drive_scenario() { # NAME
	LOADED=$1
	stage_scenario "$1" || {
		LOADED="$1 (not loaded)"
		TROUBLE="The scenario $1 could not be loaded:"
		TROUBLE+=" $(tail -n 1 "$LIVE/errors" | sed 's/^portlab: //')"
	}
	drive_label_ladder
}

# --- commands -----------------------------------------------------------------

drive_type() {
	TYPED=$(stage_typed "$AT")
	STATE=typed
	if [[ -n ${BUSY[${HOSTS[AT]}]-} && ${ACTIONS[AT]} != stop ]]; then
		STATE=aside
		drive_say "Something runs on ${HOSTS[AT]}: end it there (Ctrl-C)."
		return
	fi
	drive_layout
	if [[ ${ACTIONS[AT]} == stop && -z $TYPED ]]; then
		drive_say "Next: Ctrl-C on ${HOSTS[AT]} ends the server."
	else
		STATE=typing
		drive_say ''
		stage_type "${HOSTS[AT]}" "$TYPED"
		STATE=typed
		drive_say "Next, on ${HOSTS[AT]}: the command at its prompt;" \
			"$STAGE_HINT."
	fi
	if [[ -n $PROJECTOR ]]; then
		drive_run
	else
		drive_wait
	fi
}

drive_run() {
	if [[ -z $TYPED ]]; then
		drive_running
		stage_interrupt "${HOSTS[AT]}"
	else
		stage_enter "${HOSTS[AT]}"
		drive_running
	fi
}

drive_running() {
	[[ $STATE != running ]] || return 0
	STATE=running
	drive_say "Running on ${HOSTS[AT]} ..."
	stage_running "$AT"
}

# Wait for a key; replayed by itself: for a while, then as if it were Enter.
drive_wait() {
	record_line wait '' "$STATE"
	[[ -n $AUTO ]] || return 0
	PAUSE=$((${PAUSE-0} + 1))
	(
		read -r -t "$(stage_pause)" -u "$NEVER" || true
		echo "next $PAUSE" >"$LIVE/events"
	) &
}
