/*
 * probe_fail.c - the account of a step that failed, and its diagnosis
 *
 * On stdout, each line "key: value", always these and in this order, "-" where
 * there is nothing to say. Bytes are escaped as in C, \x00 style.
 *
 *   probe: failed
 *   keyword: what is known of the cause, see below
 *   step: its number    line: of the script    text: the step as written
 *   connection: NAME LOCAL REMOTE
 *   sent: the beginning of what was sent last, if an answer of HTTP was due
 *   expected: in words  got: in words
 *   offset: of the first byte that differs or is missing
 *   window: the offset at which the next two begin
 *   expected-bytes: around that offset    got-bytes: likewise
 *   end: eof, reset, timeout, error or -
 *   errno: its name
 *   says: one sentence
 *
 * Keywords, of which the first that fits is taken:
 *   stopped-at-nul   the reply is right as far as the first NUL sent
 *   ended-at-ff      the peer ends it before the first byte 0xff sent
 *   one-recv         it ends after just the first piece sent, or after as much
 *                    as fits into a buffer (1024 bytes, say, or 1023)
 *   lost-bytes       it goes on at a later place of what was sent
 *   repeated-bytes   it goes on at an earlier place
 *   eof-early        the peer ended the connection in order, too early
 *   reset            RST, whatever was wanted
 *   timeout          nothing came, or was taken, before the deadline
 *   mismatch         a byte is wrong
 *   extra-bytes      bytes where none were wanted
 *   refused, unreachable, unresolved, open
 *                    of a connection to be made, or not to be made
 *   never-full       the peer takes without end what it cannot give back
 *   error            anything else: see errno
 *
 * Next: probe.c, the language.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cli.h"
#include "probe.h"

enum { TEXT_BYTES = 200, SEARCH_BYTES = 1 << 20, SAMPLE_BYTES = 16 };

struct account {
	const char *keyword;
	const struct conn *conn;
	char expected[TEXT_BYTES];
	char got[TEXT_BYTES];
	char says[TEXT_BYTES];
	bool located; /* the following five are of use */
	uint64_t offset;
	uint64_t window;
	unsigned char wanted_bytes[2 * WINDOW_BYTES];
	size_t wanted_len;
	unsigned char got_bytes[2 * WINDOW_BYTES];
	size_t got_len;
	const char *end;
	int err;
};

/* --- Printing --- */

static void print_escaped(const char *key, const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;

	printf("%s: %s", key, n == 0 ? "-" : "");
	for (; n > 0; n--, byte++) {
		if (*byte == '\n')
			fputs("\\n", stdout);
		else if (*byte == '\\')
			fputs("\\\\", stdout);
		else if (*byte < 0x80 && isprint(*byte))
			putchar(*byte);
		else
			printf("\\x%02x", *byte);
	}
	putchar('\n');
}

static void print_number(const char *key, bool known, uint64_t n)
{
	if (known)
		printf("%s: %" PRIu64 "\n", key, n);
	else
		printf("%s: -\n", key);
}

static void print_connection(const struct conn *conn)
{
	char local[NET_ENDPOINT_LEN], remote[NET_ENDPOINT_LEN];

	if (conn == NULL)
		puts("connection: -");
	else
		printf("connection: %s %s %s\n", conn->name,
		       net_endpoint_format(&conn->tuple.local, local,
					   sizeof local),
		       net_endpoint_format(&conn->tuple.remote, remote,
					   sizeof remote));
}

static void print_sent(const struct conn *conn)
{
	unsigned char sent[QUOTE_BYTES];
	char text[QUOTE_BYTES] = "-";

	if (conn != NULL && conn->asks && conn->sent.len > conn->sent_last) {
		uint64_t len = conn->sent.len - conn->sent_last;
		size_t n = len < sizeof sent ? (size_t)len : sizeof sent;

		stream_get(&conn->sent, conn->sent_last, sent, n);
		quote(text, sent, n);
	}
	printf("sent: %s\n", text);
}

static const char *errno_name(int err)
{
	const char *name = err == 0 ? NULL : strerrorname_np(err);

	return name == NULL ? "-" : name;
}

