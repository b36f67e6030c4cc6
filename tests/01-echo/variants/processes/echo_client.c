/*
 * echo_client.c - a child sends, its parent receives
 *
 * Usage: echo_client HOST PORT
 *
 * How many bytes there were the child says through a pipe, before the server
 * can know that no more will come.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

static char buf[32 * 1024];

static int connect_first(const struct addrinfo *ai)
{
	char from[NET_ENDPOINT_LEN], to[NET_ENDPOINT_LEN];

	for (; ai != NULL; ai = ai->ai_next) {
		struct net_endpoint there = net_endpoint_of(ai);
		struct net_endpoint here;

		net_endpoint_format(&there, to, sizeof to);
		int fd = net_connect(&there, NET_FOREVER);
		if (fd >= 0 && net_local(fd, &here) == 0) {
			net_endpoint_format(&here, from, sizeof from);
			cli_log("connected %s -> %s", from, to);
			return fd;
		}
		cli_warn_errno("%s", to);
	}
	return -1;
}

/* The child: stdin to SERVER, the count to COUNT. Never returns. */
static void send_input(int server, int count)
{
	uint64_t sent = 0;
	ssize_t n;

	while ((n = net_read(STDIN_FILENO, buf, sizeof buf, NET_FOREVER)) > 0) {
		/* The parent sees what has become of the connection. */
		if (net_write_full(server, buf, (size_t)n, NET_FOREVER, NULL) <
		    0)
			_exit(CLI_FAILED);
		sent += (uint64_t)n;
	}
	if (n < 0) {
		cli_warn_errno("standard input");
		_exit(CLI_FAILED);
	}
	if (write(count, &sent, sizeof sent) != sizeof sent)
		_exit(CLI_FAILED);
	shutdown(server, SHUT_WR);
	_exit(CLI_OK);
}

/* Print what comes, and return how much it was; exits if it breaks off. */
static uint64_t receive(int server)
{
	uint64_t received = 0;
	ssize_t n;

	while ((n = net_read(server, buf, sizeof buf, NET_FOREVER)) > 0) {
		if (net_write_full(STDOUT_FILENO, buf, (size_t)n, NET_FOREVER,
				   NULL) < 0)
			cli_die_errno("standard output");
		received += (uint64_t)n;
	}
	if (n < 0)
		cli_die_errno("connection lost");
	return received;
}

int main(int argc, char **argv)
{
	struct addrinfo *list;
	int count[2];

	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, cli_wait_mask(), NULL);

	int err = net_resolve(argv[1], argv[2], AF_UNSPEC, &list);
	if (err != 0)
		cli_die("%s: %s", argv[1], gai_strerror(err));
	int server = connect_first(list);
	freeaddrinfo(list);
	if (server < 0)
		cli_die("no address of %s answers", argv[1]);
	if (pipe(count) < 0)
		cli_die_errno("pipe");
	pid_t parent = getpid();
	pid_t child = fork();
	if (child < 0)
		cli_die_errno("fork");
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() == parent)
			send_input(server, count[1]);
		_exit(CLI_FAILED);
	}

	uint64_t received = receive(server), sent = 0;
	bool all = net_read(count[0], &sent, sizeof sent, net_now()) ==
		   sizeof sent;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (!all)
		cli_die("the server closed before the input had ended");
	if (received < sent)
		cli_die("%" PRIu64 " of %" PRIu64 " bytes came back", received,
			sent);
	return CLI_OK;
}
