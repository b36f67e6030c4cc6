/*
 * forward.c - does the capturing host forward packets?
 *
 * Counterpart: forward.h.
 */
#include "forward.h"

#include <string.h>

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15U;
	return h ^ h >> 32;
}

static uint64_t mix_endpoint(uint64_t h, const struct endpoint *e)
{
	uint64_t half[2];

	memcpy(half, e->addr.byte, sizeof(half));
	return mix(mix(mix(h, half[0]), half[1]), e->port);
}

/* A number for P as it is on its way out, if it comes in with TTL. */
static uint64_t fingerprint(const struct packet *p, unsigned ttl_out)
{
	uint64_t h = mix_endpoint(mix_endpoint(1, &p->src), &p->dst);

	h = mix(h, (uint64_t)p->seq << 32 | p->ack);
	h = mix(h, (uint64_t)p->len << 32 | (uint64_t)p->ip_id << 8 | p->flags);
	return mix(h, ttl_out);
}

bool forward_saw(struct forward *forward, const struct packet *p)
{
	if (p->direction == DIR_UNKNOWN || p->ttl == 0)
		return false;

	bool out = p->direction == DIR_OUT;
	uint64_t h = fingerprint(p, out ? p->ttl : p->ttl - 1U);
	uint64_t *slot = &forward->came_in[h % FORWARD_SLOTS];

	if (out)
		return *slot == h;
	*slot = h;
	return false;
}

bool forward_in_capture(struct pcap *pcap)
{
	struct forward forward = {0};
	struct pcap_record record;
	struct packet p;

	while (pcap_next(pcap, -1, &record) == PCAP_PACKET) {
		enum decoded what = decode(&record, &p);

		if ((what == DECODED_TCP || what == DECODED_ICMP) &&
		    forward_saw(&forward, &p))
			return true;
	}
	return false;
}
