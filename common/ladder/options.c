/*
 * options.c - the command line
 *
 * Counterpart: options.h.
 */
#include "options.h"

#include "render.h"
#include "say.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const char help_text[] =
	"\n"
	"Draws the TCP connections of a capture (pcap), read from FILE or "
	"from\n"
	"standard input, live, as ladders with a sentence a packet. Two "
	"FILEs,\n"
	"of one end and of the router, become one ladder: what left, what "
	"passed,\n"
	"what was dropped on the way. NAME=FILE tells where one was captured.\n"
	"\n"
	"  --svg              a picture instead, once the capture has ended\n"
	"  --title TEXT       what stands above it\n"
	"  --events           one line a packet instead, for scripts\n"
	"  --summary          one line a connection instead: how it ended, "
	"why\n"
	"  --hosts FILE       names for addresses, in the format of "
	"/etc/hosts\n"
	"  --at NAME          the host that captured: client, server, router,\n"
	"                     or a name in --hosts\n"
	"  --port PORT,...    only connections with one of these ports at "
	"either\n"
	"                     end\n"
	"  --host HOST,...    only connections with one of these addresses or "
	"names\n"
	"                     at either end\n"
	"  --connection N     only this one, or FROM-TO, counted from 1\n"
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

static _Noreturn void help(void)
{
	printf("%s\n%s", say_usage_line, help_text);
	say_flush();
	exit(EXIT_SUCCESS);
}

static int parse_width(const char *text)
{
	char *end;
	long width;

	errno = 0;
	width = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 || width < WIDTH_MIN ||
	    width > WIDTH_MAX)
		say_usage("--width takes %d to %d, not '%s'", WIDTH_MIN,
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
static struct span parse_span(const char *option, const char *text)
{
	const char *rest = text;
	bool open_start = *rest == '-';
	struct span span;

	span.first = open_start ? 1 : take_count(&rest);
	span.last = span.first;
	if (*rest == '-') {
		rest++;
		span.last = *rest == '\0' && !open_start ? UINT64_MAX
							 : take_count(&rest);
	}
	if (*rest != '\0' || span.first == 0 || span.last < span.first)
		say_usage("%s takes FROM-TO, as 1-3 or 4-, not '%s'", option,
			  text);
	return span;
}

static void parse_ports(struct options *o, const char *text)
{
	net_ports_free(&o->ports); /* of an earlier --port */
	if (net_ports_parse(&o->ports, text) == -1 ||
	    o->ports.count > PORTS_MAX)
		say_usage("--port takes 1 to %d ports from 1 to %d, as 80 or "
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
	say_usage("--color takes always, never or auto, not '%s'", text);
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

enum option_id {
	OPT_EVENTS = 256,
	OPT_SUMMARY,
	OPT_SVG,
	OPT_TITLE,
	OPT_HOSTS,
	OPT_AT,
	OPT_PORT,
	OPT_HOST,
	OPT_CONNECTION,
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
	{"summary", no_argument, NULL, OPT_SUMMARY},
	{"svg", no_argument, NULL, OPT_SVG},
	{"title", required_argument, NULL, OPT_TITLE},
	{"hosts", required_argument, NULL, OPT_HOSTS},
	{"at", required_argument, NULL, OPT_AT},
	{"port", required_argument, NULL, OPT_PORT},
	{"host", required_argument, NULL, OPT_HOST},
	{"connection", required_argument, NULL, OPT_CONNECTION},
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
		say_usage("one of --events, --summary and --svg, not "
			  "more");
	o->output = output;
}

static void take_option(struct options *o, int id)
{
	switch (id) {
	case OPT_EVENTS:
		set_output(o, OUTPUT_EVENTS);
		break;
	case OPT_SUMMARY:
		set_output(o, OUTPUT_SUMMARY);
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
		o->at[0] = optarg;
		break;
	case OPT_PORT:
		parse_ports(o, optarg);
		break;
	case OPT_HOST:
		o->hosts_text = optarg;
		break;
	case OPT_CONNECTION:
		o->connections = parse_span("--connection", optarg);
		break;
	case OPT_PACKETS:
		o->packets = parse_span("--packets", optarg);
		break;
	case OPT_MARK:
		if (*optarg == '\0')
			say_usage("--until-mark takes a text, not nothing");
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
		fprintf(stderr, "%s\n", say_usage_line);
		exit(EXIT_USAGE);
	}
}

bool options_use_color(const struct options *o)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	if (o->color != WHEN_AUTO)
		return o->color == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && term != NULL &&
	       strcmp(term, "dumb") != 0 &&
	       (no_color == NULL || *no_color == '\0');
}

/* --- names and files --- */

bool options_known_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (names_match(names, &names->entry[i].addr, name))
			return true;
	return false;
}

static void add_host(struct options *o, const struct address *addr)
{
	if (o->host_count == HOSTS_MAX)
		say_usage("--host takes at most %d addresses", HOSTS_MAX);
	o->host[o->host_count++] = *addr;
}

/* An address, or a name of which all addresses are meant. */
static void take_host(struct options *o, const struct names *names,
		      const char *text)
{
	struct address addr;

	if (address_parse(text, &addr)) {
		add_host(o, &addr);
		return;
	}
	if (*text == '\0' || !options_known_name(names, text))
		say_usage("--host takes addresses and names of --hosts, not "
			  "'%s'",
			  text);
	for (size_t i = 0; i < names->count; i++)
		if (names_match(names, &names->entry[i].addr, text))
			add_host(o, &names->entry[i].addr);
}

static void take_hosts(struct options *o, const struct names *names)
{
	char one[ENDPOINT_LEN];
	const char *text = o->hosts_text;

	while (text != NULL) {
		size_t len = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)len, text);
		take_host(o, names, one);
		text = text[len] == ',' ? text + len + 1 : NULL;
	}
}

