/*
 * probe_http.c - what is asked of the answer of an HTTP server
 *
 * Each connection keeps its last answer. Where none came and none need have
 * come, what is asked of it is passed over.
 *
 * Next: probe_answer.c, how it is read; probe.c for the language.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

enum {
	DATE_BYTES = 64,
	DATE_EARLY_S = 3,
	DATE_ZONE_S = 900, /* local times differ by that, or a multiple */
	OFFER_MS = 50,
	SIP_BYTES = 64 * 1024,
	SWAP_NS = 20000,
	NS_PER_MS = 1000000,
};

/* --- Its status --- */

/* Whether STATUS is in LIST: "200", "400,431", "4xx,501", "any". */
static bool status_in(int status, const char *list)
{
	char text[8];

	if (strcmp(list, "any") == 0)
		return true;
	snprintf(text, sizeof text, "%03d", status);
	for (; *list != '\0'; list += *list == ',') {
		size_t n = strcspn(list, ",");

		if (n == 3 && list[0] == text[0] &&
		    (strncmp(list, text, 3) == 0 ||
		     strncmp(list + 1, "xx", 2) == 0))
			return true;
		list += n;
	}
	return false;
}

static const char *reason(const struct answer *answer)
{
	return answer->head + 13;
}

/* Take the answer to a request with METHOD; false if there is none. */
static bool take_answer(struct probe *probe, const struct step *step,
			bool may_break)
{
	struct conn *conn = connection(probe, step->name);
	struct answer *answer =
		answer_read(probe, conn, step->method, may_break);

	if (answer == NULL)
		return false;
	answer_free(conn->answer);
	conn->answer = answer;
	if (!status_in(answer->status, step->status))
		fail_answer(probe, conn, "http-status", step->status,
			    "The status is another one.", "%d %s",
			    answer->status, reason(answer));
	return true;
}

void do_answer(struct probe *probe, const struct step *step)
{
	if (take_answer(probe, step, false))
		return;
	const struct conn *conn = connection(probe, step->name);
	fail_answer(probe, conn, conn->end == 0 ? "http-ended" : "http-reset",
		    step->status,
		    conn->answer == NULL
			    ? "The connection ended before an answer came."
			    : "The connection ended before the next answer "
			      "came.",
		    "%s",
		    conn->end == 0 ? "the end of the connection (FIN)"
				   : "the connection broken off (RST)");
}

/* No answer of CONN is asked for any more. */
static void no_more(struct conn *conn)
{
	conn->over = true;
	answer_free(conn->answer);
	conn->answer = NULL;
}

void do_answer_or_end(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);

	if (conn->over || take_answer(probe, step, true))
		return;
	no_more(conn);
}

/* The last answer; NULL if none was due. */
static const struct answer *last(struct probe *probe, const struct step *step)
{
	const struct conn *conn = connection(probe, step->name);

	if (conn->answer == NULL && !conn->over)
		bad_step(step, "%s has had no answer", conn->name);
	return conn->answer;
}

/* The rest of the line is done only if the status is in the list. */
void do_when(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);
	struct step then = *step->each;

	if (answer == NULL || !status_in(answer->status, step->status))
		return;
	memcpy(then.name, step->name, sizeof then.name);
	then.verb->run(probe, &then);
}

/* --- Its fields --- */

static const char *field_there(struct probe *probe, const struct step *step)
{
	const char *value = answer_field(last(probe, step), step->field);

	if (value == NULL)
		fail_answer(probe, connection(probe, step->name),
			    "http-no-field", step->field,
			    "The answer lacks a field.", "no such field");
	return value;
}

static bool matches(const struct step *step, const char *value)
{
	const char *pattern = (const char *)step->data.bytes;

	return pattern == NULL ||
	       fnmatch(pattern, value, FNM_EXTMATCH | FNM_CASEFOLD) == 0;
}

static void match(struct probe *probe, const struct step *step,
		  const char *value)
{
	char wanted[QUOTE_BYTES];

	if (matches(step, value))
		return;
	snprintf(wanted, sizeof wanted, "%.40s: %.100s", step->field,
		 (const char *)step->data.bytes);
	fail_answer(probe, connection(probe, step->name), "http-field", wanted,
		    "A field has another value.", "%s: %.120s", step->field,
		    value);
}

