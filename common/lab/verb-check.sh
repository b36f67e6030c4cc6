# verb-check.sh - grade a submission (sourced)
#
# What is graded goes through tests/check/run, in a network of its own; what it
# found, build/test/report puts into words. Of two runs that end at once, the
# later one's results are kept, whole.
#
# Exit status: 0 all passed, 1 not all, 2 usage, 3 the grader itself failed.


readonly CHECK_BROKEN=3

check_usage() {
	say_usage "$*; see: portlab help"
}

check_broken() { # SENTENCE
	warn "$@"
	exit "$CHECK_BROKEN"
}

verb_check() { # LAB [OPTION...]
	local folder submission='' keep='' seed='' commands='' bare=''
	local started=${EPOCHREALTIME/[.,]/}
	local -a report=()
	[[ ${1-} != -* ]] || check_usage "the first word of check is a lab"
	folder=$(lab_find "${1-}") || exit
	shift
	check_options "$@"
	[[ -f $folder/checks.tsv && -f $ROOT/tests/${folder##*/}.bats ]] ||
		say_usage "${folder##*/} has nothing to be checked"
	check_submission
	check_machine
	check_seed
	check_run
}

check_options() { # OPTION... (sets the variables of verb_check)
	while [[ $# -gt 0 ]]; do
		case $1 in
		--all)
			report+=(--all)
			shift
			continue
			;;
		--unisolated)
			check_container
			bare=1
			shift
			continue
			;;
		--submit | --program | --seed | --keep)
			[[ -n ${2-} ]] || check_usage "$1 needs a value"
			;;
		*) check_usage "check has no option $1" ;;
		esac
		case $1 in
		--submit) submission=$2 ;;
		--program) check_program "$2" ;;
		--seed) seed=$2 ;;
		--keep) keep=$2 ;;
		esac
		shift 2
	done
}

