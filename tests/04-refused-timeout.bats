#!/usr/bin/env bats
#
# 04-refused-timeout.bats - what knock has to do. Each test is a check of
# labs/04-refused-timeout/checks.tsv; the words are those of tests/check/ and
# of tests/04-refused-timeout/knock.bash. To be run by: make check LAB=04

load check/grader
load 04-refused-timeout/knock

values() {
	mapfile -t MANY < <(seq "$PORT" "$(port 4)")
}

# Knock in SCENARIO, at a port at which this check has not knocked before.
meets() { # SCENARIO ARG...
	PORT=$((PORT + 1))
	scenario "$1"
	knock "${@:2}" server "$PORT"
}

# These take seconds, so they are begun before the first check.
setup_file() {
	ahead deadline gave-up
}

# At PORT of HOST, which is ADDR, something listens.
is_open() { # HOST ADDR PORT
	[[ -z ${PEER_PID-} ]] || {
		peer_go_on
		peer_end
	}
	peer_begin "$1" "listen l $3 $2" 'say listens' 'wait-input within 60000'
	peer_says listens
}

# What it is called, with its errno; which status says so; what came back.
finds() { # STATUS PACKET VERDICT [ERRNO]
	verdict "${@:3}"
	status_is "$1"
	answered_by "$2" || {
		knocked_elsewhere "$PORT"
		return 1
	}
}

# --- it compiles, and understands --------------------------------------------

@test "builds: compiles" {
	compiles knock
}

@test "warnings: compiles without a warning" {
	no_warnings
}

@test "no-name: no such name: one line, no verdict, status 1" {
	knock no-such-name "$PORT"
	complains 'name|host|resol'
	prints_nothing
	status_is 1
}

@test "bad-args: wrong arguments: usage, and status 2" {
	misuse server 70000
	misuse server "$PORT" 0
	misuse server "${PORT}x"
	misuse -t 0 server "$PORT"
	misuse -t 3s server "$PORT"
}

# --- steps 4 to 6: what became of one SYN ------------------------------------

@test "open: says open, without an errno, when a server listens" {
	meets open -4
	finds 0 'SYN,ACK of server' open
	at_once
}

@test "refused: says refused, at once, when nothing listens" {
	meets closed -4
	finds 3 'RST of server' refused ECONNREFUSED
	at_once
}

@test "timeout: says timeout, whoever keeps silent" {
	for network in drop drop-server drop-reply queue-full; do
		meets "$network" -4 -t 100
		finds 4 nothing timeout ETIMEDOUT
		not_before_the_deadline
	done
}

begin_deadline() {
	router_drops "$PORT" "$(port 2)"
	knocks -4 -t 50 "$ROUTER4" "$PORT"
	knocks -4 -t 1700 "$ROUTER4" "$(port 2)"
}

@test "deadline: ends at the deadline, from 50 ms on" {
	begun
	for nth in 0 1; do
		knocked "$nth"
		verdict timeout ETIMEDOUT
		at_the_deadline
	done
}

@test "clock: the deadline stays when somebody sets the clock" {
	with_chaos clock
	meets drop -4 -t 200
	verdict timeout ETIMEDOUT
	at_the_deadline
}

# Two SYNs are all, and then three seconds of patience.
begin_gave-up() {
	kernel_setting client ipv4/tcp_syn_linear_timeouts 0
	kernel_setting client ipv4/tcp_syn_retries 1
	router_drops "$PORT"
	knocks -4 -t 20000 "$ROUTER4" "$PORT"
}

@test "gave-up: says timeout when the kernel gives up first" {
	begun
	knocked 0
	finds 4 nothing timeout ETIMEDOUT
	ends_within 10000
}

@test "signals: EINTR or an answer does not move the deadline" {
	with_chaos eintr 0 2 # by that seed the first wait is interrupted
	meets late -t 1000
	verdict timeout ETIMEDOUT
	at_the_deadline
	ends_within 1000
}

@test "rejected: says refused, at once, for RST and ICMP" {
	meets reject-reset -4
	finds 3 'RST of router' refused ECONNREFUSED
	at_once
	meets reject -4
	finds 3 'ICMP of router' refused ECONNREFUSED
	at_once || why_rejected
}

why_rejected() {
	((TIMES[0] < 1000 || TIMES[0] > 2000)) ||
		diagnose "The ICMP answer came at once, while connect() was at work: the" \
			"kernel has noted it, and wakes poll(). SO_ERROR has it then. A" \
			"connect() that blocks, or a second one, has it a second later," \
			"when another SYN has got the same answer."
	return 1
}

