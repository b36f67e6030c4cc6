/*
 * knock.c - knock at ports of a host, and say what came of it
 *
 * Usage: knock [-t MS] [-4|-6] HOST PORT...
 *
 * Connects to all ports at once, and to every address that HOST has; MS
 * milliseconds (3000) are for all of it. Prints a line for each port, in the
 * order given:
 *
 *   server:9000 open in 0.2 ms
 *   server:9001 refused in 0.4 ms (ECONNREFUSED)
 *
 * Where the addresses of HOST answer differently, the line is about the one
 * where the SYN got furthest: open before refused before timeout before
 * unreachable before error. Status: the highest of 0 open, 1 error, 3 refused,
 * 4 timeout, 5 unreachable; 1 also if HOST has no address; 2 usage.
 *
 * Next: net_connect() in common/net.c, the same for one address.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	DEFAULT_MS = 3000,
	MS_MAX = 3600000,
	OTHER_FILES = 16,
	WAIT_MS = 10000, /* at most in one poll(), which is late by 0.1% */
	PENDING = -1,	 /* in the place of an errno: not decided yet */
};

/* One try: a connection to one address of one port. */
struct attempt {
	struct net_endpoint to;
	net_time started;
	net_time took;
	int err; /* the errno that decided it, 0 for open, or PENDING */
};

/*
 * All that goes on at once. The tries of the first port, one for each address
 * of the host, then those of the second, ... fds[i] belongs to tries[i]; its
 * descriptor is -1 when the try is decided, so that poll() passes it over.
 */
struct knock {
	struct attempt *tries;
	struct pollfd *fds;
	size_t count;
	size_t addresses;
	size_t pending;
};

/* --- One try --- */

/* Try I is decided by errno value ERR: note when, and let the socket go. */
static void decide(struct knock *k, size_t i, int err)
{
	k->tries[i].err = err;
	k->tries[i].took = net_now() - k->tries[i].started;
	if (k->fds[i].fd >= 0)
		close(k->fds[i].fd);
	k->fds[i].fd = -1;
	k->pending--;
}

/* Send the SYN of try I. What comes of it poll() will tell, or nobody. */
static void begin(struct knock *k, size_t i)
{
	struct attempt *t = &k->tries[i];
	int fd = socket(t->to.addr.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	t->started = net_now();
	k->fds[i].fd = fd;
	if (fd < 0) {
		decide(k, i, errno);
		return;
	}
	/* Here only what is known without a packet, as ENETUNREACH: no route */
	if (connect(fd, (struct sockaddr *)&t->to.addr, t->to.len) < 0 &&
	    errno != EINPROGRESS)
		decide(k, i, errno);
}

/*
 * Whether FD, connected, is connected to itself: the kernel chose for it the
 * very port that it knocks at, and its SYN met its own socket (RFC 9293,
 * section 3.5, simultaneous open).
 */
static bool is_own_peer(int fd)
{
	struct net_endpoint local, peer;

	return net_local(fd, &local) == 0 && net_peer(fd, &peer) == 0 &&
	       net_endpoint_equal(&local, &peer);
}

/*
 * FD is writable, which says that it is decided, not how: SO_ERROR does, and
 * only once, for asking takes the error off the socket (socket(7)).
 */
static int outcome(int fd)
{
	int err = 0;
	socklen_t len = sizeof err;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	if (err == 0 && is_own_peer(fd))
		return ECONNREFUSED; /* nobody else listens there */
	return err;
}

/* Try I has got its answer. If that is "open", its port needs no other. */
static void finish(struct knock *k, size_t i)
{
	size_t first = i - i % k->addresses;

	decide(k, i, outcome(k->fds[i].fd));
	if (k->tries[i].err != 0)
		return;
	for (size_t j = first; j < first + k->addresses; j++)
		if (k->tries[j].err == PENDING)
			decide(k, j, ECANCELED);
}

/* --- All of them --- */

/* All SYNs go out before any answer is waited for. */
static void begin_all(struct knock *k)
{
	for (size_t i = 0; i < k->count; i++)
		begin(k, i);
}

/* Wait until each try is decided, until DEADLINE at the latest. */
static void await_answers(struct knock *k, net_time deadline)
{
	while (k->pending > 0) {
		/* Anew each time: the deadline stays where it is. */
		int ms = net_ms_left(deadline);
		int n = poll(k->fds, k->count, ms < WAIT_MS ? ms : WAIT_MS);

		if (n < 0 && errno != EINTR)
			cli_die_errno("poll");
		if (n == 0 && ms == 0)
			return;
		for (size_t i = 0; n > 0 && i < k->count; i++)
			if (k->fds[i].fd >= 0 && k->fds[i].revents)
				finish(k, i);
	}
}

/* What has no answer by now timed out, whoever is first to say so. */
static void give_up(struct knock *k)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->tries[i].err == PENDING)
			decide(k, i, ETIMEDOUT);
}

/* --- What it means --- */

