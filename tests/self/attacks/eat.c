/*
 * eat.c - all the memory that there is, in several processes
 *
 * Their name is one that is hard to read in /proc/PID/stat.
 */
#include "guard.h"

#include <stdlib.h>

enum { CHUNK_BYTES = 1 << 20 };

int main(void)
{
	(void)fork();
	(void)fork();
	(void)prctl(PR_SET_NAME, ") Z 1 (\n9", 0, 0, 0);
	for (;;) {
		char *p = malloc(CHUNK_BYTES);

		if (p != NULL)
			memset(p, 1, CHUNK_BYTES);
	}
}
