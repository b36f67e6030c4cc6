# predictions.sh - the experiments that answer
# labs/04-refused-timeout/predictions.txt (sourced by tests/check/predict.sh)
#
# The suite's own knock meets each scenario once, whichever of its two questions
# is answered, at a port of its own. It waits for silence no longer than need
# be, and the router asks for a host that is off in a tenth of the time.

# shellcheck source=common/lab/scenario.sh
. "$LABDIR/scenario.sh"

readonly FIRST_SCENARIO_PORT=9000
readonly SILENCE_MS=400 ASKS_MS=100

# The SCENARIO of a question.
scenario_of() { # ID
	local name=${1%-verdict}
	echo "${name%-packet}"
}

# Its place among the questions, two for each.
scenario_port() { # SCENARIO
	echo $((FIRST_SCENARIO_PORT +
		$(prediction_ids | grep -nx "$1-verdict" | cut -d : -f 1)))
}

meet() { # SCENARIO
	local port
	[[ ! -e $HERE/$1 ]] || return 0
	port=$(scenario_port "$1")
	router_asks_for "$ASKS_MS"
	SCENARIO_PORT=$port scenario_switch "$LAB/scenarios/$1" </dev/null
	"$LABNS" host client "$BUILD/solution/knock" -4 -t "$(patience "$1")" \
		"$SERVER4" "$port" >"$HERE/$1" 2>&1 </dev/null || true
	scenario_switch ''
	router_asks_for 1000
}

# How long the router waits for an address, each of three times.
router_asks_for() { # MS
	"$LABNS" host router sh -c \
		"echo $1 >/proc/sys/net/ipv4/neigh/eth1/retrans_time_ms"
}

# No answer is as late as those of the network and of a host that is off.
patience() { # SCENARIO
	case $1 in
	drop* | queue-full) echo "$SILENCE_MS" ;;
	*) echo 5000 ;;
	esac
}

seen_verdict() { # SCENARIO
	awk '{ print $2 }' "$HERE/$1"
}

seen_packet() { # SCENARIO
	predict_events "$(scenario_port "$1")" >/dev/null 2>&1
	first_answer
}

# begin_ID and seen_ID for each question.
for question in $(prediction_ids); do
	eval "begin_$question() { meet $(scenario_of "$question"); }
		seen_$question() { seen_${question##*-} $(scenario_of "$question"); }"
done
