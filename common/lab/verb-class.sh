# verb-class.sh - grade a class: a folder with a submission a student (sourced)
#
# Each lab of each submission is a job of GNU parallel, tests/class/grade, whose
# results are in OUT/STUDENT, or OUT/STUDENT/LAB where several labs are graded.
# They are there whole or not at all, with a stamp of what they were made from:
# what was handed in and the grader itself. So the same command, however it was
# ended, goes on where it was, and grades again what has changed.
#
# What this command keeps for itself is in OUT/.portlab: labs, jobs/N, scratch/,
# and gathered/, where files of a student are that lay beside those of others.
# Whatever ends it ends its jobs (PR_SET_PDEATHSIG), and these their networks.
#
# With --login, GNU parallel takes the jobs to other machines, with the suite
# (once) and what was handed in, and brings the results back: verb-far.sh.
#
# Exit status: 0 all graded, 1 some could not be, 2 usage, 3 this machine cannot
# grade a class.

readonly CLASS_LIMIT_S=300 # one lab of one submission
readonly CLASS_UNABLE=3
# What is in OUT beside the students.
readonly -a CLASS_FILES=(class.json summary.txt summary.html grades.csv
	grades-moodle.csv)

# shellcheck source=common/lab/deps.sh
. "$LABDIR/deps.sh"
# shellcheck source=common/lab/far.sh
. "$LABDIR/far.sh"
# shellcheck source=tests/class/names.sh
. "$ROOT/tests/class/names.sh"

verb_class() { # LAB DIR OUT [OPTION...]
	local dir out class lab jobs limit=$CLASS_LIMIT_S csv='' login=''
	local roster=/dev/null
	local -a labs=() ids=() whats=()
	SEED=''
	class_arguments "$@"
	class_options "${@:4}"
	NAMES_FILES=$(for lab in "${labs[@]}"; do lab_files "$lab"; done |
		paste -sd ' ')
	class_machine
	names_all "$dir"
	class_roster
	class_begin
	class_plan
	class_run
	class_summary
}

# --- what is asked for -------------------------------------------------------

class_arguments() { # LAB DIR OUT
	local name
	local -a gradable
	[[ -n ${1-} && -n ${2-} && -n ${3-} ]] ||
		say_usage "class needs three words: make class LAB=01" \
			"DIR=submissions OUT=out (or LAB=all)"
	mapfile -t gradable < <(class_gradable)
	if [[ $1 == all ]]; then
		labs=("${gradable[@]}")
	else
		for name in ${1//,/ }; do
			labs+=("$(lab_find "$name")") || exit
		done
	fi
	for name in "${labs[@]}"; do
		[[ " ${gradable[*]##*/} " == *" ${name##*/} "* ]] ||
			say_usage "${name##*/} has nothing to be checked"
	done
	[[ ! -f $2 ]] || say_usage "$2 is a file: unpack it into a folder"
	[[ -d $2 ]] || say_usage "there is no folder $2"
	[[ -r $2 && -x $2 ]] || say_usage "the folder $2 cannot be read"
	dir=$(cd -- "$2" && pwd -P)
	out=$3
}

# The labs in which something is graded.
class_gradable() {
	local folder
	while IFS= read -r folder; do
		[[ ! -f $folder/checks.tsv ||
			! -f $ROOT/tests/${folder##*/}.bats ]] || printf '%s\n' "$folder"
	done < <(lab_all)
}

class_options() { # OPTION...
	# Of each machine, as GNU parallel counts: one for each processor.
	jobs=100%
	while (($# > 0)); do
		[[ -n ${2-} ]] || say_usage "class: $1 needs a value"
		case $1 in
		--jobs) jobs=$(class_number JOBS "$2" 999) || exit ;;
		--limit) limit=$(class_number LIMIT "$2" 86400) || exit ;;
		--seed) SEED=$(class_number SEED "$2" 999999999) || exit ;;
		--csv) csv=$2 ;;
		--login) login=$2 ;;
		--roster) roster=$2 ;;
		*) say_usage "class has no option $1" ;;
		esac
		shift 2
	done
}

