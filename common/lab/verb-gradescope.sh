# verb-gradescope.sh - the autograder of one lab for Gradescope: a zip (sourced)
#
# Gradescope unpacks it in /autograder/source, runs setup.sh once, and for each
# submission, in a container of its own, run_autograder, which comes back here
# with --run. There is root, but no namespace can be made: then the grader does
# without, and says in the report what it could not isolate. What is here must
# then be kept from the submission by its mode: setup.sh sees to it.

# shellcheck source=common/lab/deps.sh
. "$LABDIR/deps.sh"
# shellcheck source=common/lab/pack.sh
. "$LABDIR/pack.sh"

readonly GRADESCOPE=/autograder
readonly GRADESCOPE_LIMIT_S=600

verb_gradescope() { # LAB [FILE] | --run LAB
	local folder
	if [[ ${1-} == --run ]]; then
		folder=$(lab_find "${2-}") || exit
		gradescope_run
		return
	fi
	folder=$(lab_find "${1-}") || exit
	[[ $# -le 2 ]] || say_usage "gradescope takes a lab and a file, no more"
	[[ -f $folder/checks.tsv && -f $ROOT/tests/${folder##*/}.bats ]] ||
		say_usage "${folder##*/} has nothing to be checked"
	have zip || die "zip is not installed; install it with:" \
		"$(deps_command zip)"
	gradescope_zip "${2:-$BUILD/gradescope-${folder##*/}.zip}"
}

# --- the zip -----------------------------------------------------------------

gradescope_zip() { # FILE
	local file=$1 space
	space=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf -- $(printf %q "$space")" EXIT
	trap 'exit 130' INT TERM HUP
	pack_suite "$space" >"$space/portlab.tar.gz"
	gradescope_setup >"$space/setup.sh"
	gradescope_start >"$space/run_autograder"
	chmod 755 "$space/setup.sh" "$space/run_autograder"
	# zip itself would add to a file that is there.
	touch -d "@$(pack_time)" "$space"/*
	{ (cd -- "$space" && TZ=UTC env -u ZIP -u ZIPOPT zip -q -X - setup.sh run_autograder \
		portlab.tar.gz) >"$file.new" && mv -f -- "$file.new" "$file"; } \
		2>/dev/null || {
		rm -f -- "$file.new"
		die "cannot write $file: is the disk full?"
	}
	printf '%s: upload it as the autograder of lab %s\n' "$file" \
		"$(lab_number "$folder")"
}

gradescope_setup() {
	local -a tools packages
	read -ra tools <<<"$DEPS_LAB $DEPS_TEST jq"
	read -ra packages <<<"$(deps_packages apt "${tools[@]}")"
	cat <<-END
		#!/usr/bin/env bash
		# setup.sh - once, when Gradescope builds the image: the tools, the suite
		set -euo pipefail
		export DEBIAN_FRONTEND=noninteractive DEPS=skip
		for tool in ${tools[*]}; do
		    [[ \$tool == libc-headers ]] || command -v "\$tool" >/dev/null ||
		        missing=\$tool
		done
		[[ -e /usr/include/stdio.h ]] || missing=libc-headers
		if [[ -n \${missing-} ]]; then
		    apt-get update -qq
		    apt-get install -y -qq --no-install-recommends \\
		        ${packages[*]}
		fi
		cd $GRADESCOPE/source
		tar -xzf portlab.tar.gz
		make -s -C portlab grader
		# Solutions and tests are for nobody but root.
		chmod 700 $GRADESCOPE/source
	END
}

gradescope_start() {
	cat <<-END
		#!/usr/bin/env bash
		# run_autograder - for each submission
		chmod 700 $GRADESCOPE/source $GRADESCOPE/submission
		exec $GRADESCOPE/source/portlab/common/lab/portlab gradescope --run \\
		    $(lab_number "$folder")
	END
}

# --- one submission ----------------------------------------------------------

# The results for Gradescope of what is in its folder for submissions.
gradescope_run() {
	local space status=0 unisolated=''
	[[ -d $GRADESCOPE/submission && -d $GRADESCOPE/results ]] ||
		die "there is no $GRADESCOPE/submission or results: this is for" \
			"Gradescope's containers"
	space=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf -- $(printf %q "$space")" EXIT
	"$BUILD/lab/labns" run "$BUILD/test/jail" --chdir / true \
		>/dev/null 2>&1 </dev/null || unisolated=unisolated
	printf '%s\0' submission "${folder##*/}" "$GRADESCOPE/submission" \
		"$space/results" - "$GRADESCOPE_LIMIT_S" '' "$unisolated" \
		>"$space/job"
	bash "$ROOT/tests/class/grade" "$space/job" "$space/work" || status=$?
	[[ -s $space/results/results.json ]] ||
		die "there are no results: the grader itself failed"
	cp -- "$space/results/results.json" "$GRADESCOPE/results/.new"
	mv -- "$GRADESCOPE/results/.new" "$GRADESCOPE/results/results.json"
	return "$status"
}
