#!/usr/bin/env bats
# grader.bats - whole runs of the grader, as a student sees them; `make
# programs` first.

bats_require_minimum_version 1.5.0

load lab

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	own_state
}

# --- transcripts -------------------------------------------------------------
#
# tests/NN-lab/golden/NAME.txt is what a student reads of the solution, with the
# defect of NAME.patch, if there is one, planted in it. With GOLDEN_UPDATE=1 in
# the environment they are written anew, to be read before they are committed.

golden() { # LAB NAME STATUS
	local golden=$ROOT/tests/$1/golden/$2 status=0
	gcc_is_cc || skip 'the transcripts have the words of gcc'
	cp -r "$ROOT/labs/$1/solution" "$2"
	[[ ! -e $golden.patch ]] ||
		patch -s -p1 --no-backup-if-mismatch -F0 -d "$2" <"$golden.patch"
	timeout 120 "$PORTLAB" check "$1" --submit "$2" --seed 4711 --keep kept \
		>transcript 2>said || status=$?
	cat said
	[[ $status == "$3" && ! -s said ]]
	unvarying <transcript >seen
	[[ -z ${GOLDEN_UPDATE-} ]] || cp seen "$golden.txt"
	diff -u "$golden.txt" seen
	narrow transcript
}

gcc_is_cc() {
	"${CC:-cc}" --version | grep -q 'Free Software Foundation'
}

# What differs from run to run: the client's port, times, an acknowledgement
# alone, which may come with the data as well, and in which order a connection
# ends when its server has been killed.
unvarying() {
	LC_ALL=C sed -E '
		s/(198\.51\.100\.10|\[2001:db8:1::10\]):[0-9]{5}/\1:PPPPP/
		s/after [0-9]+ ms/after N ms/
		s/^(  seed [0-9]+), [0-9.]+ s$/\1, N.N s/
		s/^ *(\+[0-9.]+ (µs|ms)|[0-9.]+ s) /     TIME /' |
		awk '
		/^     time / { ladder = 1 }
		/^$/ { ladder = 0 }
		ladder == 2 { next }
		ladder && /FIN|RST/ {
			print "     (and its end)"
			ladder = 2
			next
		}
		held != "" && !/└/ { held = "" }
		held != "" { print held; held = "" }
		ladder && / ACK seq=/ { held = $0; next }
		{ print }'
}

# Commands apart, and what the compiler says, no line is wider than 80 columns.
narrow() { # FILE
	perl -ne 'last if /^  The compiler says/; chomp; s/[\x80-\xbf]//g;
		die "wide: $_\n" if length > 80 && !/^      on /' "$1"
}

@test "transcript: all passed" {
	golden 01-echo pass 0
}

@test "transcript: a wrong reply" {
	golden 01-echo fail 1
}

@test "transcript: a server that never answers" {
	golden 01-echo hang 1
}

@test "transcript: a buffer overflow, stopped by a sanitizer" {
	golden 01-echo crash 1
}

@test "transcript: a program that does not compile" {
	golden 01-echo no-build 1
}

# --- time --------------------------------------------------------------------

@test "when the time for all checks is over, those left fail by that" {
	mkdir suite
	cp -r "$ROOT"/{common,labs,tests} suite/
	sed -i 's/^readonly RUN_S=[0-9]* /readonly RUN_S=0 /' suite/tests/check/run
	run -1 env PORTLAB_BUILD="$BUILD" suite/common/lab/portlab check 01 \
		--submit "$ROOT/labs/01-echo/solution" --keep kept
	echo "$output"
	[[ $output == *'The checks before this one have taken 0 s together'* ]]
	[[ $output == *'0 of 38 points'* ]]
}
