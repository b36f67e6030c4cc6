/*
 * decode.h - from captured bytes to addresses, ports, flags and numbers
 *
 * Knows the link layer's header and VLAN tags, IPv4 with options, IPv6 with its
 * extension headers, TCP with the options that say something, and the ICMP and
 * ICMPv6 errors that quote a TCP segment. Every length is
 * checked before it is followed; nothing is allocated.
 *
 * Next: conn.h, which gives the packets to their connections.
 */
#ifndef LADDER_DECODE_H
#define LADDER_DECODE_H

#include "pcap.h"

enum { SACK_MAX = 4 };

enum { ENDPOINT_LEN = 56 }; /* "[" + IPv6 text + "]:65535" + NUL */

/* An IPv4 or IPv6 address; an IPv4 one takes the first four bytes. */
struct address {
	uint8_t byte[16];
	uint8_t version; /* 4 or 6 */
};

struct endpoint {
	struct address addr;
	uint16_t port; /* host byte order */
};

enum tcp_flag {
	FLAG_FIN = 0x01,
	FLAG_SYN = 0x02,
	FLAG_RST = 0x04,
	FLAG_PSH = 0x08,
	FLAG_ACK = 0x10,
	FLAG_URG = 0x20,
};

enum decoded {
	DECODED_OTHER,	  /* nothing for us */
	DECODED_FRAGMENT, /* a later one: src and dst without ports, ip_id, len
			   */
	DECODED_CUT,	  /* TCP, whose header was not captured to its end */
	DECODED_TCP,
	DECODED_ICMP, /* an error about a TCP segment */
	DECODED_UDP,  /* src, dst, payload */
};

/* Options of a TCP header (RFC 9293, 7323, 2018). */
struct tcp_options {
	uint16_t mss; /* 0: none */
	bool has_scale, has_time;
	uint8_t scale;		    /* of the window: a power of 2 */
	uint8_t sacks;		    /* blocks in sack */
	uint32_t sack[SACK_MAX][2]; /* first byte, and one past the last */
	uint32_t time, echo;
};

struct packet {
	int64_t time_ns;
	enum direction direction;
	uint8_t ttl;	     /* or hop limit */
	uint16_t ip_id;	     /* 0 for IPv6 */
	struct endpoint src; /* port 0 in an ICMP error */
	struct endpoint dst;

	/* TCP; of an ICMP error: the segment that it quotes */
	uint32_t seq;
	uint32_t ack;
	uint16_t window;
	uint8_t flags;
	uint32_t len;		/* of the payload, as sent */
	const uint8_t *payload; /* in the record's bytes */
	size_t captured;	/* of the payload, in the capture */
	bool fragmented; /* the first fragment of it: len is only its own */
	struct tcp_options options;

	/* ICMP */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint32_t mtu; /* what the next link takes; 0: not told */
	struct endpoint quoted_src;
	struct endpoint quoted_dst;
};

/* Whether captures of this link type can be read. */
bool decode_knows_link(uint32_t link_type);

/* Whether this link type tells In from Out. */
bool decode_link_has_direction(uint32_t link_type);

/* Take RECORD apart; *p is wholly set. */
enum decoded decode(const struct pcap_record *record, struct packet *p);

bool address_equal(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *a);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* From its text, as inet_pton(3) takes it. False if it is none. */
bool address_parse(const char *text, struct address *addr);

/* Both write into BUF, of ENDPOINT_LEN bytes, and return it. */
char *address_format(const struct address *a, char *buf);
char *endpoint_format(const struct endpoint *e, char *buf);

#endif
