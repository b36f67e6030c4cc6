# demo.sh - lab 03: who has the port, and who only had it
# (sourced by the demo; common/lab/tour.sh says what each call does)

demo "Lab 03: two programs, one port, and a server that cannot come back"

step "A port is given to one listener"
start server 9000 "restartable -b 203.0.113.20 9000"
run server "restartable -b 203.0.113.20 9000"
run server "restartable 9000"
run client "cat </dev/tcp/server4/9000"
run server "ss -Htln | tr -s ' '"
notice "Notice: the second copy is refused, and so is one that wants the port at
every address: this one is among them. The first goes on serving."

step "Who closes first keeps the four-tuple"
capture client
start server 9001 "restartable -b 203.0.113.20 9001"
run client "cat </dev/tcp/server4/9001"
show client 4-
notice "Notice: the first FIN is the server's, and so is the TIME-WAIT."

step "TIME-WAIT belongs to no process, and counts down from 60 s"
start server 9002 "restartable -b 203.0.113.20 9002"
run client "cat </dev/tcp/server4/9002"
stop server 9002
run server "for second in 1 2 3; do
    ss -Htano state time-wait 'sport = 9002' | tr -s ' '
    sleep 1
done"
notice "Notice: the server has ended, and its kernel still holds the connection: a
late packet of it must not be taken for one of a later connection, and should
its last ACK be lost, somebody has to send it again."

step "A server without SO_REUSEADDR cannot come back"
start server 9003 "echo_server -b 203.0.113.20 9003"
run client "exec 3<>/dev/tcp/server4/9003; echo hello >&3; head -n 1 <&3
    cat <&3 &"
stop server 9003
run server "echo_server -b 203.0.113.20 9003"
run server "restartable -b 203.0.113.20 9003"
run server "ss -Htan 'sport = 9003' | tr -s ' '"
notice "Notice: nobody listens, and yet the port is in use. restartable does set
SO_REUSEADDR, and it does not help: the run before it had not."

step "What its clients see meanwhile"
capture client
run client "cat </dev/tcp/server4/9003"
show client
notice "Notice: for a minute the service is down, for want of one line of C."

step "With it, in this run and in the last, a server comes back at once"
start server 9004 "restartable -b 203.0.113.20 9004"
run client "cat </dev/tcp/server4/9004"
stop server 9004
capture client
start server 9004 "restartable -b 203.0.113.20 9004"
run client "cat </dev/tcp/server4/9004"
run server "ss -Htan 'sport = 9004' | tr -s ' '"
notice "Notice: another process at the same port, with the connections of both in
TIME-WAIT behind it."

step "The connection after the restart"
show client 1-4
notice "Notice: the client's port is another one, and so is the four-tuple. No packet
of the old connection can be taken for one of this."
