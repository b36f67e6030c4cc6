#!/usr/bin/env bash
# draw.sh - the pictures of the slides, from captures and from the lab's own
# files
#
# Usage: slides/draw.sh FOLDER      (make slides does it, to slides/pictures)
#
# A ladder is drawn by ladder --svg from what a lab's demo recorded; a bar
# diagram of states from the same capture's events. The same captures give the
# same bytes.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
LADDER=${PORTLAB_BUILD:-$ROOT/build}/bin/ladder
HOSTS=$ROOT/common/lab/hosts
export LC_ALL=C.UTF-8

# --- ladders ------------------------------------------------------------------

# name, capture (lab, action-host), packets or -
ladders() {
	cat <<-'END'
		handshake        01/00-client  1-3
		echo-data        01/00-client  4-7
		echo-end         01/00-client  8-
		refused          01/07-client  -
		drop-client      01/13-client  -
		drop-router      01/13-router  -
		multi-hello      02/00-client  1-4
		multi-two        02/05-client  5-9
		connect-port     02/11-client  1-3
		allowlist        02/19-router  -
		port-80          02/24-client  -
		server-closes    03/06-client  4-
		restart-refused  03/23-client  -
		after-restart    03/30-client  1-4
		open-client      04/01-client  1-3
		closed-client    04/06-client  -
		knock-drop       04/10-client  -
		knock-drop-in    04/10-router  -
		reject-icmp      04/15-client  -
		classic-retries  04/22-client  -
		reset-client     04/27-client  -
		reset-router     04/27-router  -
		http-request     05/03-client  4-8
		http-pipeline    05/15-client  4-8
		http-nat         05/31-router  1-2
	END
}

capture_of() { # LAB/ACTION-HOST
	local found
	for found in "$ROOT"/labs/"${1%%/*}"-*/replay/"${1#*/}".pcap; do
		[[ -f $found ]] || {
			echo "draw.sh: $1: no such capture" >&2
			return 1
		}
		printf '%s\n' "$found"
	done
}

draw_ladder() { # CAPTURE PACKETS
	local file
	local -a options=(--svg --at "${1##*-}" --hosts "$HOSTS"
		--title "Seen at ${1##*-}")
	file=$(capture_of "$1") || return
	[[ $2 == - ]] || options+=(--packets "$2")
	"$LADDER" "${options[@]}" "$file"
}

# --- a few shapes -------------------------------------------------------------

svg() { # WIDTH HEIGHT TITLE (the shapes on stdin)
	cat <<-END
		<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 $1 $2" width="$1"
		 height="$2" role="img" font-family="sans-serif" font-size="24">
		<title>$3</title>
		<rect width="$1" height="$2" fill="#fff"/>
	END
	cat
	echo '</svg>'
}

box() { # X Y WIDTH HEIGHT [FILL [STROKE]]
	printf '<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="%s"' \
		"$1" "$2" "$3" "$4" "${5-#fff}"
	printf ' stroke="%s" stroke-width="3"/>\n' "${6-#222}"
}

line() { # X1 Y1 X2 Y2 [COLOUR]
	printf '<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="3"/>\n' \
		"$1" "$2" "$3" "$4" "${5-#222}"
}

arrow() { # X1 Y X2 [COLOUR]: level, to the right
	line "$1" "$2" "$(($3 - 12))" "$2" "${4-#0072b2}"
	printf '<path d="M%d %d l-16 -8 v16 z" fill="%s"/>\n' "$3" "$2" \
		"${4-#0072b2}"
}

