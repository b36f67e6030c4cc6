# hand-in.sh - the files of a lab, out of what a student handed in (sourced)
#
# That is a folder or an archive (zip, or tar with any compression that tar
# knows), in which they may lie some folders deep, beside litter. Archives are
# opened in a jail of their own. Nothing is followed, nothing is executed, and
# only the files that lab.conf names are taken.

readonly ARCHIVE_BYTES=209715200 # 200 MiB
readonly UNPACK_MB=384           # the archive, and what is taken from it
readonly UNPACK_MS=60000
readonly DEEP=8                  # folders within folders
readonly MANY=200                # files of the same name that are looked at
readonly SOURCE_MAX=1048577      # a byte more than a source may have

# What nobody means to hand in.
readonly -a LITTER=(__MACOSX .git .svn .DS_Store ._* node_modules)

hand_in_refuse() { # SENTENCE
	HAND_IN=refused HAND_IN_SAYS=$*
	return 1
}

# Put the files of LAB into the empty folder SOURCE. Sets HAND_IN to "taken",
# "missing" or "refused", HAND_IN_SAYS to a sentence if it is not "taken", and
# appends to REMARKS, sentences for the student. SPACE is an empty folder for
# work.
hand_in() { # WHAT LAB SOURCE SPACE
	local found=$1
	HAND_IN=taken HAND_IN_SAYS=''
	if [[ -L $1 ]]; then
		hand_in_refuse "It is a symbolic link, which is not followed." ||
			return 0
	elif [[ -f $1 ]]; then
		found=$4
		hand_in_unpack "$1" "$2" "$4" || return 0
	elif [[ ! -d $1 ]]; then
		hand_in_refuse "It is neither a folder nor an archive." || return 0
	elif [[ ! -r $1 || ! -x $1 ]]; then
		hand_in_refuse "The folder cannot be read." || return 0
	fi
	hand_in_take "$found" "$2" "$3" || return 0
	[[ $HAND_IN == missing && -d $1 ]] || return 0
	hand_in_within "$@"
}

# A folder with an archive in it, as learning platforms give them out.
hand_in_within() { # WHAT LAB SOURCE SPACE
	local -a archives
	mapfile -d '' archives < <(hand_in_find "$1" -type f \( -iname '*.zip' \
		-o -iname '*.tar' -o -iname '*.tar.*' -o -iname '*.tgz' \))
	if ((${#archives[@]} > 1)); then
		hand_in_refuse "There are ${#archives[@]} archives in it; one was" \
			"expected." || return 0
	elif ((${#archives[@]} == 1)); then
		hand_in_unpack "${archives[0]}" "$2" "$4" || return 0
		HAND_IN=taken
		hand_in_take "$4" "$2" "$3" || return 0
	fi
}

# What find(1) finds in FOLDER, litter left out; each ends with a NUL.
hand_in_find() { # FOLDER TEST...
	local folder=$1 name
	local -a prune=(-false)
	shift
	for name in "${LITTER[@]}"; do
		prune+=(-o -name "$name")
	done
	find "$folder" -mindepth 1 -maxdepth "$DEEP" \( "${prune[@]}" \) -prune \
		-o "$@" -print0 2>/dev/null | head -z -n "$MANY"
}

# --- archives ----------------------------------------------------------------

hand_in_unpack() { # ARCHIVE LAB FOLDER
	local kind status=0
	local -a names
	kind=$(hand_in_kind "$1")
	[[ $kind != none ]] ||
		hand_in_refuse "It is no folder, and no archive that can be opened" \
			"here: hand in a folder, zip or tar." || return
	[[ $kind != zip ]] || have unzip ||
		hand_in_refuse "There is no unzip on this machine, to open it." ||
		return
	(($(stat -c %s -- "$1") <= ARCHIVE_BYTES)) ||
		hand_in_refuse "The archive is larger than" \
			"$((ARCHIVE_BYTES / 1048576)) MiB." || return
	mapfile -t names < <(lab_files "$2")
	"$BUILD/test/jail" --time "$UNPACK_MS" --cpu 30 --memory 256 \
		--file-size $((UNPACK_MB << 20)) --tmp "$UNPACK_MB" \
		--output $((UNPACK_MB << 20)) --env LC_ALL=C.UTF-8 --chdir /tmp -- \
		bash -c "$(<"$TESTS/class/unpack")" unpack "$kind" "${names[@]}" \
		predictions.txt <"$1" 2>/dev/null >"$3/.tar" || status=$?
	[[ $status == 0 ]] ||
		hand_in_refuse "$(hand_in_unpack_failed "$kind" "$status")" || return
	tar -C "$3" -xf "$3/.tar" --no-same-owner --no-same-permissions \
		2>/dev/null || hand_in_refuse "The archive is damaged." || return
	rm -f -- "$3/.tar"
}

hand_in_unpack_failed() { # KIND STATUS
	case $2 in
	10) echo "The $1 archive is damaged, or is none." ;;
	11) echo "The archive is encrypted." ;;
	12 | 124 | 137 | 153) echo "Unpacked, the archive is too large." ;;
	*) echo "The archive cannot be unpacked." ;;
	esac
}

# By its first bytes, whatever it is called.
hand_in_kind() { # FILE
	local magic
	magic=$(head -c 8 -- "$1" 2>/dev/null | od -An -tx1 | tr -d ' \n')
	case $magic in
	504b0304* | 504b0506*) echo zip ;;
	1f8b* | 425a68* | fd377a585a* | 28b52ffd*) echo tar ;;
	*)
		magic=$(dd if="$1" bs=1 skip=257 count=5 2>/dev/null | tr -d '\0')
		if [[ $magic == ustar ]]; then
			echo tar
		else
			echo none
		fi
		;;
	esac
}

