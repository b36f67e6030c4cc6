/*
 * story.c - the plain sentences beside the packets
 *
 * One function a subject, each of which adds its sentence if the step's notes
 * call for it. Counterpart: story.h; the notes are made in track.c and
 * state.c.
 */
#include "story.h"

#include "icmp.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUOTE_COLUMNS = 28 };

/* A tale while it is told: what the functions below need, and its text. */
struct tale {
	const struct story *story;
	const struct step *step;
	struct cast cast;
	const char *from, *to; /* names of the step's sender and receiver */
	char *buf;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void add(struct tale *t,
						      const char *format, ...)
{
	size_t left = STORY_LEN - t->len;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->buf + t->len, left, format, args);

	va_end(args);
	if (n > 0)
		t->len += (size_t)n < left ? (size_t)n : left - 1;
}

/* Begin a sentence behind another. */
static void also(struct tale *t)
{
	if (t->len > 0)
		add(t, "; ");
}

static bool has(const struct tale *t, uint64_t note)
{
	return (t->step->notes & note) != 0;
}

/* "1.015 s", or ms or us below. */
static void add_duration(struct tale *t, int64_t ns)
{
	if (ns >= 1000000000)
		add(t, "%.3f s", (double)ns / 1e9);
	else if (ns >= 1000000)
		add(t, "%" PRId64 " ms", ns / 1000000);
	else
		add(t, "%" PRId64 " us", ns / 1000);
}

static size_t escape(char *out, uint8_t byte)
{
	static const char letters[] = "\a\b\t\n\v\f\r\"\\";
	static const char names[] = "abtnvfr\"\\";
	const char *letter = byte != 0 ? strchr(letters, byte) : NULL;

	if (letter != NULL)
		return (size_t)sprintf(out, "\\%c", names[letter - letters]);
	if (byte >= ' ' && byte <= '~')
		return (size_t)sprintf(out, "%c", byte);
	return (size_t)sprintf(out, "\\x%02x", byte);
}

/* ' "hello\n"', as much of it as fits and was captured. */
static void add_quote(struct tale *t)
{
	const struct step *s = t->step;
	char text[QUOTE_COLUMNS + 8];
	size_t len = 0;
	unsigned i = 0;

	while (i < s->shown && len < QUOTE_COLUMNS)
		len += escape(text + len, s->data[i++]);
	text[len] = '\0';
	if (i > 0)
		add(t, ": \"%s\"%s", text, i < s->len ? "..." : "");
}

static const char *here(const struct tale *t)
{
	return t->story->at != NULL ? t->story->at : "the router";
}

/* --- connecting --- */

static void tell_start(struct tale *t)
{
	const struct step *s = t->step;

	if (has(t, NOTE_NO_SYN))
		add(t, "the start of this connection is not in the capture: "
		       "seq and ack count from here");
	if (has(t, NOTE_CONNECT))
		add(t, "connect(): %s asks %s for port %u", t->from, t->to,
		    s->conn->end[!s->from].at.port);
	else if (s->kind == KIND_SYN && !has(t, NOTE_RETRY)) {
		also(t);
		add(t, "%s asks too: both connect() to each other at once",
		    t->from);
	}
	if (has(t, NOTE_ACCEPTING)) {
		also(t);
		add(t, "the kernel answers for the listener; accept() has not "
		       "returned it yet");
	}
	if (has(t, NOTE_HANDSHAKE)) {
		also(t);
		add(t, "handshake done: accept() can now return");
	}
}

static void tell_retry(struct tale *t)
{
	const struct step *s = t->step;
	static const char *const what[] = {
		[KIND_SYN] = "the SYN",
		[KIND_SYN_ACK] = "the SYN,ACK",
		[KIND_DATA] = "the data",
		[KIND_FIN] = "the FIN",
	};

	if (!has(t, NOTE_RETRY) || has(t, NOTE_PROBE) || s->kind > KIND_FIN ||
	    s->kind == KIND_ACK)
		return;
	also(t);
	if (has(t, NOTE_FAST_RETRY)) {
		add(t, "%s asked for it again", t->to);
	} else {
		add(t, "no %s for ", s->kind == KIND_SYN ? "answer" : "ACK");
		add_duration(t, s->gap);
	}
	add(t, ": %s kernel sends %s again",
	    s->kind == KIND_SYN ? "the" : "its", what[s->kind]);
	if (has(t, NOTE_FAST_RETRY))
		add(t, ", without waiting longer (fast retransmit)");
	if (s->kind == KIND_SYN && s->direction == DIR_IN &&
	    s->fate == FATE_ARRIVED && s->state[!s->from] == STATE_UNKNOWN)
		add(t,
		    "; %s has got it before and did not answer: its "
		    "firewall drops it, or its backlog is full",
		    t->to);
}

