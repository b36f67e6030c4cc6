# Linux sends a host one ICMP error a second, but for the first few: of many
# ports knocked at most would look dropped. Here each gets its answer.
limit=1000
[[ $1 != up ]] || limit=0
echo "$limit" >/proc/sys/net/ipv4/icmp_ratelimit
echo "$limit" >/proc/sys/net/ipv6/icmp/ratelimit
