/*
 * restartable.c - a process for each client, which may outlive its server
 *
 * Honest, and otherwise made: the children wait for their clients, so that the
 * server itself never waits for one. Raw sockets behind the library's manners.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { PATIENCE_MS = 3000 };

static int try_listen(const char *addr, uint16_t port)
{
	struct net_endpoint ep;

	if (net_endpoint_make(&ep, addr, port) < 0)
		cli_usage_error("%s is no address", addr);
	int fd = socket(ep.addr.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		cli_die_errno("socket");
	if (ep.addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0},
			   sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&ep.addr, ep.len) < 0 ||
	    listen(fd, SOMAXCONN) < 0) {
		if (errno == EADDRINUSE) {
			cli_warn("port %u is already in use", port);
			exit(3);
		}
		cli_die_errno("port %u", port);
	}
	return fd;
}

/* In the child: the line, FIN, and what the client still says. */
_Noreturn static void attend(int client, pid_t server, uint16_t port)
{
	char buf[4096];
	net_time deadline = net_deadline(PATIENCE_MS);

	int n = snprintf(buf, sizeof buf, "hello from %d at %u\n", (int)server,
			 port);
	net_write_full(client, buf, (size_t)n, deadline, NULL);
	shutdown(client, SHUT_WR);
	while (cli_wait_until(client, POLLIN, deadline) &&
	       net_read(client, buf, sizeof buf, deadline) > 0)
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *addr = "::";
	pid_t server = getpid();
	int opt;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) == 'b')
		addr = optarg;
	if (opt != -1 || argc - optind != 1)
		cli_usage();
	uint16_t port = cli_listen_port(argv[optind]);
	int listener = try_listen(addr, port);

	signal(SIGCHLD, SIG_IGN); /* no zombies */
	while (cli_wait(listener, POLLIN)) {
		int client = net_accept(listener, NULL);
		pid_t child = client < 0 ? -1 : fork();
		if (child == 0) {
			close(listener);
			attend(client, server, port);
		}
		if (client >= 0)
			close(client);
		else if (net_no_room(errno))
			poll(NULL, 0, 50);
	}
	return CLI_OK;
}
