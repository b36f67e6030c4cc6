/*
 * icmp.h - ICMP errors in words, and what becomes of connect()
 */
#ifndef LADDER_ICMP_H
#define LADDER_ICMP_H

#include <stdint.h>

/* "port unreachable"; VERSION 4 for ICMP, 6 for ICMPv6. Never NULL. */
const char *icmp_words(int version, uint8_t type, uint8_t code);

/* "ECONNREFUSED": how a connect() ends, or NULL if it goes on. */
const char *icmp_errno(int version, uint8_t type, uint8_t code);

#endif
