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
 * This file has the loop: it waits, by epoll(7), until a connection can go on.
 *
 * Next: httpd.h.
 */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
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
	struct epoll_event event = {.events = events, .data.ptr = data};

	return epoll_ctl(s->epoll, op, fd, &event);
}

/*
 * Let C go on. If it then has to wait for the same as before, which is usual,
 * epoll need not be told; of one that never has to wait it never hears.
 */
static void advance(struct server *s, struct conn *c,
		    bool (*how)(struct server *, struct conn *))
{
	if (!how(s, c))
		return;
	int op = c->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	uint32_t events = c->state == CONN_SEND ? EPOLLOUT : EPOLLIN;
	if (c->events == events)
		return;
	c->events = events;
	if (watch(s, op, c->fd, events, c) < 0)
		conn_end(s, c); /* the kernel has no memory */
}

/* --- New connections --- */

/*
 * Take the next client; NULL if there is none, or no room. It may have waited
 * for an answer that another got in this turn, and mean to ask for what has
 * changed since: so the file of this turn is forgotten.
 */
static struct conn *accept_client(struct server *s)
{
	struct net_endpoint peer;

	if (s->count >= s->most)
		return NULL;
	int fd = net_accept_nonblocking(s->listener, &peer);
	struct conn *c = fd < 0 ? NULL : conn_begin(s, fd, &peer);
	s->loaded = false;
	if (!c && net_no_room(errno))
		s->no_room = true;
	else if (!c && errno != EAGAIN)
		cli_die_errno("accept");
	return c;
}

/*
 * Whoever finds no room stays in the backlog, so the listener stays ready, and
 * we would spin: it is not waited for in the next turn, or as long as there are
 * too many connections.
 */
static void update_listener(struct server *s)
{
	bool accept = !s->draining && !s->no_room && s->count < s->most;

	s->no_room = false;
	if (accept == s->accepting)
		return;
	s->accepting = accept;
	watch(s, EPOLL_CTL_MOD, s->listener, accept ? EPOLLIN : 0, NULL);
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

/*
 * Wait; let those go on that can, and those no more that had their time. New
 * clients get behind the others: their requests may be here, too.
 */
static void turn(struct server *s)
{
	struct epoll_event events[2 * EVENTS_MAX];
	int ms = net_ms_left(s->first ? s->first->deadline : NET_FOREVER);

	if (!s->accepting && (ms < 0 || ms > REST_MS))
		ms = REST_MS;
	int n = epoll_pwait(s->epoll, events, EVENTS_MAX, ms, cli_wait_mask());
	if (n < 0 && errno != EINTR)
		cli_die_errno("epoll_pwait");
	begin_turn(s);
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			advance(s, events[i].data.ptr, conn_advance);
		else
			while (n < 2 * EVENTS_MAX &&
			       (events[n].data.ptr = accept_client(s)))
				n++;
	}
	while (s->first && s->first->deadline <= s->now)
		advance(s, s->first, conn_expire);
	update_listener(s);
}

/*
 * Stop accepting, and end when no connection is left. Those who have come are
 * taken; and each is asked once more, for it may have sent a request of which
 * we do not know yet. It ends if it has nothing to do.
 */
static void drain(struct server *s)
{
	net_time end = s->now + s->idle;

	while (accept_client(s))
		;
	close(s->listener);
	s->accepting = false;
	s->draining = true;
	struct conn *c = s->first, *next;
	for (size_t n = s->count; n > 0; n--, c = next) {
		next = c->after;
		advance(s, c, conn_advance);
	}
	while (s->first && s->now < end)
		turn(s);
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
