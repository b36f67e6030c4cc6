# steps.sh - a demo.sh, read into a list that can be gone through in any order
# (sourced)
#
# demo_read fills these; an action is one call of demo.sh, in its order:
#
#   DEMO_TITLE             what the demo is about
#   STEP_TITLES[S]         the title of step S, from 0
#   STEP_FIRST[S]          the number of its first action; one more than there
#                          are steps, so that STEP_FIRST[S + 1] is its end
#   ACTIONS[N]             the word: scenario, capture, start, ...
#   HOSTS[N]               its host, or hosts
#   WORDS[N]               the rest: a scenario's name, a command, packets, a
#                          text
#   PORTS[N]               of start and stop

# shellcheck disable=SC2317 # it is demo.sh that calls them
demo_read() { # FILE
	DEMO_TITLE='' STEP_TITLES=() STEP_FIRST=()
	ACTIONS=() HOSTS=() WORDS=() PORTS=()
	demo() { DEMO_TITLE=$1; }
	step() { STEP_TITLES+=("$1") STEP_FIRST+=("${#ACTIONS[@]}"); }
	scenario() { demo_action scenario '' "$1" ''; }
	capture() { demo_action capture "$*" '' ''; }
	start() { demo_action start "$1" "$3" "$2"; }
	stop() { demo_action stop "$1" '' "$2"; }
	run() { demo_action run "$1" "$2" ''; }
	show() { demo_action show "$1" "${2-}" ''; }
	both() { demo_action both "$1 $2" "${3-}" ''; }
	notice() { demo_action notice '' "$1" ''; }
	# shellcheck source=/dev/null
	. "$1"
	unset -f demo step scenario capture start stop run show both notice
	STEP_FIRST+=("${#ACTIONS[@]}")
}

demo_action() { # WORD HOSTS WORDS PORT
	ACTIONS+=("$1") HOSTS+=("$2") WORDS+=("$3") PORTS+=("$4")
}

# The last action before N that is WORD, of HOST if one is named; or nothing.
demo_before() { # N WORD [HOST]
	local n
	for ((n = $1 - 1; n >= 0; n--)); do
		if [[ ${ACTIONS[n]} == "$2" && " ${HOSTS[n]} " == *" ${3-} "* ]]; then
			echo "$n"
			return
		fi
	done
}

# The step that action N belongs to.
demo_step_of() { # N
	local s=0
	while ((s + 1 < ${#STEP_TITLES[@]} && STEP_FIRST[s + 1] <= $1)); do
		s=$((s + 1))
	done
	echo "$s"
}

# The file in FOLDER of what action N captures on HOST.
demo_pcap() { # FOLDER N HOST
	printf '%s/%02d-%s.pcap\n' "$1" "$2" "$3"
}

# Whether a command is to be given on HOST while the server that action N
# starts there is up: then it cannot have the shell for itself.
demo_shell_needed() { # N
	local n
	for ((n = $1 + 1; n < STEP_FIRST[$(demo_step_of "$1") + 1]; n++)); do
		[[ ${HOSTS[n]} == "${HOSTS[$1]}" ]] || continue
		case ${ACTIONS[n]} in
		stop) [[ ${PORTS[n]} != "${PORTS[$1]}" ]] || return 1 ;;
		start | run) return 0 ;;
		esac
	done
	return 1
}

# The command of action N, as it is typed; nothing: Ctrl-C.
demo_typed() { # N
	local start=$1
	[[ ${ACTIONS[$1]} != stop ]] ||
		start=$(demo_before "$1" start "${HOSTS[$1]}")
	case ${ACTIONS[$1]} in
	start) printf '%s%s\n' "${WORDS[$1]}" \
		"$(! demo_shell_needed "$1" || echo ' &')" ;;
	stop) ! demo_shell_needed "${start:-$1}" || echo 'kill %1' ;;
	*) printf '%s\n' "${WORDS[$1]}" ;;
	esac
}
