/*
 * story.h - the plain sentences beside the packets
 */
#ifndef LADDER_STORY_H
#define LADDER_STORY_H

#include "names.h"
#include "step.h"

enum { STORY_LEN = 1024 };

struct story {
	const struct names *names;
	const char *at; /* the capturing host's name, or NULL */
};

/* What both ends of CONN are called, by side. */
struct cast {
	const char *end[2];
};

struct cast story_cast(const struct story *story, const struct conn *conn);

/* The address and port of an end into BUF, of ENDPOINT_LEN bytes. */
char *story_address(const struct conn *conn, int side, char *buf);

/*
 * What happened in STEP, into BUF of STORY_LEN bytes: printable ASCII, "" if
 * there is nothing to say. Claims no more than the capture can know.
 */
void story_tell(const struct story *story, const struct step *step, char *buf);

#endif
