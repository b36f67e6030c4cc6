/*
 * await_diag.c - the listeners of this host, asked of the kernel by
 * sock_diag(7)
 *
 * /proc/net/tcp shows them too, but the kernel looks through the table of all
 * connections for it, 6 ms for an empty one. Asked for listeners alone it reads
 * their short table.
 *
 * Next: await.c, which falls back on /proc/net/tcp.
 */
#include "await_diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	ANSWER_BYTES = 32768,
	/* include/net/tcp_states.h: a bit for each state */
	LISTEN_STATES = 1 << 10,
};

struct request {
	struct nlmsghdr head;
	struct inet_diag_req_v2 diag;
};

static int ask(int fd, int family)
{
	const struct request request = {
		.head =
			{
				.nlmsg_len = sizeof(request),
				.nlmsg_type = SOCK_DIAG_BY_FAMILY,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			},
		.diag =
			{
				.sdiag_family = (uint8_t)family,
				.sdiag_protocol = IPPROTO_TCP,
				.idiag_states = LISTEN_STATES,
			},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -1 : 0;
}

static struct net_endpoint local_of(const struct inet_diag_msg *msg)
{
	struct net_endpoint ep = {.addr.ss_family = msg->idiag_family};
	struct sockaddr_in *in = (struct sockaddr_in *)&ep.addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ep.addr;

	if (msg->idiag_family == AF_INET6) {
		ep.len = sizeof(*in6);
		in6->sin6_port = msg->id.idiag_sport;
		memcpy(&in6->sin6_addr, msg->id.idiag_src,
		       sizeof(in6->sin6_addr));
	} else {
		ep.len = sizeof(*in);
		in->sin_port = msg->id.idiag_sport;
		memcpy(&in->sin_addr, msg->id.idiag_src, sizeof(in->sin_addr));
	}
	return ep;
}

/* By an attribute behind MSG, LEN bytes with it: sock_diag(7), rtnetlink(7) */
static bool is_v6only(struct inet_diag_msg *msg, size_t len)
{
	struct rtattr *attr = (void *)(msg + 1);

	for (len -= sizeof(*msg); RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
		if (attr->rta_type == INET_DIAG_SKV6ONLY)
			return *(uint8_t *)RTA_DATA(attr) != 0;
	return false;
}

static int add(struct listeners *all, struct nlmsghdr *head)
{
	struct inet_diag_msg *msg = NLMSG_DATA(head);
	struct listener *more =
		reallocarray(all->list, all->count + 1, sizeof(*more));

	if (more == NULL)
		return -1;
	all->list = more;
	all->list[all->count++] = (struct listener){
		.local = local_of(msg),
		.v6only = is_v6only(msg, NLMSG_PAYLOAD(head, 0)),
	};
	return 0;
}

/* One datagram of the answer: 1 when more follow, 0 after the last, -1. */
static int take(char *buf, size_t len, struct listeners *all)
{
	struct nlmsghdr *head = (void *)buf;

	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		const struct nlmsgerr *error = NLMSG_DATA(head);

		if (head->nlmsg_type == NLMSG_DONE)
			return 0;
		if (head->nlmsg_type == NLMSG_ERROR) {
			errno = -error->error;
			return -1;
		}
		if (add(all, head) < 0)
			return -1;
	}
	return 1;
}

static int receive(int fd, struct listeners *all)
{
	char buf[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int more = 1;

	while (more > 0) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		more = take(buf, (size_t)n, all);
	}
	return more;
}

int diag_listeners(int family, struct listeners *all)
{
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_SOCK_DIAG);
	int result = -1;

	*all = (struct listeners){0};
	if (fd < 0)
		return -1;
	if (ask(fd, family) == 0)
		result = receive(fd, all);
	(void)close(fd);
	if (result < 0)
		free(all->list);
	return result;
}
