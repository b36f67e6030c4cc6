/*
 * conn.c - one connection: requests come in, responses go out
 *
 * A connection is in one of three states, and for each there is a function that
 * takes one step. conn_advance() takes steps until one would have to wait. A
 * connection that waits has memory only for bytes that wait with it: an idle
 * one has none.
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
	/*
	 * Step 1: recv(2) from c->fd into c->in, which has HEAD_BYTES, of which
	 * c->in_end are taken; move c->in_end on. Return GO_ON; END if it is
	 * the client's EOF; and if it fails, what after_error() says.
	 */
	(void)after_error;
	return (enum step)todo(1, "recv, in read_some(), conn.c");
}

/* Old clients send an empty line too many: RFC 9112, section 2.2. */
static void skip_empty_lines(struct conn *c)
{
	/*
	 * Step 3: as long as there is no request line yet (c->request.line.len
	 * is 0), and what has come begins with CR LF, move c->in_start behind
	 * it, and set c->request.scanned to 0.
	 */
	(void)c;
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
	/*
	 * Step 3: if it is not c->close, the next request begins: c->request is
	 * empty again, and c->state is CONN_READ. Go on.
	 *
	 * Step 5: RFC 9112, section 9.6: to close a connection to which more is
	 * sent than we have read is to send RST, and that takes the response
	 * from a client who has not read it yet. So if it is c->close, only
	 * shut one direction, by shutdown(2), and go on with CONN_LINGER.
	 */
	(void)c;
	return END;
}

static enum step send_file(struct server *s, struct conn *c)
{
	/*
	 * Step 4: sendfile(2) from c->content.fd, and from c->offset, which it
	 * moves on, to c->content.size; but no more than TURN_BYTES at once. If
	 * it fails: after_error(). If it sends nothing, the file is shorter by
	 * now than its head says: END. Else postpone(). If there is more, WAIT;
	 * if that was all, content_close() and finish().
	 */
	(void)s;
	(void)c;
	return (enum step)todo(4, "sendfile, in send_file(), conn.c");
}

static enum step send_response(struct server *s, struct conn *c)
{
	if (c->out_len == 0)
		return send_file(s, c);
	/*
	 * Step 1: send(2) the c->out_len bytes at c->out, MSG_NOSIGNAL, and
	 * move both on by what it has taken. If it fails: after_error().
	 *
	 * Step 4: if there is a file to come (c->content.fd is not -1), add
	 * MSG_MORE: then its first bytes may go into the same segment.
	 */
	todo(1, "send, in send_response(), conn.c");

	postpone(s, c);
	if (c->out_len > 0)
		return WAIT;
	free(c->out_kept);
	c->out_kept = NULL;
	return c->content.fd >= 0 ? GO_ON : finish(c);
}

/* Read until the client has closed, too; what it says does not matter. */
static enum step linger(struct server *s, struct conn *c)
{
	/* Step 5: forget what has come, and read_some(). */
	(void)s;
	(void)c;
	return END;
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
	/*
	 * Step 4: if half a request has come (CONN_READ, and there is something
	 * in c->in), the client learns what was the matter: postpone(), set
	 * c->request.head to where it is, respond() with 408, c->has_read so
	 * that nothing more is read, and take_steps(). One in CONN_SEND may be
	 * slow, but take what is sent: if c->untaken is less than before, once
	 * keep() has looked again, postpone() is all. All others just end.
	 */
	conn_end(s, c);
	return false;
}
