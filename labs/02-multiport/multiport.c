/*
 * multiport.c - one process that serves many ports
 *
 * Usage: multiport [-b ADDR] SPEC...
 *
 * A SPEC is a port (7000), a range (7001-7010), a service name (http), or
 * several of them with commas between. Whoever connects gets one line, `you
 * reached PORT (NAME, RANGE) from ADDR:PORT`, and then all that it sends back.
 * ADDR is numeric; without it the server listens on every address of the
 * machine. A port that cannot be had is reported, and the others are served;
 * status 1 if there is none. SIGINT and SIGTERM end it with status 0.
 *
 * Next: net_listen() and net_accept() in common/net.c.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	WELL_KNOWN_MAX = 1023, /* RFC 6335, section 6 */
	REGISTERED_MAX = 49151,
	BUFFER_BYTES = 16 * 1024, /* held for one client, at most */
	CLIENTS_ROOM = 64,	  /* at first; it grows */
	CLIENTS_MIN = 8, /* descriptors that the listeners leave to clients */
	NO_ROOM_PAUSE_MS = 100,
	NO_ROOM_SILENT_MS = 10000,
	REASON_BYTES = 128,
};

/* A port that is listened on. */
struct port {
	uint16_t number;
	char name[NET_SERVICE_LEN]; /* "-": it has none */
};

/* What a client has sent, or is to be told, and has not got yet. */
struct client {
	size_t start; /* the first byte in buf not written yet */
	size_t end;   /* one past the last byte in buf */
	char buf[BUFFER_BYTES];
};

/*
 * All descriptors in one table, as poll() wants them: first the listeners,
 * fds[i] that of ports[i], then the clients, fds[i] that of clients[i].
 */
struct server {
	struct pollfd *fds;
	struct port *ports;
	struct client **clients;
	size_t n_ports;
	size_t n_fds; /* listeners and clients */
	size_t room;  /* for so many */
	size_t turn;  /* the listener that is asked first */
	/* No descriptor was left: the listeners are not asked before. */
	net_time rest_until;
	net_time silent_until; /* has been said: not again before */
};

/* --- Ports --- */

/* The range to which IANA counts PORT. */
static const char *range_of(uint16_t port)
{
	if (port <= WELL_KNOWN_MAX)
		return "well-known";
	return port <= REGISTERED_MAX ? "registered" : "dynamic";
}

/*
 * Look up the name of PORT, "-" if it has none. Now, not when a client comes:
 * the lookup opens a file, for which there may be no descriptor then, and may
 * take its time, which would be everybody's.
 */
static void find_name(struct port *port)
{
	const struct servent *service =
		getservbyport(htons(port->number), "tcp");

	snprintf(port->name, sizeof port->name, "%s",
		 service ? service->s_name : "-");
}

/* Say why PORT cannot be had. */
static void report(uint16_t port)
{
	char reason[REASON_BYTES];

	snprintf(reason, sizeof reason, "%s", strerror(errno));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	cli_warn("port %u: %s", port, reason);
}

/*
 * Let this process have as many descriptors as it may; how many, is returned.
 * The soft limit is 1024 on most machines for the sake of programs that use
 * select(2), which cannot go beyond.
 */
static rlim_t raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		cli_die_errno("getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		cli_die_errno("setrlimit");
	return limit.rlim_cur;
}

