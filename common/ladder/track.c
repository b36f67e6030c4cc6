/*
 * track.c - from packets to steps, in the order of the capture
 *
 * The queue is a ring. What of it still waits is also in a list of its
 * connection's end, by which an answer finds what it answers. Counterpart:
 * track.h; next: state.c.
 */
#include "track.h"

#include "forward.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

enum { DROPS_MAX = 64, OTHERS_MAX = 64 };

/* A packet that was shown as dropped: its Out may still come. */
struct drop {
	uint64_t number; /* of its connection; 0: none */
	uint8_t from;
	struct wire wire;
	int64_t time_ns;
};

/* A packet that came in and is not shown: it may go out as one that is. */
struct other {
	struct wire wire;
	uint8_t ttl; /* 0: none */
};

struct track {
	struct renderer *renderer;
	const struct names *names;
	const char *at;
	enum role role;
	bool role_given;
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
};

/* --- the queue --- */

static struct step *queue_at(struct track *t, unsigned i)
{
	return &t->queue[(t->head + i) % QUEUE_MAX];
}

static void wait_add(struct track *t, struct step *s)
{
	struct end *e = &s->conn->end[s->from];
	int self = (int)(s - t->queue);

	s->next = STEP_NONE;
	*(e->waiting_first == STEP_NONE ? &e->waiting_first
					: &t->queue[e->waiting_last].next) =
		self;
	e->waiting_last = self;
}

static void wait_remove(struct track *t, struct step *s)
{
	struct end *e = &s->conn->end[s->from];
	int self = (int)(s - t->queue);
	int before = STEP_NONE;
	int *link = &e->waiting_first;

	while (*link != self) {
		before = *link;
		link = &t->queue[before].next;
	}
	*link = s->next;
	if (e->waiting_last == self)
		e->waiting_last = before;
}

static void resolve(struct track *t, struct step *s, enum fate fate)
{
	wait_remove(t, s);
	s->fate = fate;
}

/* What is known of S if nothing more comes. */
static enum fate fate_without_answer(const struct track *t,
				     const struct step *s)
{
	if (s->pair && (s->local || t->role == ROLE_END))
		return FATE_ARRIVED;
	if (s->pair && t->role == ROLE_ROUTER)
		return FATE_DROPPED;
	return step_seq_len(s) > 0 ? FATE_UNKNOWN : FATE_SENT;
}

static void remember_drop(struct track *t, const struct step *s)
{
	t->drop[t->drops++ % DROPS_MAX] = (struct drop){
		.number = s->conn->number,
		.from = s->from,
		.wire = s->wire,
		.time_ns = s->time_ns,
	};
}

static void remember_other(struct track *t, const struct wire *wire,
			   const struct packet *p)
{
	t->other[t->others++ % OTHERS_MAX] =
		(struct other){.wire = *wire, .ttl = p->ttl};
}

static void show(struct track *t, struct step *s)
{
	s->at_router = t->role == ROLE_ROUTER;
	state_apply(s);
	if (s->fate == FATE_DROPPED)
		remember_drop(t, s);
	t->renderer->step(t->renderer, s);
	s->conn->steps--;
	if (state_over(s->conn) && !s->conn->done)
		conns_touch(t->conns, s->conn, true);
}

/* Show what no longer waits, up to the first that does. */
static void drain(struct track *t)
{
	while (t->count > 0 && queue_at(t, 0)->fate != FATE_WAITING) {
		show(t, queue_at(t, 0));
		t->head = (t->head + 1) % QUEUE_MAX;
		t->count--;
	}
}

static void resolve_first(struct track *t)
{
	struct step *s = queue_at(t, 0);

	resolve(t, s, fate_without_answer(t, s));
	drain(t);
}

static void expire(struct track *t, int64_t now_ns)
{
	const int64_t limit_ns = (int64_t)ANSWER_MS * 1000000;

	while (t->count > 0 && now_ns - queue_at(t, 0)->time_ns > limit_ns)
		resolve_first(t);
}

/* A free step at the queue's end, for CONN; room is made without a claim. */
static struct step *push(struct track *t, struct conn *conn, uint8_t from,
			 const struct packet *p)
{
	if (t->count == QUEUE_MAX) {
		resolve(t, queue_at(t, 0), FATE_SENT);
		drain(t);
	}

	struct step *s = queue_at(t, t->count++);

	*s = (struct step){
		.conn = conn,
		.from = from,
		.direction = p->direction,
		.first = conn->captured == 0,
		.time_ns = p->time_ns - t->epoch_ns,
		.ttl = p->ttl,
		.ip_id = p->ip_id,
	};
	if (conn->captured++ == 0)
		conn->first_ns = conn->last_ns = s->time_ns;
	s->since_first = s->time_ns - conn->first_ns;
	s->since_last = s->time_ns - conn->last_ns;
	conn->last_ns = s->time_ns;
	conn->steps++;
	t->packets++;
	conns_touch(t->conns, conn, conn->done);
	return s;
}

