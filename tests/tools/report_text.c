/*
 * report_text.c - the report as a student reads it, in 80 columns
 *
 * Every check, then the evidence for the first that failed, what the compiler
 * said, the predictions, and last what it all comes to and what to type next:
 * the end of the text is what is still to be seen on a terminal. Sentences are
 * wrapped; commands, ladders and compilers' words stay as they are.
 *
 * Next: report_json.c.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum {
	WIDTH = 80,
	INDENT = 2,
	LABEL = 12, /* where the text behind "expected" begins */
	ROWS_MAX = 12,
	SAID_MAX = 8,
	COMPILER_LINES = 60, /* the first of its messages count most */
	ID_COLUMNS = 13,     /* of the ids in the list, if all are short */
	ID_COLUMNS_MAX = 17, /* longer ones stick out */
};

/* --- Columns and colour --- */

#define RED   "\033[1;31m"
#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define PLAIN "\033[0m"

/* TEXT in a colour of the above: never without a word that says the same. */
static void put_in(const struct view *view, const char *color, const char *text)
{
	if (view->color)
		printf("%s%s%s", color, text, PLAIN);
	else
		fputs(text, stdout);
}

/* What goes on with a character takes no column. */
static bool is_continued(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static int columns(const char *text, size_t len)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += !is_continued(text[i]);
	return n;
}

static int width(const char *text)
{
	return columns(text, strlen(text));
}

/* --- Text in lines --- */

/* Lines that begin at column INDENT and end before WIDTH. */
struct flow {
	int indent;
	int at; /* the column */
	int rows;
};

static void flow_break(struct flow *flow)
{
	printf("\n%*s", flow->indent, "");
	flow->at = flow->indent;
	flow->rows++;
}

/* LEN bytes as they are, broken only where a line is full. */
static void flow_bytes(struct flow *flow, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (flow->rows >= ROWS_MAX)
			return;
		if (!is_continued(text[i]) && flow->at == WIDTH)
			flow_break(flow);
		if (flow->rows == ROWS_MAX) {
			fputs("...", stdout);
			return;
		}
		putchar(text[i] == '\t' ? ' ' : text[i]);
		flow->at += !is_continued(text[i]);
	}
}

/* The words of TEXT, wrapped; a word longer than a line is broken. */
static void flow_words(struct flow *flow, const char *text)
{
	while (*(text += strspn(text, " \t\n")) != '\0') {
		size_t len = strcspn(text, " \t\n");
		int word = columns(text, len);

		if (flow->at > flow->indent && flow->at + 1 + word > WIDTH)
			flow_break(flow);
		else if (flow->at > flow->indent)
			flow_bytes(flow, " ", 1);
		flow_bytes(flow, text, len);
		text += len;
	}
}

/* A sentence in lines of its own. */
static void put_sentence(int indent, const char *text)
{
	struct flow flow = {.indent = indent, .at = indent};

	printf("%*s", indent, "");
	flow_words(&flow, text);
	putchar('\n');
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	put_sentence(INDENT, text);
}

static void put_label(const char *label)
{
	printf("%*s%-*s", INDENT, "", LABEL - INDENT, label);
}

/* LABEL, and TEXT as it is. Nothing without TEXT. */
static void put_labelled(const char *label, const char *text)
{
	struct flow flow = {.indent = LABEL, .at = LABEL};

	if (text == NULL || *text == '\0' || strcmp(text, "-") == 0)
		return;
	put_label(label);
	flow_bytes(&flow, text, strlen(text));
	putchar('\n');
}

/* Each value of KEY, as a sentence. */
static void put_sentences(const struct fields *fields, const char *key)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->list[i].key, key) == 0)
			put_sentence(INDENT, fields->list[i].value);
}

static bool has(const struct fields *fields, const char *key)
{
	return field(fields, key) != NULL;
}

