# client.bash - what checks of a client need: an input, a server, what it has
# printed (sourced)
# shellcheck shell=bash

readonly MODEL_MS=20000 # for a server of our own, in which nothing is wrong
readonly PRINT_MS=1000  # for what a program is free not to print yet

INPUT=''

input() { # LINE...
	INPUT=$HERE/input
	printf '%s\n' "$@" >"$INPUT"
}

# Lines that are all different, and before them, but for a text, bytes of every
# value.
large_input() { # BYTES [text]
	local byte bytes=''
	INPUT=$HERE/input
	[[ ${2-} == text ]] || for ((byte = 0; byte < 256; byte++)); do
		printf -v bytes '%s\\x%02x' "$bytes" "$byte"
	done
	{
		printf '%b' "$bytes"
		seq "$SEED" $((SEED + $1 / 4))
	} | head -c "$1" >"$INPUT"
	JAIL_LIMITS+=(--output $((2 * $1)))
}

# An input that has LINE, and then neither more nor an end.
endless_input() { # LINE
	INPUT=$WORK/endless
	rm -f "$INPUT"
	mkfifo "$INPUT"
	exec {ENDLESS}<>"$INPUT"
	printf '%s\n' "$1" >&"$ENDLESS"
}

# The probe as the server: at this check's port it takes one client, c.
peer_listens() { # LINE...
	peer_listens_at "$SERVER4" "$PORT" "$@"
}

peer_listens_at() { # ADDR PORT LINE...
	note port "$2"
	peer_begin server "listen l $2 $1" 'accept l c' "${@:3}"
	peer_says 'port l'
}

# The suite's own solution as the server.
model() { # HOST NAME PORT
	note port "$3"
	try_this "$1" '' "$BUILD/solution/$2" "$3"
	model_listens "$@" || grader_broken "the model server does not listen"
}

# Whether it comes to listen.
model_listens() { # HOST NAME PORT
	"$LABNS" host "$1" "$BUILD/solution/$2" "$3" >"$HERE/model" 2>&1 \
		3>&- 4>&- 10>&- </dev/null &
	PEER_PID=$!
	host_await "$1" listen "$3" "$PEER_PID" "$MODEL_MS" >/dev/null
}

# The client has a line echoed by ADDR (all that HOST means is its own affair).
echoes_to() { # HOST [ADDR [PORT]]
	local port=${3:-$PORT}
	input "hello from port $port"
	peer_listens_at "${2:-$1}" "$port" "expect c file $INPUT" \
		"send c file $INPUT" 'expect-eof c' 'close c'
	start client "$CLIENT" host="$1" port="$port"
	must_end
	peer_end
	prints_its_input
	status_is 0
}

# --- what it has said --------------------------------------------------------

prints() { # LINE
	printf '%s\n' "$1" >"$HERE/wanted"
	same_bytes "$HERE/wanted" "$HERE/${JOB_RUN[JOB]}.out" || {
		because "It did not print on stdout what it got."
	}
}

# Until it has printed LINE; it may keep that to itself until it ends.
may_print() { # LINE
	"$BUILD/lab/await" mark "$HERE/${JOB_RUN[JOB]}.out" "$1" "$PRINT_MS" ||
		true
}

prints_its_input() {
	same_bytes "$INPUT" "$HERE/${JOB_RUN[JOB]}.out" ||
		because "What it printed on stdout is not what it was given."
}

says() { # TEXT
	! grep -aqF -- "$1" "$HERE/${JOB_RUN[JOB]}.err" || return 0
	note expected "on stderr: $1"
	note got "$(head -n 1 "$HERE/${JOB_RUN[JOB]}.err" | cut -b -200 | tr -d '\0')"
	because "It did not say on stderr what it should."
}

says_nothing_of() { # TEXT
	grep -aF -m 1 -- "$1" "$HERE/${JOB_RUN[JOB]}.err" >"$HERE/unwanted" ||
		return 0
	note got "on stderr: $(cut -b -200 "$HERE/unwanted" | tr -d '\0')"
	because "It complains of what is in order."
}

# The same as says of a program that goes on, and may have to get there yet.
comes_to_say() { # TEXT [MS]
	"$BUILD/lab/await" mark "$HERE/${JOB_RUN[JOB]}.err" "$1" \
		"${2:-$LISTEN_MS}" || says "$1"
}

