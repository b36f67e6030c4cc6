/*
 * label.h - what is written at an arrow, for whatever draws it
 */
#ifndef LADDER_LABEL_H
#define LADDER_LABEL_H

#include "step.h"

enum {
	FLAGS_LEN = 32,
	LABEL_LEN = 128,
	TIME_LEN = 32,
	LABEL_LEVELS = 3, /* of brevity */
};

/* "SYN,ACK" into BUF, of FLAGS_LEN bytes; "none" for no flag. */
char *flags_format(uint8_t flags, char *buf);

/*
 * "PSH,ACK seq=1 ack=1 len=6" into BUF, of LABEL_LEN bytes. LEVEL is from 0
 * to LABEL_LEVELS - 1, each shorter than the one before. ASCII.
 */
char *label_format(const struct step *step, int level, char *buf);

/*
 * "+13 us" into BUF, of TIME_LEN bytes, with MICRO for the "u": since the
 * packet before if that is short, else since the connection's first.
 */
char *time_format(const struct step *step, const char *micro, char *buf);

#endif
