# On the server everybody may listen on ports from 80 on.
case $1 in
up) echo 80 >/proc/sys/net/ipv4/ip_unprivileged_port_start ;;
down) echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start ;;
esac
