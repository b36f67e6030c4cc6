/*
 * pcap.c - a stream of captured packets, read as it comes
 *
 * Counterpart: pcap.h, which says what is promised.
 */
#include "pcap.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FILE_HEADER_BYTES = 24,
	RECORD_HEADER_BYTES = 16,
	BUFFER_BYTES = 2 * PCAP_PACKET_MAX_BYTES,
};

#define MAGIC_MICRO 0xa1b2c3d4U
#define MAGIC_NANO  0xa1b23c4dU
#define MAGIC_NG    0x0a0d0d0aU /* a palindrome: the same in either order */

enum fill { FILL_DONE, FILL_IDLE, FILL_END, FILL_ERROR };

static uint32_t swap32(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static uint32_t field(const struct pcap *pcap, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return pcap->swapped ? swap32(v) : v;
}

/* Read once into the buffer's free end, after waiting at most IDLE_MS. */
static enum fill read_more(struct pcap *pcap, int idle_ms)
{
	if (pcap->before_wait != NULL)
		pcap->before_wait();
	for (;;) {
		if (idle_ms >= 0 && !pcap->regular) {
			struct pollfd pfd = {.fd = pcap->fd, .events = POLLIN};
			int ready = poll(&pfd, 1, idle_ms);

			if (ready == 0)
				return FILL_IDLE;
			if (ready == -1 && errno != EINTR)
				return FILL_ERROR;
			if (ready == -1)
				continue;
		}
		ssize_t n = read(pcap->fd, pcap->buf + pcap->end,
				 BUFFER_BYTES - pcap->end);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? FILL_END : FILL_ERROR;
		pcap->end += (size_t)n;
		return FILL_DONE;
	}
}

/* Have at least NEED unread bytes in the buffer. */
static enum fill fill(struct pcap *pcap, size_t need, int idle_ms)
{
	if (pcap->end - pcap->start >= need)
		return FILL_DONE;
	if (pcap->start > 0) {
		memmove(pcap->buf, pcap->buf + pcap->start,
			pcap->end - pcap->start);
		pcap->end -= pcap->start;
		pcap->start = 0;
	}
	while (pcap->end < need) {
		enum fill result = read_more(pcap, idle_ms);

		if (result != FILL_DONE)
			return result;
	}
	return FILL_DONE;
}

static void consume(struct pcap *pcap, size_t n)
{
	pcap->start += n;
	pcap->offset += n;
}

static enum pcap_result broken(struct pcap *pcap, const char *message)
{
	snprintf(pcap->message, sizeof(pcap->message), "%s", message);
	return PCAP_BROKEN;
}

static enum pcap_result read_failed(struct pcap *pcap)
{
	snprintf(pcap->message, sizeof(pcap->message),
		 "cannot read the capture: %s", strerror(errno));
	return PCAP_BROKEN;
}

/* The stream ended inside what should be one more packet. */
static enum pcap_result torn(struct pcap *pcap)
{
	snprintf(pcap->message, sizeof(pcap->message),
		 "the capture is torn: it ends at byte %" PRIu64
		 ", inside packet %" PRIu64,
		 pcap->offset + (pcap->end - pcap->start), pcap->packets + 1);
	return PCAP_BROKEN;
}

/* Why the stream has no file header. */
static enum pcap_result no_header(struct pcap *pcap, enum fill result)
{
	if (result == FILL_ERROR)
		return read_failed(pcap);
	if (pcap->end == 0)
		return broken(pcap, "the input is empty: no capture");
	snprintf(pcap->message, sizeof(pcap->message),
		 "not a capture: %zu bytes, and a pcap file begins with %d",
		 pcap->end, FILE_HEADER_BYTES);
	return PCAP_BROKEN;
}

static enum pcap_result take_magic(struct pcap *pcap)
{
	uint32_t magic = field(pcap, pcap->buf);

	if (magic == MAGIC_NG)
		return broken(pcap,
			      "this is pcapng, which is not read yet; convert "
			      "it: tcpdump -r FILE -w FILE.pcap (or editcap -F "
			      "pcap)");
	if (magic != MAGIC_MICRO && magic != MAGIC_NANO) {
		pcap->swapped = true;
		magic = swap32(magic);
	}
	pcap->nano = magic == MAGIC_NANO;
	if (magic == MAGIC_MICRO || magic == MAGIC_NANO)
		return PCAP_PACKET;
	return broken(pcap, "not a capture: it does not begin as a pcap file "
			    "does");
}

enum pcap_result pcap_open(struct pcap *pcap, int fd, void (*before_wait)(void))
{
	struct stat st;

	*pcap = (struct pcap){.fd = fd, .before_wait = before_wait};
	pcap->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	pcap->buf = malloc(BUFFER_BYTES);
	if (pcap->buf == NULL)
		return read_failed(pcap);

	/* The magic number alone tells a pcapng file, however short. */
	enum fill result = fill(pcap, sizeof(uint32_t), -1);

	if (result != FILL_DONE)
		return no_header(pcap, result);
	if (take_magic(pcap) != PCAP_PACKET)
		return PCAP_BROKEN;
	result = fill(pcap, FILE_HEADER_BYTES, -1);
	if (result != FILL_DONE)
		return no_header(pcap, result);
	/* The upper half tells of frame check sequences, not of the link. */
	pcap->link_type = field(pcap, pcap->buf + 20) & 0xffff;
	consume(pcap, FILE_HEADER_BYTES);
	return PCAP_PACKET;
}

static enum pcap_result no_packet(struct pcap *pcap, enum fill result)
{
	if (result == FILL_IDLE)
		return PCAP_IDLE;
	if (result == FILL_ERROR)
		return read_failed(pcap);
	return pcap->start == pcap->end ? PCAP_END : torn(pcap);
}

enum pcap_result pcap_next(struct pcap *pcap, int idle_ms,
			   struct pcap_record *record)
{
	enum fill result = fill(pcap, RECORD_HEADER_BYTES, idle_ms);

	if (result != FILL_DONE)
		return no_packet(pcap, result);

	const uint8_t *header = pcap->buf + pcap->start;
	uint32_t len = field(pcap, header + 8);

	if (len > PCAP_PACKET_MAX_BYTES) {
		snprintf(pcap->message, sizeof(pcap->message),
			 "the capture is broken: packet %" PRIu64
			 ", at byte %" PRIu64 ", claims %" PRIu32 " bytes",
			 pcap->packets + 1, pcap->offset, len);
		return PCAP_BROKEN;
	}
	result = fill(pcap, RECORD_HEADER_BYTES + len, idle_ms);
	if (result != FILL_DONE)
		return no_packet(pcap, result);

	header = pcap->buf + pcap->start; /* fill() may have moved it */
	record->time_ns =
		(int64_t)field(pcap, header) * 1000000000 +
		(int64_t)field(pcap, header + 4) * (pcap->nano ? 1 : 1000);
	record->data = header + RECORD_HEADER_BYTES;
	record->len = len;
	consume(pcap, RECORD_HEADER_BYTES + len);
	pcap->packets++;
	return PCAP_PACKET;
}

void pcap_close(struct pcap *pcap)
{
	free(pcap->buf);
	pcap->buf = NULL;
}
