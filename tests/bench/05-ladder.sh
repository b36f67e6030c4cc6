#!/usr/bin/env bash
# 05-ladder - how many packets a second `ladder --events` takes, and how many
# times longer tshark needs for the flow graph of the same capture; the memory
# that many connections and a port scan cost.
#
# The captures are made by ladder_traffic.pl beside it.
#
# Usage: make bench [N=RUNS]
# Exit status: 1 when a goal is missed.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly TRAFFIC=$ROOT/tests/bench/ladder_traffic.pl LADDER=$BUILD/bin/ladder
readonly CONNECTIONS=8000 ROUNDS=12 PACKETS=$((8000 * (7 + 4 * 12)))
readonly GOAL_A_SECOND=1000000 GOAL_TIMES=20 TSHARK_RUNS=3

N=${N:-10}
[[ $N =~ ^[1-9][0-9]{0,4}$ ]] || say_usage "N=$N is no number of runs"

TMP=$(mktemp -d)
SAID=$TMP/said
BASE_US=''
MISSED=0

cleanup() {
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

main() {
	have perl || die 'perl is not installed: it makes the captures'
	"$TRAFFIC" talk "$CONNECTIONS" "$ROUNDS" >"$TMP/talk.pcap"
	"$TRAFFIC" scan 65535 >"$TMP/scan.pcap"
	bench_head "$PACKETS packets, $CONNECTIONS connections"
	ours
	tshark_too
	memory 'these connections, --events' --events "$TMP/talk.pcap"
	memory 'these connections, drawn' "$TMP/talk.pcap"
	memory 'a scan of 65535 ports, drawn' "$TMP/scan.pcap"
	((MISSED == 0))
}

goal() { # TEXT MET
	if (($2)); then
		printf 'goal: %s: met\n' "$1"
	else
		printf 'goal: %s: missed\n' "$1"
		MISSED=1
	fi
}

events() {
	"$LADDER" --events "$TMP/talk.pcap" >"$TMP/events"
}

flows() {
	tshark -n -q -z flow,tcp,standard -r "$TMP/talk.pcap" >"$TMP/flows"
}

ours() {
	local runs median min max a_second
	events 2>"$SAID" || die "ladder: $(bench_why "$SAID")"
	[[ $(wc -l <"$TMP/events") == "$PACKETS" ]] ||
		die "ladder: $(wc -l <"$TMP/events") events for $PACKETS packets"
	bench_times "$N" "$SAID" events >"$TMP/times" ||
		die "ladder: $(bench_why "$SAID")"
	read -r runs median min max < <(bench_sum <"$TMP/times")
	BASE_US=$median
	bench_row 'ladder --events' "$runs" "$median" "$min" "$max" "$median"
	a_second=$((PACKETS * 1000000 / median))
	goal "$GOAL_A_SECOND packets a second, $a_second here" \
		$((a_second >= GOAL_A_SECOND))
}

tshark_too() {
	local runs median min max
	if ! have tshark; then
		bench_gap tshark 'not installed, so nothing to compare with'
		return
	fi
	bench_times "$TSHARK_RUNS" "$SAID" flows >"$TMP/times" || {
		bench_gap tshark "$(bench_why "$SAID")"
		return
	}
	read -r runs median min max < <(bench_sum <"$TMP/times")
	bench_row 'tshark -q -z flow,tcp,standard' "$runs" "$median" "$min" \
		"$max" "$BASE_US"
	goal "$GOAL_TIMES times as fast as tshark" \
		$((median >= GOAL_TIMES * BASE_US))
}

# The most that one run takes.
memory() { # WHAT OPTION...
	local what=$1 kib
	shift
	if ! have python3; then
		bench_gap "$what" 'python3 is not installed: it tells the memory'
		return
	fi
	kib=$(python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
		"$LADDER" "$@") || die "ladder $*: failed"
	printf 'peak memory, %-36s %3d MB\n' "$what:" $(((kib + 1023) / 1024))
}

main
