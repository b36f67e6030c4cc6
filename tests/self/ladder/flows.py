#!/usr/bin/python3
"""flows.py - holds the ladder's events against tshark, packet for packet

    flows.py LADDER FILE...

Compares both ends, flags, relative seq and ack, and length of every TCP packet
of each capture, in the order of the capture. One thing is told otherwise: a RST
for a SYN has seq 0 (RFC 9293, 3.10.7.1), from which tshark, to which it is the
first number of its sender, makes 1.
"""
import subprocess
import sys

FIELDS = ('ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport',
          'tcp.dstport', 'tcp.flags', 'tcp.seq_raw', 'tcp.ack_raw', 'tcp.len',
          'tcp.seq', 'tcp.ack', 'tcp.stream')
FLAGS = (('SYN', 2), ('FIN', 1), ('RST', 4), ('PSH', 8), ('URG', 32),
         ('ACK', 16))


def tshark(path):
    """(from, to, flags, seq, ack, len) of each TCP packet."""
    command = ['tshark', '-n', '-r', path, '-Y', 'tcp && !icmp && !icmpv6',
               '-T', 'fields', '-E', 'occurrence=f',
               '-o', 'tcp.analyze_sequence_numbers:TRUE',
               '-o', 'tcp.relative_sequence_numbers:TRUE',
               '-o', 'ip.defragment:TRUE']
    for field in FIELDS:
        command += ['-e', field]
    text = subprocess.run(command, stdout=subprocess.PIPE, check=True,
                          stderr=subprocess.DEVNULL, text=True).stdout
    sent = set()
    for line in text.splitlines():
        v = dict(zip(FIELDS, line.split('\t')))
        bits = int(v['tcp.flags'], 16)
        flags = ','.join(name for name, bit in FLAGS if bits & bit) or 'none'
        host = [v['ip.' + end] or f"[{v['ipv6.' + end]}]"
                for end in ('src', 'dst')]
        ends = (f"{host[0]}:{v['tcp.srcport']}", f"{host[1]}:{v['tcp.dstport']}")
        sender = (v['tcp.stream'], ends[0])
        seq = int(v['tcp.seq'])
        if bits & 4 and sender not in sent and int(v['tcp.seq_raw']) == 0:
            seq = 0
        sent.add(sender)
        yield (*ends, flags, seq, int(v['tcp.ack']) if bits & 16 else None,
               int(v['tcp.len']))


def ladder(program, path):
    """The same of each event that is no ICMP error."""
    text = subprocess.run([program, '--events', '--at', 'client', path],
                          stdout=subprocess.PIPE, check=True, text=True,
                          stderr=subprocess.DEVNULL).stdout
    for line in text.splitlines():
        v = line.split(' ')
        if v[4] != 'icmp':
            yield (v[2], v[3], v[5], int(v[6]),
                   None if v[7] == '-' else int(v[7]), int(v[8]))


def differences(program, path):
    ours, theirs = list(ladder(program, path)), list(tshark(path))
    if len(ours) != len(theirs):
        yield f'{len(ours)} packets, tshark has {len(theirs)}'
    for n, (a, b) in enumerate(zip(ours, theirs), 1):
        if a != b:
            yield f'packet {n}: {a}, tshark has {b}'


bad = 0
for name in sys.argv[2:]:
    for difference in differences(sys.argv[1], name):
        print(f'{name}: {difference}')
        bad = 1
sys.exit(bad)
