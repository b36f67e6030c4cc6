#!/usr/bin/env bash
# 10-class - a class of lab 01: submissions a minute, memory at the peak, and
# whether each verdict is the one that must come; the processor time of a good
# submission; and whether ten times as many cost ten times as much.
#
# The class is made here: of ten, four are the solution, one the starter, four
# are mutants, whose patches say what must fail, and one attacks the grader. No
# two are alike to the byte, so that each has its own ports and payloads.
#
# Usage: make bench [CLASS=SUBMISSIONS]
# Exit status: 1 when a goal is missed.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly GOAL_CPU_MS=2000 GOAL_LINEAR=125 # of a good one; percent
readonly GOOD=10 SMALL=20 LOOK_S=0.5
readonly -a MUTANTS=(strlen no-htons no-listen does-not-compile port-atoi
	last-byte-lost ipv4-only sigterm-ignored client-strlen client-no-loop)

CLASS=${CLASS:-200}
[[ $CLASS =~ ^[1-9][0-9]{1,3}$ ]] ||
	say_usage "CLASS=$CLASS is no number of submissions, 10 to 9999"

LAB=$ROOT/labs/01-echo
TMP=$(mktemp -d)
SAID=$TMP/said
RUN_PID=''
MISSED=0
export PORTLAB_STATE=$TMP/state

cleanup() {
	trap '' INT TERM HUP
	[[ -z $RUN_PID ]] || kill "$RUN_PID" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

main() {
	local tool
	echo 'a class, lab 01'
	for tool in parallel jq patch; do
		have "$tool" || {
			bench_gap 'a class' "$tool is not installed"
			return
		}
	done
	good
	made small "$SMALL"
	graded small
	local small=$CPU_MS
	made large "$CLASS"
	graded large look
	figures "$small"
	((MISSED == 0))
}

goal() { # MET WORDS
	if (($1)); then
		echo "goal: ${*:2}: met"
	else
		echo "goal: ${*:2}: missed"
		MISSED=1
	fi
}

# --- submissions -------------------------------------------------------------

# COUNT submissions in $TMP/NAME; what must fail is in $TMP/NAME.fails.
made() { # NAME COUNT
	local i kind
	mkdir "$TMP/$1"
	for ((i = 0; i < $2; i++)); do
		kind=$((i % 10))
		case $kind in
		[0-3]) submission "$1" "$i" solution ;;
		4) submission "$1" "$i" starter ;;
		9) submission "$1" "$i" "attack-$((i / 10 % 3))" ;;
		*) submission "$1" "$i" "${MUTANTS[(i / 10 * 4 + i) % 10]}" ;;
		esac
	done
}

# Which checks must fail, by their ids, in one line, sorted; for a solution none.
submission() { # CLASS I KIND
	local name to patch
	name=$(printf '%04d-%s' "$2" "$3")
	to=$TMP/$1/$name
	cp -r -- "$LAB/solution" "$to"
	case $3 in
	solution) fails '' ;;
	starter)
		cp -- "$LAB"/starter/* "$to/"
		fails listens refused talks bad-port
		;;
	attack-*)
		attack "${3#attack-}" >"$to/echo_server.c"
		fails listens bad-port
		;;
	*)
		patch=$ROOT/tests/01-echo/mutants/$3.patch
		patch -s -p1 --no-backup-if-mismatch -F0 -d "$to" <"$patch"
		# shellcheck disable=SC2046 # words
		fails $(sed -n '/^---/q; s/^Fails: *//p' "$patch")
		;;
	esac >"$TMP/$1.$name.fails"
	for file in "$to"/*.c; do
		echo "/* student $2 */" >>"$file"
	done
}

fails() { # ID...
	printf '%s\n' "$@" | sort | xargs
}