_Noreturn static void print_account(const struct probe *probe,
				    const struct account *account)
{
	const struct step *step = probe->step;

	puts("probe: failed");
	printf("keyword: %s\n", account->keyword);
	printf("step: %zu\nline: %u\n", probe->number, step->line);
	print_escaped("text", step->text, strlen(step->text));
	print_connection(account->conn);
	print_sent(account->conn);
	printf("expected: %s\ngot: %s\n", account->expected, account->got);
	print_number("offset", account->located, account->offset);
	print_number("window", account->located, account->window);
	print_escaped("expected-bytes", account->wanted_bytes,
		      account->wanted_len);
	print_escaped("got-bytes", account->got_bytes, account->got_len);
	printf("end: %s\nerrno: %s\nsays: %s\n", account->end,
	       errno_name(account->err), account->says);
	if (fflush(stdout) == EOF)
		broken("standard output");
	exit(CLI_FAILED);
}

/* --- Words for an end --- */

static const char *end_name(int err)
{
	if (err == 0)
		return "eof";
	if (err == ETIMEDOUT)
		return "timeout";
	return err == ECONNRESET || err == EPIPE ? "reset" : "error";
}

static const char *end_keyword(int err)
{
	if (err == 0)
		return "eof-early";
	if (err == ECONNREFUSED)
		return "refused";
	return net_verdict_of(err) == NET_UNREACHABLE ? "unreachable"
						      : end_name(err);
}

static const char *end_in_words(int err)
{
	if (err == 0)
		return "the peer ended the connection";
	if (err == ETIMEDOUT)
		return "nothing more happened before the deadline";
	if (err == ECONNRESET || err == EPIPE)
		return "the peer broke the connection off";
	return strerror(err);
}

__attribute__((format(printf, 2, 3))) static void say(struct account *account,
						      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(account->says, sizeof account->says, format, args);
	va_end(args);
}

/* --- Diagnosis --- */

/* Whether the byte at OFFSET of the reply is the first BYTE wanted. */
static bool is_first(unsigned char byte, const struct compared *compared,
		     uint64_t offset)
{
	unsigned char buf[4096];

	for (uint64_t at = 0; at <= offset; at += sizeof buf) {
		uint64_t left = offset + 1 - at;
		size_t n = left < sizeof buf ? (size_t)left : sizeof buf;

		stream_get(compared->want, compared->from + at, buf, n);
		const unsigned char *first = memchr(buf, byte, n);
		if (first != NULL)
			return offset > 0 &&
			       at + (uint64_t)(first - buf) == offset;
	}
	return false;
}

/* Whether somebody would choose a buffer of N bytes. */
static bool round_number(uint64_t n)
{
	return n >= 16 && ((n & (n - 1)) == 0 || n % 100 == 0);
}

/* Whether a reply of GOT bytes may be that to one recv(). */
static bool one_recv(const struct conn *conn, uint64_t got)
{
	int segment = 0;
	socklen_t len = sizeof segment;

	getsockopt(conn->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, &len);
	return got > 0 && got <= CHUNK_BYTES &&
	       (got == conn->first_piece || got == (uint64_t)segment ||
		round_number(got) || round_number(got + 1));
}

/*
 * Whether the N bytes at BUF, which came at OFFSET, are wanted elsewhere, so
 * that chance is no explanation; *at is where.
 */
static bool elsewhere(const struct compared *compared, uint64_t offset,
		      const unsigned char *buf, size_t n, uint64_t *at)
{
	static unsigned char wanted[SEARCH_BYTES];
	uint64_t back = offset < SEARCH_BYTES / 2 ? offset : SEARCH_BYTES / 2;
	uint64_t first = offset - back;
	uint64_t left = compared->len - first;
	size_t len = left < sizeof wanted ? (size_t)left : sizeof wanted;

	if (n < SAMPLE_BYTES)
		return false;
	stream_get(compared->want, compared->from + first, wanted, len);
	const unsigned char *found = memmem(wanted, len, buf, SAMPLE_BYTES);
	if (found == NULL)
		return false;
	*at = first + (uint64_t)(found - wanted);
	return true;
}

