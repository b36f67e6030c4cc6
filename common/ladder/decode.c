/*
 * decode.c - from captured bytes to addresses, ports, flags and numbers
 *
 * A `struct bytes` shrinks from the front as headers are taken off, so that
 * no code here can look behind what was captured. Counterpart: decode.h.
 */
#include "decode.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum link_type {
	LINK_NULL = 0, /* the loopback of BSD and macOS */
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_LOOP = 108, /* likewise */
	LINK_SLL = 113,
	LINK_SLL2 = 276,
};

enum {
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,     /* IEEE 802.1Q */
	ETHERTYPE_PROVIDER = 0x88a8, /* IEEE 802.1ad: a tag around another */
	ETHERTYPE_OLD_PROVIDER = 0x9100,
	VLAN_TAG_BYTES = 4,
	VLAN_TAGS_MAX = 4,
	SLL_OUTGOING = 4,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	TCP_HEADER_BYTES = 20,
	TCP_QUOTED_BYTES = 8, /* ports and seq: all that ICMP has to quote */
	UDP_HEADER_BYTES = 8,
	ICMP_HEADER_BYTES = 8,
	EXTENSIONS_MAX = 8,
	/* TCP options */
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_SCALE = 3,
	OPT_SACK = 5,
	OPT_TIME = 8,
	SCALE_MAX = 14, /* RFC 7323, 2.3 */
};

/* What of a packet was captured, and has not been taken off yet. */
struct bytes {
	const uint8_t *at;
	size_t len;
};

/* An IP header as TCP and ICMP want it. */
struct ip {
	struct address src, dst;
	uint8_t ttl;
	uint8_t protocol;
	uint16_t id;
	bool fragment;	 /* a later one */
	bool more;	 /* fragments follow */
	size_t body_len; /* as sent */
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static bool take(struct bytes *b, size_t n)
{
	if (b->len < n)
		return false;
	b->at += n;
	b->len -= n;
	return true;
}

bool decode_knows_link(uint32_t link_type)
{
	return link_type == LINK_ETHERNET || link_type == LINK_RAW ||
	       link_type == LINK_NULL || link_type == LINK_LOOP ||
	       decode_link_has_direction(link_type);
}

bool decode_link_has_direction(uint32_t link_type)
{
	return link_type == LINK_SLL || link_type == LINK_SLL2;
}

/* No link layer that says it: the IP header itself does. */
static uint16_t type_of_ip(const struct bytes *b)
{
	if (b->len == 0)
		return 0;
	return b->at[0] >> 4 == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/* Take VLAN tags off; the EtherType behind them. */
static uint16_t take_tags(struct bytes *b, uint16_t type)
{
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		const uint8_t *at = b->at;

		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_PROVIDER &&
		    type != ETHERTYPE_OLD_PROVIDER)
			return type;
		if (!take(b, VLAN_TAG_BYTES))
			return 0;
		type = be16(at + 2);
	}
	return 0;
}

/* Take the link layer's header off; the EtherType, or 0. */
static uint16_t take_link(uint32_t link_type, struct bytes *b, struct packet *p)
{
	const uint8_t *at = b->at;

	switch (link_type) {
	case LINK_ETHERNET:
		return take(b, 14) ? take_tags(b, be16(at + 12)) : 0;
	case LINK_SLL:
		if (!take(b, 16))
			return 0;
		p->direction = be16(at) == SLL_OUTGOING ? DIR_OUT : DIR_IN;
		return take_tags(b, be16(at + 14));
	case LINK_SLL2:
		if (!take(b, 20))
			return 0;
		p->direction = at[10] == SLL_OUTGOING ? DIR_OUT : DIR_IN;
		return take_tags(b, be16(at));
	case LINK_NULL: /* an address family, whose number differs */
	case LINK_LOOP:
		return take(b, 4) ? type_of_ip(b) : 0;
	case LINK_RAW:
		return type_of_ip(b);
	default:
		return 0;
	}
}

static bool take_ipv4(struct bytes *b, struct ip *ip)
{
	const uint8_t *at = b->at;

	if (b->len < IPV4_HEADER_BYTES || at[0] >> 4 != 4)
		return false;

	size_t header = (size_t)(at[0] & 0x0f) * 4;
	size_t total = be16(at + 2);

	if (total == 0) /* left to the network card: RFC 791 says "too big" */
		total = b->len;
	if (header < IPV4_HEADER_BYTES || total < header || !take(b, header))
		return false;
	ip->body_len = total - header;
	ip->id = be16(at + 4);
	ip->fragment = (be16(at + 6) & 0x1fff) != 0;
	ip->more = (be16(at + 6) & 0x2000) != 0;
	ip->ttl = at[8];
	ip->protocol = at[9];
	ip->src.version = ip->dst.version = 4;
	memcpy(ip->src.byte, at + 12, 4);
	memcpy(ip->dst.byte, at + 16, 4);
	return true;
}