/* One of several will do: a list may be in more, RFC 9110, section 5.3. */
void do_field(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);

	if (answer == NULL)
		return;
	const char *first = field_there(probe, step);
	for (size_t i = 0; i < answer->fields; i++)
		if (strcasecmp(answer->field[i].name, step->field) == 0 &&
		    matches(step, answer->field[i].value))
			return;
	match(probe, step, first);
}

void do_field_if(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);
	const char *value =
		answer == NULL ? NULL : answer_field(answer, step->field);

	if (value != NULL)
		match(probe, step, value);
}

void do_no_field(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);
	const char *value =
		answer == NULL ? NULL : answer_field(answer, step->field);

	if (value != NULL)
		fail_answer(probe, connection(probe, step->name),
			    "http-unwanted-field", "no such field",
			    "The answer has a field that it must not have.",
			    "%s: %.120s", step->field, value);
}

/* --- Its dates --- */

static const char date_format[] = "%a, %d %b %Y %H:%M:%S GMT";

/* TEXT as IMF-fixdate, RFC 9110, section 5.6.7; -1 if it is none. */
static time_t parse_date(const char *text)
{
	char again[DATE_BYTES];
	struct tm tm = {0};
	const char *end = strptime(text, date_format, &tm);

	if (end == NULL || *end != '\0')
		return -1;
	time_t when = timegm(&tm);
	gmtime_r(&when, &tm);
	strftime(again, sizeof again, date_format, &tm);
	return strcmp(again, text) == 0 ? when : -1;
}

/* What is wrong with a date WHEN that should be from FIRST to LATEST. */
static const char *date_keyword(time_t when, time_t first, time_t latest)
{
	if (first == 0)
		return "http-later";
	/* It has been now, and is not any more. */
	if (first < latest && when < first && first - when < DATE_ZONE_S)
		return "http-behind";
	return "http-time";
}

/* The date in a field, which is to be from FIRST to LATEST. */
static void check_date(struct probe *probe, const struct step *step,
		       time_t first, time_t latest)
{
	const struct conn *conn = connection(probe, step->name);
	const char *value = field_there(probe, step);
	char wanted[DATE_BYTES];
	struct tm tm;
	time_t when = parse_date(value);

	gmtime_r(&latest, &tm);
	strftime(wanted, sizeof wanted, date_format, &tm);
	if (when < 0)
		fail_answer(probe, conn, "http-date", wanted,
			    "This is not how HTTP writes a date.", "%s: %.120s",
			    step->field, value);
	if (when < first || when > latest)
		fail_answer(probe, conn, date_keyword(when, first, latest),
			    wanted, "The date is another one.", "%s: %.120s",
			    step->field, value);
}

void do_field_date(struct probe *probe, const struct step *step)
{
	time_t when = (time_t)step->count;

	if (last(probe, step) != NULL)
		check_date(probe, step, when, when);
}

/* Some servers look at the clock once a second. */
void do_field_now(struct probe *probe, const struct step *step)
{
	const struct conn *conn = connection(probe, step->name);

	if (last(probe, step) != NULL)
		check_date(probe, step, conn->since - DATE_EARLY_S, time(NULL));
}

/* If the field is there, it is of no later time than now. */
void do_field_past(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);

	if (answer != NULL && answer_field(answer, step->field) != NULL)
		check_date(probe, step, 0, time(NULL));
}

/* --- Its body --- */

void do_body(struct probe *probe, const struct step *step)
{
	const struct conn *conn = connection(probe, step->name);
	const struct answer *answer = last(probe, step);
	struct stream want = {0};

	if (answer == NULL)
		return;
	stream_add(&want, &step->data);
	fail_unless_same(probe, conn, &want, answer->body, answer->body_len);
	stream_clear(&want);
}

