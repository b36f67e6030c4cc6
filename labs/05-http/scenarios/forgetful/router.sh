# It forgets a connection on which nothing has passed for two seconds. Real
# firewalls take minutes or hours, and do it without a word all the same.
seconds=/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established
saved=/run/portlab/forgetful
if [[ $1 == up ]]; then
	if [[ ! -e $seconds ]]; then
		echo "this kernel does not let a router forget: no $seconds" >&2
		exit 1
	fi
	cat "$seconds" >"$saved"
	echo 2 >"$seconds"
elif [[ -e $saved ]]; then
	cat "$saved" >"$seconds"
fi
