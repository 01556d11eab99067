#include "request.h"

#include <strings.h>

static const char *const METHOD_NAMES[] = {"GET",   "HEAD",   "POST",    "PUT",
                                           "PATCH", "DELETE", "OPTIONS", ""};

_Static_assert(sizeof METHOD_NAMES / sizeof METHOD_NAMES[0] == HTTP_METHOD_COUNT_,
               "one name for each method");

const char *http_method_name(HttpMethod method)
{
    return METHOD_NAMES[method];
}

HttpMethod http_method_from(Str name)
{
    for (int i = 0; i < HTTP_OTHER; i++) {
        if (str_eq(name, str_from(METHOD_NAMES[i]))) {
            return (HttpMethod)i;
        }
    }
    return HTTP_OTHER;
}

bool request_header(const Request *request, Str name, Str *ret_value)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const HttpHeader *header = &request->headers[i];
        if (header->name.n == name.n && strncasecmp(header->name.p, name.p, name.n) == 0) {
            *ret_value = header->value;
            return true;
        }
    }
    return false;
}

Str request_header_or_empty(const Request *request, Str name)
{
    Str value = STR_EMPTY;
    (void)request_header(request, name, &value); /* absent leaves it empty, as promised */
    return value;
}

const QueryParam *request_param(const Request *request, Str name)
{
    for (size_t i = 0; i < request->param_count; i++) {
        if (str_eq(request->params[i].name, name)) {
            return &request->params[i];
        }
    }
    return NULL;
}

size_t request_param_count(const Request *request, Str name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->param_count; i++) {
        count += str_eq(request->params[i].name, name);
    }
    return count;
}

Arena *request_large_arena(Request *request)
{
    if (request->large == NULL) {
        request->large = arena_new_sensitive(REQUEST_LARGE_BYTES);
    }
    return request->large;
}

Error request_media_type_in(const Request *request, Str *ret_media_type)
{
    Str value = request_header_or_empty(request, STR("Content-Type"));
    Str type = str_trim(str_slice(value, 0, str_find(value, ';')));
    char *lower = arena_alloc(request->arena, type.n);
    ENSURE_ALLOC(lower, request->arena);
    for (size_t i = 0; i < type.n; i++) {
        char c = type.p[i];
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *ret_media_type = (Str){.p = lower, .n = type.n};
    return OK;
}
