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
 * What is missing is marked "Step 1" to "Step 9", to be written in that order;
 * what you write replaces the todo() there, and any (void) above it. The rest
 * is given, and may stay as it is.
 *
 * Next: net_connect() in common/net.c, the same for one address; but only when
 * this one is done.
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
	PENDING = -1, /* in the place of an errno: not decided yet */
};

/* Stands where something is to be written; ends the program when it is met. */
__attribute__((unused)) _Noreturn static int todo(int step, const char *what)
{
	cli_die("step %d is still to be written: %s", step, what);
}

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

	t->started = net_now();
	/*
	 * Step 1: make a TCP socket of the family t->to.addr.ss_family:
	 * socket(2), SOCK_STREAM. Add SOCK_NONBLOCK, so that connect() does
	 * not wait, and SOCK_CLOEXEC. If there is none, decide() the try by
	 * errno, and return.
	 */
	int fd = todo(1, "socket, in begin()");
	k->fds[i].fd = fd;
	/*
	 * Step 2: connect(2) it to (struct sockaddr *)&t->to.addr, of length
	 * t->to.len. EINPROGRESS is no failure: the SYN is on its way. Any
	 * other errno is an answer already: decide() the try by it.
	 */
	todo(2, "connect, in begin()");
}

/*
 * Whether FD, connected, is connected to itself: the kernel chose for it the
 * very port that it knocks at, and its SYN met its own socket (RFC 9293,
 * section 3.5, simultaneous open).
 */
static bool is_own_peer(int fd)
{
	/*
	 * Step 9: ask for both ends, net_local() and net_peer(), and return
	 * whether they are the same, net_endpoint_equal().
	 */
	(void)fd;
	return false;
}

/*
 * FD is writable, which says that it is decided, not how. Returns the errno
 * that decided it, or 0 for open.
 */
static int outcome(int fd)
{
	int err = 0;

	/*
	 * Step 4: getsockopt(2), SOL_SOCKET, SO_ERROR, stores in ERR how the
	 * connect() ended; its last argument is the address of a socklen_t
	 * that holds sizeof err. If the call itself fails, return errno.
	 */
	todo(4, "SO_ERROR, in outcome()");
	if (err == 0 && is_own_peer(fd))
		return ECONNREFUSED; /* nobody else listens there */
	return err;
}

/* Try I has got its answer. */
static void finish(struct knock *k, size_t i)
{
	decide(k, i, outcome(k->fds[i].fd));
	/*
	 * Step 8, the first half: if it is open, what the other addresses of
	 * this port say no longer matters. The tries of one port stand side by
	 * side, k->addresses of them; decide() by ECANCELED those that are
	 * still PENDING.
	 */
}

/* --- All of them --- */

/* All SYNs go out before any answer is waited for. */
static void begin_all(struct knock *k)
{
	begin(k, 0);
	/* Step 7: begin() them all: k->count of them. */
	if (k->count > 1)
		todo(7, "the other ports and addresses, in begin_all()");
}

/* Wait until each try is decided, until DEADLINE at the latest. */
static void await_answers(struct knock *k, net_time deadline)
{
	/*
	 * Step 3: as long as k->pending says that there is a try without an
	 * answer, poll(2) k->fds, of which there are k->count, for as many
	 * milliseconds as net_ms_left(deadline) says: ask it anew each time.
	 *
	 * poll() returned -1: with EINTR try again; else cli_die_errno("poll").
	 * It returned 0, and there were 0 milliseconds left: return.
	 * Else finish() each try of which the fd is not negative, and the
	 * revents are not 0.
	 */
	(void)k;
	(void)deadline;
	(void)finish;
	todo(3, "poll, in await_answers()");
}

/* What has no answer by now timed out, whoever is first to say so. */
static void give_up(struct knock *k)
{
	/* Step 5: decide() by ETIMEDOUT each try that is still PENDING. */
	if (k->pending > 0)
		todo(5, "what has no answer, in give_up()");
}

/* --- What it means --- */

/* What errno value ERR, 0 for open, says of the port. */
static enum net_verdict verdict_of(int err)
{
	/*
	 * Step 6: return NET_OPEN, NET_REFUSED, NET_TIMEOUT, NET_UNREACHABLE
	 * (which errnos? there are three), or NET_ERROR for any other.
	 */
	(void)err;
	todo(6, "what the errno means, in verdict_of()");
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
	/*
	 * Step 8, the second half: return that of them whose verdict_of() is
	 * the lowest; the verdicts are numbered in that order. If there are
	 * several, the first.
	 */
	if (count > 1)
		todo(8, "several addresses, in finish() and best_of()");
	return tries;
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
