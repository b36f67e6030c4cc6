/*
 * echo_client.c - as after a week with Beej's guide, without the lab's library
 *
 * Usage: echo_client HOST PORT
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "echo_client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void name_of(const struct sockaddr *sa, socklen_t len, char *text,
		    size_t size)
{
	char host[128], port[16];

	getnameinfo(sa, len, host, sizeof host, port, sizeof port,
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
		 port);
}

static int try_one(struct addrinfo *p)
{
	struct sockaddr_storage mine;
	socklen_t len = sizeof mine;
	char from[200], to[200];
	int fd = socket(p->ai_family, p->ai_socktype, p->ai_protocol);

	name_of(p->ai_addr, p->ai_addrlen, to, sizeof to);
	if (fd == -1 || connect(fd, p->ai_addr, p->ai_addrlen) == -1) {
		fprintf(stderr, "echo_client: %s: %s\n", to, strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	getsockname(fd, (struct sockaddr *)&mine, &len);
	name_of((struct sockaddr *)&mine, len, from, sizeof from);
	fprintf(stderr, "connected %s -> %s\n", from, to);
	return fd;
}

static void write_all(const char *p, ssize_t n)
{
	while (n > 0) {
		ssize_t w = write(1, p, (size_t)n);
		if (w < 0 && errno != EINTR)
			die("stdout");
		if (w > 0) {
			p += w;
			n -= w;
		}
	}
}

static int failed(ssize_t n)
{
	return n < 0 && errno != EINTR && errno != EAGAIN;
}

/* Talk until the server has said all; 0 if it gave back what it got. */
static int talk(int fd)
{
	static char out[5000], in[5000];
	ssize_t have = 0, done = 0, n;
	long long balance = 0; /* bytes sent that have not come back */
	int more = 1;

	for (;;) {
		struct pollfd p[2] = {{fd, POLLIN, 0}, {-1, POLLIN, 0}};
		if (done < have)
			p[0].events |= POLLOUT;
		else if (more)
			p[1].fd = 0;
		if (poll(p, 2, -1) < 0) {
			if (failed(-1))
				die("poll");
			continue;
		}
		if (p[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			n = recv(fd, in, sizeof in, MSG_DONTWAIT);
			if (failed(n))
				die("recv");
			if (n == 0)
				return more || balance > 0;
			if (n > 0)
				balance -= n;
			write_all(in, n);
		}
		if (p[0].revents & POLLOUT) {
			n = send(fd, out + done, (size_t)(have - done),
				 MSG_DONTWAIT | MSG_NOSIGNAL);
			if (failed(n))
				die("send");
			if (n > 0) {
				done += n;
				balance += n;
			}
		}
		if (p[1].revents) {
			done = have = 0;
			n = read(0, out, sizeof out);
			if (failed(n))
				die("stdin");
			if (n > 0)
				have = n;
			if (n == 0) {
				more = 0;
				shutdown(fd, SHUT_WR);
			}
		}
	}
}

int main(int argc, char *argv[])
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *res, *p;
	char *end;
	int fd = -1, rv;

	if (argc != 3) {
		fprintf(stderr, "usage: echo_client HOST PORT\n");
		return 2;
	}
	long port = strtol(argv[2], &end, 10);
	if (*end || end == argv[2] || port < 1 || port > 65535) {
		fprintf(stderr, "echo_client: bad port '%s'\n", argv[2]);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	if ((rv = getaddrinfo(argv[1], argv[2], &hints, &res)) != 0) {
		fprintf(stderr, "echo_client: %s: %s\n", argv[1],
			gai_strerror(rv));
		return 1;
	}
	for (p = res; p && fd == -1; p = p->ai_next)
		fd = try_one(p);
	freeaddrinfo(res);
	if (fd == -1)
		return 1;
	rv = talk(fd);
	close(fd);
	if (rv)
		fprintf(stderr, "echo_client: the server did not echo all\n");
	return rv;
}
