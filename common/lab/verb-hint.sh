# verb-hint.sh - the next hint, for the first check that fails (sourced)
#
# A lab's hints.md has a heading "## ID" for every check, and below it a list
# of three: 1. a nudge, 2. a pointer, 3. nearly the answer. Which were taken is
# kept as lines "ID LEVEL" in the lab's state.

readonly HINT_LEVELS=3

verb_hint() { # LAB [ID]
	local folder id=${2-} level
	folder=$(lab_find "${1-}") || exit
	[[ $# -le 2 ]] || say_usage "hint takes a lab and one check, no more"
	[[ -f $folder/hints.md ]] ||
		die "there are no hints for lab $(lab_name "$folder")"
	if [[ -n $id ]]; then
		hint_check "$folder" "$id"
	else
		id=$(hint_wanted "$folder") || exit
	fi
	if [[ -z $id ]]; then
		echo "No check of lab $(lab_number "$folder") fails:" \
			"there is nothing to hint at."
		return
	fi
	level=$(hint_taken "$folder" "$id")
	if ((level < HINT_LEVELS)); then
		hint_show "$folder" "$id" "$((level + 1))"
		hint_remember "$folder" "$id" "$((level + 1))"
		((level + 1 == HINT_LEVELS)) || hint_next "$folder" "$id" "${2-}"
		return
	fi
	for ((level = 1; level <= HINT_LEVELS; level++)); do
		hint_show "$folder" "$id" "$level"
	done
	printf 'There are no more; the handout is labs/%s/README.md.\n' \
		"$(lab_name "$folder")"
}

# Complain of an id that is no check of this lab.
hint_check() { # FOLDER ID
	local -a ids
	mapfile -t ids < <(lab_checks "$1" | cut -f 1)
	[[ " ${ids[*]} " == *" $2 "* ]] || say_usage "no check of lab" \
		"$(lab_name "$1") is called '$2'; there are: ${ids[*]}"
}

# The id of the first check that failed, or nothing when none did.
hint_wanted() { # FOLDER
	local number results
	number=$(lab_number "$1")
	results=$(lab_results "$1")
	[[ -n $results ]] || die "lab $number has not been checked yet; run:" \
		"make check LAB=$number"
	lab_first_failed "$1"
}

# The last level that was shown of the hints for ID; 0 before the first.
hint_taken() { # FOLDER ID
	local file
	file=$(lab_state "$1")/hints
	if [[ -f $file ]]; then
		awk -v id="$2" '$1 == id && $2 + 0 > level { level = $2 + 0 }
			END { print level + 0 }' "$file"
	else
		echo 0
	fi
}

hint_remember() { # FOLDER ID LEVEL
	local state
	state=$(lab_state "$1")
	{ mkdir -p "$state" && printf '%s %s\n' "$2" "$3" >>"$state/hints"; } \
		2>/dev/null || warn "cannot write $state/hints: the next time this" \
		"hint comes again"
}

hint_show() { # FOLDER ID LEVEL
	printf '%sHint %s of %s%s for %s: %s\n\n' "$BOLD" "$3" "$HINT_LEVELS" \
		"$PLAIN" "$2" "$(lab_title "$1" "$2")"
	hint_text "$1" "$2" "$3"
	echo
}

# One item of the list below the heading ID, without its number.
hint_text() { # FOLDER ID LEVEL
	awk -v id="$2" -v level="$3" '
	/^#/ { item = 0; here = $1 == "##" && $2 == id; next }
	here && match($0, /^[0-9]+\. /) { item = $1 + 0 }
	here && item == level && NF {
		sub(/^[0-9]+\. +|^ +/, "")
		print "  " $0
	}' "$1/hints.md"
}

hint_next() { # FOLDER ID ASKED
	printf 'Then again: make check LAB=%s. More: make hint LAB=%s%s\n' \
		"$(lab_number "$1")" "$(lab_number "$1")" "${3:+ ID=$3}"
}
