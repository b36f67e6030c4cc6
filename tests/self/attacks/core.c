/*
 * core.c - leave a large core
 */
#include "guard.h"

#include <stdlib.h>

enum { BYTES = 100 << 20 };

int main(void)
{
	const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
	char *text = malloc(BYTES);

	(void)setrlimit(RLIMIT_CORE, &all);
	if (text != NULL)
		memset(text, 'x', BYTES);
	abort();
}
