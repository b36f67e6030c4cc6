# predictions.sh - the experiments that answer labs/03-reuseaddr/predictions.txt
# (sourced by tests/check/predict.sh)
#
# A question is a cell of bindmatrix's table, named ROW-none, ROW-addr-SOCKETS
# or ROW-port-SOCKETS, but for the last, which the capture answers.

readonly RESTARTABLE_PORT=9000 MATRIX_S=20
readonly SERVER=203.0.113.20

# The whole table at once. A cell that cannot be measured here is no failure.
begin_others() {
	"$LABNS" host server timeout "$MATRIX_S" "$BUILD/solution/bindmatrix" \
		--tsv >"$HERE/matrix" 2>"$HERE/matrix.err" || true
}

seen_others() { # ID
	awk -F '\t' -v id="$1" '
	{
		cell = $1 "-none"
		if ($2 != "-")
			cell = $1 ($2 == "SO_REUSEADDR" ? "-addr-" : "-port-") $3
	}
	cell == id && $4 != "unmeasured" { print $4 == "ok" ? "yes" : "no" }
	' "$WORK/predict/matrix"
}

begin_who-has-time-wait() {
	predict_server restartable "$RESTARTABLE_PORT"
	"$LABNS" host client bash -c \
		"cat </dev/tcp/$SERVER/$RESTARTABLE_PORT" >/dev/null 2>&1
}

# An end is in TIME_WAIT when it has sent its FIN before it got the other's.
seen_who-has-time-wait() {
	predict_events "$RESTARTABLE_PORT" | awk -v port=":$RESTARTABLE_PORT" '
	{
		own = substr($3, length($3) - length(port) + 1) == port
		state[own ? "server" : "client"] = $13
		state[own ? "client" : "server"] = $14
	}
	END {
		server = state["server"] == "TIME-WAIT"
		client = state["client"] == "TIME-WAIT"
		if (NR > 0)
			print server && client ? "both" : server ? "server" : \
				client ? "client" : "neither"
	}'
}
