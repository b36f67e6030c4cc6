# engine-here.sh - the network that this container has made (sourced; see
# engine.sh)

engine_begin() {
	engine_is_up || die "the network is not up yet: docker compose logs network"
	engine_programs
}

engine_is_up() {
	[[ -e /run/portlab/up ]]
}

engine_up() {
	die "this network came with its containers: docker compose up -d"
}

engine_down() {
	die "this network goes with its containers: docker compose down"
}

engine_enter() { # HOST COMMAND...
	exec "$LABNS" host "$@"
}

engine_shell() { # HOST
	engine_enter "$1" bash --rcfile "$LABDIR/shellrc" -i
}

engine_scenario() { # NAME
	local scenario
	scenario=$(engine_scenario_path "$1") || exit
	"$LABDIR/inside" scenario "$scenario"
}

engine_capture() { # HOST [HOST]
	net_capture_drawn "$@"
}

engine_run() {
	die "there is a network here already: portlab exec HOST COMMAND, or" \
		"docker compose run --rm lab portlab run HOST COMMAND"
}

engine_demo() { # LAB-FOLDER...
	exec "$LABDIR/inside" demo "$@"
}
