/*
 * options.h - the command line
 *
 * Next: ladder.c.
 */
#ifndef LADDER_OPTIONS_H
#define LADDER_OPTIONS_H

#include "names.h"
#include "net.h"

enum { PORTS_MAX = 64, HOSTS_MAX = 16, FILES_MAX = 2 };

enum output { OUTPUT_TEXT, OUTPUT_EVENTS, OUTPUT_SUMMARY, OUTPUT_SVG };

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

/* What is shown of something that is counted from 1. */
struct span {
	uint64_t first, last;
};

struct options {
	const char *file[FILES_MAX]; /* NULL: standard input */
	unsigned files;		     /* at least 1 */
	const char *at[FILES_MAX];   /* where they were captured, or NULL */
	const char *hosts;
	const char *mark;
	const char *title; /* of a picture; NULL: what happened */
	const char *ports_text;
	const char *hosts_text;
	struct net_ports ports;		/* to show; none: all */
	struct address host[HOSTS_MAX]; /* the same */
	unsigned host_count;
	struct span packets, connections;
	int width;
	enum output output;
	bool unicode;
	enum when color;
	char at_buf[FILES_MAX][NAME_LEN];
};

/*
 * From the command line, with the names in --hosts. Ends the program if that
 * cannot be understood. options_free() frees what it allocates.
 */
void options_parse(struct options *o, struct names *names, int argc,
		   char *argv[]);
void options_free(struct options *o);

/* Whether NAME is one in NAMES, of any address. */
bool options_known_name(const struct names *names, const char *name);

/* Whether to color, by the options and the environment. */
bool options_use_color(const struct options *o);

#endif
