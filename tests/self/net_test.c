/*
 * net_test.c - unit tests of common/net.c
 *
 * usage: net_test [NAME]; without NAME it lists the tests. They use loopback
 * and ports that the kernel chooses, nothing else. No upper bound on a time is
 * checked, for the machine may be busy; net.bats ends what hangs.
 *
 * Next: net.bats, which runs them; cli_test.c.
 */
#include "check.h"
#include "net.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
	SHORT_MS = 20,	 /* a deadline that is to pass */
	SILENT_MS = 150, /* the same, where something must not happen before */
	TICK_US = 5000,
	MANY = 100,
	LOTS = 64 << 20, /* bytes; more than any socket buffers */
	BULK = 1 << 20,
	SMALL_BYTES = 16384,
	/* A label of a name has 63 bytes at most (RFC 1035, section 2.3.4). */
	LABEL_BYTES = 64,
};

/* --- What the tests share --- */

static bool has_flag(int fd, int get, int flag)
{
	int flags = fcntl(fd, get);

	CHECK(flags >= 0);
	return (flags & flag) != 0;
}

static bool is_cloexec(int fd)
{
	return has_flag(fd, F_GETFD, FD_CLOEXEC);
}

static bool is_nonblocking(int fd)
{
	return has_flag(fd, F_GETFL, O_NONBLOCK);
}

static struct net_endpoint parsed(const char *text)
{
	struct net_endpoint ep;

	CHECK(net_endpoint_parse(&ep, text) == 0);
	return ep;
}

static uint16_t port_of(int fd)
{
	struct net_endpoint ep;

	CHECK(net_local(fd, &ep) == 0);
	return net_endpoint_port(&ep);
}

/* The endpoint at which LISTENER can be reached at the numeric ADDRESS. */
static struct net_endpoint reach(const char *address, int listener)
{
	struct net_endpoint ep = parsed(address);

	CHECK(net_endpoint_set_port(&ep, port_of(listener)) == 0);
	return ep;
}

static int listen_ipv4(void)
{
	int fd = net_listen("127.0.0.1", 0);

	CHECK(fd >= 0);
	return fd;
}

static int connect_ipv4(int listener)
{
	struct net_endpoint ep = reach("127.0.0.1:1", listener);
	int fd = net_connect(&ep, NET_FOREVER);

	CHECK(fd >= 0);
	return fd;
}

static int accept_from(int listener, struct net_endpoint *peer)
{
	CHECK(net_wait(listener, POLLIN, NET_FOREVER) == 0);

	int fd = net_accept(listener, peer);
	CHECK(fd >= 0);
	return fd;
}

/* Both ends of a TCP connection. */
struct pair {
	int client;
	int server;
};

static struct pair make_pair(void)
{
	struct pair pair;
	int listener = listen_ipv4();

	pair.client = connect_ipv4(listener);
	pair.server = accept_from(listener, NULL);
	close(listener);
	return pair;
}

static void close_pair(struct pair pair)
{
	close(pair.client);
	close(pair.server);
}

static void send_text(int fd, const char *text)
{
	ssize_t len = (ssize_t)strlen(text);

	CHECK(net_write_full(fd, text, (size_t)len, NET_FOREVER, NULL) == len);
}

/* Close FD so that its peer gets a RST: SO_LINGER in socket(7). */
static void reset(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) ==
	      0);
	close(fd);
}

static bool has_ipv6(void)
{
	int fd = net_listen("::1", 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* --- What the tests take away from themselves --- */

/* No descriptor more; the limit that was, for give_descriptors(). */
static struct rlimit take_descriptors(void)
{
	struct rlimit old;
	int lowest_free = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

	CHECK(lowest_free >= 0);
	close(lowest_free);
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);

	struct rlimit none = old;
	none.rlim_cur = (rlim_t)lowest_free;
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	return old;
}

static void give_descriptors(struct rlimit old)
{
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
}

static void set_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		check_skip("sysctls of a network namespace are read-only here");
	CHECK(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

/* Into a network of our own, in which there is nothing but loopback. */
static void enter_private_network(void)
{
	struct ifreq request = {.ifr_flags = IFF_UP};

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		check_skip("user and network namespaces are refused here");
	/* New capabilities hide /proc/self from ourselves: prctl(2). */
	CHECK(prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L) == 0);

	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(fd >= 0);
	memcpy(request.ifr_name, "lo", sizeof("lo"));
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		check_skip("a user namespace gives no capabilities here");
	close(fd);
}

/* From now on CALL fails with ERR; only with FIRST as first argument. */
static void deny(unsigned int call, unsigned int first, unsigned int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, first, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = COUNT(code), .filter = code};

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0);
	if (prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program) < 0)
		check_skip("seccomp filters are refused here");
}

static volatile sig_atomic_t ticks;

static void on_tick(int signal_number)
{
	(void)signal_number;
	ticks = ticks + 1;
}

