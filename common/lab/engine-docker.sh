# engine-docker.sh - the containers of docker-compose.yml, from outside
# (sourced; see engine.sh)
#
# A network is a project of Compose's; that of NET=default is what "docker
# compose" itself takes in this folder, so that the two can be mixed. What
# belongs to a project is found by Compose's labels, which version 1 and 2 have
# in common. Nothing of the suite need be compiled on this side.

readonly DOCKER_S=20 # for the daemon to answer

PROJECT=${COMPOSE_PROJECT_NAME:-$(basename "$ROOT" | tr '[:upper:]' '[:lower:]' |
	tr -cd 'a-z0-9_-' | sed 's/^[_-]*//')}
if [[ ! $NET =~ ^[a-z0-9_-]+$ ]]; then
	say_usage "NET=$NET is no name in Docker: use a-z, 0-9, - and _"
fi
[[ $NET == default ]] || PROJECT+=-$NET

engine_begin() {
	have docker || die "docker is not installed; without it: make up"
	if [[ -n ${PUBLISH-} ]]; then
		[[ $PUBLISH =~ ^[1-9][0-9]{0,4}$ && $PUBLISH -le 65535 ]] ||
			say_usage "PUBLISH=$PUBLISH is no port; one is PUBLISH=8080"
	fi
}

# Sets COMPOSE to the command, with the files and the name of the project.
docker_compose_find() {
	if docker compose version >/dev/null 2>&1; then
		COMPOSE=(docker compose)
	elif have docker-compose; then
		COMPOSE=(docker-compose)
	else
		die "neither 'docker compose' nor docker-compose is installed"
	fi
	COMPOSE+=(--project-name "$PROJECT" --project-directory "$ROOT"
		--file "$ROOT/docker-compose.yml")
	[[ -z ${PUBLISH-} ]] || COMPOSE+=(--file "$ROOT/common/lab/browser.yml")
	# The hosts read the work tree as its user, whoever that is.
	if [[ $EUID != 0 ]]; then
		export PORTLAB_UID=$EUID PORTLAB_GID=${GROUPS[0]}
	fi
}

# The running container of SERVICE, or nothing; with --all one that has ended.
# Asked first, so it is here that a daemon is missed.
docker_id() { # SERVICE [--all]
	local service=$1 said
	shift
	said=$(timeout --foreground "$DOCKER_S" docker ps -q "$@" \
		--filter "label=com.docker.compose.project=$PROJECT" \
		--filter "label=com.docker.compose.service=$service" \
		--filter label=com.docker.compose.oneoff=False 2>&1) ||
		die "no Docker daemon answers: ${said##*$'\n'}"
	printf '%s\n' "$said"
}

engine_is_up() {
	local id
	id=$(docker_id network) || exit
	[[ -n $id ]]
}

# --- up and down -------------------------------------------------------------

engine_up() { # [SCENARIO]
	local scenario status=0
	scenario=$(docker_scenario "${1-}") || exit
	docker_compose_find
	[[ -z ${SUBNET-}${PUBLISH-} ]] ||
		docker_subnet_free "${SUBNET:-$DOCKER_SUBNET}" || return
	DOCKER_SAID=$(mktemp)
	trap 'docker_stopped 130' INT
	trap 'docker_stopped 143' TERM HUP
	docker_take_away
	docker_images && docker_compose_up "$scenario" && docker_wait || status=1
	rm -f "$DOCKER_SAID"
	[[ $status == 0 ]] || docker_take_away
	trap - INT TERM HUP
	return "$status"
}

docker_stopped() { # STATUS
	trap '' INT TERM HUP
	docker_take_away
	rm -f "$DOCKER_SAID"
	warn "stopped; nothing is left behind"
	exit "$1"
}

# Of what takes minutes one wants to see that it goes on.
docker_images() {
	! docker image inspect portlab-host portlab-lab >/dev/null 2>&1 ||
		return 0
	warn "making the images, which takes a few minutes, once"
	"${COMPOSE[@]}" build >&2
}

docker_compose_up() { # SCENARIO
	SCENARIO=$1 "${COMPOSE[@]}" up -d </dev/null >"$DOCKER_SAID" 2>&1 &&
		return
	cat "$DOCKER_SAID" >&2
	warn "the containers cannot be started; see above"
	return 1
}

# What the network says, until it is up or has ended.
docker_wait() {
	local line='' id follow said=1
	id=$(docker_id network --all)
	exec {follow}< <(exec docker logs --follow "$id" 2>&1)
	while IFS= read -r line <&"$follow"; do
		[[ $line != 'the network is up' ]] || break
		warn "${line#portlab: }"
	done
	kill "$!" 2>/dev/null || true
	exec {follow}<&-
	[[ $line == 'the network is up' ]] ||
		warn "the network did not come up; see above"
	[[ $line == 'the network is up' ]]
}

engine_down() {
	if ! engine_is_up && [[ -z $(docker_all container) ]]; then
		echo "No network '$NET' is up."
		return
	fi
	docker_take_away || die "could not end the network '$NET'"
	echo "The network '$NET' is gone."
}

docker_all() { # container|network|volume
	local -a all=()
	[[ $1 != container ]] || all=(--all)
	docker "$1" ls -q "${all[@]}" \
		--filter "label=com.docker.compose.project=$PROJECT"
}

