/*
 * net.h - sockets, endpoints, ports and deadlines for the labs
 *
 * Nothing here prints, exits or keeps a static buffer. Unless a comment says
 * otherwise a function returns a descriptor, a count or 0, or -1 with errno
 * set, and on failure leaves no descriptor open. Every descriptor made here
 * is close-on-exec, and no write to a socket raises SIGPIPE (one to a pipe
 * does, unless it is ignored as by cli_init()). EINTR is handled.
 *
 * Next: net.c, which is itself meant to be read; cli.h, which prints.
 */
#ifndef PORTLAB_NET_H
#define PORTLAB_NET_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum {
	NET_PORT_MAX = 65535,
	/* "[" + IPv6 text + "%" + interface + "]:65535" + NUL, rounded up. */
	NET_ENDPOINT_LEN = 80,
	NET_SERVICE_LEN = 64,
	NET_BACKLOG = 128, /* connections waiting for accept(), listen(2) */
};

/* --- Deadlines: absolute times, clock_gettime(2) CLOCK_MONOTONIC --- */

/* An absolute monotonic time in nanoseconds; NET_FOREVER never comes. */
typedef int64_t net_time;
#define NET_FOREVER INT64_MAX

/* The time now. Cannot fail on Linux. */
net_time net_now(void);

/* The time MS milliseconds from now; a negative MS means NET_FOREVER. */
net_time net_deadline(int64_t ms);

/*
 * Milliseconds left until DEADLINE, rounded up, for poll(2): 0 when it has
 * passed, -1 for NET_FOREVER, at most INT_MAX.
 */
int net_ms_left(net_time deadline);

/*
 * Wait until FD is ready for EVENTS (POLLIN, POLLOUT) or has failed or hung
 * up. 0 when there is something to be had from FD, -1 with ETIMEDOUT when
 * DEADLINE passed first. A deadline in the past still polls once.
 */
int net_wait(int fd, short events, net_time deadline);

/* --- Endpoints: an address and a port --- */

/* An IPv4 or IPv6 address with its port, as bind(2) and connect(2) take it. */
struct net_endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

/*
 * Parse "203.0.113.20:80" or "[2001:db8::1]:80" (RFC 3986, section 3.2.2).
 * Numbers only, nothing is looked up; port 0 is refused. -1 with EINVAL.
 */
int net_endpoint_parse(struct net_endpoint *ep, const char *text);

/*
 * The endpoint of ADDR, a numeric IPv4 or IPv6 address, and PORT, which may
 * be 0. Nothing is looked up. -1 with EINVAL.
 */
int net_endpoint_make(struct net_endpoint *ep, const char *addr, uint16_t port);

/*
 * Write EP as text into BUF; an IPv4-mapped IPv6 address (RFC 4291, section
 * 2.5.5.2) is shown as the IPv4 address that it is, a link-local one with its
 * interface. Returns BUF. What does not fit is cut; NET_ENDPOINT_LEN always
 * suffices. An address that is neither IPv4 nor IPv6 gives "?".
 */
char *net_endpoint_format(const struct net_endpoint *ep, char *buf, size_t len);

/* The port of EP in host byte order; 0 for neither IPv4 nor IPv6. */
uint16_t net_endpoint_port(const struct net_endpoint *ep);

/* Set the port of EP, which is IPv4 or IPv6. -1 with EAFNOSUPPORT. */
int net_endpoint_set_port(struct net_endpoint *ep, uint16_t port);

/* Whether A and B name one address and port; IPv4-mapped equals IPv4. */
bool net_endpoint_equal(const struct net_endpoint *a,
			const struct net_endpoint *b);

/* getsockname(2) and getpeername(2) of FD; -1 with their errno. */
int net_local(int fd, struct net_endpoint *ep);
int net_peer(int fd, struct net_endpoint *ep);

/*
 * What identifies a TCP connection (RFC 9293, section 3.3.1): the address
 * and port of both ends, here as the host that asks sees them.
 */
struct net_tuple {
	struct net_endpoint local;
	struct net_endpoint remote;
};

