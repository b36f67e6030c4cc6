/*
 * jail.c - run one program that is not to be trusted
 *
 * Usage: jail [OPTION...] [--] COMMAND [ARG...]
 *
 *   --time MS       of wall clock, then all is killed             10000
 *   --cpu S         of processor time, all processes together     10
 *   --memory MB     resident, all processes together              512
 *   --output BYTES  of stdout, and as much of stderr              1048576
 *   --file-size BYTES  of one file                                16777216
 *   --processes N   and threads                                   64
 *   --fds N         descriptors of one process                    256
 *   --tmp MB        in /tmp, and as much in /dev/shm              16
 *   --tmp-exec N    0: what is written there is not executed      1
 *   --uid N         who the program is, where jail is root        65534
 *   --netns FILE    its network, as /run/netns/server; none: one with lo only
 *   --chdir PATH    its folder; none: the one that jail was started in
 *   --env NAME=VALUE   besides PATH, LC_ALL=C and HOME=/tmp; repeatable
 *   --hide PATH     empty; --ro PATH, --rw PATH: as outside; repeatable
 *   --stdout FILE, --stderr FILE  where its output goes; none: jail's own
 *   --pidfile FILE  gets its pid, as seen from here, when it starts
 *   --report FILE   gets one line of JSON, when it has ended
 *
 * The program runs in user, pid, mount, IPC, UTS and network namespaces of its
 * own (namespaces(7)), as no user with any power, below a pid 1 that is the
 * jail's. When it ends, or jail does, or jail's parent, the kernel kills all
 * in the pid namespace: nothing outlives it. It gets stdin (not from a
 * terminal), stdout and stderr, and no other descriptor. Signals that come to
 * jail (HUP, INT, QUIT, TERM, USR1, USR2) go to the program, and to it only.
 *
 * With JAIL_BARE=1 in the environment, and as root, it does without namespaces:
 * for containers in which none can be had. The program is then a user that is
 * nobody else, with the same limits, and all of that user is killed at the end;
 * --hide, --ro, --rw, --netns, --tmp, --tmp-exec and --uid do nothing: it sees
 * the files, the network and the processes that any user here does.
 *
 * Exit status: the program's, or 128 and its signal; 124 at the deadline; 137
 * beyond another limit; 126 or 127 when it cannot be executed; 125 when the
 * jail itself failed; 2 usage.
 *
 * Next: jail_inside.c, what becomes of the child; jail_watch.c, the parent.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "jail.h"
#include "net.h"

enum {
	MAP_BYTES = 4096, /* the kernel takes less than a page */
	FIRST_OWN_FD = 3,
	BARE_UID =
		1 << 24, /* and the jail's pid: nobody has so high a number */
};

/* The files that the options name; -1 where they name none. */
struct files {
	int report;
	int pidfile;
	int out;
	int err;
	int netns;
};

_Noreturn void jail_broken(const char *format, ...)
{
	int err = errno;
	char text[PATH_MAX];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	errno = err;
	cli_warn_errno("%s", text);
	_exit(JAIL_STATUS_BROKEN);
}

/* --- Options --- */

void jail_add_place(struct jail *jail, enum jail_kind kind, const char *path)
{
	if (jail->place_count == JAIL_PLACES_MAX)
		cli_usage_error("more than %d places", JAIL_PLACES_MAX);
	jail->places[jail->place_count++] =
		(struct jail_place){.kind = kind, .path = path, .tree = -1};
}

static void add_env(struct jail *jail, const char *pair)
{
	if (*pair == '=' || strchr(pair, '=') == NULL)
		cli_usage_error("--env %s is not NAME=VALUE", pair);
	if (jail->env_count == JAIL_ENV_MAX)
		cli_usage_error("more than %d --env", JAIL_ENV_MAX);
	jail->env[jail->env_count++] = pair;
}

static long long number(const char *name, const char *text)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 0 || n > INT_MAX)
		cli_usage_error("--%s %s is no number of 0 to %d", name, text,
				INT_MAX);
	return n;
}

static int open_for(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd < 0)
		jail_broken("%s", path);
	return fd;
}

enum option_kind { NUMBER, TEXT, INPUT, OUTPUT, PLACE, ENVIRONMENT };

/* What an option is, and where its value goes. */
struct option_place {
	const char *name;
	void *value;
	enum option_kind kind;
	enum jail_kind place;
};