# Two files are the same; else where they begin to differ, for the account.
same_bytes() { # WANTED GOT
	local at
	! cmp -s -- "$1" "$2" || return 0
	at=$(cmp -- "$1" "$2" 2>&1 | sed -n 's/.* byte \([0-9]*\),\{0,1\}.*/\1/p')
	# cmp counts from 1; of a file that has ended it names the last byte.
	[[ -n $at ]] || at=1
	[[ $(cmp -- "$1" "$2" 2>&1) == *EOF* ]] || at=$((at - 1))
	[[ -s $2 ]] || at=0
	note expected "$(stat -c %s "$1") bytes"
	note got "$(stat -c %s "$2") bytes"
	note offset "$at"
	note window $((at < 8 ? 0 : at - 8))
	note expected-bytes "$(bytes_at "$1" "$at")"
	note got-bytes "$(bytes_at "$2" "$at")"
	return 1
}

# Up to 16 bytes around OFFSET, escaped as the probe does.
bytes_at() { # FILE OFFSET
	tail -c "+$(($2 < 8 ? 1 : $2 - 7))" "$1" | head -c 16 | od -An -v -t u1 |
		awk '{
			for (i = 1; i <= NF; i++)
				if ($i == 10)
					printf "\\n"
				else if ($i == 92 || $i == 34)
					printf "\\%c", $i
				else if ($i >= 32 && $i < 127)
					printf "%c", $i
				else
					printf "\\x%02x", $i
		}'
}

# --- its connection ----------------------------------------------------------

# Both ends of the first SYN of this check; wire comes first.
syn_from() {
	awk '$5 == "syn" { print $3; exit }' "$HERE/events"
}

syn_to() {
	awk '$5 == "syn" { print $4; exit }' "$HERE/events"
}

# Settings of the kernel on HOST are others until the end of this check.
kernel_setting() { # HOST FILE VALUE [FILE VALUE...]
	local host=$1 files='' change='' i
	local -a was
	shift
	for ((i = 1; i <= $#; i += 2)); do
		files+=" /proc/sys/net/${!i}"
		change+=" && echo '${*:i+1:1}' >/proc/sys/net/${!i}"
	done
	mapfile -t was < <(exec "$LABNS" host "$host" sh -c "cat$files$change")
	((${#was[@]} == $# / 2)) ||
		grader_broken "a setting of the kernel of $host: $*" || return
	for ((i = 0; i < ${#was[@]}; i++)); do
		SETTINGS+=("$host" "${*:2*i+1:1}" "${was[i]}")
	done
}

# The last first, and those of one host that follow each other in one go.
kernel_settings_back() {
	local i script=''
	for ((i = ${#SETTINGS[@]} - 3; i >= 0; i -= 3)); do
		script+="echo '${SETTINGS[i + 2]}' >/proc/sys/net/${SETTINGS[i + 1]}; "
		((i == 0)) || [[ ${SETTINGS[i - 3]} != "${SETTINGS[i]}" ]] || continue
		"$LABNS" host "${SETTINGS[i]}" sh -c "$script"
		script=''
	done
	SETTINGS=()
}

SETTINGS=()

# The kernel of host client gives out these ports, as no other machine does.
ephemeral_ports() { # FIRST COUNT
	EPHEMERAL=("$1" $(($1 + $2 - 1)))
	kernel_setting client ipv4/ip_local_port_range "${EPHEMERAL[*]}"
}

# What comes there is taken by the kernel, however much the program has read.
large_receive_buffers() { # HOST
	kernel_setting "$1" ipv4/tcp_rmem '4096 2097152 6291456'
}

# Little fits into the kernels between the two programs, whatever the machine
# allows: some let more than 16 MiB wait in the buffers of one connection.
small_buffers() {
	local host
	for host in client server; do
		kernel_setting "$host" ipv4/tcp_rmem '4096 65536 262144' \
			ipv4/tcp_wmem '4096 16384 262144'
	done
}

ephemeral() { # ENDPOINT
	local port=${1##*:}
	((port < EPHEMERAL[0] || port > EPHEMERAL[1])) || return 0
	note expected "a source port in ${EPHEMERAL[0]}-${EPHEMERAL[1]}, which is" \
		"the kernel's range just now"
	note got "$port"
	because "The client has chosen its own port: the kernel gives out others."
}
