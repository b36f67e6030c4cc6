# ladder.bash - what the tests of the ladder have in common (sourced)
#
# tests/self/ladder/README.md says where the captures come from.

ladder_setup() {
	export LC_ALL=C ROOT BUILD CAPTURES LADDER LADDER_ASAN
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${PORTLAB_BUILD:-$ROOT/build}
	CAPTURES=$BATS_TEST_DIRNAME/ladder
	LADDER=$BUILD/bin/ladder
	LADDER_ASAN=$BUILD/asan/bin/ladder
	if [[ ! -x $LADDER_ASAN ]]; then
		echo "# ladder was not built with sanitizers" >&3
		LADDER_ASAN=$LADDER
	fi
	unset NO_COLOR COLUMNS
	export MADE=$BATS_FILE_TMPDIR
	local packets name
	for packets in "$CAPTURES"/*.packets; do
		name=$(basename "$packets" .packets)
		pcap make <"$packets" >"$MADE/$name.pcap"
	done
}

pcap() {
	perl "$BATS_TEST_DIRNAME/ladder/pcap.pl" "$@"
}

# The options for the capture NAME: where it was made stands in its name.
options_of() { # NAME
	case $1 in
	*-client) OPTIONS=(--at client --hosts "$CAPTURES/hosts") ;;
	*-router) OPTIONS=(--at router --hosts "$CAPTURES/hosts") ;;
	*-server) OPTIONS=(--at server --hosts "$CAPTURES/hosts") ;;
	*) OPTIONS=() ;;
	esac
}

# Compare standard input with FILE, which is made anew with LADDER_UPDATE.
expect() { # FILE
	cat >"$BATS_TEST_TMPDIR/out"
	if [[ -n ${LADDER_UPDATE-} ]]; then
		cp "$BATS_TEST_TMPDIR/out" "$1"
	fi
	diff -u "$1" "$BATS_TEST_TMPDIR/out"
}

# Compare what `ladder OPTION...` makes of every capture, or of those NAMED,
# with the file that ends in SUFFIX.
# shellcheck disable=SC2053 # NAMED is a pattern
golden() { # SUFFIX NAMED OPTION...
	local suffix=$1 named=$2 file name bad=0
	shift 2
	for file in "$CAPTURES"/*.pcap "$MADE"/*.pcap; do
		name=$(basename "$file" .pcap)
		[[ $name == $named ]] || continue
		options_of "$name"
		"$LADDER" "$@" "${OPTIONS[@]}" "$file" |
			expect "$CAPTURES/$name$suffix" || bad=1
	done
	return "$bad"
}

# The exit status is 0 or 1: no signal, no sanitizer.
sane() { # COMMAND...
	local status=0
	"$@" >"$BATS_TEST_TMPDIR/sane.out" 2>"$BATS_TEST_TMPDIR/sane.err" ||
		status=$?
	if ((status > 1)) || grep -q Sanitizer "$BATS_TEST_TMPDIR/sane.err"; then
		printf 'status %d: %s\n' "$status" "$*"
		cat "$BATS_TEST_TMPDIR/sane.err"
		return 1
	fi
}

# Read one line of the ladder that runs behind descriptor 7.
next_line() {
	LINE=
	IFS= read -r -t 60 LINE <&7
}

# What COMMAND writes to the ladder PID comes to it at once, however slow this
# machine is just now.
in_one_piece() { # PID COMMAND...
	local state=''
	kill -STOP "$1"
	until [[ $state == T ]]; do
		state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status")
	done
	"${@:2}"
	kill -CONT "$1"
}
