/*
 * echo_server.c - one process, many clients, one poll()
 *
 * Usage: echo_server [-b ADDR] PORT
 *
 * Each client has a buffer. While there is something in it nothing more is
 * read from this client, so that one who does not read holds up nobody else.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { CLIENTS = 200, BUFFER_BYTES = 20000, PAUSE_MS = 50 };

struct client {
	char buf[BUFFER_BYTES];
	size_t from, to;
};

/* polled[0] is the listener, polled[i] the socket of clients[i]. */
static struct pollfd polled[1 + CLIENTS];
static struct client *clients[1 + CLIENTS];
static nfds_t count = 1;

static void add_client(void)
{
	struct net_endpoint peer;
	char text[NET_ENDPOINT_LEN];
	int fd = net_accept(polled[0].fd, &peer);

	if (fd < 0 && errno == EAGAIN)
		return;
	if (fd < 0 && !net_no_room(errno))
		cli_die_errno("accept");
	struct client *client = fd < 0 ? NULL : calloc(1, sizeof *client);
	if (client == NULL || net_set_nonblocking(fd, true) < 0) {
		cli_warn_errno("client");
		free(client);
		if (fd >= 0)
			close(fd);
		poll(NULL, 0, PAUSE_MS); /* it would ask again at once */
		return;
	}
	cli_log("client %s", net_endpoint_format(&peer, text, sizeof text));
	polled[count] = (struct pollfd){.fd = fd, .events = POLLIN};
	clients[count++] = client;
}

/* The last one takes the place of the one that leaves. */
static void remove_client(nfds_t i)
{
	close(polled[i].fd);
	free(clients[i]);
	count--;
	polled[i] = polled[count];
	clients[i] = clients[count];
}

/* One read or write; false when there is no more to be done. */
static bool turn(struct pollfd *pfd, struct client *c)
{
	ssize_t n;

	if (pfd->events == POLLIN) {
		n = read(pfd->fd, c->buf, sizeof c->buf);
		if (n == 0)
			return false;
		c->from = 0;
		c->to = n > 0 ? (size_t)n : 0;
	} else {
		n = write(pfd->fd, c->buf + c->from, c->to - c->from);
		c->from += n > 0 ? (size_t)n : 0;
	}
	pfd->events = c->from < c->to ? POLLOUT : POLLIN;
	return n >= 0 || errno == EINTR || errno == EAGAIN;
}

int main(int argc, char **argv)
{
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN], *addr = NULL;
	int opt;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) != -1)
		if (opt == 'b')
			addr = optarg;
		else
			cli_usage();
	if (argc != optind + 1)
		cli_usage();
	polled[0].fd = net_listen(addr, cli_listen_port(argv[optind]));
	if (polled[0].fd < 0 || net_local(polled[0].fd, &ep) < 0)
		cli_die_errno("cannot listen");
	cli_log("listening on %s", net_endpoint_format(&ep, text, sizeof text));

	while (!cli_stopping()) {
		polled[0].events = count <= CLIENTS ? POLLIN : 0;
		if (ppoll(polled, count, NULL, cli_wait_mask()) < 0) {
			if (errno == EINTR)
				continue;
			cli_die_errno("poll");
		}
		for (nfds_t i = count - 1; i > 0; i--)
			if (polled[i].revents && !turn(&polled[i], clients[i]))
				remove_client(i);
		if (polled[0].revents)
			add_client();
	}
	while (count > 1)
		remove_client(count - 1);
	close(polled[0].fd);
	return CLI_OK;
}
