/*
 * httpd.h - what the five rooms of the server know of each other
 *
 * request.c  what a client asks for: bytes in, a struct request out
 * files.c    the file that it means, and none outside the directory
 * response.c what is answered: a struct request in, bytes out
 * conn.c     one connection: reads, has the others do their work, sends
 * httpd.c    all connections: waits until one of them can go on
 *
 * Next: request.c.
 */
#ifndef HTTPD_H
#define HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "http.h"
#include "net.h"

enum {
	HEAD_BYTES = 16 * 1024,	       /* of a request's head; beyond: 431 */
	REQUEST_LINE_BYTES = 8 * 1024, /* of its first line; beyond: 414 */
	FIELDS_MAX = 100,	       /* lines behind it; beyond: 431 */
	BODY_BYTES = 64 * 1024,	       /* beyond: 413 */
	SMALL_FILE_BYTES = 16 * 1024,  /* goes out in one piece with its head */
	/* Any head fits, even if each byte of a path is an escape in it. */
	RESPONSE_HEAD_BYTES = 32 * 1024,
};

/* --- request.c --- */

/* OTHER is one of HTTP's, but not for files. */
enum method { METHOD_UNKNOWN, METHOD_OTHER, METHOD_GET, METHOD_HEAD };

/* A part of a head: LEN bytes, AT bytes behind where the head begins. */
struct part {
	size_t at;
	size_t len;
};

/* {0} before the first byte of a request. */
struct request {
	const char *head; /* where it is now */
	size_t parsed;	  /* bytes of lines that have been parsed */
	size_t scanned;	  /* bytes in which there is no LF behind those */
	struct part line; /* the request line */
	struct part path, query; /* as they came; a query begins with "?" */
	struct part since;	 /* If-Modified-Since */
	enum method method;
	int minor; /* HTTP/1.minor */
	int fields;
	bool has_host, close, keep_alive;
	bool chunked, other_coding; /* Transfer-Encoding */
	bool has_length;
	int64_t length; /* of the body */
};

/*
 * Go on with R, of which the first LEN bytes have come; they are at HEAD now.
 * In what pieces they came makes no difference. Returns 0 if more is wanted,
 * 200 when the head is complete (it has r->parsed bytes), or the status with
 * which it is refused: nothing behind it on this connection makes sense then.
 */
int request_parse(struct request *r, const char *head, size_t len);

/*
 * The name of the file that R, which is complete, asks for: decoded, without
 * the slashes in front, so that "" is the root. Returns 200; 400 for a bad
 * escape or %00; 404 for an encoded slash, which is in no file's name.
 */
int request_path(const struct request *r, char path[REQUEST_LINE_BYTES]);

/* --- files.c --- */

/* What a response brings: a file, or a sentence. */
struct content {
	int fd; /* -1: it is in the server's buffer */
	off_t size;
	time_t modified;  /* -1: nobody knows */
	const char *type; /* Content-Type */
};

/*
 * Open the regular file PATH below the directory ROOT; with a slash at its end,
 * or empty, it is the index.html of a directory. Returns 200 (content->fd is
 * the caller's to close), 301 for a directory without the slash, 403 for what
 * is not to be read or not a file or outside, 404 for what is not there, or 500
 * or 503 for this machine's trouble.
 */
int files_open(int root, const char *path, struct content *content);

/* Close the file of CONTENT, if it has one. */
void content_close(struct content *content);

/* --- conn.c, response.c --- */

enum conn_state {
	CONN_READ,   /* a head is to come, or the rest of it */
	CONN_SEND,   /* a response is under way */
	CONN_LINGER, /* we have sent all; the client has not closed yet */
};

struct conn {
	int fd;
	enum conn_state state;
	uint32_t events; /* that epoll waits for; 0: it does not know FD yet */
	net_time deadline;
	struct conn *before, *after; /* in the list of all */
	struct net_endpoint peer;

	struct request request;
	char *in; /* what has come, from IN_START to IN_END */
	size_t in_start, in_end;

	char *out; /* what is to be sent, of OUT_LEN bytes, */
	size_t out_len;
	char *out_kept;		/* which is in here if it had to wait; */
	struct content content; /* and then this, from OFFSET on, if a file; */
	off_t offset;
	int untaken;   /* by the client, when C last had to wait to send */
	bool close;    /* and then no other request is taken */
	bool has_read; /* in this turn of the loop */
};

/* What all connections share; one of them at a time is at work. */
struct server {
	int root;      /* the directory */
	net_time idle; /* how long a client may keep us waiting */
	bool verbose;  /* log each request */
	bool draining; /* finish what is under way, begin nothing */

	/* All connections: who has made progress goes to the end. */
	struct conn *first, *last;
	size_t count, most;

	int epoll, listener;
	bool accepting; /* epoll waits for the listener, too */
	bool no_room;	/* no, for the last client found none */

	net_time now; /* when this turn of the loop began, and for people: */
	time_t clock;
	char date[HTTP_DATE_BYTES];

	/* The response that is being made, its content behind its head. */
	char out[RESPONSE_HEAD_BYTES + SMALL_FILE_BYTES];
	bool loaded; /* its content is this file, read in this turn: */
	struct content file;
	char path[REQUEST_LINE_BYTES];
};

/* Have C send the answer to its request, of which its parser says STATUS. */
void respond(struct server *s, struct conn *c, int status);

/*
 * Begin a connection with PEER on FD, which it owns. NULL with ENOMEM; FD is
 * closed then.
 */
struct conn *conn_begin(struct server *s, int fd,
			const struct net_endpoint *peer);

/*
 * Go on with C as far as it goes without waiting, reading once at most. False
 * if it has come to its end and is no more; else c->state says what it waits
 * for: room in CONN_SEND, something to read in the others.
 */
bool conn_advance(struct server *s, struct conn *c);

/* The deadline of C has passed. False as above. */
bool conn_expire(struct server *s, struct conn *c);

/* End C, wherever it is: close its descriptor, free its memory. */
void conn_end(struct server *s, struct conn *c);

#endif
