# A server on port 9000, which takes every connection.
port=${SCENARIO_PORT:-9000}
pid=/run/portlab/listen.pid
if [[ $1 == up ]]; then
	"$BUILD/lab/listen" "$port" >/dev/null 2>&1 &
	echo "$!" >"$pid"
	"$BUILD/lab/await" listen "$port" "$!" 5000
else
	kill "$(<"$pid")" && "$BUILD/lab/await" ended "$(<"$pid")" 5000
fi
