# grader.bash - the words in which a lab's checks are written (loaded by
# tests/NN-lab.bats, which tests/check/run starts)
# shellcheck shell=bash
#
# A check is one test, "ID: what is true when it passes". It fails when one of
# these words fails, which has then written to its account why: lines "key:
# value" for the reporter, see tests/tools/report.h. A word that takes time has
# a limit, and waits for an event, not for the time to pass.
#
# The values that every check has: PORT, and port N for further ones, which are
# its own; SEED; SERVER4, SERVER6, CLIENT4, CLIENT6, ROUTER4, the addresses of
# the hosts; HERE, a folder of its own.

# Bats' trace of every command costs more than the checks do.
set +T

# shellcheck source=common/lab/lab.sh
. "$LABDIR/lab.sh"
# shellcheck source=tests/check/programs.sh
. "$TESTS/check/programs.sh"
# shellcheck source=tests/check/account.bash
. "$TESTS/check/account.bash"
# shellcheck source=tests/check/process.bash
. "$TESTS/check/process.bash"
# shellcheck source=tests/check/machine.bash
. "$TESTS/check/machine.bash"
# shellcheck source=tests/check/peer.bash
. "$TESTS/check/peer.bash"
# shellcheck source=tests/check/wire.bash
. "$TESTS/check/wire.bash"
# shellcheck source=tests/check/client.bash
. "$TESTS/check/client.bash"
# shellcheck source=tests/check/built.bash
. "$TESTS/check/built.bash"
# shellcheck source=tests/check/bare.bash
[[ -z ${CHECK_BARE-} ]] || . "$TESTS/check/bare.bash"
# shellcheck source=tests/check/scenario.bash
. "$TESTS/check/scenario.bash"
# shellcheck source=tests/check/ahead.bash
. "$TESTS/check/ahead.bash"

readonly COMPILED_MS=90000 # more than the compiler has, and has again

# Ports from 10000 on, below those that the kernel gives out by itself. Each
# check has some of its own, so that the capture can be sliced by them.
readonly FIRST_PORT=10000 PORTS_A_CHECK=64 BLOCKS=300

setup() {
	SKIPPED='' # the reason, when this check is not made
	check_begin "${BATS_TEST_DESCRIPTION%%:*}"
	check_needs
	check_in_time
	[[ -z ${CHECK_BARE-} ]] || bare_can
}

check_begin() { # ID
	CHECK=$1
	HERE=$WORK/results/checks/$CHECK
	ACCOUNT=$HERE/account
	compiled linked
	check_place
	PORT=$((FIRST_PORT + (SEED + NUMBER) % BLOCKS * PORTS_A_CHECK))
	! declare -F values >/dev/null || values
}

teardown() {
	[[ -n $SKIPPED || -n ${BATS_TEST_COMPLETED-} ]] || account_close
	process_end_all
	scenario_away
	kernel_settings_back
	seen_files_back
	if [[ -z $SKIPPED && -z ${BATS_TEST_COMPLETED-} ]]; then
		echo failed >"$HERE/state"
		return
	fi
	account_away
	[[ -n $SKIPPED ]] || echo passed >"$HERE/state"
}

# Until the compiler has come so far: see tests/check/compile.sh.
compiled() { # linked|warned
	local -a steps
	mapfile -t steps <"$WORK/compiled"
	[[ " ${steps[*]} " == *" $1 "* ]] ||
		"$BUILD/lab/await" mark "$WORK/compiled" "$1" "$COMPILED_MS" ||
		grader_broken "the compiler has not come to its end"
}

# The place of this check in checks.tsv, and what it needs.
check_place() {
	local id needs number=0
	while IFS=$'\t' read -r id _ _ _ needs _; do
		number=$((number + 1))
		[[ $id == "$CHECK" ]] || continue
		NUMBER=$number NEEDS=${needs//,/ }
		return
	done <"$LAB/checks.tsv"
	grader_broken "checks.tsv has no check $CHECK"
}

# What a check needs must have passed, or been left out.
check_needs() {
	local need state
	for need in $NEEDS; do
		[[ $need != - ]] || continue
		state=''
		read -r state 2>/dev/null <"$WORK/results/checks/$need/state" || true
		case $state in
		passed | left-out) ;;
		*) check_skip not-checked "needs $need" ;;
		esac
	done
}

# A submission that is slow everywhere has a grade, too.
check_in_time() {
	local now
	read -r now _ </proc/uptime
	((${now%.*} < RUN_UNTIL)) || because "The checks before this one have" \
		"taken $RUN_S s together: no time is left for it."
}

check_skip() { # STATE REASON
	SKIPPED=$2
	echo "$1" >"$HERE/state"
	skip "$2"
}

# PORT, and the next ones: port 2 is the second port of this check.
port() { # N
	echo $((PORT + $1 - 1))
}
