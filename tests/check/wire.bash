# wire.bash - what the capture of this run shows (sourced)
# shellcheck shell=bash

readonly MARK_MS=5000
MARKS=0

# The packets of PORT... (this check's PORT) so far, one a line as common/ladder/
# README.md describes them, in $HERE/events. A datagram that is sent now comes
# after all of them, so when it is in the file, they are.
wire() { # [PORT...]
	local mark=check-$CHECK-$((++MARKS)). ports
	ports=$(IFS=, && echo "${*:-$PORT}")
	"$LABNS" host router bash -c "echo $mark >/dev/udp/127.0.0.1/9"
	"$BUILD/lab/await" mark "$CAPTURE" "$mark" "$MARK_MS" ||
		grader_broken "the capture does not go on" || return
	ladder --events --at router --until-mark "$mark" --port "$ports" \
		"$CAPTURE" >"$HERE/events" ||
		grader_broken "ladder cannot read the capture"
}

# How many packets from SIDE, client or server, have FLAG: the server's end is
# the one with a port of this check.
packets() { # SIDE FLAG
	awk -v side="$1" -v flag="$2" -v first="$PORT" -v many="$PORTS_A_CHECK" '
	{
		port = $3
		sub(/.*:/, "", port)
		from = port >= first && port < first + many ? "server" : "client"
		if (from == side && index("," $6 ",", "," flag ","))
			count++
	}
	END { print count + 0 }' "$HERE/events"
}

shows() { # SIDE FLAG
	(($(packets "$1" "$2") > 0)) || because "On the wire there is no $2 from the $1."
}

shows_no() { # SIDE FLAG
	(($(packets "$1" "$2") == 0)) || because "On the wire there is a $2 from the $1."
}
