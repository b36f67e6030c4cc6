/*
 * svg.h - what the SVG renderer keeps of a capture until it is drawn
 *
 * A picture says first how high it is, so nothing of it is written before
 * the capture has ended. svg.c collects, svg_draw.c draws.
 */
#ifndef LADDER_SVG_H
#define LADDER_SVG_H

#include "label.h"
#include "names.h"
#include "outcome.h"
#include "render.h"
#include "scan.h"

enum { SVG_RUNGS_MAX = 1000 };

/* Where an arrow begins or ends. */
enum svg_place { SVG_CLIENT, SVG_LEFT, SVG_MIDDLE, SVG_RIGHT, SVG_SERVER };

/* One packet, in words and places. */
struct svg_rung {
	enum kind kind;
	enum fate fate;
	enum svg_place from, to; /* to the end of the arrow as drawn */
	uint8_t side;		 /* the sender's, or in whose name it is */
	bool retry;
	bool crosses;	/* was seen as it passed the router */
	int64_t gap_ns; /* since the connection's packet before */
	enum tcp_state state[2];
	char time[TIME_LEN];
	char label[LABEL_LEVELS][LABEL_LEN];
	char note[STORY_LEN];
	size_t next; /* of the same panel; SVG_RUNGS_MAX: none */
	int y;	     /* of the arrow's tail; set when it is laid out */
};

/* One connection: two lifelines, and one between them where it is needed. */
struct svg_panel {
	uint64_t number;
	int64_t begin_ns; /* since the first of the picture */
	char name[2][ENDPOINT_LEN];
	char address[2][ENDPOINT_LEN];
	char middle[ENDPOINT_LEN]; /* "" without one */
	size_t first, last;	   /* rungs */
	int top, bottom;	   /* of the lifelines; set when laid out */
};

struct svg {
	struct renderer renderer; /* first */
	FILE *out;
	const struct story *story;
	const char *title; /* NULL: one is made */
	size_t rungs, panels;
	unsigned scans;
	char scan[SCANS_MAX][SCAN_LEN]; /* what was summed up */
	char verdict[OUTCOME_LEN];	/* of the only connection */
	uint64_t left_out; /* packets for which there was no room */
	struct svg_rung rung[SVG_RUNGS_MAX];
	struct svg_panel panel[SVG_RUNGS_MAX];
};

/* Lay all out and write it. */
void svg_draw(struct svg *svg);

#endif
