# verb-watch.sh - grade a lab again at every save, on one screen (sourced)
#
# onsave waits for the saves, the keys and the end; what it runs each time is
# this verb again, with --once.

# shellcheck source=common/lab/progress.sh
. "$LABDIR/progress.sh"

verb_watch() { # LAB
	local folder files
	if [[ ${1-} == --once ]]; then
		watch_once "$2"
		return
	fi
	folder=$(lab_find "${1-}") || exit
	[[ $# -le 1 ]] || say_usage "watch takes one lab, no more"
	[[ -x $BUILD/lab/onsave ]] ||
		die "the programs are not built yet; run: make"
	files=$(lab_files "$folder" | tr '\n' ,)predictions.txt
	exec "$BUILD/lab/onsave" "$folder" "$files" \
		"$LABDIR/portlab" watch --once "$(lab_name "$folder")"
}

watch_once() { # LAB
	local folder text status=0 rows columns
	folder=$(lab_find "$1") || exit
	if [[ ! -t 1 || ${TERM-dumb} == dumb ]]; then
		printf '%s, checked at %(%H:%M:%S)T\n' "$1" -1
		(watch_check "$1") || watch_complain "$?"
		return
	fi
	printf '\r\e[Kchecking %s ...' "$1"
	text=$(watch_check "$1" 2>&1) || status=$?
	# A terminal that does not know its size says 0 0.
	{ read -r rows columns < <(stty size <&3); } 3>&1
	((rows > 0 && columns > 0)) || rows=24 columns=80
	text=$(watch_screen "$folder" "$status" "$columns" <<<"$text" |
		watch_cut "$((rows - 2))" "$columns")
	printf '\e[H\e[2J%s\n\nq ends, Enter checks again.' "$text"
}

# Become the check, which is to end when its parent does, however that is.
watch_check() { # LAB
	exec setpriv --pdeathsig TERM "$LABDIR/portlab" check "$1"
}

# What the check's status says beyond its own words; 1 is "not all passed".
watch_complain() { # STATUS
	(($1 == 1)) || warn "the check ended with status $1; the next save" \
		"tries again"
}

# What is worth its place on a small screen: the states, and all of the first
# failure. When it could not be graded, what the check said instead.
watch_screen() { # FOLDER STATUS COLUMNS (what the check said on stdin)
	local passed all points of
	if (($2 > 1)); then
		printf 'Lab %s: not graded, status %s   %(%H:%M:%S)T\n\n' \
			"$(lab_name "$1")" "$2" -1
		cat
		return
	fi
	IFS=$'\t' read -r passed all points of < <(progress_counts "$1")
	printf 'Lab %s: %s of %s checks, %s of %s points   %(%H:%M:%S)T\n\n' \
		"$(lab_name "$1")" "$passed" "$all" "$points" "$of" -1
	watch_states "$1" "$3"
	echo
	if (($2 == 1)); then
		watch_failure "$(lab_first_failed "$1")"
	else
		progress_next
	fi
}

# The ids of the checks, by state.
watch_states() { # FOLDER COLUMNS
	local state word ids
	while read -r state word; do
		ids=$(lab_results "$1" | awk -F '\t' -v state="$state" \
			'$2 == state { printf "%s ", $1 }')
		[[ -z $ids ]] || fold -s -w "$(($2 - 12))" <<<"$ids" |
			sed "1s/^/  $(printf '%-9s' "$word")/; 2,\$s/^/           /"
	done <<-END
		passed ok
		failed FAIL
		not-checked not yet
		not-here not here
		left-out left out
	END
}

# What the check said of the first failure: from the line that begins with its
# id and a colon; everything, when there is none.
watch_failure() { # ID (what the check said on stdin)
	awk -v start="$1:" '
	!found && $1 == start { found = 1; all = "" }
	{ all = all $0 "\n" }
	END { printf "%s", all }'
}

# No more than fits, and nothing that moves the cursor.
watch_cut() { # LINES COLUMNS
	local line lines=$1
	tr -d '\000-\010\013-\037\177' | expand | {
		while ((lines-- > 0)) && IFS= read -r line; do
			printf '%s\n' "${line:0:$2}"
		done
		cat >/dev/null
	}
}
