# Three times it asks who has the server's IPv6 address, for 200 ms each.
retrans=/proc/sys/net/ipv6/neigh/eth1/retrans_time_ms
if [[ $1 == up ]]; then
	echo 200 >"$retrans"
else
	echo 1000 >"$retrans"
fi
ip neigh flush dev eth1
