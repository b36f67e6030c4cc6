/*
 * report_json.c - all there is, as one object of RFC 8259
 *
 * README.md has its members. Strings hold what a terminal would show: clean()
 * has seen to it that they are UTF-8. A grader that failed is an object as
 * well, with an error and without a score.
 *
 * Next: report_tsv.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report.h"

enum { FORMAT_VERSION = 1 };

struct json {
	int depth;
	bool comma; /* something stands before the next member */
};

/* --- JSON itself --- */

/* Begin a member of the object, or with NAME NULL an element of the array. */
static void member(struct json *json, const char *name)
{
	if (json->comma)
		putchar(',');
	if (json->depth > 0)
		printf("\n%*s", json->depth, "");
	if (name != NULL)
		printf("\"%s\":", name);
	json->comma = true;
}

static void open_bracket(struct json *json, const char *name, char bracket)
{
	member(json, name);
	putchar(bracket);
	json->depth++;
	json->comma = false;
}

static void close_bracket(struct json *json, char bracket)
{
	json->depth--;
	if (json->comma)
		printf("\n%*s", json->depth, "");
	putchar(bracket);
	json->comma = true;
}

/* There are no control characters in TEXT but these two. */
static void put_chars(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			fputs("\\n", stdout);
		else if (*text == '\t')
			fputs("\\t", stdout);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

/* TEXT, or null where there is none. */
static void string(struct json *json, const char *name, const char *text)
{
	member(json, name);
	if (text == NULL) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	put_chars(text);
	putchar('"');
}

/* N, or null for a negative one. */
static void number(struct json *json, const char *name, int64_t n)
{
	member(json, name);
	if (n < 0)
		fputs("null", stdout);
	else
		printf("%" PRId64, n);
}

static void boolean(struct json *json, const char *name, bool truth)
{
	member(json, name);
	fputs(truth ? "true" : "false", stdout);
}

/* --- Fields --- */

static void string_field(struct json *json, const char *name,
			 const struct fields *fields)
{
	string(json, name, field(fields, name));
}

static void number_field(struct json *json, const char *name,
			 const struct fields *fields, const char *key)
{
	number(json, name, field_number(fields, key));
}

/* All values of KEY, which are sentences, as one string; null without one. */
static void sentences(struct json *json, const struct fields *fields,
		      const char *key)
{
	const char *space = "";

	if (field(fields, key) == NULL) {
		string(json, key, NULL);
		return;
	}
	member(json, key);
	putchar('"');
	for (size_t i = 0; i < fields->count; i++) {
		if (strcmp(fields->list[i].key, key) != 0)
			continue;
		fputs(space, stdout);
		put_chars(fields->list[i].value);
		space = " ";
	}
	putchar('"');
}

/* All values of KEY, each one a string. */
static void strings(struct json *json, const char *name,
		    const struct fields *fields, const char *key)
{
	open_bracket(json, name, '[');
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->list[i].key, key) == 0)
			string(json, NULL, fields->list[i].value);
	close_bracket(json, ']');
}

/* All values of KEY, each one of two words: the first, and all the rest. */
static void pairs(struct json *json, const char *name,
		  const struct fields *fields, const char *key,
		  const char *const names[2])
{
	open_bracket(json, name, '[');
	for (size_t i = 0; i < fields->count; i++) {
		const char *value = fields->list[i].value;
		int first = (int)strcspn(value, " ");
		char word[256];

		if (strcmp(fields->list[i].key, key) != 0)
			continue;
		snprintf(word, sizeof word, "%.*s", first < 200 ? first : 0,
			 value);
		open_bracket(json, NULL, '{');
		string(json, names[0], word);
		string(json, names[1], value + first + (value[first] == ' '));
		close_bracket(json, '}');
	}
	close_bracket(json, ']');
}

/* --- The report --- */

static void put_needs(struct json *json, const char *needs)
{
	char list[1024], *rest = list, *id;

	open_bracket(json, "needs", '[');
	snprintf(list, sizeof list, "%s", needs);
	while (strcmp(needs, "-") != 0 && (id = strsep(&rest, ",")) != NULL)
		string(json, NULL, id);
	close_bracket(json, ']');
}

/* Evidence; null where there is none. */
static void put_text(struct json *json, const char *name, const char *text)
{
	string(json, name, text == NULL || *text == '\0' ? NULL : text);
}