/* Length of the IPv6 extension header at AT, or 0 if it is none (RFC 8200). */
static size_t extension_len(uint8_t protocol, const uint8_t *at)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_MH:
		return ((size_t)at[1] + 1) * 8;
	case IPPROTO_FRAGMENT:
		return 8;
	case IPPROTO_AH:
		return ((size_t)at[1] + 2) * 4;
	default:
		return 0;
	}
}

static void take_fragment_header(const uint8_t *at, struct ip *ip)
{
	ip->fragment = (be16(at + 2) & 0xfff8) != 0;
	ip->more = (at[3] & 1) != 0;
	ip->id = be16(at + 6); /* the lower half of it */
}

static bool take_ipv6(struct bytes *b, struct ip *ip)
{
	const uint8_t *at = b->at;

	if (b->len < IPV6_HEADER_BYTES || at[0] >> 4 != 6)
		return false;
	take(b, IPV6_HEADER_BYTES);
	ip->body_len = be16(at + 4);
	if (ip->body_len == 0) /* a jumbogram, RFC 2675 */
		ip->body_len = b->len;
	ip->protocol = at[6];
	ip->ttl = at[7];
	ip->src.version = ip->dst.version = 6;
	memcpy(ip->src.byte, at + 8, 16);
	memcpy(ip->dst.byte, at + 24, 16);

	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		if (b->len < 8)
			return true;
		at = b->at;
		size_t len = extension_len(ip->protocol, at);

		if (len == 0)
			return true;
		if (len > ip->body_len || !take(b, len))
			return false;
		ip->body_len -= len;
		if (ip->protocol == IPPROTO_FRAGMENT)
			take_fragment_header(at, ip);
		ip->protocol = at[0];
		if (ip->fragment) /* what follows is no header */
			return true;
	}
	return false;
}

static bool take_ip(uint16_t ethertype, struct bytes *b, struct ip *ip)
{
	*ip = (struct ip){0};
	if (ethertype == ETHERTYPE_IPV4)
		return take_ipv4(b, ip);
	return ethertype == ETHERTYPE_IPV6 && take_ipv6(b, ip);
}

static void take_payload(struct bytes *b, size_t len, struct packet *p)
{
	p->len = (uint32_t)len;
	p->payload = b->at;
	p->captured = b->len < len ? b->len : len; /* the rest is padding */
}

/* One option whose LEN bytes, with kind and length, are at AT. */
static void take_option(const uint8_t *at, size_t len, struct tcp_options *o)
{
	switch (at[0]) {
	case OPT_MSS:
		if (len == 4)
			o->mss = be16(at + 2);
		break;
	case OPT_SCALE:
		o->has_scale = len == 3;
		if (len == 3)
			o->scale = at[2] < SCALE_MAX ? at[2] : SCALE_MAX;
		break;
	case OPT_SACK:
		for (size_t i = 2; i + 8 <= len && o->sacks < SACK_MAX;
		     i += 8) {
			o->sack[o->sacks][0] = be32(at + i);
			o->sack[o->sacks++][1] = be32(at + i + 4);
		}
		break;
	case OPT_TIME:
		o->has_time = len == 10;
		o->time = len == 10 ? be32(at + 2) : 0;
		o->echo = len == 10 ? be32(at + 6) : 0;
		break;
	default:
		break;
	}
}

/* The options in LEN bytes at AT, as far as they make sense. */
static void take_options(const uint8_t *at, size_t len, struct tcp_options *o)
{
	while (len > 0 && at[0] != OPT_END) {
		size_t n = at[0] == OPT_NOP ? 1 : len >= 2 ? at[1] : 0;

		if (n == 0 || n > len || (n == 1 && at[0] != OPT_NOP))
			return;
		take_option(at, n, o);
		at += n;
		len -= n;
	}
}

static enum decoded take_tcp(struct bytes *b, size_t len, struct packet *p)
{
	const uint8_t *at = b->at;

	if (b->len < TCP_HEADER_BYTES)
		return len < TCP_HEADER_BYTES ? DECODED_OTHER : DECODED_CUT;

	size_t header = (size_t)(at[12] >> 4) * 4;

	if (header < TCP_HEADER_BYTES || header > len)
		return DECODED_OTHER;
	p->src.port = be16(at);
	p->dst.port = be16(at + 2);
	p->seq = be32(at + 4);
	p->ack = be32(at + 8);
	p->flags = at[13] & 0x3f;
	p->window = be16(at + 14);
	size_t payload = len - header;

