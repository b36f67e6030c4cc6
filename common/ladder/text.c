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
	const char *cross, *origin, *note, *micro, *cut;
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
	int room = width - indent - 1 - columns(left.text);

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

/* All that stands between the two lifelines. */
static void draw_arrow(const struct text_renderer *t, const struct step *s,
		       struct line *line)
{
	const struct glyphs *g = t->glyphs;
	bool right = s->from == 0;
	bool stops = s->fate == FATE_DROPPED || s->fate == FATE_REJECTED;
	bool starts = !stops && step_from_between(s);
	struct line text;

	fit_label(t, s, t->inner - 4, &text);
	int least = columns(text.text) + 4;
	int half = t->inner / 2 + 1 + 2 * starts;
	int width = t->inner;

	if (stops || starts)
		width = least <= half ? half : least + 2;
	if (width > t->inner)
		width = t->inner;
	const char *tail = starts ? g->origin : g->dash;
	const char *head = stops		     ? g->cross
			   : s->fate == FATE_UNKNOWN ? "?"
			   : right		     ? g->head_right
						     : g->head_left;

	*line = (struct line){0};
	repeat(line, " ", right == starts ? t->inner - width : 0);
	add(line, "%s%s %s", right ? tail : head, g->dash, text.text);
	if (width > least)
		add(line, " ");
	repeat(line, g->dash, width - least - 1);
	add(line, "%s", right ? head : tail);
	repeat(line, " ", t->inner - columns(line->text));
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

static void put_notes_below(struct text_renderer *t, const char *note)
{
	int lead = columns(t->glyphs->note);

	for (bool first = true; *note != '\0'; first = false) {
		fprintf(t->out, "%*s", LEFT_COLUMNS, "");
		if (first)
			fputs(t->glyphs->note, t->out);
		else
			fprintf(t->out, "%*s", lead, "");
		put_note_line(t, &note, t->width - LEFT_COLUMNS - lead);
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
	put_notes_below(t, note);
}

void text_init(struct text_renderer *t, FILE *out, const struct story *story,
	       int width, bool unicode, bool color)
{
	*t = (struct text_renderer){
		.renderer = {text_step, NULL},
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