static void take_option(struct jail *jail, const struct option_place *option,
			const char *text)
{
	switch (option->kind) {
	case NUMBER:
		*(long long *)option->value = number(option->name, text);
		break;
	case TEXT:
		*(const char **)option->value = text;
		break;
	case INPUT:
		*(int *)option->value = open_for(text, O_RDONLY);
		break;
	case OUTPUT:
		*(int *)option->value =
			open_for(text, O_WRONLY | O_CREAT | O_TRUNC);
		break;
	case PLACE:
		jail_add_place(jail, option->place, text);
		break;
	case ENVIRONMENT:
		add_env(jail, text);
		break;
	}
}

static void parse(struct jail *jail, struct files *files, int argc, char **argv)
{
	const struct option_place places[] = {
		{"time", &jail->time_ms, NUMBER, 0},
		{"cpu", &jail->cpu_s, NUMBER, 0},
		{"memory", &jail->memory_mb, NUMBER, 0},
		{"output", &jail->output_bytes, NUMBER, 0},
		{"file-size", &jail->file_bytes, NUMBER, 0},
		{"processes", &jail->processes, NUMBER, 0},
		{"fds", &jail->fds, NUMBER, 0},
		{"tmp", &jail->tmp_mb, NUMBER, 0},
		{"tmp-exec", &jail->tmp_exec, NUMBER, 0},
		{"uid", &jail->uid, NUMBER, 0},
		{"chdir", &jail->chdir, TEXT, 0},
		{"env", NULL, ENVIRONMENT, 0},
		{"hide", NULL, PLACE, JAIL_HIDE},
		{"ro", NULL, PLACE, JAIL_RO},
		{"rw", NULL, PLACE, JAIL_RW},
		{"netns", &files->netns, INPUT, 0},
		{"stdout", &files->out, OUTPUT, 0},
		{"stderr", &files->err, OUTPUT, 0},
		{"pidfile", &files->pidfile, OUTPUT, 0},
		{"report", &files->report, OUTPUT, 0},
	};
	enum { COUNT = sizeof(places) / sizeof(*places) };
	struct option options[COUNT + 1] = {{NULL, 0, NULL, 0}};
	int got;

	for (int i = 0; i < COUNT; i++)
		options[i] = (struct option){places[i].name, required_argument,
					     NULL, i};
	opterr = 0;
	while ((got = getopt_long(argc, argv, "+:", options, NULL)) >= 0) {
		if (got == ':')
			cli_usage_error("%s needs a value", argv[optind - 1]);
		else if (got == '?')
			cli_usage_error("there is no option %s",
					argv[optind - 1]);
		else
			take_option(jail, &places[got], optarg);
	}
	jail->argv = argv + optind;
	if (*jail->argv == NULL)
		cli_usage_error("which command?");
	if (jail->processes == 0 || jail->fds < FIRST_OWN_FD ||
	    jail->tmp_mb == 0)
		cli_usage_error("no program can run with so little");
}

/* --- Descriptors --- */

/* 0, 1 and 2 are open, and a terminal or a folder is not what is read. */
static void secure_standard_files(void)
{
	struct stat st;
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd < FIRST_OWN_FD);
	if (fd < 0)
		jail_broken("/dev/null");
	if (isatty(STDIN_FILENO) ||
	    (fstat(STDIN_FILENO, &st) == 0 && S_ISDIR(st.st_mode)))
		(void)dup2(fd, STDIN_FILENO);
	(void)close(fd);
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/*
 * Close whatever was inherited, so that nobody waits for our end of it; keep
 * what the options opened.
 */
static void close_others(const struct files *files)
{
	int keep[] = {files->report, files->pidfile, files->out, files->err,
		      files->netns};
	enum { COUNT = sizeof(keep) / sizeof(*keep) };
	unsigned from = FIRST_OWN_FD;

	qsort(keep, COUNT, sizeof(*keep), by_value);
	for (int i = 0; i < COUNT; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned)keep[i] > from)
			(void)syscall(SYS_close_range, from,
				      (unsigned)keep[i] - 1, 0U);
		from = (unsigned)keep[i] + 1;
	}
	if (syscall(SYS_close_range, from, ~0U, 0U) < 0)
		jail_broken("close_range (Linux 5.9 or newer is needed)");
}

