#!/usr/bin/perl
# ladder_traffic.pl - a capture of many connections, for 05-ladder.sh
#
#   ladder_traffic.pl talk CONNECTIONS ROUNDS >CAPTURE
#   ladder_traffic.pl scan PORTS >CAPTURE
#
# talk: each connection opens, asks and answers ROUNDS times, with an ACK for
# each, and closes; 64 of them at a time take turns, a packet each. That makes
# 7 + 4 * ROUNDS packets a connection. scan: one host sends a SYN to each of
# PORTS ports of another, which answers all but every 1000th with RST, and one
# of them, 80, with SYN,ACK. Ethernet, IPv4; checksums are 0. The same
# arguments give the same bytes. Needs only what perl-base has.
use strict;
use warnings;

use constant {
	AT_ONCE => 64,
	STEP_US => 10,
	FIN => 1, SYN => 2, RST => 4, PSH => 8, ACK => 16,
};

binmode STDOUT;

my $ethernet = pack('H12 H12 n', '020000000001', '020000000002', 0x0800);
my @text = ('q' x 64, 'a' x 256);
my $now = 0;

sub put {
	my ($src, $dst, $sport, $dport, $flags, $seq, $ack, $data) = @_;
	my $len = 40 + length $data;
	$now += STEP_US;
	print pack('V4', 1700000000 + int($now / 1000000), $now % 1000000,
		14 + $len, 14 + $len), $ethernet,
		pack('CCnnnCCnNNnnNNCCnnn', 0x45, 0, $len, $now / STEP_US &
			0xffff, 0x4000, 64, 6, 0, $src, $dst, $sport, $dport,
			$seq & 0xffffffff, $ack & 0xffffffff, 0x50, $flags,
			501, 0, 0), $data;
}

# One packet more of a connection; false when that was its last.
sub advance {
	my ($c, $rounds) = @_;
	my $n = $$c{packets}++;
	my $last = 3 + 4 * $rounds;
	my ($from, $flags, $data);
	if ($n < 3) {
		($from, $flags) = ([0, SYN], [1, SYN | ACK], [0, ACK])[$n]->@*;
	} elsif ($n < $last) {
		($from, $flags) = ([0, PSH | ACK], [1, ACK], [1, PSH | ACK],
			[0, ACK])[($n - 3) % 4]->@*;
		$data = $text[$from] if $flags & PSH;
	} else {
		($from, $flags) = ([0, FIN | ACK], [1, ACK], [1, FIN | ACK],
			[0, ACK])[$n - $last]->@*;
	}
	$data //= '';
	put(@{$$c{host}}[$from, !$from], @{$$c{port}}[$from, !$from], $flags,
		$$c{seq}[$from], $flags & ACK ? $$c{seq}[!$from] : 0, $data);
	$$c{seq}[$from] += length($data) + !!($flags & (SYN | FIN));
	return $n < $last + 3;
}

sub connection {
	my ($n) = @_;
	return {
		packets => 0,
		host => [0x0a000000 + $n / 20000, 0xcb007114],
		port => [20000 + $n % 20000, 9000],
		seq => [$n * 7919 + 1, $n * 104729 + 1],
	};
}

sub talk {
	my ($connections, $rounds) = @_;
	my ($made, @open) = (0);
	while (@open || $made < $connections) {
		push @open, connection($made++)
			while @open < AT_ONCE && $made < $connections;
		@open = grep { advance($_, $rounds) } @open;
	}
}

sub scan {
	my ($ports) = @_;
	my ($src, $dst) = (0xc633640a, 0xcb007114);
	for my $port (1 .. $ports) {
		put($src, $dst, 40000, $port, SYN, $port, 0, '');
		next if $port % 1000 == 0;
		put($dst, $src, $port, 40000, $port == 80 ? SYN | ACK
			: RST | ACK, $port == 80 ? 5000 : 0, $port + 1, '');
		put($src, $dst, 40000, $port, RST, $port + 1, 0, '')
			if $port == 80;
	}
}

my ($verb, @counts) = @ARGV;
die "usage: ladder_traffic.pl talk CONNECTIONS ROUNDS | scan PORTS\n"
	unless defined $verb && !grep { !/^[1-9]\d{0,6}$/ } @counts;
print pack('VvvVVVV', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1);
if ($verb eq 'talk' && @counts == 2) {
	talk(@counts);
} elsif ($verb eq 'scan' && @counts == 1) {
	scan(@counts);
} else {
	die "ladder_traffic.pl: talk takes two numbers, scan one\n";
}
