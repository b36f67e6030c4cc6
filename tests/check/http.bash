# http.bash - what checks of an HTTP server need: a site, requests, and what is
# to be said of the answers (sourced)
# shellcheck shell=bash
#
# A conversation is put together word by word, and held by `talk`: visitor NAME
# connects; asks, sends and what is said of the answer are then that visitor's.
# What an answer must be, whatever the check is about, is the probe's affair:
# see tests/tools/probe_answer.c.

readonly HTTP_HOST=www.lab

# --- the site ----------------------------------------------------------------

# All that a server of this run can be asked for is in the folder WWW. Names,
# contents, sizes and times hang on SEED. Beside it is what nobody is to get;
# whoever has got it, has SECRET.
site_names() {
	local day
	SITE=$WORK/results/site
	WWW=$SITE/www
	SECRET=secret-$((SEED * 7919 % 1000003))
	TEXT=notes-$((SEED % 9973)).txt
	STYLE=style-$((SEED % 89)).css SCRIPT=app-$((SEED % 97)).js
	IMAGE=photo-$((SEED % 83)).png BYTES=bytes-$((SEED % 79)).bin
	LONG=long-$((SEED % 73)).bin
	EMPTY=empty-$((SEED % 71)).txt LARGE=large-$((SEED % 61)).bin
	FOLDER=folder-$((SEED % 59)) BARE=bare-$((SEED % 53))
	LOCKED=locked-$((SEED % 47)).txt FIFO=fifo-$((SEED % 43))
	# A second in the years 1996 to 2002, of a day with one digit, which the
	# forms of a date write differently.
	WRITTEN=$((820454400 + SEED * 40503 % 220000000))
	TZ=UTC printf -v day '%(%-d)T' "$WRITTEN"
	WRITTEN=$((WRITTEN - (day - 1) / 9 * 9 * 86400))
}

readonly LARGE_BYTES=$((24 << 20)) LARGE_STEP=$((256 << 10))

site_build() {
	site_names
	mkdir -p "$WWW/$FOLDER" "$WWW/$BARE" "$WWW/turn" "$SITE/www-old"
	site_pages
	site_bytes
	site_names_of_all_kinds
	site_beside
	find "$SITE" -exec touch -h -d "@$WRITTEN" {} +
	touch -d '2 years' "$WWW/tomorrow.txt"
	chmod 000 "$WWW/$LOCKED"
}

# Whoever may read the results may read and copy all of it.
site_leave() {
	site_names
	chmod 644 "$WWW/$LOCKED"
	rm -f "$WWW/$FIFO"
}

site_pages() {
	local n=$((30 + SEED % 50))
	printf '<!DOCTYPE html>\n<title>%s</title>\n<p>page %s\n' "$SEED" \
		"$((SEED * 3))" >"$WWW/index.html"
	printf '<!DOCTYPE html>\n<title>in a folder</title>\n<p>%s\n' \
		"$((SEED * 5))" >"$WWW/$FOLDER/index.html"
	seq "$SEED" $((SEED + n)) >"$WWW/$TEXT"
	seq "$SEED" 3 $((SEED + n)) >"$WWW/$FOLDER/$TEXT"
	printf 'p { margin: %spx }\n' "$((SEED % 30))" >"$WWW/$STYLE"
	printf 'console.log(%s);\n' "$SEED" >"$WWW/$SCRIPT"
	echo "only-$SECRET" >"$WWW/$BARE/hidden-$SECRET.txt"
	echo locked >"$WWW/$LOCKED"
	echo tomorrow >"$WWW/tomorrow.txt"
	: >"$WWW/$EMPTY"
}

# Each value of a byte, NUL soon; and a large one, in which every block tells
# its place and most of the rest takes no room on the disk.
site_bytes() {
	local byte at all=''
	for ((byte = 0; byte < 256; byte++)); do
		printf -v all '%s\\x%02x' "$all" $(((byte + SEED) % 256))
	done
	{
		printf '\x89PNG\r\n\x1a\n\0\0'
		printf '%b' "$all"
	} >"$WWW/$IMAGE"
	{
		printf '%b' "$all"
		seq "$SEED" $((SEED + 2000))
	} | head -c 12000 >"$WWW/$BYTES"
	{
		printf '%b' "$all"
		seq "$SEED" $((SEED + 60000))
	} >"$WWW/$LONG"
	truncate -s "$((LARGE_BYTES + SEED % 1000))" "$WWW/$LARGE"
	for ((at = 0; at < LARGE_BYTES; at += LARGE_STEP)); do
		seq "$((SEED + at))" 7 "$((SEED + at + 3000))" |
			dd of="$WWW/$LARGE" bs="$LARGE_STEP" conv=notrunc \
				seek=$((at / LARGE_STEP)) status=none
	done
}

