# network.sh - three hosts: client, router, server (sourced, inside labns)
#
#   client eth0 ---- eth0 router eth1 ---- eth0 server
#   .10    198.51.100.0/24  .1  .1    203.0.113.0/24  .20
#   ::10   2001:db8:1::/64 ::1  ::1  2001:db8:2::/64 ::20
#
# The router forwards. There is no way out, and no other interface. Names come
# from the file hosts beside this one. One ip(8) process for many commands.
# IPv6 is usable at once because the links are up before they get addresses,
# which are given without duplicate address detection.

LAB_HOSTS=(client router server)

network_build() {
	local add=$'netns add client\nnetns add router\nnetns add server'
	# Containers are there already, and have the names by a file of their own.
	[[ ${PORTLAB_ENGINE-} != here ]] || add=''
	ip -batch - <<-END
		$add
		link add eth0 netns client type veth peer name eth0 netns router
		link add eth0 netns server type veth peer name eth1 netns router
	END
	# Two at once, where nothing of one depends on the other.
	network_link_up client &
	network_link_up server
	wait "$!"
	ip -n router -batch - <<-END
		link set lo up
		link set eth0 addrgenmode none
		link set eth1 addrgenmode none
		link set eth0 up
		link set eth1 up
		addr add 198.51.100.1/24 dev eth0
		addr add 203.0.113.1/24 dev eth1
		addr add fe80::1/64 dev eth0 nodad
		addr add fe80::1/64 dev eth1 nodad
		addr add 2001:db8:1::1/64 dev eth0 nodad
		addr add 2001:db8:2::1/64 dev eth1 nodad
	END
	network_address client 198.51.100.10/24 198.51.100.1 \
		2001:db8:1::10/64 2001:db8:1::1 fe80::10 &
	network_address server 203.0.113.20/24 203.0.113.1 \
		2001:db8:2::20/64 2001:db8:2::1 fe80::20
	wait "$!"
	nsenter --net=/run/netns/router sh -c \
		'echo 1 >/proc/sys/net/ipv4/ip_forward &&
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	[[ ${PORTLAB_ENGINE-} == here ]] || network_names
}

# Make it anew. What still runs on a host of the old one is cut off with it.
network_again() {
	local host
	for host in "${LAB_HOSTS[@]}"; do
		ip netns delete "$host"
		rm -f /run/portlab/"$host".v[46].tables
	done
	rm -f /run/portlab/scenario
	umount /etc/hosts
	! mountpoint -q /etc/nsswitch.conf || umount /etc/nsswitch.conf
	network_build
}

network_link_up() { # HOST
	ip -n "$1" -batch - <<-END
		link set lo up
		link set eth0 addrgenmode none
		link set eth0 up
	END
}

# Only the other network is reached through the router: nothing has a default
# route, so that not a packet for anywhere else leaves a host.
network_address() { # HOST IPV4 GATEWAY4 IPV6 GATEWAY6 LINK-LOCAL
	local far4=203.0.113.0/24 far6=2001:db8:2::/64
	if [[ $1 == server ]]; then
		far4=198.51.100.0/24 far6=2001:db8:1::/64
	fi
	ip -n "$1" -batch - <<-END
		addr add $2 dev eth0
		addr add $6/64 dev eth0 nodad
		addr add $4 dev eth0 nodad
		route add $far4 via $3
		route add $far6 via $5
	END
}

# The lab's names, and no other source of names: a name that is not here fails
# at once instead of asking a server that cannot be reached.
network_names() {
	local line
	mount --bind "$LABDIR/hosts" /etc/hosts
	[[ -e /etc/nsswitch.conf ]] || return 0
	while IFS= read -r line; do
		[[ $line != hosts:* ]] || line='hosts: files'
		printf '%s\n' "$line"
	done </etc/nsswitch.conf >/run/portlab/nsswitch.conf
	mount --bind /run/portlab/nsswitch.conf /etc/nsswitch.conf
}
