# verb-reset.sh - a lab's starter again, the old work kept aside (sourced)
#
# Each lab keeps a second copy of its starter in LAB/starter/. Git could make do
# with one, but its history is the student's own, and a suite that came as a
# tarball has none.
#
# The order is: copy the work, compare the copies, put the new files beside the
# old ones, compare these too, and only then rename. Whatever happens before
# that, a full disk or Ctrl-C, leaves the work as it was; whatever happens
# later finds it kept.

verb_reset() { # LAB
	local folder state kept
	folder=$(lab_find "${1-}") || exit
	[[ $# -le 1 ]] || say_usage "reset takes one lab, no more"
	[[ -d $folder/starter ]] ||
		die "lab $(lab_name "$folder") has no starter to go back to"
	state=$(lab_state "$folder")
	mkdir -p "$state/kept" 2>/dev/null ||
		die "cannot write $state; set PORTLAB_STATE to a folder of yours"
	exec 9>"$state/lock"
	flock 9
	if reset_is_starter "$folder"; then
		echo "Lab $(lab_number "$folder") is the starter already."
		return
	fi
	RESET_FOLDER=$folder RESET_KEPT=''
	trap reset_undo EXIT
	trap 'exit 130' INT TERM HUP
	reset_keep "$folder" "$state"
	kept=$RESET_KEPT
	reset_prepare "$folder"
	# From here on it is a matter of renames, which are not to be torn apart.
	trap '' INT TERM HUP
	RESET_KEPT=''
	reset_replace "$folder" || die "could not replace all of the files;" \
		"your work is in $kept"
	# What was found of the old work says nothing of the starter.
	[[ ! -e $state/last ]] || mv -T -- "$state/last" "$kept/last"
	echo "Lab $(lab_number "$folder") is the starter again."
	echo "Your work is kept in ${kept#"$ROOT"/}"
}

reset_is_starter() { # FOLDER
	local file
	while IFS= read -r file; do
		cmp -s "$1/$file" "$1/starter/$file" ||
			[[ ! -e $1/$file && ! -e $1/starter/$file ]] || return
	done < <(lab_files "$1")
}

# What is to be taken away when this ends before the renames.
reset_undo() {
	local file
	while IFS= read -r file; do
		rm -f -- "$RESET_FOLDER/.$file.reset"
	done < <(lab_files "$RESET_FOLDER")
	[[ -z $RESET_KEPT ]] || rm -rf -- "$RESET_KEPT"
}

# Copy the work into a new folder, RESET_KEPT.
reset_keep() { # FOLDER STATE
	local file kept
	kept=$2/kept/$(date +%Y%m%d-%H%M%S)
	# Two resets in one second: the lock has made one wait for the other.
	while [[ -e $kept ]]; do
		kept+=+
	done
	mkdir "$kept" 2>/dev/null || die "cannot write $kept; nothing was changed"
	RESET_KEPT=$kept
	while IFS= read -r file; do
		[[ -e $1/$file ]] || continue
		reset_copy "$1/$file" "$kept/$file"
	done < <(lab_files "$1")
}

# The starter's files beside those that they replace, so that a rename will do.
reset_prepare() { # FOLDER
	local file
	while IFS= read -r file; do
		[[ ! -e $1/starter/$file ]] ||
			reset_copy "$1/starter/$file" "$1/.$file.reset"
	done < <(lab_files "$1")
}

reset_copy() { # FROM TO
	{ cp -- "$1" "$2" && cmp -- "$1" "$2"; } >/dev/null 2>&1 ||
		die "cannot copy $1 to $2; nothing was changed"
}

# A file that the starter does not have is kept, and goes.
reset_replace() { # FOLDER
	local file status=0
	while IFS= read -r file; do
		if [[ -e $1/.$file.reset ]]; then
			mv -fT -- "$1/.$file.reset" "$1/$file" || status=1
		else
			rm -f -- "$1/$file" || status=1
		fi
	done < <(lab_files "$1")
	return "$status"
}
