/*
 * labns.c - the namespaces that a lab network lives in
 *
 * Usage: labns run [-p PPID] COMMAND [ARG...]     make, run, take away
 *        labns hold FILE COMMAND [ARG...]         make, set up, keep
 *        labns join PID HOST COMMAND [ARG...]     enter from outside
 *        labns host HOST COMMAND [ARG...]         enter from inside
 *        labns holder FILE                        print its pid, if it lives
 *        labns end FILE                           take away what hold made
 *
 * run and hold make a pid, mount, network, IPC and UTS namespace, for an
 * ordinary user within a user namespace (user_namespaces(7)), and start
 * COMMAND in it below an init of its own. When that init ends, by whatever
 * signal, the kernel ends every process in it and with the last of them goes
 * every interface, rule and mount. run's init ends with COMMAND, with labns,
 * and with labns' parent (PPID, if it has not been replaced by then); hold's
 * stays when COMMAND has ended with status 0, and FILE then says
 * "PID STARTTIME" (proc_pid_stat(5), field 22), by which it can be ended.
 *
 * join and host enter the network namespace that ip-netns(8) calls HOST, with
 * NET_ADMIN, NET_RAW and SYS_ADMIN in that network and nothing beyond: ports
 * below 1024 stay refused, for root too. Where HOST is "-", join enters no
 * host and keeps every capability, to work on the network as a whole.
 *
 * Exit status: COMMAND's, 128 and its signal, or 125 when labns itself failed.
 *
 * Next: network.sh, which builds the three hosts inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
	STATUS_BROKEN = 125,
	GRACE_MS = 2000,     /* from SIGTERM to SIGKILL */
	INHERITED_FDS = 256, /* shells and test runners hand on low ones */
	PATH_BYTES = 256,
	STAT_BYTES = 1024,
	STARTTIME_FIELD = 22,
};

static _Noreturn void broken(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static _Noreturn void broken(const char *format, ...)
{
	int err = errno;
	char text[PATH_BYTES * 2];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	(void)dprintf(STDERR_FILENO, "labns: %s: %s\n", text, strerror(err));
	_exit(STATUS_BROKEN);
}

static _Noreturn void usage(void)
{
	(void)dprintf(STDERR_FILENO,
		      "usage: labns run [-p PPID] COMMAND [ARG...]\n"
		      "       labns hold FILE COMMAND [ARG...]\n"
		      "       labns join PID HOST COMMAND [ARG...]\n"
		      "       labns host HOST COMMAND [ARG...]\n"
		      "       labns holder FILE\n"
		      "       labns end FILE\n");
	_exit(2);
}

/* --- Small things --- */

/* A number of 1 to 2^22, the kernel's largest pid, or exits. */
static pid_t parse_pid(const char *text)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > 1 << 22) {
		errno = EINVAL;
		broken("%s is no process id", text);
	}
	return (pid_t)n;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		broken("%s", path);
	if (write(fd, text, strlen(text)) < 0)
		broken("%s", path);
	(void)close(fd);
}

/*
 * What is opened next gets the lowest number that is free. No descriptor of
 * ours may get one of the three that the command, and stay(), take for others.
 */
