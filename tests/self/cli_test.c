/*
 * cli_test.c - unit tests of common/cli.c
 *
 * usage: cli_test [NAME]; without NAME it lists the tests. What is tested ends
 * the process or changes its signals, so each test forks. The child's stderr
 * is a socket that keeps one write(2) from another (SOCK_SEQPACKET, unix(7)).
 *
 * Next: net.bats, which runs them.
 */
#include "check.h"
#include "cli.h"
#include "net.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	MESSAGES = 4,
	MESSAGE_BYTES = 4096,
	CUT_BYTES = 1024, /* what is left of an endless message, with its LF */
	KEPT_BYTES = 128,
	TICK_NS = 20000000,
	TICKS = 3,
};

/* What a child wrote to stderr, by write(2), and how it ended. */
struct outcome {
	int status; /* of waitpid(2) */
	size_t count;
	char message[MESSAGES][MESSAGE_BYTES];
};

/* The child's part: what it has to do, as the program /usr/bin/lab. */
_Noreturn static void be_child(int stderr_fd, void (*child)(void))
{
	CHECK(dup2(stderr_fd, STDERR_FILENO) == STDERR_FILENO);
	close(stderr_fd);
	child();
	exit(CLI_OK);
}

static void run_child(struct outcome *outcome, void (*child)(void))
{
	int ends[2];

	memset(outcome, 0, sizeof(*outcome));
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);

	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		be_child(ends[1], child);
	}
	close(ends[1]);
	for (;;) {
		CHECK(outcome->count < MESSAGES);

		char *message = outcome->message[outcome->count];
		ssize_t n = recv(ends[0], message, MESSAGE_BYTES - 1, 0);
		CHECK(n >= 0);
		if (n == 0)
			break;
		outcome->count++;
	}
	close(ends[0]);
	CHECK(waitpid(pid, &outcome->status, 0) == pid);
}

/* That CHILD ends with STATUS after one message, EXPECTED, or none: NULL. */
static void check_child(void (*child)(void), int status, const char *expected)
{
	struct outcome outcome;

	run_child(&outcome, child);
	CHECK(WIFEXITED(outcome.status));
	CHECK(WEXITSTATUS(outcome.status) == status);
	CHECK(outcome.count == (expected != NULL ? 1 : 0));
	if (expected != NULL)
		CHECK(strcmp(outcome.message[0], expected) == 0);
}

/* The same for a mistake in the usage: a sentence, then the usage line. */
static void check_usage_error(void (*child)(void), const char *expected)
{
	struct outcome outcome;

	run_child(&outcome, child);
	CHECK(WIFEXITED(outcome.status));
	CHECK(WEXITSTATUS(outcome.status) == CLI_USAGE);
	CHECK(outcome.count == 2);
	CHECK(strcmp(outcome.message[0], expected) == 0);
	CHECK(strcmp(outcome.message[1], "usage: lab [-b ADDR] PORT\n") == 0);
}

static void begin(void)
{
	cli_init("/usr/bin/lab", "[-b ADDR] PORT");
}

/* --- Messages --- */

static void do_usage(void)
{
	begin();
	cli_usage();
}

static void test_usage(void)
{
	check_child(do_usage, CLI_USAGE, "usage: lab [-b ADDR] PORT\n");
}

static void do_usage_error(void)
{
	begin();
	cli_usage_error("no host %d", 7);
}

static void test_usage_error(void)
{
	check_usage_error(do_usage_error, "lab: no host 7\n");
}

static void do_die(void)
{
	cli_init("lab", "");
	errno = ENOENT;
	cli_die("no room for %d", 7);
}

static void do_die_errno(void)
{
	begin();
	errno = ENOENT;
	cli_die_errno("open %s", "file");
}

static void test_die(void)
{
	check_child(do_die, CLI_FAILED, "lab: no room for 7\n");
	check_child(do_die_errno, CLI_FAILED,
		    "lab: open file: No such file or directory\n");
}

static void do_warn(void)
{
	begin();
	errno = EINVAL;
	cli_warn("%s", "careful");
	CHECK(errno == EINVAL);
	cli_warn_errno("bind");
	CHECK(errno == EINVAL);
	cli_log("listening on %s", "[::]:80");
	CHECK(errno == EINVAL);
}

