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
 * PATH is encoded again: as it came it may have begun with "//" or "/\", which
 * a browser would take for the name of another host.
 */
static char *put_location(char *at, const struct request *r, const char *path)
{
	at = http_escape(stpcpy(at, "Location: /"), path);
	*at++ = '/';
	at = mempcpy(at, r->head + r->query.at, r->query.len);
	return stpcpy(at, "\r\n");
}

/* The head of the response to C, at the beginning of s->out. Its length. */
static size_t put_head(struct server *s, const struct conn *c, int status,
		       const char *path)
{
	const struct content *content = &c->content;
	char date[HTTP_DATE_BYTES];
	char *at =
		http_put_number(stpcpy(s->out, "HTTP/1.1 "), (unsigned)status);

	at = stpcpy(stpcpy(stpcpy(at, " "), http_reason(status)), "\r\n");
	at = http_put_field(at, "Date", s->date);
	if (status == 405)
		at = http_put_field(at, "Allow", "GET, HEAD");
	if (status == 301)
		at = put_location(at, &c->request, path);
	if (content->modified >= 0) {
		/* Never later than Date: RFC 9110, section 8.8.2.1. */
		bool past = content->modified < s->clock;
		http_date(date, past ? content->modified : s->clock);
		at = http_put_field(at, "Last-Modified", date);
	}
	if (status != 304) {
		at = http_put_field(at, "Content-Type", content->type);
		at = stpcpy(at, "Content-Length: ");
		at = http_put_number(at, (uintmax_t)content->size);
		at = stpcpy(at, "\r\n");
	}
	at = http_put_field(at, "Connection",
			    c->close ? "close" : "keep-alive");
	return (size_t)(stpcpy(at, "\r\n") - s->out);
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
	ssize_t n = read(file->fd, s->out + RESPONSE_HEAD_BYTES, size);

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
	const char *text = r->head + r->since.at;
	time_t since = http_parse_date(text, r->since.len, s->clock);
	return since < file->modified || since > s->clock;
}

/* Find what R asks for, with PATH as its name. Returns a status. */
static int look_up(struct server *s, const struct request *r,
		   char path[REQUEST_LINE_BYTES], struct content *content)
{
	if (r->method < METHOD_GET)
		return r->method == METHOD_OTHER ? 405 : 501;
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
	return s->draining || r->close || (r->minor == 0 && !r->keep_alive) ||
	       r->length > 0 || r->chunked;
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
	bool bare = r->method == METHOD_HEAD || status == 304;
	if (bare)
		content_close(&c->content);
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
	if (s->verbose)
		cli_log("%s", http_log(line, &c->peer, s->clock, &what));
}
