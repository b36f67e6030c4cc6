/*
 * track.c - from packets to steps, in the order of the capture
 *
 * What goes in and out of one capture; counterpart: track.h. Next: fill.c,
 * queue.c, and join.c for two captures.
 */
#include "track_inside.h"

#include <stdlib.h>
#include <string.h>

/* --- what a packet says of earlier ones --- */

bool answers(const struct step *s, const struct step *earlier)
{
	if (step_seq_len(earlier) == 0)
		return false;
	if (s->kind == KIND_ICMP)
		return s->has_seq && s->seq == earlier->seq;
	if (s->kind == KIND_RST)
		return true;
	return s->flags & FLAG_ACK &&
	       seq_reaches(s->ack, step_seq_end(earlier));
}

/* S answers what waits of the other end. */
void confirm(struct track *t, const struct step *s)
{
	struct end *to = &s->conn->end[!s->from];
	bool stopped = step_from_between(s);
	int next;

	for (int i = to->waiting_first; i != STEP_NONE; i = next) {
		struct step *earlier = &t->queue[i];

		next = earlier->next;
		if (answers(s, earlier))
			resolve(t, earlier,
				stopped ? FATE_REJECTED : FATE_ARRIVED);
	}
}

/* S is sent again: its sender had no answer to the one before. */
static void give_up(struct track *t, const struct step *s)
{
	struct end *e = &s->conn->end[s->from];
	int next;

	for (int i = e->waiting_first; i != STEP_NONE; i = next) {
		struct step *earlier = &t->queue[i];

		next = earlier->next;
		if (earlier->seq == s->seq && step_seq_len(earlier) > 0)
			resolve(t, earlier, fate_without_answer(t, earlier));
	}
}

/* --- In and Out --- */

struct wire wire_of(const struct packet *p, enum decoded what)
{
	bool icmp = what == DECODED_ICMP;

	return (struct wire){
		.seq = p->seq,
		.ack = icmp ? (uint32_t)(p->icmp_type << 8 | p->icmp_code)
			    : p->ack,
		.len = p->len,
		.ip_id = p->ip_id,
		.flags = p->flags,
	};
}

bool wire_equal(const struct wire *a, const struct wire *b)
{
	return a->seq == b->seq && a->ack == b->ack && a->len == b->len &&
	       a->ip_id == b->ip_id && a->flags == b->flags;
}

/* The step that came in and now goes out as WIRE; NULL: none waits. */
static struct step *find_in(struct track *t, const struct end *e,
			    const struct wire *wire)
{
	for (int i = e->waiting_first; i != STEP_NONE; i = t->queue[i].next) {
		struct step *s = &t->queue[i];

		if (s->pair && wire_equal(&s->wire, wire))
			return s;
	}
	return NULL;
}

/* The same, under other addresses: network address translation. */
static struct step *find_in_other(struct track *t, const struct wire *wire,
				  uint8_t ttl)
{
	for (unsigned i = t->count; i-- > 0;) {
		struct step *s = queue_at(t, i);

		if (s->fate == FATE_WAITING && s->pair && s->ttl == ttl + 1 &&
		    s->kind != KIND_ICMP && wire_equal(&s->wire, wire))
			return s;
	}
	return NULL;
}

struct drop *find_drop(struct track *t, const struct conn *conn, uint8_t from,
		       const struct wire *wire)
{
	for (unsigned i = 0; i < DROPS_MAX; i++) {
		struct drop *d = &t->drop[i];

		if (d->number == conn->number && d->from == from &&
		    wire_equal(&d->wire, wire))
			return d;
	}
	return NULL;
}

/* Whether S came in as a packet that is not shown, under other addresses. */
static bool came_in_as_other(struct track *t, const struct step *s)
{
	for (unsigned i = 0; i < OTHERS_MAX; i++) {
		struct other *o = &t->other[i];

		if (o->ttl == s->ttl + 1 && wire_equal(&o->wire, &s->wire)) {
			*o = (struct other){0};
			return true;
		}
	}
	return false;
}

static void remember_other(struct track *t, const struct wire *wire,
			   const struct packet *p)
{
	t->other[t->others++ % OTHERS_MAX] =
		(struct other){.wire = *wire, .ttl = p->ttl};
}

/* What goes out is what came in: the step that waits for it is complete. */
static bool pass(struct track *t, struct conn *conn, uint8_t from,
		 const struct wire *wire)
{
	struct step *s = find_in(t, &conn->end[from], wire);

	if (s == NULL)
		return false;
	resolve(t, s, FATE_PASSED);
	drain(t);
	return true;
}