static void put_account(struct json *json, const struct check *check)
{
	static const char *const try_names[] = {"host", "command"};
	static const char *const single[] = {"keyword", "sent", "expected",
					     "got",	"end",	"errno",
					     "says",	"ended"};
	const struct fields *account = &check->account;

	sentences(json, account, "why");
	sentences(json, account, "diagnosis");
	for (size_t i = 0; i < sizeof single / sizeof single[0]; i++)
		string_field(json, single[i], account);
	string(json, "expected_bytes", field(account, "expected-bytes"));
	string(json, "got_bytes", field(account, "got-bytes"));
	number_field(json, "offset", account, "offset");
	number_field(json, "window", account, "window");
	number_field(json, "port", account, "port");
	strings(json, "said", account, "said");
	pairs(json, "try", account, "try", try_names);
	put_text(json, "ladder", check->ladder);
	put_text(json, "sanitizer", check->sanitizer);
}

static void put_check(struct json *json, const struct check *check)
{
	bool passed = check->state == STATE_PASSED;

	open_bracket(json, NULL, '{');
	string(json, "id", check->id);
	string(json, "step", check->step);
	boolean(json, "further", goes_further(check));
	string(json, "title", check->title);
	string(json, "state", state_name(check->state));
	string(json, "reason", check->reason);
	number(json, "points", passed ? check->points : 0);
	number(json, "max_points", is_counted(check) ? check->points : 0);
	string(json, "show", check->show);
	put_needs(json, check->needs);
	put_account(json, check);
	close_bracket(json, '}');
}

static void put_predictions(struct json *json, const struct report *report)
{
	open_bracket(json, "predictions", '[');
	for (size_t i = 0; i < report->prediction_count; i++) {
		const struct prediction *p = &report->predictions[i];

		open_bracket(json, NULL, '{');
		string(json, "id", p->id);
		string(json, "state", p->state);
		string(json, "answer", p->answer);
		string(json, "seen", p->seen);
		string(json, "sentence", p->sentence);
		close_bracket(json, '}');
	}
	close_bracket(json, ']');
}

static const char *outcome(const struct report *report)
{
	if (report->error != NULL)
		return "grader-error";
	return all_passed(report) ? "passed" : "failed";
}

static void put_score(struct json *json, const struct report *report)
{
	const struct tally *tally = &report->tally;
	bool broken = report->error != NULL;

	string(json, "state", outcome(report));
	string(json, "error", report->error);
	number(json, "points", broken ? -1 : tally->points);
	number(json, "max_points", broken ? -1 : tally->max_points);
	number(json, "passed", broken ? -1 : (int64_t)tally->passed);
	number(json, "counted", broken ? -1 : (int64_t)tally->counted);
	number(json, "further_passed",
	       broken ? -1 : (int64_t)tally->further_passed);
	number(json, "further", broken ? -1 : (int64_t)tally->further);
}

static void put_run(struct json *json, const struct fields *run)
{
	static const char *const program_names[] = {"name", "command"};
	static const char *const binary_names[] = {"name", "path"};

	number_field(json, "seed", run, "seed");
	number_field(json, "wall_ms", run, "wall-ms");
	string_field(json, "again", run);
	string_field(json, "hint", run);
	pairs(json, "programs", run, "program", program_names);
	pairs(json, "binaries", run, "binary", binary_names);
	strings(json, "remarks", run, "remark");
}

void render_json(const struct report *report, const struct view *view)
{
	struct json json = {0};
	bool broken = report->error != NULL;

	(void)view;
	open_bracket(&json, NULL, '{');
	number(&json, "format_version", FORMAT_VERSION);
	string(&json, "suite", "portlab");
	string_field(&json, "lab", &report->run);
	string_field(&json, "title", &report->run);
	string_field(&json, "submission", &report->run);
	put_score(&json, report);
	put_run(&json, &report->run);
	open_bracket(&json, "checks", '[');
	for (size_t i = 0; !broken && i < report->count; i++)
		put_check(&json, &report->checks[i]);
	close_bracket(&json, ']');
	put_predictions(&json, report);
	put_text(&json, "compiler", report->compiler);
	put_text(&json, "compiler_strict", report->strict);
	close_bracket(&json, '}');
	putchar('\n');
}
