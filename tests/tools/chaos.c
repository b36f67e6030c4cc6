/*
 * chaos.c - run a program whose system calls on TCP sockets fail now and then
 *
 * Usage: chaos [-s SEED] [-p ODDS] [-f KIND[,KIND...]] [-o FILE] [-l FILE]
 *              COMMAND [ARG]...
 *
 * KIND, of which without -f the first five are injected:
 *   short-read    read, recv, readv take at least 1 byte, but not all there is
 *   short-write   write, send, writev take at least 1 byte, but not all
 *   eintr         the above, accept, poll, select and epoll_wait: EINTR
 *   econnaborted  accept: ECONNABORTED; the client stays in the backlog
 *   emfile        accept: EMFILE; likewise
 *   socket        socket() for TCP: EMFILE, of which most programs rightly end
 *   listen        listen() for TCP: EADDRINUSE, as if another program that was
 *                 bound to the same port had been quicker; likewise
 *   clock         whoever asks for the time of day finds that it has been set,
 *                 to an hour later, since he last asked: each time
 *
 * One call in ODDS (4; 1: each) fails, on average. Calls are counted for
 * each family (receive, send, accept, wait, socket, listen, clock) of which a
 * KIND is, and only those that have something to be had: bytes or EOF to read,
 * room to write, a client. So which calls fail depends on SEED (0) alone, not
 * on time: the same conversation meets the same faults. A fault that a call
 * cannot have, as a short read where there is one byte, is kept for the next.
 *
 * At the end FILE of -o (stderr) gets one line of JSON: the seed, how many
 * calls were counted and how many faults of each kind were injected. FILE of
 * -l gets a line for each fault as it happens: "receive 3 short-read 5/12" is
 * the third call counted of its family. Both are open before COMMAND starts,
 * which inherits only stdin, stdout and stderr.
 *
 * Status: that of COMMAND, or death by the same signal. 125: chaos itself
 * failed, 126: COMMAND cannot be run, 127: it cannot be found. SIGTERM,
 * SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to COMMAND.
 *
 * How: a seccomp filter hands those calls to this process (seccomp_unotify(2))
 * which lets them go on, answers with an error, or does them itself on a copy
 * of the descriptor (pidfd_getfd(2)) with fewer bytes. An LD_PRELOAD library
 * would cost less, but a static program, Go and whoever calls the kernel
 * himself would not notice it, it quarrels with ASan over who comes first, and
 * its counts would be kept in the memory of the program that is being judged.
 * ptrace(2) would end LeakSanitizer, which traces itself; for clock alone
 * COMMAND is traced until it has been loaded, and the vDSO hidden from it, with
 * which it would read the clock without a system call.
 *
 * Limits: Linux 5.11, and the right to ptrace one's own children (in Docker:
 * --cap-add SYS_PTRACE). Left alone: sendmsg, recvmsg, sendfile, splice,
 * io_uring, 32-bit calls, sockets that are not TCP, recv() with flags or an
 * address to be filled in. COMMAND gains no privileges by setuid. What it
 * leaves running gets ENOSYS from those calls once chaos has ended.
 *
 * Next: probe.c, the other way to be nasty.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "net.h"

enum {
	STATUS_BROKEN = 125,
	STATUS_NO_EXEC = 126,
	STATUS_NOT_FOUND = 127,
	ODDS = 4,
	ODDS_MAX = 1000000,
	CHUNK_BYTES = 64 * 1024,
	HELD_CALLS = 64,
	FILTER_WORDS = 64,
	HOUR_S = 3600,
};

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#endif

/* --- What can go wrong --- */

enum kind {
	SHORT_READ,
	SHORT_WRITE,
	INTERRUPTED,
	ABORTED,
	NO_DESCRIPTOR,
	NO_SOCKET,
	LATE_LISTEN,
	CLOCK_SET,
	KINDS,
};

static const char *const kind_name[KINDS] = {
	"short-read", "short-write", "eintr",  "econnaborted",
	"emfile",     "socket",	     "listen", "clock",
};

/* The errno value; 0 for those that are a matter of counts. */
static const int kind_error[KINDS] = {
	0, 0, EINTR, ECONNABORTED, EMFILE, EMFILE, EADDRINUSE, 0,
};

