/*
 * fuzz.c - libFuzzer's way into the ladder
 *
 * Built and run by ladder_many.bats; by hand, for longer:
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE \
 *       -std=c17 -DCONNS_MAX=1100 -Icommon -Icommon/ladder \
 *       tests/self/ladder/fuzz.c \
 *       common/net.c $(find common/ladder -name "*.c" ! -name ladder.c)
 *   ./a.out tests/self/ladder/corpus
 *
 * The first byte says how the rest, a capture, is shown; one captured twice is
 * joined with itself. Events have to have their fields, and a picture its end.
 *
 * Next: ladder.c, which does the same with files.
 */
#include "filter.h"
#include "merge.h"
#include "render.h"
#include "say.h"
#include "scan.h"
#include "track.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIELDS = 15, ENOUGH_BYTES = 65536 };

enum mode { MODE_TEXT, MODE_EVENTS, MODE_SUMMARY, MODE_SVG, MODES };

static void must(bool condition)
{
	if (!condition)
		abort();
}

static int as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	must(fd != -1 && write(fd, data, size) == (ssize_t)size);
	must(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static void feed(struct merge *merge, struct track *track,
		 const struct options *o)
{
	struct pcap_record record;
	unsigned view;

	while (merge_next(merge, -1, &record, &view) == PCAP_PACKET) {
		struct packet p;
		enum decoded what = decode(&record, &p);

		if (merge->views > 1)
			track_reached(track, view, record.time_ns);
		if (what == DECODED_FRAGMENT)
			track_fragment(track, &p, view);
		else if (what != DECODED_TCP && what != DECODED_ICMP)
			continue;
		else if (filter_wants(o, &p, what))
			track_packet(track, &p, what, view);
		else
			track_other(track, &p, what, view);
	}
}

static void read_all(const uint8_t *data, size_t size, unsigned views,
		     struct track *track, const struct options *o)
{
	struct merge merge = {.views = views};
	bool open = true;
	int fd[MERGE_MAX];

	for (unsigned i = 0; i < views; i++) {
		struct merge_view *v = &merge.view[i];

		fd[i] = as_file(data, size);
		v->result = PCAP_IDLE;
		open &= pcap_open(&v->pcap, fd[i], NULL) == PCAP_PACKET;
	}
	if (open)
		feed(&merge, track, o);
	track_end(track, size % 2 == 0);
	for (unsigned i = 0; i < views; i++) {
		pcap_close(&merge.view[i].pcap);
		close(fd[i]);
	}
}

/* Whether each line has its fields, and nothing that no terminal should get. */
static void check(const char *text, enum mode mode)
{
	int spaces = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		must(c >= ' ' || c == '\n');
		must(c != 0x7f);
		spaces += c == ' ';
		if (c != '\n' || mode != MODE_EVENTS)
			continue;
		must(spaces == FIELDS - 1);
		spaces = 0;
	}
}

static struct renderer *renderer_of(enum mode mode, FILE *out,
				    const struct story *story)
{
	static struct text_renderer text;
	static struct events_renderer events;
	static struct summary_renderer summary;

	switch (mode) {
	case MODE_EVENTS:
		events_init(&events, out);
		return &events.renderer;
	case MODE_SUMMARY:
		summary_init(&summary, out, story);
		return &summary.renderer;
	case MODE_SVG:
		return svg_new(out, story, NULL);
	default:
		text_init(&text, out, story, 60 + (int)mode * 30, true, false);
		return &text.renderer;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names names;
	static struct options o = {.packets = {1, UINT64_MAX},
				   .connections = {1, UINT64_MAX}};
	static struct scan_renderer scan;
	static struct filter filter;
	static const struct view views[] = {{"client", ROLE_END},
					    {"router", ROLE_ROUTER}};

	if (size == 0 || size > ENOUGH_BYTES)
		return 0;

	enum mode mode = data[0] % MODES;
	bool joined = data[0] / MODES % 2, at_router = data[0] / MODES / 2 % 2;
	struct story story = {.names = &names, .at = "router"};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	struct renderer *renderer = renderer_of(mode, out, &story);

	scan_init(&scan, renderer);
	filter_init(&filter, &o, &scan.renderer);
	struct track *track =
		track_new(&filter.renderer, &names,
			  &views[!joined && at_router], joined ? 2 : 1);

	must(track != NULL);
	read_all(data + 1, size - 1, joined ? 2 : 1, track, &o);
	renderer_finish(&filter.renderer);
	track_free(track);
	if (mode == MODE_SVG)
		svg_free(renderer);
	fclose(out);
	check(text, mode);
	free(text);
	return 0;
}