/* Signals that interrupt system calls, many a second, or none. */
static void tick(bool on)
{
	struct sigaction action = {.sa_handler = on_tick}; /* no SA_RESTART */
	struct itimerval timer = {0};

	if (on)
		timer.it_interval.tv_usec = TICK_US;
	timer.it_value = timer.it_interval;
	ticks = 0;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

/* --- Deadlines --- */

static void test_deadline(void)
{
	net_time start = net_now();

	CHECK(start > 0);
	CHECK(net_now() >= start);
	CHECK(net_deadline(-1) == NET_FOREVER);
	CHECK(net_deadline(INT64_MAX) == NET_FOREVER);
	CHECK(net_deadline(1) >= start + 1000000);
	CHECK(net_deadline(1000) - net_deadline(0) <= 1000 * INT64_C(1000000));
	CHECK(net_ms_left(NET_FOREVER) == -1);
	CHECK(net_ms_left(NET_FOREVER - 1) == INT_MAX);
	CHECK(net_ms_left(start) == 0);
	CHECK(net_ms_left(INT64_MIN) == 0);

	int left = net_ms_left(net_deadline(3600000));
	CHECK(left > 0 && left <= 3600000);
}

static void test_wait(void)
{
	struct pair pair = make_pair();
	net_time deadline = net_deadline(SHORT_MS);

	CHECK_ERRNO(net_wait(pair.client, POLLIN, deadline), ETIMEDOUT);
	CHECK(net_now() >= deadline);
	/* A deadline that has passed still looks once. */
	CHECK_ERRNO(net_wait(pair.client, POLLIN, deadline), ETIMEDOUT);
	CHECK(net_wait(pair.client, POLLOUT, deadline) == 0);

	send_text(pair.server, "x");
	CHECK(net_wait(pair.client, POLLIN, NET_FOREVER) == 0);
	CHECK(net_wait(pair.client, POLLIN, 0) == 0);

	reset(pair.server);
	CHECK(net_wait(pair.client, POLLPRI, NET_FOREVER) == 0);
	close(pair.client);
	CHECK_ERRNO(net_wait(pair.client, POLLIN, NET_FOREVER), EBADF);
	CHECK_ERRNO(net_wait(-1, POLLIN, NET_FOREVER), EBADF);
}

static void test_wait_interrupted(void)
{
	struct pair pair = make_pair();
	net_time deadline = net_deadline(SILENT_MS);

	tick(true);
	CHECK_ERRNO(net_wait(pair.client, POLLIN, deadline), ETIMEDOUT);
	CHECK(ticks > 0);
	tick(false);
	CHECK(net_now() >= deadline);
	close_pair(pair);
}

/* --- Endpoints --- */

static void test_endpoint_parse(void)
{
	static const char *const good[] = {
		"203.0.113.20:80",
		"0.0.0.0:1",
		"255.255.255.255:65535",
		"[2001:db8::1]:80",
		"[::]:1",
		"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
		"[fe80::1%lo]:80",
	};
	static const char *const bad[] = {
		"",
		":",
		":80",
		"203.0.113.20",
		"203.0.113.20:",
		"203.0.113.20:0",
		"203.0.113.20:x",
		"203.0.113.20:+8",
		"203.0.113.20: 8",
		"203.0.113.20:-1",
		"203.0.113.20:8x",
		"203.0.113.20:65536",
		"203.0.113:80",
		"203.0.113.256:80",
		" 203.0.113.20:80",
		"[203.0.113.20]:80",
		"2001:db8::1:80",
		"[2001:db8::1]",
		"[2001:db8::1:80",
		"2001:db8::1]:80",
		"[2001:db8::1]80",
		"[]:80",
		"[:80",
		"[2001:db8::g]:80",
		"localhost:80",
		"[localhost]:80",
		"127.1:80",
		"[fe80::1%no-such-interface]:80",
	};
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN];

	for (size_t i = 0; i < COUNT(good); i++) {
		ep = parsed(good[i]);
		net_endpoint_format(&ep, text, sizeof(text));
		CHECK(strcmp(text, good[i]) == 0);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_ERRNO(net_endpoint_parse(&ep, bad[i]), EINVAL);

	char endless[NET_LINE_BYTES];
	memset(endless, '1', sizeof(endless));
	memcpy(endless + sizeof(endless) - sizeof(":80"), ":80", sizeof(":80"));
	CHECK_ERRNO(net_endpoint_parse(&ep, endless), EINVAL);
}

static void test_endpoint_make(void)
{
	static const char *const bad[] = {
		"",
		"127.1",
		"203.0.113",
		"203.0.113.20:80",
		"[::1]",
		"::g",
		"localhost",
		" ::1",
		"fe80::1%no-such-interface",
	};
	struct net_endpoint ep, same = parsed("[2001:db8::1]:80");
	char text[NET_ENDPOINT_LEN];

	CHECK(net_endpoint_make(&ep, "2001:db8::1", 80) == 0);
	CHECK(net_endpoint_equal(&ep, &same));
	CHECK(net_endpoint_make(&ep, "203.0.113.20", 0) == 0);
	net_endpoint_format(&ep, text, sizeof(text));
	CHECK(strcmp(text, "203.0.113.20:0") == 0);
	CHECK(net_endpoint_make(&ep, "fe80::1%lo", 65535) == 0);
	net_endpoint_format(&ep, text, sizeof(text));
	CHECK(strcmp(text, "[fe80::1%lo]:65535") == 0);
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK_ERRNO(net_endpoint_make(&ep, bad[i], 80), EINVAL);
}

static void test_endpoint_format(void)
{
	struct net_endpoint ep = parsed("[::ffff:203.0.113.20]:80");
	struct net_endpoint none = {.len = sizeof(none.addr)};
	char text[NET_ENDPOINT_LEN];

	CHECK(net_endpoint_format(&ep, text, sizeof(text)) == text);
	CHECK(strcmp(text, "203.0.113.20:80") == 0);
	net_endpoint_format(&none, text, sizeof(text));
	CHECK(strcmp(text, "?") == 0);

	/* Cut, ended by NUL, and not a byte further. */
	memset(text, '#', sizeof(text));
	net_endpoint_format(&ep, text, 5);
	CHECK(memcmp(text, "203.\0#", 6) == 0);
	net_endpoint_format(&ep, text, 1);
	CHECK(memcmp(text,
		     "\0"
		     "03.",
		     4) == 0);
	net_endpoint_format(&ep, text, 0);
	CHECK(memcmp(text,
		     "\0"
		     "03.",
		     4) == 0);
}

static void test_endpoint_equal(void)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{"203.0.113.20:80", "203.0.113.20:80", true},
		{"203.0.113.20:80", "203.0.113.20:81", false},
		{"203.0.113.20:80", "203.0.113.21:80", false},
		{"203.0.113.20:80", "[::ffff:203.0.113.20]:80", true},
		{"203.0.113.20:80", "[::ffff:203.0.113.20]:81", false},
		{"203.0.113.20:80", "[2001:db8::1]:80", false},
		{"0.0.0.0:80", "[::]:80", false},
		{"[2001:db8::1]:80", "[2001:0db8:0::1]:80", true},
		{"[2001:db8::1]:80", "[2001:db8::2]:80", false},
		{"[fe80::1%1]:80", "[fe80::1%2]:80", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct net_endpoint a = parsed(cases[i].a);
		struct net_endpoint b = parsed(cases[i].b);

		CHECK(net_endpoint_equal(&a, &b) == cases[i].equal);
		CHECK(net_endpoint_equal(&b, &a) == cases[i].equal);
	}

	struct net_endpoint none = {0};
	CHECK(!net_endpoint_equal(&none, &none));
}

static void test_endpoint_port(void)
{
	struct net_endpoint ipv4 = parsed("203.0.113.20:80");
	struct net_endpoint ipv6 = parsed("[2001:db8::1]:443");
	struct net_endpoint none = {0};

	CHECK(net_endpoint_port(&ipv4) == 80);
	CHECK(net_endpoint_port(&ipv6) == 443);
	CHECK(net_endpoint_port(&none) == 0);
	CHECK(net_endpoint_set_port(&ipv4, 65535) == 0);
	CHECK(net_endpoint_set_port(&ipv6, 0) == 0);
	CHECK(net_endpoint_port(&ipv4) == 65535);
	CHECK(net_endpoint_port(&ipv6) == 0);
	CHECK_ERRNO(net_endpoint_set_port(&none, 80), EAFNOSUPPORT);
}

