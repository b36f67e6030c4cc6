/*
 * ceiling.c - what a server of one thread could reach that has nothing to do
 *
 * Usage: ceiling PORT
 *
 * Answers whatever comes from 127.0.0.1:PORT with the same bytes, as long as
 * httpd's answer about a small file: two system calls a request, and a share of
 * epoll_wait(). It looks at no request, so one that comes in two pieces gets
 * two answers: no server, a yardstick.
 *
 * Next: 05-http.sh; calls.c, the other yardstick.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cli.h"

enum { EVENTS_MAX = 256, REQUEST_BYTES = 16 * 1024, FILE_BYTES = 100 };

#define HEAD                                               \
	"HTTP/1.1 200 OK\r\n"                              \
	"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"          \
	"Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT\r\n" \
	"Content-Type: text/plain; charset=utf-8\r\n"      \
	"Content-Length: 100\r\n"                          \
	"Connection: keep-alive\r\n\r\n"

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		cli_die_errno("epoll_ctl");
}

static void answer(int fd)
{
	static char response[sizeof HEAD - 1 + FILE_BYTES] = HEAD;
	char request[REQUEST_BYTES];
	ssize_t n = recv(fd, request, sizeof request, 0);

	if (n > 0 && send(fd, response, sizeof response, MSG_NOSIGNAL) > 0)
		return;
	if (n <= 0 && errno != EAGAIN)
		close(fd);
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = net_accept_nonblocking(listener, NULL)) >= 0)
		watch(epoll, fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_MAX];
	int on = 1;

	cli_init(argv[0], "PORT");
	if (argc != 2)
		cli_usage();
	int listener = net_listen("127.0.0.1", cli_port(argv[1]));
	if (listener < 0 || listen(listener, SOMAXCONN) < 0 ||
	    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)
		cli_die_errno("port %s", argv[1]);
	net_raise_descriptor_limit();
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, listener);
	while (!cli_stopping()) {
		int n = epoll_pwait(epoll, events, EVENTS_MAX, -1,
				    cli_wait_mask());

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				answer(events[i].data.fd);
		}
	}
	return CLI_OK;
}