static int block_signals(void)
{
	static const int passed[] = {SIGHUP,  SIGINT,  SIGQUIT,
				     SIGTERM, SIGUSR1, SIGUSR2};
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		(void)sigaddset(&set, passed[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		jail_broken("signalfd");
	return fd;
}

static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0U);

	if (fd < 0)
		jail_broken("pidfd_open of process %d", pid);
	return fd;
}

/* A parent in another pid namespace has no number, but its end has a signal. */
static int open_parent(void)
{
	pid_t parent = getppid();

	if (parent > 0)
		return open_pidfd(parent);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return -1;
}

/*
 * The program may be another user than we are. It may open what it writes to
 * once more, by the name /dev/stderr: many servers have a log there.
 */
static void make_pipe(int *from, int *into)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0 || fchmod(fd[1], S_IRUSR | 0222) < 0)
		jail_broken("pipe");
	*from = fd[0];
	*into = fd[1];
}

/* --- Starting --- */

/*
 * The ids of the new user namespace: root has all that it has here, so that it
 * can still read everybody's files and become another user; anybody else has
 * the own id.
 */
static void write_map(pid_t child, const char *name, unsigned own)
{
	char path[64];
	char map[MAP_BYTES] = "";
	size_t len = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/%s", name);
	f = fopen(path, "re");
	if (f == NULL)
		jail_broken("%s", path);
	for (unsigned first, outside, count;
	     geteuid() == 0 && len < sizeof(map) - 64 &&
	     // NOLINTNEXTLINE(cert-err34-c): the kernel wrote it
	     fscanf(f, "%u %u %u", &first, &outside, &count) == 3;)
		len += (size_t)snprintf(map + len, sizeof(map) - len,
					"%u %u %u\n", first, first, count);
	(void)fclose(f);
	if (geteuid() != 0)
		len = (size_t)snprintf(map, sizeof(map), "%u %u 1\n", own, own);
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", child, name);
	f = fopen(path, "we");
	if (f == NULL || fwrite(map, len, 1, f) != 1 || fclose(f) != 0)
		jail_broken("%s", path);
}

static void map_ids(pid_t child)
{
	char path[64];
	FILE *f;

	if (geteuid() != 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/setgroups", child);
		f = fopen(path, "we");
		if (f == NULL || fputs("deny", f) < 0 || fclose(f) != 0)
			jail_broken("%s", path);
	}
	write_map(child, "uid_map", geteuid());
	write_map(child, "gid_map", getegid());
}

