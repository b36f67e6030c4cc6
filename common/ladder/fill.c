/*
 * fill.c - from packets to steps: what a segment is, and what it repeats
 *
 * Counterpart: track_inside.h.
 */
#include "track_inside.h"

#include <string.h>

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

void fill_tcp(struct step *s, const struct packet *p)
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

void fill_icmp(struct step *s, const struct packet *p)
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
