/*
 * multiport.c - one process that serves many ports, the table made anew
 *
 * Usage: multiport [-b ADDR] SPEC...
 *
 * An honest variant: clients are in a linked list, and what poll() is to look
 * at is collected from it before each wait. Its signals come through a pipe.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { BUFFER_BYTES = 4096, SPARE = 9, PAUSE_MS = 100, AT_ONCE = 50 };

struct client {
	struct client *next;
	int fd;
	size_t slot; /* in the table of this round */
	size_t len;  /* what is in buf and is to be written */
	char buf[BUFFER_BYTES];
};

struct listener {
	int fd;
	unsigned int port;
	char *name;
};

static struct listener *listeners;
static size_t n_listeners, n_clients;
static struct client *clients;
static struct pollfd *table;
static int stop_pipe[2];

static void on_stop(int number)
{
	int err = errno;
	ssize_t n = write(stop_pipe[1], "", 1);

	(void)n;
	(void)number;
	errno = err;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_stop};
	sigset_t none;

	if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		cli_die_errno("pipe");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void listen_on(const char *addr, uint16_t port, int limit)
{
	int fd = net_listen(addr, port);

	if (fd >= 0 && fd >= limit - SPARE) {
		close(fd);
		fd = -1;
		errno = EMFILE;
	}
	if (fd < 0) {
		char why[100];
		snprintf(why, sizeof why, "%s", strerror(errno));
		*why = (char)(*why | 0x20);
		cli_warn("port %u: %s", port, why);
		return;
	}
	struct servent *service = getservbyport(htons(port), "tcp");
	listeners[n_listeners++] =
		(struct listener){fd, port,
				  service ? strdup(service->s_name) : NULL};
}

static const char *range_of(unsigned int port)
{
	static const char *const names[] = {"well-known", "registered",
					    "dynamic"};

	return names[(port >= 1024) + (port >= 49152)];
}

/* 1: there is a new client, 0: none, -1: no room. */
static int take(const struct listener *l)
{
	struct net_endpoint peer;
	char from[NET_ENDPOINT_LEN];
	struct client *c = malloc(sizeof *c);
	int fd = c ? net_accept(l->fd, &peer) : -1;

	if (fd < 0) {
		free(c);
		return net_no_room(errno) ? -1 : 0;
	}
	net_set_nonblocking(fd, true);
	c->fd = fd;
	c->slot = SIZE_MAX;
	c->len = (size_t)sprintf(c->buf, "you reached %u (%s, %s) from %s\n",
				 l->port, l->name ? l->name : "-",
				 range_of(l->port),
				 net_endpoint_format(&peer, from, sizeof from));
	c->next = clients;
	clients = c;
	n_clients++;
	return 1;
}

static bool failed(void)
{
	return errno != EAGAIN && errno != EINTR;
}

/* False at the end. */
static bool serve(struct client *c)
{
	ssize_t n;

	if (c->len == 0) {
		n = read(c->fd, c->buf, sizeof c->buf);
		if (n == 0 || (n < 0 && failed()))
			return false;
		c->len = n > 0 ? (size_t)n : 0;
		return true;
	}
	n = write(c->fd, c->buf, c->len);
	if (n < 0)
		return !failed();
	c->len -= (size_t)n;
	memmove(c->buf, c->buf + n, c->len);
	return true;
}

/* What calloc() returned, unless that was nothing. */
static void *need(void *memory)
{
	if (!memory)
		cli_die_errno("no memory");
	return memory;
}

/*
 * What is to be waited for: the pipe, the clients, unless FULL the listeners.
 * The table grows and never shrinks.
 */
static struct pollfd *collect(size_t *count, bool full)
{
	static size_t room;
	size_t n = 0;

	if (room < 1 + n_clients + n_listeners) {
		room = 2 * (1 + n_clients + n_listeners);
		table = need(reallocarray(table, room, sizeof *table));
	}
	table[n++] = (struct pollfd){stop_pipe[0], POLLIN, 0};
	for (struct client *c = clients; c; c = c->next) {
		c->slot = n;
		table[n++] =
			(struct pollfd){c->fd, c->len ? POLLOUT : POLLIN, 0};
	}
	for (size_t i = 0; i < n_listeners && !full; i++)
		table[n++] = (struct pollfd){listeners[i].fd, POLLIN, 0};
	*count = n;
	return table;
}

static bool serve_all(const struct pollfd *fds)
{
	bool any_gone = false;

	for (struct client **at = &clients; *at;) {
		struct client *c = *at;
		if (!fds[c->slot].revents || serve(c)) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		close(c->fd);
		free(c);
		n_clients--;
		any_gone = true;
	}
	return any_gone;
}

/* Those who wait at the listeners, of which FDS tells; whether all had room. */
static bool take_all(const struct pollfd *fds)
{
	static size_t turn; /* behind the listener that was served last */
	size_t first = turn;

	for (size_t k = 0; k < n_listeners; k++) {
		size_t i = (first + k) % n_listeners;
		int got = fds[i].revents ? 1 : 0;

		for (int n = 0; n < AT_ONCE && got > 0; n++) {
			got = take(&listeners[i]);
			if (got > 0)
				turn = i + 1;
		}
		if (got < 0)
			return false;
	}
	return true;
}

static void loop(void)
{
	bool full = false;

	for (;;) {
		size_t count;
		struct pollfd *fds = collect(&count, full);
		int n = poll(fds, count, full ? PAUSE_MS : -1);
		if (n < 0 && errno != EINTR)
			cli_die_errno("poll");
		if (n > 0 && fds[0].revents)
			return;
		if (n < 0)
			continue;
		const struct pollfd *of_listeners = fds + 1 + n_clients;
		bool some_left = serve_all(fds);
		if (full)
			full = n > 0 && !some_left;
		else
			full = !take_all(of_listeners);
	}
}

int main(int argc, char **argv)
{
	struct net_ports ports = {0};
	const char *addr = NULL;
	int opt;

	cli_init(argv[0], "[-b ADDR] SPEC...");
	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			cli_usage();
		addr = cli_address(optarg);
	}
	if (optind == argc)
		cli_usage();
	for (int i = optind; i < argc; i++)
		cli_ports(&ports, argv[i]);
	catch_signals();
	listeners = need(calloc(ports.count + 1, sizeof *listeners));
	int limit = net_raise_descriptor_limit();
	for (size_t i = 0; i < ports.count; i++)
		listen_on(addr, ports.port[i], limit);
	net_ports_free(&ports);
	if (n_listeners == 0)
		cli_die("none of these ports is to be had");
	cli_log("serving %zu ports", n_listeners);
	loop();
	for (size_t i = 0; i < n_listeners; i++)
		free(listeners[i].name);
	free(listeners);
	free(table);
	while (clients) {
		struct client *c = clients;
		clients = c->next;
		free(c);
	}
	return CLI_OK;
}
