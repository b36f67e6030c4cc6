/*
 * await_diag.h - the listeners of this host, by sock_diag(7)
 */
#ifndef PORTLAB_AWAIT_DIAG_H
#define PORTLAB_AWAIT_DIAG_H

#include "net.h"

struct listener {
	struct net_endpoint local;
	bool v6only; /* ipv6(7), IPV6_V6ONLY: [::] is without IPv4 */
};

/* In no order. */
struct listeners {
	struct listener *list;
	size_t count;
};

/*
 * Set ALL to all TCP sockets of FAMILY, AF_INET or AF_INET6, that listen in
 * this network namespace. 0, and the caller frees ALL->list; or -1 with errno
 * where the kernel does not tell: built without it, or the call is forbidden.
 */
int diag_listeners(int family, struct listeners *all);

#endif
