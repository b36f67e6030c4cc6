/*
 * text.c - the ladder diagram, in text
 *
 *  time     state ├── arrow ──┤ state
 *                 └ note
 *
 * From NOTES_RIGHT_WIDTH columns on the notes stand at the right. Widths are
 * counted in columns: all that is not ASCII here is one column wide.
 * Counterpart: render.h; the sentences come from story.c.
 */
#include "render.h"

#include "label.h"
#include "scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum {
	TIME_COLUMNS = 9,
	STATE_COLUMNS = 11,
	/* the time, a space, the state, a space: then the left lifeline */
	LEFT_COLUMNS = TIME_COLUMNS + 1 + STATE_COLUMNS + 1,
	HEADER_INDENT = TIME_COLUMNS + 1,
	NOTES_RIGHT_WIDTH = 120,
	NOTE_GAP_COLUMNS = 2,
	/* all of a line but the space between the lifelines */
	FRAME_COLUMNS = LEFT_COLUMNS + 1 + 1 + 1 + STATE_COLUMNS,
	LINE_BYTES = 4 * WIDTH_MAX + 64,
};

struct glyphs {
	const char *lifeline, *dash, *head_right, *head_left;
	const char *cross, *origin, *note, *micro, *cut, *crossing;
};

static const struct glyphs unicode_glyphs = {
	.lifeline = "│",
	.dash = "─",
	.head_right = "▶",
	.head_left = "◀",
	.cross = "✗",
	.origin = "●",
	.note = "└ ",
	.micro = "µ",
	.cut = "…",
	.crossing = "┼",
};

static const struct glyphs ascii_glyphs = {
	.lifeline = "|",
	.dash = "-",
	.head_right = ">",
	.head_left = "<",
	.cross = "X",
	.origin = "o",
	.note = "`- ",
	.micro = "u",
	.cut = "~",
	.crossing = "+",
};

enum color { COLOR_NONE, COLOR_RED, COLOR_MAGENTA, COLOR_BOLD, COLOR_DIM };

/* --- a line that is put together --- */

struct line {
	char text[LINE_BYTES];
	size_t len;
};

static int columns(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *line,
						      const char *format, ...)
{
	size_t left = sizeof(line->text) - line->len;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line->text + line->len, left, format, args);

	va_end(args);
	if (n > 0)
		line->len += (size_t)n < left ? (size_t)n : left - 1;
}

static void repeat(struct line *line, const char *glyph, int n)
{
	for (int i = 0; i < n; i++)
		add(line, "%s", glyph);
}

static void begin_color(struct text_renderer *t, enum color color)
{
	static const char *const code[] = {"", "\033[31m", "\033[35m",
					   "\033[1m", "\033[2m"};

	if (t->color)
		fputs(code[color], t->out);
}

static void end_color(struct text_renderer *t, enum color color)
{
	if (t->color && color != COLOR_NONE)
		fputs("\033[0m", t->out);
}

static void put(struct text_renderer *t, enum color color, const char *text)
{
	if (*text == '\0')
		return;
	begin_color(t, color);
	fputs(text, t->out);
	end_color(t, color);
}

static void put_right(struct text_renderer *t, enum color color, int width,
		      const char *text)
{
	fprintf(t->out, "%*s",
		columns(text) < width ? width - columns(text) : 0, "");
	put(t, color, text);
}

/* --- the header of a connection --- */

/* "client 10.77.1.2:39910", its middle cut out if it is wider than WIDTH. */
static void title(const struct text_renderer *t, const struct step *s, int side,
		  int width, struct line *line)
{
	struct cast cast = story_cast(t->story, s->conn);
	char whole[NAME_LEN + 1 + ENDPOINT_LEN];
	int len = snprintf(whole, sizeof(whole), "%s %s", cast.end[side],
			   s->conn->end[side].label);

	line->len = 0;
	if (len <= width) {
		add(line, "%s", whole);
		return;
	}

	int tail = (width - 1) / 2;

	add(line, "%.*s%s%s", width - 1 - tail, whole, t->glyphs->cut,
	    whole + len - tail);
}

static int router_column(const struct text_renderer *t)
{
	return LEFT_COLUMNS + 1 + t->inner / 2;
}

/*
 * The router's name over its line, if there is room from COLUMN to END for
 * it. The column behind it.
 */
static int put_router(struct text_renderer *t, int column, int end)
{
	const char *name = t->story->at != NULL ? t->story->at : "the router";
	int start = router_column(t) - columns(name) / 2;

	if (start < column + 2 || start + columns(name) + 2 > end)
		return column;
	put_right(t, COLOR_BOLD, start + columns(name) - column, name);
	return start + columns(name);
}

