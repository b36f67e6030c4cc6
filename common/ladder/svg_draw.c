/*
 * svg_draw.c - the ladder as a picture: where everything stands
 *
 * All measures are pixels of a picture WIDTH wide, which scales. Nothing but
 * the capture and the options goes into it: the same give the same bytes.
 *
 * No meaning hangs on a colour alone: beside each stands a word, a dash or
 * another shape. The colours are told apart also by those who do not see
 * red or green, and have at least 3:1 of contrast on white, text 4.5:1
 * (WCAG 2.2, 1.4.3 and 1.4.11).
 */
#include "svg.h"
#include "svg_text.h"

#include <inttypes.h>
#include <string.h>

enum {
	WIDTH = 1280,
	MARGIN = 18,
	CLIENT_X = 250,
	SERVER_X = WIDTH - CLIENT_X,
	MIDDLE_X = WIDTH / 2,
	TITLE_Y = 44,
	TITLE_SIZE = 28,
	TITLE_LINE = 34,
	NAME_SIZE = 22,
	ADDRESS_SIZE = 17,
	ADDRESS_DOWN = 24, /* from the name's line to the address's */
	LIFELINE_DOWN = 36,
	PANEL_GAP = 56,
	BAR_WIDTH = 12,
	STATE_SIZE = 16,
	TIME_SIZE = 16,
	LABEL_SIZE = 18,
	LABEL_UP = 9,	 /* above the arrow */
	MONO_TENTHS = 6, /* a monospaced character: tenths of its size */
	NOTE_SIZE = 16,
	NOTE_LINE = 20,
	NOTE_DOWN = 40, /* from the arrow's tail to the first line */
	NOTE_INSET = 24,
	NOTE_WIDTH = SERVER_X - CLIENT_X - NOTE_INSET - 56,
	SLANT = 26, /* of an arrow from one end to the other */
	ARROW_INSET = BAR_WIDTH / 2 + 2,
	RUNG_ABOVE = 24, /* room for the label */
	RUNG_BELOW = 6,
	RUNG_LEAST = 32,	 /* of the tail to the rung's end */
	RUNG_STATE = SLANT + 22, /* the same, with a new state there */
	PAUSE_HEIGHT = 34,	 /* of the mark where time passes */
	PAUSE_MS = 200,		 /* what is marked so */
	MARK_SIZE = 32,
	CROSS = 12,
	HEAD = 18,
};

#define SANS "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
#define MONO "DejaVu Sans Mono, Menlo, Consolas, monospace"

/* White around a text, so that a line behind it does not touch it. */
#define HALO " paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"5\""

/* What a state's bar is filled with. */
static const char *const fill_of[] = {
	[STATE_UNKNOWN] = "none",	 [STATE_CLOSED] = "#ffffff",
	[STATE_SYN_SENT] = "#c96a00",	 [STATE_SYN_RCVD] = "#c96a00",
	[STATE_ESTABLISHED] = "#00725a", [STATE_FIN_WAIT_1] = "#b85c93",
	[STATE_FIN_WAIT_2] = "#b85c93",	 [STATE_CLOSE_WAIT] = "#b85c93",
	[STATE_CLOSING] = "#b85c93",	 [STATE_LAST_ACK] = "#b85c93",
	[STATE_TIME_WAIT] = "#4a3c00",
};

static int place_x(enum svg_place place)
{
	static const int x[] = {
		[SVG_CLIENT] = CLIENT_X,
		[SVG_LEFT] = (CLIENT_X + MIDDLE_X) / 2,
		[SVG_MIDDLE] = MIDDLE_X,
		[SVG_RIGHT] = (MIDDLE_X + SERVER_X) / 2,
		[SVG_SERVER] = SERVER_X,
	};

	return x[place];
}

/* Whether the arrow ends in a cross. */
static bool stops(const struct svg_rung *r)
{
	return r->fate == FATE_DROPPED || r->fate == FATE_REJECTED;
}

static const char *arrow_color(const struct svg_rung *r)
{
	if (r->kind == KIND_RST || r->kind == KIND_ICMP || stops(r))
		return "#b5202c";
	return r->retry || r->fate == FATE_UNKNOWN ? "#5b2a6e" : "#0072b2";
}

/* --- layout --- */

static bool pauses(const struct svg_rung *r)
{
	return r->gap_ns >= (int64_t)PAUSE_MS * 1000000;
}