bool is_own(const struct track *t, const struct address *addr, unsigned view)
{
	const char *at = t->view[view].at;

	return at != NULL && names_match(t->names, addr, at);
}

/* At the router: S goes out, and nothing like it waits. */
static void goes_out(struct track *t, struct step *s)
{
	struct drop *drop = find_drop(t, s->conn, s->from, &s->wire);

	if (drop != NULL) {
		s->notes = NOTE_LATE;
		s->gap = s->time_ns - drop->time_ns;
		s->fate = FATE_PASSED;
		*drop = (struct drop){0};
		return;
	}

	struct step *in = find_in_other(t, &s->wire, s->ttl);

	if (in != NULL) {
		in->other = s->conn->number;
		s->other = in->conn->number;
		resolve(t, in, FATE_PASSED);
		s->fate = FATE_PASSED;
		return;
	}
	if (came_in_as_other(t, s)) {
		s->fate = FATE_PASSED;
		return;
	}
	s->own = s->kind == KIND_ICMP ||
		 (s->kind == KIND_RST &&
		  !is_own(t, &s->conn->end[s->from].at.addr, 0));
}

/* Decide what is known of S at once; else it waits. */
void begin(struct track *t, struct step *s)
{
	if (s->fate != FATE_WAITING)
		return;
	if (s->fragmented && !s->whole) {
		/* How much it is, its last fragment tells. */
	} else if (s->direction == DIR_IN) {
		s->pair = t->view[0].role != ROLE_END;
		if (!s->pair)
			s->fate = FATE_ARRIVED;
	} else if (step_seq_len(s) == 0) {
		s->fate = FATE_SENT;
	}
	if (s->fate == FATE_WAITING)
		wait_add(t, s);
}

/* --- packets --- */

/* Without In and Out in the capture, the host's own addresses tell. */
void orient(const struct track *t, struct packet *p, unsigned view)
{
	bool end = t->view[view].role != ROLE_ROUTER;

	if (address_is_loopback(&p->src.addr) ||
	    address_is_loopback(&p->dst.addr) ||
	    address_equal(&p->src.addr, &p->dst.addr))
		p->direction = DIR_UNKNOWN;
	else if (p->direction == DIR_UNKNOWN && end &&
		 is_own(t, &p->src.addr, view))
		p->direction = DIR_OUT;
	else if (p->direction == DIR_UNKNOWN && end &&
		 is_own(t, &p->dst.addr, view))
		p->direction = DIR_IN;
}

/* Whether P, going out, is the first proof that this host forwards. */
static bool learn_role(struct track *t, const struct packet *p)
{
	if (t->role_given || t->view[0].role == ROLE_ROUTER)
		return false;
	if (forward_saw(&t->forward, p)) {
		t->view[0].role = ROLE_ROUTER;
		return true;
	}
	/* A router's own RST or ICMP error proves nothing of its role. */
	if (t->view[0].role == ROLE_UNKNOWN && p->direction == DIR_OUT &&
	    (p->flags & FLAG_SYN || p->len > 0))
		t->view[0].role = ROLE_END;
	return false;
}

static bool server_is_first(const struct packet *p)
{
	if (p->flags & FLAG_SYN)
		return (p->flags & FLAG_ACK) != 0;
	return p->src.port < p->dst.port;
}

struct conn *find_conn(struct track *t, const struct endpoint *a,
		       const struct endpoint *b, uint8_t *side)
{
	struct conn *c = conns_find(t->conns, a, b, side);

	return c != NULL || t->views == 1 ? c : join_find_alias(t, a, b, side);
}

