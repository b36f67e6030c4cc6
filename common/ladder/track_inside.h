/*
 * track_inside.h - what the files behind track.h share
 *
 * track.c takes packets in, fill.c makes steps of them, queue.c lets them
 * wait, join.c is for two captures at once.
 */
#ifndef LADDER_TRACK_INSIDE_H
#define LADDER_TRACK_INSIDE_H

#include "forward.h"
#include "track.h"

enum { DROPS_MAX = 64, OTHERS_MAX = 64, VIEWS_MAX = 2, ALIASES = 1024 };

/* A packet that was shown as dropped: its Out may still come. */
struct drop {
	uint64_t number; /* of its connection; 0: none */
	uint8_t from;
	struct wire wire;
	int64_t time_ns;
	bool told; /* that it came late */
};

/* A packet that came in and is not shown: it may go out as one that is. */
struct other {
	struct wire wire;
	uint8_t ttl; /* 0: none */
};

/* Two captures: a four-tuple as a router has rewritten it. */
struct alias {
	struct endpoint end[2]; /* by the connection's sides */
	struct conn *conn;
	uint64_t number; /* of conn, which may be another by now; 0: none */
};

struct track {
	struct renderer *renderer;
	const struct names *names;
	struct view view[VIEWS_MAX]; /* roles as they are known by now */
	unsigned views;
	struct reach {
		bool begun, ended;
		int64_t first_ns, last_ns; /* since the epoch of 1970 */
	} reach[VIEWS_MAX];
	bool role_given; /* of the only view */
	struct forward forward;
	struct conns *conns;
	uint64_t packets;
	int64_t epoch_ns; /* when the first packet was captured */
	unsigned head, count;
	struct step queue[QUEUE_MAX];
	unsigned drops;
	struct drop drop[DROPS_MAX];
	unsigned others;
	struct other other[OTHERS_MAX];
	struct alias alias[ALIASES];
};

/* --- queue.c --- */

/* The step I behind the first. */
struct step *queue_at(struct track *t, unsigned i);

/* A step begins to wait; it is decided how far it got. */
void wait_add(struct track *t, struct step *s);
void wait_remove(struct track *t, struct step *s);
void resolve(struct track *t, struct step *s, enum fate fate);

/* What is known of S if nothing more comes. */
enum fate fate_without_answer(const struct track *t, const struct step *s);

/* Show what no longer waits, up to the first that does. */
void drain(struct track *t);

/* Decide for the first, without an answer. */
void resolve_first(struct track *t);

/* The same for all that have waited long enough. */
void expire(struct track *t, int64_t now_ns);

/* A free step at the queue's end, for CONN; room is made without a claim. */
struct step *push(struct track *t, struct conn *conn, uint8_t from,
		  const struct packet *p);

/* --- fill.c --- */

/* Complete S by what P says; CONN's sequence numbers are followed. */
void fill_tcp(struct step *s, const struct packet *p);
void fill_icmp(struct step *s, const struct packet *p);

/* --- track.c --- */

struct wire wire_of(const struct packet *p, enum decoded what);
bool wire_equal(const struct wire *a, const struct wire *b);

/* Whether ADDR is one of the host that captured VIEW. */
bool is_own(const struct track *t, const struct address *addr, unsigned view);

/* Set P's direction, if it can be told from its addresses. */
void orient(const struct track *t, struct packet *p, unsigned view);

/* The connection between A and B, or NULL; *side becomes the one of A. */
struct conn *find_conn(struct track *t, const struct endpoint *a,
		       const struct endpoint *b, uint8_t *side);

/* P's connection, a new one if need be; *from becomes its sender's side. */
struct conn *conn_of(struct track *t, const struct packet *p, enum decoded what,
		     uint8_t *from);

/* What was shown as dropped and now turns up, or NULL. */
struct drop *find_drop(struct track *t, const struct conn *conn, uint8_t from,
		       const struct wire *wire);

/* Whether S answers EARLIER, which the other end has sent. */
bool answers(const struct step *s, const struct step *earlier);

/* Decide what is known of S at once; else it waits. */
void begin(struct track *t, struct step *s);
void confirm(struct track *t, const struct step *s);

/* --- join.c --- */

/* As track_packet(), with two captures. */
void join_packet(struct track *t, struct packet *p, enum decoded what,
		 unsigned view);
enum fate join_fate(const struct track *t, const struct step *s);
struct conn *join_find_alias(struct track *t, const struct endpoint *a,
			     const struct endpoint *b, uint8_t *side);

#endif
