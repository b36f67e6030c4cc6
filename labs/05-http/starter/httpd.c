/*
 * httpd.c - a small HTTP server: one process, one thread, one loop
 *
 * Usage: httpd [-b ADDR] [-p PORT] [-t IDLE_MS] [-v] DIR
 *
 * Serves the files below DIR by HTTP/1.1 (RFC 9110, RFC 9112), GET and HEAD, on
 * PORT (8080) of ADDR, which is numeric, or of every address of the machine. A
 * client may keep it waiting for IDLE_MS milliseconds (10000): for the next
 * request, for the whole head of one, or to take some more of a response. -v
 * logs each request on stderr, in the Common Log Format. SIGTERM and SIGINT end
 * it with status 0, when what is under way is done, or that time is over.
 *
 * This file has the loop: until step 4 it serves one client after the other,
 * and then all at once. Begin in httpd.h, and write step 1 in the other files
 * first.
 *
 * Next: httpd.h.
 */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cli.h"

enum {
	IDLE_MS_MAX = 3600000,
	NS_PER_MS = 1000000,
	BACKLOG = 4096,	  /* connections that wait, if the kernel allows it */
	EVENTS_MAX = 256, /* in one turn of the loop */
	FILES_SHARE = 8,  /* one descriptor in so many is left to files */
	REST_MS = 100,	  /* when no client is accepted: then look again */
};

/* --- Waiting --- */

/* Have epoll wait for EVENTS of FD, and give us DATA then; -1 with errno. */
static int watch(struct server *s, int op, int fd, uint32_t events, void *data)
{
	/*
	 * Step 4: epoll_ctl(2) on s->epoll, with a struct epoll_event in which
	 * these are.
	 */
	(void)s;
	(void)op;
	(void)fd;
	(void)events;
	(void)data;
	return 0;
}

static void begin_turn(struct server *s);

/* Let C go on, HOW: conn_advance() or conn_expire(). */
static void advance(struct server *s, struct conn *c,
		    bool (*how)(struct server *, struct conn *))
{
	/*
	 * Step 4: call HOW once. If C goes on after that, tell epoll, by
	 * watch(), what it waits for, EPOLLOUT in CONN_SEND and EPOLLIN else,
	 * and remember that in c->events: if it is the same as before, which is
	 * usual, epoll need not be told again. If that fails, conn_end().
	 *
	 * Until then C is waited for here, and nobody else is served meanwhile.
	 */
	while (how(s, c)) {
		short events = c->state == CONN_SEND ? POLLOUT : POLLIN;

		if (!cli_wait_until(c->fd, events, c->deadline)) {
			conn_end(s, c);
			return;
		}
		begin_turn(s);
	}
}

/* --- New connections --- */

/*
 * Take the next client; false if there is none, or no room. It may have waited
 * for an answer that another got in this turn, and mean to ask for what has
 * changed since: so the file of this turn is forgotten.
 */
static bool accept_client(struct server *s)
{
	struct net_endpoint peer;

	if (s->count >= s->most)
		return false;
	int fd = net_accept_nonblocking(s->listener, &peer);
	struct conn *c = fd < 0 ? NULL : conn_begin(s, fd, &peer);
	s->loaded = false;
	if (c)
		advance(s, c, conn_advance); /* its request may be here */
	else if (net_no_room(errno))
		s->no_room = true;
	else if (errno != EAGAIN)
		cli_die_errno("accept");
	return c != NULL;
}

/*
 * Whoever finds no room stays in the backlog, so the listener stays ready, and
 * we would spin: it is not waited for in the next turn, or as long as there are
 * too many connections.
 */
static void update_listener(struct server *s)
{
	/*
	 * Step 4: it is waited for, unless we are s->draining, or the last
	 * client has found s->no_room (make that false again), or s->count is
	 * not less than s->most. If this is not what s->accepting says, set it,
	 * and tell epoll, by watch(): EPOLLIN, or nothing, which is 0.
	 */
	(void)s;
}

/* --- The loop --- */

