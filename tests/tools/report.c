/*
 * report.c - what came out of a graded run, for whoever is to read it
 *
 * Usage: report [OPTION...] LABDIR DIR
 *
 *   --format text|json|tsv   text
 *   --all                    the details of all that failed, not of the first
 *   --color WHEN             always, never or auto
 *   --ascii, --unicode       for text; none: as the locale says
 *
 * LABDIR has checks.tsv, DIR what the run has left; README.md describes both
 * and the JSON. All is read and believed, or not, before anything is printed.
 *
 * Exit status: 0 all that counts has passed, 1 not all, 2 usage, 3 the grader
 * itself failed: then there is a sentence on stderr and nowhere a score.
 *
 * Next: report.h, which says what is where.
 */
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "report.h"

/* A further format is a further file, a line in report.h and one here. */
static const struct format {
	const char *name;
	void (*render)(const struct report *report, const struct view *view);
	bool unicode; /* whatever the locale says */
	bool always;  /* also when the grader failed */
} formats[] = {
	{"text", render_text, false, false},
	{"json", render_json, true, true},
	{"tsv", render_tsv, true, false},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct options {
	const struct format *format;
	enum when color;
	bool unicode;
	bool all;
	const char *lab_dir;
	const char *dir;
};

bool broken(struct report *report, const char *format, ...)
{
	char text[512];
	va_list args;

	if (report->error != NULL)
		return false;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* It may have been cut within a character. */
	report->error = clean(text, strlen(text), report->ascii);
	return false;
}

/* --- The command line --- */

static const struct format *parse_format(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0)
			return &formats[i];
	cli_usage_error("--format takes text, json or tsv, not '%s'", name);
}

static enum when parse_when(const char *name)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (int when = WHEN_AUTO; when <= WHEN_NEVER; when++)
		if (strcmp(names[when], name) == 0)
			return (enum when)when;
	cli_usage_error("--color takes always, never or auto, not '%s'", name);
}

static void take_option(struct options *options, int id)
{
	switch (id) {
	case 'f':
		options->format = parse_format(optarg);
		break;
	case 'a':
		options->all = true;
		break;
	case 'c':
		options->color = parse_when(optarg);
		break;
	case 'A':
	case 'U':
		options->unicode = id == 'U';
		break;
	default: /* getopt_long() has said what is wrong */
		cli_usage();
	}
}

static struct options parse_options(int argc, char *argv[])
{
	static const struct option known[] = {
		{"format", required_argument, NULL, 'f'},
		{"all", no_argument, NULL, 'a'},
		{"color", required_argument, NULL, 'c'},
		{"ascii", no_argument, NULL, 'A'},
		{"unicode", no_argument, NULL, 'U'},
		{NULL, 0, NULL, 0},
	};
	struct options options = {.format = &formats[0]};
	int id;

	setlocale(LC_CTYPE, "");
	options.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	while ((id = getopt_long(argc, argv, "", known, NULL)) != -1)
		take_option(&options, id);
	if (argc - optind != 2)
		cli_usage_error("LABDIR and DIR, not %d names", argc - optind);
	options.lab_dir = argv[optind];
	options.dir = argv[optind + 1];
	return options;
}

static bool use_color(enum when when)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (when != WHEN_AUTO)
		return when == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0 &&
	       (no_color == NULL || *no_color == '\0');
}

int main(int argc, char *argv[])
{
	static struct report report;

	cli_init(argv[0], "[--format text|json|tsv] [--all] "
			  "[--color always|never|auto] [--ascii|--unicode] "
			  "LABDIR DIR");
	cli_let_signals_kill();

	struct options options = parse_options(argc, argv);
	struct view view = {.all = options.all,
			    .color = use_color(options.color)};

	report.ascii = !options.unicode && !options.format->unicode;
	bool sound = report_read(&report, options.lab_dir, options.dir) &&
		     report_trust(&report);

	if (!sound)
		cli_warn("the grader itself failed: %s", report.error);
	if (sound || options.format->always)
		options.format->render(&report, &view);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		cli_warn_errno("the report cannot be written");
		return REPORT_BROKEN;
	}
	if (!sound)
		return REPORT_BROKEN;
	return all_passed(&report) ? CLI_OK : CLI_FAILED;
}
