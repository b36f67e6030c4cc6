#!/usr/bin/env bats
# Recorded demos: kept whole, played without a network, nothing left.

load lab
load terminal

setup() {
	own_state
	export LC_ALL=C.UTF-8 DEPS=skip PORTLAB_TEST="$BATS_TEST_NUMBER.$$.$RANDOM"
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir "$TMPDIR"
}

teardown() {
	local each
	terminal_ends
	for each in $(carrying "$PORTLAB_TEST"); do
		[[ $each == "$$" || $each == "$BASHPID" ]] ||
			kill -KILL "$each" 2>/dev/null || true
	done
}

nothing_in_tmp() {
	[[ -z $(ls -A "$TMPDIR") ]]
}

tmux_is_gone() {
	local each
	for each in $(carrying "$PORTLAB_TEST"); do
		[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$each/cmdline") != \
		*portlab-replay* ]] || return 1
	done
}

@test "each lab ships a recording of its demo as it is now" {
	for lab in "$ROOT"/labs/*/demo.sh; do
		cmp "$lab" "${lab%/demo.sh}/replay/demo.sh" || {
			echo "record it again: make demo LAB=${lab%/demo.sh} TOUR=1 RECORD=..."
			return 1
		}
	done
}

@test "each plays as the tour, in 80x24, with every line that was recorded" {
	for lab in "$ROOT"/labs/*/replay; do
		run "$PORTLAB" demo --replay "$(basename "${lab%/replay}")"
		echo "$output"
		[[ $status == 0 && $output == *'no network was made'* ]]
		[[ $(wc -L <<<"$output") -le 80 ]]
		awk '/^--- / { if (n > 24) bad = 1; n = 0; steps++ } { n++ }
			END { exit bad || n > 24 || steps == 0 }' <<<"$output"
		awk -F '\t' '$2 == "out" { print $4 }' "$lab/log.tsv" |
			while IFS= read -r line; do
				grep -qxF -- "$(printf '%b' "$line")" <<<"$output"
			done
	done
	nothing_in_tmp
}

@test "what the tour records is what it shows" {
	"$PORTLAB" demo --record "$BATS_TEST_TMPDIR/kept" 04 |
		sed '/^That was it/,$d' >"$BATS_TEST_TMPDIR/played"
	"$PORTLAB" demo --replay="$BATS_TEST_TMPDIR/kept" 04 |
		sed '/^That was what/,$d' | diff "$BATS_TEST_TMPDIR/played" -
}

@test "it needs no privilege and makes no namespace" {
	needs strace
	strace -f -qq -e trace=unshare,clone,setns,socket,mount \
		-o "$BATS_TEST_TMPDIR/calls" "$PORTLAB" demo --replay 04 >/dev/null
	[[ -s $BATS_TEST_TMPDIR/calls ]]
	run grep -E 'unshare|setns|mount|CLONE_NEW|AF_INET' \
		"$BATS_TEST_TMPDIR/calls"
	[[ $status == 1 ]]
}

@test "key by key on a terminal, and back; the server's lines come too" {
	needs tmux
	terminal 80 24 "'$PORTLAB' demo --replay 01"
	await_screen 'Enter runs it'
	await_screen '[server] $ echo_server 9000'
	await_screen 'this is a recording'
	type_keys Enter
	await_screen 'listening on [::]:9000'
	await_screen '| echo_client server4 9000'
	await_screen 'Enter runs it'
	type_keys Enter
	await_screen 'handshake done'
	await_screen 'Notice: it was the server'
	eventually shows_all
	type_keys t
	await_screen 'Flags ['
	type_keys t Enter
	await_screen '2/5: The same connection'
	type_keys b
	await_screen '1/5: Three packets'
	await_screen 'Enter runs it'
	type_keys q
	await_screen 'status 0'
	eventually nothing_in_tmp
}

shows_all() {
	[[ $(screen) == *'client 198.51.100.10:'*'hello'*'[client] $'* ]]
}

@test "AUTO=1: by itself to its end, in the time that it took" {
	needs tmux
	small=$BATS_TEST_TMPDIR/small
	mkdir "$small"
	printf '%s\n' 'demo Small' 'step One' 'run client "echo one; echo two"' \
		>"$small/demo.sh"
	printf '%s\t%s\t%s\t%s\n' 1000000 step '' 0 1000000 action '' 0 \
		1000000 typed client 'echo one; echo two' 1000000 out client one \
		6000000 out client two 6000000 end client 0 >"$small/log.tsv"
	terminal 80 24 "'$PORTLAB' demo --replay='$small' --auto 01"
	await_screen $'\none'
	began=${EPOCHREALTIME/[.,]/}
	await_screen $'\ntwo'
	took=$((${EPOCHREALTIME/[.,]/} - began))
	echo "five seconds took $took us"
	# Less than five: the first may have been seen late.
	((took > 1000000))
	await_screen '(the end)'
}

@test "whatever way a replay ends, nothing is left" {
	needs tmux
	for how in close 'TERM verb' 'KILL verb' 'KILL tmux' 'KILL driver'; do
		terminal 80 24 "'$PORTLAB' demo --replay 01"
		await_screen 'Enter runs it'
		[[ -n $(ls -A "$TMPDIR") ]]
		case ${how#* } in
		close) terminal_ends ;;
		verb) replay_kill "${how% *}" 'portlab demo --replay' ;;
		tmux) replay_kill KILL 'new-session -d -x 80 -y 24 '"$ROOT" ;;
		driver) replay_kill KILL 'live act replay' ;;
		esac
		eventually tmux_is_gone
		eventually nothing_in_tmp
		terminal_ends
	done
	# Where nobody was left to clean up, the next one does.
	mkdir "$TMPDIR/portlab-replay.dead"
	# Of a process that there never is.
	cp /proc/sys/kernel/pid_max "$TMPDIR/portlab-replay.dead/pid"
	terminal 80 24 "'$PORTLAB' demo --replay 01"
	await_screen 'Enter runs it'
	[[ ! -e $TMPDIR/portlab-replay.dead ]]
	type_keys q
	eventually nothing_in_tmp
}

replay_kill() { # SIGNAL WORD
	kill -"$1" "$(eldest_of_ours "$2")"
}

@test "what cannot be replayed" {
	run "$PORTLAB" demo --replay="$BATS_TEST_TMPDIR" 01
	[[ $status == 1 && $output == *'is no recording'* ]]
	cp "$ROOT/labs/01-echo/demo.sh" "$BATS_TEST_TMPDIR/"
	: >"$BATS_TEST_TMPDIR/log.tsv"
	run "$PORTLAB" demo --replay="$BATS_TEST_TMPDIR" 01
	[[ $status == 1 && $output == *'nothing was recorded'* ]]
	run "$PORTLAB" demo --replay
	[[ $status == 2 && $output == *'one lab at a time'* ]]
	cp -r "$ROOT/labs/01-echo/replay" "$BATS_TEST_TMPDIR/torn"
	truncate -s 60 "$BATS_TEST_TMPDIR"/torn/*.pcap
	run "$PORTLAB" demo --replay="$BATS_TEST_TMPDIR/torn" 01
	echo "$output"
	[[ $status == 1 && $output == *pcap* ]]
}
