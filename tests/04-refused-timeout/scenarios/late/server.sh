# By IPv6 the server is off, which the router finds out in 600 ms.
if [[ $1 == up ]]; then
	ip addr del 2001:db8:2::20/64 dev eth0
else
	ip addr add 2001:db8:2::20/64 dev eth0 nodad
	ip -6 route replace 2001:db8:1::/64 via 2001:db8:2::1
fi
