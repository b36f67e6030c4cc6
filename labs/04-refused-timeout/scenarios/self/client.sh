# The client has one source port, 9000. Who knocks at port 9000 of the client
# itself, where nothing listens, meets himself; and may at once do so again,
# for no connection stays in TIME-WAIT.
port=${SCENARIO_PORT:-9000}
ports=/proc/sys/net/ipv4/ip_local_port_range
waits=/proc/sys/net/ipv4/tcp_max_tw_buckets
saved=/run/portlab/self
if [[ $1 == up ]]; then
	cat "$ports" "$waits" >"$saved"
	echo "$port $port" >"$ports"
	echo 0 >"$waits"
else
	sed -n 1p "$saved" >"$ports"
	sed -n 2p "$saved" >"$waits"
fi
