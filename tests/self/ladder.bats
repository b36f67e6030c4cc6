#!/usr/bin/env bats
# ladder.bats - the ladder: what it draws, and what it makes of bad captures
#
# ladder_many.bats has what concerns many connections and two captures.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/self/ladder.bash
. "$BATS_TEST_DIRNAME/ladder.bash"

setup_file() {
	ladder_setup
}

# No line of the file is wider than WIDTH columns: bytes that go on with a
# character are not counted.
no_wider_than() { # WIDTH FILE
	perl -ne 'BEGIN { $width = shift }
		chomp; s/[\x80-\xbf]//g;
		die "$ARGV: line $.: ", length, " columns\n"
			if length > $width;
		close ARGV if eof' "$1" "$2"
}

# --- what it draws -------------------------------------------------------------

@test "ladder: every capture is drawn as before, in 80 columns" {
	golden .txt '*' --unicode
}

@test "ladder: the same in ASCII" {
	golden .ascii.txt 'lo' --ascii
	golden .ascii.txt '*-router' --ascii
}

@test "ladder: notes stand at the right from 120 columns" {
	golden .120.txt 'fw-any' --unicode --width 120
	golden .120.txt 'icmp6-client' --unicode --width 120
}

@test "ladder: events of every capture" {
	golden .events '*' --events
}