/* What errno value ERR, 0 for open, says of the port. */
static enum net_verdict verdict_of(int err)
{
	switch (err) {
	case 0:
		return NET_OPEN;
	case ECONNREFUSED:
		return NET_REFUSED;
	case ETIMEDOUT:
		return NET_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES: /* ICMPv6: prohibited by the administrator */
		return NET_UNREACHABLE;
	default:
		return NET_ERROR;
	}
}

static int status_of(enum net_verdict verdict)
{
	switch (verdict) {
	case NET_OPEN:
		return CLI_OK;
	case NET_REFUSED:
		return 3;
	case NET_TIMEOUT:
		return 4;
	case NET_UNREACHABLE:
		return 5;
	case NET_ERROR:
		break;
	}
	return CLI_FAILED;
}

/* Of the COUNT tries of one port the one whose SYN got furthest. */
static const struct attempt *best_of(const struct attempt *tries, size_t count)
{
	const struct attempt *best = tries;

	for (size_t i = 1; i < count; i++)
		/* The verdicts are numbered in that order. */
		if (verdict_of(tries[i].err) < verdict_of(best->err))
			best = &tries[i];
	return best;
}

static void print_line(const char *host, const struct attempt *t)
{
	bool numeric6 = strchr(host, ':') != NULL;

	printf("%s%s%s:%u %s in %.1f ms", numeric6 ? "[" : "", host,
	       numeric6 ? "]" : "", net_endpoint_port(&t->to),
	       net_verdict_name(verdict_of(t->err)), (double)t->took / 1e6);
	if (t->err != 0)
		printf(" (%s)", net_errno_name(t->err));
	putchar('\n');
}

/* A line for each port; returns the exit status. */
static int report(const struct knock *k, const char *host)
{
	int highest = CLI_OK;

	for (size_t i = 0; i < k->count; i += k->addresses) {
		const struct attempt *best =
			best_of(&k->tries[i], k->addresses);
		int status = status_of(verdict_of(best->err));

		print_line(host, best);
		if (status > highest)
			highest = status;
	}
	cli_flush();
	return highest;
}

/* --- What is asked for --- */

static int parse_ms(const char *text)
{
	char *end;
	long ms = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || ms < 1 || ms > MS_MAX)
		cli_usage_error("'%.40s' is not in 1-%d ms", text, MS_MAX);
	return (int)ms;
}

/* Every address of HOST, or the end: that is no answer of any host. */
static struct addrinfo *addresses_of(const char *host, int family)
{
	struct addrinfo *list;
	int err = net_resolve(host, "1", family, &list);

	if (err == EAI_SYSTEM)
		cli_die_errno("%s", host);
	if (err != 0)
		cli_die("%s: %s", host, gai_strerror(err));
	return list;
}

/* See that COUNT sockets may be open at once, besides a few files. */
static void make_room(size_t count)
{
	struct rlimit limit;
	rlim_t needed = count + OTHER_FILES;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		cli_die_errno("getrlimit");
	if (limit.rlim_cur >= needed)
		return;
	limit.rlim_cur = needed;
	if (needed > limit.rlim_max || setrlimit(RLIMIT_NOFILE, &limit) < 0)
		cli_die("%zu connections at once are too many here", count);
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count + 1, size); /* NULL is never "none" */

	if (!memory)
		cli_die_errno("memory");
	return memory;
}

/* A try for each of the ports at each address of LIST; none has begun. */
static struct knock prepare(const struct addrinfo *list, char **ports,
			    size_t port_count)
{
	struct knock k = {0};

	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next)
		k.addresses++;
	k.count = k.pending = k.addresses * port_count;
	make_room(k.count);
	k.tries = allocate(k.count, sizeof *k.tries);
	k.fds = allocate(k.count, sizeof *k.fds);

	struct attempt *t = k.tries;
	for (size_t port = 0; port < port_count; port++)
		for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
			t->to = net_endpoint_of(ai);
			net_endpoint_set_port(&t->to, cli_port(ports[port]));
			t->err = PENDING;
			t++;
		}
	for (size_t i = 0; i < k.count; i++)
		k.fds[i] = (struct pollfd){.fd = -1, .events = POLLOUT};
	return k;
}

int main(int argc, char **argv)
{
	int ms = DEFAULT_MS, family = AF_UNSPEC, opt;

	cli_init(argv[0], "[-t MS] [-4|-6] HOST PORT...");
	while ((opt = getopt(argc, argv, "t:46")) != -1) {
		if (opt == 't')
			ms = parse_ms(optarg);
		else if (opt == '4' || opt == '6')
			family = opt == '4' ? AF_INET : AF_INET6;
		else
			cli_usage();
	}
	if (argc - optind < 2)
		cli_usage();
	for (int i = optind + 1; i < argc; i++)
		cli_port(argv[i]); /* exits unless it is a port */
	cli_let_signals_kill();

	const char *host = argv[optind];
	struct addrinfo *list = addresses_of(host, family);
	struct knock k =
		prepare(list, argv + optind + 1, (size_t)(argc - optind - 1));
	freeaddrinfo(list);

	net_time deadline = net_deadline(ms);
	begin_all(&k);
	await_answers(&k, deadline);
	give_up(&k);
	int status = report(&k, host);
	free(k.tries);
	free(k.fds);
	return status;
}
