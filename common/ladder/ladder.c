/*
 * ladder.c - a capture as a ladder diagram that explains TCP
 *
 *   ladder [OPTION]... [FILE]
 *   tcpdump -i any -U --immediate-mode -w - 'tcp or icmp or icmp6' | ladder
 *
 * Packets go from pcap.c through decode.c and track.c to a renderer, text.c
 * or events.c. Read next: track.c.
 */
#include "decode.h"
#include "forward.h"
#include "names.h"
#include "net.h"
#include "pcap.h"
#include "render.h"
#include "track.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 2,
	DISCARD_PORT = 9,
	PORTS_MAX = 64,
	OUTPUT_BUFFER_BYTES = 65536,
};

/* Lets some of the steps through, counted from 1. */
struct filter {
	struct renderer renderer; /* first: filter_step() */
	struct renderer *next;
	uint64_t first, last;
	uint64_t seen;
};

static const char usage_line[] = "usage: ladder [OPTION]... [FILE]";

static const char help_text[] =
	"\n"
	"Draws the TCP connections of a capture (pcap), read from FILE or "
	"from\n"
	"standard input, live, as ladders with a sentence a packet.\n"
	"\n"
	"  --svg              a picture instead, once the capture has ended\n"
	"  --title TEXT       what stands above it\n"
	"  --events           one line a packet instead, for scripts\n"
	"  --hosts FILE       names for addresses, in the format of "
	"/etc/hosts\n"
	"  --at NAME          the host that captured: client, server, router,\n"
	"                     or a name in --hosts\n"
	"  --port PORT,...    only connections with one of these ports at "
	"either\n"
	"                     end\n"
	"  --packets FROM-TO  only these of the packets, counted from 1: 1-3, "
	"4-\n"
	"  --until-mark TEXT  stop at a UDP datagram to port 9 that begins "
	"with\n"
	"                     TEXT\n"
	"  --width N          columns, 60 to 400; notes go to the right from "
	"120\n"
	"  --ascii, --unicode how to draw, whatever the locale says\n"
	"  --color WHEN       always, never or auto\n"
	"  --help             this\n"
	"\n"
	"Exit status: 0 fine, 1 a capture that is broken or cannot be read, 2\n"
	"usage.\n";

enum output { OUTPUT_TEXT, OUTPUT_EVENTS, OUTPUT_SVG };

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct options {
	const char *file; /* NULL: standard input */
	const char *hosts;
	const char *at;
	const char *mark;
	const char *title; /* of a picture; NULL: what happened */
	const char *ports_text;
	struct net_ports ports; /* to show; none: all */
	uint64_t first, last;	/* packets to show */
	int width;
	enum output output;
	bool unicode;
	enum when color;
};

/* --- messages --- */

static void quit_if_unread(void)
{
	if (errno == EPIPE)
		_exit(0); /* nobody reads on: no failure of ours */
}

/* Have all output written. Ends the program if that fails. */
static void flush_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	quit_if_unread();
	fprintf(stderr, "ladder: cannot write: %s\n", strerror(errno));
	_exit(EXIT_FAILURE);
}

__attribute__((format(printf, 1, 2))) static void warn(const char *format, ...)
{
	va_list args;

	flush_output();
	va_start(args, format);
	fputs("ladder: ", stderr);
	vfprintf(stderr, format, args);
	putc('\n', stderr);
	va_end(args);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void
usage_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("ladder: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n%s\n", usage_line);
	va_end(args);
	exit(EXIT_USAGE);
}

static _Noreturn void help(void)
{
	printf("%s\n%s", usage_line, help_text);
	flush_output();
	exit(EXIT_SUCCESS);
}

/* --- options --- */

static int parse_width(const char *text)
{
	char *end;
	long width;

	errno = 0;
	width = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || width < WIDTH_MIN ||
	    width > WIDTH_MAX)
		usage_error("--width takes %d to %d, not '%s'", WIDTH_MIN,
			    WIDTH_MAX, text);
	return (int)width;
}

/* A count from 1 at *TEXT, which is stepped over; 0 if there is none. */
static uint64_t take_count(const char **text)
{
	char *end;

	if (**text < '0' || **text > '9')
		return 0;
	uint64_t count = strtoull(*text, &end, 10);

	*text = end;
	return count;
}

