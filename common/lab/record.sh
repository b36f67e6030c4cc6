# record.sh - what RECORD keeps of a demo, and a replay plays (sourced)
#
# The folder holds demo.sh, the steps; NN-HOST.pcap, what action NN captured on
# HOST; and log.tsv, in which every line is, by TAB: microseconds since 1970,
# a word, a host, a text.
#
#   step S         step S began: from 0, as everything here
#   action N       action N began
#   typed COMMAND  a command was given on the host
#   out LINE       the host's screen showed this
#   end STATUS     its command ended
#   wait STATE     the driver waited for a key: to run what was typed, ...
#
# In a text, \n stands for a line end, \t for a TAB and \\ for a backslash. What
# was begun again is in the log again; then the last one counts.

# Begin to keep, where RECORD says so.
record_begin() { # LAB-FOLDER
	[[ -n ${RECORD-} ]] || return 0
	cp "$1/demo.sh" "$RECORD/demo.sh"
	: >"$RECORD/log.tsv"
}

record_line() { # WORD HOST TEXT
	local text=$3
	[[ -n ${RECORD-} ]] || return 0
	text=${text//\\/\\\\} text=${text//$'\n'/\\n} text=${text//$'\t'/\\t}
	printf '%s\t%s\t%s\t%s\n' "${EPOCHREALTIME/[.,]/}" "$1" "$2" "$text" \
		>>"$RECORD/log.tsv"
}

# Pass stdin through, and keep each line as one that HOST showed.
record_output() { # HOST
	local line
	if [[ -z ${RECORD-} ]]; then
		cat
		return
	fi
	while IFS= read -r line || [[ -n $line ]]; do
		record_line out "$1" "$line"
		printf '%s\n' "$line"
	done
}

# Keep what HOST's pane shows of commands, which liverc marks (OSC 133), and
# what programs in the background write at the prompt, but not what is typed
# there, which may have several lines. Anything with which a program moves the
# cursor or colours is left out.
record_pane() { # HOST
	local line begin=$'\e]133;C\a' end=$'\e]133;D;' prompt=$'\e]133;B\a'
	local running='' held=''
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line//$'\r'/}
		if [[ -z $running && $line == *"$begin"* ]]; then
			running=1 held='' # the line above was what was typed
			line=${line#*"$begin"}
		fi
		if [[ $line == *"$end"* ]]; then
			[[ -z $running ]] || record_shown "$1" "${line%%"$end"*}" part
			running=''
			line=${line##*"$prompt"}
		fi
		if [[ -n $running ]]; then
			record_shown "$1" "$line"
			continue
		fi
		[[ -z $held ]] || record_at_prompt "$1" "$held"
		held=${line##*"$prompt"}
	done
}

record_shown() { # HOST LINE [part]
	local line
	line=$(record_clean "$2")
	[[ -z $line && -n ${3-} ]] || record_line out "$1" "$line"
}

record_clean() { # LINE
	sed $'s/\e\\[[0-9;?]*[A-Za-z]//g; s/\e\\][^\a]*\a//g' <<<"$1" |
		tr -d '\000-\010\013-\037\177'
}

# A line at the prompt, if it is not one of what was typed there: see stage_type.
record_at_prompt() { # HOST LINE
	local line
	line=$(record_clean "$2")
	grep -qxF -- "$line" "$LIVE/typing.$1" 2>/dev/null ||
		record_line out "$1" "$line"
}

# --- what was kept, to be played -----------------------------------------------

# Split the log of FOLDER by actions: TO/act.N has the lines of action N.
replay_split() { # FOLDER TO
	awk -F '\t' -v to="$2" '
	$2 == "action" || $2 == "step" {
		if (file) close(file)
		file = $2 == "action" ? to "/act." $4 : ""
		if (file) print >file
		next
	}
	file { print >file }' "$1/log.tsv"
}

# The text of the first line with WORD and HOST in action N, as it was.
replay_text() { # FOLDER N WORD HOST
	local text
	text=$(awk -F '\t' -v word="$3" -v host="$4" \
		'$2 == word && $3 == host { print $4; exit }' "$1/act.$2" 2>/dev/null)
	printf '%b\n' "$text"
}

# What is wrong with FOLDER, if it cannot be played.
replay_complain() { # FOLDER
	if [[ ! -f $1/demo.sh || ! -f $1/log.tsv ]]; then
		echo "$1 is no recording: it has no demo.sh or no log.tsv"
	elif ! grep -q $'^[0-9]*\taction\t' "$1/log.tsv"; then
		echo "$1/log.tsv: nothing was recorded"
	fi
}
