# driver-screen.sh - what the live demo's driver shows: the ladder, in pages; the
# panes and their sizes; its own lines (sourced by driver.sh)

# --- the ladder ---------------------------------------------------------------

drive_file() { # N HOST
	demo_pcap "$CAPTURES" "$1" "$2"
}

drive_clear_ladder() { # TEXT
	printf '%s' "$1" >"$LIVE/page"
	live_tmux respawn-pane -k -t "${PANES[ladder]}" \
		"exec '$LABDIR/live' page '$LIVE/page'" \; \
		clear-history -t "${PANES[ladder]}"
}

# The ladder as it grows, of what is being captured; or, when there is nothing
# being captured, of the client from now on.
drive_live() {
	[[ -n $LIVE_HOST ]] || {
		LIVE_HOST=client LIVE_FILE=$LIVE/off-script.pcap
		stage_capture client "$LIVE_FILE" || LIVE_HOST=''
	}
	[[ -n $LIVE_HOST ]] || return 0
	PAGES=() FILE=$LIVE_FILE
	drive_label_ladder "Seen at $LIVE_HOST, live"
	live_tmux respawn-pane -k -t "${PANES[ladder]}" \
		"exec '$LABDIR/live' ladder $LIVE_HOST '$FILE' $(drive_width)" \; \
		clear-history -t "${PANES[ladder]}"
	drive_tcpdump again
}

# Plain tcpdump beside the ladder, below it where there is no room beside it;
# or, when it is there, away with it; "again" for another file.
drive_tcpdump() { # [again]
	local how
	[[ -n ${1-} || -z ${PANES[tcpdump]-} ]] || {
		drive_no_tcpdump
		drive_reshow
		return
	}
	[[ -n $FILE && (-z ${1-} || -n ${PANES[tcpdump]-}) ]] || return 0
	drive_no_tcpdump
	TCPDUMP=below how=-v
	((COLUMNS_NOW < 2 * LIVE_COLUMNS + 1)) || TCPDUMP=beside how=-h
	PANES[tcpdump]=$(live_tmux split-window -d "$how" -P -F '#{pane_id}' \
		-t "${PANES[ladder]}" "exec '$LABDIR/live' tcpdump '$FILE'")
	drive_label tcpdump 'tcpdump -n -t'
	[[ -n ${1-} ]] || drive_reshow
	drive_layout
}

drive_no_tcpdump() {
	TCPDUMP=''
	[[ -n ${PANES[tcpdump]-} ]] || return 0
	live_tmux kill-pane -t "${PANES[tcpdump]}" 2>/dev/null || true
	unset 'PANES[tcpdump]'
}