static void fill_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		broken("/dev/null");
	(void)close(fd);
}

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static _Noreturn void execute(char **argv)
{
	(void)execvp(argv[0], argv);
	(void)dprintf(STDERR_FILENO, "labns: %s: %s\n", argv[0],
		      strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

/* --- Capabilities: capabilities(7), "Ambient" and "Bounding set" --- */

/*
 * Let what is executed next have the capabilities of MASK, and with KEEP_ONLY
 * none beyond. A user id that is not 0 has them by the ambient set. Root gets
 * all that the bounding set leaves, which alone is narrowed then: it needs
 * what else root can do to read its own files.
 */
static void hand_on_capabilities(uint64_t mask, bool keep_only)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (geteuid() == 0) {
		if (keep_only &&
		    prctl(PR_CAPBSET_DROP, CAP_NET_BIND_SERVICE, 0, 0, 0) < 0)
			broken("dropping CAP_NET_BIND_SERVICE");
		return;
	}
	if (syscall(SYS_capget, &head, data) < 0)
		broken("capget");
	for (size_t i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(mask >> (32 * i));

		data[i].permitted &= half;
		data[i].effective = data[i].permitted;
		data[i].inheritable = data[i].permitted;
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, data) < 0)
		broken("capset");
	for (unsigned cap = 0; cap < 64; cap++)
		if ((data[cap / 32].permitted >> (cap % 32) & 1U) != 0 &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
			broken("raising capability %u", cap);
}

/* --- Making the namespaces --- */

/*
 * A user namespace in which the user keeps the own id, and has every
 * capability over what is made within.
 */
static void enter_user_namespace(void)
{
	char map[PATH_BYTES];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		broken("a user namespace cannot be made here "
		       "(make doctor says why)");
	write_file("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "%u %u 1\n", uid, uid);
	write_file("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "%u %u 1\n", gid, gid);
	write_file("/proc/self/gid_map", map);
}

/*
 * Mounts that nobody outside sees: /proc of the new pids, and a /run with
 * nothing in it but a folder for the scripts.
 */
static void make_private(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) <
	    0)
		broken("mount and network namespaces cannot be made here "
		       "(make doctor says why)");
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		broken("making mounts private");
	if (mount("proc", "/proc", "proc", flags, NULL) < 0)
		broken("mounting /proc");
	if (mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") <
	    0)
		broken("mounting /run");
	if (mkdir("/run/portlab", 0755) < 0)
		broken("/run/portlab");
}

/* --- The init of the new pid namespace --- */

static volatile sig_atomic_t main_child;

/*
 * As pid 1 a process gets the signals only that it handles; the command is
 * not pid 1, and is to be ended as anywhere else. What the terminal sent
 * (SI_KERNEL) has come to the command already.
 */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (main_child > 0 && info->si_code != SI_KERNEL)
		(void)kill((pid_t)main_child, sig);
	errno = saved;
}

static void unblock_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Give all signals back the state that a program expects to start with. */
static void reset_signals(void)
{
	unblock_signals();
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGTTOU, SIG_DFL);
}

static void end_with(pid_t parent_gone_fd)
{
	struct pollfd pfd = {.fd = parent_gone_fd, .events = POLLIN};

	/* It may have died before we asked to be told. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    poll(&pfd, 1, 0) != 0)
		_exit(STATUS_BROKEN);
}

/* Start the command, reap whatever ends, return the command's status. */
static int run_command(char **argv)
{
	struct sigaction act = {.sa_sigaction = pass_on,
				.sa_flags = SA_RESTART | SA_SIGINFO};
	pid_t pid = fork();

	if (pid < 0)
		broken("fork");
	if (pid == 0) {
		reset_signals();
		hand_on_capabilities(UINT64_MAX, false);
		execute(argv);
	}
	main_child = pid;
	(void)sigaction(SIGTERM, &act, NULL);
	(void)sigaction(SIGHUP, &act, NULL);
	(void)sigaction(SIGINT, &act, NULL);
	/* What labns has handed on since it made us is passed on now. */
	unblock_signals();
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, 0);

		if (got == pid) {
			main_child = 0;
			return exit_status(status);
		}
		if (got < 0 && errno != EINTR)
			broken("waitpid");
	}
}

/*
 * Stay when the network stands: tell labns, wait until it has noted our pid,
 * and only then let go of it; of the terminal too, and of every descriptor.
 */
static _Noreturn void stay(int link)
{
	char byte = 0;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || write(link, &byte, 1) != 1 || read(link, &byte, 1) != 1)
		_exit(STATUS_BROKEN);
	for (int fd = 0; fd <= 2; fd++)
		(void)dup2(null, fd);
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	(void)write(link, &byte, 1);
	for (int fd = 3; fd < INHERITED_FDS; fd++)
		(void)close(fd);
	(void)chdir("/");
	/* The kernel reaps for whoever ignores SIGCHLD: sigaction(2). */
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;)
		(void)pause();
}