# --- files -------------------------------------------------------------------

# The best place of each file; a file that is in none is left out, and the
# check will say so.
hand_in_take() { # FOLDER LAB SOURCE
	local file best
	local -a taken=() folders=() names
	mapfile -t names < <(lab_files "$2")
	hand_in_places "$1" "$2"
	for file in "${names[@]}" predictions.txt; do
		hand_in_best "$1" "$file" ||
			hand_in_refuse "$file is there more than once: $best." || return
		[[ -n $best ]] || continue
		hand_in_copy "$1/$best" "$3/$file"
		[[ $file == predictions.txt ]] || taken+=("$file")
		[[ $best == "$file" ]] || folders+=("${best%/*}")
	done
	if ((${#taken[@]} == 0)); then
		HAND_IN=missing HAND_IN_SAYS=$(hand_in_missing "$1" "$2")
	elif ((${#folders[@]} > 0)); then
		REMARKS+=("The files were found in the folder $(printf '%s\n' \
			"${folders[@]}" | sort -u | paste -sd , | sed 's/,/, /g').")
	fi
}

# PLACES: where files of the lab (names) are, the best first: rank, how many
# files are not beside it, depth, path, by TAB.
hand_in_places() { # FOLDER LAB
	local file path rank depth
	local -a tests=(-name predictions.txt)
	local -A beside=()
	local -a paths
	for file in "${names[@]}"; do
		tests+=(-o -name "$file")
	done
	mapfile -d '' paths < <(hand_in_find "$1" \( "${tests[@]}" \))
	for path in "${paths[@]}"; do
		beside[${path%/*}]=$((${beside[${path%/*}]-0} + 1))
	done
	mapfile -t PLACES < <(for path in "${paths[@]}"; do
		file=${path#"$1"/}
		[[ $file != *[$'\n\t']* ]] || continue
		hand_in_rank "$file" "$2"
		depth=${file//[!\/]/}
		printf '%s\t%s\t%s\t%s\n' "$rank" \
			$((MANY - ${beside[${path%/*}]})) ${#depth} "$file"
	done | sort -t $'\t' -k 1,1n -k 2,2n -k 3,3n -k 4)
}

# Sets rank: 0 in a folder that is called like the lab, 1 in another, 2 where the
# suite has files of the same name that are not the student's; 3 in another
# lab's.
hand_in_rank() { # PATH LAB
	local part name=${2##*/} number
	local -a parts
	rank=1
	number=$((10#${name%%-*}))
	IFS=/ read -ra parts <<<"${1%/*}"
	[[ $1 == */* ]] || parts=()
	for part in "${parts[@],,}"; do
		if [[ $part =~ ^(lab[-_ ]?)?0*$number$ || $part == "$name" ]]; then
			((rank > 1)) || rank=0
		elif [[ $part =~ ^(starter|solution|kept|old|backup)$ ]]; then
			rank=2
		elif [[ -e $ROOT/labs/$part/lab.conf ]]; then
			rank=3
		fi
	done
}

# Sets best, the best place of NAME, empty if there is none; or two that are as
# good and differ, and is false.
hand_in_best() { # FOLDER NAME
	local line first='' path
	best=''
	for line in "${PLACES[@]}"; do
		path=${line##*$'\t'}
		[[ ${path##*/} == "$2" && $line != 3* ]] || continue
		if [[ -z $best ]]; then
			first=${line%$'\t'*} best=$path
		else
			[[ ${line%$'\t'*} == "$first" ]] || return 0
			! hand_in_same "$1/$best" "$1/$path" || return 0
			best+=" and $path"
			return 1
		fi
	done
}

# Only of files: a FIFO would be waited for, and a device has no end.
hand_in_same() { # PATH PATH
	[[ -f $1 && ! -L $1 && -f $2 && ! -L $2 ]] &&
		cmp -s -n "$SOURCE_MAX" -- "$1" "$2"
}

# What is no file is so in SOURCE, too, so that the check can say what it was.
hand_in_copy() { # FROM TO
	if [[ -L $1 ]]; then
		ln -s -- "$(readlink -- "$1")" "$2"
		NOTES+=("link ${2##*/} is a symbolic link to $(readlink -- "$1")")
	elif [[ ! -f $1 ]]; then
		mkdir -- "$2"
	elif ! dd if="$1" of="$2" iflag=nofollow,nonblock,fullblock \
		bs="$SOURCE_MAX" count=1 status=none 2>/dev/null; then
		rm -f -- "$2"
		REMARKS+=("${2##*/} cannot be read.")
	else
		hand_in_look "$2"
	fi
}

# What a student would want to be told of a file that no compiler takes: what it
# has before the first NUL says it.
hand_in_look() { # FILE
	local text nul=''
	local LC_ALL=C
	! IFS= read -r -d '' text <"$1" || nul=nul
	case $text in
	$'\x7fELF'*)
		REMARKS+=("${1##*/} is a compiled program, not its source.")
		;;
	$'\xff\xfe'* | $'\xfe\xff'*)
		REMARKS+=("${1##*/} is in UTF-16: save it as UTF-8.")
		;;
	PK$'\x03\x04'*) REMARKS+=("${1##*/} is an archive, not C source.") ;;
	*)
		[[ -z $nul ]] ||
			REMARKS+=("${1##*/} has NUL bytes in it: it is not C source.")
		;;
	esac
}

hand_in_missing() { # FOLDER LAB
	local names others
	names=$(lab_files "$2" | paste -sd , | sed 's/,/, /g')
	others=$({
		hand_in_find "$1" -type f \( -iname '*.c*' -o -iname '*.rar' \
			-o -iname '*.7z' -o -iname '*.gz' \) | tr '\0' '\n' |
			sed 's|.*/||'
		[[ ! -f $1/.names || -L $1/.names ]] || head -c 4096 -- "$1/.names"
	} | grep -vxFf <(lab_files "$2") | LC_ALL=C tr -c '\40-\176\n' '?' |
		sort -u | head -n 5 | paste -sd , |
		sed 's/,/, /g') || true
	echo "There is no $names in it${others:+; there is: $others}."
}
