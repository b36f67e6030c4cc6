/*
 * probe.c - a scripted TCP peer: says and hears exactly what it is told to
 *
 * Usage: probe [-s SEED] [-t MS] [-f FILE] [LINE...]
 *
 * A script has one step a line, in FILE ("-": stdin) and then in each LINE.
 * Words are separated by blanks; "quoted text" may hold blanks and the escapes
 * \n \r \t \0 \\ \" \xHH. A word that begins with # begins a comment. Every
 * step has MS milliseconds (5000), or what `within MS` at its end says.
 *
 *   connect NAME HOST PORT      PORT may be @NAME, the port of a listener
 *   source-port NAME PORT       the next connect of NAME comes from PORT
 *   expect-refused HOST PORT
 *   clients COUNT PREFIX HOST PORT
 *                               connect PREFIX1, PREFIX2, ... all at once
 *   each PREFIX ORDER STEP      STEP, without its NAME, for each of them;
 *                               ORDER is forward, reverse or random
 *   listen NAME [PORT [HOST]]   on 127.0.0.1; prints "port NAME PORT"
 *   accept NAME NAME            at the listener, a connection
 *   tuple NAME                  prints "tuple NAME LOCAL REMOTE"
 *   send NAME DATA              at one go
 *   dribble NAME DATA [every MS]
 *                               byte by byte, each in a segment of its own,
 *                               and so much time between them
 *   fill NAME [MS]              send random bytes and read nothing, until the
 *                               peer has taken none for MS (200)
 *   exchange NAME DATA          send, and receive the same at once
 *   pump NAME DATA [pieces SIZE]
 *                               likewise, in pieces of odd size up to SIZE
 *   expect NAME DATA            or `echo`, all that was sent and is not back
 *                               yet, or `COUNT bytes`, whatever they are
 *   expect-line NAME [TEXT]     a line without its LF
 *   expect-eof NAME             EOF and nothing before it
 *   expect-reset NAME
 *   expect-silence NAME MS      nothing comes for so long, not even EOF
 *   answer NAME METHOD STATUS   of an HTTP server to a request with METHOD,
 *                               header and body, see probe_answer.c; STATUS
 *                               is one of 200,304 or of 4xx, or any
 *   answer-or-end NAME METHOD STATUS
 *                               or else the connection ends, in any way
 *   field NAME FIELD [TEXT]     its answer has that field, and the value is as
 *                               the pattern TEXT (fnmatch(3), +(a|b), any case)
 *   field-if NAME FIELD TEXT    likewise, if the field is there
 *   no-field NAME FIELD
 *   field-date NAME FIELD COUNT the date, in seconds since 1970
 *   field-now NAME FIELD        the time now
 *   body NAME DATA              is all of its body
 *   lacks NAME TEXT             neither header nor body have it in them
 *   field-past NAME FIELD       no later time than now, if the field is there
 *   ends NAME                   behind it the connection ends, in any way
 *   is-last NAME                likewise; if the answer has said so, with
 *                               Connection: close, by a half-close of ours
 *   when NAME STATUS STEP       STEP, without its NAME, if it has that status
 *   comes NAME [MS]             until the first byte of it has come; or for MS,
 *                               whether it comes or not
 *   offer NAME DATA             send it, or as much as the peer takes, until it
 *                               answers or ends the connection
 *   again NAME DATA every MS    offer it; if that comes more than MS after the
 *                               last offer, no answer is wanted any more
 *   drip NAME DATA every MS     byte by byte, until the peer does so
 *   sip NAME COUNT MS           read COUNT bytes, steadily, for MS
 *   dropped NAME COUNT MS       who reads nothing for MS finds an end before
 *                               COUNT bytes have come
 *   stay NAME MS                connected for so long, or until a RST
 *   swap FILE FILE              exchange the names, again and again, to the end
 *   half-close NAME             FIN; receiving goes on
 *   reset NAME                  RST
 *   close NAME
 *   say TEXT                    prints it
 *   wait-input                  for a line on stdin, or its end
 *   repeat COUNT ... end        the steps between, not nested
 *
 * DATA is TEXT, `random COUNT`, `bytes all` (each value once, 80 to ff and
 * then 00 to 7f: NUL is in the middle) or `file FILE`. Random bytes are the
 * words of splitmix64, low byte first. It is started with the SEED (0), mixed
 * with the connection's name, and goes on from step to step, in each direction
 * for itself: so two probes that call a connection by one name agree.
 *
 * Status 0: all went as written. 1: it did not, see probe_fail.c for what is
 * then on stdout. 2: a bad script or command line. 3: the probe has failed.
 *
 * Next: probe_script.c, probe_talk.c; chaos.c, the other way to be nasty.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "probe.h"

enum { STEP_MS = 5000 };

static void do_say(struct probe *probe, const struct step *step)
{
	(void)probe;
	fwrite(step->data.bytes, 1, (size_t)step->data.len, stdout);
	putchar('\n');
}

static void do_wait_input(struct probe *probe, const struct step *step)
{
	char byte = 0;
	ssize_t n;

	(void)step;
	do {
		n = net_read(STDIN_FILENO, &byte, 1, probe->deadline);
	} while (n > 0 && byte != '\n');
	if (n < 0)
		fail_event(probe, NULL, "a line on stdin", 0, errno);
}

/* Where they are is what counts: see run(). */
static void do_nothing(struct probe *probe, const struct step *step)
{
	(void)probe;
	(void)step;
}

