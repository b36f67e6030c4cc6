# bare.sh - a run where no namespaces can be had: as root in a container that is
# made for one submission and thrown away (sourced by run)
#
# All three hosts are this one, on its loopback interface. The jail does what it
# can without namespaces, see tests/tools/jail.c; the report says what it cannot.

export JAIL_BARE=1 CHECK_BARE=1
LABNS=$TESTS/check/bare-host
export LABNS

network_build() {
	mkdir -p /run/netns
	: >/run/netns/client
	: >/run/netns/router
	: >/run/netns/server
	cat "$TESTS/check/bare-hosts" >/etc/hosts
	HOSTS=$TESTS/check/bare-hosts
	sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf 2>/dev/null || true
	{
		echo "remark: Graded without namespaces, which this machine does" \
			"not give. Not isolated from the rest of it: the network," \
			"the files that anybody may read or write, the list of" \
			"processes. Isolated: the user, who is nobody else's, and" \
			"limits of memory, processor, processes, files and output."
		echo "remark: Checks that need a network of their own were left" \
			"out, as not to be made here."
	} >>"$WORK/results/run"
}

# Each packet once: on the interface itself.
capture_command() {
	CAPTURE=(tcpdump -i lo -n -s 2048 -B 4096 -U --immediate-mode -w - -Z root
		'tcp or icmp or (udp dst port 9 and dst host 127.0.0.1)')
}

predict_begin() {
	:
}