/* LEFT at the left, RIGHT at the right, if need be in a line of its own. */
static void put_both_ends(const struct view *view, const char *left,
			  const char *right)
{
	struct flow flow = {.indent = 0};

	fputs(view->color ? BOLD : "", stdout);
	flow_words(&flow, left);
	fputs(view->color ? PLAIN : "", stdout);
	if (*right != '\0' && flow.at + 2 + width(right) <= WIDTH)
		printf("%*s%s", WIDTH - flow.at - width(right), "", right);
	else if (*right != '\0')
		printf("\n%*s%s", INDENT, "", right);
	putchar('\n');
}

/* --- The list of checks --- */

static void put_heading(const struct report *report, const struct view *view)
{
	const char *submission = field(&report->run, "submission");
	char left[256];

	snprintf(left, sizeof left, "Lab %.60s: %.150s",
		 field(&report->run, "lab"), field(&report->run, "title"));
	put_both_ends(view, left, submission != NULL ? submission : "");
	for (size_t i = 0; i < report->run.count; i++)
		if (strcmp(report->run.list[i].key, "program") == 0)
			put_labelled("program", report->run.list[i].value);
	putchar('\n');
}

static void put_state(const struct view *view, enum state state)
{
	if (state == STATE_PASSED)
		fputs("ok  ", stdout);
	else if (state == STATE_FAILED)
		put_in(view, RED, "FAIL");
	else
		put_in(view, DIM, "skip");
}

/* Why it was skipped, in the place of its title. */
static void flow_reason(struct flow *flow, const struct check *check)
{
	char text[512];

	if (check->state == STATE_NOT_CHECKED)
		snprintf(text, sizeof text, "not checked yet: needs %s",
			 check->reason);
	else if (check->state == STATE_LEFT_OUT)
		snprintf(text, sizeof text, "left out: %s", check->reason);
	else
		snprintf(text, sizeof text, "not here: %s", check->reason);
	flow_words(flow, text);
}

static void put_points(const struct check *check, char *text, size_t len)
{
	if (check->points == 0 || !is_counted(check))
		snprintf(text, len, "-");
	else
		snprintf(text, len, "%d/%d",
			 check->state == STATE_PASSED ? check->points : 0,
			 check->points);
}

/* How wide the column of the ids is. */
static int id_columns(const struct report *report)
{
	int most = ID_COLUMNS;

	for (size_t i = 0; i < report->count; i++) {
		int id = width(report->checks[i].id);

		if (id > most && id <= ID_COLUMNS_MAX)
			most = id;
	}
	return most;
}

static void put_check(const struct view *view, const struct check *check,
		      int id_columns)
{
	char points[32];

	put_points(check, points, sizeof points);
	printf("%*s", INDENT, "");
	put_state(view, check->state);
	int column = INDENT + 4 +
		     printf("  %-4s %-*s  ", points, id_columns, check->id);

	struct flow flow = {.indent = column, .at = column};

	if (check->state == STATE_PASSED || check->state == STATE_FAILED)
		flow_words(&flow, check->title);
	else
		flow_reason(&flow, check);
	putchar('\n');
}

/* The checks that go FURTHER, or those that do not, in their order. */
static void put_checks(const struct report *report, const struct view *view,
		       bool further)
{
	int columns = id_columns(report);

	for (size_t i = 0; i < report->count; i++)
		if (goes_further(&report->checks[i]) == further)
			put_check(view, &report->checks[i], columns);
}

static void put_list(const struct report *report, const struct view *view)
{
	bool further = false;

	put_checks(report, view, false);
	for (size_t i = 0; i < report->count; i++)
		further = further || goes_further(&report->checks[i]);
	if (further) {
		printf("\n%*sGoing further (no points):\n", INDENT, "");
		put_checks(report, view, true);
	}
	if (has(&report->run, "remark"))
		putchar('\n');
	put_sentences(&report->run, "remark");
}

/* --- Expected and got --- */

/*
 * The text at AT that stands for one byte, \x00 or \n or a plain one, or for
 * the *BYTES of one character: its length.
 */
static size_t unit(const char *at, uint64_t *bytes)
{
	size_t len = 1;

	*bytes = 1;
	if (at[0] == '\\' && at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
	    isxdigit((unsigned char)at[3]))
		return 4;
	if (at[0] == '\\' && at[1] != '\0')
		return 2;
	while (is_continued(at[len]))
		len++;
	*bytes = len;
	return len;
}

