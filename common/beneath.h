/*
 * beneath.h - open a file below a directory, and none outside it
 *
 * Next: beneath.c.
 */
#ifndef PORTLAB_BENEATH_H
#define PORTLAB_BENEATH_H

/*
 * Open PATH, which is relative to the directory ROOT, with FLAGS as open(2) has
 * them; O_CLOEXEC is added, O_CREAT is not to be used. Returns a descriptor, or
 * -1 with errno: that of openat2(2), so EXDEV for a path that leads out of ROOT
 * by ".." or by a symbolic link, or that is absolute, whatever somebody moves
 * or links meanwhile. Where openat2(2) is not to be had (before Linux 5.6, or
 * forbidden by a container) ".." and symbolic links are refused altogether,
 * with EXDEV, and ELOOP or ENOTDIR.
 */
int beneath_open(int root, const char *path, int flags);

#endif
