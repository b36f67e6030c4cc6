/*
 * restartable.c - all clients at once, in one loop around poll()
 *
 * Honest, and otherwise made: nobody waits for anybody. A client that has its
 * line is kept until its FIN has come or a second is over.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { CLIENTS = 256, PATIENCE_MS = 1000, TICK_NS = 50000000 };

static struct pollfd fds[1 + CLIENTS]; /* the listener is the first */
static net_time ends[1 + CLIENTS];
static nfds_t count = 1;

static void let_go(nfds_t i)
{
	close(fds[i].fd);
	count--;
	fds[i] = fds[count];
	ends[i] = ends[count];
}

static void welcome(int client, uint16_t port)
{
	char line[64];

	snprintf(line, sizeof line, "hello from %d at %u\n", (int)getpid(),
		 port);
	if (write(client, line, strlen(line)) < 0)
		cli_warn_errno("write");
	shutdown(client, SHUT_WR);
	net_set_nonblocking(client, true);
	fds[count] = (struct pollfd){.fd = client, .events = POLLIN};
	ends[count++] = net_deadline(PATIENCE_MS);
}

static void look_at(nfds_t i)
{
	char dropped[4096];
	ssize_t n = 1;

	if (fds[i].revents)
		n = read(fds[i].fd, dropped, sizeof dropped);
	if (n == 0 || (n < 0 && errno != EAGAIN) || net_now() >= ends[i])
		let_go(i);
}

static int open_listener(const char *addr, uint16_t port)
{
	struct net_endpoint ep;
	int yes = 1, no = 0;

	if (net_endpoint_make(&ep, addr, port) < 0)
		cli_usage_error("bad address");
	int fd = socket(ep.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	net_set_nonblocking(fd, true);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (ep.addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
	if (bind(fd, (struct sockaddr *)&ep.addr, ep.len) < 0)
		return -1;
	return listen(fd, 5) < 0 ? -1 : fd;
}

int main(int argc, char **argv)
{
	const struct timespec tick = {.tv_nsec = TICK_NS};
	bool bound = argc == 4 && strcmp(argv[1], "-b") == 0;

	cli_init(argv[0], "[-b ADDR] PORT");
	if (argc != 2 && !bound)
		cli_usage();
	uint16_t port = cli_port(argv[argc - 1]);

	fds[0].fd = open_listener(bound ? argv[2] : "::", port);
	if (fds[0].fd < 0 && errno == EADDRINUSE) {
		cli_warn("port %u is already in use", port);
		return 3;
	}
	if (fds[0].fd < 0)
		cli_die_errno("port %u", port);
	while (!cli_stopping()) {
		fds[0].events = count <= CLIENTS ? POLLIN : 0;
		if (ppoll(fds, count, count > 1 ? &tick : NULL,
			  cli_wait_mask()) < 0)
			continue;
		for (nfds_t i = count - 1; i > 0; i--)
			look_at(i);
		int client = fds[0].revents ? net_accept(fds[0].fd, NULL) : -1;
		if (client >= 0)
			welcome(client, port);
		else if (fds[0].revents && net_no_room(errno))
			ppoll(NULL, 0, &tick, cli_wait_mask());
	}
	return CLI_OK;
}
