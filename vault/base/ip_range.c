#include "ip_range.h"

#include <arpa/inet.h>
#include <string.h>

#define V4_BITS 32
#define V6_BITS 128
#define SOURCE_BYTES 8 /* a /64: what one household or one machine gets */

static const uint8_t V4_PREFIX[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const IpAddress *address)
{
    return str_eq(str_bytes(address->bytes, sizeof V4_PREFIX),
                  str_bytes(V4_PREFIX, sizeof V4_PREFIX));
}

/* inet_pton reads neither zones, ports nor leading zeros. */
bool ip_address_parse(Str text, IpAddress *ret_address)
{
    char z[INET6_ADDRSTRLEN];
    IpAddress address = {{0}};
    if (text.n == 0 || text.n >= sizeof z || str_find(text, '\0') < text.n) {
        return false;
    }
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, address.bytes + sizeof V4_PREFIX) == 1) {
        memcpy(address.bytes, V4_PREFIX, sizeof V4_PREFIX);
    } else if (inet_pton(AF_INET6, z, address.bytes) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

bool ip_address_is_loopback(const IpAddress *address)
{
    static const uint8_t V6_LOOPBACK[IP_ADDRESS_BYTES] = {[IP_ADDRESS_BYTES - 1] = 1};
    return (is_v4(address) && address->bytes[sizeof V4_PREFIX] == 127) ||
           str_eq(str_bytes(address->bytes, sizeof V6_LOOPBACK),
                  str_bytes(V6_LOOPBACK, sizeof V6_LOOPBACK));
}

IpAddress ip_address_source(const IpAddress *address)
{
    IpAddress source = *address;
    if (!is_v4(address)) {
        memset(source.bytes + SOURCE_BYTES, 0, sizeof source.bytes - SOURCE_BYTES);
    }
    return source;
}

/* --- ranges ----------------------------------------------------------------------------------- */

static bool bit_of(const IpAddress *address, unsigned at)
{
    return (address->bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

bool ip_range_parse(Str text, IpRange *ret_range)
{
    size_t slash = str_find(text, '/');
    Str host = str_slice(text, 0, slash);
    IpRange range;
    if (!ip_address_parse(host, &range.first)) {
        return false;
    }
    bool is_dotted = str_find(host, ':') == host.n;
    int64_t most = is_dotted ? V4_BITS : V6_BITS;
    int64_t bits = most;
    if (slash < text.n &&
        (!str_to_uint(str_slice(text, slash + 1, text.n), &bits) || bits > most)) {
        return false;
    }
    range.bits = (unsigned)(is_dotted ? bits + V6_BITS - V4_BITS : bits);
    for (unsigned at = range.bits; at < V6_BITS; at++) {
        if (bit_of(&range.first, at)) {
            return false;
        }
    }
    *ret_range = range;
    return true;
}

bool ip_range_has(const IpRange *range, const IpAddress *address)
{
    for (unsigned at = 0; at < range->bits; at++) {
        if (bit_of(&range->first, at) != bit_of(address, at)) {
            return false;
        }
    }
    return true;
}

/* --- rules ------------------------------------------------------------------------------------ */

bool ip_rule_is_valid(Str text)
{
    IpRange range;
    return str_eq(text, STR(IP_RANGE_UNIX)) || ip_range_parse(text, &range);
}

bool ip_rules_cover(const Str *rules, size_t count, Str source)
{
    IpAddress address;
    bool is_unix = str_eq(source, STR(IP_RANGE_UNIX));
    if (!is_unix && !ip_address_parse(source, &address)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        IpRange range;
        bool is_covered = is_unix
                              ? str_eq(rules[i], STR(IP_RANGE_UNIX))
                              : ip_range_parse(rules[i], &range) && ip_range_has(&range, &address);
        if (is_covered) {
            return true;
        }
    }
    return false;
}