enum family { RECEIVE, SEND, ACCEPT, WAIT, SOCKET, LISTEN, CLOCK, FAMILIES };

static const char *const family_name[FAMILIES] = {
	"receive", "send", "accept", "wait", "socket", "listen", "clock",
};

static const unsigned family_kinds[FAMILIES] = {
	1U << SHORT_READ | 1U << INTERRUPTED,
	1U << SHORT_WRITE | 1U << INTERRUPTED,
	1U << INTERRUPTED | 1U << ABORTED | 1U << NO_DESCRIPTOR,
	1U << INTERRUPTED,
	1U << NO_SOCKET,
	1U << LATE_LISTEN,
	1U << CLOCK_SET,
};

/* Where a call has its buffer and its length. */
enum shape { PLAIN, VECTOR, FLAGS, OTHER };

static const struct watched {
	int number;
	enum family family;
	enum shape shape;
} watched[] = {
	{SYS_read, RECEIVE, PLAIN},	  {SYS_readv, RECEIVE, VECTOR},
	{SYS_recvfrom, RECEIVE, FLAGS},	  {SYS_write, SEND, PLAIN},
	{SYS_writev, SEND, VECTOR},	  {SYS_sendto, SEND, FLAGS},
	{SYS_accept, ACCEPT, OTHER},	  {SYS_accept4, ACCEPT, OTHER},
	{SYS_socket, SOCKET, OTHER},	  {SYS_listen, LISTEN, OTHER},
	{SYS_ppoll, WAIT, OTHER},	  {SYS_pselect6, WAIT, OTHER},
	{SYS_epoll_pwait, WAIT, OTHER},	  {SYS_clock_gettime, CLOCK, OTHER},
	{SYS_gettimeofday, CLOCK, OTHER},
#ifdef SYS_time
	{SYS_time, CLOCK, OTHER},
#endif
#ifdef SYS_poll
	{SYS_poll, WAIT, OTHER},	  {SYS_select, WAIT, OTHER},
	{SYS_epoll_wait, WAIT, OTHER},
#endif
};

enum { WATCHED = sizeof watched / sizeof *watched };

/* When the next fault of a family is due, and which it is. */
struct schedule {
	unsigned kinds; /* a bit each */
	uint64_t draws;
	uint64_t calls;	    /* counted so far */
	uint64_t left;	    /* until the fault */
	unsigned next_kind; /* the first one to be looked at */
};

/* A call that is to fail once its descriptor is ready. */
struct held {
	struct seccomp_notif call;
	const struct watched *what;
	int fd;
	int pidfd; /* so that we let go of FD when the caller dies */
};

struct chaos {
	uint64_t seed;
	uint64_t odds;
	struct schedule schedule[FAMILIES];
	uint64_t injected[KINDS];
	FILE *report;
	FILE *log;
	int notify;
	int signals;
	pid_t child;
	struct held held[HELD_CALLS];
	size_t helds;
};

__attribute__((format(printf, 1, 2))) _Noreturn static void
broken(const char *format, ...)
{
	char message[256];
	int err = errno;
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	cli_warn("%s: %s", message, strerror(err));
	exit(STATUS_BROKEN);
}

/* --- The schedule --- */

