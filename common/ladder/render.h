/*
 * render.h - what shows the steps: text.c, svg.c, events.c, summary.c
 *
 * A renderer is given each step once, in the order of the capture, as soon
 * as its fate is known. It keeps no pointer to it.
 */
#ifndef LADDER_RENDER_H
#define LADDER_RENDER_H

#include "step.h"
#include "story.h"

#include <stdio.h>

struct scan;

/* What a renderer has nothing to do for is NULL, but for step. */
struct renderer {
	void (*step)(struct renderer *renderer, const struct step *step);
	/* Nothing more will come of CONN, of which all steps were given. */
	void (*forget)(struct renderer *renderer, struct conn *conn);
	/* What is not drawn, summed up: see scan.h. */
	void (*scan)(struct renderer *renderer, const struct scan *scan);
	/* Nothing has been captured for a while. */
	void (*pause)(struct renderer *renderer);
	/* All has been given. */
	void (*finish)(struct renderer *renderer);
};

static inline void renderer_forget(struct renderer *r, struct conn *conn)
{
	if (r->forget != NULL)
		r->forget(r, conn);
}

static inline void renderer_pause(struct renderer *r)
{
	if (r->pause != NULL)
		r->pause(r);
}

static inline void renderer_finish(struct renderer *r)
{
	if (r->finish != NULL)
		r->finish(r);
}

enum {
	WIDTH_MIN = 60,
	WIDTH_DEFAULT = 80,
	WIDTH_MAX = 400,
};

/* The ladder diagram. */
struct text_renderer {
	struct renderer renderer; /* first: what text_init() makes of it */
	FILE *out;
	const struct story *story;
	const struct glyphs *glyphs;
	int width;	  /* of all, in columns */
	int inner;	  /* between the two lifelines */
	bool notes_right; /* notes stand beside the packets, not below */
	bool color;
	uint64_t number; /* of the connection drawn last */
};

void text_init(struct text_renderer *text, FILE *out, const struct story *story,
	       int width, bool unicode, bool color);

/* One line a packet, for scripts; README.md has the fields. */
struct events_renderer {
	struct renderer renderer;
	FILE *out;
};

void events_init(struct events_renderer *events, FILE *out);

/* One line a connection. */
struct summary_renderer {
	struct renderer renderer;
	FILE *out;
	const struct story *story;
};

void summary_init(struct summary_renderer *summary, FILE *out,
		  const struct story *story);

/*
 * One picture of all, written when all steps have been given. TITLE may be
 * NULL. NULL with errno; svg_free() takes NULL too.
 */
struct renderer *svg_new(FILE *out, const struct story *story,
			 const char *title);
void svg_free(struct renderer *renderer);

#endif
