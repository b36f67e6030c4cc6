#!/usr/bin/env bats
# class-far.bats - a class is graded on other machines, which GNU parallel
# reaches by ssh: here an sshd of this test's own, on the loopback. `make
# programs` first.

bats_require_minimum_version 1.5.0

load lab
load class

setup() {
	for tool in parallel jq ssh sshd rsync ssh-keygen; do
		PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null ||
			skip "$tool is not installed"
	done
	own_state
	play_suite "$BATS_TEST_TMPDIR"
	begin_sshd
}

teardown() {
	end_background
	end_carrying
}

# A server that lets nobody in but us, whose homes are kept apart by XDG and
# whose jobs know that they are far away. The port is the kernel's choice.
begin_sshd() {
	local ssh=$T/ssh
	mkdir -m 700 "$ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$ssh/host"
	ssh-keygen -q -t ed25519 -N '' -f "$ssh/key"
	PORT=$(free_port)
	cat >"$ssh/config" <<-END
		ListenAddress 127.0.0.1:$PORT
		HostKey $ssh/host
		AuthorizedKeysFile $ssh/key.pub
		StrictModes no
		UsePAM no
		PermitRootLogin yes
		PidFile none
		PermitUserRC no
		SetEnv T="$T" XDG_CACHE_HOME="$T/far cache" PORTLAB_TEST=$PORTLAB_TEST
	END
	begin_server "$(PATH=$PATH:/usr/sbin command -v sshd)" -D -e -f "$ssh/config"
	eventually grep -q 'Server listening' "$T/background.err"
	cat >"$T/to host" <<-END
		#!/bin/sh
		exec ssh -p $PORT -i '$ssh/key' -o StrictHostKeyChecking=no \
			-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
			-o BatchMode=yes "\$@"
	END
	ln -s "$T/to host" "$T/far-ssh"
	chmod +x "$T/to host"
	LOGIN="$T/far-ssh $(id -un)@127.0.0.1"
	HOME_BEFORE=$(in_home)
}

# What is to be seen in the home, and what is ours: a browser, say, of another
# test makes its own hidden folders there meanwhile.
in_home() {
	find ~ -maxdepth 1 \( ! -name '.*' -o -name '*portlab*' \) | sort
}

# As root sshd wants a folder that is there only where it has been started.
begin_server() { # SSHD OPTION...
	if ((EUID == 0)); then
		background unshare -m sh -c 'mount -t tmpfs none /run &&
			mkdir /run/sshd && exec "$@"' sh "$@"
	else
		background "$@"
	fi
}

# One that nobody listens at now; ports above are the clients'.
free_port() {
	local port
	for port in $(shuf -i 20000-29999 -n 20); do
		if ! (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	return 1
}

# The suite that is sent has its check played, but is built there.
@test "SSHLOGIN: the jobs are done there, and the results are here" {
	for n in 1 2 3; do
		hands_in "student $n" passed
	done
	hands_in chen-l failed - <<<'said far away'
	(cd "$DIR" && tar -cf diaz-r.tar chen-l && mkdir evans-t &&
		echo passed >fox_1_2_coin.c)
	class --login "$LOGIN" --jobs 2
	[[ $status == 0 && $output == *'7 to grade'* ]]
	[[ $(of fox_1 .state) == passed ]]
	for n in 1 2 3; do
		[[ $(of "student $n" .state) == passed ]]
	done
	[[ $(of evans-t .state) == missing && $(of diaz-r .points) == 1 ]]
	grep 'said far away' "$OUT/chen-l/evidence/heads/account"
	[[ -d "$T/far cache/portlab-class" && $(ls "$OUT/.portlab") == labs ]]
	# What was brought was taken away.
	[[ $(in_home) == "$HOME_BEFORE" ]]
	[[ -z $(find "$T/far cache" -name '*.work') ]]
	class --login "$LOGIN"
	[[ $output == *'0 to grade, 7 as they were'* ]]
	# And nothing is done again when it is all done here.
	class
	[[ $output == *'0 to grade, 7 as they were'* ]]
}

@test "SSHLOGIN: this machine and another share the work" {
	for n in 1 2 3 4 5 6; do
		hands_in "student $n" passed
	done
	class --login ":,$LOGIN" --jobs 1
	[[ $status == 0 && $(find "$OUT" -name report.json | wc -l) == 6 ]]
	[[ $(in_home) == "$HOME_BEFORE" ]]
}

@test "SSHLOGIN: killed, what has come back is kept, and it goes on" {
	for n in 1 2 3; do
		hands_in "student $n" passed
	done
	hands_in waits waits
	background "$PORTLAB" class 07 "$DIR" "$OUT" --login "$LOGIN" --jobs 2
	# shellcheck disable=SC2154 # background has set it
	class_pid=$pid
	eventually_long returned 3
	kill -KILL "$class_pid"
	wait "$class_pid" 2>/dev/null || true
	: >"$T/go"
	class --login "$LOGIN"
	[[ $status == 0 && $output == *'1 to grade, 3 as they were'* ]]
}

returned() { # COUNT
	[[ $(find "$OUT/.portlab/far" -name '*.out.tar' 2>/dev/null | wc -l) -ge $1 ]]
}

# It is built there first.
eventually_long() { # COMMAND...
	for _ in 1 2 3 4 5 6 7 8 9; do
		! eventually "$@" || return 0
	done
	return 1
}

@test "SSHLOGIN: a machine that cannot be reached is said" {
	hands_in adams-k passed
	kill "$pid"
	wait "$pid" || true
	BACKGROUND=()
	class --login "$LOGIN"
	[[ $status == 1 && $output == *'missing'* ]]
	[[ ! -e $OUT/adams-k ]]
}
