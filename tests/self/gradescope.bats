#!/usr/bin/env bats
# gradescope.bats - the autograder's zip, used as Gradescope does: unpacked in
# /autograder of a container with Docker's default confinement, in which no
# namespace can be made. `make programs` first; `docker compose build lab`
# makes the image, which has what setup.sh would else install.

bats_require_minimum_version 1.5.0

load lab
load docker

IMAGE=portlab-lab
# Runs in a container take longer: jails end by being looked at.
LIMIT_S=900

setup_file() {
	docker_or_skip
	docker image inspect "$IMAGE" >/dev/null 2>&1 ||
		skip "the image $IMAGE is not here (docker compose build lab)"
	for tool in zip unzip jq; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
	export PORTLAB_STATE=$BATS_FILE_TMPDIR/state
	export AUTOGRADER=$BATS_FILE_TMPDIR/autograder.zip
	"$PORTLAB" gradescope 01 "$AUTOGRADER"
	mkdir -p "$BATS_FILE_TMPDIR/autograder"/{source,submission,results}
	unzip -q "$AUTOGRADER" -d "$BATS_FILE_TMPDIR/autograder/source"
	CONTAINER=$(docker run -d --network none --entrypoint sleep "$IMAGE" 3600)
	export CONTAINER
	docker cp -q "$BATS_FILE_TMPDIR/autograder" "$CONTAINER:/autograder"
	docker exec "$CONTAINER" /autograder/source/setup.sh
}

teardown_file() {
	[[ -z ${CONTAINER-} ]] || docker rm -f "$CONTAINER" >/dev/null
}

setup() {
	RESULTS=$BATS_TEST_TMPDIR/results.json
	SUBMISSION=$BATS_TEST_TMPDIR/submission
	mkdir "$SUBMISSION"
	cp "$ROOT"/labs/01-echo/solution/*.c "$SUBMISSION/"
}

inside() { # COMMAND...
	docker exec "$CONTAINER" "$@"
}

# What Gradescope would get for what is in SUBMISSION. A container is made for
# one submission: what another has left in TIME_WAIT goes with its network.
grade() {
	docker restart -t 0 "$CONTAINER" >/dev/null
	inside sh -c 'rm -rf /autograder/submission /autograder/results/*'
	docker cp -q "$SUBMISSION" "$CONTAINER:/autograder/submission"
	timeout "$LIMIT_S" docker exec "$CONTAINER" \
		/autograder/source/run_autograder
	docker cp -q "$CONTAINER:/autograder/results/results.json" "$RESULTS"
	jq -c 'del(.tests)' "$RESULTS"
	jq -c '.tests[] | select(.status == "failed") | .number' "$RESULTS"
	jq -e '.score == ([.tests[].score] | add)' "$RESULTS"
}

failed() {
	jq -r '[.tests[] | select(.status == "failed" and .max_score > 0) |
		select(.output | test("^Not checked") | not) | .number] | join(" ")' \
		"$RESULTS"
}

# Of a user that a jail has made.
users_of_jails() {
	inside ps -eo uid=,stat= | awk '$1 >= 16777216 && $2 !~ /^Z/' | wc -l
}

@test "the zip has the two scripts at its root, and is the same each time" {
	"$PORTLAB" gradescope 01 "$BATS_TEST_TMPDIR/again.zip"
	cmp "$AUTOGRADER" "$BATS_TEST_TMPDIR/again.zip"
	run unzip -Z1 "$AUTOGRADER"
	[[ ${lines[*]} == 'setup.sh run_autograder portlab.tar.gz' ]]
	unzip -Z "$AUTOGRADER" | grep -E '^-rwxr-xr-x .* run_autograder$'
	if command -v shellcheck; then
		shellcheck "$BATS_FILE_TMPDIR"/autograder/source/{setup.sh,run_autograder}
	fi
}

@test "no namespace can be had there" {
	run ! inside unshare --user true
	run ! inside unshare --net true
}

@test "the solution has all points that can be had, and the report says which not" {
	grade
	[[ -z $(failed) ]]
	jq -e '.score > 20 and .score == ([.tests[].max_score] | add)' "$RESULTS"
	jq -e '.output | test("Not isolated from the rest of it: the network")' \
		"$RESULTS"
	jq -e '[.tests[] | select(.status == null) | .output |
		test("^Not here: without namespaces|cannot be made to fail")] |
		length > 3 and all' "$RESULTS"
}

@test "the starter, and mutants, fail what they must" {
	cp "$ROOT"/labs/01-echo/starter/*.c "$SUBMISSION/"
	grade
	[[ $(failed) == *listens*talks* ]]
	for mutant in strlen no-htons client-no-loop; do
		cp "$ROOT"/labs/01-echo/solution/*.c "$SUBMISSION/"
		patch -s -p1 --no-backup-if-mismatch -d "$SUBMISSION" \
			<"$ROOT/tests/01-echo/mutants/$mutant.patch"
		grade
		made=$(jq -r '.tests[] | select(.status != null) | .number' "$RESULTS")
		[[ $(failed | tr ' ' '\n' | sort) == \
		"$(sed -n 's/^Fails: *//p' "$ROOT/tests/01-echo/mutants/$mutant.patch" |
			tr ' ' '\n' | grep -xF "$made" | sort)" ]]
	done
}

