# predictions.sh - the experiments that answer labs/05-http/predictions.txt
# (sourced by tests/check/predict.sh)
#
# All is done with the suite's own httpd, on this machine, and bash is the
# client: a student's program that does not work yet spoils no answer. Each
# question has a port of its own, below those of the checks.

readonly FIRST_QUESTION_PORT=9000 MAPPED_PORT=80
readonly SERVER=203.0.113.20
readonly IDLE_MS=300
readonly EXCHANGES=20 # ACKs are delayed once a connection has been used a while

# What the scripts of the client share.
readonly CLIENT_WORDS='
CR=$(printf "\r")

connects() {
	exec 3<>"/dev/tcp/$SERVER/$PORT"
}

# Send a request, or several with an empty line between them, in one piece.
asks() { # LINE...
	local text
	printf -v text "%s\r\n" "$@" ""
	cat <<<"${text%?}" >&3
}

# The status of the next answer, and its Content-Length, - if it has none.
hears() {
	local line
	LENGTH=-
	read -r _ STATUS _ <&3 || STATUS=none
	while IFS= read -r line <&3 && line=${line%"$CR"} && [[ -n $line ]]; do
		case ${line,,} in
		content-length:*) LENGTH=${line##*[: ]} ;;
		connection:*close*) CLOSED=1 ;;
		esac
	done
}
'

question_port() { # ID
	echo $((FIRST_QUESTION_PORT +
		$(prediction_ids | grep -nx "$1" | cut -d : -f 1)))
}

# An httpd at the port of question ID, and what a client SCRIPT has to say of
# it, in $HERE/ID; it goes to PORT if one is given.
browse() { # ID SCRIPT [PORT]
	local port
	port=$(question_port "$1")
	make_site
	"$LABNS" host server "$BUILD/solution/httpd" -p "$port" -t "$IDLE_MS" \
		"$HERE/site" >/dev/null 2>&1 </dev/null &
	PREDICT_PIDS+=("$!")
	predict_listens "$port"
	"$LABNS" host client env SERVER="$SERVER" PORT="${3:-$port}" \
		timeout 20 bash -c "$CLIENT_WORDS$2" >"$HERE/$1" 2>/dev/null \
		</dev/null || true
}

make_site() {
	[[ ! -d $HERE/site ]] || return 0
	mkdir "$HERE/site"
	printf '%0100d' 0 >"$HERE/site/small"
	truncate -s 8M "$HERE/site/large"
	truncate -s 100M "$HERE/site/huge"
}

# What a question's client has written down.
seen_others() { # ID
	cat "$HERE/$1"
}

begin_connections() {
	browse connections '
		CLOSED=1
		for _ in 1 2 3; do
			[[ -z $CLOSED ]] || connects
			CLOSED=
			asks "GET /small HTTP/1.1" "Host: server"
			hears
			head -c "$LENGTH" <&3
		done'
}

seen_connections() {
	predict_events "$(question_port connections)" |
		awk '$5 == "syn" { syns++ } END { if (syns) print syns }'
}

begin_first-fin() {
	browse first-fin 'connects; asks "GET /small HTTP/1.0"; cat <&3'
}

seen_first-fin() {
	predict_first_fin "$(question_port first-fin)"
}

begin_head-length() {
	browse head-length '
		connects
		asks "HEAD /small HTTP/1.1" "Host: server"
		hears
		echo "${LENGTH/#-/nothing, there is none}"'
}

# All of the one, and then the other's status line.
begin_pipelined() {
	browse pipelined '
		connects
		asks "GET /large HTTP/1.1" "Host: server" "" \
			"GET /small HTTP/1.1" "Host: server" "Connection: close"
		hears
		first=$LENGTH
		rest=$(head -c "$LENGTH" <&3 | tr -d "\0" | wc -c)
		hears
		case $rest,$first,$LENGTH,$STATUS in
		0,8388608,100,200) echo "of the 8 MB" ;;
		0,100,8388608,200) echo "of the 10 bytes" ;;
		*) echo "both at once, in turns" ;;
		esac'
}

begin_no-host() {
	browse no-host 'connects; asks "GET /small HTTP/1.1"; hears; echo "$STATUS"'
}

begin_two-lengths() {
	browse two-lengths '
		connects
		asks "POST /small HTTP/1.1" "Host: server" "Content-Length: 5" \
			"Transfer-Encoding: chunked"
		hears
		echo "${STATUS/#none*/none, the server waits for the body}"'
}

# What comes when httpd has had enough of a client.
readonly THE_END='
	hears
	if [[ $STATUS != none ]]; then
		echo "status $STATUS"
	elif read -r _ <&3 2>/dev/null; then
		echo more
	else
		echo "nothing, the connection is closed"
	fi'

begin_silent() {
	browse silent "connects; $THE_END"
}

begin_half-request() {
	browse half-request "connects; printf 'GET /sma' >&3; $THE_END"
}

# bash cannot tell a RST from the end; the capture can.
seen_silent() {
	seen_the_end silent
}

seen_half-request() {
	seen_the_end half-request
}

seen_the_end() { # ID
	local port reset
	port=$(question_port "$1")
	reset=$(predict_events "$port" | awk -v own=":$port" '
	$5 == "rst" && substr($3, length($3) - length(own) + 1) == own {
		print "RST"
		exit
	}')
	if [[ -n $reset ]]; then
		echo "$reset"
	else
		cat "$HERE/$1"
	fi
}

# A server that has not heard of RFC 9112: a request is a line.
begin_two-writes() {
	local port
	port=$(question_port two-writes)
	predict_peer server "listen l $port $SERVER" 'accept l c' \
		"repeat $EXCHANGES" 'expect-line c' 'send c "header\n"' \
		'send c "body\n"' end 'expect-eof c'
	predict_listens "$port"
	predict_talk "connect a $SERVER $port" "repeat $EXCHANGES" \
		'send a "GET\n"' 'expect a "header\nbody\n"' end 'close a'
}

# From the header of the last exchange to its body.
seen_two-writes() {
	predict_events "$(question_port two-writes)" | awk '
	$9 == 7 { header = $1 }
	$9 == 5 { body = $1 }
	END {
		if (body > 0)
			print(body - header < 0.01 ? "at once" : \
				body - header < 0.6 ? "about 40 ms later" : \
				"about 1 s later")
	}'
}

# A byte has come, so more is under way: all that there is room for.
begin_deaf() {
	browse deaf '
		connects
		asks "GET /huge HTTP/1.1" "Host: server"
		read -r -n 1 <&3
		read -r -t 0.2 <> <(:)'
}

seen_deaf() {
	local port
	port=$(question_port deaf)
	predict_events "$port" | awk -v own=":$port" '
	substr($3, length($3) - length(own) + 1) == own { bytes += $9 }
	END {
		print(bytes >= 1e8 ? "all of it" : \
			bytes > 0 ? "a few MB" : "nothing")
	}'
}

begin_port-80() {
	"$LABNS" host router iptables -t nat -A PREROUTING -p tcp \
		-d "$SERVER" --dport "$MAPPED_PORT" -j DNAT \
		--to-destination "$SERVER:$(question_port port-80)"
	browse port-80 'connects; asks "GET /small HTTP/1.0"; cat <&3' \
		"$MAPPED_PORT"
}

# The client's connection is with port 80; that of port 8080 is behind the router.
seen_port-80() {
	predict_events "$MAPPED_PORT" | awk -v own=":$MAPPED_PORT" '
	substr($3, length($3) - length(own) + 1) == own && $9 > 0 { bytes += $9 }
	END { print(bytes > 0 ? "80" : "8080") }'
}
