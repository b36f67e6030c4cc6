/*
 * report_clean.c - bytes from outside, made fit to be shown
 *
 * A student's program may print anything: sequences that clear the screen or
 * set the window's title, characters that reverse the text after them, or
 * half a character. All that is read passes through here once, so that no
 * format can forget to escape it.
 *
 * Next: report_input.c.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "report.h"

/* One byte becomes \xHH; the worst of a character, 4 bytes, <U+10FFFF>. */
enum { WORST_FACTOR = 4 };

/*
 * The length of the character at AT, of which LEFT bytes are there, by RFC
 * 3629: neither longer than it need be nor a surrogate. 0 if there is none.
 */
static size_t decode(const unsigned char *at, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	size_t len = *at < 0x80	  ? 1
		     : *at < 0xc0 ? 0
		     : *at < 0xe0 ? 2
		     : *at < 0xf0 ? 3
		     : *at < 0xf8 ? 4
				  : 0;

	if (len == 0 || len > left)
		return 0;
	uint32_t c = *at & mask[len];
	for (size_t i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

/* Characters beyond ASCII that nobody sees, or that move others. */
static bool is_hidden(uint32_t code)
{
	static const struct {
		uint32_t first, last;
	} hidden[] = {{0x80, 0x9f},	  {0xad, 0xad},	    {0x61c, 0x61c},
		      {0x180e, 0x180e},	  {0x200b, 0x200f}, {0x2028, 0x202e},
		      {0x2060, 0x206f},	  {0xfeff, 0xfeff}, {0xfff9, 0xfffb},
		      {0xfffe, 0xffff},	  {0xe000, 0xf8ff}, {0xe0000, 0xe0fff},
		      {0xf0000, 0x10ffff}};

	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (code >= hidden[i].first && code <= hidden[i].last)
			return true;
	return false;
}

/* What the ladder and the compilers draw with, in ASCII; 0 for all else. */
static char look_alike(uint32_t code)
{
	static const struct {
		uint32_t code;
		char ascii;
	} pairs[] = {{0x2502, '|'},  {0x2500, '-'}, {0x251c, '|'},
		     {0x2524, '|'},  {0x2514, '`'}, {0x25b6, '>'},
		     {0x25c0, '<'},  {0x2717, 'X'}, {0x25cf, 'o'},
		     {0xb5, 'u'},    {0x2026, '~'}, {0x2018, '\''},
		     {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (code == pairs[i].code)
			return pairs[i].ascii;
	return 0;
}

static bool is_plain(uint32_t code)
{
	return code == '\n' || code == '\t' || (code >= 0x20 && code < 0x7f);
}

/* Write the character or byte at AT to OUT; its length, and OUT's in *N. */
static size_t clean_one(const unsigned char *at, size_t left, bool ascii,
			char *out, size_t *n)
{
	uint32_t code = 0;
	size_t len = decode(at, left, &code);

	if (len == 0 || (len == 1 && !is_plain(code))) {
		*n = (size_t)sprintf(out, "\\x%02x", *at);
		return 1;
	}
	*n = 1;
	if (len > 1 && ascii && look_alike(code) != 0)
		*out = look_alike(code);
	else if (len > 1 && (ascii || is_hidden(code)))
		*n = (size_t)sprintf(out, "<U+%04X>", (unsigned)code);
	else
		memcpy(out, at, *n = len);
	return len;
}

void *allocate(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (memory == NULL) {
		cli_warn_errno("the grader itself failed");
		exit(REPORT_BROKEN);
	}
	return memory;
}

char *clean(const void *bytes, size_t len, bool ascii)
{
	const unsigned char *at = bytes;
	char *text = allocate(WORST_FACTOR * len + 1);
	size_t used = 0, n;

	while (len > 0) {
		size_t taken = clean_one(at, len, ascii, text + used, &n);

		at += taken;
		len -= taken;
		used += n;
	}
	text[used] = '\0';

	char *fitted = realloc(text, used + 1);

	return fitted != NULL ? fitted : text;
}
