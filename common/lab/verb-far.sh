# verb-far.sh - a job of a class that was sent to this machine (sourced)
#
# FOLDER/N.tar has the job's words and what was handed in; FOLDER/N.out.tar is
# made of the results, under its name only when it is whole.

verb_far() { # FOLDER N
	local work=$1/$2.work status=0
	local -a job
	rm -rf -- "$work"
	mkdir -- "$work"
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf -- $(printf %q "$work")" EXIT
	trap 'exit 130' INT TERM HUP
	tar -C "$work" -xf "$1/$2.tar" --no-same-owner
	mapfile -d '' job <"$work/$2"
	printf '%s\0' "${job[@]:0:2}" "$work/$(basename -- "${job[2]}")" \
		"$work/results" "${job[@]:4}" >"$work/job"
	setpriv --pdeathsig KILL bash "$ROOT/tests/class/grade" "$work/job" \
		"$work/new" || status=$?
	[[ ! -d $work/results ]] || {
		tar -C "$work" -cf "$work/out" results
		mv -- "$work/out" "$1/$2.out.tar"
	}
	return "$status"
}