text() { # X Y WORDS [start|middle|end [EXTRA]]
	local words=$3
	words=${words//&/&amp;} words=${words//</&lt;} words=${words//>/&gt;}
	printf '<text x="%d" y="%d" text-anchor="%s" fill="#222" %s>%s</text>\n' \
		"$1" "$2" "${4-middle}" "${5-}" "$words"
}

readonly MONO='font-family="monospace" font-size="22"'
readonly BOLD_TEXT='font-weight="bold"'

# --- pictures that no capture shows -------------------------------------------

# The IPv4 or IPv6 addresses of NAME in the lab's hosts file, in its order.
addresses() { # NAME 4|6
	awk -v name="$1" -v family="$2" '
	/^#/ || ($1 ~ /:/) != (family == 6) { next }
	{ for (i = 2; i <= NF; i++) if ($i == name) { print $1; next } }' "$HOSTS"
}

draw_topology() {
	local -a router4 router6
	mapfile -t router4 < <(addresses router 4)
	mapfile -t router6 < <(addresses router 6)
	{
		line 260 150 1020 150
		box 40 90 220 120 && text 150 160 client middle "$BOLD_TEXT"
		box 530 90 220 120 '#f2f2f2' && text 640 145 router middle "$BOLD_TEXT"
		text 640 180 'perimeter firewall' middle 'font-size="20"'
		box 1020 90 220 120 && text 1130 145 server middle "$BOLD_TEXT"
		text 1130 180 'host firewall' middle 'font-size="20"'
		text 40 260 "$(addresses client 4)" start "$MONO"
		text 40 295 "$(addresses client 6)" start "$MONO"
		text 520 260 "${router4[0]}" end "$MONO"
		text 520 295 "${router6[0]}" end "$MONO"
		text 760 260 "${router4[1]}" start "$MONO"
		text 760 295 "${router6[1]}" start "$MONO"
		text 1240 260 "$(addresses server 4)" end "$MONO"
		text 1240 295 "$(addresses server 6)" end "$MONO"
		text 395 130 198.51.100.0/24 middle "$MONO"
		text 885 130 203.0.113.0/24 middle "$MONO"
	} | svg 1280 330 'Three hosts: client, router and server, and their addresses'
}

# A packet, the port that it names, and the sockets of a host.
draw_dispatch() {
	local y=40 row port service
	{
		box 20 170 330 170
		text 185 205 'a segment arrives' middle "$BOLD_TEXT"
		text 40 245 'to 203.0.113.20' start "$MONO"
		text 40 280 'port 443' start "$MONO font-weight=\"bold\""
		text 40 315 'from 198.51.100.10:42180' start \
			'font-family="monospace" font-size="20"'
		arrow 350 255 470
		box 470 20 200 470 '#f2f2f2'
		text 570 245 "the server's" middle
		text 570 275 'kernel' middle "$BOLD_TEXT"
		for row in 22:sshd 80:httpd 443:httpd '8080:a test server' '53:(nobody)'; do
			port=${row%%:*} service=${row#*:}
			if [[ $port == 443 ]]; then
				arrow 670 "$((y + 35))" 790
				box 790 "$y" 460 70 '#e5f1f8' '#0072b2'
			elif [[ $service == '(nobody)' ]]; then
				line 670 "$((y + 35))" 790 "$((y + 35))" '#999'
				printf '<rect x="790" y="%d" width="460" height="70" rx="8" ' "$y"
				printf 'fill="none" stroke="#767676" stroke-dasharray="8"/>\n'
			else
				line 670 "$((y + 35))" 790 "$((y + 35))" '#999'
				box 790 "$y" 460 70 '#fff' '#767676'
			fi
			text 820 "$((y + 43))" "port $port" start "$MONO"
			text 1220 "$((y + 43))" "$service" end
			y=$((y + 88))
		done
	} | svg 1280 510 'A segment for port 443 is given to the socket that listens there'
}

# The four-tuple as the kernel looks it up: whole first, then the listener.
draw_lookup() {
	local y=80 here peer what
	{
		text 30 45 'local address : port' start "$BOLD_TEXT"
		text 500 45 'peer address : port' start "$BOLD_TEXT"
		text 960 45 'socket' start "$BOLD_TEXT"
		while IFS='|' read -r here peer what; do
			case $what in
			*A*) box 10 "$y" 1250 56 '#e5f1f8' '#0072b2' ;;
			*) box 10 "$y" 1250 56 '#fff' '#767676' ;;
			esac
			text 30 "$((y + 36))" "$here" start "$MONO"
			text 500 "$((y + 36))" "$peer" start "$MONO"
			text 960 "$((y + 36))" "$what" start
			y=$((y + 66))
		done <<-END
			203.0.113.20:9000|198.51.100.10:42180|connection A
			203.0.113.20:9000|198.51.100.10:42182|connection B
			203.0.113.20:9000|198.51.100.99:42180|connection C
			*:9000|*:*|listener: new ones
		END
		text 10 "$((y + 36))" \
			'All four must fit. If none does and it is a SYN, the listener is asked.' \
			start
	} | svg 1280 400 'Three connections and a listener share port 9000'
}

