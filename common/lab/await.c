/*
 * await.c - wait for a fact of this host's TCP, not for a time
 *
 * Usage: await listen PORT PID MS   until a socket listens on PORT
 *        await settled MS           until no connection is half made or half
 *                                   closed
 *
 * Both read the kernel's own tables, /proc/net/tcp and tcp6 of the network
 * namespace that it runs in: to connect would eat an accept(). listen ends at
 * once when process PID has gone.
 *
 * Exit status: 0 it is so, 1 not within MS milliseconds, 2 usage, 3 PID ended.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	TICK_MS = 2,
	MS_MAX = 600000,
	EXIT_GONE = 3,
	/* include/net/tcp_states.h, as the fourth column shows them */
	ESTABLISHED = 1,
	TIME_WAIT = 6,
	LISTEN = 10,
};

/* Whether a socket of which the caller asks is in state STATE at PORT. */
typedef bool wanted(unsigned state, unsigned port, unsigned asked);

static bool listens(unsigned state, unsigned port, unsigned asked)
{
	return state == LISTEN && port == asked;
}

static bool unsettled(unsigned state, unsigned port, unsigned asked)
{
	(void)port;
	(void)asked;
	return state != LISTEN && state != ESTABLISHED && state != TIME_WAIT;
}

/*
 * The local port and the state of one socket's line, "0: 0100007F:1F90
 * 00000000:0000 0A ...", where all numbers are hexadecimal. False for the
 * line of headings.
 */
static bool parse_line(char *line, unsigned *port, unsigned *state)
{
	char *p = strchr(line, ':'); /* behind the number of the line */

	p = p == NULL ? NULL : strchr(p + 1, ':');
	if (p == NULL)
		return false;
	*port = (unsigned)strtoul(p + 1, &p, 16);
	p = strchr(p, ':');
	if (p == NULL)
		return false;
	(void)strtoul(p + 1, &p, 16);
	*state = (unsigned)strtoul(p, NULL, 16);
	return true;
}

/* Whether the table in FILE has a line for which MATCH holds. */
static bool table_has(const char *file, wanted *match, unsigned asked)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(file, "re");

	if (f == NULL) {
		if (errno == ENOENT)
			return false; /* no IPv6 here */
		cli_die_errno("%s", file);
	}
	while (!found && fgets(line, sizeof(line), f) != NULL) {
		unsigned port;
		unsigned state;

		if (parse_line(line, &port, &state))
			found = match(state, port, asked);
	}
	(void)fclose(f);
	return found;
}

static bool tcp_has(wanted *match, unsigned asked)
{
	return table_has("/proc/net/tcp", match, asked) ||
	       table_has("/proc/net/tcp6", match, asked);
}

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

/* Let one tick pass; false when the process behind PIDFD (or -1) has gone. */
static bool tick(int pidfd)
{
	struct pollfd pfd = {.fd = pidfd, .events = POLLIN};

	return poll(&pfd, 1, TICK_MS) <= 0;
}

static int await_listen(unsigned port, int pid, net_time deadline)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0U);

	for (;;) {
		if (tcp_has(listens, port))
			return CLI_OK;
		if (net_now() >= deadline)
			return CLI_FAILED;
		if (pidfd < 0 || !tick(pidfd))
			return tcp_has(listens, port) ? CLI_OK : EXIT_GONE;
	}
}

static int await_settled(net_time deadline)
{
	while (tcp_has(unsettled, 0)) {
		if (net_now() >= deadline)
			return CLI_FAILED;
		(void)tick(-1);
	}
	return CLI_OK;
}

int main(int argc, char **argv)
{
	cli_init(argv[0], "listen PORT PID MS | settled MS");
	if (argc == 5 && strcmp(argv[1], "listen") == 0) {
		unsigned port = cli_port(argv[2]);
		int pid = parse(argv[3], 1 << 22);

		return await_listen(port, pid,
				    net_deadline(parse(argv[4], MS_MAX)));
	}
	if (argc == 3 && strcmp(argv[1], "settled") == 0)
		return await_settled(net_deadline(parse(argv[2], MS_MAX)));
	cli_usage();
}
