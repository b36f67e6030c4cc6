# A server on port 9000, whose queue of connections is full: it takes none.
port=${SCENARIO_PORT:-9000}
pid=/run/portlab/listen.pid said=/run/portlab/listen.said
if [[ $1 == up ]]; then
	: >"$said"
	"$BUILD/lab/listen" -f "$port" >"$said" 2>&1 &
	echo "$!" >"$pid"
	"$BUILD/lab/await" mark "$said" full 5000
else
	kill "$(<"$pid")" && "$BUILD/lab/await" ended "$(<"$pid")" 5000
fi
