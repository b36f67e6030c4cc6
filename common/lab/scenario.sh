# scenario.sh - rules and faults for the three hosts (sourced)
#
# A scenario is a folder of HOST.v4 and HOST.v6, in the format of
# iptables-restore(8), and of HOST.sh for what rules cannot say, which is run
# on HOST with "up" and, before the next scenario, with "down". Hosts are named,
# never interfaces or addresses: names are resolved on the host that loads.
# One file HOST.v4 or HOST.v6 is a scenario too.

# The folder or file behind a scenario's name, as an absolute path.
scenario_find() { # NAME
	local found
	if [[ -e $1 && ($1 == */* || -f $1) ]]; then
		readlink -f -- "$1"
		return
	fi
	for found in "$ROOT"/labs/"${1%%/*}"*/scenarios/"${1#*/}"; do
		if [[ $1 == */* && -d $found ]]; then
			printf '%s\n' "$found"
			return
		fi
	done
	say_usage "there is no scenario '$1'; there are: $(scenario_list)"
}

scenario_list() {
	local folder lab
	local -a names=()
	for folder in "$ROOT"/labs/*/scenarios/*/; do
		[[ -d $folder ]] || continue
		lab=${folder#"$ROOT"/labs/}
		names+=("${lab%%-*}/$(basename "$folder")")
	done
	printf '%s\n' "${names[*]-none}"
}

# --- inside the network ------------------------------------------------------

# Replace the scenario that is loaded by another, without PATH by none. When a
# part of it cannot be loaded, what was there before comes back. Each host's
# rules of one family change in one step.
scenario_switch() { # [PATH]
	local old=''
	[[ ! -e /run/portlab/scenario ]] || old=$(</run/portlab/scenario)
	[[ -z ${1-} ]] || scenario_check "$1" || return
	scenario_scripts "$old" down
	if ! scenario_load "${1-}"; then
		scenario_scripts "${1-}" down
		scenario_load "$old" || warn "and what was there before failed too"
		return 1
	fi
}

scenario_load() { # PATH or ''
	local host family
	printf '%s\n' "$1" >/run/portlab/scenario
	for host in "${LAB_HOSTS[@]}"; do
		for family in v4 v6; do
			scenario_rules "$host" "$family" "$1" || return
		done
	done
	scenario_scripts "$1" up
}

# The file of a scenario with one name, if it has that: PATH is the folder of
# it, or the file itself.
scenario_part() { # PATH NAME
	if [[ -n $1 && -f $1/$2 ]]; then
		printf '%s\n' "$1/$2"
	elif [[ -n $1 && -f $1 && ${1##*/} == "$2" ]]; then
		printf '%s\n' "$1"
	fi
}

# Complain of a file that no host would ever load.
scenario_check() { # PATH
	local file
	local -a files=("$1")
	[[ ! -d $1 ]] || files=("$1"/*)
	for file in "${files[@]}"; do
		case ${file##*/} in
		client.v[46] | router.v[46] | server.v[46]) ;;
		client.sh | router.sh | server.sh | README.md) ;;
		*)
			warn "$file: not HOST.v4, HOST.v6 or HOST.sh with HOST" \
				"one of ${LAB_HOSTS[*]}"
			return 1
			;;
		esac
	done
}

scenario_rules() { # HOST FAMILY PATH
	local file tables=/run/portlab/$1.$2.tables old='' restore=iptables-restore
	local output text=''
	[[ $2 == v4 ]] || restore=ip6tables-restore
	file=$(scenario_part "$3" "$1.$2")
	[[ ! -e $tables ]] || old=$(<"$tables")
	[[ -n $file || -n $old ]] || return 0
	if [[ -n $file ]]; then
		text=$(<"$file") || return
		if [[ $text == *$'\r'* ]]; then
			warn "$file: has Windows line ends, which $restore" \
				"refuses; save it with LF alone"
			return 1
		fi
		sed -n 's/^\*//p' "$file" >"$tables"
	else
		: >"$tables"
	fi
	text+=$'\n'$(scenario_empty_tables "$old" "$(<"$tables")")
	output=$(nsenter --net="/run/netns/$1" "$restore" <<<"$text" 2>&1) ||
		{
			scenario_complain "${file:-rules of $1}" "$output"
			return 1
		}
}

# Empty those of the tables OLD that are not in NEW.
scenario_empty_tables() { # OLD NEW
	local table chain chains
	for table in $1; do
		[[ $'\n'$2$'\n' != *$'\n'$table$'\n'* ]] || continue
		case $table in
		nat) chains='PREROUTING INPUT OUTPUT POSTROUTING' ;;
		mangle) chains='PREROUTING INPUT FORWARD OUTPUT POSTROUTING' ;;
		raw) chains='PREROUTING OUTPUT' ;;
		*) chains='INPUT FORWARD OUTPUT' ;;
		esac
		printf '*%s\n' "$table"
		for chain in $chains; do
			printf ':%s ACCEPT\n' "$chain"
		done
		printf 'COMMIT\n'
	done
}

# What iptables-restore said, with the file and the line in front.
scenario_complain() { # FILE OUTPUT
	local line=''
	if [[ $2 =~ line:?\ ([0-9]+) ]]; then
		line=:${BASH_REMATCH[1]}
	fi
	warn "$1$line: $(grep -v -e '^$' -e 'Try .*-h' <<<"$2" |
		tr '\n' ' ' | sed 's/ *$//')"
}

# The router's is the last: what it knows of the others is what they are now.
scenario_scripts() { # PATH up|down
	local host script
	for host in client server router; do
		script=$(scenario_part "$1" "$host.sh")
		[[ -n $script ]] || continue
		"$BUILD/lab/labns" host "$host" bash "$script" "$2" </dev/null || {
			warn "$script: '$2' ended with status $?"
			[[ $2 == down ]] || return 1
		}
	done
}
