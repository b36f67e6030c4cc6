# verb-labs.sh - the series, and how far you are in it (sourced)

# shellcheck source=common/lab/progress.sh
. "$LABDIR/progress.sh"

readonly LABS_BAR=40

verb_labs() {
	local lines
	[[ $# == 0 ]] || say_usage "labs takes no argument; for one lab:" \
		"make check LAB=$1"
	lines=$(progress)
	[[ -n $lines ]] || die "there are no labs in $ROOT/labs"
	labs_table <<<"$lines"
	echo
	labs_bar <<<"$lines"
	echo
	printf '  %s\n' "$(progress_next)"
}

# The lab to be done next is marked.
labs_table() { # (the lines of progress on stdin)
	local folder passed all points of state title mark marked='' name
	printf '%s%s%s\n\n' "$BOLD" 'Labs about TCP ports' "$PLAIN"
	labs_row '' '#' lab checks points state 'what it is about'
	while IFS=$'\t' read -r folder passed all points of state title; do
		mark=' '
		if [[ -z $marked && $state != 'done' && $state != - ]]; then
			mark='>' marked=1
		fi
		name=$(lab_name "$folder")
		passed=$passed/$all points=$points/$of
		[[ $state != - ]] || passed=- points=-
		labs_row "$mark" "${name%%-*}" "${name#*-}" "$passed" \
			"$points" "$state" "${title:0:29}"
	done
}

labs_row() { # MARK NUMBER LAB CHECKS POINTS STATE TITLE
	printf '%2s  %-2s %-15s  %-6s  %-6s  %-9s  %s\n' "$@"
}

labs_bar() { # (the lines of progress on stdin)
	awk -F '\t' -v width="$LABS_BAR" '
	{ passed += $2; all += $3 }
	END {
		done = all ? int(width * passed / all) : 0
		for (i = 0; i < width; i++)
			bar = bar (i < done ? "=" : i == done && done ? ">" : "-")
		printf "  [%s]  %d of %d checks\n", bar, passed, all
	}'
}
