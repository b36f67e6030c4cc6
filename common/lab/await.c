/*
 * await.c - wait for a fact of this host's TCP, not for a time
 *
 * Usage: await listen PORTS PID MS [ADDR...]
 *                                   until on each of PORTS (7001,7010-7020) a
 *                                   socket listens, for who comes to each ADDR
 *        await listening [PORT]     at once: the addresses with a listener
 *                                   on PORT, or all listeners
 *        await time-wait PORT MS    until a connection of PORT is in TIME_WAIT
 *        await settled MS           until no connection is half made or half
 *                                   closed
 *        await mark FILE TEXT MS    until FILE, which grows, contains TEXT
 *        await ended PID MS         until process PID has
 *
 * The first four ask the kernel, of the network namespace that it runs in: by
 * sock_diag(7) for listeners, /proc/net/tcp and tcp6 for all else. To connect
 * would eat an accept().
 *
 * listen ends at once when process PID has gone. When MS have passed it prints
 * what listens instead: a line "listening ADDR PORT" for each listener, as
 * listening does that has no PORT.
 *
 * Exit status: 0 it is so, 1 not within MS milliseconds, 2 usage, 3 PID ended.
 */
#include "await_diag.h"
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	TICK_MS = 2,
	MS_MAX = 600000,
	NS_PER_MS = 1000000,
	MARK_MAX_BYTES = 1024,
	CHUNK_BYTES = 65536,
	EXIT_GONE = 3,
	ADDRESSES_MAX = 8,
	/* include/net/tcp_states.h, as the fourth column shows them */
	ESTABLISHED = 1,
	TIME_WAIT = 6,
	LISTEN = 10,
};

/* --- the kernel's tables --- */

/* One line of a table. */
struct entry {
	struct net_endpoint local;
	unsigned state;
	bool v6only; /* of a listener, where the kernel tells */
};

/* Which lines are meant. */
struct query {
	bool (*matches)(const struct entry *entry, unsigned port);
	unsigned port;
	void (*each)(const struct entry *entry); /* NULL: the first will do */
};

static bool listens(const struct entry *entry, unsigned port)
{
	return entry->state == LISTEN &&
	       net_endpoint_port(&entry->local) == port;
}

static bool listens_anywhere(const struct entry *entry, unsigned port)
{
	(void)port;
	return entry->state == LISTEN;
}

static bool waits(const struct entry *entry, unsigned port)
{
	return entry->state == TIME_WAIT &&
	       net_endpoint_port(&entry->local) == port;
}

static bool unsettled(const struct entry *entry, unsigned port)
{
	(void)port;
	return entry->state != LISTEN && entry->state != ESTABLISHED &&
	       entry->state != TIME_WAIT;
}

/* The address alone, into BUF of NET_ENDPOINT_LEN bytes: "0.0.0.0", "::". */
static const char *address_of(const struct entry *entry, char *buf)
{
	char *end;

	net_endpoint_format(&entry->local, buf, NET_ENDPOINT_LEN);
	end = strrchr(buf, ':'); /* before the port */
	if (*buf != '[') {
		*end = '\0';
		return buf;
	}
	end[-1] = '\0';
	return buf + 1;
}

static void print_address(const struct entry *entry)
{
	char buf[NET_ENDPOINT_LEN];

	printf("%s\n", address_of(entry, buf));
}

static void print_listener(const struct entry *entry)
{
	char buf[NET_ENDPOINT_LEN];

	printf("listening %s %u\n", address_of(entry, buf),
	       (unsigned)net_endpoint_port(&entry->local));
}

/*
 * An address of a table as WORDS, 8 hexadecimal digits each: the bytes as
 * they lie in memory, read as numbers of this machine's byte order. The text
 * behind it.
 */
static char *parse_words(char *text, uint32_t *words, int count)
{
	for (int i = 0; i < count; i++) {
		char digits[9] = "";

		memcpy(digits, text, strnlen(text, 8));
		words[i] = (uint32_t)strtoul(digits, NULL, 16);
		text += strlen(digits);
	}
	return text;
}