/* --- data --- */

static void tell_data(struct tale *t)
{
	const struct step *s = t->step;

	if (has(t, NOTE_GAP)) {
		also(t);
		add(t, "what %s sent before it is missing: lost, or overtaken",
		    t->from);
	}
	if (has(t, NOTE_FILL)) {
		also(t);
		add(t, "this was missing");
	}
	if (s->len > 0 && !has(t, NOTE_RETRY) && !has(t, NOTE_KEEP_ALIVE) &&
	    s->kind != KIND_RST) {
		also(t);
		add(t, "%s sent %" PRIu32 " byte%s", t->from, s->len,
		    s->len == 1 ? "" : "s");
		add_quote(t);
	}
	if (has(t, NOTE_FRAGMENT)) {
		also(t);
		add(t, "its IP packet comes in fragments");
	}
	if (has(t, NOTE_OFFLOAD)) {
		also(t);
		add(t,
		    "more than one segment holds (MSS %u): the network card "
		    "splits it, or has put it together",
		    s->conn->end[!s->from].mss);
	}
	if (has(t, NOTE_HALF_CLOSE)) {
		also(t);
		add(t, "half-close: %s is done sending, %s is not", t->to,
		    t->from);
	}
}

/* Numbers of bytes are relative, as seq and ack are. */
static void tell_ack(struct tale *t)
{
	const struct step *s = t->step;
	uint32_t base = s->conn->end[!s->from].base;

	if (has(t, NOTE_DUP_ACK)) {
		also(t);
		add(t,
		    "the same ACK again: %s still misses what begins at "
		    "%" PRIu32,
		    t->from, s->ack);
	}
	if (has(t, NOTE_SACK)) {
		also(t);
		add(t,
		    "%s has %" PRIu32 " to %" PRIu32 " already, behind it "
		    "(SACK)",
		    t->from, s->options.sack[0][0] - base,
		    s->options.sack[0][1] - base - 1);
	}
	if (has(t, NOTE_DSACK)) {
		also(t);
		add(t,
		    "%s had got that before: it was sent twice in vain "
		    "(D-SACK)",
		    t->from);
	}
	if (has(t, NOTE_SPURIOUS) && !has(t, NOTE_DSACK)) {
		also(t);
		add(t, "its timestamp answers the first copy: sending it again "
		       "was not necessary");
	}
}

static void tell_flow(struct tale *t)
{
	if (has(t, NOTE_WINDOW_FULL)) {
		also(t);
		add(t, "this fills the window of %s: %s has to wait for an ACK",
		    t->to, t->from);
	}
	if (has(t, NOTE_KEEP_ALIVE)) {
		also(t);
		add(t, "keep-alive: is %s still there?", t->to);
	}
	if (has(t, NOTE_PROBE)) {
		also(t);
		add(t, "window probe: has %s room again?", t->to);
	}
	if (has(t, NOTE_ZERO_WINDOW)) {
		also(t);
		add(t,
		    "window 0: the receive buffer of %s is full, %s has to "
		    "wait",
		    t->from, t->to);
	}
	if (has(t, NOTE_WINDOW_OPEN)) {
		also(t);
		add(t, "the receive buffer of %s has room again", t->from);
	}
}

/* --- closing --- */

static void tell_fin(struct tale *t)
{
	const struct step *s = t->step;

	if (!has(t, NOTE_EOF))
		return;
	also(t);
	if (has(t, NOTE_CLOSING))
		add(t, "%s is done sending too: both closed at the same time",
		    t->from);
	else if (s->conn->end[!s->from].fin_shown)
		add(t, "%s is done sending too: close() or shutdown(SHUT_WR)",
		    t->from);
	else
		add(t, "%s is done sending: close() or shutdown(SHUT_WR)%s%s%s",
		    t->from, step_landed(s) ? "; read() at " : "",
		    step_landed(s) ? t->to : "",
		    step_landed(s) ? " gives 0 (EOF)" : "");
}

