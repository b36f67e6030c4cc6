/*
 * request.c - the head of a request, RFC 9112, sections 2 to 6
 *
 * Two servers that read the same bytes and find different requests in them can
 * be played off against each other (request smuggling, RFC 9112, section 11.2).
 * So, with step 5, whatever can be read in two ways is refused: a line that
 * ends in LF without CR, a CR or NUL anywhere, a space before a colon, a folded
 * line, a length that is given twice or with Transfer-Encoding.
 *
 * Next: files.c.
 */
#include "httpd.h"

#include <string.h>
#include <strings.h>

static struct part part_of(const struct request *r, const char *text,
			   size_t len)
{
	return (struct part){(size_t)(text - r->head), len};
}

/* --- The request line --- */

/* "/path?query", or "http://host/path?query" (RFC 9112, section 3.2). */
static int parse_target(struct request *r, const char *text, size_t len)
{
	/*
	 * Step 1: it must begin with "/"; if not, return 400. Set r->path, by
	 * part_of(), to all of it.
	 *
	 * Step 2: if there is a "?", the path ends before it, and r->query is
	 * from there on. A "#" is not sent by any client, nor a tab: 400.
	 *
	 * Step 3: it may also begin with "http://" (in letters of any case) and
	 * a host, which http_is_authority() accepts; the path is behind that,
	 * and may be empty.
	 */
	(void)part_of;
	(void)r;
	(void)text;
	(void)len;
	todo(1, "the target, in parse_target(), request.c");
}

static enum method method_of(const char *text, size_t len)
{
	/*
	 * Step 2: METHOD_HEAD; METHOD_OTHER, if http_is_method() says so; and
	 * METHOD_UNKNOWN. Until then all is GET.
	 */
	(void)text;
	(void)len;
	return METHOD_GET;
}

/* METHOD SP TARGET SP VERSION, with one space each and nothing else. */
static int parse_request_line(struct request *r, const char *line, size_t len)
{
	const char *end = line + len;
	size_t method_len = http_token(line, len);
	const char *target = line + method_len + 1;
	/*
	 * Step 1: behind the method there is one space, at target[-1], and the
	 * target; behind that, another space (memchr(3) finds it) and the
	 * version. None of the three may be empty. Is it so? If not, return
	 * 400. Read no byte from END on: there is none. Then set r->method, by
	 * method_of(), and return what parse_target() says; but 0, if the
	 * method is less than METHOD_GET.
	 *
	 * Step 2: the version, by http_version(): return 400 if it is none, 505
	 * if it is less than 10 or more than 19. Set r->minor.
	 */
	(void)r;
	(void)end;
	(void)target;
	(void)method_of;
	(void)parse_target;
	todo(1, "the request line, in parse_request_line(), request.c");
}

/* --- Fields --- */

/* Transfer-Encoding is a list, of which "chunked" is the last, once. */
static int parse_coding(struct request *r, const char *value, size_t len)
{
	/*
	 * Step 3: set r->chunked: is_last() in response.c wants to know.
	 *
	 * Step 5: go through the list, by http_member(). For "chunked", in
	 * letters of any case, set r->chunked; for any other, r->other_coding.
	 * Return 400 if there is no member at all, or one behind "chunked".
	 */
	(void)r;
	(void)value;
	(void)len;
	return 0;
}

/* What we know of a field; all others are passed over. */
static int take_field(struct request *r, const char *name, size_t name_len,
		      const char *value, size_t len)
{
	/*
	 * Compare the name with those that you know, in letters of any case:
	 * http_is(name, name_len, "Host").
	 *
	 * Step 2: If-Modified-Since: r->since, by part_of(); of length 0, if it
	 * comes twice, or beside If-None-Match.
	 *
	 * Step 3: Host: set r->has_host. Return 400 if there was one already,
	 * or if the value is no http_is_authority(). Connection is a list: set
	 * r->close and r->keep_alive if they are members: http_has_member(). It
	 * may come several times. Content-Length: r->length, by http_number(),
	 * and no more than BODY_BYTES. Transfer-Encoding: parse_coding().
	 *
	 * Step 5: Content-Length: set r->has_length. Return 400 if there was
	 * one already, or if it is no number.
	 */
	(void)r;
	(void)name;
	(void)name_len;
	(void)value;
	(void)len;
	(void)parse_coding;
	return 0;
}

/* NAME ":" VALUE, and no blank before the colon. */
static int parse_field(struct request *r, const char *line, size_t len)
{
	size_t name_len = http_token(line, len);
	const char *value = line + name_len + 1;

	/*
	 * Step 2: the name is what http_token() says, of one byte at least, and
	 * behind it is a colon; else return 400. The value is what is behind
	 * that, without the blanks around it: http_trim(). take_field().
	 *
	 * Step 5: count the fields, in r->fields: beyond FIELDS_MAX return 431.
	 */
	(void)r;
	(void)value;
	(void)take_field;
	return 0;
}

/* --- Lines --- */

/* The head is complete: is it clear what it means? */
static int judge(const struct request *r)
{
	/*
	 * Step 3: HTTP/1.1 without Host is 400; a body beyond BODY_BYTES, 413.
	 *
	 * Step 5: where would the body end? Return 400 if there is a coding and
	 * a length, or a coding in HTTP/1.0, or the last one is not "chunked"
	 * (RFC 9112, section 6.3); 501 if there is another before that.
	 */
	(void)r;
	return 200;
}

/* One line of LEN bytes, CR and LF among them. Returns 0 or a status. */
static int parse_line(struct request *r, const char *line, size_t len)
{
	bool first = r->line.len == 0;

	/*
	 * Step 2: return 400 if there is no CR before the LF; then there are
	 * two bytes at least. Until then it is believed.
	 */
	len -= len < 2 ? len : 2;
	if (first)
		r->line = part_of(r, line, len);
	/* Step 5: return 400 if the line http_has_control(). */
	if (first)
		return parse_request_line(r, line, len);
	return len > 0 ? parse_field(r, line, len) : judge(r);
}

/* What is exceeded by a line from AT to END, or that has no end before END. */
static int limit_passed(const struct request *r, size_t at, size_t end)
{
	/*
	 * Step 5: return 431 if the head has more than HEAD_BYTES; 414 if the
	 * line is the first (r->line.len is 0), and has more than
	 * REQUEST_LINE_BYTES. Until then a head that does not fit is 400.
	 */
	(void)r;
	(void)at;
	return end > HEAD_BYTES ? 400 : 0;
}

int request_parse(struct request *r, const char *head, size_t len)
{
	int status = 0;

	r->head = head;
	while (status == 0) {
		const char *lf =
			memchr(head + r->scanned, '\n', len - r->scanned);
		size_t end = lf ? (size_t)(lf - head) + 1 : len + 1;

		status = limit_passed(r, r->parsed, end);
		r->scanned = lf ? end : len;
		if (status != 0 || !lf)
			break;
		status = parse_line(r, head + r->parsed, end - r->parsed);
		r->parsed = end;
	}
	return status;
}

/* --- The name of the file --- */

int request_path(const struct request *r, char path[REQUEST_LINE_BYTES])
{
	const char *at = r->head + r->path.at, *end = at + r->path.len;
	size_t n = 0;

	/*
	 * Step 2: "%41" is "A": http_unescape(). Return 400 if it is no escape,
	 * or that of NUL, and 404 if it is that of a slash.
	 */
	for (; at < end; at++)
		if (n > 0 || *at != '/')
			path[n++] = *at;
	path[n] = '\0';
	return 200;
}
