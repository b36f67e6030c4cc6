/*
 * probe.h - what the parts of the probe share
 *
 * probe.c        the command line, and one step after the other
 * probe_script.c text to steps
 * probe_data.c   the bytes that are sent and expected
 * probe_conn.c   connections and listeners, as the script names them
 * probe_talk.c   sending, receiving, comparing
 * probe_answer.c an HTTP server's answer, read off the wire
 * probe_http.c   what is asked of it
 * probe_fail.c   the account of what went wrong, and its diagnosis
 *
 * Next: probe.c, whose header describes the language.
 */
#ifndef PORTLAB_PROBE_H
#define PORTLAB_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "net.h"

enum {
	PROBE_BROKEN = 3, /* exit status: the probe itself failed */
	NAME_LEN = 20,	  /* of a name in a script */
	NAME_BYTES = 48,  /* with the number of a client behind it, and NUL */
	CHUNK_BYTES = 64 * 1024,
	WINDOW_BYTES = 8,  /* shown on each side of a difference */
	QUOTE_BYTES = 160, /* of what came, for a failure */
	ANSWER_FIELDS = 200,
};

/* --- Data: probe_data.c --- */

enum data_kind {
	DATA_BYTES,  /* LEN bytes at BYTES */
	DATA_RANDOM, /* LEN bytes of the stream of SEED, from START on */
	DATA_ECHO,   /* what was sent and has not come back yet */
	DATA_ANY,    /* LEN bytes, whatever they are */
};

struct data {
	enum data_kind kind;
	const unsigned char *bytes;
	uint64_t len;
	uint64_t seed;
	uint64_t start;
};

/* Data one after the other, any byte of which can be had at any time. */
struct stream {
	struct data *part;
	size_t count;
	uint64_t len;
};

/* Word INDEX, from 0, of the splitmix64 generator started with SEED. */
uint64_t splitmix64(uint64_t seed, uint64_t index);

/* The seed of the random bytes of the connection called NAME. */
uint64_t seed_of(uint64_t seed, const char *name);

void stream_add(struct stream *stream, const struct data *data);
void stream_clear(struct stream *stream);

/* Copy N bytes from offset FROM into BUF; all of them must be there. */
void stream_get(const struct stream *stream, uint64_t from, unsigned char *buf,
		size_t n);

/* Memory, or the end of the probe. */
void *need_memory(void *old, size_t count, size_t size);

/* --- Scripts: probe_script.c --- */

enum order { ORDER_FORWARD, ORDER_REVERSE, ORDER_RANDOM };

struct probe;
struct step;

/* What follows the verb is read as USAGE says, word by word. */
struct verb {
	const char *name;
	const char *usage;
	void (*run)(struct probe *probe, const struct step *step);
};

struct step {
	const struct verb *verb;
	const char *text; /* the line as written */
	unsigned line;
	int64_t within_ms; /* -1: as the command line says */
	char name[NAME_BYTES];
	char other[NAME_BYTES];
	const char *host;
	const char *port; /* digits, or "@" and the name of a listener */
	uint64_t count;
	uint64_t size;
	int64_t ms; /* -1 if not given */
	enum order order;
	const char *method;
	const char *status; /* a list, see status_in() */
	const char *field;  /* the name of one */
	const char *file;
	const char *other_file;
	struct data data;
	struct step *each; /* the step to be done for each client */
};

struct script {
	struct step *step;
	size_t count;
	unsigned lines;
};

extern const struct verb verbs[];

/* Add the lines of TEXT, which must stay; exits with CLI_USAGE if bad. */
void script_add(struct script *script, char *text);

/* See that repeat and end match. */
void script_check(const struct script *script);

