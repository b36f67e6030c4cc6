/*
 * echo_client.c - a process sends, by sendfile(2) if it can; another receives
 *
 * Usage: echo_client HOST PORT
 *
 * The one that sends tells by its status whether all went, and by a pipe how
 * much it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { CHUNK_BYTES = 64 * 1024 };

/*
 * All that FROM has to TO, and how much it was in *TOTAL. False with errno
 * when one of the two has failed.
 */
static bool copy(int from, int to, unsigned long long *total)
{
	static char buf[CHUNK_BYTES];

	for (;;) {
		ssize_t n = net_read(from, buf, sizeof buf, NET_FOREVER);

		if (n <= 0)
			return n == 0;
		*total += (unsigned long long)n;
		if (net_write_full(to, buf, (size_t)n, NET_FOREVER, NULL) < 0)
			return false;
	}
}

/* The same of a file; what is not one gives EINVAL. */
static bool send_file(int server, unsigned long long *total)
{
	ssize_t n;

	do {
		n = sendfile(server, STDIN_FILENO, NULL, CHUNK_BYTES);
		if (n > 0)
			*total += (unsigned long long)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0;
}

static _Noreturn void send_input(int server, int note, pid_t parent)
{
	unsigned long long sent = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	if (!send_file(server, &sent) &&
	    (errno != EINVAL || !copy(STDIN_FILENO, server, &sent)))
		_exit(CLI_FAILED);
	/* First the note, then FIN: the answer to FIN may be very quick. */
	if (net_write_full(note, &sent, sizeof sent, NET_FOREVER, NULL) < 0)
		_exit(CLI_FAILED);
	shutdown(server, SHUT_WR);
	_exit(CLI_OK);
}

static int find_server(const char *host, const char *port)
{
	struct addrinfo *list, *ai;
	char text[2][NET_ENDPOINT_LEN];
	struct net_tuple tuple;
	int server = -1;
	int code = net_resolve(host, port, AF_UNSPEC, &list);

	if (code)
		cli_die("%s: %s", host, gai_strerror(code));
	for (ai = list; ai && server < 0; ai = ai->ai_next) {
		tuple.remote = net_endpoint_of(ai);
		net_endpoint_format(&tuple.remote, text[1], sizeof text[1]);
		server = net_connect(&tuple.remote, NET_FOREVER);
		if (server < 0)
			cli_warn_errno("%s", text[1]);
	}
	freeaddrinfo(list);
	if (server < 0)
		cli_die("cannot connect");
	if (net_tuple_of(server, &tuple) < 0 ||
	    net_set_nonblocking(server, false) < 0)
		cli_die_errno("%s", text[1]);
	cli_log("connected %s -> %s",
		net_endpoint_format(&tuple.local, text[0], sizeof text[0]),
		text[1]);
	return server;
}

/* Whether as many bytes came back as went; the note is there before FIN is. */
static void compare(int note, unsigned long long received)
{
	unsigned long long sent;
	ssize_t n = net_read(note, &sent, sizeof sent, net_deadline(0));

	if (n != (ssize_t)sizeof sent)
		cli_die("the server has closed, and there is more to send");
	if (received != sent)
		cli_die("%llu bytes of %llu came back", received, sent);
}

int main(int argc, char **argv)
{
	unsigned long long received = 0;
	pid_t parent = getpid();
	int note[2];

	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, cli_wait_mask(), NULL);
	int server = find_server(argv[1], argv[2]);

	if (pipe2(note, O_CLOEXEC) < 0)
		cli_die_errno("pipe");
	pid_t sender = fork();
	if (sender < 0)
		cli_die_errno("fork");
	if (sender == 0)
		send_input(server, note[1], parent);
	close(note[1]);
	if (!copy(server, STDOUT_FILENO, &received))
		cli_die_errno("receiving");
	compare(note[0], received);
	(void)waitpid(sender, NULL, 0);
	return CLI_OK;
}
