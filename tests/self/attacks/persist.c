/*
 * persist.c - leave something for the next check to find
 *
 * A file in each folder that it may know, a message in a queue, a segment of
 * memory; and another program in place of its own.
 */
#include "guard.h"

#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/shm.h>

enum { KEY = 0x706f7274, BYTES = 4096 };

static void look_for_file(const char *folder)
{
	char path[GUARD_LINE_BYTES * 2];

	(void)snprintf(path, sizeof(path), "%s/" TAG, folder);
	if (access(path, F_OK) == 0)
		(void)fprintf(stderr, "reached %s again\n", path);
}

/* A library that the linker at run time would load before all others. */
static void leave_file(const char *folder, const char *name)
{
	char path[GUARD_LINE_BYTES * 2];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	static const char *const folders[] = {".",    "..",	  "/tmp",
					      "/run", "/dev/shm", "/var/tmp",
					      "/etc", SUITE};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		look_for_file(folders[i]);
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		leave_file(folders[i], TAG);
		leave_file(folders[i], "libc.so.6");
		leave_file(folders[i], "ld.so.preload");
	}
	if (shmget(KEY, BYTES, 0600) >= 0)
		guard_say("reached memory again\n");
	(void)shmget(KEY, BYTES, IPC_CREAT | 0600);
	if (open("/proc/self/exe", O_WRONLY | O_CLOEXEC) >= 0 ||
	    (argc > 0 && rename("/proc/self/exe", argv[0]) == 0))
		guard_say("reached its own program\n");
	return 0;
}