/* NAME=FILE, where NAME has no slash, tells where FILE was captured. */
static void take_file(struct options *o, const char *text)
{
	size_t len = strcspn(text, "=/");
	unsigned n = o->files++;

	o->file[n] = strcmp(text, "-") == 0 ? NULL : text;
	if (len == 0 || text[len] != '=' || len >= NAME_LEN)
		return;
	snprintf(o->at_buf[n], NAME_LEN, "%.*s", (int)len, text);
	o->at[n] = o->at_buf[n];
	o->file[n] = strcmp(text + len + 1, "-") == 0 ? NULL : text + len + 1;
}

/* "router-20260101.pcap" tells where it was captured. */
static void guess_place(struct options *o, const struct names *names,
			unsigned n)
{
	const char *base = o->file[n] == NULL ? NULL : strrchr(o->file[n], '/');
	char *name = o->at_buf[n];

	if (o->at[n] != NULL || o->file[n] == NULL)
		return;
	base = base == NULL ? o->file[n] : base + 1;
	snprintf(name, NAME_LEN, "%.*s", (int)strcspn(base, ".-_"), base);
	if (strcmp(name, "client") == 0 || strcmp(name, "router") == 0 ||
	    strcmp(name, "server") == 0 || options_known_name(names, name))
		o->at[n] = name;
}

void options_parse(struct options *o, struct names *names, int argc,
		   char *argv[])
{
	int id;

	*o = (struct options){.width = default_width(),
			      .packets = {1, UINT64_MAX},
			      .connections = {1, UINT64_MAX}};
	setlocale(LC_CTYPE, "");
	o->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		take_option(o, id);
	if (argc - optind > FILES_MAX)
		say_usage("one FILE, or two to be joined, not %d",
			  argc - optind);
	while (optind < argc)
		take_file(o, argv[optind++]);
	if (o->files == 0) {
		o->files = 1;
		if (isatty(STDIN_FILENO))
			say_usage("a capture is read from FILE or from a pipe, "
				  "not from the terminal");
	}
	if (o->hosts != NULL && names_read(names, o->hosts) == -1) {
		say_warn("%s: %s", o->hosts, strerror(errno));
		exit(EXIT_FAILURE);
	}
	take_hosts(o, names);
	for (unsigned i = 0; o->files > 1 && i < o->files; i++)
		guess_place(o, names, i);
	if (o->files > 1 && o->file[0] == NULL && o->file[1] == NULL)
		say_usage("only one FILE can be standard input");
}

void options_free(struct options *o)
{
	net_ports_free(&o->ports);
}
