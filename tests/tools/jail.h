/*
 * jail.h - what the parts of the jail share
 *
 * Next: jail.c, which reads the options and puts the parts together.
 */
#ifndef PORTLAB_JAIL_H
#define PORTLAB_JAIL_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net.h"

enum {
	JAIL_STATUS_DEADLINE = 124,
	JAIL_STATUS_BROKEN = 125,
	JAIL_PLACES_MAX = 64,
	JAIL_ENV_MAX = 64,
};

/* --- What is asked for: jail.c --- */

enum jail_kind {
	JAIL_HIDE,  /* empty and read-only */
	JAIL_RO,    /* as outside, read-only */
	JAIL_RW,    /* as outside */
	JAIL_EMPTY, /* empty, and the program's to fill */
};

/* A path that is not to look inside as it does outside. */
struct jail_place {
	enum jail_kind kind;
	const char *path;
	int tree; /* the mount to be put there, from open_tree(2), or -1 */
};

struct jail {
	long long time_ms;
	long long cpu_s;
	long long output_bytes; /* of stdout, and as much of stderr */
	long long file_bytes;
	long long memory_mb;
	long long processes;
	long long fds;
	long long tmp_mb;
	long long tmp_exec;
	long long uid; /* the program's, where jail is root */
	bool own_net;  /* a network namespace of its own */
	bool own_user; /* and a user namespace */
	bool bare;     /* no namespaces at all, but a user of its own */
	const char *chdir;
	const char *env[JAIL_ENV_MAX]; /* "NAME=VALUE" */
	size_t env_count;
	struct jail_place places[JAIL_PLACES_MAX];
	size_t place_count;
	char **argv;
	int in; /* what becomes the program's stdin, stdout and stderr */
	int out;
	int err;
};

/* Print "jail: MESSAGE: strerror(errno)" and exit with JAIL_STATUS_BROKEN. */
_Noreturn void jail_broken(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

void jail_add_place(struct jail *jail, enum jail_kind kind, const char *path);

/* --- What inside and outside say to each other: jail_link.c --- */

enum jail_word {
	JAIL_GO,	/* outside: carry on */
	JAIL_PROC,	/* pid 1: here is a descriptor of the /proc inside */
	JAIL_START,	/* program: about to be executed */
	JAIL_NOT_FOUND, /* program: execve() failed, value is errno */
	JAIL_END,	/* pid 1: the program ended, value is its wait status */
	JAIL_GONE,	/* nobody is at the other end */
};

struct jail_message {
	enum jail_word word;
	int value;
	int fd;	   /* that came with it, or -1 */
	pid_t pid; /* of who sent it, as the receiver counts; 0: not known */
};

/* A pair of connected sockets for messages; link[0] is for outside. */
void jail_link(int link[2]);

/* Send WORD with VALUE, and FD unless it is -1. -1 with errno. */
int jail_say(int link, enum jail_word word, int value, int fd);

/* Wait for the next message. */
struct jail_message jail_hear(int link);

/* --- Inside --- */

/*
 * jail_inside.c: what pid 1 does. LINK is its end of the pair, OUTSIDE a pidfd
 * of the process at the other end.
 */
_Noreturn void jail_inside(struct jail *jail, int link, int outside);

/*
 * jail_places.c: make the file system of the new mount namespace what the
 * options say. Capabilities over that namespace are needed. Returns a
 * descriptor of the new /proc.
 */
int jail_make_places(struct jail *jail);

/*
 * jail_filter.c: have fewer system calls from now on. No new privileges may be
 * had any more (PR_SET_NO_NEW_PRIVS).
 */
void jail_filter(void);

/* --- Outside --- */

/* jail_meter.c: what the processes of the jail, but not its pid 1, use. */
struct jail_sample {
	long long cpu_ms;
	long long rss_kb;
	int alive; /* processes that are no zombies */
};

/*
 * Measure by PROC, the /proc inside; of a bare jail, in which that is
 * everybody's, what belongs to USER, else -1. Resident memory that several
 * processes share counts several times in the first, quick sum; where that is
 * above LIMIT_KB, it is counted again exactly (Pss, proc_pid_smaps_rollup(5)).
 */
struct jail_sample jail_measure(DIR *proc, long long limit_kb, long long user);

/* jail_watch.c: a run of one program, and how it ended. */
struct jail_run {
	pid_t init; /* pid 1 of the jail, and its pidfd */
	int init_fd;
	int program_fd; /* pidfd of the program */
	int link;
	int signals; /* signalfd of what is to be passed to the program */
	int parent;  /* pidfd of jail's parent, or -1 */
	DIR *proc;
	int from[2]; /* pipes from the program's stdout and stderr, */
	int to[2];   /* and where to copy them */

	const char *end; /* "exit", "signal", "deadline", ... */
	bool started;
	net_time began; /* when the program was let go */
	int status;	/* as in wait(2) */
	long long wall_ms;
	long long cpu_ms;
	long long peak_rss_kb;
	long long bytes[2]; /* that were copied */
	int left_behind;
};

/* Watch over RUN until it has ended, and nothing of it is left. */
void jail_watch(const struct jail *jail, struct jail_run *run);

#endif
