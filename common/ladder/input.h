/*
 * input.h - bytes of a file or a pipe, as they come
 *
 * One buffer, from which the front is taken as it is used. Next: pcap.h.
 */
#ifndef LADDER_INPUT_H
#define LADDER_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INPUT_BUFFER_BYTES = 524288 };

enum input_result {
	INPUT_OK,
	INPUT_IDLE, /* nothing came for idle_ms */
	INPUT_END,
	INPUT_ERROR, /* errno */
};

struct input {
	int fd;			   /* not owned */
	bool regular;		   /* a file, which never lets a reader wait */
	uint64_t offset;	   /* of the next unread byte */
	uint64_t skip;		   /* bytes still to be passed over */
	void (*before_wait)(void); /* may be NULL; called before read(2) */
	uint8_t *buf;
	size_t start, end; /* what of buf is unread */
};

/* Begin to read from FD. -1 with errno; input_close() frees the buffer. */
int input_open(struct input *in, int fd, void (*before_wait)(void));
void input_close(struct input *in);

/*
 * Have at least NEED bytes, at most INPUT_BUFFER_BYTES, of which input_at()
 * is the first. On a pipe that brings nothing for IDLE_MS milliseconds (-1:
 * wait for ever) the result is INPUT_IDLE, and nothing is lost.
 */
enum input_result input_fill(struct input *in, size_t need, int idle_ms);

static inline const uint8_t *input_at(const struct input *in)
{
	return in->buf + in->start;
}

/* Bytes that can be had without reading. */
static inline size_t input_have(const struct input *in)
{
	return in->end - in->start;
}

/* Take N bytes, which are there, off the front. */
void input_consume(struct input *in, size_t n);

/* Pass over N bytes, which need not be there yet; input_fill() sees to it. */
void input_skip(struct input *in, uint64_t n);

#endif
