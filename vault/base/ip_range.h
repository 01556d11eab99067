/* ip_range.h — internet addresses and ranges of them (CIDR), read strictly, one form inside.
 *
 * IPv4 lives as v4-mapped IPv6, so that ::ffff:10.0.0.1 and 10.0.0.1 are one address and no rule
 * can be passed by by spelling. Where a request comes from is an address, or the word "unix" for
 * the local socket; a list of ranges may name both. Must never resolve a name, accept a zone, a
 * port or octal digits, nor guess.
 *
 * Layer: vault/base. Thread-safe: pure. Requirement: A-6. Standard: RFC 4291 §2.2, RFC 4632. */
#ifndef MUSUBI_IP_RANGE_H
#define MUSUBI_IP_RANGE_H

#include <stdint.h>

#include "str.h"

#define IP_ADDRESS_BYTES 16
#define IP_RANGE_UNIX "unix" /* stands for callers on the local socket */

typedef struct IpAddress {
    uint8_t bytes[IP_ADDRESS_BYTES]; /* IPv4 as ::ffff:a.b.c.d */
} IpAddress;

typedef struct IpRange {
    IpAddress first;
    unsigned bits; /* of the prefix, 0 to 128 */
} IpRange;

/* "192.0.2.7" or "2001:db8::1"; false for anything else. */
bool ip_address_parse(Str text, IpAddress *ret_address);
/* 127.0.0.0/8 and ::1. */
bool ip_address_is_loopback(const IpAddress *address);
/* What one source may hold: the address itself for IPv4, its /64 for IPv6. */
IpAddress ip_address_source(const IpAddress *address);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone, which is a range of one. Refused: bits
 * below the prefix, since then it is not clear which was meant. */
bool ip_range_parse(Str text, IpRange *ret_range);
bool ip_range_has(const IpRange *range, const IpAddress *address);

/* Whether text is a range or the word "unix". */
bool ip_rule_is_valid(Str text);
/* Whether one of the rules covers where a request comes from: an address as text, or "unix". What
 * can't be read is covered by nothing. */
bool ip_rules_cover(const Str *rules, size_t count, Str source);

#endif
