/*
 * report_input.c - reads checks.tsv and the folder of results
 *
 * What is the suite's or the driver's own (checks.tsv, run, tap, predictions)
 * has to be whole: anything else is the grader's failure. Evidence holds what
 * a student's program has said, so there is nothing that it may not hold; too
 * much of it is cut, visibly, and costs nobody a score.
 *
 * Next: report_trust.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "report.h"

enum {
	CONTROL_BYTES = 4 << 20,
	EVIDENCE_BYTES = 64 << 10,
	POINTS_MAX = 1000,
	COLUMNS = 6,
};

/* --- Lines and fields --- */

char *next_line(char **rest)
{
	if (*rest == NULL || **rest == '\0')
		return NULL;
	return strsep(rest, "\n");
}

int64_t parse_number(const char *text, int64_t max)
{
	int64_t n = 0;

	if (*text == '\0')
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		n = n * 10 + (*text - '0');
		if (n > max)
			return -1;
	}
	return n;
}

const char *field(const struct fields *fields, const char *key)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->list[i].key, key) == 0)
			return fields->list[i].value;
	return NULL;
}

int64_t field_number(const struct fields *fields, const char *key)
{
	const char *value = field(fields, key);

	return value == NULL ? -1 : parse_number(value, INT64_MAX / 11);
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/*
 * Make fields of their text. Returns the first line that is not "key: value",
 * and leaves out all that are not; NULL if there is none.
 */
static const char *parse_fields(struct fields *fields)
{
	char *text = fields->text, *line;
	const char *bad = NULL;

	fields->list = allocate(count_lines(text) * sizeof(struct field));
	while ((line = next_line(&text)) != NULL) {
		char *colon = strstr(line, ": ");

		if (colon == NULL || colon == line) {
			bad = bad == NULL ? line : bad;
			continue;
		}
		*colon = '\0';
		fields->list[fields->count++] = (struct field){line, colon + 2};
	}
	return bad;
}

/* Cut LINE at its TABs; the number of columns, of which COLUMNS are kept. */
static size_t split(char *line, char *column[COLUMNS])
{
	size_t n = 0;
	char *each;

	while ((each = strsep(&line, "\t")) != NULL) {
		if (n < COLUMNS)
			column[n] = each;
		n++;
	}
	return n;
}

/* --- Files --- */

/* What a file has, as it is; at is NULL if there is no such file. */
struct bytes {
	char *at;
	size_t len;
	uint64_t size; /* of the file, which may be more */
};

static bool read_fully(int fd, struct bytes *bytes, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return false;
	}
	bytes->size = (uint64_t)st.st_size;
	size_t want = bytes->size < limit ? (size_t)bytes->size : limit;

	bytes->at = allocate(want + 1);
	while (bytes->len < want) {
		ssize_t n = read(fd, bytes->at + bytes->len, want - bytes->len);

		if (n < 0)
			return false;
		if (n == 0) /* it has shrunk */
			break;
		bytes->len += (size_t)n;
	}
	return true;
}

/* Read NAME in DIR, LIMIT bytes at most. A FIFO does not hold us up. */
static bool read_bytes(struct report *report, int dir, const char *name,
		       size_t limit, struct bytes *bytes)
{
	int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	*bytes = (struct bytes){0};
	if (fd < 0)
		return errno == ENOENT ||
		       broken(report, "%s: %s", name, strerror(errno));

	bool done = read_fully(fd, bytes, limit);

	if (!done)
		broken(report, "%s cannot be read: %s", name, strerror(errno));
	close(fd);
	return done;
}

/* The text of a file that has to be whole; NULL, and broken, if it is not. */
static char *read_control(struct report *report, int dir, const char *name)
{
	struct bytes bytes;
	char *text = NULL;

	if (!read_bytes(report, dir, name, CONTROL_BYTES, &bytes))
		return NULL;
	if (bytes.at == NULL)
		broken(report, "there is no %s", name);
	else if (bytes.size > CONTROL_BYTES)
		broken(report, "%s has more than %d bytes", name,
		       CONTROL_BYTES);
	else if (bytes.len == 0)
		broken(report, "%s is empty", name);
	else if (bytes.at[bytes.len - 1] != '\n')
		broken(report, "%s ends in the middle of a line", name);
	else
		text = clean(bytes.at, bytes.len, report->ascii);
	free(bytes.at);
	return text;
}