/* The four-tuple of the connected socket FD; -1 with ENOTCONN and others. */
int net_tuple_of(int fd, struct net_tuple *tuple);

/* --- Ports and services --- */

/*
 * Parse a port, decimal digits only: no sign, no space, nothing behind.
 * net_port_parse() takes 1 to 65535, net_listen_port_parse() 0 as well, by
 * which bind(2) is asked to choose. The port, or -1 with EINVAL (not a
 * number) or ERANGE (a number outside the range).
 */
int net_port_parse(const char *text);
int net_listen_port_parse(const char *text);

/* A list of ports in the order given, each once. */
struct net_ports {
	uint16_t *port; /* freed by net_ports_free(); NULL when empty */
	size_t count;
};

/*
 * Parse "80,443,9000-9010,http": ports, ranges (low-high) and TCP service
 * names, which begin with a letter, separated by commas. Nothing outside
 * 1-65535 gets through, empty items and ranges from high to low neither. -1
 * with EINVAL, ERANGE, ENOENT (no such service name) or ENOMEM; *ports is then
 * empty. Free the result.
 */
int net_ports_parse(struct net_ports *ports, const char *text);

/*
 * Parse TEXT likewise and append to *ports, which is {0} or a list made so
 * far, what is not in it yet. On failure *ports is as it was.
 */
int net_ports_add(struct net_ports *ports, const char *text);

/* Free what these two have made; *ports is empty afterwards. */
void net_ports_free(struct net_ports *ports);

/*
 * The TCP service name of PORT (services(5)) into BUF, of LEN bytes
 * (NET_SERVICE_LEN is enough). Returns BUF, or NULL when it has none.
 */
char *net_service_name(uint16_t port, char *buf, size_t len);

/* The port of a TCP service name, or -1 with ENOENT. */
int net_service_port(const char *name);

/* --- Names --- */

/*
 * Resolve HOST and SERVICE (a name or a number) to every TCP endpoint, in the
 * order in which they should be tried (RFC 6724); FAMILY is AF_UNSPEC,
 * AF_INET or AF_INET6. Returns 0 or an EAI_ code for gai_strerror(3), which is
 * no errno (but for EAI_SYSTEM, when errno says more). A service that is a
 * number outside 1-65535, or not only digits, gives EAI_SERVICE. *list is
 * freed by the caller with freeaddrinfo(3), and is NULL on failure.
 */
int net_resolve(const char *host, const char *service, int family,
		struct addrinfo **list);

/* The endpoint of one entry of a resolver's list. */
struct net_endpoint net_endpoint_of(const struct addrinfo *ai);

/* --- Listening and accepting --- */

/*
 * Listen on PORT (0: the kernel chooses; ask net_local()) at HOST, a numeric
 * address or a name, of which the first address is taken that works. HOST
 * NULL is every address of this machine: one IPv6 socket that serves IPv4
 * too (ipv6(7), IPV6_V6ONLY off), or an IPv4 one where there is no IPv6. The
 * listener is non-blocking and has SO_REUSEADDR set. Returns a descriptor; -1
 * with errno, or with EADDRNOTAVAIL where HOST does not resolve.
 */
int net_listen(const char *host, uint16_t port);

/*
 * Accept one connection of a non-blocking LISTENER. The new socket is
 * close-on-exec and blocking. Whatever concerns only the one connection that
 * was to be accepted (ECONNABORTED, EPROTO, a network error, accept(2)) is
 * passed over. -1 with
 *   EAGAIN                          none is waiting: poll again
 *   EMFILE, ENFILE, ENOBUFS, ENOMEM no room: stop polling the listener until
 *                                   a descriptor has been closed
 *   anything else                   the listener itself is of no use
 * PEER may be NULL.
 */
int net_accept(int listener, struct net_endpoint *peer);

/* The same, and the new socket is non-blocking. */
int net_accept_nonblocking(int listener, struct net_endpoint *peer);

/* Whether errno value ERR, from net_accept(), means that there is no room. */
bool net_no_room(int err);

/* --- Connecting --- */

