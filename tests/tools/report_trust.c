/*
 * report_trust.c - believes the runner's TAP, or says why not
 *
 * A score is given only if all of it fits together: the plan comes first and
 * is kept to, each check of checks.tsv is there exactly once and no other is,
 * what is skipped is skipped for a reason that holds, and the runner's status
 * says the same. Anything else is the grader's failure and nobody's zero.
 *
 * Next: report_text.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

struct tap {
	int64_t plan; /* -1: not seen */
	int64_t seen; /* results */
	size_t failed;
};

/* --- What else is asked of a check --- */

bool goes_further(const struct check *check)
{
	return strcmp(check->step, "+") == 0;
}

bool is_counted(const struct check *check)
{
	return check->state != STATE_LEFT_OUT && check->state != STATE_NOT_HERE;
}

const char *state_name(enum state state)
{
	static const char *const names[] = {"unknown",	"passed",
					    "failed",	"not-checked",
					    "left-out", "not-here"};

	return names[state];
}

/* Whether CHECK needs ID, itself or by what it needs. */
static bool depends(struct report *report, const struct check *check,
		    const char *id)
{
	char list[1024], *rest = list, *each;

	if (strcmp(check->needs, "-") == 0)
		return false;
	snprintf(list, sizeof list, "%s", check->needs);
	while ((each = strsep(&rest, ",")) != NULL)
		if (strcmp(each, id) == 0 ||
		    depends(report, find_check(report, each), id))
			return true;
	return false;
}

/* --- A line of the TAP --- */

/* What stands behind PREFIX in TEXT; NULL if TEXT does not begin with it. */
static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* The reason of the last " # skip" in WORDS; NULL without one. */
static const char *skip_reason(const char *words)
{
	static const char mark[] = " # skip";
	const char *found = NULL;

	for (const char *at = words; (at = strstr(at, mark)) != NULL; at++)
		found = at + strlen(mark);
	if (found == NULL || (*found != ' ' && *found != '\0'))
		return NULL;
	return *found == ' ' ? found + 1 : found;
}

static bool set_skipped(struct report *report, struct check *check,
			const char *reason)
{
	if ((check->reason = after(reason, "needs ")) != NULL)
		check->state = STATE_NOT_CHECKED;
	else if ((check->reason = after(reason, "left out: ")) != NULL)
		check->state = STATE_LEFT_OUT;
	else if ((check->reason = after(reason, "not here: ")) != NULL)
		check->state = STATE_NOT_HERE;
	else
		return broken(report,
			      "check '%s' was skipped for a reason that is "
			      "none: '%s'",
			      check->id, reason);
	return true;
}

/* LINE is what stands behind "ok " or "not ok ": a number, an id and words. */
static bool take_result(struct report *report, struct tap *tap, char *line,
			bool ok)
{
	char *words = line;
	const char *number = strsep(&words, " ");
	const char *id = words;
	char *colon = words != NULL ? strstr(words, ": ") : NULL;

	if (colon == NULL)
		return broken(report, "a result in the TAP has no id: '%s'",
			      line);
	*colon = '\0';
	if (parse_number(number, CHECKS_MAX) != ++tap->seen)
		return broken(report,
			      "result '%s' of the TAP came where %jd was due",
			      number, (intmax_t)tap->seen);

	struct check *check = find_check(report, id);
	const char *reason = skip_reason(colon + 1);

	if (check == NULL)
		return broken(report,
			      "the TAP has a check that nobody knows: "
			      "'%s'",
			      id);
	if (check->state != STATE_UNKNOWN)
		return broken(report, "the TAP has check '%s' twice", id);
	if (reason != NULL && !ok)
		return broken(report, "check '%s' failed and was skipped", id);
	if (reason != NULL)
		return set_skipped(report, check, reason);
	check->state = ok ? STATE_PASSED : STATE_FAILED;
	tap->failed += !ok;
	return true;
}

