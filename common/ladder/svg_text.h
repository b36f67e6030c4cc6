/*
 * svg_text.h - text in an SVG: escaped, measured and broken into lines
 *
 * Which font a browser takes is not known here; text is measured with the
 * widest of those asked for, so that it has room in any of them.
 */
#ifndef LADDER_SVG_TEXT_H
#define LADDER_SVG_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* Write TEXT, UTF-8, as the content of an element. What XML forbids or is no
 * UTF-8 becomes "?". */
void svg_put_text(FILE *out, const char *text);

/* How wide TEXT is at most, in pixels, in a proportional font of SIZE. */
int svg_text_width(const char *text, int size);

/*
 * How many bytes of TEXT go on a line of WIDTH pixels. At least one, if
 * there is one; a word that is too long is cut.
 */
size_t svg_line_len(const char *text, int size, int width);

/* Step over a line of LEN bytes and the spaces behind it. */
const char *svg_next_line(const char *text, size_t len);

/* How many lines TEXT takes. */
int svg_count_lines(const char *text, int size, int width);

#endif