# What ends at once and says that all is well, what multiplies, what floods.
attack() { # N
	case $1 in
	0) printf '%s\n' '#include <unistd.h>' \
		'__attribute__((constructor)) static void end(void) { _exit(0); }' \
		'int main(void) { return 0; }' ;;
	1) printf '%s\n' '#include <unistd.h>' \
		'int main(void) { for (;;) fork(); }' ;;
	2) printf '%s\n' '#include <stdio.h>' \
		'int main(void) { for (;;) puts("ok 1 listens: all is well"); }' ;;
	esac
}

# --- runs --------------------------------------------------------------------

# Grade the class $TMP/NAME; sets CPU_MS, user and system time, WALL_MS, and
# PEAK_KB if it is to look.
graded() { # NAME [look]
	local start=${EPOCHREALTIME/[.,]/} TIMEFORMAT='%U %S' user system now
	PEAK_KB=0
	{ time run_class "$1" >"$SAID" 2>&1; } 2>"$TMP/times" &
	RUN_PID=$!
	while [[ ${2-} == look ]] && kill -0 "$RUN_PID" 2>/dev/null; do
		now=$(bench_pss "$RUN_PID")
		((now <= PEAK_KB)) || PEAK_KB=$now
		read -r -t "$LOOK_S" <> <(:) || true
	done
	wait "$RUN_PID" || die "the class $1: $(bench_why "$SAID")"
	RUN_PID=''
	WALL_MS=$(((${EPOCHREALTIME/[.,]/} - start) / 1000))
	read -r user system < <(tail -n 1 "$TMP/times")
	CPU_MS=$(awk -v u="$user" -v s="$system" 'BEGIN { print int((u + s) * 1000) }')
}

run_class() { # NAME
	"$LABDIR/portlab" class 01 "$TMP/$1" "$TMP/$1.out" </dev/null
}

good() {
	local i each
	mkdir "$TMP/good"
	for ((i = 0; i < GOOD; i++)); do
		submission good "$i" solution
	done
	graded good
	verdicts good
	each=$((CPU_MS / GOOD))
	printf '%-44s %6d.%02d s\n' 'processor time, a good submission' \
		$((each / 1000)) $((each % 1000 / 10))
	goal $((each <= GOAL_CPU_MS)) "at most $((GOAL_CPU_MS / 1000)) s"
}

# Whether each of the class $TMP/NAME has failed what it must, and no more.
verdicts() { # NAME
	local file name failed wrong=0 count=0
	for file in "$TMP/$1".*.fails; do
		name=${file#"$TMP/$1."}
		name=${name%.fails}
		failed=$(jq -r '[.checks[] | select(.state == "failed"
			and (.further | not)) | .id] | sort | join(" ")' \
			"$TMP/$1.out/$name/report.json" | tr ' ' '\n' | sort | xargs)
		count=$((count + 1))
		[[ $failed == "$(<"$file")" ]] || {
			wrong=$((wrong + 1))
			printf '%s: must fail: %s; failed: %s\n' "$name" \
				"$(<"$file")" "$failed"
		}
	done
	printf '%-44s %d of %d\n' "verdicts as they must be" \
		$((count - wrong)) "$count"
	goal $((wrong == 0)) 'all of them'
}

figures() { # CPU-MS-OF-SMALL
	local small=$(($1 / SMALL)) large=$((CPU_MS / CLASS))
	verdicts large
	printf '%-44s %9.1f\n' "submissions a minute, $CLASS on $(nproc) cores" \
		"$(awk -v n="$CLASS" -v ms="$WALL_MS" \
			'BEGIN { print n * 60000 / ms }')"
	printf '%-44s %6d MB\n' 'memory at the peak (PSS)' $((PEAK_KB / 1024))
	printf '%-44s %3d.%02d and %d.%02d s\n' \
		"processor time of each, in classes of $SMALL and $CLASS" \
		$((small / 1000)) $((small % 1000 / 10)) \
		$((large / 1000)) $((large % 1000 / 10))
	goal $((large * 100 <= small * GOAL_LINEAR)) \
		"no more than $((GOAL_LINEAR - 100)) % apart"
}

main
