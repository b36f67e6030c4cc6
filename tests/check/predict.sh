# predict.sh - what a student expected, held against what this machine did
# (sourced)
#
# A lab whose predictions.txt is in the submission's folder, with an answer in
# it, has its experiments made beside the checks, in the same network and the
# same capture. They are in tests/LAB/predictions.sh: begin_ID starts one, if
# it takes time; seen_ID prints what came of it, which is one of the choices.
# Nothing printed means that this run could not show it.

declare -A PREDICTED=()

# The value of KEY in the block of question ID.
prediction_value() { # FILE ID KEY
	awk -v id="$2" -v key="$3" '
	BEGIN { FS = ": *" }
	/^id:/ { here = ($2 == id) }
	here && index($0, key ":") == 1 {
		sub(/^[a-z]+: */, "")
		sub(/[ \t\r]+$/, "")
		print
		exit
	}' "$1"
}

prediction_ids() {
	sed -n 's/^id: *//p' "$LAB/predictions.txt"
}

predict_begin() {
	local id file=$SUBMISSION/predictions.txt answer
	[[ -n $SUBMISSION && -f $file && ! -L $file &&
		-e $TESTS/$LABNAME/predictions.sh ]] || return 0
	head -c 65536 -- "$file" | tr -cd '\n\t\40-\176' >"$WORK/predictions.txt"
	for id in $(prediction_ids); do
		answer=$(prediction_value "$WORK/predictions.txt" "$id" answer)
		[[ -z $answer ]] || PREDICTED[$id]=$answer
	done
	((${#PREDICTED[@]} > 0)) || return 0
	# shellcheck source=/dev/null
	. "$TESTS/$LABNAME/predictions.sh"
	for id in $(prediction_ids); do
		[[ -n ${PREDICTED[$id]-} ]] || continue
		! declare -F "begin_$id" >/dev/null || "begin_$id"
	done
}

predict_end() {
	local id seen
	[[ -n $SUBMISSION && -e $LAB/predictions.txt ]] || return 0
	for id in $(prediction_ids); do
		seen=''
		[[ -z ${PREDICTED[$id]-} ]] || seen=$("seen_$id") || true
		predict_line "$id" "${PREDICTED[$id]-}" "$seen"
	done >"$WORK/results/predictions"
}

# One line for the reporter: id, state, answer, what was seen, a sentence.
predict_line() { # ID ANSWER SEEN
	local state=open sentence choices question
	choices=$(prediction_value "$LAB/predictions.txt" "$1" choices)
	question=$(prediction_value "$LAB/predictions.txt" "$1" question)
	sentence=$question
	if [[ -n $2 && " | $choices | " != *" | $2 | "* ]]; then
		sentence="'$2' is not one of the choices: $choices"
	elif [[ -n $2 && -z $3 ]]; then
		state=unmeasured
	elif [[ -n $2 && $2 == "$3" ]]; then
		state=right
	elif [[ -n $2 ]]; then
		state=wrong
	fi
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$state" "$2" "$3" "$sentence"
}
