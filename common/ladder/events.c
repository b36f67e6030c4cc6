/*
 * events.c - one line a packet, for tests and scripts
 *
 * README.md documents the fields; they are a contract. Counterpart: render.h.
 */
#include "render.h"

#include "label.h"

#include <inttypes.h>

enum { NOTES_LEN = 320 };

static const char *const kind_names[] = {
	[KIND_SYN] = "syn",   [KIND_SYN_ACK] = "syn-ack", [KIND_ACK] = "ack",
	[KIND_DATA] = "data", [KIND_FIN] = "fin",	  [KIND_RST] = "rst",
	[KIND_ICMP] = "icmp",
};

static const char *const fate_names[] = {
	[FATE_WAITING] = "unknown", [FATE_SENT] = "sent",
	[FATE_ARRIVED] = "arrived", [FATE_PASSED] = "passed",
	[FATE_DROPPED] = "dropped", [FATE_REJECTED] = "rejected",
	[FATE_UNKNOWN] = "unknown",
};

static const struct {
	enum note note;
	const char *word;
} note_names[] = {
	{NOTE_NO_SYN, "no-syn"},
	{NOTE_CONNECT, "connect"},
	{NOTE_RETRY, "retry"},
	{NOTE_ACCEPTING, "answer"},
	{NOTE_HANDSHAKE, "handshake-done"},
	{NOTE_GAP, "gap"},
	{NOTE_FILL, "fill"},
	{NOTE_KEEP_ALIVE, "keep-alive"},
	{NOTE_PROBE, "window-probe"},
	{NOTE_ZERO_WINDOW, "window-zero"},
	{NOTE_WINDOW_OPEN, "window-open"},
	{NOTE_HALF_CLOSE, "half-close"},
	{NOTE_EOF, "eof"},
	{NOTE_CLOSING, "simultaneous-close"},
	{NOTE_FIN_ACKED, "eof-acked"},
	{NOTE_DONE, "done"},
	{NOTE_REFUSED, "refused"},
	{NOTE_RESET, "reset"},
	{NOTE_CLOSED, "reset-closed"},
	{NOTE_UNWANTED, "reset-unwanted"},
	{NOTE_GONE, "reset-gone"},
	{NOTE_OWN, "own"},
	{NOTE_DROP, "drop"},
	{NOTE_REJECT, "reject"},
	{NOTE_NAT, "nat"},
	{NOTE_LATE, "late"},
};

static const char *format_notes(const struct step *s, char *buf)
{
	const size_t count = sizeof(note_names) / sizeof(note_names[0]);
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		if (s->notes & (uint32_t)note_names[i].note)
			len += (size_t)snprintf(buf + len, NOTES_LEN - len,
						"%s%s", len > 0 ? "," : "",
						note_names[i].word);
	if (s->kind == KIND_ICMP)
		len += (size_t)snprintf(buf + len, NOTES_LEN - len,
					"%sicmp%s-%u-%u", len > 0 ? "," : "",
					s->icmp_from.version == 6 ? "6" : "",
					s->icmp_type, s->icmp_code);
	return len > 0 ? buf : "-";
}

static const char *state_word(enum tcp_state state)
{
	return state == STATE_UNKNOWN ? "-" : tcp_state_name(state);
}

/* seq, ack and len; "-" for what the packet has not. */
static void put_numbers(FILE *out, const struct step *s)
{
	if (s->has_seq)
		fprintf(out, " %" PRIu32, s->seq);
	else
		fputs(" -", out);
	if (s->flags & FLAG_ACK)
		fprintf(out, " %" PRIu32, s->ack);
	else
		fputs(" -", out);
	fprintf(out, " %" PRIu32 " %" PRIu32, s->len, s->retries);
}

static void events_step(struct renderer *renderer, const struct step *s)
{
	FILE *out = ((struct events_renderer *)renderer)->out;
	const struct conn *c = s->conn;
	bool icmp = s->kind == KIND_ICMP;
	int64_t us = s->time_ns / 1000;
	int64_t size = us < 0 ? -us : us;
	char from[ENDPOINT_LEN], flags[FLAGS_LEN], notes[NOTES_LEN];

	if (icmp)
		endpoint_format(&(struct endpoint){.addr = s->icmp_from}, from);
	fprintf(out, "%s%" PRId64 ".%06" PRId64 " %" PRIu64 " %s %s %s %s",
		us < 0 ? "-" : "", size / 1000000, size % 1000000, c->number,
		icmp ? from : c->end[s->from].label, c->end[!s->from].label,
		kind_names[s->kind],
		icmp ? "-" : flags_format(s->flags, flags));
	put_numbers(out, s);
	fprintf(out, " %s %u %s %s %s\n", fate_names[s->fate], s->ttl,
		state_word(s->state[s->from]), state_word(s->state[!s->from]),
		format_notes(s, notes));
}

void events_init(struct events_renderer *events, FILE *out)
{
	*events = (struct events_renderer){{events_step, NULL}, out};
}
