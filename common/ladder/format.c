/*
 * format.c - text that is put together piece by piece
 *
 * Counterpart: format.h.
 */
#include "format.h"

#include <stdio.h>

size_t format_add(char *buf, size_t size, size_t len, const char *format,
		  va_list args)
{
	size_t left = size - len;
	int n = vsnprintf(buf + len, left, format, args);

	if (n < 0)
		return len;
	return len + ((size_t)n < left ? (size_t)n : left - 1);
}
