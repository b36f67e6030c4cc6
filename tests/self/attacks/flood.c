/*
 * flood.c - a gibibyte on stdout, and as much on stderr
 */
#include "guard.h"

enum { CHUNK_BYTES = 1 << 20, CHUNKS = 1 << 10 };

int main(void)
{
	static char text[CHUNK_BYTES];
	int fd = fork() == 0 ? STDERR_FILENO : STDOUT_FILENO;

	memset(text, 'x', sizeof(text));
	for (int n = 0; n < CHUNKS; n++)
		if (write(fd, text, sizeof(text)) < 0)
			return 1;
	return 0;
}