static void test_warn_and_log(void)
{
	struct outcome outcome;

	run_child(&outcome, do_warn);
	CHECK(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0);
	CHECK(outcome.count == 3);
	CHECK(strcmp(outcome.message[0], "lab: careful\n") == 0);
	CHECK(strcmp(outcome.message[1], "lab: bind: Invalid argument\n") == 0);
	CHECK(strcmp(outcome.message[2], "listening on [::]:80\n") == 0);
}

static void do_long(void)
{
	char text[MESSAGE_BYTES / 2] = {0};

	begin();
	memset(text, 'x', sizeof(text) - 1);
	cli_log("%.*s", CUT_BYTES - 1, text);
	cli_log("%.*s", CUT_BYTES, text);
	cli_warn_errno("%s", text);
}

/* As much as there is room for, in one write, and a line all the same. */
static void test_long(void)
{
	struct outcome outcome;

	run_child(&outcome, do_long);
	CHECK(WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 0);
	CHECK(outcome.count == 3);
	for (size_t i = 0; i < outcome.count; i++) {
		const char *message = outcome.message[i];

		CHECK(strlen(message) == CUT_BYTES);
		CHECK(strcmp(message + CUT_BYTES - 2, "x\n") == 0);
	}
}

static void do_unprintable(void)
{
	begin();
	close(STDERR_FILENO);
	errno = EINVAL;
	cli_warn("nobody hears this");
	CHECK(errno == EINVAL);
	cli_log("nor this");
	CHECK(errno == EINVAL);
	cli_die("nor this");
}

static void test_stderr_closed(void)
{
	check_child(do_unprintable, CLI_FAILED, NULL);
}

/* --- Output --- */

/* Print WIDTH digits to FILE, by a stdout that keeps KEPT_BYTES. */
static void print_to(const char *file, int width)
{
	static char kept[KEPT_BYTES];
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	begin();
	CHECK(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	close(fd);
	CHECK(setvbuf(stdout, kept, _IOFBF, sizeof(kept)) == 0);
	printf("%0*d", width, 0);
}

static void do_flush(void)
{
	print_to("/dev/null", 2 * KEPT_BYTES);
	cli_flush();
}

static void do_flush_full(void)
{
	print_to("/dev/full", 1);
	cli_flush();
}

/* There is room again, but what came before is lost. */
static void do_flush_late(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	print_to("/dev/full", 2 * KEPT_BYTES);
	CHECK(fd >= 0 && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO);
	cli_flush();
}

static void test_flush(void)
{
	check_child(do_flush, CLI_OK, NULL);
	check_child(do_flush_full, CLI_FAILED,
		    "lab: standard output: No space left on device\n");
	check_child(do_flush_late, CLI_FAILED,
		    "lab: standard output: write error\n");
}

/* --- Arguments --- */

static void do_ports(void)
{
	begin();
	CHECK(cli_port("1") == 1);
	CHECK(cli_port("65535") == 65535);
	CHECK(cli_listen_port("0") == 0);
	CHECK(cli_listen_port("8080") == 8080);
}

static void do_port_zero(void)
{
	begin();
	cli_port("0");
}

static void do_port_large(void)
{
	begin();
	cli_listen_port("70000");
}

static void do_port_text(void)
{
	begin();
	cli_port("80x");
}

static void do_port_negative(void)
{
	begin();
	cli_listen_port("-0");
}

static void test_port(void)
{
	check_child(do_ports, CLI_OK, NULL);
	check_usage_error(do_port_zero, "lab: port 0 is not in 1-65535\n");
	check_usage_error(do_port_large, "lab: port 70000 is not in 0-65535\n");
	check_usage_error(do_port_text, "lab: '80x' is not a port number\n");
	check_usage_error(do_port_negative, "lab: '-0' is not a port number\n");
}

static void do_lists(void)
{
	struct net_ports ports = {0};

	begin();
	cli_ports(&ports, "7");
	cli_ports(&ports, "7-9");
	CHECK(ports.count == 3);
	net_ports_free(&ports);
	CHECK(strcmp(cli_address("127.0.0.1"), "127.0.0.1") == 0);
	CHECK(strcmp(cli_address("::1"), "::1") == 0);
}

static void do_list_range(void)
{
	struct net_ports ports = {0};

	begin();
	cli_ports(&ports, "65530-65536");
}

static void do_list_service(void)
{
	struct net_ports ports = {0};

	begin();
	cli_ports(&ports, "no-such-service");
}

static void do_list_text(void)
{
	struct net_ports ports = {0};

	begin();
	cli_ports(&ports, "9-7");
}

static void do_address(void)
{
	begin();
	cli_address("127.1");
}

static void test_ports(void)
{
	check_child(do_lists, CLI_OK, NULL);
	check_usage_error(do_list_range,
			  "lab: '65530-65536': a port is not in 1-65535\n");
	check_usage_error(do_list_service,
			  "lab: 'no-such-service': no such service\n");
	check_usage_error(do_list_text, "lab: '9-7' is not a list of ports\n");
	check_usage_error(do_address,
			  "lab: not an IPv4 or IPv6 address: 127.1\n");
}

/* --- Signals --- */

static volatile sig_atomic_t ticks;
static int tick_fd;

/* The first TICKS - 1 only interrupt; the last one makes a pipe readable. */
static void on_tick(int signal_number)
{
	int saved = errno;

	(void)signal_number;
	ticks = ticks + 1;
	if (ticks == TICKS && write(tick_fd, "x", 1) != 1)
		_exit(CHECK_FAILED);
	errno = saved;
}

/* Send SIGNAL_NUMBER to this process every 20 ms, beginning in 20 ms. */
static void send_later(int signal_number)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = signal_number,
	};
	struct itimerspec when = {
		.it_value.tv_nsec = TICK_NS,
		.it_interval.tv_nsec = TICK_NS,
	};
	timer_t timer;

	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &when, NULL) == 0);
}

