/*
 * conn.c - a bounded table of connections
 *
 * One array, made once; hash chains and two lists by age (those that have
 * ended, those that have not) are indexes into it. Counterpart: conn.h.
 */
#include "conn.h"

#include <stdlib.h>
#include <string.h>

#ifndef CONNS_MAX
#define CONNS_MAX 16384 /* the fuzzer has fewer; more than QUEUE_MAX */
#endif

enum {
	BUCKETS = 32768, /* a power of two */
	NONE = 0,	 /* slot 0 is never used */
};

/* Oldest at the tail, newest at the head. */
struct ages {
	uint32_t oldest, newest;
};

struct conns {
	void (*forget)(void *context, struct conn *conn);
	void *context;
	uint64_t made;
	uint32_t used;
	struct ages ages[2]; /* by struct conn's done */
	uint32_t bucket[BUCKETS];
	struct conn slot[CONNS_MAX + 1];
};

const char *tcp_state_name(enum tcp_state state)
{
	static const char *const name[] = {
		[STATE_UNKNOWN] = "",
		[STATE_CLOSED] = "CLOSED",
		[STATE_SYN_SENT] = "SYN-SENT",
		[STATE_SYN_RCVD] = "SYN-RCVD",
		[STATE_ESTABLISHED] = "ESTABLISHED",
		[STATE_FIN_WAIT_1] = "FIN-WAIT-1",
		[STATE_FIN_WAIT_2] = "FIN-WAIT-2",
		[STATE_CLOSE_WAIT] = "CLOSE-WAIT",
		[STATE_CLOSING] = "CLOSING",
		[STATE_LAST_ACK] = "LAST-ACK",
		[STATE_TIME_WAIT] = "TIME-WAIT",
	};

	return name[state];
}

struct conns *conns_new(void (*forget)(void *context, struct conn *conn),
			void *context)
{
	struct conns *conns = calloc(1, sizeof(*conns));

	if (conns == NULL)
		return NULL;
	conns->forget = forget;
	conns->context = context;
	return conns;
}

void conns_free(struct conns *conns)
{
	free(conns);
}

uint64_t endpoint_hash(const struct endpoint *e)
{
	uint64_t half[2];

	memcpy(half, e->addr.byte, sizeof(half));

	uint64_t h = (half[0] ^ e->port) * 0x9e3779b97f4a7c15U;

	h = (h ^ h >> 32 ^ half[1]) * 0xff51afd7ed558ccdU;
	return h ^ h >> 29;
}

/* The same for both directions, for which the sum sees to. */
static uint32_t *bucket_of(struct conns *conns, const struct endpoint *a,
			   const struct endpoint *b)
{
	uint64_t h = endpoint_hash(a) + endpoint_hash(b);

	return &conns->bucket[(h ^ h >> 17) & (BUCKETS - 1)];
}

struct conn *conns_find(struct conns *conns, const struct endpoint *a,
			const struct endpoint *b, uint8_t *side)
{
	uint32_t i = *bucket_of(conns, a, b);

	for (; i != NONE; i = conns->slot[i].chain) {
		struct conn *c = &conns->slot[i];

		for (uint8_t s = 0; s < 2; s++) {
			if (!endpoint_equal(a, &c->end[s].at) ||
			    !endpoint_equal(b, &c->end[!s].at))
				continue;
			*side = s;
			return c;
		}
	}
	return NULL;
}

static void list_remove(struct conns *conns, struct conn *c)
{
	struct ages *ages = &conns->ages[c->done];

	*(c->older != NONE ? &conns->slot[c->older].newer : &ages->oldest) =
		c->newer;
	*(c->newer != NONE ? &conns->slot[c->newer].older : &ages->newest) =
		c->older;
}

static void list_append(struct conns *conns, struct conn *c)
{
	struct ages *ages = &conns->ages[c->done];
	uint32_t self = (uint32_t)(c - conns->slot);

	c->newer = NONE;
	c->older = ages->newest;
	*(c->older != NONE ? &conns->slot[c->older].newer : &ages->oldest) =
		self;
	ages->newest = self;
}

void conns_touch(struct conns *conns, struct conn *conn, bool done)
{
	list_remove(conns, conn);
	conn->done = done;
	list_append(conns, conn);
}

static void unhash(struct conns *conns, struct conn *c)
{
	if (!c->hashed)
		return;

	uint32_t self = (uint32_t)(c - conns->slot);
	uint32_t *link = bucket_of(conns, &c->end[0].at, &c->end[1].at);

	while (*link != self)
		link = &conns->slot[*link].chain;
	*link = c->chain;
	c->hashed = false;
}

void conns_retire(struct conns *conns, struct conn *conn)
{
	unhash(conns, conn);
	conns_touch(conns, conn, true);
}

/* The connection that can best be spared, taken out of the table. */
static struct conn *evict(struct conns *conns)
{
	for (int done = 1; done >= 0; done--) {
		uint32_t i = conns->ages[done].oldest;

		while (i != NONE && conns->slot[i].steps > 0)
			i = conns->slot[i].newer;
		if (i == NONE)
			continue;
		conns->forget(conns->context, &conns->slot[i]);
		unhash(conns, &conns->slot[i]);
		list_remove(conns, &conns->slot[i]);
		return &conns->slot[i];
	}
	abort(); /* more steps than connections: see QUEUE_MAX */
}

struct conn *conns_add(struct conns *conns, const struct endpoint *client,
		       const struct endpoint *server)
{
	struct conn *c = conns->used < CONNS_MAX ? &conns->slot[++conns->used]
						 : evict(conns);
	uint32_t *bucket = bucket_of(conns, client, server);

	*c = (struct conn){.number = ++conns->made,
			   .outcome = {.first_fin = NO_SIDE,
				       .reset_by = NO_SIDE},
			   .view_side = {NO_SIDE, NO_SIDE}};
	c->end[0].at = *client;
	c->end[1].at = *server;
	for (int s = 0; s < 2; s++) {
		endpoint_format(&c->end[s].at, c->end[s].label);
		c->end[s].waiting_first = c->end[s].waiting_last = -1;
	}
	c->loopback = address_is_loopback(&client->addr) ||
		      address_is_loopback(&server->addr) ||
		      address_equal(&client->addr, &server->addr);
	c->chain = *bucket;
	c->hashed = true;
	*bucket = (uint32_t)(c - conns->slot);
	list_append(conns, c);
	return c;
}

/* A slot in use, to be sorted by the connection's number. */
struct place {
	uint64_t number;
	uint32_t slot;
};

static int by_number(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

void conns_forget_all(struct conns *conns)
{
	static struct place order[CONNS_MAX];

	for (uint32_t i = 0; i < conns->used; i++)
		order[i] = (struct place){conns->slot[i + 1].number, i + 1};
	qsort(order, conns->used, sizeof(order[0]), by_number);
	for (uint32_t i = 0; i < conns->used; i++)
		conns->forget(conns->context, &conns->slot[order[i].slot]);
}
