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

/* What is to be said about it, bits of struct step's notes; story.c has the
 * sentences, events.c the words. */
#define NOTE_BIT(n) (UINT64_C(1) << (n))

#define NOTE_NO_SYN	 NOTE_BIT(0)
#define NOTE_CONNECT	 NOTE_BIT(1)
#define NOTE_RETRY	 NOTE_BIT(2)
#define NOTE_ACCEPTING	 NOTE_BIT(3)
#define NOTE_HANDSHAKE	 NOTE_BIT(4)
#define NOTE_GAP	 NOTE_BIT(5)
#define NOTE_HALF_CLOSE	 NOTE_BIT(6)
#define NOTE_EOF	 NOTE_BIT(7)
#define NOTE_CLOSING	 NOTE_BIT(8)
#define NOTE_FIN_ACKED	 NOTE_BIT(9)
#define NOTE_DONE	 NOTE_BIT(10)
#define NOTE_REFUSED	 NOTE_BIT(11)
#define NOTE_RESET	 NOTE_BIT(12)
#define NOTE_CLOSED	 NOTE_BIT(13)
#define NOTE_UNWANTED	 NOTE_BIT(14)
#define NOTE_GONE	 NOTE_BIT(15)
#define NOTE_ICMP	 NOTE_BIT(16)
#define NOTE_KEEP_ALIVE	 NOTE_BIT(17)
#define NOTE_PROBE	 NOTE_BIT(18)
#define NOTE_ZERO_WINDOW NOTE_BIT(19)
#define NOTE_WINDOW_OPEN NOTE_BIT(20)
#define NOTE_LATE	 NOTE_BIT(21)
#define NOTE_NAT	 NOTE_BIT(22)
#define NOTE_DROP	 NOTE_BIT(23)
#define NOTE_REJECT	 NOTE_BIT(24)
#define NOTE_OWN	 NOTE_BIT(25)
#define NOTE_FILL	 NOTE_BIT(26)
#define NOTE_FRAGMENT	 NOTE_BIT(27)
#define NOTE_SACK	 NOTE_BIT(28)
#define NOTE_DSACK	 NOTE_BIT(29)
#define NOTE_DUP_ACK	 NOTE_BIT(30)
#define NOTE_FAST_RETRY	 NOTE_BIT(31)
#define NOTE_WINDOW_FULL NOTE_BIT(32)
#define NOTE_OFFLOAD	 NOTE_BIT(33)
#define NOTE_LOST_BEFORE NOTE_BIT(34)
#define NOTE_LOST_BEHIND NOTE_BIT(35)
#define NOTE_SPURIOUS	 NOTE_BIT(36)

/* What a router does not change in a packet: by this it is known again. */
struct wire {
	uint32_t seq, ack, len;
	uint16_t ip_id;
	uint8_t flags;
};

/* Where a packet was seen on its way, in two captures. */
enum seen {
	SEEN_SENT = 1 << 0, /* it left its sender */
	SEEN_IN = 1 << 1,   /* it came in at the router */
	SEEN_OUT = 1 << 2,  /* it left the router */
	SEEN_GOT = 1 << 3,  /* it came in at its receiver */
};

/* Where it was stopped. */
enum stopped { STOPPED_NOT, STOPPED_BEFORE, STOPPED_AT, STOPPED_BEHIND };

struct step {
	struct conn *conn;
	enum kind kind;
	enum fate fate;
	uint64_t notes;
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
	bool fragmented; /* its first fragment; len grows with the others */
	bool whole;	 /* the last one has come */
	struct tcp_options options;
	uint8_t shown; /* bytes in data */
	uint8_t data[SHOWN_BYTES];

	uint8_t icmp_type;
	uint8_t icmp_code;
	uint32_t mtu;
	struct address icmp_from;
	uint64_t other; /* NAT: the connection in which it goes on */

	enum tcp_state state[2]; /* after it, by side */
	bool changed[2];

	bool joined;	/* from two captures: where is known */
	bool rewritten; /* NAT, in two captures */
	uint8_t seen;	/* of enum seen, in two captures */

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

/* Where S was stopped, seen from the router. */
static inline enum stopped step_stopped(const struct step *s)
{
	if (s->fate != FATE_DROPPED && s->fate != FATE_REJECTED)
		return STOPPED_NOT;
	if (!s->joined || !s->at_router || s->fate == FATE_REJECTED)
		return STOPPED_AT;
	if (s->seen & SEEN_OUT)
		return STOPPED_BEHIND;
	return s->seen & SEEN_IN ? STOPPED_AT : STOPPED_BEFORE;
}

/* Whether A is at or behind B in sequence space, which wraps. */
static inline bool seq_reaches(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

#endif
