# verb-demo.sh - a demo: live, step by step, or the tour, unattended (sourced)

# shellcheck source=common/lab/engine.sh
. "$LABDIR/engine.sh"
# shellcheck source=common/lab/live.sh
. "$LABDIR/live.sh"
# shellcheck source=common/lab/record.sh
. "$LABDIR/record.sh"

verb_demo() { # [--tour] [--projector] [--record DIR] [--replay[=DIR]] [--auto] [LAB...]
	local lab folder tour='' replay='' auto=''
	local -a folders=()
	unset RECORD PROJECTOR
	while [[ ${1-} == --* ]]; do
		case $1 in
		--tour) tour=1 ;;
		--projector) export PROJECTOR=1 ;;
		--record)
			[[ -n ${2-} ]] || say_usage "--record needs a folder"
			RECORD=$2
			shift
			;;
		--replay) replay=shipped ;;
		--replay=*) replay=${1#*=} ;;
		--auto) auto=auto ;;
		*) say_usage "demo has no option $1" ;;
		esac
		shift
	done
	for lab in "${@:-}"; do
		for folder in "$ROOT"/labs/"$lab"*/; do
			[[ ! -e $folder/demo.sh ]] || folders+=("${folder%/}")
		done
	done
	[[ ${#folders[@]} -gt 0 ]] || say_usage "no lab is called '$*'; there are:" \
		"$(cd "$ROOT/labs" && echo [0-9]*)"
	# What make hands on is not for the commands of a demo.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	if [[ -n $replay ]]; then
		export PATH=$BUILD/bin:$PATH
		demo_replay "$replay" "$tour" "$auto" "${folders[@]}"
		return
	fi
	engine_begin
	export PATH=$BUILD/solution:$BUILD/bin:$PATH
	[[ -z ${RECORD-} ]] || demo_record "${#folders[@]}"
	if [[ $# == 1 && ${#folders[@]} == 1 ]] && demo_live "$tour" "$ENGINE"; then
		exec "$LABNS" run -p "$PPID" "$LABDIR/inside" live "${folders[0]}"
	fi
	engine_demo "${folders[@]}"
}

# Whether the demo is to be live; on a terminal that it cannot be on, says why.
demo_live() { # TOUR [ENGINE]
	[[ -z $1 ]] || return 1
	live_obstacle
	[[ ${2-namespaces} == namespaces || -n $OBSTACLE ]] ||
		OBSTACLE='only namespaces have the live demo'
	[[ -n $OBSTACLE ]] || return 0
	[[ ! -t 1 ]] || warn "the tour, unattended: $OBSTACLE"
	return 1
}

# Play what was recorded: no network is made for it.
demo_replay() { # shipped|FOLDER TOUR AUTO LAB-FOLDER...
	local from=$1 tour=$2 auto=$3 wrong
	shift 3
	[[ $# == 1 ]] || say_usage "one lab at a time can be replayed: LAB=01"
	[[ -z ${RECORD-} ]] || say_usage "what is replayed is not recorded again"
	[[ $from != shipped ]] || from=$1/replay
	wrong=$(replay_complain "$from")
	[[ -z $wrong ]] || die "$wrong"
	from=$(cd "$from" && pwd -P)
	[[ -x $BUILD/bin/ladder ]] ||
		die "the programs are not built yet; run: make"
	export PATH=$BUILD/bin:$PATH
	if demo_live "$tour"; then
		live_replay "$from" "$auto"
	else
		# shellcheck source=common/lab/replay.sh
		. "$LABDIR/replay.sh"
		replay_tour "$1" "$from"
	fi
}

# A folder to keep a demo in, made if need be; one that holds something else
# is left alone.
demo_record() { # HOW-MANY-LABS
	[[ $1 == 1 ]] || say_usage "one lab at a time can be recorded: LAB=01"
	[[ $ENGINE == namespaces ]] ||
		say_usage "what is recorded is a demo in namespaces, not ENGINE=$ENGINE"
	# The network has a /run of its own.
	[[ $(readlink -m -- "$RECORD")/ != /run/* ]] ||
		die "/run is not kept; record elsewhere"
	if ! mkdir -p "$RECORD" 2>/dev/null || [[ ! -w $RECORD ]]; then
		die "cannot write to the folder $RECORD"
	fi
	RECORD=$(cd "$RECORD" && pwd -P)
	export RECORD
	[[ -z $(ls -A "$RECORD") || -e $RECORD/log.tsv ]] ||
		die "$RECORD holds something else; record to a new folder"
	rm -f "$RECORD"/[0-9][0-9]*-*.pcap
}