/* Show what is around OFFSET of the reply, where BUF came. */
static void locate(struct account *account, const struct compared *compared,
		   uint64_t offset, const unsigned char *buf, size_t n)
{
	uint64_t window = offset < WINDOW_BYTES ? 0 : offset - WINDOW_BYTES;
	size_t before = (size_t)(offset - window);
	uint64_t left = compared->len - offset;
	size_t after = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;

	account->located = true;
	account->offset = offset;
	account->window = window;
	if (compared->want->len == 0)
		return;
	stream_get(compared->want, compared->from + window,
		   account->wanted_bytes, before + after);
	account->wanted_len = before + after;
	memcpy(account->got_bytes, account->wanted_bytes, before);
	n = n < WINDOW_BYTES ? n : WINDOW_BYTES;
	if (n > 0)
		memcpy(account->got_bytes + before, buf, n);
	account->got_len = before + n;
}

/* --- Failures --- */

void fail_short(struct probe *probe, const struct conn *conn,
		const struct compared *compared, uint64_t got, int err)
{
	struct account account = {.conn = conn,
				  .end = end_name(err),
				  .err = err};
	bool known = compared->want->len > 0 && got < compared->len;

	snprintf(account.expected, TEXT_BYTES, "%" PRIu64 " bytes",
		 compared->len);
	snprintf(account.got, TEXT_BYTES, "%" PRIu64 " bytes, then %s", got,
		 account.end);
	if (got < compared->len)
		locate(&account, compared, got, NULL, 0);
	if (known && is_first(0, compared, got)) {
		account.keyword = "stopped-at-nul";
		say(&account,
		    "The reply stops after %" PRIu64
		    " bytes, right before the first NUL byte sent.",
		    got);
	} else if (known && err != ETIMEDOUT && is_first(0xff, compared, got)) {
		account.keyword = "ended-at-ff";
		say(&account,
		    "The reply ends after %" PRIu64
		    " bytes, right before the first byte 0xff sent.",
		    got);
	} else if (known && one_recv(conn, got)) {
		account.keyword = "one-recv";
		say(&account,
		    "The reply stops after %" PRIu64
		    " bytes: as much as one recv() gives, and no more.",
		    got);
	} else if (got == 0) {
		account.keyword = end_keyword(err);
		say(&account,
		    "Not one of the %" PRIu64 " bytes of the reply came: %s.",
		    compared->len, end_in_words(err));
	} else {
		account.keyword = end_keyword(err);
		say(&account,
		    "After %" PRIu64 " of %" PRIu64 " bytes of the reply %s.",
		    got, compared->len, end_in_words(err));
	}
	print_account(probe, &account);
}

/* Name what happened at OFFSET, where BUF came in place of what is wanted. */
static void diagnose(struct account *account, const struct compared *compared,
		     uint64_t offset, const unsigned char *buf, size_t n)
{
	uint64_t at;

	if (is_first(0, compared, offset)) {
		account->keyword = "stopped-at-nul";
		say(account,
		    "The reply is right up to byte %" PRIu64
		    ", the first NUL byte sent, and wrong from there on.",
		    offset);
	} else if (!elsewhere(compared, offset, buf, n, &at)) {
		account->keyword = "mismatch";
		say(account, "The reply is wrong at byte %" PRIu64 ".", offset);
	} else if (at > offset) {
		account->keyword = "lost-bytes";
		say(account,
		    "At byte %" PRIu64 " of the reply %" PRIu64
		    " bytes are missing; after them it goes on.",
		    offset, at - offset);
	} else {
		account->keyword = "repeated-bytes";
		say(account,
		    "At byte %" PRIu64
		    " the reply repeats what it had from byte %" PRIu64 " on.",
		    offset, at);
	}
}

void fail_different(struct probe *probe, const struct conn *conn,
		    const struct compared *compared, uint64_t offset,
		    const unsigned char *buf, size_t n)
{
	struct account account = {.conn = conn, .end = "-"};

	snprintf(account.expected, TEXT_BYTES, "%" PRIu64 " bytes",
		 compared->len);
	snprintf(account.got, TEXT_BYTES,
		 "%" PRIu64 " bytes as expected, then others", offset);
	locate(&account, compared, offset, buf, n);
	diagnose(&account, compared, offset, buf, n);
	print_account(probe, &account);
}

