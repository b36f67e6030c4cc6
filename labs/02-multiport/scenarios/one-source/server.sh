# The server's kernel has one port, 7013, to choose from for those who connect.
case $1 in
up) echo 7013 7013 >/proc/sys/net/ipv4/ip_local_port_range ;;
down) echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range ;;
esac
