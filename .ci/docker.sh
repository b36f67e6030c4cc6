#!/usr/bin/env bash
# .ci/docker.sh - see to it that Docker works here: a daemon that answers and
# the base image of common/lab/Dockerfile
#
# Usage: .ci/docker.sh ensure    install, start and make what is missing
#        .ci/docker.sh stop      end the daemon that ensure has started
#
# ensure can be called again and again, and by several at once. What is there
# it leaves as it is. It installs packages and starts a daemon as root only.
# Exit status: 1 when Docker cannot run here; a sentence then says why.
set -euo pipefail

readonly IMAGE=debian:bookworm-slim
readonly RUN=/run/portlab-docker # the lock, and of our daemon the pid and log
readonly START_S=60 PULL_S=120 MAKE_S=600

say() { # SENTENCE
	printf 'docker: %s\n' "$*" >&2
}

have() { # TOOL
	command -v "$1" >/dev/null 2>&1
}

answers() {
	timeout --foreground 20 docker info >/dev/null 2>&1
}

# Packages of Debian and Ubuntu.
install() { # PACKAGE...
	[[ $EUID == 0 ]] && have apt-get || return 1
	export DEBIAN_FRONTEND=noninteractive
	apt-get -o DPkg::Lock::Timeout=600 install -y -qq \
		--no-install-recommends "$@" </dev/null >/dev/null 2>&1
}

ensure_daemon() {
	! answers || return 0
	if ! have dockerd && ! install docker.io; then
		say "docker.io is not installed, and cannot be"
		return 1
	fi
	! answers || return 0 # the package may have started it
	if [[ $EUID != 0 ]]; then
		say "no daemon answers, and only root can start one"
		return 1
	elif [[ -n ${DOCKER_HOST-} ]]; then
		say "no daemon answers at DOCKER_HOST=$DOCKER_HOST"
		return 1
	fi
	start_daemon
}

# dockerd as a group of its own, which no Ctrl-C of this terminal reaches.
start_daemon() {
	local deadline=$((SECONDS + START_S)) pid
	setsid dockerd >"$RUN/log" 2>&1 </dev/null 9>&- &
	pid=$!
	echo "$pid" >"$RUN/pid"
	until answers; do
		if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= deadline)); then
			say "dockerd does not run here:" \
				"$(grep -v level=info "$RUN/log" | tail -n 1)"
			stop
			return 1
		fi
		read -r -t 0.1 <> <(:) || true
	done
}

# The base image: the registry's; or where that cannot be reached the same
# distribution, made of its packages.
ensure_image() {
	local tar
	! docker image inspect "$IMAGE" >/dev/null 2>&1 || return 0
	! timeout --foreground "$PULL_S" docker pull -q "$IMAGE" \
		>/dev/null 2>&1 || return 0
	if ! have mmdebstrap && ! install mmdebstrap; then
		say "$IMAGE cannot be pulled, nor made without mmdebstrap"
		return 1
	fi
	tar=$(mktemp -d)
	if timeout -k 5 "$MAKE_S" mmdebstrap --quiet --variant=minbase \
		bookworm "$tar/slim.tar" >"$tar/log" 2>&1 &&
		docker import --change 'CMD ["bash"]' "$tar/slim.tar" "$IMAGE" \
			>>"$tar/log" 2>&1; then
		rm -rf "$tar"
		return 0
	fi
	say "$IMAGE cannot be made: $(tail -n 1 "$tar/log")"
	rm -rf "$tar"
	return 1
}

ensure_compose() {
	! docker compose version >/dev/null 2>&1 || return 0
	have docker-compose || install docker-compose || {
		say "neither 'docker compose' nor docker-compose is installed"
		return 1
	}
}

# Only what start_daemon has noted; it ends its containers itself.
stop() {
	local pid
	[[ -r $RUN/pid ]] || return 0
	pid=$(<"$RUN/pid")
	if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
		kill -TERM "$pid"
		timeout 60 tail -s 0.1 -f --pid="$pid" /dev/null
	fi
	rm -f "$RUN/pid"
}

case ${1-} in
ensure)
	if [[ $EUID == 0 ]]; then
		mkdir -p "$RUN"
		exec 9>"$RUN/lock"
		flock 9
	fi
	ensure_daemon && ensure_image && ensure_compose
	;;
stop) stop ;;
*)
	say "usage: .ci/docker.sh ensure|stop"
	exit 2
	;;
esac
