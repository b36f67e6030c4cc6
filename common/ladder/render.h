/*
 * render.h - what shows the steps: text.c, svg.c, events.c
 *
 * A renderer is given each step once, in the order of the capture, as soon
 * as its fate is known. It keeps no pointer to it.
 */
#ifndef LADDER_RENDER_H
#define LADDER_RENDER_H

#include "step.h"
#include "story.h"

#include <stdio.h>

struct renderer {
	void (*step)(struct renderer *renderer, const struct step *step);
	/* All steps have been given; NULL if that changes nothing. */
	void (*finish)(struct renderer *renderer);
};

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

/*
 * One picture of all, written when all steps have been given. TITLE may be
 * NULL. NULL with errno; svg_free() takes NULL too.
 */
struct renderer *svg_new(FILE *out, const struct story *story,
			 const char *title);
void svg_free(struct renderer *renderer);

#endif
