# By IPv6 the client knows no way to the server.
if [[ $1 == up ]]; then
	ip -6 route del 2001:db8:2::/64
else
	ip -6 route add 2001:db8:2::/64 via 2001:db8:1::1
fi