static void test_tuple(void)
{
	struct pair pair = make_pair();
	struct net_tuple client, server;
	struct net_endpoint ep;

	CHECK(net_tuple_of(pair.client, &client) == 0);
	CHECK(net_tuple_of(pair.server, &server) == 0);
	CHECK(net_endpoint_equal(&client.local, &server.remote));
	CHECK(net_endpoint_equal(&client.remote, &server.local));
	CHECK(!net_endpoint_equal(&client.local, &client.remote));
	close_pair(pair);

	int listener = listen_ipv4();
	CHECK_ERRNO(net_tuple_of(listener, &client), ENOTCONN);
	CHECK_ERRNO(net_peer(listener, &ep), ENOTCONN);
	close(listener);
	CHECK_ERRNO(net_local(listener, &ep), EBADF);
	CHECK_ERRNO(net_tuple_of(listener, &client), EBADF);
}

/* --- Ports and services --- */

static void test_port_parse(void)
{
	static const char *const not_numbers[] = {
		"",    " ",    "-0",  "-1",   " 80",  "80 ",	 "80x",	 "x80",
		"+80", "0x50", "8 0", "80.0", "80\n", "999999x", "http",
	};
	static const char *const outside[] = {
		"65536",
		"70000",
		"180800",
		"4294967376", /* 2 to the 32nd, and 80 */
		"99999999999999999999999999999999",
	};

	CHECK(net_port_parse("1") == 1);
	CHECK(net_port_parse("80") == 80);
	CHECK(net_port_parse("0080") == 80);
	CHECK(net_port_parse("65535") == 65535);
	CHECK_ERRNO(net_port_parse("0"), ERANGE);
	CHECK(net_listen_port_parse("0") == 0);
	CHECK(net_listen_port_parse("65535") == 65535);
	for (size_t i = 0; i < COUNT(not_numbers); i++) {
		CHECK_ERRNO(net_port_parse(not_numbers[i]), EINVAL);
		CHECK_ERRNO(net_listen_port_parse(not_numbers[i]), EINVAL);
	}
	for (size_t i = 0; i < COUNT(outside); i++) {
		CHECK_ERRNO(net_port_parse(outside[i]), ERANGE);
		CHECK_ERRNO(net_listen_port_parse(outside[i]), ERANGE);
	}
}

static void check_ports(const char *text, const uint16_t *expected,
			size_t count)
{
	struct net_ports ports;

	CHECK(net_ports_parse(&ports, text) == 0);
	CHECK(ports.count == count);
	CHECK(memcmp(ports.port, expected, count * sizeof(*expected)) == 0);
	net_ports_free(&ports);
	CHECK(ports.port == NULL && ports.count == 0);
	net_ports_free(&ports);
}

static void test_ports_parse(void)
{
	struct net_ports ports;

	check_ports("80", (uint16_t[]){80}, 1);
	check_ports("443,80", (uint16_t[]){443, 80}, 2);
	check_ports("9000-9002", (uint16_t[]){9000, 9001, 9002}, 3);
	check_ports("7-7", (uint16_t[]){7}, 1);
	check_ports("65534-65535,1", (uint16_t[]){65534, 65535, 1}, 3);
	/* Each once, where it came first. */
	check_ports("3,1-4,3", (uint16_t[]){3, 1, 2, 4}, 4);

	CHECK(net_ports_parse(&ports, "1-65535,1-65535") == 0);
	CHECK(ports.count == NET_PORT_MAX);
	for (size_t i = 0; i < ports.count; i++)
		CHECK(ports.port[i] == i + 1);
	net_ports_free(&ports);
}

static void test_ports_add(void)
{
	const uint16_t expected[] = {80, 9001, 9000, 9002};
	struct net_ports ports = {0};

	CHECK(net_ports_add(&ports, "80") == 0);
	CHECK(net_ports_add(&ports, "9001") == 0);
	CHECK(net_ports_add(&ports, "80,9000-9002") == 0);
	CHECK_ERRNO(net_ports_add(&ports, "7,9000-"), EINVAL);
	CHECK_ERRNO(net_ports_add(&ports, "0"), ERANGE);
	CHECK_ERRNO(net_ports_add(&ports, "no-such-service"), ENOENT);
	CHECK(ports.count == COUNT(expected));
	CHECK(memcmp(ports.port, expected, sizeof expected) == 0);
	net_ports_free(&ports);
}

static void test_ports_parse_refused(void)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{"", EINVAL},
		{",", EINVAL},
		{"80,", EINVAL},
		{",80", EINVAL},
		{"80,,81", EINVAL},
		{"-0", EINVAL},
		{" 80", EINVAL},
		{"80 ", EINVAL},
		{"80, 81", EINVAL},
		{"80x", EINVAL},
		{"+80", EINVAL},
		{"80-", EINVAL},
		{"-80", EINVAL},
		{"90-80", EINVAL},
		{"-", EINVAL},
		{"80-90-99", EINVAL},
		{"80--90", EINVAL},
		{"80-http", EINVAL},
		{"0", ERANGE},
		{"0-5", ERANGE},
		{"70000", ERANGE},
		{"1-65536", ERANGE},
		{"80,65536", ERANGE},
		{"no-such-service", ENOENT},
		{"80,no-such-service", ENOENT},
	};
	char endless[NET_LINE_BYTES] = {0};
	struct net_ports ports;

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_ERRNO(net_ports_parse(&ports, cases[i].text),
			    cases[i].err);
		CHECK(ports.port == NULL && ports.count == 0);
	}
	memset(endless, '0', sizeof(endless) - 1);
	CHECK_ERRNO(net_ports_parse(&ports, endless), EINVAL);
}

static void test_service(void)
{
	char name[NET_SERVICE_LEN];

	if (access("/etc/services", R_OK) != 0)
		check_skip("/etc/services is not there (package netbase)");
	CHECK(net_service_port("http") == 80);
	CHECK(net_service_port("http-alt") == 8080);
	CHECK_ERRNO(net_service_port("no-such-service"), ENOENT);
	CHECK_ERRNO(net_service_port(""), ENOENT);
	CHECK_ERRNO(net_service_port("80"), ENOENT);
	CHECK(net_service_name(80, name, sizeof(name)) == name);
	CHECK(strcmp(name, "http") == 0);
	CHECK(net_service_name(80, name, sizeof("http")) == name);
	CHECK(net_service_name(80, name, sizeof("http") - 1) == NULL);
	CHECK(net_service_name(80, name, 0) == NULL);
	CHECK(net_service_name(0, name, sizeof(name)) == NULL);
	check_ports("http-alt,http,80", (uint16_t[]){8080, 80}, 2);
}

