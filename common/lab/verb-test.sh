# verb-test.sh - the tests, by bats, and the line that counts them (sourced)

verb_test() { # [FILE.bats...]
	local -a files=("$@") jobs=()
	local file status=0
	have bats || die "bats is not installed; make deps installs it"
	if [[ ${#files[@]} == 0 ]]; then
		# What takes longest is begun first, so as not to be alone at the end.
		files=("$ROOT"/tests/self/mutants.bats)
		for file in "$ROOT"/tests/self/*.bats; do
			[[ $file == "${files[0]}" ]] || files+=("$file")
		done
		echo "# results come file by file; mutants.bats, the first, takes minutes"
	fi
	for file in "${files[@]}"; do
		[[ $file == *'*.bats' || -e $file ]] ||
			say_usage "there is no test file $file"
	done
	mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v '\*\.bats$')
	# Files side by side, the tests of one in turn.
	if have parallel && [[ $(nproc) -gt 1 ]]; then
		jobs=(--jobs "$(nproc)" --no-parallelize-within-files)
	fi
	export PORTLAB_BUILD=$BUILD
	bats --tap "${jobs[@]}" "${files[@]}" 2>&1 | verb_test_count || status=1
	return "$status"
}

# Pass TAP through, and count it; what failed comes once more at the end, for
# there are hundreds. A plan that is not kept to is a failure.
verb_test_count() {
	awk '
	/^1\.\.[0-9]+$/ { plan = substr($0, 4); next }
	/^(not )?ok / { fails = /^not / }
	fails { again = again (/^#/ ? "" : "# ") $0 "\n" }
	/^ok .* # skip/ { skipped++; print; next }
	/^ok / { passed++; print; next }
	/^not ok / { failed++; print; next }
	{ print }
	{ fflush() }
	END {
		lost = plan - passed - failed - skipped
		if (plan == 0 || lost > 0) {
			printf "%d of %d tests gave no result\n", lost, plan
			failed += lost > 0 ? lost : 1
		}
		if (again != "" && plan > 1)
			printf "# once more, what failed:\n%s", again
		printf "%d passed, %d failed", passed, failed
		printf skipped ? ", " skipped " skipped\n" : "\n"
		exit failed > 0
	}'
}
