/*
 * pcap.c - a stream of captured packets, read as it comes
 *
 * Counterpart: pcap.h, which says what is promised; pcapng.c has the other
 * format.
 */
#include "pcap_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FILE_HEADER_BYTES = 24, RECORD_HEADER_BYTES = 16 };

#define MAGIC_MICRO 0xa1b2c3d4U
#define MAGIC_NANO  0xa1b23c4dU
#define MAGIC_NG    0x0a0d0d0aU /* a palindrome: the same in either order */

uint32_t pcap_u32(const struct pcap *pcap, const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return pcap->swapped ? __builtin_bswap32(v) : v;
}

uint16_t pcap_u16(const struct pcap *pcap, const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return pcap->swapped ? __builtin_bswap16(v) : v;
}

enum pcap_result pcap_broken(struct pcap *pcap, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(pcap->message, sizeof(pcap->message), format, args);
	va_end(args);
	return PCAP_BROKEN;
}

static enum pcap_result read_failed(struct pcap *pcap)
{
	return pcap_broken(pcap, "cannot read the capture: %s",
			   strerror(errno));
}

enum pcap_result pcap_no_packet(struct pcap *pcap, enum input_result result)
{
	const struct input *in = &pcap->in;

	if (result == INPUT_IDLE)
		return PCAP_IDLE;
	if (result == INPUT_ERROR)
		return read_failed(pcap);
	if (input_have(in) == 0 && in->skip == 0)
		return PCAP_END;
	return pcap_broken(pcap,
			   "the capture is torn: it ends at byte %" PRIu64
			   ", inside packet %" PRIu64,
			   in->offset + input_have(in), pcap->packets + 1);
}

enum pcap_result pcap_need(struct pcap *pcap, size_t need, int idle_ms)
{
	enum input_result result = input_fill(&pcap->in, need, idle_ms);

	return result == INPUT_OK ? PCAP_PACKET : pcap_no_packet(pcap, result);
}

/* Why the stream has no file header. */
static enum pcap_result no_header(struct pcap *pcap, enum input_result result)
{
	if (result == INPUT_ERROR)
		return read_failed(pcap);
	if (input_have(&pcap->in) == 0)
		return pcap_broken(pcap, "the input is empty: no capture");
	return pcap_broken(pcap,
			   "not a capture: %zu bytes, and a pcap file begins "
			   "with %d",
			   input_have(&pcap->in), FILE_HEADER_BYTES);
}

/* Learn the format from the first four bytes. */
static enum pcap_result take_magic(struct pcap *pcap)
{
	uint32_t magic = pcap_u32(pcap, input_at(&pcap->in));

	pcap->ng = magic == MAGIC_NG;
	if (pcap->ng)
		return PCAP_PACKET;
	if (magic != MAGIC_MICRO && magic != MAGIC_NANO) {
		pcap->swapped = true;
		magic = __builtin_bswap32(magic);
	}
	pcap->nano = magic == MAGIC_NANO;
	if (magic == MAGIC_MICRO || magic == MAGIC_NANO)
		return PCAP_PACKET;
	return pcap_broken(pcap, "not a capture: it does not begin as a pcap "
				 "file does");
}

enum pcap_result pcap_open(struct pcap *pcap, int fd, void (*before_wait)(void))
{
	*pcap = (struct pcap){0};
	if (input_open(&pcap->in, fd, before_wait) == -1)
		return pcap_broken(pcap, "%s", strerror(errno));

	enum input_result result = input_fill(&pcap->in, 4, -1);

	if (result != INPUT_OK)
		return no_header(pcap, result);
	if (take_magic(pcap) != PCAP_PACKET)
		return PCAP_BROKEN;
	if (pcap->ng)
		return pcapng_section(pcap, -1);
	result = input_fill(&pcap->in, FILE_HEADER_BYTES, -1);
	if (result != INPUT_OK)
		return no_header(pcap, result);
	/* The upper half tells of frame check sequences, not of the link. */
	pcap->link_type = pcap_u32(pcap, input_at(&pcap->in) + 20) & 0xffff;
	input_consume(&pcap->in, FILE_HEADER_BYTES);
	return PCAP_PACKET;
}

static enum pcap_result classic_next(struct pcap *pcap, int idle_ms,
				     struct pcap_record *record)
{
	enum pcap_result result = pcap_need(pcap, RECORD_HEADER_BYTES, idle_ms);

	if (result != PCAP_PACKET)
		return result;

	uint32_t len = pcap_u32(pcap, input_at(&pcap->in) + 8);

	if (len > PCAP_PACKET_MAX_BYTES)
		return pcap_broken(pcap,
				   "the capture is broken: packet %" PRIu64
				   ", at byte %" PRIu64 ", claims %" PRIu32
				   " bytes",
				   pcap->packets + 1, pcap->in.offset, len);
	result = pcap_need(pcap, RECORD_HEADER_BYTES + len, idle_ms);
	if (result != PCAP_PACKET)
		return result;

	const uint8_t *header = input_at(&pcap->in);

	*record = (struct pcap_record){
		.time_ns = (int64_t)pcap_u32(pcap, header) * 1000000000 +
			   (int64_t)pcap_u32(pcap, header + 4) *
				   (pcap->nano ? 1 : 1000),
		.data = header + RECORD_HEADER_BYTES,
		.len = len,
		.link_type = pcap->link_type,
	};
	input_consume(&pcap->in, RECORD_HEADER_BYTES + len);
	return PCAP_PACKET;
}

enum pcap_result pcap_next(struct pcap *pcap, int idle_ms,
			   struct pcap_record *record)
{
	enum pcap_result result = pcap->ng
					  ? pcapng_next(pcap, idle_ms, record)
					  : classic_next(pcap, idle_ms, record);

	pcap->packets += result == PCAP_PACKET;
	return result;
}

void pcap_close(struct pcap *pcap)
{
	input_close(&pcap->in);
}