@test "unreachable: no way to the host, or not permitted" {
	meets reject-host -4
	finds 5 'ICMP of router' unreachable EHOSTUNREACH
	meets reject-admin -4
	finds 5 'ICMP of router' unreachable EHOSTUNREACH
}

@test "no-way: no way to the network" {
	meets reject-net -4
	finds 5 'ICMP of router' unreachable ENETUNREACH
	meets no-route -4
	finds 5 nothing unreachable ENETUNREACH
}

@test "no-host: waits for the answer when the host is off" {
	kernel_setting router ipv4/neigh/eth1/retrans_time_ms 100
	meets no-host -4
	finds 5 'ICMP of router' unreachable EHOSTUNREACH
}

@test "ipv6: the same over IPv6, in the second that it takes" {
	meets closed -6
	finds 3 'RST of server' refused ECONNREFUSED
	knock "$SERVER6" "$PORT"
	verdict refused ECONNREFUSED
	meets no-route -6
	finds 5 nothing unreachable ENETUNREACH
	meets reject-admin -6 -t 5000
	finds 5 'ICMP of router' unreachable EACCES
}

@test "late-reject: says open when only what follows is rejected" {
	meets reject-data -4
	finds 0 'SYN,ACK of server' open
}

# --- step 7: many ports ------------------------------------------------------

@test "order: a line for each port, in the order given" {
	scenario queue-full
	is_open server "$SERVER4" "$(port 5)"
	knock -4 -t 200 server "$PORT" "$(port 3)" "$(port 9)" "$(port 2)" \
		"$(port 5)" "$(port 4)"
	verdicts "$PORT timeout ETIMEDOUT" "$(port 3) refused ECONNREFUSED" \
		"$(port 9) refused ECONNREFUSED" \
		"$(port 2) refused ECONNREFUSED" "$(port 5) open" \
		"$(port 4) refused ECONNREFUSED"
}

@test "status: the status is the highest that applies" {
	scenario open
	knock -4 server "$(port 2)" "$PORT"
	status_is 3
	scenario queue-full
	knock -4 -t 100 server "$PORT" "$(port 2)"
	status_is 4
}

@test "at-once: all SYNs go out before one deadline" {
	scenario drop
	knock -4 -t 300 server "${MANY[@]}"
	verdict timeout ETIMEDOUT
	wire "${MANY[@]}"
	begun_together "${#MANY[@]}"
	ends_within 300
}

@test "closes: a socket is closed when its verdict is known" {
	scenario queue-full
	knocks -4 -t 6000 server "${MANY[@]}"
	keeps_sockets 1 "${MANY[@]}"
	is_idle
}

@test "sanitizers: the sanitizers found nothing" {
	DETECT_LEAKS=1
	scenario drop-ipv6
	knock -t 200 server "$PORT" "$(port 2)"
	sanitizers_silent knock
}

# --- step 8: many addresses --------------------------------------------------

@test "addresses: a silent address does not hide another" {
	meets drop-ipv6
	verdict open
	status_is 0
	ends_within 1000
}

@test "one-deadline: one deadline is for all addresses" {
	meets drop -t 700
	verdict timeout ETIMEDOUT
	wire
	begun_together 2
	ends_within 700
}

@test "furthest: tells of the address where the SYN got furthest" {
	scenario drop-ipv6
	knock -t 150 server "$(port 2)"
	verdict refused ECONNREFUSED
	scenario drop-ipv4
	knock -t 150 server "$(port 2)"
	verdict refused ECONNREFUSED
	scenario drop-ipv4-no-ipv6
	knock -t 150 server "$(port 2)"
	verdict timeout ETIMEDOUT
}

@test "family: -4 and -6 choose the family" {
	scenario closed
	for family in 4 6; do
		knock "-$family" server "$(port "$family")"
		verdict refused ECONNREFUSED
		wire "$(port "$family")"
		only_family "$family"
	done
}

# --- step 9 ------------------------------------------------------------------

@test "self: does not call a connection to itself open" {
	scenario self
	knock -4 client "$PORT"
	verdict refused ECONNREFUSED
	status_is 3
	# The same source port, and then the same address: neither is enough.
	is_open server "$SERVER4" "$PORT"
	knock -4 server "$PORT"
	verdict open
	is_open client "$CLIENT4" "$(port 2)"
	knock -4 client "$(port 2)"
	verdict open
}