/* --- Names --- */

static void test_resolve(void)
{
	struct addrinfo *list;

	CHECK(net_resolve("127.0.0.1", "80", AF_UNSPEC, &list) == 0);
	CHECK(list->ai_next == NULL && list->ai_socktype == SOCK_STREAM);

	struct net_endpoint ep = net_endpoint_of(list);
	struct net_endpoint expected = parsed("127.0.0.1:80");
	CHECK(net_endpoint_equal(&ep, &expected));
	freeaddrinfo(list);

	/* Even if no interface has IPv6: AI_ADDRCONFIG is not asked for. */
	CHECK(net_resolve("::1", "65535", AF_INET6, &list) == 0);
	ep = net_endpoint_of(list);
	expected = parsed("[::1]:65535");
	CHECK(net_endpoint_equal(&ep, &expected));
	freeaddrinfo(list);

	CHECK(net_resolve("localhost", "80", AF_INET, &list) == 0);
	for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		CHECK(ai->ai_family == AF_INET);
	freeaddrinfo(list);
	CHECK(net_resolve("::1", "80", AF_INET, &list) != 0);
	CHECK(list == NULL);
}

static void test_resolve_service(void)
{
	static const char *const bad[] = {
		"",    "0",  "65536", "65617", "4294967376",	  " 80",
		"+80", "-0", "80x",   "80 ",   "no-such-service",
	};
	struct addrinfo *list;

	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK(net_resolve("127.0.0.1", bad[i], AF_UNSPEC, &list) ==
		      EAI_SERVICE);
		CHECK(list == NULL);
	}
	if (access("/etc/services", R_OK) != 0)
		check_skip("/etc/services is not there (package netbase)");
	CHECK(net_resolve("127.0.0.1", "http", AF_UNSPEC, &list) == 0);

	struct net_endpoint ep = net_endpoint_of(list);
	CHECK(net_endpoint_port(&ep) == 80);
	freeaddrinfo(list);
}

static void test_resolver_fails(void)
{
	char name[LABEL_BYTES + sizeof(".invalid")];
	struct addrinfo *list;

	/* No name server is asked for a name that cannot be. */
	memset(name, 'a', LABEL_BYTES);
	memcpy(name + LABEL_BYTES, ".invalid", sizeof(".invalid"));
	CHECK(net_resolve(name, "80", AF_UNSPEC, &list) != 0);
	CHECK(list == NULL);
	CHECK_ERRNO(net_listen(name, 0), EADDRNOTAVAIL);

	/* Here it cannot ask. */
	struct rlimit old = take_descriptors();
	CHECK(net_resolve("portlab.invalid", "80", AF_UNSPEC, &list) != 0);
	CHECK(list == NULL);
	CHECK(net_listen("portlab.invalid", 0) == -1);
	give_descriptors(old);
}

/* --- Listening --- */

static void test_listen(void)
{
	int fd = listen_ipv4();
	int reuse = 0;
	socklen_t len = sizeof(reuse);
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN];

	CHECK(is_cloexec(fd) && is_nonblocking(fd));
	CHECK(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, &len) == 0);
	CHECK(reuse != 0);
	CHECK(net_local(fd, &ep) == 0);
	net_endpoint_format(&ep, text, sizeof(text));
	CHECK(strncmp(text, "127.0.0.1:", strlen("127.0.0.1:")) == 0);

	uint16_t port = net_endpoint_port(&ep);
	CHECK_ERRNO(net_listen("127.0.0.1", port), EADDRINUSE);
	CHECK_ERRNO(net_listen(NULL, port), EADDRINUSE);
	/* Nobody's address: reserved by RFC 1112, section 4. */
	CHECK_ERRNO(net_listen("240.0.0.1", 0), EADDRNOTAVAIL);
	close(fd);

	fd = net_listen("localhost", 0);
	CHECK(fd >= 0 && port_of(fd) != 0);
	close(fd);
}

static void test_listen_unique(void)
{
	int listeners[MANY];

	for (size_t i = 0; i < MANY; i++) {
		listeners[i] = listen_ipv4();
		for (size_t k = 0; k < i; k++)
			CHECK(port_of(listeners[k]) != port_of(listeners[i]));
	}
	for (size_t i = 0; i < MANY; i++)
		close(listeners[i]);
}

/* Started again while connections of the last run are in TIME_WAIT. */
static void test_listen_again(void)
{
	int listener = listen_ipv4();
	uint16_t port = port_of(listener);
	int client = connect_ipv4(listener);
	int server = accept_from(listener, NULL);
	char byte;

	/* Whoever closes first has the TIME_WAIT (RFC 9293, section 3.6). */
	close(listener);
	close(server);
	CHECK(net_read(client, &byte, 1, NET_FOREVER) == 0);
	close(client);

	listener = net_listen("127.0.0.1", port);
	CHECK(listener >= 0);
	close(listener);
}

static void test_listen_dual_stack(void)
{
	static const char *const clients[] = {"127.0.0.1:1", "[::1]:1"};
	struct net_endpoint peer, local;

	if (!has_ipv6())
		check_skip("there is no IPv6 here");

	int listener = net_listen(NULL, 0);
	CHECK(listener >= 0);
	CHECK(net_local(listener, &local) == 0);
	CHECK(local.addr.ss_family == AF_INET6);
	for (size_t i = 0; i < COUNT(clients); i++) {
		struct net_endpoint ep = reach(clients[i], listener);
		char text[NET_ENDPOINT_LEN];
		int client = net_connect(&ep, NET_FOREVER);

		CHECK(client >= 0);

		int server = accept_from(listener, &peer);
		CHECK(net_local(client, &local) == 0);
		CHECK(net_endpoint_equal(&local, &peer));
		net_endpoint_format(&peer, text, sizeof(text));
		CHECK(strncmp(text, clients[i], strlen(clients[i]) - 1) == 0);
		close(server);
		close(client);
	}
	close(listener);
}

/* That LISTENER serves IPv4 clients, and that there is no other way in. */
static void check_ipv4_only(int listener)
{
	int client = connect_ipv4(listener);
	int server = accept_from(listener, NULL);
	struct net_endpoint ep = reach("[::1]:1", listener);

	CHECK(net_connect(&ep, NET_FOREVER) == -1);
	CHECK(net_listen("::1", 0) == -1);
	close(server);
	close(client);
}

