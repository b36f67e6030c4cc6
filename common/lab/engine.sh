# engine.sh - what a lab network is made of, and how one gets into it (sourced)
#
# ENGINE is "namespaces", the default; "docker" for the containers of
# docker-compose.yml, seen from outside; or "here", which those containers set
# for portlab within them. Each is a file engine-NAME.sh of the functions:
#
#   engine_begin             exits with a sentence where it cannot be used
#   engine_is_up             whether the network NET is up
#   engine_up [SCENARIO]     make it; false, and none is left, if that fails
#   engine_down              take it away
#   engine_scenario NAME     replace its rules
#
# and of these, in which the shell itself ends, with the status of the last:
#
#   engine_enter HOST COMMAND...
#                            COMMAND on HOST
#   engine_shell HOST        an interactive shell there
#   engine_capture HOST [HOST]
#                            watch the packets there, or at both
#   engine_run HOST SCENARIO COMMAND...
#                            COMMAND in a network made for it
#   engine_demo LAB-FOLDER...
#                            these demos in a network made for them

# shellcheck source=common/lab/scenario.sh
. "$LABDIR/scenario.sh"

ENGINE=${PORTLAB_ENGINE:-${ENGINE:-namespaces}}
case $ENGINE in
namespaces | docker | here) ;;
*) say_usage "ENGINE=$ENGINE is not known; there are namespaces and docker" ;;
esac

NET=${NET:-default}
if [[ ! $NET =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,40}$ ]]; then
	say_usage "NET=$NET is no name: use letters, digits, - _ and ."
fi
NETDIR=$STATE/nets/$NET
LABNS=$BUILD/lab/labns

engine_programs() {
	[[ -x $LABNS && -x $BUILD/bin/ladder ]] ||
		die "the programs are not built yet; run: make"
	# The student's programs first, then the suite's own: probe and chaos.
	export PATH=$BUILD/bin:$PATH:$BUILD/test
}

engine_scenario_path() { # [NAME]
	[[ -z ${1-} ]] || scenario_find "$1"
}

# shellcheck source=/dev/null
. "$LABDIR/engine-$ENGINE.sh"
