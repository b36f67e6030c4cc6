/*
 * probe_conn.c - the connections and listeners of a script
 *
 * Next: probe_talk.c, what is said on them.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

/* --- Names --- */

static struct conn *find(const struct probe *probe, const char *name)
{
	for (size_t i = 0; i < probe->conns; i++)
		if (strcmp(probe->conn[i]->name, name) == 0)
			return probe->conn[i];
	return NULL;
}

/* The one called NAME, made if need be; it is not to be connected. */
static struct conn *unconnected(struct probe *probe, const char *name)
{
	struct conn *conn = find(probe, name);

	if (conn != NULL && conn->fd >= 0)
		bad_step(probe->step, "%s is in use", name);
	if (conn != NULL)
		return conn;
	conn = need_memory(NULL, 1, sizeof *conn);
	*conn = (struct conn){.fd = -1};
	snprintf(conn->name, sizeof conn->name, "%s", name);
	probe->conn = need_memory(probe->conn, probe->conns + 1,
				  sizeof(struct conn *));
	probe->conn[probe->conns++] = conn;
	return conn;
}

/* CONN is now connected by FD. */
static void begin(struct conn *conn, int fd)
{
	stream_clear(&conn->sent);
	conn->fd = fd;
	conn->tuple = (struct net_tuple){0};
	net_tuple_of(fd, &conn->tuple);
	conn->listens = false;
	conn->echoed = conn->random_sent = conn->random_wanted = 0;
	conn->sent_last = 0;
	conn->asks = false;
	conn->first_piece = 0;
	conn->source_port = 0;
	conn->since = time(NULL);
	conn->offered = net_now();
	answer_free(conn->answer);
	conn->answer = NULL;
	conn->over = false;
}

static struct conn *open_one(struct probe *probe, const char *name)
{
	struct conn *conn = find(probe, name);

	if (conn == NULL || conn->fd < 0)
		bad_step(probe->step, "%s is not open", name);
	return conn;
}

struct conn *connection(struct probe *probe, const char *name)
{
	struct conn *conn = open_one(probe, name);

	if (conn->listens)
		bad_step(probe->step, "%s is a listener", name);
	return conn;
}

static void end(struct conn *conn)
{
	close(conn->fd);
	conn->fd = -1;
}

/* --- Connecting --- */

/* The port of a step as text, which "@NAME" stands for, too, in BUF. */
static const char *port_of(struct probe *probe, const struct step *step,
			   char *buf, size_t size)
{
	struct net_endpoint ep;

	if (step->port[0] != '@')
		return step->port;
	if (net_local(open_one(probe, step->port + 1)->fd, &ep) < 0)
		broken("getsockname");
	snprintf(buf, size, "%u", net_endpoint_port(&ep));
	return buf;
}

static struct addrinfo *resolve(struct probe *probe, const struct step *step)
{
	struct addrinfo *list;
	char buf[8];
	const char *port = port_of(probe, step, buf, sizeof buf);

	int code = net_resolve(step->host, port, AF_UNSPEC, &list);
	if (code != 0)
		fail_as(probe, NULL, "unresolved", "an address",
			gai_strerror(code));
	return list;
}

/* Any address of FAMILY, with PORT: what bind(2) is given for that alone. */
static struct net_endpoint any_address(int family, uint16_t port)
{
	struct net_endpoint ep = {.len = sizeof(struct sockaddr_in)};

	if (family == AF_INET6)
		ep.len = sizeof(struct sockaddr_in6);
	ep.addr.ss_family = (sa_family_t)family;
	net_endpoint_set_port(&ep, port);
	return ep;
}

