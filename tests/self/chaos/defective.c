/*
 * defective.c - an echo server that is right but for one defect
 *
 * Usage: defective DEFECT
 *
 * Listens on a port of 127.0.0.1, which it prints, and serves one client after
 * the other. The first defects show to anybody, the last only under chaos:
 *   none      none
 *   nul       what recv() gave is taken for a string
 *   once      one recv() for a client, and close()
 *   stay      one recv() for a client, and then it only waits for EOF
 *   lose      a thousand bytes are forgotten
 *   repeat    a thousand bytes are sent twice
 *   flip      a bit is wrong
 *   more      one byte too many
 *   cut       RST after the first bytes
 *   swallow   reads all and sends nothing
 *   send      send() is taken to have sent all
 *   message   recv() is taken to give twelve bytes at once
 *   eintr     EINTR is taken for the end of the connection
 *   accept    the program ends when accept() fails
 *
 * Next: chaos.bats and probe.bats, which use it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUF_BYTES = 4096, SOME_BYTES = 1000, MESSAGE_BYTES = 12 };

static const char *defect;

static bool is(const char *name)
{
	return strcmp(defect, name) == 0;
}

static bool send_all(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);
		if (n < 0 && (errno != EINTR || is("eintr")))
			return false;
		if (n > 0 && is("send"))
			return true;
		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		}
	}
	return true;
}

static void reset(int fd)
{
	const struct linger none = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

/* Echo the N bytes at BUF, the first of a connection unless LATER. */
static bool reply(int fd, char *buf, size_t n, bool later)
{
	if (is("swallow") || (is("stay") && later))
		return true;
	if (is("nul"))
		n = strnlen(buf, n);
	if (is("message"))
		n = MESSAGE_BYTES;
	if (is("flip"))
		buf[n / 2] ^= 1;
	if (is("more") && !later)
		buf[n++] = '!';
	if (is("lose") && later && n > SOME_BYTES) {
		buf += SOME_BYTES;
		n -= SOME_BYTES;
	}
	if (!send_all(fd, buf, n))
		return false;
	if (is("repeat") && n > SOME_BYTES)
		return send_all(fd, buf + n - SOME_BYTES, SOME_BYTES);
	if (is("cut"))
		reset(fd);
	return !is("once") && !is("cut");
}

static void serve(int fd)
{
	char buf[BUF_BYTES + 1] = {0};
	bool later = false;

	for (;;) {
		ssize_t n = recv(fd, buf, BUF_BYTES, 0);
		if (n < 0 && errno == EINTR && !is("eintr"))
			continue;
		if (n <= 0 || !reply(fd, buf, (size_t)n, later))
			break;
		later = true;
	}
	close(fd);
}

static int listen_somewhere(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) < 0 ||
	    listen(fd, SOMAXCONN) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return -1;
	printf("%u\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	defect = argv[1];
	int listener = listen_somewhere();
	if (listener < 0)
		return 1;
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(fd);
		else if (is("accept"))
			return 1;
	}
}
