/*
 * filter.c - what is shown of a capture
 *
 * Counterpart: filter.h.
 */
#include "filter.h"

static bool has_port(const struct options *o, const struct endpoint *a,
		     const struct endpoint *b)
{
	for (size_t i = 0; i < o->ports.count; i++)
		if (o->ports.port[i] == a->port || o->ports.port[i] == b->port)
			return true;
	return o->ports.count == 0;
}

static bool has_host(const struct options *o, const struct endpoint *a,
		     const struct endpoint *b)
{
	for (unsigned i = 0; i < o->host_count; i++)
		if (address_equal(&o->host[i], &a->addr) ||
		    address_equal(&o->host[i], &b->addr))
			return true;
	return o->host_count == 0;
}

bool filter_wants(const struct options *o, const struct packet *p,
		  enum decoded what)
{
	bool icmp = what == DECODED_ICMP;
	const struct endpoint *a = icmp ? &p->quoted_src : &p->src;
	const struct endpoint *b = icmp ? &p->quoted_dst : &p->dst;

	return has_port(o, a, b) && has_host(o, a, b);
}

static bool within(const struct span *span, uint64_t n)
{
	return n >= span->first && n <= span->last;
}

static void filter_step(struct renderer *renderer, const struct step *step)
{
	struct filter *f = (struct filter *)renderer;

	if (step->conn->number > f->highest)
		f->highest = step->conn->number;
	if (within(&f->connections, step->conn->number) &&
	    within(&f->packets, ++f->seen))
		f->next->step(f->next, step);
}

static void filter_forget(struct renderer *renderer, struct conn *conn)
{
	struct filter *f = (struct filter *)renderer;

	if (within(&f->connections, conn->number))
		renderer_forget(f->next, conn);
}

static void filter_pause(struct renderer *renderer)
{
	renderer_pause(((struct filter *)renderer)->next);
}

static void filter_finish(struct renderer *renderer)
{
	renderer_finish(((struct filter *)renderer)->next);
}

void filter_init(struct filter *f, const struct options *o,
		 struct renderer *next)
{
	*f = (struct filter){
		.renderer = {.step = filter_step,
			     .forget = filter_forget,
			     .pause = filter_pause,
			     .finish = filter_finish},
		.next = next,
		.packets = o->packets,
		.connections = o->connections,
	};
}