/* The local address at TEXT, without its port. The text behind it. */
static char *parse_address(char *text, bool ipv6, struct net_endpoint *ep)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ep->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ep->addr;

	*ep = (struct net_endpoint){
		.addr.ss_family = ipv6 ? AF_INET6 : AF_INET,
		.len = ipv6 ? sizeof(*in6) : sizeof(*in),
	};
	return ipv6 ? parse_words(text, in6->sin6_addr.s6_addr32, 4)
		    : parse_words(text, &in->sin_addr.s_addr, 1);
}

/*
 * One socket's line, "0: 0100007F:1F90 00000000:0000 0A ...", where all
 * numbers are hexadecimal. False for the line of headings.
 */
static bool parse_line(char *line, bool ipv6, struct entry *entry)
{
	char *p = strchr(line, ':'); /* behind the number of the line */

	if (p == NULL)
		return false;
	p = parse_address(p + 1 + strspn(p + 1, " "), ipv6, &entry->local);
	if (*p != ':')
		return false;
	(void)net_endpoint_set_port(&entry->local,
				    (uint16_t)strtoul(p + 1, &p, 16));
	p = strchr(p, ':');
	if (p == NULL)
		return false;
	(void)strtoul(p + 1, &p, 16);
	entry->state = (unsigned)strtoul(p, NULL, 16);
	return true;
}

/* Whether ENTRY is such a one; if so, told to whoever wants to know of each. */
static bool counts(const struct query *query, const struct entry *entry)
{
	if (!query->matches(entry, query->port))
		return false;
	if (query->each != NULL)
		query->each(entry);
	return true;
}

/* Whether the table in FILE has such a line. For each, all are looked at. */
static bool table_has(const char *file, bool ipv6, const struct query *query)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(file, "re");

	if (f == NULL) {
		if (errno == ENOENT)
			return false; /* no IPv6 here */
		cli_die_errno("%s", file);
	}
	while ((!found || query->each != NULL) &&
	       fgets(line, sizeof(line), f) != NULL) {
		struct entry entry;

		if (parse_line(line, ipv6, &entry) && counts(query, &entry))
			found = true;
	}
	(void)fclose(f);
	return found;
}

/* The same of the listeners alone, where the kernel tells by sock_diag(7). */
static bool listeners_have(int family, const struct query *query)
{
	struct listeners all;
	bool found = false;

	if (diag_listeners(family, &all) < 0)
		return table_has(family == AF_INET6 ? "/proc/net/tcp6"
						    : "/proc/net/tcp",
				 family == AF_INET6, query);
	for (size_t i = 0; i < all.count; i++) {
		const struct entry entry = {all.list[i].local, LISTEN,
					    all.list[i].v6only};

		if (counts(query, &entry))
			found = true;
	}
	free(all.list);
	return found;
}

/* Whether a socket listens that QUERY, one of listeners, means. */
static bool any_listens(const struct query *query)
{
	bool found = listeners_have(AF_INET, query);

	return listeners_have(AF_INET6, query) || found;
}

static bool tcp_has(const struct query *query)
{
	return table_has("/proc/net/tcp", false, query) ||
	       table_has("/proc/net/tcp6", true, query);
}

/* --- waiting --- */

/*
 * Wait until there is something to be had from FD (-1: nothing ever is), for
 * MS at most; whether there is. A signal that is to end the program ends the
 * wait too.
 */
static bool wait_ms(int fd, int ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	struct timespec limit = {
		.tv_sec = ms / 1000,
		.tv_nsec = (long)(ms % 1000) * NS_PER_MS,
	};

	return ppoll(&pfd, 1, &limit, cli_wait_mask()) > 0;
}

static bool over(net_time deadline)
{
	return net_now() >= deadline || cli_stopping();
}

/* Whom the listeners are to take: who comes to AT, or anybody. */
static struct net_endpoint at[ADDRESSES_MAX];
static unsigned at_count;

