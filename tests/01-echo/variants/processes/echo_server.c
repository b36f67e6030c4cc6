/*
 * echo_server.c - a process for each client
 *
 * Usage: echo_server [-b ADDR] PORT
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

/* No zombies: wait for each child as it ends. */
static void on_child(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

/* In the child: blocking calls, for nobody else waits for this process. */
static void serve(int client)
{
	char buf[16 * 1024];

	for (;;) {
		ssize_t n = net_read(client, buf, sizeof buf, NET_FOREVER);
		if (n == 0)
			return;
		if (n < 0) {
			cli_warn_errno("read");
			return;
		}
		if (net_write_full(client, buf, (size_t)n, NET_FOREVER, NULL) <
		    0) {
			cli_warn_errno("write");
			return;
		}
	}
}

static void start_child(int client, int listener, pid_t parent)
{
	pid_t pid = fork();

	if (pid < 0)
		cli_warn_errno("fork");
	if (pid != 0)
		return;
	/* When the server ends, so do those who serve. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	close(listener);
	serve(client);
	close(client);
	_exit(CLI_OK);
}

static void take_client(int listener)
{
	struct net_endpoint peer;
	char text[NET_ENDPOINT_LEN];
	int client = net_accept(listener, &peer);

	if (client >= 0) {
		cli_log("client %s",
			net_endpoint_format(&peer, text, sizeof text));
		start_child(client, listener, getpid());
		close(client);
	} else if (net_no_room(errno)) {
		cli_warn_errno("accept");
		poll(NULL, 0, 100);
	} else if (errno != EAGAIN) {
		cli_die_errno("accept");
	}
}

int main(int argc, char **argv)
{
	struct sigaction reap = {.sa_handler = on_child,
				 .sa_flags = SA_RESTART};
	struct net_endpoint here;
	char text[NET_ENDPOINT_LEN];
	const char *host = NULL;
	int opt;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) == 'b')
		host = optarg;
	if (opt != -1 || optind + 1 != argc)
		cli_usage();
	uint16_t port = cli_listen_port(argv[optind]);

	sigaction(SIGCHLD, &reap, NULL);
	int listener = net_listen(host, port);
	if (listener < 0 || net_local(listener, &here) < 0)
		cli_die_errno("port %u", port);
	cli_log("listening on %s",
		net_endpoint_format(&here, text, sizeof text));
	while (cli_wait(listener, POLLIN))
		take_client(listener);
	close(listener);
	return CLI_OK;
}
