/*
 * jail_link.c - the words that pass between the jail and its keeper
 *
 * A descriptor travels as SCM_RIGHTS, and the sender's pid as
 * SCM_CREDENTIALS, which the kernel translates into the pid namespace of the
 * receiver (unix(7)): so the program's pid is known outside without a search.
 *
 * Next: jail_inside.c and jail_watch.c, the two ends.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jail.h"

/* What is sent. */
struct packet {
	enum jail_word word;
	int value;
};

enum {
	CONTROL_BYTES =
		CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred)),
};

/* Aligned as cmsg(3) wants it. */
union control {
	char bytes[CONTROL_BYTES];
	struct cmsghdr align;
};

void jail_link(int link[2])
{
	const int on = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) < 0 ||
	    setsockopt(link[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		jail_broken("a pair of sockets");
}

int jail_say(int link, enum jail_word word, int value, int fd)
{
	struct packet packet = {.word = word, .value = value};
	struct iovec iov = {.iov_base = &packet, .iov_len = sizeof(packet)};
	union control control = {.bytes = {0}};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		struct cmsghdr *c = &control.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(fd));
	}
	return sendmsg(link, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static void take_control(struct msghdr *msg, struct jail_message *heard)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS)
			memcpy(&heard->fd, CMSG_DATA(c), sizeof(heard->fd));
		if (c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			heard->pid = cred.pid;
		}
	}
}

struct jail_message jail_hear(int link)
{
	struct packet packet = {.word = JAIL_GONE};
	struct iovec iov = {.iov_base = &packet, .iov_len = sizeof(packet)};
	union control control;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.bytes,
			     .msg_controllen = sizeof(control)};
	struct jail_message heard = {.word = JAIL_GONE, .fd = -1};
	ssize_t n;

	do
		n = recvmsg(link, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)sizeof(packet)) {
		heard.word = packet.word;
		heard.value = packet.value;
		take_control(&msg, &heard);
	}
	return heard;
}