/* --- sequence numbers --- */

static void learn_bases(struct conn *c, uint8_t from, const struct packet *p)
{
	struct end *e = &c->end[from];
	struct end *o = &c->end[!from];

	if (p->flags & FLAG_SYN) {
		e->base = p->seq;
		e->base_known = true;
	} else if (!e->base_known && !(p->flags & FLAG_RST && c->started)) {
		e->base = p->seq - 1;
		e->base_known = true;
	}
	if (!o->base_known && p->flags & FLAG_ACK) {
		o->base = p->ack - 1;
		o->base_known = true;
	}
}

/* Whether S fills what was not captured when its turn was. */
static bool fill_hole(struct end *e, const struct step *s)
{
	if (e->hole_start == e->hole_end ||
	    !seq_reaches(s->seq, e->hole_start) ||
	    !seq_reaches(e->hole_end, step_seq_end(s)))
		return false;
	if (s->seq == e->hole_start)
		e->hole_start = step_seq_end(s);
	else
		e->hole_end = s->seq;
	return true;
}

static void note_retry(struct end *e, struct step *s)
{
	s->notes |= NOTE_RETRY;
	e->retries = s->seq == e->retry_seq ? e->retries + 1 : 1;
	e->retry_seq = s->seq;
	s->retries = e->retries;
	s->gap = s->time_ns - e->sent_ns;
}

/* Compare what S takes up in sequence space with what was sent before. */
static void follow_seq(struct end *e, struct step *s)
{
	uint32_t end = step_seq_end(s);

	if (s->kind == KIND_RST)
		return;
	if (end == s->seq) {
		if (e->sent && s->seq + 1 == e->next && s->kind == KIND_ACK)
			s->notes |= NOTE_KEEP_ALIVE;
		return;
	}
	if (!e->sent || seq_reaches(s->seq, e->next)) {
		if (e->sent && s->seq != e->next) {
			s->notes |= NOTE_GAP;
			e->hole_start = e->next;
			e->hole_end = s->seq;
		}
	} else if (fill_hole(e, s)) {
		s->notes |= NOTE_FILL;
	} else if (s->kind != KIND_SYN_ACK || e->syn_acked) {
		note_retry(e, s); /* a SYN,ACK behind a SYN is none */
	}
	e->syn_acked |= s->kind == KIND_SYN_ACK;
	if (!e->sent || seq_reaches(end, e->next))
		e->next = end;
	e->sent = true;
	e->sent_ns = s->time_ns;
}

static enum kind kind_of(const struct packet *p)
{
	if (p->flags & FLAG_RST)
		return KIND_RST;
	if (p->flags & FLAG_SYN)
		return p->flags & FLAG_ACK ? KIND_SYN_ACK : KIND_SYN;
	if (p->flags & FLAG_FIN)
		return KIND_FIN;
	return p->len > 0 ? KIND_DATA : KIND_ACK;
}

static void fill_tcp(struct step *s, const struct packet *p)
{
	struct end *e = &s->conn->end[s->from];
	struct end *o = &s->conn->end[!s->from];

	learn_bases(s->conn, s->from, p);
	s->kind = kind_of(p);
	s->flags = p->flags;
	s->window = p->window;
	s->has_seq = true;
	s->seq = e->base_known ? p->seq - e->base : 0;
	s->ack = p->flags & FLAG_ACK ? p->ack - o->base : 0;
	s->len = p->len;
	s->fragmented = p->fragmented;
	s->options = p->options;
	size_t shown = p->captured < SHOWN_BYTES ? p->captured : SHOWN_BYTES;

	memcpy(s->data, p->payload, shown);
	s->shown = (uint8_t)shown;
	follow_seq(e, s);
	if (p->flags & FLAG_FIN && !e->fin_sent) {
		e->fin_sent = true;
		e->fin_ack = s->ack;
	}
	if (s->first && !s->conn->started)
		s->notes |= NOTE_NO_SYN;
	if (s->first && s->conn->started)
		s->notes |= NOTE_CONNECT;
}

static void fill_icmp(struct step *s, const struct packet *p)
{
	const struct end *quoted = &s->conn->end[!s->from];

	s->kind = KIND_ICMP;
	s->icmp_type = p->icmp_type;
	s->icmp_code = p->icmp_code;
	s->mtu = p->mtu;
	s->icmp_from = p->src.addr;
	s->has_seq = quoted->base_known;
	s->seq = p->seq - quoted->base;
	if (s->first)
		s->notes |= NOTE_NO_SYN;
}

/* --- what a packet says of earlier ones --- */

static bool answers(const struct step *s, const struct step *earlier)
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
static void confirm(struct track *t, const struct step *s)
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

static struct wire wire_of(const struct packet *p, enum decoded what)
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

static bool wire_equal(const struct wire *a, const struct wire *b)
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

