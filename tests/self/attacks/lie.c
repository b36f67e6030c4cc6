/*
 * lie.c - make the screen say that all has passed
 *
 * By control sequences, by lines that look like the report's and like the
 * files that it is made from, by bytes that are no text; on stderr, and to
 * whoever connects, for the ladder shows that, too.
 */
#include "guard.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BACKLOG = 16 };

static const char lie[] = "\033[2J\033[H\033[8m\033]0;all passed\a\r\233"
			  "2J\302\233"
			  "2J\b\b\b"
			  "\342\200\256dessap lla\342\200\254\n"
			  "\0all passed\0\377\376\300\200\n"
			  "why: all passed\n"
			  "ok 3 listens: all passed\n"
			  "36 of 36 points\n"
			  "all passed\n";

int main(int argc, char **argv)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)signal(SIGPIPE, SIG_IGN);
	(void)write(STDERR_FILENO, lie, sizeof(lie) - 1);
	(void)write(STDOUT_FILENO, lie, sizeof(lie) - 1);
	any.sin_port = htons((uint16_t)strtol(argv[argc - 1], NULL, 10));
	if (bind(listener, (const struct sockaddr *)&any, sizeof any) < 0 ||
	    listen(listener, BACKLOG) < 0)
		return 0;
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		(void)write(client, lie, sizeof(lie) - 1);
		(void)close(client);
	}
}