static void put_header(struct text_renderer *t, const struct step *s)
{
	int width = FRAME_COLUMNS + t->inner;
	struct line mark = {0};
	struct line left, right;

	if (s->conn->number > 1 || !s->first)
		add(&mark, "#%" PRIu64 "%s", s->conn->number,
		    s->first ? "" : " again");
	if (columns(mark.text) <= TIME_COLUMNS - 5)
		add(&mark, "%*s", TIME_COLUMNS - columns(mark.text), "time");

	int indent = columns(mark.text) < TIME_COLUMNS ? TIME_COLUMNS
						       : columns(mark.text);

	title(t, s, 0, width - indent - 1, &left);
	title(t, s, 1, width - indent - 1, &right);
	fprintf(t->out, "\n%-*s ", TIME_COLUMNS, mark.text);
	put(t, COLOR_BOLD, left.text);
	int column = indent + 1 + columns(left.text);

	if (s->joined && s->at_router)
		column = put_router(t, column, width - columns(right.text));
	int room = width - column;

	if (room < columns(right.text) + 2) {
		putc('\n', t->out);
		room = width;
	}
	put_right(t, COLOR_BOLD, room, right.text);
	putc('\n', t->out);
}

/* --- the arrow --- */

/* The longest label that leaves room for an arrow in WIDTH columns. */
static void fit_label(const struct text_renderer *t, const struct step *s,
		      int width, struct line *line)
{
	for (int level = 0; level < LABEL_LEVELS; level++) {
		char label[LABEL_LEN];

		*line = (struct line){0};
		add(line, "%s", label_format(s, level, label));
		if (columns(line->text) <= width)
			return;
	}
	line->len = (size_t)width - 1;
	add(line, "%s", t->glyphs->cut);
}

/* How many columns an arrow takes that begins or ends on the way. */
static int short_width(const struct text_renderer *t, const struct step *s)
{
	static const int eighths[] = {
		[STOPPED_NOT] = 4, /* it begins at the router */
		[STOPPED_BEFORE] = 3,
		[STOPPED_AT] = 4,
		[STOPPED_BEHIND] = 6,
	};
	enum stopped where = step_stopped(s);

	if (!s->joined)
		return t->inner / 2 + 1 + 2 * (where == STOPPED_NOT);
	if (eighths[where] != 4)
		return t->inner * eighths[where] / 8 + 1;
	/* To or from the router's line, and on it. */
	return (s->from == 0) == (where == STOPPED_AT)
		       ? t->inner / 2 + 1
		       : t->inner - t->inner / 2;
}

/* The label of such an arrow, and how many columns it takes with that. */
static int fit_short(const struct text_renderer *t, const struct step *s,
		     struct line *text)
{
	int width = short_width(t, s);

	fit_label(t, s, (s->joined ? width : t->inner) - 4, text);
	if (columns(text->text) + 4 > width)
		width = columns(text->text) + 6;
	return width < t->inner ? width : t->inner;
}

/*
 * The router's line, where an arrow leaves room for it or crosses it; but not
 * in its label, which is from column START to END.
 */
static void draw_router(const struct text_renderer *t, int start, int end,
			struct line *line)
{
	const struct glyphs *g = t->glyphs;
	struct line with = {0};
	const char *at = line->text;

	if (t->inner / 2 >= start && t->inner / 2 < end)
		return;
	for (int column = 0; *at != '\0'; column++) {
		size_t len = 1;

		while (((unsigned char)at[len] & 0xc0) == 0x80)
			len++;
		if (column == t->inner / 2 && *at == ' ')
			add(&with, "%s", g->lifeline);
		else if (column == t->inner / 2 && len == strlen(g->dash) &&
			 memcmp(at, g->dash, len) == 0)
			add(&with, "%s", g->crossing);
		else
			add(&with, "%.*s", (int)len, at);
		at += len;
	}
	*line = with;
}

static const char *arrow_head(const struct text_renderer *t,
			      const struct step *s)
{
	if (step_stopped(s) != STOPPED_NOT)
		return t->glyphs->cross;
	if (s->fate == FATE_UNKNOWN)
		return "?";
	return s->from == 0 ? t->glyphs->head_right : t->glyphs->head_left;
}

/* All that stands between the two lifelines. */
static void draw_arrow(const struct text_renderer *t, const struct step *s,
		       struct line *line)
{
	const struct glyphs *g = t->glyphs;
	bool right = s->from == 0;
	bool stops = step_stopped(s) != STOPPED_NOT;
	bool starts = !stops && step_from_between(s);
	const char *tail = starts ? g->origin : g->dash;
	const char *head = arrow_head(t, s);
	struct line text;

	int width = t->inner;

	if (stops || starts)
		width = fit_short(t, s, &text);
	else
		fit_label(t, s, t->inner - 4, &text);
	int least = columns(text.text) + 4;

	int indent = right == starts ? t->inner - width : 0;

	*line = (struct line){0};
	repeat(line, " ", indent);
	add(line, "%s%s %s", right ? tail : head, g->dash, text.text);
	if (width > least)
		add(line, " ");
	repeat(line, g->dash, width - least - 1);
	add(line, "%s", right ? head : tail);
	repeat(line, " ", t->inner - columns(line->text));
	if (s->joined && s->at_router)
		draw_router(t, indent + 2, indent + least, line);
}

