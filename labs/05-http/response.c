/*
 * response.c - what is answered, RFC 9110, section 15, and RFC 9112, section 4
 *
 * The head is written by stpcpy(3), which returns where it has come to:
 * printf(3) would take longer than the system calls of a small response.
 *
 * Next: conn.c.
 */
#include "httpd.h"

#include <string.h>
#include <unistd.h>

#include "cli.h"

/* --- The head --- */

static char *put_number(char *at, uintmax_t number)
{
	char digits[24], *first = digits + sizeof digits - 1;

	*first = '\0';
	do {
		*--first = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	return stpcpy(at, first);
}

static char *put_field(char *at, const char *name, const char *value)
{
	return stpcpy(stpcpy(stpcpy(at, name), value), "\r\n");
}

/* Where a folder PATH is: the same with a slash at its end, and the query. */
static char *put_location(char *at, const struct request *r, const char *path)
{
	/*
	 * Step 2: "Location: /", PATH, "/", the query as it came, CR LF.
	 *
	 * Step 5: PATH by http_escape(): else it brings whatever the client
	 * likes into our head.
	 */
	(void)r;
	(void)path;
	return at;
}

/* The head of the response to C, at the beginning of s->out. Its length. */
static size_t put_head(struct server *s, const struct conn *c, int status,
		       const struct content *content, const char *path)
{
	/*
	 * Step 1: "HTTP/1.1 200 OK" as the first line: each of these functions
	 * returns where it has come to, so begin with
	 *
	 *	char *at = put_number(stpcpy(s->out, "HTTP/1.1 "), ...);
	 *	at = put_field(at, " ", http_reason(status));
	 *
	 * Then the fields Date (s->date has it), Content-Type and
	 *Content-Length (unless there is no content->type), Connection ("close"
	 *if c->close, else "keep-alive"); and an empty line. Return how long
	 *all is.
	 *
	 * Step 2: for 405, "Allow: GET, HEAD"; for 301, put_location(); if
	 * content->modified is not negative, Last-Modified, by http_date(); but
	 * never later than s->clock, the time of Date.
	 */
	(void)s;
	(void)c;
	(void)status;
	(void)content;
	(void)path;
	(void)put_number;
	(void)put_field;
	(void)put_location;
	todo(1, "the head, in put_head(), response.c");
}

/* --- The content --- */

/* That of a response that brings no file. */
static void put_sentence(struct server *s, int status, struct content *content)
{
	char *start = s->out + RESPONSE_HEAD_BYTES;
	char *end = stpcpy(stpcpy(start, http_reason(status)), "\n");

	s->loaded = false;
	content->type = "text/plain; charset=utf-8";
	content->size = end - start;
}

/*
 * Read a small file. What has been read is what the head will speak of,
 * whatever becomes of the file. It stays for those who ask for the same in this
 * turn of the loop: with many clients that saves four system calls out of six.
 */
static int load(struct server *s, const char *path, struct content *file)
{
	char *start = s->out + RESPONSE_HEAD_BYTES;
	size_t size = (size_t)file->size, len = 0;
	/*
	 * Step 1: read(2) the file from file->fd to START, until there are SIZE
	 * bytes in LEN, or until its end, wherever that is by now. If that
	 * fails, return 500, but close it all the same.
	 */
	(void)start;
	(void)size;
	todo(1, "the content, in load(), response.c");

	close(file->fd);
	file->fd = -1;
	file->size = (off_t)len;
	s->loaded = true;
	s->file = *file;
	stpcpy(s->path, path);
	return 200;
}

/* RFC 9110, section 13.1.3; a date that is yet to come proves nothing. */
static bool is_modified(const struct server *s, const struct request *r,
			const struct content *file)
{
	/*
	 * Step 2: if there is no r->since (its length is 0), or what
	 * http_parse_date() makes of it is no date, or is later than s->clock,
	 * the answer is true. Else compare it with file->modified.
	 */
	(void)s;
	(void)r;
	(void)file;
	return true;
}

/* Find what R asks for. Returns a status; PATH is its name. */
static int look_up(struct server *s, const struct request *r,
		   char path[REQUEST_LINE_BYTES], struct content *content)
{
	/* Step 2: 405 for METHOD_OTHER, 501 for METHOD_UNKNOWN. */
	int status = request_path(r, path);
	if (status != 200)
		return status;
	if (s->loaded && strcmp(path, s->path) == 0)
		*content = s->file;
	else
		status = files_open(s->root, path, content);
	if (status != 200)
		return status;
	if (is_modified(s, r, content)) {
		bool small = content->size <= SMALL_FILE_BYTES;
		return content->fd < 0 || !small ? 200 : load(s, path, content);
	}
	if (content->fd >= 0)
		close(content->fd);
	*content = (struct content){.fd = -1, .modified = content->modified};
	return 304;
}

/* --- Both --- */

/*
 * Whether this must be the last request, and why: the two of us are not both
 * willing to go on, or it has a body, and we do not read bodies. (So "Expect:
 * 100-continue" needs no care: RFC 9110, section 10.1.1.)
 */
static bool is_last(const struct server *s, const struct request *r)
{
	/*
	 * Step 3: it must be if s->draining; if r->close; if the client is of
	 * HTTP/1.0 and has not asked for more, r->keep_alive; or if there is a
	 * body: r->length, r->chunked. Until then each is the last.
	 */
	(void)s;
	(void)r;
	return true;
}

void respond(struct server *s, struct conn *c, int status)
{
	const struct request *r = &c->request;
	struct content content = {.fd = -1, .modified = -1};
	char path[REQUEST_LINE_BYTES];
	bool refused = status != 200;

	if (!refused)
		status = look_up(s, r, path, &content);
	if (status != 200 && status != 304)
		put_sentence(s, status, &content);
	c->close = refused || status == 400 || is_last(s, r);
	c->in_start += r->parsed;

	/*
	 * Step 2: for METHOD_HEAD close content.fd, if it is not -1, and make
	 * it that; and send no content: out_len is that of the head then,
	 * below.
	 */
	c->out_len = put_head(s, c, status, &content, path);
	c->out = s->out + RESPONSE_HEAD_BYTES - c->out_len;
	memmove(c->out, s->out, c->out_len);
	if (content.fd < 0)
		c->out_len += (size_t)content.size;
	c->file = content.fd;
	c->offset = 0;
	c->end = content.size;
	c->state = CONN_SEND;
	/*
	 * Step 3: if s->verbose, cli_log() what http_log() makes of it; the
	 * request line is at r->head + r->line.at.
	 */
}
