# verb-bench.sh - measure what the README states (sourced)
#
# Every executable tests/bench/NN-name.sh is run in its turn. It prints its own
# rows with the help of tests/bench/bench.sh, and fails when it misses its goal.

verb_bench() {
	local file status=0
	[[ $# == 0 ]] || say_usage "bench takes no argument; N=10 for 10 runs"
	[[ -x $BUILD/lab/labns ]] ||
		die "the programs are not built yet; run: make"
	export PORTLAB_BUILD=$BUILD
	# What is being measured may take a Ctrl-C for its own: end here too.
	trap 'exit 130' INT
	bench_machine
	for file in "$ROOT"/tests/bench/[0-9][0-9]-*.sh; do
		[[ -x $file ]] || continue
		echo
		"$file" || status=$?
	done
	return "$status"
}

bench_machine() {
	local model=''
	have lscpu && model=$(LC_ALL=C lscpu | sed -n 's/^Model name: *//p;T;q')
	printf 'machine: %s, %s cores\n' "${model:-$(uname -m)}" "$(nproc)"
	printf 'kernel:  %s, load %s before the first run\n' \
		"$(uname -sr)" "$(cut -d ' ' -f 1 /proc/loadavg)"
}
