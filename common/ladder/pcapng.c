/*
 * pcapng.c - pcapng, block by block
 *
 * draft-ietf-opsawg-pcapng. Blocks that hold no packet and describe no
 * interface are passed over, however long they are. Counterpart:
 * pcap_read.h.
 */
#include "pcap_read.h"

#include <inttypes.h>
#include <string.h>

enum block_type {
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
};

#define BLOCK_SECTION	 0x0a0d0d0aU
#define BYTE_ORDER_MAGIC 0x1a2b3c4dU

enum {
	HEADER_BYTES = 8,  /* type and length of a block */
	TRAILER_BYTES = 4, /* its length again */
	BLOCK_LEAST_BYTES = HEADER_BYTES + TRAILER_BYTES,
	SECTION_BYTES = 16,    /* byte order, version, section length */
	INTERFACE_BYTES = 8,   /* link type, reserved, snap length */
	PACKET_BYTES = 20,     /* interface, time, lengths */
	SIMPLE_BYTES = 4,      /* length as sent */
	OPTION_END = 0,	       /* any block */
	OPTION_FLAGS = 2,      /* packet */
	OPTION_RESOLUTION = 9, /* interface */
	OPTION_OFFSET = 14,    /* interface */
	RESOLUTION_MICRO = 6,
	RESOLUTION_BINARY = 0x80,
	FLAGS_INBOUND = 1,
	FLAGS_OUTBOUND = 2,
};

#define NS_PER_S      UINT64_C(1000000000)
#define SECONDS_LIMIT (INT64_MAX / 1000000000 - 1)

/* A block whose bytes are all in the buffer. */
struct block {
	const uint8_t *body; /* behind its header */
	size_t len;	     /* of the body, without its trailer */
};

/* --- sections --- */

static enum pcap_result no_length(struct pcap *pcap, uint32_t len)
{
	return pcap_broken(pcap,
			   "the capture is broken: the block at byte %" PRIu64
			   " claims %" PRIu32 " bytes",
			   pcap->in.offset, len);
}

enum pcap_result pcapng_section(struct pcap *pcap, int idle_ms)
{
	enum pcap_result result =
		pcap_need(pcap, HEADER_BYTES + SECTION_BYTES, idle_ms);

	if (result == PCAP_END)
		return pcap_broken(pcap, "not a capture: its header is torn");
	if (result != PCAP_PACKET)
		return result;

	const uint8_t *at = input_at(&pcap->in);

	pcap->swapped = false;
	if (pcap_u32(pcap, at + HEADER_BYTES) != BYTE_ORDER_MAGIC)
		pcap->swapped = true;
	if (pcap_u32(pcap, at + HEADER_BYTES) != BYTE_ORDER_MAGIC)
		return pcap_broken(pcap, "not a capture: it begins as pcapng "
					 "does, without its byte order");
	if (pcap_u16(pcap, at + HEADER_BYTES + 4) != 1)
		return pcap_broken(pcap,
				   "this is pcapng %u, of which only "
				   "version 1 is known",
				   pcap_u16(pcap, at + HEADER_BYTES + 4));

	uint32_t len = pcap_u32(pcap, at + 4);

	if (len % 4 != 0 || len < BLOCK_LEAST_BYTES + SECTION_BYTES)
		return no_length(pcap, len);
	pcap->interfaces = 0;
	input_skip(&pcap->in, len);
	return PCAP_PACKET;
}

/* --- options --- */

/* The option CODE behind the first FIXED bytes; NULL: not there. */
static const uint8_t *find_option(const struct pcap *pcap,
				  const struct block *block, size_t fixed,
				  unsigned code, size_t least)
{
	size_t at = fixed;

	while (at + 4 <= block->len) {
		const uint8_t *option = block->body + at;
		unsigned found = pcap_u16(pcap, option);
		size_t len = pcap_u16(pcap, option + 2);

		if (found == OPTION_END || len > block->len - at - 4)
			return NULL;
		if (found == code)
			return len >= least ? option + 4 : NULL;
		at += 4 + ((len + 3) & ~(size_t)3);
	}
	return NULL;
}

static int64_t clamp_seconds(int64_t seconds)
{
	if (seconds < -SECONDS_LIMIT)
		return -SECONDS_LIMIT;
	return seconds > SECONDS_LIMIT ? SECONDS_LIMIT : seconds;
}

static int64_t offset_of(const struct pcap *pcap, const uint8_t *option)
{
	uint64_t low, high;

	if (option == NULL)
		return 0;
	high = pcap_u32(pcap, option + (pcap->swapped ? 0 : 4));
	low = pcap_u32(pcap, option + (pcap->swapped ? 4 : 0));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return clamp_seconds((int64_t)(low << 32 | high));
#else
	return clamp_seconds((int64_t)(high << 32 | low));
#endif
}

