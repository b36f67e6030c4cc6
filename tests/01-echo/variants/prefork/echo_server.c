/*
 * echo_server.c - some processes, started beforehand, share the listener; the
 * bytes go through a pipe by splice(2), and never come into the program
 *
 * Usage: echo_server [-b ADDR] PORT
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	SERVERS = 3,
	PIPE_BYTES = 64 * 1024,
	PAUSE_MS = 20,
};

/* Up to LEN bytes from FROM to TO, one of which is a pipe. */
static ssize_t move(int from, int to, size_t len)
{
	ssize_t n;

	do {
		n = splice(from, NULL, to, NULL, len, SPLICE_F_MOVE);
	} while (n < 0 && errno == EINTR);
	return n;
}

/* What is in the pipe when a client has broken off goes with the pipe. */
static void serve(int client)
{
	int through[2];
	ssize_t n = 0;

	if (pipe2(through, O_CLOEXEC) < 0) {
		cli_warn_errno("pipe");
		return;
	}
	do {
		ssize_t left = n = move(client, through[1], PIPE_BYTES);

		while (left > 0) {
			n = move(through[0], client, (size_t)left);
			if (n <= 0)
				break;
			left -= n;
		}
	} while (n > 0);
	if (n < 0)
		cli_warn_errno("splice");
	close(through[0]);
	close(through[1]);
}

static _Noreturn void take_clients(int listener, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client >= 0) {
			serve(client);
			close(client);
		} else if (net_no_room(errno)) {
			cli_warn_errno("accept");
			poll(NULL, 0, PAUSE_MS);
		}
	}
}

/* They take no signal but SIGKILL, for the first process decides. */
static void start_servers(int listener, pid_t *servers)
{
	pid_t parent = getpid();

	for (int i = 0; i < SERVERS; i++) {
		servers[i] = fork();
		if (servers[i] < 0)
			cli_die_errno("fork");
		if (servers[i] == 0)
			take_clients(listener, parent);
	}
}

static void end_servers(const pid_t *servers)
{
	for (int i = 0; i < SERVERS; i++)
		kill(servers[i], SIGKILL);
	for (int i = 0; i < SERVERS; i++)
		(void)waitpid(servers[i], NULL, 0);
}

int main(int argc, char **argv)
{
	const char *host = NULL;
	pid_t servers[SERVERS];
	int opt;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) == 'b')
		host = optarg;
	if (opt != -1 || optind + 1 != argc)
		cli_usage();
	uint16_t port = cli_listen_port(argv[optind]);
	int listener = net_listen(host, port);

	if (listener < 0)
		cli_die_errno("port %u", port);
	/* The servers wait in accept() itself, not in poll(). */
	if (net_set_nonblocking(listener, false) < 0)
		cli_die_errno("port %u", port);
	start_servers(listener, servers);
	puts("Welcome. This server echoes.");
	fflush(stdout);
	(void)cli_wait(-1, 0);
	end_servers(servers);
	close(listener);
	return CLI_OK;
}
