#!/usr/bin/env bats
# What proves the graders, lab by lab: the solution passes all checks, the
# starter does not, honest variants (tests/NN-*/variants/NAME/) pass, and each
# mutant, the solution with one defect planted by tests/NN-*/mutants/NAME.patch,
# fails just the checks that the head of its patch names.
#
#   What: the defect, in a sentence
#   Fails: the checks that must fail, not those that are then not made
#   May: checks that may fail, as it depends on who is faster (mostly left out)
#   Says: what the report must say, a regular expression (may be left out)
#
# MUTANTS='01-echo/no-*' grades only the mutants and variants of these names.
# SEED=N has all of them graded with one seed, not with one of their own each.

load lab
bats_require_minimum_version 1.5.0

LIMIT_S=700 # of one run: longer than the grader lets all checks take
AT_ONCE=$((2 * $(nproc))) # most of a run is waiting for what a mutant does not do

setup() {
	own_state
	RUNS=$BATS_TEST_TMPDIR/runs
	mkdir "$RUNS"
}

# The labs that are graded.
labs() {
	local checks
	for checks in "$ROOT"/labs/*/checks.tsv; do
		checks=${checks%/checks.tsv}
		[[ -f $ROOT/tests/${checks##*/}.bats ]] && echo "${checks##*/}"
	done
}

# What matches tests/LAB/PATTERN, as LAB/NAME, if it was asked for.
chosen() { # PATTERN
	local lab path name
	for lab in $(labs); do
		for path in "$ROOT/tests/$lab"/$1; do
			name=$lab/$(basename "$path" .patch)
			# shellcheck disable=SC2053 # a pattern is wanted
			[[ ! -e $path || $name != ${MUTANTS:-*} ]] || echo "$name"
		done
	done
}

# --- one run -----------------------------------------------------------------

# Grade FOLDER; sets STATUS, and leaves the results in $RUNS/NAME.
grade() { # NAME FOLDER
	RESULTS=$RUNS/$1
	mkdir -p "${RESULTS%/*}"
	STATUS=0
	timeout -k 5 "$LIMIT_S" "$PORTLAB" check "${1%%/*}" --submit "$2" \
		--keep "$RESULTS" ${SEED:+--seed "$SEED"} \
		>"$RESULTS.out" 2>"$RESULTS.err" </dev/null \
		3>&- 4>&- 10>&- || STATUS=$?
	[[ -s $RESULTS/results.tsv ]] ||
		STATUS="$STATUS, and no results: $(head -n 3 "$RESULTS.err")"
}

# The ids of the checks that came to STATE, but for some, in one line, sorted.
checks_that() { # STATE [IDS]
	awk -v state="$1" -v but=" ${2-} " '
	$2 == state && !index(but, " " $1 " ") { print $1 }' \
		"$RESULTS/results.tsv" | sort | xargs
}

# The value of KEY in the head of a patch.
head_of() { # KEY PATCH
	sed -n "/^---/q; s/^$1: *//p" "$2"
}

# What must fail, but for what this machine cannot check.
must_fail() { # PATCH
	local id
	for id in $(head_of Fails "$1" | tr ' ' '\n' | sort); do
		[[ " $(checks_that not-here) " == *" $id "* ]] || echo "$id"
	done | xargs
}

differs() { # NAME WORDS...
	printf '%-36s %s\n' "$1" "${*:2}"
}

# Of checks that failed and are not among IDS: why.
explains() { # IDS
	local id
	for id in $(checks_that failed "$1"); do
		sed "s/^/    $id: /" "$RESULTS/checks/$id/account"
	done
}

# Nothing, or lines on how the mutant's verdict differs from its patch.
judge_mutant() { # LAB/NAME
	local patch=$ROOT/tests/${1%%/*}/mutants/${1#*/}.patch
	local folder=$RUNS/$1.source fails failed says
	mkdir -p "$folder"
	cp "$ROOT/labs/${1%%/*}/solution/"* "$folder/"
	patch -s -p1 --no-backup-if-mismatch -F0 -d "$folder" <"$patch" \
		>/dev/null || {
		differs "$1" "the patch does not fit the solution"
		return
	}
	grade "$1" "$folder"
	fails=$(must_fail "$patch")
	failed=$(checks_that failed "$(head_of May "$patch")")
	[[ $STATUS == 1 || -z $fails ]] ||
		differs "$1" "status $STATUS"
	[[ $failed == "$fails" ]] ||
		differs "$1" "must fail: $fails; failed: $failed"
	explains "$fails $(head_of May "$patch")"
	says=$(head_of Says "$patch")
	grep -qE -- "$says" "$RESULTS/transcript.txt" ||
		differs "$1" "the report does not say: $says"
}

