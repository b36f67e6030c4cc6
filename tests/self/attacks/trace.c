/*
 * trace.c - read and write every other process that can be seen
 */
#include "guard.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static void attack(pid_t pid)
{
	static const char *const files[] = {"mem",  "environ", "maps",
					    "root", "cwd/.",   "fd/1"};
	char path[GUARD_LINE_BYTES];
	struct iovec here = {path, sizeof(path)};
	struct iovec there = {&there, sizeof(there)};

	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) == 0)
		guard_say("reached by ptrace\n");
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) > 0)
		guard_say("reached by process_vm_readv\n");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid,
			       files[i]);
		if (open(path, O_RDONLY | O_CLOEXEC) >= 0)
			(void)fprintf(stderr, "reached %s\n", path);
	}
}

int main(void)
{
	DIR *proc = opendir("/proc");

	for (const struct dirent *each; (each = readdir(proc)) != NULL;) {
		pid_t pid = (pid_t)strtol(each->d_name, NULL, 10);

		if (isdigit((unsigned char)each->d_name[0]) && pid != getpid())
			attack(pid);
	}
	return 0;
}
