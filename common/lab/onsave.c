/*
 * onsave.c - run a command again whenever a file was saved
 *
 * Usage: onsave DIR FILE[,FILE...] COMMAND [ARG...]
 *
 * Runs COMMAND at once, and again after each save of a FILE in DIR. Editors
 * save in many ways - in place, by a rename, by moving the old file away - so
 * what is watched is the folder, for these names (inotify(7)); what they do
 * in a burst is one save. What is saved while COMMAND runs is one more run
 * when it has ended. The watch stands before the first run: no save is lost.
 *
 * On a terminal q or Ctrl-C ends it, and Enter runs COMMAND once more. It also
 * ends, and with it COMMAND and all of its children, at a signal, when
 * whoever started it ends, and when DIR is gone.
 *
 * Exit status: 0 ended by a key or a signal, 1 failed or DIR is gone, 2 usage.
 */
#include "cli.h"
#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum {
	QUIET_MS = 50,	/* a burst is over when nothing came for so long, */
	BURST_MS = 500, /* or when it lasts longer than this */
	GRACE_MS = 2000 /* for COMMAND to end at SIGTERM */
};

enum {
	SAVED = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE,
	GONE = IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED,
	PARENT_GONE = IN_DELETE | IN_MOVED_FROM,
};

/* One watch of one folder, and the run that it leads to. */
struct watch {
	const char *dir;
	const char *files; /* separated by commas */
	char **command;
	char real[PATH_MAX]; /* of DIR, the folder around it, then a NUL, */
	const char *name;    /* and its own name */
	int inotify;
	int wd;	    /* of DIR */
	int parent; /* of the folder around it, which knows when it goes */
	int signals;
	pid_t child;	/* 0 when none runs */
	bool wanted;	/* a run is to begin ... */
	net_time due;	/* ... at this time, */
	net_time burst; /* and at this one whatever comes */
	bool quit;
	bool gone;
};

/* The terminal as it was found; given back however this ends. */
static struct termios terminal;
static bool terminal_changed;

static void give_terminal_back(void)
{
	if (terminal_changed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal);
}

/*
 * Take single keys from the terminal. Ctrl-C is one of them, so that nobody
 * else, as make, is hit by it. Not from the background, where a change of the
 * terminal would stop us.
 */
static void take_keys(void)
{
	struct termios keys;

	if (tcgetpgrp(STDIN_FILENO) != getpgrp() ||
	    tcgetattr(STDIN_FILENO, &terminal) < 0)
		return;
	keys = terminal;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | TOSTOP);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &keys) < 0)
		cli_die_errno("terminal");
	terminal_changed = true;
	atexit(give_terminal_back);
}

static void read_key(struct watch *w)
{
	char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0 || key == 'q' || key == 'Q' || key == 3 || key == 4) {
		w->quit = true; /* 3: Ctrl-C, 4: Ctrl-D; or the terminal went */
	} else if (key == '\r' || key == '\n') {
		w->wanted = true;
		w->due = net_now();
	}
}

/* --- The folder --- */

static void begin_watch(struct watch *w)
{
	w->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->inotify < 0)
		cli_die_errno("inotify");
	if (realpath(w->dir, w->real) == NULL)
		cli_die_errno("%s", w->dir);
	w->wd = inotify_add_watch(w->inotify, w->real,
				  SAVED | GONE | IN_ONLYDIR);
	if (w->wd < 0)
		cli_die_errno("cannot watch %s", w->dir);
	/* A folder in which somebody stands tells late that it was deleted. */
	char *slash = strrchr(w->real, '/');
	*slash = '\0';
	w->parent =
		inotify_add_watch(w->inotify, slash > w->real ? w->real : "/",
				  PARENT_GONE | IN_ONLYDIR);
	w->name = slash + 1;
}

/* Whether NAME is one of the files, which are separated by commas. */
static bool is_watched(const char *files, const char *name)
{
	size_t len = strlen(name);

	for (const char *f = files; f != NULL; f = strchr(f, ',')) {
		f += *f == ',';
		if (strncmp(f, name, len) == 0 && (f[len] == ',' || !f[len]))
			return true;
	}
	return false;
}

/* A save: a run is wanted, as soon as the burst that it is part of is over. */
static void note_save(struct watch *w)
{
	if (!w->wanted)
		w->burst = net_deadline(BURST_MS);
	w->wanted = true;
	w->due = net_deadline(QUIET_MS);
	if (w->due > w->burst)
		w->due = w->burst;
}

