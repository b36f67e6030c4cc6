/*
 * report_tsv.c - a line a check, for scripts: id, state, points, maximum
 *
 * The last column adds up to the maximum of the run: what was left out has 0.
 *
 * Next: README.md, the formats.
 */
#include <stdio.h>

#include "report.h"

void render_tsv(const struct report *report, const struct view *view)
{
	(void)view;
	for (size_t i = 0; i < report->count; i++) {
		const struct check *check = &report->checks[i];
		bool passed = check->state == STATE_PASSED;

		printf("%s\t%s\t%d\t%d\n", check->id, state_name(check->state),
		       passed ? check->points : 0,
		       is_counted(check) ? check->points : 0);
	}
}
