# demo.sh - lab 01: what a handshake, a refusal and silence look like
# (sourced by the demo; common/lab/tour.sh says what each call does)

demo "Lab 01: an echo server, a closed port, and a firewall that says nothing"

step "Three packets make a connection"
capture client
start server 9000 "echo_server 9000"
run client "echo hello | echo_client server4 9000"
show client 1-3
notice "Notice: it was the server's kernel that answered the SYN. The program has
only to call accept() to be given the connection, which is there by then."

step "The same connection: what was said, and how it ended"
show client 4-
notice "Notice: each side says for itself that it is done. The one that says so
first keeps the four-tuple in TIME-WAIT, long after the program has ended."

step "A port where nothing listens: an answer, and at once"
capture client
run client "echo_client server4 9001 </dev/null"
show client
notice "Notice: a RST is an answer. The server is there and can be reached; but
nobody has asked its kernel for port 9001."

step "A router that drops: no answer at all"
scenario drop
run client "echo 1 >/proc/sys/net/ipv4/tcp_syn_retries"
capture client router
run client "time -p echo_client server4 9002 </dev/null"
show client
notice "Notice: from here a firewall cannot be told from a cut cable."

step "The same silence, seen by the router"
show router
notice "Notice: the router proves it. The SYN came in, and never went out."