void do_lacks(struct probe *probe, const struct step *step)
{
	const struct answer *answer = last(probe, step);
	const void *text = step->data.bytes;
	size_t n = (size_t)step->data.len;

	if (answer == NULL)
		return;
	const struct conn *conn = connection(probe, step->name);
	if (memmem(answer->head, answer->head_len, text, n) != NULL ||
	    (answer->body_len > 0 &&
	     memmem(answer->body, answer->body_len, text, n) != NULL))
		fail_answer(probe, conn, "http-given-away",
			    "an answer without it",
			    "It gives away what nobody is to have.",
			    "%d, and in it: %.80s", answer->status,
			    (const char *)text);
}

/* --- What comes behind it --- */

_Noreturn static void fail_behind(struct probe *probe, const struct conn *conn,
				  const char *came, size_t n)
{
	const struct answer *answer = conn->answer;
	const char *keyword = "http-too-long";
	const char *says = "Bytes came behind the answer.";
	char text[QUOTE_BYTES];

	quote(text, came, n);
	if (n >= 5 && memcmp(came, "HTTP/", 5) == 0) {
		keyword = "http-second";
		says = "A second answer came, where one was all to be "
		       "answered.";
	} else if (answer != NULL && answer->bodiless) {
		keyword = "http-body-after-head";
		says = "A body came behind a header that has none.";
	}
	fail_answer(probe, conn, keyword, "the end of the connection", says,
		    "%s", text);
}

void do_ends(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	char came[QUOTE_BYTES];

	if (conn->over)
		return;
	ssize_t n = net_read(conn->fd, came, sizeof came, probe->deadline);
	if (n > 0)
		fail_behind(probe, conn, came, (size_t)n);
	if (n < 0 && errno == ETIMEDOUT)
		fail_answer(probe, conn, "http-left-open",
			    "the end of the connection",
			    "The connection is left open.",
			    "nothing before the deadline");
	conn->over = true;
}

/* Whether CONN's last answer said that no other would follow. */
static bool said_close(const struct conn *conn)
{
	const char *value = conn->answer == NULL
				    ? NULL
				    : answer_field(conn->answer, "Connection");

	return value != NULL && strcasecmp(value, "close") == 0;
}

/* Who has said so may wait for us to close first, lest RST eats the answer. */
void do_is_last(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);

	if (said_close(conn))
		(void)shutdown(conn->fd, SHUT_WR);
	do_ends(probe, step);
}

/* Until something comes, which is left where it is; the end will do. */
void do_comes(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);

	if (step->ms >= 0) {
		(void)net_wait(conn->fd, POLLIN, net_deadline(step->ms));
		return;
	}
	if (net_wait(conn->fd, POLLIN, probe->deadline) < 0)
		fail_answer(probe, conn, "http-silent", "the first byte",
			    "No answer came.", "nothing before the deadline");
}

/* --- What a server may refuse --- */

/* Whether the peer has answered, or ended the connection. */
static bool has_come(const struct conn *conn, int64_t ms)
{
	return net_wait(conn->fd, POLLIN, net_deadline(ms)) == 0;
}

void do_offer(struct probe *probe, const struct step *step)
{
	static unsigned char buf[CHUNK_BYTES];
	struct conn *conn = connection(probe, step->name);
	struct stream out = to_send(probe, conn, step);
	uint64_t done = 0;

	conn->offered = net_now();
	while (done < out.len && net_deadline(0) < probe->deadline) {
		uint64_t left = out.len - done;
		size_t n = left < sizeof buf ? (size_t)left : sizeof buf;

		stream_get(&out, done, buf, n);
		ssize_t sent = send_now(conn, buf, n);
		if (sent < 0)
			break;
		done += (uint64_t)sent;
		if (sent == 0 && has_come(conn, OFFER_MS))
			break;
	}
	stream_clear(&out);
}

/*
 * The peer has answered after the last offer began. Who is kept from asking in
 * time, by a busy machine, cannot complain of an end.
 */
void do_again(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	net_time latest = conn->offered + step->ms * NS_PER_MS;

	do_offer(probe, step);
	if (net_now() > latest)
		no_more(conn);
}