	if (header > b->len) /* cut by the snap length */
		header = b->len;
	take_options(at + TCP_HEADER_BYTES, header - TCP_HEADER_BYTES,
		     &p->options);
	take(b, header);
	take_payload(b, payload, p);
	return DECODED_TCP;
}

static enum decoded take_udp(struct bytes *b, size_t len, struct packet *p)
{
	const uint8_t *at = b->at;

	if (len < UDP_HEADER_BYTES || !take(b, UDP_HEADER_BYTES))
		return DECODED_OTHER;
	p->src.port = be16(at);
	p->dst.port = be16(at + 2);
	take_payload(b, len - UDP_HEADER_BYTES, p);
	return DECODED_UDP;
}

static bool is_error(uint8_t protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= 1 && type <= 4;	      /* RFC 4443 */
	return type == 3 || type == 11 || type == 12; /* RFC 792 */
}

/* An ICMP error: what counts is the segment that it quotes. */
static enum decoded take_icmp(struct bytes *b, uint8_t protocol,
			      struct packet *p)
{
	const uint8_t *at = b->at;
	struct ip quoted;

	if (!take(b, ICMP_HEADER_BYTES) || !is_error(protocol, at[0]))
		return DECODED_OTHER;
	p->icmp_type = at[0];
	p->icmp_code = at[1];
	if (protocol == IPPROTO_ICMPV6 && at[0] == 2) /* RFC 4443, 3.2 */
		p->mtu = be32(at + 4);
	else if (protocol == IPPROTO_ICMP && at[0] == 3 && at[1] == 4)
		p->mtu = be16(at + 6); /* RFC 1191, 4 */
	if (!take_ip(protocol == IPPROTO_ICMPV6 ? ETHERTYPE_IPV6
						: ETHERTYPE_IPV4,
		     b, &quoted))
		return DECODED_OTHER;
	if (quoted.protocol != IPPROTO_TCP || quoted.fragment ||
	    b->len < TCP_QUOTED_BYTES)
		return DECODED_OTHER;
	p->quoted_src = (struct endpoint){quoted.src, be16(b->at)};
	p->quoted_dst = (struct endpoint){quoted.dst, be16(b->at + 2)};
	p->seq = be32(b->at + 4);
	return DECODED_ICMP;
}

enum decoded decode(const struct pcap_record *record, struct packet *p)
{
	struct bytes b = {record->data, record->len};
	struct ip ip;

	*p = (struct packet){
		.time_ns = record->time_ns,
		.direction = record->direction,
	};
	uint16_t ethertype = take_link(record->link_type, &b, p);

	if (!take_ip(ethertype, &b, &ip))
		return DECODED_OTHER;
	p->src.addr = ip.src;
	p->dst.addr = ip.dst;
	p->ttl = ip.ttl;
	p->ip_id = ip.id;
	p->fragmented = ip.more;
	if (ip.fragment) {
		p->len = (uint32_t)ip.body_len;
		return ip.protocol == IPPROTO_TCP ? DECODED_FRAGMENT
						  : DECODED_OTHER;
	}
	switch (ip.protocol) {
	case IPPROTO_TCP:
		return take_tcp(&b, ip.body_len, p);
	case IPPROTO_UDP:
		return take_udp(&b, ip.body_len, p);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return take_icmp(&b, ip.protocol, p);
	default:
		return DECODED_OTHER;
	}
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->version == b->version &&
	       memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

bool address_is_loopback(const struct address *a)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (a->version == 4)
		return a->byte[0] == 127;
	return memcmp(a->byte, loopback6, sizeof(loopback6)) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && address_equal(&a->addr, &b->addr);
}

bool address_parse(const char *text, struct address *addr)
{
	*addr = (struct address){0};
	if (inet_pton(AF_INET, text, addr->byte) == 1)
		addr->version = 4;
	else if (inet_pton(AF_INET6, text, addr->byte) == 1)
		addr->version = 6;
	return addr->version != 0;
}

char *address_format(const struct address *a, char *buf)
{
	inet_ntop(a->version == 4 ? AF_INET : AF_INET6, a->byte, buf,
		  ENDPOINT_LEN);
	return buf;
}

char *endpoint_format(const struct endpoint *e, char *buf)
{
	char addr[ENDPOINT_LEN];

	snprintf(buf, ENDPOINT_LEN,
		 e->addr.version == 4 ? "%.46s:%u" : "[%.46s]:%u",
		 address_format(&e->addr, addr), e->port);
	return buf;
}