/* Say what is wrong with STEP's line, and exit with CLI_USAGE. */
_Noreturn void bad_step(const struct step *step, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- Connections: probe_conn.c --- */

struct conn {
	char name[NAME_BYTES];
	int fd;			/* -1: not connected */
	struct net_tuple tuple; /* as it was: after RST nobody knows */
	bool listens;
	uint16_t source_port;	/* of the next connect, 0: any */
	struct stream sent;	/* all that was sent */
	uint64_t sent_last;	/* where in it begins what one step has sent */
	bool asks;		/* an answer of HTTP was waited for */
	uint64_t echoed;	/* how much of it has come back */
	size_t first_piece;	/* what the first send() of a step took */
	uint64_t random_sent;	/* so far, of the connection's stream */
	uint64_t random_wanted; /* likewise, by expect */
	time_t since;		/* when it was connected */
	net_time offered;	/* when the last offer began, or likewise */
	struct answer *answer;	/* the last one, of HTTP */
	bool over;		/* it ended where it might, or no matter */
	int end;		/* how: 0 for EOF, else an errno value */
};

/* The clients made by one `clients` step. */
struct crowd {
	char prefix[NAME_BYTES];
	uint64_t count;
};

struct probe {
	uint64_t seed;
	int64_t step_ms;
	const struct step *step; /* the one under way */
	size_t number;		 /* its number, from 1 */
	net_time deadline;	 /* and its deadline */
	struct conn **conn;
	size_t conns;
	struct crowd *crowd;
	size_t crowds;
};

/* The connection that is called NAME; exits if there is none. */
struct conn *connection(struct probe *probe, const char *name);

void do_connect(struct probe *probe, const struct step *step);
void do_expect_refused(struct probe *probe, const struct step *step);
void do_clients(struct probe *probe, const struct step *step);
void do_each(struct probe *probe, const struct step *step);
void do_source_port(struct probe *probe, const struct step *step);
void do_listen(struct probe *probe, const struct step *step);
void do_accept(struct probe *probe, const struct step *step);
void do_tuple(struct probe *probe, const struct step *step);
void do_half_close(struct probe *probe, const struct step *step);
void do_reset(struct probe *probe, const struct step *step);
void do_close(struct probe *probe, const struct step *step);

/* --- Talking: probe_talk.c --- */

/* The data of STEP, as CONN sends it: noted, to be expected as echo. */
struct stream to_send(struct probe *probe, struct conn *conn,
		      const struct step *step);

/* How much the kernel takes of N bytes now; 0 if nothing, -1 with errno. */
ssize_t send_now(struct conn *conn, const void *buf, size_t n);

void do_send(struct probe *probe, const struct step *step);
void do_dribble(struct probe *probe, const struct step *step);
void do_fill(struct probe *probe, const struct step *step);
void do_exchange(struct probe *probe, const struct step *step);
void do_pump(struct probe *probe, const struct step *step);
void do_expect(struct probe *probe, const struct step *step);
void do_expect_line(struct probe *probe, const struct step *step);
void do_expect_eof(struct probe *probe, const struct step *step);
void do_expect_reset(struct probe *probe, const struct step *step);
void do_expect_silence(struct probe *probe, const struct step *step);

/* --- HTTP: probe_answer.c, probe_http.c --- */

struct http_field {
	const char *name;
	const char *value; /* without the blanks around it */
};

/* An answer whose interim answers (1xx) have been passed over. */
struct answer {
	char *head; /* its lines, each ended by NUL */
	size_t head_len;
	int minor; /* of HTTP/1.1 */
	int status;
	struct http_field field[ANSWER_FIELDS];
	size_t fields;
	unsigned char *body; /* decoded, if it was chunked */
	uint64_t body_len;
	bool bodiless;	/* to HEAD, 204, 304 */
	bool by_end;	/* the end of the connection is that of the body */
	bool may_break; /* even by RST */
	bool whole;
	int end; /* an errno value, or 0, if reading ended early */
};

/*
 * The next answer on CONN, to a request with METHOD; to be freed. NULL if the
 * connection ends before it begins, conn->end says how. Fails if the answer is
 * not as it must be; but who MAY_BREAK the connection off may do so at the end
 * of a body that has no other end.
 */
struct answer *answer_read(struct probe *probe, struct conn *conn,
			   const char *method, bool may_break);
void answer_free(struct answer *answer);

/* The value of the first field called NAME, in any case; NULL for none. */
const char *answer_field(const struct answer *answer, const char *name);

void do_answer(struct probe *probe, const struct step *step);
void do_answer_or_end(struct probe *probe, const struct step *step);
void do_field(struct probe *probe, const struct step *step);
void do_field_if(struct probe *probe, const struct step *step);
void do_no_field(struct probe *probe, const struct step *step);
void do_field_date(struct probe *probe, const struct step *step);
void do_field_now(struct probe *probe, const struct step *step);
void do_body(struct probe *probe, const struct step *step);
void do_lacks(struct probe *probe, const struct step *step);
void do_ends(struct probe *probe, const struct step *step);
void do_is_last(struct probe *probe, const struct step *step);
void do_when(struct probe *probe, const struct step *step);
void do_field_past(struct probe *probe, const struct step *step);
void do_comes(struct probe *probe, const struct step *step);
void do_offer(struct probe *probe, const struct step *step);
void do_again(struct probe *probe, const struct step *step);
void do_drip(struct probe *probe, const struct step *step);
void do_sip(struct probe *probe, const struct step *step);
void do_dropped(struct probe *probe, const struct step *step);
void do_stay(struct probe *probe, const struct step *step);
void do_swap(struct probe *probe, const struct step *step);

/* --- Failures: probe_fail.c --- */

/* Bytes that were compared with WANT, of which FROM was the first. */
struct compared {
	const struct stream *want;
	uint64_t from;
	uint64_t len; /* how many were wanted */
};

/*
 * Each prints its account and exits with CLI_FAILED. ERR is an errno value;
 * 0 is EOF where something was read.
 */

/* The reply, right so far, ended after GOT bytes. */
_Noreturn void fail_short(struct probe *probe, const struct conn *conn,
			  const struct compared *compared, uint64_t got,
			  int err);

/* The N bytes at BUF, OFFSET bytes into the reply, are not those wanted. */
_Noreturn void fail_different(struct probe *probe, const struct conn *conn,
			      const struct compared *compared, uint64_t offset,
			      const unsigned char *buf, size_t n);

/* WANTED did not happen, but N bytes came. */
_Noreturn void fail_extra(struct probe *probe, const struct conn *conn,
			  const char *wanted, const unsigned char *buf,
			  size_t n);

/* WANTED did not happen, for ERR; GOT bytes had passed. CONN may be NULL. */
_Noreturn void fail_event(struct probe *probe, const struct conn *conn,
			  const char *wanted, uint64_t got, int err);

/* The same, where WHAT is a keyword and a sentence of its own. */
_Noreturn void fail_as(struct probe *probe, const struct conn *conn,
		       const char *keyword, const char *wanted,
		       const char *says);

/* Likewise, and GOT says what came instead. */
_Noreturn void fail_answer(struct probe *probe, const struct conn *conn,
			   const char *keyword, const char *wanted,
			   const char *says, const char *got, ...)
	__attribute__((format(printf, 6, 7)));

/* Returns if the LEN bytes at BODY are all of WANT. */
void fail_unless_same(struct probe *probe, const struct conn *conn,
		      const struct stream *want, const unsigned char *body,
		      uint64_t len);

/* The first of the N bytes at BYTES, escaped as in C, in quotes. */
void quote(char text[QUOTE_BYTES], const void *bytes, size_t n);

/* The probe itself is at its end: WHAT, errno. Exits with PROBE_BROKEN. */
_Noreturn void broken(const char *what);

/* Exits as broken() does if errno value ERR is this machine's trouble. */
void check_own_trouble(int err, const char *what);

#endif
