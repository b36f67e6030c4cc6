/*
 * join.c - two captures of one network as one
 *
 * A packet is one step, however often it is seen: as it leaves its sender, as
 * it comes in at the router and goes out, as it comes in at its receiver. What
 * it passes last of what is captured decides; until then it waits. The hosts
 * need one clock, as network namespaces have. Counterpart: track_inside.h.
 */
#include "track_inside.h"

#include <string.h>

/* --- what a router has rewritten --- */

/* The same for both directions. */
static struct alias *alias_slot(struct track *t, const struct endpoint *a,
				const struct endpoint *b)
{
	uint64_t h = endpoint_hash(a) + endpoint_hash(b);

	return &t->alias[(h ^ h >> 17) % ALIASES];
}

struct conn *join_find_alias(struct track *t, const struct endpoint *a,
			     const struct endpoint *b, uint8_t *side)
{
	const struct alias *alias = alias_slot(t, a, b);

	if (alias->number == 0 || alias->conn->number != alias->number)
		return NULL;
	for (uint8_t s = 0; s < 2; s++) {
		if (!endpoint_equal(a, &alias->end[s]) ||
		    !endpoint_equal(b, &alias->end[!s]))
			continue;
		*side = s;
		return alias->conn;
	}
	return NULL;
}

static void remember_alias(struct track *t, struct step *s,
			   const struct packet *p)
{
	struct alias *alias = alias_slot(t, &p->src, &p->dst);
	struct conn *c = s->conn;

	alias->conn = c;
	alias->number = c->number;
	alias->end[s->from] = p->src;
	alias->end[!s->from] = p->dst;
	memcpy(c->nat, alias->end, sizeof(c->nat));
	c->rewritten = true;
	s->rewritten = true;
}

/* --- where a packet was seen --- */

static bool is_router(const struct track *t, unsigned view)
{
	return t->view[view].role == ROLE_ROUTER;
}

/* Whether VIEW was captured at the end SIDE of C. */
static bool captures(const struct conn *c, unsigned view, unsigned side)
{
	return c->view_side[view] == (int)side;
}

/* Where P was captured, of enum seen; 0: no direction, as on loopback. */
static uint8_t place_of(const struct track *t, const struct packet *p,
			unsigned view)
{
	bool in = p->direction == DIR_IN;

	if (p->direction == DIR_UNKNOWN)
		return 0;
	if (is_router(t, view))
		return in ? SEEN_IN : SEEN_OUT;
	return in ? SEEN_GOT : SEEN_SENT;
}

/* Whether S is for the router itself, as far as that can be told: NAT may yet
 * rewrite where it goes. */
static bool for_router(const struct track *t, const struct step *s)
{
	for (unsigned i = 0; i < t->views; i++)
		if (is_router(t, i) && !s->conn->rewritten &&
		    is_own(t, &s->conn->end[!s->from].at.addr, i))
			return true;
	return false;
}

/* What S is seen at last if it gets there; 0: not known yet. */
static uint8_t last_place(const struct track *t, const struct step *s)
{
	const struct conn *c = s->conn;
	bool router = false, sender = false;

	for (unsigned i = 0; i < t->views; i++) {
		if (is_router(t, i)) {
			router = true;
		} else if (captures(c, i, !s->from)) {
			return SEEN_GOT;
		} else if (captures(c, i, s->from)) {
			sender = true;
		}
	}
	return router && sender && !for_router(t, s) ? SEEN_OUT : 0;
}

void track_reached(struct track *t, unsigned view, int64_t time_ns)
{
	struct reach *reach = &t->reach[view];

	if (!reach->begun)
		reach->first_ns = time_ns;
	reach->begun = true;
	reach->last_ns = time_ns;
}

void track_view_ended(struct track *t, unsigned view)
{
	t->reach[view].ended = true;
}

/* Whether VIEW was being captured at TIME_NS, as far as its packets tell. */
static bool reaches(const struct track *t, unsigned view, int64_t time_ns)
{
	const struct reach *reach = &t->reach[view];

	return reach->begun && time_ns >= reach->first_ns &&
	       !(reach->ended && time_ns > reach->last_ns);
}

/* Whether the capture that ought to have seen S next could have done so. */
static bool could_be_seen(const struct track *t, const struct step *s)
{
	bool receiver = s->seen & (SEEN_IN | SEEN_OUT);

	if (s->seen & SEEN_IN && !(s->seen & SEEN_OUT))
		return true; /* the same capture */
	for (unsigned i = 0; i < t->views; i++)
		if (is_router(t, i) != receiver &&
		    (is_router(t, i) || captures(s->conn, i, !s->from)))
			return reaches(t, i, s->time_ns + t->epoch_ns);
	for (unsigned i = 0; i < t->views; i++) /* no router: the other end */
		if (captures(s->conn, i, !s->from))
			return reaches(t, i, s->time_ns + t->epoch_ns);
	return false;
}

enum fate join_fate(const struct track *t, const struct step *s)
{
	uint8_t last = last_place(t, s);

	if (s->seen & SEEN_GOT || (s->seen & SEEN_IN && for_router(t, s)))
		return FATE_ARRIVED;
	if (s->seen & SEEN_OUT && last != SEEN_GOT)
		return FATE_PASSED;
	/* Of a host of which nothing is captured, nothing is known. */
	if ((last == 0 && !(s->seen & SEEN_IN)) || !could_be_seen(t, s))
		return step_seq_len(s) > 0 ? FATE_UNKNOWN : FATE_SENT;
	return FATE_DROPPED;
}