/* The text behind the first N bytes of TEXT; its end if there are no more. */
static const char *skip_bytes(const char *text, uint64_t n)
{
	uint64_t bytes;

	while (n > 0 && *text != '\0') {
		text += unit(text, &bytes);
		n -= bytes < n ? bytes : n;
	}
	return text;
}

/* How many of the N bytes before a place to leave out, so that it is seen. */
static uint64_t hidden_bytes(const char *text, uint64_t n)
{
	const char *place = skip_bytes(text, n);
	uint64_t hidden = 0, bytes;

	while (text < place &&
	       columns(text, (size_t)(place - text)) > (WIDTH - LABEL) / 2) {
		text += unit(text, &bytes);
		hidden += bytes;
	}
	return hidden;
}

/* Whole bytes of TEXT, as many as the line takes, with "..." for the rest. */
static void put_bytes(const char *label, const char *text, bool begins)
{
	static const char dots[] = "...";
	int room = WIDTH - LABEL - (begins ? 0 : width(dots));
	uint64_t bytes;

	put_label(label);
	fputs(begins ? "" : dots, stdout);
	bool whole = width(text) <= room;
	for (room -= whole ? 0 : width(dots); *text != '\0';) {
		size_t len = unit(text, &bytes);

		room -= columns(text, len);
		if (room < 0)
			break;
		printf("%.*s", (int)len, text);
		text += len;
	}
	puts(whole ? "" : dots);
}

static const char *bytes_of(const struct fields *account, const char *key)
{
	const char *value = field(account, key);

	return value == NULL || strcmp(value, "-") == 0 ? "" : value;
}

/* The bytes around the first that differs, and a caret under it. */
static void put_difference(const struct view *view,
			   const struct fields *account)
{
	const char *expected = bytes_of(account, "expected-bytes");
	const char *got = bytes_of(account, "got-bytes");
	int64_t offset = field_number(account, "offset");
	int64_t window = field_number(account, "window");
	bool located = window >= 0 && offset >= window;
	uint64_t before = located ? (uint64_t)(offset - window) : 0;
	uint64_t hidden = hidden_bytes(got, before);

	if (*expected == '\0' && *got == '\0')
		return;
	if (window > 0)
		printf("\n%*sFrom byte %" PRId64 " on:\n", INDENT, "", window);
	else
		putchar('\n');

	const char *shown = skip_bytes(got, hidden);
	size_t to_caret = (size_t)(skip_bytes(got, before) - shown);

	put_bytes("expected", skip_bytes(expected, hidden), hidden == 0);
	put_bytes("got", *got == '\0' ? "(nothing)" : shown, hidden == 0);
	if (!located)
		return;
	printf("%*s", LABEL + (hidden > 0 ? 3 : 0) + columns(shown, to_caret),
	       "");
	put_in(view, RED, "^");
	printf(" byte %" PRId64 "\n", offset);
}

/* --- A check that failed --- */

static void put_said(const struct fields *account)
{
	size_t said = 0;

	for (size_t i = 0; i < account->count; i++) {
		if (strcmp(account->list[i].key, "said") != 0)
			continue;
		if (said++ < SAID_MAX)
			put_labelled(said == 1 ? "it said" : "",
				     account->list[i].value);
	}
	if (said > SAID_MAX)
		say("%*s(and %zu more lines)", LABEL - INDENT, "",
		    said - SAID_MAX);
}

/*
 * "HOST COMMAND": a line to type there, whole. UP and SHELL: whether the reader
 * has been told how to have a network, and how to be on a host of it.
 */
static void put_try(const char *value, bool *up, bool *shell)
{
	size_t host = strcspn(value, " ");

	if (strncmp(value, "- ", 2) == 0) {
		printf("    %s\n", value + 2);
		*up = *up || strstr(value, " up ") != NULL;
		return;
	}
	if (!*shell)
		printf("    %s make shell HOST=server (or client):\n",
		       *up ? "then" : "make up, then");
	*shell = true;
	printf("      on %.*s:  %s\n", (int)host, value,
	       value + host + strspn(value + host, " "));
}

