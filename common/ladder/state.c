/*
 * state.c - what a step does to the state of both ends
 *
 * RFC 9293, figure 5, with one end's state moved only by what that end has
 * provably sent or got. Counterpart: state.h; next: story.c, which puts the
 * notes made here into words.
 */
#include "state.h"

/* END has got the other end's FIN. */
static void got_fin(struct end *end)
{
	end->fin_received = true;
	switch (end->state) {
	case STATE_SYN_RCVD:
	case STATE_ESTABLISHED:
		end->state = STATE_CLOSE_WAIT;
		break;
	case STATE_FIN_WAIT_1:
		end->state = STATE_CLOSING;
		break;
	case STATE_FIN_WAIT_2:
		end->state = STATE_TIME_WAIT;
		break;
	default:
		break;
	}
}

/* END has got an acknowledgement of its FIN. */
static void got_fin_ack(struct end *end, struct step *s)
{
	switch (end->state) {
	case STATE_FIN_WAIT_1:
		end->state = STATE_FIN_WAIT_2;
		if (s->kind == KIND_ACK)
			s->notes |= NOTE_FIN_ACKED;
		break;
	case STATE_CLOSING:
		end->state = STATE_TIME_WAIT;
		s->notes |= NOTE_DONE;
		break;
	case STATE_LAST_ACK:
		end->state = STATE_CLOSED;
		s->notes |= NOTE_DONE;
		break;
	default:
		break;
	}
}

/* By acknowledging, FROM shows what it had got. */
static void proves(struct end *from, struct end *to, const struct step *s)
{
	if (!(s->flags & FLAG_ACK))
		return;
	if (from->state == STATE_SYN_SENT && s->kind != KIND_SYN_ACK &&
	    s->kind != KIND_RST)
		from->state = STATE_ESTABLISHED;
	if (seq_reaches(s->ack, from->received))
		from->received = s->ack;
	if (to->fin_shown && !from->fin_received &&
	    seq_reaches(s->ack, to->fin_end)) {
		to->fin_landed = true;
		got_fin(from);
	}
	if (s->kind != KIND_SYN_ACK && s->kind != KIND_RST)
		from->acked = true;
}

static void sent_fin(struct end *from, struct end *to, struct step *s)
{
	if (from->fin_shown)
		return;
	from->fin_shown = true;
	from->fin_end = step_seq_end(s);
	s->notes |= NOTE_EOF;

	bool crossed = to->fin_shown && !seq_reaches(s->ack, to->fin_end);

	if (crossed) { /* each FIN was sent before the other was got */
		s->notes |= NOTE_CLOSING;
		from->fin_received = false;
	}
	switch (from->state) {
	case STATE_SYN_RCVD:
	case STATE_ESTABLISHED:
		from->state = STATE_FIN_WAIT_1;
		break;
	case STATE_CLOSE_WAIT:
		from->state = crossed ? STATE_FIN_WAIT_1 : STATE_LAST_ACK;
		break;
	default:
		break;
	}
}

/* A reset has several reasons; which of them the capture allows. */
static void note_reset(struct end *from, struct end *to, struct step *s)
{
	if (to->state == STATE_SYN_SENT && from->state == STATE_UNKNOWN)
		s->notes |= NOTE_REFUSED;
	else if (s->conn->reset || from->state == STATE_CLOSED)
		s->notes |= NOTE_GONE;
	else if (from->fin_shown && to->late_data)
		s->notes |= NOTE_CLOSED;
	else if (from->state == STATE_ESTABLISHED && !from->acked &&
		 to->state == STATE_SYN_RCVD)
		s->notes |= NOTE_UNWANTED;
	else
		s->notes |= NOTE_RESET;
	s->conn->reset = true;
}

static void sent(struct end *from, struct end *to, struct step *s)
{
	if (from->ttl == 0)
		from->ttl = s->ttl;
	proves(from, to, s);
	if (s->kind == KIND_SYN &&
	    (from->state == STATE_UNKNOWN || from->state == STATE_CLOSED))
		from->state = STATE_SYN_SENT;
	if (s->kind == KIND_SYN_ACK) {
		if (from->state <= STATE_CLOSED)
			s->notes |= NOTE_ACCEPTING;
		if (from->state <= STATE_SYN_SENT)
			from->state = STATE_SYN_RCVD;
	}
	if (s->flags & FLAG_FIN && s->kind != KIND_RST)
		sent_fin(from, to, s);
	if (s->kind == KIND_RST)
		from->state = from->state == STATE_UNKNOWN ? STATE_UNKNOWN
							   : STATE_CLOSED;
}

