/*
 * step.h - one rung of the ladder: all that a renderer needs of a packet
 *
 * Made by track.c when the packet comes, completed by state.c when its fate
 * is known, and then shown by a renderer (render.h).
 */
#ifndef LADDER_STEP_H
#define LADDER_STEP_H

#include "conn.h"

enum {
	SHOWN_BYTES = 40, /* of the payload */
	STEP_NONE = -1,	  /* no step, in a list of them */
};

enum kind {
	KIND_SYN,
	KIND_SYN_ACK,
	KIND_ACK,
	KIND_DATA,
	KIND_FIN,
	KIND_RST,
	KIND_ICMP,
};

/* How far the packet got, as far as the capture can tell. */
enum fate {
	FATE_WAITING,  /* not known yet: only within track.c */
	FATE_SENT,     /* was sent; nothing would tell whether it arrived */
	FATE_ARRIVED,  /* came in at the capturing host, or was answered */
	FATE_PASSED,   /* came in at the router and went out again */
	FATE_DROPPED,  /* came in at the router and never went out */
	FATE_REJECTED, /* stopped by a host that answered for the receiver */
	FATE_UNKNOWN,  /* was sent, should be answered, and was not */
};

/* What is to be said about it; story.c has the sentences. */
enum note {
	NOTE_NO_SYN = 1 << 0,
	NOTE_CONNECT = 1 << 1,
	NOTE_RETRY = 1 << 2,
	NOTE_ACCEPTING = 1 << 3,
	NOTE_HANDSHAKE = 1 << 4,
	NOTE_GAP = 1 << 5,
	NOTE_HALF_CLOSE = 1 << 6,
	NOTE_EOF = 1 << 7,
	NOTE_CLOSING = 1 << 8,
	NOTE_FIN_ACKED = 1 << 9,
	NOTE_DONE = 1 << 10,
	NOTE_REFUSED = 1 << 11,
	NOTE_RESET = 1 << 12,
	NOTE_CLOSED = 1 << 13,
	NOTE_UNWANTED = 1 << 14,
	NOTE_GONE = 1 << 15,
	NOTE_ICMP = 1 << 16,
	NOTE_KEEP_ALIVE = 1 << 17,
	NOTE_PROBE = 1 << 18,
	NOTE_ZERO_WINDOW = 1 << 19,
	NOTE_WINDOW_OPEN = 1 << 20,
	NOTE_LATE = 1 << 21,
	NOTE_NAT = 1 << 22,
	NOTE_DROP = 1 << 23,
	NOTE_REJECT = 1 << 24,
	NOTE_OWN = 1 << 25,
	NOTE_FILL = 1 << 26,
};

/* What a router does not change in a packet: by this it is known again. */
struct wire {
	uint32_t seq, ack, len;
	uint16_t ip_id;
	uint8_t flags;
};

struct step {
	struct conn *conn;
	enum kind kind;
	enum fate fate;
	uint32_t notes; /* of enum note */
	uint8_t from;	/* sender: 0 client, 1 server; see struct conn */
	bool first;	/* of its connection */
	bool again;	/* an ICMP error as one before */
	bool own;	/* the capturing router itself sent it */
	bool at_router; /* the capturing host forwards */
	enum direction direction;
	int64_t time_ns;     /* since the capture's first packet */
	int64_t since_first; /* since the connection's first, in ns */
	int64_t since_last;  /* since the connection's one before */
	int64_t gap; /* retry: since it was sent before; late: since In */

	uint8_t flags;
	uint8_t ttl;
	uint16_t ip_id;
	uint16_t window;
	bool has_seq; /* an ICMP error may quote what was never seen */
	uint32_t seq; /* relative, as are ack and retries' */
	uint32_t ack;
	uint32_t len;
	uint32_t retries;
	uint8_t shown; /* bytes in data */
	uint8_t data[SHOWN_BYTES];

	uint8_t icmp_type;
	uint8_t icmp_code;
	struct address icmp_from;
	uint64_t other; /* NAT: the connection in which it goes on */

	enum tcp_state state[2]; /* after it, by side */
	bool changed[2];

	/* track.c's */
	struct wire wire;
	bool pair;  /* came in: waits to go out again */
	bool local; /* for one of the capturing host's own addresses */
	int next;   /* next waiting one of this connection and sender */
};

/* Sequence numbers that the segment takes up (RFC 9293, SEG.LEN). */
static inline uint32_t step_seq_len(const struct step *s)
{
	if (s->kind == KIND_ICMP || s->kind == KIND_RST)
		return 0;
	return s->len + ((s->flags & FLAG_SYN) != 0) +
	       ((s->flags & FLAG_FIN) != 0);
}

static inline uint32_t step_seq_end(const struct step *s)
{
	return s->seq + step_seq_len(s);
}

/* Whether the packet reached the end to which it was sent. */
static inline bool step_landed(const struct step *s)
{
	return s->fate == FATE_SENT || s->fate == FATE_ARRIVED ||
	       s->fate == FATE_PASSED;
}

/* Whether a host between the two ends sent it. */
static inline bool step_from_between(const struct step *s)
{
	const struct endpoint *end = &s->conn->end[s->from].at;

	return s->own || (s->kind == KIND_ICMP &&
			  !address_equal(&s->icmp_from, &end->addr));
}

/* Whether A is at or behind B in sequence space, which wraps. */
static inline bool seq_reaches(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

#endif
