/*
 * jail_meter.c - what the processes of a jail use, from its /proc
 *
 * Next: jail_watch.c, which asks every few milliseconds.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jail.h"

enum {
	STAT_BYTES = 1024,
	/* proc_pid_stat(5) */
	FIELD_STATE = 3,
	FIELD_UTIME = 14, /* then stime, cutime and cstime */
	FIELD_CSTIME = 17,
	FIELD_RSS = 24,
};

/* Read a small file of PID; false if it has gone, or is not ours to read. */
static bool read_file(DIR *proc, const char *pid, const char *file, char *text,
		      size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%.20s/%s", pid, file);
	fd = openat(dirfd(proc), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	(void)close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	return n > 0;
}

/*
 * Whether PID is a process of USER, by what it cannot change: that its files in
 * /proc are root's is in its own power (PR_SET_DUMPABLE).
 */
static bool belongs_to(DIR *proc, const char *pid, long long user)
{
	char text[STAT_BYTES];
	char *line;

	if (user < 0)
		return true;
	if (!read_file(proc, pid, "status", text, sizeof(text)))
		return false;
	line = strstr(text, "\nUid:");
	return line != NULL &&
	       strtoll(line + strlen("\nUid:"), NULL, 10) == user;
}

/* Add what the line STAT of /proc/PID/stat says to SAMPLE. */
static void add_stat(struct jail_sample *sample, char *stat, bool is_init)
{
	const long long tick_ms = 1000 / sysconf(_SC_CLK_TCK);
	const long long page_kb = sysconf(_SC_PAGESIZE) / 1024;
	/* Field 2, the name, may hold anything, but ends with the last ")". */
	char *field = strrchr(stat, ')');

	for (int n = FIELD_STATE; field != NULL && n <= FIELD_RSS; n++) {
		field = strchr(field + 1, ' ');
		if (field == NULL)
			return;
		if (n == FIELD_STATE && !is_init &&
		    strchr("ZX", field[1]) == NULL)
			sample->alive++;
		if (n >= FIELD_UTIME && n <= FIELD_CSTIME)
			sample->cpu_ms += strtoll(field, NULL, 10) * tick_ms;
		if (n == FIELD_RSS && !is_init)
			sample->rss_kb += strtoll(field, NULL, 10) * page_kb;
	}
}

/*
 * The share of PID of the memory that it maps, in kB. 0 if it cannot be read,
 * which is so when it has just ended.
 */
static long long share_kb(DIR *proc, const char *pid)
{
	char text[STAT_BYTES];
	char *line;

	if (!read_file(proc, pid, "smaps_rollup", text, sizeof(text)))
		return 0;
	line = strstr(text, "\nPss:");
	return line == NULL ? 0 : strtoll(line + strlen("\nPss:"), NULL, 10);
}

static long long sum_shares_kb(DIR *proc, long long user)
{
	const struct dirent *entry;
	long long sum = 0;

	rewinddir(proc);
	while ((entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    strcmp(entry->d_name, "1") != 0 &&
		    belongs_to(proc, entry->d_name, user))
			sum += share_kb(proc, entry->d_name);
	return sum;
}

struct jail_sample jail_measure(DIR *proc, long long limit_kb, long long user)
{
	struct jail_sample sample = {.alive = 0};
	const struct dirent *entry;
	char stat[STAT_BYTES];

	rewinddir(proc);
	while ((entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    belongs_to(proc, entry->d_name, user) &&
		    read_file(proc, entry->d_name, "stat", stat, sizeof(stat)))
			add_stat(&sample, stat,
				 strcmp(entry->d_name, "1") == 0);
	if (sample.rss_kb > limit_kb)
		sample.rss_kb = sum_shares_kb(proc, user);
	return sample;
}
