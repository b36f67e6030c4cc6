/*
 * jail_places.c - the file system as the program in a jail sees it
 *
 * All that is there outside is there inside, read-only, but for the places
 * that the options name, and for /dev, /proc, /run, /tmp and /dev/shm, which
 * are the jail's own. What is to stay visible is taken hold of first
 * (open_tree(2)), and put back where it was after the rest has been covered:
 * outer folders before inner ones, whatever their order on the command line.
 *
 * Next: jail_inside.c, which calls this.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "jail.h"

/* From <linux/mount.h>, which not every libc lets stand by <sys/mount.h>. */
enum {
	TREE_CLONE = 1,
	TREE_RECURSIVE = 0x8000,
	MOVE_FROM_FD = 4,
	ATTR_RDONLY = 1,
	ATTR_NOSUID = 2,
	ATTR_NODEV = 4,
};

struct attributes {
	uint64_t set;
	uint64_t clear;
	uint64_t propagation;
	uint64_t userns_fd;
};

static void set_attributes(int fd, const char *path, int flags, uint64_t set)
{
	struct attributes attr = {.set = set};

	if (syscall(SYS_mount_setattr, fd, path, flags, &attr, sizeof(attr)) <
	    0)
		jail_broken("%s cannot be made read-only (Linux 5.12 or "
			    "newer is needed)",
			    *path == '\0' ? "a folder" : path);
}

/* Take hold of what is at PATH, and at all that is mounted below. */
static int take_tree(const char *path)
{
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
			      TREE_CLONE | TREE_RECURSIVE | O_CLOEXEC);

	if (fd < 0)
		jail_broken("%s", path);
	return fd;
}

static bool is_folder(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Whether the jail has a folder PATH of its own, which hides what is there. */
static bool is_own(const struct jail *jail, const char *path)
{
	for (size_t i = 0; i < jail->place_count; i++)
		if (jail->places[i].kind == JAIL_EMPTY &&
		    strcmp(jail->places[i].path, path) == 0)
			return true;
	return false;
}

static void take_place(const struct jail *jail, struct jail_place *place)
{
	static char resolved[JAIL_PLACES_MAX][PATH_MAX];
	static size_t count;
	int fd;

	/* What is the jail's own need not be there outside. */
	if (place->kind == JAIL_EMPTY)
		return;
	if (realpath(place->path, resolved[count]) == NULL)
		jail_broken("%s", place->path);
	place->path = resolved[count++];
	fd = take_tree(place->path);
	if (place->kind == JAIL_HIDE && is_folder(fd)) {
		if (is_own(jail, place->path))
			place->kind = JAIL_EMPTY;
		(void)close(fd);
		return;
	}
	/* A file is hidden by one in which there is nothing. */
	if (place->kind == JAIL_HIDE) {
		(void)close(fd);
		fd = take_tree("/dev/null");
	}
	place->tree = fd;
}

/* Make what PATH needs to be mounted on, where a cover has taken it away. */
static void make_mount_point(const char *path, bool folder)
{
	char part[PATH_MAX];
	int fd;

	(void)snprintf(part, sizeof(part), "%s", path);
	for (char *slash = strchr(part + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(part, 0755);
		*slash = '/';
	}
	if (folder) {
		(void)mkdir(part, 0755);
		return;
	}
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd >= 0)
		(void)close(fd);
}

static void cover(const struct jail *jail, const struct jail_place *place)
{
	char data[64];
	long long mb = place->kind == JAIL_EMPTY ? jail->tmp_mb : 1;
	unsigned long flags = MS_NOSUID | MS_NODEV;

	make_mount_point(place->path, true);
	(void)snprintf(data, sizeof(data), "size=%lldm,nr_inodes=%lld,mode=%s",
		       mb, 256 + 256 * mb,
		       place->kind == JAIL_EMPTY ? "1777" : "0755");
	if (jail->tmp_exec == 0)
		flags |= MS_NOEXEC;
	if (mount("tmpfs", place->path, "tmpfs", flags, data) < 0)
		jail_broken("covering %s", place->path);
}

static void put_place(const struct jail *jail, const struct jail_place *place)
{
	uint64_t set = ATTR_NOSUID;

	if (place->tree < 0) {
		cover(jail, place);
		return;
	}
	/* The devices of /dev are all that need to be devices. */
	if (strncmp(place->path, "/dev/", strlen("/dev/")) != 0 &&
	    place->kind != JAIL_HIDE)
		set |= ATTR_NODEV;
	if (place->kind != JAIL_RW)
		set |= ATTR_RDONLY;
	set_attributes(place->tree, "", AT_EMPTY_PATH | TREE_RECURSIVE, set);
	make_mount_point(place->path, is_folder(place->tree));
	if (syscall(SYS_move_mount, place->tree, "", AT_FDCWD, place->path,
		    MOVE_FROM_FD) < 0)
		jail_broken("%s", place->path);
	(void)close(place->tree);
}

static int outer_first(const void *a, const void *b)
{
	const struct jail_place *one = a;
	const struct jail_place *other = b;

	return strcmp(one->path, other->path);
}

/* What every jail has of its own. */
static void add_usual_places(struct jail *jail)
{
	static const char *const devices[] = {"/dev/null", "/dev/zero",
					      "/dev/full", "/dev/random",
					      "/dev/urandom"};

	jail_add_place(jail, JAIL_EMPTY, "/tmp");
	jail_add_place(jail, JAIL_EMPTY, "/dev/shm");
	jail_add_place(jail, JAIL_HIDE, "/dev");
	jail_add_place(jail, JAIL_HIDE, "/run");
	for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
		jail_add_place(jail, JAIL_RW, devices[i]);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		jail_broken("%s", path);
	(void)close(fd);
}

/*
 * A fresh /proc, mounted while the one outside can be seen, as the kernel
 * demands in a user namespace. In it two things are set before it becomes
 * read-only: no user namespaces within, in which the program would be root
 * again and could mount a tmpfs of any size; and the first to be killed when
 * the machine runs out of memory.
 */
static int make_proc(const struct jail *jail)
{
	int fd;

	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  NULL) < 0)
		jail_broken("mounting /proc");
	/* It is the setting of the user namespace that we are in. */
	if (jail->own_user)
		write_file("/proc/sys/user/max_user_namespaces", "0");
	write_file("/proc/self/oom_score_adj", "1000");
	fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		jail_broken("/proc");
	return fd;
}

int jail_make_places(struct jail *jail)
{
	int proc;

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		jail_broken("making mounts private");
	add_usual_places(jail);
	for (size_t i = 0; i < jail->place_count; i++)
		take_place(jail, &jail->places[i]);
	proc = make_proc(jail);
	set_attributes(AT_FDCWD, "/", TREE_RECURSIVE,
		       ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV);
	qsort(jail->places, jail->place_count, sizeof(*jail->places),
	      outer_first);
	for (size_t i = 0; i < jail->place_count; i++)
		put_place(jail, &jail->places[i]);
	(void)symlink("/proc/self/fd", "/dev/fd");
	(void)symlink("/proc/self/fd/0", "/dev/stdin");
	(void)symlink("/proc/self/fd/1", "/dev/stdout");
	(void)symlink("/proc/self/fd/2", "/dev/stderr");
	/* Not before all that had to be made in them has been made. */
	for (size_t i = 0; i < jail->place_count; i++)
		if (jail->places[i].kind == JAIL_HIDE &&
		    jail->places[i].tree < 0)
			set_attributes(AT_FDCWD, jail->places[i].path, 0,
				       ATTR_RDONLY);
	return proc;
}
