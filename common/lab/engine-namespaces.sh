# engine-namespaces.sh - networks of namespaces (sourced; see engine.sh)
#
# A network that stays is known by the file .portlab/nets/NAME/holder, which
# labns writes: the pid of its init and when that started. Who joins it enters
# the namespaces of that pid.

engine_begin() {
	engine_programs
}

# The pid of the network's init, or nothing when there is none any more.
engine_pid() {
	[[ ! -r $NETDIR/holder ]] || "$LABNS" holder "$NETDIR/holder"
}

engine_is_up() {
	[[ -n $(engine_pid) ]]
}

engine_up() { # [SCENARIO]
	local scenario
	scenario=$(engine_scenario_path "${1-}") || exit
	rm -f "$NETDIR/holder"
	"$LABNS" hold "$NETDIR/holder" "$LABDIR/inside" up "$scenario"
}

engine_down() {
	if [[ ! -e $NETDIR/holder ]]; then
		echo "No network '$NET' is up."
		return
	fi
	"$LABNS" end "$NETDIR/holder" || die "could not end the network '$NET'"
	echo "The network '$NET' is gone."
}

engine_enter() { # HOST COMMAND...
	exec "$LABNS" join "$(engine_pid)" "$@"
}

engine_shell() { # HOST
	engine_enter "$1" bash --rcfile "$LABDIR/shellrc" -i
}

engine_scenario() { # NAME
	local scenario
	scenario=$(engine_scenario_path "$1") || exit
	(engine_enter - "$LABDIR/inside" scenario "$scenario")
}

engine_capture() { # HOST [HOST]
	net_capture_drawn "$@"
}

engine_run() { # HOST SCENARIO COMMAND...
	local host=$1 scenario
	scenario=$(engine_scenario_path "$2") || exit
	shift 2
	exec "$LABNS" run -p "$PPID" "$LABDIR/inside" run "$host" "$scenario" "$@"
}

engine_demo() { # LAB-FOLDER...
	exec "$LABNS" run -p "$PPID" "$LABDIR/inside" demo "$@"
}