/* A pipe; nothing is in it. */
struct ends {
	int read;
	int write;
};

static struct ends make_pipe(void)
{
	int ends[2];

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	return (struct ends){ends[0], ends[1]};
}

static void do_wait_ready(void)
{
	struct ends ends = make_pipe();

	begin();
	CHECK(!cli_stopping());
	CHECK(cli_wait(ends.write, POLLOUT));
	CHECK(write(ends.write, "x", 1) == 1);
	CHECK(cli_wait(ends.read, POLLIN));
	close(ends.write);
	CHECK(cli_wait(ends.read, POLLIN));
	CHECK(!cli_stopping());
}

static void test_wait_ready(void)
{
	check_child(do_wait_ready, CLI_OK, NULL);
}

/* A signal before the wait, and a descriptor that is ready all the time. */
static void stop_before(int signal_number)
{
	struct ends ends = make_pipe();

	begin();
	CHECK(raise(signal_number) == 0);
	CHECK(cli_stopping());
	CHECK(!cli_wait(ends.write, POLLOUT));
	CHECK(!cli_wait(ends.write, POLLOUT));
	CHECK(!cli_wait(ends.read, POLLIN));
}

/* A signal while it waits. */
static void stop_during(int signal_number)
{
	struct ends ends = make_pipe();

	begin();
	send_later(signal_number);
	CHECK(!cli_wait(ends.read, POLLIN));
	CHECK(cli_stopping());
	CHECK(!cli_wait(ends.write, POLLOUT));
}

static void do_term_before(void)
{
	stop_before(SIGTERM);
}

static void do_int_before(void)
{
	CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR);
	stop_before(SIGINT);
}

static void do_term_during(void)
{
	stop_during(SIGTERM);
}

static void do_int_during(void)
{
	CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR);
	stop_during(SIGINT);
}

/* Whoever started the program had the signal blocked. */
static void do_term_blocked(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	stop_during(SIGTERM);
}

static void test_wait_stopped(void)
{
	check_child(do_term_before, CLI_OK, NULL);
	check_child(do_int_before, CLI_OK, NULL);
	check_child(do_term_during, CLI_OK, NULL);
	check_child(do_int_during, CLI_OK, NULL);
	check_child(do_term_blocked, CLI_OK, NULL);
}

static void do_int_ignored(void)
{
	struct ends ends = make_pipe();

	CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR);
	begin();
	CHECK(raise(SIGINT) == 0);
	CHECK(!cli_stopping());
	CHECK(cli_wait(ends.write, POLLOUT));
	CHECK(raise(SIGTERM) == 0);
	CHECK(!cli_wait(ends.write, POLLOUT));
}

static void test_int_ignored(void)
{
	check_child(do_int_ignored, CLI_OK, NULL);
}

static void do_kill_term(void)
{
	begin();
	cli_let_signals_kill();
	raise(SIGTERM);
}

