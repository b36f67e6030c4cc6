# verb-flake.sh - grade the same again and again, under load: no verdict may
# hang on anything but the submission (sourced)
#
# The solution of a lab and some of its mutants are graded, N times in all, as
# many at once as there are processors, and beside each run goes a process that
# does nothing but use one. Every run has the same seed, so the runs of one
# submission must say the same of every check.
#
# Exit status: 0 they did, 1 some did not or came to no grade, 2 usage.

readonly FLAKE_SEED=4711
readonly FLAKE_RUN_S=700 # of one run: longer than the grader lets all checks take

FLAKE_TMP='' FLAKE_RUNS=()

verb_flake() { # LAB N
	local folder
	local -a names=()
	folder=$(lab_find "${1-}") || exit
	[[ ${2-} =~ ^[1-9][0-9]{0,3}$ ]] ||
		say_usage "flake LAB N: grade N times, 1 to 9999"
	[[ -x $BUILD/test/report ]] ||
		die "the grader is not built yet; run: make grader"
	FLAKE_TMP=$(mktemp -d)
	trap flake_cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	flake_submissions
	flake_load
	flake_runs "$2"
	flake_compare "$2"
}

flake_cleanup() {
	local pid
	trap '' INT TERM HUP
	# A run that is ended takes all that it has started with it. The number of
	# one that has ended may be another's by now.
	for pid in $(jobs -rp); do
		kill "$pid" 2>/dev/null || true
	done
	wait
	rm -rf -- "$FLAKE_TMP"
}

# The solution, and the mutants that tests/NN-lab/flake names: some that are
# wrong always, not now and then. Sets names.
flake_submissions() {
	local name dir=$ROOT/tests/${folder##*/}
	names=(solution)
	cp -r -- "$folder/solution" "$FLAKE_TMP/solution"
	[[ -e $dir/flake ]] || return 0
	while read -r name; do
		cp -r -- "$folder/solution" "$FLAKE_TMP/$name"
		patch -s -p1 --no-backup-if-mismatch -d "$FLAKE_TMP/$name" \
			<"$dir/mutants/$name.patch" ||
			die "$name: the patch does not fit the solution"
		names+=("$name")
	done <"$dir/flake"
}

flake_load() {
	local i
	for ((i = 0; i < $(nproc); i++)); do
		(
			trap - EXIT INT TERM HUP
			while :; do :; done
		) &
	done
}

# N runs, some at once; what run I found is in $FLAKE_TMP/kept.I.
flake_runs() { # N
	local i at_once
	at_once=$(nproc)
	for ((i = 0; i < $1; i++)); do
		((i < at_once)) || wait -n || true
		# The packets of that many runs would fill a disk.
		rm -f -- "$FLAKE_TMP"/kept.*/run.pcap
		flake_run "${names[i % ${#names[@]}]}" "$i" &
		FLAKE_RUNS+=("$!")
	done
	wait "${FLAKE_RUNS[@]}" 2>/dev/null || true
	FLAKE_RUNS=()
}

flake_run() { # NAME I
	trap - EXIT INT TERM HUP
	PORTLAB_STATE=$FLAKE_TMP/state exec timeout -k 5 "$FLAKE_RUN_S" \
		"$LABDIR/portlab" check "${folder##*/}" --submit "$FLAKE_TMP/$1" \
		--seed "$FLAKE_SEED" --keep "$FLAKE_TMP/kept.$2" </dev/null \
		>/dev/null 2>"$FLAKE_TMP/said.$2"
}

# One line a submission, and one for each check that went both ways.
flake_compare() { # N
	local i name
	for ((i = 0; i < $1; i++)); do
		name=${names[i % ${#names[@]}]}
		if [[ -s $FLAKE_TMP/kept.$i/results.tsv ]]; then
			sed "s/^/$name\t/" "$FLAKE_TMP/kept.$i/results.tsv"
		else
			printf '%s\tno grade\t%s\n' "$name" \
				"$(head -n 1 "$FLAKE_TMP/said.$i" 2>/dev/null)"
		fi
		printf '%s\t=\n' "$name"
	done | flake_count
}

flake_count() {
	awk -F '\t' '
	$2 == "=" {
		if (!runs[$1]++)
			names[++count] = $1
		next
	}
	!(($1, $2, $3) in times) { said[$1, $2] = said[$1, $2] "\t" $3 }
	!(($1, $2) in seen) { ids[$1] = ids[$1] "\t" $2; seen[$1, $2] }
	{ times[$1, $2, $3]++ }
	function judge(name,   n, i, id, m, j, states, line) {
		n = split(ids[name], id, "\t")
		for (i = 2; i <= n; i++) {
			m = split(said[name, id[i]], states, "\t")
			if (m == 2 && times[name, id[i], states[2]] == runs[name] &&
			    id[i] != "no grade")
				continue
			line = ""
			for (j = 2; j <= m; j++)
				line = line ", " states[j] " " \
					times[name, id[i], states[j]] " times"
			lines = lines sprintf("    %s: %s\n", id[i], substr(line, 3))
			differ++
		}
	}
	END {
		for (c = 1; c <= count; c++) {
			lines = ""
			judge(names[c])
			printf "  %-24s %4d runs, %s\n%s", names[c], runs[names[c]],
				lines == "" ? "each the same" : "not all the same", lines
			all += runs[names[c]]
		}
		printf "%d runs, %d verdicts differ\n", all, differ
		exit differ > 0
	}'
}
