# predictions.sh - the experiments that answer labs/02-multiport/predictions.txt
# (sourced by tests/check/predict.sh)
#
# All is done with the suite's own programs, on this machine: a student's
# program that does not work yet spoils no answer. Ports are below those of the
# checks.

readonly MANY_FIRST=9001 MANY_LAST=9010 SHORT_PORT=9020 SERIAL_PORT=9031
readonly SERVER=203.0.113.20
readonly FEW_DESCRIPTORS=20 CROWD=30

# The model's server on ten ports, and a client of one of them.
begin_listeners() {
	predict_server multiport "$MANY_FIRST-$MANY_LAST"
	"$LABNS" host server "$BUILD/lab/await" listening >"$HERE/listeners"
}

seen_listeners() {
	awk -v first="$MANY_FIRST" -v last="$MANY_LAST" '
	$3 >= first && $3 <= last { count++ }
	END { if (count) print count }' "$HERE/listeners"
}

begin_accepted-port() {
	many_ports_serve
	predict_talk "connect a $SERVER $((MANY_FIRST + 4))" 'expect-line a' \
		'close a'
}

many_ports_serve() {
	[[ -s $HERE/listeners ]] || begin_listeners
}

# The port from which the server has sent its line.
seen_accepted-port() {
	local port=$((MANY_FIRST + 4))
	predict_events "$port" | awk -v own=":$port" '
	$9 > 0 {
		print substr($3, length($3) - length(own) + 1) == own ? "7005" : \
			"a free one from the ephemeral range"
		exit
	}'
}

# A listener is ready, and nobody has called accept().
begin_packets-before-poll() {
	predict_peer server "listen l $SHORT_PORT $SERVER" \
		'wait-input within 60000'
	predict_listens "$SHORT_PORT"
	predict_talk "connect a $SERVER $SHORT_PORT" 'expect-silence a 50' \
		'close a'
}

seen_packets-before-poll() {
	predict_events "$SHORT_PORT" | awk -v own=":$SHORT_PORT" '
	substr($3, length($3) - length(own) + 1) != own { next }
	$6 ~ /SYN/ { answered = 1 }
	$9 > 0 { data = 1 }
	END {
		print !answered ? "nothing" : \
			data ? "SYN,ACK and a byte of data" : "SYN,ACK"
	}'
}

# By its name, if this machine knows it; nobody listens there.
begin_name-on-wire() {
	"$LABNS" host client bash -c "exec 3<>/dev/tcp/$SERVER/http" \
		2>/dev/null || true
}

seen_name-on-wire() {
	predict_events 80 | awk '
	$5 == "syn" { print($9 > 0 ? "both" : "the number 80"); exit }'
}

begin_privileged() {
	"$LABNS" host server timeout 5 "$BUILD/solution/multiport" 80 \
		>"$HERE/privileged" 2>&1 </dev/null || true
}

seen_privileged() {
	if grep -q 'permission denied' "$HERE/privileged"; then
		echo nobody
	else
		echo anybody
	fi
}

# Two servers with two ports, and a client of the first who says nothing: one
# waits for it by reading, the other by poll().
begin_silent-client() {
	many_ports_serve
	predict_peer server "listen l $SERIAL_PORT $SERVER" \
		"listen m $((SERIAL_PORT + 1)) $SERVER" 'accept l c' \
		'expect-line c' 'accept m d' 'send d "at last"'
	predict_listens "$SERIAL_PORT-$((SERIAL_PORT + 1))"
	predict_talk "connect a $SERVER $SERIAL_PORT" \
		"connect b $SERVER $((SERIAL_PORT + 1))" 'expect-silence b 50' \
		"connect c $SERVER $MANY_FIRST" "connect d $SERVER $MANY_LAST" \
		'expect-line d'
}

seen_silent-client() {
	local by_reading by_poll
	by_reading=$(bytes_from "$((SERIAL_PORT + 1))")
	by_poll=$(bytes_from "$MANY_LAST")
	if ((by_poll == 0)); then
		echo no
	elif ((by_reading == 0)); then
		echo "yes, if poll() is used"
	else
		echo "yes, always"
	fi
}

# How many bytes the server has sent from PORT.
bytes_from() { # PORT
	predict_events "$1" | awk -v own=":$1" '
	substr($3, length($3) - length(own) + 1) == own { bytes += $9 }
	END { print bytes + 0 }'
}

begin_deaf-client() {
	many_ports_serve
	predict_talk "connect a $SERVER $((MANY_FIRST + 1))" 'fill a 100'
}

seen_deaf-client() {
	predict_events "$((MANY_FIRST + 1))" | awk -v own=":$((MANY_FIRST + 1))" '
	substr($3, length($3) - length(own) + 1) != own { bytes += $9 }
	END {
		print(bytes >= 1e8 ? "all of it" : \
			bytes > 0 ? "a few MB" : "nothing")
	}'
}

# More clients than descriptors; the last of them looks at what it is sent.
begin_no-descriptors() {
	local port=$((SHORT_PORT + 1))
	"$LABNS" host server prlimit \
		--nofile="$FEW_DESCRIPTORS:$FEW_DESCRIPTORS" \
		"$BUILD/solution/multiport" "$port" >/dev/null 2>&1 </dev/null &
	PREDICT_PIDS+=("$!")
	predict_listens "$port"
	predict_talk "clients $CROWD c $SERVER $port" \
		"connect last $SERVER $port" 'tuple last' \
		'expect-silence last 100'
	LAST_PORT=$(sed -n 's/^tuple last .*:\([0-9]*\) .*/\1/p' "$HERE/talk")
}

# What came to the port of the last one, while it was there.
seen_no-descriptors() {
	predict_events "$LAST_PORT" | awk -v to=":$LAST_PORT" '
	substr($4, length($4) - length(to) + 1) != to {
		if ($6 ~ /FIN|RST/)
			exit
		next
	}
	!answer { answer = $6 ~ /SYN/ ? "it is connected, and waits" : "RST" }
	$9 > 0 { answer = "data" }
	END { print answer ? answer : "nothing comes back" }'
}
