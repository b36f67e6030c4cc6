/*
 * ask.c - send what is on stdin to a port of 127.0.0.1, and print what comes
 *
 * Usage: ask PORT [SEED]
 *
 * In one piece; or, with SEED, byte by byte (0) or in pieces of random sizes.
 * Each is a segment of its own, for the server has the time to read it. Goes on
 * until the server ends: status 0, if that was by FIN; 1 if not, or if it took
 * ten seconds.
 *
 * Next: ../httpd.bats.
 */
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum { PIECE_MAX = 300, PATIENCE_MS = 10000 };

/* The server may have refused us by now, and not be reading any more. */
static void send_pieces(int fd, const char *text, size_t len, const char *seed,
			net_time deadline)
{
	unsigned state = seed ? (unsigned)strtoul(seed, NULL, 10) : 0;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	while (len > 0) {
		size_t n = len;

		if (seed)
			n = state ? 1 + (size_t)rand_r(&state) % PIECE_MAX : 1;
		n = n < len ? n : len;
		if (net_write_full(fd, text, n, deadline, NULL) < 0)
			return;
		text += n;
		len -= n;
		sched_yield();
	}
}

int main(int argc, char **argv)
{
	static char text[1024 * 1024];
	struct net_endpoint server;

	cli_init(argv[0], "PORT [SEED]");
	if (argc < 2 || argc > 3)
		cli_usage();
	net_time deadline = net_deadline(PATIENCE_MS);
	net_endpoint_make(&server, "127.0.0.1", cli_port(argv[1]));
	ssize_t len = net_read_full(STDIN_FILENO, text, sizeof text, deadline);
	int fd = net_connect(&server, deadline);
	if (fd < 0)
		cli_die_errno("connect");
	if (len > 0)
		send_pieces(fd, text, (size_t)len, argv[2], deadline);
	while ((len = net_read(fd, text, sizeof text, deadline)) > 0)
		fwrite(text, 1, (size_t)len, stdout);
	if (len < 0)
		cli_die_errno("read");
	return CLI_OK;
}