/* The splitmix64 generator: word INDEX of SEED. */
static uint64_t splitmix64(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

static uint64_t draw(struct chaos *chaos, enum family family, uint64_t below)
{
	struct schedule *schedule = &chaos->schedule[family];
	uint64_t seed = splitmix64(chaos->seed, family);

	return splitmix64(seed, schedule->draws++) % below;
}

/* The first fault is among the first ODDS calls, then one in ODDS. */
static void schedule_all(struct chaos *chaos, unsigned kinds)
{
	for (enum family family = 0; family < FAMILIES; family++) {
		struct schedule *schedule = &chaos->schedule[family];

		schedule->kinds = kinds & family_kinds[family];
		schedule->left = draw(chaos, family, chaos->odds);
		schedule->next_kind = (unsigned)draw(chaos, family, KINDS);
	}
}

/* The kind that is next: they take turns, so that each has its own. */
static enum kind due_kind(const struct schedule *schedule)
{
	unsigned kind = schedule->next_kind;

	while (!(schedule->kinds & 1U << kind))
		kind = (kind + 1) % KINDS;
	return (enum kind)kind;
}

/* Count a call of FAMILY: whether a fault is due. */
static bool count_call(struct chaos *chaos, enum family family)
{
	struct schedule *schedule = &chaos->schedule[family];

	schedule->calls++;
	if (schedule->left == 0)
		return true;
	schedule->left--;
	return false;
}

/* The fault has happened: N of OF bytes, or an error. */
static void injected(struct chaos *chaos, enum family family, enum kind kind,
		     size_t n, size_t of)
{
	struct schedule *schedule = &chaos->schedule[family];

	chaos->injected[kind]++;
	schedule->left = draw(chaos, family, 2 * chaos->odds - 1);
	schedule->next_kind = (kind + 1) % KINDS;
	if (chaos->log == NULL)
		return;
	fprintf(chaos->log, "%s %" PRIu64 " %s", family_name[family],
		schedule->calls, kind_name[kind]);
	if (of > 0)
		fprintf(chaos->log, " %zu/%zu", n, of);
	fputc('\n', chaos->log);
	fflush(chaos->log);
}

/* --- Answers --- */

/* Whoever called may have been interrupted or killed meanwhile: so be it. */
static void answer(struct chaos *chaos, const struct seccomp_notif *call,
		   int64_t value, int error, uint32_t flags)
{
	struct seccomp_notif_resp resp = {.id = call->id,
					  .val = value,
					  .error = -error,
					  .flags = flags};

	if (ioctl(chaos->notify, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 &&
	    errno != ENOENT)
		broken("cannot answer a system call");
}

static void go_on(struct chaos *chaos, const struct seccomp_notif *call)
{
	answer(chaos, call, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static bool still_waits(struct chaos *chaos, const struct seccomp_notif *call)
{
	return ioctl(chaos->notify, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) ==
	       0;
}

/* --- The caller's descriptors and memory --- */

/* The process to which the thread TID belongs, 0 if it is gone. */
static pid_t process_of(pid_t tid)
{
	char path[64], line[128];
	pid_t pid = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	FILE *status = fopen(path, "re");
	if (status == NULL)
		return 0;
	while (pid == 0 && fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, "Tgid:", 5) == 0)
			pid = (pid_t)strtol(line + 5, NULL, 10);
	fclose(status);
	return pid;
}

/* A pidfd for the process of the thread TID; -1 if it is gone. */
static int open_process(pid_t tid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, tid, 0);

	if (pidfd >= 0 || errno == ESRCH)
		return pidfd;
	pid_t pid = process_of(tid); /* TID is not the first thread */
	return pid == 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
}

static int socket_option(int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof value;

	if (getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0)
		return -1;
	return value;
}

static bool is_tcp(int fd)
{
	int domain = socket_option(fd, SO_DOMAIN);

	return (domain == AF_INET || domain == AF_INET6) &&
	       socket_option(fd, SO_TYPE) == SOCK_STREAM;
}

/*
 * Copies of the caller's descriptor and of its process into HELD; false if
 * there is nothing to be done: no TCP socket, or the caller is gone.
 */
static bool get_descriptor(struct chaos *chaos, struct held *held)
{
	held->fd = -1;
	held->pidfd = open_process((pid_t)held->call.pid);
	if (held->pidfd < 0)
		return false;
	if (still_waits(chaos, &held->call))
		held->fd = (int)syscall(SYS_pidfd_getfd, held->pidfd,
					(int)held->call.data.args[0], 0);
	if (held->fd < 0 && errno == EPERM)
		broken("pidfd_getfd (in Docker it takes SYS_PTRACE)");
	return held->fd >= 0 && is_tcp(held->fd);
}

static void let_go(const struct held *held)
{
	if (held->fd >= 0)
		close(held->fd);
	if (held->pidfd >= 0)
		close(held->pidfd);
}

static bool copy_in(uint32_t pid, void *to, uint64_t from, size_t n)
{
	struct iovec here = {to, n};
	/* An address of another process: it is never followed here. */
	struct iovec there = {.iov_len = n};

	memcpy(&there.iov_base, &from, sizeof there.iov_base);
	return process_vm_readv((pid_t)pid, &here, 1, &there, 1, 0) ==
	       (ssize_t)n;
}

static bool copy_out(uint32_t pid, uint64_t to, void *from, size_t n)
{
	struct iovec here = {from, n};
	struct iovec there = {.iov_len = n};

	memcpy(&there.iov_base, &to, sizeof there.iov_base);
	return process_vm_writev((pid_t)pid, &here, 1, &there, 1, 0) ==
	       (ssize_t)n;
}

/* The caller's buffer: of a vector the first that is not empty. */
static bool find_buffer(const struct held *held, uint64_t *at, size_t *len)
{
	const __u64 *args = held->call.data.args;
	uint64_t piece[2] = {args[1], args[2]}; /* as struct iovec has it */

	if (held->what->shape == VECTOR) {
		piece[1] = 0;
		for (uint64_t i = 0; i < args[2] && piece[1] == 0; i++)
			if (!copy_in(held->call.pid, piece,
				     args[1] + i * sizeof piece, sizeof piece))
				return false;
	}
	*at = piece[0];
	*len = (size_t)piece[1];
	return true;
}

/* --- Short reads and writes --- */

/* Half of the time a single byte, else any count that is too small. */
static size_t short_count(struct chaos *chaos, enum family family, size_t of)
{
	bool one = draw(chaos, family, 2) == 0;

	return one ? 1 : 1 + (size_t)draw(chaos, family, of - 1);
}

/* Read less than there is; false if that cannot be had. */
static bool read_short(struct chaos *chaos, const struct held *held)
{
	static unsigned char buf[CHUNK_BYTES];
	uint64_t at;
	size_t len;

	if (!find_buffer(held, &at, &len))
		return false;
	len = len < sizeof buf ? len : sizeof buf;
	ssize_t there = recv(held->fd, buf, len, MSG_PEEK | MSG_DONTWAIT);
	if (there < 2)
		return false;
	size_t n = short_count(chaos, RECEIVE, (size_t)there);
	/* First to the caller, who may be gone: then nothing is lost. */
	if (!still_waits(chaos, &held->call) ||
	    !copy_out(held->call.pid, at, buf, n) ||
	    recv(held->fd, buf, n, MSG_DONTWAIT) != (ssize_t)n)
		return false;
	answer(chaos, &held->call, (int64_t)n, 0, 0);
	injected(chaos, RECEIVE, SHORT_READ, n, (size_t)there);
	return true;
}

static bool write_short(struct chaos *chaos, const struct held *held)
{
	static unsigned char buf[CHUNK_BYTES];
	uint64_t at;
	size_t len;

	if (!find_buffer(held, &at, &len) || len < 2)
		return false;
	len = len < sizeof buf ? len : sizeof buf;
	size_t n = short_count(chaos, SEND, len);
	if (!copy_in(held->call.pid, buf, at, n) ||
	    !still_waits(chaos, &held->call))
		return false;
	/* An error, EPIPE above all with its signal, is for the caller. */
	ssize_t sent = send(held->fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent <= 0)
		return false;
	answer(chaos, &held->call, sent, 0, 0);
	injected(chaos, SEND, SHORT_WRITE, (size_t)sent, len);
	return true;
}

/* --- Calls --- */

/* Do to the call what is due; false if it cannot be done to this one. */
static bool inject(struct chaos *chaos, const struct held *held)
{
	enum family family = held->what->family;
	enum kind kind = due_kind(&chaos->schedule[family]);

	if (kind == SHORT_READ)
		return read_short(chaos, held);
	if (kind == SHORT_WRITE)
		return write_short(chaos, held);
	answer(chaos, &held->call, 0, kind_error[kind], 0);
	injected(chaos, family, kind, 0, 0);
	return true;
}

/* Flags, or an address to be filled in, that we would not do justice to. */
static bool too_special(const struct held *held)
{
	const __u64 *args = held->call.data.args;
	int mild = MSG_NOSIGNAL | MSG_DONTWAIT;

	return held->what->shape == FLAGS &&
	       (((int)args[3] & ~mild) != 0 || args[4] != 0);
}

static bool ready(const struct held *held)
{
	short events = held->what->family == SEND ? POLLOUT : POLLIN;
	struct pollfd pfd = {held->fd, events, 0};

	return poll(&pfd, 1, 0) > 0;
}

/* Whether a call gives up by itself after a time: SO_RCVTIMEO, socket(7). */
static bool has_timeout(const struct held *held)
{
	bool sends = held->what->family == SEND;
	struct timeval time = {0};
	socklen_t len = sizeof time;

	return getsockopt(held->fd, SOL_SOCKET,
			  sends ? SO_SNDTIMEO : SO_RCVTIMEO, &time,
			  &len) == 0 &&
	       (time.tv_sec != 0 || time.tv_usec != 0);
}

static bool waits_for_ready(const struct held *held)
{
	int flags = fcntl(held->fd, F_GETFL);

	return flags >= 0 && !(flags & O_NONBLOCK) && !has_timeout(held) &&
	       !(held->what->shape == FLAGS &&
		 ((int)held->call.data.args[3] & MSG_DONTWAIT));
}

/*
 * A call on a descriptor. One that finds nothing and does not wait is not
 * counted; one that waits, and is to fail, is held until there is something.
 * Returns whether the call was held, and HELD with it.
 */
static bool on_descriptor(struct chaos *chaos, struct held *held)
{
	if (!get_descriptor(chaos, held) || too_special(held)) {
		go_on(chaos, &held->call);
		return false;
	}
	bool now = ready(held), waits = waits_for_ready(held);
	if ((!now && !waits) || !count_call(chaos, held->what->family)) {
		go_on(chaos, &held->call);
		return false;
	}
	if (!now && chaos->helds < HELD_CALLS) {
		chaos->held[chaos->helds++] = *held;
		return true;
	}
	if (!now || !inject(chaos, held))
		go_on(chaos, &held->call);
	return false;
}

/* A call to wait; to wait for nothing but the time is left alone. */
static void on_wait(struct chaos *chaos, struct held *held)
{
	int number = held->call.data.nr;
	bool epoll = number == SYS_epoll_pwait;

#ifdef SYS_epoll_wait
	epoll = epoll || number == SYS_epoll_wait;
#endif
	/* poll() has its count second, select() first; epoll a descriptor. */
	bool select = number == SYS_pselect6;
#ifdef SYS_select
	select = select || number == SYS_select;
#endif
	uint64_t count = held->call.data.args[select ? 0 : 1];
	if ((!epoll && count == 0) || !count_call(chaos, WAIT) ||
	    !inject(chaos, held))
		go_on(chaos, &held->call);
}

static void on_socket(struct chaos *chaos, struct held *held)
{
	const __u64 *args = held->call.data.args;
	int type = (int)args[1] & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool tcp = ((int)args[0] == AF_INET || (int)args[0] == AF_INET6) &&
		   type == SOCK_STREAM;

	if (!tcp || !count_call(chaos, SOCKET) || !inject(chaos, held))
		go_on(chaos, &held->call);
}

static void on_listen(struct chaos *chaos, struct held *held)
{
	if (!get_descriptor(chaos, held) || !count_call(chaos, LISTEN) ||
	    !inject(chaos, held))
		go_on(chaos, &held->call);
}

/* Write the time of day NOW to where the call wants it; false if nowhere. */
static bool tell_time(const struct seccomp_notif *call, struct timespec now)
{
	const __u64 *args = call->data.args;
	struct timeval tv = {now.tv_sec, now.tv_nsec / 1000};

	if (call->data.nr == SYS_clock_gettime)
		return copy_out(call->pid, args[1], &now, sizeof now);
	if (args[0] == 0)
		return true;
	if (call->data.nr == SYS_gettimeofday)
		return copy_out(call->pid, args[0], &tv, sizeof tv);
	return copy_out(call->pid, args[0], &now.tv_sec, sizeof now.tv_sec);
}

/* The time of day, another hour later; other clocks nobody can set. */
static void on_clock(struct chaos *chaos, struct held *held)
{
	const struct seccomp_notif *call = &held->call;
	int number = call->data.nr;
	struct timespec now;

	if (number == SYS_clock_gettime &&
	    call->data.args[0] != CLOCK_REALTIME &&
	    call->data.args[0] != CLOCK_REALTIME_COARSE) {
		go_on(chaos, call);
		return;
	}
	count_call(chaos, CLOCK);
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += HOUR_S * (time_t)chaos->schedule[CLOCK].calls;
	if (!tell_time(call, now)) {
		go_on(chaos, call);
		return;
	}
	bool is_time =
		number != SYS_clock_gettime && number != SYS_gettimeofday;
	answer(chaos, call, is_time ? now.tv_sec : 0, 0, 0);
	injected(chaos, CLOCK, CLOCK_SET, 0, 0);
}

/* --- Held calls --- */

static void forget(struct chaos *chaos, size_t i)
{
	let_go(&chaos->held[i]);
	chaos->held[i] = chaos->held[--chaos->helds];
}

/* A thread that calls again is done with what it called before. */
static void forget_caller(struct chaos *chaos, uint32_t pid)
{
	for (size_t i = chaos->helds; i-- > 0;)
		if (chaos->held[i].call.pid == pid)
			forget(chaos, i);
}

/* Let those calls fail for which there is now something, or nobody. */
static void look_at_held(struct chaos *chaos)
{
	for (size_t i = chaos->helds; i-- > 0;) {
		struct held *held = &chaos->held[i];

		if (!still_waits(chaos, &held->call)) {
			forget(chaos, i);
		} else if (ready(held)) {
			if (!inject(chaos, held))
				go_on(chaos, &held->call);
			forget(chaos, i);
		}
	}
}

/* --- The program --- */

static void take_call(struct chaos *chaos)
{
	struct held held = {.fd = -1, .pidfd = -1};

	if (ioctl(chaos->notify, SECCOMP_IOCTL_NOTIF_RECV, &held.call) < 0) {
		if (errno == EINTR || errno == ENOENT)
			return; /* the caller was gone before we came */
		broken("cannot take a system call");
	}
	forget_caller(chaos, held.call.pid);
	for (size_t i = 0; i < WATCHED; i++)
		if (watched[i].number == held.call.data.nr)
			held.what = &watched[i];
	if (held.what == NULL)
		go_on(chaos, &held.call);
	else if (held.what->family == WAIT)
		on_wait(chaos, &held);
	else if (held.what->family == SOCKET)
		on_socket(chaos, &held);
	else if (held.what->family == LISTEN)
		on_listen(chaos, &held);
	else if (held.what->family == CLOCK)
		on_clock(chaos, &held);
	else if (on_descriptor(chaos, &held))
		return;
	let_go(&held);
}

/*
 * Where the stack of PID, that has just been started, begins: with argc, argv,
 * the environment, and the list of what the kernel has told it. 0 if unknown.
 */
static uint64_t start_of_stack(pid_t pid)
{
	char path[64], line[1024], *field = NULL;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *stat = fopen(path, "re");
	if (stat != NULL && fgets(line, sizeof line, stat) != NULL)
		field = strrchr(line, ')');
	/* That ends field 2; startstack is field 28: proc_pid_stat(5). */
	for (int i = 2; field != NULL && i < 28; i++)
		field = strchr(field + 1, ' ');
	if (stat != NULL)
		fclose(stat);
	return field == NULL ? 0 : strtoull(field, NULL, 10);
}

/* The word at AT of the memory of PID; 0 where there is none. */
static unsigned long word_at(pid_t pid, uint64_t at)
{
	unsigned long word = 0;

	return copy_in((uint32_t)pid, &word, at, sizeof word) ? word : 0;
}

/*
 * Hide the vDSO from PID, which is stopped at its start, so that it asks the
 * kernel what time it is, and does not look for itself: vdso(7), getauxval(3).
 */
static void hide_vdso(pid_t pid)
{
	unsigned long ignore = AT_IGNORE;
	unsigned long what;
	uint64_t at = start_of_stack(pid);

	if (at == 0)
		broken("cannot look into the program");
	at += sizeof what; /* argc */
	for (int lists = 0; lists < 2; at += sizeof what)
		lists += word_at(pid, at) == 0;
	while ((what = word_at(pid, at)) != AT_NULL && what != AT_SYSINFO_EHDR)
		at += 2 * sizeof what;
	if (what != AT_NULL &&
	    !copy_out((uint32_t)pid, at, &ignore, sizeof ignore))
		broken("cannot hide the vDSO");
}

/* Pass a signal on; for SIGCHLD: whether COMMAND has ended, and how. */
static bool take_signal(struct chaos *chaos, int *status)
{
	struct signalfd_siginfo info;

	if (read(chaos->signals, &info, sizeof info) != sizeof info)
		return false;
	if (info.ssi_signo != SIGCHLD) {
		kill(chaos->child, (int)info.ssi_signo);
		return false;
	}
	if (waitpid(chaos->child, status, WNOHANG) != chaos->child)
		return false;
	if (!WIFSTOPPED(*status))
		return true;
	/* become() has asked for this stop. */
	hide_vdso(chaos->child);
	ptrace(PTRACE_DETACH, chaos->child, NULL, NULL);
	return false;
}

/* Serve system calls until COMMAND has ended: how, as waitpid(2) has it. */
static int supervise(struct chaos *chaos)
{
	struct pollfd fds[2 + 2 * HELD_CALLS];
	int notify = chaos->notify;
	int status = 0;

	for (;;) {
		nfds_t n = 0;
		fds[n++] = (struct pollfd){chaos->signals, POLLIN, 0};
		fds[n++] = (struct pollfd){notify, POLLIN, 0};
		for (size_t i = 0; i < chaos->helds; i++) {
			struct held *held = &chaos->held[i];
			bool out = held->what->family == SEND;

			fds[n++] = (struct pollfd){held->fd,
						   out ? POLLOUT : POLLIN, 0};
			fds[n++] = (struct pollfd){held->pidfd, POLLIN, 0};
		}
		if (poll(fds, n, -1) < 0 && errno != EINTR)
			broken("poll");
		if (fds[0].revents && take_signal(chaos, &status))
			return status;
		look_at_held(chaos);
		if (fds[1].revents & POLLIN)
			take_call(chaos);
		else if (fds[1].revents)
			notify = -1; /* nobody is left but zombies */
	}
}

/* --- Starting it --- */

/*
 * The filter: calls of this machine's own kind that may fail are for the
 * supervisor, all others go on. One that is handed over takes two switches from
 * process to process, for which a busy machine has to be waited. Returns the
 * descriptor of the supervisor.
 */
static int install_filter(const struct chaos *chaos)
{
	struct sock_filter code[FILTER_WORDS];
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data,
							  arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
						 NATIVE_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						 SECCOMP_RET_ALLOW);
	code[n++] =
		(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					     offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < WATCHED; i++) {
		if (chaos->schedule[watched[i].family].kinds == 0)
			continue;
		code[n++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
				 (unsigned)watched[i].number, 0, 1);
		code[n++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						     SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						 SECCOMP_RET_ALLOW);
	const struct sock_fprog filter = {n, code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			    SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

/* Space for one descriptor in a message, aligned: cmsg(3). */
union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* Send FD over the socket CHANNEL; sendmsg is not watched. */
static int send_descriptor(int channel, int fd)
{
	union control control = {{0}};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.buf,
				 .msg_controllen = sizeof control.buf};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(cmsg), &fd, sizeof fd);
	return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* The descriptor sent over CHANNEL; -1 if the other end closed it. */
static int receive_descriptor(int channel)
{
	union control control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.buf,
				 .msg_controllen = sizeof control.buf};
	int fd = -1;

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1 &&
	    CMSG_FIRSTHDR(&message) != NULL)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

/* Become COMMAND. Nobody serves its calls until CHANNEL has been read. */
_Noreturn static void become(const struct chaos *chaos, char **command,
			     int channel, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(STATUS_BROKEN);
	signal(SIGPIPE, SIG_DFL); /* cli_init() ignores it */
	sigprocmask(SIG_SETMASK, cli_wait_mask(), NULL);
	int notify = install_filter(chaos);
	if (notify < 0)
		cli_warn_errno("cannot watch system calls");
	/* Not a word if that fails: nobody would let it through. */
	if (notify < 0 || send_descriptor(channel, notify) < 0)
		_exit(STATUS_BROKEN);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	/* Stop when COMMAND has been loaded, for take_signal(). */
	if (chaos->schedule[CLOCK].kinds != 0)
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execvp(command[0], command);
	int err = errno;
	cli_warn_errno("%s", command[0]);
	_exit(err == ENOENT ? STATUS_NOT_FOUND : STATUS_NO_EXEC);
}

static void start(struct chaos *chaos, char **command)
{
	int channel[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0)
		broken("socketpair");
	chaos->child = fork();
	if (chaos->child < 0)
		broken("fork");
	if (chaos->child == 0)
		become(chaos, command, channel[1], parent);
	close(channel[1]);
	chaos->notify = receive_descriptor(channel[0]);
	close(channel[0]);
	if (chaos->notify < 0)
		exit(STATUS_BROKEN); /* the child has said why */
	/* So that COMMAND cannot reach our files by way of /proc. */
	prctl(PR_SET_DUMPABLE, 0);
}

/* Signals, other than to COMMAND itself, are taken from a descriptor. */
static void take_signals(struct chaos *chaos)
{
	sigset_t set;

	/* Ignored by who started us, it would never come. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	chaos->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (chaos->signals < 0)
		broken("signalfd");
}

/* --- The report and the end --- */

static void report(const struct chaos *chaos)
{
	FILE *out = chaos->report;

	fprintf(out, "{\"seed\":%" PRIu64 ",\"odds\":%" PRIu64 ",\"calls\":{",
		chaos->seed, chaos->odds);
	for (int i = 0; i < FAMILIES; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
			family_name[i], chaos->schedule[i].calls);
	fputs("},\"injected\":{", out);
	for (int i = 0; i < KINDS; i++)
		fprintf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
			kind_name[i], chaos->injected[i]);
	fputs("}}\n", out);
	if (fflush(out) == EOF)
		broken("the report");
}

/* End as COMMAND did: with its status, or by its signal. */
_Noreturn static void end_as(int status)
{
	const struct rlimit none = {0, 0};
	sigset_t set;

	prctl(PR_SET_DUMPABLE, 1); /* LeakSanitizer could not look else */
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	setrlimit(RLIMIT_CORE, &none); /* the core is that of COMMAND */
	signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	raise(WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	exit(STATUS_BROKEN);
}

/* --- The command line --- */

static uint64_t number(const char *text, uint64_t lowest, uint64_t highest)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 0);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' ||
	    n < lowest || n > highest)
		cli_usage_error("'%s' is not a number in range", text);
	return n;
}

