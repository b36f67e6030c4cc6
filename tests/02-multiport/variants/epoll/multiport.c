/*
 * multiport.c - one process that serves many ports, by epoll(7)
 *
 * Usage: multiport [-b ADDR] SPEC...
 *
 * An honest variant: every socket is an object that the kernel hands back when
 * it is ready, so the time for one client does not grow with the others.
 * `make bench` compares it with the model answer.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { EVENTS = 256, BUFFER_BYTES = 8192, SPARE = 10, PAUSE_MS = 50 };

/* A listener has no buffer. */
struct source {
	int fd;
	uint16_t port;
	char name[NET_SERVICE_LEN];
	struct source *next, *before; /* of all, to be freed at the end */
	size_t start, end;
	char *buf;
};

static struct source all = {.next = &all, .before = &all};
static int queue;  /* of epoll */
static bool muted; /* the listeners, for want of descriptors */

static void watch(struct source *source, int op, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = source};

	if (epoll_ctl(queue, op, source->fd, &event) < 0)
		cli_die_errno("epoll_ctl");
}

/* What calloc() returned, unless that was nothing. */
static void *need(void *memory)
{
	if (!memory)
		cli_die_errno("no memory");
	return memory;
}

static struct source *add(int fd, uint32_t events)
{
	struct source *source = need(calloc(1, sizeof *source));

	source->fd = fd;
	source->next = all.next;
	source->before = &all;
	all.next->before = source;
	all.next = source;
	watch(source, EPOLL_CTL_ADD, events);
	return source;
}

static void remove_source(struct source *source)
{
	source->next->before = source->before;
	source->before->next = source->next;
	close(source->fd);
	free(source->buf);
	free(source);
}

static void mute(bool on)
{
	if (muted == on)
		return;
	muted = on;
	for (struct source *s = all.next; s != &all; s = s->next) {
		if (!s->buf)
			watch(s, EPOLL_CTL_MOD, on ? 0 : EPOLLIN);
	}
}

static const char *range_of(unsigned int port)
{
	return port < 1024    ? "well-known"
	       : port < 49152 ? "registered"
			      : "dynamic";
}

static void complain(unsigned int port)
{
	const char *why = errno == EACCES	? "permission denied"
			  : errno == EADDRINUSE ? "address already in use"
						: strerror(errno);

	cli_warn("port %u: %s", port, why);
}

static bool listen_on(const char *addr, uint16_t port, int limit)
{
	int fd = net_listen(addr, port);

	if (fd >= limit - SPARE) {
		close(fd);
		errno = EMFILE;
		fd = -1;
	}
	if (fd < 0) {
		complain(port);
		return false;
	}
	struct source *source = add(fd, EPOLLIN);
	source->port = port;
	if (!net_service_name(port, source->name, sizeof source->name))
		strcpy(source->name, "-");
	return true;
}

/* Whether the client is still there. */
static bool move(struct source *c)
{
	if (c->start == c->end) {
		ssize_t n = read(c->fd, c->buf, BUFFER_BYTES);
		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR);
		c->start = 0;
		c->end = (size_t)n;
	}
	ssize_t n = write(c->fd, c->buf + c->start, c->end - c->start);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->start += (size_t)n;
	return true;
}

static void serve(struct source *client)
{
	if (!move(client)) {
		remove_source(client);
		mute(false);
		return;
	}
	watch(client, EPOLL_CTL_MOD,
	      client->start < client->end ? EPOLLOUT : EPOLLIN);
}

static void welcome(const struct source *listener)
{
	struct net_endpoint peer;
	char from[NET_ENDPOINT_LEN];
	char *buf = malloc(BUFFER_BYTES);
	int fd = buf ? net_accept(listener->fd, &peer) : -1;

	if (fd < 0) {
		free(buf);
		if (net_no_room(errno))
			mute(true);
		else if (errno != EAGAIN)
			cli_die_errno("accept");
		return;
	}
	net_set_nonblocking(fd, true);
	struct source *client = add(fd, EPOLLOUT);
	client->buf = buf;
	client->end =
		(size_t)snprintf(buf, BUFFER_BYTES,
				 "you reached %u (%s, %s) from %s\n",
				 listener->port, listener->name,
				 range_of(listener->port),
				 net_endpoint_format(&peer, from, sizeof from));
}

static void loop(void)
{
	struct epoll_event events[EVENTS];

	while (!cli_stopping()) {
		int n = epoll_pwait(queue, events, EVENTS,
				    muted ? PAUSE_MS : -1, cli_wait_mask());
		if (n < 0 && errno != EINTR)
			cli_die_errno("epoll_wait");
		if (n == 0)
			mute(false);
		for (int i = 0; i < n; i++) {
			struct source *source = events[i].data.ptr;

			if (source->buf)
				serve(source);
			else if (!muted)
				welcome(source);
		}
	}
}

int main(int argc, char **argv)
{
	struct net_ports ports = {0};
	const char *addr = NULL;
	size_t count = 0;
	int opt;

	cli_init(argv[0], "[-b ADDR] SPEC...");
	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			cli_usage();
		addr = cli_address(optarg);
	}
	if (optind == argc)
		cli_usage();
	for (; optind < argc; optind++)
		cli_ports(&ports, argv[optind]);

	int limit = net_raise_descriptor_limit();
	queue = epoll_create1(EPOLL_CLOEXEC);
	if (queue < 0)
		cli_die_errno("epoll");
	for (size_t i = 0; i < ports.count; i++)
		count += listen_on(addr, ports.port[i], limit);
	net_ports_free(&ports);
	if (count == 0)
		cli_die("no port could be had");
	cli_log("serving %zu ports", count);
	loop();
	for (struct source *s = all.next, *next; s != &all; s = next) {
		next = s->next;
		remove_source(s);
	}
	close(queue);
	return CLI_OK;
}
