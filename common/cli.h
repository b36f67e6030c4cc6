/*
 * cli.h - what the labs' programs share towards the terminal
 *
 * The only part of the library that prints and exits. Messages go to stderr,
 * each in one write(2), prefixed with the program's name, and end with LF.
 * Exit status: 0 fine, 1 failed at run time, 2 usage.
 *
 * Next: net.h, which does neither.
 */
#ifndef PORTLAB_CLI_H
#define PORTLAB_CLI_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "net.h"

enum {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
};

/*
 * To be called first in main(): remembers the name of the program for
 * messages, ignores SIGPIPE, sees that no socket can become one of the three
 * standard streams that was closed, and prepares SIGINT and SIGTERM for
 * cli_wait(). USAGE is what follows the name, as "[-b ADDR] PORT", and must
 * live as long as the program.
 */
void cli_init(const char *argv0, const char *usage);

/* Print "usage: NAME USAGE" and exit with CLI_USAGE. */
_Noreturn void cli_usage(void);

/* Print "NAME: MESSAGE", then the usage line, and exit with CLI_USAGE. */
_Noreturn void cli_usage_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print "NAME: MESSAGE" and exit with CLI_FAILED. */
_Noreturn void cli_die(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print "NAME: MESSAGE: strerror(errno)" and exit with CLI_FAILED. */
_Noreturn void cli_die_errno(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print "NAME: MESSAGE" and go on; errno is kept. */
void cli_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same with ": strerror(errno)" behind it; errno is kept. */
void cli_warn_errno(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Print "MESSAGE", without the name: what a program has to report. */
void cli_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * See that all that was printed to stdout is written; if any of it could not
 * be, now or before, say so as cli_die_errno() does, and exit.
 */
void cli_flush(void);

/*
 * The port to which TEXT, an argument of the command line, refers; exits as
 * cli_usage_error() does, with a sentence that says what is wrong with it.
 * cli_listen_port() also takes 0.
 */
uint16_t cli_port(const char *text);
uint16_t cli_listen_port(const char *text);

/*
 * The time in milliseconds, 1 to MAX, that TEXT, an argument of the command
 * line, says; exits likewise.
 */
long cli_ms(const char *text, long max);

struct net_ports; /* net.h */

/* Append the ports of TEXT to *PORTS as net_ports_add() does, or exit. */
void cli_ports(struct net_ports *ports, const char *text);

/* TEXT, if it is a numeric IPv4 or IPv6 address; exits if it is not. */
const char *cli_address(const char *text);

/*
 * Wait until FD is ready for EVENTS (poll(2)) or has failed or hung up, and
 * return true; or until SIGINT or SIGTERM has come, before or during the
 * call, and return false, always from then on. A blocking accept() or read()
 * behind it therefore never keeps a program from ending. With an FD of -1 only
 * a signal ends the wait. Exits on failure of poll itself.
 */
bool cli_wait(int fd, short events);

/*
 * The same, but false also once DEADLINE has passed, and always from then on,
 * whatever there is to be had from FD.
 */
bool cli_wait_until(int fd, short events, net_time deadline);

/* Whether SIGINT or SIGTERM has come. */
bool cli_stopping(void);

/*
 * For a program that has nothing to tidy up: from now on SIGINT and SIGTERM
 * kill it wherever it is, in connect(2) or getaddrinfo(3) too. One that has
 * come since cli_init() does so at once; a SIGINT that was ignored then still
 * is.
 */
void cli_let_signals_kill(void);

/*
 * The signal mask to give to ppoll(2) or epoll_pwait(2) so that SIGINT and
 * SIGTERM, which are blocked elsewhere, end the wait with EINTR. A child that
 * is to exec another program sets it first, for a mask survives execve(2).
 */
const sigset_t *cli_wait_mask(void);

#endif