/* "4", "1-3", "4-" or "-3". */
static void parse_packets(struct options *o, const char *text)
{
	const char *rest = text;
	bool open_start = *rest == '-';

	o->first = open_start ? 1 : take_count(&rest);
	o->last = o->first;
	if (*rest == '-') {
		rest++;
		o->last = *rest == '\0' && !open_start ? UINT64_MAX
						       : take_count(&rest);
	}
	if (*rest != '\0' || o->first == 0 || o->last < o->first)
		usage_error("--packets takes FROM-TO, as 1-3 or 4-, not '%s'",
			    text);
}

static void parse_ports(struct options *o, const char *text)
{
	net_ports_free(&o->ports); /* of an earlier --port */
	if (net_ports_parse(&o->ports, text) == -1 ||
	    o->ports.count > PORTS_MAX)
		usage_error("--port takes 1 to %d ports from 1 to %d, as 80 or "
			    "80,9000-9010, not '%s'",
			    PORTS_MAX, NET_PORT_MAX, text);
	o->ports_text = text;
}

static enum when parse_when(const char *text)
{
	static const char *const names[] = {"auto", "always", "never"};

	for (int when = WHEN_AUTO; when <= WHEN_NEVER; when++)
		if (strcmp(text, names[when]) == 0)
			return (enum when)when;
	usage_error("--color takes always, never or auto, not '%s'", text);
}

/* The terminal's width, within what is legible; WIDTH_DEFAULT without one. */
static int default_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) ||
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return WIDTH_DEFAULT;
	if (size.ws_col < WIDTH_MIN)
		return WIDTH_MIN;
	return size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

static bool use_color(enum when when)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (when != WHEN_AUTO)
		return when == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0 &&
	       (no_color == NULL || *no_color == '\0');
}

enum option_id {
	OPT_EVENTS = 256,
	OPT_SVG,
	OPT_TITLE,
	OPT_HOSTS,
	OPT_AT,
	OPT_PORT,
	OPT_PACKETS,
	OPT_MARK,
	OPT_WIDTH,
	OPT_ASCII,
	OPT_UNICODE,
	OPT_COLOR,
	OPT_HELP
};

static const struct option long_options[] = {
	{"events", no_argument, NULL, OPT_EVENTS},
	{"svg", no_argument, NULL, OPT_SVG},
	{"title", required_argument, NULL, OPT_TITLE},
	{"hosts", required_argument, NULL, OPT_HOSTS},
	{"at", required_argument, NULL, OPT_AT},
	{"port", required_argument, NULL, OPT_PORT},
	{"packets", required_argument, NULL, OPT_PACKETS},
	{"until-mark", required_argument, NULL, OPT_MARK},
	{"width", required_argument, NULL, OPT_WIDTH},
	{"ascii", no_argument, NULL, OPT_ASCII},
	{"unicode", no_argument, NULL, OPT_UNICODE},
	{"color", required_argument, NULL, OPT_COLOR},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static void set_output(struct options *o, enum output output)
{
	if (o->output != OUTPUT_TEXT && o->output != output)
		usage_error("one of --events and --svg, not both");
	o->output = output;
}

static void take_option(struct options *o, int id)
{
	switch (id) {
	case OPT_EVENTS:
		set_output(o, OUTPUT_EVENTS);
		break;
	case OPT_SVG:
		set_output(o, OUTPUT_SVG);
		break;
	case OPT_TITLE:
		o->title = optarg;
		break;
	case OPT_HOSTS:
		o->hosts = optarg;
		break;
	case OPT_AT:
		o->at = optarg;
		break;
	case OPT_PORT:
		parse_ports(o, optarg);
		break;
	case OPT_PACKETS:
		parse_packets(o, optarg);
		break;
	case OPT_MARK:
		if (*optarg == '\0')
			usage_error("--until-mark takes a text, not nothing");
		o->mark = optarg;
		break;
	case OPT_WIDTH:
		o->width = parse_width(optarg);
		break;
	case OPT_ASCII:
	case OPT_UNICODE:
		o->unicode = id == OPT_UNICODE;
		break;
	case OPT_COLOR:
		o->color = parse_when(optarg);
		break;
	case OPT_HELP:
		help();
	default: /* getopt_long() has said what is wrong */
		fprintf(stderr, "%s\n", usage_line);
		exit(EXIT_USAGE);
	}
}

static struct options parse_options(int argc, char *argv[])
{
	struct options o = {.width = default_width(),
			    .first = 1,
			    .last = UINT64_MAX};
	int id;

	setlocale(LC_CTYPE, "");
	o.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(&o, id);
	if (argc - optind > 1)
		usage_error("one FILE, not %d", argc - optind);
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		o.file = argv[optind];
	else if (isatty(STDIN_FILENO))
		usage_error("a capture is read from FILE or from a pipe, not "
			    "from the terminal");
	return o;
}

/* --- reading --- */

static bool known_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (names_match(names, &names->entry[i].addr, name))
			return true;
	return false;
}

