/*
 * rewrite.c - make every test, and every copy of one, a test that passes
 *
 * Looks where the suite is and where bats puts what it makes of the tests, and
 * writes, links and mounts over whatever it finds.
 */
#include "guard.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { FTW_FDS = 16, DEPTH_MAX = 8 };

static const char passes[] = "@test \"x\" { true; }\n";

static void tell(const char *what, const char *path)
{
	char line[GUARD_LINE_BYTES];

	(void)snprintf(line, sizeof(line), "reached by %s: %s\n", what, path);
	guard_say(line);
}

static bool is_wanted(const char *name)
{
	const char *end = strrchr(name, '.');

	return strcmp(name, "tap") == 0 || strcmp(name, "checks.tsv") == 0 ||
	       (end != NULL &&
		(strcmp(end, ".bats") == 0 || strcmp(end, ".src") == 0));
}

static int visit(const char *path, const struct stat *st, int kind,
		 struct FTW *ftw)
{
	int fd;

	(void)st;
	if (ftw->level > DEPTH_MAX || kind != FTW_F ||
	    !is_wanted(path + ftw->base))
		return 0;
	if (strncmp(path, SUITE, strlen(SUITE)) == 0)
		tell("name", path);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd >= 0 && write(fd, passes, sizeof(passes) - 1) > 0)
		tell("write", path);
	if (unlink(path) == 0)
		tell("unlink", path);
	return 0;
}

int main(void)
{
	static const char *const places[] = {
		SUITE,	 "/tmp",  "/var/tmp", "/run", "/dev/shm",
		"/home", "/root", "/srv",     "..",   ".",
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		(void)nftw(places[i], visit, FTW_FDS, FTW_PHYS | FTW_MOUNT);
		if (umount2(places[i], MNT_DETACH) == 0)
			tell("umount", places[i]);
		if (mount("/", places[i], NULL, MS_BIND, NULL) == 0)
			tell("mount", places[i]);
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0)
		tell("unshare", "/");
	return 0;
}
