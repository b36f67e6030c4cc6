/*
 * events.c - one line a packet, for tests and scripts
 *
 * README.md documents the fields; they are a contract. Counterpart: render.h.
 */
#include "render.h"

#include "label.h"

#include <string.h>

enum {
	NUMBER_LEN = 20, /* of 2^64 - 1 */
	NOTES_LEN = 512, /* all words of note_names, and an ICMP error's */
	LINE_LEN = 2 * ENDPOINT_LEN + 8 * (NUMBER_LEN + 1) + NOTES_LEN + 128,
};

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
	uint64_t note;
	const char *word;
} note_names[] = {
	{NOTE_NO_SYN, "no-syn"},
	{NOTE_CONNECT, "connect"},
	{NOTE_RETRY, "retry"},
	{NOTE_FAST_RETRY, "fast-retry"},
	{NOTE_SPURIOUS, "spurious"},
	{NOTE_ACCEPTING, "answer"},
	{NOTE_HANDSHAKE, "handshake-done"},
	{NOTE_GAP, "gap"},
	{NOTE_FILL, "fill"},
	{NOTE_FRAGMENT, "fragment"},
	{NOTE_OFFLOAD, "offload"},
	{NOTE_DUP_ACK, "dup-ack"},
	{NOTE_SACK, "sack"},
	{NOTE_DSACK, "dsack"},
	{NOTE_WINDOW_FULL, "window-full"},
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
	{NOTE_LOST_BEFORE, "lost-before"},
	{NOTE_LOST_BEHIND, "lost-behind"},
	{NOTE_NAT, "nat"},
	{NOTE_LATE, "late"},
};

/*
 * A line while it is put together. printf() would take most of the time that
 * a capture of millions of packets needs.
 */
struct out {
	char *at;
};

static void put(struct out *out, const char *text)
{
	size_t len = strlen(text);

	memcpy(out->at, text, len);
	out->at += len;
}

static void put_char(struct out *out, char c)
{
	*out->at++ = c;
}

/* VALUE in decimal, with leading zeros up to DIGITS. */
static void put_number(struct out *out, uint64_t value, int digits)
{
	char text[NUMBER_LEN];
	char *first = text + sizeof(text);

	do {
		*--first = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0 || text + sizeof(text) - first < digits);
	memcpy(out->at, first, (size_t)(text + sizeof(text) - first));
	out->at += text + sizeof(text) - first;
}

static void put_notes(struct out *out, const struct step *s)
{
	const char *start = out->at;
	const size_t count = sizeof(note_names) / sizeof(note_names[0]);

	for (size_t i = 0; s->notes != 0 && i < count; i++) {
		if (!(s->notes & note_names[i].note))
			continue;
		if (out->at > start)
			put_char(out, ',');
		put(out, note_names[i].word);
	}
	if (s->kind == KIND_ICMP) {
		put(out, out->at > start ? ",icmp" : "icmp");
		put(out, s->icmp_from.version == 6 ? "6-" : "-");
		put_number(out, s->icmp_type, 1);
		put_char(out, '-');
		put_number(out, s->icmp_code, 1);
	}
	if (out->at == start)
		put_char(out, '-');
}

static void put_state(struct out *out, enum tcp_state state)
{
	put(out, state == STATE_UNKNOWN ? " -" : " ");
	put(out, tcp_state_name(state));
}

/* A number and the space before it; "-" for what the packet has not. */
static void put_field(struct out *out, bool has, uint64_t value)
{
	put_char(out, ' ');
	if (has)
		put_number(out, value, 1);
	else
		put_char(out, '-');
}

static void put_time(struct out *out, int64_t us)
{
	uint64_t size = us < 0 ? (uint64_t)-us : (uint64_t)us;

	if (us < 0)
		put_char(out, '-');
	put_number(out, size / 1000000, 1);
	put_char(out, '.');
	put_number(out, size % 1000000, 6);
}

/* From, to, kind and flags. */
static void put_what(struct out *out, const struct step *s)
{
	const struct end *end = s->conn->end;
	bool icmp = s->kind == KIND_ICMP;
	char from[ENDPOINT_LEN], flags[FLAGS_LEN];

	put_char(out, ' ');
	put(out,
	    icmp ? endpoint_format(&(struct endpoint){.addr = s->icmp_from},
				   from)
		 : end[s->from].label);
	put_char(out, ' ');
	put(out, end[!s->from].label);
	put_char(out, ' ');
	put(out, kind_names[s->kind]);
	put_char(out, ' ');
	put(out, icmp ? "-" : flags_format(s->flags, flags));
}

static void events_step(struct renderer *renderer, const struct step *s)
{
	char line[LINE_LEN];
	struct out out = {line};

	put_time(&out, s->time_ns / 1000);
	put_field(&out, true, s->conn->number);
	put_what(&out, s);
	put_field(&out, s->has_seq, s->seq);
	put_field(&out, s->flags & FLAG_ACK, s->ack);
	put_field(&out, true, s->len);
	put_field(&out, true, s->retries);
	put_char(&out, ' ');
	put(&out, fate_names[s->fate]);
	put_field(&out, true, s->ttl);
	put_state(&out, s->state[s->from]);
	put_state(&out, s->state[!s->from]);
	put_char(&out, ' ');
	put_notes(&out, s);
	put_char(&out, '\n');
	fwrite(line, 1, (size_t)(out.at - line),
	       ((struct events_renderer *)renderer)->out);
}

void events_init(struct events_renderer *events, FILE *out)
{
	*events = (struct events_renderer){{.step = events_step}, out};
}
