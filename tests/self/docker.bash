# docker.bash - what the tests that need Docker share (loaded by bats files)
# shellcheck shell=bash

DOCKER_IMAGE=debian:bookworm-slim # what the suite's images are built on

# Go on only where Docker can run: .ci/docker.sh ensure sees to it.
docker_or_skip() {
	command -v docker >/dev/null || skip "Docker is not installed"
	timeout --foreground 60 docker info >/dev/null 2>&1 ||
		skip "no Docker daemon answers (.ci/docker.sh ensure starts one)"
	docker image inspect "$DOCKER_IMAGE" >/dev/null 2>&1 ||
		skip "the image $DOCKER_IMAGE is not here (.ci/docker.sh ensure)"
}

# Compose, of either version, as it is typed in the current folder.
compose() {
	if docker compose version >/dev/null 2>&1; then
		docker compose "$@" 3>&- 4>&-
	else
		docker-compose "$@" 3>&- 4>&-
	fi
}

# Go on only with the images of docker-compose.yml, up to date.
docker_images_or_skip() {
	local said
	said=$(cd "$ROOT" && flock "$ROOT/docker-compose.yml" \
		timeout --foreground 900 bash -c "$(declare -f compose); compose build" 2>&1) ||
		skip "the images cannot be built: ${said##*$'\n'}"
}

# All of the projects whose name begins with PROJECT.
docker_remove() { # PROJECT
	local kind id
	for kind in container network volume; do
		docker_of "$kind" "$1" | while IFS= read -r id; do
			docker "$kind" rm -f "$id" >/dev/null 2>&1 || true
		done
	done
}

docker_of() { # container|network|volume PROJECT
	local -a all=()
	local id=ID
	[[ $1 != container ]] || all=(--all)
	[[ $1 != volume ]] || id=Name
	docker "$1" ls "${all[@]}" --format \
		"{{.$id}} {{.Label \"com.docker.compose.project\"}}" |
		awk -v project="$2" 'index($2, project) == 1 { print $1 }'
}