/* Linux binds to [::] all the same; the listener then has IPv4 to serve. */
static void test_ipv6_disabled(void)
{
	enter_private_network();
	if (access("/proc/sys/net/ipv6", F_OK) == 0)
		set_sysctl("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");

	int listener = net_listen(NULL, 0);
	CHECK(listener >= 0);
	check_ipv4_only(listener);
	close(listener);
}

static void test_ipv6_absent(void)
{
	struct net_endpoint ep;
	char text[NET_ENDPOINT_LEN];

	deny(SYS_socket, AF_INET6, EAFNOSUPPORT);

	int listener = net_listen(NULL, 0);
	CHECK(listener >= 0);
	CHECK(is_cloexec(listener) && is_nonblocking(listener));
	CHECK(net_local(listener, &ep) == 0);
	net_endpoint_format(&ep, text, sizeof(text));
	CHECK(strncmp(text, "0.0.0.0:", strlen("0.0.0.0:")) == 0);
	check_ipv4_only(listener);
	CHECK_ERRNO(net_listen("::1", 0), EAFNOSUPPORT);
	CHECK_ERRNO(net_listen(NULL, net_endpoint_port(&ep)), EADDRINUSE);
	close(listener);
}

/* --- Accepting --- */

static void test_accept(void)
{
	int listener = listen_ipv4();
	struct net_endpoint peer, local;

	CHECK_ERRNO(net_accept(listener, &peer), EAGAIN);
	CHECK(!net_no_room(EAGAIN));

	int client = connect_ipv4(listener);
	int server = accept_from(listener, &peer);
	CHECK(is_cloexec(server) && !is_nonblocking(server));
	CHECK(net_local(client, &local) == 0);
	CHECK(net_endpoint_equal(&peer, &local));
	CHECK_ERRNO(net_accept(server, NULL), EINVAL);
	close(server);
	close(client);
	close(listener);
	CHECK_ERRNO(net_accept(listener, NULL), EBADF);
}

static void test_accept_after_reset(void)
{
	int listener = listen_ipv4();
	char byte;

	reset(connect_ipv4(listener));

	/* Linux hands out what has been reset; other systems do not. */
	int client = connect_ipv4(listener);
	int first = accept_from(listener, NULL);
	int second = accept_from(listener, NULL);
	CHECK_ERRNO(net_read(first, &byte, 1, NET_FOREVER), ECONNRESET);
	send_text(second, "x");
	CHECK(net_read(client, &byte, 1, NET_FOREVER) == 1 && byte == 'x');
	close(first);
	close(second);
	close(client);
	close(listener);
}

/* What concerns one connection is passed over, but not for ever. */
static void test_accept_bounded(void)
{
	int listener = listen_ipv4();
	int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	CHECK_ERRNO(net_accept(datagrams, NULL), EOPNOTSUPP);
	CHECK(!net_no_room(EOPNOTSUPP));
	deny(SYS_accept4, (unsigned int)listener, ECONNABORTED);
	CHECK_ERRNO(net_accept(listener, NULL), ECONNABORTED);
	close(datagrams);
	close(listener);
}

static void test_descriptors_exhausted(void)
{
	int listener = listen_ipv4();
	struct net_endpoint ep = reach("127.0.0.1:1", listener);
	int client = connect_ipv4(listener);
	struct rlimit old;

	CHECK(net_wait(listener, POLLIN, NET_FOREVER) == 0);
	old = take_descriptors();
	CHECK_ERRNO(net_accept(listener, NULL), EMFILE);
	CHECK_ERRNO(net_connect(&ep, NET_FOREVER), EMFILE);
	CHECK_ERRNO(net_listen("127.0.0.1", 0), EMFILE);
	CHECK_ERRNO(net_listen(NULL, 0), EMFILE);
	give_descriptors(old);
	CHECK(net_no_room(EMFILE) && net_no_room(ENFILE));
	CHECK(net_no_room(ENOBUFS) && net_no_room(ENOMEM));

	/* The connection has waited. */
	int server = accept_from(listener, NULL);
	close(server);
	close(client);
	close(listener);
}

/* --- Connecting --- */

static void test_connect(void)
{
	int listener = listen_ipv4();
	struct net_endpoint ep = reach("127.0.0.1:1", listener);
	struct net_endpoint peer;
	int fd = net_connect(&ep, net_deadline(60000));

	CHECK(fd >= 0);
	CHECK(is_cloexec(fd) && !is_nonblocking(fd));
	CHECK(net_peer(fd, &peer) == 0 && net_endpoint_equal(&peer, &ep));
	close(fd);
	close(listener);

	struct net_endpoint none = {.len = sizeof(none.addr)};
	none.addr.ss_family = AF_MAX;
	CHECK_ERRNO(net_connect(&none, NET_FOREVER), EAFNOSUPPORT);
}

static void test_connect_refused(void)
{
	struct net_endpoint ep = parsed("127.0.0.1:1");
	int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* Bound, but not listening: nobody else gets the port meanwhile. */
	CHECK(net_endpoint_set_port(&ep, 0) == 0);
	CHECK(bind(holder, (struct sockaddr *)&ep.addr, ep.len) == 0);
	ep = reach("127.0.0.1:1", holder);
	CHECK_ERRNO(net_connect(&ep, NET_FOREVER), ECONNREFUSED);
	CHECK_ERRNO(net_connect(&ep, net_deadline(60000)), ECONNREFUSED);
	close(holder);
}

/* With a full accept queue Linux drops the SYN: silence, as by a firewall. */
static void test_connect_timeout(void)
{
	int listener = listen_ipv4();
	struct net_endpoint ep = reach("127.0.0.1:1", listener);
	int waiting[MANY];
	size_t count = 0;
	net_time deadline;

	CHECK(listen(listener, 0) == 0); /* a second call changes the backlog */
	waiting[count++] = connect_ipv4(listener);
	for (;;) {
		CHECK(count < MANY);
		deadline = net_deadline(SILENT_MS);

		int fd = net_connect(&ep, deadline);
		if (fd < 0)
			break;
		waiting[count++] = fd;
	}
	CHECK(errno == ETIMEDOUT);
	CHECK(net_now() >= deadline);

	tick(true);
	deadline = net_deadline(SILENT_MS);
	CHECK_ERRNO(net_connect(&ep, deadline), ETIMEDOUT);
	CHECK(ticks > 0);
	tick(false);
	CHECK(net_now() >= deadline);
	while (count > 0)
		close(waiting[--count]);
	close(listener);
}