/*
 * What is shown of a file of which SIZE bytes were too many: whole lines, if
 * there are any, and a line that says so, which is a field as well.
 */
static char *clean_cut(struct bytes *bytes, bool ascii)
{
	const char *end = memrchr(bytes->at, '\n', bytes->len);

	if (end != NULL)
		bytes->len = (size_t)(end - bytes->at) + 1;

	char *text = clean(bytes->at, bytes->len, ascii);
	char *whole;
	int n = asprintf(&whole, "%s%scut: %ju more bytes are not shown\n",
			 text, end != NULL ? "" : "\n",
			 (uintmax_t)bytes->size - bytes->len);

	if (n >= 0)
		free(text);
	return n >= 0 ? whole : text;
}

/* The text of a file that may be anything, or missing; NULL when broken. */
static char *read_evidence(struct report *report, int dir, const char *name)
{
	struct bytes bytes;

	if (!read_bytes(report, dir, name, EVIDENCE_BYTES, &bytes))
		return NULL;

	char *text = bytes.size > EVIDENCE_BYTES
			     ? clean_cut(&bytes, report->ascii)
			     : clean(bytes.at != NULL ? bytes.at : "",
				     bytes.len, report->ascii);

	free(bytes.at);
	return text;
}

/* --- checks.tsv --- */

struct check *find_check(struct report *report, const char *id)
{
	for (size_t i = 0; i < report->count; i++)
		if (strcmp(report->checks[i].id, id) == 0)
			return &report->checks[i];
	return NULL;
}

static bool is_id(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= ID_MAX_BYTES && text[len] == '\0';
}

/* Each need is an earlier check: so no two wait for one another. */
static bool good_needs(struct report *report, const char *needs)
{
	char list[1024], *rest = list, *id;

	if (strcmp(needs, "-") == 0)
		return true;
	if (snprintf(list, sizeof list, "%s", needs) >= (int)sizeof list)
		return false;
	while ((id = strsep(&rest, ",")) != NULL)
		if (find_check(report, id) == NULL)
			return false;
	return true;
}

static const char *check_trouble(struct report *report, char *column[COLUMNS])
{
	int64_t points = parse_number(column[2], POINTS_MAX);
	bool further = strcmp(column[1], "+") == 0;

	if (!is_id(column[0]))
		return "an id is of a-z, 0-9 and -";
	if (find_check(report, column[0]) != NULL)
		return "the id is there twice";
	if (!further && parse_number(column[1], POINTS_MAX) < 0)
		return "a step is a number or +";
	if (points < 0 || (further && points != 0))
		return "points are a number, and 0 for those that go further";
	if (strcmp(column[3], "visible") != 0 &&
	    strcmp(column[3], "hidden") != 0 && strcmp(column[3], "after") != 0)
		return "show is visible, hidden or after";
	if (!good_needs(report, column[4]))
		return "needs are ids of earlier lines with commas, or -";
	if (*column[5] == '\0')
		return "there is no title";
	return report->count < CHECKS_MAX ? NULL : "there are too many checks";
}

static bool take_check(struct report *report, char *line, size_t number)
{
	char *column[COLUMNS];
	const char *trouble;

	if (split(line, column) != COLUMNS)
		trouble = "there are not six columns";
	else
		trouble = check_trouble(report, column);
	if (trouble != NULL)
		return broken(report, "checks.tsv, line %zu: %s", number,
			      trouble);
	report->checks[report->count++] = (struct check){
		.id = column[0],
		.step = column[1],
		.points = (int)parse_number(column[2], POINTS_MAX),
		.show = column[3],
		.needs = column[4],
		.title = column[5],
		.ladder = "",
		.sanitizer = "",
	};
	return true;
}

static bool read_checks(struct report *report, int lab)
{
	static const char header[] = "id\tstep\tpoints\tshow\tneeds\ttitle";
	char *text = report->checks_text =
		read_control(report, lab, "checks.tsv");
	char *line = next_line(&text);

	if (line == NULL)
		return false;
	if (strcmp(line, header) != 0)
		return broken(report, "checks.tsv, line 1: not its header");
	for (size_t n = 2; (line = next_line(&text)) != NULL; n++)
		if (!take_check(report, line, n))
			return false;
	return report->count > 0 || broken(report, "checks.tsv has no check");
}

