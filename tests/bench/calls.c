/*
 * calls.c - what each system call of a small HTTP server costs
 *
 * Usage: calls FILE
 *
 * FILE is small. Each call is made again and again, as httpd makes it, and the
 * median of it printed, in nanoseconds: a table of "CALL NS". That of send() is
 * with all that the kernel does in it on loopback: the segment travels to the
 * other socket before the call returns.
 *
 * Next: 05-http.sh.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "beneath.h"
#include "cli.h"

enum { ROUNDS = 20000, REQUEST_BYTES = 45, RESPONSE_BYTES = 330, PAIRS = 64 };

/* How long each call took; begin() and end() around it. */
struct meter {
	const char *call;
	net_time since;
	size_t count;
	net_time took[ROUNDS];
};

static net_time clock_cost;

static void begin(struct meter *m)
{
	m->since = net_now();
}

static void end(struct meter *m)
{
	m->took[m->count++] = net_now() - m->since - clock_cost;
}

static int by_length(const void *a, const void *b)
{
	const net_time *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(struct meter *m)
{
	qsort(m->took, m->count, sizeof *m->took, by_length);
	printf("%s %jd\n", m->call, (intmax_t)m->took[m->count / 2]);
}

static void measure_clock(void)
{
	net_time start = net_now();

	for (int i = 0; i < ROUNDS; i++)
		net_now();
	clock_cost = (net_now() - start) / ROUNDS;
}

static void must(bool good, const char *what)
{
	if (!good)
		cli_die_errno("%s", what);
}

/* One connection over loopback: both ends of it. */
static void make_pair(int listener, int pair[2])
{
	struct net_endpoint to;
	int on = 1;

	must(net_local(listener, &to) == 0, "getsockname");
	pair[0] = net_connect(&to, NET_FOREVER);
	pair[1] = net_accept_nonblocking(listener, NULL);
	must(pair[0] >= 0 && pair[1] >= 0, "connection");
	setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(pair[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* A request there and a response back; the server's two calls are measured. */
static void measure_sockets(int pair[2])
{
	static struct meter receive = {.call = "recv"},
			    respond = {.call = "send"};
	static struct meter empty = {.call = "recv-nothing"};
	char buf[RESPONSE_BYTES] = {0};

	for (int i = 0; i < ROUNDS; i++) {
		must(send(pair[0], buf, REQUEST_BYTES, 0) > 0, "send");
		begin(&receive);
		must(recv(pair[1], buf, sizeof buf, 0) > 0, "recv");
		end(&receive);
		begin(&empty);
		must(recv(pair[1], buf, sizeof buf, 0) < 0, "recv");
		end(&empty);
		begin(&respond);
		must(send(pair[1], buf, sizeof buf, MSG_NOSIGNAL) > 0, "send");
		end(&respond);
		must(recv(pair[0], buf, sizeof buf, MSG_WAITALL) > 0, "recv");
	}
	print(&receive);
	print(&empty);
	print(&respond);
}

static void measure_file(const char *file)
{
	static struct meter open_it = {.call = "openat2"},
			    state = {.call = "fstat"};
	static struct meter read_it = {.call = "read"},
			    close_it = {.call = "close"};
	int root = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char buf[RESPONSE_BYTES];
	struct stat st;

	for (int i = 0; i < ROUNDS; i++) {
		begin(&open_it);
		int fd = beneath_open(root, file, O_RDONLY | O_NONBLOCK);
		end(&open_it);
		begin(&state);
		must(fstat(fd, &st) == 0, file);
		end(&state);
		begin(&read_it);
		must(read(fd, buf, sizeof buf) > 0, file);
		end(&read_it);
		begin(&close_it);
		close(fd);
		end(&close_it);
	}
	print(&open_it);
	print(&state);
	print(&read_it);
	print(&close_it);
	close(root);
}

/* COUNT of the connections have something to be read. */
static void measure_wait(int epoll, const char *name, int count)
{
	struct epoll_event events[PAIRS];
	static struct meter wait;

	wait.call = name;
	wait.count = 0;

	for (int i = 0; i < ROUNDS; i++) {
		begin(&wait);
		must(epoll_pwait(epoll, events, PAIRS, 0, cli_wait_mask()) ==
			     count,
		     "epoll_pwait");
		end(&wait);
	}
	print(&wait);
}

static void measure_epoll(int pairs[PAIRS][2])
{
	static struct meter change = {.call = "epoll_ctl"};
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < PAIRS; i++)
		must(epoll_ctl(epoll, EPOLL_CTL_ADD, pairs[i][1], &event) == 0,
		     "epoll_ctl");
	for (int i = 0; i < ROUNDS; i++) {
		event.events = i % 2 ? EPOLLIN : EPOLLOUT;
		begin(&change);
		must(epoll_ctl(epoll, EPOLL_CTL_MOD, pairs[0][1], &event) == 0,
		     "epoll_ctl");
		end(&change);
	}
	print(&change);
	for (int i = 0; i < PAIRS; i++) {
		must(send(pairs[i][0], "x", 1, 0) == 1, "send");
		if (i == 0)
			measure_wait(epoll, "epoll_pwait-1", 1);
	}
	measure_wait(epoll, "epoll_pwait-64", PAIRS);
	close(epoll);
}

/* The least that a call can cost, and what a look for signals costs. */
static void measure_small(void)
{
	static struct meter nothing = {.call = "getppid"};
	static struct meter signals = {.call = "rt_sigpending"};

	for (int i = 0; i < ROUNDS; i++) {
		begin(&nothing);
		syscall(SYS_getppid);
		end(&nothing);
		begin(&signals);
		must(!cli_stopping(), "a signal");
		end(&signals);
	}
	print(&nothing);
	print(&signals);
}

int main(int argc, char **argv)
{
	static int pairs[PAIRS][2];

	cli_init(argv[0], "FILE");
	if (argc != 2)
		cli_usage();
	int listener = net_listen("127.0.0.1", 0);
	must(listener >= 0, "listen");
	for (int i = 0; i < PAIRS; i++)
		make_pair(listener, pairs[i]);
	measure_clock();
	measure_small();
	measure_sockets(pairs[0]);
	measure_file(argv[1]);
	measure_epoll(pairs);
	return CLI_OK;
}
