/*
 * icmp.c - ICMP errors in words, and what becomes of connect()
 *
 * RFC 792, 1122, 1812 and 4443; the errors are Linux's, icmp_err_convert[]
 * and icmpv6_err_convert(). Counterpart: icmp.h.
 */
#include "icmp.h"

#include <stddef.h>

enum { ANY_CODE = 255 };

static const struct icmp_error {
	uint8_t version, type, code;
	const char *words;
	const char *error;
} table[] = {
	{4, 3, 0, "network unreachable", "ENETUNREACH"},
	{4, 3, 1, "host unreachable", "EHOSTUNREACH"},
	{4, 3, 2, "protocol unreachable", "ENOPROTOOPT"},
	{4, 3, 3, "port unreachable", "ECONNREFUSED"},
	{4, 3, 4, "fragmentation needed", NULL},
	{4, 3, 5, "source route failed", "EOPNOTSUPP"},
	{4, 3, 6, "network unknown", "ENETUNREACH"},
	{4, 3, 7, "host unknown", "EHOSTDOWN"},
	{4, 3, 9, "network prohibited", "ENETUNREACH"},
	{4, 3, 10, "host prohibited", "EHOSTUNREACH"},
	{4, 3, 11, "network unreachable for TOS", "ENETUNREACH"},
	{4, 3, 12, "host unreachable for TOS", "EHOSTUNREACH"},
	{4, 3, 13, "administratively prohibited", "EHOSTUNREACH"},
	{4, 3, ANY_CODE, "destination unreachable", "EHOSTUNREACH"},
	{4, 11, 0, "TTL ran out on the way", "EHOSTUNREACH"},
	{4, 11, ANY_CODE, "time exceeded", "EHOSTUNREACH"},
	{4, 12, ANY_CODE, "parameter problem", "EPROTO"},
	{6, 1, 0, "no route to destination", "ENETUNREACH"},
	{6, 1, 1, "administratively prohibited", "EACCES"},
	{6, 1, 2, "beyond scope of source", "EHOSTUNREACH"},
	{6, 1, 3, "address unreachable", "EHOSTUNREACH"},
	{6, 1, 4, "port unreachable", "ECONNREFUSED"},
	{6, 1, 5, "source address fails policy", "EACCES"},
	{6, 1, 6, "reject route", "EACCES"},
	{6, 1, ANY_CODE, "destination unreachable", "EPROTO"},
	{6, 2, ANY_CODE, "packet too big", NULL},
	{6, 3, 0, "hop limit ran out on the way", "EHOSTUNREACH"},
	{6, 3, ANY_CODE, "time exceeded", "EHOSTUNREACH"},
	{6, 4, ANY_CODE, "parameter problem", "EPROTO"},
	{0, 0, 0, "error", NULL},
};

static const struct icmp_error *find(int version, uint8_t type, uint8_t code)
{
	const struct icmp_error *e = table;

	while (e->version != 0 && (e->version != version || e->type != type ||
				   (e->code != code && e->code != ANY_CODE)))
		e++;
	return e;
}

const char *icmp_words(int version, uint8_t type, uint8_t code)
{
	return find(version, type, code)->words;
}

const char *icmp_errno(int version, uint8_t type, uint8_t code)
{
	return find(version, type, code)->error;
}
