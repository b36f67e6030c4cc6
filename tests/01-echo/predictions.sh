# predictions.sh - the experiments that answer labs/01-echo/predictions.txt
# (sourced by tests/check/predict.sh)
#
# All is done with the suite's own programs, on this machine, and read from the
# capture: a student's program that does not work yet spoils no answer. Ports
# are below those of the checks.

readonly ECHO_PORT=9000 UNACCEPTED_PORT=9001 DROPPED_PORT=9002
readonly CLOSED_PORT=9003 LATE_PORT=9004
readonly SERVER=203.0.113.20
readonly RETRY_MS=4000 # until a second SYN: Linux sends it after a second

# The SYNs need their time, while the checks are made.
begin_dropped() {
	"$LABNS" host router iptables -I FORWARD -p tcp --dport "$DROPPED_PORT" \
		-j DROP
	"$LABNS" host client bash -c "exec 3<>/dev/tcp/$SERVER/$DROPPED_PORT" \
		2>/dev/null &
}

seen_dropped() {
	local end=$((${EPOCHREALTIME/[.,]/} + RETRY_MS * 1000))
	until [[ $(predict_events "$DROPPED_PORT" | grep -c ' syn ') -gt 1 ]]; do
		if ((${EPOCHREALTIME/[.,]/} > end)); then
			echo 1
			return
		fi
		read -r -t 0.1 <> <(:) || true
	done
	echo "2 or more"
}

# The model's client and server: a line there and back.
begin_first-packets() {
	predict_server echo_server "$ECHO_PORT"
	echo hello | "$LABNS" host client "$BUILD/solution/echo_client" \
		"$SERVER" "$ECHO_PORT" >/dev/null 2>&1
}

begin_source-port() {
	[[ -s $WORK/predict.$ECHO_PORT ]] || begin_first-packets
}

begin_first-fin() {
	begin_source-port
}

seen_first-packets() {
	predict_events "$ECHO_PORT" |
		awk '$5 == "data" { print NR - 1; exit }' | sed 's/^0$/none/'
}

seen_source-port() {
	predict_events "$ECHO_PORT" | awk -v server="$ECHO_PORT" '
	$5 == "syn" {
		sub(/.*:/, "", $3)
		if ($3 == server) print "the server'\''s"
		else if ($3 < 1024) print "1-1023"
		else if ($3 < 32768) print "1024-32767"
		else if ($3 < 61000) print "32768-60999"
		else print "61000-65535"
		exit
	}'
}

seen_first-fin() {
	predict_first_fin "$ECHO_PORT"
}

# A listener whose program never calls accept().
begin_who-answers() {
	predict_peer server "listen l $UNACCEPTED_PORT $SERVER" \
		'wait-input within 60000'
	predict_listens "$UNACCEPTED_PORT"
	predict_peer client "connect a $SERVER $UNACCEPTED_PORT" 'close a'
	wait "$!" || true
}

seen_who-answers() {
	predict_answer "$UNACCEPTED_PORT"
}

# A server that has something to say after the client's FIN.
begin_after-fin() {
	predict_peer server "listen l $LATE_PORT $SERVER" 'accept l c' \
		'expect-line c' 'expect-eof c' 'send c "late"' 'close c'
	predict_listens "$LATE_PORT"
	echo hello | "$LABNS" host client "$BUILD/solution/echo_client" \
		"$SERVER" "$LATE_PORT" >/dev/null 2>&1 || true
}

seen_after-fin() {
	predict_events "$LATE_PORT" | awk -v server=":$LATE_PORT" '
	{ own = substr($3, length($3) - length(server) + 1) == server }
	!own && index("," $6 ",", ",FIN,") { fin = 1 }
	own && fin && $9 > 0 { late = 1 }
	END { if (fin) print late ? "yes" : "no" }'
}

begin_nobody-listens() {
	predict_peer client "expect-refused $SERVER $CLOSED_PORT"
	wait "$!" || true
}

seen_nobody-listens() {
	predict_answer "$CLOSED_PORT"
}
