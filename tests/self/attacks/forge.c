/*
 * forge.c - write "all passed" to whatever may be the runner's results
 *
 * Its own descriptors, its parent's and everybody's, and its output.
 */
#include "guard.h"

#include <dirent.h>
#include <fcntl.h>

enum { FDS = 1024 };

static const char forged[] = "1..3\n"
			     "ok 1 listens: listens\n"
			     "ok 2 echo-text: sends back what it was sent\n"
			     "ok 3 every-byte: sends back every byte value\n";

static int forge(int fd)
{
	return fd >= 0 && write(fd, forged, sizeof(forged) - 1) > 0;
}

/* Through the descriptors of process PID, as far as they can be opened. */
static int forge_by(const char *pid)
{
	char path[GUARD_LINE_BYTES];
	int forgeries = 0;

	for (int n = 0; n < 64; n++) {
		(void)snprintf(path, sizeof(path), "/proc/%.16s/fd/%d", pid, n);
		if (strcmp(pid, "self") != 0 || n > 2)
			forgeries += forge(open(path, O_WRONLY | O_CLOEXEC));
	}
	return forgeries;
}

int main(void)
{
	DIR *proc = opendir("/proc");
	int forgeries = 0;

	for (int fd = 3; fd < FDS; fd++)
		forgeries += forge(fd);
	for (const struct dirent *each; (each = readdir(proc)) != NULL;)
		if (each->d_name[0] == '1' && each->d_name[1] == '\0')
			forgeries += forge_by(each->d_name);
	if (forgeries > 0)
		guard_say("reached a descriptor that is not its own\n");
	(void)forge(STDOUT_FILENO);
	(void)forge(STDERR_FILENO);
	return 0;
}