static void note_event(struct watch *w, const struct inotify_event *event)
{
	const char *name = event->len > 0 ? event->name : "";

	if (event->wd == w->parent && (event->mask & PARENT_GONE))
		w->gone |= strcmp(name, w->name) == 0;
	if (event->wd == w->wd && (event->mask & GONE))
		w->gone = true;
	/* Events were lost? One of them may have been a save. */
	if ((event->mask & IN_Q_OVERFLOW) ||
	    (event->wd == w->wd && is_watched(w->files, name)))
		note_save(w);
}

static void read_events(struct watch *w)
{
	char buf[16 * 1024]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;

	for (;;) {
		ssize_t n = read(w->inotify, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			cli_die_errno("inotify");
		if (n <= 0)
			return;
		for (char *p = buf; p < buf + n;) {
			event = (const struct inotify_event *)(const void *)p;
			note_event(w, event);
			p += sizeof *event + event->len;
		}
	}
}

/* --- The command --- */

/*
 * In a process group of its own, so that all of it can be ended, and without
 * the keyboard, which is ours.
 */
static _Noreturn void become_command(const struct watch *w, pid_t parent)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(CLI_FAILED);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0) {
		cli_warn_errno("/dev/null");
		_exit(CLI_FAILED); /* exit() would meddle with the terminal */
	}
	signal(SIGPIPE, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(w->command[0], w->command);
	cli_warn_errno("%s", w->command[0]);
	_exit(127);
}

static void begin_command(struct watch *w)
{
	pid_t self = getpid();

	w->wanted = false;
	w->child = fork();
	if (w->child < 0)
		cli_die_errno("fork");
	if (w->child == 0)
		become_command(w, self);
	setpgid(w->child, w->child); /* whoever of both comes first */
}

/* Reap what has ended; false when no child, nor a child's child, is left. */
static bool reap(struct watch *w)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (pid == w->child)
			w->child = 0;
	return pid == 0;
}

static void read_signal(struct watch *w)
{
	struct signalfd_siginfo info;

	while (read(w->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_signo != SIGCHLD)
			w->quit = true;
	reap(w);
}

/* Wait until no child is left, or DEADLINE. */
static bool all_ended(struct watch *w, net_time deadline)
{
	while (reap(w)) {
		struct signalfd_siginfo info;
		if (net_wait(w->signals, POLLIN, deadline) < 0)
			return false;
		(void)!read(w->signals, &info, sizeof info);
	}
	return true;
}

static void end_command(struct watch *w)
{
	pid_t group = w->child;

	if (group == 0)
		return;
	kill(-group, SIGTERM);
	if (all_ended(w, net_deadline(GRACE_MS)))
		return;
	kill(-group, SIGKILL);
	all_ended(w, net_deadline(GRACE_MS));
}

/* --- Both together --- */

static int take_signals(void)
{
	sigset_t set;

	/* Ignored by who started us, it would never come. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		cli_die_errno("signalfd");
	return fd;
}

static void watch(struct watch *w)
{
	while (!w->quit && !w->gone) {
		bool waiting = w->wanted && w->child == 0;
		if (waiting && net_now() >= w->due) {
			begin_command(w);
			continue;
		}
		int ms = net_ms_left(waiting ? w->due : NET_FOREVER);
		struct pollfd fds[] = {
			{w->inotify, POLLIN, 0},
			{w->signals, POLLIN, 0},
			{terminal_changed ? STDIN_FILENO : -1, POLLIN, 0},
		};
		if (poll(fds, 3, ms) < 0 && errno != EINTR)
			cli_die_errno("poll");
		if (fds[0].revents)
			read_events(w);
		if (fds[1].revents)
			read_signal(w);
		if (fds[2].revents)
			read_key(w);
	}
}

int main(int argc, char **argv)
{
	struct watch w = {.wanted = true};
	pid_t parent = getppid();

	cli_init(argv[0], "DIR FILE[,FILE...] COMMAND [ARG...]");
	if (argc < 4)
		cli_usage();
	w.dir = argv[1];
	w.files = argv[2];
	w.command = argv + 3;
	w.signals = take_signals();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return CLI_FAILED;
	/* Children whose parent has ended become ours, and are waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	begin_watch(&w);
	take_keys();
	watch(&w);
	end_command(&w);
	if (terminal_changed) /* the command may have left half a line */
		(void)!write(STDERR_FILENO, "\n", 1);
	if (w.gone)
		cli_die("%s is gone: there is nothing left to watch", w.dir);
	return CLI_OK;
}