static enum role role_of(const struct options *o, const struct names *names)
{
	if (o->at == NULL)
		return ROLE_UNKNOWN;
	if (strcmp(o->at, "router") == 0)
		return ROLE_ROUTER;
	if (strcmp(o->at, "client") == 0 || strcmp(o->at, "server") == 0)
		return ROLE_END;
	if (!known_name(names, o->at))
		usage_error("--at takes client, server, router or a name in "
			    "--hosts, not '%s'",
			    o->at);
	return ROLE_UNKNOWN;
}

static void filter_step(struct renderer *renderer, const struct step *step)
{
	struct filter *f = (struct filter *)renderer;

	f->seen++;
	if (f->seen >= f->first && f->seen <= f->last)
		f->next->step(f->next, step);
}

static void filter_finish(struct renderer *renderer)
{
	struct filter *f = (struct filter *)renderer;

	if (f->next->finish != NULL)
		f->next->finish(f->next);
}

static int open_capture(const struct options *o)
{
	int fd = o->file == NULL ? STDIN_FILENO
				 : open(o->file, O_RDONLY | O_CLOEXEC);

	if (fd == -1) {
		warn("%s: %s", o->file, strerror(errno));
		exit(EXIT_FAILURE);
	}
	return fd;
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

static bool is_mark(const struct packet *p, const char *mark)
{
	size_t len = strlen(mark);

	return p->dst.port == DISCARD_PORT && p->captured >= len &&
	       memcmp(p->payload, mark, len) == 0;
}

static bool has_port(const struct net_ports *ports, const struct endpoint *a,
		     const struct endpoint *b)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->port[i] == a->port || ports->port[i] == b->port)
			return true;
	return ports->count == 0;
}

/* Whether P is to be shown; an ICMP error as the segment that it quotes. */
static bool is_wanted(const struct packet *p, enum decoded what,
		      const struct net_ports *ports)
{
	if (what == DECODED_ICMP)
		return has_port(ports, &p->quoted_src, &p->quoted_dst);
	return has_port(ports, &p->src, &p->dst);
}

/* What is not shown. */
struct tally {
	uint64_t fragments;
	uint64_t cut;
	uint64_t unknown_links;
	bool marked;
};

/* Read to the end, or to the mark. */
static enum pcap_result read_packets(struct pcap *pcap, struct track *track,
				     const struct options *o,
				     struct tally *tally)
{
	for (;;) {
		struct pcap_record record;
		struct packet p;
		int idle_ms = track_waits(track) ? ANSWER_MS : -1;
		enum pcap_result result = pcap_next(pcap, idle_ms, &record);

		if (result == PCAP_IDLE) {
			track_idle(track);
			continue;
		}
		if (result != PCAP_PACKET)
			return result;

		enum decoded what = decode(&record, &p);

		if (what == DECODED_TCP || what == DECODED_ICMP) {
			if (is_wanted(&p, what, &o->ports))
				track_packet(track, &p, what);
			else
				track_other(track, &p, what);
		}
		if (what == DECODED_FRAGMENT)
			tally->fragments += !track_fragment(track, &p);
		tally->cut += what == DECODED_CUT;
		tally->unknown_links += !decode_knows_link(record.link_type);
		if (what == DECODED_UDP && o->mark != NULL &&
		    is_mark(&p, o->mark)) {
			tally->marked = true;
			return PCAP_END;
		}
	}
}

static void warn_of(const struct tally *tally)
{
	if (tally->fragments > 0)
		warn("%" PRIu64 " later fragments of IP packets left out",
		     tally->fragments);
	if (tally->cut > 0)
		warn("%" PRIu64 " TCP packets left out: the snap length cuts "
		     "their headers; capture with tcpdump -s 128 or more",
		     tally->cut);
	if (tally->unknown_links > 0)
		warn("%" PRIu64 " packets of interfaces left out whose link "
		     "type is not read",
		     tally->unknown_links);
}