/* Where the rung ends whose arrow begins at Y. */
static int rung_end(const struct svg_rung *r, bool new_state)
{
	int lines = svg_count_lines(r->note, NOTE_SIZE, NOTE_WIDTH);
	int end = RUNG_LEAST;

	if (new_state)
		end = RUNG_STATE;
	if (lines > 0 && NOTE_DOWN + (lines - 1) * NOTE_LINE + 6 > end)
		end = NOTE_DOWN + (lines - 1) * NOTE_LINE + 6;
	return r->y + end + RUNG_BELOW;
}

/* Give each rung its place; where the panel ends. */
static int lay_out_panel(struct svg *svg, struct svg_panel *p, int top)
{
	enum tcp_state state[2] = {STATE_UNKNOWN, STATE_UNKNOWN};
	int y = p->top = top + LIFELINE_DOWN;

	for (size_t i = p->first; i != SVG_RUNGS_MAX; i = svg->rung[i].next) {
		struct svg_rung *r = &svg->rung[i];

		r->y = y + RUNG_ABOVE + (pauses(r) ? PAUSE_HEIGHT : 0);
		y = rung_end(r, r->state[!r->side] != state[!r->side]);
		memcpy(state, r->state, sizeof(state));
	}
	p->bottom = y + 4;
	return p->bottom;
}

/* --- parts --- */

static void put_line(FILE *out, int x1, int y1, int x2, int y2,
		     const char *style)
{
	fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" %s/>\n", x1,
		y1, x2, y2, style);
}

/* How a text is set. */
struct type {
	int size;
	int width, line; /* where it is broken into lines; 0: never */
	const char *style;
};

#define INK(color) "fill=\"" color "\""
#define ANCHOR(at) " text-anchor=\"" at "\""
#define BOLD	   " font-weight=\"bold\""
#define IN_MONO	   " font-family=\"" MONO "\""

/* Bold is a tenth wider than what it is measured by. */
static const struct type title_type = {TITLE_SIZE,
				       (WIDTH - 2 * MARGIN) * 10 / 11,
				       TITLE_LINE, INK("#111") BOLD};
static const struct type name_type = {NAME_SIZE, 0, 0,
				      INK("#111") BOLD ANCHOR("middle") HALO};
static const struct type address_type = {ADDRESS_SIZE, 0, 0,
					 INK("#444") IN_MONO ANCHOR("middle")};
static const struct type number_type = {NAME_SIZE, 0, 0, INK("#111") BOLD};
static const struct type rest_type = {NOTE_SIZE, WIDTH - 2 * MARGIN, NOTE_LINE,
				      INK("#222")};
static const struct type time_type = {TIME_SIZE, 0, 0, INK("#444") IN_MONO};
static const struct type pause_type =
	{TIME_SIZE, 0, 0,
	 INK("#444") " font-style=\"italic\"" ANCHOR("middle") HALO};
static const struct type mark_type = {2 * NAME_SIZE, 0, 0,
				      INK("#5b2a6e") BOLD ANCHOR("middle")
					      HALO};
static const struct type state_type[2] = {
	{STATE_SIZE, 0, 0, INK("#222") BOLD IN_MONO ANCHOR("end")},
	{STATE_SIZE, 0, 0, INK("#222") BOLD IN_MONO ANCHOR("start")},
};
static const struct type note_type[2] = {
	{NOTE_SIZE, NOTE_WIDTH, NOTE_LINE, INK("#222") ANCHOR("start") HALO},
	{NOTE_SIZE, NOTE_WIDTH, NOTE_LINE, INK("#222") ANCHOR("end") HALO},
};

/* LEN bytes of TEXT. */
static void put_part(FILE *out, int x, int y, const struct type *type,
		     const char *text, size_t len)
{
	char part[STORY_LEN];

	snprintf(part, sizeof(part), "%.*s", (int)len, text);
	fprintf(out, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" %s>", x, y,
		type->size, type->style);
	svg_put_text(out, part);
	fputs("</text>\n", out);
}

/* TEXT in lines, the first on the base line Y. */
static void put_text(FILE *out, int x, int y, const struct type *type,
		     const char *text)
{
	while (*text != '\0') {
		size_t len = type->width == 0 ? strlen(text)
					      : svg_line_len(text, type->size,
							     type->width);

		put_part(out, x, y, type, text, len);
		text = svg_next_line(text, len);
		y += type->line;
	}
}

/* --- lifelines --- */

static void put_bar(FILE *out, int side, int top, int bottom,
		    enum tcp_state state)
{
	int x = place_x(side == 0 ? SVG_CLIENT : SVG_SERVER);
	int outside = side == 0 ? -BAR_WIDTH / 2 - 8 : BAR_WIDTH / 2 + 8;

