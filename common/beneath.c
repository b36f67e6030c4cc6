/*
 * beneath.c - open a file below a directory, and none outside it
 *
 * A path can lead out by "..", by a symbolic link, or by a link that somebody
 * puts there between a check and the open. So nothing is checked beforehand:
 * the kernel is asked to refuse at each step of the way. Where it cannot, the
 * way is gone here, step by step, and no link is followed at all.
 *
 * Next: labs/05-http, a server of files.
 */
#include "beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The headers of a system may be older than its kernel. */
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#else
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_BENEATH	      0x08
struct open_how {
	unsigned long long flags, mode, resolve;
};
#endif
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

enum { RACE_TRIES = 8 }; /* EAGAIN: names were moved meanwhile, openat2(2) */

/* One step: NAME, in which there is no slash, in the directory DIR. */
static int open_step(int dir, const char *name, int flags)
{
	if (strcmp(name, "..") == 0) {
		errno = EXDEV;
		return -1;
	}
	return openat(dir, *name == '\0' ? "." : name, flags | O_NOFOLLOW);
}

/* Takes PATH, which is not absolute, to pieces. */
static int open_by_steps(int root, char *path, int flags)
{
	int dir = root;

	for (;;) {
		char *slash = strchr(path, '/');

		if (slash != NULL)
			*slash = '\0';
		int fd = open_step(dir, path,
				   slash ? O_PATH | O_DIRECTORY | O_CLOEXEC
					 : flags);
		int err = errno;
		if (dir != root)
			close(dir);
		errno = err;
		if (fd < 0 || slash == NULL)
			return fd;
		dir = fd;
		path = slash + 1;
	}
}

static int open_without_help(int root, const char *path, int flags)
{
	char copy[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(copy) || len == 0) {
		errno = len == 0 ? ENOENT : ENAMETOOLONG;
		return -1;
	}
	if (*path == '/') {
		errno = EXDEV;
		return -1;
	}
	memcpy(copy, path, len + 1);
	return open_by_steps(root, copy, flags);
}

int beneath_open(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < RACE_TRIES && fd < 0; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd < 0 && errno != EAGAIN && errno != EINTR)
			break;
	}
	/* EPERM: old container engines say so of any call they do not know. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_without_help(root, path, flags | O_CLOEXEC);
	return (int)fd;
}