static struct conn *conn_of_tcp(struct track *t, const struct packet *p,
				uint8_t *from)
{
	bool opens = (p->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
	struct conn *c = find_conn(t, &p->src, &p->dst, from);

	/* A SYN with another number: the four-tuple is used again. */
	if (c != NULL && opens && c->end[*from].base != p->seq &&
	    (c->end[*from].base_known || c->done)) {
		conns_retire(t->conns, c);
		c = NULL;
	}
	if (c != NULL)
		return c;
	*from = server_is_first(p);
	c = conns_add(t->conns, *from ? &p->dst : &p->src,
		      *from ? &p->src : &p->dst);
	c->started = opens;
	return c;
}

static struct conn *conn_of_icmp(struct track *t, const struct packet *p,
				 uint8_t *from)
{
	uint8_t to = 0;
	struct conn *c = find_conn(t, &p->quoted_src, &p->quoted_dst, &to);

	if (c == NULL) {
		to = p->quoted_src.port < p->quoted_dst.port;
		c = conns_add(t->conns, to ? &p->quoted_dst : &p->quoted_src,
			      to ? &p->quoted_src : &p->quoted_dst);
	}
	*from = !to;
	return c;
}

struct conn *conn_of(struct track *t, const struct packet *p, enum decoded what,
		     uint8_t *from)
{
	return what == DECODED_ICMP ? conn_of_icmp(t, p, from)
				    : conn_of_tcp(t, p, from);
}

void track_packet(struct track *t, struct packet *p, enum decoded what,
		  unsigned view)
{
	bool icmp = what == DECODED_ICMP;
	uint8_t from = 0;

	if (t->packets == 0)
		t->epoch_ns = p->time_ns;
	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p, view);
	if (t->views > 1) {
		join_packet(t, p, what, view);
		return;
	}

	struct conn *conn = conn_of(t, p, what, &from);
	struct wire wire = wire_of(p, what);
	bool proof = learn_role(t, p);

	if (p->direction == DIR_OUT && t->view[0].role == ROLE_ROUTER &&
	    (pass(t, conn, from, &wire) || proof))
		return;

	struct step *s = push(t, conn, from, p);

	s->wire = wire;
	s->local = is_own(t, &p->dst.addr, 0);
	if (icmp)
		fill_icmp(s, p);
	else
		fill_tcp(s, p);
	if (s->direction == DIR_OUT && t->view[0].role == ROLE_ROUTER)
		goes_out(t, s);
	if (!(s->notes & NOTE_LATE))
		confirm(t, s);
	if (s->notes & NOTE_RETRY)
		give_up(t, s);
	begin(t, s);
	drain(t);
}

/* The first fragment of what P is a later one of; NULL: not there any more. */
static struct step *find_first_fragment(struct track *t, const struct packet *p)
{
	for (unsigned i = t->count; i-- > 0;) {
		struct step *s = queue_at(t, i);
		const struct end *end = s->conn->end;

		if (s->fragmented && !s->whole && s->fate == FATE_WAITING &&
		    s->ip_id == p->ip_id && s->direction == p->direction &&
		    address_equal(&end[s->from].at.addr, &p->src.addr) &&
		    address_equal(&end[!s->from].at.addr, &p->dst.addr))
			return s;
	}
	return NULL;
}

bool track_fragment(struct track *t, struct packet *p, unsigned view)
{
	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p, view);

	struct step *s = find_first_fragment(t, p);

	if (s == NULL)
		return t->view[0].role == ROLE_ROUTER &&
		       p->direction == DIR_OUT;

	struct end *e = &s->conn->end[s->from];

	s->len += p->len;
	if (seq_reaches(step_seq_end(s), e->next))
		e->next = step_seq_end(s);
	if (!p->fragmented) { /* the last one */
		wait_remove(t, s);
		s->whole = true;
		begin(t, s);
		drain(t);
	}
	return true;
}

void track_other(struct track *t, struct packet *p, enum decoded what,
		 unsigned view)
{
	struct wire wire = wire_of(p, what);
	struct step *in = NULL;

	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p, view);
	if (t->view[0].role != ROLE_ROUTER || what != DECODED_TCP)
		return;
	if (p->direction == DIR_IN)
		remember_other(t, &wire, p);
	if (p->direction == DIR_OUT)
		in = find_in_other(t, &wire, p->ttl);
	if (in != NULL)
		resolve(t, in, FATE_PASSED);
	drain(t);
}

void track_idle(struct track *t)
{
	while (t->count > 0)
		resolve_first(t);
}

void track_end(struct track *t, bool torn)
{
	for (unsigned i = 0; torn && i < t->count; i++) {
		struct step *s = queue_at(t, i);

		/* What is torn off may hold the Out that is missing. */
		if (s->fate == FATE_WAITING && !s->local &&
		    (s->pair || s->joined))
			resolve(t, s,
				step_seq_len(s) > 0 ? FATE_UNKNOWN : FATE_SENT);
	}
	drain(t);
	track_idle(t);
	conns_forget_all(t->conns);
}

bool track_waits(const struct track *t)
{
	return t->count > 0;
}

uint64_t track_packets(const struct track *t)
{
	return t->packets;
}

static void forget(void *context, struct conn *conn)
{
	renderer_forget(((struct track *)context)->renderer, conn);
}

struct track *track_new(struct renderer *renderer, const struct names *names,
			const struct view *views, unsigned count)
{
	struct track *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->renderer = renderer;
	t->names = names;
	memcpy(t->view, views, count * sizeof(views[0]));
	t->views = count;
	t->role_given = views[0].role != ROLE_UNKNOWN;
	t->conns = conns_new(forget, t);
	if (t->conns == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

void track_free(struct track *t)
{
	if (t == NULL)
		return;
	conns_free(t->conns);
	free(t);
}