static struct drop *find_drop(struct track *t, const struct conn *conn,
			      uint8_t from, const struct wire *wire)
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

static bool is_own(const struct track *t, const struct address *addr)
{
	return t->at != NULL && names_match(t->names, addr, t->at);
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
		  !is_own(t, &s->conn->end[s->from].at.addr));
}

/* Decide what is known of S at once; else it waits. */
static void begin(struct track *t, struct step *s)
{
	if (s->fate != FATE_WAITING)
		return;
	if (s->fragmented && !s->whole) {
		/* How much it is, its last fragment tells. */
	} else if (s->direction == DIR_IN) {
		s->pair = t->role != ROLE_END;
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
static void orient(const struct track *t, struct packet *p)
{
	if (address_is_loopback(&p->src.addr) ||
	    address_is_loopback(&p->dst.addr) ||
	    address_equal(&p->src.addr, &p->dst.addr))
		p->direction = DIR_UNKNOWN;
	else if (p->direction == DIR_UNKNOWN && t->role != ROLE_ROUTER &&
		 is_own(t, &p->src.addr))
		p->direction = DIR_OUT;
	else if (p->direction == DIR_UNKNOWN && t->role != ROLE_ROUTER &&
		 is_own(t, &p->dst.addr))
		p->direction = DIR_IN;
}

/* Whether P, going out, is the first proof that this host forwards. */
static bool learn_role(struct track *t, const struct packet *p)
{
	if (t->role_given || t->role == ROLE_ROUTER)
		return false;
	if (forward_saw(&t->forward, p)) {
		t->role = ROLE_ROUTER;
		return true;
	}
	/* A router's own RST or ICMP error proves nothing of its role. */
	if (t->role == ROLE_UNKNOWN && p->direction == DIR_OUT &&
	    (p->flags & FLAG_SYN || p->len > 0))
		t->role = ROLE_END;
	return false;
}

static bool server_is_first(const struct packet *p)
{
	if (p->flags & FLAG_SYN)
		return (p->flags & FLAG_ACK) != 0;
	return p->src.port < p->dst.port;
}

static struct conn *conn_of_tcp(struct track *t, const struct packet *p,
				uint8_t *from)
{
	bool opens = (p->flags & (FLAG_SYN | FLAG_ACK | FLAG_RST)) == FLAG_SYN;
	struct conn *c = conns_find(t->conns, &p->src, &p->dst, from);

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
	struct conn *c =
		conns_find(t->conns, &p->quoted_src, &p->quoted_dst, &to);

	if (c == NULL) {
		to = p->quoted_src.port < p->quoted_dst.port;
		c = conns_add(t->conns, to ? &p->quoted_dst : &p->quoted_src,
			      to ? &p->quoted_src : &p->quoted_dst);
	}
	*from = !to;
	return c;
}

void track_packet(struct track *t, struct packet *p, enum decoded what)
{
	bool icmp = what == DECODED_ICMP;
	uint8_t from = 0;

	if (t->packets == 0)
		t->epoch_ns = p->time_ns;
	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p);

	struct conn *conn =
		icmp ? conn_of_icmp(t, p, &from) : conn_of_tcp(t, p, &from);
	struct wire wire = wire_of(p, what);
	bool proof = learn_role(t, p);

	if (p->direction == DIR_OUT && t->role == ROLE_ROUTER &&
	    (pass(t, conn, from, &wire) || proof))
		return;

	struct step *s = push(t, conn, from, p);

	s->wire = wire;
	s->local = is_own(t, &p->dst.addr);
	if (icmp)
		fill_icmp(s, p);
	else
		fill_tcp(s, p);
	if (s->direction == DIR_OUT && t->role == ROLE_ROUTER)
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

bool track_fragment(struct track *t, struct packet *p)
{
	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p);

	struct step *s = find_first_fragment(t, p);

	if (s == NULL)
		return t->role == ROLE_ROUTER && p->direction == DIR_OUT;

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

void track_other(struct track *t, struct packet *p, enum decoded what)
{
	struct wire wire = wire_of(p, what);
	struct step *in = NULL;

	expire(t, p->time_ns - t->epoch_ns);
	orient(t, p);
	if (t->role != ROLE_ROUTER || what != DECODED_TCP)
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
		if (s->fate == FATE_WAITING && s->pair && !s->local)
			resolve(t, s,
				step_seq_len(s) > 0 ? FATE_UNKNOWN : FATE_SENT);
	}
	drain(t);
	track_idle(t);
}

bool track_waits(const struct track *t)
{
	return t->count > 0;
}

uint64_t track_packets(const struct track *t)
{
	return t->packets;
}

struct track *track_new(struct renderer *renderer, const struct names *names,
			const char *at, enum role role)
{
	struct track *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->renderer = renderer;
	t->names = names;
	t->at = at;
	t->role = role;
	t->role_given = role != ROLE_UNKNOWN;
	t->conns = conns_new();
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
