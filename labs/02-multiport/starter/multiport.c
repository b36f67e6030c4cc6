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
 * What is missing is marked "Step 1" to "Step 10", to be written in that order;
 * what you write replaces the todo() there, and any (void) above it. The rest
 * is given, and may stay as it is.
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
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	WELL_KNOWN_MAX = 1023, /* RFC 6335, section 6 */
	REGISTERED_MAX = 49151,
	BUFFER_BYTES = 16 * 1024, /* held for one client, at most */
	ACCEPT_MAX = 64,   /* clients of one port, then it is another's turn */
	CLIENTS_ROOM = 64, /* at first; it grows */
	CLIENTS_MIN = 8,   /* descriptors that the listeners leave to clients */
	NO_ROOM_PAUSE_MS = 100,
	NO_ROOM_SILENT_MS = 10000,
	REASON_BYTES = 128,
};

/* Stands where something is to be written; ends the program when it is met. */
__attribute__((unused)) _Noreturn static int todo(int step, const char *what)
{
	cli_die("step %d is still to be written: %s", step, what);
}

/* A port that is listened on, and what its clients are told of it. */
struct port {
	uint16_t number;
	const char *range;
	char name[NET_SERVICE_LEN];
};

/* What a client is to be told, or has sent, and has not got yet. */
struct client {
	size_t start; /* the first byte in buf not written yet */
	size_t end;   /* one past the last byte in buf */
	char *buf;    /* of BUFFER_BYTES */
};

/*
 * All descriptors in one table, as poll() wants them: first the listeners,
 * fds[i] that of ports[i], then the clients, fds[i] that of clients[i].
 */
struct server {
	struct pollfd *fds;
	struct port *ports;
	struct client *clients;
	size_t n_ports;
	size_t n_fds; /* listeners and clients */
	size_t room;  /* for so many */
	size_t turn;  /* whose turn it is to be asked first, modulo n_ports */
	net_time rest_until;   /* no listener is asked before; 0: now */
	net_time silent_until; /* no word before on there being no room */
};

/* --- Ports --- */

/* The range to which PORT belongs, RFC 6335. */
static const char *range_of(uint16_t port)
{
	/*
	 * Step 3: 0-1023 are "well-known", 1024-49151 "registered", and the
	 * rest is "dynamic". (The constants are above.)
	 */
	(void)port;
	todo(3, "the range, in range_of()");
}

/*
 * Fill in what is told of PORT. Now, not when a client comes: to look up a
 * name takes a descriptor, of which none may be left then, and may take time,
 * which would be that of all clients.
 */
