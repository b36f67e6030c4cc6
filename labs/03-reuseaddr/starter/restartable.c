/*
 * restartable.c - say one line to each client, and survive one's own restart
 *
 * Usage: restartable [-b ADDR] PORT
 *
 * Sends "hello from PID at PORT" to whoever connects and closes first, so that
 * its port is in TIME_WAIT afterwards. It can be started again at once all the
 * same, but never twice: when another program has the port it says "port N is
 * already in use" and exits with status 3. ADDR is numeric, IPv4 or IPv6;
 * without it the server listens on every address of the machine. Port 0 lets
 * the kernel choose one. SIGINT and SIGTERM end it with status 0.
 *
 * What is missing is marked "Step 1" to "Step 4", to be written in that order;
 * what you write replaces the todo() there, and any (void) above it. The rest
 * is given, and may stay as it is.
 *
 * Next: bindmatrix.c, which tries out when bind() and listen() succeed.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	EXIT_IN_USE = 3, /* beside those of cli.h */
	LINE_BYTES = 64,
	CHUNK_BYTES = 4096,
	PATIENCE_MS = 1000, /* for a client that does not close */
	NO_ROOM_PAUSE_MS = 100,
};

/* Stands where something is to be written; ends the program when it is met. */
__attribute__((unused)) _Noreturn static int todo(int step, const char *what)
{
	cli_die("step %d is still to be written: %s", step, what);
}

/* After a failure: close FD, keep errno, which close() may change. */
static int give_up(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

/* Listen on PORT of the numeric address TEXT. A descriptor, or -1, errno. */
static int listen_at(const char *text, uint16_t port)
{
	const int off = 0;
	struct net_endpoint ep;

	if (net_endpoint_make(&ep, text, port) < 0)
		cli_usage_error("not an IPv4 or IPv6 address: %s", text);
	int family = ep.addr.ss_family;

	/* Non-blocking: a client may be gone between poll() and accept(). */
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* [::] serves IPv4 too, whatever the sysctl bindv6only says. */
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
		return give_up(fd);
	/*
	 * Step 4, not before the handout comes to it, and without a todo():
	 * give the socket SO_REUSEADDR, setsockopt(2) with the level
	 * SOL_SOCKET, as is done above for another option. It can fail.
	 */
	/* Both can find the port in use: listen(), if the other began since. */
	if (bind(fd, (struct sockaddr *)&ep.addr, ep.len) < 0 ||
	    listen(fd, NET_BACKLOG) < 0)
		return give_up(fd);
	return fd;
}

/* Listen on every address of this machine, which may have no IPv6. */
static int listen_everywhere(uint16_t port)
{
	int fd = listen_at("::", port);

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL))
		fd = listen_at("0.0.0.0", port);
	return fd;
}

/* Say where LISTENER listens; returns the port, which the kernel knows. */
static uint16_t announce(int listener)
{
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN];

	if (net_local(listener, &ep) < 0)
		cli_die_errno("getsockname");
	cli_log("listening on %s", net_endpoint_format(&ep, text, sizeof text));
	return net_endpoint_port(&ep);
}

/* The next client out of the backlog of LISTENER; -1 if there is none. */
static int accept_client(int listener)
{
	const struct timespec pause = {.tv_nsec = NO_ROOM_PAUSE_MS * 1000000L};

	int client = net_accept(listener, NULL);
	if (client < 0 && errno != EAGAIN) {
		if (!net_no_room(errno))
			cli_die_errno("accept");
		/* It stays in the backlog: look again later, or we spin. */
		cli_warn_errno("accept");
		ppoll(NULL, 0, &pause, cli_wait_mask());
	}
	return client;
}

/* Send CLIENT the line that says which process this is. */
static void say_hello(int client, uint16_t port, net_time deadline)
{
	char line[LINE_BYTES];

	/*
	 * Step 1: write "hello from PID at PORT" and LF into LINE, with
	 * snprintf(3) and getpid(2), and set LEN to its length.
	 */
	(void)port;
	int len = todo(1, "the line, in say_hello()");
	if (net_write_full(client, line, (size_t)len, deadline, NULL) < 0)
		cli_warn_errno("write");
}

/* End the connection, and be the first of the two ends to do so. */
static void close_first(int client, net_time deadline)
{
	char dropped[CHUNK_BYTES];

	/*
	 * Step 2: send FIN: shutdown(2), SHUT_WR. If that fails, the client
	 * has reset the connection, and there is nothing to wait for. Else
	 * read into DROPPED, and forget, what the client still sends, until
	 * its FIN has come or DEADLINE has passed: cli_wait_until() for POLLIN
	 * waits for the next of it, net_read() takes it, and says 0 at EOF.
	 */
	(void)dropped;
	(void)deadline;
	todo(2, "FIN first, in close_first()");
	close(client);
}

int main(int argc, char **argv)
{
	const char *addr = NULL;
	int opt;

	cli_init(argv[0], "[-b ADDR] PORT");
	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			cli_usage();
		addr = optarg;
	}
	if (argc - optind != 1)
		cli_usage();
	uint16_t port = cli_listen_port(argv[optind]);

	int listener = addr ? listen_at(addr, port) : listen_everywhere(port);
	if (listener < 0 && errno == EADDRINUSE) {
		/*
		 * Step 3: say "port N is already in use", with cli_warn(), and
		 * return EXIT_IN_USE.
		 */
		todo(3, "the port is in use, in main()");
	}
	if (listener < 0)
		cli_die_errno("cannot listen on port %u%s%s", port,
			      addr ? " of " : "", addr ? addr : "");
	port = announce(listener);

	while (cli_wait(listener, POLLIN)) {
		int client = accept_client(listener);
		if (client < 0)
			continue;
		net_time deadline = net_deadline(PATIENCE_MS);
		say_hello(client, port, deadline);
		close_first(client, deadline);
	}
	close(listener);
	return CLI_OK;
}
