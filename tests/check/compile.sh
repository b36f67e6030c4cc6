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

# HIDDEN becomes options for the jail: each PATH that is a folder, but /.
hide() { # PATH...
	local path
	local -a paths=()
	HIDDEN=()
	for path in "$@"; do
		[[ $path != /?* || ! -d $path ]] || paths+=("$path")
	done
	((${#paths[@]} > 0)) || return 0
	while IFS= read -r -d '' path; do
		HIDDEN+=(--hide "$path")
	done < <(readlink -fz -- "${paths[@]}")
}

# What no submission may see.
hide_others() { # [FURTHER-PATH...]
	hide "$ROOT" "$BUILD" "$STATE" "${HOME-}" /home /root \
		"${SUBMISSION%/*}" "$@"
}

# Why a file of the submission is not taken; nothing if it is.
source_refused() { # PATH
	if [[ -L $1 ]]; then
		echo "is a symbolic link, which is not followed"
	elif [[ ! -e $1 ]]; then
		echo "is not there$(source_needless)"
	elif [[ ! -f $1 ]]; then
		echo "is not a regular file"
	elif [[ ! -r $1 ]]; then
		echo "cannot be read"
	elif (($(stat -c %s -- "$1") > SOURCE_BYTES)); then
		echo "is larger than $SOURCE_BYTES bytes"
	fi
}

# Where a program is made of several files, one of them may have nothing to do.
source_needless() {
	! lab_programs "$LAB" | grep -q '\.c .*\.c' ||
		echo " (one that you do without may be empty)"
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

compiler_in_jail() { # NAME-OF-LOG FOLDER WORD...
	local log=$1 folder=$2
	shift 2
	"$BUILD/test/jail" --time "$COMPILE_MS" --cpu 30 --memory 1024 \
		--processes 64 --file-size 67108864 --output 262144 --tmp 64 \
		"${HIDDEN[@]}" --ro "$WORK/src" --ro "$WORK/include" --ro "$WORK/lib" \
		--rw "$WORK/out" --chdir "$folder" \
		--stdout "$WORK/$log.log" --stderr "$WORK/$log.log" \
		--report "$WORK/$log.json" -- "$CC" -std=c17 -D_GNU_SOURCE= -pipe \
		-I"$WORK/include" "$@" </dev/null
}

# The binary of a program, which is graded. It can load no library at run time:
# that of an interpreter would be a program of the machine's.
compile_program() { # NAME SOURCE...
	local name=$1 status=0
	shift
	compiler_in_jail "$name.link" "$WORK/src" -w -Og -g "${SANITIZE[@]}" \
		-o "$WORK/out/$name" "$@" "$WORK/lib/$LIBRARY" -pthread \
		-Wl,--wrap=dlopen,--wrap=dlmopen || status=$?
	if [[ $status == 0 && -f $WORK/out/$name && ! -L $WORK/out/$name ]]; then
		cp -- "$WORK/out/$name" "$WORK/bin/$name"
		chmod 755 "$WORK/bin/$name"
		program_compiled "$name" "$WORK/bin/$name"
	fi
	printf '%s\n' "$status" >"$WORK/$name.status"
}

# It once more, for its warnings, and for stricter ones. What is made of it
# nobody needs.
compile_warnings() { # NAME SOURCE...
	local name=$1
	shift
	local -a warned=("${COMPILE_WARNINGS[@]}" "${@/#/$WORK/src/}")
	mkdir -m 777 "$WORK/out/$name.made"
	compiler_in_jail "$name.strict" "$WORK/out/$name.made" -fsyntax-only \
		"${COMPILE_STRICT[@]}" "${warned[@]}" || true &
	compiler_in_jail "$name.warnings" "$WORK/out/$name.made" -O2 -S \
		"${warned[@]}" || true
	wait "$!"
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

# Begin to compile. The checks wait for the binaries, and one of them for the
# warnings: in $WORK/compiled comes "linked", and then "warned", a line each.
compile_begin() {
	: >"$WORK/compiled"
	(
		# Whatever happens here, nobody waits for it in vain.
		trap 'printf "%s\n" linked warned >>"$WORK/compiled"' EXIT
		[[ -z $SUBMISSION ]] || compile_all
	) &
	COMPILING=$!
}

compile_end() {
	wait "$COMPILING"
}

compile_all() {
	CC=${CC:-cc}
	hide_others
	chmod 777 "$WORK/out"
	cp "$ROOT"/common/*.h "$WORK/include/"
	choose_sanitizers
	take_sources
	compile_each compile_program
	echo linked >>"$WORK/compiled"
	compile_each compile_warnings
	echo warned >>"$WORK/compiled"
	compile_account
}

# All programs at once that were not given as commands.
compile_each() { # FUNCTION
	local name sources
	local -a jobs=()
	while read -r name sources; do
		compiled_here "$name" || continue
		# shellcheck disable=SC2086 # words, from the suite's own lab.conf
		"$1" "$name" $sources &
		jobs+=($!)
	done < <(lab_programs "$LAB")
	wait "${jobs[@]}"
}

compiled_here() { # PROGRAM
	[[ ! -e $WORK/programs/$1 || -e $WORK/programs/$1.compiled ]]
}

# What the reporter and the checks "builds" and "warnings" need to know: what
# is not the compiler's comes first, for its messages may be many.
compile_account() {
	local name
	[[ ! -s $WORK/refused ]] || cp "$WORK/refused" "$WORK/results/compiler"
	while read -r name _; do
		! compiled_here "$name" || compile_ended "$name"
	done < <(lab_programs "$LAB") >>"$WORK/results/compiler"
	while read -r name _; do
		compiled_here "$name" || continue
		if [[ -e $WORK/bin/$name ]]; then
			printf 'binary: %s %s\n' "$name" "$name" >>"$WORK/results/run"
			cp "$WORK/bin/$name" "$WORK/results/$name"
		fi
		compiler_said "$WORK/$name.warnings.log" >>"$WORK/results/compiler"
		if [[ ! -s $WORK/$name.warnings.log && ! -e $WORK/bin/$name ]]; then
			compiler_said "$WORK/$name.link.log" >>"$WORK/results/compiler"
		fi
		grep -vxFf "$WORK/$name.warnings.log" "$WORK/$name.strict.log" |
			sed "s|$WORK/src/||g" >>"$WORK/results/compiler-strict" || true
	done < <(lab_programs "$LAB")
}
