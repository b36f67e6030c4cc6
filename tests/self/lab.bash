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
	# What the one before has said is not to be taken for this one's.
	: >"$BATS_TEST_TMPDIR/background.out"
	: >"$BATS_TEST_TMPDIR/background.err"
	"$@" >"$BATS_TEST_TMPDIR/background.out" \
		2>"$BATS_TEST_TMPDIR/background.err" 3>&- 4>&- 10>&- &
	pid=$!
	BACKGROUND+=("$pid")
}

end_background() {
	kill_children "${BACKGROUND[@]}"
	BACKGROUND=()
}

# Kill those of these children of the shell that still run, and wait for them:
# the number of one that has ended may be another test's by now.
kill_children() { # PID...
	local each running
	running=" $(jobs -rp | tr '\n' ' ')"
	for each in "$@"; do
		[[ $running == *" $each "* ]] || continue
		kill -KILL "$each" 2>/dev/null || true
		wait "$each" 2>/dev/null || true
	done
}

# Wait until COMMAND succeeds; a minute is more than a busy machine needs.
eventually() {
	local deadline=$((SECONDS + 60))
	until "$@"; do
		((SECONDS < deadline)) || {
			echo "not within 60 s: $*"
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

# The pids of this test's processes whose command line has WORD in it.
ours() { # WORD
	local each
	for each in $(carrying "$PORTLAB_TEST"); do
		[[ $each == "$$" || $each == "$BASHPID" ||
			$(tr '\0' ' ' 2>/dev/null <"/proc/$each/cmdline") != *"$1"* ]] ||
			echo "$each"
	done
}

# One of them, but none that another of them has forked: such a one is gone in
# a moment, and has perhaps the lower number.
eldest_of_ours() { # WORD
	local each parent all
	all=" $(ours "$1" | tr '\n' ' ')"
	for each in $all; do
		parent=$(sed -n 's/^PPid:\t//p' "/proc/$each/status" 2>/dev/null) ||
			continue
		[[ $all == *" $parent "* ]] || echo "$each"
	done | sort -n | head -n 1
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
