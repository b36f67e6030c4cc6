#!/usr/bin/env bats
# The labs in Docker: the containers of docker-compose.yml, by make's verbs and
# by Compose itself, against the same labs in namespaces.

load lab
load docker

bats_require_minimum_version 1.5.0

setup_file() {
	docker_or_skip
	docker_images_or_skip
}

setup() {
	own_state
	# Every test has a project of its own, so that what it leaves is known.
	export COMPOSE_PROJECT_NAME=portlab-test-$$-$BATS_TEST_NUMBER
	export ENGINE=docker
	unset PORTLAB_BUILD
}

teardown() {
	end_background
	[[ -z ${COMPOSE_PROJECT_NAME-} ]] || docker_remove "$COMPOSE_PROJECT_NAME"
}

in_docker() { # HOST SCRIPT
	run "$PORTLAB" exec "$1" -- bash -c "$2"
}

# Nothing of the project, nor of any whose name begins with it.
nothing_left() {
	local kind left=''
	for kind in container network volume; do
		left+=$(docker_of "$kind" "$COMPOSE_PROJECT_NAME")
	done
	[[ -z $left ]] || {
		echo "left of $COMPOSE_PROJECT_NAME: $left"
		return 1
	}
}

id_of() { # SERVICE
	docker ps -q --filter "label=com.docker.compose.service=$1" \
		--filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME"
}

@test "up, hosts that reach each other by name, down, and nothing left" {
	run "$PORTLAB" up
	echo "$output"
	[[ $status == 0 && $output == *"is up"* ]]
	run "$PORTLAB" up
	[[ $status == 0 && $output == *'up already'* ]]
	for host in client router server; do
		in_docker "$host" 'for a in client4 client6 server4 server6 \
			198.51.100.1 203.0.113.1 2001:db8:1::1 2001:db8:2::1; do
			said=$( (exec 3<>"/dev/tcp/$a/9") 2>&1) && exit 1
			[[ $said == *refused* ]] || { echo "$a: $said"; exit 1; }
		done; uname -n; echo "$PORTLAB_HOST"'
		echo "$output"
		[[ $status == 0 && $output == "$host"$'\n'"$host" ]]
	done
	run "$PORTLAB" down
	[[ $status == 0 && $output == *'is gone'* ]]
	nothing_left
	run "$PORTLAB" down
	[[ $status == 0 && $output == *'No network'* ]]
	run "$PORTLAB" exec client true
	[[ $status == 1 && $output == *'make up'* ]]
}

