/*
 * bindmatrix.c - try out when two sockets can have one port
 *
 * Usage: bindmatrix [--tsv]
 *
 * Each row of its table is a way in which an old socket holds a port, each
 * column an option that one of the two sockets, or both, were given before
 * bind(). Each cell is tried here and now, on loopback and a port of its own
 * that the kernel chose: the TIME_WAIT is that of a real connection, seen in
 * /proc/net/tcp. --tsv prints a cell a line instead: row, option, on which
 * sockets, and "ok" or the errno and the call that failed.
 *
 * Status 1 if a row cannot be measured on this machine; a sentence says why.
 *
 * Next: restartable.c, which needs one of these cells to be "ok".
 */
#include <errno.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	PATIENCE_MS = 5000, /* for what takes microseconds on loopback */
	PATIENCE_S = 5,
	PORT_TRIES = 16,
	TIME_WAIT = 6, /* include/net/tcp_states.h */
	LINE_BYTES = 512,
	WORDS_WIDTH = 40,
};

/* The addresses in the table. */
static const char ANY[] = "0.0.0.0";
static const char ONE[] = "127.0.0.1";
static const char OTHER[] = "127.0.0.2";
static const char ANY6[] = "::";

/* An option, and which of the two sockets has it: one column. */
struct column {
	const char *name; /* of the option */
	const char *on;
	int option;
	bool on_old;
	bool on_new;
};

static const struct column columns[] = {
	{"-", "none", 0, false, false},
	{"SO_REUSEADDR", "old", SO_REUSEADDR, true, false},
	{"SO_REUSEADDR", "new", SO_REUSEADDR, false, true},
	{"SO_REUSEADDR", "both", SO_REUSEADDR, true, true},
	{"SO_REUSEPORT", "old", SO_REUSEPORT, true, false},
	{"SO_REUSEPORT", "new", SO_REUSEPORT, false, true},
	{"SO_REUSEPORT", "both", SO_REUSEPORT, true, true},
};

/*
 * One cell while it is measured. What a function here cannot do it reports as
 * -1, with errno and in "failed" the call that it was.
 */
struct trial {
	const struct row *row;
	const struct column *column;
	uint16_t port;
	uint16_t client_port;
	const char *failed;
	/* Descriptors, or -1; measure() closes them. */
	int old;
	int new;
	int client;
	int served;
};

/* A way in which the old socket holds the port: one row. */
struct row {
	const char *name;
	const char *words;
	const char *old_addr;
	const char *new_addr;
	int (*hold)(struct trial *); /* what the old socket does first */
	bool old_v6only;
	bool new_v6only;
	bool old_listens_last;
};

static int failed(struct trial *trial, const char *call)
{
	trial->failed = call;
	return -1;
}

/* --- Sockets --- */

