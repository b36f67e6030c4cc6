/*
 * trickle.c - echo, but ten bytes a second
 *
 * Each byte comes before whoever waits for the next one gives up.
 */
#include "guard.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { BACKLOG = 16, PAUSE_NS = 100 * 1000 * 1000 };

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct sockaddr_in any = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	(void)signal(SIGPIPE, SIG_IGN);
	any.sin_port = htons((uint16_t)strtol(argv[argc - 1], NULL, 10));
	if (bind(listener, (const struct sockaddr *)&any, sizeof any) < 0 ||
	    listen(listener, BACKLOG) < 0)
		return 0;
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		while (read(client, &byte, 1) == 1) {
			(void)nanosleep(&pause, NULL);
			if (write(client, &byte, 1) < 0)
				break;
		}
		(void)close(client);
	}
}
