# progress.sh - how far a student is in the series (sourced)
#
# Read from each lab's lab.conf and checks.tsv, and from what its last run left
# in the state; checks without points, of going further, do not count.

# One line a lab, by TAB: folder, passed, all, points, points in all, state
# (done, to do, not begun; - for a lab that grades nothing), title.
progress() {
	local folder counts state passed all
	while IFS= read -r folder; do
		counts=$(progress_counts "$folder")
		IFS=$'\t' read -r passed all _ <<<"$counts"
		state='to do'
		if [[ ! -f $folder/checks.tsv ]]; then
			state=-
		elif [[ -z $(lab_results "$folder") ]]; then
			state='not begun'
		elif [[ $passed == "$all" && $all != 0 ]]; then
			state='done'
		fi
		printf '%s\t%s\t%s\t%s\n' "$folder" "$counts" "$state" \
			"$(lab_conf "$folder" title)"
	done < <(lab_all)
}

# passed, all, points, points in all. What this machine cannot check counts
# neither for nor against.
progress_counts() { # FOLDER
	{
		lab_results "$1" | sed 's/^/ran\t/'
		lab_checks "$1"
	} | awk -F '\t' '
	$1 == "ran" { state[$2] = $3; got[$2] = $4; next }
	$2 == "+" || state[$1] == "not-here" { next }
	{ all++; points += $3 }
	state[$1] == "passed" { passed++ }
	$1 in got { sum += got[$1] }
	END { printf "%d\t%d\t%d\t%d\n", passed, all, sum, points }'
}

# What to do next: the first lab that is begun or open, and not done.
progress_next() {
	local folder state number
	while IFS=$'\t' read -r folder _ _ _ _ state _; do
		number=$(lab_number "$folder")
		case $state in
		done | -) continue ;;
		'not begun') printf 'Next:  read labs/%s/README.md, then  %s\n' \
			"$(lab_name "$folder")" "make check LAB=$number" ;;
		*) printf 'Next:  make hint LAB=%s,  %s\n' "$number" \
			"make check LAB=$number" ;;
		esac
		return
	done < <(progress)
	echo 'All labs are done.'
}
