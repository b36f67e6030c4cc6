#!/usr/bin/env bats
# The doctor and the installing of what is missing, on machines that lack
# something: a PATH without it, a kernel that says no.

load lab

setup() {
	own_state
}

# A PATH that has every tool of this machine but those named.
path_without() { # TOOL...
	local folder=$BATS_TEST_TMPDIR/bin tool
	mkdir -p "$folder"
	ln -sf /usr/local/bin/* /usr/bin/* /bin/* /usr/sbin/* /sbin/* "$folder/" \
		2>/dev/null || true
	for tool in "$@"; do
		rm -f "$folder/$tool"
	done
	# portlab adds the folders of superusers; so take it at its own word.
	echo "$folder"
}

# portlab with a PATH of its own choice, with nothing put behind it.
portlab_with() { # PATH VERB [ARG...]
	local path=$1
	shift
	mkdir -p "$BATS_TEST_TMPDIR/suite"
	cp -r "$ROOT/common" "$ROOT/labs" "$BATS_TEST_TMPDIR/suite/"
	sed -i '/^export PATH=/d' "$BATS_TEST_TMPDIR/suite/common/lab/portlab"
	PORTLAB_BUILD=$BUILD PATH=$path \
		"$BATS_TEST_TMPDIR/suite/common/lab/portlab" "$@"
}

@test "the doctor finds that the labs can run here" {
	run "$PORTLAB" doctor
	echo "$output"
	[[ $status == 0 ]]
	[[ $output == *'ok         three hosts'* ]]
	[[ $output != *'unknown option'* && $output != *caution* ]]
	[[ $output == *'ok         iptables'* ]]
	[[ $output == *'ok         capture'* ]]
	[[ $(wc -L <<<"$output") -le 80 ]]
}

@test "the doctor tries every match and target that a scenario uses" {
	while read -r flag name; do
		case $name in
		ACCEPT | DROP | tcp | udp | icmp | icmp6) continue ;;
		esac
		grep -q -e "$flag $name " "$ROOT/common/lab/verb-doctor.sh" || {
			echo "not tried: $flag $name"
			return 1
		}
	done < <(cat "$ROOT"/labs/*/scenarios/*/*.v[46] |
		grep -oE -e '-[mj] [A-Za-z0-9]+' | sort -u)
}

@test "a missing tool is named with the command that installs it" {
	run portlab_with "$(path_without tcpdump)" doctor
	echo "$output"
	[[ $status == 1 ]]
	[[ $output == *'missing    tcpdump'*apt-get\ install*tcpdump* ]]
	[[ $output == *'cannot run here yet'* ]]
}

@test "the doctor names the sysctl when user namespaces are forbidden" {
	# In a user namespace of ours the limit can be set for those below it.
	unshare --user --map-current-user --keep-caps true 2>/dev/null ||
		skip "no user namespaces here"
	local -a user=()
	if ((EUID == 0)); then
		user=(setpriv --reuid=65534 --regid=65534 --clear-groups)
		"${user[@]}" test -x "$PORTLAB" ||
			skip "user 65534 cannot read $ROOT"
	fi
	run "${user[@]}" unshare --user --map-current-user --keep-caps bash -c '
		echo 0 >/proc/sys/user/max_user_namespaces
		exec "$PORTLAB" doctor'
	echo "$output"
	[[ $status == 1 && $output == *'missing    user namespace'* ]]
	[[ $output == *user.max_user_namespaces=* ]]
}

@test "what is missing is installed after one line that says so" {
	path=$(path_without tcpdump apt-get sudo)
	cat >"$BATS_TEST_TMPDIR/bin/apt-get" <<-END
		#!/bin/sh
		echo "\$@" >>'$BATS_TEST_TMPDIR/apt'
	END
	printf '#!/bin/sh\nshift\nexec "$@"\n' >"$BATS_TEST_TMPDIR/bin/sudo"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get" "$BATS_TEST_TMPDIR/bin/sudo"
	run portlab_with "$path" deps demo
	[[ $status == 0 ]]
	[[ $output == 'portlab: installing tcpdump with apt-get, for the lab network' ]]
	[[ $(<"$BATS_TEST_TMPDIR/apt") == *install*tcpdump ]]
}

@test "where it cannot be installed one line names the command, by system" {
	for manager in apt-get dnf pacman apk; do
		path=$(path_without tcpdump iptables apt-get sudo dnf pacman apk)
		printf '#!/bin/sh\nexit 1\n' >"$BATS_TEST_TMPDIR/bin/$manager"
		chmod +x "$BATS_TEST_TMPDIR/bin/$manager"
		run portlab_with "$path" deps demo
		echo "$output"
		[[ $status == 1 && $output == *"$manager "*iptables*tcpdump* ]]
	done
}

@test "DEPS=skip installs nothing and says nothing" {
	DEPS=skip run portlab_with "$(path_without tcpdump)" deps demo
	[[ $status == 0 && -z $output ]]
}

@test "a demo without tcpdump says so, and ends" {
	run portlab_with "$(path_without tcpdump)" demo 01
	echo "$output"
	[[ $status == 1 && $output == *'tcpdump does not capture on client'* ]]
}
