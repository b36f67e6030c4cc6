# verb-deps.sh - install what a command needs, or say how (sourced)

# shellcheck source=common/lab/deps.sh
. "$LABDIR/deps.sh"

verb_deps() { # [demo|live|replay|slides|check|class|test|bench|lint]
	local -a need=() more=()
	local without='tests that need them will be skipped'
	[[ ${DEPS-} != skip ]] || return 0
	case ${1-test} in
	demo)
		read -ra need <<<"$DEPS_LAB" && more=(curl)
		DEPS_WHY='the lab network' without='what needs them will be skipped'
		;;
	live)
		read -ra need <<<"$DEPS_LAB" && read -ra more <<<"$DEPS_LIVE curl"
		DEPS_WHY='the live demo' without='the demo is unattended'
		;;
	replay)
		read -ra need <<<"$DEPS_BUILD" && read -ra more <<<"$DEPS_LIVE"
		DEPS_WHY='the replay' without='it is shown all at once'
		;;
	slides)
		read -ra need <<<"$DEPS_SLIDES" && read -ra more <<<"$DEPS_SLIDES_MORE"
		DEPS_WHY='the slides' without='there will be no PDF'
		;;
	check)
		read -ra need <<<"$DEPS_LAB $DEPS_TEST"
		DEPS_WHY='grading'
		;;
	class)
		read -ra need <<<"$DEPS_LAB $DEPS_CLASS"
		DEPS_WHY='grading a class'
		;;
	test)
		read -ra need <<<"$DEPS_LAB $DEPS_TEST"
		read -ra more <<<"$DEPS_TEST_MORE $DEPS_TEST_LARGE"
		DEPS_WHY='the tests'
		;;
	bench)
		read -ra need <<<"$DEPS_LAB" && read -ra more <<<"$DEPS_BENCH"
		DEPS_WHY='the benchmarks' without='what needs them is left out'
		;;
	lint) read -ra need <<<"cc make $DEPS_LINT" && DEPS_WHY='make lint' ;;
	*)
		say_usage "deps knows demo, live, replay, slides, check, class," \
			"test, bench and lint, not '$1'"
		;;
	esac
	mapfile -t need < <(deps_missing "${need[@]}")
	mapfile -t more < <(deps_missing "${more[@]}")
	[[ $((${#need[@]} + ${#more[@]})) -gt 0 ]] || return 0
	if deps_install "${need[@]}" "${more[@]}"; then
		return 0
	fi
	if [[ ${#need[@]} -gt 0 ]]; then
		die "missing: ${need[*]}. Install with:" \
			"$(deps_command "${need[@]}")"
	fi
	warn "not there: ${more[*]}; $without." \
		"To have them: $(deps_command "${more[@]}")"
}
