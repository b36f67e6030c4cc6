/*
 * echo_client.c - select() says what can be done
 *
 * Usage: echo_client HOST PORT
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/select.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

static char out[10000]; /* from stdin, on its way to the server */
static size_t out_len;	/* always at the beginning of it */
static unsigned long long sent, received;
static bool input_ended;

static bool real_error(ssize_t n)
{
	return n < 0 && errno != EINTR && errno != EAGAIN;
}

static int connect_any(const char *host, const char *port)
{
	struct addrinfo *list;
	char there_text[NET_ENDPOINT_LEN], here_text[NET_ENDPOINT_LEN];
	int err = net_resolve(host, port, AF_UNSPEC, &list), fd = -1;

	if (err != 0)
		cli_die("%s: %s", host, gai_strerror(err));
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		struct net_endpoint there = net_endpoint_of(ai), here;

		net_endpoint_format(&there, there_text, sizeof there_text);
		fd = net_connect(&there, NET_FOREVER);
		if (fd >= 0 && net_local(fd, &here) == 0) {
			net_endpoint_format(&here, here_text, sizeof here_text);
			cli_log("connected %s -> %s", here_text, there_text);
			break;
		}
		cli_warn_errno("%s", there_text);
	}
	freeaddrinfo(list);
	return fd;
}

static void from_stdin(int server)
{
	ssize_t n = read(STDIN_FILENO, out, sizeof out);

	if (real_error(n))
		cli_die_errno("stdin");
	if (n == 0) {
		input_ended = true;
		shutdown(server, SHUT_WR);
	}
	out_len = n > 0 ? (size_t)n : 0;
}

static void to_server(int server)
{
	ssize_t n = send(server, out, out_len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (real_error(n))
		cli_die_errno("send");
	for (size_t i = 0; n > 0 && i + (size_t)n < out_len; i++)
		out[i] = out[i + (size_t)n];
	out_len -= n > 0 ? (size_t)n : 0;
	sent += n > 0 ? (size_t)n : 0;
}

/* False at EOF. */
static bool from_server(int server)
{
	char in[30000];
	ssize_t n = recv(server, in, sizeof in, MSG_DONTWAIT);

	if (real_error(n))
		cli_die_errno("recv");
	if (n > 0 &&
	    net_write_full(STDOUT_FILENO, in, (size_t)n, NET_FOREVER, NULL) < 0)
		cli_die_errno("stdout");
	received += n > 0 ? (size_t)n : 0;
	return n != 0;
}

int main(int argc, char **argv)
{
	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, cli_wait_mask(), NULL);
	int server = connect_any(argv[1], argv[2]);
	if (server < 0)
		cli_die("%s: no connection", argv[1]);

	for (bool open = true; open;) {
		fd_set in, room;

		FD_ZERO(&in);
		FD_ZERO(&room);
		FD_SET(server, &in);
		if (out_len > 0)
			FD_SET(server, &room);
		else if (!input_ended)
			FD_SET(STDIN_FILENO, &in);
		if (select(server + 1, &in, &room, NULL, NULL) < 0) {
			if (errno != EINTR)
				cli_die_errno("select");
			continue;
		}
		if (FD_ISSET(server, &in))
			open = from_server(server);
		if (open && FD_ISSET(server, &room))
			to_server(server);
		if (open && FD_ISSET(STDIN_FILENO, &in))
			from_stdin(server);
	}
	close(server);
	if (!input_ended)
		cli_die("the server did not wait for the end of the input");
	if (received < sent)
		cli_die("%llu bytes sent, %llu received", sent, received);
	return CLI_OK;
}