/*
 * Connect to one endpoint, giving up at DEADLINE. The socket returned is
 * blocking and connected. -1 with the errno of connect(2), of SO_ERROR
 * (socket(7)), or ETIMEDOUT, whether the kernel or DEADLINE gave up. A socket
 * that found itself connected to itself (RFC 9293, section 3.5,
 * simultaneous open) is closed and gives ECONNREFUSED: nobody listens there.
 */
int net_connect(const struct net_endpoint *ep, net_time deadline);

enum net_verdict {
	NET_OPEN,	 /* connected */
	NET_REFUSED,	 /* RST, or ICMP port unreachable: ECONNREFUSED */
	NET_TIMEOUT,	 /* silence: ETIMEDOUT */
	NET_UNREACHABLE, /* no way there: EHOSTUNREACH, ENETUNREACH, EACCES */
	NET_ERROR,	 /* anything else: a reset, this machine's trouble */
};

/* What errno value ERR, 0 for success, of a connect says of the port. */
enum net_verdict net_verdict_of(int err);

/* "open", "refused", "timeout", "unreachable" or "error". */
const char *net_verdict_name(enum net_verdict verdict);

/* The name of errno value ERR, "ECONNREFUSED"; "?" if it has none. */
const char *net_errno_name(int err);

/*
 * --- Reading and writing ---
 *
 * Blocking and non-blocking sockets alike: the deadline decides how long a
 * call takes, not O_NONBLOCK. For pipes and terminals too, by read(2) and
 * write(2), as long as nobody else reads or writes the same descriptor.
 */

/*
 * Read at most LEN bytes, as soon as there are any. The count, 0 at EOF, -1
 * with ETIMEDOUT when DEADLINE passed, or the errno of recv(2).
 */
ssize_t net_read(int fd, void *buf, size_t len, net_time deadline);

/*
 * Read until LEN bytes, EOF, an error or DEADLINE. Returns the count so far
 * if there is any, however it ended, with errno 0 for LEN and for EOF; so a
 * count below LEN with errno 0 is EOF. -1 only if nothing was read.
 */
ssize_t net_read_full(int fd, void *buf, size_t len, net_time deadline);

/*
 * Write all LEN bytes. Returns LEN, or -1 with errno (EPIPE without a signal,
 * ETIMEDOUT at DEADLINE); how much had been written is then in *done, which
 * may be NULL.
 */
ssize_t net_write_full(int fd, const void *buf, size_t len, net_time deadline,
		       size_t *done);

/*
 * How many bytes of what was written to the TCP socket FD its peer has not
 * taken yet: SIOCOUTQ, tcp(7). -1 with errno.
 */
int net_untaken(int fd);

/* --- Lines --- */

enum { NET_LINE_BYTES = 4096 };

/* A line reader: one for each descriptor. It does not own FD. */
struct net_lines {
	int fd;
	size_t start; /* the first byte in buf not handed out yet */
	size_t end;   /* one past the last byte in buf */
	char buf[NET_LINE_BYTES];
};

/* Begin reading lines from FD. */
void net_lines_init(struct net_lines *lines, int fd);

/*
 * Read one line, ended by LF, into LINE of SIZE bytes, and end it with NUL;
 * the LF, and a CR before it, are taken off. NUL bytes in the line are kept.
 * Returns its length; -1 with
 *   0 in errno  EOF, with nothing left
 *   EBADMSG     EOF in the middle of a line
 *   EMSGSIZE    a line of SIZE bytes or more, or that fills the buffer; it
 *               is not skipped, for where it ends need not be known yet
 *   ETIMEDOUT   DEADLINE passed; what has come is kept for the next call
 */
ssize_t net_read_line(struct net_lines *lines, char *line, size_t size,
		      net_time deadline);

/* --- Descriptors --- */

/*
 * Let this process have as many descriptors as it may: raise the soft limit,
 * which is low for the sake of select(2), to the hard one (getrlimit(2),
 * RLIMIT_NOFILE). Returns the limit, INT_MAX if it is beyond, or -1.
 */
int net_raise_descriptor_limit(void);

/* --- Socket options --- */

/* Make FD non-blocking, or blocking: fcntl(2), O_NONBLOCK. */
int net_set_nonblocking(int fd, bool on);

#endif
