/*
 * await_diag.h - the listeners of this host, by sock_diag(7)
 */
#ifndef PORTLAB_AWAIT_DIAG_H
#define PORTLAB_AWAIT_DIAG_H

#include "net.h"

/* Addresses and ports, in no order. */
struct listeners {
	struct net_endpoint *local;
	size_t count;
};

/*
 * Set LIST to all TCP sockets of FAMILY, AF_INET or AF_INET6, that listen in
 * this network namespace. 0, and the caller frees LIST->local; or -1 with errno
 * where the kernel does not tell: built without it, or the call is forbidden.
 */
int diag_listeners(int family, struct listeners *list);

#endif
