# far.sh - jobs of a class on other machines, by GNU parallel (sourced)
#
# A machine needs what `make check` needs, and no suite: it gets this one as
# ./portlab-SUM.tar.gz, with a script beside it, builds it in its cache, and
# keeps it there for the next time. For each job it gets ./portlab-RUN/N.tar and
# gives back N.out.tar; GNU parallel takes away what it has brought (--cleanup).
# ":" among the logins is this machine.

# shellcheck source=common/lab/pack.sh
. "$LABDIR/pack.sh"

# Add to words what has GNU parallel do the jobs of CLASS at LOGIN; changes into
# the folder that it starts from.
far_words() { # CLASS LOGIN
	local far=$1/far run suite
	run=portlab-class.$$.$(hostname)
	mkdir -p -- "$far/$run"
	cd -- "$far" || exit
	suite=$(far_suite)
	far_jobs "$1" "$run"
	far_script >"$suite.sh"
	words+=(--sshlogin "$2" --basefile "./$suite" --basefile "./$suite.sh"
		--cleanup --transferfile "./$run/{}.tar"
		--return "./$run/{}.out.tar" "sh ./$suite.sh $suite $run {}")
}

# This suite as a file in this folder; prints its name.
far_suite() {
	local sum
	mkdir suite
	pack_suite suite >suite.tar.gz
	rm -rf suite
	sum=$(sha256sum <suite.tar.gz | cut -c -16)
	mv suite.tar.gz "portlab-$sum.tar.gz"
	echo "portlab-$sum.tar.gz"
}

# What each job needs: its words, and what was handed in.
far_jobs() { # CLASS RUN
	local file n
	local -a job
	for file in "$1"/jobs/*; do
		n=${file##*/}
		mapfile -d '' job <"$file"
		tar -cf "$2/$n.tar" -C "$1/jobs" "$n" \
			-C "$(dirname -- "${job[2]}")" -- "./$(basename -- "${job[2]}")"
	done
}

# What a machine does: sh SCRIPT SUITE RUN N
far_script() {
	cat <<-'END'
		set -eu
		here=$PWD
		home=${XDG_CACHE_HOME:-$HOME/.cache}/portlab-class/${1%.tar.gz}
		mkdir -p "$home"
		(
			flock 9
			if [ ! -e "$home/ready" ]; then
				tar -C "$home" -xzf "$1"
				DEPS=skip make -s -C "$home/portlab" grader >&2
				: >"$home/ready"
			fi
		) 9>"$home/lock"
		exec "$home/portlab/common/lab/portlab" far "$here/$2" "$3"
	END
}

# Put what has come back into its place. Only what is whole has this name.
far_collect() { # CLASS
	local file work
	local -a job
	for file in "$1"/far/portlab-class.*/*.out.tar; do
		[[ -f $file ]] || continue
		work=$1/scratch/far
		rm -rf -- "$work"
		mkdir -p -- "$work"
		tar -C "$work" -xf "$file" 2>/dev/null || continue
		mapfile -d '' job <"$1/jobs/$(basename -- "$file" .out.tar)"
		mkdir -p -- "$(dirname -- "${job[3]}")"
		[[ ! -e ${job[3]} ]] || mv -T -- "${job[3]}" "$work/old"
		mv -T -- "$work/results" "${job[3]}" || die "cannot write ${job[3]}"
	done
}
