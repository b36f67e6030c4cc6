/*
 * files.c - the files below one directory, and none outside it
 *
 * Nothing is checked beforehand: beneath_open() leaves that to the kernel,
 * which cannot be overtaken between the check and the open.
 *
 * Next: response.c.
 */
#include "httpd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "beneath.h"

#define INDEX "index.html"

enum {
	/* A FIFO without a writer, or a terminal, must not keep us waiting. */
	OPEN_FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY,
};

static int status_of(int err)
{
	if (err == ENOENT || err == ENOTDIR || err == ENAMETOOLONG)
		return 404;
	/* Not for us, outside, links in a circle, a socket or a strange device.
	 */
	if (err == EACCES || err == EPERM || err == EXDEV || err == ELOOP ||
	    err == ENXIO || err == ENODEV)
		return 403;
	return net_no_room(err) ? 503 : 500;
}

/* What FD is: fills in CONTENT if it is a file. */
static int inspect(int fd, const char *path, struct content *content)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 500;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? 301 : 403;
	*content = (struct content){
		.fd = fd,
		.size = st.st_size,
		.modified = st.st_mtime > 0 ? st.st_mtime : 0,
		.type = http_type(path),
	};
	return 200;
}

int files_open(int root, const char *path, struct content *content)
{
	char name[REQUEST_LINE_BYTES + sizeof INDEX];
	size_t len = strlen(path);
	bool folder = len == 0 || path[len - 1] == '/';

	stpcpy(stpcpy(name, path), folder ? INDEX : "");
	int fd = beneath_open(root, name, OPEN_FLAGS);
	int status = fd < 0 ? status_of(errno) : inspect(fd, name, content);
	if (fd >= 0 && status != 200)
		close(fd);
	if (!folder || (status != 301 && status != 404))
		return status;
	/* No index, but if there is the folder: we do not list what is in it.
	 */
	fd = beneath_open(root, len == 0 ? "." : path, OPEN_FLAGS);
	if (fd < 0)
		return status;
	close(fd);
	return 403;
}

void content_close(struct content *content)
{
	if (content->fd >= 0)
		close(content->fd);
	content->fd = -1;
}