static void test_connect_unreachable(void)
{
	struct net_endpoint ep = parsed("203.0.113.20:80");

	enter_private_network();
	CHECK_ERRNO(net_connect(&ep, NET_FOREVER), ENETUNREACH);
}

/* The one source port that there is to choose is the port to connect to. */
static void test_connect_self(void)
{
	struct net_endpoint ep = parsed("127.0.0.1:40000");

	enter_private_network();
	set_sysctl("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000");

	/* That the kernel does what is to be detected: */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(connect(fd, (struct sockaddr *)&ep.addr, ep.len) == 0);
	reset(fd);
	CHECK_ERRNO(net_connect(&ep, NET_FOREVER), ECONNREFUSED);
}

static void test_verdict(void)
{
	static const struct {
		int err;
		enum net_verdict verdict;
		const char *name;
	} cases[] = {
		{0, NET_OPEN, "open"},
		{ECONNREFUSED, NET_REFUSED, "refused"},
		{ETIMEDOUT, NET_TIMEOUT, "timeout"},
		{EHOSTUNREACH, NET_UNREACHABLE, "unreachable"},
		{ENETUNREACH, NET_UNREACHABLE, "unreachable"},
		{EACCES, NET_UNREACHABLE, "unreachable"},
		{ENOPROTOOPT, NET_ERROR, "error"},
		{EADDRNOTAVAIL, NET_ERROR, "error"},
		{EMFILE, NET_ERROR, "error"},
		{ECONNRESET, NET_ERROR, "error"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		enum net_verdict verdict = net_verdict_of(cases[i].err);

		CHECK(verdict == cases[i].verdict);
		CHECK(strcmp(net_verdict_name(verdict), cases[i].name) == 0);
	}
	CHECK(strcmp(net_errno_name(ECONNREFUSED), "ECONNREFUSED") == 0);
	CHECK(strcmp(net_errno_name(-1), "?") == 0);
}

/* --- Reading --- */

static void test_read(void)
{
	struct pair pair = make_pair();
	char buf[8];

	for (int round = 0; round < 2; round++) {
		net_time deadline = net_deadline(SHORT_MS);

		CHECK(net_set_nonblocking(pair.client, round > 0) == 0);
		CHECK_ERRNO(net_read(pair.client, buf, 8, deadline), ETIMEDOUT);
		CHECK(net_now() >= deadline);
		send_text(pair.server, "abc");
		CHECK(net_read(pair.client, buf, 8, NET_FOREVER) == 3);
		CHECK(memcmp(buf, "abc", 3) == 0);
	}
	close(pair.server);
	CHECK(net_read(pair.client, buf, 8, NET_FOREVER) == 0);
	CHECK(net_read(pair.client, buf, 8, NET_FOREVER) == 0);
	close(pair.client);
	CHECK_ERRNO(net_read(pair.client, buf, 8, NET_FOREVER), EBADF);
}

static void test_read_interrupted(void)
{
	struct pair pair = make_pair();
	net_time deadline = net_deadline(SILENT_MS);
	char byte;

	tick(true);
	CHECK_ERRNO(net_read(pair.client, &byte, 1, deadline), ETIMEDOUT);
	CHECK(ticks > 0);
	tick(false);
	CHECK(net_now() >= deadline);
	close_pair(pair);
}

static void test_half_close(void)
{
	struct pair pair = make_pair();
	char buf[8];

	send_text(pair.client, "ask");
	CHECK(shutdown(pair.client, SHUT_WR) == 0);
	CHECK(net_read_full(pair.server, buf, 8, NET_FOREVER) == 3);
	CHECK(errno == 0);
	CHECK(net_read(pair.server, buf, 8, NET_FOREVER) == 0);

	/* The other direction is still open. */
	send_text(pair.server, "answer");
	CHECK(net_read_full(pair.client, buf, 6, NET_FOREVER) == 6);
	CHECK(memcmp(buf, "answer", 6) == 0);
	close_pair(pair);
}

static void test_reset(void)
{
	struct pair pair = make_pair();
	char byte;

	reset(pair.server);
	CHECK_ERRNO(net_read(pair.client, &byte, 1, NET_FOREVER), ECONNRESET);
	close(pair.client);

	/* close() with data that nobody has read resets as well. */
	pair = make_pair();
	send_text(pair.client, "unread");
	CHECK(net_wait(pair.server, POLLIN, NET_FOREVER) == 0);
	close(pair.server);
	CHECK_ERRNO(net_read_full(pair.client, &byte, 1, NET_FOREVER),
		    ECONNRESET);
	close(pair.client);
}

static void test_read_full(void)
{
	struct pair pair = make_pair();
	char buf[8];

	CHECK_ERRNO(net_read_full(pair.client, buf, 8, net_deadline(SHORT_MS)),
		    ETIMEDOUT);
	send_text(pair.server, "abcdef");
	CHECK(net_read_full(pair.client, buf, 4, NET_FOREVER) == 4);
	CHECK(errno == 0 && memcmp(buf, "abcd", 4) == 0);

	/* The rest, and then no more in time: a count, and why it is short. */
	CHECK(net_read_full(pair.client, buf, 8, net_deadline(SILENT_MS)) == 2);
	CHECK(errno == ETIMEDOUT && memcmp(buf, "ef", 2) == 0);

	send_text(pair.server, "gh");
	close(pair.server);
	CHECK(net_read_full(pair.client, buf, 8, NET_FOREVER) == 2);
	CHECK(errno == 0 && memcmp(buf, "gh", 2) == 0);
	errno = EIO;
	CHECK(net_read_full(pair.client, buf, 8, NET_FOREVER) == 0);
	CHECK(errno == 0);
	close(pair.client);
}

/* There is always more to be read, or room, but no time: one piece it is. */
static void test_full_late(void)
{
	char data[2 * PIPE_BUF] = "abcdefgh";
	net_time past = net_now();
	size_t done = 0;
	int ends[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
	CHECK(write(ends[0], data, 4) == 4 && write(ends[0], data, 4) == 4);
	CHECK(net_read_full(ends[1], data, 8, past) == 4);
	CHECK(errno == ETIMEDOUT);
	CHECK(net_read_full(ends[1], data, 4, past) == 4);
	CHECK(errno == 0);
	close(ends[0]);
	close(ends[1]);

	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	CHECK(null >= 0);
	CHECK_ERRNO(net_write_full(null, data, sizeof(data), past, &done),
		    ETIMEDOUT);
	CHECK(done == PIPE_BUF);
	CHECK(net_write_full(null, data, 8, past, NULL) == 8);
	close(null);
}

/* --- Writing --- */

static char pattern(size_t at)
{
	return (char)(at * 31 + at / 251);
}

/* The child: read everything, in pieces of odd sizes, and compare. */
_Noreturn static void read_bulk(int fd)
{
	char buf[4097];
	size_t at = 0;

	for (;;) {
		size_t want = 1 + at % sizeof(buf);
		ssize_t n = net_read(fd, buf, want, NET_FOREVER);

		if (n <= 0)
			_exit(n == 0 && at == BULK ? 0 : 1);
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] != pattern(at++))
				_exit(1);
		}
	}
}

