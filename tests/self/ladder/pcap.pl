#!/usr/bin/perl
# pcap.pl - makes the captures that no network gives on demand
#
#   pcap.pl make [ORDER [UNIT [LINK]]] <PACKETS     a capture from a list
#   pcap.pl recode ORDER UNIT <CAPTURE              the same one, otherwise
#   pcap.pl ng RESOLUTION <CAPTURE                  the same one as pcapng
#   pcap.pl cut BYTES <CAPTURE                      with a snap length
#   pcap.pl skip COUNT <CAPTURE                     without its first packets
#   pcap.pl spoil SEED <CAPTURE                     with some bytes changed
#
# ORDER is little or big, UNIT micro or nano, LINK 0, 1, 101, 113 or 276, and
# RESOLUTION the if_tsresol of an interface. One line of PACKETS is a TCP
# segment: TIME in|out|- SRC:PORT DST:PORT FLAGS SEQ ACK LEN [TTL [ID]], or,
# with the flags UDP, a datagram that holds the word in the place of SEQ. Words
# may follow: win=0 mss=1460 scale=7 time=VALUE:ECHO sack=FROM-TO,... opt=HEX
# ipopt=HEX vlan=5,6 frag=FROM-TO|FROM ext=hop,dest,route,frag. Checksums are 0.
# Needs only what perl-base has.
use strict;
use warnings;
use Socket qw(AF_INET AF_INET6 inet_pton);

binmode STDIN;
binmode STDOUT;

my %flag = (F => 1, S => 2, R => 4, P => 8, A => 16, U => 32);

sub header {
	my ($order, $unit, $link) = @_;
	my $magic = $unit eq 'nano' ? 0xa1b23c4d : 0xa1b2c3d4;
	my $format = $order eq 'big' ? 'NnnNNNN' : 'VvvVVVV';
	return pack($format, $magic, 2, 4, 0, 0, 262144, $link);
}

sub record {
	my ($order, $sec, $fraction, $data, $sent) = @_;
	return pack($order eq 'big' ? 'N4' : 'V4', $sec, $fraction,
		length $data, $sent) . $data;
}

# Read a little-endian capture with microseconds, as tcpdump writes it here.
sub slurp {
	local $/;
	my $all = <STDIN>;
	my $link = unpack('V', substr($all, 20, 4));
	my ($at, @records) = (24);
	while ($at < length $all) {
		my ($sec, $usec, $len, $sent) =
			unpack('V4', substr($all, $at, 16));
		push @records,
			[$sec, $usec, substr($all, $at + 16, $len), $sent];
		$at += 16 + $len;
	}
	return ($link, @records);
}

# TCP options from the words of a line, in hex.
sub options {
	my ($word) = @_;
	my $all = '';
	$all .= pack('CCn', 2, 4, $$word{mss}) if defined $$word{mss};
	$all .= pack('CCC', 3, 3, $$word{scale}) if defined $$word{scale};
	$all .= pack('CCNN', 8, 10, split /:/, $$word{time})
		if defined $$word{time};
	my @sacks = map { split /-/ } split /,/, $$word{sack} // '';
	$all .= pack('CCN*', 5, 2 + 4 * @sacks, @sacks) if @sacks;
	$all .= pack('H*', $$word{opt}) if defined $$word{opt};
	return $all . "\0" x (-length($all) % 4);
}

sub segment {
	my ($flags, $sport, $dport, $seq, $ack, $len, $word) = @_;
	return pack('nnnn', $sport, $dport, 8 + length $seq, 0) . $seq
		if $flags eq 'UDP';
	my ($bits, $options) = (0, options($word));
	$bits |= $flag{$_} for split //, $flags;
	return pack('nnNNCCnnn', $sport, $dport, $seq, $ack,
		0x50 + length($options) / 4 * 16, $bits, $$word{win} // 1024,
		0, 0) . $options . 'x' x $len;
}

# "192.0.2.1:80" or "[2001:db8::1]:80": packed address, port.
sub endpoint {
	my ($text) = @_;
	my ($host, $port) = $text =~ /^\[?(.*?)\]?:(\d+)$/
		or die "pcap.pl: endpoint: $text\n";
	return (inet_pton($host =~ /:/ ? AF_INET6 : AF_INET, $host), $port);
}

