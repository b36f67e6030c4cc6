/*
 * net.c - sockets, endpoints, ports and deadlines for the labs
 *
 * The calls that a lab has taught once and that later labs then use: read it
 * when you have written your own. The contracts are in net.h and are not
 * repeated here; a comment here says why something is done the way it is.
 *
 * Next: cli.c, which does what this file never does: print and exit.
 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
	ACCEPT_TRIES = 64,     /* connections passed over by one net_accept() */
	ADDRESS_LEN = 64,      /* IPv6 text + "%" + interface + NUL */
	PORT_DIGITS = 12,      /* any int + NUL */
	SERVICE_BYTES = 4096,  /* for a line of services(5) with its aliases */
	PORT_ITEM_BYTES = 128, /* the longest item of a list of ports */
};

/* close(2) on the way out of a failure must not hide what had failed. */
static void close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* --- Deadlines --- */

net_time net_now(void)
{
	struct timespec now = {0};

	/* Not CLOCK_REALTIME: that jumps when somebody sets the clock. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (net_time)now.tv_sec * NS_PER_S + now.tv_nsec;
}

net_time net_deadline(int64_t ms)
{
	net_time now = net_now();

	if (ms < 0 || ms > (NET_FOREVER - now) / NS_PER_MS)
		return NET_FOREVER;
	return now + ms * NS_PER_MS;
}

int net_ms_left(net_time deadline)
{
	if (deadline == NET_FOREVER)
		return -1;

	net_time now = net_now();
	if (deadline <= now)
		return 0;

	/*
	 * Rounded up: rounded down, the last millisecond would be a loop of
	 * poll() calls that do not wait.
	 */
	net_time ms = (deadline - now - 1) / NS_PER_MS + 1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

int net_wait(int fd, short events, net_time deadline)
{
	struct pollfd pfd = {.fd = fd, .events = events};

	if (fd < 0) { /* poll(2) would skip it and wait for nothing */
		errno = EBADF;
		return -1;
	}
	for (;;) {
		/* Anew each time, so that signals cannot put off the end. */
		int ms = net_ms_left(deadline);
		int n = poll(&pfd, 1, ms);

		if (n > 0 && (pfd.revents & POLLNVAL)) {
			errno = EBADF;
			return -1;
		}
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0 && ms == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
	}
}

/* --- Ports --- */

/* strtol(3) would let " 80", "+80" and "-0" through: count in digits. */
static int parse_port(const char *text, int lowest)
{
	int port = 0;

	if (*text == '\0') {
		errno = EINVAL;
		return -1;
	}
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') {
			errno = EINVAL;
			return -1;
		}
		if (port <= NET_PORT_MAX) /* else it could overflow */
			port = port * 10 + (*text - '0');
	}
	if (port < lowest || port > NET_PORT_MAX) {
		errno = ERANGE;
		return -1;
	}
	return port;
}

int net_port_parse(const char *text)
{
	return parse_port(text, 1);
}

int net_listen_port_parse(const char *text)
{
	return parse_port(text, 0);
}

char *net_service_name(uint16_t port, char *buf, size_t len)
{
	char storage[SERVICE_BYTES];
	struct servent entry;
	struct servent *found = NULL;

	/* getservbyport(3) itself would answer in a static buffer. */
	int err = getservbyport_r(htons(port), "tcp", &entry, storage,
				  sizeof(storage), &found);
	if (err != 0 || found == NULL)
		return NULL;

	size_t size = strlen(found->s_name) + 1;
	return size <= len ? memcpy(buf, found->s_name, size) : NULL;
}

int net_service_port(const char *name)
{
	char storage[SERVICE_BYTES];
	struct servent entry;
	struct servent *found = NULL;

	int err = getservbyname_r(name, "tcp", &entry, storage, sizeof(storage),
				  &found);
	if (err != 0 || found == NULL) {
		errno = ENOENT;
		return -1;
	}
	return ntohs((uint16_t)found->s_port);
}

/* A number or a service name; a name begins with a letter. */
static int port_or_service(const char *text)
{
	bool letter = (*text >= 'a' && *text <= 'z') ||
		      (*text >= 'A' && *text <= 'Z');

	return letter ? net_service_port(text) : net_port_parse(text);
}

/* --- Lists of ports --- */

