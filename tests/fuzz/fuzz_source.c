/* Where a request comes from: whatever the headers say, the answer is the peer or one readable
 * address that the headers hold, and never a trusted proxy while somebody stands behind it. Input:
 * peer, trusted proxies, X-Forwarded-For, Forwarded, one a line; an empty line is no header. */
#include <stdlib.h>

#include "ip_range.h"
#include "ip_rule.h"
#include "log_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

static Str next_line(Str *rest)
{
    size_t end = str_find(*rest, '\n');
    Str line = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end + 1, rest->n);
    return line;
}

static bool holds(Str text, Str part)
{
    for (size_t at = 0; at + part.n <= text.n; at++) {
        if (str_eq(str_slice(text, at, part.n), part)) {
            return true;
        }
    }
    return false;
}

static void check(const Request *request, StrList trusted)
{
    Str source = STR("untouched");
    IpAddress address;
    bool is_trusted = ip_rules_cover(trusted.items, trusted.count, request->peer);
    Error error = ip_rule_source(request, trusted, &source);
    if (FAILED(error)) {
        require(error.reason == REASON_FORWARDED_UNREADABLE && is_trusted);
        require(str_eq(source, STR("untouched")));
        return;
    }
    if (!is_trusted || request->header_count == 0) {
        require(str_eq(source, request->peer));
        return;
    }
    require(request->header_count == 1 && ip_address_parse(source, &address));
    require(holds(request->headers[0].value, source));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8192) {
        return 0;
    }
    log_set_level(LOG_ERROR);
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    require(arena != NULL);
    HttpHeader headers[2];
    Str rest = str_bytes(data, size);
    Request request = {.arena = arena, .id = STR("r"), .headers = headers};
    request.peer = next_line(&rest);
    Str rules = next_line(&rest);
    Str plain = next_line(&rest);
    if (plain.n > 0) {
        headers[request.header_count++] =
            (HttpHeader){.name = STR("X-Forwarded-For"), .value = plain};
    }
    if (rest.n > 0) {
        headers[request.header_count++] = (HttpHeader){.name = STR("Forwarded"), .value = rest};
    }
    StrList trusted = {0};
    if (!FAILED(ip_rule_list_in(arena, "x", rules, &trusted))) {
        for (size_t i = 0; i < trusted.count; i++) {
            require(ip_rule_is_valid(trusted.items[i]));
        }
        check(&request, trusted);
    }
    return 0;
}
