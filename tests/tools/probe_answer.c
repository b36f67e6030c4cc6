/*
 * probe_answer.c - one answer of an HTTP server, read strictly off the wire
 *
 * RFC 9112 says where an answer ends (section 6.3) and RFC 9110 what a field
 * is made of (section 5). Whatever a server must not send is a failure here;
 * what it need not send, or may send in several ways, is not: reason phrases,
 * the order of fields, chunked, the end of the connection as the end of a body.
 * No byte behind the answer is taken from the kernel.
 *
 * Next: probe_http.c, what is asked of the answer.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "probe.h"

enum {
	HEAD_BYTES = 64 * 1024, /* of a header: more is no server's */
	BODY_BYTES = 256 * 1024 * 1024,
	SIZE_LINE_BYTES = 64,
};

/* --- Bytes --- */

/* What has come and is left where it is: the count, 0 at the end, -1. */
static ssize_t peek(const struct conn *conn, void *buf, size_t len,
		    net_time deadline)
{
	ssize_t n;

	do {
		if (net_wait(conn->fd, POLLIN, deadline) < 0)
			return -1;
		n = recv(conn->fd, buf, len, MSG_PEEK | MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

/* Take LEN bytes that have been seen. */
static void take_seen(const struct conn *conn, void *buf, size_t len)
{
	if (recv(conn->fd, buf, len, MSG_WAITALL) != (ssize_t)len)
		broken("recv");
}

_Noreturn static void fail_end(struct probe *probe, const struct conn *conn,
			       const char *wanted, int err, const char *says)
{
	if (err == ETIMEDOUT)
		fail_answer(probe, conn, "http-silent", wanted, says,
			    "nothing more before the deadline");
	fail_answer(probe, conn, err == 0 ? "http-ended" : "http-reset", wanted,
		    says, "%s",
		    err == 0 ? "the end of the connection (FIN)"
			     : "the connection broken off (RST)");
}

/* Of what may come again and again, and is there whenever we look. */
static void fail_if_late(struct probe *probe, const struct conn *conn)
{
	if (net_now() >= probe->deadline)
		fail_answer(probe, conn, "http-endless", "an answer that ends",
			    "The answer does not end.",
			    "still more at the deadline");
}

/* --- The header --- */

/* How many of N bytes at TEXT belong to a header that ends there, or 0. */
static size_t head_end(const char *text, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (text[i] != '\n')
			continue;
		if (text[i + 1] == '\n')
			return i + 2;
		if (text[i + 1] == '\r' && i + 2 < n && text[i + 2] == '\n')
			return i + 3;
	}
	return 0;
}

/* What came where a status line was to begin is the last answer's fault. */
_Noreturn static void fail_start(struct probe *probe, const struct conn *conn,
				 const struct answer *answer)
{
	char text[QUOTE_BYTES];
	const struct answer *last = conn->answer;

	quote(text, answer->head, answer->head_len);
	if (last != NULL && last->bodiless)
		fail_answer(probe, conn, "http-body-after-head",
			    "a status line, HTTP/1.1 ...",
			    "Behind the header of the last answer, which has "
			    "no body, something came.",
			    "%s", text);
	if (last != NULL)
		fail_answer(probe, conn, "http-too-long",
			    "a status line, HTTP/1.1 ...",
			    "The body before it was longer than it was said to "
			    "be.",
			    "%s", text);
	fail_answer(probe, conn, "http-no-status",
		    "a status line, HTTP/1.1 ...",
		    "The answer does not begin with one.", "%s", text);
}

/* Whether the N bytes at TEXT may become a status line. */
static bool may_start(const char *text, size_t n)
{
	static const char start[] = "HTTP/1.";
	size_t same = n < sizeof start - 1 ? n : sizeof start - 1;

	return memcmp(text, start, same) == 0;
}

_Noreturn static void fail_nothing(struct probe *probe, const struct conn *conn,
				   bool may_end)
{
	fail_end(probe, conn,
		 may_end ? "an answer, or the end of the connection"
			 : "an answer",
		 ETIMEDOUT,
		 may_end ? "No answer came, nor the end of the connection."
			 : "No answer came.");
}

/* Read the header; false if the connection ended before its first byte. */
static bool read_head(struct probe *probe, struct conn *conn,
		      struct answer *answer)
{
	size_t end = 0;

	answer->head = need_memory(NULL, HEAD_BYTES + 1, 1);
	while (end == 0) {
		char *at = answer->head + answer->head_len;
		ssize_t n = peek(conn, at, HEAD_BYTES - answer->head_len,
				 probe->deadline);
		if (n < 0 && errno == ETIMEDOUT && answer->head_len == 0)
			fail_nothing(probe, conn, answer->may_break);
		answer->end = n < 0 ? errno : 0;
		if (n <= 0 && answer->head_len == 0)
			return false;
		if (n <= 0)
			fail_end(probe, conn, "a header that ends", answer->end,
				 "The header has no empty line at its end.");
		end = head_end(answer->head, answer->head_len + (size_t)n);
		size_t more = end > 0 ? end - answer->head_len : (size_t)n;
		take_seen(conn, at, more);
		answer->head_len += more;
		if (!may_start(answer->head, answer->head_len))
			fail_start(probe, conn, answer);
		if (end == 0 && answer->head_len == HEAD_BYTES)
			fail_answer(probe, conn, "http-no-end", "a header",
				    "The header does not end.", "%d bytes",
				    HEAD_BYTES);
	}
	answer->head[answer->head_len] = '\0';
	return true;
}

/* --- Lines --- */

_Noreturn static void bad_line(struct probe *probe, const struct conn *conn,
			       const char *keyword, const char *line, size_t n,
			       const char *says)
{
	char text[QUOTE_BYTES];

	quote(text, line, n);
	fail_answer(probe, conn, keyword, "a header as RFC 9112 has it", says,
		    "%s", text);
}

static bool is_token(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] == '\0' ||
		     strchr("!#$%&'*+-.^_`|~", text[i]) == NULL))
			return false;
	return n > 0;
}

