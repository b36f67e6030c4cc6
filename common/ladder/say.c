/*
 * say.c - what the ladder has to say beside what it draws
 *
 * Counterpart: say.h.
 */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char say_usage_line[] = "usage: ladder [OPTION]... [FILE [FILE]]";

void say_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	if (errno == EPIPE)
		_exit(0); /* nobody reads on: no failure of ours */
	fprintf(stderr, "ladder: cannot write: %s\n", strerror(errno));
	_exit(EXIT_FAILURE);
}

void say_warn(const char *format, ...)
{
	va_list args;

	say_flush();
	va_start(args, format);
	fputs("ladder: ", stderr);
	vfprintf(stderr, format, args);
	putc('\n', stderr);
	va_end(args);
}

void say_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ladder: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n%s\n", say_usage_line);
	va_end(args);
	exit(EXIT_USAGE);
}
