# verb-check.sh - in the place of the real one: what a submission asks for, as
# the real one would leave it (sourced)
# shellcheck shell=bash

verb_check() { # LAB --submit DIR --keep KEEP
	local lab=$ROOT/labs/$1 source keep=$5 word status=0
	source=$(echo "$3"/*.c)
	word=failed
	if [[ -f $source && ! -L $source ]]; then
		word=$(head -n 1 "$source")
	else
		source=/dev/null
	fi
	printf 'run %s\n' "$word" >>"$T/runs"
	[[ $word != waits ]] || until [[ -e $T/go ]]; do
		read -r -t 0.02 <> <(:) || true
	done
	if [[ $word == broken && ! -e $T/mended ]]; then
		echo 'portlab: the grader fell over' >&2
		return 3
	fi
	[[ $word != dies || -e $T/mended ]] || kill -KILL $$
	mkdir -p "$keep/checks/heads"
	printf '%s: %s\n' lab "$1" title "$(lab_conf "$lab" title)" seed 7 \
		submission "$3" again 'make check' wall-ms 1234 \
		binary "$(lab_programs "$lab" | cut -d ' ' -f 1) x" >"$keep/run"
	play_account "$source" "$keep" >"$keep/checks/heads/account"
	sed 1d "$source" >"$keep/checks/heads/ladder"
	sed 1d "$source" >"$keep/compiler"
	play_tap "$word" >"$keep/tap"
	grep -q '^not ok' "$keep/tap" && status=1
	[[ $word != leaves ]] || echo heads >"$keep/left-behind"
	echo "runner-status: $status" >>"$keep/run"
	"$BUILD/test/report" --format json "$lab" "$keep" >"$keep/report.json" ||
		true
	"$BUILD/test/report" --format tsv "$lab" "$keep" >"$keep/results.tsv" ||
		true
	return "$status"
}

play_account() { # SOURCE KEEP
	local text
	text=$(sed 1d "$1" | tr '\n\0' ' ?')
	printf '%s: %s\n' why "It said: $text" got "$text" said "$text" \
		expected 'heads' try "server $2/coin" try "client probe '$text'"
}

play_tap() { # WORD
	echo 1..5
	case $1 in
	failed | waits)
		printf '%s\n' 'ok 1 builds: x' 'not ok 2 heads: x' \
			'not ok 3 tails: x' 'ok 4 edge: x # skip needs heads' \
			'ok 5 spins: x # skip needs heads'
		;;
	some)
		printf '%s\n' 'ok 1 builds: x' 'ok 2 heads: x' \
			'not ok 3 tails: x' 'not ok 4 edge: x' \
			'ok 5 spins: x # skip not here: no coin'
		;;
	*)
		printf '%s\n' 'ok 1 builds: x' 'ok 2 heads: x' 'ok 3 tails: x' \
			'ok 4 edge: x' 'ok 5 spins: x'
		;;
	esac
}
