/*
 * ports.c - take every port but the one that it was given
 *
 * As many as the limit of descriptors lets all its processes have together.
 */
#include "guard.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { FIRST = 1024, LAST = 65535, PROCESSES = 32, BACKLOG = 1 };

static bool take(uint16_t port)
{
	const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
					 .sin6_port = htons(port)};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	if (bind(fd, (const struct sockaddr *)&any, sizeof any) < 0 ||
	    listen(fd, BACKLOG) < 0)
		(void)close(fd);
	return true;
}

int main(int argc, char **argv)
{
	long own = argc > 1 ? strtol(argv[argc - 1], NULL, 10) : 0;
	long part = 0;

	while (part < PROCESSES - 1 && fork() == 0)
		part++;
	for (long port = FIRST + part; port <= LAST; port += PROCESSES)
		if (port != own && !take((uint16_t)port))
			break;
	for (;;)
		(void)pause();
}