static void put_tries(const struct fields *account)
{
	bool up = false, shell = false;

	if (!has(account, "try"))
		return;
	printf("\n%*sTry it yourself:\n", INDENT, "");
	for (size_t i = 0; i < account->count; i++)
		if (strcmp(account->list[i].key, "try") == 0)
			put_try(account->list[i].value, &up, &shell);
}

/* The first LEN bytes of TEXT, a block with one empty line before it. */
static void put_beginning(const char *text, size_t len)
{
	for (; len > 0 && *text == '\n'; len--)
		text++;
	if (len == 0)
		return;
	putchar('\n');
	fwrite(text, 1, len, stdout);
	if (text[len - 1] != '\n')
		putchar('\n');
}

static void put_evidence(const char *text)
{
	put_beginning(text, strlen(text));
}

static void put_account(const struct view *view, const struct fields *account)
{
	bool why = has(account, "why") || has(account, "diagnosis");

	if (why || has(account, "says"))
		putchar('\n');
	if (!why)
		put_sentences(account, "says");
	put_sentences(account, "why");
	put_sentences(account, "diagnosis");
	if (has(account, "expected") || has(account, "got"))
		putchar('\n');
	put_labelled("sent", field(account, "sent"));
	put_labelled("expected", field(account, "expected"));
	put_labelled("got", field(account, "got"));
	put_difference(view, account);
	if (has(account, "said") || has(account, "ended"))
		putchar('\n');
	put_said(account);
	put_labelled("it ended", field(account, "ended"));
	if (has(account, "cut"))
		say("(cut: %s)", field(account, "cut"));
}

static void put_failure(const struct view *view, const struct check *check)
{
	char left[512], right[64] = "";

	snprintf(left, sizeof left, "%s: %.400s", check->id, check->title);
	if (check->points > 0)
		snprintf(right, sizeof right, "0 of %d %s", check->points,
			 check->points == 1 ? "point" : "points");
	putchar('\n');
	put_both_ends(view, left, right);
	if (check->account.count == 0)
		puts("\n  The grader kept no account of it.");
	put_account(view, &check->account);
	put_evidence(check->sanitizer);
	put_evidence(check->ladder);
	put_tries(&check->account);
}

/* The details; how many failed. */
static size_t put_failures(const struct report *report, const struct view *view)
{
	size_t failed = 0;

	for (size_t i = 0; i < report->count; i++) {
		if (report->checks[i].state != STATE_FAILED)
			continue;
		if (failed++ == 0 || view->all)
			put_failure(view, &report->checks[i]);
	}
	return failed;
}

/* --- What else there is --- */

/* The beginning of what a compiler has said, and how much more there is. */
static void put_messages(const struct view *view, const char *text)
{
	size_t lines = 0, more = 0;
	const char *end = text;

	for (const char *at = text; *at != '\0' && !view->all; at++)
		if (*at == '\n' && ++lines == COMPILER_LINES)
			end = at + 1;
		else if (*at == '\n' && lines > COMPILER_LINES)
			more++;
	if (more == 0) {
		put_evidence(text);
		return;
	}
	put_beginning(text, (size_t)(end - text));
	printf("%*s... and %zu lines more: ALL=1, or --all, shows them.\n",
	       INDENT, "", more);
}

static void put_compiler(const struct report *report, const struct view *view)
{
	if (*report->compiler != '\0')
		printf("\n%*sThe compiler says:\n", INDENT, "");
	put_messages(view, report->compiler);
	if (*report->strict != '\0')
		printf("\n%*sNot asked for, but worth a look: what stricter "
		       "warnings say\n",
		       INDENT, "");
	put_messages(view, report->strict);
}

static bool is(const struct prediction *p, const char *state)
{
	return strcmp(p->state, state) == 0;
}

static void put_prediction(const struct prediction *p)
{
	const char *sentence = strcmp(p->sentence, "-") == 0 ? "" : p->sentence;
	char text[1024];

	if (is(p, "wrong"))
		snprintf(text, sizeof text,
			 "%s: you said %s, but it was %s. %s", p->id, p->answer,
			 p->seen, sentence);
	else if (is(p, "unmeasured"))
		snprintf(text, sizeof text, "%s: this run did not show it. %s",
			 p->id, sentence);
	else if (is(p, "no-choice"))
		snprintf(text, sizeof text, "%s: %s", p->id, sentence);
	else
		return;
	put_sentence(2 * INDENT, text);
}