static void describe(struct port *port, uint16_t number)
{
	/*
	 * Step 2: ask getservbyport(3) for the TCP service. It wants the port
	 * in the byte order of the network, and returns NULL if the port has
	 * no name.
	 */
	const struct servent *service = NULL;
	todo(2, "the name, in describe()");

	port->number = number;
	port->range = range_of(number);
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
 * Listen on PORT of ADDR, which may be NULL. A descriptor, but not one of the
 * last below LIMIT: those are for clients. -1 with errno.
 */
static int listen_at(const char *addr, uint16_t port, int limit)
{
	int fd = net_listen(addr, port);

	if (fd < 0 || fd < limit - CLIENTS_MIN)
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

/* Listen on each of PORTS, or say why not. */
static void listen_on(struct server *s, const struct net_ports *ports,
		      const char *addr)
{
	int limit = net_raise_descriptor_limit();

	if (limit < 0)
		cli_die_errno("limit of descriptors");
	for (size_t i = 0; i < ports->count; i++) {
		uint16_t port = ports->port[i];
		/*
		 * Step 1: listen_at(), which is given above, makes a listener
		 * for PORT. If there is none, report() says why, and the next
		 * port is tried. If there is, it goes to the end of the table:
		 * the descriptor into fds[s->n_ports], with POLLIN as the
		 * events to wait for; describe() fills in ports[s->n_ports];
		 * and n_ports is one more.
		 */
		(void)port;
		(void)addr;
		(void)listen_at;
		(void)report;
		(void)describe;
		todo(1, "listen, in listen_on()");
	}
	s->n_fds = s->n_ports;
}

/* --- Clients --- */

/* Make the table twice as large; false with ENOMEM. */
static bool grow(struct server *s)
{
	size_t room = s->room * 2;
	struct pollfd *fds = reallocarray(s->fds, room, sizeof *fds);

	if (!fds)
		return false;
	s->fds = fds;
	struct client *clients =
		reallocarray(s->clients, room, sizeof *clients);
	if (!clients)
		return false;
	s->clients = clients;
	s->room = room;
	return true;
}

/* Memory for one more client, before it is taken; false with ENOMEM. */
static bool new_client(struct server *s, struct client *client)
{
	if (s->n_fds == s->room && !grow(s))
		return false;
	client->buf = malloc(BUFFER_BYTES);
	return client->buf != NULL;
}

/* Begin with the line that CLIENT is to be told. */
static void greet(struct client *client, const struct port *port,
		  const struct net_endpoint *peer)
{
	char from[NET_ENDPOINT_LEN];
	int n = snprintf(client->buf, BUFFER_BYTES,
			 "you reached %u (%s, %s) from %s\n", port->number,
			 port->name, port->range,
			 net_endpoint_format(peer, from, sizeof from));

	client->end = (size_t)n;
}

/* Close the connection of client I; the last one takes its place. */
static void drop_client(struct server *s, size_t i)
{
	/*
	 * Step 9: close the descriptor, free the buffer, and move the last
	 * entry of the table, in fds and in clients, to where this one was.
	 * Set s->rest_until to 0: there is room for another client now.
	 */
	(void)s;
	(void)i;
	todo(9, "the end of a client, in drop_client()");
}

/* Whether a read() or write() that failed is simply to be tried again. */
static bool try_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Write what there is room for; false if the client is lost. */
static bool write_some(int fd, struct client *client)
{
	size_t len = client->end - client->start;
	/*
	 * Step 6: write(2) what is left, and move client->start on by what was
	 * taken. If it fails, try_again() says whether that is the end.
	 */
	(void)fd;
	(void)len;
	(void)try_again;
	todo(6, "write, in write_some()");
}

/* Read what has come; false if that was all, or the client is lost. */
static bool read_some(int fd, struct client *client)
{
	/*
	 * Step 8: read(2) into the buffer, from its beginning, and set
	 * client->start and client->end to what is there now. EOF means that
	 * the client has sent all: return false. If read() fails, try_again()
	 * says whether that is the end.
	 */
	(void)fd;
	(void)client;
	todo(8, "read, in read_some()");
}

/*
 * One read() if all has been written, one write() if not: then it is another's
 * turn. Nothing is read from a client that has not taken what it was sent: at
 * some time it finds no room to send more, and waits, as TCP means it to.
 */
static void serve_client(struct server *s, size_t i)
{
	struct client *client = &s->clients[i];
	int fd = s->fds[i].fd;

	if ((client->start == client->end && !read_some(fd, client)) ||
	    (client->start < client->end && !write_some(fd, client))) {
		drop_client(s, i);
		return;
	}
	/*
	 * Step 7: what is this client to be waited for now? If something is
	 * left to be written, for room: POLLOUT; only else for more: POLLIN.
	 * Never for both: see above.
	 */
	todo(7, "what to wait for, in serve_client()");
}

/* No client could be taken: end if it always will be so, else go on. */
static void survive_accept_error(struct server *s)
{
	if (errno == EAGAIN)
		return; /* that was all */
	if (!net_no_room(errno))
		cli_die_errno("accept");
	/*
	 * Step 10: the client stays in the backlog, so poll() would return at
	 * once, again and again. Set s->rest_until to the net_deadline() that
	 * is NO_ROOM_PAUSE_MS away: wait_for_work() leaves the listeners out
	 * until then, or until drop_client() says that there is room.
	 */
	todo(10, "no room, in survive_accept_error()");
	if (net_ms_left(s->silent_until) == 0) {
		cli_warn_errno("accept");
		s->silent_until = net_deadline(NO_ROOM_SILENT_MS);
	}
}

/* Take a client of listener I; false if there is none, or no room. */
static bool accept_client(struct server *s, size_t i)
{
	struct net_endpoint peer;
	struct client client = {0};
	int fd = -1;

	/*
	 * Step 5: take the next client of s->fds[i].fd, into fd, and who it
	 * is, into peer: net_accept(). But first get new_client() to make room
	 * for it; if that fails, let fd be -1. What follows then is given.
	 */
	(void)new_client;
	todo(5, "accept, in accept_client()");

	if (fd < 0) {
		survive_accept_error(s);
		free(client.buf);
		return false;
	}
	/*
	 * Step 5, too: the client may not read, and write() must not wait for
	 * it, nor anybody else: net_set_nonblocking(). If that fails, which it
	 * cannot, cli_die_errno().
	 */
	greet(&client, &s->ports[i], &peer);
	s->fds[s->n_fds] = (struct pollfd){.fd = fd};
	s->clients[s->n_fds] = client;
	s->n_fds++;
	s->turn = i + 1;
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
	/*
	 * Step 4: ppoll(2), which is poll() with a mask of signals, on the
	 * entries of s->fds from FIRST to the last. Time-out: &rest, or NULL,
	 * for ever, if ms is 0. Mask: cli_wait_mask(), by which SIGTERM and
	 * SIGINT end the wait.
	 */
	(void)first;
	(void)rest;
	int n = todo(4, "poll, in wait_for_work()");

	if (n < 0 && errno != EINTR)
		cli_die_errno("poll");
	if (ms == 0)
		s->rest_until = 0;
	return n > 0;
}

/* Take those who wait at listener I, but not for ever: others wait too. */
static void accept_clients(struct server *s, size_t i)
{
	for (int n = 0; n < ACCEPT_MAX && accept_client(s, i); n++)
		;
}

/* Ask the listeners in turn, so that at the limit each gets its share. */
static void accept_all(struct server *s)
{
	size_t first = s->turn;

	for (size_t k = 0; k < s->n_ports && s->rest_until == 0; k++) {
		size_t i = (first + k) % s->n_ports;

		if (s->fds[i].revents)
			accept_clients(s, i);
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
			accept_all(s);
	}
}

/* --- Beginning and end --- */

static void make_server(struct server *s, size_t n_ports)
{
	s->room = n_ports + CLIENTS_ROOM;
	s->fds = calloc(s->room, sizeof *s->fds);
	s->clients = calloc(s->room, sizeof *s->clients);
	s->ports = calloc(s->room, sizeof *s->ports);
	if (!s->fds || !s->clients || !s->ports)
		cli_die_errno("no memory for %zu ports", n_ports);
}

static void end_server(struct server *s)
{
	for (size_t i = 0; i < s->n_fds; i++) {
		close(s->fds[i].fd);
		free(s->clients[i].buf); /* NULL for a listener */
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
	cli_log("serving %zu port%s", server.n_ports,
		server.n_ports == 1 ? "" : "s");
	serve(&server);
	end_server(&server);
	return CLI_OK;
}
