# pack.sh - the suite, or a part of it, as an archive (sourced)
#
# What git knows, else all but what is made and kept, as it is in this folder
# now, but with each lab's starter in the place of what a student wrote there.
# The same files give the same bytes: names in order, no owner, one time.

# What is the machine's own, or the author's.
readonly -a PACK_NEVER=('build/*' '.portlab/*' '.git/*' '.ci/*' '*/node_modules/*'
	'compile_commands.json' '*.o' '*~')

# All files, one a line.
pack_files() {
	if [[ -e $ROOT/.git ]] && have git &&
		git -C "$ROOT" rev-parse -q --verify HEAD >/dev/null 2>&1; then
		git -C "$ROOT" ls-files --cached --others --exclude-standard
	else
		(cd -- "$ROOT" && find . -type f -printf '%P\n')
	fi | LC_ALL=C sort -u | pack_without "${PACK_NEVER[@]}"
}

# The lines of stdin that match none of the patterns, in which * is anything.
pack_without() { # PATTERN...
	local line pattern
	while IFS= read -r line; do
		for pattern in "$@"; do
			# shellcheck disable=SC2053 # a pattern is wanted
			[[ $line != $pattern ]] || continue 2
		done
		printf '%s\n' "$line"
	done
}

# Copy the files on stdin to FOLDER, and the starters to their places.
pack_copy() { # FOLDER
	local file folder
	while IFS= read -r file; do
		[[ -f $ROOT/$file ]] || continue
		mkdir -p -- "$1/$(dirname -- "$file")"
		cp -p -- "$ROOT/$file" "$1/$file"
	done
	while IFS= read -r folder; do
		for file in $(lab_files "$folder"); do
			[[ ! -f $folder/starter/$file ||
				! -d $1/labs/${folder##*/} ]] ||
				cp -p -- "$folder/starter/$file" \
					"$1/labs/${folder##*/}/$file"
		done
	done < <(lab_all)
}

# What is packed in FOLDER: a tag or commit of git, or a sum of all of it.
pack_version() { # FOLDER
	git -C "$ROOT" describe --tags --always --dirty=-changed 2>/dev/null ||
		(cd -- "$1" && find . -type f -print0 | LC_ALL=C sort -z |
			xargs -0 sha256sum) | sha256sum | cut -c -12
}

# The time of its last commit, or of no one's: seconds since 1970.
pack_time() {
	git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 0
}

# The folder NAME within PARENT as a compressed tar on stdout.
pack_tar() { # PARENT NAME
	tar -C "$1" --sort=name --format=gnu --mtime="@$(pack_time)" --owner=0 \
		--group=0 --numeric-owner --mode=u+rw,go+r-w,a+X -cf - "$2" |
		gzip -9n
}

# All that grading takes, as a compressed tar on stdout; SPACE is an empty folder
# for work.
pack_suite() { # SPACE
	pack_files | pack_without 'slides/*' 'tests/*/mutants/*' \
		'tests/*/variants/*' 'tests/self/*' 'tests/bench/*' |
		pack_copy "$1/portlab"
	pack_tar "$1" portlab
	rm -rf -- "$1/portlab"
}
