# peer.bash - what the tests of probe and chaos share (loaded by bats files): a
# server in the background, and one with a defect of one's choice
# shellcheck shell=bash

PATIENCE_S=20

setup_file() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${PORTLAB_BUILD:-$ROOT/build}
	export ROOT BUILD
	"${CC:-cc}" -D_GNU_SOURCE -std=c17 -o "$BATS_FILE_TMPDIR/defective" \
		"$ROOT/tests/self/chaos/defective.c"
}

teardown() {
	if [ -n "$PID" ]; then
		kill -KILL "$PID" 2>/dev/null || true
		wait "$PID" 2>/dev/null || true
	fi
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