static void put_predictions(const struct report *report)
{
	size_t open = 0, right = 0, wrong = 0;

	for (size_t i = 0; i < report->prediction_count; i++) {
		open += is(&report->predictions[i], "open") ||
			is(&report->predictions[i], "no-choice");
		right += is(&report->predictions[i], "right");
		wrong += is(&report->predictions[i], "wrong");
	}
	if (report->prediction_count > 0)
		putchar('\n');
	if (report->prediction_count > open)
		say("Predictions: %zu of %zu right%s", right, right + wrong,
		    wrong > 0 ? ":" : "");
	else if (open > 0)
		say("Predictions: none of %zu answered yet (predictions.txt)",
		    open);
	for (size_t i = 0; i < report->prediction_count; i++)
		put_prediction(&report->predictions[i]);
	if (report->bad_predictions > 0)
		say("(%zu %s on predictions could not be read)",
		    report->bad_predictions,
		    report->bad_predictions == 1 ? "line" : "lines");
}

static void put_tally(const struct report *report, const struct view *view)
{
	const struct tally *tally = &report->tally;
	char further[64] = "", left_out[64] = "", not_here[64] = "", all[512];

	if (tally->further > 0)
		snprintf(further, sizeof further, ", going further %zu of %zu",
			 tally->further_passed, tally->further);
	if (tally->left_out > 0)
		snprintf(left_out, sizeof left_out, ", %zu left out",
			 tally->left_out);
	if (tally->not_here > 0)
		snprintf(not_here, sizeof not_here, ", %zu not here",
			 tally->not_here);
	snprintf(all, sizeof all, "%d of %d points, %zu of %zu checks%s%s%s",
		 tally->points, tally->max_points, tally->passed,
		 tally->counted, further, left_out, not_here);
	printf("\n%*s", INDENT, "");
	put_in(view, BOLD, all);
	putchar('\n');
}

/* LABEL and a command, whole. */
static void put_command(const char *label, const char *command,
			const char *more)
{
	printf("%*s%-9s%s%s\n", INDENT, "", label, command, more);
}

static void put_run(const struct fields *run)
{
	const char *seed = field(run, "seed");
	int64_t ms = field_number(run, "wall-ms");

	if (seed != NULL && ms >= 0)
		say("seed %s, %" PRId64 ".%" PRId64 " s", seed, ms / 1000,
		    ms % 1000 / 100);
	else if (seed != NULL)
		say("seed %s", seed);
	for (size_t i = 0; i < run->count; i++) {
		const char *path = strchr(run->list[i].value, ' ');

		if (strcmp(run->list[i].key, "binary") == 0 && path != NULL)
			put_command("for gdb:", path + 1, "");
	}
}

/* What to type next, with FAILED checks of which one was shown, or all. */
static void put_next(const struct report *report, const struct view *view,
		     size_t failed)
{
	const char *again = field(&report->run, "again");
	const char *hint = field(&report->run, "hint");
	const char *next = field(&report->run, "next");

	putchar('\n');
	if (failed > 0 && hint != NULL)
		put_command("Hint:", hint, "");
	if (failed > 0 && again != NULL)
		put_command("Again:", again, "");
	if (failed > 1 && again != NULL && !view->all)
		put_command("All:", again,
			    strncmp(again, "make ", 5) == 0 ? " ALL=1"
							    : " --all");
	if (failed == 0 && all_passed(report))
		say("All passed.");
	if (all_passed(report) && next != NULL)
		put_command("Next:", next, "");
}

void render_text(const struct report *report, const struct view *view)
{
	put_heading(report, view);
	put_list(report, view);
	size_t failed = put_failures(report, view);
	put_compiler(report, view);
	put_predictions(report);
	put_tally(report, view);
	put_run(&report->run);
	put_next(report, view, failed);
}
