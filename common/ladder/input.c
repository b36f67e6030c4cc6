/*
 * input.c - bytes of a file or a pipe, as they come
 *
 * Counterpart: input.h, which says what is promised.
 */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int input_open(struct input *in, int fd, void (*before_wait)(void))
{
	struct stat st;

	*in = (struct input){.fd = fd, .before_wait = before_wait};
	in->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	in->buf = malloc(INPUT_BUFFER_BYTES);
	return in->buf == NULL ? -1 : 0;
}

void input_close(struct input *in)
{
	free(in->buf);
	in->buf = NULL;
}

/* Read once into the buffer's free end, after waiting at most IDLE_MS. */
static enum input_result read_more(struct input *in, int idle_ms)
{
	if (in->before_wait != NULL)
		in->before_wait();
	for (;;) {
		if (idle_ms >= 0 && !in->regular) {
			struct pollfd pfd = {.fd = in->fd, .events = POLLIN};
			int ready = poll(&pfd, 1, idle_ms);

			if (ready == 0)
				return INPUT_IDLE;
			if (ready == -1 && errno != EINTR)
				return INPUT_ERROR;
			if (ready == -1)
				continue;
		}
		ssize_t n = read(in->fd, in->buf + in->end,
				 INPUT_BUFFER_BYTES - in->end);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? INPUT_END : INPUT_ERROR;
		in->end += (size_t)n;
		return INPUT_OK;
	}
}

void input_consume(struct input *in, size_t n)
{
	in->start += n;
	in->offset += n;
}

void input_skip(struct input *in, uint64_t n)
{
	size_t have = input_have(in);

	if (n <= have) {
		input_consume(in, (size_t)n);
		return;
	}
	input_consume(in, have);
	in->skip = n - have;
}

/* Have what is unread at the buffer's beginning. */
static void make_room(struct input *in)
{
	if (in->start == 0)
		return;
	memmove(in->buf, in->buf + in->start, input_have(in));
	in->end -= in->start;
	in->start = 0;
}

enum input_result input_fill(struct input *in, size_t need, int idle_ms)
{
	while (in->skip > 0 || input_have(in) < need) {
		make_room(in);
		enum input_result result = read_more(in, idle_ms);

		if (result != INPUT_OK)
			return result;
		uint64_t skip = in->skip;

		in->skip = 0;
		input_skip(in, skip);
	}
	return INPUT_OK;
}
