/*
 * scan.h - a port scan is summed up, not drawn
 *
 * When one host asks another for many ports in a short time, the first are
 * shown, the others counted. What turns out to carry data is shown from there
 * on.
 */
#ifndef LADDER_SCAN_H
#define LADDER_SCAN_H

#include "render.h"

enum {
	SCAN_PORTS = 16, /* so many are shown */
	SCAN_LEN = 512,
	SCANS_MAX = 8, /* pairs of hosts at a time */
	SCAN_BYTES = 65536 / 8,
};

/* What is known of one host that asks another. */
struct scan {
	struct address from, to;
	uint32_t asked;	 /* different ports */
	uint32_t talked; /* connections with data */
	int64_t last_ns; /* when it asked last */

	/* of what is not shown, since the last sum */
	uint64_t first_number, last_number;
	uint32_t count, open, refused, rejected;
	int64_t begin_ns, end_ns;
	uint8_t port_asked[SCAN_BYTES]; /* bits */
	uint8_t port_open[SCAN_BYTES];
};

/* Stands before a renderer that has scan(). */
struct scan_renderer {
	struct renderer renderer; /* first */
	struct renderer *next;
	struct scan scan[SCANS_MAX];
};

void scan_init(struct scan_renderer *scan, struct renderer *next);

/*
 * "client asks server for 983 more ports ..." into BUF, of SCAN_LEN bytes;
 * ASCII.
 */
char *scan_format(const struct scan *scan, const struct story *story,
		  char *buf);

#endif
