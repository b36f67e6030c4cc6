/*
 * label.c - what is written at an arrow, for whatever draws it
 *
 * Counterpart: label.h.
 */
#include "label.h"

#include "icmp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const flag_names[] = {"FIN", "SYN", "RST",
					 "PSH", "ACK", "URG"};

char *flags_format(uint8_t flags, char *buf)
{
	/* As people say them: SYN,ACK; PSH,ACK; FIN,ACK; RST,ACK. */
	static const uint8_t order[] = {FLAG_SYN, FLAG_FIN, FLAG_RST,
					FLAG_PSH, FLAG_URG, FLAG_ACK};
	size_t len = 0;

	for (size_t i = 0; i < sizeof(order); i++) {
		if (!(flags & order[i]))
			continue;
		if (len > 0)
			buf[len++] = ',';
		memcpy(buf + len, flag_names[__builtin_ctz(order[i])], 3);
		len += 3;
	}
	if (len == 0) {
		memcpy(buf, "none", 4);
		len = 4;
	}
	buf[len] = '\0';
	return buf;
}

/* "SAPF." as tcpdump(8) abbreviates them. */
static void letters_format(uint8_t flags, char *buf)
{
	static const char letters[] = "FSRP.U";

	for (unsigned i = 0; i < 6; i++)
		if (flags & 1U << i)
			*buf++ = letters[i];
	*buf = '\0';
}

static char *icmp_label(const struct step *s, int level, char *buf)
{
	if (level == 0)
		snprintf(buf, LABEL_LEN, "ICMP %s",
			 icmp_words(s->icmp_from.version, s->icmp_type,
				    s->icmp_code));
	else
		snprintf(buf, LABEL_LEN, "ICMP %u/%u", s->icmp_type,
			 s->icmp_code);
	return buf;
}

char *label_format(const struct step *s, int level, char *buf)
{
	static const struct words {
		const char *seq, *ack, *len, *retry, *end;
	} words[LABEL_LEVELS] = {
		{" seq=", " ack=", " len=", " (retry ", ")"},
		{" seq=", " ack=", " len=", " (", ")"},
		{" ", " ack ", " len ", " (", ")"},
	};
	const struct words *w = &words[level];
	char flags[FLAGS_LEN];
	size_t n;

	if (s->kind == KIND_ICMP)
		return icmp_label(s, level, buf);
	if (level == 0)
		flags_format(s->flags, flags);
	else
		letters_format(s->flags, flags);
	n = (size_t)snprintf(buf, LABEL_LEN, "%s%s%" PRIu32, flags, w->seq,
			     s->seq);
	if (s->flags & FLAG_ACK)
		n += (size_t)snprintf(buf + n, LABEL_LEN - n, "%s%" PRIu32,
				      w->ack, s->ack);
	if (s->len > 0)
		n += (size_t)snprintf(buf + n, LABEL_LEN - n, "%s%" PRIu32,
				      w->len, s->len);
	if (s->retries > 0)
		snprintf(buf + n, LABEL_LEN - n, "%s%" PRIu32 "%s", w->retry,
			 s->retries, w->end);
	return buf;
}

char *time_format(const struct step *s, const char *micro, char *buf)
{
	int64_t us = s->since_last / 1000;
	double seconds = (double)s->since_first / 1e9;

	if (s->first)
		snprintf(buf, TIME_LEN, "0");
	else if (us > -1000 && us < 1000)
		snprintf(buf, TIME_LEN, "%+" PRId64 " %ss", us, micro);
	else if (us >= 1000 && us < 10000)
		snprintf(buf, TIME_LEN, "+%.2f ms", (double)us / 1e3);
	else if (seconds > -1000 && seconds < 10000)
		snprintf(buf, TIME_LEN, "%.3f s", seconds);
	else if (seconds > -99999 && seconds < 999999)
		snprintf(buf, TIME_LEN, "%.0f s", seconds);
	else
		snprintf(buf, TIME_LEN, "%.0f d", seconds / 86400);
	return buf;
}
