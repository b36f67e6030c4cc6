#!/usr/bin/env bats
# flake.bats - a few runs of the grader under load have one verdict; make flake
# makes many. `make programs` first.

load lab

setup() {
	own_state
	export TMPDIR=$BATS_TEST_TMPDIR PORTLAB_BUILD=$BUILD
	export PORTLAB_TEST="$BATS_TEST_NUMBER.$$.$RANDOM"
}

teardown() {
	end_background
	end_carrying
}

@test "eight runs under load have one verdict for each submission" {
	needs patch
	run timeout 1800 "$PORTLAB" flake 01 8
	echo "$output"
	[[ $status == 0 && ${lines[-1]} == '8 runs, 0 verdicts differ' ]]
	[[ ${#lines[@]} == 5 ]]
	nothing_left
	nothing_carries "$PORTLAB_TEST"
}

nothing_left() {
	! compgen -G "$TMPDIR/tmp.*" >/dev/null
}

# A suite whose verdict on one check changes from run to run.
flickers() {
	SUITE=$BATS_TEST_TMPDIR/suite
	mkdir -p "$SUITE/labs/07-coin/solution" "$SUITE/common" "$SUITE/tests/07-coin"
	cp -r "$ROOT/common/lab" "$SUITE/common/"
	printf 'title: A coin\nprogram: coin coin.c\nfiles: coin.c\n' \
		>"$SUITE/labs/07-coin/lab.conf"
	echo 'int main(void) { return 0; }' >"$SUITE/labs/07-coin/solution/coin.c"
	cat >"$SUITE/common/lab/verb-check.sh" <<-'END'
		verb_check() {
			local keep=${*: -1}
			mkdir -p "$keep"
			if [[ $keep == *.3 ]]; then
				echo 'no grade today' >&2
				exit 3
			fi
			printf 'heads\tpassed\t1\t1\ntails\t%s\t1\t1\n' \
				"$([[ $keep == *.2 ]] && echo failed || echo passed)" \
				>"$keep/results.tsv"
		}
	END
}

@test "a verdict that differs is found and named, a run without one too" {
	flickers
	run timeout 300 "$SUITE/common/lab/portlab" flake 07 6
	echo "$output"
	[[ $status == 1 ]]
	[[ $output == *'tails: passed 4 times, failed 1 times'* ]]
	[[ $output == *'no grade: no grade today 1 times'* ]]
	[[ $output == *'6 runs, '* ]]
}

@test "flake: how often is a number" {
	for n in '' 0 x -1 10000; do
		run "$PORTLAB" flake 01 "$n"
		[[ $status == 2 && ${#lines[@]} == 1 ]]
	done
}

@test "a signal ends the runs, the load and what they left" {
	background "$PORTLAB" flake 01 1000
	eventually compgen -G "$TMPDIR/tmp.*/kept.0.new.*" >/dev/null
	# shellcheck disable=SC2154 # background has set it
	kill -TERM "$pid"
	eventually nothing_carries "$PORTLAB_TEST"
	eventually nothing_left
}
