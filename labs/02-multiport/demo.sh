# demo.sh - lab 02: one address, many ports, and who may have which
# (sourced by the demo; common/lab/tour.sh says what each call does)

demo "Lab 02: one process that serves many ports"

step "One address, ten ports, and an eleventh that was not to be had"
capture client
start server 7010 "multiport 7001-7010 http"
run client "echo hello | echo_client server4 7001"
show client 1-4
notice "Notice: one process listens on ten ports. Unasked, the server says to each
client which of them it has reached."

step "Another port of the same address: another service"
capture client
start server 7010 "multiport 7001-7010"
run client "exec 3<>/dev/tcp/server4/7001; echo hello | echo_client server4 7010"
show client 4-6
notice "Notice: bash, connected to port 7001, says nothing, and delays nobody: one
process waits for all of its sockets at once, by poll()."

step "A port may also be taken by one who connects"
scenario one-source
capture client
start client 9000 "echo_server 9000"
run server "exec 3<>/dev/tcp/client4/9000; multiport 7013"
show client 1-3
notice "Notice: whoever connects has a port as well, and it is one port space. The
kernel takes it from net.ipv4.ip_local_port_range: here it is 7013 alone."

step "One address, but not all of its ports for everybody"
scenario only-7001
start server 7010 "multiport 7001-7010"
run client "echo_client server4 7001 </dev/null"
capture router
run client "echo_client server4 7002 </dev/null"
show router
notice "Notice: the router looks at the port, and answers in the server's name. The
server never hears of this client."

step "The port that was not to be had"
scenario ''
capture client
start server 7010 "multiport 7001-7010 http"
run client "echo_client server4 80 </dev/null"
show client
notice "Notice: ports below 1024 are for the privileged. To the client it is a port
like any other at which nobody listens."

step "Who is privileged is for the host to say"
scenario low-ports
capture client
start server 80 "multiport http"
run client "echo hello | echo_client server4 80"
show client 4-4
notice "Notice: the same program, the same user. All that has changed is
net.ipv4.ip_unprivileged_port_start on the server: 80 instead of 1024."
