# verb-doctor.sh - what works on this machine, tried out rather than guessed
# (sourced)
#
# Exit status: 0 the labs can run here, 1 they cannot.

# shellcheck source=common/lab/deps.sh
. "$LABDIR/deps.sh"

# What the scenarios use, each tried as a rule on a host of a lab network.
readonly DOCTOR_RULES='
filter  -A INPUT -p tcp -j DROP
reject  -A INPUT -p tcp -j REJECT --reject-with tcp-reset
conntrack  -A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
limit  -A INPUT -m limit --limit 10/second -j ACCEPT
hashlimit  -A INPUT -m hashlimit --hashlimit-upto 5/second --hashlimit-name doctor -j ACCEPT
connlimit  -A INPUT -p tcp --syn -m connlimit --connlimit-above 3 -j DROP
recent  -A INPUT -m recent --name doctor --set -j ACCEPT
statistic  -A INPUT -m statistic --mode nth --every 3 --packet 0 -j DROP
multiport  -A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT
comment  -A INPUT -m comment --comment doctor -j ACCEPT
log  -A INPUT -j LOG
nat  -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080
dnat  -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination :8080
raw  -t raw -A PREROUTING -p tcp -j ACCEPT
'

verb_doctor() {
	local lab=0 compiler=0
	doctor_machine
	echo
	doctor_tools || compiler=1
	echo
	doctor_network || lab=1
	echo
	doctor_docker
	echo
	if [[ $lab == 0 && $compiler == 0 ]]; then
		echo "The labs can run here. Next: make demo"
	else
		echo "The labs cannot run here yet; mend what is missing above."
		return 1
	fi
}

doctor_row() { # STATE WHAT DETAIL
	local colour=''
	[[ $1 != missing ]] || colour=$RED
	printf '  %s%-10s%s %-22s %s\n' "$colour" "$1" "$PLAIN" "$2" "$3"
}

doctor_fix() { # SENTENCE
	fold -s -w 64 <<<"$1" | sed 's/^/             /; s/ *$//'
}

doctor_machine() {
	local name=Linux wsl=''
	[[ ! -r /etc/os-release ]] || name=$(. /etc/os-release && echo "$PRETTY_NAME")
	[[ $(uname -r) != *[Mm]icrosoft* ]] || wsl=', WSL'
	echo "This machine"
	doctor_row ok system "$name"
	doctor_row ok kernel "Linux $(uname -r | cut -c 1-20), $(uname -m)$wsl"
	if [[ $wsl != '' && $(uname -r) != *WSL2* ]]; then
		doctor_row missing WSL2 "WSL 1 has no namespaces"
		doctor_fix "in PowerShell: wsl --set-version DISTRIBUTION 2"
	fi
	if [[ $EUID == 0 ]]; then
		doctor_row ok user 'root: no user namespace is needed'
	else
		doctor_row ok user 'not root: needs a user namespace'
	fi
}

doctor_version() { # TOOL
	case $1 in
	ip) ip -V ;;
	tcpdump) tcpdump --version 2>&1 | head -n 1 ;;
	tmux) tmux -V ;;
	ssh | sshd) "$1" -V 2>&1 | grep -o 'OpenSSH.*' ;;
	unzip) unzip -v | head -n 1 ;;
	zip) zip -v | sed -n 's/^This is //p' ;;
	socat) socat -V | sed -n 's/^socat version \([^ ]*\).*/socat \1/p' ;;
	shellcheck) shellcheck --version | sed -n 's/^version: /shellcheck /p' ;;
	clang-tidy) clang-tidy --version | grep -o 'LLVM version.*' ;;
	libc-headers) echo /usr/include ;;
	chromium) chromium --version 2>/dev/null ;;
	pngtopnm) pngtopnm --version 2>&1 | sed -n 's/.*Version: //p' ;;
	*) "$1" --version 2>&1 | head -n 1 ;;
	esac | cut -c 1-42
}

