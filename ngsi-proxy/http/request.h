/* request.h — one HTTP request after the guard: strict, decoded once, all of it in one sensitive
 * arena.
 *
 * The raw target is split and decoded here exactly once, segment by segment; nobody decodes again.
 * Parameters keep their order and their repetitions, so that a handler sees what a caller wrote
 * twice. Must never hold a header or a target that the guard has not passed, and must never be
 * logged whole: targets and headers are personal.
 *
 * Layer: ngsi-proxy/http. Thread-safe: single-owner (the thread of its connection). Requirement:
 * */
#ifndef MUSUBI_REQUEST_H
#define MUSUBI_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"
#include "surface.h"

typedef enum HttpMethod {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER, /* a token, but none of the closed list: no route has it */
    HTTP_METHOD_COUNT_
} HttpMethod;

#define REQUEST_BODY_BYTES_MAX ((size_t)1 << 20) /* Orion's own limit */
#define REQUEST_SEGMENTS_MAX 16
#define REQUEST_PARAMS_MAX 256
#define REQUEST_HEADERS_MAX 100
#define REQUEST_RESERVE_BYTES ((size_t)2048)
#define REQUEST_LARGE_BYTES ((size_t)64 << 20)

/* `?options` has no value (value is ""), `?options=` has an empty one. */
typedef struct QueryParam {
    Str name;
    Str value;
    bool has_value;
} QueryParam;

typedef struct HttpHeader {
    Str name; /* as sent: compare with request_header */
    Str value;
} HttpHeader;

struct Route;

typedef struct Request {
    Arena *arena;  /* sensitive; the answer's bytes live here too */
    Arena *large;  /* of an answer that needs more; NULL until request_large_arena */
    char *reserve; /* REQUEST_RESERVE_BYTES of it, kept for an error answer when the budget is used
                      up */
    HttpMethod method;
    Surface surface;     /* by the path's first segment; decides how errors look */
    Str target;          /* raw, with the query */
    const Str *segments; /* decoded path; one trailing slash is dropped; "/" has none */
    size_t segment_count;
    const QueryParam *params; /* decoded, in the order sent */
    size_t param_count;
    const HttpHeader *headers;
    size_t header_count;
    Str body;
    size_t body_bytes_sent;    /* what arrived, also when it was over the limit and dropped */
    const struct Route *route; /* NULL until the router found it */
    Str captures[REQUEST_SEGMENTS_MAX]; /* the segments that the route's {…} stand for, in order */
    size_t capture_count;
    Deadline deadline;   /* by which the answer must be ready */
    int64_t received_us; /* UTC, when the head was complete */
    int64_t started_us;  /* monotonic, the same moment */
    Str id;              /* UUIDv7 text, ours */
    Str correlator;      /* Fiware-Correlator: the caller's if sane, else id */
    Str peer;            /* address of the socket's peer, "unix" for a UNIX socket */
    Str address;         /* of whom it comes from: the peer, until the api room knows of proxies */
} Request;

/* The header's value, name in any case; false when it is absent. The guard has refused repetitions
 * of those that decide anything (Host, Authorization, Content-Type, Content-Length, Fiware-*,
 * Idempotency-Key); of others the first is given. */
bool request_header(const Request *request, Str name, Str *ret_value);
/* The value or "" when absent. */
Str request_header_or_empty(const Request *request, Str name);

/* The first parameter of that name (exact case); NULL when absent. */
const QueryParam *request_param(const Request *request, Str name);
/* How often the parameter occurs. */
size_t request_param_count(const Request *request, Str name);

/* A sensitive arena of REQUEST_LARGE_BYTES for an answer that does not fit into the request's: made
 * when it is first asked for, given back when the answer was sent. NULL when memory is short. */
Arena *request_large_arena(Request *request) MUST_USE;

/* Media type of Content-Type without parameters, lower case, in the arena ("application/json"); ""
 * when absent. */
Error request_media_type_in(const Request *request, Str *ret_media_type) MUST_USE;

/* "GET"; "" for HTTP_OTHER. Static. */
const char *http_method_name(HttpMethod method);
/* HTTP_OTHER for what is not in the closed list; upper case only. */
HttpMethod http_method_from(Str name);

#endif
