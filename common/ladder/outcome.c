/*
 * outcome.c - how a connection ended, and why: in one sentence
 *
 * Counterpart: outcome.h.
 */
#include "outcome.h"

#include "icmp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void outcome_learn(const struct step *s)
{
	struct conn *c = s->conn;
	struct outcome *o = &c->outcome;

	if (c->over)
		return;
	o->packets++;
	o->syns += s->kind == KIND_SYN;
	o->drops += s->fate == FATE_DROPPED;
	o->retries += s->retries > 0;
	if (s->notes & NOTE_EOF && o->first_fin == NO_SIDE)
		o->first_fin = (int8_t)s->from;
	if (s->kind == KIND_RST && o->reset_by == NO_SIDE) {
		o->reset_by = (int8_t)s->from;
		o->reset_notes = s->notes;
	}
	if (s->kind == KIND_ICMP && o->icmp_version == 0) {
		o->icmp_version = s->icmp_from.version;
		o->icmp_type = s->icmp_type;
		o->icmp_code = s->icmp_code;
		o->icmp_from = s->icmp_from;
	}
}

uint32_t outcome_bytes(const struct conn *c, int side)
{
	const struct end *e = &c->end[side];

	return e->shown_next < 2 ? 0 : e->shown_next - 1 - e->fin_shown;
}

/* --- sentences --- */

/* What is told, and where to. */
struct verdict {
	const struct story *story;
	const struct conn *conn;
	struct cast cast;
	char *buf;
};

__attribute__((format(printf, 2, 3))) static bool tell(const struct verdict *v,
						       const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(v->buf, OUTCOME_LEN, format, args);
	va_end(args);
	return true;
}

static const char *here(const struct verdict *v)
{
	return v->story->at != NULL ? v->story->at : "the router";
}

static bool tell_reset(const struct verdict *v)
{
	const struct outcome *o = &v->conn->outcome;

	if (o->reset_by == NO_SIDE)
		return false;

	const char *by = v->cast.end[o->reset_by];
	uint16_t port = v->conn->end[o->reset_by].at.port;

	if (o->reset_notes & NOTE_OWN)
		return tell(v, "%s by %s, in the name of %s (RST)",
			    o->reset_notes & NOTE_REFUSED ? "refused" : "reset",
			    here(v), by);
	if (o->reset_notes & NOTE_REFUSED)
		return tell(v,
			    "refused (RST): nothing listens on port %u, or a "
			    "firewall answers for it",
			    port);
	if (o->reset_notes & NOTE_UNWANTED)
		return tell(v, "given up by %s before it was open (RST)", by);
	if (o->reset_notes & NOTE_CLOSED)
		return tell(v, "reset by %s: data came after it had closed",
			    by);
	if (v->conn->end[!o->reset_by].fin_received)
		return tell(v, "reset by %s, which was done sending", by);
	return tell(v,
		    "reset by %s: data unread, SO_LINGER 0, or it does not "
		    "know the connection",
		    by);
}

static bool tell_icmp(const struct verdict *v)
{
	const struct outcome *o = &v->conn->outcome;
	const struct end *client = &v->conn->end[0];
	char addr[ENDPOINT_LEN];
	const char *name = names_of(v->story->names, &o->icmp_from);
	const char *error;

	if (o->icmp_version == 0 || client->state > STATE_SYN_SENT)
		return false;
	error = icmp_errno(o->icmp_version, o->icmp_type, o->icmp_code);
	return tell(v, "rejected by %s: %s (ICMP%s %u/%u)%s%s",
		    name != NULL ? name : address_format(&o->icmp_from, addr),
		    icmp_words(o->icmp_version, o->icmp_type, o->icmp_code),
		    o->icmp_version == 6 ? "v6" : "", o->icmp_type,
		    o->icmp_code, error != NULL ? ", " : "",
		    error != NULL ? error : "");
}

static bool tell_unanswered(const struct verdict *v)
{
	const struct outcome *o = &v->conn->outcome;

	if (v->conn->end[0].state != STATE_SYN_SENT)
		return false;
	if (o->drops > 0 && o->drops >= o->syns)
		return tell(v, "no answer: %" PRIu32 " SYN%s, dropped at %s",
			    o->syns, o->syns == 1 ? "" : "s", here(v));
	return tell(v,
		    "no answer to %" PRIu32 " SYN%s: dropped, on the way or "
		    "at %s",
		    o->syns, o->syns == 1 ? "" : "s", v->cast.end[1]);
}

static bool tell_closed(const struct verdict *v)
{
	const struct conn *c = v->conn;
	int8_t first = c->outcome.first_fin;

	if (first == NO_SIDE)
		return false;
	if (!c->end[!first].fin_shown)
		return tell(v, "half-closed: %s is done sending, %s is not",
			    v->cast.end[first], v->cast.end[!first]);
	return tell(v, "%s: %s was done first",
		    c->over ? "closed"
			    : "both are done, the last ACK is "
			      "missing",
		    v->cast.end[first]);
}

static bool tell_open(const struct verdict *v)
{
	const struct conn *c = v->conn;

	if (c->end[1].state == STATE_SYN_RCVD)
		return tell(v, "half-open: %s did not complete the handshake",
			    v->cast.end[0]);
	if (c->started)
		return tell(v, "open when the capture ended");
	return tell(v, "open; its start is not in the capture");
}

char *outcome_format(const struct story *story, const struct conn *conn,
		     char *buf)
{
	const struct verdict v = {story, conn, story_cast(story, conn), buf};

	buf[0] = '\0';
	(void)(tell_reset(&v) || tell_icmp(&v) || tell_unanswered(&v) ||
	       tell_closed(&v) || tell_open(&v));
	return buf;
}