/* What pid 1 does. LINK is the socket to labns when holding, or -1. */
static _Noreturn void init_main(int labns_gone, int link, char **argv)
{
	int status;

	end_with(labns_gone);
	if (link >= 0)
		(void)setsid();
	make_private();
	status = run_command(argv);
	if (link < 0 || status != 0)
		_exit(status);
	stay(link);
}

/* --- labns, outside --- */

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0U);
}

static int block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGQUIT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/*
 * Take one signal and hand it to CHILD. What the terminal sent (SI_KERNEL)
 * has come to CHILD already. Whether the end has been asked for.
 */
static bool take_signal(int fd, pid_t child)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return false;
	if (info.ssi_code != SI_KERNEL || info.ssi_signo == SIGHUP)
		(void)kill(child, (int)info.ssi_signo);
	return info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP;
}

/*
 * Wait for CHILD, handing signals on; kill it when PARENT (a pidfd or -1)
 * ends, or when it outlives a SIGTERM by GRACE_MS.
 */
static int supervise(pid_t child, int child_fd, int parent, int signals)
{
	struct pollfd pfd[] = {{.fd = child_fd, .events = POLLIN},
			       {.fd = signals, .events = POLLIN},
			       {.fd = parent, .events = POLLIN}};
	int patience = -1;
	int status;

	while (pfd[0].revents == 0) {
		int n = poll(pfd, 3, patience);

		if (n == 0 || pfd[2].revents != 0) {
			(void)kill(child, SIGKILL);
			pfd[2].fd = -1;
			patience = -1;
		}
		if (n > 0 && pfd[1].revents != 0 && take_signal(signals, child))
			patience = GRACE_MS;
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			broken("waitpid");
	return exit_status(status);
}

static pid_t start_init(int link, int unused, char **argv, int *child_fd)
{
	int self;
	pid_t child;

	self = open_pidfd(getpid());
	if (self < 0)
		broken("pidfd_open (Linux 5.3 or newer is needed)");
	if (geteuid() != 0)
		enter_user_namespace();
	if (unshare(CLONE_NEWPID) < 0)
		broken("a pid namespace cannot be made here "
		       "(make doctor says why)");
	child = fork();
	if (child < 0)
		broken("fork");
	if (child == 0) {
		if (unused >= 0)
			(void)close(unused);
		init_main(self, link, argv);
	}
	(void)close(self);
	*child_fd = open_pidfd(child);
	if (*child_fd < 0)
		broken("pidfd_open");
	return child;
}

static int run(pid_t parent, char **argv)
{
	int parent_fd = -1;
	int signals;
	int child_fd;
	pid_t child;

	if (parent > 0) {
		parent_fd = open_pidfd(parent);
		if (parent_fd < 0 || getppid() != parent) {
			errno = ESRCH;
			broken("whoever started this has gone");
		}
	}
	signals = block_signals();
	child = start_init(-1, -1, argv, &child_fd);
	return supervise(child, child_fd, parent_fd, signals);
}

/*
 * When PID started, in clock ticks since the machine did (proc_pid_stat(5),
 * field 22): with it a pid that the kernel has given away again is told from
 * the one that was meant. -1 with errno when there is no such process.
 */
static long long start_time(pid_t pid)
{
	char path[PATH_BYTES];
	char stat[STAT_BYTES];
	char *field;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (f == NULL)
		return -1;
	field = fgets(stat, sizeof(stat), f);
	(void)fclose(f);
	if (field == NULL) {
		errno = ESRCH;
		return -1;
	}
	/* Field 2, the name, may hold anything, but ends with the last ")". */
	field = strrchr(stat, ')');
	for (int n = 2; field != NULL && n < STARTTIME_FIELD; n++)
		field = strchr(field + 1, ' ');
	return field == NULL ? -1 : strtoll(field, NULL, 10);
}

/* "PID STARTTIME" of PID into FILE, whole or not at all. */
static void note_holder(const char *file, pid_t pid)
{
	char path[PATH_BYTES];
	long long started = start_time(pid);
	FILE *f;

	if (started < 0)
		broken("process %d", pid);
	if (snprintf(path, sizeof(path), "%s.new", file) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		broken("%s", file);
	}
	f = fopen(path, "we");
	if (f == NULL || fprintf(f, "%d %lld\n", pid, started) < 0 ||
	    fclose(f) != 0 || rename(path, file) < 0) {
		int err = errno;

		(void)unlink(path);
		errno = err;
		broken("%s", file);
	}
}

/*
 * A pidfd of the holder that FILE names and its pid in *PID; -1 when it has
 * ended. Opened before the times are compared: from then on it is the same.
 */
static int open_holder(const char *file, pid_t *pid)
{
	struct pollfd pfd = {.events = POLLIN};
	char line[PATH_BYTES];
	char *space;
	FILE *f = fopen(file, "re");

	if (f != NULL) {
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		(void)fclose(f);
	} else {
		broken("%s", file);
	}
	space = strchr(line, ' ');
	if (space == NULL)
		return -1;
	*space = '\0';
	*pid = parse_pid(line);
	pfd.fd = open_pidfd(*pid);
	if (pfd.fd >= 0 && poll(&pfd, 1, 0) == 0 &&
	    start_time(*pid) == strtoll(space + 1, NULL, 10))
		return pfd.fd;
	if (pfd.fd >= 0)
		(void)close(pfd.fd);
	return -1;
}

/* Print the pid of the holder that FILE names, if there still is one. */
static int holder(const char *file)
{
	pid_t pid;

	if (open_holder(file, &pid) >= 0)
		(void)dprintf(STDOUT_FILENO, "%d\n", pid);
	return 0;
}

/* End the holder that FILE names, wait until it has gone, remove FILE. */
static int end(const char *file)
{
	struct pollfd pfd = {.events = POLLIN};
	pid_t pid;

	pfd.fd = open_holder(file, &pid);
	if (pfd.fd >= 0) {
		if (syscall(SYS_pidfd_send_signal, pfd.fd, SIGKILL, NULL, 0U) <
			    0 &&
		    errno != ESRCH)
			broken("ending process %d", pid);
		if (poll(&pfd, 1, GRACE_MS) == 0) {
			errno = ETIMEDOUT;
			broken("ending process %d", pid);
		}
	}
	if (unlink(file) < 0)
		broken("%s", file);
	return 0;
}

static int hold(const char *file, char **argv)
{
	int link[2];
	int child_fd;
	char byte;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link) < 0)
		broken("socketpair");
	child = start_init(link[1], link[0], argv, &child_fd);
	(void)close(link[1]);
	if (read(link[0], &byte, 1) == 1) {
		note_holder(file, child);
		if (write(link[0], &byte, 1) == 1 &&
		    read(link[0], &byte, 1) == 1)
			return 0;
		(void)unlink(file);
	}
	return supervise(child, child_fd, -1, -1);
}

