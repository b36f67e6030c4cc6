/*
 * multiport.c - one process that serves many ports, reading and writing at once
 *
 * Usage: multiport [-b ADDR] SPEC...
 *
 * An honest variant: every call to the kernel is made here, a port has a socket
 * for each family, what belongs to a descriptor is found by its number, and a
 * client's buffer is a ring, into which is read while there is room and from
 * which is written what there is.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { RING_BYTES = 8192, KEPT = 8, REST_MS = 80 };

struct ring {
	size_t out, len;
	bool eof;
	char bytes[RING_BYTES];
};

/* What belongs to a descriptor: a client has a ring, a listener a line. */
struct item {
	struct ring *ring;
	char *line; /* "you reached 80 (http, well-known) from " */
};

static struct item *items; /* by descriptor */
static struct pollfd *fds; /* any order */
static size_t n_fds, room;
static int n_items;
static bool resting;

static bool enter(int fd, short events)
{
	if (fd >= n_items) {
		int n = fd * 2 + 64;
		struct item *more =
			realloc(items, (size_t)n * sizeof(struct item));
		if (!more)
			return false;
		memset(more + n_items, 0,
		       (size_t)(n - n_items) * sizeof(struct item));
		items = more;
		n_items = n;
	}
	if (n_fds == room) {
		struct pollfd *more =
			realloc(fds, (room * 2 + 64) * sizeof(struct pollfd));
		if (!more)
			return false;
		fds = more;
		room = room * 2 + 64;
	}
	fds[n_fds++] = (struct pollfd){fd, events, 0};
	return true;
}

static void listeners_want(short events)
{
	for (size_t i = 0; i < n_fds; i++) {
		if (items[fds[i].fd].line)
			fds[i].events = events;
	}
	resting = events == 0;
}

static int make_listener(const struct net_endpoint *at)
{
	int on = 1;
	int family = at->addr.ss_family;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)&at->addr, at->len) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	int err = errno;
	close(fd);
	errno = err;
	return -1;
}

static void address(struct net_endpoint *at, const char *addr, uint16_t port)
{
	char text[NET_ENDPOINT_LEN];

	snprintf(text, sizeof text, strchr(addr, ':') ? "[%s]:%u" : "%s:%u",
		 addr, port);
	if (net_endpoint_parse(at, text) < 0)
		cli_die("%s: no address", addr);
}

static char *line_of(unsigned int port)
{
	const char *range = port > 49151  ? "dynamic"
			    : port > 1023 ? "registered"
					  : "well-known";
	struct servent *entry = getservbyport(htons((uint16_t)port), "tcp");
	char *line;

	if (asprintf(&line, "you reached %u (%s, %s) from ", port,
		     entry ? entry->s_name : "-", range) < 0)
		cli_die_errno("no memory");
	return line;
}

static bool listen_at(const char *addr, uint16_t port, int limit)
{
	struct net_endpoint at;

	address(&at, addr, port);
	int fd = make_listener(&at);
	if (fd >= limit - KEPT) {
		close(fd);
		errno = EMFILE;
		return false;
	}
	if (fd < 0)
		return false;
	if (!enter(fd, POLLIN))
		cli_die_errno("no memory");
	items[fd].line = line_of(port);
	return true;
}

/* A socket for each family. */
static bool offer(const char *addr, uint16_t port, int limit)
{
	if (addr ? listen_at(addr, port, limit)
		 : (listen_at("::", port, limit) || errno == EAFNOSUPPORT) &&
			    listen_at("0.0.0.0", port, limit))
		return true;
	cli_warn("port %u: %s", port,
		 errno == EADDRINUSE ? "address already in use"
		 : errno == EACCES   ? "permission denied"
		 : errno == EMFILE   ? "too many open files"
				     : strerror(errno));
	return false;
}