static void got_ack(struct end *to, struct step *s)
{
	if (to->state == STATE_SYN_RCVD && seq_reaches(s->ack, 1)) {
		to->state = STATE_ESTABLISHED;
		s->notes |= NOTE_HANDSHAKE;
	}
	if (to->fin_shown && seq_reaches(s->ack, to->fin_end))
		got_fin_ack(to, s);
}

/* A FIN counts once all before it is there, and not if it crossed another. */
static bool fin_counts(const struct end *to, const struct end *from,
		       const struct step *s)
{
	bool crossing = to->fin_sent && !to->fin_shown &&
			!seq_reaches(to->fin_ack, from->fin_end);

	return !to->fin_received && !crossing && from->fin_shown &&
	       seq_reaches(to->received, from->fin_end - 1) &&
	       seq_reaches(step_seq_end(s), from->fin_end);
}

static void got_syn(struct end *to, const struct step *s)
{
	bool both = s->kind == KIND_SYN_ACK;

	if (to->state == STATE_SYN_SENT)
		to->state = both ? STATE_ESTABLISHED : STATE_SYN_RCVD;
	else if (to->state == STATE_SYN_RCVD && both) /* both asked at once */
		to->state = STATE_ESTABLISHED;
}

static void got(struct end *to, struct end *from, struct step *s)
{
	if (s->kind == KIND_RST) {
		to->state = STATE_CLOSED;
		return;
	}
	/* Sent behind its FIN: the FIN, which landed, was there before. */
	if (from->fin_landed && !to->fin_received && !(s->flags & FLAG_FIN) &&
	    seq_reaches(s->seq, from->fin_end))
		got_fin(to);
	if (s->flags & FLAG_ACK && s->kind != KIND_SYN_ACK)
		got_ack(to, s);
	if (s->flags & FLAG_SYN)
		got_syn(to, s);
	if (step_seq_len(s) == 0)
		return;
	if (to->received == 0 || (seq_reaches(to->received, s->seq) &&
				  seq_reaches(step_seq_end(s), to->received)))
		to->received = step_seq_end(s);
	if (s->flags & FLAG_FIN) {
		from->fin_landed = true;
		if (fin_counts(to, from, s))
			got_fin(to);
	}
}

/* What a SYN says of its sender. */
static void learn_options(struct end *from, const struct step *s)
{
	if (!(s->flags & FLAG_SYN) || s->kind == KIND_RST)
		return;
	from->syn_shown = true;
	from->mss = s->options.mss;
	from->has_scale = s->options.has_scale;
	from->scale = s->options.scale;
}

/* SACK blocks; the first is what has come last (RFC 2018, 2883). */
static void note_sack(struct end *to, struct step *s)
{
	const struct tcp_options *o = &s->options;
	uint32_t start, end;

	if (o->sacks == 0 || !to->base_known)
		return;
	start = o->sack[0][0] - to->base;
	end = o->sack[0][1] - to->base;
	if (seq_reaches(s->ack, end) ||
	    (o->sacks > 1 && seq_reaches(start, o->sack[1][0] - to->base) &&
	     seq_reaches(o->sack[1][1] - to->base, end)))
		s->notes |= NOTE_DSACK;
	else if (seq_reaches(to->shown_next, end))
		s->notes |= NOTE_SACK;
}

/* What an ACK says of what the other end has sent. */
static void note_ack(struct end *from, struct end *to, struct step *s)
{
	bool again = s->kind == KIND_ACK && from->acked &&
		     s->ack == from->acked_to && s->window == from->window &&
		     s->window > 0 && !(s->notes & NOTE_KEEP_ALIVE) &&
		     !seq_reaches(s->ack, to->shown_next);

	if (!(s->flags & FLAG_ACK) || s->flags & (FLAG_SYN | FLAG_RST))
		return;
	if (again)
		s->notes |= NOTE_DUP_ACK;
	note_sack(to, s);
	from->dup_acks = again ? from->dup_acks + 1 : 0;
	if (to->retry_timed && seq_reaches(s->ack, to->retry_end)) {
		if (s->options.has_time &&
		    !seq_reaches(s->options.echo, to->retry_time))
			s->notes |= NOTE_SPURIOUS;
		to->retry_timed = false;
	}
	from->acked_to = s->ack;
	from->window = s->window;
}

/* Bytes that END takes from now on; -1: not known. */
static int64_t window_of(const struct end *end, const struct end *other)
{
	bool scaled = end->has_scale && other->has_scale;

	if (!end->acked || !end->syn_shown || !other->syn_shown)
		return -1;
	return (int64_t)end->window << (scaled ? end->scale : 0);
}