/* --- Entering --- */

/* Whether the namespace behind FD, of our own kind NAME, is ours already. */
static bool same_namespace(int fd, const char *name)
{
	struct stat theirs;
	struct stat ours;
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return fstat(fd, &theirs) == 0 && stat(path, &ours) == 0 &&
	       theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

/* Enter the namespaces of PID, all opened before the first is entered. */
static void enter_namespaces(pid_t pid)
{
	static const char *const names[] = {"user", "ipc", "uts",
					    "net",  "pid", "mnt"};
	enum { KINDS = sizeof(names) / sizeof(*names) };
	int fds[KINDS];
	char path[PATH_BYTES];

	for (size_t i = 0; i < KINDS; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid,
			       names[i]);
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			broken("%s", path);
		if (i == 0 && same_namespace(fds[i], names[i])) {
			(void)close(fds[i]);
			fds[i] = -1;
		}
	}
	for (size_t i = 0; i < KINDS; i++) {
		if (fds[i] >= 0 && setns(fds[i], 0) < 0)
			broken("entering the %s namespace of process %d",
			       names[i], pid);
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
}

/* Become HOST: its network, its name, and no more power than a lab needs. */
static void enter_host(const char *host)
{
	char path[PATH_BYTES];
	int fd;

	if (strchr(host, '/') != NULL) {
		errno = EINVAL;
		broken("%s is no host's name", host);
	}
	(void)snprintf(path, sizeof(path), "/run/netns/%s", host);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		broken("no host is called %s", host);
	if (setns(fd, CLONE_NEWNET) < 0)
		broken("entering %s", path);
	(void)close(fd);
	if (unshare(CLONE_NEWUTS) < 0 || sethostname(host, strlen(host)) < 0)
		broken("naming the host");
	if (setenv("PORTLAB_HOST", host, 1) < 0)
		broken("setenv");
	hand_on_capabilities(1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW |
				     1ULL << CAP_SYS_ADMIN,
			     true);
}

/* The terminal as it was before a command had it. */
struct terminal {
	bool there;
	struct termios settings;
};

static struct terminal save_terminal(void)
{
	struct terminal term = {.there = false};

	term.there = tcgetattr(STDIN_FILENO, &term.settings) == 0;
	return term;
}

/*
 * A shell in another pid namespace cannot give the terminal back to a group
 * that it does not see, and one that was killed leaves it without echo; so we
 * take it when the command has ended.
 */
static void take_terminal(const struct terminal *term)
{
	(void)signal(SIGTTOU, SIG_IGN);
	if (!term->there)
		return;
	(void)tcsetpgrp(STDIN_FILENO, getpgrp());
	(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &term->settings);
}

/*
 * Whether the end of the network behind HOLDER was what ended a command with
 * STATUS. The init ends only when the last of its processes has.
 */
static bool taken_away(int holder, int status)
{
	struct pollfd pfd = {.fd = holder, .events = POLLIN};

	return status == 128 + SIGKILL && poll(&pfd, 1, GRACE_MS) > 0;
}

static int join(pid_t pid, const char *host, char **argv)
{
	struct terminal term = save_terminal();
	char *cwd = getcwd(NULL, 0);
	int signals = block_signals();
	int self = open_pidfd(getpid());
	int holder = open_pidfd(pid);
	int child_fd;
	int status;
	pid_t child;

	if (self < 0 || holder < 0)
		broken("process %d", pid);
	enter_namespaces(pid);
	if (cwd == NULL || chdir(cwd) < 0)
		broken("the current folder");
	free(cwd);
	child = fork();
	if (child < 0)
		broken("fork");
	if (child == 0) {
		reset_signals();
		if (strcmp(host, "-") == 0)
			hand_on_capabilities(UINT64_MAX, false);
		else
			enter_host(host);
		end_with(self);
		execute(argv);
	}
	child_fd = open_pidfd(child);
	if (child_fd < 0)
		broken("pidfd_open");
	status = supervise(child, child_fd, -1, signals);
	take_terminal(&term);
	if (taken_away(holder, status))
		(void)dprintf(STDERR_FILENO,
			      "\nportlab: the network was taken away\n");
	return status;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	fill_standard_files();
	/* Ignored by who started us, it would leave waitpid() no child. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (strcmp(verb, "run") == 0 && strcmp(argv[2], "-p") != 0)
		return run(0, argv + 2);
	if (strcmp(verb, "run") == 0 && argc > 4)
		return run(parse_pid(argv[3]), argv + 4);
	if (strcmp(verb, "holder") == 0)
		return holder(argv[2]);
	if (strcmp(verb, "end") == 0)
		return end(argv[2]);
	if (strcmp(verb, "hold") == 0 && argc > 3)
		return hold(argv[2], argv + 3);
	if (strcmp(verb, "join") == 0 && argc > 4)
		return join(parse_pid(argv[2]), argv[3], argv + 4);
	if (strcmp(verb, "host") == 0 && argc > 3) {
		enter_host(argv[2]);
		execute(argv + 3);
	}
	usage();
}
