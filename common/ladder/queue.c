/*
 * queue.c - steps wait until it is known how far they got
 *
 * The queue is a ring. What of it still waits is also in a list of its
 * connection's end, by which an answer finds what it answers. Counterpart:
 * track_inside.h.
 */
#include "outcome.h"
#include "state.h"
#include "track_inside.h"

struct step *queue_at(struct track *t, unsigned i)
{
	return &t->queue[(t->head + i) % QUEUE_MAX];
}

void wait_add(struct track *t, struct step *s)
{
	struct end *e = &s->conn->end[s->from];
	int self = (int)(s - t->queue);

	s->next = STEP_NONE;
	*(e->waiting_first == STEP_NONE ? &e->waiting_first
					: &t->queue[e->waiting_last].next) =
		self;
	e->waiting_last = self;
}

void wait_remove(struct track *t, struct step *s)
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

void resolve(struct track *t, struct step *s, enum fate fate)
{
	wait_remove(t, s);
	s->fate = fate;
}

/* What is known of S if nothing more comes. */
enum fate fate_without_answer(const struct track *t, const struct step *s)
{
	if (s->joined)
		return join_fate(t, s);
	if (s->pair && (s->local || t->view[0].role == ROLE_END))
		return FATE_ARRIVED;
	if (s->pair && t->view[0].role == ROLE_ROUTER)
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

static bool has_router(const struct track *t)
{
	for (unsigned i = 0; i < t->views; i++)
		if (t->view[i].role == ROLE_ROUTER)
			return true;
	return false;
}

static void show(struct track *t, struct step *s)
{
	s->at_router = has_router(t);
	state_apply(s);
	outcome_learn(s);
	s->conn->shown_ns = s->time_ns;
	s->conn->over |= state_over(s->conn);
	if (s->fate == FATE_DROPPED)
		remember_drop(t, s);
	t->renderer->step(t->renderer, s);
	s->conn->steps--;
	if (state_over(s->conn) && !s->conn->done)
		conns_touch(t->conns, s->conn, true);
}

/* Show what no longer waits, up to the first that does. */
void drain(struct track *t)
{
	while (t->count > 0 && queue_at(t, 0)->fate != FATE_WAITING) {
		show(t, queue_at(t, 0));
		t->head = (t->head + 1) % QUEUE_MAX;
		t->count--;
	}
}

void resolve_first(struct track *t)
{
	struct step *s = queue_at(t, 0);

	resolve(t, s, fate_without_answer(t, s));
	drain(t);
}

void expire(struct track *t, int64_t now_ns)
{
	const int64_t limit_ns = (int64_t)ANSWER_MS * 1000000;

	while (t->count > 0 && now_ns - queue_at(t, 0)->time_ns > limit_ns)
		resolve_first(t);
}

/* A free step at the queue's end, for CONN; room is made without a claim. */
struct step *push(struct track *t, struct conn *conn, uint8_t from,
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
