# verb-demo.sh - the tour: every lab's demo, unattended (sourced)

# shellcheck source=common/lab/engine.sh
. "$LABDIR/engine.sh"

verb_demo() { # [LAB...]
	local lab folder
	local -a folders=()
	for lab in "${@:-}"; do
		for folder in "$ROOT"/labs/"$lab"*/; do
			[[ ! -e $folder/demo.sh ]] || folders+=("${folder%/}")
		done
	done
	[[ ${#folders[@]} -gt 0 ]] || say_usage "no lab is called '$*'; there are:" \
		"$(cd "$ROOT/labs" && echo [0-9]*)"
	engine_begin
	export PATH=$BUILD/solution:$BUILD/bin:$PATH
	engine_demo "${folders[@]}"
}
