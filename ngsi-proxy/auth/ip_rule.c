#include "ip_rule.h"

#include <strings.h>

#include "ip_range.h"
#include "log_line.h"

#define RULES_MAX 64

static const char X_FORWARDED_FOR[] = "X-Forwarded-For";
static const char FORWARDED[] = "Forwarded";

/* --- the setting ------------------------------------------------------------------------------ */

static Error refuse_rule(Arena *arena, const char *setting, Str rule)
{
    const Str parts[] = {str_from(setting), STR(": \""), rule,
                         STR("\" is neither a range such as 192.0.2.0/24 nor unix")};
    Str sentence;
    TRY(str_join_in(arena, parts, sizeof parts / sizeof parts[0], &sentence));
    return FAIL(CONF_BAD_VALUE, str_argument(arena, sentence));
}

Error ip_rule_list_in(Arena *arena, const char *setting, Str text, StrList *ret_rules)
{
    Str *rules = ARENA_MANY(arena, Str, RULES_MAX);
    ENSURE_ALLOC(rules, arena);
    size_t count = 0;
    Str rest = text;
    Str part;
    while (str_trim(text).n > 0 && str_split(&rest, ',', &part)) {
        Str rule = str_trim(part);
        if (count == RULES_MAX || !ip_rule_is_valid(rule)) {
            return refuse_rule(arena, setting, rule);
        }
        rules[count++] = rule;
    }
    *ret_rules = (StrList){.items = rules, .count = count};
    return OK;
}

/* --- one hop ---------------------------------------------------------------------------------- */

static bool name_is(Str name, Str wanted)
{
    return name.n == wanted.n && strncasecmp(name.p, wanted.p, name.n) == 0;
}

/* "192.0.2.7", "192.0.2.7:80", "[2001:db8::1]", "[2001:db8::1]:80" of a Forwarded element. */
static bool node_address(Str node, Str *ret_address)
{
    IpAddress address;
    Str host = node;
    Str port = STR("0");
    if (str_starts_with(node, STR("["))) {
        size_t end = str_find(node, ']');
        host = str_slice(node, 1, end - 1);
        Str rest = str_slice(node, end, node.n);
        if (!str_eq(rest, STR("]")) && !str_starts_with(rest, STR("]:"))) {
            return false;
        }
        port = rest.n > 2 ? str_slice(rest, 2, rest.n) : rest.n == 2 ? STR_EMPTY : port;
    } else if (str_find(node, ':') < node.n) {
        host = str_slice(node, 0, str_find(node, ':'));
        port = str_slice(node, host.n + 1, node.n);
    }
    int64_t number = 0;
    bool is_v6 = str_find(host, ':') < host.n;
    if (is_v6 != (host.p != node.p) || !str_to_uint(port, &number) || number > UINT16_MAX ||
        !ip_address_parse(host, &address)) {
        return false;
    }
    *ret_address = host;
    return true;
}

/* The for of one element of Forwarded; once, and quoted where the standard wants it. */
static bool element_address(Str element, Str *ret_address)
{
    Str rest = element;
    Str pair;
    bool is_found = false;
    while (str_split(&rest, ';', &pair)) {
        pair = str_trim(pair);
        size_t equals = str_find(pair, '=');
        Str value = str_slice(pair, equals + 1, pair.n);
        bool is_quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
        Str text = is_quoted ? str_slice(value, 1, value.n - 2) : value;
        if (str_find(text, '"') < text.n) {
            return false; /* a quoted comma or semicolon: nothing that an address holds */
        }
        if (!name_is(str_slice(pair, 0, equals), STR("for"))) {
            continue;
        }
        bool needs_quotes = str_find(text, ':') < text.n;
        if (is_found || (needs_quotes && !is_quoted) || !node_address(text, ret_address)) {
            return false;
        }
        is_found = true;
    }
    return is_found;
}

static bool hop_address(const char *header, Str hop, Str *ret_address)
{
    IpAddress address;
    if (header == FORWARDED) {
        return element_address(hop, ret_address);
    }
    *ret_address = hop;
    return ip_address_parse(hop, &address);
}

/* --- the way ---------------------------------------------------------------------------------- */

static size_t count_header(const Request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        count += name_is(request->headers[i].name, str_from(name));
    }
    return count;
}

/* Cuts the last part off the list; whether parts are left. */
static bool last_hop(Str *list, Str *ret_hop)
{
    size_t from = list->n;
    while (from > 0 && list->p[from - 1] != ',') {
        from--;
    }
    *ret_hop = str_trim(str_slice(*list, from, list->n));
    *list = str_slice(*list, 0, from > 0 ? from - 1 : 0);
    return from > 0;
}

static Error walk(const char *header, Str list, StrList trusted, Str *ret_source)
{
    Str rest = list;
    Str source = STR_EMPTY;
    bool has_more = true;
    for (size_t hops = 0; has_more; hops++) {
        Str hop;
        ENSURE(hops < IP_RULE_HOPS_MAX, FORWARDED_UNREADABLE, header);
        has_more = last_hop(&rest, &hop);
        ENSURE(hop_address(header, hop, &source), FORWARDED_UNREADABLE, header);
        has_more = has_more && ip_rules_cover(trusted.items, trusted.count, source);
    }
    *ret_source = source;
    return OK;
}

Error ip_rule_source(const Request *request, StrList trusted_proxies, Str *ret_source)
{
    size_t plain = count_header(request, X_FORWARDED_FOR);
    size_t standard = count_header(request, FORWARDED);
    bool is_trusted = ip_rules_cover(trusted_proxies.items, trusted_proxies.count, request->peer);
    if (!is_trusted || plain + standard == 0) {
        if (plain + standard > 0) {
            LOG_EVENT(LOG_INFO, "http.forwarded_ignored", log_str("request", request->id));
        }
        *ret_source = request->peer;
        return OK;
    }
    const char *header = plain > 0 ? X_FORWARDED_FOR : FORWARDED;
    /* Two of them: which proxy wrote which can't be told. */
    ENSURE(plain + standard == 1, FORWARDED_UNREADABLE, header);
    return walk(header, request_header_or_empty(request, str_from(header)), trusted_proxies,
                ret_source);
}
