/*
 * cli.c - what the labs' programs share towards the terminal
 *
 * Messages, exit statuses, and the one way in which SIGINT and SIGTERM end a
 * program: they are blocked, and let in only while it waits. So no call but
 * the wait ever fails with EINTR because of them, and no signal is lost
 * between a look at the flag and the wait (ppoll(2), pselect(2)).
 *
 * Next: net.c.
 */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	MESSAGE_BYTES = 1024,
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
};

/* One for the process, as its signals are. */
static const char *program_name = "?";
static const char *program_usage = "";
static sigset_t stop_signals; /* those that end the program */
static sigset_t wait_mask;    /* what is blocked while it waits */
static volatile sig_atomic_t stop_seen;

/* --- Messages --- */

/* A line under construction; what does not fit is cut. */
struct message {
	size_t len;
	char text[MESSAGE_BYTES]; /* LF takes the place of the NUL */
};

__attribute__((format(printf, 2, 0))) static void
append_args(struct message *message, const char *format, va_list args)
{
	size_t room = sizeof(message->text) - message->len;
	int n = vsnprintf(message->text + message->len, room, format, args);

	if (n > 0) /* what it would have written, had there been room */
		message->len += (size_t)n < room ? (size_t)n : room - 1;
}

__attribute__((format(printf, 2, 3))) static void
append(struct message *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append_args(message, format, args);
	va_end(args);
}

/*
 * One write(2), so that the lines of several processes on one terminal do not
 * mix. That it fails cannot be told to anybody.
 */
static void print_message(struct message *message)
{
	ssize_t n;

	message->text[message->len++] = '\n';
	do {
		n = write(STDERR_FILENO, message->text, message->len);
	} while (n < 0 && errno == EINTR);
}

/* "NAME: MESSAGE", and ": " with what ERR means behind it unless ERR is 0. */
__attribute__((format(printf, 2, 0))) static void
print_named(int err, const char *format, va_list args)
{
	struct message message = {0};
	int saved = errno;

	append(&message, "%s: ", program_name);
	append_args(&message, format, args);
	if (err != 0)
		append(&message, ": %s", strerror(err));
	print_message(&message);
	errno = saved;
}

void cli_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_named(0, format, args);
	va_end(args);
}

void cli_warn_errno(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_named(errno, format, args);
	va_end(args);
}

void cli_log(const char *format, ...)
{
	struct message message = {0};
	int saved = errno;
	va_list args;

	va_start(args, format);
	append_args(&message, format, args);
	va_end(args);
	print_message(&message);
	errno = saved;
}

void cli_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_named(0, format, args);
	va_end(args);
	exit(CLI_FAILED);
}

void cli_die_errno(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_named(errno, format, args);
	va_end(args);
	exit(CLI_FAILED);
}

void cli_usage(void)
{
	struct message message = {0};

	append(&message, "usage: %s %s", program_name, program_usage);
	print_message(&message);
	exit(CLI_USAGE);
}

void cli_usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_named(0, format, args);
	va_end(args);
	cli_usage();
}

void cli_flush(void)
{
	if (fflush(stdout) != 0)
		cli_die_errno("standard output");
	/* What could not be written before is gone, and errno with it. */
	if (ferror(stdout))
		cli_die("standard output: write error");
}

/* --- Arguments --- */

/* PORT as net_port_parse() and its sibling return it, or the end. */
static uint16_t checked_port(const char *text, int port, int lowest)
{
	if (port < 0 && errno == ERANGE)
		cli_usage_error("port %.40s is not in %d-%d", text, lowest,
				NET_PORT_MAX);
	if (port < 0)
		cli_usage_error("'%.40s' is not a port number", text);
	return (uint16_t)port;
}

uint16_t cli_port(const char *text)
{
	return checked_port(text, net_port_parse(text), 1);
}

uint16_t cli_listen_port(const char *text)
{
	return checked_port(text, net_listen_port_parse(text), 0);
}

long cli_ms(const char *text, long max)
{
	char *end;
	long ms = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || ms < 1 || ms > max)
		cli_usage_error("'%.40s' is not in 1-%ld ms", text, max);
	return ms;
}

void cli_ports(struct net_ports *ports, const char *text)
{
	if (net_ports_add(ports, text) == 0)
		return;
	if (errno == ERANGE)
		cli_usage_error("'%.40s': a port is not in 1-%d", text,
				NET_PORT_MAX);
	if (errno == ENOENT)
		cli_usage_error("'%.40s': no such service", text);
	if (errno == EINVAL)
		cli_usage_error("'%.40s' is not a list of ports", text);
	cli_die_errno("ports");
}

