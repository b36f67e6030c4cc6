# programs.sh - which programs are graded, and the command that starts each
# (sourced)
#
# A program is a template: words with {placeholders}. That of a compiled
# program is its binary with the line "start:" of lab.conf, in which [words in
# brackets] are left out when a check gives no value for them. That of a
# command given in its place is as it was given. $WORK/programs/NAME holds the
# words, each ended by a NUL; no file: this program is not graded.

# What a program sees of this machine's files, as options for the jail: neither
# tests nor solutions, so that none can stand in for it. A command may have its
# files beside the folder that it was given in.
program_places() {
	local path
	local -a tools=()
	# What was written is to be graded, and no program of the machine's, nor
	# what the library of an interpreter would need.
	for path in /usr/bin /usr/sbin /usr/local /usr/games /bin /sbin /opt \
		/usr/libexec /usr/lib/python3* /usr/lib/*/bin /usr/lib/*/*/bin; do
		[[ -L $path ]] || tools+=("$path")
	done
	# A jail has room for so many.
	hide_others "${tools[@]:0:32}"
	printf '%s\0' "${HIDDEN[@]}" --ro "$WORK/bin" --chdir /tmp --tmp-exec 0 \
		>"$WORK/places.compiled"
	[[ -n ${CHECK_PROGRAMS-} ]] || return 0
	hide "$TESTS" "$ROOT"/labs/*/solution "$BUILD" "$STATE"
	HIDDEN+=(--ro "$WORK/bin")
	# As root the program is someone else, who may not go everywhere.
	if [[ $PWD != / ]] && "$BUILD/test/jail" "${HIDDEN[@]}" --ro "$PWD" \
		--chdir "$PWD" true >/dev/null 2>&1 </dev/null; then
		HIDDEN+=(--ro "$PWD" --chdir "$PWD")
	else
		HIDDEN+=(--chdir /tmp)
	fi
	printf '%s\0' "${HIDDEN[@]}" >"$WORK/places.command"
}

# The programs that are given as commands: $CHECK_PROGRAMS has one a line,
# NAME=WORDS, split as a shell would, but with nothing expanded.
programs_given() {
	local line name
	program_places
	while IFS= read -r line; do
		[[ -n $line ]] || continue
		name=${line%%=*}
		xargs printf '%s\0' <<<"${line#*=}" >"$WORK/programs/$name"
		program_files "$WORK/programs/$name"
		printf 'program: %s %s\n' "$name" "${line#*=}" >>"$WORK/results/run"
	done <<<"${CHECK_PROGRAMS-}"
}

# Whatever file the words name has to be seen by the program, too.
program_files() { # WORDS-FILE
	local word unseen
	local -a words files=()
	mapfile -d '' words <"$1"
	for word in "${words[@]}"; do
		[[ ! -f $word ]] || files+=("$word")
	done
	((${#files[@]} > 0)) || return 0
	# shellcheck disable=SC2016 # for the shell within
	unseen=$("$BUILD/test/jail" "${HIDDEN[@]}" sh -c 'for file; do
		[ -r "$file" ] || { echo "$file"; break; }
		done' sh "${files[@]}" </dev/null)
	[[ -z $unseen ]] || say_usage "--program: the program cannot read $unseen:" \
		"it has a /tmp of its own, and of root's it is another user. Go to the" \
		"folder of that file, let all read it, and grade from there"
}

# That NAME is the compiled program BINARY.
program_compiled() { # NAME BINARY
	local -a words
	while read -ra words; do
		[[ ${words[0]-} != "$1" ]] ||
			printf '%s\0' "$2" "${words[@]:1}" >"$WORK/programs/$1"
	done < <(lab_conf "$LAB" start)
	: >"$WORK/programs/$1.compiled"
}

# Sets COMMAND to the command of NAME, with VALUES[placeholder]; false if the
# template has no place for one that has to be there, which is in MISSING.
declare -gA VALUES=()
program_command() { # NAME
	local -a words
	local word key optional=false
	COMMAND=() MISSING=''
	mapfile -d '' words <"$WORK/programs/$1"
	for key in "${!VALUES[@]}"; do
		[[ ${words[*]} == *"{$key}"* ]] || MISSING=$key
	done
	[[ -z $MISSING ]] || return 1
	[[ -e $WORK/programs/$1.compiled ]] && optional=true
	program_fill "$optional" "${words[@]}"
}

# Words in brackets are taken together, and only if their value was given.
program_fill() { # OPTIONAL WORD...
	local optional=$1 word group=''
	shift
	for word in "$@"; do
		if $optional && [[ -n $group || $word == '['* ]]; then
			group+=" $word"
			[[ $word == *']' ]] || continue
			program_group "${group:2:-1}"
			group=''
		else
			program_word "$word"
		fi
	done
}

program_group() { # WORDS
	local word rest=$1
	while [[ $rest =~ \{([a-z0-9]+)\} ]]; do
		[[ -n ${VALUES[${BASH_REMATCH[1]}]+given} ]] || return 0
		rest=${rest/"${BASH_REMATCH[0]}"/}
	done
	for word in $1; do
		program_word "$word"
	done
}

# One word, filled in. What no check has said is what lab.conf says of it. A
# word that is a placeholder and nothing else becomes all words of its value.
program_word() { # WORD
	local word=$1 key
	local -a words
	if [[ $word =~ ^\{([a-z0-9]+)\}$ && -n ${VALUES[${BASH_REMATCH[1]}]-} ]]
	then
		read -ra words <<<"${VALUES[${BASH_REMATCH[1]}]}"
		COMMAND+=("${words[@]}")
		return
	fi
	for key in "${!VALUES[@]}"; do
		word=${word//"{$key}"/"${VALUES[$key]}"}
	done
	while [[ $word =~ \{([a-z0-9]+)\} ]]; do
		key=${BASH_REMATCH[1]}
		program_default "$key"
		word=${word//"{$key}"/"$DEFAULT"}
	done
	COMMAND+=("$word")
}

# What lab.conf says of it, in DEFAULT.
program_default() { # PLACEHOLDER
	local key name value
	DEFAULT=''
	while read -r key name value || [[ -n $key ]]; do
		[[ $key$name != "placeholder:$1" ]] || DEFAULT=$value
	done <"$LAB/lab.conf"
}

# How a program ended, as its jail reports it: one member of that line of JSON,
# in REPORTED; nothing while it has not ended.
jail_reported() { # FILE KEY
	local line=''
	REPORTED=''
	read -r line 2>/dev/null <"$1" || true
	[[ $line == *"\"$2\":"* ]] || return 0
	REPORTED=${line#*"\"$2\":"}
	REPORTED=${REPORTED#\"}
	REPORTED=${REPORTED%%[\",\}]*}
}

jail_report() { # FILE KEY
	jail_reported "$@"
	printf '%s\n' "$REPORTED"
}