/* A turn begins: see what time it is, and forget the file of the last one. */
static void begin_turn(struct server *s)
{
	time_t clock = time(NULL);

	s->now = net_now();
	s->loaded = false;
	if (clock != s->clock)
		http_date(s->date, clock);
	s->clock = clock;
}

/* Wait; let those go on that can, and those no more that had their time. */
static void turn(struct server *s)
{
	/*
	 * Step 4: wait for up to EVENTS_MAX events by epoll_pwait(2), no longer
	 * than until the deadline of s->first, if there is one: net_ms_left();
	 * and no longer than REST_MS, if s->accepting is false. Its mask is
	 * cli_wait_mask(), so that SIGTERM ends the wait, with EINTR. Then
	 * begin_turn(). The data of each event is the connection to advance(),
	 * by conn_advance(), or NULL for the listener: accept_client() until
	 * there is none, but not for ever. Then advance() by conn_expire()
	 * whoever is the first of all, as long as its deadline is not later
	 * than s->now; and update_listener().
	 *
	 * Until then: wait for one client, and serve it.
	 */
	(void)update_listener;
	if (!cli_wait(s->listener, POLLIN))
		return;
	begin_turn(s);
	accept_client(s);
}

/*
 * Stop accepting, and end when no connection is left, or when the idle time is
 * over.
 */
static void drain(struct server *s)
{
	/*
	 * Step 4: accept_client() as long as there is one, but at most s->most
	 * times; close the listener, with s->accepting set to false; and set
	 * s->draining. A request may have come of which we do not know yet: so
	 * advance() each connection once more; it ends if it has nothing to do
	 * (see read_head() in conn.c). As long as there are any, and s->idle
	 * has not passed, take turns. Then conn_end() those that are left.
	 */
	close(s->listener);
	while (s->first)
		conn_end(s, s->first);
}

/* --- Beginning --- */

static void begin(struct server *s, const char *addr, uint16_t port)
{
	int on = 1, limit = net_raise_descriptor_limit();
	struct net_endpoint local;
	char text[NET_ENDPOINT_LEN];

	/* The second listen() only makes the backlog longer. */
	s->listener = net_listen(addr, port);
	if (s->listener < 0 || listen(s->listener, BACKLOG) < 0 ||
	    net_local(s->listener, &local) < 0)
		cli_die_errno("port %u", port);
	/*
	 * Connections inherit it. Nagle's algorithm would hold back a small
	 * response until the one before it is acknowledged.
	 */
	setsockopt(s->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 ||
	    watch(s, EPOLL_CTL_ADD, s->listener, EPOLLIN, NULL) < 0)
		cli_die_errno("epoll");
	s->accepting = true;
	int most = limit - limit / FILES_SHARE - s->epoll - 1;
	if (most < 1)
		cli_die("%d descriptors are too few (ulimit -n)", limit);
	s->most = (size_t)most;
	begin_turn(s);
	cli_log("listening on %s",
		net_endpoint_format(&local, text, sizeof text));
}

int main(int argc, char **argv)
{
	static struct server server;
	struct server *s = &server;
	const char *addr = NULL;
	uint16_t port = 8080;
	long idle_ms = 10000;
	int opt;

	cli_init(argv[0], "[-b ADDR] [-p PORT] [-t IDLE_MS] [-v] DIR");
	while ((opt = getopt(argc, argv, "b:p:t:v")) != -1) {
		if (opt == 'b')
			addr = cli_address(optarg);
		else if (opt == 'p')
			port = cli_listen_port(optarg);
		else if (opt == 't')
			idle_ms = cli_ms(optarg, IDLE_MS_MAX);
		else if (opt == 'v')
			s->verbose = true;
		else
			cli_usage();
	}
	if (argc - optind != 1)
		cli_usage();
	s->root = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		cli_die_errno("%s", argv[optind]);
	s->idle = (net_time)idle_ms * NS_PER_MS;
	begin(s, addr, port);
	while (!cli_stopping())
		turn(s);
	drain(s);
	return CLI_OK;
}
