#!/usr/bin/env bats
# The same without root: what root's tests show of the network is shown again
# for an ordinary user, who has no sudo, no group and no home.

load lab

setup() {
	((EUID == 0)) || skip "not root: the other tests have shown it"
	copy=$(mktemp -d /tmp/portlab-user.XXXXXX)
	chmod 755 "$copy"
	# With its times, for make is not to build it again.
	cp -r --preserve=timestamps "$ROOT/common" "$ROOT/labs" "$ROOT/tests" \
		"$ROOT/Makefile" "$copy/"
	mkdir "$copy/build"
	cp -r --preserve=timestamps "$BUILD"/{bin,lab,obj,solution,test} \
		"$copy/build/"
	chown -R 65534:65534 "$copy"
	# bats puts its own inner programs on PATH, which a bats within must not see.
	user=(setpriv --reuid=65534 --regid=65534 --clear-groups --pdeathsig KILL
		env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin TERM="${TERM-dumb}" TMPDIR="$copy/tmp" DEPS=skip
		LC_ALL=C.UTF-8 HOME=/nonexistent)
	mkdir -m 777 "$copy/tmp"
	"${user[@]}" "$copy/build/lab/labns" run true ||
		skip "an ordinary user cannot make namespaces here"
}

teardown() {
	[[ -z ${copy-} ]] || rm -rf "$copy"
}

as_user() { # FILE.bats [OPTION...]
	run timeout 1800 "${user[@]}" bats --tap "${@:2}" "$copy/tests/self/$1" \
		3>&- 4>&- </dev/null
	echo "$output"
	[[ $status == 0 ]]
	[[ $output != *'not ok'* && $output == *'ok 3 '* ]]
}

@test "an ordinary user has the lab network" {
	as_user network.bats
}

@test "nothing is left of an ordinary user's networks" {
	as_user ends.bats
}

@test "an ordinary user sees the tour" {
	as_user demo.bats
}

@test "an ordinary user grades a class" {
	as_user class.bats --filter 'its row|to be looked at|be read|SIGTERM|SIGKILL: nothing'
}
