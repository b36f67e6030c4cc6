/*
 * files.c - the files below one directory, and none outside it
 * With step 5 nothing is checked beforehand: beneath_open() leaves that to the
 * kernel, which cannot be overtaken between the check and the open.
 *
 * Next: response.c.
 */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"

static int open_file(int root, const char *path)
{
	/*
	 * Step 1: openat(2) for reading, O_CLOEXEC.
	 *
	 * Step 5: beneath_open(). A FIFO in the folder must not keep you
	 * waiting: O_NONBLOCK; nor may a terminal become yours: O_NOCTTY.
	 */
	(void)root;
	(void)path;
	return todo(1, "the file, in open_file(), files.c");
}

static int status_of(int err)
{
	/*
	 * Step 2: 404 for ENOENT, ENOTDIR and ENAMETOOLONG; 403 for EACCES, and
	 * which others? (`man 2 open`, `man 2 openat2`); 503 if net_no_room().
	 */
	(void)err;
	return 500;
}

/* What FD is: fills in CONTENT if it is a file. */
static int inspect(int fd, const char *path, struct content *content)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 500;
	/*
	 * Step 2: a folder is 301, and what is neither that nor a regular file
	 * is 403: inode(7), S_ISREG(st.st_mode). And fill in content->modified,
	 * from st.st_mtime, but not less than 0; and the type: http_type().
	 */
	(void)path;
	*content = (struct content){
		.fd = fd,
		.size = st.st_size,
		.modified = -1,
		.type = "text/plain",
	};
	return 200;
}

int files_open(int root, const char *path, struct content *content)
{
	/*
	 * Step 2: if PATH is empty or ends with a slash, it is a folder, and
	 * what is wanted is its index.html. If there is none, but there is the
	 * folder, return 403: we do not list what is in it.
	 */
	int fd = open_file(root, path);
	int status = fd < 0 ? status_of(errno) : inspect(fd, path, content);

	if (fd >= 0 && status != 200)
		close(fd);
	return status;
}

void content_close(struct content *content)
{
	if (content->fd >= 0)
		close(content->fd);
	content->fd = -1;
}
