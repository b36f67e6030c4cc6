# replay.sh - a recorded demo as the tour shows it: everything at once (sourced)

# shellcheck source=common/lab/tour.sh
. "$LABDIR/tour.sh"

replay_tour() { # LAB-FOLDER RECORDING
	TOUR=$(mktemp -d "${TMPDIR:-/tmp}/portlab-replay.XXXXXX") ||
		die "cannot make a folder in ${TMPDIR:-/tmp}"
	trap 'rm -rf "$TOUR"' EXIT
	RECORDING=$2
	replay_split "$2" "$TOUR"
	exec {TOUR_SCREEN}>&1
	tour_lab "$1" "$2/demo.sh"
	printf '\nThat was what was recorded; no network was made for it.\n'
}

tour_end_step() {
	:
}

tour_scenario() { # N
	tour_loaded "${WORDS[$1]}"
}

tour_capture() { # N
	:
}

tour_captured() { # HOST N
	demo_pcap "$RECORDING" "$2" "$1"
}

tour_start() { # N
	tour_prompt "${HOSTS[$1]}" "${WORDS[$1]} &"
	replay_said "$1"
}

tour_stop() { # N
	tour_prompt "${HOSTS[$1]}" 'kill %1'
}

tour_run() { # N
	tour_prompt "${HOSTS[$1]}" \
		"$(replay_text "$TOUR" "$1" typed "${HOSTS[$1]}")"
	replay_said "$1"
	tour_status "$(replay_text "$TOUR" "$1" end "${HOSTS[$1]}")"
}

# What was on the screens during action N.
replay_said() { # N
	local text
	awk -F '\t' '$2 == "out" { print $4 }' "$TOUR/act.$1" |
		while IFS= read -r text; do
			printf '%b\n' "$text"
		done
}
