# machine.bash - what a check changes of the machine that a program is started
# on, until the check ends (sourced)
# shellcheck shell=bash

SEEN_FILES=()

# What is started from now on finds in FILE just these lines.
sees_file() { # FILE [LINE...]
	local file=$1 seen=$HERE/seen.${1##*/}
	shift
	if [[ ! -f $file ]]; then
		(($# == 0)) || check_skip not-here "not here: there is no $file"
		return 0
	fi
	printf '%s\n' "$@" >"$seen"
	chmod 644 "$seen"
	mount --bind "$seen" "$file" || grader_broken "cannot mount on $file"
	SEEN_FILES+=("$file")
	(($# == 0)) || note try "server # $file has: $(IFS=';' && echo "$*")"
}

seen_files_back() {
	local file
	for file in "${SEEN_FILES[@]}"; do
		umount -l "$file"
	done
	SEEN_FILES=()
}

# What is started next may have SOFT descriptors, or HARD if it asks for them.
descriptors() { # SOFT [HARD]
	local hard=${2:-$1} most
	most=$(ulimit -Hn)
	[[ $most == unlimited ]] || ((hard <= most)) || check_skip not-here \
		"not here: no program may have more than $most descriptors"
	[[ -e $WORK/bin/prlimit ]] ||
		cp "$(command -v prlimit)" "$WORK/bin/" ||
		check_skip not-here "not here: there is no prlimit"
	JAIL_LIMITS+=(--fds "$hard")
	PREFIX=("$WORK/bin/prlimit" "--nofile=$1:$hard")
}
