#!/usr/bin/env bats
# The live demo in tmux: every lab's, key by key, on two sizes of terminal.

load lab
load terminal

setup() {
	command -v tmux >/dev/null || skip "tmux is not installed"
	own_state
	export LC_ALL=C.UTF-8 DEPS=skip
	KEPT=$BATS_TEST_TMPDIR/kept
}

teardown() {
	terminal_ends
}

live() { # COLUMNS ROWS LAB
	terminal "$1" "$2" "'$PORTLAB' demo --record '$KEPT' $3"
}

# How often the driver has waited for a key so far.
waits() {
	grep -c $'\twait\t' "$KEPT/log.tsv" 2>/dev/null || true
}

# Wait until it waits for the Nth time, and has said so.
await_wait() { # N
	local deadline=$((SECONDS + 30))
	until (($(waits) >= $1)) &&
		screen | grep -qE '^Enter (runs it|next|next step|\(the end\))  '; do
		((SECONDS < deadline)) || {
			echo "the driver does not wait"
			screen
			return 1
		}
		read -r -t 0.05 <> <(:) || true
	done
}

# Play a demo to its end; every screen at which a key was awaited is kept, one
# line of the file seen for each line of them.
play() { # COLUMNS ROWS LAB
	local n=1
	live "$@"
	while :; do
		await_wait "$n"
		screen | tee -a "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/now"
		[[ $(wc -l <"$BATS_TEST_TMPDIR/now") -le $2 ]]
		! grep -q '(the end)' "$BATS_TEST_TMPDIR/now" || break
		n=$(($(waits) + 1))
		type_keys Enter
	done
	type_keys q
	await_screen 'status 0'
}

# Each line of stdin must have stood on a screen, whole: followed by nothing.
all_seen() { # WHAT
	local line
	while IFS= read -r line; do
		[[ -z $line ]] || grep -qxF -- "$line" "$BATS_TEST_TMPDIR/seen" || {
			echo "$1 was never on the screen, whole: $line"
			cat "$BATS_TEST_TMPDIR/seen"
			return 1
		}
	done
}

# The ladders of what was captured, as wide as the pane.
ladders() { # COLUMNS
	(
		export BUILD LABDIR=$ROOT/common/lab BOLD='' DIM='' PLAIN=''
		. "$ROOT/common/lab/steps.sh"
		. "$ROOT/common/lab/ladders.sh"
		PATH=$BUILD/bin:$PATH
		demo_read "$KEPT/demo.sh"
		for n in "${!ACTIONS[@]}"; do
			case ${ACTIONS[n]} in
			show | both) ;;
			*) continue ;;
			esac
			for host in ${HOSTS[n]}; do
				ladders_one "$host" "$(printf '%s/%02d-%s.pcap' "$KEPT" \
					"$(demo_before "$n" capture "$host")" "$host")" \
					"$1" "${WORDS[n]}"
			done
		done
	)
}

plays_whole() { # COLUMNS ROWS LAB
	rm -f "$BATS_TEST_TMPDIR/seen"
	play "$@"
	ladders "$1" | all_seen ladder
	(
		. "$ROOT/common/lab/steps.sh"
		demo_read "$KEPT/demo.sh"
		for n in "${!ACTIONS[@]}"; do
			[[ ${ACTIONS[n]} != notice ]] || fold -s -w 78 <<<"${WORDS[n]}" |
				sed 's/ *$//'
		done
	) | all_seen notice
	awk -F '\t' '$2 == "out" && length($4) <= 80 { print $4 }' \
		"$KEPT/log.tsv" >"$BATS_TEST_TMPDIR/out"
	# What programs say fits on a line of any screen.
	[[ $(awk -F '\t' '$2 == "out"' "$KEPT/log.tsv" | wc -l) == \
	$(wc -l <"$BATS_TEST_TMPDIR/out") ]]
	[[ -s $BATS_TEST_TMPDIR/out ]]
}

@test "every lab's demo on 80x24: each step by a key, no line cut" {
	for lab in "$ROOT"/labs/*/demo.sh; do
		plays_whole 80 24 "$(basename "${lab%/demo.sh}")"
		terminal_ends
	done
}

@test "every lab's demo on 120x40" {
	for lab in "$ROOT"/labs/*/demo.sh; do
		plays_whole 120 40 "$(basename "${lab%/demo.sh}")"
		terminal_ends
	done
}
