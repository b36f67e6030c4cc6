# compile.sh - compile a submission, in a jail, with our own command line
# (sourced)
#
# Only regular files that lab.conf lists are taken, and they are copied first:
# a link, a Makefile or a header of the submission's own never counts. The
# library comes from the suite. In the jail neither solutions nor tests nor
# other submissions can be seen, so that nothing can be included from there.

readonly COMPILE_MS=30000
readonly SOURCE_BYTES=1048576

readonly -a COMPILE_WARNINGS=(-Wall -Wextra)
# What the suite asks of itself, on top of that.
readonly -a COMPILE_STRICT=(-Wpedantic -Wshadow -Wconversion
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wwrite-strings
	-Wcast-qual -Wpointer-arith -Wvla -Wundef)
readonly -a COMPILE_SANITIZE=("-fsanitize=address,undefined"
	-fno-sanitize-recover=all -fno-omit-frame-pointer)

# What no submission may see: HIDDEN becomes options for the jail.
hide_others() {
	local path
	HIDDEN=()
	for path in "$ROOT" "$BUILD" "$STATE" "${HOME-}" /home /root \
		"${SUBMISSION:+$(dirname -- "$SUBMISSION")}"; do
		[[ $path == /?* && -d $path ]] || continue
		HIDDEN+=(--hide "$(readlink -f -- "$path")")
	done
}

# Why a file of the submission is not taken; nothing if it is.
source_refused() { # PATH
	if [[ -L $1 ]]; then
		echo "is a symbolic link, which is not followed"
	elif [[ ! -e $1 ]]; then
		echo "is not there"
	elif [[ ! -f $1 ]]; then
		echo "is not a regular file"
	elif [[ ! -r $1 ]]; then
		echo "cannot be read"
	elif (($(stat -c %s -- "$1") > SOURCE_BYTES)); then
		echo "is larger than $SOURCE_BYTES bytes"
	fi
}

# Copy what may be taken; one line for each file that may not.
take_sources() {
	local file reason
	for file in $(lab_conf "$LAB" files); do
		reason=$(source_refused "$SUBMISSION/$file")
		# dd refuses to follow what has become a link since.
		if [[ -n $reason ]] || ! dd if="$SUBMISSION/$file" \
			of="$WORK/src/$file" iflag=nofollow,nonblock,fullblock \
			bs="$SOURCE_BYTES" count=1 status=none 2>/dev/null; then
			printf '%s: %s\n' "$file" "${reason:-cannot be read}" \
				>>"$WORK/refused"
			rm -f "$WORK/src/$file"
		fi
	done
}

compiler_in_jail() { # NAME-OF-LOG WORD...
	local log=$1
	shift
	"$BUILD/test/jail" --time "$COMPILE_MS" --cpu 30 --memory 1024 \
		--processes 64 --file-size 67108864 --output 262144 --tmp 64 \
		"${HIDDEN[@]}" --ro "$WORK/src" --ro "$WORK/include" --ro "$WORK/lib" \
		--rw "$WORK/out" --chdir "$WORK/src" \
		--stdout "$WORK/$log.log" --stderr "$WORK/$log.log" \
		--report "$WORK/$log.json" -- "$CC" -std=c17 -D_GNU_SOURCE -pipe \
		-I"$WORK/include" "$@" </dev/null
}

