/*
 * format.h - text that is put together piece by piece
 */
#ifndef LADDER_FORMAT_H
#define LADDER_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Add to the LEN bytes of text in BUF, of SIZE, as much as has room. The new
 * length; a NUL follows it.
 */
__attribute__((format(printf, 4, 0))) size_t format_add(char *buf, size_t size,
							size_t len,
							const char *format,
							va_list args);

#endif