/* For each port, a bit for each of AT; but for one of them, bit 0. */
static uint8_t heard[NET_PORT_MAX + 1];

/* Whether LISTENER takes who comes to its port at ADDR. */
static bool takes(const struct entry *listener, const struct net_endpoint *addr)
{
	const struct sockaddr_in *in = (const void *)&listener->local.addr;
	const struct sockaddr_in6 *in6 = (const void *)&listener->local.addr;
	struct net_endpoint there = *addr;

	(void)net_endpoint_set_port(&there,
				    net_endpoint_port(&listener->local));
	if (net_endpoint_equal(&listener->local, &there))
		return true;
	if (listener->local.addr.ss_family == AF_INET)
		return addr->addr.ss_family == AF_INET &&
		       in->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr) &&
	       (addr->addr.ss_family == AF_INET6 || !listener->v6only);
}

static void hear(const struct entry *entry)
{
	uint8_t *bits = &heard[net_endpoint_port(&entry->local)];

	*bits |= at_count == 0;
	for (unsigned i = 0; i < at_count; i++)
		if (takes(entry, &at[i]))
			*bits |= (uint8_t)(1U << i);
}

/* Whether on each of PORTS sockets listen that take all who are meant. */
static bool all_heard(const struct net_ports *ports)
{
	const struct query query = {listens_anywhere, 0, hear};
	unsigned wanted = at_count == 0 ? 1 : (1U << at_count) - 1;

	memset(heard, 0, sizeof(heard));
	(void)any_listens(&query);
	for (size_t i = 0; i < ports->count; i++)
		if (heard[ports->port[i]] != wanted)
			return false;
	return true;
}

static int await_listen(const struct net_ports *ports, int pid,
			net_time deadline)
{
	const struct query others = {listens_anywhere, 0, print_listener};
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);

	for (;;) {
		if (all_heard(ports))
			return CLI_OK;
		if (over(deadline)) {
			(void)any_listens(&others);
			return CLI_FAILED;
		}
		if (pidfd < 0 || wait_ms(pidfd, TICK_MS))
			return all_heard(ports) ? CLI_OK : EXIT_GONE;
	}
}

static int await_ended(int pid, net_time deadline)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);

	if (pidfd < 0 || wait_ms(pidfd, net_ms_left(deadline)))
		return CLI_OK;
	return CLI_FAILED;
}

static int all_listening(void)
{
	const struct query query = {listens_anywhere, 0, print_listener};

	return any_listens(&query) ? CLI_OK : CLI_FAILED;
}

static int listening(unsigned port)
{
	const struct query query = {listens, port, print_address};

	return any_listens(&query) ? CLI_OK : CLI_FAILED;
}

/* Until the tables have what QUERY asks for, or, if not WANTED, have it not. */
static int await_tables(const struct query *query, bool wanted,
			net_time deadline)
{
	while (tcp_has(query) != wanted) {
		if (over(deadline))
			return CLI_FAILED;
		(void)wait_ms(-1, TICK_MS);
	}
	return CLI_OK;
}

static int await_time_wait(unsigned port, net_time deadline)
{
	const struct query query = {waits, port, NULL};

	return await_tables(&query, true, deadline);
}

static int await_settled(net_time deadline)
{
	const struct query query = {unsettled, 0, NULL};

	return await_tables(&query, false, deadline);
}

/* --- a mark in a file --- */

/* A file that is read while it grows. */
struct growing {
	const char *name;
	int fd;
	size_t kept; /* the last bytes of before: a mark may begin in them */
	char buf[MARK_MAX_BYTES + CHUNK_BYTES];
};

enum look { LOOK_FOUND, LOOK_ON, LOOK_END };

/* Look for MARK in what comes next in the file. */
static enum look look_for(struct growing *g, const char *mark)
{
	size_t len = strlen(mark);
	ssize_t n = read(g->fd, g->buf + g->kept, CHUNK_BYTES);

	if (n < 0)
		cli_die_errno("%s", g->name);
	if (n == 0)
		return LOOK_END;

