# verb-net.sh - networks to play in: run, up, shell, exec, capture, scenario,
# down (sourced)
#
# A network that stays is known by the file .portlab/nets/NAME/holder, which
# labns writes: the pid of its init and when that started. Who joins it enters
# the namespaces of that pid.

# shellcheck source=common/lab/scenario.sh
. "$LABDIR/scenario.sh"
# shellcheck source=common/lab/capture.sh
. "$LABDIR/capture.sh"

NET=${NET:-default}
NETDIR=$STATE/nets/$NET
LABNS=$BUILD/lab/labns

verb_net() {
	local verb=$1
	shift
	if [[ ! $NET =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,40}$ ]]; then
		say_usage "NET=$NET is no name: use letters, digits, - _ and ."
	fi
	# Within a host the network that stays is another: this one's state would
	# be taken for it.
	if [[ -n ${PORTLAB_HOST-} && $verb != run ]]; then
		die "you are on the host $PORTLAB_HOST; type this in a terminal" \
			"of your own machine"
	fi
	net_programs
	# What make hands on is not for the commands on a host.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES HOST CMD SCENARIO
	"net_$verb" "$@"
}

net_programs() {
	[[ -x $LABNS && -x $BUILD/bin/ladder ]] ||
		die "the programs are not built yet; run: make"
	# The student's programs first, then the suite's own: probe and chaos.
	export PATH=$BUILD/bin:$PATH:$BUILD/test
}

net_host() { # HOST
	case ${1-} in
	client | router | server) ;;
	'') say_usage "which host? client, router or server" ;;
	*) say_usage "no host is called '$1'; there are client, router, server" ;;
	esac
}

# The pid of the network's init, or nothing when there is none any more.
net_pid() {
	[[ ! -r $NETDIR/holder ]] || "$LABNS" holder "$NETDIR/holder"
}

net_pid_or_die() {
	local pid
	pid=$(net_pid)
	[[ -n $pid ]] || die "no network '$NET' is up; make one with: make up"
	printf '%s\n' "$pid"
}

net_scenario_path() { # [NAME]
	[[ -z ${1-} ]] || scenario_find "$1"
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
			scenario=$(net_scenario_path "$2") || exit
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
	exec "$LABNS" run -p "$PPID" "$LABDIR/inside" run "$host" "$scenario" "$@"
}

# --- a network that stays ----------------------------------------------------

net_up() { # [SCENARIO]
	local scenario
	scenario=$(net_scenario_path "${1-}") || exit
	mkdir -p "$NETDIR" 2>/dev/null ||
		die "cannot write $STATE; set PORTLAB_STATE to a folder of yours"
	exec 9>"$NETDIR/lock"
	flock 9
	if [[ -n $(net_pid) ]]; then
		[[ -z $scenario ]] || die "the network '$NET' is up already; to" \
			"load $1 there: make scenario SCENARIO=$1"
		echo "The network '$NET' is up already. Rules: make scenario; end it: make down"
		return
	fi
	rm -f "$NETDIR/holder"
	"$LABNS" hold "$NETDIR/holder" "$LABDIR/inside" up "$scenario" || exit
	net_say_up "${1-}"
}

net_say_up() { # SCENARIO
	local net=''
	[[ $NET == default ]] || net=" NET=$NET"
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
	if [[ ! -e $NETDIR/holder ]]; then
		echo "No network '$NET' is up."
		return
	fi
	"$LABNS" end "$NETDIR/holder" || die "could not end the network '$NET'"
	echo "The network '$NET' is gone."
}

net_shell() { # HOST
	local pid
	net_host "${1-}"
	pid=$(net_pid_or_die) || exit
	# How its last command ended is the shell's own affair.
	"$LABNS" join "$pid" "$1" bash --rcfile "$LABDIR/shellrc" -i ||
		[[ $? != 125 ]]
}

net_exec() { # HOST [--] COMMAND [ARG...]
	local pid host=${1-}
	net_host "$host"
	shift
	[[ ${1-} != -- ]] || shift
	[[ $# -gt 0 ]] || say_usage "no command for $host; make run takes it as CMD='...'"
	pid=$(net_pid_or_die) || exit
	exec "$LABNS" join "$pid" "$host" "$@"
}

net_scenario() { # [NAME]
	local pid scenario
	scenario=$(net_scenario_path "${1-}") || exit
	pid=$(net_pid_or_die) || exit
	"$LABNS" join "$pid" - "$LABDIR/inside" scenario "$scenario" || exit
	echo "Scenario: ${1:-none}"
}

# --- capture -----------------------------------------------------------------

net_capture() { # HOST[,HOST]
	local pid stamp host
	local -a hosts
	IFS=', ' read -ra hosts <<<"${1-}"
	[[ ${#hosts[@]} -le 2 ]] ||
		say_usage "one host, or two that become one ladder: client,router"
	for host in "${hosts[@]:-}"; do
		net_host "$host"
	done
	[[ ${hosts[0]} != "${hosts[1]-}" ]] ||
		say_usage "two hosts, not $host twice"
	pid=$(net_pid_or_die) || exit
	stamp=$(date +%Y%m%d-%H%M%S)
	capture_command
	if [[ ${#hosts[@]} == 1 ]]; then
		net_capture_host "${hosts[0]}" |
			net_ladder --at "${hosts[0]}" ||
			[[ ${PIPESTATUS[0]} == 137 ]] # make down, elsewhere
	else
		net_capture_two "${hosts[@]}"
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
	"$LABNS" join "$pid" "$1" "${CAPTURE[@]}" \
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
