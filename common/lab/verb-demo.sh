# verb-demo.sh - the tour: every lab's demo, unattended (sourced)

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
	[[ -x $BUILD/lab/labns ]] ||
		die "the programs are not built yet; run: make"
	export PATH=$BUILD/solution:$BUILD/bin:$PATH
	exec "$BUILD/lab/labns" run -p "$PPID" "$LABDIR/inside" demo \
		"${folders[@]}"
}
