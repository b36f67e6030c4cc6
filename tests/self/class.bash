# class.bash - a suite of one small lab, whose check does what a submission
# says, for tests of what is made of checks (loaded by bats files)
# shellcheck shell=bash

# The suite is $SUITE, with build/ of this one. Of a submission's coin.c the
# first line says what its check does, and the rest is what the program printed
# in the check that failed: passed, failed, some, broken, dies (is killed),
# leaves (a process), or waits until $T/go is there.
play_suite() { # FOLDER
	export T=$1 PORTLAB_BUILD=$BUILD
	export PORTLAB_TEST="${BATS_TEST_NUMBER-0}.$$.$RANDOM"
	SUITE="$T/a suite"
	PORTLAB=$SUITE/common/lab/portlab
	DIR=$T/submissions OUT="$T/the results"
	mkdir -p "$SUITE/tests/self" "$SUITE/labs" "$DIR"
	cp -r "$ROOT/common" "$ROOT/Makefile" "$SUITE/"
	cp -r "$ROOT"/tests/{check,class,tools} "$SUITE/tests/"
	play_lab 07-coin coin
}

# What a test of a class begins with.
class_setup() {
	needs parallel
	needs jq
	own_state
	play_suite "$BATS_TEST_TMPDIR"
}

# A lab NAME with one program.
play_lab() { # NAME PROGRAM
	local lab=$SUITE/labs/$1
	mkdir -p "$lab/starter" "$SUITE/tests/$1"
	: >"$SUITE/tests/$1.bats"
	printf 'title: A "%s" & its <sides>\nprogram: %s %s.c\nfiles: %s.c\n' \
		"$2" "$2" "$2" "$2" >"$lab/lab.conf"
	echo '/* yours */' >"$lab/starter/$2.c"
	printf '%s\t%s\t%s\t%s\t%s\t%s\n' \
		id step points show needs title \
		builds 0 1 visible - 'the coin compiles' \
		heads 1 2 visible builds 'shows its head' \
		tails 1 3 hidden builds 'shows its <tail> & "more"' \
		edge 2 4 after heads 'stands on its edge' \
		spins + 0 visible heads 'spins on' >"$lab/checks.tsv"
	cp "$ROOT/tests/self/class/verb-check.sh" "$SUITE/common/lab/"
}

# STUDENT hands in a coin.c that says WORD, with OUTPUT from stdin if it is -.
hands_in() { # STUDENT WORD [-]
	mkdir -p "$DIR/$1"
	{
		echo "$2"
		[[ ${3-} != - ]] || cat
	} >"$DIR/$1/coin.c"
}

class() { # [OPTION...]
	run timeout 600 "$PORTLAB" class 07 "$DIR" "$OUT" "$@" </dev/null
	# shellcheck disable=SC2154 # run has set it
	echo "$output"
}

# One value of a student's report.
of() { # STUDENT FILTER
	jq -r "$2" "$OUT/$1/report.json"
}
