# docker.bash - what the tests that need Docker share (loaded by bats files)
# shellcheck shell=bash

DOCKER_IMAGE=debian:bookworm-slim # what the suite's images are built on

# Go on only where Docker can run: .ci/docker.sh ensure sees to it.
docker_or_skip() {
	command -v docker >/dev/null || skip "Docker is not installed"
	timeout --foreground 20 docker info >/dev/null 2>&1 ||
		skip "no Docker daemon answers (.ci/docker.sh ensure starts one)"
	docker image inspect "$DOCKER_IMAGE" >/dev/null 2>&1 ||
		skip "the image $DOCKER_IMAGE is not here (.ci/docker.sh ensure)"
}
