#!/usr/bin/env bats
# commands.bats - commands graded in place of C: stock servers and clients and a
# program in another language pass what they should, and fail what they do not
# do; labs/NN-lab/README.md says why, in the same words. `make programs` first.

load lab
bats_require_minimum_version 1.5.0

# Of socat: no time-out of its own, and no write() of more than a pipe has room
# for, on which it would wait and not read.
SOCAT='-t 60 -b 4096'

setup() {
	own_state
	# Also who root becomes within a jail may go there.
	FOLDER=$(mktemp -d)
	chmod 755 "$FOLDER"
	cd "$FOLDER" || return
}

teardown() {
	cd / && rm -rf "$FOLDER"
}

needs() { # TOOL
	command -pv "$1" >/dev/null || skip "$1 is not installed"
}

# The command NAME=WORDS fails just the checks ID..., and perhaps those behind
# "perhaps": which of them hangs on the moment. So many are LEFT out, and the
# rest has passed.
fails() { # LAB NAME=WORDS LEFT ID... [perhaps ID...]
	local status=0 left=$3 must
	local -a perhaps=()
	timeout 700 "$PORTLAB" check "$1" --program "$2" --seed 4711 \
		--keep "$FOLDER/kept" >transcript 2>&1 || status=$?
	cat transcript
	shift 3
	must=" $* "
	read -ra perhaps <<<"${must#* perhaps }"
	[[ $must == *' perhaps '* ]] || perhaps=()
	read -ra must <<<"${must% perhaps *}"
	[[ $status == $((${#must[@]} > 0)) ]]
	diff <(words "${must[@]}") <(that_are failed | without "${perhaps[@]}")
	[[ $(that_are left-out | wc -l) == "$left" ]]
	diff /dev/null <(that_are not-checked | without "${perhaps[@]}")
}

words() { # WORD...
	(($# == 0)) || printf '%s\n' "$@" | sort
}

# The lines of stdin, sorted, but for ID...
without() { # ID...
	sort | grep -vxFf <(printf '%s\n' - "$@") || true
}

that_are() { # STATE
	awk -F '\t' -v state="$1" '$2 == state { print $1 }' kept/results.tsv
}

@test "01: socat as the server" {
	needs socat
	fails 01 "echo_server=socat $SOCAT TCP6-LISTEN:{port},fork,reuseaddr PIPE" \
		15 bad-port accept-fails clean-end
}

@test "01: socat as the server, IPv4 only" {
	needs socat
	fails 01 "echo_server=socat $SOCAT TCP4-LISTEN:{port},fork,reuseaddr PIPE" \
		15 ipv6 bad-port accept-fails clean-end
}

@test "01: ncat as the server" {
	needs ncat
	fails 01 'echo_server=ncat -l -k -e /bin/cat {port}' \
		15 half-close clean-end perhaps large faults
}

@test "01: a server in Python" {
	needs python3
	cp "$ROOT/tests/01-echo/commands/asyncio_echo.py" .
	chmod 644 asyncio_echo.py
	fails 01 'echo_server=python3 asyncio_echo.py {port}' 15
}

@test "01: socat as the client" {
	needs socat
	fails 01 "echo_client=socat $SOCAT - TCP:{host}:{port}" \
		27 tuple addresses cut-off
}

@test "01: ncat as the client" {
	needs ncat
	fails 01 'echo_client=ncat {host} {port}' 27 tuple cut-off
}

@test "01: both are commands" {
	needs ncat
	needs socat
	run timeout 700 "$PORTLAB" check 01 --seed 4711 --keep kept \
		--program "echo_server=socat $SOCAT TCP6-LISTEN:{port},fork PIPE" \
		--program 'echo_client=ncat {host} {port}'
	echo "$output"
	[[ $status == 1 ]]
	diff <(words bad-port accept-fails clean-end tuple cut-off) \
		<(that_are failed | sort)
	diff <(words address builds client-builds warnings sanitizers \
		client-sanitizers) <(that_are left-out | sort)
}

@test "a file that the command cannot see: refused in a sentence, at once" {
	local elsewhere=$FOLDER/elsewhere
	mkdir -p "$elsewhere" here
	echo 'exec cat' >"$elsewhere/server.sh"
	cd here
	run -2 timeout 60 "$PORTLAB" check 01 --keep kept \
		--program "echo_server=sh $elsewhere/server.sh {port}"
	echo "$output"
	[[ $output == *"cannot read $elsewhere/server.sh"* ]]
	[[ ${#lines[@]} == 1 && ! -e kept ]]
}
