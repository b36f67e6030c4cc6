/*
 * outcome.h - how a connection ended, and why: in one sentence
 */
#ifndef LADDER_OUTCOME_H
#define LADDER_OUTCOME_H

#include "step.h"
#include "story.h"

enum { OUTCOME_LEN = 256 };

/* Take STEP, which state.c has completed, into account. */
void outcome_learn(const struct step *step);

/*
 * "closed: client was done first" into BUF, of OUTCOME_LEN bytes: printable
 * ASCII. Claims no more than the capture can know.
 */
char *outcome_format(const struct story *story, const struct conn *conn,
		     char *buf);

/* Bytes that the end SIDE of CONN has sent, each counted once. */
uint32_t outcome_bytes(const struct conn *conn, int side);

#endif
