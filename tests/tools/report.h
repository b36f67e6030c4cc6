/*
 * report.h - a graded run, as the reporter knows it
 *
 * report.c      the command line and the exit status
 * report_input.c    reads checks.tsv and the folder of results
 * report_clean.c    makes bytes from outside fit to be shown, at the door
 * report_trust.c    believes the runner's TAP, or says why not
 * report_text.c, report_json.c, report_tsv.c    one format each
 *
 * Every string here has passed through clean(): it is UTF-8 (ASCII with
 * --ascii) without a control character but LF and TAB. Nothing is freed before
 * the program ends.
 */
#ifndef PORTLAB_REPORT_H
#define PORTLAB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CHECKS_MAX = 200,
	ID_MAX_BYTES = 40,
	REPORT_BROKEN = 3, /* the exit status when the grader itself failed */
};

enum state {
	STATE_UNKNOWN, /* the runner has not said anything yet */
	STATE_PASSED,
	STATE_FAILED,
	STATE_NOT_CHECKED, /* what it needs did not pass */
	STATE_LEFT_OUT,	   /* its program was not given */
	STATE_NOT_HERE,	   /* this machine cannot check it */
};

/* Lines "key: value", in their order; a key may repeat. */
struct field {
	const char *key;
	const char *value;
};

struct fields {
	char *text; /* is cut into what the list points to */
	struct field *list;
	size_t count;
};

struct check {
	/* as checks.tsv has it */
	const char *id;
	const char *step;
	int points; /* to be had */
	const char *show;
	const char *needs; /* ids with commas, or "-" */
	const char *title;
	/* as the runner has it */
	enum state state;
	const char *reason; /* of one that was skipped: an id, or words */
	/* the evidence; "" or none where there is none */
	struct fields account;
	const char *ladder;
	const char *sanitizer;
};

struct prediction {
	const char *id;
	const char *state; /* right, wrong, unmeasured, open or no-choice */
	const char *answer;
	const char *seen;
	const char *sentence;
};

struct tally {
	int points, max_points;
	size_t passed, counted;		/* without those that go further */
	size_t further_passed, further; /* those that do */
	size_t left_out, not_here;
};

struct report {
	bool ascii;	   /* what clean() is to make of all that is read */
	struct fields run; /* the file `run` */
	struct check checks[CHECKS_MAX];
	size_t count;
	struct prediction *predictions;
	size_t prediction_count;
	size_t bad_predictions; /* lines that could not be read */
	/* these three are cut into their lines */
	char *checks_text;
	char *tap;
	char *predictions_text;
	const char *compiler;
	const char *strict;
	struct tally tally;
	const char *error; /* how the grader failed; NULL: it did not */
};

/* What the command line asks of a format. */
struct view {
	bool all; /* all that failed, not the first alone */
	bool color;
};

/*
 * The LEN bytes at BYTES as a string. Control characters and what is not
 * UTF-8 become \xHH, what changes the order of what stands around it or
 * cannot be seen becomes <U+202E>; with ASCII all else that is not ASCII
 * too, or a look-alike. LF and TAB stay. To be freed by whoever wants to.
 */
char *clean(const void *bytes, size_t len, bool ascii);

/* BYTES of memory, all 0, at least 1; ends the program if there are none. */
void *allocate(size_t bytes);

/* Note that the grader failed, unless that is known already. Is false. */
bool broken(struct report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Read all there is in LAB_DIR/checks.tsv and DIR. False when that is not
 * what a grader leaves: report->error says why, in a sentence.
 */
bool report_read(struct report *report, const char *lab_dir, const char *dir);

/* Give each check its state, and count. False as report_read(). */
bool report_trust(struct report *report);

/* The next line of *REST, which is stepped over; NULL at the end. */
char *next_line(char **rest);

/* The value of the first line with KEY; NULL without one. */
const char *field(const struct fields *fields, const char *key);

/* The same as a number; -1 without one. */
int64_t field_number(const struct fields *fields, const char *key);

/* A number in decimal digits and nothing else, to MAX < INT64_MAX / 10; -1 for
 * all else. */
int64_t parse_number(const char *text, int64_t max);

/* Check ID; NULL without one. */
struct check *find_check(struct report *report, const char *id);

bool goes_further(const struct check *check);

/* Whether it counts, for or against: it was not left out. */
bool is_counted(const struct check *check);

/* Whether all that counts has passed. */
bool all_passed(const struct report *report);

/* "passed", "not-checked" and so on. */
const char *state_name(enum state state);

/* The formats, on stdout. json alone is there for a grader that failed. */
void render_text(const struct report *report, const struct view *view);
void render_json(const struct report *report, const struct view *view);
void render_tsv(const struct report *report, const struct view *view);

#endif