@test "ladder: an event has 15 fields, without a space in any" {
	local file
	for file in "$CAPTURES"/*.events; do
		awk 'NF != 15 { print FILENAME ": " $0; bad = 1 }
			END { exit bad }' "$file"
	done
}

@test "ladder: no line is wider than it was told" {
	local file width
	for file in "$CAPTURES"/*.pcap "$MADE"/*.pcap; do
		for width in 60 79 80 119 120 400; do
			"$LADDER" --unicode --width "$width" \
				--hosts "$CAPTURES/hosts" "$file" \
				>"$BATS_TEST_TMPDIR/out"
			no_wider_than "$width" "$BATS_TEST_TMPDIR/out"
		done
	done
}

@test "ladder: ASCII is ASCII, and without a terminal there is no color" {
	local file
	for file in "$CAPTURES"/*.pcap; do
		"$LADDER" "$file" >"$BATS_TEST_TMPDIR/out"
		run -1 grep -P '[^\x20-\x7e]' "$BATS_TEST_TMPDIR/out"
	done
}

@test "ladder: a locale with UTF-8 gives box drawing" {
	locale -a | grep -qix 'C.utf-\?8' || skip 'there is no C.UTF-8 here'
	LC_ALL=C.UTF-8 "$LADDER" "$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/out"
	diff "$CAPTURES/lo.txt" "$BATS_TEST_TMPDIR/out"
}

@test "ladder: --color=always colors, and takes nothing of the text away" {
	"$LADDER" --color=always --unicode --at router \
		--hosts "$CAPTURES/hosts" "$CAPTURES/reject-router.pcap" \
		>"$BATS_TEST_TMPDIR/out"
	grep -q $'\033\[31m' "$BATS_TEST_TMPDIR/out"
	sed -i $'s/\033\[[0-9]*m//g' "$BATS_TEST_TMPDIR/out"
	diff "$CAPTURES/reject-router.txt" "$BATS_TEST_TMPDIR/out"
}

@test "ladder: a drop is not proven without the router's view" {
	run -0 "$LADDER" --events "$CAPTURES/drop-server.pcap"
	[[ $output == *' unknown 63 '* && $output != *drop* ]]
	run -0 "$LADDER" --events --at router "$CAPTURES/drop-server.pcap"
	[[ $output == *' dropped 63 '* ]]
}

@test "ladder: a pipe shows what a file shows, once the host is known" {
	"$LADDER" --unicode <"$CAPTURES/fw-any.pcap" >"$BATS_TEST_TMPDIR/out"
	diff "$CAPTURES/fw-any.txt" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --unicode --at router < <(cat "$CAPTURES/fw-any.pcap") |
		sed 's/, at router$/, at the router/' >"$BATS_TEST_TMPDIR/out"
	diff "$CAPTURES/fw-any.txt" "$BATS_TEST_TMPDIR/out"
	run -0 "$LADDER" --unicode < <(cat "$CAPTURES/fw-any.pcap")
	[[ ${lines[1]} == *'?│' ]]
	[[ $output == *'── ACK seq=4 ack=2 ────────────────────────▶│ CLOSED'* ]]
}

@test "ladder: --packets shows some, and counts as the whole does" {
	"$LADDER" --events "$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/all"
	"$LADDER" --events --packets 4-6 "$CAPTURES/lo.pcap" |
		diff <(sed -n 4,6p "$BATS_TEST_TMPDIR/all") -
	"$LADDER" --events --packets 9- "$CAPTURES/lo.pcap" |
		diff <(sed -n '9,$p' "$BATS_TEST_TMPDIR/all") -
	"$LADDER" --events --packets -2 "$CAPTURES/lo.pcap" |
		diff <(sed -n 1,2p "$BATS_TEST_TMPDIR/all") -
	"$LADDER" --events --packets 3 "$CAPTURES/lo.pcap" |
		diff <(sed -n 3p "$BATS_TEST_TMPDIR/all") -
}

@test "ladder: --port shows these ports' connections as if alone" {
	local all=$CAPTURES/two-client.events
	# All connections are to port 9000; each has a client's port of its own.
	"$LADDER" --events --port 9000 "$CAPTURES/two-client.pcap" |
		diff "$all" -
	"$LADDER" --events --port 60478 "$CAPTURES/two-client.pcap" |
		diff <(grep ' 1 ' "$all" | grep ':60478 ') -
	"$LADDER" --events --port 60478,60484 "$CAPTURES/two-client.pcap" |
		diff "$all" -
	"$LADDER" --events --port 60480-60490 "$CAPTURES/two-client.pcap" \
		>"$BATS_TEST_TMPDIR/out"
	[[ $(wc -l <"$BATS_TEST_TMPDIR/out") == 10 ]]
	# The second is the first now, and time begins with it.
	grep ':60484 ' "$all" | cut -d' ' -f3- |
		diff - <(cut -d' ' -f3- "$BATS_TEST_TMPDIR/out")
	run -0 cut -d' ' -f1,2 "$BATS_TEST_TMPDIR/out"
	[[ ${lines[0]} == '0.000000 1' && ${lines[9]} == '0.000736 1' ]]
}

@test "ladder: --port counts for --packets and in the diagram" {
	"$LADDER" --events --port 60484 --packets 2 "$CAPTURES/two-client.pcap" \
		>"$BATS_TEST_TMPDIR/out"
	run -0 cat "$BATS_TEST_TMPDIR/out"
	[[ ${#lines[@]} == 1 && $output == '0.000004 1 '*' syn-ack '* ]]
	run -0 "$LADDER" --ascii --port 60484 "$CAPTURES/two-client.pcap"
	[[ $output == *:60484* && $output != *:60478* ]]
	run -0 "$LADDER" --ascii --port 60484 --port 60478 \
		"$CAPTURES/two-client.pcap"
	[[ $output == *:60478* && $output != *:60484* ]]
}

@test "ladder: --port judges an ICMP error by the segment it quotes" {
	local name
	for name in icmp-client icmp-router icmp6-client; do
		options_of "$name"
		"$LADDER" --events --port 9001 "${OPTIONS[@]}" \
			"$CAPTURES/$name.pcap" | diff "$CAPTURES/$name.events" -
		run -0 --separate-stderr "$LADDER" --events --port 9002,80 \
			"${OPTIONS[@]}" "$CAPTURES/$name.pcap"
		[[ -z $output ]]
		[[ $stderr == 'ladder: no TCP packet of port 9002,80 in this capture' ]]
	done
}

@test "ladder: --port takes nothing for dropped that NAT sent on" {
	local port
	options_of nat-router
	for port in 80 9000; do
		# Field by field as in the whole, but for what counts.
		"$LADDER" --events --port "$port" "${OPTIONS[@]}" \
			"$CAPTURES/nat-router.pcap" | cut -d' ' -f3-14 |
			diff <(grep ":$port " "$CAPTURES/nat-router.events" |
				cut -d' ' -f3-14) -
	done
	# Nor for the router's own what came in from another port.
	printf '%s\n' \
		'1.000000 in 198.51.100.10:40000 203.0.113.20:80 S 1 0 0 64 7' \
		'1.000010 out 198.51.100.10:40000 203.0.113.20:9000 S 1 0 0 63 7' \
		'1.000020 in 203.0.113.20:9000 198.51.100.10:40000 RA 0 2 0 64 8' \
		'1.000030 out 203.0.113.20:80 198.51.100.10:40000 RA 0 2 0 63 8' |
		pcap make >"$BATS_TEST_TMPDIR/in.pcap"
	run -0 "$LADDER" --events --at router --port 80 \
		"$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 2 ]]
	[[ ${lines[0]} == *' syn SYN '*' passed 64 '*' connect' ]]
	[[ ${lines[1]} == *' rst RST,ACK '*' passed 63 '*' refused' ]]
}

# --- the picture ---------------------------------------------------------------

@test "ladder: --svg draws as before, byte for byte" {
	golden .svg 'fw-retry' --svg --title 'SYN dropped, then sent again'
	golden .svg 'icmp6-client' --svg
	golden .svg 'holes-client' --svg
}

@test "ladder: every picture can be read: no text touches another" {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	local file name
	for file in "$CAPTURES"/*.pcap "$MADE"/*.pcap; do
		name=$(basename "$file" .pcap)
		options_of "$name"
		"$LADDER" --svg "${OPTIONS[@]}" "$file" \
			>"$BATS_TEST_TMPDIR/$name.svg"
		"$LADDER_ASAN" --svg "${OPTIONS[@]}" "$file" |
			cmp - "$BATS_TEST_TMPDIR/$name.svg"
	done
	"$LADDER" --svg --title "$(printf 'many words %.0s' {1..20})" \
		"$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/title.svg"
	head -c 24 "$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/in.pcap"
	"$LADDER" --svg "$BATS_TEST_TMPDIR/in.pcap" \
		>"$BATS_TEST_TMPDIR/empty.svg" 2>"$BATS_TEST_TMPDIR/said"
	python3 "$CAPTURES/svg.py" "$BATS_TEST_TMPDIR"/*.svg
}

@test "ladder: a picture's title is text, whatever is in it" {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	"$LADDER" --svg --title $'a <b> & "c" \xff\x01 \xef\xbf\xbe \xed\xa0\x80 \xc3\xa9' \
		"$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/out.svg"
	python3 "$CAPTURES/svg.py" "$BATS_TEST_TMPDIR/out.svg"
	grep -qF $'<title>a &lt;b&gt; &amp; &quot;c&quot; ?? ??? ??? \xc3\xa9</title>' \
		"$BATS_TEST_TMPDIR/out.svg"
}

@test "ladder: a picture of many packets says how many it leaves out" {
	command -v python3 >/dev/null || skip 'python3 is not installed'
	perl -e 'for (0 .. 1200) {
			printf "%d.%06d out 192.0.2.1:40000 192.0.2.2:80 " .
				"PA %d 1 1\n", 1 + $_ / 1000, $_ % 1000 * 1000,
				1 + $_ }' |
		pcap make >"$BATS_TEST_TMPDIR/in.pcap"
	"$LADDER" --svg "$BATS_TEST_TMPDIR/in.pcap" \
		>"$BATS_TEST_TMPDIR/out.svg"
	grep -qF '>201 more packets are not drawn' "$BATS_TEST_TMPDIR/out.svg"
	python3 "$CAPTURES/svg.py" "$BATS_TEST_TMPDIR/out.svg"
}

# --- other captures -------------------------------------------------------------

@test "ladder: either byte order, micro- and nanoseconds" {
	local order unit name
	for name in fw-any lo icmp6-client; do
		for order in little big; do
			for unit in micro nano; do
				pcap recode "$order" "$unit" \
					<"$CAPTURES/$name.pcap" \
					>"$BATS_TEST_TMPDIR/in.pcap"
				options_of "$name"
				"$LADDER" --events "${OPTIONS[@]}" \
					"$BATS_TEST_TMPDIR/in.pcap" |
					diff "$CAPTURES/$name.events" -
			done
		done
	done
}

@test "ladder: link types 101 and 113 as 276" {
	pcap make little micro 113 <"$CAPTURES/late-router.packets" |
		"$LADDER" --events --at router --hosts "$CAPTURES/hosts" |
		diff "$CAPTURES/late-router.events" -
	# Without In and Out, the addresses in --hosts tell.
	pcap make little micro 101 <"$CAPTURES/crossed-client.packets" |
		"$LADDER" --events --at client --hosts "$CAPTURES/hosts" |
		diff "$CAPTURES/crossed-client.events" -
}

@test "ladder: another link type is named, and refused" {
	perl -e 'print pack("VvvVVVV", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 127)' \
		>"$BATS_TEST_TMPDIR/in.pcap"
	run -1 "$LADDER" "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 1 && $output == *'link type 127 is not read'* ]]
}

@test "ladder: pcapng: sections, interfaces, resolutions, unknown blocks" {
	local resolution name
	# 10^-6, 10^-9, and 2^-22 seconds.
	for resolution in 6 9 150; do
		for name in lo fw-any icmp6-client window-client; do
			pcap ng "$resolution" <"$CAPTURES/$name.pcap" \
				>"$BATS_TEST_TMPDIR/in.pcapng"
			options_of "$name"
			"$LADDER_ASAN" --events "${OPTIONS[@]}" \
				"$BATS_TEST_TMPDIR/in.pcapng" |
				diff "$CAPTURES/$name.events" -
			"$LADDER" --events "${OPTIONS[@]}" --at router \
				< <(cat "$BATS_TEST_TMPDIR/in.pcapng") |
				diff <("$LADDER" --events "${OPTIONS[@]}" \
					--at router "$CAPTURES/$name.pcap") -
		done
	done
}

@test "ladder: pcapng: extreme resolutions and offsets keep the packets" {
	local resolution
	for resolution in 0 3 12 19 20 64 127 128 138 160 192 255; do
		pcap ng "$resolution" <"$CAPTURES/lo.pcap" \
			>"$BATS_TEST_TMPDIR/in.pcapng" 2>/dev/null
		run -0 --separate-stderr "$LADDER_ASAN" --events \
			"$BATS_TEST_TMPDIR/in.pcapng"
		[[ ${#lines[@]} == 10 && -z $stderr ]]
	done
}

# Without what counts from the beginning of the capture.
events_sorted() { # FILE...
	local file
	for file in "$@"; do
		"$LADDER" --events "$CAPTURES/$file" | cut -d' ' -f3-
	done | sort
}

@test "ladder: pcapng as Wireshark's mergecap and dumpcap write it" {
	# lo.pcap and binary-client.pcap, of two link types.
	diff <(events_sorted lo.pcap binary-client.pcap) \
		<(events_sorted merged.pcapng)
	run -0 "$LADDER" --events "$CAPTURES/dumpcap.pcapng"
	[[ ${#lines[@]} == 10 && $output == *' syn '*' done' ]]
}

@test "ladder: pcapng: what does not fit together ends it in one sentence" {
	pcap ng 6 <"$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/whole.pcapng"
	# TYPE of the block, OFFSET in it, FORMAT and VALUE of what is written.
	spoiled 0x0a0d0d0a 4 V 27 'claims 27 bytes'
	spoiled 0x0a0d0d0a 8 V 1 'without its byte order'
	spoiled 0x0a0d0d0a 12 v 2 'only version 1'
	spoiled 1 4 V 0 'claims 0 bytes'
	spoiled 6 4 V 0xfffffffc 'claims 4294967292 bytes'
	spoiled 6 8 V 7 'is of interface 7, which it does not describe'
	spoiled 6 20 V 0xffffffff 'claims more bytes than its block has'
}

# Spoil the first block of a type in whole.pcapng; the ladder says SENTENCE.
spoiled() { # TYPE OFFSET FORMAT VALUE SENTENCE
	perl -e 'binmode $_ for STDIN, STDOUT;
		my ($type, $offset, $format, $value) = @ARGV;
		local $/;
		my $all = <STDIN>;
		my $at = 0;
		$at += unpack "V", substr $all, $at + 4, 4
			while unpack("V", substr $all, $at, 4) != oct $type;
		my $new = pack $format, $value =~ /^0x/ ? oct $value : $value;
		substr($all, $at + $offset, length $new) = $new;
		print $all' "$1" "$2" "$3" "$4" \
		<"$BATS_TEST_TMPDIR/whole.pcapng" >"$BATS_TEST_TMPDIR/in.pcapng"
	run -1 --separate-stderr "$LADDER_ASAN" --events \
		"$BATS_TEST_TMPDIR/in.pcapng"
	[[ $(wc -l <<<"$stderr") == 1 && $stderr == *"$5"* ]]
}

@test "ladder: link types 0 and 1 as 276, with VLAN tags and all the rest" {
	local link
	pcap make little micro 1 <"$CAPTURES/layers-client.packets" |
		"$LADDER" --events --at client --hosts "$CAPTURES/hosts" |
		diff "$CAPTURES/layers-client.events" -
	sed 's/vlan=[0-9,]*//' "$CAPTURES/layers-client.packets" |
		pcap make little micro 0 |
		"$LADDER" --events --at client --hosts "$CAPTURES/hosts" |
		diff "$CAPTURES/layers-client.events" -
}