# The part of an IPv4 packet that the word frag=FROM-TO names, in bytes behind
# the header; TO is open for the last one.
sub ipv4 {
	my ($src, $dst, $protocol, $ttl, $id, $body, $word) = @_;
	my $options = pack('H*', $$word{ipopt} // '');
	my $offset = 0;
	if (defined $$word{frag}) {
		my ($from, $to) = split /-/, $$word{frag};
		$offset = $from / 8 | (defined $to ? 0x2000 : 0);
		$body = substr($body, $from, ($to // length $body) - $from);
	}
	return pack('CCnnnCCna4a4', 0x45 + length($options) / 4, 0,
		20 + length($options) + length $body, $id, $offset, $ttl,
		$protocol, 0, $src, $dst) . $options . $body;
}

# The word ext names extension headers: hop, dest, route, frag.
sub ipv6 {
	my ($src, $dst, $protocol, $ttl, $id, $body, $word) = @_;
	my %number = (hop => 0, route => 43, frag => 44, dest => 60);
	my ($next, $all) = ($protocol, $body);
	for my $name (reverse split /,/, $$word{ext} // '') {
		my $number = $number{$name} // die "pcap.pl: ext: $name\n";
		$all = pack('CCnN', $next, 0, 0, $name eq 'frag' ? $id : 0)
			. $all;
		$next = $number;
	}
	return pack('NnCCa16a16', 0x60000000, length $all, $next, $ttl, $src,
		$dst) . $all;
}

# The link layer's header of a packet of TYPE, with tags around it.
sub link_header {
	my ($link, $way, $type, $vlans) = @_;
	my $tags = '';
	for my $vlan (reverse split /,/, $vlans // '') {
		$tags = pack('nn', $vlan, $type) . $tags;
		$type = 0x8100;
	}
	my $packet = $way eq 'out' ? 4 : 0;
	return (pack('nnnx8n', $packet, 1, 6, $type) . $tags) if $link == 113;
	return (pack('nnNnCCx8', $type, 0, 1, 1, $packet, 6) . $tags)
		if $link == 276;
	return (pack('x12n', $type) . $tags) if $link == 1;
	return pack('V', 2) if $link == 0;
	return '';
}

# A line of PACKETS as time and bytes.
sub packet {
	my ($line, $link) = @_;
	my %word = map { split /=/, $_, 2 } $line =~ /\b(\w+=\S+)/g;
	$line =~ s/\b\w+=\S+//g;
	my ($time, $way, $from, $to, $flags, $seq, $ack, $len, $ttl, $id) =
		split ' ', $line;
	my ($src, $sport) = endpoint($from);
	my ($dst, $dport) = endpoint($to);
	my $body = segment($flags, $sport, $dport, $seq, $ack, $len, \%word);
	my $v6 = length $src == 16;
	my @ip = ($src, $dst, $flags eq 'UDP' ? 17 : 6, $ttl // 64, $id // 0,
		$body, \%word);
	$time =~ /^\d+\.\d{6}$/ or die "pcap.pl: time: $time\n";
	return ($time, link_header($link, $way, $v6 ? 0x86dd : 0x0800,
		$word{vlan}) . ($v6 ? ipv6(@ip) : ipv4(@ip)));
}

sub make {
	my ($order, $unit, $link) = @_;
	print header($order, $unit, $link);
	while (<STDIN>) {
		chomp;
		next if /^\s*(#|$)/;
		my ($time, $data) = packet($_, $link);
		my ($sec, $usec) = split /\./, $time;
		print record($order, $sec,
			$unit eq 'nano' ? $usec * 1000 : $usec, $data,
			length $data);
	}
}

# --- pcapng ---

sub block {
	my ($order, $type, $body) = @_;
	my $long = $order eq 'big' ? 'N' : 'V';
	$body .= "\0" x (-length($body) % 4);
	my $len = 12 + length $body;
	return pack("$long$long", $type, $len) . $body . pack($long, $len);
}

sub option {
	my ($order, $code, $data) = @_;
	return pack($order eq 'big' ? 'nn' : 'vv', $code, length $data) . $data
		. "\0" x (-length($data) % 4);
}

# An interface whose times count 10^-RESOLUTION, or 2^-(RESOLUTION - 128),
# seconds from OFFSET on.
sub interface {
	my ($order, $link, $resolution, $offset) = @_;
	return block($order, 1, pack($order eq 'big' ? 'nnN' : 'vvV', $link, 0,
		0) . option($order, 2, 'eth0')
		. option($order, 9, pack('C', $resolution))
		. option($order, 14, pack($order eq 'big' ? 'q>' : 'q<',
			$offset)) . option($order, 0, ''));
}

# Times are whole microseconds; in units of the interface.
sub enhanced {
	my ($order, $number, $resolution, $usec, $data) = @_;
	my $long = $order eq 'big' ? 'N' : 'V';
	my $units = $resolution < 128 ? $usec * 10 ** ($resolution - 6)
		: int(($usec * 2 ** ($resolution - 128) + 999999) / 1000000);
	return block($order, 6, pack("${long}5", $number, $units >> 32,
		$units & 0xffffffff, length $data, length $data) . $data
		. "\0" x (-length($data) % 4) . option($order, 1, 'a comment')
		. option($order, 0, ''));
}

# The same packets as pcapng: on two interfaces in turn, the second with
# another resolution and offset, blocks of other kinds between; in two
# sections of different byte order.
sub ng {
	my ($resolution) = @_;
	my ($link, @records) = slurp();
	my $half = int(@records / 2);
	for my $order ('little', 'big') {
		my $long = $order eq 'big' ? 'N' : 'V';
		my $short = $order eq 'big' ? 'n' : 'v';
		print block($order, 0x0a0d0d0a, pack("$long$short${short}a8",
			0x1a2b3c4d, 1, 0, "\xff" x 8)),
			interface($order, $link, 6, 0),
			interface($order, $link, $resolution, -100);
		my $n = 0;
		for ($order eq 'little' ? @records[0 .. $half - 1]
			: @records[$half .. $#records]) {
			my ($sec, $usec, $data) = @$_;
			my $us = $sec * 1000000 + $usec;
			print block($order, 0x0bad0000 + $n, 'x' x $n),
				$n++ % 2 ? enhanced($order, 1, $resolution,
					$us + 100000000, $data)
				: enhanced($order, 0, 6, $us, $data);
		}
		print block($order, 5, 'statistics');
	}
}

sub recode {
	my ($order, $unit) = @_;
	my ($link, @records) = slurp();
	print header($order, $unit, $link);
	print record($order, $$_[0], $unit eq 'nano' ? $$_[1] * 1000 : $$_[1],
		$$_[2], $$_[3]) for @records;
}

sub cut {
	my ($len) = @_;
	my ($link, @records) = slurp();
	print header('little', 'micro', $link);
	print record('little', $$_[0], $$_[1], substr($$_[2], 0, $len), $$_[3])
		for @records;
}

sub skip {
	my ($count) = @_;
	my ($link, @records) = slurp();
	print header('little', 'micro', $link);
	print record('little', @$_) for @records[$count .. $#records];
}

# The same for the same SEED anywhere: a generator of our own.
sub spoil {
	my ($seed) = @_;
	local $/;
	my $all = <STDIN>;
	my $next = sub {
		$seed = ($seed * 1103515245 + 12345) % 2147483648;
		return $seed >> 8;
	};
	for (1 .. 1 + $next->() % 8) {
		my $at = $next->() % length $all;
		substr($all, $at, 1) = chr($next->() % 256);
	}
	print $all;
}

my $verb = shift // '';
if ($verb eq 'make') {
	make($ARGV[0] // 'little', $ARGV[1] // 'micro', $ARGV[2] // 276);
} elsif ($verb eq 'recode' && @ARGV == 2) {
	recode(@ARGV);
} elsif ($verb eq 'ng' && @ARGV == 1) {
	ng(@ARGV);
} elsif ($verb eq 'cut' && @ARGV == 1) {
	cut(@ARGV);
} elsif ($verb eq 'skip' && @ARGV == 1) {
	skip(@ARGV);
} elsif ($verb eq 'spoil' && @ARGV == 1) {
	spoil(@ARGV);
} else {
	die "usage: pcap.pl make|recode|ng|cut|skip|spoil ...\n";
}