static void saw(struct track *t, struct step *s, uint8_t place, unsigned view)
{
	s->seen |= place;
	if (place == SEEN_SENT)
		s->conn->view_side[view] = (int8_t)s->from;
	if (place == SEEN_GOT)
		s->conn->view_side[view] = (int8_t)!s->from;
	if (s->fate == FATE_WAITING && s->seen & last_place(t, s))
		resolve(t, s, join_fate(t, s));
}

/* --- which packet it is --- */

/* The step that waits to be seen at PLACE, too. */
static struct step *find_seen(struct track *t, const struct conn *conn,
			      uint8_t from, const struct wire *wire,
			      uint8_t place)
{
	const struct end *e = &conn->end[from];

	for (int i = e->waiting_first; i != STEP_NONE; i = t->queue[i].next) {
		struct step *s = &t->queue[i];

		if (s->joined && !(s->seen & place) &&
		    wire_equal(&s->wire, wire))
			return s;
	}
	return NULL;
}

/* The same, of any connection: P's addresses are rewritten. */
static struct step *find_rewritten(struct track *t, const struct packet *p,
				   const struct wire *wire, uint8_t place)
{
	for (unsigned i = t->count; i-- > 0;) {
		struct step *s = queue_at(t, i);

		if (s->fate == FATE_WAITING && s->joined &&
		    !(s->seen & place) && s->kind != KIND_ICMP &&
		    s->ttl > p->ttl && wire_equal(&s->wire, wire))
			return s;
	}
	return NULL;
}

/* The step of P if it was seen before; NULL: it is a new one. */
static struct step *seen_before(struct track *t, const struct packet *p,
				enum decoded what, uint8_t place)
{
	bool icmp = what == DECODED_ICMP;
	struct wire wire = wire_of(p, what);
	uint8_t side = 0;
	const struct conn *c =
		icmp ? find_conn(t, &p->quoted_src, &p->quoted_dst, &side)
		     : find_conn(t, &p->src, &p->dst, &side);
	struct step *s;

	if (c != NULL)
		return find_seen(t, c, icmp ? !side : side, &wire, place);
	s = icmp ? NULL : find_rewritten(t, p, &wire, place);
	if (s != NULL)
		remember_alias(t, s, p);
	return s;
}

/* --- new steps --- */

/* Names may tell at once which end a capture is of. */
static void learn_sides(const struct track *t, struct conn *c)
{
	for (unsigned i = 0; i < t->views; i++)
		for (int8_t side = 0; side < 2 && !is_router(t, i); side++)
			if (is_own(t, &c->end[side].at.addr, i))
				c->view_side[i] = side;
}

/* The router itself has sent S: what waits for an answer was stopped there. */
static void reject(struct track *t, const struct step *s)
{
	struct end *to = &s->conn->end[!s->from];
	int next;

	for (int i = to->waiting_first; i != STEP_NONE; i = next) {
		struct step *earlier = &t->queue[i];

		next = earlier->next;
		if (earlier->joined && !(earlier->seen & SEEN_OUT) &&
		    answers(s, earlier))
			resolve(t, earlier, FATE_REJECTED);
	}
}

/* Whether S was reported as lost, and now turns up after all. */
static bool is_late(struct track *t, struct step *s)
{
	struct drop *drop = find_drop(t, s->conn, s->from, &s->wire);

	if (drop == NULL)
		return false;
	s->notes = NOTE_LATE;
	s->gap = s->time_ns - drop->time_ns;
	s->fate = FATE_PASSED;
	*drop = (struct drop){0};
	return true;
}

static void begin_joined(struct track *t, struct step *s, uint8_t place,
			 unsigned view)
{
	s->joined = true;
	if (place & (SEEN_OUT | SEEN_GOT) && is_late(t, s))
		return;
	s->own = place == SEEN_OUT &&
		 (s->kind == KIND_ICMP ||
		  (s->kind == KIND_RST &&
		   !is_own(t, &s->conn->end[s->from].at.addr, view)));
	if (step_from_between(s))
		reject(t, s);
	else if (place == SEEN_OUT)
		confirm(t, s); /* the router's own answer */
	wait_add(t, s);
	saw(t, s, place, view);
}

void join_packet(struct track *t, struct packet *p, enum decoded what,
		 unsigned view)
{
	uint8_t place = place_of(t, p, view), from = 0;
	struct step *s = place == 0 ? NULL : seen_before(t, p, what, place);

	if (s != NULL) {
		saw(t, s, place, view);
		drain(t);
		return;
	}

	struct conn *conn = conn_of(t, p, what, &from);
	bool fresh = conn->captured == 0;

	s = push(t, conn, from, p);
	if (fresh)
		learn_sides(t, conn);
	s->wire = wire_of(p, what);
	if (what == DECODED_ICMP)
		fill_icmp(s, p);
	else
		fill_tcp(s, p);
	if (place != 0) {
		begin_joined(t, s, place, view);
	} else {
		confirm(t, s);
		begin(t, s);
	}
	drain(t);
}
