/*
 * echo_server.c - as after a week with Beej's guide, without the lab's library
 *
 * Usage: echo_server [-b ADDR] PORT
 *
 * getaddrinfo() says where to listen: two sockets, one for IPv4 and one for
 * IPv6. A signal handler writes a byte into a pipe, which poll() watches, too
 * (the "self-pipe trick").
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int self_pipe[2];

static void on_signal(int sig)
{
	int saved = errno;
	ssize_t n = write(self_pipe[1], "!", 1);

	(void)sig;
	(void)n;
	errno = saved;
}

static void die(const char *what)
{
	fprintf(stderr, "echo_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void usage(void)
{
	fprintf(stderr, "usage: echo_server [-b ADDR] PORT\n");
	exit(2);
}

static void say(const char *what, struct sockaddr *sa, socklen_t len)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	bool v6 = sa->sa_family == AF_INET6;

	if (getnameinfo(sa, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		fprintf(stderr, "%s %s%s%s:%s\n", what, v6 ? "[" : "", host,
			v6 ? "]" : "", port);
}

/* Wait until FD can be read or written; false if we are to stop. */
static bool ready(int fd, short events)
{
	struct pollfd pfds[2] = {{self_pipe[0], POLLIN, 0}, {fd, events, 0}};

	for (;;) {
		int n = poll(pfds, 2, -1);

		if (n > 0)
			return pfds[0].revents == 0;
		if (n < 0 && errno != EINTR)
			die("poll");
	}
}

static bool again(void)
{
	return errno == EINTR || errno == EAGAIN;
}

static void echo(int fd)
{
	char buf[4096];

	while (ready(fd, POLLIN)) {
		ssize_t len = recv(fd, buf, sizeof buf, 0);
		if (len == 0 || (len < 0 && !again()))
			return;
		ssize_t done = 0;
		while (done < len) {
			if (!ready(fd, POLLOUT))
				return;
			ssize_t n = send(fd, buf + done, (size_t)(len - done),
					 MSG_NOSIGNAL);
			if (n < 0 && !again())
				return;
			if (n > 0)
				done += n;
		}
	}
}

/* Listen there; with port 0 the first socket's port is then the second's. */
static int open_listener(struct addrinfo *ai, in_port_t *port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ai->ai_addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ai->ai_addr;
	in_port_t *mine =
		ai->ai_family == AF_INET6 ? &v6->sin6_port : &v4->sin_port;
	socklen_t len = ai->ai_addrlen;
	int yes = 1;
	int fd = socket(ai->ai_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (*mine == 0)
		*mine = *port;
	/* Lest the IPv6 socket claim the IPv4 port as well. */
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 20) < 0 ||
	    getsockname(fd, ai->ai_addr, &len) < 0) {
		int err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	*port = *mine;
	return fd;
}

/* Accept from FD, serve, and hang up. */
static void serve_one(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	int client = accept4(fd, (struct sockaddr *)&peer, &len,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client >= 0) {
		say("client", (struct sockaddr *)&peer, len);
		echo(client);
		close(client);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		   errno == ENOMEM) {
		/* The client waits in the backlog, and so do we, a little. */
		struct pollfd pfd = {self_pipe[0], POLLIN, 0};
		poll(&pfd, 1, 100);
	}
}

static void check_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 5 || text[digits] != '\0' ||
	    atoi(text) > 65535) {
		fprintf(stderr, "echo_server: bad port '%s'\n", text);
		exit(2);
	}
}

static void catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	if (pipe2(self_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		die("pipe");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

int main(int argc, char *argv[])
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC,
				 .ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_PASSIVE | AI_NUMERICHOST |
					     AI_NUMERICSERV};
	struct addrinfo *res, *ai;
	struct pollfd pfds[3] = {{0, POLLIN, 0}};
	nfds_t n = 1;
	in_port_t port = 0;
	char *address = NULL;
	int opt, rv;

	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			usage();
		address = optarg;
	}
	if (argc - optind != 1)
		usage();
	check_port(argv[optind]);
	rv = getaddrinfo(address, argv[optind], &hints, &res);
	if (rv != 0) {
		fprintf(stderr, "echo_server: %s: %s\n",
			address ? address : argv[optind], gai_strerror(rv));
		exit(rv == EAI_NONAME ? 2 : 1);
	}

	catch_signals();
	pfds[0].fd = self_pipe[0];
	for (ai = res; ai && n < 3; ai = ai->ai_next) {
		int fd = open_listener(ai, &port);
		if (fd < 0 && errno == EAFNOSUPPORT)
			continue; /* this kernel has only the other family */
		if (fd < 0)
			die("cannot listen");
		pfds[n++] = (struct pollfd){fd, POLLIN, 0};
	}
	if (n == 1)
		die("cannot listen");
	for (ai = res; ai; ai = ai->ai_next)
		say("listening on", ai->ai_addr, ai->ai_addrlen);
	freeaddrinfo(res);

	while (!pfds[0].revents) {
		int found = poll(pfds, n, -1);
		if (found < 0 && errno != EINTR)
			die("poll");
		for (nfds_t i = 1; found > 0 && i < n; i++)
			if (pfds[i].revents)
				serve_one(pfds[i].fd);
	}
	return 0;
}
