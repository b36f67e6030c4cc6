# verb-kit.sh - what students get: the suite without what they are to find out,
# as a tar that is the same, byte for byte, whoever makes it (sourced)
#
# Without solutions, mutants, variants and the instructor's tools. The checks
# need the model answers' programs as peers, and the predictions, too: these go
# along as programs, stripped, for the machine on which the kit is made. On
# another kind of machine what needs them is left out, and said to be.
# Checks that are not visible, and their tests, stay with the instructor.

# shellcheck source=common/lab/pack.sh
. "$LABDIR/pack.sh"

readonly -a KIT_WITHOUT=('labs/*/solution/*' 'tests/*/mutants/*'
	'tests/*/variants/*' 'tests/*/golden/*' 'tests/*/flake' 'tests/self/*'
	'tests/bench/*' 'tests/class/*' 'slides/*' 'common/lab/verb-class.sh'
	'common/lab/verb-far.sh' 'common/lab/far.sh' 'common/lab/verb-kit.sh' 'common/lab/verb-gradescope.sh'
	'common/lab/verb-flake.sh' 'common/lab/verb-bench.sh'
	'common/lab/verb-test.sh')

verb_kit() { # [FILE]
	local file=${1:-$BUILD/portlab-kit.tar.gz} version kit
	[[ $# -le 1 ]] || say_usage "kit takes one file to write, no more"
	have gzip || die "gzip is not installed"
	kit=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf -- $(printf %q "$kit")" EXIT
	trap 'exit 130' INT TERM HUP
	pack_files | pack_without "${KIT_WITHOUT[@]}" | pack_copy "$kit/portlab"
	kit_models "$kit/portlab"
	kit_unseen "$kit/portlab"
	version=$(pack_version "$kit/portlab")
	kit_readme "$kit/portlab" "$version"
	{ mkdir -p -- "$(dirname -- "$file")" &&
		pack_tar "$kit" portlab >"$file.new" &&
		mv -f -- "$file.new" "$file"; } 2>/dev/null || {
		rm -f -- "$file.new"
		die "cannot write $file: is the disk full?"
	}
	printf '%s: version %s, %s\n' "$file" "$version" \
		"$(sha256sum <"$file" | cut -d ' ' -f 1)"
}

# The programs whose source is a solution.
kit_models() { # FOLDER
	local folder name to
	to=$1/common/models/$(uname -m)
	mkdir -p -- "$to"
	while IFS= read -r folder; do
		while read -r name _; do
			[[ -x $BUILD/solution/$name ]] ||
				die "$name is not built yet; run: make tools"
			strip -s -R .note.gnu.build-id -R .comment \
				-o "$to/$name" "$BUILD/solution/$name"
		done < <(lab_programs "$folder")
	done < <(lab_all)
}

# Take away the checks that are not to be seen, and what needs them.
kit_unseen() { # FOLDER
	local checks lab ids
	for checks in "$1"/labs/*/checks.tsv; do
		lab=${checks%/checks.tsv}
		lab=${lab##*/}
		ids=$(awk -F '\t' 'NR > 1 && $4 != "visible" { print $1 }' "$checks")
		[[ -n $ids ]] || continue
		awk -F '\t' -v OFS='\t' 'NR == 1 || $4 == "visible"' "$checks" \
			>"$checks.new"
		mv -- "$checks.new" "$checks"
		awk -v ids="$(tr '\n' ' ' <<<"$ids")" '
		BEGIN { for (n = split(ids, id, " "); n > 0; n--) unseen[id[n]] }
		/^@test / { name = $2; gsub(/["'\'':]/, "", name); skip = name in unseen }
		!skip { print }
		/^}/ { skip = 0 }' "$1/tests/$lab.bats" >"$1/tests/$lab.new"
		mv -- "$1/tests/$lab.new" "$1/tests/$lab.bats"
	done
}

# What is said of that which is not there, and which version this is.
kit_readme() { # FOLDER VERSION
	printf '%s\n' "$2" >"$1/.version"
	# The instructor's paragraph and commands.
	awk '
	/^\*\*Instructor\.\*\*/ { skip = 1 }
	{ sub(/ starter, solution,/, " starter,") }
	!skip && !/^\| `make (test|bench|flake|class|kit|gradescope|lint)/ { print }
	skip && /^$/ { skip = 0 }
	END { print "\nThis is the students'\'' kit, version '"$2"'." }' \
		"$1/README.md" >"$1/README.new"
	mv -- "$1/README.new" "$1/README.md"
	sed -i '/solution\//d' "$1/labs/README.md"
}
