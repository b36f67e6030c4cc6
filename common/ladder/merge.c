/*
 * merge.c - one or two captures as one, in the order of time
 *
 * Counterpart: merge.h.
 */
#include "merge.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Read what can be had without waiting. */
static void look(struct merge *m)
{
	for (unsigned i = 0; i < m->views; i++) {
		struct merge_view *v = &m->view[i];

		if (v->result != PCAP_IDLE)
			continue;
		v->result = pcap_next(&v->pcap, 0, &v->record);
		if (v->result == PCAP_PACKET)
			v->since_ms = now_ms();
	}
}

/* The view whose packet is the oldest; NULL: no packet is there. */
static struct merge_view *oldest(struct merge *m)
{
	struct merge_view *first = NULL;

	for (unsigned i = 0; i < m->views; i++) {
		struct merge_view *v = &m->view[i];

		if (v->result != PCAP_PACKET)
			continue;
		if (first == NULL ||
		    v->record.time_ns < first->record.time_ns ||
		    (v->record.time_ns == first->record.time_ns && v->prefer))
			first = v;
	}
	return first;
}

/* Wait for views that may have more; 0: nothing came for TIMEOUT_MS. */
static int wait_for_more(struct merge *m, int timeout_ms)
{
	struct pollfd pfd[MERGE_MAX];
	nfds_t count = 0;
	int ready;

	for (unsigned i = 0; i < m->views; i++)
		if (m->view[i].result == PCAP_IDLE)
			pfd[count++] =
				(struct pollfd){.fd = m->view[i].pcap.in.fd,
						.events = POLLIN};
	if (m->view[0].pcap.in.before_wait != NULL)
		m->view[0].pcap.in.before_wait();
	do
		ready = poll(pfd, count, timeout_ms);
	while (ready == -1 && errno == EINTR);
	return ready;
}

static bool all_known(const struct merge *m)
{
	for (unsigned i = 0; i < m->views; i++)
		if (m->view[i].result == PCAP_IDLE)
			return false;
	return true;
}

static enum pcap_result how_it_ended(const struct merge *m)
{
	for (unsigned i = 0; i < m->views; i++)
		if (m->view[i].result == PCAP_BROKEN)
			return PCAP_BROKEN;
	return PCAP_END;
}

static enum pcap_result next_of_many(struct merge *m, int idle_ms,
				     struct pcap_record *record, unsigned *view)
{
	for (;;) {
		struct merge_view *v;
		int64_t left_ms = idle_ms;

		look(m);
		v = oldest(m);
		if (v == NULL && all_known(m))
			return how_it_ended(m);
		if (v != NULL)
			left_ms = v->since_ms + MERGE_WAIT_MS - now_ms();
		if (v != NULL && (all_known(m) || left_ms <= 0)) {
			*record = v->record;
			*view = (unsigned)(v - m->view);
			v->result = PCAP_IDLE;
			return PCAP_PACKET;
		}
		if (wait_for_more(m, (int)left_ms) == 0 && v == NULL)
			return PCAP_IDLE;
	}
}

enum pcap_result merge_next(struct merge *m, int idle_ms,
			    struct pcap_record *record, unsigned *view)
{
	*view = 0;
	if (m->views > 1)
		return next_of_many(m, idle_ms, record, view);
	m->view[0].result = pcap_next(&m->view[0].pcap, idle_ms, record);
	return m->view[0].result;
}