static bool has_control(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 0x7f)
			return true;
	return false;
}

/* The line at TEXT, without its CR LF, which becomes NUL; its length. */
static size_t cut_line(struct probe *probe, const struct conn *conn, char *text)
{
	char *lf = strchr(text, '\n');
	size_t n = lf == NULL ? strlen(text) : (size_t)(lf - text);

	if (lf == NULL) /* strlen() of a line stops at a NUL in it */
		bad_line(probe, conn, "http-control", text, n,
			 "There is a NUL in the header.");
	if (n == 0 || text[n - 1] != '\r')
		bad_line(probe, conn, "http-bare-lf", text, n + 1,
			 "A line of the header does not end with CR LF.");
	n--;
	if (has_control(text, n))
		bad_line(probe, conn, "http-control", text, n,
			 "There is a control character in the header.");
	text[n] = '\0';
	return n;
}

/* HTTP/1.1 200 OK: the blank behind the code is there whatever follows. */
static void read_status(struct probe *probe, const struct conn *conn,
			struct answer *answer, const char *line, size_t n)
{
	const char *code = line + 9;

	if (n < 13 || !isdigit((unsigned char)line[7]) || line[8] != ' ' ||
	    !isdigit((unsigned char)code[0]) ||
	    !isdigit((unsigned char)code[1]) ||
	    !isdigit((unsigned char)code[2]) || code[3] != ' ' ||
	    code[0] < '1' || code[0] > '5')
		bad_line(probe, conn, "http-status-line", line, n,
			 "The first line is no status line.");
	answer->minor = line[7] - '0';
	answer->status = (int)strtol(code, NULL, 10);
}

static void read_field(struct probe *probe, const struct conn *conn,
		       struct answer *answer, char *line, size_t n)
{
	char *colon = strchr(line, ':');