static int set_option(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A socket of FAMILY, with OPTION if it is not 0; -1 with errno. */
static int make_socket(int family, bool v6only, int option)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if ((family == AF_INET6 &&
	     set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only) < 0) ||
	    (option && set_option(fd, SOL_SOCKET, option, 1) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Make *FD, and bind it to ADDR and the port of this trial. */
static int bind_to(struct trial *trial, int *fd, const char *addr, bool v6only,
		   bool with_option)
{
	int option = with_option ? trial->column->option : 0;
	struct net_endpoint ep;

	if (net_endpoint_make(&ep, addr, trial->port) < 0)
		return failed(trial, addr);
	*fd = make_socket(ep.addr.ss_family, v6only, option);
	if (*fd < 0)
		return failed(trial, "socket");
	if (bind(*fd, (struct sockaddr *)&ep.addr, ep.len) < 0)
		return failed(trial, "bind");
	return 0;
}

static int listen_on(struct trial *trial, int fd)
{
	return listen(fd, NET_BACKLOG) < 0 ? failed(trial, "listen") : 0;
}

/*
 * A port that is free at every address now: bound without an option, and let
 * go again. -1 with errno.
 */
static int free_port(void)
{
	struct net_endpoint ep;
	int port = -1;
	int fd = -1;

	if (net_endpoint_make(&ep, ANY6, 0) == 0)
		fd = make_socket(AF_INET6, false, 0);
	if (fd < 0 && net_endpoint_make(&ep, ANY, 0) == 0) /* no IPv6 here */
		fd = make_socket(AF_INET, false, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&ep.addr, ep.len) == 0 &&
	    net_local(fd, &ep) == 0)
		port = net_endpoint_port(&ep);
	close(fd);
	return port;
}

/* The old socket, bound to a new port: another try if one was just taken. */
static int bind_old(struct trial *trial)
{
	const struct row *row = trial->row;

	for (int i = 0; i < PORT_TRIES; i++) {
		int port = free_port();
		if (port < 0)
			return failed(trial, "bind");
		trial->port = (uint16_t)port;
		if (bind_to(trial, &trial->old, row->old_addr, row->old_v6only,
			    trial->column->on_old) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -1;
		close_fd(&trial->old);
	}
	return -1;
}

/* --- What holds the port --- */

static int hold_bound(struct trial *trial)
{
	return bind_old(trial);
}

static int hold_listening(struct trial *trial)
{
	return bind_old(trial) < 0 ? -1 : listen_on(trial, trial->old);
}

/* A client is connected; the listener itself is closed. */
static int hold_connected(struct trial *trial)
{
	struct net_endpoint ep;

	if (hold_listening(trial) < 0)
		return -1;
	if (net_local(trial->old, &ep) < 0)
		return failed(trial, "getsockname");
	trial->client = net_connect(&ep, net_deadline(PATIENCE_MS));
	if (trial->client < 0)
		return failed(trial, "connect");
	trial->served = net_accept(trial->old, &ep);
	if (trial->served < 0)
		return failed(trial, "accept");
	trial->client_port = net_endpoint_port(&ep);
	close_fd(&trial->old);
	return 0;
}

/* Send the FIN of FROM, and wait until it has come to TO: read() is 0. */
static int send_fin(struct trial *trial, int from, int to)
{
	char byte;

	if (shutdown(from, SHUT_WR) < 0)
		return failed(trial, "shutdown");
	if (net_read(to, &byte, 1, net_deadline(PATIENCE_MS)) != 0)
		return failed(trial, "read");
	return 0;
}

/*
 * The state in which the kernel has LOCAL towards REMOTE, both at 127.0.0.1;
 * 0 if it has no such socket. A line of its table is "0: 0100007F:1F90
 * 0100007F:D431 06 ...": address and port of both ends, the state, all
 * hexadecimal, the addresses with their bytes in the order of this machine.
 */
static unsigned state_of(unsigned local, unsigned remote)
{
	char line[LINE_BYTES], ends[LINE_BYTES];
	unsigned addr = htonl(INADDR_LOOPBACK), state = 0;
	FILE *table = fopen("/proc/net/tcp", "re");

	if (table == NULL)
		return 0;
	snprintf(ends, sizeof ends, ": %08X:%04X %08X:%04X ", addr, local, addr,
		 remote);
	while (state == 0 && fgets(line, sizeof line, table) != NULL) {
		const char *found = strstr(line, ends);
		if (found != NULL)
			state = (unsigned)strtoul(found + strlen(ends), NULL,
						  16);
	}
	(void)fclose(table);
	return state;
}

/* The kernel must have the one end in TIME_WAIT, and know no other. */
static int see_time_wait(struct trial *trial, bool at_server)
{
	unsigned server = state_of(trial->port, trial->client_port);
	unsigned client = state_of(trial->client_port, trial->port);

	if (server == (at_server ? TIME_WAIT : 0) &&
	    client == (at_server ? 0 : TIME_WAIT))
		return 0;
	errno = ENOENT;
	return failed(trial, "TIME_WAIT in /proc/net/tcp");
}

/* The server's FIN is the first: TIME_WAIT is at its end. */
static int hold_server_closed(struct trial *trial)
{
	if (hold_connected(trial) < 0 ||
	    send_fin(trial, trial->served, trial->client) < 0 ||
	    send_fin(trial, trial->client, trial->served) < 0)
		return -1;
	close_fd(&trial->served);
	close_fd(&trial->client);
	return see_time_wait(trial, true);
}

/* The client's FIN is the first: TIME_WAIT is at the client's end. */
static int hold_client_closed(struct trial *trial)
{
	/* close() then waits until the client's kernel has answered its FIN. */
	const struct linger wait = {.l_onoff = 1, .l_linger = PATIENCE_S};

	if (hold_connected(trial) < 0 ||
	    send_fin(trial, trial->client, trial->served) < 0)
		return -1;
	if (setsockopt(trial->served, SOL_SOCKET, SO_LINGER, &wait,
		       sizeof wait) < 0)
		return failed(trial, "setsockopt");
	close_fd(&trial->served);
	close_fd(&trial->client);
	return see_time_wait(trial, false);
}

/* --- The table --- */

static const struct row rows[] = {
	{"listener", "a listener, at the same address", ONE, ONE,
	 .hold = hold_listening},
	{"bound", "a socket that is bound, does not listen", ONE, ONE,
	 .hold = hold_bound},
	{"bound-both-listen", "the same, but both begin to listen", ONE, ONE,
	 .hold = hold_bound, .old_listens_last = true},
	{"time-wait-server", "TIME_WAIT: the old server closed first", ONE, ONE,
	 .hold = hold_server_closed},
	{"time-wait-client", "TIME_WAIT: the client closed first", ONE, ONE,
	 .hold = hold_client_closed},
	{"connection", "an open connection; its listener closed", ONE, ONE,
	 .hold = hold_connected},
	{"any-one", "a listener at 0.0.0.0; new: 127.0.0.1", ANY, ONE,
	 .hold = hold_listening},
	{"one-any", "a listener at 127.0.0.1; new: 0.0.0.0", ONE, ANY,
	 .hold = hold_listening},
	{"one-other", "a listener at 127.0.0.1; new: 127.0.0.2", ONE, OTHER,
	 .hold = hold_listening},
	{"any-any6", "a listener at 0.0.0.0; new: [::]", ANY, ANY6,
	 .hold = hold_listening},
	{"any6-any", "a listener at [::]; new: 0.0.0.0", ANY6, ANY,
	 .hold = hold_listening},
	{"any-only6", "a listener at 0.0.0.0; new: [::] V6ONLY", ANY, ANY6,
	 .hold = hold_listening, .new_v6only = true},
	{"only6-any", "a listener at [::] V6ONLY; new: 0.0.0.0", ANY6, ANY,
	 .hold = hold_listening, .old_v6only = true},
};

/* What came of a cell; "call" is NULL if all went well. */
struct result {
	const char *call;
	int err;
	bool measured;
};

/* The new socket's turn. */
static int take_over(struct trial *trial)
{
	const struct row *row = trial->row;

	if (bind_to(trial, &trial->new, row->new_addr, row->new_v6only,
		    trial->column->on_new) < 0 ||
	    listen_on(trial, trial->new) < 0)
		return -1;
	return row->old_listens_last ? listen_on(trial, trial->old) : 0;
}

static struct result measure(const struct row *row, const struct column *column)
{
	struct trial trial = {.row = row,
			      .column = column,
			      .old = -1,
			      .new = -1,
			      .client = -1,
			      .served = -1};
	struct result result = {.measured = row->hold(&trial) == 0};

	if (!result.measured || take_over(&trial) < 0) {
		result.err = errno;
		result.call = trial.failed;
	}
	/* Two of the calls are what is measured; the rest has to work. */
	if (result.err != 0 && result.err != EADDRINUSE)
		result.measured = false;
	close_fd(&trial.old);
	close_fd(&trial.new);
	close_fd(&trial.client);
	close_fd(&trial.served);
	return result;
}

static void print_cell(const char *row, const struct column *column,
		       const struct result *result, bool tsv)
{
	const char *what = "ok", *mark = "ok";

	if (!result->measured) {
		what = "unmeasured";
		mark = "?";
	} else if (result->err != 0) {
		what = result->err == EACCES ? "EACCES" : "EADDRINUSE";
		mark = "no";
	}
	if (tsv)
		printf("%s\t%s\t%s\t%s\t%s\n", row, column->name, column->on,
		       what, result->call ? result->call : "-");
	else
		printf("%5s", mark);
}

/* One row; false if a cell of it could not be measured. */
static bool print_row(const struct row *row, bool tsv)
{
	struct result bad = {.measured = true};

	if (!tsv)
		printf("%-*s", WORDS_WIDTH, row->words);
	for (size_t i = 0; i < COUNT(columns); i++) {
		struct result result = measure(row, &columns[i]);

		print_cell(row->name, &columns[i], &result, tsv);
		if (!result.measured)
			bad = result;
	}
	if (!tsv)
		putchar('\n');
	if (bad.measured)
		return true;
	errno = bad.err;
	cli_warn_errno("cannot be measured here: %s: %s", row->words, bad.call);
	return false;
}

/* --- The privileged ports, a row of one cell --- */

/* The first port that needs no privilege, capabilities(7); -1 with errno. */
static int unprivileged_start(void)
{
	char line[LINE_BYTES];
	FILE *file =
		fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");

	if (file == NULL)
		return -1;
	const char *text = fgets(line, sizeof line, file);
	(void)fclose(file);
	return text == NULL ? -1 : (int)strtol(text, NULL, 10);
}

/* Be from now on without the privilege, which root has. */
static int drop_privilege(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	/* libc has no function for it; 0 is this process. */
	if (syscall(SYS_capget, &header, data) < 0)
		return -1;
	data[CAP_TO_INDEX(CAP_NET_BIND_SERVICE)].effective &=
		~CAP_TO_MASK(CAP_NET_BIND_SERVICE);
	return (int)syscall(SYS_capset, &header, data);
}

static bool print_privileged(bool tsv)
{
	struct trial trial = {.column = &columns[0], .new = -1};
	struct result result = {.measured = true};
	int start = unprivileged_start();

	if (start < 1 || drop_privilege() < 0) {
		cli_warn("cannot be measured here: a port that needs a "
			 "privilege, for none does");
		return false;
	}
	trial.port = (uint16_t)(start - 1);
	if (bind_to(&trial, &trial.new, ONE, false, false) < 0) {
		result.err = errno;
		result.call = trial.failed;
	}
	close_fd(&trial.new);
	if (tsv)
		print_cell("privileged", trial.column, &result, tsv);
	else
		printf("\nPort %u, without the privilege to bind() it: %s\n",
		       trial.port, result.err ? strerror(result.err) : "ok");
	return true;
}

static void print_head(void)
{
	printf("Can a new socket bind() and listen(), if none, the old, the "
	       "new or both sockets\n"
	       "have the option? (no: Address already in use)\n\n"
	       "%-*s   SO_REUSEADDR on   SO_REUSEPORT on\n"
	       "%-*s none  old  new both  old  new both\n",
	       WORDS_WIDTH, "", WORDS_WIDTH, "What holds the port");
}

int main(int argc, char **argv)
{
	bool tsv = argc == 2 && strcmp(argv[1], "--tsv") == 0;
	bool all = true;

	cli_init(argv[0], "[--tsv]");
	if (argc != 1 && !tsv)
		cli_usage();
	if (!tsv)
		print_head();
	for (size_t i = 0; i < COUNT(rows); i++)
		all &= print_row(&rows[i], tsv);
	all &= print_privileged(tsv);
	cli_flush();
	return all ? CLI_OK : CLI_FAILED;
}
