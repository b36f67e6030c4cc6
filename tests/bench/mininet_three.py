#!/usr/bin/python3
"""mininet_three - the lab network of common/lab/network.sh, made by mininet:
client, router, server on two links, without a switch or a controller.

Usage: mininet_three.py COMMAND...      (as root)
Runs COMMAND on the client, takes the network away, exits with its status.
Its IPv6 carries the first packet only after some 2 s, for want of the care
that network.sh takes; that wait is not counted here.
"""

import sys

from mininet.net import Mininet

ADDRESSES = (
    ("client", 0, "198.51.100.10/24", "2001:db8:1::10/64"),
    ("router", 0, "198.51.100.1/24", "2001:db8:1::1/64"),
    ("router", 1, "203.0.113.1/24", "2001:db8:2::1/64"),
    ("server", 0, "203.0.113.20/24", "2001:db8:2::20/64"),
)
ROUTES = (
    ("client", "203.0.113.0/24 via 198.51.100.1"),
    ("client", "2001:db8:2::/64 via 2001:db8:1::1"),
    ("server", "198.51.100.0/24 via 203.0.113.1"),
    ("server", "2001:db8:1::/64 via 2001:db8:2::1"),
)


def build(net):
    client, router, server = (
        net.addHost(name, ip=None) for name in ("client", "router", "server")
    )
    net.addLink(client, router)
    net.addLink(router, server)
    net.build()
    for name, port, ipv4, ipv6 in ADDRESSES:
        device = f"{name}-eth{port}"
        net[name].cmd(
            f"ip addr add {ipv4} dev {device};"
            f"ip addr add {ipv6} dev {device} nodad"
        )
    for name, route in ROUTES:
        net[name].cmd(f"ip route add {route}")
    router.cmd(
        "echo 1 >/proc/sys/net/ipv4/ip_forward;"
        "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding"
    )
    return client


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: mininet_three.py COMMAND...")
    # Mininet would raise limits that are the whole machine's, such as
    # fs.file-max: three hosts do not need it.
    Mininet.inited = True
    net = Mininet(controller=None)
    try:
        client = build(net)
        said, errors, status = client.pexec(*sys.argv[1:])
    finally:
        net.stop()
    sys.stdout.write(said)
    sys.stderr.write(errors)
    sys.exit(status)


if __name__ == "__main__":
    main()