	if (colon == NULL || !is_token(line, (size_t)(colon - line)))
		bad_line(probe, conn, "http-field-line", line, n,
			 "A line of the header is no \"Name: value\".");
	if (answer->fields == ANSWER_FIELDS)
		bad_line(probe, conn, "http-field-line", line, n,
			 "There are too many fields.");
	*colon = '\0';
	char *value = colon + 1 + strspn(colon + 1, " \t");
	char *end = line + n;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	answer->field[answer->fields++] = (struct http_field){line, value};
}

static void parse_head(struct probe *probe, const struct conn *conn,
		       struct answer *answer)
{
	char *line = answer->head;
	size_t n = cut_line(probe, conn, line);

	read_status(probe, conn, answer, line, n);
	for (;;) {
		line += n + 2;
		n = cut_line(probe, conn, line);
		if (n == 0)
			return;
		read_field(probe, conn, answer, line, n);
	}
}

const char *answer_field(const struct answer *answer, const char *name)
{
	for (size_t i = 0; i < answer->fields; i++)
		if (strcasecmp(answer->field[i].name, name) == 0)
			return answer->field[i].value;
	return NULL;
}

/* The value of a field that there may be one of, NULL for none. */
static const char *only_field(struct probe *probe, const struct conn *conn,
			      const struct answer *answer, const char *name)
{
	const char *value = answer_field(answer, name);

	for (size_t i = 0; i < answer->fields; i++)
		if (strcasecmp(answer->field[i].name, name) == 0 &&
		    answer->field[i].value != value)
			fail_answer(probe, conn, "http-twice", "one field",
				    "A field came twice.", "%s: %s, and %s",
				    name, value, answer->field[i].value);
	return value;
}

/* --- The body --- */

static void read_body(struct probe *probe, struct conn *conn,
		      struct answer *answer, uint64_t n)
{
	if (n > BODY_BYTES - answer->body_len)
		fail_answer(probe, conn, "http-too-large",
			    "a body of this test", "The body is too large.",
			    "%llu bytes", (unsigned long long)n);
	answer->body = need_memory(answer->body, answer->body_len + n + 1, 1);
	while (n > 0) {
		ssize_t came =
			net_read(conn->fd, answer->body + answer->body_len, n,
				 probe->deadline);
		if (came <= 0) {
			answer->end = came < 0 ? errno : 0;
			return;
		}
		answer->body_len += (uint64_t)came;
		n -= (uint64_t)came;
	}
	answer->whole = true;
}

/* As Content-Length says: 1*DIGIT, RFC 9110, section 8.6. */
static void read_counted(struct probe *probe, struct conn *conn,
			 struct answer *answer, const char *length)
{
	char *end;
	unsigned long long n = strtoull(length, &end, 10);

	if (!isdigit((unsigned char)*length) || *end != '\0')
		fail_answer(probe, conn, "http-length", "a number of bytes",
			    "Content-Length is no number.",
			    "Content-Length: %s", length);
	read_body(probe, conn, answer, n);
	if (answer->whole)
		return;
	fail_answer(probe, conn,
		    answer->end == ETIMEDOUT ? "http-short-waits"
					     : "http-short",
		    "as many bytes as Content-Length says",
		    "The body is shorter than Content-Length.",
		    "%llu of %llu bytes, then %s",
		    (unsigned long long)answer->body_len, n,
		    answer->end == 0	       ? "the end"
		    : answer->end == ETIMEDOUT ? "nothing more"
					       : "RST");
}

/* A line of the chunked coding, without its CR LF. */
static void read_chunk_line(struct probe *probe, struct conn *conn,
			    char line[SIZE_LINE_BYTES])
{
	size_t n = 0;

	while (n < SIZE_LINE_BYTES && (n == 0 || line[n - 1] != '\n') &&
	       net_read(conn->fd, line + n, 1, probe->deadline) == 1)
		n++;
	if (n < 2 || line[n - 1] != '\n' || line[n - 2] != '\r')
		bad_line(probe, conn, "http-chunk", line, n,
			 "A line of the chunked body is not as it should be.");
	line[n - 2] = '\0';
}

