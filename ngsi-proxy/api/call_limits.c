#include "call_limits.h"

#include "ip_range.h"
#include "rate_limit.h"

static bool is_metered(const ApiCall *call)
{
    return (call->request->route->flags & ROUTE_UNMETERED) == 0;
}

Error call_limits_check_source(const ApiCall *call)
{
    Request *request = call->request;
    IpAddress address;
    if (!is_metered(call) || !ip_address_parse(request->address, &address) ||
        ip_address_is_loopback(&address)) {
        return OK;
    }
    IpAddress source = ip_address_source(&address);
    return rate_limiter_take(call->api->limiter, RATE_SOURCE,
                             str_bytes(source.bytes, sizeof source.bytes), request->arena);
}

static Error check_client(const ApiCall *call)
{
    const Str parts[] = {call->principal.tenant, STR("/"), call->principal.client};
    Str key;
    TRY(str_join_in(call->request->arena, parts, 3, &key));
    return rate_limiter_take(call->api->limiter, RATE_CLIENT, key, call->request->arena);
}

Error call_limits_check_caller(const ApiCall *call)
{
    const Principal *principal = &call->principal;
    if (!is_metered(call)) {
        return OK;
    }
    switch (principal->kind) {
    case ACTOR_SERVICE:
        return check_client(call);
    case ACTOR_CITIZEN:
        return rate_limiter_take(call->api->limiter, RATE_CITIZEN,
                                 str_bytes(principal->subject, sizeof principal->subject),
                                 call->request->arena);
    case ACTOR_ANONYMOUS:
    case ACTOR_KIND_COUNT_:
    default:
        return OK;
    }
}