	if (state == STATE_UNKNOWN)
		return;
	fprintf(out,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
		"fill=\"%s\"%s/>\n",
		x - BAR_WIDTH / 2, top, BAR_WIDTH, bottom - top, fill_of[state],
		state == STATE_CLOSED ? " stroke=\"#555\" stroke-width=\"2\""
				      : "");
	put_text(out, x + outside, top + STATE_SIZE - 2, &state_type[side],
		 tcp_state_name(state));
}

/* The bars of one side, each from one change of its state to the next. */
static void put_bars(struct svg *svg, const struct svg_panel *p, int side)
{
	enum tcp_state state = STATE_UNKNOWN;
	int since = p->top;

	for (size_t i = p->first; i != SVG_RUNGS_MAX; i = svg->rung[i].next) {
		const struct svg_rung *r = &svg->rung[i];
		int y = r->side == side ? r->y : r->y + SLANT;

		if (r->state[side] == state)
			continue;
		put_bar(svg->out, side, since, y, state);
		state = r->state[side];
		since = y;
	}
	put_bar(svg->out, side, since, p->bottom, state);
}

/* A lifeline is cut where time passes. */
static void put_cut(FILE *out, int x, int y)
{
	fprintf(out,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"8\" "
		"fill=\"#fff\"/>\n",
		x - BAR_WIDTH, y - 4, 2 * BAR_WIDTH);
	for (int i = -4; i <= 4; i += 8)
		put_line(out, x - BAR_WIDTH, y + i + 3, x + BAR_WIDTH,
			 y + i - 3, "stroke=\"#555\" stroke-width=\"2\"");
}

static void put_pause(FILE *out, const struct svg_rung *r, bool middle)
{
	char text[TIME_LEN + 16];
	int y = r->y - RUNG_ABOVE - PAUSE_HEIGHT / 2 + 4;
	double ms = (double)r->gap_ns / 1e6;

	put_cut(out, CLIENT_X, y);
	put_cut(out, SERVER_X, y);
	if (middle)
		put_cut(out, MIDDLE_X, y);
	snprintf(text, sizeof(text), ms < 1000 ? "%.0f ms pass" : "%.3f s pass",
		 ms < 1000 ? ms : ms / 1e3);
	put_text(out, middle ? (CLIENT_X + MIDDLE_X) / 2 : MIDDLE_X, y + 5,
		 &pause_type, text);
}

static void put_lifelines(struct svg *svg, const struct svg_panel *p)
{
	static const char thin[] = "stroke=\"#888\" stroke-width=\"2\"";
	bool middle = p->middle[0] != '\0';

	put_line(svg->out, CLIENT_X, p->top, CLIENT_X, p->bottom, thin);
	put_line(svg->out, SERVER_X, p->top, SERVER_X, p->bottom, thin);
	if (middle)
		put_line(svg->out, MIDDLE_X, p->top, MIDDLE_X, p->bottom,
			 "stroke=\"#555\" stroke-width=\"3\" "
			 "stroke-dasharray=\"3 7\"");
	put_bars(svg, p, 0);
	put_bars(svg, p, 1);
	for (size_t i = p->first; i != SVG_RUNGS_MAX; i = svg->rung[i].next)
		if (pauses(&svg->rung[i]))
			put_pause(svg->out, &svg->rung[i], middle);
}

/* --- packets --- */

/* An arrow as it is drawn, its ends where the lines are. */
struct arrow {
	int x1, y1, x2, y2;
	const char *color;
};

/* How far down an arrow to SIDE is at X. */
static int slant_at(int x, int side)
{
	int way = side == 0 ? x - CLIENT_X : SERVER_X - x;

	return SLANT * way / (SERVER_X - CLIENT_X);
}

static struct arrow arrow_of(const struct svg_rung *r)
{
	int inset = r->side == 0 ? ARROW_INSET : -ARROW_INSET;
	int x1 = place_x(r->from), x2 = place_x(r->to);
	struct arrow a = {x1, r->y + slant_at(x1, r->side), x2,
			  r->y + slant_at(x2, r->side), arrow_color(r)};

	if (r->from != SVG_MIDDLE)
		a.x1 += inset;
	if (!stops(r))
		a.x2 -= inset;
	if (r->fate == FATE_UNKNOWN) { /* three quarters of the way */
		a.x2 -= (a.x2 - a.x1) / 4;
		a.y2 -= (a.y2 - a.y1) / 4;
	}
	return a;
}

/* 1 to the right, -1 to the left. */
static int way_of(const struct arrow *a)
{
	return a->x2 > a->x1 ? 1 : -1;
}