static void tell_end(struct tale *t)
{
	const struct step *s = t->step;

	if (has(t, NOTE_FIN_ACKED)) {
		also(t);
		add(t, "the kernel acknowledges the FIN; %s can still send",
		    t->from);
	}
	if (!has(t, NOTE_DONE))
		return;
	also(t);
	if (s->state[!s->from] == STATE_TIME_WAIT)
		add(t, "%s stays in TIME-WAIT (60 s on Linux)", t->to);
	else if (s->state[s->from] == STATE_TIME_WAIT)
		add(t, "%s is done; %s stays in TIME-WAIT (60 s on Linux)",
		    t->to, t->from);
	else
		add(t, "%s is done", t->to);
}

/* --- resets --- */

/* What the TTL says, if its sender began with a usual value. */
static void tell_ttl(struct tale *t)
{
	const struct step *s = t->step;
	const struct end *from = &s->conn->end[s->from];
	unsigned start = s->ttl <= 64 ? 64 : s->ttl <= 128 ? 128 : 255;
	unsigned routers = start - s->ttl;
	char number[12];
	const char *ttl = from->at.addr.version == 6 ? "hop limit" : "TTL";

	snprintf(number, sizeof(number), "%u", routers);
	if (s->conn->loopback || s->direction == DIR_OUT || s->own)
		return;
	also(t);
	if (from->ttl != 0 && from->ttl != s->ttl && s->kind == KIND_RST)
		add(t,
		    "%s %u, but %u in what %s sent before: it may come from "
		    "a host between",
		    ttl, s->ttl, from->ttl, t->from);
	else if (routers == 0)
		add(t, "%s %u: if it started at %u, it came through no router",
		    ttl, s->ttl, start);
	else
		add(t, "%s %u: if it started at %u, it came through %s%s", ttl,
		    s->ttl, start, routers == 1 ? "one" : number,
		    routers == 1 ? " router" : " routers");
}

static void tell_sender(struct tale *t)
{
	const struct step *s = t->step;

	if (s->own)
		add(t, "%s sent this itself, in the name of %s: ", here(t),
		    t->from);
}

static void tell_reset_reason(struct tale *t)
{
	const struct step *s = t->step;

	if (has(t, NOTE_REFUSED) && s->own)
		add(t, "connection refused (ECONNREFUSED)");
	else if (has(t, NOTE_REFUSED))
		add(t,
		    "connection refused (ECONNREFUSED): nothing listens on "
		    "port %u, or a firewall answers for it",
		    s->conn->end[s->from].at.port);
	else if (has(t, NOTE_GONE))
		add(t, "the connection is gone: the kernel answers with RST");
	else if (has(t, NOTE_CLOSED))
		add(t,
		    "data came after %s had closed, so its kernel resets; "
		    "the next write() at %s fails with EPIPE",
		    t->from, t->to);
	else if (has(t, NOTE_UNWANTED))
		add(t,
		    "nobody at %s wants the connection: given up, or only a "
		    "port scan",
		    t->from);
	else if (s->own)
		add(t, "connection reset (ECONNRESET)");
	else if (s->conn->end[!s->from].fin_received)
		add(t,
		    "connection reset by %s, which was done sending; the "
		    "next write() at %s fails with EPIPE",
		    t->from, t->to);
	else
		add(t,
		    "connection reset: %s closed it with data unread, with "
		    "SO_LINGER 0 or before accept(), or does not know it "
		    "(any more); the next read() or write() at %s fails with "
		    "ECONNRESET",
		    t->from, t->to);
}

static void tell_reset(struct tale *t)
{
	const struct step *s = t->step;

	if (s->kind != KIND_RST)
		return;
	also(t);
	tell_sender(t);
	tell_reset_reason(t);
	if (s->at_router && (s->fate == FATE_PASSED || s->seen & SEEN_IN))
		add(t, "; it came in from %s's side and was passed on",
		    t->from);
	else if (!has(t, NOTE_GONE))
		tell_ttl(t);
}

/* --- ICMP --- */

static void tell_icmp_sender(struct tale *t)
{
	const struct step *s = t->step;
	const char *name = names_of(t->story->names, &s->icmp_from);

	if (address_equal(&s->icmp_from, &s->conn->end[s->from].at.addr))
		name = t->from;
	if (s->own)
		add(t, "%s sent this itself: ", here(t));
	else if (name != NULL)
		add(t, "%s answers: ", name);
	else {
		char addr[ENDPOINT_LEN];

		add(t, "%s answers: ", address_format(&s->icmp_from, addr));
	}
}

