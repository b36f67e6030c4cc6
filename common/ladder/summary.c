/*
 * summary.c - one line a connection: who, how much, how it ended, why
 *
 * A line is written as soon as a connection is over; of one that is not, when
 * it is forgotten, at the latest at the end of the capture. Counterpart:
 * render.h; the sentence comes from outcome.c.
 */
#include "outcome.h"
#include "render.h"
#include "scan.h"

#include <inttypes.h>

/* "client:40000" where there is a name, else address and port. */
static const char *who(const struct summary_renderer *r,
		       const struct conn *conn, int side, char *buf)
{
	const struct end *end = &conn->end[side];
	const char *name = names_of(r->story->names, &end->at.addr);

	if (name == NULL)
		return end->label;
	snprintf(buf, ENDPOINT_LEN, "%s:%u", name, end->at.port);
	return buf;
}

static void put_line(const struct summary_renderer *r, struct conn *conn)
{
	char client[ENDPOINT_LEN], server[ENDPOINT_LEN];
	char verdict[OUTCOME_LEN];
	int64_t lasted = conn->shown_ns - conn->first_ns;
	uint32_t sent = outcome_bytes(conn, 0), got = outcome_bytes(conn, 1);
	bool opened = conn->end[0].state > STATE_SYN_SENT || sent + got > 0;

	fprintf(r->out, "#%" PRIu64 " %s > %s, %.3f s, ", conn->number,
		who(r, conn, 0, client), who(r, conn, 1, server),
		(double)lasted / 1e9);
	if (sent + got > 0)
		fprintf(r->out, "%" PRIu32 " > %" PRIu32 " bytes, ", sent, got);
	fputs(outcome_format(r->story, conn, verdict), r->out);
	if (conn->outcome.retries > 0 && opened)
		fprintf(r->out, "; %" PRIu32 " sent again",
			conn->outcome.retries);
	putc('\n', r->out);
	conn->told = true;
}

static void summary_step(struct renderer *renderer, const struct step *s)
{
	if (s->conn->over && !s->conn->told)
		put_line((struct summary_renderer *)renderer, s->conn);
}

static void summary_forget(struct renderer *renderer, struct conn *conn)
{
	if (!conn->told)
		put_line((struct summary_renderer *)renderer, conn);
}

static void summary_scan(struct renderer *renderer, const struct scan *scan)
{
	struct summary_renderer *r = (struct summary_renderer *)renderer;
	char text[SCAN_LEN];

	fprintf(r->out, "%s\n", scan_format(scan, r->story, text));
}

void summary_init(struct summary_renderer *r, FILE *out,
		  const struct story *story)
{
	*r = (struct summary_renderer){
		.renderer = {.step = summary_step,
			     .forget = summary_forget,
			     .scan = summary_scan},
		.out = out,
		.story = story,
	};
}
