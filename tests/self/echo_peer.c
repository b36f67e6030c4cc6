/*
 * echo_peer.c - a peer that behaves in ways that an echo's peer may
 *
 * Usage: echo_peer VERB [HOST PORT]
 *
 * As a client of HOST PORT:
 *   reset      send a line, wait for it, and end the connection with RST
 *   deaf       with little room to receive, send and do not read until nothing
 *              more is taken; say "full", wait until stdin ends, then read all
 *   halfclose  send a line and FIN, say "half-closed", print what comes back
 *   many       a hundred connections in turn, each with a byte of its own
 * As a server, on a port of 127.0.0.1 that it prints:
 *   narrow     take one client and echo, with little room to receive
 *   close      take one client and close at once
 *   drop       take one client, read all, send back one byte less
 *   cut        take one client, read a little, and send RST
 *   backlog    fill its own backlog, so that nobody else can connect; stay
 *              until stdin ends
 *
 * Next: echo.bats, which uses it.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	CLIENTS = 100,
	CHUNK_BYTES = 64 * 1024,
	SMALL_BYTES = 4096,
	SEGMENT_BYTES = 536,
	STALLED_MS = 300,
	PATIENCE_MS = 60 * 1000,
};

static const char line[] = "a line\n";
static const size_t line_len = sizeof line - 1;

/* Say something to the script, which waits for it. */
static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void stay_until_stdin_ends(void)
{
	char byte;
	ssize_t n;

	do {
		n = read(STDIN_FILENO, &byte, 1);
	} while (n > 0);
}

/* close() that sends RST instead of FIN: SO_LINGER, socket(7). */
static void close_with_reset(int fd)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
}

/*
 * Little room to receive, and short segments: then the other end's kernel
 * keeps a small send buffer, too, and its write() takes a part. To be set
 * before the SYN or the SYN-ACK, which announce both.
 */
static void make_narrow(int fd)
{
	const int window = SMALL_BYTES, segment = SEGMENT_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) <
		    0)
		cli_die_errno("setsockopt");
}

static int connect_to(const char *host, const char *port, bool narrow)
{
	struct addrinfo *list;

	if (net_resolve(host, port, AF_UNSPEC, &list) != 0)
		cli_die("cannot resolve %s", host);
	int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		cli_die_errno("socket");
	if (narrow)
		make_narrow(fd);
	if (connect(fd, list->ai_addr, list->ai_addrlen) < 0)
		cli_die_errno("connect");
	freeaddrinfo(list);
	return fd;
}

static void send_all(int fd, const char *buf, size_t len)
{
	if (net_write_full(fd, buf, len, net_deadline(PATIENCE_MS), NULL) < 0)
		cli_die_errno("write");
}

/* Send a few bytes, and expect them back. */
static void exchange(int fd, const char *text, size_t len)
{
	char got[64];

	send_all(fd, text, len);
	ssize_t n = net_read_full(fd, got, len, net_deadline(PATIENCE_MS));
	if (n != (ssize_t)len || memcmp(got, text, len) != 0)
		cli_die("what was sent did not come back");
}

/* Returns how many bytes were taken until nothing moved any more. */
static size_t send_until_full(int fd)
{
	static const char zeros[CHUNK_BYTES];
	size_t sent = 0;

	net_set_nonblocking(fd, true);
	while (net_wait(fd, POLLOUT, net_deadline(STALLED_MS)) == 0) {
		ssize_t n = send(fd, zeros, sizeof zeros, MSG_NOSIGNAL);
		if (n < 0)
			cli_die_errno("send");
		sent += (size_t)n;
	}
	return sent;
}

/* Returns how many bytes come until EOF. */
static size_t receive_all(int fd)
{
	static char buf[CHUNK_BYTES];
	size_t received = 0;
	ssize_t n;

	do {
		n = net_read(fd, buf, sizeof buf, net_deadline(PATIENCE_MS));
		if (n < 0)
			cli_die_errno("read");
		received += (size_t)n;
	} while (n > 0);
	return received;
}

static void print_all(int fd)
{
	char buf[CHUNK_BYTES];

	for (;;) {
		net_time deadline = net_deadline(PATIENCE_MS);
		ssize_t n = net_read(fd, buf, sizeof buf, deadline);
		if (n < 0)
			cli_die_errno("read");
		if (n == 0)
			return;
		fwrite(buf, 1, (size_t)n, stdout);
	}
}

