# demo.sh - lab 04: one command, and five things that can become of its SYN
# (sourced by the demo; common/lab/tour.sh says what each call does)

demo "Lab 04: where did my SYN go?"

step "Open: a SYN,ACK comes back"
scenario open
capture client router
run client "knock -4 server 9000"
both client router 1-2
notice "Notice: the router passes it on, in both directions, and adds nothing."

step "Refused: nothing listens, and the server says so"
scenario closed
capture client router
run client "knock -4 server 9000"
both client router

step "Dropped: nothing comes back"
scenario drop
capture client router
run client "knock -4 server 9000"
both client router 1-2
notice "Notice: at the client it could be any host on the way, or the way back."

step "Rejected by ICMP: refused again, but this time by the router"
scenario reject
capture client router
run client "knock -4 server 9000"
both client router 2
notice "Notice: the same errno as for a RST. Only the packets tell them apart."

step "When is a SYN sent again?"
scenario drop
run client "cat /proc/sys/net/ipv4/tcp_syn_linear_timeouts"
run client "echo 0 >/proc/sys/net/ipv4/tcp_syn_linear_timeouts"
capture client
run client "knock -4 -t 3500 server 9000"
show client
notice "Notice: 1 s, then 2 s more, as in the books. Before, one a second: since
Linux 6.5 the pause doubles only after so many retries as stood there first."

step "Who sent this RST?"
scenario reject-reset
capture client router
run client "knock -4 server 9000"
both client router 2
notice "Notice: the address is the server's, the TTL is not: its own RST had 63."
