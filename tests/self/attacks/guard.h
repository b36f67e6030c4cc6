/*
 * guard.h - an attack acts in a jail, and nowhere else
 *
 * The first thing that every attack includes. Outside a jail some of them take
 * the machine down, so this runs before main(), and before all that an attack
 * itself runs there, and ends the program with status 2 unless the process is
 * held as a jail holds it: pid 1 is the jail's, no power is left and none can
 * be gained, and there is a limit to the processes, which counts for whoever
 * is not root. In a jail it says on stderr that the attack has begun, and
 * gives the process the name by which a test looks for what is left behind.
 *
 * ../attacks.bats puts this text where it is included, for a submission has no
 * header of its own, and before it the definitions of TAG and SUITE.
 *
 * Next: ../attacks.bats, which says what must come of each attack.
 */
#ifndef PORTLAB_GUARD_H
#define PORTLAB_GUARD_H

#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Defined by the test: a word of this run's own, and where the suite is. */
#ifndef TAG
#define TAG "attack"
#endif
#ifndef SUITE
#define SUITE "/nonexistent"
#endif

enum {
	GUARD_FIRST = 101, /* of the priorities that a program may use */
	GUARD_PROCESSES_MAX = 1024,
	GUARD_LINE_BYTES = 256,
};

/* Whether the file at PATH has the line WANTED. */
static bool guard_has_line(const char *path, const char *wanted)
{
	char line[GUARD_LINE_BYTES];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strcmp(line, wanted) == 0;
	(void)fclose(f);
	return found;
}

static bool guard_is_jailed(void)
{
	struct statfs proc;
	struct rlimit processes;

	return statfs("/proc", &proc) == 0 && proc.f_type == PROC_SUPER_MAGIC &&
	       getpid() != 1 && guard_has_line("/proc/1/comm", "jail\n") &&
	       guard_has_line("/proc/self/status", "NoNewPrivs:\t1\n") &&
	       guard_has_line("/proc/self/status",
			      "CapBnd:\t0000000000000000\n") &&
	       geteuid() != 0 && getrlimit(RLIMIT_NPROC, &processes) == 0 &&
	       processes.rlim_max <= GUARD_PROCESSES_MAX;
}

static void guard_say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(2);
}

__attribute__((constructor(GUARD_FIRST))) static void guard(void)
{
	if (!guard_is_jailed()) {
		guard_say("attack: only in a jail\n");
		_exit(2);
	}
	(void)prctl(PR_SET_NAME, TAG, 0, 0, 0);
	guard_say("begun " TAG "\n");
}

#endif
