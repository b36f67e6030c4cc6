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

/* A capture, of one or two. */
struct view {
	const char *at; /* the capturing host's name, or NULL */
	enum role role; /* ROLE_UNKNOWN: it shows in the packets */
};

struct track;

/*
 * From COUNT captures, 1 or 2. The addresses of their hosts are those in
 * NAMES. NULL with errno.
 */
struct track *track_new(struct renderer *renderer, const struct names *names,
			const struct view *views, unsigned count);
void track_free(struct track *track);

/*
 * With two captures: the next packet of VIEW, whatever it is, was captured at
 * TIME_NS; or VIEW has ended. What is before and behind its packets it cannot
 * have seen.
 */
void track_reached(struct track *track, unsigned view, int64_t time_ns);
void track_view_ended(struct track *track, unsigned view);

/* A packet was captured in VIEW: DECODED_TCP or DECODED_ICMP. P is changed. */
void track_packet(struct track *track, struct packet *p, enum decoded what,
		  unsigned view);

/*
 * A later fragment of a packet, DECODED_FRAGMENT. False if its first one has
 * not been captured, or has been shown already.
 */
bool track_fragment(struct track *track, struct packet *p, unsigned view);

/*
 * As track_packet(), of one that is not to be shown. It may tell how far one
 * that is shown got: time passes, and NAT gives a packet other ports.
 */
void track_other(struct track *track, struct packet *p, enum decoded what,
		 unsigned view);

/* Nothing was captured for ANSWER_MS: nothing waits any longer. */
void track_idle(struct track *track);

/* The capture has ended; TORN: before its time. */
void track_end(struct track *track, bool torn);

/* Whether packets wait. */
bool track_waits(const struct track *track);

/* How many packets were shown, or wait to be. */
uint64_t track_packets(const struct track *track);

#endif