static int listen_somewhere(bool narrow)
{
	struct net_endpoint ep;
	int fd = net_listen("127.0.0.1", 0);

	if (fd < 0 || net_local(fd, &ep) < 0)
		cli_die_errno("listen");
	if (narrow)
		make_narrow(fd);
	printf("%u\n", net_endpoint_port(&ep));
	fflush(stdout);
	return fd;
}

static int accept_one(bool narrow)
{
	int listener = listen_somewhere(narrow);
	int fd = -1;

	if (net_wait(listener, POLLIN, net_deadline(PATIENCE_MS)) == 0)
		fd = net_accept(listener, NULL);
	if (fd < 0)
		cli_die_errno("accept");
	close(listener);
	return fd;
}

static void reset(const char *host, const char *port)
{
	int fd = connect_to(host, port, false);

	exchange(fd, line, line_len);
	close_with_reset(fd);
}

static void deaf(const char *host, const char *port)
{
	int fd = connect_to(host, port, true);
	size_t sent = send_until_full(fd);

	say("full");
	stay_until_stdin_ends();
	shutdown(fd, SHUT_WR);
	size_t received = receive_all(fd);
	if (received != sent)
		cli_die("sent %zu bytes, got %zu", sent, received);
	close(fd);
}

static void halfclose(const char *host, const char *port)
{
	int fd = connect_to(host, port, false);

	send_all(fd, line, line_len);
	shutdown(fd, SHUT_WR);
	say("half-closed");
	print_all(fd);
	close(fd);
}

static void many(const char *host, const char *port)
{
	for (int i = 0; i < CLIENTS; i++) {
		char number = (char)i;
		int fd = connect_to(host, port, false);
		exchange(fd, &number, 1);
		close(fd);
	}
}

static void narrow_echo(void)
{
	static char buf[CHUNK_BYTES];
	int fd = accept_one(true);
	ssize_t n;

	do {
		n = net_read(fd, buf, sizeof buf, net_deadline(PATIENCE_MS));
		if (n < 0)
			cli_die_errno("read");
		send_all(fd, buf, (size_t)n);
	} while (n > 0);
	close(fd);
}

static void drop(void)
{
	static char buf[CHUNK_BYTES];
	int fd = accept_one(false);
	ssize_t n = net_read_full(fd, buf, sizeof buf, NET_FOREVER);

	if (n > 0)
		send_all(fd, buf, (size_t)n - 1);
	close(fd);
}

static void close_at_once(void)
{
	close(accept_one(false));
}

static void cut(void)
{
	char byte;
	int fd = accept_one(false);

	net_read(fd, &byte, 1, net_deadline(PATIENCE_MS));
	close_with_reset(fd);
}

/* A backlog of N takes N + 1 connections; listen() again may make it less. */
static void backlog(void)
{
	struct net_endpoint ep;
	int listener = listen_somewhere(false);

	if (listen(listener, 0) < 0 || net_local(listener, &ep) < 0)
		cli_die_errno("listen");
	int fd = net_connect(&ep, net_deadline(PATIENCE_MS));
	say("full");
	stay_until_stdin_ends();
	close(fd);
	close(listener);
}

int main(int argc, char **argv)
{
	const struct {
		const char *verb;
		void (*as_client)(const char *host, const char *port);
		void (*as_server)(void);
	} verbs[] = {
		{"reset", reset, NULL},		{"deaf", deaf, NULL},
		{"halfclose", halfclose, NULL}, {"many", many, NULL},
		{"narrow", NULL, narrow_echo},	{"close", NULL, close_at_once},
		{"drop", NULL, drop},		{"cut", NULL, cut},
		{"backlog", NULL, backlog},
	};

	cli_init(argv[0], "VERB [HOST PORT]");
	for (size_t i = 0; argc > 1 && i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(argv[1], verbs[i].verb) != 0)
			continue;
		if (verbs[i].as_client && argc == 4)
			verbs[i].as_client(argv[2], argv[3]);
		else if (verbs[i].as_server && argc == 2)
			verbs[i].as_server();
		else
			cli_usage();
		return CLI_OK;
	}
	cli_usage();
}
