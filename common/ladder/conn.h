/*
 * conn.h - the connections of a capture, and a bounded table of them
 *
 * A connection is two ends; end 0 is the client, which sent the first SYN.
 * Next: track.c, which fills them in, and state.c.
 */
#ifndef LADDER_CONN_H
#define LADDER_CONN_H

#include "decode.h"

/* RFC 9293, figure 5. */
enum tcp_state {
	STATE_UNKNOWN, /* the capture does not show it */
	STATE_CLOSED,
	STATE_SYN_SENT,
	STATE_SYN_RCVD,
	STATE_ESTABLISHED,
	STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2,
	STATE_CLOSE_WAIT,
	STATE_CLOSING,
	STATE_LAST_ACK,
	STATE_TIME_WAIT,
};

/* "SYN-SENT"; "" for STATE_UNKNOWN. */
const char *tcp_state_name(enum tcp_state state);

/* One end. Sequence numbers are relative to its first, in all but base. */
struct end {
	struct endpoint at;
	char label[ENDPOINT_LEN];

	/* as packets are captured: track.c */
	bool base_known;
	bool sent;	/* next is set */
	bool syn_acked; /* it has sent a SYN,ACK */
	bool fin_sent;
	uint32_t base;	     /* its initial sequence number */
	uint32_t next;	     /* one past the highest that it sent */
	uint32_t hole_start; /* what was never captured, below next */
	uint32_t hole_end;
	uint32_t retry_seq; /* what was sent again last */
	uint32_t retries;   /* how often */
	uint32_t fin_ack;   /* what its FIN acknowledged */
	int64_t sent_ns;    /* when it last used sequence numbers */
	int waiting_first;  /* steps of it that wait, by struct step's next */
	int waiting_last;

	/* as packets are shown: state.c */
	enum tcp_state state;
	bool acked; /* has sent an ACK */
	bool fin_shown;
	bool fin_landed;   /* the FIN reached the other end */
	bool fin_received; /* the other end's FIN reached it */
	bool zero_window;
	bool late_data;	   /* sent data behind the other end's FIN */
	uint32_t fin_end;  /* one past its FIN */
	uint32_t received; /* one past what it has got without a gap */
	uint8_t ttl;	   /* of its first packet */
	uint16_t mss;	   /* as it told; 0: not known */
	bool syn_shown;
	bool has_scale;
	uint8_t scale;	     /* of window, as it told */
	uint16_t window;     /* of its last ACK, not scaled */
	uint32_t acked_to;   /* its last ACK */
	uint32_t dup_acks;   /* how often that was repeated */
	uint32_t shown_next; /* one past the highest that it sent */
	bool retry_timed;    /* retry_time is that of an unanswered retry */
	uint32_t retry_time; /* timestamp of what it sent again last */
	uint32_t retry_end;
};

enum { NO_SIDE = -1 };

/* What outcome.c notes while packets are shown. */
struct outcome {
	uint64_t packets;
	uint32_t syns, drops, retries;
	int8_t first_fin, reset_by; /* a side, or NO_SIDE */
	uint64_t reset_notes;
	uint8_t icmp_version; /* of the first error; 0: none */
	uint8_t icmp_type, icmp_code;
	struct address icmp_from;
};

struct conn {
	uint64_t number; /* from 1, in the order of the capture */
	struct end end[2];
	bool started;  /* its SYN was captured */
	bool loopback; /* within one host */
	bool reset;
	bool said_half_close;
	bool said_nat;
	bool rewritten;		/* nat is known: two captures */
	struct endpoint nat[2]; /* the ends, as they are beyond the router */
	int8_t view_side[2];	/* which end a capture is of, or NO_SIDE */
	bool said_icmp;
	bool over;    /* both ends were done, or one was reset */
	bool told;    /* summary.c has written its line */
	bool counted; /* scan.c's: not shown */
	bool talked;  /* scan.c's: has sent data */
	struct outcome outcome;
	bool said_offload[2];
	bool said_full[2];
	uint32_t steps;	   /* waiting to be shown: not to be evicted */
	uint64_t captured; /* packets */
	int64_t first_ns;
	int64_t last_ns;
	int64_t shown_ns; /* of the last that was shown */

	/* conn.c's */
	uint32_t chain; /* next in the hash chain */
	uint32_t older, newer;
	bool done;
	bool hashed;
};

/* Spread over all bits; the sum of both ends' is the same either way. */
uint64_t endpoint_hash(const struct endpoint *e);

struct conns;

/*
 * An empty table; NULL with errno. conns_free() takes NULL too. FORGET is
 * called with CONTEXT for each connection before it is forgotten.
 */
struct conns *conns_new(void (*forget)(void *context, struct conn *conn),
			void *context);
void conns_free(struct conns *conns);

/* The connection between A and B, or NULL; *side becomes the one of A. */
struct conn *conns_find(struct conns *conns, const struct endpoint *a,
			const struct endpoint *b, uint8_t *side);

/*
 * A new connection. When the table is full, the one that ended longest ago,
 * or else has been silent for longest, is forgotten. Never fails: fewer
 * steps can wait than the table has room for.
 */
struct conn *conns_add(struct conns *conns, const struct endpoint *client,
		       const struct endpoint *server);

/* Forget CONN for conns_find(): its four-tuple is used again. */
void conns_retire(struct conns *conns, struct conn *conn);

/* Forget all, in the order of their numbers. */
void conns_forget_all(struct conns *conns);

/* CONN had a packet; DONE: and has come to its end. */
void conns_touch(struct conns *conns, struct conn *conn, bool done);

#endif
