/*
 * svg_text.c - text in an SVG: escaped, measured and broken into lines
 *
 * Counterpart: svg_text.h.
 */
#include "svg_text.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of the UTF-8 character at TEXT, or 0 if it is none (RFC 3629). */
static size_t utf8_len(const unsigned char *text)
{
	unsigned char c = text[0];
	size_t len = c < 0x80		      ? 1
		     : c >= 0xc2 && c < 0xe0  ? 2
		     : c >= 0xe0 && c < 0xf0  ? 3
		     : c >= 0xf0 && c <= 0xf4 ? 4
					      : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && text[1] < 0xa0) || (c == 0xed && text[1] > 0x9f) ||
	    (c == 0xf0 && text[1] < 0x90) || (c == 0xf4 && text[1] > 0x8f))
		return 0;
	if (c == 0xef && text[1] == 0xbf && text[2] >= 0xbe)
		return 0; /* U+FFFE and U+FFFF: no characters of XML */
	return len;
}

static const char *entity(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return c < ' ' || c == 0x7f ? "?" : NULL;
	}
}

void svg_put_text(FILE *out, const char *text)
{
	while (*text != '\0') {
		const unsigned char *at = (const unsigned char *)text;
		size_t len = utf8_len(at);
		const char *instead = len == 0 ? "?" : entity(*at);

		if (instead != NULL)
			fputs(instead, out);
		else
			fwrite(text, 1, len, out);
		text += len > 0 ? len : 1;
	}
}

/* Width of the byte C in thousandths of the font's size. */
static int advance(unsigned char c)
{
	if (c >= 0x80)
		return (c & 0xc0) == 0x80 ? 0 : 1000;
	if (strchr("ijlI.,:;'|! ", c) != NULL)
		return 410;
	if (strchr("()[]/\\tfr-\"", c) != NULL)
		return 480;
	if (strchr("mwMW%@#", c) != NULL)
		return 1080;
	if ((c >= 'A' && c <= 'Z') || strchr("<>=+&~", c) != NULL)
		return 840;
	return 660;
}

int svg_text_width(const char *text, int size)
{
	int width = 0;

	for (; *text != '\0'; text++)
		width += advance((unsigned char)*text);
	return (int)((long)width * size / 1000);
}

size_t svg_line_len(const char *text, int size, int width)
{
	long room = (long)width * 1000 / size;
	size_t i = 0, at_space = 0;

	for (; text[i] != '\0'; i++) {
		room -= advance((unsigned char)text[i]);
		if (room < 0 && i > 0)
			return at_space > 0 ? at_space : i;
		if (text[i] == ' ')
			at_space = i;
	}
	return i;
}

const char *svg_next_line(const char *text, size_t len)
{
	text += len;
	while (*text == ' ')
		text++;
	return text;
}

int svg_count_lines(const char *text, int size, int width)
{
	int lines = 0;

	while (*text != '\0') {
		text = svg_next_line(text, svg_line_len(text, size, width));
		lines++;
	}
	return lines;
}