@test "a host: no root, no capability, no way out, nothing to write on" {
	"$PORTLAB" up
	for host in client router server; do
		in_docker "$host" 'id -u
			grep -E "^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs)" /proc/self/status
			ip route show default; ip -6 route show default
			ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d " \n"'
		echo "$output"
		[[ ${lines[0]} != 0 && $output == *NoNewPrivs:*1* ]]
		[[ $(grep -c '0000000000000000$' <<<"$output") == 4 ]]
		[[ ${lines[-1]} == loeth0* && ${#lines[@]} == 7 ]]
		in_docker "$host" 'echo >/portlab/x || echo >/etc/x'
		[[ $status != 0 && $output == *'Read-only file system'* ]]
		in_docker "$host" 'pwd; echo >build/x && ls labs/01-echo'
		[[ $status == 0 && $output == /lab$'\n'*README.md* ]]
		in_docker "$host" 'ncat -l 80'
		[[ $status != 0 && $output == *'ermission denied'* ]]
		in_docker "$host" 'getent hosts no-such-name.invalid'
		[[ $status == 2 ]]
	done
}

@test "each container has the capabilities that docker-compose.yml lists" {
	"$PORTLAB" up
	for service in client router server network; do
		run docker inspect --format '{{.HostConfig.Privileged}}
			{{.HostConfig.NetworkMode}} {{.HostConfig.CapDrop}}
			{{.HostConfig.CapAdd}} {{.HostConfig.ReadonlyRootfs}}
			{{len .HostConfig.PortBindings}}' "$(id_of "$service")"
		output=$(tr -s '\n\t ' ' ' <<<"$output")
		caps='[]'
		[[ $service != network ]] ||
			caps='[NET_ADMIN NET_RAW SYS_ADMIN SETUID SETGID SETPCAP]'
		echo "$service: $output"
		[[ ${output//CAP_/} == "false none [ALL] $caps true 0"* ]]
	done
}

@test "the exit status and the words of a command come through" {
	"$PORTLAB" up
	# docker exec brings the two streams apart: which comes first is chance.
	run -42 --separate-stderr "$PORTLAB" exec client -- \
		bash -c 'echo out; echo err >&2; exit 42'
	# shellcheck disable=SC2154 # run sets it
	[[ $output == out && $stderr == err ]]
	echo in | { run "$PORTLAB" exec server cat; [[ $output == in ]]; }
	run -127 "$PORTLAB" exec client no-such-command
}

@test "a command is ended with the portlab that started it" {
	"$PORTLAB" up
	background "$PORTLAB" exec server socat TCP-LISTEN:9000,fork -
	listens() { "$PORTLAB" exec server ss -Hltn | grep -q :9000; }
	eventually listens
	kill -TERM "$pid"
	wait "$pid" || true
	gone() { ! listens; }
	eventually gone
}

@test "in every scenario of every lab both engines say and see the same" {
	local folder name docker port
	"$PORTLAB" up
	ENGINE=namespaces PORTLAB_BUILD=$BUILD "$PORTLAB" up
	docker=$(id_of network)
	for folder in "$ROOT"/labs/*/scenarios/*/; do
		name=${folder#"$ROOT"/labs/} name=${name%/}
		name=${name%%-*}/${name##*/}
		ENGINE=namespaces PORTLAB_BUILD=$BUILD "$PORTLAB" scenario "$name"
		"$PORTLAB" scenario "$name"
		# A port that the rules name, and 9000, at which servers are.
		port=$(cat "$folder"/*.v4 2>/dev/null |
			sed -n 's/.*--dport \([0-9]*\).*/\1/p' | head -n 1)
		ENGINE=namespaces PORTLAB_BUILD=$BUILD "$PORTLAB" exec client \
			"$ROOT/tests/self/docker/seen.sh" "${port:-9001}" 9000 \
			>"$BATS_TEST_TMPDIR/namespaces" 3>&- 4>&- &
		docker exec "$docker" portlab exec client \
			/portlab/tests/self/docker/seen.sh "${port:-9001}" 9000 \
			>"$BATS_TEST_TMPDIR/docker" 3>&- 4>&-
		wait "$!"
		echo "--- $name"
		cat "$BATS_TEST_TMPDIR/docker"
		[[ -s $BATS_TEST_TMPDIR/docker ]]
		diff "$BATS_TEST_TMPDIR/namespaces" "$BATS_TEST_TMPDIR/docker"
	done
	[[ -n $name ]]
	ENGINE=namespaces PORTLAB_BUILD=$BUILD "$PORTLAB" down
}

@test "scenarios: undone by the next, refused with file and line, and by up" {
	"$PORTLAB" up 01/drop
	run docker exec "$(id_of network)" portlab exec router iptables -S FORWARD
	[[ $output == *DROP* ]]
	run "$PORTLAB" scenario "$ROOT/tests/self/network/broken"
	echo "$output"
	[[ $status == 1 && $output == *broken/server.v4:3:* ]]
	"$PORTLAB" scenario
	run docker exec "$(id_of network)" portlab exec router iptables -S FORWARD
	[[ $output == '-P FORWARD ACCEPT' ]]
	"$PORTLAB" down
	run "$PORTLAB" up "$ROOT/tests/self/network/broken"
	echo "$output"
	[[ $status == 1 && $output == *broken/server.v4:3:*'did not come up'* ]]
	nothing_left
	cp -r "$ROOT/labs/01-echo/scenarios/drop" "$BATS_TEST_TMPDIR/mine"
	run "$PORTLAB" up "$BATS_TEST_TMPDIR/mine"
	[[ $status == 2 && $output == *'all that the containers see'* ]]
}

@test "capture draws what passes, and the pcap is the user's" {
	"$PORTLAB" up
	export NET=default
	background "$PORTLAB" capture router
	capturing() {
		grep -q 'capturing on router' "$BATS_TEST_TMPDIR/background.err"
	}
	eventually capturing
	in_docker client '(exec 3<>/dev/tcp/server4/9) 2>&1'
	drawn() { grep -q 'connection refused' "$BATS_TEST_TMPDIR/background.out"; }
	eventually drawn
	pcap=$(sed -n 's|^\.portlab|'"$ROOT"'/.portlab|p' \
		"$BATS_TEST_TMPDIR/background.err")
	pcap=${pcap%$'\r'}
	[[ -s $pcap && $(stat -c %u "$pcap") == "$(stat -c %u "$ROOT")" ]]
	kill -TERM "$pid"
	wait "$pid" || true
	rm "$pcap"
}

@test "every lab's demo plays in containers, and they are gone after" {
	run "$PORTLAB" demo
	echo "$output"
	[[ $status == 0 && $output == *'handshake done'* ]]
	[[ $output == *'dropped here, at router'* ]]
	[[ $output == *'nothing is left behind'* ]]
	nothing_left
}

@test "run: a network for one command" {
	run "$PORTLAB" run client --scenario 01/drop -- \
		timeout 1 bash -c '(exec 3<>/dev/tcp/server4/9) 2>&1; uname -n'
	[[ $status == 124 ]]
	nothing_left
}

# A docker that never tells that the network is up, so that up has no end.
docker_that_waits() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/docker" <<-END
		#!/bin/sh
		[ "\$1" != logs ] ||
			exec env --default-signal=INT,TERM sleep 600
		exec "$(command -v docker)" "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/bin/docker"
}

@test "SIGINT and SIGTERM in the middle of up leave nothing" {
	local signal line
	docker_that_waits
	for signal in INT TERM; do
		for line in container network; do
			# A job of a script, or of its tests, ignores SIGINT.
			PATH=$BATS_TEST_TMPDIR/bin:$PATH \
				env --default-signal=INT setsid "$PORTLAB" up \
				>"$BATS_TEST_TMPDIR/up" 2>&1 3>&- 4>&- &
			pid=$!
			BACKGROUND=("$pid")
			begun() {
				[[ $line == container ]] || [[ -n $(id_of client) ]] &&
					docker ps --all | grep -q "$COMPOSE_PROJECT_NAME"
			}
			eventually begun
			kill "-$signal" -- "-$pid"
			wait "$pid" || status=$?
			cat "$BATS_TEST_TMPDIR/up"
			grep -q 'nothing is left behind' "$BATS_TEST_TMPDIR/up"
			nothing_left
		done
	done
}

@test "twice at once, by project name" {
	NET=one "$PORTLAB" up
	NET=two "$PORTLAB" up 01/drop
	run docker exec "$(COMPOSE_PROJECT_NAME+=-one && id_of network)" \
		portlab exec router iptables -S FORWARD
	[[ $output == '-P FORWARD ACCEPT' ]]
	NET=one "$PORTLAB" down
	NET=two run "$PORTLAB" exec client uname -n
	[[ $output == client ]]
	NET=two "$PORTLAB" down
	nothing_left
}

@test "a browser of this machine is the client's, on 127.0.0.1 alone" {
	needs curl
	export PUBLISH
	PUBLISH=$(free_port)
	# A subnet that is free here, whatever else this machine has.
	SUBNET=198.18.$((RANDOM % 256)).0/29 "$PORTLAB" up
	docker exec -d "$(id_of server)" ncat -lk 8080 -c \
		'echo "HTTP/1.0 200 OK"; echo; echo "you are $NCAT_REMOTE_ADDR"'
	answered() {
		run curl -s -m 5 "http://127.0.0.1:$PUBLISH/"
		[[ $output == *198.51.100.10* ]]
	}
	eventually answered
	run docker inspect --format '{{json .HostConfig.PortBindings}}' \
		"$(id_of browser)"
	[[ $output == *'"HostIp":"127.0.0.1"'* ]]
	"$PORTLAB" down
	nothing_left
}

free_port() {
	local port
	for port in $(shuf -n 20 -i 20000-30000); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

@test "a subnet that is in use is told before up, with the way out" {
	local id
	id=$(docker network create --subnet 198.18.77.0/24 \
		--label "com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
		"$COMPOSE_PROJECT_NAME")
	[[ -n $id ]]
	for subnet in 198.18.77.8/29 198.18.0.0/16; do
		SUBNET=$subnet run "$PORTLAB" up
		echo "$output"
		[[ $status == 1 && $output == *"$subnet is in use"*'SUBNET='* ]]
	done
	for subnet in 198.18.300.0/29 198.18.0.0/33 mine; do
		SUBNET=$subnet run "$PORTLAB" up
		[[ $status == 2 && $output == *'is no subnet'* ]]
	done
	docker network rm "$id"
	nothing_left
}

@test "one container with all of portlab; what it makes is its user's" {
	local copy=$BATS_TEST_TMPDIR/tree
	mkdir "$copy"
	cp -r "$ROOT"/{common,labs,tests,Makefile,docker-compose.yml,README.md} \
		"$copy/"
	chown -R 1234:1234 "$copy" 2>/dev/null || true
	chmod 755 "$BATS_TEST_TMPDIR" "$copy"
	cd "$copy"
	compose run --rm lab make demo LAB=01 >out 2>&1 </dev/null || {
		cat out
		return 1
	}
	grep 'dropped here, at router' out
	run compose run --rm lab make check LAB=01 \
		SUBMIT=labs/01-echo/solution </dev/null
	echo "$output"
	[[ $status == 0 && $output == *'All passed'* ]]
	rm -f out
	[[ -z $(find . -not -user "$(stat -c %u .)") ]]
	nothing_left
}

@test "by Compose alone: up, exec, scenario, down" {
	cd "$ROOT"
	compose up -d
	up() { docker exec "$(id_of network)" test -e /run/portlab/up; }
	eventually up
	run compose exec -T network portlab scenario 04/reject-reset
	[[ $output == 'Scenario: 04/reject-reset' ]]
	run compose exec -T client bash -c '(exec 3<>/dev/tcp/server4/9) 2>&1'
	[[ $output == *refused* ]]
	run compose exec -T network portlab down
	[[ $status == 1 && $output == *'docker compose'* ]]
	compose down
	nothing_left
}

@test "a wrong ENGINE, a wrong NET, no daemon: one sentence" {
	ENGINE=podman run "$PORTLAB" up
	[[ $status == 2 && $output == *'namespaces and docker'* ]]
	NET=A.b run "$PORTLAB" up
	[[ $status == 2 && $output == *'no name in Docker'* ]]
	DOCKER_HOST=unix:///nonexistent run "$PORTLAB" up
	[[ $status == 1 && $output == 'portlab: no Docker daemon answers'* ]]
	[[ ${#lines[@]} == 1 ]]
}