static void put_cross(FILE *out, int x, int y)
{
	static const char *const strokes[] = {
		"stroke=\"#fff\" stroke-width=\"12\" stroke-linecap=\"round\"",
		"stroke=\"#b5202c\" stroke-width=\"6\"",
	};

	for (int i = 0; i < 2; i++) {
		put_line(out, x - CROSS, y - CROSS, x + CROSS, y + CROSS,
			 strokes[i]);
		put_line(out, x - CROSS, y + CROSS, x + CROSS, y - CROSS,
			 strokes[i]);
	}
}

static void put_dot(FILE *out, int x, int y, int radius, const char *color)
{
	fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"%d\" fill=\"%s\"/>\n", x,
		y, radius, color);
}

static void put_tip(FILE *out, const struct svg_rung *r, const struct arrow *a)
{
	int back = -way_of(a) * HEAD;

	if (stops(r))
		put_cross(out, a->x2, a->y2);
	else if (r->fate == FATE_UNKNOWN)
		put_text(out, a->x2 - back, a->y2 - 2, &mark_type, "?");
	else
		fprintf(out,
			"<polygon points=\"%d,%d %d,%d %d,%d\" fill=\"%s\"/>\n",
			a->x2, a->y2, a->x2 + back, a->y2 - 9, a->x2 + back,
			a->y2 + 7, a->color);
	if (r->from == SVG_MIDDLE)
		put_dot(out, a->x1, a->y1, 9, a->color);
	if (r->crosses && r->to != SVG_MIDDLE &&
	    (a->x1 < MIDDLE_X) != (a->x2 < MIDDLE_X))
		put_dot(out, MIDDLE_X, (a->y1 + a->y2) / 2, 5, a->color);
}

/* What is written on the arrow, as much of it as has room there. */
static void put_label(FILE *out, const struct svg_rung *r,
		      const struct arrow *a)
{
	int length = (a->x2 - a->x1) * way_of(a);
	int level = 0;
	int x = (a->x1 + a->x2) / 2, y = (a->y1 + a->y2) / 2 - LABEL_UP;

	while (level < LABEL_LEVELS - 1 &&
	       (int)strlen(r->label[level]) * LABEL_SIZE * MONO_TENTHS / 10 +
			       2 * HEAD >
		       length)
		level++;
	fprintf(out,
		"<text x=\"%d\" y=\"%d\" font-size=\"%d\" "
		"transform=\"rotate(%d %d %d)\" "
		"text-rendering=\"geometricPrecision\" " INK("%s")
			BOLD IN_MONO ANCHOR("middle") HALO ">",
		x, y, LABEL_SIZE, 2 * way_of(a), x, y, a->color);
	svg_put_text(out, r->label[level]);
	fputs("</text>\n", out);
}

static void put_rung(FILE *out, const struct svg_rung *r)
{
	struct arrow a = arrow_of(r);
	int note_x =
		r->side == 0 ? CLIENT_X + NOTE_INSET : SERVER_X - NOTE_INSET;

	put_text(out, MARGIN, r->y + TIME_SIZE / 3, &time_type, r->time);
	fprintf(out,
		"<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"%s\" "
		"stroke-width=\"4\"%s/>\n",
		a.x1, a.y1, a.x2 - way_of(&a) * HEAD / 2, a.y2, a.color,
		r->retry ? " stroke-dasharray=\"12 7\"" : "");
	put_tip(out, r, &a);
	put_label(out, r, &a);
	put_text(out, note_x, r->y + NOTE_DOWN, &note_type[r->side], r->note);
}

/* --- the whole --- */

static void put_panel(struct svg *svg, const struct svg_panel *p, bool only)
{
	FILE *out = svg->out;
	int y = p->top - LIFELINE_DOWN;
	char number[32];

	snprintf(number, sizeof(number), "#%" PRIu64, p->number);
	if (!only)
		put_text(out, MARGIN, y, &number_type, number);
	for (int side = 0; side < 2; side++) {
		int x = place_x(side == 0 ? SVG_CLIENT : SVG_SERVER);

		put_text(out, x, y, &name_type, p->name[side]);
		put_text(out, x, y + ADDRESS_DOWN, &address_type,
			 p->address[side]);
	}
	if (p->middle[0] != '\0')
		put_text(out, MIDDLE_X, y, &name_type, p->middle);
	put_lifelines(svg, p);
	for (size_t i = p->first; i != SVG_RUNGS_MAX; i = svg->rung[i].next)
		put_rung(out, &svg->rung[i]);
}