doctor_tools() {
	local tool bad=0
	echo "Tools"
	for tool in $DEPS_LAB $DEPS_TEST $DEPS_TEST_MORE $DEPS_TEST_LARGE \
		$DEPS_LINT; do
		if deps_have "$tool"; then
			doctor_row ok "$tool" "$(doctor_version "$tool")"
		elif [[ " $DEPS_LAB " == *" $tool "* ]]; then
			doctor_row missing "$tool" "$(deps_command "$tool")"
			bad=1
		elif [[ $tool == tmux ]]; then
			doctor_row 'not needed' "$tool" \
				"only for make demo LAB=01, live: $(deps_command tmux)"
		elif [[ " $DEPS_LINT " == *" $tool "* ]]; then
			doctor_row 'not needed' "$tool" "only for make lint"
		else
			doctor_row 'not needed' "$tool" \
				"only for make test: $(deps_command "$tool")"
		fi
	done
	return "$bad"
}

doctor_network() {
	local bad=0
	echo "The lab network"
	if [[ $EUID != 0 ]]; then
		doctor_try 'user namespace' doctor_fix_userns \
			unshare --user --map-current-user true || return
	fi
	doctor_try 'pid, mount, network' doctor_fix_namespaces \
		"$BUILD/lab/labns" run true || return
	doctor_try 'three hosts' doctor_fix_namespaces \
		"$LABDIR/portlab" run client true || return
	doctor_try 'a packet passes' doctor_fix_namespaces \
		doctor_packet || bad=1
	doctor_rules iptables || bad=1
	doctor_rules ip6tables || bad=1
	doctor_try capture doctor_fix_capture doctor_capture || bad=1
	if have strace; then
		doctor_try 'gdb, strace' doctor_fix_ptrace doctor_ptrace || true
	fi
	return "$bad"
}

# Try COMMAND; say ok, or what it said and what mends it.
doctor_try() { # WHAT FIX COMMAND...
	local what=$1 fix=$2 said
	shift 2
	if said=$("$@" 2>&1 </dev/null); then
		doctor_row ok "$what" "${said%%$'\n'*}"
	else
		doctor_row missing "$what" "$(cut -c 1-44 <<<"${said%%$'\n'*}")"
		"$fix"
		return 1
	fi
}

doctor_sysctl() { # FILE below /proc/sys
	cat "/proc/sys/$1" 2>/dev/null || true
}

doctor_fix_userns() {
	if [[ $(doctor_sysctl kernel/apparmor_restrict_unprivileged_userns) == 1 ]]; then
		doctor_fix "AppArmor forbids it here (Ubuntu 23.10 and later). To allow it until the next boot: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
	elif [[ $(doctor_sysctl kernel/unprivileged_userns_clone) == 0 ]]; then
		doctor_fix "This kernel forbids it to ordinary users. To allow it until the next boot: sudo sysctl kernel.unprivileged_userns_clone=1"
	elif [[ $(doctor_sysctl user/max_user_namespaces) == 0 ]]; then
		doctor_fix "To allow it until the next boot: sudo sysctl user.max_user_namespaces=15000"
	elif doctor_in_container; then
		doctor_fix "A container's seccomp profile forbids it. Start the container with: --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
	else
		doctor_fix "Run as root instead: sudo make demo"
	fi
}

doctor_fix_namespaces() {
	if doctor_in_container; then
		doctor_fix "In a container: start it with --cap-add SYS_ADMIN --cap-add NET_ADMIN and --security-opt systempaths=unconfined, or as an ordinary user with --security-opt seccomp=unconfined"
	elif [[ ! -x $BUILD/lab/labns ]]; then
		doctor_fix "The programs are not built yet: make"
	else
		doctor_fix "Linux 5.3 or newer is needed, with namespaces and veth (CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_VETH)"
	fi
}

doctor_in_container() {
	[[ -e /.dockerenv || -e /run/.containerenv ]] ||
		grep -qs -e docker -e containerd -e kubepods /proc/1/cgroup
}

doctor_packet() {
	# Nothing listens there: to be refused is to have been there and back.
	"$LABDIR/portlab" run client bash -c \
		'for a in server4 server6; do
			said=$( (exec 3<>/dev/tcp/$a/9) 2>&1)
			[[ $said == *refused* ]] || { echo "$a: $said"; exit 1; }
		done
		echo "IPv4 and IPv6, through the router"'
}

