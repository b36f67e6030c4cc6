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
	DEFAULT_PORT = 8080,
	DEFAULT_IDLE_MS = 10000,
	IDLE_MS_MAX = 3600000,
	NS_PER_MS = 1000000,
	BACKLOG = 4096,	  /* connections that wait, if the kernel allows it */
	ACCEPT_MAX = 64,  /* of them in one turn of the loop */
	EVENTS_MAX = 256, /* in one turn */
	FILES_SHARE = 8,  /* one descriptor in so many is left to files */
	REST_MS = 100,
};

struct loop {
	struct server server;
	int epoll;
	int listener;
	size_t most;	     /* connections at once */
	size_t rest_count;   /* no more are taken while there are so many, */
	net_time rest_until; /* and until then; NET_FOREVER: they are taken */
};

/* --- Waiting --- */

/* Have epoll wait for EVENTS of FD, and give us DATA then; -1 with errno. */
static int watch(struct loop *l, int op, int fd, uint32_t events, void *data)
{
	/*
	 * Step 4: epoll_ctl(2) on l->epoll, with a struct epoll_event in which
	 * these are.
	 */
	(void)l;
	(void)op;
	(void)fd;
	(void)events;
	(void)data;
	return 0;
}

static void begin_turn(struct server *s);

/* Let C go on, HOW: conn_advance() or conn_expire(). */
static void advance(struct loop *l, struct conn *c,
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
	while (how(&l->server, c)) {
		short events = c->state == CONN_SEND ? POLLOUT : POLLIN;
		net_time deadline = c->deadline;

		if (!cli_wait_until(c->fd, events, deadline)) {
			conn_end(&l->server, c);
			return;
		}
		begin_turn(&l->server);
	}
}

/* --- New connections --- */

/*
 * No room for another client. It stays in the backlog, so the listener stays
 * ready, and we would spin: do not ask it until somebody has gone, or until
 * another program may have given something back.
 */
static void rest(struct loop *l)
{
	/*
	 * Step 4: watch() the listener for nothing: events 0. Remember in
	 * l->rest_count how many connections there are, and in l->rest_until
	 * the time that is REST_MS away: end_rest() looks at them.
	 */
	(void)l;
}

static void end_rest(struct loop *l)
{
	bool over = l->server.count < l->rest_count ||
		    l->server.now >= l->rest_until;

	if (l->rest_until == NET_FOREVER || !over)
		return;
	l->rest_until = NET_FOREVER;
	watch(l, EPOLL_CTL_MOD, l->listener, EPOLLIN, NULL);
}

/* Take the next client; false if there is none, or no room. */
static bool accept_client(struct loop *l)
{
	struct net_endpoint peer;
	struct conn *c;

	errno = EMFILE;
	int fd = l->server.count < l->most
			 ? net_accept_nonblocking(l->listener, &peer)
			 : -1;
	if (fd >= 0 && (c = conn_begin(&l->server, fd, &peer)) != NULL) {
		/* Its request may be here already. */
		advance(l, c, conn_advance);
		return true;
	}
	if (net_no_room(errno))
		rest(l);
	else if (errno != EAGAIN)
		cli_die_errno("accept");
	return false;
}

static void accept_clients(struct loop *l)
{
	for (int n = 0; n < ACCEPT_MAX && accept_client(l); n++)
		;
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

/* When something is to be done, even if nothing happens. */
static net_time next_deadline(const struct loop *l)
{
	net_time next =
		l->server.first ? l->server.first->deadline : NET_FOREVER;

	return l->rest_until < next ? l->rest_until : next;
}

/* Wait; let those go on that can, and those no more that had their time. */
static void turn(struct loop *l, net_time deadline)
{
	/*
	 * Step 4: wait for up to EVENTS_MAX events by epoll_pwait(2), no longer
	 * than until DEADLINE: net_ms_left(). Its mask is cli_wait_mask(), so
	 * that SIGTERM ends the wait, with EINTR. Then begin_turn(). For each
	 * event: its data is the connection to advance(), by conn_advance(), or
	 * NULL for the listener: accept_clients(). Then advance() by
	 * conn_expire() whoever is first in the list, as long as its deadline
	 * is not later than s->now; and end_rest().
	 *
	 * Until then: wait for one client, and serve it.
	 */
	(void)accept_clients;
	(void)deadline;
	(void)end_rest;
	if (!cli_wait(l->listener, POLLIN))
		return;
	begin_turn(&l->server);
	accept_client(l);
}

/*
 * Stop accepting, and end when no connection is left, at the latest when the
 * idle time is over.
 */
static void drain(struct loop *l)
{
	/*
	 * Step 4: accept_clients() who have come, close the listener, set
	 * s->draining. A request may have come of which we do not know yet: so
	 * advance() each connection once more; it ends if it has nothing to do
	 * (see read_head() in conn.c). As long as there are any, and s->now is
	 * not s->idle later, take turns. Then conn_end() those that are left.
	 */
	struct server *s = &l->server;

	close(l->listener);
	while (s->first)
		conn_end(s, s->first);
}

/* --- Beginning --- */

static void begin(struct loop *l, const char *addr, uint16_t port)
{
	int on = 1, limit = net_raise_descriptor_limit();
	struct net_endpoint local;
	char text[NET_ENDPOINT_LEN];

	/* The second listen() only makes the backlog longer. */
	l->listener = net_listen(addr, port);
	if (l->listener < 0 || listen(l->listener, BACKLOG) < 0 ||
	    net_local(l->listener, &local) < 0)
		cli_die_errno("port %u", port);
	/*
	 * Connections inherit it. Nagle's algorithm would hold back a small
	 * response until the one before it is acknowledged.
	 */
	setsockopt(l->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (watch(l, EPOLL_CTL_ADD, l->listener, EPOLLIN, NULL) < 0)
		cli_die_errno("epoll");
	int most = limit - limit / FILES_SHARE - l->epoll - 1;
	if (most < 1)
		cli_die("%d descriptors are too few (ulimit -n)", limit);
	l->most = (size_t)most;
	l->rest_until = NET_FOREVER;
	begin_turn(&l->server);
	cli_log("listening on %s",
		net_endpoint_format(&local, text, sizeof text));
}

int main(int argc, char **argv)
{
	static struct loop loop;
	struct server *s = &loop.server;
	const char *addr = NULL;
	uint16_t port = DEFAULT_PORT;
	long idle_ms = DEFAULT_IDLE_MS;
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
	s->idle = idle_ms * NS_PER_MS;
	begin(&loop, addr, port);
	while (!cli_stopping())
		turn(&loop, next_deadline(&loop));
	drain(&loop);
	return CLI_OK;
}
