#!/usr/bin/env bats
# Whatever way a network ends, nothing of it is left: no process, namespace,
# interface, mount or temporary file; and the host's own were never touched.

load lab
load terminal

setup() {
	own_state
	export PORTLAB_TEST="$BATS_TEST_NUMBER.$$.$RANDOM"
	export TMPDIR="$BATS_TEST_TMPDIR/tmp"
	mkdir "$TMPDIR"
	export DEPS=skip
	host_state >"$BATS_TEST_TMPDIR/before"
}

teardown() {
	local each
	for each in $(carrying "$PORTLAB_TEST"); do
		[[ $each == "$$" || $each == "$BASHPID" ]] ||
			kill -KILL "$each" 2>/dev/null || true
	done
	terminal_ends
	end_background
}

# What of the host a network could have changed. Containers, which others may
# start and end meanwhile, have links, routes and mounts, too.
host_state() {
	{
		ip -o link | cut -d: -f2
		ip route
		cat /proc/self/mountinfo
		ls /run/netns 2>/dev/null || true
		cat /proc/sys/net/ipv4/ip_forward
	} | grep -vE 'docker|veth[0-9a-f]{7}'
}

# Processes of this test other than the test itself and its children here.
left() {
	local each
	for each in $(carrying "$PORTLAB_TEST"); do
		[[ $(readlink "/proc/$each/ns/pid") != \
		"$(readlink /proc/self/ns/pid)" || \
		$(tr '\0' ' ' <"/proc/$each/cmdline" 2>/dev/null) == \
		*labns* ]] && echo "$each"
	done
	return 0
}

none_left() {
	[[ -z $(left) ]]
}

nothing_is_left() {
	eventually none_left
	host_state | diff "$BATS_TEST_TMPDIR/before" -
	[[ -z $(ls -A "$TMPDIR") ]]
}

# Start COMMAND..., and wait until what it runs in the network says so.
begin() {
	mkfifo "$BATS_TEST_TMPDIR/ready"
	background "$@"
	read -r -t 60 ready <>"$BATS_TEST_TMPDIR/ready"
	[[ $ready == here ]]
	[[ -n $(left) ]]
}

# The command that begin waits for: says that it is there, and stays, with a
# child that ignores what it can.
stay() {
	printf '%s' "trap '' TERM HUP INT; echo here >'$BATS_TEST_TMPDIR/ready';
		sleep 1000 & sleep 1000"
}

@test "the command ends" {
	"$PORTLAB" run client -- bash -c 'sleep 1000 & setsid sleep 1000 & true'
	nothing_is_left
}

@test "the command fails, or the network cannot be made" {
	run "$PORTLAB" run client -- bash -c 'setsid sleep 1000 & exit 3'
	[[ $status == 3 ]]
	run "$PORTLAB" run client --scenario "$ROOT/tests/self/network/broken" \
		-- true
	[[ $status == 125 ]]
	nothing_is_left
}

@test "SIGTERM, SIGHUP or SIGINT to portlab" {
	for signal in TERM HUP; do
		begin "$PORTLAB" run client -- bash -c "$(stay)"
		kill -"$signal" "$pid"
		nothing_is_left
		rm "$BATS_TEST_TMPDIR/ready"
	done
	begin "$PORTLAB" run client -- bash -c \
		"echo here >'$BATS_TEST_TMPDIR/ready'; exec sleep 1000"
	kill -INT "$pid"
	nothing_is_left
}

@test "SIGKILL to portlab" {
	begin "$PORTLAB" run client -- bash -c "$(stay)"
	kill -KILL "$pid"
	nothing_is_left
}

@test "SIGKILL to the init of the network" {
	begin "$PORTLAB" run client -- bash -c "$(stay)"
	kill -KILL "$(pgrep -P "$pid")"
	nothing_is_left
}

@test "SIGKILL to whoever started portlab" {
	begin bash -c "'$PORTLAB' run client -- bash -c \"\$1\"; true" bash \
		"$(stay)"
	kill -KILL "$pid"
	nothing_is_left
}

@test "SIGKILL or SIGTERM to make" {
	for signal in KILL TERM; do
		mkdir -p "$BATS_TEST_TMPDIR/make"
		printf 'go:\n\t@exec "%s" run client -- bash "%s"\n' "$PORTLAB" \
			"$BATS_TEST_TMPDIR/stay" >"$BATS_TEST_TMPDIR/make/Makefile"
		stay >"$BATS_TEST_TMPDIR/stay"
		begin make -C "$BATS_TEST_TMPDIR/make" go
		kill -"$signal" "$pid"
		nothing_is_left
		rm "$BATS_TEST_TMPDIR/ready"
	done
}

# A fifo "out", which stays open: who writes to it is not to end by SIGPIPE
# before it is killed.
make_out() {
	mkfifo "$BATS_TEST_TMPDIR/out"
	exec {OUT}<>"$BATS_TEST_TMPDIR/out"
}

# Until what writes to it has written a line with TEXT.
await_line() { # TEXT
	local line=''
	until [[ $line == *"$1"* ]]; do
		IFS= read -r -t 60 -u "$OUT" line || return
	done
}

@test "SIGKILL to make demo" {
	make_out
	make -s -C "$ROOT" demo >"$BATS_TEST_TMPDIR/out" 2>&1 \
		3>&- 4>&- 10>&- {OUT}>&- &
	pid=$!
	BACKGROUND+=("$pid")
	await_line 'listening on'
	kill -KILL "$pid"
	nothing_is_left
}