const struct verb verbs[] = {
	{"connect", "NAME HOST PORT", do_connect},
	{"source-port", "NAME PORT", do_source_port},
	{"expect-refused", "HOST PORT", do_expect_refused},
	{"clients", "COUNT NAME HOST PORT", do_clients},
	{"each", "NAME ORDER STEP", do_each},
	{"listen", "NAME [PORT [HOST]]", do_listen},
	{"accept", "NAME NAME", do_accept},
	{"tuple", "NAME", do_tuple},
	{"send", "NAME DATA", do_send},
	{"dribble", "NAME DATA [every MS]", do_dribble},
	{"fill", "NAME [MS]", do_fill},
	{"exchange", "NAME DATA", do_exchange},
	{"pump", "NAME DATA [pieces SIZE]", do_pump},
	{"expect", "NAME WANTED", do_expect},
	{"expect-line", "NAME [TEXT]", do_expect_line},
	{"expect-eof", "NAME", do_expect_eof},
	{"expect-reset", "NAME", do_expect_reset},
	{"expect-silence", "NAME MS", do_expect_silence},
	{"answer", "NAME METHOD STATUS", do_answer},
	{"answer-or-end", "NAME METHOD STATUS", do_answer_or_end},
	{"field", "NAME FIELD [TEXT]", do_field},
	{"field-if", "NAME FIELD TEXT", do_field_if},
	{"no-field", "NAME FIELD", do_no_field},
	{"field-date", "NAME FIELD COUNT", do_field_date},
	{"field-now", "NAME FIELD", do_field_now},
	{"body", "NAME DATA", do_body},
	{"lacks", "NAME TEXT", do_lacks},
	{"ends", "NAME", do_ends},
	{"is-last", "NAME", do_is_last},
	{"when", "NAME STATUS STEP", do_when},
	{"field-past", "NAME FIELD", do_field_past},
	{"comes", "NAME [MS]", do_comes},
	{"offer", "NAME DATA", do_offer},
	{"again", "NAME DATA every MS", do_again},
	{"drip", "NAME DATA every MS", do_drip},
	{"sip", "NAME COUNT MS", do_sip},
	{"dropped", "NAME COUNT MS", do_dropped},
	{"stay", "NAME MS", do_stay},
	{"swap", "FILE FILE", do_swap},
	{"half-close", "NAME", do_half_close},
	{"reset", "NAME", do_reset},
	{"close", "NAME", do_close},
	{"say", "TEXT", do_say},
	{"wait-input", "", do_wait_input},
	{"repeat", "COUNT", do_nothing},
	{"end", "", do_nothing},
	{NULL, NULL, NULL},
};

static void run_step(struct probe *probe, const struct step *step)
{
	int64_t ms = step->within_ms < 0 ? probe->step_ms : step->within_ms;

	probe->step = step;
	probe->deadline = net_deadline(ms);
	step->verb->run(probe, step);
	/* Whoever reads what was printed may be waiting for it. */
	if (fflush(stdout) == EOF)
		broken("standard output");
}

static bool is_verb(const struct step *step, const char *name)
{
	return strcmp(step->verb->name, name) == 0;
}

static void run(struct probe *probe, const struct script *script)
{
	uint64_t rounds = 0; /* still to come, of the repeat under way */
	size_t first = 0;

	for (size_t i = 0; i < script->count; i++) {
		const struct step *step = &script->step[i];

		probe->number = i + 1;
		run_step(probe, step);
		if (is_verb(step, "repeat")) {
			rounds = step->count - 1;
			first = i;
		} else if (is_verb(step, "end") && rounds > 0) {
			rounds--;
			i = first;
		}
	}
}

static FILE *open_script(const char *file)
{
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");

	if (in == NULL)
		cli_usage_error("%s: %s", file, strerror(errno));
	return in;
}

/* All of FILE, ended with NUL; a NUL in it ends it early. */
static char *read_file(const char *file)
{
	size_t len = 0, n;
	char *text = NULL;
	FILE *in = open_script(file);

	do {
		text = need_memory(text, len + CHUNK_BYTES + 1, 1);
		n = fread(text + len, 1, CHUNK_BYTES, in);
		len += n;
	} while (n > 0);
	if (ferror(in))
		cli_usage_error("%s: %s", file, strerror(errno));
	if (in != stdin)
		fclose(in);
	text[len] = '\0';
	return text;
}

static uint64_t number(const char *text, uint64_t highest)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 0);
	if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' ||
	    n > highest)
		cli_usage_error("'%s' is not a number in range", text);
	return n;
}

/* A hundred clients, or a thousand: as many descriptors as we may have. */
static void allow_many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	static struct probe probe = {.step_ms = STEP_MS};
	static struct script script;
	int opt;

	cli_init(argv[0], "[-s SEED] [-t MS] [-f FILE] [LINE...]");
	cli_let_signals_kill();
	while ((opt = getopt(argc, argv, "+s:t:f:")) != -1) {
		if (opt == 's')
			probe.seed = number(optarg, UINT64_MAX);
		else if (opt == 't')
			probe.step_ms = (int64_t)number(optarg, INT32_MAX);
		else if (opt == 'f')
			script_add(&script, read_file(optarg));
		else
			cli_usage();
	}
	for (int i = optind; i < argc; i++)
		script_add(&script, argv[i]);
	if (script.count == 0)
		cli_usage_error("there is no step to take");
	script_check(&script);
	allow_many_descriptors();
	run(&probe, &script);
	return CLI_OK;
}