@test "ladder: a fragment without its first is left out, and said" {
	sed '/frag=0-40/d' "$CAPTURES/layers-client.packets" | pcap make \
		>"$BATS_TEST_TMPDIR/in.pcap"
	run -0 --separate-stderr "$LADDER" --events "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 12 ]]
	[[ $stderr == 'ladder: 2 later fragments of IP packets left out' ]]
}

@test "ladder: headers that the snap length cuts are counted" {
	pcap cut 45 <"$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/in.pcap"
	run -0 --separate-stderr "$LADDER" "$BATS_TEST_TMPDIR/in.pcap"
	[[ -z $output && $(wc -l <<<"$stderr") == 2 ]]
	[[ $stderr == *'10 TCP packets left out: the snap length cuts'* ]]
}

@test "ladder: an empty input is not an empty capture" {
	run -1 "$LADDER" </dev/null
	[[ $output == 'ladder: the input is empty: no capture' ]]
	head -c 24 "$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/in.pcap"
	run -0 "$LADDER" "$BATS_TEST_TMPDIR/in.pcap"
	[[ $output == 'ladder: no TCP packet in this capture' ]]
}

@test "ladder: what is no capture at all is told so" {
	run -1 "$LADDER" "$CAPTURES/hosts"
	[[ ${#lines[@]} == 1 && $output == *'not a capture'* ]]
	run -1 "$LADDER" "$BATS_TEST_TMPDIR"
	[[ ${#lines[@]} == 1 && $output == *directory* ]]
	run -1 "$LADDER" "$BATS_TEST_TMPDIR/none"
	[[ ${#lines[@]} == 1 && $output == *'No such file'* ]]
}

@test "ladder: a packet of absurd length ends it, after what came before" {
	{
		head -c 114 "$CAPTURES/lo.pcap"
		perl -e 'print pack("V4", 1, 0, 0x7fffffff, 0x7fffffff)'
	} >"$BATS_TEST_TMPDIR/in.pcap"
	run -1 --separate-stderr "$LADDER" --events "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 1 && ${lines[0]} == *' syn '* ]]
	[[ $stderr == *'packet 2, at byte 114, claims 2147483647 bytes' ]]
}

@test "ladder: a torn capture is drawn as far as it goes" {
	head -c 200 "$CAPTURES/lo.pcap" >"$BATS_TEST_TMPDIR/in.pcap"
	run -1 --separate-stderr "$LADDER" "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${lines[1]} == *'-- SYN seq=0 --'* ]]
	[[ $stderr == *'torn: it ends at byte 200, inside packet 2' ]]
}

@test "ladder: what is torn off a router's capture proves no drop" {
	head -c 120 "$CAPTURES/fw-any.pcap" >"$BATS_TEST_TMPDIR/whole.pcap"
	head -c 125 "$CAPTURES/fw-any.pcap" >"$BATS_TEST_TMPDIR/torn.pcap"
	run -0 "$LADDER" --events --at router "$BATS_TEST_TMPDIR/whole.pcap"
	[[ $output == *' dropped '* ]]
	run -1 --separate-stderr "$LADDER" --events --at router \
		"$BATS_TEST_TMPDIR/torn.pcap"
	[[ $output == *' unknown '* ]]
}

@test "ladder: torn at every byte there is" {
	local size at
	size=$(stat -c %s "$CAPTURES/reject-router.pcap")
	for ((at = 0; at <= size; at++)); do
		head -c "$at" "$CAPTURES/reject-router.pcap" \
			>"$BATS_TEST_TMPDIR/in.pcap"
		sane "$LADDER" "$BATS_TEST_TMPDIR/in.pcap"
		sane "$LADDER_ASAN" "$BATS_TEST_TMPDIR/in.pcap"
	done
}

@test "ladder: snap lengths that cut anywhere" {
	local at
	for at in {0..90..3}; do
		pcap cut "$at" <"$CAPTURES/icmp-client.pcap" \
			>"$BATS_TEST_TMPDIR/in.pcap"
		sane "$LADDER_ASAN" "$BATS_TEST_TMPDIR/in.pcap"
	done
}

@test "ladder: spoilt bytes anywhere" {
	local seed name
	for name in icmp6-client nat-router two-client; do
		for seed in {1..40}; do
			pcap spoil "$seed" <"$CAPTURES/$name.pcap" \
				>"$BATS_TEST_TMPDIR/in.pcap"
			sane "$LADDER_ASAN" --at router \
				"$BATS_TEST_TMPDIR/in.pcap"
			sane "$LADDER_ASAN" --events \
				"$BATS_TEST_TMPDIR/in.pcap"
			sane "$LADDER_ASAN" --events --port 9001,80 \
				--at router "$BATS_TEST_TMPDIR/in.pcap"
		done
	done
}

@test "ladder: more connections than it remembers, more steps than it queues" {
	# 20,000 SYNs from as many ports, within 20 ms: none is answered.
	perl -e 'for (0 .. 19999) {
			printf "1.%06d out 198.51.100.%d:%d 203.0.113.20:80 " .
				"S 1 0 0\n", $_, 10 + $_ / 10000,
				1024 + $_ % 10000 }' |
		pcap make >"$BATS_TEST_TMPDIR/in.pcap"
	run -0 "$LADDER_ASAN" --events --at client "$BATS_TEST_TMPDIR/in.pcap"
	[[ ${#lines[@]} == 20000 ]]
	# Those for which there was no room claim nothing; the rest were not
	# answered.
	[[ ${lines[0]} == *' sent '* && ${lines[19999]} == *' unknown '* ]]
}

# --- live ------------------------------------------------------------------------

@test "ladder: live, a packet is shown before the next one comes" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --events <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" \
		3>&- 4>&- &
	local ladder=$!
	exec 6>"$BATS_TEST_TMPDIR/in" 7<"$BATS_TEST_TMPDIR/out"
	# The SYN alone is shown once nothing has answered it for a while.
	head -c 114 "$CAPTURES/lo.pcap" >&6
	next_line
	[[ $LINE == *' syn '*' unknown '* ]]
	# The SYN,ACK and the ACK that answers it are shown without delay.
	tail -c +115 "$CAPTURES/lo.pcap" | head -c 172 >&6
	next_line
	[[ $LINE == *' syn-ack '*' arrived '* ]]
	next_line
	[[ $LINE == *' ack '*handshake-done ]]
	kill -0 "$ladder"
	exec 6>&-
	wait "$ladder"
	exec 7<&-
}

@test "ladder: live, time passes with what --port passes over" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$LADDER" --events --port 80 <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
	local ladder=$! others
	exec 6>"$BATS_TEST_TMPDIR/in" 7<"$BATS_TEST_TMPDIR/out"
	# A SYN without an answer, and others' packets without a pause.
	perl -e 'print "1.000000 out 192.0.2.1:40000 192.0.2.2:80 S 1 0 0\n";
		for (my $n = 1; ; $n++) {
			printf "%d.%06d out 192.0.2.1:81 192.0.2.2:81 " .
				"A 1 1 0\n", 1 + $n / 1000, $n % 1000 * 1000
				or last;
		}' | pcap make >&6 3>&- 4>&- 7<&- &
	others=$!
	next_line || true
	kill "$ladder" "$others"
	wait "$ladder" "$others" || true
	exec 6>&- 7<&-
	[[ $LINE == *':80 syn '*' unknown '* ]]
}

@test "ladder: --until-mark ends at the mark, while the pipe is still open" {
	mkfifo "$BATS_TEST_TMPDIR/in"
	"$LADDER" --events --until-mark stop-here <"$BATS_TEST_TMPDIR/in" \
		>"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
	local ladder=$!
	exec 6>"$BATS_TEST_TMPDIR/in"
	printf '%s\n' \
		'1.000000 in 127.0.0.1:9 127.0.0.1:10 UDP stop-here' \
		'1.000000 in 127.0.0.1:9 127.0.0.1:9 UDP stop' \
		'1.000001 in 127.0.0.1:40000 127.0.0.1:80 S 1 0 0' \
		'1.000002 in 127.0.0.1:9 127.0.0.1:9 UDP stop-here-now' \
		'1.000003 in 127.0.0.1:40001 127.0.0.1:80 S 1 0 0' |
		pcap make >&6
	wait "$ladder"
	exec 6>&-
	run -0 cat "$BATS_TEST_TMPDIR/out"
	[[ ${#lines[@]} == 1 && $output == *':40000 '* ]]
}

@test "ladder: a mark that never comes is an error" {
	run -1 --separate-stderr "$LADDER" --events --until-mark x \
		"$CAPTURES/lo.pcap"
	[[ ${#lines[@]} == 10 && $stderr == *"before the mark 'x'" ]]
}

# --- output and options ------------------------------------------------------------

# shellcheck disable=SC2016 # the inner shell expands them
@test "ladder: an output that is full is an error, one that closed is none" {
	run -1 bash -c '"$LADDER" "$CAPTURES/lo.pcap" >/dev/full'
	[[ ${#lines[@]} == 1 && $output == *'No space left on device' ]]
	run -1 bash -c '"$LADDER" --help >/dev/full'
	run -0 bash -c 'set -o pipefail
		{ sleep 0.1; "$LADDER" "$CAPTURES/lo.pcap"; } | true'
	[[ -z $output ]]
}

@test "ladder: --help is on stdout, a mistake in the options exits with 2" {
	run -0 --separate-stderr "$LADDER" --help
	[[ $output == 'usage: ladder '* && -z $stderr ]]
	local bad
	for bad in --nonsense --width --width=59 --width=401 --width=80x \
		--color=red --color '--until-mark=' --packets=0 --packets=3-2 \
		--packets=a --packets=- --at=nobody --packets=1-2-3 \
		--port --port= --port=0 --port=70000 '--port=80,' --port=-1 \
		--port=80x --port=90-80 --port=1-65 --port=no-such-service; do
		run -2 --separate-stderr "$LADDER" $bad "$CAPTURES/lo.pcap" \
			</dev/null
		[[ -z $output && $stderr == *'usage: ladder '* ]]
	done
	run -2 "$LADDER" --events --svg "$CAPTURES/lo.pcap"
	run -2 "$LADDER" --port 70000 "$CAPTURES/lo.pcap"
	[[ $output == *'ports from 1 to 65535'*"not '70000'"* ]]
	run -0 "$LADDER" --port 65535,1-63 "$CAPTURES/lo.pcap"
	run -2 "$LADDER" "$CAPTURES"/{lo,lo,lo}.pcap
	run -1 "$LADDER" --hosts "$BATS_TEST_TMPDIR/none" "$CAPTURES/lo.pcap"
}

@test "ladder: names in --hosts never carry escapes to the terminal" {
	printf '127.0.0.1 evil\033[31m\n127.0.0.1 \xc3\xa9\n' \
		>"$BATS_TEST_TMPDIR/hosts"
	run -0 "$LADDER" --hosts "$BATS_TEST_TMPDIR/hosts" "$CAPTURES/lo.pcap"
	[[ $output != *$'\033'* && $output == *'client 127.0.0.1'* ]]
}

@test "ladder: valgrind is silent" {
	command -v valgrind >/dev/null || skip "valgrind is not installed"
	local capture
	for capture in "$CAPTURES"/{fw-any,ok-cli,icmp6-client,two-client}.pcap; do
		run -0 valgrind -q --error-exitcode=99 --leak-check=full \
			--track-fds=yes "$LADDER" "$capture"
		run -0 valgrind -q --error-exitcode=99 --leak-check=full \
			"$LADDER" --events --port 80 --port 9000 "$capture"
	done
}
