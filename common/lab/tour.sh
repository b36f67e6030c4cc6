# tour.sh - plays demo.sh files one step after the other (sourced, inside)
#
# A demo.sh is a list of calls, which steps.sh reads. What they mean, and what
# is done here at once, unattended:
#
#   demo TITLE                what this demo is about, first
#   step TITLE                a new screen
#   scenario NAME             load one of the lab's scenarios; '' for none
#   capture HOST...           begin to capture there
#   start HOST PORT COMMAND   a server, which is up when it listens on PORT
#   stop HOST PORT            end that server, before its step does
#   run HOST COMMAND          a command that ends
#   show HOST [FROM-TO]       the ladder of what was captured there, or of some
#                             of its packets
#   notice TEXT               what to see in it
#
# Each step begins without captures; its servers are ended with it.

# shellcheck source=common/lab/ladders.sh
. "$LABDIR/ladders.sh"

# shellcheck source=common/lab/steps.sh
. "$LABDIR/steps.sh"
# shellcheck source=common/lab/record.sh
. "$LABDIR/record.sh"

TOUR=/run/portlab/tour

tour() { # LAB-FOLDER...
	local lab
	trap 'tour_stopped' INT TERM HUP
	mkdir -p "$TOUR"
	exec {TOUR_SCREEN}>&1
	for lab in "$@"; do
		record_begin "$lab"
		tour_lab "$lab" "$lab/demo.sh"
	done
	cat <<-END

		${BOLD}That was it${PLAIN}: the network is gone again, nothing is left behind.
		Next: read labs/01-echo/README.md, and play in a network of your own:
		  make up, then make shell HOST=client and make capture HOST=router
	END
}

tour_stopped() {
	trap - INT TERM HUP
	printf '\nportlab: stopped; nothing is left behind\n' >&2
	exit 130
}

tour_lab() { # LAB-FOLDER DEMO.SH
	local s n
	TOUR_LAB=$1
	demo_read "$2"
	printf '\n%s%s%s\n' "$BOLD" "$DEMO_TITLE" "$PLAIN"
	for s in "${!STEP_TITLES[@]}"; do
		record_line step '' "$s"
		tour_step "${STEP_TITLES[s]}"
		for ((n = STEP_FIRST[s]; n < STEP_FIRST[s + 1]; n++)); do
			record_line action '' "$n"
			"tour_${ACTIONS[n]}" "$n"
		done
		tour_end_step
	done
}

tour_step() { # TITLE
	printf '\n%s--- %s %s%s\n' "$BOLD" "$1" \
		"$(printf '%*s' $((73 - ${#1})) '' | tr ' ' -)" "$PLAIN"
}

# --- what is really done: a replay has its own of these ------------------------

declare -A TOUR_SERVERS=() TOUR_SHOWN=()

tour_end_step() {
	local host pid
	for host in "${!CAPTURE_TCPDUMP[@]}"; do
		capture_stop "$host"
	done
	for pid in "${TOUR_SERVERS[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	TOUR_SERVERS=() TOUR_SHOWN=()
}

tour_scenario() { # N
	local name=${WORDS[$1]}
	scenario_switch "${name:+$TOUR_LAB/scenarios/$name}"
	tour_loaded "$name"
}

tour_capture() { # N
	local host
	for host in ${HOSTS[$1]}; do
		capture_start "$host" "$(demo_pcap "${RECORD:-$TOUR}" "$1" "$host")"
	done
}

tour_captured() { # HOST N
	capture_stop "$1"
	demo_pcap "${RECORD:-$TOUR}" "$2" "$1"
}

tour_start() { # N
	local host=${HOSTS[$1]} port=${PORTS[$1]} command=${WORDS[$1]}
	local said=$TOUR/$host.$port.said pid line=''
	tour_prompt "$host" "$command &"
	record_line typed "$host" "$(demo_typed "$1")"
	rm -f "$said.pipe"
	mkfifo "$said.pipe"
	"$BUILD/lab/labns" host "$host" bash -c "exec $command" </dev/null \
		>"$said.pipe" 2>&1 &
	pid=$!
	TOUR_SERVERS[$said]=$pid
	exec {TOUR_SAID}<"$said.pipe"
	if ! "$BUILD/lab/labns" host "$host" "$BUILD/lab/await" listen "$port" \
		"$pid" 10000 >&2; then
		timeout 1 cat <&"$TOUR_SAID" || true
		die "'$command' on $host does not listen on port $port"
	fi
	# It listens; if it is one that says so, it does within a second.
	IFS= read -r -t 1 line <&"$TOUR_SAID" || true
	[[ -z $line ]] || record_output "$host" <<<"$line"
	record_output "$host" <&"$TOUR_SAID" >"$said" &
	exec {TOUR_SAID}<&-
}