static bool take_plan(struct report *report, struct tap *tap, const char *text)
{
	if (tap->plan >= 0)
		return broken(report, "the TAP has two plans");
	tap->plan = parse_number(text, CHECKS_MAX);
	if (tap->plan < 0)
		return broken(report, "the TAP's plan is none: '1..%s'", text);
	return true;
}

static bool take_line(struct report *report, struct tap *tap, char *line)
{
	bool not_ok = after(line, "not ok ") != NULL;
	bool ok = after(line, "ok ") != NULL;

	if (*line == '#')
		return true;
	if (after(line, "1..") != NULL)
		return take_plan(report, tap, line + strlen("1.."));
	if (!ok && !not_ok)
		return broken(report, "a line of the TAP is none: '%.60s'",
			      line);
	if (tap->plan < 0)
		return broken(report, "the TAP does not begin with its plan");
	return take_result(report, tap, strchr(line, 'k') + 2, ok);
}

/* --- All of it --- */

static bool check_plan(struct report *report, const struct tap *tap)
{
	if (tap->plan < 0)
		return broken(report, "the TAP has no plan");
	if (tap->plan != tap->seen)
		return broken(report,
			      "the TAP plans %jd results and has %jd of them",
			      (intmax_t)tap->plan, (intmax_t)tap->seen);
	for (size_t i = 0; i < report->count; i++)
		if (report->checks[i].state == STATE_UNKNOWN)
			return broken(report, "the TAP lacks check '%s'",
				      report->checks[i].id);
	return true;
}

static bool check_status(struct report *report, const struct tap *tap)
{
	const char *status = field(&report->run, "runner-status");

	if (strcmp(status, tap->failed > 0 ? "1" : "0") == 0)
		return true;
	return broken(report,
		      "the runner ended with status %s, but %zu of its checks "
		      "failed",
		      status, tap->failed);
}

/*
 * Check what is said to be needed. What waits for a check that was left out,
 * or cannot be made here, is so itself: it is nobody's fault.
 */
static bool check_needs(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		struct check *check = &report->checks[i];

		if (check->state != STATE_NOT_CHECKED)
			continue;
		if (!depends(report, check, check->reason))
			return broken(report,
				      "check '%s' was skipped for '%s', which "
				      "it does not need",
				      check->id, check->reason);

		const struct check *need = find_check(report, check->reason);

		if (need->state == STATE_PASSED)
			return broken(report,
				      "check '%s' was skipped for '%s', which "
				      "passed",
				      check->id, check->reason);
		if (!is_counted(need)) {
			check->state = need->state;
			check->reason = need->reason;
		}
	}
	return true;
}

static bool count(struct report *report)
{
	struct tally *tally = &report->tally;

	for (size_t i = 0; i < report->count; i++) {
		const struct check *check = &report->checks[i];
		bool passed = check->state == STATE_PASSED;

		tally->left_out += check->state == STATE_LEFT_OUT;
		tally->not_here += check->state == STATE_NOT_HERE;
		if (!is_counted(check))
			continue;
		if (goes_further(check)) {
			tally->further++;
			tally->further_passed += passed;
			continue;
		}
		tally->counted++;
		tally->passed += passed;
		tally->max_points += check->points;
		tally->points += passed ? check->points : 0;
	}
	return tally->counted + tally->further > 0 ||
	       broken(report, "not one check was made");
}

bool all_passed(const struct report *report)
{
	const struct tally *tally = &report->tally;

	return tally->passed == tally->counted &&
	       tally->further_passed == tally->further;
}

bool report_trust(struct report *report)
{
	struct tap tap = {.plan = -1};
	char *rest = report->tap, *line;
	const char *status = field(&report->run, "runner-status");

	if (strcmp(status, "0") != 0 && strcmp(status, "1") != 0)
		return broken(report, "the runner ended with status %s",
			      status);
	while ((line = next_line(&rest)) != NULL)
		if (!take_line(report, &tap, line))
			return false;
	return check_plan(report, &tap) && check_status(report, &tap) &&
	       check_needs(report) && count(report);
}
