#!/usr/bin/env bash
# seen.sh - on the client of a lab network: what becomes of SYNs to some ports
# of the server and to one of the client, and which kinds of packets client and
# router see meanwhile, each kind once
#
# Usage: portlab exec client tests/self/docker/seen.sh
#
# Nothing of it depends on when something happened, or how often; so of bare
# ACKs there is nothing.
set -euo pipefail

# shellcheck source=common/lab/say.sh
. "$LABDIR/say.sh"
# shellcheck source=common/lab/capture.sh
. "$LABDIR/capture.sh"

readonly PORTS=(7001 9000) # few: ICMP errors are limited to some a second
readonly LIMIT_MS=5000 # an address that is not there is told after 3 s

KNOCK=$BUILD/solution/knock
OUT=$(mktemp -d)
trap 'rm -rf "$OUT"' EXIT

knock() { # -4|-6 HOST PORT...
	"$KNOCK" -t "$LIMIT_MS" "$@" | sed "s/^/$1 /; s/ in [0-9.]* ms//" ||
		true
}

# Of each packet: who captured it, kind, flags, TTL, the known port, and whether
# that is the sender's.
kinds() { # HOST
	"$BUILD/bin/ladder" --events --at "$1" --hosts "$LABDIR/hosts" \
		"$OUT/$1.pcap" | awk -v host="$1" -v ports="${PORTS[*]}" '
	BEGIN { n = split(ports, list); while (n) known[list[n--]] = 1 }
	$5 != "ack" {
		from = $3; to = $4
		sub(/.*:/, "", from); sub(/.*:/, "", to)
		print host, $5, $6, $12, known[from] ? "from " from : "",
			known[to] ? "to " to : ""
	}' | tr -s ' ' | sort -u
}

capture_start client "$OUT/client.pcap"
capture_start router "$OUT/router.pcap"
pids=()
for family in -4 -6; do
	knock "$family" server "${PORTS[@]}" >"$OUT/server$family" &
	pids+=("$!")
	knock "$family" client 9000 >"$OUT/client$family" &
	pids+=("$!")
done
wait "${pids[@]}"
capture_stop client
capture_stop router
cat "$OUT"/{server,client}-[46]
kinds client
kinds router