void do_drip(struct probe *probe, const struct step *step)
{
	struct conn *conn = connection(probe, step->name);
	struct stream out = to_send(probe, conn, step);
	uint64_t done = 0;
	unsigned char byte;

	for (; done < out.len; done++) {
		stream_get(&out, done, &byte, 1);
		if (send_now(conn, &byte, 1) < 0 || has_come(conn, step->ms))
			break;
	}
	if (done == out.len)
		fail_answer(probe, conn, "http-slow-borne",
			    "the end of the connection, or 408",
			    "A request that comes byte by byte, and never "
			    "ends, is waited for.",
			    "nothing after %llu bytes, one every %lld ms",
			    (unsigned long long)done, (long long)step->ms);
	stream_clear(&out);
}

/* Read as much in each part of the time. */
void do_sip(struct probe *probe, const struct step *step)
{
	static unsigned char buf[SIP_BYTES];
	struct conn *conn = connection(probe, step->name);
	net_time begin = net_now();
	uint64_t got = 0;

	while (got < step->count) {
		int64_t due = (int64_t)(got * (uint64_t)step->ms / step->count);
		uint64_t left = step->count - got;

		(void)net_wait(conn->fd, 0, begin + due * NS_PER_MS);
		ssize_t n = net_read(conn->fd, buf,
				     left < sizeof buf ? left : sizeof buf,
				     probe->deadline);
		if (n <= 0)
			fail_answer(probe, conn, "http-cut",
				    "to go on getting what is asked for",
				    "A client who reads all the time is cut "
				    "off.",
				    "%llu bytes in %lld ms, then %s",
				    (unsigned long long)got,
				    (long long)(net_now() - begin) / NS_PER_MS,
				    n == 0		 ? "the end"
				    : errno == ETIMEDOUT ? "nothing more"
							 : "RST");
		got += (uint64_t)n;
	}
}

/* Read nothing for a while; then there is an end before all has come. */
void do_dropped(struct probe *probe, const struct step *step)
{
	static unsigned char buf[CHUNK_BYTES];
	struct conn *conn = connection(probe, step->name);
	uint64_t got = 0;
	ssize_t n;

	(void)net_wait(conn->fd, 0, net_deadline(step->ms));
	do {
		n = net_read(conn->fd, buf, sizeof buf, probe->deadline);
		got += n > 0 ? (uint64_t)n : 0;
	} while (n > 0 && got < step->count);
	if (n > 0 || (n < 0 && errno == ETIMEDOUT))
		fail_answer(probe, conn, "http-slow-borne",
			    "an end before all has come",
			    "A client who reads nothing is waited for.",
			    "%llu bytes, after %lld ms in which none was read",
			    (unsigned long long)got, (long long)step->ms);
	conn->over = true;
}

/* Leave a peer the time to do what it does after its answer. */
void do_stay(struct probe *probe, const struct step *step)
{
	const struct conn *conn = connection(probe, step->name);

	(void)net_wait(conn->fd, 0, net_deadline(step->ms));
}

static bool exchange(const struct step *step)
{
	return renameat2(AT_FDCWD, step->file, AT_FDCWD, step->other_file,
			 RENAME_EXCHANGE) == 0;
}

/*
 * Who sleeps between two exchanges is let in at once when he wakes, on a busy
 * machine too: so they happen between any two system calls of others.
 */
_Noreturn static void exchange_on(const struct step *step, pid_t parent)
{
	const struct timespec nap = {.tv_nsec = SWAP_NS};

	/* Nobody is to wait for the end of what we have open. */
	(void)close_range(0, ~0U, 0);
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0UL, 0UL, 0UL);
	while (getppid() == parent && exchange(step))
		nanosleep(&nap, NULL);
	_exit(0);
}

/* Exchange two names, renameat2(2), from now on, in a child that dies with us.
 */
void do_swap(struct probe *probe, const struct step *step)
{
	pid_t parent = getpid(), child;

	(void)probe;
	if (!exchange(step))
		broken("renameat2");
	child = fork();
	if (child < 0)
		broken("fork");
	if (child == 0)
		exchange_on(step, parent);
}
