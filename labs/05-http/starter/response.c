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

/*
 * Where a folder PATH is: the same with a slash at its end, and the query. PATH
 * is encoded again: as it came it may have begun with "//" or "/\", which a
 * browser would take for the name of another host.
 */
static char *put_location(char *at, const struct request *r, const char *path)
{
	/* Step 2: "Location: /", http_escape() of PATH, "/", query, CR LF. */
	(void)r;
	(void)path;
	return at;
}

/* The head of the response to C, at the beginning of s->out. Its length. */
static size_t put_head(struct server *s, const struct conn *c, int status,
		       const char *path)
{
	/*
	 * Step 1: "HTTP/1.1 200 OK" as the first line. Each of these functions
	 * returns where it has come to; so begin with
	 *
	 *	char *at = stpcpy(s->out, "HTTP/1.1 ");
	 *	at = stpcpy(http_put_number(at, (unsigned)status), " ");
	 *	at = stpcpy(stpcpy(at, http_reason(status)), "\r\n");
	 *
	 * and then the fields, by http_put_field(at, "Date", s->date): Date;
	 * Content-Type, which is c->content.type; Content-Length, the number
	 * c->content.size; Connection: "close" if c->close, else "keep-alive".
	 * Then an empty line. Return how long all of it is.
	 *
	 * Step 2: for 405, "Allow: GET, HEAD"; for 301, put_location(); for 304
	 * neither Content-Type nor Content-Length. If c->content.modified is
	 * not negative, Last-Modified, by http_date(); but never later than
	 * s->clock, which is the time of Date.
	 */
	(void)s;
	(void)c;
	(void)status;
	(void)path;
	(void)put_location;
	todo(1, "the head, in put_head(), response.c");
}

/* --- The content --- */

/* That of a response that brings no file. */
static struct content put_sentence(struct server *s, int status)
{
	char *start = s->out + RESPONSE_HEAD_BYTES;
	char *end = stpcpy(stpcpy(start, http_reason(status)), "\n");

	s->loaded = false;
	return (struct content){
		.fd = -1,
		.size = end - start,
		.modified = -1,
		.type = "text/plain; charset=utf-8",
	};
}

/*
 * Read a small file. It stays for those who ask for the same in this turn of
 * the loop: with many clients that saves four system calls out of six.
 */
static int load(struct server *s, const char *path, struct content *file)
{
	size_t size = (size_t)file->size;
	ssize_t n = -1;
	/*
	 * Step 1: read(2) SIZE bytes of file->fd, with n as the result, to
	 * where the content goes: s->out + RESPONSE_HEAD_BYTES.
	 */
	(void)size;
	todo(1, "the content, in load(), response.c");

	content_close(file);
	s->file = *file;
	stpcpy(s->path, path);
	/* It is whole, unless somebody has made it shorter just now. */
	s->loaded = n == file->size;
	return s->loaded ? 200 : 500;
}

/* RFC 9110, section 13.1.3; a date that is yet to come proves nothing. */
static bool is_modified(const struct server *s, const struct request *r,
			const struct content *file)
{
	/*
	 * Step 2: it is, if there is no r->since (its length is 0); or what
	 * http_parse_date() makes of it, -1 for no date, is earlier than
	 * file->modified, or later than s->clock.
	 */
	(void)s;
	(void)r;
	(void)file;
	return true;
}

/* Find what R asks for, with PATH as its name. Returns a status. */
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
	if (status == 200 && !is_modified(s, r, content))
		return 304;
	if (status == 200 && content->fd >= 0 &&
	    content->size <= SMALL_FILE_BYTES)
		return load(s, path, content);
	return status;
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
	char path[REQUEST_LINE_BYTES], line[HTTP_LOG_BYTES];
	bool refused = status != 200;

	if (!refused)
		status = look_up(s, r, path, &c->content);
	if (status != 200 && status != 304)
		c->content = put_sentence(s, status);
	/*
	 * Step 2: an answer to HEAD, and one with status 304, is bare: it has
	 * no content, and if there is a file, content_close() it.
	 */
	bool bare = false;
	c->close = refused || status == 400 || is_last(s, r);
	c->in_start += r->parsed;

	c->out_len = put_head(s, c, status, path);
	c->out = s->out + RESPONSE_HEAD_BYTES - c->out_len;
	memmove(c->out, s->out, c->out_len);
	if (!bare && c->content.fd < 0)
		c->out_len += (size_t)c->content.size;
	c->offset = 0;
	c->state = CONN_SEND;
	struct http_exchange what = {r->head + r->line.at, r->line.len, status,
				     bare ? 0 : c->content.size};
	/* Step 3: if s->verbose, cli_log() the line that http_log() makes. */
	(void)what;
	(void)line;
}