/* One end of a new connection; a child that reads everything has the other. */
static int make_reader(pid_t *child)
{
	struct pair pair = make_pair();
	int small = SMALL_BYTES;

	/* Small, so that one send(2) never takes it all. */
	CHECK(setsockopt(pair.client, SOL_SOCKET, SO_SNDBUF, &small,
			 sizeof(small)) == 0);
	*child = fork();
	CHECK(*child >= 0);
	if (*child == 0) {
		close(pair.client);
		read_bulk(pair.server);
	}
	close(pair.server);
	return pair.client;
}

static void test_write_full(void)
{
	char *data = malloc(BULK);
	size_t done = 0;

	CHECK(data != NULL);
	for (size_t i = 0; i < BULK; i++)
		data[i] = pattern(i);
	for (int round = 0; round < 2; round++) {
		pid_t child;
		int fd = make_reader(&child);
		int status;

		CHECK(net_set_nonblocking(fd, round > 0) == 0);
		tick(true);
		CHECK(net_write_full(fd, data, BULK, NET_FOREVER, &done) ==
		      BULK);
		tick(false);
		CHECK(done == BULK);
		close(fd);
		CHECK(waitpid(child, &status, 0) == child && status == 0);
	}
	free(data);
}

/* A peer that does not read holds nobody up beyond the deadline. */
static void test_write_timeout(void)
{
	char *data = calloc(1, LOTS);

	CHECK(data != NULL);
	for (int round = 0; round < 2; round++) {
		struct pair pair = make_pair();
		net_time deadline = net_deadline(SILENT_MS);
		size_t done = 0;

		CHECK(net_set_nonblocking(pair.client, round > 0) == 0);
		CHECK_ERRNO(net_write_full(pair.client, data, LOTS, deadline,
					   &done),
			    ETIMEDOUT);
		CHECK(net_now() >= deadline);
		CHECK(done > 0 && done < LOTS);
		close_pair(pair);
	}
	free(data);
}

static void test_untaken(void)
{
	struct pair pair = make_pair();
	char *data = calloc(1, LOTS);
	net_time soon = net_deadline(SILENT_MS);
	size_t done = 0;

	CHECK(data != NULL);
	CHECK(net_untaken(pair.client) == 0);
	CHECK_ERRNO(net_write_full(pair.client, data, LOTS, soon, &done),
		    ETIMEDOUT);
	/* What it has taken, nobody has read. */
	int untaken = net_untaken(pair.client);
	CHECK(untaken > 0 && (size_t)untaken < done);
	CHECK(net_read_full(pair.server, data, done, NET_FOREVER) ==
	      (ssize_t)done);
	CHECK(net_untaken(pair.client) < untaken);
	close_pair(pair);
	CHECK_ERRNO(net_untaken(pair.client), EBADF);
	free(data);
}

static void test_write_no_sigpipe(void)
{
	struct pair pair = make_pair();
	size_t done = 1;

	/* Whoever started the tests may have it ignored: here it would kill. */
	CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
	CHECK(shutdown(pair.client, SHUT_WR) == 0);
	CHECK_ERRNO(net_write_full(pair.client, "x", 1, NET_FOREVER, &done),
		    EPIPE);
	CHECK(done == 0);
	close_pair(pair);

	pair = make_pair();
	reset(pair.server);
	CHECK(net_wait(pair.client, POLLIN, NET_FOREVER) == 0);
	CHECK_ERRNO(net_write_full(pair.client, "x", 1, NET_FOREVER, NULL),
		    ECONNRESET);
	CHECK_ERRNO(net_write_full(pair.client, "x", 1, NET_FOREVER, NULL),
		    EPIPE);
	close(pair.client);
	CHECK_ERRNO(net_write_full(pair.client, "x", 1, NET_FOREVER, NULL),
		    EBADF);
}

/* A pipe, blocking as it is, keeps deadlines as well. */
static void test_pipe(void)
{
	char *data = calloc(1, LOTS);
	char buf[8];
	size_t done = 0;
	int ends[2];

	CHECK(data != NULL && pipe2(ends, O_CLOEXEC) == 0);
	CHECK_ERRNO(net_read(ends[0], buf, 8, net_deadline(SHORT_MS)),
		    ETIMEDOUT);
	send_text(ends[1], "abc");
	CHECK(net_read_full(ends[0], buf, 3, NET_FOREVER) == 3);
	CHECK(memcmp(buf, "abc", 3) == 0);
	CHECK_ERRNO(net_write_full(ends[1], data, LOTS, net_deadline(SHORT_MS),
				   &done),
		    ETIMEDOUT);
	CHECK(done > 0 && done < LOTS);
	close(ends[1]);
	CHECK(net_read_full(ends[0], data, LOTS, NET_FOREVER) == (ssize_t)done);
	CHECK(errno == 0);
	CHECK(net_read(ends[0], buf, 8, NET_FOREVER) == 0);
	close(ends[0]);
	free(data);
}

/* --- Lines --- */

/* That the next line of LINES is EXPECTED, of LEN bytes. */
static void check_line(struct net_lines *lines, const char *expected,
		       size_t len)
{
	char line[NET_LINE_BYTES];

	CHECK(net_read_line(lines, line, sizeof(line), NET_FOREVER) ==
	      (ssize_t)len);
	CHECK(memcmp(line, expected, len + 1) == 0);
}

static void test_lines(void)
{
	static const char text[] =
		"one\ntwo\r\n\n\r\nth\rree\r\r\nn\0ul\nlast\n";
	struct pair pair = make_pair();
	struct net_lines lines;
	char line[8];

	net_lines_init(&lines, pair.server);
	CHECK(net_write_full(pair.client, text, sizeof(text) - 1, NET_FOREVER,
			     NULL) == sizeof(text) - 1);
	check_line(&lines, "one", 3);
	check_line(&lines, "two", 3);
	check_line(&lines, "", 0);
	check_line(&lines, "", 0);
	check_line(&lines, "th\rree\r", 7);
	check_line(&lines, "n\0ul", 4);
	check_line(&lines, "last", 4);
	close(pair.client);
	CHECK(net_read_line(&lines, line, 8, NET_FOREVER) == -1 && errno == 0);
	close(pair.server);
}

