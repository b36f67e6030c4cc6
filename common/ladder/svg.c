/*
 * svg.c - the ladder as a picture: what is collected for it
 *
 * Each connection becomes a panel of its own. Counterpart: svg.h; next:
 * svg_draw.c.
 */
#include "svg.h"

#include <stdlib.h>
#include <string.h>

/* The connection's panel; a new one when there is none. */
static struct svg_panel *panel_of(struct svg *svg, const struct step *s)
{
	for (size_t i = svg->panels; i-- > 0;)
		if (svg->panel[i].number == s->conn->number)
			return &svg->panel[i];

	struct svg_panel *p = &svg->panel[svg->panels++];
	struct cast cast = story_cast(svg->story, s->conn);

	p->number = s->conn->number;
	p->begin_ns = s->time_ns;
	p->first = p->last = SVG_RUNGS_MAX;
	for (int side = 0; side < 2; side++) {
		snprintf(p->name[side], ENDPOINT_LEN, "%s", cast.end[side]);
		snprintf(p->address[side], ENDPOINT_LEN, "%s",
			 s->conn->end[side].label);
	}
	return p;
}

/* The host between the two, as far as S tells its name. */
static void name_middle(const struct svg *svg, const struct step *s, char *name)
{
	const char *known = names_of(svg->story->names, &s->icmp_from);

	if (s->at_router)
		snprintf(name, ENDPOINT_LEN, "%s",
			 svg->story->at != NULL ? svg->story->at : "router");
	else if (s->kind == KIND_ICMP && known != NULL)
		snprintf(name, ENDPOINT_LEN, "%s", known);
	else if (s->kind == KIND_ICMP)
		address_format(&s->icmp_from, name);
	else if (*name == '\0')
		snprintf(name, ENDPOINT_LEN, "on the way");
}

static void fill_rung(struct svg *svg, struct svg_rung *r, const struct step *s)
{
	enum stopped where = step_stopped(s);

	r->kind = s->kind;
	r->fate = s->fate;
	r->side = s->from;
	r->from = s->from == 0 ? SVG_CLIENT : SVG_SERVER;
	r->to = s->from == 0 ? SVG_SERVER : SVG_CLIENT;
	if (where == STOPPED_AT)
		r->to = SVG_MIDDLE;
	else if (where != STOPPED_NOT)
		r->to = (where == STOPPED_BEFORE) == (s->from == 0) ? SVG_LEFT
								    : SVG_RIGHT;
	else if (step_from_between(s))
		r->from = SVG_MIDDLE;
	r->retry = s->retries > 0;
	r->crosses = s->joined && s->at_router && !s->own &&
		     s->seen & (SEEN_IN | SEEN_OUT);
	r->gap_ns = s->first ? 0 : s->since_last;
	memcpy(r->state, s->state, sizeof(r->state));
	time_format(s, "\xc2\xb5", r->time);
	for (int level = 0; level < LABEL_LEVELS; level++)
		label_format(s, level, r->label[level]);
	story_tell(svg->story, s, r->note);
}

static void svg_step(struct renderer *renderer, const struct step *s)
{
	struct svg *svg = (struct svg *)renderer;

	if (svg->rungs == SVG_RUNGS_MAX) {
		svg->left_out++;
		return;
	}

	struct svg_panel *p = panel_of(svg, s);
	size_t self = svg->rungs++;
	struct svg_rung *r = &svg->rung[self];

	fill_rung(svg, r, s);
	if (s->at_router || r->from == SVG_MIDDLE || r->to == SVG_MIDDLE)
		name_middle(svg, s, p->middle);
	r->next = SVG_RUNGS_MAX;
	if (p->first == SVG_RUNGS_MAX)
		p->first = self;
	else
		svg->rung[p->last].next = self;
	p->last = self;
}

static void svg_scan(struct renderer *renderer, const struct scan *scan)
{
	struct svg *svg = (struct svg *)renderer;

	if (svg->scans < SCANS_MAX)
		scan_format(scan, svg->story, svg->scan[svg->scans++]);
}

static void svg_forget(struct renderer *renderer, struct conn *conn)
{
	struct svg *svg = (struct svg *)renderer;

	if (svg->panels == 1 && conn->number == svg->panel[0].number)
		outcome_format(svg->story, conn, svg->verdict);
}

static void svg_finish(struct renderer *renderer)
{
	svg_draw((struct svg *)renderer);
}

struct renderer *svg_new(FILE *out, const struct story *story,
			 const char *title)
{
	struct svg *svg = calloc(1, sizeof(*svg));

	if (svg == NULL)
		return NULL;
	svg->renderer = (struct renderer){.step = svg_step,
					  .forget = svg_forget,
					  .scan = svg_scan,
					  .finish = svg_finish};
	svg->out = out;
	svg->story = story;
	svg->title = title;
	return &svg->renderer;
}

void svg_free(struct renderer *renderer)
{
	free(renderer);
}
