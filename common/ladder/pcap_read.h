/*
 * pcap_read.h - what pcap.c and pcapng.c have in common
 */
#ifndef LADDER_PCAP_READ_H
#define LADDER_PCAP_READ_H

#include "pcap.h"

/* A field in the byte order of the capture. */
uint32_t pcap_u32(const struct pcap *pcap, const uint8_t *at);
uint16_t pcap_u16(const struct pcap *pcap, const uint8_t *at);

/* Set the message; PCAP_BROKEN. */
__attribute__((format(printf, 2, 3))) enum pcap_result
pcap_broken(struct pcap *pcap, const char *format, ...);

/* What it means that input_fill() gave RESULT and not INPUT_OK. */
enum pcap_result pcap_no_packet(struct pcap *pcap, enum input_result result);

/* Have NEED bytes; PCAP_PACKET when they are there. */
enum pcap_result pcap_need(struct pcap *pcap, size_t need, int idle_ms);

/* A section header block is next: begin a section. */
enum pcap_result pcapng_section(struct pcap *pcap, int idle_ms);

/* The next packet block; all others are passed over. */
enum pcap_result pcapng_next(struct pcap *pcap, int idle_ms,
			     struct pcap_record *record);

#endif
