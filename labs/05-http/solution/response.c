/*
 * response.c - what is answered, RFC 9110, section 15, and RFC 9112, section 4
 *
 * The head is written by stpcpy(3), which returns where it has come to:
 * printf(3) would take longer than the system calls of a small response.
 *
 * Next: conn.c.
 */
#include "httpd.h"

#include <errno.h>
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
		       const struct content *content, const char *path)
{
	char modified[HTTP_DATE_BYTES];
	char *at = put_number(stpcpy(s->out, "HTTP/1.1 "), (unsigned)status);

	at = put_field(at, " ", http_reason(status));
	at = put_field(at, "Date: ", s->date);
	if (status == 405)
		at = put_field(at, "Allow: ", "GET, HEAD");
	if (status == 301)
		at = put_location(at, &c->request, path);
	if (content->modified >= 0) {
		/* Never later than Date: RFC 9110, section 8.8.2.1. */
		http_date(modified, content->modified < s->clock
					    ? content->modified
					    : s->clock);
		at = put_field(at, "Last-Modified: ", modified);
	}
	if (content->type) {
		at = put_field(at, "Content-Type: ", content->type);
		at = stpcpy(at, "Content-Length: ");
		at = stpcpy(put_number(at, (uintmax_t)content->size), "\r\n");
	}
	at = put_field(at, "Connection: ", c->close ? "close" : "keep-alive");
	return (size_t)(stpcpy(at, "\r\n") - s->out);
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
	ssize_t n;

	do {
		n = read(file->fd, start + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && len < size) || (n < 0 && errno == EINTR));
	close(file->fd);
	file->fd = -1;
	file->size = (off_t)len;
	s->loaded = n >= 0;
	s->file = *file;
	stpcpy(s->path, path);
	return n >= 0 ? 200 : 500;
}

/* RFC 9110, section 13.1.3; a date that is yet to come proves nothing. */
static bool is_modified(const struct server *s, const struct request *r,
			const struct content *file)
{
	if (r->since.len == 0)
		return true;
	time_t since =
		http_parse_date(r->head + r->since.at, r->since.len, s->clock);
	return since < file->modified || since > s->clock;
}

/* Find what R asks for. Returns a status; PATH is its name. */
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
	return s->draining || r->close || (r->minor == 0 && !r->keep_alive) ||
	       r->length > 0 || r->chunked;
}

void respond(struct server *s, struct conn *c, int status)
{
	const struct request *r = &c->request;
	struct content content = {.fd = -1, .modified = -1};
	char path[REQUEST_LINE_BYTES], line[HTTP_LOG_BYTES];
	bool refused = status != 200;

	if (!refused)
		status = look_up(s, r, path, &content);
	if (status != 200 && status != 304)
		put_sentence(s, status, &content);
	c->close = refused || status == 400 || is_last(s, r);
	c->in_start += r->parsed;

	if (r->method == METHOD_HEAD && content.fd >= 0) {
		close(content.fd);
		content.fd = -1;
	}
	c->out_len = put_head(s, c, status, &content, path);
	c->out = s->out + RESPONSE_HEAD_BYTES - c->out_len;
	memmove(c->out, s->out, c->out_len);
	if (r->method != METHOD_HEAD && content.fd < 0)
		c->out_len += (size_t)content.size;
	c->file = content.fd;
	c->offset = 0;
	c->end = content.size;
	c->state = CONN_SEND;
	struct http_exchange what = {r->head + r->line.at, r->line.len, status,
				     content.size};
	if (s->verbose)
		cli_log("%s", http_log(line, &c->peer, s->clock, &what));
}
