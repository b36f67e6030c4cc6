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
	 * from there on. A "#" is not sent by any client: 400.
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

/* "HTTP/1.1" sets the minor version. */
static int parse_version(struct request *r, const char *text, size_t len)
{
	/*
	 * Step 2: return 400 if it is not "HTTP/", a digit, "." and a digit;
	 * 505 if the first digit is not 1. Until then all is well.
	 */
	if (len > 0)
		r->minor = text[len - 1] == '0' ? 0 : 1;
	return 0;
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
	 * method_of(), parse_version(), and if the method is METHOD_GET or more
	 * parse_target(). Return 0, or the status that one of the two returns.
	 */
	(void)r;
	(void)end;
	(void)target;
	(void)method_of;
	(void)parse_version;
	(void)parse_target;
	todo(1, "the request line, in parse_request_line(), request.c");
}

/* --- Fields: each takes its value, and returns 0 or a status --- */

static int take_host(struct request *r, const char *value, size_t len)
{
	/*
	 * Step 3: return 400 if there was one already, or if it is no
	 * http_is_authority(). judge() asks whether there was any.
	 */
	(void)value;
	(void)len;
	r->host = true;
	return 0;
}

static int take_connection(struct request *r, const char *value, size_t len)
{
	/*
	 * Step 3: it is a list: set r->close and r->keep_alive if it has such a
	 * member, by http_has_member(). The field may come several times.
	 */
	(void)r;
	(void)value;
	(void)len;
	return 0;
}

static int take_length(struct request *r, const char *value, size_t len)
{
	/*
	 * Step 3: the number, into r->length. It may have more digits than any
	 * number has here: stop when it is beyond BODY_BYTES.
	 *
	 * Step 5: return 400 if there was one already, or if it is not only
	 * digits: http_digits().
	 */
	(void)r;
	(void)value;
	(void)len;
	return 0;
}

static int take_coding(struct request *r, const char *value, size_t len)
{
	/*
	 * Step 3: set r->chunked: is_last() in response.c wants to know.
	 *
	 * Step 5: it is a list: http_member(). "chunked", in letters of any
	 * case, must be its last member, once: set r->chunked. For any other,
	 * set r->other_coding. No member at all, or one behind "chunked": 400.
	 */
	(void)r;
	(void)value;
	(void)len;
	return 0;
}

static int take_since(struct request *r, const char *value, size_t len)
{
	/* Step 2: r->since, by part_of(). If it comes twice, of length 0. */
	(void)r;
	(void)value;
	(void)len;
	return 0;
}

/* NAME ":" VALUE. Fields of which we know nothing are passed over. */
static int parse_field(struct request *r, const char *line, size_t len)
{
	static const struct {
		const char *name;
		int (*take)(struct request *r, const char *value, size_t len);
	} known[] = {
		{"Host", take_host},
		{"Connection", take_connection},
		{"Content-Length", take_length},
		{"Transfer-Encoding", take_coding},
		{"If-Modified-Since", take_since},
	};
	size_t name_len = http_token(line, len);
	const char *value = line + name_len + 1;
	size_t value_len = 0;

	/*
	 * Step 2: the value is what is behind the colon, without the blanks
	 * around it: http_trim(). A line without a colon is 400.
	 *
	 * Step 5: the name is what http_token() says, of one byte at least, and
	 * the colon is right behind it, or it is 400. Count the fields in
	 * r->fields: more than FIELDS_MAX are 431.
	 */
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (http_is(line, name_len, known[i].name))
			return known[i].take(r, value, value_len);
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