/* What a segment that takes up sequence numbers says of its sender. */
static void note_sent(struct end *from, struct end *to, struct step *s)
{
	uint32_t end = step_seq_end(s);
	int64_t window = window_of(to, from);

	if (s->notes & NOTE_RETRY) {
		if (to->dup_acks > 0 && s->seq == to->acked_to &&
		    s->kind != KIND_SYN)
			s->notes |= NOTE_FAST_RETRY;
		from->retry_timed = s->options.has_time;
		from->retry_time = s->options.time;
		from->retry_end = end;
	}
	if (from->shown_next == 0 || seq_reaches(end, from->shown_next))
		from->shown_next = end;
	if (s->fragmented)
		s->notes |= NOTE_FRAGMENT;
	if (s->len > to->mss && to->mss > 0 &&
	    !s->conn->said_offload[s->from]) {
		s->notes |= NOTE_OFFLOAD;
		s->conn->said_offload[s->from] = true;
	}
	bool full = s->len > 0 && window > 0 &&
		    (int64_t)(end - to->acked_to) >= window &&
		    seq_reaches(end, to->acked_to);

	if (full && !s->conn->said_full[s->from])
		s->notes |= NOTE_WINDOW_FULL;
	s->conn->said_full[s->from] = full;
}

/*
 * A byte again that was acknowledged long ago: a keep-alive as those send it
 * that take old TCPs into account (RFC 1122, 4.2.3.6).
 */
static bool is_old_keep_alive(const struct end *to, const struct step *s)
{
	return s->len == 1 && s->kind == KIND_DATA && s->notes & NOTE_RETRY &&
	       s->gap > 1000000000 && to->acked &&
	       seq_reaches(to->acked_to, step_seq_end(s));
}

/* Data and windows: what of them is worth a word. */
static void note_flow(struct end *from, struct end *to, struct step *s)
{
	struct conn *c = s->conn;
	bool zero = s->window == 0;

	if (s->len > 0) {
		if (to->fin_shown && from->state == STATE_CLOSE_WAIT &&
		    !(s->notes & NOTE_RETRY) && !c->said_half_close) {
			s->notes |= NOTE_HALF_CLOSE;
			c->said_half_close = true;
		}
		from->late_data = to->fin_shown;
	}
	if (is_old_keep_alive(to, s)) {
		s->notes = (s->notes & ~NOTE_RETRY) | NOTE_KEEP_ALIVE;
		s->retries = 0;
	}
	if (to->zero_window && (s->notes & NOTE_KEEP_ALIVE ||
				(s->len == 1 && s->kind == KIND_DATA)))
		s->notes = (s->notes & ~NOTE_KEEP_ALIVE) | NOTE_PROBE;
	if (s->flags & (FLAG_SYN | FLAG_RST | FLAG_FIN) || from->fin_received)
		return;
	if (zero != from->zero_window)
		s->notes |= zero ? NOTE_ZERO_WINDOW : NOTE_WINDOW_OPEN;
	from->zero_window = zero;
}

static void apply_tcp(struct step *s)
{
	struct end *from = &s->conn->end[s->from];
	struct end *to = &s->conn->end[!s->from];

	if (s->kind == KIND_RST) {
		note_reset(from, to, s);
	} else if (!(s->notes & NOTE_LATE)) {
		note_flow(from, to, s);
		learn_options(from, s);
		note_ack(from, to, s);
		if (step_seq_len(s) > 0)
			note_sent(from, to, s);
	}
	if (!s->own && !(s->notes & NOTE_LATE))
		sent(from, to, s);
	if (step_landed(s))
		got(to, from, s);
}

void state_apply(struct step *s)
{
	struct conn *c = s->conn;
	const enum tcp_state before[2] = {c->end[0].state, c->end[1].state};

	if (s->kind == KIND_ICMP) {
		s->notes |= NOTE_ICMP;
		s->again = c->said_icmp;
		c->said_icmp = true;
	} else {
		apply_tcp(s);
	}
	for (int side = 0; side < 2; side++) {
		s->state[side] = c->end[side].state;
		s->changed[side] = s->state[side] != before[side];
	}
	if (s->fate == FATE_DROPPED)
		s->notes |= NOTE_DROP;
	if (s->fate == FATE_REJECTED)
		s->notes |= NOTE_REJECT;
	if (s->own)
		s->notes |= NOTE_OWN;
	if (step_stopped(s) == STOPPED_BEFORE)
		s->notes |= NOTE_LOST_BEFORE;
	if (step_stopped(s) == STOPPED_BEHIND)
		s->notes |= NOTE_LOST_BEHIND;
	if ((s->other != 0 || s->rewritten) && !c->said_nat) {
		s->notes |= NOTE_NAT;
		c->said_nat = true;
	}
}

bool state_over(const struct conn *c)
{
	if (c->reset)
		return true;
	for (int side = 0; side < 2; side++)
		if (c->end[side].state != STATE_CLOSED &&
		    c->end[side].state != STATE_TIME_WAIT)
			return false;
	return true;
}
