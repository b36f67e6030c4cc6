/*
 * conn.c - one connection: requests come in, responses go out
 *
 * A connection is in one of three states, and for each there is a function that
 * takes one step. conn_advance() takes steps until one would have to wait. A
 * connection that waits has memory only for bytes that wait with it: an idle
 * one has next to none.
 *
 * Next: httpd.c.
 */
#include "httpd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN_BYTES = 1024 * 1024 }; /* of a file, then others have theirs */

/* What a step has come to: take another; not now; never. */
enum step { GO_ON, WAIT, END };

/* --- Beginning, end, deadline --- */

static void append(struct server *s, struct conn *c)
{
	c->deadline = s->now + s->idle;
	c->before = s->last;
	c->after = NULL;
	*(s->last ? &s->last->after : &s->first) = c;
	s->last = c;
}

static void take_out(struct server *s, struct conn *c)
{
	*(c->before ? &c->before->after : &s->first) = c->after;
	*(c->after ? &c->after->before : &s->last) = c->before;
}

/*
 * C has made progress. All deadlines are equally far away, so the list is in
 * their order if whoever gets a new one goes to its end.
 */
static void postpone(struct server *s, struct conn *c)
{
	take_out(s, c);
	append(s, c);
}

struct conn *conn_begin(struct server *s, int fd,
			const struct net_endpoint *peer)
{
	struct conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return NULL;
	}
	c->fd = fd;
	c->content.fd = -1;
	c->peer = *peer;
	append(s, c);
	s->count++;
	return c;
}

void conn_end(struct server *s, struct conn *c)
{
	content_close(&c->content);
	close(c->fd); /* epoll forgets it by itself */
	take_out(s, c);
	s->count--;
	free(c->in);
	free(c->out_kept);
	free(c);
}

/* --- Memory --- */

/* Have LEN bytes of memory for what has come and has not been used. */
static bool resize_in(struct conn *c, size_t len)
{
	size_t used = c->in_end - c->in_start;

	if (used > 0)
		memmove(c->in, c->in + c->in_start, used);
	c->in_start = 0;
	c->in_end = used;
	char *in = realloc(c->in, len);
	if (in)
		c->in = in;
	return in != NULL;
}

/*
 * C has to wait: keep what is left, and next to nothing else; and see how much
 * of what the kernel has is still to be taken by the client.
 */
static bool keep(struct conn *c)
{
	if (c->state == CONN_SEND)
		c->untaken = net_untaken(c->fd);
	if (c->out_len > 0 && !c->out_kept) {
		c->out_kept = malloc(c->out_len);
		if (!c->out_kept)
			return false;
		c->out = memcpy(c->out_kept, c->out, c->out_len);
	}
	return resize_in(c, c->in_end - c->in_start + 1);
}

/* --- Steps --- */

/* What to do after a call that has failed. */
static enum step after_error(void)
{
	return errno == EAGAIN || errno == EINTR ? WAIT : END;
}

/* Read what has come, but once in a turn: then others have theirs. */
static enum step read_some(struct conn *c)
{
	if (c->has_read)
		return WAIT;
	c->has_read = true;
	if (!resize_in(c, HEAD_BYTES))
		return END;
	ssize_t n = recv(c->fd, c->in + c->in_end, HEAD_BYTES - c->in_end, 0);
	if (n < 0)
		return after_error();
	c->in_end += (size_t)n;
	return n > 0 ? GO_ON : END;
}

/* Old clients send an empty line too many: RFC 9112, section 2.2. */
static void skip_empty_lines(struct conn *c)
{
	while (c->request.line.len == 0 && c->in_end - c->in_start >= 2 &&
	       memcmp(c->in + c->in_start, "\r\n", 2) == 0) {
		c->in_start += 2;
		c->request.scanned = 0;
	}
}

static enum step read_head(struct server *s, struct conn *c)
{
	skip_empty_lines(c);
	bool idle = c->in_start == c->in_end;
	/* A head begins, for which there is time now; not an empty line. */
	if (!idle && c->request.scanned == 0 && c->in[c->in_start] != '\r')
		postpone(s, c);
	int status = idle ? 0
			  : request_parse(&c->request, c->in + c->in_start,
					  c->in_end - c->in_start);
	if (status != 0) {
		respond(s, c, status);
		return GO_ON;
	}
	enum step step = read_some(c);
	return step == WAIT && idle && s->draining ? END : step;
}

/* The response is sent: what comes next? */
static enum step finish(struct conn *c)
{
	c->request = (struct request){0};
	c->state = c->close ? CONN_LINGER : CONN_READ;
	/*
	 * RFC 9112, section 9.6: to close a connection to which more is sent
	 * than we have read is to send RST, and that takes the response from a
	 * client who has not read it yet. So close one direction, and wait.
	 */
	return c->close && shutdown(c->fd, SHUT_WR) < 0 ? END : GO_ON;
}

static enum step send_file(struct server *s, struct conn *c)
{
	size_t left = (size_t)(c->content.size - c->offset);
	ssize_t n = sendfile(c->fd, c->content.fd, &c->offset,
			     left < TURN_BYTES ? left : TURN_BYTES);

	if (n < 0)
		return after_error();
	if (n == 0)
		return END; /* the file is shorter by now than its head says */
	postpone(s, c);
	if (c->offset < c->content.size)
		return WAIT;
	content_close(&c->content);
	return finish(c);
}

static enum step send_response(struct server *s, struct conn *c)
{
	if (c->out_len == 0)
		return send_file(s, c);
	/* MSG_MORE: the file may go into the same segment. */
	ssize_t n = send(c->fd, c->out, c->out_len,
			 MSG_NOSIGNAL | (c->content.fd >= 0 ? MSG_MORE : 0));
	if (n < 0)
		return after_error();
	postpone(s, c);
	c->out += n;
	c->out_len -= (size_t)n;
	if (c->out_len > 0)
		return WAIT;
	free(c->out_kept);
	c->out_kept = NULL;
	return c->content.fd >= 0 ? GO_ON : finish(c);
}

/* Read until the client has closed, too; what it says does not matter. */
static enum step linger(struct server *s, struct conn *c)
{
	(void)s;
	c->in_start = c->in_end;
	return read_some(c);
}

/* --- Going on --- */

static bool take_steps(struct server *s, struct conn *c)
{
	static enum step (*const steps[])(struct server *, struct conn *) = {
		[CONN_READ] = read_head,
		[CONN_SEND] = send_response,
		[CONN_LINGER] = linger,
	};
	enum step step;

	do
		step = steps[c->state](s, c);
	while (step == GO_ON);
	if (step == WAIT && keep(c))
		return true;
	conn_end(s, c);
	return false;
}

bool conn_advance(struct server *s, struct conn *c)
{
	c->has_read = false;
	return take_steps(s, c);
}

bool conn_expire(struct server *s, struct conn *c)
{
	int untaken = c->untaken;

	postpone(s, c);
	/*
	 * One that is slow, but takes what we sent: epoll will not tell before
	 * a third of the socket's buffer is free.
	 */
	if (c->state == CONN_SEND && keep(c) && c->untaken < untaken)
		return true;
	if (c->state != CONN_READ || c->in_start == c->in_end) {
		conn_end(s, c);
		return false;
	}
	/* Half a request: the client learns what was the matter. */
	c->request.head = c->in;
	respond(s, c, 408);
	return take_steps(s, c);
}
