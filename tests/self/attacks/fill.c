/*
 * fill.c - leave no room on any disk, and folders that cannot be removed
 *
 * It never ends, so that there is no room while the grader goes on.
 */
#include "guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

enum { CHUNK_BYTES = 1 << 20, FILES = 512, DEPTH = 200 };

/* Files called TAG, as large and as many as there is room for. */
static void fill(const char *folder)
{
	static const char text[CHUNK_BYTES];
	char path[GUARD_LINE_BYTES * 2];

	for (int n = 0; n < FILES; n++) {
		int fd;

		(void)snprintf(path, sizeof(path), "%s/" TAG ".%d", folder, n);
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0);
		if (fd < 0)
			return;
		while (write(fd, text, sizeof(text)) > 0)
			continue;
		(void)close(fd);
	}
}

/* A folder in a folder in a folder, none of which can be listed. */
static void dig(const char *folder)
{
	if (chdir(folder) < 0)
		return;
	for (int n = 0; n < DEPTH; n++) {
		if (mkdir(TAG, 0700) < 0 || chdir(TAG) < 0)
			return;
		(void)chmod(".", 0100);
	}
}

int main(void)
{
	static const char *const folders[] = {
		".",
		"..",
		"/tmp",
		"/dev/shm",
		"/var/tmp",
		"/run",
		SUITE,
		SUITE "/labs/01-echo",
		SUITE "/tests",
		"/",
		"/dev",
		"/proc/self/cwd",
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		dig(folders[i]);
		fill(folders[i]);
	}
	for (;;)
		(void)pause();
}
