# verb-demo.sh - a demo: live, step by step, or the tour, unattended (sourced)

# shellcheck source=common/lab/live.sh
. "$LABDIR/live.sh"

verb_demo() { # [--tour] [--record DIR] [--projector] [LAB...]
	local lab folder tour=''
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
	[[ -x $BUILD/lab/labns ]] ||
		die "the programs are not built yet; run: make"
	export PATH=$BUILD/solution:$BUILD/bin:$PATH
	# What make hands on is not for the commands of a demo.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
	[[ -z ${RECORD-} ]] || demo_record "${#folders[@]}"
	if [[ -z $tour && $# == 1 && ${#folders[@]} == 1 ]]; then
		live_obstacle
		if [[ -z $OBSTACLE ]]; then
			exec "$BUILD/lab/labns" run -p "$PPID" "$LABDIR/inside" \
				live "${folders[0]}"
		fi
		[[ ! -t 1 ]] || warn "the tour, unattended: $OBSTACLE"
	fi
	exec "$BUILD/lab/labns" run -p "$PPID" "$LABDIR/inside" demo \
		"${folders[@]}"
}

# A folder to keep a demo in, made if need be; one that holds something else
# is left alone.
demo_record() { # HOW-MANY-LABS
	[[ $1 == 1 ]] || say_usage "one lab at a time can be recorded: LAB=01"
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