static enum color arrow_color(const struct step *s)
{
	if (s->kind == KIND_RST || s->kind == KIND_ICMP ||
	    s->fate == FATE_DROPPED || s->fate == FATE_REJECTED)
		return COLOR_RED;
	return s->fate == FATE_UNKNOWN ? COLOR_MAGENTA : COLOR_NONE;
}

/* --- the columns --- */

/* How many bytes of TEXT go on a line of WIDTH columns; TEXT is ASCII. */
static size_t line_break(const char *text, int width)
{
	size_t len = strlen(text);

	if (len <= (size_t)width)
		return len;
	for (size_t i = (size_t)width; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return (size_t)width;
}

/* Print one line of the note at *TEXT, and step over it. */
static void put_note_line(struct text_renderer *t, const char **text, int width)
{
	size_t len = line_break(*text, width);

	fwrite(*text, 1, len, t->out);
	*text += len;
	while (**text == ' ')
		++*text;
}

/* NOTE, INDENT columns from the left. */
static void put_notes_below(struct text_renderer *t, const char *note,
			    int indent)
{
	int lead = columns(t->glyphs->note);

	for (bool first = true; *note != '\0'; first = false) {
		fprintf(t->out, "%*s", indent, "");
		if (first)
			fputs(t->glyphs->note, t->out);
		else
			fprintf(t->out, "%*s", lead, "");
		put_note_line(t, &note, t->width - indent - lead);
		putc('\n', t->out);
	}
}

static int note_column(const struct text_renderer *t)
{
	return FRAME_COLUMNS + t->inner + NOTE_GAP_COLUMNS;
}

/* The note beside the packet: its first line ends the packet's own. */
static void put_notes_right(struct text_renderer *t, const char *note,
			    int column)
{
	const char *line = t->glyphs->lifeline;
	int width = t->width - note_column(t);

	fprintf(t->out, "%*s", note_column(t) - column, "");
	put_note_line(t, &note, width);
	putc('\n', t->out);
	while (*note != '\0') {
		fprintf(t->out, "%*s%s%*s%s", LEFT_COLUMNS, "", line, t->inner,
			"", line);
		fprintf(t->out, "%*s", STATE_COLUMNS + 1 + NOTE_GAP_COLUMNS,
			"");
		put_note_line(t, &note, width);
		putc('\n', t->out);
	}
}

/* The packet itself; the column at which it ends. */
static int put_packet(struct text_renderer *t, const struct step *s)
{
	struct line line;
	char when[TIME_LEN];
	const char *lifeline = t->glyphs->lifeline;
	const char *left = s->changed[0] ? tcp_state_name(s->state[0]) : "";
	const char *right = s->changed[1] ? tcp_state_name(s->state[1]) : "";

	put_right(t, COLOR_DIM, TIME_COLUMNS,
		  time_format(s, t->glyphs->micro, when));
	fprintf(t->out, " %*s %s", STATE_COLUMNS, left, lifeline);
	draw_arrow(t, s, &line);
	put(t, arrow_color(s), line.text);
	fputs(lifeline, t->out);
	if (*right != '\0')
		fprintf(t->out, " %s", right);
	return LEFT_COLUMNS + 1 + t->inner + 1 +
	       (*right != '\0' ? 1 + columns(right) : 0);
}

static void text_step(struct renderer *renderer, const struct step *s)
{
	struct text_renderer *t = (struct text_renderer *)renderer;
	char note[STORY_LEN];

	if (s->conn->number != t->number)
		put_header(t, s);
	t->number = s->conn->number;
	story_tell(t->story, s, note);

	int column = put_packet(t, s);

	if (t->notes_right && *note != '\0') {
		put_notes_right(t, note, column);
		return;
	}
	putc('\n', t->out);
	put_notes_below(t, note, LEFT_COLUMNS);
}

static void text_scan(struct renderer *renderer, const struct scan *scan)
{
	struct text_renderer *t = (struct text_renderer *)renderer;
	char text[SCAN_LEN];

	putc('\n', t->out);
	put_notes_below(t, scan_format(scan, t->story, text), HEADER_INDENT);
	t->number = 0; /* whatever comes, its header comes first */
}

void text_init(struct text_renderer *t, FILE *out, const struct story *story,
	       int width, bool unicode, bool color)
{
	*t = (struct text_renderer){
		.renderer = {.step = text_step, .scan = text_scan},
		.out = out,
		.story = story,
		.glyphs = unicode ? &unicode_glyphs : &ascii_glyphs,
		.width = width,
		.notes_right = width >= NOTES_RIGHT_WIDTH,
		.color = color,
	};
	/* Below, the frame takes all; beside, half of what is to spare. */
	t->inner = (t->notes_right
			    ? WIDTH_DEFAULT + (width - NOTES_RIGHT_WIDTH) / 2
			    : width) -
		   FRAME_COLUMNS;
}
