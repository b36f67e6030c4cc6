/*
 * jail_watch.c - the keeper: copies, counts, measures, and ends it in time
 *
 * One poll() loop. Whatever ends a run, pid 1 of the jail is killed then, the
 * kernel kills all others with it, and only when waitid() says so is the rest
 * of the output read.
 *
 * Next: jail_meter.c, which measures.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"
#include "jail.h"
#include "net.h"

enum {
	SAMPLE_MS = 10,	 /* how often memory and processor time are measured */
	DRAIN_MS = 2000, /* for whoever reads our own output, at the end */
	NS_IN_MS = 1000000,
};

/* From one of the program's pipes to where its output goes. */
struct stream {
	int from; /* -1: at its end */
	int to;	  /* -1: broken, the rest is only counted */
	long long bytes;
	bool over; /* there was more than is allowed */
	size_t start;
	size_t end;
	char buf[PIPE_BUF]; /* what poll() says can be written at once */
};

static bool has_text(const struct stream *s)
{
	return s->start < s->end;
}

static struct pollfd stream_pollfd(const struct stream *s)
{
	if (has_text(s))
		return (struct pollfd){.fd = s->to, .events = POLLOUT};
	return (struct pollfd){.fd = s->from, .events = POLLIN};
}

static void stream_read(struct stream *s, long long max)
{
	ssize_t n = read(s->from, s->buf, sizeof(s->buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		(void)close(s->from);
		s->from = -1;
		return;
	}
	if (n > max - s->bytes) {
		n = (ssize_t)(max - s->bytes);
		s->over = true;
	}
	s->bytes += n;
	s->start = 0;
	s->end = s->to < 0 ? 0 : (size_t)n;
}

static void stream_write(struct stream *s)
{
	ssize_t n = write(s->to, s->buf + s->start, s->end - s->start);

	if (n >= 0) {
		s->start += (size_t)n;
	} else if (errno != EINTR && errno != EAGAIN) {
		s->to = -1;
		s->end = 0;
	}
}

/* Read or write, whichever poll() said can be done, once. */
static void stream_step(struct stream *s, const struct pollfd *pfd,
			long long max)
{
	if (pfd->revents == 0)
		return;
	if (has_text(s))
		stream_write(s);
	else
		stream_read(s, max);
}

/* Copy what is still in the pipes, as long as DRAIN_MS allows. */
static void drain(struct stream s[2], long long max)
{
	net_time deadline = net_deadline(DRAIN_MS);

	while (s[0].from >= 0 || s[1].from >= 0 || has_text(&s[0]) ||
	       has_text(&s[1])) {
		struct pollfd pfd[] = {stream_pollfd(&s[0]),
				       stream_pollfd(&s[1])};

		if (poll(pfd, 2, net_ms_left(deadline)) == 0)
			return;
		for (int i = 0; i < 2; i++) {
			if (s[i].over && !has_text(&s[i]))
				s[i].from = -1;
			else
				stream_step(&s[i], &pfd[i], max);
		}
	}
}

/* --- Reasons to end it --- */

static void hear_end(const struct jail *jail, struct jail_run *run)
{
	struct jail_message heard = jail_hear(run->link);

	if (heard.word == JAIL_NOT_FOUND) {
		run->started = false;
		errno = heard.value;
		cli_warn_errno("%s", jail->argv[0]);
		return;
	}
	/* Without a word: the program has brought its own pid 1 down. */
	run->status = heard.word == JAIL_END ? heard.value : SIGKILL;
	run->end = WIFSIGNALED(run->status) ? "signal" : "exit";
}

static void pass_signal(const struct jail_run *run)
{
	struct signalfd_siginfo info;

	if (read(run->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		(void)syscall(SYS_pidfd_send_signal, run->program_fd,
			      (int)info.ssi_signo, NULL, 0U);
}

static struct jail_sample measure(const struct jail *jail, struct jail_run *run)
{
	struct jail_sample sample =
		jail_measure(run->proc, jail->memory_mb * 1024,
			     jail->bare ? jail->uid : -1);

	if (sample.rss_kb > run->peak_rss_kb)
		run->peak_rss_kb = sample.rss_kb;
	if (sample.cpu_ms > run->cpu_ms)
		run->cpu_ms = sample.cpu_ms;
	return sample;
}

static void check_limits(const struct jail *jail, struct jail_run *run)
{
	struct jail_sample sample = measure(jail, run);

	if (sample.rss_kb > jail->memory_mb * 1024)
		run->end = "memory";
	else if (sample.cpu_ms > jail->cpu_s * 1000)
		run->end = "cpu";
}

/* Wait until one of the reasons is there. */
static void wait_for_end(const struct jail *jail, struct jail_run *run,
			 struct stream s[2])
{
	net_time deadline = net_deadline(jail->time_ms);
	net_time next = net_deadline(SAMPLE_MS);

	while (run->end == NULL) {
		struct pollfd pfd[] = {
			stream_pollfd(&s[0]),
			stream_pollfd(&s[1]),
			{.fd = run->link, .events = POLLIN},
			{.fd = run->signals, .events = POLLIN},
			{.fd = run->parent, .events = POLLIN},
		};

		if (poll(pfd, 5,
			 net_ms_left(next < deadline ? next : deadline)) < 0 &&
		    errno != EINTR)
			jail_broken("poll");
		stream_step(&s[0], &pfd[0], jail->output_bytes);
		stream_step(&s[1], &pfd[1], jail->output_bytes);
		if (pfd[3].revents != 0)
			pass_signal(run);
		if (pfd[4].revents != 0)
			_exit(JAIL_STATUS_BROKEN); /* pid 1 ends with us */
		if (net_now() >= next) {
			check_limits(jail, run);
			next = net_deadline(SAMPLE_MS);
		}
		if (s[0].over || s[1].over)
			run->end = "output";
		else if (pfd[2].revents != 0)
			hear_end(jail, run);
		else if (net_now() >= deadline && run->end == NULL)
			run->end = "deadline";
	}
}

/*
 * Kill whatever is a user's, from a process that becomes that user. One kill()
 * for all of them leaves none that could have forked meanwhile.
 */
static void kill_user(uid_t uid)
{
	pid_t killer = fork();

	if (killer < 0)
		jail_broken("fork");
	if (killer == 0) {
		if (setresuid(uid, uid, uid) < 0)
			_exit(JAIL_STATUS_BROKEN);
		(void)kill(-1, SIGKILL);
		_exit(0);
	}
	while (waitpid(killer, NULL, 0) < 0)
		if (errno != EINTR)
			jail_broken("waitpid");
}

/* Kill all that is left, and collect what the kernel counted. */
static void take_away(const struct jail *jail, struct jail_run *run)
{
	struct rusage used;
	long long cpu_ms;
	int status;

	if (jail->bare)
		kill_user((uid_t)jail->uid);
	(void)syscall(SYS_pidfd_send_signal, run->init_fd, SIGKILL, NULL, 0U);
	while (wait4(run->init, &status, 0, &used) < 0)
		if (errno != EINTR)
			jail_broken("wait4");
	cpu_ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000LL +
		 (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	/* Finer than the samples, but without those that were killed. */
	if (cpu_ms > run->cpu_ms)
		run->cpu_ms = cpu_ms;
	if (used.ru_maxrss > run->peak_rss_kb)
		run->peak_rss_kb = used.ru_maxrss;
	/* RLIMIT_CPU was quicker than we were. */
	if (strcmp(run->end, "signal") == 0 &&
	    run->cpu_ms >= jail->cpu_s * 1000 &&
	    (WTERMSIG(run->status) == SIGKILL ||
	     WTERMSIG(run->status) == SIGXCPU))
		run->end = "cpu";
}

void jail_watch(const struct jail *jail, struct jail_run *run)
{
	struct stream s[2] = {{.from = run->from[0], .to = run->to[0]},
			      {.from = run->from[1], .to = run->to[1]}};
	struct jail_sample last;
	bool program_lives;

	run->status = SIGKILL;
	wait_for_end(jail, run, s);
	run->wall_ms = (net_now() - run->began) / NS_IN_MS;
	last = measure(jail, run);
	program_lives = strcmp(run->end, "exit") != 0 &&
			strcmp(run->end, "signal") != 0;
	run->left_behind = last.alive - (program_lives && last.alive > 0);
	take_away(jail, run);
	drain(s, jail->output_bytes);
	if (s[0].over || s[1].over)
		run->end = "output";
	run->bytes[0] = s[0].bytes;
	run->bytes[1] = s[1].bytes;
}