	size_t have = g->kept + (size_t)n;

	if (memmem(g->buf, have, mark, len) != NULL)
		return LOOK_FOUND;
	g->kept = have < len - 1 ? have : len - 1;
	memmove(g->buf, g->buf + have - g->kept, g->kept);
	return LOOK_ON;
}

/* A descriptor from which something can be read when FILE has grown. */
static int watch(const char *file)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		cli_die_errno("inotify_init1");
	if (inotify_add_watch(fd, file, IN_MODIFY) < 0)
		cli_die_errno("%s", file);
	return fd;
}

/* What happened does not matter: the file will be read to its end anyway. */
static void forget_events(int fd)
{
	char buf[4096] __attribute__((aligned(8)));

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static int await_mark(const char *file, const char *mark, net_time deadline)
{
	static struct growing g;
	/* Before the first read, so that nothing comes between the two. */
	int events = watch(file);
	enum look look;

	g.name = file;
	g.fd = open(file, O_RDONLY | O_CLOEXEC);
	if (g.fd < 0)
		cli_die_errno("%s", file);
	while ((look = look_for(&g, mark)) != LOOK_FOUND) {
		if (look == LOOK_ON)
			continue;
		if (over(deadline))
			return CLI_FAILED;
		if (wait_ms(events, net_ms_left(deadline)))
			forget_events(events);
	}
	return CLI_OK;
}

/* --- the command line --- */

/* A number from 1 to MAX, or exits. */
static int parse(const char *text, long max)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > max)
		cli_usage_error("%s is not a number from 1 to %ld", text, max);
	return (int)n;
}

static net_time parse_deadline(const char *text)
{
	return net_deadline(parse(text, MS_MAX));
}

static const char *parse_mark(const char *text)
{
	if (*text == '\0' || strlen(text) > MARK_MAX_BYTES)
		cli_usage_error("a mark has 1 to %d bytes", MARK_MAX_BYTES);
	return text;
}

/* PORTS PID MS [ADDR...] */
static int run_listen(int argc, char **argv)
{
	struct net_ports ports = {0};
	int pid = parse(argv[1], 1 << 22);

	if (argc - 3 > ADDRESSES_MAX)
		cli_usage();
	for (; (int)at_count < argc - 3; at_count++)
		(void)net_endpoint_make(&at[at_count],
					cli_address(argv[3 + at_count]), 0);
	cli_ports(&ports, argv[0]);
	int status = await_listen(&ports, pid, parse_deadline(argv[2]));
	net_ports_free(&ports);
	return status;
}

static int run(int argc, char **argv)
{
	const char *verb = argc < 2 ? "" : argv[1];

	if (argc >= 5 && strcmp(verb, "listen") == 0)
		return run_listen(argc - 2, argv + 2);
	if (argc == 3 && strcmp(verb, "listening") == 0)
		return listening(cli_port(argv[2]));
	if (argc == 2 && strcmp(verb, "listening") == 0)
		return all_listening();
	if (argc == 4 && strcmp(verb, "ended") == 0)
		return await_ended(parse(argv[2], 1 << 22),
				   parse_deadline(argv[3]));
	if (argc == 4 && strcmp(verb, "time-wait") == 0)
		return await_time_wait(cli_port(argv[2]),
				       parse_deadline(argv[3]));
	if (argc == 3 && strcmp(verb, "settled") == 0)
		return await_settled(parse_deadline(argv[2]));
	if (argc == 5 && strcmp(verb, "mark") == 0)
		return await_mark(argv[2], parse_mark(argv[3]),
				  parse_deadline(argv[4]));
	cli_usage();
}

int main(int argc, char **argv)
{
	cli_init(argv[0], "listen PORTS PID MS [ADDR...] | "
			  "listening [PORT] | time-wait PORT MS | settled MS | "
			  "mark FILE TEXT MS "
			  "| ended PID MS");

	int status = run(argc, argv);

	cli_flush();
	return status;
}
