/*
 * names.h - names for addresses, from a file in the format of hosts(5)
 *
 * Nothing is ever looked up in the DNS. Next: story.c, which uses them.
 */
#ifndef LADDER_NAMES_H
#define LADDER_NAMES_H

#include "decode.h"

enum {
	NAME_LEN = 25, /* longer names are cut */
	NAMES_MAX = 256,
};

struct names {
	size_t count;
	struct {
		struct address addr;
		char name[NAME_LEN];
	} entry[NAMES_MAX];
};

/*
 * Read the file at PATH, of which lines that make no sense are passed over.
 * 0, or -1 with errno.
 */
int names_read(struct names *names, const char *path);

/* The name of ADDR, or NULL. */
const char *names_of(const struct names *names, const struct address *addr);

/* Whether ADDR is one of the addresses of the host called NAME. */
bool names_match(const struct names *names, const struct address *addr,
		 const char *name);

#endif