# What is shown, for another size of its pane.
drive_reshow() {
	local page=${PAGE-0}
	drive_layout
	if ((${#PAGES[@]} > 0)); then
		drive_pages "$SHOWN"
		drive_page $((page < ${#PAGES[@]} ? page : ${#PAGES[@]} - 1))
	elif [[ -n $LIVE_HOST ]]; then
		drive_live
	fi
}

drive_width() {
	local width
	width=$(live_tmux display -p -t "${PANES[ladder]}" '#{pane_width}')
	echo "$((width > 160 ? 160 : width < 60 ? 60 : width))"
}

# The pages of what action N shows: of one host, of both side by side where
# there is room for it, or of one after the other.
drive_show() { # N
	SHOWN=$1
	drive_pages "$1"
	drive_page 0
	drive_tcpdump again
}

drive_pages() { # N
	local n host width
	local -a hosts files=()
	read -ra hosts <<<"${HOSTS[$1]}"
	PAGES=() PAGE_TITLES=()
	for host in "${hosts[@]}"; do
		n=$(demo_before "$1" capture "$host")
		files+=("$(drive_file "$n" "$host")")
		stage_captured "$host" "${files[-1]}"
	done
	FILE=${files[0]} LIVE_HOST=''
	width=$(drive_width)
	if [[ ${#hosts[@]} == 2 ]] && (((width - 2) / 2 >= LADDER_LEAST)); then
		ladders_beside "$width" "${hosts[0]}" "${files[0]}" "${hosts[1]}" \
			"${files[1]}" "${WORDS[$1]}" >"$LIVE/ladder"
		drive_paginate "${hosts[0]} and ${hosts[1]}"
	else
		for n in "${!hosts[@]}"; do
			ladders_one "${hosts[n]}" "${files[n]}" "$width" \
				"${WORDS[$1]}" >"$LIVE/ladder"
			drive_paginate "${hosts[n]}"
		done
	fi
}

# Cut $LIVE/ladder into pages that the pane can take, each with the line that
# says who the two ends are; between packets, for each of which the first line
# alone has something before the column of the arrows.
drive_paginate() { # TITLE
	local name=$LIVE/page.${#PAGES[@]} count n
	rm -f "$name".*
	sed $'s/\e\\[[0-9;]*m//g' "$LIVE/ladder" | paste -d $'\001' - "$LIVE/ladder" |
		awk -F $'\001' -v rows="$(drive_page_rows)" -v name="$name" '
		NR == 1 { head = $2; used = rows; next }
		function flush() {
			if (used + count > rows) {
				page++
				print head >(name "." page)
				used = 1
			}
			for (i = 1; i <= count; i++)
				print block[i] >(name "." page)
			used += count
			count = 0
		}
		$1 ~ /^ ? ? ? ? ? ? ? ?[^ ]/ && count { flush() }
		{ block[++count] = $2 }
		END { flush() }'
	count=$(find "$LIVE" -name "${name##*/}.*" | wc -l)
	for ((n = 1; n <= count; n++)); do
		PAGES+=("$name.$n")
		PAGE_TITLES+=("Seen at $1$( ((count == 1)) || echo ", $n of $count")")
	done
}

drive_page() { # PAGE
	PAGE=$1
	drive_layout
	cp "${PAGES[PAGE]}" "$LIVE/page"
	live_tmux respawn-pane -k -t "${PANES[ladder]}" \
		"exec '$LABDIR/live' page '$LIVE/page'" \; \
		clear-history -t "${PANES[ladder]}"
	drive_label_ladder "${PAGE_TITLES[PAGE]}"
	((AT == SHOWN)) || return 0 # it is only shown again
	STATE=page
	((PAGE + 1 < ${#PAGES[@]})) || STATE=shown
	if [[ $STATE == shown ]] && drive_only_notice; then
		drive_on
	else
		drive_say ''
		drive_wait
	fi
}

# --- the screen ---------------------------------------------------------------

drive_panes() {
	PANES["driver"]=$TMUX_PANE
	: >"$LIVE/page"
	PANES[ladder]=$(drive_above driver)
	PANES[client]=$(drive_above ladder)
	PANES[server]=$(drive_above client)
	live_tmux set -g @back ' (Alt-arrows, a click or F12: back to the driver)'
	live_tmux set -p -t "${PANES[driver]}" @back ''
	live_tmux bind -n F12 select-pane -t "${PANES[driver]}"
	drive_label server 'server 203.0.113.20'
	drive_label client 'client 198.51.100.10'
}

drive_above() { # PANE
	live_tmux split-window -d -b -P -F '#{pane_id}' -t "${PANES[$1]}" \
		"exec '$LABDIR/live' page '$LIVE/page'"
}

drive_label() { # PANE WORDS...
	local pane=${PANES[$1]}
	shift
	live_tmux set -p -t "$pane" @name "$*"
}

drive_label_ladder() { # [TEXT]
	LADDER_LABEL=${1-${LADDER_LABEL-}}
	drive_label ladder "$LADDER_LABEL${LOADED:+${LADDER_LABEL:+; }scenario ${LOADED}}"
}

# How many rows of a ladder fit at once.
drive_page_rows() {
	local rows=$((ROWS_NOW - DRIVER_ROWS - (BESIDE ? 5 : 8)))
	[[ $TCPDUMP != below ]] || rows=$(((rows - 1) / 2))
	echo "$rows"
}

# Rows for everyone. A ladder that is shown gets what it needs and leaves two
# rows to each shell; else the shells get what their commands will need. Where
# both have 80 columns then, they are beside each other.
drive_layout() {
	local rest ladder need n server client
	read -r COLUMNS_NOW ROWS_NOW < <(live_tmux display -p -t "$TMUX_PANE" \
		'#{window_width} #{window_height}')
	BESIDE=$((COLUMNS_NOW > 2 * LIVE_COLUMNS))
	rest=$((ROWS_NOW - DRIVER_ROWS - (BESIDE ? 3 : 4)))
	ladder=$((rest / 2))
	[[ $TCPDUMP != below ]] || ladder=$((rest - 4))
	if ((${#PAGES[@]} > 0)); then
		for n in "${PAGES[@]}"; do
			need=$(wc -l <"$n")
			[[ $TCPDUMP != below ]] || need=$((2 * need + 1))
			((need <= ladder)) || ladder=$need
		done
	elif [[ -z $LIVE_HOST ]] && ! drive_will_show; then
		ladder=1
	fi
	((ladder <= rest - 4)) || ladder=$((rest - 4))
	read -r server client < <(drive_share "$((rest - ladder))")
	live_tmux select-layout -t "$TMUX_PANE" \
		"$(drive_cells "$server" "$client" "$ladder")"
}

# The layout in the words of tmux: WIDTHxHEIGHT,X,Y and what is in it, beside
# each other in {}, below each other in [], and the number of its pane. Between
# two there is a line; the first row of all belongs to the topmost pane.
drive_cells() { # SERVER CLIENT LADDER
	local w=$COLUMNS_NOW half=$(((COLUMNS_NOW - 1) / 2)) y=$(($1 + 2)) cells n
	local rest=$((w - half - 1)) sum=0
	if ((BESIDE)); then
		cells="${w}x$(($1 + 1)),0,0{${half}x$(($1 + 1)),0,0,0,"
		cells+="${rest}x$(($1 + 1)),$((half + 1)),0,0}"
	else
		cells="${w}x$(($1 + 1)),0,0,0,${w}x$2,0,$y,0"
		y=$((y + $2 + 1))
	fi
	case $TCPDUMP in
	'') cells+=",${w}x$3,0,$y,0" ;;
	beside)
		cells+=",${w}x$3,0,$y{${half}x$3,0,$y,0,"
		cells+="${rest}x$3,$((half + 1)),$y,0}"
		;;
	below)
		n=$((($3 - 1) / 2))
		cells+=",${w}x$(($3 - n - 1)),0,$y,0,${w}x$n,0,$((y + $3 - n)),0"
		;;
	esac
	y=$((y + $3 + 1))
	cells="${w}x$ROWS_NOW,0,0[$cells,${w}x$DRIVER_ROWS,0,$y,0]"
	for ((n = 0; n < ${#cells}; n++)); do
		sum=$((((sum >> 1) + ((sum & 1) << 15) +
			$(printf '%d' "'${cells:n:1}")) & 0xffff))
	done
	printf '%04x,%s\n' "$sum" "$cells"
}

drive_will_show() {
	local n
	for ((n = STEP_FIRST[STEP]; n < STEP_FIRST[STEP + 1]; n++)); do
		[[ ${ACTIONS[n]} != capture && ${ACTIONS[n]} != show &&
			${ACTIONS[n]} != both ]] || return 0
	done
	return 1
}

# The rows of server and client out of ROWS, by how much each has to do.
drive_share() { # ROWS
	local n server=4 client=4
	if ((BESIDE)); then
		echo "$1 $1"
		return
	fi
	for ((n = STEP_FIRST[STEP]; n < STEP_FIRST[STEP + 1]; n++)); do
		case ${ACTIONS[n]} in
		start | run) declare "${HOSTS[n]}=$((HOSTS[n] + 2 +
			$(wc -l <<<"${WORDS[n]}")))" ;;
		esac
	done
	n=$((($1 * server + (server + client) / 2) / (server + client)))
	((n >= 2)) || n=2
	((n <= $1 - 2)) || n=$(($1 - 2))
	((n >= 1)) || n=1
	echo "$n $(($1 - n))"
}

readonly DRIVER_LEAST=4
DRIVER_ROWS=$DRIVER_LEAST

# The driver's lines: the notice, if it is time for it, else TEXT; the keys.
drive_say() { # TEXT...
	local text=$* keys next=next
	local -a lines
	case $STATE in
	typed) next='runs it' ;;
	page | shown) next='next' ;;
	running | aside | going | typing) next='-' ;;
	over)
		next='next step'
		text=${text:-$NOTICE}
		((STEP + 1 < ${#STEP_TITLES[@]})) || next='(the end)'
		;;
	esac
	[[ $STATE == over ]] || text=${text:-$NOTICE}
	text=${TROUBLE:-$text}
	mapfile -t lines < <(fold -s -w 78 <<<"$text" | sed 's/ *$//')
	if ((${#lines[@]} + 1 > DRIVER_ROWS)); then
		DRIVER_ROWS=$((${#lines[@]} + 1))
		drive_layout
	fi
	keys="Enter $next  b back  r again  t tcpdump  l live  s c shells  q quit"
	printf '\e[H\e[2J'
	for ((n = 0; n < DRIVER_ROWS - 1; n++)); do
		printf '%s\r\n' "${lines[n]-}"
	done
	printf '%s%s%s' "$DIM" "$keys" "$PLAIN"
}