class_number() { # NAME TEXT MAX
	[[ $2 =~ ^[1-9][0-9]{0,8}$ && $2 -le $3 ]] ||
		say_usage "$1 is a number of 1 to $3, not '$2'"
	echo "$2"
}

# --- what it takes -----------------------------------------------------------

class_machine() {
	local tool
	local -a missing
	mapfile -t missing < <(deps_missing bats tcpdump jq parallel unzip setpriv)
	[[ -z $login ]] || mapfile -t -O "${#missing[@]}" missing \
		< <(deps_missing ssh rsync)
	((${#missing[@]} == 0)) || class_unable "missing: ${missing[*]}." \
		"Install with: $(deps_command "${missing[@]}")"
	for tool in lab/labns test/jail test/report obj/libportlab.a; do
		[[ -e $BUILD/$tool ]] ||
			class_unable "the grader is not built yet; run: make grader"
	done
	"$BUILD/lab/labns" run "$BUILD/test/jail" --chdir / true \
		>/dev/null 2>&1 </dev/null ||
		class_unable "programs cannot be isolated here, and a class is not" \
			"graded without; make doctor says why"
}

# A gradebook that cannot be read is said before anything is graded.
class_roster() {
	local why
	[[ $roster != /dev/null ]] || return 0
	[[ -f $roster && -r $roster ]] ||
		say_usage "there is no gradebook $roster, or it cannot be read"
	why=$(jq -nr -L "$ROOT/tests/class" --rawfile roster "$roster" 'include
		"roster"; try ($roster | gradebook | empty) catch .' 2>&1) || true
	[[ -z $why ]] || say_usage "$roster is no gradebook: $why"
}

class_unable() { # SENTENCE
	warn "$@"
	exit "$CLASS_UNABLE"
}

# --- the place of the results ------------------------------------------------

class_begin() {
	local names
	names=$(printf '%s\n' "${labs[@]##*/}")
	mkdir -p -- "$out" 2>/dev/null || die "cannot make the folder $out"
	out=$(cd -- "$out" && pwd -P)
	[[ $out/ != "$dir"/* ]] ||
		say_usage "OUT cannot be within DIR: each folder there is a submission"
	class=$out/.portlab
	[[ -d $class || -z $(ls -A -- "$out") ]] ||
		say_usage "$out is not empty, and no results of a class: choose" \
			"another OUT"
	[[ ! -e $class/labs || $(<"$class/labs") == "$names" ]] ||
		say_usage "$out has the results of" \
			"$(paste -sd ' ' "$class/labs"): choose another OUT"
	mkdir -p -- "$class" 2>/dev/null || die "cannot write $out"
	exec {CLASS_LOCK}<"$class"
	flock -n "$CLASS_LOCK" ||
		die "another make class is at work in $out: let it finish"
	# What one has left that was killed.
	far_collect "$class"
	class_tidy
	{ mkdir -- "$class/scratch" "$class/jobs" &&
		printf '%s\n' "$names" >"$class/labs"; } 2>/dev/null ||
		die "cannot write $class: is the disk full?"
	names_gather "$dir" "$class/gathered" 2>/dev/null ||
		die "cannot write $class/gathered: is the disk full?"
}

class_tidy() {
	rm -rf -- "$class/scratch" "$class/jobs" "$class/far" "$class/gathered"
}

# Sets place: where the results are.
class_place() { # ID LAB
	place=$out/$1
	((${#labs[@]} == 1)) || place+=/${2##*/}
}

# --- what is to be done ------------------------------------------------------

# Job 1 and so on; sets TODO, how many, and BEFORE, how many are done already.
class_plan() {
	local lab i place stamp grader
	local -a wanted
	TODO=0 BEFORE=0
	for lab in "${labs[@]}"; do
		grader=$(class_grader "$lab")
		class_wanted "$lab"
		for i in "${!ids[@]}"; do
			class_place "${ids[i]}" "$lab"
			class_stamp "${whats[i]}" "$grader"
			if class_is_done "$place" "$stamp"; then
				BEFORE=$((BEFORE + 1))
				continue
			fi
			TODO=$((TODO + 1))
			printf '%s\0' "${ids[i]}" "${lab##*/}" "${whats[i]}" \
				"$place" "$stamp" "$limit" "$SEED" \
				>"$class/jobs/$TODO" ||
				die "cannot write $class: is the disk full?"
		done
	done
}

# What took too long is done only as long as no more time is given.
class_is_done() { # PLACE STAMP
	local line
	[[ -f $1/.stamp ]] && IFS= read -r line <"$1/.stamp" &&
		[[ $line == "$2" || $line == "$2 $limit" ]]
}

# All that a verdict on LAB hangs on, but the submission.
class_grader() { # LAB
	{
		printf '%s\n' "$SEED"
		find "$ROOT/Makefile" "$ROOT/common" "$1" "$ROOT/tests/${1##*/}" \
			"$ROOT/tests/${1##*/}.bats" "$ROOT"/tests/{check,class,tools} \
			\( -name mutants -o -name variants -o -name golden \
			-o -name '*.md' \) -prune -o -type f -print0 2>/dev/null |
			class_without_work "$1" | sort -z | xargs -0 sha256sum
	} | sha256sum | cut -c -32
}

# A student's own work in the lab's folder is nothing of the grader's.
class_without_work() { # LAB
	local file
	local -a own=()
	for file in $(lab_files "$1"); do
		own+=(-e "$1/$file")
	done
	grep -zvxF "${own[@]}"
}

# Sets stamp: what of WHAT a verdict hangs on, the tests of find for it in wanted.
class_stamp() { # WHAT GRADER
	stamp=$({
		printf '%s\n' "$2"
		if [[ -f $1 && ! -L $1 ]]; then
			class_sums "$1"
		elif [[ ! -L $1 ]] && cd -- "$1"; then
			class_sums . -maxdepth 9 \( "${wanted[@]}" \)
		fi || true # what cannot be read, grade says
	} 2>/dev/null | sort | sha256sum)
	stamp=${stamp:0:32}
}

# What is larger than any archive may be is not read: that it is there will do.
class_sums() { # PATH TEST...
	find "$@" -printf '%y %l %P\n' -type f -size -210M -exec sha256sum {} +
}

# Sets wanted: the files that may be taken from a submission of LAB.
class_wanted() { # LAB
	local file
	wanted=(-name predictions.txt -o -iname '*.zip' -o -iname '*.tar'
		-o -iname '*.tar.*' -o -iname '*.tgz')
	for file in $(lab_files "$1"); do
		wanted+=(-o -name "$file")
	done
}

# --- the run -----------------------------------------------------------------

class_run() {
	local status=0 started=$SECONDS
	local -a look=()
	echo "$(class_count "${#ids[@]}" submission), $(class_count \
		"${#labs[@]}" lab): $TODO to grade, $BEFORE as they were."
	if ((TODO == 0)); then
		class_tidy
		echo
		return
	fi
	# A bar where it can be seen; elsewhere a line for each that is done.
	[[ ! -t 2 || ${TERM-dumb} == dumb ]] || look=(--bar)
	trap class_interrupted INT TERM HUP
	class_parallel &
	CLASS_PARALLEL=$!
	wait "$CLASS_PARALLEL" || status=$?
	trap - INT TERM HUP
	far_collect "$class"
	class_tidy
	((status <= 101)) ||
		die "GNU parallel failed, status $status; what is graded is kept"
	printf 'Graded %s in %d:%02d min.\n\n' $((TODO - status)) \
		$(((SECONDS - started) / 60)) $(((SECONDS - started) % 60))
}

class_count() { # N WORD
	printf '%s %s' "$1" "$2"
	(($1 == 1)) || printf s
}

# Becomes GNU parallel, which ends with us as its jobs do with it.
class_parallel() {
	local -a words=(parallel --will-cite --no-notice --jobs "$jobs" "${look[@]}")
	trap - EXIT INT TERM HUP
	((${#look[@]} == 0)) || exec >/dev/null
	export PARALLEL_HOME=$class/scratch/parallel PARALLEL_SHELL=/bin/sh
	unset PARALLEL MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	mkdir -- "$PARALLEL_HOME"
	exec {CLASS_LOCK}<&-
	if [[ -n $login ]]; then
		far_words "$class" "$login"
	else
		words+=("exec setpriv --pdeathsig KILL bash $(printf '%q ' \
			"$ROOT/tests/class/grade")$(printf %q "$class/jobs")/{}" \
			"$(printf %q "$class/scratch")/{}")
	fi
	exec setpriv --pdeathsig KILL "${words[@]}" < <(seq "$TODO")
}

class_interrupted() {
	trap '' INT TERM HUP
	kill -KILL "$CLASS_PARALLEL" 2>/dev/null || true
	wait "$CLASS_PARALLEL" 2>/dev/null || true
	far_collect "$class"
	class_tidy
	warn "interrupted; what is graded is kept, and the same command goes on"
	exit 130
}

# --- the summary -------------------------------------------------------------

# Every picture of the class, from the reports; the text is printed as well.
class_summary() {
	local file text
	local -a told
	class_reports || die "the results cannot be read"
	jq -j -n -L "$ROOT/tests/class" --slurpfile reports "$class/reports" \
		--rawfile roster "$roster" --arg labs "${labs[*]##*/}" \
		--arg now "$(date '+%Y-%m-%d %H:%M')" \
		-f "$ROOT/tests/class/class.jq" \
		--args "${ids[@]/#/=}" >"$class/pictures" ||
		die "the summary cannot be made"
	{
		for file in "${CLASS_FILES[@]}"; do
			IFS= read -r -d '' text
			class_write "$out/$file" "$text"
		done
		mapfile -d '' told
	} <"$class/pictures"
	rm -f -- "$class/reports" "$class/pictures"
	[[ -z $csv ]] || cp -- "$out/grades.csv" "$csv" || die "cannot write $csv"
	cat "$out/summary.txt"
	printf '\n  In %s: summary.html, for Canvas grades.csv,\n' \
		"$(class_shown "$out")"
	echo '  for Moodle grades-moodle.csv, and a folder a student'
	[[ -z ${told[0]} ]] || printf '\nOf %s:\n%s' "$(class_shown "$roster")" \
		"${told[0]}"
	class_done
}

# What matters of each report that there is, a line each.
class_reports() {
	local lab id place
	local -a reports=(/dev/null)
	for id in "${ids[@]}"; do
		for lab in "${labs[@]}"; do
			class_place "$id" "$lab"
			[[ ! -s $place/report.json ]] || reports+=("$place/report.json")
		done
	done
	jq -c '{id: .submission, lab, title, state, points, max_points, passed,
		counted, notes, error, further_passed, further,
		checks: (.checks | map({id, title, state, step, further}))}' \
		"${reports[@]}" >"$class/reports"
}

# Whole or not at all.
class_write() { # FILE TEXT
	{ printf '%s' "$2" >"$class/new" && mv -f -- "$class/new" "$1"; } ||
		die "cannot write $1: is the disk full?"
}

class_shown() { # PATH
	local path=${1#"$PWD"/}
	printf '%s\n' "${path//[[:cntrl:]]/?}"
}

# Whether all have a grade.
class_done() {
	local lost
	lost=$(jq '[.students[].labs[] | select(.state == "grader-error")] |
		length' "$out/class.json")
	((lost == 0)) || die "$(class_count "$lost" grade) missing, for the" \
		"grader itself failed; the same command tries again"
}
