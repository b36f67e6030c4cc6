# ahead.bash - checks that are begun before the first one, because they take
# time (sourced)
# shellcheck shell=bash
#
# A lab's setup_file() says which: ahead CHECK... What each begins with is in
# its begin_CHECK(), and the test itself says: begun. What such a check needs
# of the network must not be taken from it by the checks that come meanwhile.

# The variables that begin_CHECK() sets for its test; a lab may add to them.
AHEAD_KEEPS=(JOB_NAME JOB_RUN JOB_JAIL JOB SETTINGS PEER_PID)

ahead() { # CHECK...
	local check PEER_PID=''
	# The compiler is done: it would take the processor from those that count
	# milliseconds.
	compiled warned
	for check in "$@"; do
		# It stays, for a jail ends with whoever has started it.
		read -r < <(ahead_begin "$check" 3>&- 4>&- 10>&-) || true
	done
}

# What cannot be begun here is left to the test, which will say why.
ahead_begin() { # CHECK
	# shellcheck disable=SC2317 # check_skip calls it
	skip() {
		exit
	}
	check_begin "$1"
	"begin_$1"
	declare -p "${AHEAD_KEEPS[@]}" |
		sed 's/^declare --/declare -g/; s/^declare -a/declare -ga/' \
			>"$HERE/ahead"
	echo begun
	wait
}

# It goes on where begin_CHECK() has ended.
begun() {
	if [[ -e $HERE/ahead ]]; then
		# shellcheck source=/dev/null
		. "$HERE/ahead"
		rm "$HERE/ahead"
	else
		"begin_$CHECK"
	fi
}

# In teardown_file(): what was begun for checks that were not made ends now.
ahead_away() {
	local begun pid
	for begun in "$WORK"/results/checks/*/ahead; do
		[[ -e $begun ]] || continue
		# shellcheck source=/dev/null
		. "$begun"
		rm "$begun"
		for pid in "${JOB_JAIL[@]}" "${PEER_PID-}"; do
			[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
		done
		kernel_settings_back
	done
}
