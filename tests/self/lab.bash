# lab.bash - what the tests of the lab network share (loaded by bats files)
# shellcheck shell=bash

ROOT=$(cd "$BATS_TEST_DIRNAME" && while [[ ! -e Makefile ]]; do cd ..; done && pwd)
BUILD=${PORTLAB_BUILD:-$ROOT/build}
PORTLAB=$ROOT/common/lab/portlab
export ROOT BUILD PORTLAB

# A state folder of this test's own, so that no test sees another's networks.
own_state() {
	export PORTLAB_STATE=$BATS_TEST_TMPDIR/state
	mkdir -p "$PORTLAB_STATE"
}

# Start COMMAND in the background, without what bats holds open; its pid is in
# $pid.
background() {
	"$@" >"$BATS_TEST_TMPDIR/background.out" \
		2>"$BATS_TEST_TMPDIR/background.err" 3>&- 4>&- 10>&- &
	pid=$!
	BACKGROUND+=("$pid")
}

end_background() {
	local each
	for each in "${BACKGROUND[@]-}"; do
		[[ -z $each ]] || kill -KILL "$each" 2>/dev/null || true
		[[ -z $each ]] || wait "$each" 2>/dev/null || true
	done
	BACKGROUND=()
}

# Wait, ten seconds at most, until COMMAND succeeds.
eventually() {
	local deadline=$((SECONDS + 10))
	until "$@"; do
		((SECONDS < deadline)) || {
			echo "not within 10 s: $*"
			return 1
		}
		read -r -t 0.02 <> <(:) || true
	done
}

# The pids that carry WORD in their environment: what a run has left behind. A
# process in a namespace that was made is seen from outside as any other.
carrying() { # WORD
	local environ found
	mapfile -t found < <(grep -lzsxF "PORTLAB_TEST=$1" /proc/[0-9]*/environ)
	for environ in "${found[@]}"; do
		# Of one that has ended, as grep itself has, nothing can be read.
		read -r -N 1 _ 2>/dev/null <"$environ" || continue
		environ=${environ%/environ}
		echo "${environ#/proc/}"
	done
}

# Kill whoever carries this test's own word, which is in PORTLAB_TEST.
end_carrying() {
	local each
	for each in $(carrying "${PORTLAB_TEST-none}"); do
		kill -KILL "$each" 2>/dev/null || true
	done
}

nothing_carries() { # WORD
	[[ -z $(carrying "$1") ]]
}

# The test is skipped where TOOL is not.
needs() { # TOOL
	command -v "$1" >/dev/null || skip "$1 is not installed"
}
