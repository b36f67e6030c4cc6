#!/usr/bin/env bash
# 02-multiport - thousands of ports in one process: how long until it listens
# on all of them, and how long one client on each takes, in turn: a line read,
# a few bytes there and back, EOF both ways. By poll(), lab 02's model answer,
# with more and more ports; and by epoll, one of its honest variants. As poll()
# looks at all 10,000 for each event, that takes a minute or two; EVERY=20 is for
# those who have not: a client on every 20th port.
#
# Usage: make bench [EVERY=20]
# Exit status: 1 when 10,000 ports cannot be served though there are enough
# descriptors for them.
set -euo pipefail

# shellcheck source=tests/bench/bench.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/bench.sh"

readonly LAB=02-multiport
readonly FIRST_PORT=10001
readonly PROBE=$BUILD/test/probe
readonly SPARE=100 # descriptors for other things than ports

EVERY=${EVERY:-1}
[[ $EVERY =~ ^[1-9][0-9]{0,3}$ ]] ||
	say_usage "EVERY=$EVERY is no number of ports"

TMP=$(mktemp -d)

cleanup() {
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

main() {
	printf '%-26s %11s %9s %12s %12s\n' 'many ports in one process' \
		listening clients 'in turn' 'each'
	row poll 100 1 "$BUILD/solution/multiport"
	row poll 1000 1 "$BUILD/solution/multiport"
	row poll 10000 "$EVERY" "$BUILD/solution/multiport"
	if variant epoll; then
		row epoll 10000 1 "$TMP/epoll"
	fi
}

# Build an honest variant as TMP/NAME.
variant() { # NAME
	local source=$ROOT/tests/$LAB/variants/$1/multiport.c
	${CC:-cc} -O2 -std=c17 -D_GNU_SOURCE -I"$ROOT/common" -o "$TMP/$1" \
		"$source" "$ROOT/common/net.c" "$ROOT/common/cli.c" \
		>"$TMP/said" 2>&1 && return
	bench_gap "$1" "$(bench_why "$TMP/said")"
	return 1
}

row() { # WHAT PORTS EVERY PROGRAM
	local what="$1, $2 ports" listening served
	if (($(ulimit -Hn) < $2 + SPARE)); then
		bench_gap "$what" "only $(ulimit -Hn) descriptors here (ulimit -Hn)"
		return
	fi
	script "$2" "$3" >"$TMP/script"
	"$LABDIR/portlab" run server -- "$0" --inside "$2" "$4" "$TMP" \
		</dev/null >"$TMP/times" 2>"$TMP/said" ||
		die "$what: $(bench_why "$TMP/said")"
	read -r listening served <"$TMP/times"
	awk -v what="$what" -v clients="$(($2 / $3))" -v up="$listening" \
		-v all="$served" '
	BEGIN {
		printf "%-26s %9.3f s %9d %10.2f s %9.3f ms\n", what, up / 1e6,
			clients, all / 1e6, all / clients / 1e3
	}'
}

# What each client does, for the probe.
script() { # PORTS EVERY
	seq -f "connect a 127.0.0.1 %.0f
expect-line a
exchange a \"hello\"
half-close a
expect-eof a
close a" "$FIRST_PORT" "$2" $((FIRST_PORT + $1 - 1))
}

# On a host of its own: "LISTEN CLIENTS", in microseconds.
inside() { # PORTS PROGRAM TMP
	local start up served line='' pid
	mkfifo "$3/said.pipe"
	start=${EPOCHREALTIME/[.,]/}
	"$2" "$FIRST_PORT-$((FIRST_PORT + $1 - 1))" 2>"$3/said.pipe" &
	pid=$!
	exec {SAID}<"$3/said.pipe"
	rm "$3/said.pipe"
	IFS= read -r -t 60 line <&"$SAID"
	up=${EPOCHREALTIME/[.,]/}
	[[ $line == "serving $1 ports" ]] || die "$line"
	timeout 600 "$PROBE" -t 60000 -f "$3/script" >&2
	served=${EPOCHREALTIME/[.,]/}
	kill "$pid"
	wait "$pid"
	echo "$((up - start)) $((served - up))"
}

if [[ ${1-} == --inside ]]; then
	shift
	trap - EXIT
	inside "$@"
else
	main
fi