/* Fate in a word for those who do not see the arrow's end. */
static const char *fate_words(enum fate fate)
{
	switch (fate) {
	case FATE_DROPPED:
		return " (dropped on the way)";
	case FATE_REJECTED:
		return " (rejected on the way)";
	case FATE_UNKNOWN:
		return " (not answered)";
	default:
		return "";
	}
}

static void describe_rung(FILE *out, const struct svg_panel *p,
			  const struct svg_rung *r)
{
	svg_put_text(out, r->time);
	fputs(": ", out);
	svg_put_text(out, p->name[r->side]);
	fputs(" to ", out);
	svg_put_text(out, p->name[!r->side]);
	fputs(", ", out);
	svg_put_text(out, r->label[0]);
	fputs(fate_words(r->fate), out);
	fputs(r->note[0] != '\0' ? ": " : "", out);
	svg_put_text(out, r->note);
	fputs(".\n", out);
}

/* The whole picture in words, for screen readers. */
static void put_description(struct svg *svg)
{
	FILE *out = svg->out;

	fputs(svg->panels + svg->scans > 0 ? "<desc>"
					   : "<desc>Nothing to draw.",
	      out);
	for (size_t n = 0; n < svg->panels; n++) {
		const struct svg_panel *p = &svg->panel[n];

		if (svg->panels > 1)
			fprintf(out, "Connection %" PRIu64 ".\n", p->number);
		for (size_t i = p->first; i != SVG_RUNGS_MAX;
		     i = svg->rung[i].next)
			describe_rung(out, p, &svg->rung[i]);
	}
	for (unsigned i = 0; i < svg->scans; i++) {
		svg_put_text(out, svg->scan[i]);
		fputs(".\n", out);
	}
	fputs("</desc>\n", out);
}

/* "client to server: refused", where none was given. */
static void make_title(const struct svg *svg, char *buf, size_t len)
{
	const struct svg_panel *p = &svg->panel[0];

	if (svg->title != NULL)
		snprintf(buf, len, "%s", svg->title);
	else if (svg->panels == 1)
		snprintf(buf, len, "%s to %s: %.*s", p->name[0], p->name[1],
			 (int)strcspn(svg->verdict, ":,("), svg->verdict);
	else if (svg->panels > 1)
		snprintf(buf, len, "%zu TCP connections", svg->panels);
	else
		snprintf(buf, len, "No TCP packet");
}

/* Give everything its place; how high the picture is. */
static int lay_out(struct svg *svg, int y)
{
	for (size_t i = 0; i < svg->panels; i++)
		y = lay_out_panel(svg, &svg->panel[i], y) + PANEL_GAP;
	if (svg->panels > 0)
		y -= PANEL_GAP - 2 * MARGIN;
	return y;
}

static void put_head(struct svg *svg, const char *title, int height)
{
	fprintf(svg->out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" "
		"viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
		"role=\"img\" font-family=\"" SANS "\">\n<title>",
		WIDTH, height, WIDTH, height);
	svg_put_text(svg->out, title);
	fputs("</title>\n", svg->out);
	put_description(svg);
	fprintf(svg->out, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
		WIDTH, height);
}

/* What was summed up and what is not drawn, from Y on; where that ends. */
static int put_rest(struct svg *svg, int y, bool draw)
{
	char more[STORY_LEN];

	for (unsigned i = 0; i <= svg->scans; i++) {
		const char *text = i < svg->scans ? svg->scan[i] : more;

		snprintf(more, sizeof(more),
			 "%" PRIu64 " more packets are not drawn: --port, "
			 "--host, --connection and --packets choose",
			 svg->left_out);
		if (i == svg->scans && svg->left_out == 0)
			break;
		if (draw)
			put_text(svg->out, MARGIN, y, &rest_type, text);
		y += (svg_count_lines(text, rest_type.size, rest_type.width) +
		      1) *
		     NOTE_LINE;
	}
	return y;
}

void svg_draw(struct svg *svg)
{
	char title[STORY_LEN];

	make_title(svg, title, sizeof(title));

	int lines = svg_count_lines(title, TITLE_SIZE, title_type.width);
	int rest = lay_out(svg, TITLE_Y + 40 + (lines - 1) * TITLE_LINE);

	put_head(svg, title, put_rest(svg, rest, false));
	put_text(svg->out, MARGIN, TITLE_Y, &title_type, title);
	for (size_t i = 0; i < svg->panels; i++)
		put_panel(svg, &svg->panel[i], svg->panels == 1);
	put_rest(svg, rest, true);
	fputs("</svg>\n", svg->out);
}
