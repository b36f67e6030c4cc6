/*
 * listen.c - a server for scenarios: something at a port, and no more
 *
 * Usage: listen PORT      takes every connection, and closes it when the
 *                         client has
 *        listen -f PORT   takes none: its queue of connections is full
 *
 * Over IPv4 and IPv6. Of a full queue one connection, which it makes itself,
 * is all; the kernel drops the SYN of the next. When it is full it says "full"
 * on stdout: it listens before that, and would take others. SIGTERM ends it.
 *
 * Next: await.c, which knows when it listens.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	FILL_MS = 5000,
	CLIENTS_MAX = 256,
	LISTENER = 0, /* its place in the list for poll() */
};

/*
 * A backlog of 0 has room for one: listen(2) may be called again to change
 * it. Returns the client's end, which has to stay open.
 */
static int fill_queue(int listener)
{
	struct net_endpoint self;

	if (listen(listener, 0) < 0 || net_local(listener, &self) < 0)
		cli_die_errno("listen");
	/* To [::] and 0.0.0.0 means: to this host, by loopback. */
	int client = net_connect(&self, net_deadline(FILL_MS));
	if (client < 0)
		cli_die_errno("cannot fill the queue");
	return client;
}

static void wait_for_the_end(void)
{
	sigset_t mask = *cli_wait_mask();

	while (!cli_stopping())
		ppoll(NULL, 0, NULL, &mask);
}

/* Read what client I says; at its end, or when it broke, close it. */
static nfds_t hear(struct pollfd *fds, nfds_t count, nfds_t i)
{
	char buf[4096];
	ssize_t n = recv(fds[i].fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return count;
	close(fds[i].fd);
	fds[i] = fds[count - 1];
	return count - 1;
}

static void serve(int listener)
{
	struct pollfd fds[1 + CLIENTS_MAX] = {{listener, POLLIN, 0}};
	nfds_t count = 1;

	while (!cli_stopping()) {
		fds[LISTENER].events = count <= CLIENTS_MAX ? POLLIN : 0;
		if (ppoll(fds, count, NULL, cli_wait_mask()) < 0)
			continue;
		/* From the end, for a place that is freed gets the last. */
		for (nfds_t i = count - 1; i > LISTENER; i--)
			if (fds[i].revents)
				count = hear(fds, count, i);
		if (!fds[LISTENER].revents)
			continue;
		int client = net_accept(listener, NULL);
		if (client >= 0)
			fds[count++] = (struct pollfd){client, POLLIN, 0};
	}
}

int main(int argc, char **argv)
{
	bool full = false;
	int opt;

	cli_init(argv[0], "[-f] PORT");
	while ((opt = getopt(argc, argv, "f")) != -1) {
		if (opt != 'f')
			cli_usage();
		full = true;
	}
	if (argc - optind != 1)
		cli_usage();
	int listener = net_listen(NULL, cli_port(argv[optind]));
	if (listener < 0)
		cli_die_errno("cannot listen on port %s", argv[optind]);
	if (full) {
		int client = fill_queue(listener);

		puts("full");
		cli_flush();
		wait_for_the_end();
		close(client);
	} else {
		serve(listener);
	}
	close(listener);
	return CLI_OK;
}