# One program, three times at once: for its warnings, for stricter ones, and
# for the binary that is graded.
compile_program() { # NAME SOURCE...
	local name=$1 status=0
	local -a jobs=()
	shift
	compiler_in_jail "$name.strict" -fsyntax-only "${COMPILE_WARNINGS[@]}" \
		"${COMPILE_STRICT[@]}" "$@" || true &
	jobs+=($!)
	compiler_in_jail "$name.warnings" -O2 -r -nostdlib -o /dev/null \
		"${COMPILE_WARNINGS[@]}" "$@" || true &
	jobs+=($!)
	compiler_in_jail "$name.link" -w -O1 -g "${SANITIZE[@]}" \
		-o "$WORK/out/$name" "$@" "$WORK/lib/$LIBRARY" -pthread || status=$?
	wait "${jobs[@]}"
	if [[ $status == 0 && -f $WORK/out/$name && ! -L $WORK/out/$name ]]; then
		cp -- "$WORK/out/$name" "$WORK/bin/$name"
		chmod 755 "$WORK/bin/$name"
		program_compiled "$name" "$WORK/bin/$name"
	fi
	printf '%s\n' "$status" >"$WORK/$name.status"
}

# What the compiler says, for people: never where our own files are.
compiler_said() { # LOG...
	local log
	for log in "$@"; do
		[[ ! -s $log ]] || sed "s|$WORK/src/||g; s|$WORK/||g" "$log"
	done
}

# How a compilation ended, if that was not the compiler's own doing.
compile_ended() { # NAME
	case $(jail_report "$WORK/$1.link.json" end) in
	exit) ;;
	deadline) echo "$1: the compiler did not end within $((COMPILE_MS / 1000)) s" ;;
	memory) echo "$1: the compiler used more than 1024 MB of memory" ;;
	output) echo "$1: the compiler wrote more than 256 KiB of messages" ;;
	cpu) echo "$1: the compiler used more than 30 s of processor time" ;;
	*) echo "$1: the compiler was killed" ;;
	esac
}

# Sanitizers, where the compiler has them.
choose_sanitizers() {
	SANITIZE=() LIBRARY=libportlab.a
	cp "$BUILD/obj/libportlab.a" "$WORK/lib/"
	if [[ -e $BUILD/asan/obj/libportlab.a ]]; then
		SANITIZE=("${COMPILE_SANITIZE[@]}")
		cp "$BUILD/asan/obj/libportlab.a" "$WORK/lib/"
		: >"$WORK/sanitized"
	else
		echo "remark: $CC has no sanitizers here, so memory errors go unseen" \
			>>"$WORK/results/run"
	fi
}

compile_all() {
	local name sources line
	local -a jobs=() names=()
	CC=${CC:-cc}
	hide_others
	[[ -n $SUBMISSION ]] || return 0
	mkdir -p "$WORK/lib"
	chmod 777 "$WORK/out"
	chmod 755 "$WORK/lib"
	cp "$ROOT"/common/*.h "$WORK/include/"
	choose_sanitizers
	take_sources
	while read -r name sources; do
		[[ ! -e $WORK/programs/$name ]] || continue
		names+=("$name")
		# shellcheck disable=SC2086 # words, from the suite's own lab.conf
		compile_program "$name" $sources &
		jobs+=($!)
	done < <(lab_programs "$LAB")
	wait "${jobs[@]}"
	compile_account "${names[@]}"
}

# What the reporter and the checks "builds" and "warnings" need to know.
compile_account() { # NAME...
	local name
	for name in "$@"; do
		if [[ -e $WORK/bin/$name ]]; then
			printf 'binary: %s %s\n' "$name" "$name" >>"$WORK/results/run"
			cp "$WORK/bin/$name" "$WORK/results/$name"
		fi
		compiler_said "$WORK/$name.warnings.log" >>"$WORK/results/compiler"
		if [[ ! -s $WORK/$name.warnings.log && ! -e $WORK/bin/$name ]]; then
			compiler_said "$WORK/$name.link.log" >>"$WORK/results/compiler"
		fi
		compile_ended "$name" >>"$WORK/results/compiler"
		grep -vxFf "$WORK/$name.warnings.log" "$WORK/$name.strict.log" |
			sed "s|$WORK/src/||g" >>"$WORK/results/compiler-strict" || true
	done
	if [[ -s $WORK/refused ]]; then
		cat "$WORK/refused" >>"$WORK/results/compiler"
	fi
}
