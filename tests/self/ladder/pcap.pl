#!/usr/bin/perl
# pcap.pl - makes the captures that no network gives on demand
#
#   pcap.pl make [ORDER [UNIT [LINK]]] <PACKETS     a capture from a list
#   pcap.pl recode ORDER UNIT <CAPTURE              the same one, otherwise
#   pcap.pl cut BYTES <CAPTURE                      with a snap length
#   pcap.pl skip COUNT <CAPTURE                     without its first packets
#   pcap.pl spoil SEED <CAPTURE                     with some bytes changed
#
# ORDER is little or big, UNIT micro or nano, LINK 101, 113 or 276. One line
# of PACKETS is a TCP segment: TIME in|out|- SRC:PORT DST:PORT FLAGS SEQ ACK
# LEN [TTL [ID]], or, with the flags UDP, a datagram that holds the word in
# the place of SEQ. Checksums are 0. Needs only what perl-base has.
use strict;
use warnings;

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

sub segment {
	my ($flags, $sport, $dport, $seq, $ack, $len) = @_;
	return pack('nnnn', $sport, $dport, 8 + length $seq, 0) . $seq
		if $flags eq 'UDP';
	my $bits = 0;
	$bits |= $flag{$_} for split //, $flags;
	return pack('nnNNCCnnn', $sport, $dport, $seq, $ack, 0x50, $bits,
		1024, 0, 0) . 'x' x $len;
}

sub make {
	my ($order, $unit, $link) = @_;
	print header($order, $unit, $link);
	while (<STDIN>) {
		chomp;
		next if /^\s*(#|$)/;
		my ($time, $way, $src, $dst, $flags, $seq, $ack, $len, $ttl,
			$id) = split;
		my ($sip, $sport) = split /:/, $src;
		my ($dip, $dport) = split /:/, $dst;
		my $body = segment($flags, $sport, $dport, $seq, $ack, $len);
		my $ip = pack('CCnnnCCnC4C4', 0x45, 0, 20 + length $body,
			$id // 0, 0, $ttl // 64, $flags eq 'UDP' ? 17 : 6, 0,
			split(/\./, $sip), split(/\./, $dip));
		my $type = $way eq 'out' ? 4 : 0;
		my $cooked = $link == 113
			? pack('nnnx8n', $type, 1, 6, 0x0800)
			: pack('nnNnCCx8', 0x0800, 0, 1, 1, $type, 6);
		my $data = ($link == 101 ? '' : $cooked) . $ip . $body;
		my ($sec, $usec) = $time =~ /^(\d+)\.(\d{6})$/
			or die "pcap.pl: time: $time\n";
		print record($order, $sec,
			$unit eq 'nano' ? $usec * 1000 : $usec, $data,
			length $data);
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
} elsif ($verb eq 'cut' && @ARGV == 1) {
	cut(@ARGV);
} elsif ($verb eq 'skip' && @ARGV == 1) {
	skip(@ARGV);
} elsif ($verb eq 'spoil' && @ARGV == 1) {
	spoil(@ARGV);
} else {
	die "usage: pcap.pl make|recode|cut|skip|spoil ...\n";
}
