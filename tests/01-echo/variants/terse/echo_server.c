/*
 * echo_server.c - the short one: signalfd and splice
 *
 * Usage: echo_server [-b ADDR] PORT
 *
 * The bytes go from the socket through a pipe and back, and never into this
 * process. One client at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

static int stop; /* a signalfd: readable once we are to end */

static bool ready(int fd, short events)
{
	struct pollfd p[] = {{fd, events, 0}, {stop, POLLIN, 0}};
	int n;

	while ((n = poll(p, 2, -1)) < 0 && errno == EINTR)
		;
	return n > 0 && !p[1].revents;
}

/* splice() again until it moves something, or cannot; 0 at EOF. */
static ssize_t move(int from, int to, int wait_for, short events, size_t len)
{
	ssize_t n = -1;

	while (ready(wait_for, events) &&
	       (n = splice(from, NULL, to, NULL, len, SPLICE_F_NONBLOCK)) < 0 &&
	       (errno == EAGAIN || errno == EINTR))
		n = -1;
	return n;
}

static void echo(int client)
{
	int pipefd[2];
	ssize_t n, m = 1;

	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) < 0) {
		cli_warn_errno("pipe");
		return;
	}
	while (m > 0 &&
	       (n = move(client, pipefd[1], client, POLLIN, 65536)) > 0)
		for (; n > 0 && m > 0; n -= m)
			m = move(pipefd[0], client, client, POLLOUT, (size_t)n);
	close(pipefd[0]);
	close(pipefd[1]);
}

int main(int argc, char **argv)
{
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN], *addr = NULL;
	sigset_t set;
	int opt, listener, client;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) == 'b')
		addr = optarg;
	if (opt != -1 || argc - optind != 1)
		cli_usage();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if ((stop = signalfd(-1, &set, SFD_CLOEXEC)) < 0 ||
	    (listener = net_listen(addr, cli_listen_port(argv[optind]))) < 0 ||
	    net_local(listener, &ep) < 0)
		cli_die_errno("%s", argv[optind]);
	cli_log("listening on %s", net_endpoint_format(&ep, text, sizeof text));
	while (ready(listener, POLLIN)) {
		if ((client = net_accept(listener, &ep)) < 0) {
			if (net_no_room(errno))
				poll(&(struct pollfd){stop, POLLIN, 0}, 1, 99);
			else if (errno != EAGAIN)
				cli_die_errno("accept");
			continue;
		}
		net_set_nonblocking(client, true);
		cli_log("client %s",
			net_endpoint_format(&ep, text, sizeof text));
		echo(client);
		close(client);
	}
	return CLI_OK;
}
