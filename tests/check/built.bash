# built.bash - what the compiler and the sanitizers had to say (sourced)
# shellcheck shell=bash

compiles() { # PROGRAM
	local source
	[[ -e $WORK/$1.status ]] ||
		check_skip left-out "left out: $1 was not given as source"
	[[ ! -e $WORK/bin/$1 ]] || return 0
	for source in $(lab_conf "$LAB" program | sed -n "s/^$1 *//p"); do
		! grep -s "^$source: " "$WORK/refused" ||
			because "$(grep "^$source: " "$WORK/refused")." || return
	done
	because "It does not compile; the compiler says why below."
}

no_warnings() {
	local count file
	compiled warned
	compgen -G "$WORK/*.warnings.log" >/dev/null ||
		check_skip left-out "left out: no source was given"
	count=$(cat "$WORK"/*.warnings.log | grep -c 'warning: ') || true
	case $count in
	0) ;;
	1) because "The compiler has a warning; it is shown below." || return ;;
	*) because "The compiler has $count warnings; they are shown below." || return ;;
	esac
	for file in "$WORK"/src/*; do
		! silences "$file" || because "${file##*/} tells the compiler to" \
			"keep silent, so there is no telling what it would have said." ||
			return
	done
}

# Whether FILE switches warnings off, or says that it is a system's header.
silences() { # FILE
	grep -qaE -e '(GCC|clang)[[:space:]]+diagnostic[[:space:]]+(ignored|warning)' \
		-e 'GCC[[:space:]]+system_header' \
		-e '(#|%:)[[:space:]]*[0-9]+[[:space:]]*"' "$1"
}

# In all checks so far, this one included.
sanitizers_silent() { # PROGRAM
	local err
	local -a said
	[[ -e $WORK/programs/$1.compiled ]] ||
		check_skip left-out "left out: $1 was not compiled here"
	[[ -e $WORK/sanitized ]] ||
		check_skip not-here "not here: the compiler has no sanitizers"
	said=("$WORK"/results/checks/*/"$1".*.err)
	sanitizer_said "${said[@]}" || return 0
	for err in "${said[@]}"; do
		sanitizer_said "$err" || continue
		sanitizer_cut "$err" >"$HERE/sanitizer"
		err=${err#"$WORK"/results/checks/}
		[[ ${err%%/*} == "$CHECK" ]] || account_of "${err%%/*}"
		because "In the check ${err%%/*} a sanitizer found an error." || return
	done
}
