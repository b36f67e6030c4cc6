/*
 * echo_server.c - a thread for each client
 *
 * Usage: echo_server [-b ADDR] PORT
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

/* Serve one client, with calls that block: only this thread waits. */
static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[8192];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (char *p = buf; n > 0;) {
			ssize_t sent = send(fd, p, (size_t)n, MSG_NOSIGNAL);
			if (sent < 0 && errno == EINTR)
				continue;
			if (sent < 0) {
				close(fd);
				return NULL;
			}
			p += sent;
			n -= sent;
		}
	}
	close(fd);
	return NULL;
}

static void start(int fd, const pthread_attr_t *detached)
{
	pthread_t thread;
	int err =
		pthread_create(&thread, detached, serve, (void *)(intptr_t)fd);

	if (err != 0) {
		errno = err;
		cli_warn_errno("no thread for this client");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	const char *address = NULL;
	char name[NET_ENDPOINT_LEN];
	struct net_endpoint ep;
	pthread_attr_t detached;

	/* SIGTERM stays blocked in every thread; cli_wait() lets it in. */
	cli_init(argv[0], "[-b ADDR] PORT");
	for (int opt; (opt = getopt(argc, argv, "b:")) != -1;) {
		if (opt != 'b')
			cli_usage();
		address = optarg;
	}
	if (optind != argc - 1)
		cli_usage();

	int listener = net_listen(address, cli_listen_port(argv[optind]));
	if (listener < 0)
		cli_die_errno("listen");
	net_local(listener, &ep);
	cli_log("listening on %s", net_endpoint_format(&ep, name, sizeof name));

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&detached, 256 * 1024);
	while (cli_wait(listener, POLLIN)) {
		int fd = net_accept(listener, &ep);
		if (fd >= 0) {
			net_endpoint_format(&ep, name, sizeof name);
			cli_log("client %s", name);
			start(fd, &detached);
		} else if (net_no_room(errno)) {
			poll(NULL, 0, 50);
		} else if (errno != EAGAIN) {
			cli_die_errno("accept");
		}
	}
	pthread_attr_destroy(&detached);
	close(listener);
	return 0;
}