static void do_kill_pending(void)
{
	CHECK(signal(SIGINT, SIG_DFL) != SIG_ERR);
	begin();
	CHECK(raise(SIGINT) == 0);
	cli_let_signals_kill();
}

static void do_kill_ignored(void)
{
	CHECK(signal(SIGINT, SIG_IGN) != SIG_ERR);
	begin();
	CHECK(raise(SIGINT) == 0);
	cli_let_signals_kill();
	CHECK(raise(SIGINT) == 0);
}

static void check_killed(void (*child)(void), int signal_number)
{
	struct outcome outcome;

	run_child(&outcome, child);
	CHECK(WIFSIGNALED(outcome.status));
	CHECK(WTERMSIG(outcome.status) == signal_number);
	CHECK(outcome.count == 0);
}

static void test_let_kill(void)
{
	check_killed(do_kill_term, SIGTERM);
	check_killed(do_kill_pending, SIGINT);
	check_child(do_kill_ignored, CLI_OK, NULL);
}

static void do_other_signal(void)
{
	struct sigaction action = {.sa_handler = on_tick};
	struct ends ends = make_pipe();

	tick_fd = ends.write;
	begin();
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	send_later(SIGUSR1);
	CHECK(cli_wait(ends.read, POLLIN));
	CHECK(ticks >= TICKS);
	CHECK(!cli_stopping());
}

static void test_other_signal(void)
{
	check_child(do_other_signal, CLI_OK, NULL);
}

/* ppoll() of one's own, with the mask that is offered for it. */
static void do_wait_mask(void)
{
	struct ends ends = make_pipe();
	struct pollfd pfd = {.fd = ends.read, .events = POLLIN};

	begin();
	send_later(SIGTERM);
	CHECK_ERRNO(ppoll(&pfd, 1, NULL, cli_wait_mask()), EINTR);
	CHECK(cli_stopping());
}

static void test_wait_mask(void)
{
	check_child(do_wait_mask, CLI_OK, NULL);
}

/* A deadline, to which it comes, and a descriptor that is ready after it. */
static void do_wait_until(void)
{
	struct ends ends = make_pipe();
	net_time deadline = net_deadline(TICK_NS / 1000000);

	begin();
	CHECK(cli_wait_until(ends.write, POLLOUT, NET_FOREVER));
	CHECK(cli_wait_until(ends.write, POLLOUT, net_deadline(60000)));
	CHECK(!cli_wait_until(ends.read, POLLIN, deadline));
	CHECK(net_now() >= deadline);
	CHECK(!cli_wait_until(ends.write, POLLOUT, deadline));
	CHECK(!cli_stopping());
	send_later(SIGTERM);
	CHECK(!cli_wait_until(ends.read, POLLIN, net_deadline(60000)));
	CHECK(cli_stopping());
}

static void test_wait_until(void)
{
	check_child(do_wait_until, CLI_OK, NULL);
}

static void do_wait_closed(void)
{
	struct ends ends = make_pipe();

	begin();
	close(ends.read);
	cli_wait(ends.read, POLLIN);
}

static void test_wait_closed(void)
{
	check_child(do_wait_closed, CLI_FAILED,
		    "lab: poll: Bad file descriptor\n");
}

static void do_sigpipe(void)
{
	struct ends ends = make_pipe();

	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	begin();
	close(ends.read);
	CHECK_ERRNO(write(ends.write, "x", 1), EPIPE);
}

static void test_sigpipe(void)
{
	check_child(do_sigpipe, CLI_OK, NULL);
}

static const struct check_test tests[] = {
	{"usage", test_usage},
	{"usage-error", test_usage_error},
	{"die", test_die},
	{"warn-and-log", test_warn_and_log},
	{"long", test_long},
	{"stderr-closed", test_stderr_closed},
	{"flush", test_flush},
	{"port", test_port},
	{"ports", test_ports},
	{"wait-ready", test_wait_ready},
	{"wait-stopped", test_wait_stopped},
	{"wait-mask", test_wait_mask},
	{"wait-until", test_wait_until},
	{"wait-closed", test_wait_closed},
	{"int-ignored", test_int_ignored},
	{"let-kill", test_let_kill},
	{"other-signal", test_other_signal},
	{"sigpipe", test_sigpipe},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, COUNT(tests));
}
