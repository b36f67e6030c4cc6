/*
 * echo_client.c - send stdin to a server, print what comes back
 *
 * Usage: echo_client HOST PORT
 *
 * Sends while it reads what comes back, half-closes the connection when stdin
 * ends and waits until the server has closed too. Status 1 if it cannot
 * connect, if the connection breaks or is closed before stdin has ended, or
 * if fewer bytes come back than were sent.
 *
 * Next: echo_server.c, the other end of the connection.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { CHUNK_BYTES = 64 * 1024 };

/* One conversation: what was read from stdin, and how far it has got. */
struct exchange {
	int server;
	bool input_ended;
	size_t start; /* the first byte in buf not sent yet */
	size_t end;   /* one past the last byte in buf */
	uint64_t sent;
	uint64_t received;
	char buf[CHUNK_BYTES];
};

/* Connect to one address and say so, or why not. A descriptor, or -1. */
static int connect_to(const struct addrinfo *ai)
{
	struct net_endpoint local, remote = net_endpoint_of(ai);
	char from[NET_ENDPOINT_LEN], to[NET_ENDPOINT_LEN];

	net_endpoint_format(&remote, to, sizeof to);
	int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC,
			ai->ai_protocol);
	if (fd < 0) {
		cli_warn_errno("%s", to);
		return -1;
	}
	/* No bind(): connect() chooses our address and an ephemeral port. */
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
	    net_local(fd, &local) < 0) {
		cli_warn_errno("%s", to);
		close(fd);
		return -1;
	}
	net_endpoint_format(&local, from, sizeof from);
	cli_log("connected %s -> %s", from, to);
	return fd;
}

/* Connect to the first address of HOST that answers; exits if none does. */
static int connect_to_any(const char *host, const char *port)
{
	const struct addrinfo hints = {
		.ai_family = AF_UNSPEC, /* IPv4 and IPv6 */
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *list;
	int fd = -1;

	/* The code returned is no errno, unless it says so itself. */
	int err = getaddrinfo(host, port, &hints, &list);
	if (err == EAI_SYSTEM)
		cli_die_errno("%s", host);
	if (err != 0)
		cli_die("%s: %s", host, gai_strerror(err));
	for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
		fd = connect_to(ai);
	freeaddrinfo(list);
	if (fd < 0)
		cli_die("cannot connect to %s, port %s", host, port);
	return fd;
}

/* Whether a read() or write() that failed is simply to be tried again. */
static bool try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Take the next piece of stdin; at its end, half-close the connection. */
static void read_input(struct exchange *x)
{
	ssize_t n = read(STDIN_FILENO, x->buf, sizeof x->buf);

	if (n < 0) {
		if (!try_again())
			cli_die_errno("standard input");
		return;
	}
	x->start = 0;
	x->end = (size_t)n;
	if (n == 0) {
		x->input_ended = true;
		/* Sends FIN; what the server still sends is still received. */
		shutdown(x->server, SHUT_WR);
	}
}

/* Send as much as the kernel takes now; the rest stays in the buffer. */
static void send_some(struct exchange *x)
{
	ssize_t n = write(x->server, x->buf + x->start, x->end - x->start);

	if (n >= 0) {
		x->start += (size_t)n;
		x->sent += (uint64_t)n;
	} else if (!try_again()) {
		cli_die_errno("cannot send");
	}
}

/* Write all LEN bytes to stdout, which may be a pipe that is full. */
static void print_all(const char *buf, size_t len)
{
	while (len > 0 && cli_wait(STDOUT_FILENO, POLLOUT)) {
		ssize_t n = write(STDOUT_FILENO, buf, len);
		if (n >= 0) {
			buf += n;
			len -= (size_t)n;
		} else if (!try_again()) {
			cli_die_errno("standard output");
		}
	}
}

/* Print what has come; false at EOF, when the server will send no more. */
static bool receive_some(struct exchange *x)
{
	char buf[CHUNK_BYTES];
	ssize_t n = read(x->server, buf, sizeof buf);

	if (n < 0 && !try_again())
		cli_die_errno("connection lost");
	if (n > 0) {
		x->received += (uint64_t)n;
		print_all(buf, (size_t)n);
	}
	return n != 0;
}

/*
 * Send and receive in turns, whichever is possible, until the server closes.
 * Were all sent first, both ends would at some point wait for ever: the
 * server for us to read, and we for the server.
 */
static void run(struct exchange *x)
{
	for (;;) {
		bool unsent = x->start < x->end;
		bool want_input = !unsent && !x->input_ended;
		struct pollfd server = {x->server, POLLIN, 0};
		struct pollfd input = {STDIN_FILENO, POLLIN, 0};

		if (unsent)
			server.events |= POLLOUT;
		if (!want_input)
			input.fd = -1; /* poll() passes it over */
		struct pollfd fds[] = {server, input};
		if (poll(fds, 2, -1) < 0) {
			if (try_again())
				continue;
			cli_die_errno("poll");
		}
		/* Errors and hang-ups too: read() tells what has happened. */
		if ((fds[0].revents & ~POLLOUT) && !receive_some(x))
			return;
		if (fds[0].revents & POLLOUT)
			send_some(x);
		if (fds[1].revents)
			read_input(x);
	}
}

int main(int argc, char **argv)
{
	static struct exchange x;

	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]); /* exits unless it is a port */
	/* Above all in connect(), which may wait for minutes. */
	cli_let_signals_kill();

	x.server = connect_to_any(argv[1], argv[2]);
	/* From here on poll() waits; read() and write() never shall. */
	if (net_set_nonblocking(x.server, true) < 0)
		cli_die_errno("fcntl");
	run(&x);
	close(x.server);
	if (!x.input_ended)
		cli_die("the server closed before the input had ended");
	if (x.received < x.sent)
		cli_die("sent %" PRIu64 " bytes, but %" PRIu64 " came back",
			x.sent, x.received);
	return CLI_OK;
}