/* fork() into new namespaces; *PIDFD is of the child. */
static pid_t fork_into(uint64_t namespaces, int *pidfd)
{
	struct clone_args args = {
		.flags = namespaces | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/*
 * Make the jail. Root can do without a user namespace where there are none,
 * but then shares its limit of processes with whoever else is that user.
 */
static pid_t make_bare(struct jail *jail, int link, int *pidfd)
{
	int self = open_pidfd(getpid());
	pid_t child = fork();

	if (child < 0)
		jail_broken("fork");
	if (child == 0)
		jail_inside(jail, link, self);
	(void)close(self);
	*pidfd = open_pidfd(child);
	return child;
}

static pid_t make(struct jail *jail, int link, int *pidfd)
{
	uint64_t namespaces =
		CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
	int self = open_pidfd(getpid());
	pid_t child;

	if (jail->own_net)
		namespaces |= CLONE_NEWNET;
	jail->own_user = true;
	child = fork_into(namespaces | CLONE_NEWUSER, pidfd);
	if (child < 0 && geteuid() == 0) {
		jail->own_user = false;
		child = fork_into(namespaces, pidfd);
	}
	if (child < 0)
		jail_broken("namespaces cannot be made here "
			    "(make doctor says why)");
	if (child == 0)
		jail_inside(jail, link, self);
	(void)close(self);
	if (jail->own_user)
		map_ids(child);
	return child;
}

/* The next word from inside, which has said what went wrong if it is not. */
static struct jail_message expect(int link, enum jail_word word)
{
	struct jail_message heard = jail_hear(link);

	if (heard.word != word)
		_exit(JAIL_STATUS_BROKEN);
	return heard;
}

static void start(struct jail *jail, struct jail_run *run, int pidfile)
{
	struct jail_message heard;
	int link[2];

	jail_link(link);
	run->link = link[0];
	run->init =
		(jail->bare ? make_bare : make)(jail, link[1], &run->init_fd);
	(void)close(link[1]);
	(void)close(jail->out);
	(void)close(jail->err);
	(void)jail_say(run->link, JAIL_GO, 0, -1);
	heard = expect(run->link, JAIL_PROC);
	run->proc = fdopendir(heard.fd);
	if (run->proc == NULL)
		jail_broken("the jail's /proc");
	heard = expect(run->link, JAIL_START);
	run->program_fd = open_pidfd(heard.pid);
	if (pidfile >= 0 && dprintf(pidfile, "%d\n", heard.pid) < 0)
		jail_broken("the pid file");
	if (pidfile >= 0)
		(void)close(pidfile);
	run->started = true;
	/* Before it is let go: on a busy machine it may be the first to run. */
	run->began = net_now();
	(void)jail_say(run->link, JAIL_GO, 0, -1);
}

/* --- The end --- */

static int exit_status(const struct jail_run *run)
{
	if (strcmp(run->end, "deadline") == 0)
		return JAIL_STATUS_DEADLINE;
	if (strcmp(run->end, "exit") == 0)
		return WEXITSTATUS(run->status);
	return 128 +
	       (WIFSIGNALED(run->status) ? WTERMSIG(run->status) : SIGKILL);
}

static void report(const struct jail_run *run, int fd)
{
	char name[32] = "null";
	bool signalled = strcmp(run->end, "exit") != 0;
	int sig = WIFSIGNALED(run->status) ? WTERMSIG(run->status) : SIGKILL;
	const char *abbrev = sigabbrev_np(sig);

	if (signalled && abbrev != NULL)
		(void)snprintf(name, sizeof(name), "\"SIG%s\"", abbrev);
	else if (signalled)
		(void)snprintf(name, sizeof(name), "\"%d\"", sig);
	if (dprintf(fd,
		    "{\"end\":\"%s\",\"status\":%d,\"signal\":%s,"
		    "\"started\":%s,\"wall_ms\":%lld,\"cpu_ms\":%lld,"
		    "\"stdout_bytes\":%lld,\"stderr_bytes\":%lld,"
		    "\"peak_rss_kb\":%lld,\"left_behind\":%d}\n",
		    run->end, exit_status(run), name,
		    run->started ? "true" : "false", run->wall_ms, run->cpu_ms,
		    run->bytes[0], run->bytes[1], run->peak_rss_kb,
		    run->left_behind) < 0)
		jail_broken("the report");
}

/* What JAIL_BARE asks for. */
static void choose_bare(struct jail *jail, const struct files *files)
{
	const char *asked = getenv("JAIL_BARE");

	jail->bare = asked != NULL && strcmp(asked, "1") == 0;
	if (jail->bare && geteuid() != 0)
		cli_usage_error("JAIL_BARE is for root");
	if (jail->bare)
		jail->uid = BARE_UID + getpid();
	jail->own_net = files->netns < 0 && !jail->bare;
	if (files->netns >= 0 && !jail->bare &&
	    setns(files->netns, CLONE_NEWNET) < 0)
		jail_broken("entering the network of --netns");
}

int main(int argc, char **argv)
{
	struct jail jail = {.time_ms = 10000,
			    .cpu_s = 10,
			    .output_bytes = 1048576,
			    .file_bytes = 16777216,
			    .memory_mb = 512,
			    .processes = 64,
			    .fds = 256,
			    .tmp_mb = 16,
			    .tmp_exec = 1,
			    .uid = 65534,
			    .in = STDIN_FILENO};
	struct files files = {-1, -1, -1, -1, -1};
	struct jail_run run = {.link = -1};

	cli_init(argv[0], "[OPTION VALUE...] [--] COMMAND [ARG...]");
	secure_standard_files();
	parse(&jail, &files, argc, argv);
	close_others(&files);
	/* Ignored by who started us, it would leave wait4() with no child. */
	signal(SIGCHLD, SIG_DFL);
	run.signals = block_signals();
	run.parent = open_parent();
	if (jail.chdir == NULL)
		jail.chdir = getcwd(NULL, 0);
	if (jail.chdir == NULL)
		jail_broken("the current folder");
	choose_bare(&jail, &files);
	make_pipe(&run.from[0], &jail.out);
	make_pipe(&run.from[1], &jail.err);
	run.to[0] = files.out >= 0 ? files.out : STDOUT_FILENO;
	run.to[1] = files.err >= 0 ? files.err : STDERR_FILENO;
	start(&jail, &run, files.pidfile);
	jail_watch(&jail, &run);
	if (files.report >= 0)
		report(&run, files.report);
	return exit_status(&run);
}
