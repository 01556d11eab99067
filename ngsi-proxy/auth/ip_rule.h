/* ip_rule.h — where a request comes from: the socket's peer, or behind trusted proxies what they
 * say.
 *
 * X-Forwarded-For and Forwarded are written by whoever likes to, so they count only when the peer
 * is a proxy that the configuration trusts, and are read from the right: each trusted proxy vouches
 * for the address left of its own, and the first that is not trusted is the caller. What stands
 * left of it was written by the caller and is not looked at. Must never guess: a hop on the way
 * that can't be read (a port, "unknown", an obfuscated name, a zone) refuses the request.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Requirement: A-6. Standard: RFC 7239. */
#ifndef MUSUBI_IP_RULE_H
#define MUSUBI_IP_RULE_H

#include "entity_query.h"
#include "request.h"

#define IP_RULE_HOPS_MAX 16 /* of trusted proxies in a row */

/* The rules of a setting: "10.0.0.0/8, unix"; "" gives none. In the arena. Errors: CONF_BAD_VALUE
 * (argument: a sentence that names the setting), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error ip_rule_list_in(Arena *arena, const char *setting, Str text, StrList *ret_rules) MUST_USE;

/* An address as text or "unix". Borrows from the request. From a peer that is not trusted the
 * headers are ignored, which is logged; a trusted peer without them is the source itself. Errors:
 * FORWARDED_UNREADABLE (argument: the header's name, static). */
Error ip_rule_source(const Request *request, StrList trusted_proxies, Str *ret_source) MUST_USE;

#endif
