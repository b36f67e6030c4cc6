#!/usr/bin/env bats
# ladder_many.bats - the ladder: many connections, filters, two captures

bats_require_minimum_version 1.5.0

# shellcheck source=tests/self/ladder.bash
. "$BATS_TEST_DIRNAME/ladder.bash"

FUZZ_S=5 # seconds in libFuzzer; what it has found is in corpus/

setup_file() {
	ladder_setup
	export TRAFFIC=$ROOT/tests/bench/ladder_traffic.pl
}

# --- one line a connection ------------------------------------------------------

@test "ladder: --summary of every capture" {
	local file name
	for file in "$CAPTURES"/*.pcap "$MADE"/*.pcap; do
		name=$(basename "$file" .pcap)
		options_of "$name"
		echo "$name"
		"$LADDER" --summary "${OPTIONS[@]}" "$file"
	done | expect "$CAPTURES/summary.txt"
}

@test "ladder: --summary says how a connection ended as soon as it has" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --summary <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		3>&- 4>&- &
	local ladder=$!
	exec 6>"$BATS_TEST_TMPDIR/in" 7<"$BATS_TEST_TMPDIR/out"
	cat "$CAPTURES/lo.pcap" >&6
	next_line
	[[ $LINE == '#1 '*'closed: client was done first' ]]
	next_line
	[[ $LINE == '#2 '*'refused (RST)'* ]]
	kill -0 "$ladder"
	exec 6>&-
	wait "$ladder"
	exec 7<&-
}

# --- filters ---------------------------------------------------------------------

@test "ladder: --host shows the connections of an address or a name" {
	local all=$CAPTURES/nat-router.events
	options_of nat-router
	"$LADDER" --events "${OPTIONS[@]}" --host server \
		"$CAPTURES/nat-router.pcap" | cut -d' ' -f3-14 |
		diff <(grep 203.0.113.20 "$all" | cut -d' ' -f3-14) -
	"$LADDER" --events "${OPTIONS[@]}" --host client,203.0.113.20 \
		"$CAPTURES/nat-router.pcap" | diff "$all" -
	"$LADDER" --events --host ::1 "$CAPTURES/lo.pcap" \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/said"
	[[ ! -s $BATS_TEST_TMPDIR/out ]]
	grep -qx 'ladder: no TCP packet of ::1 in this capture' \
		"$BATS_TEST_TMPDIR/said"
	local bad
	for bad in nobody 203.0.113 '' 'server,' 1::2::3; do
		run -2 "$LADDER" --host "$bad" --hosts "$CAPTURES/hosts" \
			"$CAPTURES/lo.pcap"
		[[ $output == *'--host takes addresses and names'* ]]
	done
}

@test "ladder: --connection shows one, with its number and times" {
	"$LADDER" --events --connection 2 "$CAPTURES/two-client.pcap" |
		diff <(awk '$2 == 2' "$CAPTURES/two-client.events") -
	"$LADDER" --events --connection 1-2 "$CAPTURES/two-client.pcap" |
		diff "$CAPTURES/two-client.events" -
	run -0 "$LADDER" --ascii --connection 2 "$CAPTURES/two-client.pcap"
	[[ $output == *'#2   time'* && $output != *again* ]]
	run -0 "$LADDER" --summary --connection 2 "$CAPTURES/two-client.pcap"
	[[ ${#lines[@]} == 1 && $output == '#2 '* ]]
	run -2 "$LADDER" --connection 0 "$CAPTURES/lo.pcap"
	run -0 "$LADDER" --connection 9 "$CAPTURES/lo.pcap"
	[[ $output == 'ladder: the connections of this capture are #1 to #2' ]]
}

# --- many ------------------------------------------------------------------------

@test "ladder: a scan of 65535 ports is summed up, in bounded memory" {
	perl "$TRAFFIC" scan 65535 >"$BATS_TEST_TMPDIR/scan.pcap"
	local sum='198.51.100.10 asks 203.0.113.20 for 65519 more ports'
	sum+=' (#17 to #65535), within 1.310 s: 1 answers (80), 65453 refuse,'
	sum+=' 65 do not answer'
	(
		ulimit -v 65536
		"$LADDER" --ascii --width 400 "$BATS_TEST_TMPDIR/scan.pcap"
	) >"$BATS_TEST_TMPDIR/out"
	[[ $(grep -c "connect()" "$BATS_TEST_TMPDIR/out") == 16 ]]
	grep -qF "$sum" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --summary "$BATS_TEST_TMPDIR/scan.pcap" \
		>"$BATS_TEST_TMPDIR/out"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/out") == 17 ]]
	grep -qxF "$sum" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --svg "$BATS_TEST_TMPDIR/scan.pcap" >"$BATS_TEST_TMPDIR/out.svg"
	tr '\n' ' ' <"$BATS_TEST_TMPDIR/out.svg" | grep -qF "$sum"
	if command -v python3 >/dev/null; then
		python3 "$CAPTURES/svg.py" "$BATS_TEST_TMPDIR/out.svg"
	fi
	# Nothing is left out for scripts.
	run -0 "$LADDER" --events "$BATS_TEST_TMPDIR/scan.pcap"
	[[ ${#lines[@]} == 131006 ]]
}

@test "ladder: live, a scan is summed up when it has come to rest" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --summary <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		3>&- 4>&- &
	local ladder=$! i
	exec 6>"$BATS_TEST_TMPDIR/in" 7<"$BATS_TEST_TMPDIR/out"
	# No more than a pipe can hold.
	in_one_piece "$ladder" perl "$TRAFFIC" scan 300 >&6
	for i in {1..17}; do
		next_line
	done
	[[ $LINE == *'asks'*'for 284 more ports'* ]]
	kill -0 "$ladder"
	exec 6>&-
	wait "$ladder"
	exec 7<&-
}

@test "ladder: what carries data is no scan" {
	# 100 ports in turn, each with a byte.
	perl -e 'for (1 .. 100) {
			my ($t, $end) = ($_ * 10,
				"192.0.2.1:4000 192.0.2.2:$_");
			my $back = "192.0.2.2:$_ 192.0.2.1:4000";
			printf "1.%06d out %s S 1 0 0\n", $t, $end;
			printf "1.%06d in %s SA 1 2 0\n", $t + 1, $back;
			printf "1.%06d out %s PA 2 2 1\n", $t + 2, $end;
			printf "1.%06d in %s RA 2 3 0\n", $t + 3, $back;
		}' | pcap make >"$BATS_TEST_TMPDIR/in.pcap"
	run -0 "$LADDER" --summary "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 100 && $output != *asks* ]]
}

@test "ladder: thousands of connections, in bounded memory" {
	perl "$TRAFFIC" talk 20000 1 >"$BATS_TEST_TMPDIR/in.pcap"
	(
		ulimit -v 65536
		"$LADDER" --summary "$BATS_TEST_TMPDIR/in.pcap"
	) >"$BATS_TEST_TMPDIR/out"
	[[ $(grep -c '64 > 256 bytes, closed: client was done first$' \
		"$BATS_TEST_TMPDIR/out") == 20000 ]]
}

# --- two captures as one -----------------------------------------------------------

# The capture of a host, as a file.
view() { # HOST NAME
	local packets=$CAPTURES/two/$1-$2.packets
	if [[ -e $packets && ! -e $MADE/$1-$2.pcap ]]; then
		pcap make <"$packets" >"$MADE/$1-$2.pcap"
	fi
	[[ -e $packets ]] && echo "$MADE/$1-$2.pcap" ||
		echo "$CAPTURES/two/$1-$2.pcap"
}

# `ladder OPTION...` of what NAME is the captures of.
two() { # NAME OPTION...
	local name=$1
	shift
	"$LADDER_ASAN" "$@" --hosts "$CAPTURES/hosts" "$(view client "$name")" \
		"$(view router "$name")"
}

@test "ladder: two captures become one ladder" {
	local name bad=0
	for name in retry reset icmp reply nat lost; do
		two "$name" --unicode | expect "$CAPTURES/two/$name.txt" ||
			bad=1
		two "$name" --events | expect "$CAPTURES/two/$name.events" ||
			bad=1
	done
	two reply --svg | expect "$CAPTURES/two/reply.svg" || bad=1
	((bad == 0))
}

@test "ladder: two captures: where each was made may be told otherwise" {
	local dir=$BATS_TEST_TMPDIR
	cp "$CAPTURES/two/client-nat.pcap" "$dir/a"
	cp "$CAPTURES/two/router-nat.pcap" "$dir/b"
	local -a hosts=(--events --hosts "$CAPTURES/hosts")
	# The order does not matter, nor the format; a router shows itself.
	"$LADDER" "${hosts[@]}" "router=$dir/b" "client=$dir/a" |
		diff "$CAPTURES/two/nat.events" -
	cp "$CAPTURES/two/router-retry.pcap" "$dir/c"
	"$LADDER" "${hosts[@]}" "$CAPTURES/two/client-retry.pcap" "$dir/c" |
		diff "$CAPTURES/two/retry.events" -
	pcap ng 9 <"$dir/b" >"$dir/ng"
	"$LADDER" "${hosts[@]}" "client=$dir/a" "router=-" <"$dir/ng" |
		diff "$CAPTURES/two/nat.events" -
	# Without names for the addresses, In and Out still tell.
	"$LADDER" --events "client=$dir/a" "router=$dir/b" |
		diff "$CAPTURES/two/nat.events" -
	run -2 "$LADDER" "$dir/a" "$dir/b"
	[[ $output == *"where was $dir/a captured? NAME=FILE tells it"* ]]
	run -2 "$LADDER" "router=$dir/a" "router=$dir/b"
	[[ $output == *'two captures of one router'* ]]
	run -2 "$LADDER" "nobody=$dir/a" "router=$dir/b"
	[[ $output == *"not 'nobody'"* ]]
	run -1 "$LADDER" "client=$dir/a" "router=$dir/none"
	[[ $output == *"$dir/none: No such file"* ]]
}

@test "ladder: two captures: both ends tell what was lost between" {
	"$LADDER" --unicode --hosts "$CAPTURES/hosts" \
		"$CAPTURES"/two/{client,server}-retry.pcap |
		expect "$CAPTURES/two/ends.txt"
	"$LADDER" --events --hosts "$CAPTURES/hosts" \
		"$CAPTURES"/two/{server,router}-nat.pcap >"$BATS_TEST_TMPDIR/out"
	grep -q ' nat$\|,nat$' "$BATS_TEST_TMPDIR/out"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/out") == 10 ]]
}

@test "ladder: two captures: a torn one is read as far as it goes" {
	head -c 400 "$CAPTURES/two/router-nat.pcap" \
		>"$BATS_TEST_TMPDIR/router.pcap"
	cp "$CAPTURES/two/client-nat.pcap" "$BATS_TEST_TMPDIR/client.pcap"
	run -1 "$LADDER_ASAN" --events "$BATS_TEST_TMPDIR"/{client,router}.pcap
	[[ ${lines[10]} == *'router.pcap: the capture is torn'* ]]
	# What the torn one no longer shows is not taken for lost.
	[[ ${#lines[@]} == 11 && $output != *dropped* ]]
}

@test "ladder: two captures, live: a packet is shown before the next" {
	mkfifo "$BATS_TEST_TMPDIR"/{client,router,out}
	"$LADDER" --events "$BATS_TEST_TMPDIR"/{client,router} \
		>"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
	local ladder=$!
	# The ladder itself opens the captures, behind its output.
	exec 7<"$BATS_TEST_TMPDIR/out" 5>"$BATS_TEST_TMPDIR/client" \
		6>"$BATS_TEST_TMPDIR/router"
	# The SYN, as it leaves the client and passes the router.
	both() {
		head -c $((24 + 16 + 20 + 60)) \
			"$CAPTURES/two/client-reply.pcap" >&5
		head -c $((24 + 2 * (16 + 20 + 60))) \
			"$CAPTURES/two/router-reply.pcap" >&6
	}
	in_one_piece "$ladder" both
	next_line
	[[ $LINE == *' syn '*' passed '* ]]
	kill -0 "$ladder"
	exec 5>&- 6>&-
	wait "$ladder"
	exec 7<&-
}

@test "ladder: two captures: pictures can be read, bytes spoilt anywhere" {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	local name seed
	for name in retry reset icmp reply nat lost; do
		two "$name" --svg >"$BATS_TEST_TMPDIR/$name.svg"
	done
	python3 "$CAPTURES/svg.py" "$BATS_TEST_TMPDIR"/*.svg
	for seed in {1..60}; do
		pcap spoil "$seed" <"$CAPTURES/two/client-nat.pcap" \
			>"$BATS_TEST_TMPDIR/client.pcap"
		pcap spoil $((seed + 100)) <"$CAPTURES/two/router-nat.pcap" \
			>"$BATS_TEST_TMPDIR/router.pcap"
		sane "$LADDER_ASAN" "$BATS_TEST_TMPDIR"/{client,router}.pcap
		sane "$LADDER_ASAN" --summary \
			"$BATS_TEST_TMPDIR"/{client,router}.pcap
	done
}

# --- against others -----------------------------------------------------------------

@test "ladder: tshark sees the same flags, seq, ack and length in every packet" {
	command -v tshark >/dev/null || skip 'tshark is not installed'
	command -v python3 >/dev/null || skip 'python3 is not installed'
	perl "$TRAFFIC" talk 70 3 >"$BATS_TEST_TMPDIR/talk.pcap"
	perl "$TRAFFIC" scan 1100 >"$BATS_TEST_TMPDIR/scan.pcap"
	local name
	for name in lo ipv6-client options-client; do
		pcap ng 9 <"$(ls "$CAPTURES/$name.pcap" "$MADE/$name.pcap" \
			2>/dev/null)" >"$BATS_TEST_TMPDIR/$name.pcapng"
	done
	python3 "$CAPTURES/flows.py" "$LADDER" "$CAPTURES"/*.pcap \
		"$CAPTURES"/*.pcapng "$CAPTURES"/two/*.pcap "$MADE"/*.pcap \
		"$BATS_TEST_TMPDIR"/*.pcap "$BATS_TEST_TMPDIR"/*.pcapng
}

@test "ladder: whatever the bytes, there is no undefined behaviour (libFuzzer)" {
	command -v clang >/dev/null || skip 'clang is not installed'
	cd "$BATS_TEST_TMPDIR"
	local -a sources
	mapfile -t sources < <(find "$ROOT/common/ladder" -name '*.c' \
		! -name ladder.c)
	clang -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -D_GNU_SOURCE -DCONNS_MAX=1100 \
		-std=c17 "-I$ROOT/common" "-I$ROOT/common/ladder" -o fuzz \
		"$CAPTURES/fuzz.c" "$ROOT/common/net.c" "${sources[@]}" \
		2>said || skip "clang has no libFuzzer here: $(head -n 1 said)"
	mkdir found
	timeout -k 5 $((FUZZ_S + 300)) ./fuzz -max_total_time="$FUZZ_S" \
		-max_len=8192 -timeout=20 -rss_limit_mb=1024 found \
		"$CAPTURES/corpus" 2>&1 | tail -n 40
	[ "${PIPESTATUS[0]}" -eq 0 ]
}
