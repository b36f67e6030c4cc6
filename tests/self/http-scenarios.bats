#!/usr/bin/env bats
# http-scenarios.bats - what lab 05's scenarios do to a client of httpd, as the
# handout says it.

load lab
load http

# What a client sees at each of the addresses and ports: yes, refused, silent.
LOOK='look() {
	for at in server4/8080 server6/8080 server4/80 server6/80; do
		said=$( (timeout 6 bash -c "exec 3<>/dev/tcp/$at || exit; \
			printf \"HEAD / HTTP/1.0\r\n\r\n\" >&3; \
			head -n 1 <&3") 2>&1) && status=0 || status=$?
		case $status,$said in
		0,HTTP/1.1\ 200*) echo yes ;;
		124,*) echo silent ;;
		*refused*) echo refused ;;
		*) echo "$at: $status, $said" ;;
		esac
	done
}
look'

sees() { # SCENARIO ANSWER...
	browse "$LOOK" --scenario "05/$1"
	[[ $status == 0 ]]
	diff <(printf '%s\n' "${@:2}") <(printf '%s\n' "$output")
}

@test "only 8080, the rest dropped: 80 is silence" {
	sees only-8080-drop yes yes silent silent
}

@test "only 8080, the rest rejected: 80 is refused" {
	sees only-8080-reject yes yes refused refused
}

@test "port 80 by the router" {
	sees port-80 yes yes yes yes
}

@test "port 80 on the server" {
	sees port-80-server yes yes yes yes
}

@test "no rules: nothing is at port 80" {
	browse "$LOOK"
	[[ $output == $'yes\nyes\nrefused\nrefused' ]]
}

# Half a megabyte of a file, and how many microseconds it took.
FETCH='fetch() {
	exec 3<>/dev/tcp/server4/8080
	printf "GET /large.txt HTTP/1.0\r\n\r\n" >&3
	sed "1,/^\r\$/d" <&3 | head -c 500000 | cmp -n 500000 - "$SITE/large.txt"
}
before=${EPOCHREALTIME/[.,]/}
fetch
echo "$((${EPOCHREALTIME/[.,]/} - before))"
"$BUILD/lab/labns" host server cat /proc/net/snmp >snmp'

retransmitted() {
	awk '$1 == "Tcp:" && column { print $column }
	$1 == "Tcp:" { for (i = 1; i <= NF; i++) if ($i == "RetransSegs") column = i }' \
		"$T/snmp"
}

@test "slow: no more than 2 Mbit/s" {
	browse "$FETCH" --scenario 05/slow
	[[ $output != *'no token bucket'* ]] || skip "no tc-tbf here"
	[[ $status == 0 ]]
	# At 250,000 bytes a second, but for what the bucket held.
	((output > 1800000))
}

@test "lossy: packets are lost and sent again, bytes are not" {
	browse "$FETCH" --scenario 05/lossy
	[[ $status == 0 ]]
	(($(retransmitted) > 0))
	browse "$FETCH"
	[[ $status == 0 ]]
}

@test "forgetful: after two quiet seconds nothing passes any more" {
	browse 'exec 3<>/dev/tcp/server4/8080
		ask() { printf "HEAD / HTTP/1.1\r\nHost: server\r\n\r\n" >&3; }
		ask
		read -r -t 5 said <&3 && echo "$said"
		while read -r -t 0.5 said <&3; do :; done
		# Longer than the router remembers, shorter than httpd waits.
		read -r -t 4 _ <> <(:) || true
		ask
		read -r -t 2 said <&3 && echo "$said" || echo silent
		exec 3<>/dev/tcp/server4/8080
		ask
		read -r -t 5 said <&3 && echo "$said"' --scenario 05/forgetful
	[[ $output != *'does not let a router forget'* ]] ||
		skip "no nf_conntrack_tcp_timeout_established here"
	[[ $status == 0 ]]
	[[ $output == 'HTTP/1.1 200 OK'*silent*'HTTP/1.1 200 OK'* ]]
}

@test "a scenario that this kernel cannot have says so" {
	mkdir "$T/bin"
	printf '#!/bin/sh\nexit 1\n' >"$T/bin/tc"
	chmod +x "$T/bin/tc"
	PATH=$T/bin:$PATH run "$PORTLAB" run client --scenario 05/slow -- true
	echo "$output"
	[[ $status == 125 && $output == *'no token bucket (tc-tbf)'* ]]
}