static unsigned parse_kinds(char *text)
{
	unsigned kinds = 0;
	char *rest = NULL;

	for (char *name = strtok_r(text, ",", &rest); name != NULL;
	     name = strtok_r(NULL, ",", &rest)) {
		unsigned kind = 0;
		while (kind < KINDS && strcmp(name, kind_name[kind]) != 0)
			kind++;
		if (kind == KINDS)
			cli_usage_error("there is no fault '%s'", name);
		kinds |= 1U << kind;
	}
	return kinds;
}

static FILE *open_output(const char *file)
{
	FILE *out = fopen(file, "we");

	if (out == NULL)
		broken("%s", file);
	return out;
}

int main(int argc, char **argv)
{
	static struct chaos chaos = {.odds = ODDS};
	unsigned kinds = (1U << NO_SOCKET) - 1;
	int opt;

	cli_init(argv[0], "[-s SEED] [-p ODDS] [-f KIND,...] [-o FILE] "
			  "[-l FILE] COMMAND [ARG]...");
	chaos.report = stderr;
	while ((opt = getopt(argc, argv, "+s:p:f:o:l:")) != -1) {
		if (opt == 's')
			chaos.seed = number(optarg, 0, UINT64_MAX);
		else if (opt == 'p')
			chaos.odds = number(optarg, 1, ODDS_MAX);
		else if (opt == 'f')
			kinds = parse_kinds(optarg);
		else if (opt == 'o')
			chaos.report = open_output(optarg);
		else if (opt == 'l')
			chaos.log = open_output(optarg);
		else
			cli_usage();
	}
	if (optind == argc)
		cli_usage();
	schedule_all(&chaos, kinds);
	take_signals(&chaos);
	start(&chaos, argv + optind);
	int status = supervise(&chaos);
	report(&chaos);
	end_as(status);
}
