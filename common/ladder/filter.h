/*
 * filter.h - what is shown of a capture
 */
#ifndef LADDER_FILTER_H
#define LADDER_FILTER_H

#include "decode.h"
#include "options.h"
#include "render.h"

/*
 * Whether P is to be shown, by --port and --host; an ICMP error as the
 * segment that it quotes.
 */
bool filter_wants(const struct options *o, const struct packet *p,
		  enum decoded what);

/* Lets through what --connection and --packets name. */
struct filter {
	struct renderer renderer; /* first */
	struct renderer *next;
	struct span packets, connections;
	uint64_t seen;	  /* packets of these connections */
	uint64_t highest; /* number of a connection, of all */
};

void filter_init(struct filter *filter, const struct options *o,
		 struct renderer *next);

#endif