/* The list while it grows: which ports are in it already, one bit each. */
struct port_list {
	struct net_ports *ports; /* room for every port there is */
	uint8_t seen[(NET_PORT_MAX + 1) / CHAR_BIT];
};

static void add_range(struct port_list *list, int low, int high)
{
	struct net_ports *ports = list->ports;

	for (int port = low; port <= high; port++) {
		uint8_t *byte = &list->seen[port / CHAR_BIT];
		uint8_t bit = (uint8_t)(1U << (port % CHAR_BIT));

		if (*byte & bit)
			continue;
		*byte |= bit;
		ports->port[ports->count++] = (uint16_t)port;
	}
}

/* One item between commas: "80", "9000-9010" or "http". Cuts TEXT in two. */
static int add_item(struct port_list *list, char *text)
{
	/* Only behind a digit: "http-alt" is a name. */
	bool number = *text >= '0' && *text <= '9';
	char *dash = number ? strchr(text, '-') : NULL;

	if (dash != NULL)
		*dash = '\0';

	int low = port_or_service(text);
	int high = dash != NULL ? net_port_parse(dash + 1) : low;
	if (low < 0 || high < 0)
		return -1;
	if (low > high) {
		errno = EINVAL;
		return -1;
	}
	add_range(list, low, high);
	return 0;
}

static int add_items(struct port_list *list, const char *text)
{
	char item[PORT_ITEM_BYTES];

	for (;;) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(item)) {
			errno = EINVAL;
			return -1;
		}
		memcpy(item, text, len);
		item[len] = '\0';
		if (add_item(list, item) < 0)
			return -1;
		if (text[len] == '\0')
			return 0;
		text += len + 1;
	}
}

int net_ports_parse(struct net_ports *ports, const char *text)
{
	*ports = (struct net_ports){0};
	return net_ports_add(ports, text);
}

int net_ports_add(struct net_ports *ports, const char *text)
{
	/* 128 KiB serve any list: no port is in it twice. */
	struct net_ports all = {calloc(NET_PORT_MAX, sizeof(*all.port)), 0};
	struct port_list list = {.ports = &all};

	if (all.port == NULL)
		return -1;
	for (size_t i = 0; i < ports->count; i++)
		add_range(&list, ports->port[i], ports->port[i]);
	if (add_items(&list, text) < 0) {
		net_ports_free(&all);
		return -1;
	}
	net_ports_free(ports);
	*ports = all;
	return 0;
}

void net_ports_free(struct net_ports *ports)
{
	int saved = errno;

	free(ports->port);
	ports->port = NULL;
	ports->count = 0;
	errno = saved;
}

/* --- Endpoints --- */

/*
 * POSIX lays out sockaddr_storage so that a pointer to it may be cast to a
 * pointer to the structure of the family it holds (sys_socket.h(0p)).
 */
static struct sockaddr *sockaddr_of(struct net_endpoint *ep)
{
	return (struct sockaddr *)&ep->addr;
}

static const struct sockaddr *const_sockaddr_of(const struct net_endpoint *ep)
{
	return (const struct sockaddr *)&ep->addr;
}

static const struct sockaddr_in *ipv4_of(const struct net_endpoint *ep)
{
	return (const struct sockaddr_in *)&ep->addr;
}

static const struct sockaddr_in6 *ipv6_of(const struct net_endpoint *ep)
{
	return (const struct sockaddr_in6 *)&ep->addr;
}

static struct net_endpoint ipv4_endpoint(struct in_addr addr, in_port_t port)
{
	struct net_endpoint ep = {.len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *in = (struct sockaddr_in *)&ep.addr;

	in->sin_family = AF_INET;
	in->sin_addr = addr;
	in->sin_port = port;
	return ep;
}

/* EP, but the IPv4 endpoint that an IPv4-mapped one stands for. */
static struct net_endpoint unmapped(const struct net_endpoint *ep)
{
	const struct sockaddr_in6 *in6 = ipv6_of(ep);
	struct in_addr addr;

	if (ep->addr.ss_family != AF_INET6 ||
	    !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return *ep;
	memcpy(&addr, &in6->sin6_addr.s6_addr[12], sizeof(addr));
	return ipv4_endpoint(addr, in6->sin6_port);
}

struct net_endpoint net_endpoint_of(const struct addrinfo *ai)
{
	struct net_endpoint ep = {.len = ai->ai_addrlen};

