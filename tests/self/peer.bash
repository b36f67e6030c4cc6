# peer.bash - what the tests of probe and chaos share (loaded by bats files after
# lab.bash): a server in the background, and one with a defect of one's choice
# shellcheck shell=bash

PATIENCE_S=60

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${PORTLAB_BUILD:-$ROOT/build}
	export ROOT BUILD
	"${CC:-cc}" -D_GNU_SOURCE -std=c17 -o "$BATS_FILE_TMPDIR/defective" \
		"$ROOT/tests/self/chaos/defective.c"
}

teardown() {
	kill_children "$PID"
}

# start COMMAND...: in the background; the port that its first line ends with
# is in $PORT.
start() {
	rm -f out
	mkfifo out
	"$@" >out 2>&1 3>&- 4>&- 10>&- &
	PID=$!
	exec {OUT}<out
	IFS= read -r -t "$PATIENCE_S" LINE <&"$OUT"
	PORT=${LINE##*[: ]}
}
