# capture.sh - tcpdump on a lab host (sourced)
#
# The filter keeps what a ladder shows: TCP, and ICMP, by which a firewall may
# answer. UDP to port 9 (discard, RFC 863) of its own loopback carries the mark
# that tells that everything sent before has been captured; nobody else on the
# network can send one, or fill the capture by that.

# The command that captures on the host it runs on, as pcap on stdout. Every
# frame takes the snapshot length in the kernel's ring: with the default, 256
# KiB, eight packets fill it and the next are lost; so here are 2048 places for
# 2 KiB. Root's tcpdump would become another user, which cannot write where
# root can.
capture_command() {
	CAPTURE=(tcpdump -i any -n -s 2048 -B 4096 -U --immediate-mode -w -)
	[[ $EUID != 0 ]] || CAPTURE+=(-Z root)
	CAPTURE+=('tcp or icmp or icmp6 or (udp dst port 9 and dst host 127.0.0.1)')
}

# --- inside the network: a capture that is known to have begun and ended ------

declare -A CAPTURE_TCPDUMP=() CAPTURE_TEE=() CAPTURE_SENTINEL=()

# Begin to capture on HOST into FILE; returns when tcpdump listens.
capture_start() { # HOST FILE
	local run=/run/portlab line
	capture_command
	rm -f "$run/$1.pipe" "$run/$1.said" "$run/$1.copy"
	mkfifo "$run/$1.pipe" "$run/$1.said" "$run/$1.copy"
	ladder --events --until-mark portlab-mark <"$run/$1.copy" \
		>/dev/null 2>&1 &
	CAPTURE_SENTINEL[$1]=$!
	tee -i "$run/$1.copy" <"$run/$1.pipe" >"$2" 2>/dev/null &
	CAPTURE_TEE[$1]=$!
	"${LABNS:-$BUILD/lab/labns}" host "$1" "${CAPTURE[@]}" >"$run/$1.pipe" \
		2>"$run/$1.said" &
	CAPTURE_TCPDUMP[$1]=$!
	exec {CAPTURE_SAID}<"$run/$1.said"
	while IFS= read -r line <&"$CAPTURE_SAID"; do
		[[ $line != *'listening on'* ]] || break
	done
	# What it says later must not stop it.
	cat <&"$CAPTURE_SAID" >/dev/null &
	exec {CAPTURE_SAID}<&-
	if [[ $line != *'listening on'* ]]; then
		warn "tcpdump does not capture on $1: ${line:-it ended}"
		return 1
	fi
}

# End the capture on HOST when everything that has been sent is in its file:
# connections have come to rest, then a mark of our own has come through.
capture_stop() { # HOST
	local host
	[[ -n ${CAPTURE_TCPDUMP[$1]-} ]] || return 0
	for host in client server; do
		"${LABNS:-$BUILD/lab/labns}" host "$host" "$BUILD/lab/await" settled 2000 ||
			true
	done
	"${LABNS:-$BUILD/lab/labns}" host "$1" bash -c \
		'echo portlab-mark >/dev/udp/127.0.0.1/9'
	wait "${CAPTURE_SENTINEL[$1]}" || true
	kill -TERM "${CAPTURE_TCPDUMP[$1]}" 2>/dev/null || true
	wait "${CAPTURE_TEE[$1]}" || true
	wait "${CAPTURE_TCPDUMP[$1]}" || true
	unset "CAPTURE_TCPDUMP[$1]"
}
