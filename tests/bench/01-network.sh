#!/usr/bin/env bash
# 01-network - what it costs to make the three hosts, IPv4 and IPv6, to run one
# command on the client and to take them away: here, by mininet and by
# docker-compose; and fifty networks at once.
#
# Usage: make bench [N=RUNS]; mininet_three.py beside it is mininet's part
# Exit status: 1 when the goal is missed, or a network that could be made once
# cannot be made again.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly HERE=$ROOT/tests/bench
readonly GOAL_US=50000
readonly MININET_RUNS=5 COMPOSE_RUNS=3 CROWD=50 CROWD_RUNS=3
readonly NOBODY=65534
readonly IMAGE=debian:bookworm-slim

N=${N:-40}
[[ $N =~ ^[1-9][0-9]{0,4}$ ]] || say_usage "N=$N is no number of runs"

TMP=$(mktemp -d)
PROJECT=portlabbench$$
SAID=$TMP/said
COMPOSE=()
BASE_US=''
ORDINARY_US=''
CROWD_PID=''

cleanup() {
	trap '' INT TERM HUP
	[[ -z $CROWD_PID ]] || kill "$CROWD_PID" 2>/dev/null || true
	[[ ${#COMPOSE[@]} == 0 ]] || compose_cleanup
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
	compose
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

# --- docker-compose ----------------------------------------------------------

compose() {
	local -a command
	if ! have docker; then
		bench_gap docker 'not installed (apt-get install docker.io docker-compose)'
	elif ! timeout --foreground 10 docker info >"$SAID" 2>&1; then
		bench_gap docker 'no daemon answers'
	elif ! docker image inspect "$IMAGE" >/dev/null 2>&1; then
		bench_gap docker "image $IMAGE is not here"
	elif ! compose_command; then
		bench_gap docker 'neither "docker compose" nor docker-compose is here'
	else
		compose_file >"$TMP/compose.yml"
		COMPOSE=(timeout --foreground -k 5 120 "${command[@]}"
			-p "$PROJECT" -f "$TMP/compose.yml")
		if theirs "${command[*]}, three containers" "$COMPOSE_RUNS" \
			compose_once; then
			COMPOSE=()
		fi
	fi
}

compose_command() { # sets command
	if docker compose version >/dev/null 2>&1; then
		command=(docker compose)
	elif have docker-compose; then
		command=(docker-compose)
	else
		return 1
	fi
}

compose_once() {
	"${COMPOSE[@]}" up -d &&
		"${COMPOSE[@]}" exec -T client true &&
		"${COMPOSE[@]}" down -v
}

# Less than ours: the image has no ip(8) to set routes with. The IPv4 addresses
# are Docker's to choose, so that they clash with none of this machine's.
compose_file() {
	local host
	cat <<-END
		version: '2.4'
		networks:
		  lab:
		    internal: true
		    enable_ipv6: true
		    ipam:
		      config:
		        - subnet: $(printf 'fd%02x:%x:%x' $((RANDOM % 256)) \
			"$RANDOM" "$RANDOM")::/64
		services:
	END
	for host in client router server; do
		cat <<-END
			  $host:
			    image: $IMAGE
			    init: true
			    command: sleep infinity
			    networks: [lab]
		END
		[[ $host == router ]] || continue
		cat <<-END
			    sysctls:
			      net.ipv4.ip_forward: 1
			      net.ipv4.conf.all.send_redirects: 0
			      net.ipv6.conf.all.forwarding: 1
		END
	done
}

# Compose may have been stopped while the daemon was still making something.
compose_cleanup() {
	local label=label=com.docker.compose.project=$PROJECT
	"${COMPOSE[@]}" down -v -t 0 >/dev/null 2>&1 || true
	timeout --foreground 30 docker ps -aq --filter "$label" |
		xargs -r docker rm -f >/dev/null 2>&1 || true
	timeout --foreground 30 docker network ls -q --filter "$label" |
		xargs -r docker network rm >/dev/null 2>&1 || true
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
