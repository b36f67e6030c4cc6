/*
 * jail_inside.c - pid 1 of a jail, and the program before it is one
 *
 * Pid 1 has every capability in the jail, starts the program, reaps what ends
 * and says how the program ended. It cannot be signalled, traced or read by
 * the program: a pid 1 takes no signal from within that it does not handle,
 * it holds capabilities that the program lacks (ptrace(2), "Ptrace access mode
 * checking"), and it is not dumpable. The program gives up all that it could
 * use: capabilities, new privileges, descriptors, environment, terminal.
 *
 * Next: jail_places.c, what it sees; jail_watch.c, who watches.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jail.h"

static void raise_loopback(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		jail_broken("raising the loopback interface");
	(void)close(fd);
}

/* --- The program --- */

static void limit(__rlimit_resource_t resource, long long max)
{
	struct rlimit rl = {.rlim_cur = (rlim_t)max, .rlim_max = (rlim_t)max};

	if (setrlimit(resource, &rl) < 0)
		jail_broken("setting a limit to %lld", max);
}

/*
 * The stack and memory stay unlimited here: RLIMIT_AS and RLIMIT_DATA break
 * AddressSanitizer, so memory is measured from outside. The processor time is
 * measured there too, for all processes together; what is set here is for
 * those that escape the sum because nobody waits for them.
 */
static void set_limits(const struct jail *jail)
{
	/* Pid 1 counts where it is the same user. */
	limit(RLIMIT_NPROC, jail->processes + (geteuid() == 0 ? 0 : 1));
	limit(RLIMIT_NOFILE, jail->fds);
	limit(RLIMIT_FSIZE, jail->file_bytes);
	limit(RLIMIT_CPU, jail->cpu_s + 1);
	/* Less than any core has; 0 would let one go to a pipe, core(5). */
	limit(RLIMIT_CORE, 1);
	limit(RLIMIT_MEMLOCK, 0);
	limit(RLIMIT_MSGQUEUE, 0);
}

static void leave_root(const struct jail *jail)
{
	uid_t uid = (uid_t)jail->uid;

	if (geteuid() != 0)
		return;
	/* EPERM: a user namespace of an ordinary user, who keeps the groups. */
	if ((setgroups(0, NULL) < 0 && errno != EPERM) ||
	    setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		jail_broken("becoming user %u", uid);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{.effective = 0}};

	/* The ambient ones go with the permitted. */
	if (syscall(SYS_capset, &head, none) < 0)
		jail_broken("dropping capabilities");
}

/* What execve() can give back to a program of user 0; while we still may. */
static void narrow_bounding_set(void)
{
	for (unsigned long cap = 0; cap < 64; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			jail_broken("dropping capability %lu", cap);
}

static void set_environment(const struct jail *jail)
{
	bool failed = clearenv() != 0;

	/* Servers are in sbin. */
	failed |= setenv("PATH",
			 "/usr/local/bin:/usr/bin:/bin:"
			 "/usr/local/sbin:/usr/sbin:/sbin",
			 1) < 0;
	failed |= setenv("LC_ALL", "C", 1) < 0;
	failed |= setenv("HOME", "/tmp", 1) < 0;
	for (size_t i = 0; i < jail->env_count; i++) {
		char *pair = strdup(jail->env[i]);
		char *value = pair == NULL ? NULL : strchr(pair, '=');

		failed |= value == NULL;
		if (value != NULL) {
			*value = '\0';
			failed |= setenv(pair, value + 1, 1) < 0;
		}
		free(pair);
	}
	if (failed)
		jail_broken("the environment");
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_program(const struct jail *jail, int link)
{
	(void)setsid();
	set_limits(jail);
	narrow_bounding_set();
	leave_root(jail);
	drop_capabilities();
	/* No kernel takes it away with a namespace. */
	if (jail->bare && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		jail_broken("prctl");
	set_environment(jail);
	if (chdir(jail->chdir) < 0)
		jail_broken("the folder %s", jail->chdir);
	jail_filter();
	if (jail_say(link, JAIL_START, 0, -1) < 0 ||
	    jail_hear(link).word != JAIL_GO)
		_exit(JAIL_STATUS_BROKEN);
	reset_signals();
	if (dup2(jail->in, 0) < 0 || dup2(jail->out, 1) < 0 ||
	    dup2(jail->err, 2) < 0)
		_exit(JAIL_STATUS_BROKEN);
	(void)execvp(jail->argv[0], jail->argv);
	(void)jail_say(link, JAIL_NOT_FOUND, errno, -1);
	_exit(errno == ENOENT ? 127 : 126);
}

/* --- Pid 1 --- */

/* End with the process behind OUTSIDE, even if it has ended by now. */
static void end_with(int outside)
{
	struct pollfd pfd = {.fd = outside, .events = POLLIN};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    poll(&pfd, 1, 0) != 0)
		_exit(JAIL_STATUS_BROKEN);
}

/* Reap whatever ends; say how the program did; stay until killed. */
static _Noreturn void reap(pid_t program, int link)
{
	for (;;) {
		int status;
		pid_t got = waitpid(-1, &status, 0);

		if (got == program && jail_say(link, JAIL_END, status, -1) < 0)
			_exit(JAIL_STATUS_BROKEN);
		if (got < 0 && errno == ECHILD)
			(void)pause();
	}
}

/* Whose processes go with a bare jail. */
static uid_t bare_uid;

/* The jail has been killed. Only what signal-safety(7) allows. */
static void end_bare(int sig)
{
	(void)sig;
	if (fork() == 0) {
		if (setresuid(bare_uid, bare_uid, bare_uid) == 0)
			(void)kill(-1, SIGKILL);
		_exit(JAIL_STATUS_BROKEN);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	_exit(JAIL_STATUS_BROKEN);
}

/* In the place of pid 1, without a pid namespace; the /proc is everybody's. */
static int become_reaper(const struct jail *jail, int outside)
{
	struct pollfd pfd = {.fd = outside, .events = POLLIN};
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	bare_uid = (uid_t)jail->uid;
	reset_signals();
	(void)signal(SIGTERM, end_bare);
	if (fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		jail_broken("/proc, and who has no parent");
	if (poll(&pfd, 1, 0) != 0)
		_exit(JAIL_STATUS_BROKEN);
	return fd;
}

_Noreturn void jail_inside(struct jail *jail, int link, int outside)
{
	pid_t program;
	int proc;

	end_with(outside);
	if (jail_hear(link).word != JAIL_GO)
		_exit(JAIL_STATUS_BROKEN);
	(void)setsid();
	if (jail->own_net)
		raise_loopback();
	proc = jail->bare ? become_reaper(jail, outside)
			  : jail_make_places(jail);
	(void)close(outside);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		jail_broken("prctl");
	if (jail_say(link, JAIL_PROC, 0, proc) < 0)
		_exit(JAIL_STATUS_BROKEN);
	(void)close(proc);
	program = fork();
	if (program < 0)
		jail_broken("fork");
	if (program == 0)
		become_program(jail, link);
	(void)close(jail->in);
	(void)close(jail->out);
	(void)close(jail->err);
	reap(program, link);
}
