# lab.sh - finds a lab and reads what its folder and the last run say of it
# (sourced)
#
# A lab is a folder labs/NN-name with a lab.conf. Here it goes by the absolute
# path of that folder, FOLDER; lab_find makes one of what was typed. All of
# these print, and need ROOT, STATE and say.sh:
#
#   lab_all                  the FOLDERs of all labs, in order, one a line
#   lab_find NAME            the FOLDER of 1, 01, 01-echo or labs/01-echo;
#                            exits with 2 and a sentence that lists the labs,
#                            so: folder=$(lab_find "$1") || exit
#   lab_name FOLDER          01-echo
#   lab_number FOLDER        01
#   lab_conf FOLDER KEY      the values of KEY in lab.conf, one a line
#   lab_files FOLDER         the files of a submission, one a line
#   lab_programs FOLDER      the programs that a submission has, NAME SOURCE...,
#                            one a line: others come with the lab
#   lab_checks FOLDER        the lines of checks.tsv without the first: id,
#                            step, points, show, needs, title; nothing when
#                            the lab has none
#   lab_state FOLDER         where what the student did with it is kept
#   lab_results FOLDER       the lines of the last run's results.tsv: id,
#                            state, points, max; nothing when there was none
#   lab_first_failed FOLDER  the id of the first check that failed then
#   lab_title FOLDER ID      the title of a check

lab_all() {
	local conf
	for conf in "$ROOT"/labs/[0-9]*/lab.conf; do
		[[ ! -f $conf ]] || printf '%s\n' "${conf%/lab.conf}"
	done
}

lab_find() { # NAME
	local name=${1-} number='' folder
	name=${name%/}
	name=${name##*/}
	[[ ! $name =~ ^[0-9]{1,4}$ ]] || number=$(printf '%02d' "$((10#$name))")
	while IFS= read -r folder; do
		if [[ $name == "${folder##*/}" ||
			$number == "$(lab_number "$folder")" ]]; then
			printf '%s\n' "$folder"
			return
		fi
	done < <(lab_all)
	[[ -n $name ]] || say_usage "which lab? There are: $(lab_list)"
	say_usage "no lab is called '$1'; there are: $(lab_list)"
}

lab_list() {
	local folder
	local -a names=()
	while IFS= read -r folder; do
		names+=("${folder##*/}")
	done < <(lab_all)
	printf '%s\n' "${names[*]-none}"
}

lab_name() { # FOLDER
	printf '%s\n' "${1##*/}"
}

lab_number() { # FOLDER
	local name=${1##*/}
	printf '%s\n' "${name%%-*}"
}

lab_conf() { # FOLDER KEY
	local line
	while IFS= read -r line || [[ -n $line ]]; do
		[[ $line == "$2:"* ]] || continue
		line=${line#"$2:"}
		printf '%s\n' "${line#"${line%%[![:blank:]]*}"}"
	done <"$1/lab.conf"
}

lab_files() { # FOLDER
	local -a files
	while read -ra files; do
		((${#files[@]} == 0)) || printf '%s\n' "${files[@]}"
	done < <(lab_conf "$1" files)
}

lab_programs() { # FOLDER
	awk '
	/^files:/ { for (i = 2; i <= NF; i++) given[$i] = 1 }
	/^program:/ { program[++count] = $0 }
	END {
		for (i = 1; i <= count; i++) {
			own = 1
			words = split(program[i], word)
			for (w = 3; w <= words; w++)
				own = own && word[w] in given
			sub(/^program:[ \t]*/, "", program[i])
			if (own)
				print program[i]
		}
	}' "$1/lab.conf"
}

lab_checks() { # FOLDER
	[[ ! -f $1/checks.tsv ]] || sed 1d "$1/checks.tsv"
}

lab_state() { # FOLDER
	printf '%s/labs/%s\n' "$STATE" "${1##*/}"
}

lab_results() { # FOLDER
	local file=$STATE/labs/${1##*/}/last/results.tsv
	[[ ! -r $file ]] || cat "$file"
}

# In the order of checks.tsv, which is that of the steps to be taken.
lab_first_failed() { # FOLDER
	awk -F '\t' 'NR == FNR { state[$1] = $2; next }
		state[$1] == "failed" { print $1; exit }' \
		<(lab_results "$1") <(lab_checks "$1")
}

lab_title() { # FOLDER ID
	lab_checks "$1" | awk -F '\t' -v id="$2" '$1 == id { print $6 }'
}
