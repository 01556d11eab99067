#include "router.h"

static bool is_capture(Str part)
{
    return part.n > 2 && part.p[0] == '{' && part.p[part.n - 1] == '}';
}

/* Whether the pattern stands for the request's path; captures are filled as far as it went. */
static bool pattern_matches(const char *pattern, Request *request)
{
    Str rest = str_from(pattern + 1);
    Str part;
    size_t at = 0;
    request->capture_count = 0;
    while (rest.n > 0 && str_split(&rest, '/', &part)) {
        if (at == request->segment_count) {
            return false;
        }
        Str segment = request->segments[at++];
        if (is_capture(part)) {
            request->captures[request->capture_count++] = segment;
        } else if (!str_eq(part, segment)) {
            return false;
        }
    }
    return at == request->segment_count;
}

static Error set_allow(const Router *router, Request *request, Response *response)
{
    Buf allow = buf_in(request->arena);
    for (size_t i = 0; i < router->count; i++) {
        if (pattern_matches(router->routes[i].pattern, request)) {
            buf_add(&allow, allow.n == 0 ? STR_EMPTY : STR(", "));
            buf_add(&allow, str_from(http_method_name(router->routes[i].method)));
        }
    }
    Str text;
    TRY(buf_finish(&allow, &text));
    return response_header(response, STR("Allow"), text);
}

Error router_match(const Router *router, Request *request, Response *response)
{
    bool is_known = false;
    for (size_t i = 0; i < router->count; i++) {
        const Route *route = &router->routes[i];
        if (!pattern_matches(route->pattern, request)) {
            continue;
        }
        if (route->method == request->method) {
            request->route = route;
            response->route = str_from(route->pattern);
            return OK;
        }
        is_known = true;
    }
    request->capture_count = 0;
    if (!is_known) {
        return request->surface == SURFACE_V2 ? FAIL(UNKNOWN_ROUTE, NULL)
                                              : FAIL(API_UNKNOWN_ROUTE, NULL);
    }
    TRY(set_allow(router, request, response));
    request->capture_count = 0;
    return FAIL(METHOD_NOT_ALLOWED, NULL);
}