# Nothing, or a line: full points, and no check that did not pass.
judge_honest() { # LAB/NAME
	local folder=$ROOT/tests/${1%%/*}/variants/${1#*/}
	[[ ${1#*/} != solution ]] || folder=$ROOT/labs/$1
	grade "$1" "$folder"
	[[ $STATUS == 0 ]] ||
		differs "$1" "status $STATUS, failed: $(checks_that failed)"
	explains ''
	[[ -z $(checks_that failed)$(checks_that not-checked) ]] ||
		differs "$1" "did not pass: $(checks_that failed)" \
			"$(checks_that not-checked)"
	awk '{ points += $3; max += $4 } END { exit points != max }' \
		"$RESULTS/results.tsv" || differs "$1" "not all points"
}

# Some at once, each with its line in a file; fails if there is any line.
judge() { # FUNCTION NAME...
	local name running=0
	for name in "${@:2}"; do
		((running < AT_ONCE)) || {
			wait -n
			running=$((running - 1))
		}
		"$1" "$name" >"$BATS_TEST_TMPDIR/${name/\//.}.verdict" 2>&1 \
			3>&- 4>&- 10>&- &
		running=$((running + 1))
	done
	wait
	cat "$BATS_TEST_TMPDIR"/*.verdict >"$BATS_TEST_TMPDIR/verdicts"
	cat "$BATS_TEST_TMPDIR/verdicts"
	[[ ! -s $BATS_TEST_TMPDIR/verdicts ]]
}

# --- the tests ---------------------------------------------------------------

@test "each solution passes every check" {
	local -a names
	mapfile -t names < <(labs | sed 's|$|/solution|')
	[[ ${#names[@]} -gt 0 ]]
	judge judge_honest "${names[@]}"
}

@test "each starter compiles without a warning, and does not pass" {
	local lab
	for lab in $(labs); do
		grade "$lab/starter" "$ROOT/labs/$lab/starter"
		echo "$lab: status $STATUS, failed: $(checks_that failed)"
		[[ $STATUS == 1 ]]
		[[ " $(checks_that passed) " == *" builds "* ]]
		[[ " $(checks_that passed) " == *" warnings "* ]]
	done
}

@test "the head of each patch can be believed" {
	local name patch id
	for name in $(chosen 'mutants/*.patch'); do
		patch=$ROOT/tests/${name%%/*}/mutants/${name#*/}.patch
		echo "$name"
		[[ -n $(head_of What "$patch") && -n $(head_of Fails "$patch") ]]
		for id in $(head_of Fails "$patch") $(head_of May "$patch"); do
			echo "check $id"
			cut -f 1 "$ROOT/labs/${name%%/*}/checks.tsv" | grep -qx "$id"
		done
	done
}

@test "each check is one that some mutant fails" {
	local lab id lost=''
	for lab in $(labs); do
		[[ -d $ROOT/tests/$lab/mutants ]] || continue
		while IFS=$'\t' read -r id _; do
			grep -qrE "^Fails:.* $id( |\$)" "$ROOT/tests/$lab/mutants" ||
				lost+=" $lab/$id"
		done < <(sed 1d "$ROOT/labs/$lab/checks.tsv")
	done
	echo "no mutant fails:$lost"
	[[ -z $lost ]]
}

@test "each honest variant passes every check" {
	local -a names
	mapfile -t names < <(chosen 'variants/*')
	[[ ${#names[@]} -gt 0 ]] || skip "no variant of this name"
	judge judge_honest "${names[@]}"
}

@test "each mutant fails just the checks that it must fail" {
	local -a names
	mapfile -t names < <(chosen 'mutants/*.patch')
	[[ ${#names[@]} -gt 0 ]] || skip "no mutant of this name"
	judge judge_mutant "${names[@]}"
}
