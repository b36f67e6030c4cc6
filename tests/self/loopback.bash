# loopback.bash - a network with nothing but lo, in which every port is free, and
# a server in it (loaded by bats files, after lab.bash)
# shellcheck shell=bash

PATIENCE_S=60
PROBE_PATIENCE_MS=40000
END_S=20 # by which it has ended, before the probe's own patience has

PIDS=()

teardown() {
	kill_children "${PIDS[@]}"
}

# A network of which we are root, until its holder ends.
make_network() {
	mkfifo holder
	unshare --user --map-root-user --net sh -c \
		'ip link set lo up && echo up && exec sleep 600' \
		>holder 2>&1 3>&- 4>&- 10>&- &
	HOLDER=$!
	PIDS+=("$HOLDER")
	read -r -t "$PATIENCE_S" REPLY <holder
	[ "$REPLY" = up ]
}

# Become COMMAND in that network.
become() {
	exec nsenter -t "$HOLDER" -U -n --preserve-credentials "$@" \
		3>&- 4>&- 10>&-
}

inside() {
	(become timeout "$PATIENCE_S" "$@")
}

# Wait until the server, whose output is the fifo said, says a line that begins
# with WORD, which is then in $LINE; what it says before is in $SAID.
await_line() { # WORD
	exec {OUT}<said
	SAID=
	while IFS= read -r -t "$PATIENCE_S" LINE <&"$OUT"; do
		echo "server: $LINE"
		[[ $LINE != "$1 "* ]] || return 0
		SAID+=$LINE$'\n'
	done
	return 1
}

# End the server: its status in $STATUS, what it still said in $REST.
stop() {
	kill -s "${1:-TERM}" "$SERVER"
	REST=$(timeout "$END_S" cat <&"$OUT")
	STATUS=0
	wait "$SERVER" || STATUS=$?
	echo "server ended with status $STATUS: $REST"
}

stops_well() {
	stop "$@"
	[ "$STATUS" -eq 0 ]
}

probe() {
	inside "$BUILD/test/probe" -t "$PROBE_PATIENCE_MS" "$@"
}

# The same in the background; comes back when it has said "ready". PROBE_MS is
# for each of its steps.
in_the_background() {
	rm -f go told
	mkfifo go
	: >told
	become "$BUILD/test/probe" -t "${PROBE_MS:-$PROBE_PATIENCE_MS}" "$@" \
		<go >told 2>&1 &
	PIDS+=("$!")
	exec {GO}>go
	has_told ready
}

# Wait until it has said WORD; false if it fails first, or does neither in five
# minutes.
has_told() { # WORD
	local deadline=$((SECONDS + 300))
	until grep -qE "^($1$|keyword: |probe: )" told; do
		((SECONDS < deadline)) || break
		read -r -t 0.02 <> <(:) || true
	done
	grep -q "^$1$" told || {
		cat told
		return 1
	}
}

# The processor time that the server has used, in ticks of 10 ms.
ticks() {
	local -a stat
	read -r -a stat <"/proc/$SERVER/stat"
	echo $((stat[13] + stat[14]))
}

descriptors() {
	find "/proc/$SERVER/fd" -type l | wc -l
}

has_descriptors() { # COUNT
	[ "$(descriptors)" -eq "$1" ]
}
