#!/usr/bin/env bash
# 02-grader - what it costs to grade lab 01's solution once, and to run one
# command in a jail; and the memory that a run needs at its peak.
#
# The memory is the sum of what the processes of a run have for themselves, and
# their share of what they share (PSS, proc_pid_smaps_rollup(5)), looked at
# again and again in one run more: a short peak between two looks is missed.
#
# Usage: make bench [N=RUNS], of the jail; the grader's are fewer
# Exit status: 1 when a goal is missed.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly GOAL_CHECK_US=3000000 GOAL_JAIL_US=30000
readonly CHECK_RUNS=5 LOOK_S=0.02

N=${N:-40}
[[ $N =~ ^[1-9][0-9]{0,4}$ ]] || say_usage "N=$N is no number of runs"

TMP=$(mktemp -d)
SAID=$TMP/said
RUN_PID=''
MISSED=0
export PORTLAB_STATE=$TMP/state

cleanup() {
	trap '' INT TERM HUP
	[[ -z $RUN_PID ]] || kill "$RUN_PID" 2>/dev/null || true
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

main() {
	bench_head 'the grader'
	measure "lab 01's solution graded" "$CHECK_RUNS" "$GOAL_CHECK_US" check
	measure 'one command in a jail' "$N" "$GOAL_JAIL_US" \
		"$BUILD/test/jail" --chdir / true
	peak
	((MISSED == 0))
}

check() {
	"$LABDIR/portlab" check 01 --submit "$ROOT/labs/01-echo/solution" --seed 4711 \
		--keep "$TMP/kept"
}

measure() { # WHAT RUNS GOAL COMMAND...
	local what=$1 runs=$2 goal=$3 median min max
	shift 3
	# Once before, so that every program has been read from the disk.
	bench_times 1 "$SAID" "$@" >/dev/null || die "$what: $(bench_why "$SAID")"
	bench_times "$runs" "$SAID" "$@" >"$TMP/times" ||
		die "$what: $(bench_why "$SAID")"
	read -r runs median min max < <(bench_sum <"$TMP/times")
	bench_row "$what" "$runs" "$median" "$min" "$max" "$median"
	printf 'goal: under %d.%03d s median: ' $((goal / 1000000)) \
		$((goal / 1000 % 1000))
	if ((median < goal)); then
		echo met
	else
		echo missed
		MISSED=1
	fi
}

# Looked at until the run is over: what is below it is all of it.
peak() {
	local most=0 now
	check >"$SAID" 2>&1 </dev/null &
	RUN_PID=$!
	while kill -0 "$RUN_PID" 2>/dev/null; do
		now=$(bench_pss "$RUN_PID")
		((now <= most)) || most=$now
		read -r -t "$LOOK_S" <> <(:) || true
	done
	wait "$RUN_PID" || die "the run for its memory: $(bench_why "$SAID")"
	RUN_PID=''
	printf 'peak memory of a run: %d MB (PSS of all its processes)\n' \
		$((most / 1024))
}

main