# NAME=WORDS, of a program of this lab, with placeholders that it knows.
check_program() { # NAME=WORDS
	local name=${1%%=*} words=${1#*=} place
	local -a split
	[[ $1 == *=* && -n ${words// /} ]] ||
		check_usage "--program is NAME='COMMAND', as in echo_server='socat ...'"
	lab_programs "$folder" | grep -q "^$name " ||
		say_usage "${folder##*/} has no program '$name'; it has:" \
			"$(lab_programs "$folder" | cut -d ' ' -f 1 | xargs)"
	[[ $words != *$'\n'* ]] || say_usage "--program: one line, please"
	mapfile -d '' split < <(xargs printf '%s\0' <<<"$words" 2>/dev/null) || true
	xargs true <<<"$words" 2>/dev/null ||
		say_usage "--program: a quote is not closed in: $words"
	have "${split[0]}" || say_usage "--program: there is no command ${split[0]}"
	for place in $(grep -o '{[^{}[:space:]]*}' <<<"$words" | tr -d '{}' | sort -u); do
		check_placeholders | grep -qxF "$place" ||
			say_usage "--program: {$place} is not known; ${folder##*/} has:" \
				"$(check_placeholders | sed 's/.*/{&}/' | xargs)"
	done
	commands+=$name=$words$'\n'
}

check_placeholders() {
	{
		lab_conf "$folder" start | grep -o '{[a-z0-9]*}' | tr -d '{}'
		lab_conf "$folder" placeholder | cut -d ' ' -f 1
	} | sort -u
}

# A folder, or nothing when commands are graded; then in place means nothing.
check_submission() {
	if [[ -n $submission ]]; then
		[[ -d $submission ]] || say_usage "there is no folder $submission"
		[[ -r $submission && -x $submission ]] ||
			say_usage "the folder $submission cannot be read"
		submission=$(cd -- "$submission" && pwd -P)
	elif [[ -z $commands ]]; then
		submission=$folder
	fi
}

check_machine() {
	local tool
	for tool in bats tcpdump cc; do
		have "$tool" || [[ $tool == cc && -n ${CC-} ]] ||
			check_broken "$tool is not installed; make deps installs it"
	done
	for tool in lab/labns lab/await bin/ladder test/jail test/probe \
		test/chaos test/report obj/libportlab.a; do
		[[ -e $BUILD/$tool ]] ||
			check_broken "the grader is not built yet; run: make grader"
	done
}

# The same submission gets the same ports and payloads, until told otherwise.
check_seed() {
	if [[ -z $seed ]]; then
		seed=$({
			printf '%s' "$commands"
			[[ -z $submission ]] || check_sources
		} | cksum | cut -d ' ' -f 1)
		seed=$((seed % 1000000))
	fi
	[[ $seed =~ ^[0-9]{1,9}$ ]] ||
		check_usage "--seed is a number up to 999999999, not $seed"
	seed=$((10#$seed))
}

check_sources() {
	local file
	for file in $(lab_files "$folder"); do
		[[ ! -f $submission/$file || -L $submission/$file ]] ||
			head -c 1048576 -- "$submission/$file" 2>/dev/null || true
	done
}

# Where the results are kept: by submission, so that the student's own progress
# is what she did in place.
check_keep() {
	local name
	if [[ -n $keep ]]; then
		printf '%s\n' "$keep"
	elif [[ -n $commands ]]; then
		printf '%s/commands/%s\n' "$STATE" "${folder##*/}"
	elif [[ $submission == "$folder" ]]; then
		printf '%s/last\n' "$(lab_state "$folder")"
	else
		name=$(printf '%s' "$submission" | cksum | cut -d ' ' -f 1)
		printf '%s/submissions/%s-%s/%s\n' "$STATE" \
			"$(tr -cd 'A-Za-z0-9_.-' <<<"${submission##*/}")" "$name" \
			"${folder##*/}"
	fi
}

# A path as one would type it here, on one line whatever is in it.
check_shown() { # PATH
	local path=${1#"$PWD"/}
	printf '%s\n' "${path//[[:cntrl:]]/?}"
}

check_run() {
	local new status=0
	keep=$(check_keep)
	mkdir -p -- "$(dirname -- "$keep")" 2>/dev/null ||
		check_broken "cannot write $keep; set PORTLAB_STATE to a folder of yours"
	keep=$(cd -- "$(dirname -- "$keep")" && pwd -P)/${keep##*/}
	check_forget
	new=$keep.new.$$
	mkdir -- "$new" 2>/dev/null ||
		check_broken "cannot write ${keep%/*}: is the disk full?"
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf -- $(printf %q "$new")" EXIT
	trap 'check_interrupted' INT TERM HUP
	check_in_network "$new" || status=$?
	[[ $status != 2 ]] || exit 2 # it has said why
	if [[ $status != 0 || ! -s $new/run ]]; then
		check_broken "there is no grade: the run did not come to its end"
	fi
	check_about "$new"
	check_report "$new"
}

check_interrupted() {
	warn "interrupted; nothing was graded, and nothing is left behind"
	exit 130
}

# What earlier runs have left that did not live to tidy up.
check_forget() {
	local old
	for old in "$keep".new.*; do
		[[ ! -d $old || -d /proc/${old##*.} ]] || rm -rf -- "$old"
	done
}

# Without namespaces a run changes the names of the machine that it is on, and
# what it runs is not kept from it.
check_container() {
	[[ $EUID == 0 && (-e /.dockerenv || -e /run/.containerenv) ]] ||
		check_usage "--unisolated is for root, in a container that is made" \
			"for one submission"
}

check_in_network() { # OUT
	local shown kept
	local -a within=("$BUILD/lab/labns" run -p $$)
	kept=$(check_shown "$keep")/
	shown=$kept
	[[ $submission != "$folder" ]] || shown=''
	if [[ -n $bare ]]; then
		within=(setpriv --pdeathsig TERM)
		rm -rf /run/portlab
		mkdir -p /run/portlab
	fi
	# What make hands on is not for the commands on a host.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	PATH=$BUILD/bin:$PATH CHECK_PROGRAMS=$commands CHECK_SHOWN=$shown \
		CHECK_KEPT=$kept CHECK_BARE=$bare \
		"${within[@]}" "$ROOT/tests/check/run" "$folder" \
		"$submission" "$seed" "$1" </dev/null &
	# In the background, so that a signal is not kept waiting.
	wait "$!"
}

# What only we know, for the reporter.
check_about() { # OUT
	local again line kept
	again="make check LAB=$(lab_number "$folder")"
	kept=$(check_shown "$keep" | sed 's/[\\&|]/\\&/g')
	sed -i "s|^\(binary: [^ ]* \)|\1$kept/|" "$1/run"
	if [[ -n $commands ]]; then
		again="portlab check $(lab_number "$folder")"
		while IFS= read -r line; do
			[[ -z $line ]] || again+=" --program '$line'"
		done <<<"$commands"
	elif [[ $submission != "$folder" ]]; then
		again+=" SUBMIT=$(printf %q "${submission#"$PWD"/}")"
	fi
	{
		[[ -z $submission ]] || echo "submission: $(check_shown "$submission")"
		echo "again: $again"
		echo "wall-ms: $(((${EPOCHREALTIME/[.,]/} - started) / 1000))"
		if [[ $submission == "$folder" ]]; then
			echo "hint: make hint LAB=$(lab_number "$folder")"
		fi
	} >>"$1/run"
}

check_report() { # OUT
	local status=0
	local -a command=("$BUILD/test/report")
	"${command[@]}" --format json "$folder" "$1" >"$1/report.json" \
		2>/dev/null || status=$?
	"${command[@]}" --format tsv "$folder" "$1" >"$1/results.tsv" \
		2>/dev/null || true
	"${command[@]}" --color=never "${report[@]}" "$folder" "$1" \
		>"$1/transcript.txt" 2>/dev/null || true
	check_install "$1"
	exec {lock}<&-
	"${command[@]}" "${report[@]}" "$folder" "$keep" || status=$?
	trap - EXIT
	return "$status"
}

# The new results in the place of the old ones, one run at a time.
check_install() { # OUT
	exec {lock}<"${keep%/*}"
	flock "$lock"
	rm -rf -- "$keep"
	mv -T -- "$1" "$keep"
}
