/*
 * request.c - the head of a request, RFC 9112, sections 2 to 6
 *
 * Two servers that read the same bytes and find different requests in them can
 * be played off against each other (request smuggling, RFC 9112, section 11.2).
 * So whatever can be read in two ways is refused: a line that ends in LF
 * without CR, a CR or NUL anywhere, a space before a colon, a folded line, a
 * length that is given twice or with Transfer-Encoding.
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
	static const char scheme[] = "http://";
	size_t at = 0;

	/* A fragment is the client's own affair. Beyond ASCII all is taken. */
	if (memchr(text, '#', len) || memchr(text, '\t', len))
		return 400;
	if (strncasecmp(text, scheme, strlen(scheme)) == 0) {
		const char *host = text + strlen(scheme);
		size_t host_len = strcspn(host, "/? ");

		if (host_len == 0 || !http_is_authority(host, host_len))
			return 400;
		at = strlen(scheme) + host_len;
	} else if (*text != '/') {
		return 400;
	}
	const char *query = memchr(text + at, '?', len - at);
	size_t end = query ? (size_t)(query - text) : len;

	r->path = part_of(r, text + at, end - at);
	r->query = part_of(r, text + end, len - end);
	return 0;
}

static enum method method_of(const char *text, size_t len)
{
	if (len == 3 && memcmp(text, "GET", len) == 0)
		return METHOD_GET;
	if (len == 4 && memcmp(text, "HEAD", len) == 0)
		return METHOD_HEAD;
	return http_is_method(text, len) ? METHOD_OTHER : METHOD_UNKNOWN;
}

/* METHOD SP TARGET SP VERSION, with one space each and nothing else. */
static int parse_request_line(struct request *r, const char *line, size_t len)
{
	const char *end = line + len;
	size_t method_len = http_token(line, len);
	const char *target = line + method_len + 1;

	if (method_len == 0 || target >= end || target[-1] != ' ')
		return 400;
	const char *space = memchr(target, ' ', (size_t)(end - target));
	if (!space || space == target)
		return 400;
	r->method = method_of(line, method_len);
	int version = http_version(space + 1, (size_t)(end - space - 1));
	if (version < 10 || version > 19)
		return version < 0 ? 400 : 505;
	r->minor = version - 10;
	if (r->method < METHOD_GET)
		return 0;
	return parse_target(r, target, (size_t)(space - target));
}

/* --- Fields --- */

/* Transfer-Encoding is a list, of which "chunked" is the last, once. */
static int parse_coding(struct request *r, const char *value, size_t len)
{
	const char *at = value, *coding;
	size_t n;

	while ((coding = http_member(&at, value + len, &n)) != NULL) {
		if (r->chunked)
			return 400;
		r->chunked = http_is(coding, n, "chunked");
		r->other_coding |= !r->chunked;
	}
	return r->chunked || r->other_coding ? 0 : 400;
}

/* What we know of a field; all others are passed over. */
static int take_field(struct request *r, const char *name, size_t name_len,
		      const char *value, size_t len)
{
	if (http_is(name, name_len, "Host")) {
		if (r->has_host || !http_is_authority(value, len))
			return 400;
		r->has_host = true;
	} else if (http_is(name, name_len, "Connection")) {
		r->close |= http_has_member(value, len, "close");
		r->keep_alive |= http_has_member(value, len, "keep-alive");
	} else if (http_is(name, name_len, "Content-Length")) {
		r->length = http_number(value, len, BODY_BYTES);
		if (r->has_length || r->length < 0)
			return 400;
		r->has_length = true;
	} else if (http_is(name, name_len, "Transfer-Encoding")) {
		return parse_coding(r, value, len);
	} else if (http_is(name, name_len, "If-Modified-Since")) {
		/* RFC 9110, section 13.1.3: two of them are none. */
		r->since = part_of(r, value, r->since.at > 0 ? 0 : len);
	} else if (http_is(name, name_len, "If-None-Match")) {
		r->since = part_of(r, value, 0); /* and beside this, none */
	}
	return 0;
}

/* NAME ":" VALUE, and no blank before the colon. */
static int parse_field(struct request *r, const char *line, size_t len)
{
	size_t name_len = http_token(line, len);
	const char *value = line + name_len + 1;

	if (name_len == 0 || name_len == len || line[name_len] != ':')
		return 400;
	if (++r->fields > FIELDS_MAX)
		return 431;
	len = http_trim(&value, len - name_len - 1);
	return take_field(r, line, name_len, value, len);
}

/* --- Lines --- */

/* The head is complete: is it clear what it means? */
static int judge(const struct request *r)
{
	bool coded = r->chunked || r->other_coding;

	if (r->minor > 0 && !r->has_host)
		return 400;
	/* Where would the body end? RFC 9112, section 6.3. */
	if (coded && (r->has_length || r->minor == 0 || !r->chunked))
		return 400;
	if (r->other_coding)
		return 501;
	return r->length > BODY_BYTES ? 413 : 200;
}

/* One line of LEN bytes, CR and LF among them. Returns 0 or a status. */
static int parse_line(struct request *r, const char *line, size_t len)
{
	bool first = r->line.len == 0;

	if (len < 2 || line[len - 2] != '\r')
		return 400;
	len -= 2;
	if (first)
		r->line = part_of(r, line, len);
	if (http_has_control(line, len))
		return 400;
	if (first)
		return parse_request_line(r, line, len);
	return len > 0 ? parse_field(r, line, len) : judge(r);
}

/* What is exceeded by a line from AT to END, or that has no end before END. */
static int limit_passed(const struct request *r, size_t at, size_t end)
{
	if (r->line.len == 0)
		return end - at > REQUEST_LINE_BYTES ? 414 : 0;
	return end > HEAD_BYTES ? 431 : 0;
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
	bool slash = false;
	size_t n = 0;

	while (at < end) {
		bool escaped = *at == '%';
		int c = escaped ? http_unescape(at, (size_t)(end - at)) : *at;

		if (c == 0 || (escaped && c < 0))
			return 400;
		slash |= escaped && c == '/';
		if (n > 0 || c != '/')
			path[n++] = (char)c;
		at += escaped ? 3 : 1;
	}
	path[n] = '\0';
	return slash ? 404 : 200;
}
