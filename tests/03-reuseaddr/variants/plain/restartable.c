/*
 * restartable.c - without the library: POSIX, stdio, and two listeners
 *
 * Honest, and otherwise made: one socket for IPv4 and one for IPv6 alone, time
 * limits by SO_RCVTIMEO, and signals by sigaction() without SA_RESTART.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static void usage(void)
{
	fprintf(stderr, "usage: restartable [-b ADDR] PORT\n");
	exit(2);
}

static void give_up(const char *port)
{
	if (errno == EADDRINUSE) {
		fprintf(stderr, "restartable: port %s is already in use\n",
			port);
		exit(3);
	}
	fprintf(stderr, "restartable: port %s: %s\n", port, strerror(errno));
	exit(1);
}

static int listener(const char *addr, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *ai;
	int on = 1;

	if (getaddrinfo(addr, port, &hints, &ai) != 0)
		usage();
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0)
		give_up(port);
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, 16) < 0)
		give_up(port);
	freeaddrinfo(ai);
	return fd;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void serve(int client, const char *port)
{
	struct timeval limit = {.tv_usec = 100000};
	double end = now() + 1;
	char buf[1024];
	ssize_t n = 1;

	setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	dprintf(client, "hello from %ld at %s\n", (long)getpid(), port);
	shutdown(client, SHUT_WR);
	while (n != 0 && now() < end && !stopped) {
		n = read(client, buf, sizeof buf);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	close(client);
}

int main(int argc, char **argv)
{
	struct sigaction stop = {.sa_handler = on_stop};
	const char *addr = NULL;
	struct pollfd fds[2];
	nfds_t count = 0;
	char *end;
	int opt;

	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			usage();
		addr = optarg;
	}
	if (argc - optind != 1)
		usage();
	const char *port = argv[optind];
	long number = strtol(port, &end, 10);
	if (*port == '\0' || *end != '\0' || number < 1 || number > 65535) {
		fprintf(stderr, "restartable: %s is no port\n", port);
		usage();
	}
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	if (addr != NULL) {
		fds[count++] = (struct pollfd){listener(addr, port), POLLIN, 0};
	} else {
		fds[count++] = (struct pollfd){listener("::", port), POLLIN, 0};
		fds[count++] =
			(struct pollfd){listener("0.0.0.0", port), POLLIN, 0};
	}
	while (!stopped) {
		/* Not for ever: a signal may come just before the call. */
		if (poll(fds, count, 200) <= 0)
			continue;
		for (nfds_t i = 0; i < count; i++) {
			if (!fds[i].revents)
				continue;
			int client = accept(fds[i].fd, NULL, NULL);
			if (client >= 0)
				serve(client, port);
		}
	}
	return 0;
}
