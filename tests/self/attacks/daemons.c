/*
 * daemons.c - three daemons that echo, and a program that has ended
 *
 * Left alone they would hold the port, and serve the next submission's client.
 * They listen when the program has ended, so that only who asks whether it
 * still runs can tell that this is no server.
 */
#include "guard.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { DAEMONS = 3, BACKLOG = 16 };

static _Noreturn void serve(uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
					 .sin6_port = htons(port)};
	const int on = 1;
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[GUARD_LINE_BYTES];

	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
	(void)bind(listener, (const struct sockaddr *)&any, sizeof any);
	(void)listen(listener, BACKLOG);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		for (ssize_t n; (n = read(client, text, sizeof text)) > 0;)
			if (write(client, text, (size_t)n) < 0)
				break;
		(void)close(client);
	}
}

int main(int argc, char **argv)
{
	const char *port = argc > 1 ? argv[argc - 1] : "0";
	int lives[2];
	char byte;

	if (pipe2(lives, O_CLOEXEC) < 0)
		return 1;
	(void)signal(SIGHUP, SIG_IGN);
	for (int n = 0; n < DAEMONS; n++) {
		if (fork() != 0)
			continue;
		(void)setsid();
		(void)close(lives[1]);
		/* EOF when the last that could write has ended. */
		if (fork() == 0 && read(lives[0], &byte, 1) == 0)
			serve((uint16_t)strtol(port, NULL, 10));
		_exit(0);
	}
	/* Nobody but the daemons is left behind. */
	while (wait(NULL) > 0)
		;
	return 0;
}