tour_stop() { # N
	local said=$TOUR/${HOSTS[$1]}.${PORTS[$1]}.said
	tour_prompt "${HOSTS[$1]}" 'kill %1'
	kill -TERM "${TOUR_SERVERS[$said]}"
	wait "${TOUR_SERVERS[$said]}" 2>/dev/null || true
	record_line end "${HOSTS[$1]}" 0
	unset "TOUR_SERVERS[$said]" "TOUR_SHOWN[$said]"
}

# What the servers have said since they were started, once.
tour_servers_said() {
	local said
	for said in "${!TOUR_SERVERS[@]}"; do
		[[ -z ${TOUR_SHOWN[$said]-} ]] || continue
		cat "$said"
		[[ ! -s $said ]] || TOUR_SHOWN[$said]=1
	done
}

tour_run() { # N
	local host=${HOSTS[$1]} status=0
	tour_prompt "$host" "${WORDS[$1]}"
	record_line typed "$host" "${WORDS[$1]}"
	tour_run_now "$host" "${WORDS[$1]}" || status=$?
	record_line end "$host" "$status"
	tour_status "$status"
	tour_servers_said
}

# Recorded, its output goes through a pipe, which a process that it leaves in
# the background may hold open.
tour_run_now() { # HOST COMMAND
	local pipe=$TOUR/run.pipe status=0
	local -a command=("$BUILD/lab/labns" host "$1" timeout --foreground 60
		bash -c "$2")
	if [[ -z ${RECORD-} ]]; then
		"${command[@]}" 2>&1
		return
	fi
	rm -f "$pipe"
	mkfifo "$pipe"
	record_output "$1" <"$pipe" &
	"${command[@]}" >"$pipe" 2>&1 || status=$?
	"$BUILD/lab/await" ended "$!" 1000 >/dev/null || true
	return "$status"
}

# --- what is shown -------------------------------------------------------------

tour_loaded() { # NAME
	printf '%s[portlab]%s make scenario SCENARIO=%s\n' "$DIM" "$PLAIN" \
		"${1:+$(basename "$TOUR_LAB" | cut -d- -f1)/$1}"
}

tour_prompt() { # HOST COMMAND
	printf '%s[%s]%s $ %s\n' "$DIM" "$1" "$PLAIN" "$2"
}

tour_status() { # STATUS
	[[ $1 == 0 ]] || printf '%s(exit status %s)%s\n' "$DIM" "$1" "$PLAIN"
}

# How wide the screen is, within what a ladder can use.
tour_columns() {
	local columns=80
	[[ ! -t $TOUR_SCREEN ]] || read -r _ columns < <(stty size <&"$TOUR_SCREEN")
	echo "$((columns < 80 ? 80 : columns > 160 ? 160 : columns))"
}

tour_show() { # N
	local host columns file
	columns=$(tour_columns)
	for host in ${HOSTS[$1]}; do
		tour_captured "$host" "$(demo_before "$1" capture "$host")" \
			>"$TOUR/$host.file"
		file=$(<"$TOUR/$host.file")
		echo
		ladders_named "$host" "$file" "$columns" "${WORDS[$1]}"
	done
}

tour_both() { # N
	local columns host
	local -a pair=()
	columns=$(tour_columns)
	if (((columns - 2) / 2 < LADDER_LEAST)); then
		tour_show "$1"
		return
	fi
	for host in ${HOSTS[$1]}; do
		tour_captured "$host" "$(demo_before "$1" capture "$host")" \
			>"$TOUR/$host.file"
		pair+=("$host" "$(<"$TOUR/$host.file")")
	done
	echo
	ladders_beside "$columns" "${pair[@]}" "${WORDS[$1]}"
}

tour_notice() { # N
	printf '\n%s\n' "${WORDS[$1]}" | fold -s -w 78 | sed 's/ *$//'
}
