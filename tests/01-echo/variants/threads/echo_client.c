/*
 * echo_client.c - one thread sends, the other receives
 *
 * Usage: echo_client HOST PORT
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

static atomic_ullong sent;
static atomic_bool input_ended;
static int server = -1;

/* Every byte of BUF to FD, by as many calls as it takes. */
static bool put(int fd, const char *buf, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, (size_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		buf += n;
		len -= n;
	}
	return true;
}

static ssize_t get(int fd, char *buf, size_t len)
{
	ssize_t n;

	do {
		n = read(fd, buf, len);
	} while (n < 0 && errno == EINTR);
	return n;
}

static void *sender(void *unused)
{
	static char buf[65536];
	ssize_t n;

	while ((n = get(STDIN_FILENO, buf, sizeof buf)) > 0) {
		atomic_fetch_add(&sent, (unsigned long long)n);
		/* If it fails the receiver hears why. */
		if (!put(server, buf, n))
			return unused;
	}
	if (n < 0)
		cli_die_errno("standard input");
	/* First the note, then FIN: the answer to FIN may be very quick. */
	atomic_store(&input_ended, true);
	shutdown(server, SHUT_WR);
	return unused;
}

static void find_server(const char *host, const char *port)
{
	struct addrinfo *list, *ai;
	char text[2][NET_ENDPOINT_LEN];
	struct net_tuple tuple;
	int code = net_resolve(host, port, AF_UNSPEC, &list);

	if (code)
		cli_die("%s: %s", host, gai_strerror(code));
	for (ai = list; ai && server < 0; ai = ai->ai_next) {
		tuple.remote = net_endpoint_of(ai);
		net_endpoint_format(&tuple.remote, text[1], sizeof text[1]);
		server = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC,
				0);
		if (server >= 0 &&
		    connect(server, ai->ai_addr, ai->ai_addrlen) == 0)
			break;
		cli_warn_errno("%s", text[1]);
		if (server >= 0)
			close(server);
		server = -1;
	}
	freeaddrinfo(list);
	if (server < 0)
		cli_die("cannot connect");
	if (net_tuple_of(server, &tuple) < 0)
		cli_die_errno("%s", text[1]);
	net_endpoint_format(&tuple.local, text[0], sizeof text[0]);
	cli_log("connected %s -> %s", text[0], text[1]);
}

int main(int argc, char **argv)
{
	static char buf[65536];
	unsigned long long received = 0;
	pthread_t thread;
	ssize_t n;

	cli_init(argv[0], "HOST PORT");
	if (argc != 3)
		cli_usage();
	cli_port(argv[2]);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, cli_wait_mask(), NULL);
	find_server(argv[1], argv[2]);
	errno = pthread_create(&thread, NULL, sender, NULL);
	if (errno != 0)
		cli_die_errno("thread");
	pthread_detach(thread);

	while ((n = get(server, buf, sizeof buf)) > 0) {
		received += (unsigned long long)n;
		if (!put(STDOUT_FILENO, buf, n))
			cli_die_errno("standard output");
	}
	if (n < 0)
		cli_die_errno("receiving");
	if (!atomic_load(&input_ended))
		cli_die("the server has closed, and there is more to send");
	if (received < atomic_load(&sent))
		cli_die("not all came back");
	return 0;
}
