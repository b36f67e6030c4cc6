/*
 * http.h - what programs that speak HTTP have in common
 *
 * Dates, status codes, types and small pieces of the grammar: RFC 9110. A text
 * is given by its first byte and its length, and need not end with NUL. Nothing
 * here prints, exits, fails for want of memory or keeps a static buffer.
 *
 * Next: http.c; labs/05-http, a server.
 */
#ifndef PORTLAB_HTTP_H
#define PORTLAB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "net.h"

enum {
	HTTP_DATE_BYTES = 30,  /* "Sun, 06 Nov 1994 08:49:37 GMT" + NUL */
	HTTP_LOG_BYTES = 1000, /* the longest line of a log + NUL */
};

/* --- Pieces of the grammar --- */

/* How many bytes at TEXT are those of a token, RFC 9110, section 5.6.2. */
size_t http_token(const char *text, size_t len);

/* How many bytes at TEXT are digits. */
size_t http_digits(const char *text, size_t len);

/* Whether TEXT is WORD, in letters of any case. */
bool http_is(const char *text, size_t len, const char *word);

/* Whether TEXT has a byte that no line may have: NUL, CR, ESC; a tab may be. */
bool http_has_control(const char *text, size_t len);

/* Leave out the spaces and tabs at both ends of *TEXT; returns its length. */
size_t http_trim(const char **text, size_t len);

/*
 * The next member of a list with commas (RFC 9110, section 5.6.1) that reaches
 * from *AT to END: *AT is moved on behind it, *LEN is its length. Empty ones
 * are passed over. NULL when there is none.
 */
const char *http_member(const char **at, const char *end, size_t *len);

/* Whether that list TEXT has the member WORD, in letters of any case. */
bool http_has_member(const char *text, size_t len, const char *word);

/*
 * The number TEXT, if it is only digits; MAX + 1 if it is larger; else -1. MAX
 * is 0 to INT64_MAX / 11.
 */
int64_t http_number(const char *text, size_t len, int64_t max);

/* 11 for "HTTP/1.1" (RFC 9112, section 2.3); -1 if TEXT is no version. */
int http_version(const char *text, size_t len);

/* Whether TEXT is a host with or without a port, RFC 3986, section 3.2.2. */
bool http_is_authority(const char *text, size_t len);

/* The byte that TEXT, "%2F...", stands for; -1 if that is no escape. */
int http_unescape(const char *text, size_t len);

/*
 * Write the NUL-terminated PATH to TO, with escapes for what may not stand in
 * one (RFC 3986, section 3.3): three times its length at most. Returns where it
 * ends; there is no NUL.
 */
char *http_escape(char *to, const char *path);

/*
 * Write NUMBER, and a field line with its CR and LF, to TO, where there is room
 * enough. Return where it ends, and where there is a NUL then, as stpcpy(3).
 */
char *http_put_number(char *to, uintmax_t number);
char *http_put_field(char *to, const char *name, const char *value);

/* --- Dates: RFC 9110, section 5.6.7 --- */

/* Write TIME, of a year with four digits, into TEXT, as IMF-fixdate. */
void http_date(char text[HTTP_DATE_BYTES], time_t time);

/*
 * The time that TEXT stands for, in any of the three forms; NOW says of what
 * century a year of two digits is. -1 if it is no date, or before 1970.
 */
time_t http_parse_date(const char *text, size_t len, time_t now);

/* --- Names --- */

/* "Not Found" for 404; "Unknown" for what is not in RFC 9110. */
const char *http_reason(int status);

/*
 * Whether METHOD is one that RFC 9110, section 9.3, or RFC 5789 (PATCH) knows:
 * what a server does not do is "405 Method Not Allowed" then, else "501 Not
 * Implemented".
 */
bool http_is_method(const char *method, size_t len);

/* The Content-Type of the file PATH, by its extension, with the charset. */
const char *http_type(const char *path);

/* --- The log --- */

/* A request and what came of it. */
struct http_exchange {
	const char *request; /* its first line, without CR and LF */
	size_t request_len;  /* 0: there was none */
	int status;
	intmax_t bytes; /* of content */
};

/*
 * Write a line of the Common Log Format, without LF, into BUF, and return BUF:
 * what PEER wanted and was given, at the time NOW. What is not plain ASCII in
 * the request is escaped, so that it cannot forge a line, and a long one is
 * cut.
 */
char *http_log(char buf[HTTP_LOG_BYTES], const struct net_endpoint *peer,
	       time_t now, const struct http_exchange *what);

#endif
