/*
 * knock.c - knock at ports of a host, and say what came of it
 *
 * Usage: knock [-t MS] [-4|-6] HOST PORT...
 *
 * An honest variant: libc alone, nothing of the suite's library, and a line is
 * printed as soon as those before it have been.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESSES_MAX = 8, UNKNOWN = -1 };

struct port {
	const char *text;
	struct addrinfo *list;
	struct pollfd *fds; /* ADDRESSES_MAX of them, in the list of all */
	double started[ADDRESSES_MAX];
	bool done;
	int err;
	double ms;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void usage(void)
{
	fprintf(stderr, "usage: knock [-t MS] [-4|-6] HOST PORT...\n");
	exit(2);
}

static long number(const char *text, long max)
{
	long n = 0;

	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || n > max)
			usage();
		n = n * 10 + *c - '0';
	}
	if (n < 1 || n > max)
		usage();
	return n;
}

/* open, refused, timeout, unreachable, error: 0 to 4, and their statuses. */
static int rank(int err)
{
	if (err == 0)
		return 0;
	if (err == ECONNREFUSED)
		return 1;
	if (err == ETIMEDOUT)
		return 2;
	if (err == EHOSTUNREACH || err == ENETUNREACH || err == EACCES)
		return 3;
	return 4;
}

static void settle(struct port *p, int address, int err)
{
	double took = now_ms() - p->started[address];

	if (p->fds[address].fd >= 0)
		close(p->fds[address].fd);
	p->fds[address].fd = -1;
	if (p->err == UNKNOWN || rank(err) < rank(p->err)) {
		p->err = err;
		p->ms = took;
	}
	p->done = err == 0;
	bool waiting = false;
	for (int a = 0; a < ADDRESSES_MAX; a++) {
		if (p->done && p->fds[a].fd >= 0) {
			close(p->fds[a].fd);
			p->fds[a].fd = -1;
		}
		waiting |= p->fds[a].fd >= 0;
	}
	p->done |= !waiting;
}

static void begin(struct port *p)
{
	int address = 0;
	int failed[ADDRESSES_MAX] = {0};

	for (struct addrinfo *ai = p->list; ai && address < ADDRESSES_MAX;
	     ai = ai->ai_next, address++) {
		int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

		p->started[address] = now_ms();
		p->fds[address] = (struct pollfd){fd, POLLOUT, 0};
		if (fd < 0 || (connect(fd, ai->ai_addr, ai->ai_addrlen) < 0 &&
			       errno != EINPROGRESS))
			failed[address] = errno;
	}
	for (int a = 0; a < address; a++)
		if (failed[a])
			settle(p, a, failed[a]);
}

static int answer(int fd)
{
	struct sockaddr_storage a = {0}, b = {0};
	socklen_t alen = sizeof a, blen = sizeof b, len = sizeof(int);
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	if (err == 0 && getsockname(fd, (struct sockaddr *)&a, &alen) == 0 &&
	    getpeername(fd, (struct sockaddr *)&b, &blen) == 0 &&
	    alen == blen && memcmp(&a, &b, alen) == 0)
		return ECONNREFUSED;
	return err;
}

static int print(const char *host, const struct port *p)
{
	static const char *const names[] = {"open", "refused", "timeout",
					    "unreachable", "error"};
	static const int statuses[] = {0, 3, 4, 5, 1};
	bool six = strchr(host, ':');

	printf("%s%s%s:%s %s in %.1f ms", six ? "[" : "", host, six ? "]" : "",
	       p->text, names[rank(p->err)], p->ms);
	if (p->err)
		printf(" (%s)", strerrorname_np(p->err));
	puts("");
	fflush(stdout);
	return statuses[rank(p->err)];
}

/* One turn; false when the deadline has passed. */
static bool turn(struct port *ports, int count, struct pollfd *fds, double end)
{
	double left = end - now_ms();
	int n = poll(fds, (nfds_t)(count * ADDRESSES_MAX),
		     left > 0 ? (int)left + 1 : 0);

	for (int i = 0; n > 0 && i < count; i++)
		for (int a = 0; a < ADDRESSES_MAX; a++)
			if (ports[i].fds[a].fd >= 0 && ports[i].fds[a].revents)
				settle(&ports[i], a,
				       answer(ports[i].fds[a].fd));
	return n != 0 || left > 0;
}

static void give_up(struct port *p)
{
	for (int a = 0; a < ADDRESSES_MAX; a++)
		if (p->fds[a].fd >= 0)
			settle(p, a, ETIMEDOUT);
}

int main(int argc, char **argv)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	long ms = 3000;
	int opt, status = 0, printed = 0;

	while ((opt = getopt(argc, argv, "t:46")) != -1) {
		if (opt == 't')
			ms = number(optarg, 3600000);
		else if (opt == '4')
			hints.ai_family = AF_INET;
		else if (opt == '6')
			hints.ai_family = AF_INET6;
		else
			usage();
	}
	int count = argc - optind - 1;
	if (count < 1)
		usage();
	for (int i = 0; i < count; i++)
		number(argv[optind + 1 + i], 65535);

	struct port *ports = calloc((size_t)count, sizeof *ports);
	struct pollfd *fds = calloc((size_t)count * ADDRESSES_MAX, sizeof *fds);
	if (!ports || !fds)
		return 1;
	for (int i = 0; i < count * ADDRESSES_MAX; i++)
		fds[i].fd = -1;
	for (int i = 0; i < count; i++) {
		ports[i].text = argv[optind + 1 + i];
		ports[i].fds = &fds[i * ADDRESSES_MAX];
		ports[i].err = UNKNOWN;
		int err = getaddrinfo(argv[optind], ports[i].text, &hints,
				      &ports[i].list);
		if (err) {
			fprintf(stderr, "knock: %s: %s\n", argv[optind],
				gai_strerror(err));
			status = 1;
			goto done;
		}
	}

	double end = now_ms() + (double)ms;
	for (int i = 0; i < count; i++)
		begin(&ports[i]);
	while (printed < count) {
		if (!ports[printed].done && !turn(ports, count, fds, end))
			for (int i = 0; i < count; i++)
				give_up(&ports[i]);
		for (; printed < count && ports[printed].done; printed++) {
			int mine = print(argv[optind], &ports[printed]);
			status = mine > status ? mine : status;
		}
	}
done:
	for (int i = 0; i < count; i++)
		if (ports[i].list)
			freeaddrinfo(ports[i].list);
	free(ports);
	free(fds);
	return status;
}