	memcpy(&ep.addr, ai->ai_addr, ai->ai_addrlen);
	return ep;
}

/* The IPv4 address HOST, with all of its four parts; port 0. */
static int parse_ipv4(struct net_endpoint *ep, const char *host)
{
	struct in_addr addr;

	/* getaddrinfo(3) would take "127.1" and "0x7f000001" as well. */
	if (inet_pton(AF_INET, host, &addr) != 1)
		return -1;
	*ep = ipv4_endpoint(addr, 0);
	return 0;
}

/* The IPv6 address HOST, with its interface if it is link-local; port 0. */
static int parse_ipv6(struct net_endpoint *ep, const char *host)
{
	struct addrinfo hints = {
		.ai_family = AF_INET6,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST,
	};
	struct addrinfo *ai;

	/* inet_pton(3) does not know about "%eth0" (RFC 4007, section 11). */
	if (getaddrinfo(host, NULL, &hints, &ai) != 0)
		return -1;
	*ep = net_endpoint_of(ai);
	freeaddrinfo(ai);
	return 0;
}

int net_endpoint_parse(struct net_endpoint *ep, const char *text)
{
	char host[ADDRESS_LEN];
	const char *colon = strrchr(text, ':');
	int port = colon != NULL ? net_port_parse(colon + 1) : -1;

	if (port < 0)
		goto invalid;

	/* RFC 3986 has brackets because IPv6 is itself full of colons. */
	size_t len = (size_t)(colon - text);
	bool bracketed = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	if (bracketed) {
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		goto invalid;
	memcpy(host, text, len);
	host[len] = '\0';
	if ((bracketed ? parse_ipv6 : parse_ipv4)(ep, host) < 0)
		goto invalid;
	return net_endpoint_set_port(ep, (uint16_t)port);
invalid:
	errno = EINVAL;
	return -1;
}

int net_endpoint_make(struct net_endpoint *ep, const char *addr, uint16_t port)
{
	if (parse_ipv4(ep, addr) < 0 && parse_ipv6(ep, addr) < 0) {
		errno = EINVAL;
		return -1;
	}
	return net_endpoint_set_port(ep, port);
}

char *net_endpoint_format(const struct net_endpoint *ep, char *buf, size_t len)
{
	struct net_endpoint shown = unmapped(ep);
	int family = shown.addr.ss_family;
	char host[ADDRESS_LEN] = "?";
	char port[PORT_DIGITS] = "";

	/* Numeric only: a lookup could take seconds, and tell a lie. */
	if ((family != AF_INET && family != AF_INET6) ||
	    getnameinfo(sockaddr_of(&shown), shown.len, host, sizeof(host),
			port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(buf, len, "?");
	else if (family == AF_INET6)
		snprintf(buf, len, "[%s]:%s", host, port);
	else
		snprintf(buf, len, "%s:%s", host, port);
	return buf;
}

uint16_t net_endpoint_port(const struct net_endpoint *ep)
{
	switch (ep->addr.ss_family) {
	case AF_INET:
		return ntohs(ipv4_of(ep)->sin_port);
	case AF_INET6:
		return ntohs(ipv6_of(ep)->sin6_port);
	default:
		return 0;
	}
}

int net_endpoint_set_port(struct net_endpoint *ep, uint16_t port)
{
	switch (ep->addr.ss_family) {
	case AF_INET:
		((struct sockaddr_in *)&ep->addr)->sin_port = htons(port);
		return 0;
	case AF_INET6:
		((struct sockaddr_in6 *)&ep->addr)->sin6_port = htons(port);
		return 0;
	default:
		errno = EAFNOSUPPORT;
		return -1;
	}
}

bool net_endpoint_equal(const struct net_endpoint *a,
			const struct net_endpoint *b)
{
	struct net_endpoint left = unmapped(a);
	struct net_endpoint right = unmapped(b);

	if (left.addr.ss_family != right.addr.ss_family ||
	    net_endpoint_port(&left) != net_endpoint_port(&right))
		return false;
	/* Not memcmp() of all: there is padding, and IPv6's flow label. */
	switch (left.addr.ss_family) {
	case AF_INET:
		return ipv4_of(&left)->sin_addr.s_addr ==
		       ipv4_of(&right)->sin_addr.s_addr;
	case AF_INET6:
		return IN6_ARE_ADDR_EQUAL(&ipv6_of(&left)->sin6_addr,
					  &ipv6_of(&right)->sin6_addr) &&
		       ipv6_of(&left)->sin6_scope_id ==
			       ipv6_of(&right)->sin6_scope_id;
	default:
		return false;
	}
}

int net_local(int fd, struct net_endpoint *ep)
{
	*ep = (struct net_endpoint){.len = sizeof(ep->addr)};
	return getsockname(fd, sockaddr_of(ep), &ep->len);
}

int net_peer(int fd, struct net_endpoint *ep)
{
	*ep = (struct net_endpoint){.len = sizeof(ep->addr)};
	return getpeername(fd, sockaddr_of(ep), &ep->len);
}

int net_tuple_of(int fd, struct net_tuple *tuple)
{
	if (net_local(fd, &tuple->local) < 0)
		return -1;
	return net_peer(fd, &tuple->remote);
}

/* --- Names --- */

int net_resolve(const char *host, const char *service, int family,
		struct addrinfo **list)
{
	/*
	 * SOCK_STREAM, or every address would come three times. No
	 * AI_ADDRCONFIG: without a global IPv6 address it would hide ::1.
	 */
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
		.ai_flags = AI_NUMERICSERV,
	};
	char digits[PORT_DIGITS];

	*list = NULL;
	/* getaddrinfo(3) takes " 80" for 80 and 65617 for 81: not here. */
	int port = port_or_service(service);
	if (port < 0)
		return EAI_SERVICE;
	snprintf(digits, sizeof(digits), "%d", port);

	int err = getaddrinfo(host, digits, &hints, list);
	if (err != 0)
		*list = NULL;
	return err;
}

/* --- Listening and accepting --- */

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int bind_and_listen(int fd, const struct net_endpoint *ep)
{
	/*
	 * So that the server can be started again while connections of its
	 * last run are in TIME_WAIT. On Linux this lets nobody steal the port
	 * of a listener: of two sockets so bound, only one can listen().
	 */
	if (set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0)
		return -1;
	/* [::] serves IPv4 as well, whatever net.ipv6.bindv6only says. */
	if (ep->addr.ss_family == AF_INET6 &&
	    set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0) < 0)
		return -1;
	if (bind(fd, const_sockaddr_of(ep), ep->len) < 0)
		return -1;
	return listen(fd, NET_BACKLOG);
}

static int listen_at(const struct net_endpoint *ep)
{
	/*
	 * Non-blocking: between poll() and accept() the connection may be gone
	 * again, and a blocking accept() would then wait for the next.
	 */
	int fd = socket(ep->addr.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (bind_and_listen(fd, ep) < 0) {
		close_keeping_errno(fd);
		return -1;
	}
	return fd;
}

static int listen_everywhere(uint16_t port)
{
	struct net_endpoint any = {.len = sizeof(struct sockaddr_in6)};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&any.addr;

	in6->sin6_family = AF_INET6;
	in6->sin6_addr = in6addr_any;
	in6->sin6_port = htons(port);

	int fd = listen_at(&any);
	/*
	 * A kernel without IPv6 (ipv6.disable=1). Where it is only switched
	 * off, by the sysctl disable_ipv6, [::] still serves IPv4.
	 */
	if (fd < 0 && errno == EAFNOSUPPORT) {
		any = ipv4_endpoint((struct in_addr){htonl(INADDR_ANY)},
				    htons(port));
		fd = listen_at(&any);
	}
	return fd;
}

int net_listen(const char *host, uint16_t port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int fd = -1;

	if (host == NULL)
		return listen_everywhere(port);

	int err = getaddrinfo(host, NULL, &hints, &list);
	if (err != 0) {
		if (err != EAI_SYSTEM)
			errno = EADDRNOTAVAIL;
		return -1;
	}
	for (struct addrinfo *ai = list; ai != NULL && fd < 0;
	     ai = ai->ai_next) {
		struct net_endpoint ep = net_endpoint_of(ai);

		if (net_endpoint_set_port(&ep, port) == 0)
			fd = listen_at(&ep);
	}
	err = errno;
	freeaddrinfo(list);
	errno = err;
	return fd;
}

/*
 * Whether ERR, from accept(2), is the trouble of one connection. Linux hands
 * over the errors pending on the new socket: "Error handling" in accept(2).
 */
static bool concerns_one_connection(int err)
{
	switch (err) {
	case ECONNABORTED:
	case EPROTO:
	case EPERM: /* by a firewall */
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
		return true;
	default:
		return false;
	}
}

/* accept4(2) with FLAGS, passing over what concerns one connection only. */
static int accept_with(int listener, struct net_endpoint *peer, int flags)
{
	struct net_endpoint from;

	/*
	 * Bounded: some of these errors can also be the listener's own, as
	 * EOPNOTSUPP of a socket that is not for accepting at all. One that
	 * never ends is then reported.
	 */
	for (int tries = 0; tries < ACCEPT_TRIES;) {
		from.len = sizeof(from.addr);
		int fd =
			accept4(listener, sockaddr_of(&from), &from.len, flags);

		if (fd >= 0) {
			if (peer != NULL)
				*peer = from;
			return fd;
		}
		if (errno == EINTR)
			continue;
		if (!concerns_one_connection(errno))
			return -1;
		tries++;
	}
	return -1;
}

int net_accept(int listener, struct net_endpoint *peer)
{
	return accept_with(listener, peer, SOCK_CLOEXEC);
}

int net_accept_nonblocking(int listener, struct net_endpoint *peer)
{
	return accept_with(listener, peer, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

bool net_no_room(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOBUFS ||
	       err == ENOMEM;
}

/* --- Connecting --- */

/*
 * What SO_ERROR holds, as 0 or -1 with errno. Asking takes the error off the
 * socket (socket(7)): ask once and keep the answer.
 */
static int pending_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		return -1;
	errno = err;
	return err == 0 ? 0 : -1;
}

/* Bring the non-blocking FD to be connected to EP, or not. */
static int connect_until(int fd, const struct net_endpoint *ep,
			 net_time deadline)
{
	if (connect(fd, const_sockaddr_of(ep), ep->len) == 0)
		return 0;
	/* After EINTR it goes on by itself, connect(2): do not call it again */
	if (errno != EINPROGRESS && errno != EINTR)
		return -1;
	if (net_wait(fd, POLLOUT, deadline) < 0)
		return -1;
	/* Writable says only that it has been decided (connect(2)). */
	return pending_error(fd);
}

/*
 * A connect() to a free port from which the kernel may also choose the source
 * port can meet itself: it is then connected, though nobody listens.
 */
static bool is_self_connected(int fd)
{
	struct net_tuple tuple;

	/* If this fails, the peer has already reset it: that was a peer. */
	return net_tuple_of(fd, &tuple) == 0 &&
	       net_endpoint_equal(&tuple.local, &tuple.remote);
}

int net_connect(const struct net_endpoint *ep, net_time deadline)
{
	int fd = socket(ep->addr.ss_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect_until(fd, ep, deadline) < 0)
		goto fail;
	if (is_self_connected(fd)) {
		errno = ECONNREFUSED;
		goto fail;
	}
	if (net_set_nonblocking(fd, false) < 0)
		goto fail;
	return fd;
fail:
	close_keeping_errno(fd);
	return -1;
}

enum net_verdict net_verdict_of(int err)
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
	case EACCES: /* from ICMPv6, administratively prohibited */
		return NET_UNREACHABLE;
	default:
		return NET_ERROR;
	}
}

const char *net_verdict_name(enum net_verdict verdict)
{
	switch (verdict) {
	case NET_OPEN:
		return "open";
	case NET_REFUSED:
		return "refused";
	case NET_TIMEOUT:
		return "timeout";
	case NET_UNREACHABLE:
		return "unreachable";
	case NET_ERROR:
		break;
	}
	return "error";
}

const char *net_errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name != NULL ? name : "?";
}

/* --- Reading and writing --- */

/* Whether DEADLINE has passed, with errno ETIMEDOUT then. */
static bool has_passed(net_time deadline)
{
	if (net_ms_left(deadline) != 0)
		return false;
	errno = ETIMEDOUT;
	return true;
}

/* Not an error: the deadline decides whether there is another try. */
static bool try_again(int err)
{
	return err == EAGAIN || err == EINTR;
}

/*
 * One transfer that does not block, whether FD is blocking or not: poll() may
 * have said "ready" about what is gone by now (poll(2), BUGS). What is no
 * socket knows no MSG_DONTWAIT; there read(2) behind poll() has to do.
 */
static ssize_t read_some(int fd, void *buf, size_t len)
{
	ssize_t n = recv(fd, buf, len, MSG_DONTWAIT);

	if (n < 0 && errno == ENOTSOCK)
		n = read(fd, buf, len);
	return n;
}

/*
 * The same for writing. A pipe that is ready has room for PIPE_BUF bytes
 * (pipe(7)) and may block for more.
 */
static ssize_t write_some(int fd, const void *buf, size_t len)
{
	ssize_t n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK)
		n = write(fd, buf, len < PIPE_BUF ? len : PIPE_BUF);
	return n;
}

ssize_t net_read(int fd, void *buf, size_t len, net_time deadline)
{
	for (;;) {
		if (net_wait(fd, POLLIN, deadline) < 0)
			return -1;

		ssize_t n = read_some(fd, buf, len);
		if (n >= 0 || !try_again(errno))
			return n;
	}
}

ssize_t net_read_full(int fd, void *buf, size_t len, net_time deadline)
{
	char *at = buf;
	size_t got = 0;

	while (got < len) {
		/* A peer that never pauses would put off the end. */
		if (got > 0 && has_passed(deadline))
			return (ssize_t)got;

		ssize_t n = net_read(fd, at + got, len - got, deadline);
		if (n < 0)
			return got > 0 ? (ssize_t)got : -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	errno = 0;
	return (ssize_t)got;
}

ssize_t net_write_full(int fd, const void *buf, size_t len, net_time deadline,
		       size_t *done)
{
	const char *from = buf;
	size_t sent = 0;
	ssize_t result = -1;

	while (sent < len) {
		if ((sent > 0 && has_passed(deadline)) ||
		    net_wait(fd, POLLOUT, deadline) < 0)
			goto out;

		ssize_t n = write_some(fd, from + sent, len - sent);
		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && !try_again(errno))
			goto out;
	}
	result = (ssize_t)sent;
out:
	if (done != NULL)
		*done = sent;
	return result;
}

int net_untaken(int fd)
{
	int bytes;

	return ioctl(fd, SIOCOUTQ, &bytes) < 0 ? -1 : bytes;
}

/* --- Lines --- */

void net_lines_init(struct net_lines *lines, int fd)
{
	lines->fd = fd;
	lines->start = 0;
	lines->end = 0;
}

/* Hand out the line of LEN bytes, without its LF, that buf begins with. */
static ssize_t take_line(struct net_lines *lines, size_t len, char *line,
			 size_t size)
{
	const char *from = lines->buf + lines->start;
	size_t next = lines->start + len + 1;

	if (len > 0 && from[len - 1] == '\r')
		len--;
	if (len >= size) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(line, from, len);
	line[len] = '\0';
	lines->start = next;
	return (ssize_t)len;
}

/* Get more bytes behind those that are there; the count, 0 at EOF, or -1. */
static ssize_t fill(struct net_lines *lines, net_time deadline)
{
	size_t held = lines->end - lines->start;

	if (held == sizeof(lines->buf)) {
		errno = EMSGSIZE;
		return -1;
	}
	/* To the front, once for each read(): after that there is room. */
	memmove(lines->buf, lines->buf + lines->start, held);
	lines->start = 0;
	lines->end = held;

	ssize_t n = net_read(lines->fd, lines->buf + held,
			     sizeof(lines->buf) - held, deadline);
	if (n > 0)
		lines->end += (size_t)n;
	return n;
}

ssize_t net_read_line(struct net_lines *lines, char *line, size_t size,
		      net_time deadline)
{
	for (;;) {
		const char *from = lines->buf + lines->start;
		size_t held = lines->end - lines->start;
		const char *lf = memchr(from, '\n', held);

		if (lf != NULL)
			return take_line(lines, (size_t)(lf - from), line,
					 size);

		ssize_t n = fill(lines, deadline);
		if (n == 0)
			errno = held > 0 ? EBADMSG : 0;
		if (n <= 0)
			return -1;
	}
}

/* --- Descriptors --- */

int net_raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	return limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur;
}

/* --- Socket options --- */

int net_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags);
}