@test "SIGKILL or SIGTERM to a demo with a client that never ends its request" {
	for signal in KILL TERM; do
		make_out
		"$PORTLAB" demo 05 >"$BATS_TEST_TMPDIR/out" 2>&1 \
			3>&- 4>&- 10>&- {OUT}>&- &
		pid=$!
		BACKGROUND+=("$pid")
		await_line 'printf G'
		kill -"$signal" "$pid"
		nothing_is_left
		exec {OUT}>&-
		rm "$BATS_TEST_TMPDIR/out"
	done
}

@test "Ctrl-C at a terminal" {
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	cat >"$BATS_TEST_TMPDIR/stay" <<-END
		echo here >'$BATS_TEST_TMPDIR/ready'
		sleep 1000
	END
	mkfifo "$BATS_TEST_TMPDIR/keys" "$BATS_TEST_TMPDIR/ready"
	script -qec "'$PORTLAB' run client -- bash '$BATS_TEST_TMPDIR/stay'" \
		"$BATS_TEST_TMPDIR/typescript" <"$BATS_TEST_TMPDIR/keys" \
		>/dev/null 2>&1 3>&- 4>&- 10>&- &
	pid=$!
	exec 9>"$BATS_TEST_TMPDIR/keys"
	read -r -t 60 ready <>"$BATS_TEST_TMPDIR/ready"
	printf '\003' >&9
	status=0
	wait "$pid" || status=$?
	exec 9>&-
	[[ $status == 130 ]]
	nothing_is_left
}

@test "up outlives its terminal, and down ends all of it" {
	setsid "$PORTLAB" up
	"$PORTLAB" exec client -- bash -c 'setsid sleep 1000 >/dev/null 2>&1 &'
	[[ -n $(left) ]]
	"$PORTLAB" down
	nothing_is_left
}

@test "a shell on a host ends with down, and down with a shell on a host" {
	"$PORTLAB" up
	mkfifo "$BATS_TEST_TMPDIR/ready"
	background "$PORTLAB" exec client -- bash -c "$(stay)"
	read -r -t 60 ready <>"$BATS_TEST_TMPDIR/ready"
	"$PORTLAB" down
	nothing_is_left
}

@test "up is interrupted by SIGKILL: the next up works" {
	for _ in 1 2 3 4 5; do
		background "$PORTLAB" up
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || true
	done
	run "$PORTLAB" up
	[[ $status == 0 ]]
	"$PORTLAB" down
	nothing_is_left
}

@test "down gives a terminal with a shell back as it was" {
	command -v script >/dev/null || skip "script (util-linux) is not installed"
	"$PORTLAB" up
	mkfifo "$BATS_TEST_TMPDIR/keys" "$BATS_TEST_TMPDIR/ready"
	cat >"$BATS_TEST_TMPDIR/terminal" <<-END
		before=\$(stty -g)
		'$PORTLAB' exec client -- bash -c \
			"stty raw -echo; echo here >'$BATS_TEST_TMPDIR/ready'; sleep 1000"
		[[ \$(stty -g) == "\$before" ]] && echo the same
	END
	script -qec "bash '$BATS_TEST_TMPDIR/terminal'" /dev/null \
		<"$BATS_TEST_TMPDIR/keys" >"$BATS_TEST_TMPDIR/screen" 2>&1 \
		3>&- 4>&- 10>&- &
	pid=$!
	BACKGROUND+=("$pid")
	exec 9>"$BATS_TEST_TMPDIR/keys"
	read -r -t 60 ready <>"$BATS_TEST_TMPDIR/ready"
	"$PORTLAB" down
	wait "$pid" || true
	exec 9>&-
	grep 'the network was taken away' "$BATS_TEST_TMPDIR/screen"
	grep 'the same' "$BATS_TEST_TMPDIR/screen"
	nothing_is_left
}

# A live demo of lab 01 on a terminal, in its first step, whose server runs.
live_demo() {
	needs tmux
	terminal 80 24 "LC_ALL=C.UTF-8 '$PORTLAB' demo 01"
	await_screen 'Enter runs it'
	type_keys Enter
	await_screen 'listening on [::]:9000'
	[[ -n $(left) ]]
}

@test "a live demo: q, Ctrl-C, and leaving tmux" {
	for keys in q C-c 'C-b d'; do
		live_demo
		# shellcheck disable=SC2086
		type_keys $keys
		await_screen 'status '
		nothing_is_left
		terminal_ends
	done
}

@test "a live demo: its terminal is closed" {
	live_demo
	terminal_ends
	nothing_is_left
}

@test "a live demo: SIGTERM, SIGHUP; the terminal is as it was" {
	for signal in TERM HUP; do
		live_demo
		kill -"$signal" "$(eldest_of_ours 'labns run')"
		await_screen 'nothing is left behind'
		await_screen 'status 1'
		! on_screen 'server 203.0.113.20'
		type_keys 'typed here'
		await_screen 'typed here'
		nothing_is_left
		terminal_ends
	done
}

@test "a live demo: SIGKILL to portlab, to any part of tmux, to the driver" {
	for what in 'labns run' 'tmux -u -S /run' 'attach' 'live act drive' \
		'live drive' 'inside live'; do
		live_demo
		kill -KILL "$(eldest_of_ours "$what")"
		nothing_is_left
		terminal_ends
	done
}

@test "a live demo: SIGKILL to make, and to everything at once" {
	needs tmux
	terminal 80 24 "make -s -C '$ROOT' demo LAB=01"
	await_screen 'Enter runs it'
	kill -KILL "$(eldest_of_ours 'make -s')"
	nothing_is_left
	terminal_ends
	live_demo
	# shellcheck disable=SC2046
	kill -KILL $(ours portlab/live; ours 'labns run')
	nothing_is_left
}