static enum pcap_result add_interface(struct pcap *pcap,
				      const struct block *block)
{
	if (block->len < INTERFACE_BYTES)
		return pcap_broken(pcap, "the capture is broken: the "
					 "description of an interface is cut");
	if (pcap->interfaces == PCAP_INTERFACES_MAX)
		return pcap_broken(pcap,
				   "more than %d interfaces in one capture",
				   PCAP_INTERFACES_MAX);

	const uint8_t *resolution =
		find_option(pcap, block, INTERFACE_BYTES, OPTION_RESOLUTION, 1);

	pcap->interface[pcap->interfaces++] = (struct pcap_interface){
		.link_type = pcap_u16(pcap, block->body),
		.snap_len = pcap_u32(pcap, block->body + 4),
		.resolution =
			resolution != NULL ? *resolution : RESOLUTION_MICRO,
		.offset_s = offset_of(pcap,
				      find_option(pcap, block, INTERFACE_BYTES,
						  OPTION_OFFSET, 8)),
	};
	return PCAP_PACKET;
}

/* --- times --- */

static uint64_t power_of_ten(unsigned n)
{
	uint64_t power = 1;

	while (n-- > 0)
		power *= 10;
	return power;
}

/* UNITS of 10^-N seconds: whole seconds, and nanoseconds. */
static uint64_t decimal_time(uint64_t units, unsigned n, uint64_t *ns)
{
	if (n > 19) { /* 2^64 of them are less than two seconds */
		*ns = n - 9 > 19 ? 0 : units / power_of_ten(n - 9);
		return 0;
	}

	uint64_t rest = units % power_of_ten(n);

	*ns = n <= 9 ? rest * power_of_ten(9 - n) : rest / power_of_ten(n - 9);
	return units / power_of_ten(n);
}

/* The same of 2^-N seconds. */
static uint64_t binary_time(uint64_t units, unsigned n, uint64_t *ns)
{
	unsigned spare = n > 34 ? n - 34 : 0; /* 2^34 * 10^9 fits */
	uint64_t rest = n < 64 ? units & ((UINT64_C(1) << n) - 1) : units;

	rest = spare < 64 ? rest >> spare : 0;
	*ns = (rest * NS_PER_S) >> (n - spare);
	return n < 64 ? units >> n : 0;
}

static int64_t time_of(const struct pcap *pcap, const struct pcap_interface *i,
		       const uint8_t *at)
{
	uint64_t units =
		(uint64_t)pcap_u32(pcap, at) << 32 | pcap_u32(pcap, at + 4);
	uint64_t ns;
	uint64_t s = i->resolution & RESOLUTION_BINARY
			     ? binary_time(units, i->resolution & 0x7f, &ns)
			     : decimal_time(units, i->resolution, &ns);
	int64_t seconds =
		clamp_seconds(s > SECONDS_LIMIT ? SECONDS_LIMIT : (int64_t)s);

	seconds = clamp_seconds(seconds + i->offset_s);
	if (seconds < 0)
		return 0;
	return seconds * (int64_t)NS_PER_S + (int64_t)(ns % NS_PER_S);
}

/* --- packets --- */

static enum pcap_result cut_packet(struct pcap *pcap)
{
	return pcap_broken(pcap,
			   "the capture is broken: packet %" PRIu64
			   ", at byte %" PRIu64
			   ", claims more bytes than its block has",
			   pcap->packets + 1, pcap->in.offset);
}

static enum direction direction_of(const struct pcap *pcap,
				   const struct block *block, size_t fixed)
{
	const uint8_t *flags = find_option(pcap, block, fixed, OPTION_FLAGS, 4);
	uint32_t way = flags == NULL ? 0 : pcap_u32(pcap, flags) & 3;

	if (way == FLAGS_INBOUND)
		return DIR_IN;
	return way == FLAGS_OUTBOUND ? DIR_OUT : DIR_UNKNOWN;
}

/* An enhanced packet block, or the obsolete one, which is like it. */
static enum pcap_result take_packet(struct pcap *pcap,
				    const struct block *block, bool enhanced,
				    struct pcap_record *record)
{
	if (block->len < PACKET_BYTES)
		return cut_packet(pcap);

	uint32_t index = enhanced ? pcap_u32(pcap, block->body)
				  : pcap_u16(pcap, block->body);
	uint32_t len = pcap_u32(pcap, block->body + 12);