/* A socket on its way to EP, or that is there; -1 with errno. */
static int connect_begin(const struct net_endpoint *ep, uint16_t source_port)
{
	int family = ep->addr.ss_family;
	const int on = 1;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (source_port != 0) {
		struct net_endpoint from = any_address(family, source_port);

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (bind(fd, (struct sockaddr *)&from.addr, from.len) < 0)
			goto failed;
	}
	if (connect(fd, (const struct sockaddr *)&ep->addr, ep->len) == 0 ||
	    errno == EINPROGRESS || errno == EINTR)
		return fd;
failed:;
	int err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* See FD connected: 0, or an errno value. */
static int connect_end(int fd, net_time deadline)
{
	struct net_tuple tuple;
	int err = 0;
	socklen_t len = sizeof err;

	if (net_wait(fd, POLLOUT, deadline) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return errno;
	if (err != 0)
		return err;
	if (net_tuple_of(fd, &tuple) < 0)
		return errno;
	/* Linux can connect a socket to itself: then nobody listens there. */
	return net_endpoint_equal(&tuple.local, &tuple.remote) ? ECONNREFUSED
							       : 0;
}

/* Connect to the first address of LIST that answers; -1 with errno. */
static int connect_any(struct probe *probe, const struct addrinfo *list,
		       uint16_t source_port)
{
	int err = 0;

	for (; list != NULL; list = list->ai_next) {
		struct net_endpoint ep = net_endpoint_of(list);
		int fd = connect_begin(&ep, source_port);

		if (fd < 0) {
			err = errno;
			continue;
		}
		err = connect_end(fd, probe->deadline);
		if (err == 0)
			return fd;
		close(fd);
	}
	errno = err;
	return -1;
}

void do_connect(struct probe *probe, const struct step *step)
{
	struct conn *conn = unconnected(probe, step->name);
	struct addrinfo *list = resolve(probe, step);
	int fd = connect_any(probe, list, conn->source_port);
	int err = errno;

	freeaddrinfo(list);
	if (fd < 0) {
		check_own_trouble(err, "connect");
		fail_event(probe, NULL, "a connection", 0, err);
	}
	begin(conn, fd);
}

void do_source_port(struct probe *probe, const struct step *step)
{
	char buf[8];
	struct conn *conn = unconnected(probe, step->name);
	int port = net_port_parse(port_of(probe, step, buf, sizeof buf));

	if (port < 0)
		bad_step(step, "a connection cannot come from port 0");
	conn->source_port = (uint16_t)port;
}

void do_expect_refused(struct probe *probe, const struct step *step)
{
	struct addrinfo *list = resolve(probe, step);
	int fd = connect_any(probe, list, 0);
	int err = errno;

	freeaddrinfo(list);
	if (fd >= 0)
		fail_as(probe, NULL, "open", "connection refused",
			"Somebody listens there.");
	check_own_trouble(err, "connect");
	if (err != ECONNREFUSED)
		fail_event(probe, NULL, "connection refused", 0, err);
}

/* --- Many at once --- */

static void client_name(char *name, const char *prefix, uint64_t number)
{
	snprintf(name, NAME_BYTES, "%.20s%llu", prefix,
		 (unsigned long long)number);
}

void do_clients(struct probe *probe, const struct step *step)
{
	struct addrinfo *list = resolve(probe, step);
	struct net_endpoint ep = net_endpoint_of(list);
	int *fd = need_memory(NULL, step->count, sizeof *fd);

	freeaddrinfo(list);
	for (uint64_t i = 0; i < step->count; i++) {
		fd[i] = connect_begin(&ep, 0);
		if (fd[i] < 0) {
			check_own_trouble(errno, "connect");
			fail_event(probe, NULL, "a connection", i, errno);
		}
	}
	for (uint64_t i = 0; i < step->count; i++) {
		char name[NAME_BYTES];
		int err = connect_end(fd[i], probe->deadline);

		if (err != 0)
			fail_event(probe, NULL, "a connection", i, err);
		client_name(name, step->name, i + 1);
		begin(unconnected(probe, name), fd[i]);
	}
	free(fd);
	probe->crowd = need_memory(probe->crowd, probe->crowds + 1,
				   sizeof *probe->crowd);
	struct crowd *crowd = &probe->crowd[probe->crowds++];
	*crowd = (struct crowd){.count = step->count};
	snprintf(crowd->prefix, sizeof crowd->prefix, "%s", step->name);
}

/* The numbers from 1 to COUNT in ORDER; freed by the caller. */
static uint64_t *numbers(const struct probe *probe, uint64_t count,
			 enum order order)
{
	uint64_t *number = need_memory(NULL, count, sizeof *number);

	for (uint64_t i = 0; i < count; i++)
		number[i] = order == ORDER_REVERSE ? count - i : i + 1;
	for (uint64_t i = count - 1; order == ORDER_RANDOM && i > 0; i--) {
		uint64_t j = splitmix64(probe->seed, i) % (i + 1);
		uint64_t other = number[j];

		number[j] = number[i];
		number[i] = other;
	}
	return number;
}

void do_each(struct probe *probe, const struct step *step)
{
	uint64_t count = 0;

	for (size_t i = 0; i < probe->crowds; i++)
		if (strcmp(probe->crowd[i].prefix, step->name) == 0)
			count = probe->crowd[i].count;
	if (count == 0)
		bad_step(step, "there are no clients %s", step->name);
	uint64_t *number = numbers(probe, count, step->order);
	for (uint64_t i = 0; i < count; i++) {
		struct step one = *step->each;

		client_name(one.name, step->name, number[i]);
		one.verb->run(probe, &one);
	}
	free(number);
}

/* --- Listening --- */

void do_listen(struct probe *probe, const struct step *step)
{
	char buf[8];
	struct net_endpoint ep;
	struct conn *conn = unconnected(probe, step->name);
	const char *text =
		step->port ? port_of(probe, step, buf, sizeof buf) : "0";
	int port = net_listen_port_parse(text);
	int fd = net_listen(step->host ? step->host : "127.0.0.1",
			    (uint16_t)port);

	if (fd < 0) {
		check_own_trouble(errno, "listen");
		fail_event(probe, NULL, "a listener", 0, errno);
	}
	begin(conn, fd);
	conn->listens = true;
	if (net_local(fd, &ep) < 0)
		broken("getsockname");
	printf("port %s %u\n", conn->name, net_endpoint_port(&ep));
}

void do_accept(struct probe *probe, const struct step *step)
{
	struct conn *listener = open_one(probe, step->name);
	struct conn *conn = unconnected(probe, step->other);
	int fd = -1;

	if (!listener->listens)
		bad_step(step, "%s does not listen", step->name);
	do {
		if (net_wait(listener->fd, POLLIN, probe->deadline) < 0)
			fail_event(probe, NULL, "a client", 0, errno);
		fd = net_accept(listener->fd, NULL);
	} while (fd < 0 && errno == EAGAIN);
	if (fd < 0)
		broken("accept");
	begin(conn, fd);
}

/* --- The connection as such --- */

void do_tuple(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	char local[NET_ENDPOINT_LEN], remote[NET_ENDPOINT_LEN];

	printf("tuple %s %s %s\n", conn->name,
	       net_endpoint_format(&conn->tuple.local, local, sizeof local),
	       net_endpoint_format(&conn->tuple.remote, remote, sizeof remote));
}

void do_half_close(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);

	if (shutdown(conn->fd, SHUT_WR) < 0)
		fail_event(probe, conn, "a half-close", 0, errno);
}

/* close() that sends RST instead of FIN: SO_LINGER, socket(7). */
void do_reset(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	if (setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none) < 0)
		broken("SO_LINGER");
	end(conn);
}

void do_close(struct probe *probe, const struct step *step)
{
	end(open_one(probe, step->name));
}