static void tell_icmp(struct tale *t)
{
	const struct step *s = t->step;
	int version = s->icmp_from.version;
	const char *error = icmp_errno(version, s->icmp_type, s->icmp_code);

	if (!has(t, NOTE_ICMP))
		return;
	also(t);
	tell_icmp_sender(t);
	add(t, "%s (ICMP%s %u/%u)",
	    icmp_words(version, s->icmp_type, s->icmp_code),
	    version == 6 ? "v6" : "", s->icmp_type, s->icmp_code);
	if (error == NULL && s->mtu > 0)
		add(t, "; %s has to send packets of at most %" PRIu32 " bytes",
		    t->to, s->mtu);
	else if (error == NULL)
		add(t, "; %s has to send smaller packets", t->to);
	else if (s->state[!s->from] == STATE_SYN_SENT && step_landed(s))
		add(t, "; connect() at %s fails with %s%s", t->to, error,
		    s->again ? ""
			     : ", now or when the next SYN gets this answer");
	else if (step_landed(s))
		add(t, "; an established connection goes on and tries again");
	if (!s->again)
		tell_ttl(t);
}

/* --- at the router --- */

static void tell_fate(struct tale *t)
{
	const struct step *s = t->step;

	if (has(t, NOTE_LOST_BEFORE) || has(t, NOTE_LOST_BEHIND)) {
		bool before = has(t, NOTE_LOST_BEFORE);

		also(t);
		add(t, "it left %s and never came in at %s: lost on the way",
		    before ? t->from : here(t), before ? here(t) : t->to);
	} else if (s->joined && has(t, NOTE_DROP) && !s->at_router) {
		also(t);
		add(t, "it never came in at %s: lost on the way", t->to);
	} else if (has(t, NOTE_DROP) || (has(t, NOTE_REJECT) && s->at_router)) {
		also(t);
		add(t, "came in, never went out: %s here, at %s",
		    has(t, NOTE_DROP) ? "dropped" : "rejected", here(t));
	} else if (has(t, NOTE_REJECT)) {
		also(t);
		add(t, "did not get through: see the answer");
	}
	if (has(t, NOTE_NAT) && s->rewritten) {
		char a[ENDPOINT_LEN], b[ENDPOINT_LEN];

		also(t);
		add(t,
		    "%s rewrites its addresses (NAT): beyond it, client is "
		    "%s and server %s",
		    here(t), endpoint_format(&s->conn->nat[0], a),
		    endpoint_format(&s->conn->nat[1], b));
	} else if (has(t, NOTE_NAT)) {
		also(t);
		add(t, "its addresses are rewritten here (NAT): %s #%" PRIu64,
		    s->direction == DIR_OUT ? "it came in as"
					    : "it goes out as",
		    s->other);
	}
	if (has(t, NOTE_LATE)) {
		also(t);
		add(t, "correction: this did go out, ");
		add_duration(t, s->gap);
		add(t, " after it came in: held up, not dropped");
	}
}

struct cast story_cast(const struct story *story, const struct conn *conn)
{
	struct cast cast;

	for (int side = 0; side < 2; side++) {
		cast.end[side] =
			names_of(story->names, &conn->end[side].at.addr);
		if (cast.end[side] == NULL)
			cast.end[side] = side == 0 ? "client" : "server";
	}
	if (strcmp(cast.end[0], cast.end[1]) == 0)
		cast = (struct cast){{"client", "server"}};
	return cast;
}

void story_tell(const struct story *story, const struct step *step, char *buf)
{
	struct tale t = {.story = story, .step = step, .buf = buf};

	t.cast = story_cast(story, step->conn);
	t.from = t.cast.end[step->from];
	t.to = t.cast.end[!step->from];
	buf[0] = '\0';
	if (!(step->notes & NOTE_LATE)) {
		tell_start(&t);
		tell_retry(&t);
		tell_data(&t);
		tell_ack(&t);
		tell_flow(&t);
		tell_fin(&t);
		tell_end(&t);
		tell_reset(&t);
		tell_icmp(&t);
	}
	tell_fate(&t);
}
