# names.sh - who handed in what, by how it is called (sourced)
#
# DIR has a folder or an archive a student, called like the student; or it is
# what a platform gives out, where names say more:
#
#   Canvas            adamskim_1001_50001_echo_server.c, files of all students
#                     beside each other; LATE_ may stand behind the name,
#                     anon_x1Y2z in the place of name and number
#   Moodle            Kim Adams_2001_assignsubmission_file_, folders, or what
#                     the names of files begin with
#   Gradescope        submission_777, folders, and submission_metadata.yml
#   GitHub Classroom  lab-01-kadams, folders
#
# Sets ids, the students, and whats, the paths: none for who has files beside
# those of others, until names_gather has put them into a folder.

readonly NAMES_CANVAS='^((LATE_)?anon_[[:alnum:]]+|[^_ ]+_(LATE_)?[0-9]+)_([0-9]+_(.+)|text\.html|link\.html)$'
readonly NAMES_MOODLE='^(.+)_assignsubmission_([a-z]+)_?(.*)$'
readonly NAMES_ARCHIVE='^(.+)\.(zip|rar|7z|tar|tgz|tbz2|txz|tar\.(gz|bz2|xz|zst))$'

names_all() { # DIR
	local path id name file text
	local -a who
	local -A seen=() loose=() submitters=()
	names_gradescope "$1/submission_metadata.yml"
	for path in "$1"/*; do
		[[ -e $path || -L $path ]] || continue
		names_whose "$path"
		for id in "${who[@]}"; do
			names_add "$id" "$path"
		done
	done
	((${#ids[@]} > 0)) ||
		say_usage "there is no submission in $1: a folder, zip or tar a" \
			"student is expected"
}

# Sets who, whose PATH is (nobody's is litter), file, what it is called within
# the submission (none: it is all of it), and text, if it is no file at all.
names_whose() { # PATH
	name=${1##*/} file='' text=''
	who=()
	if [[ $name =~ $NAMES_MOODLE ]]; then
		who=("${BASH_REMATCH[1]}")
		[[ ${BASH_REMATCH[2]} == file ]] || text=text
		[[ -d $1 ]] || file=${BASH_REMATCH[3]}
	elif [[ ! -d $1 && $name =~ $NAMES_CANVAS ]]; then
		who=("${BASH_REMATCH[1]/LATE_/}")
		file=${BASH_REMATCH[5]:-text.html}
	elif [[ -n ${submitters[$name]-} ]]; then
		mapfile -t who <<<"${submitters[$name]}"
	elif [[ ! $name =~ ^(__MACOSX|Thumbs\.db|desktop\.ini|submission_metadata\.yml)$ ]]
	then
		names_student "$name"
	fi
}

# Sets who to the student, out of the name of the folder or archive.
names_student() { # NAME
	# shellcheck disable=SC2154 # verb_class has set it
	local lab=${labs[0]##*/} called
	called="lab[-_ ]?0*$((10#${lab%%-*}))([-_]${lab#*-})?|$lab"
	who=("$1")
	shopt -s nocasematch
	[[ ! $1 =~ $NAMES_ARCHIVE ]] || who=("${BASH_REMATCH[1]}")
	((${#labs[@]} > 1)) || [[ ! ${who[0]} =~ ^($called)[-_](.+)$ ]] ||
		who=("${BASH_REMATCH[3]}")
	shopt -u nocasematch
}

names_add() { # ID PATH
	local id
	names_id "$1"
	[[ " ${CLASS_FILES[*]} " != *" $id "* ]] ||
		say_usage "a submission may not be called $id: results have" \
			"a file of that name"
	if [[ -z ${seen[$id]-} ]]; then
		seen[$id]=${2##*/}
		ids+=("$id")
		if [[ -n $file ]]; then
			whats+=('') loose[$id]=1
		else
			whats+=("$2")
		fi
	elif [[ -z $text && (-z $file || -z ${loose[$id]-}) ]]; then
		say_usage "$id has handed in twice: ${seen[$id]} and ${2##*/};" \
			"take one away"
	fi
}

# Sets id: the name as one line of UTF-8 that may be the name of a folder, which
# is not hidden, nor "..".
names_id() { # NAME
	id=${1/#./?}
	[[ $id == *[!\ -.0-~]* ]] || return 0
	iconv -f UTF-8 -t UTF-8 <<<"$id" >/dev/null 2>&1 ||
		id=$(printf %s "$id" | LC_ALL=C tr -c '\40-\176' '?')
	id=$(jq -nr -L "$ROOT/tests/class" --arg id "${id//\//?}" \
		'include "lib"; $id | plain')
}

# submitters: of each of Gradescope's folders who handed it in, one a line: the
# name, and the student's or the submission's number.
names_gradescope() { # FILE
	local folder who
	[[ -f $1 ]] || return 0
	while IFS=$'\t' read -r folder who; do
		submitters[$folder]+=${submitters[$folder]+$'\n'}$who
	done < <(tr -d '\0\r\t' <"$1" | awk '
	function value(line) {
		sub(/^[- ]*:[a-z_]+: */, "", line)
		if (line ~ /^".*"$/ || line ~ /^\047.*\047$/)
			line = substr(line, 2, length(line) - 2)
		gsub(/\047\047/, "\047", line)
		return line
	}
	function done() {
		if (name != "")
			print folder "\t" name "_" (sid != "" ? sid : number)
		name = sid = ""
	}
	/^[^ ].*:$/ {
		done()
		folder = number = substr($0, 1, length($0) - 1)
		sub(/.*_/, "", number)
	}
	/^ *- :/ { done() }
	/^[- ]*:name:/ { name = value($0) }
	/^[- ]*:sid:/ { sid = value($0) }
	END { done() }')
}

# Put what lies beside each other's into a folder for each student in PLACE.
names_gather() { # DIR PLACE
	local path id name file text i
	local -a who
	local -A submitters=()
	for i in "${!ids[@]}"; do
		[[ -z ${whats[i]} ]] || continue
		whats[i]=$2/${ids[i]}
		mkdir -p -- "${whats[i]}" || return
	done
	[[ -d $2 ]] || return 0
	for path in "$1"/*; do
		names_whose "$path"
		[[ -n $file ]] || continue
		names_id "${who[0]}"
		[[ ! -d $2/$id ]] || names_link "$path" "$2/$id/$file" || return
	done
}

# Canvas calls what is handed in again echo_server-1.c.
names_link() { # FROM TO
	local to=$2
	if [[ $2 =~ ^(.*)-[0-9]+(\.[[:alpha:]]+)$ &&
		" $NAMES_FILES " == *" ${BASH_REMATCH[1]##*/}${BASH_REMATCH[2]} "* &&
		! -e ${BASH_REMATCH[1]}${BASH_REMATCH[2]} ]]; then
		to=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
	fi
	# What is there is taken away, never written to: it may be another's, linked.
	ln -f -- "$1" "$to" 2>/dev/null || [[ ! -r $1 ]] ||
		cp -dR --remove-destination -- "$1" "$to"
}
