#!/usr/bin/env bats
# kit.bats - what students get: the same bytes wherever it is made, nothing of
# what they are to find out, and all that it takes to solve a lab. `make
# programs` first.

bats_require_minimum_version 1.5.0

load lab

setup() {
	own_state
	T=$BATS_TEST_TMPDIR
	KIT=$T/kit.tar.gz
}

# A copy of the suite that no git knows, with models that are built in it.
copy_suite() { # FOLDER
	mkdir -p "$1"
	cp -r "$ROOT"/{common,labs,tests,Makefile,README.md,LICENSE} "$1/"
	rm -rf "$1/common/models"
	make -s -C "$1" tools >/dev/null
}

make_kit() { # SUITE FILE
	env -u PORTLAB_BUILD "$1/common/lab/portlab" kit "$2"
}

@test "the same files give the same bytes, wherever and whenever" {
	copy_suite "$T/one"
	copy_suite "$T/a longer name/two"
	(umask 077 && find "$T/one" -exec touch -d '2020-01-01' {} + &&
		chmod -R go-rwx "$T/one" && make_kit "$T/one" "$T/1")
	mkdir "$T/one/.portlab" "$T/one/labs/01-echo/.portlab"
	echo '/* mine */' >>"$T/a longer name/two/labs/01-echo/echo_server.c"
	echo left >"$T/a longer name/two/build/left"
	TZ=Asia/Tokyo LC_ALL=C make_kit "$T/a longer name/two" "$T/2"
	cmp "$T/1" "$T/2"
	echo '# more' >>"$T/one/Makefile"
	make_kit "$T/one" "$T/3"
	run ! cmp -s "$T/1" "$T/3"
}

@test "no solution, mutant or variant is in it, nor a line of one" {
	"$PORTLAB" kit "$KIT"
	mkdir "$T/kit"
	tar -C "$T/kit" -xf "$KIT"
	run find "$T/kit" \( -name solution -o -name mutants -o -name variants \
		-o -name '*.patch' -o -path '*/tests/self' -o -path '*/tests/class' \)
	[[ -z $output ]]
	find "$ROOT"/labs/*/solution "$ROOT"/tests/*/{mutants,variants} -type f \
		-exec sha256sum {} + | cut -d ' ' -f 1 >"$T/theirs"
	find "$T/kit" -type f -exec sha256sum {} + | grep -F -f "$T/theirs" >"$T/both" ||
		true
	[[ ! -s $T/both ]]
	for lab in "$ROOT"/labs/*/; do
		# What is the solution's own: in no other text of the suite.
		cat "$lab"solution/*.c | grep -vxFf <(cat "$ROOT"/labs/*/starter/*.c \
			"$ROOT"/common/*.[ch]) |
			grep -E '[A-Za-z_]\(.*(;|\{)$|^static ' >"$T/lines"
		[[ -s $T/lines ]]
		run grep -rxFf "$T/lines" "$T/kit/portlab/labs"
		echo "$output"
		[[ $status == 1 ]]
	done
	# The models, which checks talk to, say nothing of their source.
	for model in "$T"/kit/portlab/common/models/*/*; do
		run ! grep -q debug_info <(readelf -S "$model")
		run ! grep -qF "$ROOT" "$model"
	done
}

@test "it says which version it is, and names what it does not have" {
	"$PORTLAB" kit "$KIT"
	tar -C "$T" -xf "$KIT"
	version=$(<"$T/portlab/.version")
	[[ ${#version} -gt 6 ]]
	grep -F "version $version." "$T/portlab/README.md"
	run ! grep -nE 'solution/|^\| `make (class|bench|flake|lint)' \
		"$T/portlab/README.md" "$T/portlab/labs/README.md"
	for verb in class kit flake test bench gradescope; do
		run "$T/portlab/common/lab/portlab" "$verb"
		[[ $status == 2 && ${#lines[@]} == 1 ]]
		[[ $output == *"students' kit, which has no '$verb'" ]]
	done
}

@test "a student solves a lab with it" {
	"$PORTLAB" kit "$KIT"
	folder=$(mktemp -d /tmp/portlab-kit.XXXXXX)
	as_student=()
	if ((EUID == 0)); then
		as_student=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		chown 65534:65534 "$folder"
	fi
	as_student+=(env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$folder"
		TERM=dumb DEPS=skip LC_ALL=C.UTF-8)
	"${as_student[@]}" tar -C "$folder" -xzf - <"$KIT"
	run "${as_student[@]}" make -s -C "$folder/portlab" check LAB=01
	echo "$output"
	first=$status unsolved=$output
	"${as_student[@]}" cp "$ROOT"/labs/01-echo/solution/*.c \
		"$folder/portlab/labs/01-echo/"
	run "${as_student[@]}" make -s -C "$folder/portlab" check LAB=01
	rm -rf "$folder"
	echo "$output"
	[[ $first == 1 && $unsolved == *'make hint LAB=01'* ]]
	[[ $status == 0 && $output == *'All passed.'* ]]
	[[ $output != *'not here'* ]]
}

@test "checks that are not to be seen are not in it, and the rest works" {
	copy_suite "$T/suite"
	sed -i 's/^\(idle\|fin\)\(\t.*\t\)visible/\1\2hidden/
		s/^\(tuple\t.*\t\)visible/\1after/' "$T/suite/labs/01-echo/checks.tsv"
	make_kit "$T/suite" "$KIT"
	tar -C "$T" -xf "$KIT"
	run ! grep -E '^(idle|fin|tuple)' "$T/portlab/labs/01-echo/checks.tsv"
	run ! grep -E '^@test "(idle|fin|tuple):' "$T/portlab/tests/01-echo.bats"
	run timeout 700 env PORTLAB_BUILD="$BUILD" "$T/portlab/common/lab/portlab" \
		check 01 --submit "$ROOT/labs/01-echo/solution"
	echo "$output"
	[[ $status == 0 && $output == *'All passed.'* && $output != *' fin '* ]]
}

@test "a place that cannot be written is said, and nothing is left there" {
	run "$PORTLAB" kit /proc/none/kit.tar.gz
	[[ $status == 1 && ${#lines[@]} == 1 && $output == *'cannot write'* ]]
	run bash -c 'trap "" XFSZ; ulimit -f 20; "$@"' bash "$PORTLAB" kit "$KIT"
	echo "$output"
	[[ $status == 1 && -z $(find "$T" -name 'kit.tar.gz*') ]]
}
