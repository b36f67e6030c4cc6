/*
 * merge.h - one or two captures as one, in the order of time
 *
 * Next: track.h.
 */
#ifndef LADDER_MERGE_H
#define LADDER_MERGE_H

#include "pcap.h"

enum {
	MERGE_MAX = 2,
	MERGE_WAIT_MS = 100, /* for an older packet of the other one */
};

/* One capture of them. */
struct merge_view {
	struct pcap pcap;
	struct pcap_record record; /* good if result is PCAP_PACKET */
	enum pcap_result result;   /* PCAP_IDLE: the next is to be read */
	int64_t since_ms;	   /* when record was read, if it has to wait */
	bool prefer;		   /* of packets of the same time it has the
				      first */
};

struct merge {
	unsigned views;
	struct merge_view view[MERGE_MAX];
};

/*
 * The next packet of all views, of which *VIEW tells which it is from; as
 * pcap_next(). A view that is broken is read no further, but does not end the
 * others: the result is PCAP_BROKEN, with the message in its pcap, when all
 * have ended.
 */
enum pcap_result merge_next(struct merge *merge, int idle_ms,
			    struct pcap_record *record, unsigned *view);

#endif
