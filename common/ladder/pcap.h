/*
 * pcap.h - a stream of captured packets, read as it comes
 *
 * Classic pcap (pcap-savefile(5)) in either byte order, with micro- or
 * nanoseconds. Reads a file or a pipe; memory is one buffer.
 *
 * Next: decode.h, which takes the packets apart.
 */
#ifndef LADDER_PCAP_H
#define LADDER_PCAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PCAP_PACKET_MAX_BYTES = 262144, /* tcpdump's largest snap length */
	PCAP_MESSAGE_LEN = 200,
};

enum pcap_result {
	PCAP_PACKET, /* *record is filled in */
	PCAP_IDLE,   /* nothing came for idle_ms; call again */
	PCAP_END,    /* the stream ended between two packets */
	PCAP_BROKEN, /* torn or not a capture; ->message says how */
};

/* One packet; its bytes are good until the next call. */
struct pcap_record {
	int64_t time_ns; /* since the epoch */
	const uint8_t *data;
	size_t len; /* bytes captured, perhaps fewer than were sent */
};

struct pcap {
	int fd;	      /* not owned */
	bool regular; /* a file, which never lets a reader wait */
	bool swapped; /* the other byte order than this machine's */
	bool nano;    /* fractions of a second are nanoseconds */
	uint32_t link_type;
	uint64_t packets;	   /* complete ones so far */
	uint64_t offset;	   /* of the next unread byte */
	void (*before_wait)(void); /* may be NULL; called before read(2) */
	uint8_t *buf;
	size_t start, end; /* what of buf is unread */
	char message[PCAP_MESSAGE_LEN];
};

/*
 * Begin to read a capture from FD, waiting for its file header. Returns
 * PCAP_PACKET when packets may follow, else PCAP_BROKEN. pcap_close() frees
 * what this allocates, either way.
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
