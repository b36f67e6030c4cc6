/*
 * ladder.c - a capture as a ladder diagram that explains TCP
 *
 *   ladder [OPTION]... [FILE [FILE]]
 *   tcpdump -i any -U --immediate-mode -w - 'tcp or icmp or icmp6' | ladder
 *
 * Packets go from pcap.c through decode.c and track.c to a renderer, text.c
 * or events.c. Read next: track.c.
 */
#include "decode.h"
#include "filter.h"
#include "forward.h"
#include "merge.h"
#include "options.h"
#include "pcap.h"
#include "render.h"
#include "say.h"
#include "scan.h"
#include "track.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DISCARD_PORT = 9, OUTPUT_BUFFER_BYTES = 65536 };

/* --- captures --- */

/* An open capture. */
struct capture {
	const char *file; /* NULL: standard input */
	int fd;
	const char *at; /* where it was captured, or NULL */
	enum role role;
};

static void open_capture(struct capture *c)
{
	c->fd = c->file == NULL ? STDIN_FILENO
				: open(c->file, O_RDONLY | O_CLOEXEC);
	if (c->fd != -1)
		return;
	say_warn("%s: %s", c->file, strerror(errno));
	exit(EXIT_FAILURE);
}

/* Whether a capture in a file shows that its host forwards; rewinds it. */
static bool shows_forwarding(int fd)
{
	struct pcap pcap;
	off_t start = lseek(fd, 0, SEEK_CUR);
	struct stat st;
	bool shown = false;

	if (start == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	if (pcap_open(&pcap, fd, NULL) == PCAP_PACKET &&
	    (pcap.ng || decode_link_has_direction(pcap.link_type)))
		shown = forward_in_capture(&pcap);
	pcap_close(&pcap);
	lseek(fd, start, SEEK_SET);
	return shown;
}

static enum role role_of(const char *at, const struct names *names)
{
	if (at == NULL)
		return ROLE_UNKNOWN;
	if (strcmp(at, "router") == 0)
		return ROLE_ROUTER;
	if (strcmp(at, "client") == 0 || strcmp(at, "server") == 0)
		return ROLE_END;
	if (!options_known_name(names, at))
		say_usage("--at and NAME=FILE take client, server, router or a "
			  "name in --hosts, not '%s'",
			  at);
	return ROLE_UNKNOWN;
}

/* Open what *O names, and learn where it was captured. */
static void open_captures(const struct options *o, const struct names *names,
			  struct capture *captures)
{
	for (unsigned i = 0; i < o->files; i++) {
		struct capture *c = &captures[i];

		*c = (struct capture){.file = o->file[i], .at = o->at[i]};
		c->role = role_of(c->at, names);
		open_capture(c);
		if (c->role == ROLE_UNKNOWN && shows_forwarding(c->fd))
			c->role = ROLE_ROUTER;
	}
	if (o->files == 1)
		return;
	if (captures[0].role == ROLE_ROUTER && captures[1].role == ROLE_ROUTER)
		say_usage("two captures of one router: one of them has to be "
			  "of an end");
	for (unsigned i = 0; i < o->files; i++)
		if (captures[i].at == NULL && captures[i].role != ROLE_ROUTER)
			say_usage("where was %s captured? NAME=FILE tells it: "
				  "client=%s",
				  captures[i].file, captures[i].file);
}

/* The host whose name stands for where packets are stopped. */
static const char *name_here(const struct options *o,
			     const struct capture *captures)
{
	for (unsigned i = 0; i < o->files; i++)
		if (captures[i].role == ROLE_ROUTER)
			return captures[i].at;
	return o->files == 1 ? captures[0].at : NULL;
}

/* --- reading --- */

static bool is_mark(const struct packet *p, const char *mark)
{
	size_t len = strlen(mark);

	return p->dst.port == DISCARD_PORT && p->captured >= len &&
	       memcmp(p->payload, mark, len) == 0;
}

/* What is not shown. */
struct tally {
	uint64_t fragments;
	uint64_t cut;
	uint64_t unknown_links;
	bool marked;
};

/* What takes part in reading. */
struct reading {
	const struct options *o;
	struct merge merge;
	struct track *track;
	struct renderer *renderer;
	struct tally tally;
};

/* One packet; whether it was the mark. */
static bool take_packet(struct reading *r, const struct pcap_record *record,
			unsigned view)
{
	struct packet p;
	enum decoded what = decode(record, &p);
	struct tally *tally = &r->tally;

	switch (what) {
	case DECODED_TCP:
	case DECODED_ICMP:
		if (filter_wants(r->o, &p, what))
			track_packet(r->track, &p, what, view);
		else
			track_other(r->track, &p, what, view);
		return false;
	case DECODED_FRAGMENT:
		tally->fragments += !track_fragment(r->track, &p, view);
		return false;
	case DECODED_CUT:
		tally->cut++;
		return false;
	case DECODED_UDP:
		return r->o->mark != NULL && is_mark(&p, r->o->mark);
	default:
		tally->unknown_links += !decode_knows_link(record->link_type);
		return false;
	}
}

/* How far the captures reach, if there are two. */
static void follow_views(struct reading *r, unsigned view, int64_t time_ns)
{
	track_reached(r->track, view, time_ns);
	for (unsigned i = 0; i < r->merge.views; i++)
		if (r->merge.view[i].result == PCAP_END ||
		    r->merge.view[i].result == PCAP_BROKEN)
			track_view_ended(r->track, i);
}

/* Read to the end, or to the mark. */
static enum pcap_result read_packets(struct reading *r)
{
	int idle_ms = -1;

	for (;;) {
		struct pcap_record record;
		unsigned view;
		enum pcap_result result =
			merge_next(&r->merge, idle_ms, &record, &view);

		if (result == PCAP_IDLE) {
			track_idle(r->track);
			renderer_pause(r->renderer);
			idle_ms = -1;
			continue;
		}
		if (result != PCAP_PACKET)
			return result;
		idle_ms = ANSWER_MS;
		if (r->merge.views > 1)
			follow_views(r, view, record.time_ns);
		r->tally.marked = take_packet(r, &record, view);
		if (r->tally.marked)
			return PCAP_END;
	}
}

static void warn_of(const struct tally *tally)
{
	if (tally->fragments > 0)
		say_warn("%" PRIu64 " later fragments of IP packets left out",
			 tally->fragments);
	if (tally->cut > 0)
		say_warn("%" PRIu64 " TCP packets left out: the snap length "
			 "cuts their headers; capture with tcpdump -s 128 or "
			 "more",
			 tally->cut);
	if (tally->unknown_links > 0)
		say_warn("%" PRIu64 " packets of interfaces left out whose "
			 "link type is not read",
			 tally->unknown_links);
}

static void warn_broken(const struct reading *r)
{
	for (unsigned i = 0; i < r->merge.views; i++) {
		const struct merge_view *v = &r->merge.view[i];

		if (v->result == PCAP_BROKEN && r->merge.views == 1)
			say_warn("%s", v->pcap.message);
		else if (v->result == PCAP_BROKEN)
			say_warn("%s: %s", r->o->file[i], v->pcap.message);
	}
}

static void warn_empty(const struct options *o)
{
	if (o->ports_text != NULL)
		say_warn("no TCP packet of port %s in this capture",
			 o->ports_text);
	else if (o->hosts_text != NULL)
		say_warn("no TCP packet of %s in this capture", o->hosts_text);
	else
		say_warn("no TCP packet in this capture");
}

/* Read, draw, and say what was odd. The exit status. */
static int run(struct reading *r)
{
	enum pcap_result result = read_packets(r);

	for (unsigned i = 0; i < r->merge.views; i++)
		track_view_ended(r->track, i);
	track_end(r->track, result == PCAP_BROKEN);
	renderer_finish(r->renderer);
	say_flush();
	warn_of(&r->tally);
	if (result == PCAP_BROKEN) {
		warn_broken(r);
		return EXIT_FAILURE;
	}
	if (r->o->mark != NULL && !r->tally.marked) {
		say_warn("the capture ended before the mark '%s'", r->o->mark);
		return EXIT_FAILURE;
	}
	if (track_packets(r->track) == 0)
		warn_empty(r->o);
	return EXIT_SUCCESS;
}

/* Begin to read CAPTURE; false: what is wrong with it has been said. */
static bool begin_capture(struct merge_view *v, const struct capture *capture)
{
	const struct pcap *pcap = &v->pcap;

	v->result = PCAP_IDLE;
	v->prefer = capture->role == ROLE_ROUTER;
	if (pcap_open(&v->pcap, capture->fd, say_flush) != PCAP_PACKET) {
		say_warn("%s", pcap->message);
		return false;
	}
	if (pcap->ng || decode_knows_link(pcap->link_type))
		return true;
	say_warn("link type %" PRIu32 " is not read; Ethernet (1), raw IP "
		 "(101), loopback (0, 108) and tcpdump's -i any (113, 276) are",
		 pcap->link_type);
	return false;
}

static int read_all(struct reading *r, const struct capture *captures)
{
	bool begun = true;
	int status = EXIT_FAILURE;

	r->merge.views = r->o->files;
	for (unsigned i = 0; i < r->merge.views && begun; i++)
		begun = begin_capture(&r->merge.view[i], &captures[i]);
	if (begun)
		status = run(r);
	for (unsigned i = 0; i < r->merge.views; i++)
		pcap_close(&r->merge.view[i].pcap);
	return status;
}

/* --- showing --- */

/* What shows the packets; see renderer_free(). NULL with errno. */
static struct renderer *renderer_new(const struct options *o,
				     const struct story *story)
{
	static struct text_renderer text;
	static struct events_renderer events;
	static struct summary_renderer summary;

	switch (o->output) {
	case OUTPUT_EVENTS:
		events_init(&events, stdout);
		return &events.renderer;
	case OUTPUT_SUMMARY:
		summary_init(&summary, stdout, story);
		return &summary.renderer;
	case OUTPUT_SVG:
		return svg_new(stdout, story, o->title);
	default:
		text_init(&text, stdout, story, o->width, o->unicode,
			  options_use_color(o));
		return &text.renderer;
	}
}

static void renderer_free(const struct options *o, struct renderer *renderer)
{
	if (o->output == OUTPUT_SVG)
		svg_free(renderer);
}

/* Read the captures and show them with RENDERER. The exit status. */
static int draw(const struct options *o, const struct names *names,
		const struct capture *captures, struct renderer *renderer)
{
	static struct reading reading;
	struct view views[FILES_MAX];
	int status = EXIT_FAILURE;

	for (unsigned i = 0; i < o->files; i++)
		views[i] = (struct view){captures[i].at, captures[i].role};
	reading.o = o;
	reading.renderer = renderer;
	reading.track = track_new(renderer, names, views, o->files);
	if (reading.track == NULL)
		say_warn("%s", strerror(errno));
	else
		status = read_all(&reading, captures);
	track_free(reading.track);
	return status;
}

/* Show what *O names. The exit status. */
static int show(const struct options *o, const struct names *names)
{
	static struct scan_renderer scan;
	static struct filter filter;
	struct capture captures[FILES_MAX] = {{0}};
	struct story story = {.names = names};
	struct renderer *renderer = renderer_new(o, &story);

	if (renderer == NULL) {
		say_warn("%s", strerror(errno));
		return EXIT_FAILURE;
	}
	open_captures(o, names, captures);
	story.at = name_here(o, captures);
	scan_init(&scan, renderer);
	filter_init(&filter, o,
		    o->output == OUTPUT_EVENTS ? renderer : &scan.renderer);
	int status = draw(o, names, captures, &filter.renderer);

	if (filter.seen == 0 && filter.highest > 0)
		say_warn("the connections of this capture are #1 to #%" PRIu64,
			 filter.highest);
	for (unsigned i = 0; i < o->files; i++)
		if (o->file[i] != NULL)
			close(captures[i].fd);
	renderer_free(o, renderer);
	return status;
}

int main(int argc, char *argv[])
{
	static struct names names;
	static struct options o;

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER_BYTES);
	options_parse(&o, &names, argc, argv);

	int status = show(&o, &names);

	options_free(&o);
	return status;
}
