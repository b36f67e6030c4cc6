# wire.bash - what the capture of this run shows (sourced)
# shellcheck shell=bash

# The addresses of the hosts.
CLIENT4=198.51.100.10 CLIENT6=2001:db8:1::10
SERVER4=203.0.113.20 SERVER6=2001:db8:2::20
ROUTER4=198.51.100.1
[[ -z ${CHECK_BARE-} ]] || CLIENT4=127.0.0.1 SERVER4=127.0.2.20 ROUTER4=127.0.3.1
readonly CLIENT4 CLIENT6 SERVER4 SERVER6 ROUTER4

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

# Who sent the packets with FLAG, client or server, one a line: the server's end
# is the one with a port of this check.
senders() { # FLAG
	awk -v flag="$1" -v first="$PORT" -v many="$PORTS_A_CHECK" '
	index("," $6 ",", "," flag ",") {
		port = $3
		sub(/.*:/, "", port)
		print (port >= first && port < first + many) ? "server" : "client"
	}' "$HERE/events"
}

packets() { # SIDE FLAG
	senders "$2" | grep -c "^$1" || true
}

shows() { # SIDE FLAG
	(($(packets "$1" "$2") > 0)) || because "On the wire there is no $2 from the $1."
}

shows_no() { # SIDE FLAG
	(($(packets "$1" "$2") == 0)) || because "On the wire there is a $2 from the $1."
}

first_fin_from() { # SIDE
	local first
	first=$(senders FIN | head -n 1)
	[[ $first != "$1" ]] || return 0
	note expected "the first FIN from the $1"
	if [[ -n $first ]]; then
		note got "the first FIN from the $first"
	else
		note got "no FIN at all"
	fi
	because "On the wire the first FIN is not the $1's."
}

# --- the kernel's tables -----------------------------------------------------

readonly TABLE_MS=2000

# Until nothing is half made or half closed: what close() sends, has been sent.
at_rest() {
	local host
	for host in client server; do
		host_await "$host" settled "$TABLE_MS" || true
	done
}

# A connection of this check's PORT is in TIME_WAIT at the end of HOST.
in_time_wait() { # HOST
	local status=0
	host_await "$1" time-wait "$PORT" "$TABLE_MS" || status=$?
	case $status in
	0) ;;
	1) because "The $1's kernel has no connection of port $PORT in TIME_WAIT." ;;
	*) grader_broken "await time-wait: status $status" ;;
	esac
}

# What first came back to the client, of what is in $HERE/events: "nothing", or
# a packet "of" a host. One that came to the router, and no further, is none.
first_answer() {
	awk -v client4="$CLIENT4:" -v client6="[$CLIENT6]:" \
		-v server4="$SERVER4:" -v server6="[$SERVER6]:" '
	index($4, client4) != 1 && index($4, client6) != 1 { next }
	$11 == "dropped" || $11 == "rejected" { next }
	{
		host = index($3, server4) == 1 || index($3, server6) == 1 ? \
			"server" : "router"
		if (index("," $15 ",", ",own,"))
			host = "router"
		kind = $5 == "icmp" ? "ICMP" : $5 == "rst" ? "RST" : $6
		answer = kind " of " host
		exit
	}
	END { print answer ? answer : "nothing" }' "$HERE/events"
}

# For a SYN to this check's port this, in the words of first_answer, came back.
answered_by() { # WHAT
	local came
	wire
	came=$(first_answer)
	[[ $came == "$1" ]] || {
		note expected "on the wire comes back: $1"
		note got "$came"
		because "This network would have answered otherwise, had it been asked."
	}
}

sent_syn() {
	awk '$5 == "syn" { found = 1 } END { exit !found }' "$HERE/events"
}
