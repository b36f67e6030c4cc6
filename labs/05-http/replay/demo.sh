# demo.sh - lab 05: a web server, seen from below
# (sourced by the demo; common/lab/tour.sh says what each call does)

HERE=/run/portlab
SITE=$HERE/site
U=server4:8080

demo "Lab 05: HTTP is text on a TCP connection, and a server must take what comes"

step "A request and an answer: a line, fields, an empty line, a body"
scenario ''
run server "cd $HERE; mkdir site; echo '<h1>Hello</h1>' >site/index.html"
start server 8080 "httpd $SITE"
capture client
run client "curl -sv http://$U/ 2>&1 | grep '^[<>]\|h1'"
notice "Notice: > is what curl has sent, < what has come back. 8080 is in the URL;
if no port were there, it would be 80."

step "The same on the wire: one packet each way"
show client 4-
notice "Notice: header and body are one packet. The first FIN is curl's: the server
would have kept the connection for the next request."

step "Three files: one connection with HTTP/1.1, three with HTTP/1.0"
run server "cd $SITE; for f in a b c; do cp index.html \$f; done"
start server 8080 "httpd $SITE"
run client "curl -s -o /dev/null -w '%{local_port}\n' 'server4:8080/{a,b,c}'"
run client "curl -0s -o /dev/null -w '%{local_port}\n' 'server4:8080/{a,b,c}'"
run server "ss -Htan state time-wait | tr -s ' '"
notice "Notice: with HTTP/1.0 each file has a handshake of its own; and as the
server closes first, it is the server that has the TIME-WAIT."

step "Pipelining, by hand: two requests before the first answer"
start server 8080 "httpd $SITE"
capture client
run client "cd $HERE; r='HTTP/1.1\r\nHost: s\r\n'
printf \"HEAD / \$r\r\nHEAD /none \${r}Connection: close\r\n\r\n\" >two
exec 3<>/dev/tcp/server4/8080; cat two >&3; grep HTTP <&3"
show client 4-7
notice "Notice: two requests in one packet, and the answers in their order. TCP has
no messages: where one ends, the reader has to find out."

step "What a second write() costs"
start server 8080 "httpd $SITE"
run client "exec 3<>/dev/tcp/server4/8080; cd $HERE
printf 'HEAD / HTTP/1.1\r\nHost: s\r\n\r\n' >one
two() { head -n 1 one; tail -n 2 one; } >&3
answer() { while read -r line <&3 && ((\${#line} > 1)); do :; done; }
time -p for i in {1..40}; do cat one >&3; answer; done
time -p for i in {1..40}; do two; answer; done"
notice "Notice: forty requests each. The kernel keeps a second small packet back
until the first one is acknowledged (Nagle), and the other end waits up to 40
ms with that (delayed ACK). A server that writes header and body by two calls
pays the same."

step "A client that takes its time: a byte every 0.2 s (slowloris)"
start server 8080 "httpd -t 2000 $SITE"
run client "exec 3<>/dev/tcp/server4/8080
(while printf G >&3; do sleep 0.2; done &) 2>/dev/null
curl -s -o /dev/null -w '%{http_code} in %{time_total} s\n' $U
time -p head -n 1 <&3"
notice "Notice: it delays nobody. The time that a request may take counts from its
first byte: no further byte buys more of it."

step "A request that can be read in two ways"
start server 8080 "httpd $SITE"
run client 'exec 3<>/dev/tcp/server4/8080
printf "POST / HTTP/1.1\r\nHost: server\r\nContent-Length: 44\r\n" >&3
printf "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" >&3
printf "GET /secret HTTP/1.1\r\nHost: server\r\n\r\n" >&3
cat <&3 | tr -d "\r"'
notice "Notice: by its length this is one request, by its chunks it is two. A proxy
in front that goes by the length has never seen the second. So the first is
refused, and what comes behind it is not looked at."

step "Port 80 without a privilege: the router sends it on"
run server "httpd -p 80 $SITE"
scenario port-80
start server 8080 "httpd $SITE"
capture router
run client "curl -sS http://server4/"
show router 1-2
notice "Notice: the client's connection is with port 80, from beginning to end."

step "SIGTERM: no new clients, and the others get what they asked for"
scenario ''
run server "seq 2000000 >$SITE/long"
start server 8080 "httpd $SITE"
run client "cd $HERE
(curl -s --limit-rate 8M -o long $U/long &)
until [[ -s long ]]; do sleep 0.01; done"
stop server 8080
run client "knock -4 server 8080"
run client "cd $HERE; until cmp -s long site/long; do sleep 0.1; done
echo all of it"
notice "Notice: a restart that nobody notices begins with an end like this one."
