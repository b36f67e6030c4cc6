# The client has one source port, 9000. Who knocks at port 9000 of the client
# itself, where nothing listens, meets himself.
range='32768 60999'
[[ $1 != up ]] || range='9000 9000'
echo "$range" >/proc/sys/net/ipv4/ip_local_port_range