/* --- The folder of results --- */

static size_t count_key(const struct fields *fields, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < fields->count; i++)
		n += strcmp(fields->list[i].key, key) == 0;
	return n;
}

/* Keys that say one thing say it once; a number is a number. */
static bool check_run(struct report *report)
{
	static const struct {
		const char *key;
		bool required, number;
	} known[] = {
		{"lab", true, false},	      {"title", true, false},
		{"submission", false, false}, {"seed", false, true},
		{"wall-ms", false, true},     {"runner-status", true, true},
		{"again", false, false},      {"hint", false, false},
		{"next", false, false},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		const char *key = known[i].key;
		size_t seen = count_key(&report->run, key);

		if (seen > 1)
			return broken(report, "run has '%s' twice", key);
		if (seen == 0 && known[i].required)
			return broken(report, "run has no '%s'", key);
		if (seen == 1 && known[i].number &&
		    field_number(&report->run, key) < 0)
			return broken(report, "run: %s is not a number: '%s'",
				      key, field(&report->run, key));
	}
	return true;
}

static bool read_run(struct report *report, int dir)
{
	report->run.text = read_control(report, dir, "run");
	if (report->run.text == NULL)
		return false;

	const char *bad = parse_fields(&report->run);
	const char *why = field(&report->run, "broken");

	if (why != NULL)
		return broken(report, "%s", why);
	if (bad != NULL)
		return broken(report, "run: not 'key: value': '%s'", bad);
	return check_run(report);
}

static bool read_check(struct report *report, int dir, struct check *check)
{
	char name[ID_MAX_BYTES + 32];

	snprintf(name, sizeof name, "checks/%s/account", check->id);
	check->account.text = read_evidence(report, dir, name);
	snprintf(name, sizeof name, "checks/%s/ladder", check->id);
	check->ladder = read_evidence(report, dir, name);
	snprintf(name, sizeof name, "checks/%s/sanitizer", check->id);
	check->sanitizer = read_evidence(report, dir, name);
	if (check->account.text == NULL || check->ladder == NULL ||
	    check->sanitizer == NULL)
		return false;
	(void)parse_fields(&check->account);
	return true;
}

/* No points hang on a prediction: a line that is none is only counted. */
static bool read_predictions(struct report *report, int dir)
{
	char *text = report->predictions_text =
		read_evidence(report, dir, "predictions");
	char *line, *column[COLUMNS];

	if (text == NULL)
		return false;
	report->predictions =
		allocate(count_lines(text) * sizeof *report->predictions);
	while ((line = next_line(&text)) != NULL) {
		if (split(line, column) != 5) {
			report->bad_predictions++;
			continue;
		}
		report->predictions[report->prediction_count++] =
			(struct prediction){column[0], column[1], column[2],
					    column[3], column[4]};
	}
	return true;
}

static bool read_results(struct report *report, int dir)
{
	report->tap = read_control(report, dir, "tap");
	report->compiler = read_evidence(report, dir, "compiler");
	report->strict = read_evidence(report, dir, "compiler-strict");
	if (report->tap == NULL || report->compiler == NULL ||
	    report->strict == NULL || !read_predictions(report, dir))
		return false;
	for (size_t i = 0; i < report->count; i++)
		if (!read_check(report, dir, &report->checks[i]))
			return false;
	return true;
}

/* The run comes first: it may say of itself that all else is void. */
static bool read_all(struct report *report, const char *lab_dir, int results)
{
	if (!read_run(report, results))
		return false;

	int lab = open(lab_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lab < 0)
		return broken(report, "the lab's folder: %s", strerror(errno));

	bool done = read_checks(report, lab);

	close(lab);
	return done && read_results(report, results);
}

bool report_read(struct report *report, const char *lab_dir, const char *dir)
{
	int results = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (results < 0)
		return broken(report, "the folder of results: %s",
			      strerror(errno));

	bool done = read_all(report, lab_dir, results);

	close(results);
	return done;
}
