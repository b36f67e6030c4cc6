# The server is off: nobody answers when the router asks for its address.
if [[ $1 == up ]]; then
	ip addr del 203.0.113.20/24 dev eth0
	ip addr del 2001:db8:2::20/64 dev eth0
else
	ip addr add 203.0.113.20/24 dev eth0
	ip addr add 2001:db8:2::20/64 dev eth0 nodad
	ip route add 198.51.100.0/24 via 203.0.113.1
	ip -6 route replace 2001:db8:1::/64 via 2001:db8:2::1
fi
