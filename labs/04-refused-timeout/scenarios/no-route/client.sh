# The client has no route to the server's network.
if [[ $1 == up ]]; then
	ip route del 203.0.113.0/24
	ip route del 2001:db8:2::/64
else
	ip route add 203.0.113.0/24 via 198.51.100.1
	ip route add 2001:db8:2::/64 via 2001:db8:1::1
fi
