# bench.sh - what the benchmarks share: runs, medians and the table (sourced)
#
# Times are whole microseconds until they are printed.

# shellcheck source=common/lab/say.sh
. "${LABDIR:?is set by portlab; run: make bench}/say.sh"

# Numbers look alike everywhere.
export LC_ALL=C

# Print how long each of RUNS runs of COMMAND took, a line each. What the
# command says goes to the file SAID, to be shown if it fails.
bench_times() { # RUNS SAID COMMAND...
	local runs=$1 said=$2 start i
	shift 2
	for ((i = 0; i < runs; i++)); do
		start=${EPOCHREALTIME/[.,]/}
		"$@" </dev/null >"$said" 2>&1 || return
		echo $((${EPOCHREALTIME/[.,]/} - start))
	done
}

# Of the numbers on stdin: how many, median, least, greatest.
bench_sum() {
	sort -n | awk '
	{ t[NR] = $1 }
	END {
		median = (t[int((NR + 1) / 2)] + t[int(NR / 2) + 1]) / 2
		printf "%d %d %d %d\n", NR, median, t[1], t[NR]
	}'
}

bench_head() { # TITLE
	printf '%-36s %4s %9s %9s %9s %6s\n' "$1" runs median min max ratio
}

# One row of the table. The ratio is that of its median to BASE.
bench_row() { # WHAT RUNS MEDIAN MIN MAX BASE
	awk -v what="$1" -v runs="$2" -v median="$3" -v min="$4" -v max="$5" \
		-v base="$6" '
	BEGIN {
		ratio = median / base
		printf "%-36s %4d %7.3f s %7.3f s %7.3f s ", what, runs,
			median / 1e6, min / 1e6, max / 1e6
		printf ratio < 9.95 ? "%5.1fx\n" : "%5.0fx\n", ratio
	}'
}

# In place of a row: what could not be measured, and why.
bench_gap() { # WHAT WHY
	printf '%s: %s\n' "$1" "$2" | fold -s -w 80
}

# The first line that a command said before it failed, or that it was silent.
bench_why() { # SAID
	local line=''
	read -r line <"$1" || true
	printf '%s\n' "${line:-it failed without a word}"
}

# The memory of PID and all below it, in KiB (PSS, proc_pid_smaps_rollup(5)).
bench_pss() { # PID
	local pid
	local -a rollups=()
	for pid in $(bench_below "$1"); do
		rollups+=("/proc/$pid/smaps_rollup")
	done
	# Some have ended since.
	{ cat "${rollups[@]}" 2>/dev/null || true; } | awk '/^Pss:/ { n += $2 } END { print n + 0 }'
}

bench_below() { # PID
	ps -e -o pid=,ppid= | awk -v root="$1" '
	{ parent[$1] = $2 }
	END {
		for (pid in parent) {
			for (p = pid; p != "" && p != root; p = parent[p])
				;
			if (p == root)
				print pid
		}
	}'
}
