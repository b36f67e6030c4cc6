# What goes from the server to the client passes at 2 Mbit/s, as on an old DSL
# line. What does not fit into the queue before it is lost.
if [[ $1 == up ]]; then
	if ! tc qdisc add dev eth0 root tbf rate 2mbit burst 16k latency 100ms; then
		echo "this kernel has no token bucket (tc-tbf), or there is no tc" >&2
		exit 1
	fi
else
	tc qdisc del dev eth0 root 2>/dev/null || true
fi
