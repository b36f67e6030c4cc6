# deps.sh - which tools what needs, and how each distribution calls them
# (sourced)

# tool, then its package for apt, dnf, pacman and apk.
readonly DEPS_PACKAGES='
cc            gcc          gcc               gcc          gcc
make          make         make              make         make
libc-headers  libc6-dev    glibc-devel       glibc        musl-dev
ip            iproute2     iproute           iproute2     iproute2
iptables      iptables     iptables-nft      iptables     iptables
ip6tables     iptables     iptables-nft      iptables     ip6tables
tcpdump       tcpdump      tcpdump           tcpdump      tcpdump
nsenter       util-linux   util-linux        util-linux   util-linux
flock         util-linux   util-linux-core   util-linux   util-linux
bats          bats         bats              bats         bats
parallel      parallel     parallel          parallel     parallel
valgrind      valgrind     valgrind          valgrind     valgrind
jq            jq           jq                jq           jq
patch         patch        patch             patch        patch
socat         socat        socat             socat        socat
ncat          ncat         nmap-ncat         nmap         nmap-ncat
nmap          nmap         nmap              nmap         nmap
tmux          tmux         tmux              tmux         tmux
python3       python3      python3           python       python3
npm           npm          npm               npm          npm
unzip         unzip        unzip             unzip        unzip
zip           zip          zip               zip          zip
rsync         rsync        rsync             rsync        rsync
ssh           openssh-client openssh-clients openssh      openssh-client
sshd          openssh-server openssh-server  openssh      openssh-server
xmllint       libxml2-utils libxml2          libxml2      libxml2-utils
tshark        tshark       wireshark-cli     wireshark-cli tshark
gdb           gdb          gdb               gdb          gdb
strace        strace       strace            strace       strace
curl          curl         curl              curl         curl
wget          wget         wget              wget         wget
chromium      chromium     chromium          chromium     chromium
pngtopnm      netpbm       netpbm-progs      netpbm       netpbm
nginx         nginx-light  nginx             nginx        nginx
lighttpd      lighttpd     lighttpd          lighttpd     lighttpd
wrk           wrk          wrk               wrk          wrk
shellcheck    shellcheck   ShellCheck        shellcheck   shellcheck
clang         clang        clang             clang        clang
clang-format  clang-format clang-tools-extra clang        clang-extra-tools
clang-tidy    clang-tidy   clang-tools-extra clang        clang-extra-tools
cppcheck      cppcheck     cppcheck          cppcheck     cppcheck
'

readonly DEPS_BUILD='cc make libc-headers'
readonly DEPS_LAB="$DEPS_BUILD ip iptables ip6tables tcpdump nsenter flock"
# For the live demo; without it a lab's demo is played unattended.
readonly DEPS_LIVE='tmux'
readonly DEPS_SLIDES='npm'
# Without it there are no PDFs, and no test of the slides.
readonly DEPS_SLIDES_MORE='chromium'
readonly DEPS_TEST='bats'
readonly DEPS_CLASS='bats jq parallel unzip'
# Without these some tests are skipped, and say so.
readonly DEPS_TEST_MORE="parallel valgrind gdb strace jq patch socat ncat nmap \
tmux python3 curl wget pngtopnm unzip zip rsync ssh sshd xmllint"
# Nor these, which are large: the image of the lab container goes without.
readonly DEPS_TEST_LARGE='chromium npm tshark'
# What lab 05's model answer is compared with. `make bench` itself does not ask
# for them: on many systems to install a server is to start it.
readonly DEPS_BENCH='nginx lighttpd wrk'
readonly DEPS_LINT='shellcheck clang clang-format clang-tidy cppcheck'

deps_have() { # TOOL
	case $1 in
	libc-headers) [[ -e /usr/include/stdio.h ]] ;;
	*) have "$1" ;;
	esac
}

deps_missing() { # TOOL...
	local tool
	for tool in "$@"; do
		deps_have "$tool" || printf '%s\n' "$tool"
	done
}

# The packages of TOOL... in the column of a package manager.
deps_packages() { # apt|dnf|pacman|apk TOOL...
	local column=2 tool
	case $1 in
	dnf) column=3 ;;
	pacman) column=4 ;;
	apk) column=5 ;;
	esac
	shift
	for tool in "$@"; do
		awk -v tool="$tool" -v column="$column" \
			'$1 == tool { print $column }' <<<"$DEPS_PACKAGES"
	done | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# The command that installs TOOL... here.
deps_command() { # TOOL...
	local sudo=''
	[[ $EUID == 0 ]] || sudo='sudo '
	if have apt-get; then
		echo "${sudo}apt-get install -y $(deps_packages apt "$@")"
	elif have dnf; then
		echo "${sudo}dnf install $(deps_packages dnf "$@")"
	elif have pacman; then
		echo "${sudo}pacman -S --needed $(deps_packages pacman "$@")"
	elif have apk; then
		echo "${sudo}apk add $(deps_packages apk "$@")"
	else
		echo "your system's package manager, for: $*"
	fi
}

# Install TOOL... if that can be done without asking; false if it cannot.
deps_install() { # TOOL...
	local -a as_root=()
	local -a packages
	have apt-get || return
	if [[ $EUID != 0 ]]; then
		have sudo && sudo -n true 2>/dev/null || return
		as_root=(sudo -n)
	fi
	read -ra packages <<<"$(deps_packages apt "$@")"
	echo "portlab: installing ${packages[*]} with apt-get, for $DEPS_WHY"
	# The lists of packages may be old or not there yet, on a new machine.
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
		-y -qq --no-install-recommends "${packages[@]}" \
		</dev/null >/dev/null 2>&1 && return
	"${as_root[@]}" apt-get update -qq >/dev/null || return
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install \
		-y -qq --no-install-recommends "${packages[@]}" \
		</dev/null >/dev/null
}