/* RFC 9112, section 7.1. */
static void read_chunked(struct probe *probe, struct conn *conn,
			 struct answer *answer)
{
	char line[SIZE_LINE_BYTES];
	unsigned long long size;

	do {
		fail_if_late(probe, conn);
		read_chunk_line(probe, conn, line);
		/* Digits only: strtoull() would take "0x10" as well. */
		size_t digits = strspn(line, "0123456789abcdefABCDEF");
		size = strtoull(line, NULL, 16);
		if (digits == 0 ||
		    (line[digits] != '\0' && line[digits] != ';'))
			bad_line(probe, conn, "http-chunk", line, strlen(line),
				 "The size of a chunk is no number.");
		if (size > 0)
			read_body(probe, conn, answer, size);
		/* Behind the last chunk trailer fields may come. */
		do {
			fail_if_late(probe, conn);
			read_chunk_line(probe, conn, line);
		} while (size == 0 && *line != '\0');
		if (*line != '\0')
			bad_line(probe, conn, "http-chunk", line, strlen(line),
				 "A chunk is not as long as it says.");
	} while (size > 0);
	answer->whole = true;
}

/* Until the end of the connection, which then has to come. */
static void read_until_end(struct probe *probe, struct conn *conn,
			   struct answer *answer)
{
	answer->by_end = true;
	do {
		answer->whole = false;
		read_body(probe, conn, answer, CHUNK_BYTES);
	} while (answer->whole);
	if (answer->end == ETIMEDOUT)
		fail_answer(probe, conn, "http-no-length",
			    "the end of the body",
			    "Nothing says where the body ends, and the "
			    "connection stays open.",
			    "%llu bytes, and no end",
			    (unsigned long long)answer->body_len);
	if (answer->end != 0 && !answer->may_break)
		fail_end(probe, conn, "the end of the body", answer->end,
			 "Only FIN can be the end of a body, RST cannot.");
}

/* Where the body ends: RFC 9112, section 6.3. */
static void read_content(struct probe *probe, struct conn *conn,
			 struct answer *answer)
{
	const char *coding =
		only_field(probe, conn, answer, "Transfer-Encoding");
	const char *length = only_field(probe, conn, answer, "Content-Length");

	if (coding != NULL && length != NULL)
		fail_answer(probe, conn, "http-length",
			    "one way to know where the body ends",
			    "A server must not send both.",
			    "Content-Length and Transfer-Encoding");
	answer->bodiless = answer->bodiless || answer->status == 204 ||
			   answer->status == 304;
	if (answer->bodiless)
		answer->whole = true;
	else if (coding != NULL && strcasecmp(coding, "chunked") == 0)
		read_chunked(probe, conn, answer);
	else if (coding == NULL && length != NULL)
		read_counted(probe, conn, answer, length);
	else
		read_until_end(probe, conn, answer);
}

/* --- The answer --- */

void answer_free(struct answer *answer)
{
	if (answer == NULL)
		return;
	free(answer->head);
	free(answer->body);
	free(answer);
}

struct answer *answer_read(struct probe *probe, struct conn *conn,
			   const char *method, bool may_break)
{
	conn->asks = true;
	for (;;) {
		struct answer *answer = need_memory(NULL, 1, sizeof *answer);

		*answer = (struct answer){
			.bodiless = strcmp(method, "HEAD") == 0,
			.may_break = may_break,
		};
		if (!read_head(probe, conn, answer)) {
			conn->end = answer->end;
			answer_free(answer);
			return NULL;
		}
		parse_head(probe, conn, answer);
		if (answer->status >= 200) {
			read_content(probe, conn, answer);
			return answer;
		}
		answer_free(answer); /* 100 Continue, say: one more follows */
		fail_if_late(probe, conn);
	}
}
