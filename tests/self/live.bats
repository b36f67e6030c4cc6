#!/usr/bin/env bats
# The live demo in tmux: every lab's, key by key, on two sizes of terminal.

load lab
load terminal

setup() {
	needs tmux
	own_state
	export LC_ALL=C.UTF-8 DEPS=skip PORTLAB_TEST="$BATS_TEST_NUMBER.$$.$RANDOM"
	KEPT=$BATS_TEST_TMPDIR/kept
}

teardown() {
	terminal_ends
}

live() { # COLUMNS ROWS LAB
	terminal "$1" "$2" "'$PORTLAB' demo --record '$KEPT' $3"
}

# How often the driver has waited for a key so far.
waits() {
	if [[ -e $KEPT/log.tsv ]]; then
		grep -c $'\twait\t' "$KEPT/log.tsv" || true
	else
		echo 0
	fi
}

# Wait until it waits for the Nth time, and has said so.
await_wait() { # N
	local deadline=$((SECONDS + 60))
	until (($(waits) >= $1)) &&
		screen | grep -qE '^Enter (runs it|next|next step|\(the end\))  '; do
		((SECONDS < deadline)) || {
			echo "the driver does not wait"
			screen
			return 1
		}
		read -r -t 0.05 <> <(:) || true
	done
}

# Whether all that the driver waits with is on the screen: shells show what is
# typed at their prompts, and another program the page of a ladder, when they
# come to it.
painted() {
	local action state line now
	read -r action state < <(awk -F '\t' '$2 == "action" { action = $4 }
		$2 == "wait" { state = $4 } END { print action, state }' \
		"$KEPT/log.tsv")
	now=$(screen)
	while IFS= read -r line; do
		[[ $now == *"$line"* ]] || return
	done < <(if [[ $state == typed ]]; then
		typed "$action" | expand
	elif [[ ! $now =~ 'Seen at '[a-z]*', live ' ]]; then
		page
	fi)
}

# The command that action N types.
typed() ( # N
	. "$ROOT/common/lab/steps.sh"
	demo_read "$KEPT/demo.sh"
	demo_typed "$1"
)

# The page of the ladder that the driver, in a /run of its own, has shown last.
page() {
	sed $'s/\e\\[[0-9;]*m//g' 2>/dev/null \
		"/proc/$(eldest_of_ours 'live act drive')/root/run/portlab/live/page"
}

# Play a demo to its end; every screen at which a key was awaited is kept, one
# line of the file seen for each line of them.
play() { # COLUMNS ROWS LAB
	local n=1
	live "$@"
	while :; do
		await_wait "$n"
		eventually painted
		screen | tee -a "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/now"
		[[ $(wc -l <"$BATS_TEST_TMPDIR/now") -le $2 ]]
		! grep -q '(the end)' "$BATS_TEST_TMPDIR/now" || break
		n=$(($(waits) + 1))
		type_keys Enter
	done
	type_keys q
	await_screen 'status 0'
}

# Each line of stdin must have stood on a screen, whole: followed by nothing.
all_seen() { # WHAT
	local line
	while IFS= read -r line; do
		[[ -z $line ]] || grep -qxF -- "$line" "$BATS_TEST_TMPDIR/seen" || {
			echo "$1 was never on the screen, whole: $line"
			cat "$BATS_TEST_TMPDIR/seen"
			return 1
		}
	done
}

# The ladders of what was captured, as wide as the pane.
ladders() { # COLUMNS
	(
		export BUILD LABDIR=$ROOT/common/lab BOLD='' DIM='' PLAIN=''
		. "$ROOT/common/lab/steps.sh"
		. "$ROOT/common/lab/ladders.sh"
		PATH=$BUILD/bin:$PATH
		demo_read "$KEPT/demo.sh"
		for n in "${!ACTIONS[@]}"; do
			case ${ACTIONS[n]} in
			show | both) ;;
			*) continue ;;
			esac
			for host in ${HOSTS[n]}; do
				ladders_one "$host" "$(printf '%s/%02d-%s.pcap' "$KEPT" \
					"$(demo_before "$n" capture "$host")" "$host")" \
					"$1" "${WORDS[n]}"
			done
		done
	)
}

# What demo.sh wants shown: titles and notices as they are wrapped, commands.
wanted() { # titles|notices|commands
	(
		. "$ROOT/common/lab/steps.sh"
		demo_read "$KEPT/demo.sh"
		[[ $1 != titles ]] || printf '%s\n' "${STEP_TITLES[@]}"
		for n in "${!ACTIONS[@]}"; do
			case $1.${ACTIONS[n]} in
			notices.notice) fold -s -w 78 <<<"${WORDS[n]}" | sed 's/ *$//' ;;
			commands.start | commands.run) demo_typed "$n" ;;
			esac
		done
	)
}

