/*
 * connect_out.c - find somebody outside who listens
 *
 * The test listens on FOREIGN_PORT of the machine's loopback, and on the
 * socket FOREIGN_SOCKET, and tells nobody else.
 */
#include "guard.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef FOREIGN_PORT
#define FOREIGN_PORT 0
#endif
#ifndef FOREIGN_SOCKET
#define FOREIGN_SOCKET "/nonexistent"
#endif

/* ABSTRACT: by its name in the network's own space (unix(7)). */
static void connect_unix(bool abstract)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	socklen_t len = offsetof(struct sockaddr_un, sun_path) +
			sizeof(FOREIGN_SOCKET) - (abstract ? 0 : 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sun.sun_path + abstract, sizeof(sun.sun_path) - abstract,
		       "%s", FOREIGN_SOCKET);
	if (connect(fd, (struct sockaddr *)&sun, len) == 0)
		guard_say("reached a socket of the machine\n");
}

int main(void)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(FOREIGN_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		guard_say("reached the machine's loopback\n");
	connect_unix(false);
	connect_unix(true);
	return 0;
}
