/*
 * pcap.h - a stream of captured packets, read as it comes
 *
 * Classic pcap (pcap-savefile(5)) in either byte order, with micro- or
 * nanoseconds, and pcapng (draft-ietf-opsawg-pcapng) with any number of
 * sections. Reads a file or a pipe; memory is one buffer.
 *
 * Next: decode.h, which takes the packets apart.
 */
#ifndef LADDER_PCAP_H
#define LADDER_PCAP_H

#include "input.h"

enum {
	PCAP_PACKET_MAX_BYTES = 262144, /* tcpdump's largest snap length */
	PCAP_INTERFACES_MAX = 256,	/* of a pcapng section */
	PCAP_MESSAGE_LEN = 200,
};

enum pcap_result {
	PCAP_PACKET, /* *record is filled in */
	PCAP_IDLE,   /* nothing came for idle_ms; call again */
	PCAP_END,    /* the stream ended between two packets */
	PCAP_BROKEN, /* torn or not a capture; ->message says how */
};

/* Which way a packet crossed the interface at which it was captured. */
enum direction { DIR_UNKNOWN, DIR_IN, DIR_OUT };

/* One packet; its bytes are good until the next call. */
struct pcap_record {
	int64_t time_ns; /* since the epoch; never negative */
	const uint8_t *data;
	size_t len; /* bytes captured, perhaps fewer than were sent */
	uint32_t link_type;
	enum direction direction; /* as the capture's format tells it */
};

/* An interface of a pcapng section. */
struct pcap_interface {
	uint16_t link_type;
	uint8_t resolution; /* if_tsresol: a negative power of 10 or 2 */
	uint32_t snap_len;  /* 0: none */
	int64_t offset_s;   /* if_tsoffset */
};

struct pcap {
	struct input in;
	bool swapped; /* the other byte order than this machine's */
	bool nano;    /* fractions of a second are nanoseconds */
	bool ng;
	uint32_t link_type; /* of a classic capture */
	uint64_t packets;   /* complete ones so far */
	unsigned interfaces;
	struct pcap_interface interface[PCAP_INTERFACES_MAX];
	int64_t last_ns; /* for a packet block without a time */
	char message[PCAP_MESSAGE_LEN];
};

/*
 * Begin to read a capture from FD, waiting for its file header; BEFORE_WAIT,
 * unless it is NULL, is called before each read(2). Returns PCAP_PACKET when
 * packets may follow, else PCAP_BROKEN. pcap_close() frees what this
 * allocates, either way.
 */
enum pcap_result pcap_open(struct pcap *pcap, int fd,
			   void (*before_wait)(void));

/*
 * Read the next packet. On a pipe that brings nothing for IDLE_MS
 * milliseconds (-1: wait for ever) the result is PCAP_IDLE.
 */
enum pcap_result pcap_next(struct pcap *pcap, int idle_ms,
			   struct pcap_record *record);

void pcap_close(struct pcap *pcap);

#endif
