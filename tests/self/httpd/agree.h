/*
 * agree.h - the parser of lab 05's model answer, asked three times (included)
 *
 * Next: ../http_test.c, fuzz.c.
 */
#ifndef HTTPD_AGREE_H
#define HTTPD_AGREE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../labs/05-http/solution/httpd.h"

struct verdict {
	int status;
	bool agreed;
	struct request request; /* its head is not to be used */
};

/*
 * Parse TEXT as it comes in pieces: of one byte, if SEED is 0, else of random
 * sizes, or all of it in the end. Each time it is in memory of exactly its
 * size, and at another place.
 */
static inline int parse_pieces(struct request *r, const char *text, size_t len,
			       unsigned seed)
{
	int status = 0;

	for (size_t have = 0; status == 0 && have < len;) {
		size_t more = seed ? 1 + (size_t)rand_r(&seed) % 64 : 1;

		have = more < len - have ? have + more : len;
		char *copy = malloc(have > 0 ? have : 1);
		if (!copy)
			abort();
		memcpy(copy, text, have);
		status = request_parse(r, copy, have);
		free(copy);
	}
	r->head = NULL;
	return status;
}

static inline bool same_part(struct part a, struct part b)
{
	return a.at == b.at && a.len == b.len;
}

static inline bool same_request(const struct request *a,
				const struct request *b)
{
	return a->parsed == b->parsed && same_part(a->line, b->line) &&
	       same_part(a->path, b->path) && same_part(a->query, b->query) &&
	       same_part(a->since, b->since) && a->method == b->method &&
	       a->minor == b->minor && a->fields == b->fields &&
	       a->has_host == b->has_host && a->close == b->close &&
	       a->keep_alive == b->keep_alive &&
	       a->has_length == b->has_length && a->chunked == b->chunked &&
	       a->other_coding == b->other_coding && a->length == b->length;
}

/*
 * What the parser says of TEXT, and whether it says the same, and finds the
 * same in it, in whatever pieces it comes. What a refused request has in it
 * does not matter, nor what it had looked at before more came.
 */
static inline struct verdict agree(const char *text, size_t len)
{
	struct request whole = {0};
	char *copy = malloc(len + 1);

	if (!copy)
		abort();
	copy = realloc(memcpy(copy, text, len), len > 0 ? len : 1);
	struct verdict v = {.status = request_parse(&whole, copy, len)};
	free(copy);
	whole.head = NULL;
	v.request = whole;
	v.agreed = true;
	for (unsigned seed = 0; seed < 3; seed++) {
		struct request r = {0};
		int status = parse_pieces(&r, text, len, seed);

		v.agreed = v.agreed && status == v.status &&
			   (status != 200 || same_request(&r, &whole));
	}
	return v;
}

#endif