doctor_rules() { # iptables|ip6tables
	local name rule bad='' said
	said=$("$LABDIR/portlab" run server bash -c '
		while read -r name rule; do
			[[ -n $name ]] || continue
			'"$1"' $rule 2>/dev/null || printf " %s" "$name"
		done <<<"$1"' rules "$DOCTOR_RULES" 2>&1) || bad=all
	if [[ -n $said || -n $bad ]]; then
		doctor_row missing "$1" "does not work:$said"
		doctor_fix "The kernel's modules are missing: sudo modprobe nf_tables nft_compat xt_conntrack xt_limit xt_hashlimit xt_connlimit xt_recent xt_statistic xt_multiport xt_comment xt_LOG; or run on a kernel that has them"
		return 1
	fi
	doctor_row ok "$1" "all $(grep -c . <<<"$DOCTOR_RULES") matches and targets tried"
}

doctor_capture() {
	"$LABDIR/portlab" run client bash -c '
		. "$LABDIR/capture.sh"
		capture_command
		coproc TCPDUMP { "${CAPTURE[@]}" -c 1 2>&1 >/dev/null; }
		said=""
		while read -r line; do
			said=$line
			[[ $line != *"listening on"* ]] ||
				{ echo >/dev/udp/127.0.0.1/9; said=ok; break; }
		done <&"${TCPDUMP[0]}"
		[[ $said == ok ]] || { echo "$said"; exit 1; }
		echo "tcpdump saw a packet"'
}

doctor_fix_capture() {
	doctor_fix "tcpdump cannot capture in a namespace; an AppArmor profile of tcpdump may forbid it: sudo aa-complain /usr/bin/tcpdump"
}

doctor_ptrace() {
	"$LABDIR/portlab" run client strace -o /dev/null true &&
		echo "work on a program in a lab host"
}

doctor_fix_ptrace() {
	doctor_fix "gdb and strace -p cannot attach; start programs under them instead, or: sudo sysctl kernel.yama.ptrace_scope=1"
}

# Docker is another way to the same labs: nothing of it need be there.
doctor_docker() {
	local said
	echo "Docker, for ENGINE=docker"
	if ! have docker; then
		doctor_row 'not needed' docker "not installed"
		return
	fi
	if ! said=$(timeout --foreground 20 docker info --format \
		'{{.ServerVersion}}{{range .SecurityOptions}} {{.}}{{end}}' 2>&1); then
		doctor_row 'not needed' docker "installed, but no daemon answers"
		[[ $said != *'ermission denied'* ]] ||
			doctor_fix "The daemon answers to root and to the group docker alone: sudo usermod -aG docker $(id -un), then log in again"
		return
	fi
	doctor_row ok docker "$(docker --version | cut -c 1-42)"
	doctor_row ok 'its daemon' "${said%% *}$(doctor_docker_kind "$said")"
	if said=$(docker compose version --short 2>/dev/null); then
		doctor_row ok 'docker compose' "$said"
	elif have docker-compose; then
		doctor_row ok docker-compose "$(docker-compose version --short)"
	else
		doctor_row 'not needed' 'docker compose' "not installed"
		return
	fi
	if ! docker image inspect portlab-host portlab-lab >/dev/null 2>&1; then
		doctor_row 'not needed' 'the images' "not made yet: make up ENGINE=docker"
	else
		doctor_try 'three containers' doctor_fix_containers \
			doctor_docker_hosts || true
	fi
}

doctor_docker_kind() { # SERVER-VERSION SECURITY-OPTION...
	[[ $1 != *name=rootless* ]] || printf ', rootless'
	[[ $1 != *name=apparmor* ]] || printf ', AppArmor'
}

doctor_docker_hosts() {
	ENGINE=docker "$LABDIR/portlab" run client bash -c \
		'said=$( (exec 3<>/dev/tcp/server4/9) 2>&1)
		[[ $said == *refused* ]] || { echo "$said"; exit 1; }
		echo "a packet passes through the router"'
}

doctor_fix_containers() {
	doctor_fix "What stands in the way: ENGINE=docker common/lab/portlab up"
}