# Ports 0 to 65535 along a line, by the registry and as Linux uses them.
draw_ranges() {
	local x0=40 width=1200 from to name colour port
	at() { echo "$((x0 + $1 * width / 65536))"; }
	{
		text 40 40 'IANA, RFC 6335' start "$BOLD_TEXT"
		while IFS='|' read -r from to name colour; do
			box "$(at "$from")" 60 "$((($(at "$to")) - ($(at "$from"))))" 80 \
				"$colour"
			[[ -z $name ]] || text "$((($(at "$from") + $(at "$to")) / 2))" \
				108 "$name"
		done <<-END
			0|1024||#d55e00
			1024|49152|registered: 1024-49151|#e5f1f8
			49152|65536|dynamic: 49152-65535|#f2f2f2
		END
		line 50 140 50 180
		text 40 205 'well-known: 0-1023' start
		text 40 285 'Linux: where connect() takes a port from' start "$BOLD_TEXT"
		box 40 305 1200 80 '#fff'
		box "$(at 32768)" 305 "$(($(at 60999) - $(at 32768)))" 80 '#dceee8' \
			'#00735c'
		text "$((($(at 32768) + $(at 60999)) / 2))" 353 \
			'net.ipv4.ip_local_port_range: 32768-60999' middle 'font-size="20"'
		for port in 0 16384 32768 49152 65535; do
			line "$(at "$port")" 385 "$(at "$port")" 400
		done
		text 40 430 0 start "$MONO"
		text "$(at 16384)" 430 16384 middle "$MONO"
		text "$(at 32768)" 430 32768 middle "$MONO"
		text "$(at 49152)" 430 49152 middle "$MONO"
		text 1240 430 65535 end "$MONO"
	} | svg 1280 450 'The ranges of ports: by the registry, and as Linux uses them'
}

# --- the states of both ends, as bars, from the events of a capture -----------

draw_states() { # CAPTURE TITLE
	local file
	file=$(capture_of "$1") || return
	"$LADDER" --events --at "${1##*-}" --hosts "$HOSTS" "$file" |
		awk -v title="$2" '
	function state(end, name) {
		if (name == "-" || ((end in now) && now[end] == name))
			return
		if (end in now)
			bar(end)
		now[end] = name
		since[end] = NR
	}
	function bar(end) {
		bars[++count] = end "|" now[end] "|" since[end] "|" (over ? NR + 1 : NR)
	}
	function shape(end, name, from, to,    x, y, w, fill) {
		x = 150 + (from - 1) * step
		w = (to - from) * step
		y = end == first ? 70 : 270
		fill = name == "ESTABLISHED" ? "#00735c" : name == "TIME-WAIT" ? "#b00020" : \
			name ~ /SYN/ ? "#a65200" : name == "CLOSED" ? "#5a5a5a" : "#005a8c"
		printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"56\" fill=\"%s\" " \
			"stroke=\"#fff\" stroke-width=\"3\"/>\n", x, y, w, fill
		if (length(name) * 11 < w)
			printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" font-size=\"18\" " \
				"fill=\"#fff\">%s</text>\n", x + w / 2, y + 34, name
		else
			printf "<text x=\"%d\" y=\"%d\" font-size=\"16\" fill=\"#222\" " \
				"transform=\"rotate(-28 %d %d)\">%s</text>\n", \
				x + w / 2 - 10, y - 6, x + w / 2 - 10, y - 6, name
	}
	NR == 1 { first = $3; second = $4 }
	{ flags[NR] = $6; from[NR] = $3; state($3, $13); state($4, $14) }
	END {
		over = 1
		bar(first); bar(second)
		step = 1100 / NR
		print "<text x=\"140\" y=\"105\" text-anchor=\"end\" font-weight=\"bold\" " \
			"fill=\"#222\">client</text>"
		print "<text x=\"140\" y=\"305\" text-anchor=\"end\" font-weight=\"bold\" " \
			"fill=\"#222\">server</text>"
		for (n = 1; n <= count; n++) {
			split(bars[n], b, "|")
			shape(b[1], b[2], b[3], b[4])
		}
		for (n = 1; n <= NR; n++)
			printf "<text x=\"%d\" y=\"%d\" font-size=\"16\" fill=\"#222\" " \
				"font-family=\"monospace\">%s%s</text>\n", \
				152 + (n - 1) * step, from[n] == first ? 152 : 258, \
				from[n] == first ? "↓" : "↑", short(flags[n])
	}
	function short(f) { gsub(/,/, " ", f); sub(/PSH ACK/, "data", f); return f }
	' | svg 1280 350 "$2"
}

# --- all of them --------------------------------------------------------------

main() { # FOLDER
	local to=$1 name capture packets
	[[ -x $LADDER ]] || {
		echo "draw.sh: $LADDER is not built yet; run: make" >&2
		return 1
	}
	mkdir -p "$to"
	while read -r name capture packets; do
		draw_ladder "$capture" "$packets" >"$to/$name.svg"
	done < <(ladders)
	draw_topology >"$to/topology.svg"
	draw_dispatch >"$to/dispatch.svg"
	draw_lookup >"$to/lookup.svg"
	draw_ranges >"$to/ranges.svg"
	draw_states 01/00-client 'The states of both ends, packet by packet' \
		>"$to/states-echo.svg"
	draw_states 03/06-client 'The server closes first: TIME-WAIT is its' \
		>"$to/states-server-closes.svg"
}

[[ $# == 1 ]] || {
	echo "usage: slides/draw.sh FOLDER" >&2
	exit 2
}
main "$1"
