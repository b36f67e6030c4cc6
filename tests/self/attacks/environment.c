/*
 * environment.c - learn from the environment and from stdin which check it is
 *
 * A program that knows could answer each check by heart.
 */
#include "guard.h"

#include <fcntl.h>

extern char **environ;

/* What any program may know. */
static bool is_usual(const char *pair)
{
	static const char *const usual[] = {"PATH=",	      "LC_ALL=",
					    "HOME=",	      "ASAN_OPTIONS=",
					    "UBSAN_OPTIONS=", "LSAN_OPTIONS="};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (strncmp(pair, usual[i], strlen(usual[i])) == 0)
			return true;
	return false;
}

int main(void)
{
	char text[GUARD_LINE_BYTES];

	for (char **pair = environ; *pair != NULL; pair++)
		if (!is_usual(*pair))
			(void)fprintf(stderr, "reached %s\n", *pair);
	if (fgets(text, sizeof(text), stdin) != NULL)
		(void)fprintf(stderr, "reached stdin: %s\n", text);
	if (open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0)
		(void)fprintf(stderr, "reached the terminal\n");
	return 0;
}