plays_whole() { # COLUMNS ROWS LAB
	rm -f "$BATS_TEST_TMPDIR/seen"
	play "$@"
	ladders "$1" | all_seen ladder
	wanted notices | all_seen notice
	wanted titles | while IFS= read -r line; do
		grep -qE -- "^── [0-9]+/[0-9]+: " "$BATS_TEST_TMPDIR/seen"
		grep -qF -- ": $line ─" "$BATS_TEST_TMPDIR/seen" || {
			echo "a title that is too long: $line"
			return 1
		}
	done
	# A command stands behind a prompt, or is a further line of one.
	sed -E 's/^(\^C)?\[(client|server)\] \$ //' "$BATS_TEST_TMPDIR/seen" \
		>"$BATS_TEST_TMPDIR/typed"
	wanted commands | expand | while IFS= read -r line; do
		grep -qxF -- "$line" "$BATS_TEST_TMPDIR/typed" || {
			echo "never typed, whole: $line"
			grep -F -- "${line:0:20}" "$BATS_TEST_TMPDIR/typed"
			return 1
		}
	done
	# Nobody has said what was typed.
	awk -F '\t' '$2 == "out" { print $4 }' "$KEPT/log.tsv" |
		sed -E 's/^(\[(client|server)\] \$ )+//' \
			>"$BATS_TEST_TMPDIR/said"
	wanted commands | grep . >"$BATS_TEST_TMPDIR/commands"
	! grep -xFf "$BATS_TEST_TMPDIR/commands" "$BATS_TEST_TMPDIR/said"
	# What programs say fits on a line of any screen.
	awk -F '\t' '$2 == "out" { n++ }
		$2 == "out" && length($4) > 80 { print "too long: " $4; long = 1 }
		END { exit long || n == 0 }' "$KEPT/log.tsv"
}

@test "every lab's demo on 80x24: each step by a key, no line cut" {
	for lab in "$ROOT"/labs/*/demo.sh; do
		plays_whole 80 24 "$(basename "${lab%/demo.sh}")"
		terminal_ends
	done
}

@test "every lab's demo on 120x40" {
	for lab in "$ROOT"/labs/*/demo.sh; do
		plays_whole 120 40 "$(basename "${lab%/demo.sh}")"
		terminal_ends
	done
}

# To the Nth wait for a key, by Enter.
forward() { # N
	local n
	for ((n = 1; n < $1; n++)); do
		await_wait "$n"
		type_keys Enter
	done
	await_wait "$1"
}

@test "b goes back a step, r begins it again, in a network made anew" {
	live 80 24 04
	await_screen 'Enter runs it'
	await_screen '1/6: Open'
	type_keys b # there is none before it
	await_wait 2
	await_screen '1/6: Open'
	type_keys s
	await_screen 'back to the driver'
	type_keys 'ip route flush all; echo gone' Enter
	await_screen $'\ngone'
	type_keys F12 r
	await_wait 3
	type_keys Enter
	await_wait 4
	await_screen 'server:9000 open in'
	not_on_screen gone
	type_keys Enter
	await_wait 5
	type_keys Enter
	await_wait 6
	await_screen '2/6: Refused'
	await_screen 'scenario closed'
	type_keys b
	await_wait 7
	await_screen '1/6: Open'
	await_screen 'scenario open'
}

@test "a scenario of an earlier step is there again after r" {
	live 80 24 01
	forward 8
	await_screen '4/5: A router that drops'
	type_keys Enter
	await_wait 9
	type_keys r
	await_wait 10
	await_screen 'scenario drop'
	await_screen 'tcp_syn_retries'
}

@test "a command is edited, another is tried first, and the demo goes on" {
	live 80 24 04
	await_wait 1
	type_keys c
	await_screen 'back to the driver'
	type_keys C-u 'echo off script' Enter
	await_screen $'\noff script'
	# what the step needs is typed again
	await_wait 2
	await_screen 'knock -4 server 9000'
	type_keys ' 9001' Enter
	await_screen 'server:9001 refused'
	await_wait 3
	await_screen 'Seen at client'
	type_keys exit Enter # the shell is there again
	await_screen $'\nexit\n[client] $'
	type_keys 'echo again' Enter
	await_screen $'\nagain'
	type_keys F12
	type_keys Enter
	await_screen 'Seen at router'
	grep -P '\ttyped\tclient\tknock -4 server 9000 9001$' "$KEPT/log.tsv"
	grep -P '\ttyped\tclient\techo off script$' "$KEPT/log.tsv"
	grep -P '\tout\tclient\toff script$' "$KEPT/log.tsv"
}