void fail_extra(struct probe *probe, const struct conn *conn,
		const char *wanted, const unsigned char *buf, size_t n)
{
	struct account account = {.keyword = "extra-bytes",
				  .conn = conn,
				  .end = "-"};

	snprintf(account.expected, TEXT_BYTES, "%s", wanted);
	snprintf(account.got, TEXT_BYTES, "%zu bytes", n);
	say(&account, "Bytes came that nobody was to send.");
	account.located = true;
	account.got_len =
		n < sizeof account.got_bytes ? n : sizeof account.got_bytes;
	memcpy(account.got_bytes, buf, account.got_len);
	print_account(probe, &account);
}

void fail_event(struct probe *probe, const struct conn *conn,
		const char *wanted, uint64_t got, int err)
{
	struct account account = {.keyword = end_keyword(err),
				  .conn = conn,
				  .end = end_name(err),
				  .err = err};

	snprintf(account.expected, TEXT_BYTES, "%s", wanted);
	snprintf(account.got, TEXT_BYTES, "%s after %" PRIu64, account.keyword,
		 got);
	account.located = got > 0;
	account.offset = account.window = got;
	say(&account, "Expected %s, but %s.", wanted, end_in_words(err));
	print_account(probe, &account);
}

void fail_as(struct probe *probe, const struct conn *conn, const char *keyword,
	     const char *wanted, const char *says)
{
	struct account account = {.keyword = keyword, .conn = conn, .end = "-"};

	if (strcmp(keyword, "eof-early") == 0)
		account.end = "eof";
	snprintf(account.expected, TEXT_BYTES, "%s", wanted);
	snprintf(account.got, TEXT_BYTES, "%s", keyword);
	say(&account, "%s", says);
	print_account(probe, &account);
}

void quote(char text[QUOTE_BYTES], const void *bytes, size_t n)
{
	const unsigned char *byte = bytes;
	size_t at = 0;

	text[at++] = '"';
	for (; n > 0 && at < QUOTE_BYTES - 9; n--, byte++) {
		if (*byte == '\n' || *byte == '\r')
			at += (size_t)sprintf(text + at, "\\%c",
					      *byte == '\n' ? 'n' : 'r');
		else if (*byte < 0x80 && isprint(*byte))
			text[at++] = (char)*byte;
		else
			at += (size_t)sprintf(text + at, "\\x%02x", *byte);
	}
	stpcpy(text + at, n == 0 ? "\"" : "\"...");
}

void fail_answer(struct probe *probe, const struct conn *conn,
		 const char *keyword, const char *wanted, const char *says,
		 const char *got, ...)
{
	struct account account = {.keyword = keyword, .conn = conn, .end = "-"};
	va_list args;

	snprintf(account.expected, TEXT_BYTES, "%s", wanted);
	va_start(args, got);
	vsnprintf(account.got, TEXT_BYTES, got, args);
	va_end(args);
	say(&account, "%s", says);
	print_account(probe, &account);
}

void fail_unless_same(struct probe *probe, const struct conn *conn,
		      const struct stream *want, const unsigned char *body,
		      uint64_t len)
{
	const struct compared compared = {want, 0, want->len};
	unsigned char wanted[4096];
	uint64_t same = 0;

	while (same < len && same < want->len) {
		uint64_t most = (len < want->len ? len : want->len) - same;
		size_t n = most < sizeof wanted ? (size_t)most : sizeof wanted;
		size_t i = 0;

		stream_get(want, same, wanted, n);
		while (i < n && body[same + i] == wanted[i])
			i++;
		same += i;
		if (i < n)
			fail_different(probe, conn, &compared, same,
				       body + same, (size_t)(len - same));
	}
	if (len < want->len && is_first(0, &compared, len))
		fail_short(probe, conn, &compared, len, 0);
	if (len < want->len)
		fail_answer(probe, conn, "http-file-short",
			    "the whole file as the body",
			    "The body is right so far, but not all of the "
			    "file.",
			    "%" PRIu64 " of %" PRIu64 " bytes", len, want->len);
	if (len > want->len)
		fail_extra(probe, conn, "the end of the body", body + same,
			   (size_t)(len - same));
}

void broken(const char *what)
{
	cli_warn_errno("%s", what);
	exit(PROBE_BROKEN);
}

void check_own_trouble(int err, const char *what)
{
	if (net_no_room(err) || err == EADDRNOTAVAIL) {
		errno = err;
		broken(what);
	}
}