const char *cli_address(const char *text)
{
	char endpoint[NET_ENDPOINT_LEN];
	struct net_endpoint ep;

	/* Any port will do: only endpoints are parsed. */
	snprintf(endpoint, sizeof endpoint,
		 strchr(text, ':') ? "[%s]:1" : "%s:1", text);
	if (net_endpoint_parse(&ep, endpoint) < 0)
		cli_usage_error("not an IPv4 or IPv6 address: %s", text);
	return text;
}

/* --- Signals --- */

static void on_stop(int signal_number)
{
	(void)signal_number;
	stop_seen = 1;
}

/*
 * Handle SIGNAL_NUMBER in cli_wait(), and only there. A shell script starts
 * its background jobs with SIGINT ignored, so that Ctrl-C is not for them:
 * that stays so.
 */
static void catch_stop(int signal_number)
{
	struct sigaction action = {.sa_handler = on_stop};
	struct sigaction inherited;

	if (sigaction(signal_number, NULL, &inherited) < 0)
		cli_die_errno("sigaction");
	if (signal_number == SIGINT && inherited.sa_handler == SIG_IGN)
		return;
	sigaddset(&stop_signals, signal_number);
	if (sigaction(signal_number, &action, NULL) < 0)
		cli_die_errno("sigaction");
}

/*
 * What is opened next gets the lowest number that is free: a socket would
 * become standard output if that was closed, and get what is printed. So
 * fill the gaps with something of which no use can be made.
 */
static void fill_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int unusable = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", unusable | O_CLOEXEC) < 0)
			cli_die_errno("/dev/null");
	}
}

void cli_init(const char *argv0, const char *usage)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	const char *slash = strrchr(argv0, '/');

	program_name = slash != NULL ? slash + 1 : argv0;
	program_usage = usage;
	fill_standard_streams();

	/* A peer that is gone is an error of write(), EPIPE, not the end. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0)
		cli_die_errno("sigaction");

	sigemptyset(&stop_signals);
	catch_stop(SIGINT);
	catch_stop(SIGTERM);
	if (sigprocmask(SIG_BLOCK, &stop_signals, &wait_mask) < 0)
		cli_die_errno("sigprocmask");
	/* Also if whoever started the program had them blocked. */
	sigdelset(&wait_mask, SIGINT);
	sigdelset(&wait_mask, SIGTERM);
}

void cli_let_signals_kill(void)
{
	static const int stops[] = {SIGINT, SIGTERM};
	const struct sigaction kill = {.sa_handler = SIG_DFL};

	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		if (sigismember(&stop_signals, stops[i]) &&
		    sigaction(stops[i], &kill, NULL) < 0)
			cli_die_errno("sigaction");
	/* Last, so that one that is pending finds it done. */
	if (sigprocmask(SIG_SETMASK, &wait_mask, NULL) < 0)
		cli_die_errno("sigprocmask");
}

bool cli_stopping(void)
{
	sigset_t pending;

	/* A signal that has come while blocked has set no flag yet. */
	if (!stop_seen && sigpending(&pending) == 0 &&
	    sigandset(&pending, &pending, &stop_signals) == 0 &&
	    !sigisemptyset(&pending))
		stop_seen = 1;
	return stop_seen;
}

/* The time LEFT_MS, as ppoll(2) takes it: NULL for one without an end. */
static const struct timespec *timespec_of(struct timespec *time, int left_ms)
{
	time->tv_sec = left_ms / MS_PER_S;
	time->tv_nsec = (long)(left_ms % MS_PER_S) * NS_PER_MS;
	return left_ms < 0 ? NULL : time;
}

bool cli_wait_until(int fd, short events, net_time deadline)
{
	struct pollfd pfd = {.fd = fd, .events = events};

	/*
	 * The look at what is pending comes first: ppoll() does not let a
	 * signal in when FD is ready, and FD may always be.
	 */
	while (!cli_stopping()) {
		int left_ms = net_ms_left(deadline);
		struct timespec time;

		if (left_ms == 0)
			return false;
		int n = ppoll(&pfd, 1, timespec_of(&time, left_ms), &wait_mask);
		if (n > 0 && (pfd.revents & POLLNVAL)) {
			n = -1;
			errno = EBADF;
		}
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			cli_die_errno("poll");
	}
	return false;
}

bool cli_wait(int fd, short events)
{
	return cli_wait_until(fd, events, NET_FOREVER);
}

const sigset_t *cli_wait_mask(void)
{
	return &wait_mask;
}
