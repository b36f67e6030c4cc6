/*
 * forward.h - does the capturing host forward packets?
 *
 * It does if it sends what it received, with a TTL that is one less.
 */
#ifndef LADDER_FORWARD_H
#define LADDER_FORWARD_H

#include "decode.h"
#include "pcap.h"

enum { FORWARD_SLOTS = 256 };

/* What came in lately. All zero is empty. */
struct forward {
	uint64_t came_in[FORWARD_SLOTS];
};

/* Take note of P; whether it is one seen before, on its way out. */
bool forward_saw(struct forward *forward, const struct packet *p);

/*
 * Whether a capture in a regular file shows forwarding anywhere. Reads it
 * to its end, or to the first proof.
 */
bool forward_in_capture(struct pcap *pcap);

#endif
