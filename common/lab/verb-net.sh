# verb-net.sh - networks to play in: run, up, shell, exec, capture, scenario,
# down (sourced)
#
# What a network is made of, and how one gets into it, is the engine's affair:
# see engine.sh.

# shellcheck source=common/lab/capture.sh
. "$LABDIR/capture.sh"
# shellcheck source=common/lab/engine.sh
. "$LABDIR/engine.sh"

verb_net() {
	local verb=$1
	shift
	# Within a host the network that stays is another: this one's state would
	# be taken for it.
	if [[ -n ${PORTLAB_HOST-} && $verb != run ]]; then
		die "you are on the host $PORTLAB_HOST; type this in a terminal" \
			"of your own machine"
	fi
	engine_begin
	# What make hands on is not for the commands on a host.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES HOST CMD SCENARIO
	"net_$verb" "$@"
}

net_host() { # HOST
	case ${1-} in
	client | router | server) ;;
	'') say_usage "which host? client, router or server" ;;
	*) say_usage "no host is called '$1'; there are client, router, server" ;;
	esac
}

net_is_up_or_die() {
	engine_is_up || die "no network '$NET' is up; make one with: make up"
}

# --- a network for one command -----------------------------------------------

net_run() {
	local host=${1-} scenario=''
	net_host "$host"
	shift
	while [[ ${1-} == --* ]]; do
		case $1 in
		--scenario)
			[[ -n ${2-} ]] || say_usage "--scenario needs a name"
			scenario=$2
			shift 2
			;;
		--)
			shift
			break
			;;
		*) say_usage "run has no option $1" ;;
		esac
	done
	[[ $# -gt 0 ]] || say_usage "run $host what?"
	engine_run "$host" "$scenario" "$@"
}

# --- a network that stays ----------------------------------------------------

net_up() { # [SCENARIO]
	[[ -z ${1-} ]] || scenario_find "$1" >/dev/null || exit
	mkdir -p "$NETDIR" 2>/dev/null ||
		die "cannot write $STATE; set PORTLAB_STATE to a folder of yours"
	exec 9>"$NETDIR/lock"
	flock 9
	if engine_is_up; then
		[[ -z ${1-} ]] || die "the network '$NET' is up already; to" \
			"load $1 there: make scenario SCENARIO=$1"
		echo "The network '$NET' is up already. Rules: make scenario; end it: make down"
		return
	fi
	engine_up "${1-}" || exit
	net_say_up "${1-}"
}

net_say_up() { # SCENARIO
	local net=''
	[[ $NET == default ]] || net=" NET=$NET"
	[[ $ENGINE == namespaces ]] || net+=" ENGINE=$ENGINE"
	cat <<-END
		The network '$NET' is up${1:+, with scenario $1}:

		  client ------------ router ------------ server
		  198.51.100.10      .1    .1       203.0.113.20
		  2001:db8:1::10   ::1      ::1   2001:db8:2::20

		From this and other terminals:
		  make shell HOST=client$net      a shell there (also router, server)
		  make capture HOST=router$net    its packets as a ladder
		  make scenario SCENARIO=01/drop$net
		  make down$net                   take it away
	END
}

net_down() {
	engine_down
}

net_shell() { # HOST
	net_host "${1-}"
	net_is_up_or_die
	# How its last command ended is the shell's own affair.
	(engine_shell "$1") || [[ $? != 125 ]]
}

net_exec() { # HOST [--] COMMAND [ARG...]
	local host=${1-}
	net_host "$host"
	shift
	[[ ${1-} != -- ]] || shift
	[[ $# -gt 0 ]] || say_usage "no command for $host; make run takes it as CMD='...'"
	net_is_up_or_die
	engine_enter "$host" "$@"
}

net_scenario() { # [NAME]
	[[ -z ${1-} ]] || scenario_find "$1" >/dev/null || exit
	net_is_up_or_die
	engine_scenario "${1-}" || exit
	echo "Scenario: ${1:-none}"
}

# --- capture -----------------------------------------------------------------

net_capture() { # HOST[,HOST]
	local host
	local -a hosts
	IFS=', ' read -ra hosts <<<"${1-}"
	[[ ${#hosts[@]} -le 2 ]] ||
		say_usage "one host, or two that become one ladder: client,router"
	for host in "${hosts[@]:-}"; do
		net_host "$host"
	done
	[[ ${hosts[0]} != "${hosts[1]-}" ]] ||
		say_usage "two hosts, not $host twice"
	net_is_up_or_die
	engine_capture "${hosts[@]}"
}

net_capture_drawn() { # HOST [HOST]
	local stamp
	mkdir -p "$NETDIR"
	stamp=$(date +%Y%m%d-%H%M%S)
	capture_command
	if [[ $# == 1 ]]; then
		net_capture_host "$1" | net_ladder --at "$1" ||
			[[ ${PIPESTATUS[0]} == 137 ]] # make down, elsewhere
	else
		net_capture_two "$@"
	fi
}

# Two captures at once: the second reaches the ladder by a pipe with a name.
net_capture_two() { # HOST HOST
	local status=0
	NET_PIPE=$(mktemp -u "$NETDIR/$2.XXXXXX.pipe")
	trap 'rm -f "$NET_PIPE"' EXIT
	mkfifo -m 600 "$NET_PIPE"
	# All are in the foreground: Ctrl-C reaches both tcpdumps.
	net_capture_aside "$2" | net_capture_host "$1" |
		net_ladder "$1=-" "$2=$NET_PIPE" || status=${PIPESTATUS[1]}
	[[ $status == 0 || $status == 137 ]] # make down, elsewhere
}

net_capture_aside() { # HOST
	net_capture_host "$1" >"$NET_PIPE"
}

# What passes HOST, on standard output and in a file.
net_capture_host() { # HOST
	local file=$NETDIR/$1-$stamp.pcap
	engine_enter "$1" "${CAPTURE[@]}" \
		2> >(net_capture_said "$1" "$file") | tee -i "$file"
}

# Ctrl-C is for tcpdump; what it has captured is still to be drawn.
net_ladder() { # ARGUMENT...
	(trap '' INT && exec ladder --hosts "$LABDIR/hosts" "$@")
}

# Of what tcpdump says: that it captures now, and what is an error.
net_capture_said() { # HOST FILE
	local line
	trap '' INT
	while IFS= read -r line; do
		case $line in
		*'listening on'*)
			warn "capturing on $1; Ctrl-C ends. For Wireshark:"
			printf '%s\n' "${2#"$PWD"/}" >&2
			;;
		*'data link type'* | *' packet'*' captured' | '') ;;
		*' packet'*' received by filter') ;;
		*' packet'*' dropped by kernel') ;;
		*) printf '%s\n' "$line" >&2 ;;
		esac
	done
}
