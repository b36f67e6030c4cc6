/*
 * track.h - from packets to steps, in the order of the capture
 *
 * Packets wait in a queue until it is known how far they got: until they
 * were answered, went out again, or too much time has passed. Then state.c
 * completes them and the renderer shows them.
 */
#ifndef LADDER_TRACK_H
#define LADDER_TRACK_H

#include "conn.h"
#include "names.h"
#include "render.h"

enum {
	QUEUE_MAX = 1024, /* steps that wait; a power of two */
	ANSWER_MS = 200,  /* how long one waits */
};

/* What the capturing host is. */
enum role {
	ROLE_UNKNOWN,
	ROLE_END,    /* client or server */
	ROLE_ROUTER, /* forwards what it receives */
};

struct track;

/*
 * AT, the capturing host's name, may be NULL; its addresses are those in
 * NAMES. With ROLE_UNKNOWN the role shows in the packets. NULL with errno.
 */
struct track *track_new(struct renderer *renderer, const struct names *names,
			const char *at, enum role role);
void track_free(struct track *track);

/* A packet was captured: DECODED_TCP or DECODED_ICMP. P is changed. */
void track_packet(struct track *track, struct packet *p, enum decoded what);

/*
 * A later fragment of a packet, DECODED_FRAGMENT. False if its first one has
 * not been captured, or has been shown already.
 */
bool track_fragment(struct track *track, struct packet *p);

/*
 * As track_packet(), of one that is not to be shown. It may tell how far one
 * that is shown got: time passes, and NAT gives a packet other ports.
 */
void track_other(struct track *track, struct packet *p, enum decoded what);

/* Nothing was captured for ANSWER_MS: nothing waits any longer. */
void track_idle(struct track *track);

/* The capture has ended; TORN: before its time. */
void track_end(struct track *track, bool torn);

/* Whether packets wait. */
bool track_waits(const struct track *track);

/* How many packets were shown, or wait to be. */
uint64_t track_packets(const struct track *track);

#endif