/* A listener, but not one of the last descriptors; -1 with errno. */
static int listen_at(const char *addr, uint16_t number, rlim_t limit)
{
	int fd = net_listen(addr, number);

	if (fd < 0 || (rlim_t)fd + CLIENTS_MIN < limit)
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

/* Listen on PORTS of ADDR, which may be NULL, or say why not. */
static void listen_on(struct server *s, const struct net_ports *ports,
		      const char *addr)
{
	rlim_t limit = raise_descriptor_limit();

	for (size_t i = 0; i < ports->count; i++) {
		int fd = listen_at(addr, ports->port[i], limit);
		if (fd < 0) {
			report(ports->port[i]);
			continue;
		}
		s->fds[s->n_fds] = (struct pollfd){fd, POLLIN, 0};
		s->ports[s->n_fds].number = ports->port[i];
		find_name(&s->ports[s->n_fds]);
		s->n_fds++;
	}
	s->n_ports = s->n_fds;
}

/* --- Clients --- */

/* Memory for one more client, and room in the table; NULL with ENOMEM. */
static struct client *new_client(struct server *s)
{
	if (s->n_fds == s->room) {
		size_t room = s->room * 2;

		void *fds = reallocarray(s->fds, room, sizeof *s->fds);
		if (fds)
			s->fds = fds;
		void *clients =
			reallocarray(s->clients, room, sizeof *s->clients);
		if (clients)
			s->clients = clients;
		if (!fds || !clients)
			return NULL;
		s->room = room;
	}
	return malloc(sizeof(struct client));
}

/* Begin with the line that CLIENT is to be told. */
static void greet(struct client *client, const struct port *port,
		  const struct net_endpoint *peer)
{
	char from[NET_ENDPOINT_LEN];
	int n = snprintf(client->buf, sizeof client->buf,
			 "you reached %u (%s, %s) from %s\n", port->number,
			 port->name, range_of(port->number),
			 net_endpoint_format(peer, from, sizeof from));

	client->start = 0;
	client->end = (size_t)n;
}

/* Close the connection of client I; the last one takes its place. */
static void drop_client(struct server *s, size_t i)
{
	close(s->fds[i].fd);
	free(s->clients[i]);
	s->n_fds--;
	s->fds[i] = s->fds[s->n_fds];
	s->clients[i] = s->clients[s->n_fds];
	s->rest_until = 0; /* there is room for another */
}

/* Whether a read() or write() that failed is simply to be tried again. */
static bool try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/*
 * One read() if all has been written, then one write(): then it is another's
 * turn. False when CLIENT has sent its last byte and got it, or is lost.
 */
static bool echo(int fd, struct client *client)
{
	ssize_t n;

	if (client->start == client->end) {
		n = read(fd, client->buf, sizeof client->buf);
		if (n <= 0)
			return n < 0 && try_again();
		client->start = 0;
		client->end = (size_t)n;
	}
	n = write(fd, client->buf + client->start, client->end - client->start);
	if (n < 0)
		return try_again();
	client->start += (size_t)n;
	return true;
}

static void serve_client(struct server *s, size_t i)
{
	struct client *client = s->clients[i];

	if (!echo(s->fds[i].fd, client)) {
		drop_client(s, i);
		return;
	}
	/*
	 * Nothing is read from a client that has not taken what it was sent:
	 * it finds no more room some time, and waits, as TCP means it to.
	 */
	s->fds[i].events = client->start < client->end ? POLLOUT : POLLIN;
}

/* No client could be taken: end if it always will be so, else go on. */
static void survive_accept_error(struct server *s, size_t i)
{
	if (errno == EAGAIN) /* the client has gone again */
		return;
	if (!net_no_room(errno))
		cli_die_errno("accept");
	/*
	 * The client stays in the backlog, so poll() would return at once, and
	 * we would spin: let the listeners rest until a client has gone, or
	 * until another program may have given something back.
	 */
	if (net_ms_left(s->silent_until) == 0) {
		cli_warn_errno("accept");
		s->silent_until = net_deadline(NO_ROOM_SILENT_MS);
	}
	s->rest_until = net_deadline(NO_ROOM_PAUSE_MS);
	s->turn = i;
}

/* Take a client of listener I; false if there was no room for one. */
static bool accept_client(struct server *s, size_t i)
{
	struct net_endpoint peer;
	struct client *client = new_client(s);
	int fd = client ? net_accept(s->fds[i].fd, &peer) : -1;

	if (fd < 0) {
		free(client);
		survive_accept_error(s, i);
		return s->rest_until == 0;
	}
	/* It may not read, and write() must not wait for it. */
	if (net_set_nonblocking(fd, true) < 0)
		cli_die_errno("fcntl");
	greet(client, &s->ports[i], &peer);
	s->fds[s->n_fds] = (struct pollfd){.fd = fd};
	s->clients[s->n_fds] = client;
	s->n_fds++;
	serve_client(s, s->n_fds - 1); /* there is room for the line */
	return true;
}

/* --- The loop --- */

/* Wait until something is to be done; false if nothing was meanwhile. */
static bool wait_for_work(struct server *s)
{
	int ms = net_ms_left(s->rest_until);
	struct timespec rest = {.tv_nsec = ms * 1000000L};
	size_t first = ms > 0 ? s->n_ports : 0;
	int n = ppoll(s->fds + first, s->n_fds - first, ms > 0 ? &rest : NULL,
		      cli_wait_mask());

	if (n < 0 && errno != EINTR)
		cli_die_errno("poll");
	if (ms == 0)
		s->rest_until = 0;
	return n > 0;
}

static void accept_clients(struct server *s)
{
	size_t first = s->turn;

	for (size_t k = 0; k < s->n_ports; k++) {
		size_t i = (first + k) % s->n_ports;

		if (s->fds[i].revents && !accept_client(s, i))
			return;
	}
}

static void serve(struct server *s)
{
	while (!cli_stopping()) {
		if (!wait_for_work(s))
			continue;
		bool resting = s->rest_until != 0;
		/*
		 * From the end: whoever is moved to the place of one that is
		 * dropped has had its turn.
		 */
		for (size_t i = s->n_fds; i-- > s->n_ports;) {
			if (s->fds[i].revents)
				serve_client(s, i);
		}
		if (!resting)
			accept_clients(s);
	}
}

/* --- Beginning and end --- */

static void make_server(struct server *s, size_t n_ports)
{
	s->room = n_ports + CLIENTS_ROOM;
	s->fds = calloc(s->room, sizeof *s->fds);
	s->clients = calloc(s->room, sizeof *s->clients);
	s->ports = calloc(n_ports, sizeof *s->ports);
	if (!s->fds || !s->clients || !s->ports)
		cli_die_errno("no memory for %zu ports", n_ports);
}

static void end_server(struct server *s)
{
	for (size_t i = 0; i < s->n_fds; i++) {
		close(s->fds[i].fd);
		free(s->clients[i]); /* NULL for a listener */
	}
	free(s->fds);
	free(s->clients);
	free(s->ports);
}

int main(int argc, char **argv)
{
	struct server server = {0};
	struct net_ports ports = {0};
	const char *addr = NULL;
	int opt;

	cli_init(argv[0], "[-b ADDR] SPEC...");
	while ((opt = getopt(argc, argv, "b:")) != -1) {
		if (opt != 'b')
			cli_usage();
		addr = cli_address(optarg);
	}
	if (optind == argc)
		cli_usage();
	for (int i = optind; i < argc; i++)
		cli_ports(&ports, argv[i]);

	make_server(&server, ports.count);
	listen_on(&server, &ports, addr);
	net_ports_free(&ports);
	if (server.n_ports == 0)
		cli_die("no port could be had");
	cli_log("serving %zu ports", server.n_ports);
	serve(&server);
	end_server(&server);
	return CLI_OK;
}