@test "what is there for nobody to read cannot be read" {
	cat >"$SUBMISSION/echo_server.c" <<-'END'
		#include <dirent.h>
		#include <stdio.h>
		#include <unistd.h>
		int main(void)
		{
			const char *paths[] = {"/autograder/source",
				"/autograder/submission",
				"/autograder/source/portlab/labs/01-echo/solution/echo_server.c"};
			for (int i = 0; i < 3; i++)
				fprintf(stderr, "%s: %s\n", paths[i],
					access(paths[i], R_OK) == 0 ? "READ" : "no");
			fprintf(stderr, "user %u\n", (unsigned)getuid());
			fprintf(stderr, "written: %d\n", fopen("/autograder/results/results.json", "w") != NULL);
			return 0;
		}
	END
	grade
	jq -r '.tests[] | select(.number == "listens") | .output' "$RESULTS" |
		tee "$BATS_TEST_TMPDIR/said"
	grep ': no' "$BATS_TEST_TMPDIR/said"
	run ! grep 'READ' "$BATS_TEST_TMPDIR/said"
	[[ $(failed) == *listens* ]]
	printf '#include "%s"\n' \
		/autograder/source/portlab/labs/01-echo/solution/echo_server.c \
		>"$SUBMISSION/echo_server.c"
	grade
	[[ $(failed) == builds* ]]
}

@test "fork bombs, daemons and who will not end: an end, and nobody is left" {
	for body in 'for (;;) fork();' \
		'signal(SIGTERM, SIG_IGN); for (;;) pause();' \
		'if (fork() == 0) { setsid(); if (fork() == 0) for (;;) pause(); }
		return 0;' 'for (;;) puts("ok 1 listens: x");' 'kill(-1, SIGKILL);'; do
		cat >"$SUBMISSION/echo_server.c" <<-END
			#include <signal.h>
			#include <stdio.h>
			#include <unistd.h>
			int main(void) { $body }
		END
		echo "$body"
		grade
		[[ $(failed) == *listens* ]]
		[[ $(users_of_jails) == 0 ]]
		# Whoever is graded next has what is his.
		jq -e '[.tests[] | select(.number == "talks") | .score] == [2]' "$RESULTS"
	done
}

@test "what is handed in as an archive, or not at all" {
	(cd "$SUBMISSION" && tar -czf ../work.tgz ./*.c && rm ./*.c &&
		mv ../work.tgz .)
	grade
	[[ -z $(failed) ]]
	rm "$SUBMISSION/work.tgz"
	inside sh -c 'rm -rf /autograder/submission /autograder/results/*'
	docker cp -q "$SUBMISSION" "$CONTAINER:/autograder/submission"
	inside /autograder/source/run_autograder
	docker cp -q "$CONTAINER:/autograder/results/results.json" "$RESULTS"
	jq -e '.score == 0 and (.output | test("There is no echo_server.c"))' \
		"$RESULTS"
}

@test "a class is not graded there, nor a machine that is no container" {
	run inside sh -c 'mkdir -p /tmp/class/adams-k && cd /autograder/source/portlab &&
		common/lab/portlab class 01 /tmp/class /tmp/out'
	echo "$output"
	[[ $status == 3 && $output == *'cannot be isolated here'* ]]
	[[ -e /.dockerenv ]] || {
		run "$PORTLAB" check 01 --submit "$SUBMISSION" --unisolated
		[[ $status == 2 && $output == *'in a container that is made'* ]]
	}
}