@test "t: tcpdump beside the ladder, and away again; l: the ladder goes on" {
	live 170 40 04
	forward 2
	type_keys t
	await_screen 'tcpdump -n -t'
	await_screen 'Flags [S.]'
	eventually beside
	type_keys t
	await_screen 'Enter next'
	eventually not_on_screen 'tcpdump -n -t'
	type_keys l
	await_screen 'Seen at client, live'
	type_keys c
	await_screen 'back to the driver'
	type_keys 'knock -4 server 9001' Enter
	await_screen 'asks server for port 9001'
	type_keys F12
	terminal_tmux resize-window -x 80 -y 24
	eventually narrow
	type_keys t
	await_screen 'tcpdump -n -t'
	await_screen 'Flags ['
}

beside() {
	[[ $(screen) =~ Seen' at client'[^$'\n']*tcpdump ]]
}

not_on_screen() {
	! on_screen "$1"
}

narrow() {
	[[ $(screen | wc -L) -le 80 ]] && on_screen 'Enter next'
}

@test "projector: a step is played by one key" {
	terminal 80 24 "'$PORTLAB' demo --projector --record '$KEPT' 01"
	await_wait 1
	await_screen 'Seen at client'
	await_screen '1/5: Three packets'
	await_screen 'Enter next step'
	type_keys Enter
	await_wait 2
	await_screen '2/5: The same connection'
}

@test "a server that does not come up, and a rule that does not load" {
	mkdir -p "$BATS_TEST_TMPDIR/suite/labs/01-small/scenarios/broken"
	cp -r "$ROOT/common" "$BATS_TEST_TMPDIR/suite/"
	printf '%s\n' 'demo Bad' 'step One' 'start server 9000 "echo no; false"' \
		'step Two' 'scenario broken' 'run client "echo hello"' \
		>"$BATS_TEST_TMPDIR/suite/labs/01-small/demo.sh"
	echo nonsense \
		>"$BATS_TEST_TMPDIR/suite/labs/01-small/scenarios/broken/router.v4"
	unset PORTLAB_STATE
	export PORTLAB_BUILD=$BUILD
	PORTLAB=$BATS_TEST_TMPDIR/suite/common/lab/portlab
	live 80 24 01
	await_wait 1
	type_keys Enter
	await_screen 'Nothing listens on port 9000 of server'
	type_keys Enter
	await_screen 'Enter next step'
	type_keys Enter
	await_screen 'could not be loaded'
}

@test "where it cannot be live, the tour, with a word why" {
	terminal 79 24 "'$PORTLAB' demo 04"
	await_screen 'the tour, unattended: the terminal has 79x24'
	terminal_ends
	terminal 80 24 "TERM=dumb '$PORTLAB' demo 04"
	await_screen 'the tour, unattended: the terminal cannot move its cursor'
	terminal_ends
	mkdir "$BATS_TEST_TMPDIR/bin"
	for tool in /usr/bin/* /bin/* /usr/sbin/* /sbin/*; do
		[[ ${tool##*/} == tmux ]] || ln -sf "$tool" "$BATS_TEST_TMPDIR/bin/"
	done
	terminal 80 24 "PATH='$BATS_TEST_TMPDIR/bin' '$PORTLAB' demo 04"
	await_screen 'the tour, unattended: tmux is not installed'
}

@test "in ASCII where the locale is; no colour with NO_COLOR" {
	terminal 80 24 "LC_ALL=C NO_COLOR=1 '$PORTLAB' demo --record '$KEPT' 04"
	forward 2
	await_screen '|-- SYN seq=0'
	[[ -z $(screen | LC_ALL=C tr -d '\n -~') ]]
	terminal_tmux capture-pane -e -p >"$BATS_TEST_TMPDIR/colours"
	run grep $'\e\\[3[0-7]' "$BATS_TEST_TMPDIR/colours"
	[[ $status == 1 ]]
}

@test "RECORD: what it does not write to" {
	run "$PORTLAB" demo --record /run/portlab-kept 01
	[[ $status == 1 && $output == *'/run is not kept'* ]]
	mkdir "$KEPT"
	touch "$KEPT/mine"
	run "$PORTLAB" demo --record "$KEPT" 01
	[[ $status == 1 && $output == *'holds something else'* ]]
	run "$PORTLAB" demo --record "$KEPT" 01 02
	[[ $status == 2 && $output == *'one lab at a time'* ]]
	run "$PORTLAB" demo --record /proc/none 01
	[[ $status == 1 && $output == *'cannot write'* ]]
}
