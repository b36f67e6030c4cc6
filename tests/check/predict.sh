# predict.sh - what a student expected, held against what this machine did
# (sourced)
#
# A lab whose predictions.txt is in the submission's folder, with an answer in
# it, has its experiments made beside the checks, in the same network and the
# same capture. They are in tests/LAB/predictions.sh: begin_ID starts one, if
# it takes time; seen_ID prints what came of it, which is one of the choices.
# Nothing printed means that this run could not show it. Questions that have no
# function of their own are those of begin_others and of seen_others ID.

# shellcheck source=tests/check/wire.bash
. "$TESTS/check/wire.bash"

declare -A PREDICTED=()
PREDICT_PIDS=()
readonly PREDICT_MS=5000

# The value of KEY in the block of question ID, in VALUE.
prediction_find() { # FILE ID KEY
	local line here=false
	VALUE=''
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line%"${line##*[!$' \t\r']}"}
		[[ ! $line =~ ^id:\ *(.*)$ ]] || {
			here=false
			[[ ${BASH_REMATCH[1]} != "$2" ]] || here=true
		}
		if $here && [[ $line =~ ^"$3":\ *(.*)$ ]]; then
			VALUE=${BASH_REMATCH[1]}
			return
		fi
	done <"$1"
}

# The ids of all questions, one a line.
prediction_ids() {
	local line
	while IFS= read -r line || [[ -n $line ]]; do
		[[ ! $line =~ ^id:\ *(.*)$ ]] || printf '%s\n' "${BASH_REMATCH[1]}"
	done <"$LAB/predictions.txt"
}

# What a student's FILE answers, in PREDICTED. It may have any number of lines,
# so each is looked at once.
prediction_answers() { # FILE
	local line id=''
	local -A asked=()
	for id in $(prediction_ids); do
		asked[$id]=yes
	done
	id=''
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line%"${line##*[!$' \t\r']}"}
		if [[ $line =~ ^id:\ *(.+)$ ]]; then
			id=${BASH_REMATCH[1]}
		elif [[ $line =~ ^answer:\ *(.+)$ && -n $id &&
			-n ${asked[$id]-} && -z ${PREDICTED[$id]-} ]]; then
			PREDICTED[$id]=${BASH_REMATCH[1]}
		fi
	done <"$1"
}

predict_begin() {
	local id file=$SUBMISSION/predictions.txt
	[[ -n $SUBMISSION && -f $file && ! -L $file &&
		-e $TESTS/$LABNAME/predictions.sh ]] || return 0
	head -c 65536 -- "$file" | tr -cd '\n\t\40-\176' >"$WORK/predictions.txt"
	prediction_answers "$WORK/predictions.txt"
	((${#PREDICTED[@]} > 0)) || return 0
	HERE=$WORK/predict CHECK=prediction CAPTURE=$WORK/run.pcap
	mkdir "$HERE"
	mkfifo "$WORK/held" && exec {HELD}<>"$WORK/held"
	# shellcheck source=/dev/null
	. "$TESTS/$LABNAME/predictions.sh"
	! declare -F begin_others >/dev/null || begin_others
	for id in $(prediction_ids); do
		[[ -n ${PREDICTED[$id]-} ]] || continue
		! declare -F "begin_$id" >/dev/null || "begin_$id"
	done
	predict_tidy
}

# No listener of ours is to be there when the checks look for listeners.
predict_tidy() {
	exec {HELD}<&-
	# wait, told of nobody, would wait for the capture.
	((${#PREDICT_PIDS[@]} > 0)) || return 0
	kill -KILL "${PREDICT_PIDS[@]}" 2>/dev/null || true
	wait "${PREDICT_PIDS[@]}" 2>/dev/null || true
}

predict_end() {
	local id seen
	[[ -n $SUBMISSION && -e $LAB/predictions.txt ]] || return 0
	for id in $(prediction_ids); do
		seen=''
		[[ -z ${PREDICTED[$id]-} ]] || seen=$(predict_seen "$id") || true
		predict_line "$id" "${PREDICTED[$id]-}" "$seen"
	done >"$WORK/results/predictions"
}

predict_seen() { # ID
	if declare -F "seen_$1" >/dev/null; then
		"seen_$1"
	else
		seen_others "$1"
	fi
}

# One line for the reporter: id, state, answer, what was seen, a sentence.
predict_line() { # ID ANSWER SEEN
	local state=open sentence choices
	prediction_find "$LAB/predictions.txt" "$1" choices
	choices=$VALUE
	prediction_find "$LAB/predictions.txt" "$1" question
	sentence=$VALUE
	if [[ -n $2 && " | $choices | " != *" | $2 | "* ]]; then
		state=no-choice sentence="'$2' is not one of the choices: $choices"
	elif [[ -n $2 && -z $3 ]]; then
		state=unmeasured
	elif [[ -n $2 && $2 == "$3" ]]; then
		state=right
	elif [[ -n $2 ]]; then
		state=wrong
	fi
	printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$state" "$2" "$3" "$sentence"
}

# --- for experiments ---------------------------------------------------------

# The packets of PORT so far, one a line, see common/ladder/README.md.
predict_events() { # PORT
	wire "$1"
	cat "$HERE/events"
}

# What first came back from PORT, in the words of a question's choices.
predict_answer() { # PORT
	predict_events "$1" | awk -v port=":$1" '
	$5 == "icmp" { answer = "ICMP"; exit }
	substr($3, length($3) - length(port) + 1) == port {
		answer = $6 ~ /SYN/ ? "SYN,ACK" : $6 ~ /RST/ ? "RST" : "FIN"
		exit
	}
	END { print answer ? answer : "nothing" }'
}

# Which end of a connection with the server's PORT has sent the first FIN.
predict_first_fin() { # PORT
	predict_events "$1" | awk -v server=":$1" '
	index("," $6 ",", ",FIN,") {
		print substr($3, length($3) - length(server) + 1) == server ? \
			"server" : "client"
		exit
	}'
}

# The model's server NAME on the host server, until all experiments have been made.
predict_server() { # NAME PORT
	"$LABNS" host server "$BUILD/solution/$1" "$2" >"$WORK/predict.$2" 2>&1 \
		</dev/null &
	PREDICT_PIDS+=("$!")
	predict_listens "$2"
}

# A scripted peer, in the background; its input neither has anything nor ends.
predict_peer() { # HOST LINE...
	"$LABNS" host "$1" "$BUILD/test/probe" "${@:2}" <"$WORK/held" \
		>/dev/null 2>&1 &
	PREDICT_PIDS+=("$!")
}

# One on the host client, to its end; what it has said is in $HERE/talk.
predict_talk() { # LINE...
	"$LABNS" host client "$BUILD/test/probe" "$@" >"$HERE/talk" 2>&1 \
		</dev/null || true
}

# Until what was started last listens on each of PORTS of the host server.
predict_listens() { # PORTS
	"$LABNS" host server "$BUILD/lab/await" listen "$1" "$!" "$PREDICT_MS" \
		>/dev/null
}