static void test_lines_split(void)
{
	struct pair pair = make_pair();
	struct net_lines lines;
	char line[8];

	net_lines_init(&lines, pair.server);
	CHECK_ERRNO(net_read_line(&lines, line, 8, net_deadline(SHORT_MS)),
		    ETIMEDOUT);
	send_text(pair.client, "ab");
	CHECK_ERRNO(net_read_line(&lines, line, 8, net_deadline(SHORT_MS)),
		    ETIMEDOUT);
	send_text(pair.client, "cd\r");
	CHECK_ERRNO(net_read_line(&lines, line, 8, net_deadline(SHORT_MS)),
		    ETIMEDOUT);
	send_text(pair.client, "\nef");
	check_line(&lines, "abcd", 4);
	close(pair.client);
	CHECK_ERRNO(net_read_line(&lines, line, 8, NET_FOREVER), EBADMSG);
	CHECK_ERRNO(net_read_line(&lines, line, 8, NET_FOREVER), EBADMSG);
	close(pair.server);
}

static void test_lines_too_long(void)
{
	struct pair pair = make_pair();
	struct net_lines lines;
	char full[NET_LINE_BYTES + 1] = {0};
	char line[8];

	net_lines_init(&lines, pair.server);
	send_text(pair.client, "abc\r\nabcd\r\n");
	CHECK(net_read_line(&lines, line, 4, NET_FOREVER) == 3);
	memset(line, '#', sizeof(line));
	CHECK_ERRNO(net_read_line(&lines, line, 4, NET_FOREVER), EMSGSIZE);
	CHECK(line[0] == '#' && line[4] == '#');
	CHECK_ERRNO(net_read_line(&lines, line, 0, NET_FOREVER), EMSGSIZE);
	check_line(&lines, "abcd", 4);

	/* With its LF as long as the buffer; then one byte longer. */
	memset(full, 'x', NET_LINE_BYTES - 1);
	send_text(pair.client, full);
	send_text(pair.client, "\n");
	check_line(&lines, full, NET_LINE_BYTES - 1);
	full[NET_LINE_BYTES - 1] = 'x';
	send_text(pair.client, full);
	send_text(pair.client, "\n");
	CHECK_ERRNO(net_read_line(&lines, full, sizeof(full), NET_FOREVER),
		    EMSGSIZE);
	CHECK_ERRNO(net_read_line(&lines, full, sizeof(full), NET_FOREVER),
		    EMSGSIZE);
	close_pair(pair);
}

/* More lines than the buffer holds, lying across its end. */
static void test_lines_many(void)
{
	struct pair pair = make_pair();
	struct net_lines lines;

	net_lines_init(&lines, pair.server);
	for (int i = 0; i < 20 * MANY; i++) {
		char text[64];

		snprintf(text, sizeof(text), "line number %d\n", i);
		send_text(pair.client, text);
	}
	for (int i = 0; i < 20 * MANY; i++) {
		char text[64];
		int len = snprintf(text, sizeof(text), "line number %d", i);

		check_line(&lines, text, (size_t)len);
	}
	close_pair(pair);
}

static void test_lines_reset(void)
{
	struct pair pair = make_pair();
	struct net_lines lines;
	char line[8];

	net_lines_init(&lines, pair.client);
	reset(pair.server);
	CHECK_ERRNO(net_read_line(&lines, line, 8, NET_FOREVER), ECONNRESET);
	close(pair.client);
}

/* --- Socket options --- */

static void test_descriptor_limit(void)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 20;
	limit.rlim_max = 40;
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(net_raise_descriptor_limit() == 40);
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	CHECK(limit.rlim_cur == 40);
}

static void test_nonblocking(void)
{
	struct pair pair = make_pair();

	CHECK(net_set_nonblocking(pair.client, true) == 0);
	CHECK(is_nonblocking(pair.client));
	CHECK(net_set_nonblocking(pair.client, false) == 0);
	CHECK(!is_nonblocking(pair.client));
	close_pair(pair);
	CHECK_ERRNO(net_set_nonblocking(pair.client, true), EBADF);
}

static const struct check_test tests[] = {
	{"deadline", test_deadline},
	{"wait", test_wait},
	{"wait-interrupted", test_wait_interrupted},
	{"endpoint-parse", test_endpoint_parse},
	{"endpoint-make", test_endpoint_make},
	{"endpoint-format", test_endpoint_format},
	{"endpoint-equal", test_endpoint_equal},
	{"endpoint-port", test_endpoint_port},
	{"tuple", test_tuple},
	{"port-parse", test_port_parse},
	{"ports-parse", test_ports_parse},
	{"ports-add", test_ports_add},
	{"ports-parse-refused", test_ports_parse_refused},
	{"service", test_service},
	{"resolve", test_resolve},
	{"resolve-service", test_resolve_service},
	{"resolver-fails", test_resolver_fails},
	{"listen", test_listen},
	{"listen-unique", test_listen_unique},
	{"listen-again", test_listen_again},
	{"listen-dual-stack", test_listen_dual_stack},
	{"ipv6-disabled", test_ipv6_disabled},
	{"ipv6-absent", test_ipv6_absent},
	{"accept", test_accept},
	{"accept-after-reset", test_accept_after_reset},
	{"accept-bounded", test_accept_bounded},
	{"descriptors-exhausted", test_descriptors_exhausted},
	{"connect", test_connect},
	{"connect-refused", test_connect_refused},
	{"connect-timeout", test_connect_timeout},
	{"connect-unreachable", test_connect_unreachable},
	{"connect-self", test_connect_self},
	{"verdict", test_verdict},
	{"read", test_read},
	{"read-interrupted", test_read_interrupted},
	{"half-close", test_half_close},
	{"reset", test_reset},
	{"read-full", test_read_full},
	{"full-late", test_full_late},
	{"write-full", test_write_full},
	{"write-timeout", test_write_timeout},
	{"untaken", test_untaken},
	{"write-no-sigpipe", test_write_no_sigpipe},
	{"pipe", test_pipe},
	{"lines", test_lines},
	{"lines-split", test_lines_split},
	{"lines-too-long", test_lines_too_long},
	{"lines-many", test_lines_many},
	{"lines-reset", test_lines_reset},
	{"descriptor-limit", test_descriptor_limit},
	{"nonblocking", test_nonblocking},
};

int main(int argc, char **argv)
{
	return check_main(argc, argv, tests, COUNT(tests));
}
