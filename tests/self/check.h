/*
 * check.h - the smallest harness that a test program in C needs
 *
 * A test program is a table of named functions. Without an argument it lists
 * the names; with one it runs that test in this very process, so that a test
 * may change limits and namespaces as it likes. Status 0 passed, 77 skipped,
 * with the reason on stdout, 2 usage, 3 failed: not 1, by which what is tested
 * may end. A test that leaves a descriptor open, or closes one that is not its
 * own, has failed.
 *
 * Next: net_test.c, cli_test.c.
 */
#ifndef PORTLAB_CHECK_H
#define PORTLAB_CHECK_H

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_FAILED = 3, CHECK_USAGE = 2, CHECK_SKIPPED = 77 };

struct check_test {
	const char *name;
	void (*run)(void);
};

/* Unlike assert(3) not taken away by NDEBUG. */
#define CHECK(condition) \
	((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

/* EXPRESSION is -1, and errno is EXPECTED. */
#define CHECK_ERRNO(expression, expected) \
	CHECK((errno = 0, (expression) == -1 && errno == (expected)))

_Noreturn static inline void check_failed(const char *file, int line,
					  const char *condition)
{
	int err = errno;

	printf("%s:%d: failed: %s (errno %d, %s)\n", file, line, condition, err,
	       strerror(err));
	exit(CHECK_FAILED);
}

_Noreturn static inline void check_skip(const char *reason)
{
	printf("skip: %s\n", reason);
	exit(CHECK_SKIPPED);
}

/* How many descriptors are open, one more than in truth for the counting. */
static inline size_t check_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK(folder != NULL);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

static inline int check_main(int argc, char **argv,
			     const struct check_test *tests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (argc < 2) {
			puts(tests[i].name);
		} else if (argc == 2 && strcmp(argv[1], tests[i].name) == 0) {
			size_t before = check_descriptors();

			tests[i].run();
			CHECK(check_descriptors() == before);
			return 0;
		}
	}
	if (argc < 2)
		return 0;
	fprintf(stderr, "usage: %s [NAME]\n", argv[0]);
	return CHECK_USAGE;
}

#endif
