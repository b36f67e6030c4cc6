/*
 * echo_server.c - send every byte back to the client that sent it
 *
 * Usage: echo_server [-b ADDR] PORT
 *
 * Serves one client at a time, until the client has sent all; the others wait
 * in the kernel's backlog. ADDR is numeric, IPv4 or IPv6; without it the
 * server listens on every address of the machine. Port 0 lets the kernel
 * choose one. SIGINT and SIGTERM end it with status 0.
 *
 * What is missing is marked "Step 1" to "Step 7", to be written in that order;
 * what you write replaces the todo() there, and any (void) above it. The rest
 * is given, and may stay as it is.
 *
 * Next: echo_client.c, the other end of the connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	BACKLOG = 128, /* connections that wait for accept(), listen(2) */
	CHUNK_BYTES = 64 * 1024,
	NO_ROOM_PAUSE_MS = 100,
};

/* Stands where something is to be written; ends the program when it is met. */
__attribute__((unused)) _Noreturn static int todo(int step, const char *what)
{
	cli_die("step %d is still to be written: %s", step, what);
}

/* bind() takes any kind of address by a pointer to its common beginning. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Fill ADDR from the numeric address TEXT; returns the length in use. */
static socklen_t make_address(union address *addr, const char *text,
			      uint16_t port)
{
	*addr = (union address){.v6 = {0}}; /* the largest of them */
	if (inet_pton(AF_INET6, text, &addr->v6.sin6_addr) == 1) {
		/*
		 * Step 1: inet_pton() has filled in the address. Set
		 * sin6_family to AF_INET6 and sin6_port to PORT, in the byte
		 * order of the network: htons(3). Return sizeof addr->v6.
		 */
		(void)port;
		todo(1, "family and port, in make_address()");
	}
	if (inet_pton(AF_INET, text, &addr->v4.sin_addr) == 1) {
		/* Step 1, too: the same for IPv4, sin_family and sin_port. */
		todo(1, "family and port, in make_address()");
	}
	cli_usage_error("not an IPv4 or IPv6 address: %s", text);
}

/* After a failure: close FD, keep errno, which close() may change. */
static int give_up(int fd)
{
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

/*
 * Listen on PORT of the numeric address TEXT. Returns a descriptor, or -1
 * with errno. SO_REUSEADDR is left for lab 03: until then a server that is
 * stopped while a client is connected cannot have its port back for a minute.
 */
static int listen_at(const char *text, uint16_t port)
{
	union address addr;
	socklen_t len = make_address(&addr, text, port);
	int family = addr.any.sa_family;

	/*
	 * Step 2: make a TCP socket of this family: socket(2), SOCK_STREAM.
	 * Add SOCK_CLOEXEC, and SOCK_NONBLOCK: a client may be gone between
	 * poll() and accept(). Return -1 if there is none.
	 */
	(void)family;
	(void)len;
	int fd = todo(2, "socket, in listen_at()");

	/* [::] serves IPv4 too, whatever the sysctl bindv6only says. */
	int off = 0;
	if (family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0)
		return give_up(fd);

	/*
	 * Step 3: give it the address: bind(2), with &addr.any and len. It can
	 * fail: return give_up(fd) then.
	 */
	todo(3, "bind, in listen_at()");

	/* Step 4: let clients connect: listen(2) with BACKLOG; it can fail. */
	todo(4, "listen, in listen_at()");
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

/* Say where LISTENER listens: only the kernel knows which port 0 became. */
static void announce(int listener)
{
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN];

	if (net_local(listener, &ep) < 0)
		cli_die_errno("getsockname");
	cli_log("listening on %s", net_endpoint_format(&ep, text, sizeof text));
}

/* accept() has failed: end if it always will, else come back for more. */
static void survive_accept_error(void)
{
	const struct timespec pause = {.tv_nsec = NO_ROOM_PAUSE_MS * 1000000L};

	if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
		cli_die_errno("accept");
	/* Else the trouble of one client, who is gone, as ECONNABORTED. */
	if (!net_no_room(errno))
		return;
	/*
	 * Out of descriptors or memory. The client stays in the backlog, so
	 * poll() would return at once, and we would spin: look again later.
	 */
	cli_warn_errno("accept");
	ppoll(NULL, 0, &pause, cli_wait_mask());
}

/* The next client out of the backlog of LISTENER; -1 if there is none. */
static int accept_client(int listener)
{
	struct net_endpoint peer = {.len = sizeof peer.addr};
	char text[NET_ENDPOINT_LEN];

	/*
	 * Step 5: take the next client: accept4(2). It fills in who it is,
	 * (struct sockaddr *)&peer.addr and &peer.len. Flags: SOCK_CLOEXEC,
	 * and SOCK_NONBLOCK, for a client may not read, and write() must not
	 * wait. What is to be done when it fails is given below.
	 */
	(void)listener;
	int client = todo(5, "accept, in accept_client()");

	if (client < 0) {
		survive_accept_error();
		return -1;
	}
	cli_log("client %s", net_endpoint_format(&peer, text, sizeof text));
	return client;
}

/* Whether a read() or write() that failed is simply to be tried again. */
static bool try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Write all LEN bytes; false if CLIENT is lost or the server is to end. */
static bool write_all(int client, const char *buf, size_t len)
{
	while (len > 0 && cli_wait(client, POLLOUT)) {
		/*
		 * Step 7: write(2) the LEN bytes at BUF. It takes as much as
		 * there is room for, n bytes, which may be fewer: move BUF and
		 * LEN on by n, so that the loop writes the rest.
		 */
		(void)buf;
		ssize_t n = todo(7, "write, in write_all()");
		if (n < 0 && !try_again()) {
			cli_warn_errno("write");
			return false;
		}
	}
	return len == 0;
}

/* Send back all that comes from CLIENT, until it has no more to send. */
static void echo(int client)
{
	char buf[CHUNK_BYTES];

	while (cli_wait(client, POLLIN)) {
		/*
		 * Step 6: read(2) into BUF what has come: n bytes. If n is 0,
		 * EOF, the client has sent its last byte: return.
		 */
		ssize_t n = todo(6, "read, in echo()");
		if (n < 0 && !try_again()) {
			cli_warn_errno("read");
			return;
		}
		if (n > 0 && !write_all(client, buf, (size_t)n))
			return;
	}
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
	if (listener < 0)
		cli_die_errno("cannot listen on port %u%s%s", port,
			      addr ? " of " : "", addr ? addr : "");
	announce(listener);

	while (cli_wait(listener, POLLIN)) {
		int client = accept_client(listener);
		if (client < 0)
			continue;
		echo(client);
		close(client);
	}
	close(listener);
	return CLI_OK;
}