	if (len > block->len - PACKET_BYTES || len > PCAP_PACKET_MAX_BYTES)
		return cut_packet(pcap);
	if (index >= pcap->interfaces)
		return pcap_broken(pcap,
				   "the capture is broken: packet %" PRIu64
				   " is of interface %" PRIu32
				   ", which it does not describe",
				   pcap->packets + 1, index);

	const struct pcap_interface *i = &pcap->interface[index];
	size_t fixed = PACKET_BYTES + ((len + 3) & ~(size_t)3);

	*record = (struct pcap_record){
		.time_ns = time_of(pcap, i, block->body + 4),
		.data = block->body + PACKET_BYTES,
		.len = len,
		.link_type = i->link_type,
		.direction = direction_of(pcap, block, fixed),
	};
	pcap->last_ns = record->time_ns;
	return PCAP_PACKET;
}

/* A simple packet block: of the first interface, without a time. */
static enum pcap_result take_simple(struct pcap *pcap,
				    const struct block *block,
				    struct pcap_record *record)
{
	if (block->len < SIMPLE_BYTES || pcap->interfaces == 0)
		return cut_packet(pcap);

	uint32_t snap_len = pcap->interface[0].snap_len;
	size_t len = pcap_u32(pcap, block->body);

	if (snap_len != 0 && len > snap_len)
		len = snap_len;
	if (len > block->len - SIMPLE_BYTES)
		return cut_packet(pcap);
	*record = (struct pcap_record){
		.time_ns = pcap->last_ns,
		.data = block->body + SIMPLE_BYTES,
		.len = len,
		.link_type = pcap->interface[0].link_type,
	};
	return PCAP_PACKET;
}

static bool is_wanted(uint32_t type)
{
	return type == BLOCK_INTERFACE || type == BLOCK_PACKET ||
	       type == BLOCK_SIMPLE || type == BLOCK_ENHANCED;
}

/* Have the whole block of LEN bytes in the buffer, and look at its end. */
static enum pcap_result whole_block(struct pcap *pcap, uint32_t len,
				    int idle_ms, struct block *block)
{
	if (len > INPUT_BUFFER_BYTES)
		return no_length(pcap, len);

	enum pcap_result result = pcap_need(pcap, len, idle_ms);

	if (result != PCAP_PACKET)
		return result;

	const uint8_t *at = input_at(&pcap->in);

	if (pcap_u32(pcap, at + len - TRAILER_BYTES) != len)
		return pcap_broken(pcap,
				   "the capture is broken: the block at byte "
				   "%" PRIu64 " ends with another length",
				   pcap->in.offset);
	block->body = at + HEADER_BYTES;
	block->len = len - BLOCK_LEAST_BYTES;
	return PCAP_PACKET;
}

/* Take the next block, of TYPE and LEN, of which *RECORD may come. */
static enum pcap_result take_block(struct pcap *pcap, uint32_t type,
				   uint32_t len, int idle_ms,
				   struct pcap_record *record)
{
	struct block block = {0};
	enum pcap_result result = whole_block(pcap, len, idle_ms, &block);

	if (result != PCAP_PACKET)
		return result;
	if (type == BLOCK_INTERFACE)
		result = add_interface(pcap, &block);
	else if (type == BLOCK_SIMPLE)
		result = take_simple(pcap, &block, record);
	else
		result = take_packet(pcap, &block, type == BLOCK_ENHANCED,
				     record);
	if (result == PCAP_PACKET)
		input_consume(&pcap->in, len);
	return result;
}

/* Pass over a block that is of no use here, or begin a section. */
static enum pcap_result pass_block(struct pcap *pcap, uint32_t type,
				   uint32_t len, int idle_ms)
{
	if (type == BLOCK_SECTION)
		return pcapng_section(pcap, idle_ms);
	input_skip(&pcap->in, len);
	return PCAP_PACKET;
}

enum pcap_result pcapng_next(struct pcap *pcap, int idle_ms,
			     struct pcap_record *record)
{
	for (;;) {
		enum pcap_result result =
			pcap_need(pcap, HEADER_BYTES, idle_ms);

		if (result != PCAP_PACKET)
			return result;

		uint32_t type = pcap_u32(pcap, input_at(&pcap->in));
		uint32_t len = pcap_u32(pcap, input_at(&pcap->in) + 4);
		bool wanted = is_wanted(type);

		/* A section may begin in the other byte order. */
		if (type != BLOCK_SECTION &&
		    (len % 4 != 0 || len < BLOCK_LEAST_BYTES))
			return no_length(pcap, len);
		if (wanted)
			result = take_block(pcap, type, len, idle_ms, record);
		else
			result = pass_block(pcap, type, len, idle_ms);
		if (result != PCAP_PACKET ||
		    (wanted && type != BLOCK_INTERFACE))
			return result;
	}
}
