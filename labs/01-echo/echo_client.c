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
 * What is missing is marked "Step 1" to "Step 6", to be written in that order;
 * what you write replaces the todo() there, and any (void) above it. The rest
 * is given, and may stay as it is.
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

/* Stands where something is to be written; ends the program when it is met. */
__attribute__((unused)) _Noreturn static int todo(int step, const char *what)
{
	cli_die("step %d is still to be written: %s", step, what);
}

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
	/*
	 * Step 1: make a socket of the family, type and protocol in *ai:
	 * socket(2), with SOCK_CLOEXEC added to the type. If that fails, say
	 * so, cli_warn_errno("%s", to), and return -1.
	 */
	int fd = todo(1, "socket, in connect_to()");
	/*
	 * Step 2: connect(2) it to the address in *ai. If that fails, say so in
	 * the same way, close the socket and return -1. There is no bind():
	 * connect() chooses your address and an ephemeral port.
	 */
	todo(2, "connect, in connect_to()");
	if (net_local(fd, &local) < 0) {
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

	/* The code returned is no errno, unless it says so itself. */
	int err = getaddrinfo(host, port, &hints, &list);
	if (err == EAI_SYSTEM)
		cli_die_errno("%s", host);
	if (err != 0)
		cli_die("%s: %s", host, gai_strerror(err));
	int fd = connect_to(list);
	/*
	 * Step 6: LIST holds every address of HOST, linked by ai_next. Give one
	 * after the other to connect_to(), until it returns a descriptor.
	 */
	if (fd < 0 && list->ai_next)
		todo(6, "the other addresses");
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
		/*
		 * Step 5: tell the server that no more will come, but go on
		 * receiving: shutdown(2) of x->server, SHUT_WR.
		 */
		todo(5, "half-close, in read_input()");
	}
}

/* Send as much as the kernel takes now; the rest stays in the buffer. */
static void send_some(struct exchange *x)
{
	/*
	 * Step 3: write(2) to x->server what lies in x->buf from x->start up to
	 * x->end. If it takes n bytes, move x->start and x->sent on by n.
	 */
	(void)x;
	ssize_t n = todo(3, "write, in send_some()");
	if (n < 0 && !try_again())
		cli_die_errno("cannot send");
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

	/*
	 * Step 4: read(2) from x->server into BUF: n bytes, 0 at EOF. If
	 * there are any, move x->received on by n.
	 */
	(void)x;
	(void)buf;
	ssize_t n = todo(4, "read, in receive_some()");
	if (n < 0 && !try_again())
		cli_die_errno("connection lost");
	if (n > 0)
		print_all(buf, (size_t)n);
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
