/*
 * echo_client.c - the short one: epoll is not for files, so poll it is
 *
 * Usage: echo_client HOST PORT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

static ssize_t checked(ssize_t n, const char *what)
{
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		cli_die_errno("%s", what);
	return n;
}

static int dial(const char *host, const char *port)
{
	char a[NET_ENDPOINT_LEN], b[NET_ENDPOINT_LEN];
	struct net_endpoint ep;
	struct addrinfo *list;
	int fd = -1, err = net_resolve(host, port, AF_UNSPEC, &list);

	if (err)
		cli_die("%s: %s", host, gai_strerror(err));
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next) {
		ep = net_endpoint_of(ai);
		net_endpoint_format(&ep, b, sizeof b);
		if ((fd = net_connect(&ep, NET_FOREVER)) < 0)
			cli_warn_errno("%s", b);
	}
	freeaddrinfo(list);
	if (fd < 0 || net_local(fd, &ep) < 0 || net_set_nonblocking(fd, 1) < 0)
		cli_die("no connection");
	cli_log("connected %s -> %s", net_endpoint_format(&ep, a, sizeof a), b);
	return fd;
}

int main(int argc, char **argv)
{
	static char up[1 << 15], down[1 << 15];
	size_t off = 0, len = 0, sent = 0, back = 0;
	struct pollfd p[2] = {{0}, {STDIN_FILENO, POLLIN, 0}};
	ssize_t n;

	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, cli_wait_mask(), NULL);
	int fd = p[0].fd = dial(argv[1], argv[2]), open = 1;

	for (n = -1; n != 0;) {
		p[0].events = (short)(POLLIN | (off < len ? POLLOUT : 0));
		p[1].fd = open && off == len ? STDIN_FILENO : -1;
		if (checked(poll(p, 2, -1), "poll") < 0)
			continue;
		if (p[0].revents & POLLOUT) {
			n = write(fd, up + off, len - off);
			if (checked(n, "send") > 0)
				off += (size_t)n, sent += (size_t)n;
		}
		if (p[1].fd >= 0 && p[1].revents) {
			n = read(STDIN_FILENO, up, sizeof up);
			off = 0;
			len = checked(n, "stdin") > 0 ? (size_t)n : 0;
			if (n == 0)
				open = 0, shutdown(fd, SHUT_WR);
		}
		n = -1;
		if (p[0].revents & ~POLLOUT)
			n = checked(read(fd, down, sizeof down), "receive");
		if (n > 0 && net_write_full(STDOUT_FILENO, down, (size_t)n,
					    NET_FOREVER, NULL) < 0)
			cli_die_errno("stdout");
		back += n > 0 ? (size_t)n : 0;
	}
	if (open || back < sent)
		cli_die("%zu of %zu bytes came back%s", back, sent,
			open ? ", and there was more to send" : "");
	return 0;
}
