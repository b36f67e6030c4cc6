# tour.sh - plays demo.sh files one step after the other (sourced, inside)
#
# A demo.sh is a list of calls, which every way of showing it defines for
# itself; these here run them at once, unattended:
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

readonly TOUR=/run/portlab/tour

tour() { # LAB-FOLDER...
	local lab
	trap 'tour_stopped' INT TERM HUP
	mkdir -p "$TOUR"
	exec {TOUR_SCREEN}>&1
	for lab in "$@"; do
		TOUR_LAB=$lab
		# shellcheck source=/dev/null
		. "$lab/demo.sh"
		tour_end_step
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

demo() { # TITLE
	printf '\n%s%s%s\n' "$BOLD" "$1" "$PLAIN"
}

step() { # TITLE
	tour_end_step
	printf '\n%s--- %s %s%s\n' "$BOLD" "$1" \
		"$(printf '%*s' $((73 - ${#1})) '' | tr ' ' -)" "$PLAIN"
}

scenario() { # NAME
	scenario_switch "${1:+$TOUR_LAB/scenarios/$1}"
	printf '%s[portlab]%s make scenario SCENARIO=%s\n' "$DIM" "$PLAIN" \
		"${1:+$(basename "$TOUR_LAB" | cut -d- -f1)/$1}"
}

capture() { # HOST...
	local host
	for host in "$@"; do
		capture_start "$host" "$TOUR/$host.pcap"
	done
}

tour_prompt() { # HOST COMMAND
	printf '%s[%s]%s $ %s\n' "$DIM" "$1" "$PLAIN" "$2"
}

start() { # HOST PORT COMMAND
	local said=$TOUR/$1.$2.said pid line=''
	tour_prompt "$1" "$3 &"
	rm -f "$said.pipe"
	mkfifo "$said.pipe"
	"$BUILD/lab/labns" host "$1" bash -c "exec $3" </dev/null \
		>"$said.pipe" 2>&1 &
	pid=$!
	TOUR_SERVERS[$said]=$pid
	exec {TOUR_SAID}<"$said.pipe"
	if ! "$BUILD/lab/labns" host "$1" "$BUILD/lab/await" listen "$2" "$pid" \
		10000 >&2; then
		timeout 1 cat <&"$TOUR_SAID" || true
		die "'$3' on $1 does not listen on port $2"
	fi
	# It listens; if it is one that says so, it does within a second.
	IFS= read -r -t 1 line <&"$TOUR_SAID" || true
	[[ -z $line ]] || printf '%s\n' "$line"
	cat <&"$TOUR_SAID" >"$said" &
	exec {TOUR_SAID}<&-
}

stop() { # HOST PORT
	local said=$TOUR/$1.$2.said
	tour_prompt "$1" 'kill %1'
	kill -TERM "${TOUR_SERVERS[$said]}"
	wait "${TOUR_SERVERS[$said]}" 2>/dev/null || true
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

run() { # HOST COMMAND
	local status=0
	tour_prompt "$1" "$2"
	"$BUILD/lab/labns" host "$1" timeout --foreground 60 bash -c "$2" 2>&1 ||
		status=$?
	[[ $status == 0 ]] || printf '%s(exit status %s)%s\n' "$DIM" "$status" \
		"$PLAIN"
	tour_servers_said
}

# How wide the screen is, within what a ladder can use.
tour_columns() {
	local columns=80
	[[ ! -t $TOUR_SCREEN ]] || read -r _ columns < <(stty size <&"$TOUR_SCREEN")
	echo "$((columns < 80 ? 80 : columns > 160 ? 160 : columns))"
}

show() { # HOST [FROM-TO]
	capture_stop "$1"
	echo
	ladders_named "$1" "$TOUR/$1.pcap" "$(tour_columns)" "${2-}"
}

both() { # HOST HOST [FROM-TO]
	local columns
	columns=$(tour_columns)
	if (((columns - 2) / 2 < LADDER_LEAST)); then
		show "$1" "${3-}"
		show "$2" "${3-}"
		return
	fi
	capture_stop "$1"
	capture_stop "$2"
	echo
	ladders_beside "$columns" "$1" "$TOUR/$1.pcap" "$2" "$TOUR/$2.pcap" \
		"${3-}"
}

notice() { # TEXT
	printf '\n%s\n' "$1" | fold -s -w 78 | sed 's/ *$//'
}