static void take(int listener)
{
	struct net_endpoint peer = {.len = sizeof peer.addr};
	char text[NET_ENDPOINT_LEN];
	int fd = accept4(listener, (struct sockaddr *)&peer.addr, &peer.len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (net_no_room(errno))
			listeners_want(0);
		return;
	}
	struct ring *ring = calloc(1, sizeof *ring);
	if (!ring || !enter(fd, POLLOUT)) {
		free(ring);
		close(fd);
		return;
	}
	ring->len =
		(size_t)snprintf(ring->bytes, RING_BYTES, "%s%s\n",
				 items[listener].line,
				 net_endpoint_format(&peer, text, sizeof text));
	items[fd].ring = ring;
}

/* The part of RING from byte AT for LEN bytes, which may be in two pieces. */
static int pieces(struct ring *ring, size_t at, size_t len, struct iovec *iov)
{
	at %= RING_BYTES;

	size_t first = len < RING_BYTES - at ? len : RING_BYTES - at;
	iov[0] = (struct iovec){ring->bytes + at, first};
	iov[1] = (struct iovec){ring->bytes, len - first};
	return first < len ? 2 : 1;
}

static bool lost(ssize_t n)
{
	return n < 0 && errno != EAGAIN && errno != EINTR;
}

static bool turn(struct pollfd *pfd)
{
	struct ring *ring = items[pfd->fd].ring;
	struct iovec iov[2];
	size_t space = RING_BYTES - ring->len;

	if (!ring->eof && space > 0) {
		int n = pieces(ring, ring->out + ring->len, space, iov);
		ssize_t got = readv(pfd->fd, iov, n);
		if (lost(got))
			return false;
		ring->eof = got == 0;
		ring->len += got > 0 ? (size_t)got : 0;
	}
	if (ring->len > 0) {
		int n = pieces(ring, ring->out, ring->len, iov);
		ssize_t put = writev(pfd->fd, iov, n);
		if (lost(put))
			return false;
		ring->out += put > 0 ? (size_t)put : 0;
		ring->len -= put > 0 ? (size_t)put : 0;
	}
	bool reads = !ring->eof && ring->len < RING_BYTES;
	pfd->events =
		(short)((reads ? POLLIN : 0) | (ring->len > 0 ? POLLOUT : 0));
	return ring->len > 0 || !ring->eof;
}

static void let_go(size_t i)
{
	int fd = fds[i].fd;

	free(items[fd].ring);
	items[fd].ring = NULL;
	close(fd);
	fds[i] = fds[--n_fds];
	listeners_want(POLLIN);
}

static void serve(void)
{
	const struct timespec rest = {.tv_nsec = REST_MS * 1000000L};

	while (!cli_stopping()) {
		int n = ppoll(fds, n_fds, resting ? &rest : NULL,
			      cli_wait_mask());
		if (n < 0 && errno != EINTR)
			cli_die_errno("poll");
		if (n == 0)
			listeners_want(POLLIN);
		for (size_t i = n_fds; n > 0 && i-- > 0;) {
			if (!fds[i].revents)
				continue;
			int fd = fds[i].fd;
			if (!items[fd].ring && !resting)
				take(fd);
			else if (items[fd].ring && !turn(&fds[i]))
				let_go(i);
		}
	}
}

int main(int argc, char **argv)
{
	struct net_ports ports = {0};
	const char *addr = NULL;
	unsigned int served = 0;
	int opt;

	cli_init(argv[0], "[-b ADDR] SPEC...");
	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			cli_usage();
		addr = cli_address(optarg);
	}
	if (optind == argc)
		cli_usage();
	while (optind < argc)
		cli_ports(&ports, argv[optind++]);

	int limit = net_raise_descriptor_limit();
	for (size_t i = 0; i < ports.count; i++)
		served += offer(addr, ports.port[i], limit);
	net_ports_free(&ports);
	if (served == 0)
		return CLI_FAILED;
	cli_log("serving %u ports", served);
	serve();
	for (size_t i = 0; i < n_fds; i++) {
		free(items[fds[i].fd].ring);
		free(items[fds[i].fd].line);
	}
	free(items);
	free(fds);
	return CLI_OK;
}
