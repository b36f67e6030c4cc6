#!/usr/bin/env bash
# 01-network - what it costs to make the three hosts, IPv4 and IPv6, to run one
# command on the client and to take them away: here, and by mininet; up, one
# command and down, by namespaces and by Docker; and fifty networks at once.
#
# Usage: make bench [N=RUNS]; mininet_three.py beside it is mininet's part
# Exit status: 1 when the goal is missed, or a network that could be made once
# cannot be made again.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly HERE=$ROOT/tests/bench
readonly GOAL_US=50000
readonly MININET_RUNS=5 DOCKER_RUNS=3 CROWD=50 CROWD_RUNS=3
readonly NOBODY=65534

N=${N:-40}
[[ $N =~ ^[1-9][0-9]{0,4}$ ]] || say_usage "N=$N is no number of runs"

TMP=$(mktemp -d)
export COMPOSE_PROJECT_NAME=portlab-bench-$$
SAID=$TMP/said
DOCKER=''
declare -A BASE_OF=()
BASE_US=''
ORDINARY_US=''
CROWD_PID=''

cleanup() {
	trap '' INT TERM HUP
	[[ -z $CROWD_PID ]] || kill "$CROWD_PID" 2>/dev/null || true
	[[ -z $DOCKER ]] ||
		ENGINE=docker "$LABDIR/portlab" down >/dev/null 2>&1 || true
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

main() {
	local -a as_nobody=(setpriv "--reuid=$NOBODY" "--regid=$NOBODY"
		--clear-groups env "PORTLAB_STATE=$TMP/nobody")
	bench_head 'three hosts made, used, taken away'
	if [[ $EUID != 0 ]]; then
		ours 'portlab, ordinary user'
		ORDINARY_US=$BASE_US
	else
		if nobody_can "${as_nobody[@]}"; then
			ours 'portlab, ordinary user' "${as_nobody[@]}"
			ORDINARY_US=$BASE_US
		fi
		ours 'portlab, root'
	fi
	mininet
	echo
	stages
	echo
	if [[ $EUID != 0 ]]; then
		crowd 'ordinary user'
	else
		[[ -z $ORDINARY_US ]] || crowd 'ordinary user' "${as_nobody[@]}"
		crowd root
	fi
	echo
	goal
}

# --- ours --------------------------------------------------------------------

# Whether root can be an ordinary user here who makes a network; or why not.
nobody_can() { # PREFIX...
	local why=''
	install -d -o "$NOBODY" -g "$NOBODY" "$TMP/nobody"
	chmod 711 "$TMP"
	if ! have setpriv; then
		why='setpriv is missing (util-linux)'
	elif ! "$@" true >"$SAID" 2>&1; then
		why=$(bench_why "$SAID")
	elif ! "$@" test -r "$LABDIR/portlab" -a -x "$BUILD/lab/labns"; then
		why="uid $NOBODY cannot read this checkout, $ROOT"
	elif ! "$@" "$LABDIR/portlab" run client -- true >"$SAID" 2>&1; then
		why=$(bench_why "$SAID")
	fi
	[[ -n $why ]] || return 0
	bench_gap 'portlab, ordinary user' "$why"
	return 1
}

ours() { # WHAT [PREFIX...]
	local what=$1 runs median min max
	shift
	# Once before, so that every program has been read from the disk.
	bench_times 1 "$SAID" "$@" "$LABDIR/portlab" run client -- true \
		>/dev/null || die "$what: $(bench_why "$SAID")"
	bench_times "$N" "$SAID" "$@" "$LABDIR/portlab" run client -- true \
		>"$TMP/times" || die "$what: $(bench_why "$SAID")"
	read -r runs median min max < <(bench_sum <"$TMP/times")
	: "${BASE_US:=$median}"
	bench_row "$what" "$runs" "$median" "$min" "$max" "$BASE_US"
}

# Someone else's network: a row; or why there is none, and false.
theirs() { # WHAT RUNS COMMAND...
	local what=$1 runs=$2 median min max
	shift 2
	if ! bench_times 1 "$SAID" "$@" >/dev/null ||
		! bench_times "$runs" "$SAID" "$@" >"$TMP/times"; then
		bench_gap "${what%%,*}" "does not work here: $(bench_why "$SAID")"
		return 1
	fi
	read -r runs median min max < <(bench_sum <"$TMP/times")
	bench_row "$what" "$runs" "$median" "$min" "$max" "$BASE_US"
}

# --- mininet -----------------------------------------------------------------

mininet() {
	local python found=''
	for python in python3 /usr/bin/python3; do
		"$python" -c 'import mininet' 2>/dev/null && found=$python && break
	done
	if [[ -z $found ]] || ! have mnexec; then
		bench_gap mininet 'not installed (apt-get install mininet)'
	elif [[ $EUID != 0 ]]; then
		bench_gap mininet 'needs root (sudo make bench)'
	else
		# In namespaces of its own, so that none of it can be left over.
		theirs 'mininet, root, no switch' "$MININET_RUNS" \
			timeout --foreground -k 5 60 \
			unshare --net --pid --fork --kill-child --mount-proc \
			"$found" "$HERE/mininet_three.py" true || true
	fi
}

# --- the stages, in both engines ---------------------------------------------

# A network that stays: up, one command in it, down. In Docker it is the same
# three hosts, of docker-compose.yml.
stages() {
	local why=''
	bench_head 'a network that stays'
	stages_of namespaces "$N"
	if ! have docker; then
		why='not installed (apt-get install docker.io docker-compose)'
	elif ! timeout --foreground 20 docker info >"$SAID" 2>&1; then
		why='no daemon answers'
	elif ! docker image inspect portlab-host portlab-lab >"$SAID" 2>&1; then
		why='the images are not made yet (make up ENGINE=docker)'
	fi
	if [[ -n $why ]]; then
		bench_gap docker "$why"
	else
		DOCKER=1
		stages_of docker "$DOCKER_RUNS"
	fi
}

stages_of() { # ENGINE RUNS
	local engine=$1 i stage runs median min max
	rm -f "$TMP"/stage.*
	# Once before, so that every program has been read from the disk.
	for ((i = 0; i <= $2; i++)); do
		stage up
		stage exec client true
		stage down
	done
	for stage in up exec down; do
		read -r runs median min max < \
			<(sed 1d "$TMP/stage.$stage" | bench_sum)
		[[ $engine != namespaces ]] || BASE_OF[$stage]=$median
		bench_row "$engine: $stage" "$runs" "$median" "$min" "$max" \
			"${BASE_OF[$stage]}"
	done
}

stage() { # VERB [ARG...]; of $engine
	ENGINE=$engine bench_times 1 "$SAID" "$LABDIR/portlab" "$@" \
		>>"$TMP/stage.$1" || die "$engine, $1: $(bench_why "$SAID")"
}

# --- fifty at once -----------------------------------------------------------

# Each network says that it is there and then waits for the last of them, so
# that all of them are up together; the clock stops when the last is gone.
crowd() { # WHO [PREFIX...]
	local who=$1 runs median min max
	shift
	mkfifo -m 666 "$TMP/ready" "$TMP/go"
	bench_times "$CROWD_RUNS" "$SAID" crowd_once "$@" >"$TMP/times" ||
		die "$CROWD networks at once, $who: $(bench_why "$SAID")"
	rm "$TMP/ready" "$TMP/go"
	read -r runs median min max < <(bench_sum <"$TMP/times")
	awk -v crowd="$CROWD" -v who="$who" -v median="$median" -v min="$min" \
		-v max="$max" '
	BEGIN {
		printf "%d networks at once, %s: %.2f s, %.0f a second", crowd,
			who, median / 1e6, crowd * 1e6 / median
		printf " (%.2f to %.2f s)\n", min / 1e6, max / 1e6
	}'
}

crowd_once() { # [PREFIX...]
	local ready go status=0
	exec {ready}<>"$TMP/ready"
	# An argument that is not used numbers the networks for xargs.
	seq "$CROWD" | xargs -P "$CROWD" -n 1 "$@" "$LABDIR/portlab" run client -- \
		sh -c 'echo up >"$0" && : <"$1"' "$TMP/ready" "$TMP/go" &
	CROWD_PID=$!
	crowd_ready "$ready" || status=1
	exec {go}<>"$TMP/go"
	[[ $status == 0 ]] || kill "$CROWD_PID"
	wait "$CROWD_PID" || status=1
	CROWD_PID=''
	exec {ready}>&- {go}>&-
	return "$status"
}

crowd_ready() { # FD
	local i
	for ((i = 0; i < CROWD; i++)); do
		if ! read -r -t 30 -u "$1" _; then
			echo "only $i were up after 30 s"
			return 1
		fi
	done
}

# --- the goal ----------------------------------------------------------------

goal() {
	local text
	printf -v text 'goal: under 0.%03d s median as an ordinary user' \
		$((GOAL_US / 1000))
	if [[ -z $ORDINARY_US ]]; then
		echo "$text: not measured, see above"
	elif [[ $ORDINARY_US -lt $GOAL_US ]]; then
		echo "$text: met"
	else
		echo "$text: missed"
		return 1
	fi
}

main