docker_take_away() {
	local kind
	local -a ids force
	for kind in container network volume; do
		mapfile -t ids < <(docker_all "$kind")
		[[ ${#ids[@]} -gt 0 ]] || continue
		force=()
		[[ $kind != container ]] || force=(--force --volumes)
		docker "$kind" rm "${force[@]}" "${ids[@]}" >/dev/null || return
	done
}

# --- the subnet of the browser's network -------------------------------------

readonly DOCKER_SUBNET=198.18.203.0/29 # as in browser.yml

# First and last address of A.B.C.D/N, as numbers; false if it is none.
docker_range() { # SUBNET
	local address bits part
	[[ $1 =~ ^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})(/([0-9]{1,2}))?$ ]] ||
		return
	bits=${BASH_REMATCH[6]:-32}
	((bits <= 32)) || return
	for part in 1 2 3 4; do
		((10#${BASH_REMATCH[part]} <= 255)) || return
	done
	address=$((10#${BASH_REMATCH[1]} << 24 | 10#${BASH_REMATCH[2]} << 16 |
		10#${BASH_REMATCH[3]} << 8 | 10#${BASH_REMATCH[4]}))
	address=$((address >> (32 - bits) << (32 - bits)))
	echo "$address $((address + (1 << (32 - bits)) - 1))"
}

# Whether no route of this machine and no network of Docker's has an address of
# SUBNET; a clash would show as silent time-outs.
docker_subnet_free() { # SUBNET
	local first last low high other
	local -a used
	read -r first last < <(docker_range "$1") ||
		say_usage "SUBNET=$1 is no subnet; one is SUBNET=10.203.113.0/29"
	mapfile -t used < <(docker_subnets_used)
	for other in "${used[@]}"; do
		read -r low high < <(docker_range "$other") || continue
		((low > last || high < first)) || {
			warn "the subnet $1 is in use here already ($other);" \
				"choose another one: SUBNET=10.203.113.0/29"
			return 1
		}
	done
}

docker_subnets_used() {
	! have ip || ip -4 -o route show table all type unicast |
		awk '$1 != "default" { print $1 }'
	docker network ls -q | xargs -r docker network inspect \
		--format '{{range .IPAM.Config}}{{println .Subnet}}{{end}}'
}

# --- entering ----------------------------------------------------------------

# What was asked for by name, as the containers see it.
docker_scenario() { # [NAME]
	local path
	path=$(engine_scenario_path "${1-}") || exit
	[[ -n $path ]] || return 0
	[[ $path == "$ROOT"/* ]] ||
		say_usage "$path is not in $ROOT, which is all that the containers see"
	printf '/portlab/%s\n' "${path#"$ROOT"/}"
}

# COMMAND in the container of SERVICE, on this terminal if there is one. Docker
# hands no signal on but by a terminal; so that is done here.
docker_exec() { # SERVICE COMMAND...
	local id status=0
	local -a options=(-i -e NET="$NET" -e "SCENARIO_PORT=${SCENARIO_PORT-}")
	id=$(docker_id "$1") || exit
	shift
	[[ -n $id ]] || die "no network '$NET' is up; make one with: make up ENGINE=docker"
	[[ ! -t 0 || ! -t 1 ]] || options+=(-t -e "TERM=${TERM-dumb}")
	[[ -z ${NO_COLOR-} ]] || options+=(-e NO_COLOR=1)
	[[ ${LC_ALL:-${LC_CTYPE:-${LANG-}}} == *[Uu][Tt][Ff]* ]] ||
		options+=(-e LC_ALL=C)
	DOCKER_PID_FILE=/tmp/portlab.$BASHPID
	trap 'docker_exec_end "$id"' INT TERM HUP
	docker exec "${options[@]}" "$id" sh -c 'echo $$ >"$0"; exec "$@"' \
		"$DOCKER_PID_FILE" "$@" <&0 &
	wait "$!" || status=$?
	wait "$!" 2>/dev/null || true
	trap - INT TERM HUP
	exit "$status"
}

docker_exec_end() { # ID
	trap '' INT TERM HUP
	docker exec "$1" /portlab/common/lab/contained end "$DOCKER_PID_FILE" \
		>/dev/null 2>&1 || true
}

engine_enter() { # HOST COMMAND...
	docker_exec "$@"
}

engine_shell() { # HOST
	docker_exec "$1" bash -i
}

engine_scenario() { # NAME
	local scenario
	scenario=$(docker_scenario "$1") || exit
	(docker_exec network portlab scenario "$scenario") >/dev/null
}

engine_capture() { # HOST [HOST]
	docker_exec network portlab capture "$1${2:+,$2}"
}

# --- a network for one command -----------------------------------------------

engine_run() { # HOST SCENARIO COMMAND...
	local host=$1 scenario=$2
	shift 2
	docker_once "$scenario" engine_enter "$host" "$@"
}

engine_demo() { # LAB-FOLDER...
	docker_once '' docker_exec network portlab demo "${@##*/}"
}

docker_once() { # SCENARIO FUNCTION...
	local scenario=$1 status=0
	shift
	NET=once-$$
	PROJECT+=-$NET
	engine_up "$scenario" || exit 125
	trap docker_take_away EXIT
	trap 'exit 143' TERM HUP
	trap 'exit 130' INT
	("$@") || status=$?
	exit "$status"
}