# A name, and how it is written in a request.
readonly SITE_NAMES=('with two spaces.txt' with%20two%20spaces.txt
	'100%.txt' 100%25.txt '%41.txt' %2541.txt
	a+b.txt a+b.txt 'what?#.txt' what%3F%23.txt
	$'gr\xc3\xbc\xc3\x9fe.txt' gr%c3%bc%C3%9Fe.txt)

site_names_of_all_kinds() {
	local n folder
	for ((n = 0; n < ${#SITE_NAMES[@]}; n += 2)); do
		echo "$SEED $n" >"$WWW/${SITE_NAMES[n]}"
	done
	for folder in 'two words' $'new\nX-Split: yes'; do
		mkdir "$WWW/$folder"
		cp "$WWW/index.html" "$WWW/$folder/"
	done
}

site_beside() {
	echo "$SECRET" | tee "$SITE/secret.txt" >"$SITE/www-old/secret.txt"
	echo "$SECRET" >"$SITE/www-old/page.txt"
	echo public >"$WWW/turn/page.txt"
	ln -s ../secret.txt "$WWW/link.txt"
	ln -s "$SITE/secret.txt" "$WWW/absolute-link.txt"
	ln -s ../www-old "$WWW/folder-link"
	ln -s ../www-old "$WWW/turned"
	mkfifo "$WWW/$FIFO"
}

# What is started from now on sees the site. Its clock is that of a place which
# is not at Greenwich.
site_in_sight() {
	site_names
	JAIL_LIMITS+=(--ro "$SITE" --env TZ=LAB-5:45)
}

# The server of this lab with the site, at this check's port.
serves() { # [PLACEHOLDER=VALUE...]
	start server "$SERVER" port="$PORT" dir="$WWW" "$@"
	listens "$PORT"
}

# --- a conversation ----------------------------------------------------------

TALK=() WHO='' ASKED=()

visitor() { # NAME
	WHO=$1 ASKED=()
	TALK+=("connect $1 $SERVER4 $PORT")
}

# It is NAME's turn, who has connected.
turn_to() { # NAME
	WHO=$1 ASKED=()
}

# A request as everybody sends it.
asks() { # METHOD TARGET [FIELD...]
	local field fields=''
	for field in "${@:3}"; do
		fields+="$field\\r\\n"
	done
	sends "$1" "$1 $2 HTTP/1.1\\r\\nHost: $HTTP_HOST\\r\\n$fields\\r\\n"
}

# TEXT, with the escapes of the probe, in which there is a request of METHOD.
sends() { # METHOD TEXT
	ASKED+=("$1")
	TALK+=("offer $WHO \"$2\"")
}

# One request to a connection.
fetches() { # METHOD TARGET [FIELD...]
	visitor a
	asks "$@" 'Connection: close'
}

# The next answer has one of these statuses, and FILE as its body.
gets() { # STATUS[,STATUS...] [FILE]
	answered answer "$@"
}

# The same, or the connection ends.
gets_or_ends() { # STATUS[,STATUS...] [FILE]
	answered answer-or-end "$@"
}

answered() { # VERB STATUS [FILE]
	TALK+=("$1 $WHO ${ASKED[0]:-GET} $2")
	ASKED=("${ASKED[@]:1}")
	[[ -z ${3-} ]] || TALK+=("body $WHO file $(file_word "$WWW/$3")")
}

# What the probe takes for one word.
file_word() { # PATH
	if [[ $1 == *[[:space:]]* ]]; then
		printf '"%s"' "$1"
	else
		printf '%s' "$1"
	fi
}

# What VERB says of the visitor.
says_of() { # VERB [WORD...]
	TALK+=("$1 $WHO${2+ ${*:2}}")
}

has() { # FIELD [PATTERN]
	says_of field "$1" ${2+"\"$2\""}
}

has_no() { # FIELD
	says_of no-field "$1"
}

lacks() { # TEXT
	says_of lacks "\"$1\""
}

ends() {
	says_of ends
}

# What was unread behind the request may be waited for first.
is_the_last() {
	says_of is-last
}

leaves() {
	says_of close
}

talk() {
	local -a lines=("${TALK[@]}")
	TALK=()
	peer "${lines[@]}"
}

# The same from the server's own host: no packet of it is captured.
talk_at_home() {
	local -a lines=("${TALK[@]}")
	TALK=()
	peer_begin server "${lines[@]}"
	peer_end
}

# The same as far as `say ready`, where it waits for go_on.
talk_begins() {
	local -a lines=("${TALK[@]}")
	TALK=()
	peer_begin client "${lines[@]}"
	peer_says ready
}

pauses() {
	TALK+=('say ready' 'wait-input within 20000')
}

goes_on() {
	peer_go_on
	peer_end
}

# A date as a request or a log may have it.
http_date() { # SECONDS [FORMAT]
	LC_ALL=C date -u -d "@$1" "+${2:-%a, %d %b %Y %H:%M:%S GMT}"
}

bytes_of() { # FILE
	stat -c %s "$WWW/$1"
}

# --- in the background -------------------------------------------------------

# The conversation is held in the background; it is over when `talked` returns.
talks_ahead() {
	TALK+=('say over')
	try_probe client "${TALK[@]}"
	"$LABNS" host client "$BUILD/test/probe" -s "$SEED" -t "$STEP_MS" \
		"${TALK[@]}" >"$HERE/peer" 2>"$HERE/peer.err" </dev/null \
		3>&- 4>&- 10>&- &
	PEER_PID=$!
	TALK=()
}

talked() {
	local status=3
	"$BUILD/lab/await" ended "$PEER_PID" "$((PEER_S * 1000))" || status=124
	! grep -q '^probe: failed' "$HERE/peer" || status=1
	! grep -q '^over' "$HERE/peer" || status=0
	peer_verdict "$status"
}

# --- known mistakes ----------------------------------------------------------

account_http() { # KEYWORD
	case $1 in
	http-no-status)
		diagnose "An answer begins with its status line, HTTP/1.1 200 OK," \
			"and then come the fields, and an empty line."
		;;
	http-no-end)
		diagnose "The header ends with an empty line: CR LF once more, right" \
			"behind the CR LF of the last field."
		;;
	http-bare-lf)
		diagnose "In HTTP a line ends with CR LF, \"\\r\\n\", and the header with an" \
			"empty one: \"\\r\\n\\r\\n\". Some clients take LF alone, many do not."
		;;
	http-short | http-short-waits)
		diagnose "Content-Length counts the bytes of the body, and nothing" \
			"else, neither the header nor what strlen() finds; and all" \
			"of them have to be sent, however few write() takes at once."
		;;
	http-file-short)
		diagnose "Not all of the file was sent: read() and write() may take less" \
			"than they are asked to, and a file may be larger than a buffer."
		;;
	http-too-long)
		diagnose "The next answer begins where the Content-Length of the last" \
			"one says that its body has ended. It counts the bytes of the" \
			"body, all of them."
		;;
	http-body-after-head)
		diagnose "The answer to HEAD, and 304, have the header that the file" \
			"would have, and no body: Content-Length or not."
		;;
	http-no-length)
		diagnose "Without Content-Length only the end of the connection tells" \
			"where a body ends: say how long it is, or close."
		;;
	http-left-open)
		diagnose "The client waits for the end of the connection: it has asked" \
			"for it, or nothing behind this request can be trusted."
		;;
	http-cut)
		diagnose "A download may last longer than IDLE_MS: the time that a client" \
			"has begins again whenever it has taken some bytes."
		;;
	http-second)
		diagnose "What stood behind the request was taken for a second one. A" \
			"proxy in front that reads the same bytes otherwise would hand" \
			"this answer to somebody else: that is request smuggling."
		;;
	http-date)
		diagnose "HTTP writes a date as \"Sun, 06 Nov 1994 08:49:37 GMT\":" \
			"strftime() with %a, %d %b %Y %H:%M:%S GMT, of gmtime()."
		;;
	http-time)
		diagnose "A date in HTTP is GMT, wherever the server is: gmtime(), not" \
			"localtime()."
		;;
	http-behind)
		diagnose "Date was the time once. Who keeps it as text has to look at" \
			"the clock again, before each answer or once a second."
		;;
	http-later)
		diagnose "A file may have been written in the future, by its own clock:" \
			"then Date stands for the time of the file (RFC 9110, section" \
			"8.8.2.1)."
		;;
	http-control)
		diagnose "What a client has sent must not get into a header as it came:" \
			"a CR LF in it would begin a field of the client's choice."
		;;
	esac
}