/* Read, draw, and say what was odd. The exit status. */
static int run(struct pcap *pcap, struct track *track,
	       struct renderer *renderer, const struct options *o)
{
	struct tally tally = {0};
	enum pcap_result result = read_packets(pcap, track, o, &tally);

	track_end(track, result == PCAP_BROKEN);
	renderer->finish(renderer);
	flush_output();
	warn_of(&tally);
	if (result == PCAP_BROKEN) {
		warn("%s", pcap->message);
		return EXIT_FAILURE;
	}
	if (o->mark != NULL && !tally.marked) {
		warn("the capture ended before the mark '%s'", o->mark);
		return EXIT_FAILURE;
	}
	if (track_packets(track) == 0 && o->ports_text != NULL)
		warn("no TCP packet of port %s in this capture", o->ports_text);
	else if (track_packets(track) == 0)
		warn("no TCP packet in this capture");
	return EXIT_SUCCESS;
}

static enum pcap_result begin_capture(struct pcap *pcap, int fd)
{
	if (pcap_open(pcap, fd, flush_output) != PCAP_PACKET) {
		warn("%s", pcap->message);
		return PCAP_BROKEN;
	}
	if (!pcap->ng && !decode_knows_link(pcap->link_type)) {
		warn("link type %" PRIu32 " is not read; Ethernet (1), raw IP "
		     "(101), loopback (0, 108) and tcpdump's -i any (113, 276) "
		     "are",
		     pcap->link_type);
		return PCAP_BROKEN;
	}
	return PCAP_PACKET;
}

/* Read the capture from FD and draw it with RENDERER. The exit status. */
static int draw(const struct options *o, const struct names *names, int fd,
		struct renderer *renderer)
{
	enum role role = role_of(o, names);
	struct pcap pcap = {0};
	int status = EXIT_FAILURE;

	if (role == ROLE_UNKNOWN && shows_forwarding(fd))
		role = ROLE_ROUTER;

	struct track *track = track_new(renderer, names, o->at, role);

	if (track == NULL)
		warn("%s", strerror(errno));
	else if (begin_capture(&pcap, fd) == PCAP_PACKET)
		status = run(&pcap, track, renderer, o);
	pcap_close(&pcap);
	track_free(track);
	return status;
}

/* How to show what is in the capture, by --packets; see renderer_free(). */
static struct renderer *renderer_new(const struct options *o,
				     const struct story *story)
{
	static struct text_renderer text;
	static struct events_renderer events;

	switch (o->output) {
	case OUTPUT_EVENTS:
		events_init(&events, stdout);
		return &events.renderer;
	case OUTPUT_SVG:
		return svg_new(stdout, story, o->title);
	default:
		text_init(&text, stdout, story, o->width, o->unicode,
			  use_color(o->color));
		return &text.renderer;
	}
}

static void renderer_free(const struct options *o, struct renderer *renderer)
{
	if (o->output == OUTPUT_SVG)
		svg_free(renderer);
}

/* Show the capture as *O says. The exit status. */
static int show(const struct options *o, const struct names *names)
{
	struct story story = {.names = names, .at = o->at};
	struct renderer *renderer = renderer_new(o, &story);
	struct filter filter = {
		.renderer = {filter_step, filter_finish},
		.next = renderer,
		.first = o->first,
		.last = o->last,
	};

	if (renderer == NULL) {
		warn("%s", strerror(errno));
		return EXIT_FAILURE;
	}

	int fd = open_capture(o);
	int status = draw(o, names, fd, &filter.renderer);

	if (o->file != NULL)
		close(fd);
	renderer_free(o, renderer);
	return status;
}

int main(int argc, char *argv[])
{
	static struct names names;
	struct options o = parse_options(argc, argv);

	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOFBF, OUTPUT_BUFFER_BYTES);
	if (o.hosts != NULL && names_read(&names, o.hosts) == -1) {
		warn("%s: %s", o.hosts, strerror(errno));
		return EXIT_FAILURE;
	}

	int status = show(&o, &names);

	net_ports_free(&o.ports);
	return status;
}
