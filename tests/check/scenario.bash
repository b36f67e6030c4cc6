# scenario.bash - scenarios of a lab, loaded for one check (sourced)
# shellcheck shell=bash

SCENARIO='' # the folder of the one that is loaded

# NAME of this lab's scenarios, or else of those that only its grader has; it
# takes the place of the one before. A server of it is at this check's port.
scenario() { # NAME
	local folder=$LAB/scenarios/$1 verb=up number=${LAB##*/}
	[[ -z $SCENARIO ]] || verb=scenario
	if [[ -d $folder ]]; then
		scenario_try "make $verb LAB=${number%%-*} SCENARIO=$1"
	else
		folder=$TESTS/${LAB##*/}/scenarios/$1
		scenario_try "common/lab/portlab $verb ${folder#"$ROOT/"}"
	fi
	scenario_set "$folder"
}

# By hand its server is at port 9000, unless one says otherwise.
scenario_try() { # COMMAND
	note try "- SCENARIO_PORT=$PORT $1"
}

# Called by teardown, too.
scenario_away() {
	[[ -z $SCENARIO ]] || scenario_set ''
}

scenario_set() { # PATH
	declare -F scenario_switch >/dev/null || scenario_words
	SCENARIO=$1
	SCENARIO_PORT=$PORT scenario_switch "$1" 3>&- 4>&- 10>&- \
		>"$HERE/scenario" 2>&1 </dev/null ||
		grader_broken "scenario $1: $(tail -n 1 "$HERE/scenario")"
}

# What most checks have no use for.
scenario_words() {
	# shellcheck source=common/lab/say.sh
	. "$LABDIR/say.sh"
	# shellcheck source=common/lab/network.sh
	. "$LABDIR/network.sh"
	# shellcheck source=common/lab/scenario.sh
	. "$LABDIR/scenario.sh"
}

# The router takes no SYN for this check's ports, and says nothing. No scenario
# has rules in that table, so none changes it.
router_drops() { # PORT...
	local port
	local -a rule
	for port in "$@"; do
		rule=(iptables -t raw -I PREROUTING -p tcp --dport "$port"
			-j DROP)
		try_this router /dev/null "${rule[@]}"
		"$LABNS" host router "${rule[@]}"
	done
}
