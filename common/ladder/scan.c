/*
 * scan.c - a port scan is summed up, not drawn
 *
 * Counterpart: scan.h.
 */
#include "scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { LIST_LEN = 160 };

#define PAUSE_NS INT64_C(1000000000) /* after which it is another one */

static bool has_bit(const uint8_t *bits, uint16_t n)
{
	return (bits[n / 8] >> (n % 8) & 1) != 0;
}

static void set_bit(uint8_t *bits, uint16_t n)
{
	bits[n / 8] |= (uint8_t)(1U << (n % 8));
}

/* The slot of the two hosts of CONN, or -1. */
static int find(const struct scan_renderer *r, const struct conn *conn)
{
	for (int i = 0; i < SCANS_MAX; i++)
		if (address_equal(&r->scan[i].from, &conn->end[0].at.addr) &&
		    address_equal(&r->scan[i].to, &conn->end[1].at.addr))
			return i;
	return -1;
}

/* Give the sum, and begin another one. */
static void tell(struct scan_renderer *r, struct scan *scan)
{
	if (scan->count == 0)
		return;
	r->next->scan(r->next, scan);
	scan->count = scan->open = scan->refused = scan->rejected = 0;
	memset(scan->port_open, 0, sizeof(scan->port_open));
}

/* The same, or the slot that was not used for longest. */
static struct scan *slot_of(struct scan_renderer *r, const struct conn *conn)
{
	int slot = find(r, conn);

	if (slot != -1)
		return &r->scan[slot];
	slot = 0;
	for (int i = 1; i < SCANS_MAX; i++)
		if (r->scan[i].last_ns < r->scan[slot].last_ns)
			slot = i;

	struct scan *scan = &r->scan[slot];

	tell(r, scan);
	*scan = (struct scan){.from = conn->end[0].at.addr,
			      .to = conn->end[1].at.addr};
	return scan;
}

/* A SYN: whether its connection is only counted. */
static bool ask(struct scan_renderer *r, const struct step *s)
{
	struct scan *scan = slot_of(r, s->conn);
	uint16_t port = s->conn->end[1].at.port;

	if (s->time_ns - scan->last_ns > PAUSE_NS) {
		tell(r, scan);
		scan->asked = scan->talked = 0;
		memset(scan->port_asked, 0, sizeof(scan->port_asked));
	}
	scan->last_ns = s->time_ns;
	if (has_bit(scan->port_asked, port))
		return false;
	set_bit(scan->port_asked, port);
	if (++scan->asked <= SCAN_PORTS || scan->talked * 2 >= scan->asked)
		return false;
	if (scan->count++ == 0) {
		scan->first_number = s->conn->number;
		scan->begin_ns = s->time_ns;
	}
	scan->last_number = s->conn->number;
	return true;
}

/* An answer to what is counted. */
static void learn(struct scan *scan, const struct step *s)
{
	scan->end_ns = s->time_ns;
	if (s->notes & NOTE_ACCEPTING) {
		scan->open++;
		set_bit(scan->port_open, s->conn->end[1].at.port);
	}
	scan->refused += (s->notes & NOTE_REFUSED) != 0;
	scan->rejected += s->kind == KIND_ICMP && !s->again;
}

/* Give the sums of what has come to rest before NOW. */
static void tell_old(struct scan_renderer *r, int64_t now_ns)
{
	for (int i = 0; i < SCANS_MAX; i++)
		if (now_ns - r->scan[i].end_ns > PAUSE_NS)
			tell(r, &r->scan[i]);
}

static void tell_all(struct scan_renderer *r)
{
	for (int i = 0; i < SCANS_MAX; i++)
		tell(r, &r->scan[i]);
}

static void scan_step(struct renderer *renderer, const struct step *s)
{
	struct scan_renderer *r = (struct scan_renderer *)renderer;
	struct conn *c = s->conn;

	if (s->notes & NOTE_CONNECT)
		c->counted = ask(r, s);

	int slot = find(r, c);

	if (s->len > 0 && !c->talked) {
		c->talked = true;
		c->counted = false;
		if (slot != -1)
			r->scan[slot].talked++;
	}
	if (c->counted) {
		if (slot != -1)
			learn(&r->scan[slot], s);
		return;
	}
	tell_old(r, s->time_ns);
	r->next->step(r->next, s);
}

static void scan_forget(struct renderer *renderer, struct conn *conn)
{
	if (!conn->counted)
		renderer_forget(((struct scan_renderer *)renderer)->next, conn);
}

static void scan_pause(struct renderer *renderer)
{
	tell_all((struct scan_renderer *)renderer);
}

static void scan_finish(struct renderer *renderer)
{
	struct scan_renderer *r = (struct scan_renderer *)renderer;

	tell_all(r);
	renderer_finish(r->next);
}

void scan_init(struct scan_renderer *r, struct renderer *next)
{
	*r = (struct scan_renderer){
		.renderer = {.step = scan_step,
			     .forget = scan_forget,
			     .pause = scan_pause,
			     .finish = scan_finish},
		.next = next,
	};
}

/* --- the sentence --- */

struct text {
	char *buf;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t,
						      const char *format, ...)
{
	size_t left = t->size - t->len;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(t->buf + t->len, left, format, args);

	va_end(args);
	if (n > 0)
		t->len += (size_t)n < left ? (size_t)n : left - 1;
}

/* "22, 80, 9000-9010": as many as have room. */
static void add_ports(struct text *t, const uint8_t *bits)
{
	size_t limit = t->len + LIST_LEN;
	const char *before = "";

	for (unsigned port = 0; port < 65536; port++) {
		unsigned last = port;

		if (!has_bit(bits, (uint16_t)port))
			continue;
		if (t->len > limit) {
			add(t, ", ...");
			return;
		}
		while (last < 65535 && has_bit(bits, (uint16_t)(last + 1)))
			last++;
		add(t, last > port ? "%s%u-%u" : "%s%u", before, port, last);
		before = ", ";
		port = last;
	}
}

/* ", 12 refuse", with the verb for one and for more. */
static void add_count(struct text *t, uint32_t n, const char *one,
		      const char *more)
{
	if (n == 0)
		return;
	add(t, "%s%" PRIu32 " %s", t->buf[t->len - 1] == ' ' ? "" : ", ", n,
	    n == 1 ? one : more);
}

static const char *name_or_address(const struct story *story,
				   const struct address *addr, char *buf)
{
	const char *name = names_of(story->names, addr);

	return name != NULL ? name : address_format(addr, buf);
}

char *scan_format(const struct scan *scan, const struct story *story, char *buf)
{
	struct text t = {buf, SCAN_LEN, 0};
	char from[ENDPOINT_LEN], to[ENDPOINT_LEN];
	uint32_t silent =
		scan->count - scan->open - scan->refused - scan->rejected;

	add(&t,
	    "%s asks %s for %" PRIu32 " more port%s (#%" PRIu64 " to #%" PRIu64
	    "), within %.3f s: ",
	    name_or_address(story, &scan->from, from),
	    name_or_address(story, &scan->to, to), scan->count,
	    scan->count == 1 ? "" : "s", scan->first_number, scan->last_number,
	    (double)(scan->end_ns - scan->begin_ns) / 1e9);
	add_count(&t, scan->open, "answers", "answer");
	if (scan->open > 0) {
		add(&t, " (");
		add_ports(&t, scan->port_open);
		add(&t, ")");
	}
	add_count(&t, scan->refused, "refuses", "refuse");
	add_count(&t, scan->rejected, "is rejected by ICMP",
		  "are rejected by ICMP");
	add_count(&t, silent, "does not answer", "do not answer");
	return buf;
}
