# ladders.sh - the ladders that a demo shows, of one host or of two (sourced)

readonly LADDER_LEAST=60 # columns: less than that a ladder does not take

# The packets FROM-TO of what was captured on HOST.
ladders_one() { # HOST FILE COLUMNS [FROM-TO]
	local -a options=(--at "$1" --hosts "$LABDIR/hosts" --width "$3")
	# The ladder writes to a pipe here; what it is shown on is a terminal.
	[[ -z $BOLD ]] || options+=(--color=always)
	[[ -z ${4-} ]] || options+=(--packets "$4")
	ladder "${options[@]}" "$2" | sed '1{/^$/d}' || {
		warn "the capture $2 cannot be drawn"
		return 1
	}
}

# The same with a line above it that says whose it is.
ladders_named() { # HOST FILE COLUMNS [FROM-TO]
	printf '%sSeen at %s:%s\n' "$DIM" "$1" "$PLAIN"
	ladders_one "$@"
}

# Those of two hosts, side by side.
ladders_beside() { # COLUMNS HOST FILE HOST FILE [FROM-TO]
	local half=$((($1 - 2) / 2)) i width
	local -a left right bare
	mapfile -t left < <(ladders_named "$2" "$3" "$half" "${6-}")
	mapfile -t right < <(ladders_named "$4" "$5" "$half" "${6-}")
	# Colours take no room on the screen.
	mapfile -t bare < <(printf '%s\n' "${left[@]}" | sed $'s/\e\\[[0-9;]*m//g')
	for ((i = 0; i < ${#left[@]} || i < ${#right[@]}; i++)); do
		width=${bare[i]-}
		width=${#width}
		printf '%s%*s%s\n' "${left[i]-}" "$((half + 2 - width))" '' \
			"${right[i]-}"
	done | sed 's/ *$//'
}
