/* response.h — an answer under construction: status, a few headers, one body in the request's
 * arena.
 *
 * A handler fills it and returns OK, or returns an Error and leaves the rest to response_error, the
 * one place that turns reasons into bytes. Must never carry a header value with control bytes
 * (response splitting), and never hold a body that does not live in one of the request's arenas or
 * statically: they are wiped when the last byte is sent.
 *
 * Layer: ngsi-proxy/http. Thread-safe: single-owner. Requirement: A-29. Standard: RFC 9457, RFC
 * 6750 §3, RFC 6749 §5.2. */
#ifndef MUSUBI_RESPONSE_H
#define MUSUBI_RESPONSE_H

#include "request.h"

#define RESPONSE_HEADERS_MAX 16
#define RESPONSE_HEADER_BYTES_MAX 2048

typedef struct Response {
    int status;
    Str content_type; /* "" = no Content-Type */
    Str body;
    HttpHeader headers[RESPONSE_HEADERS_MAX];
    size_t header_count;
    bool must_close; /* close the connection after this answer */
    Error error;     /* why it is an error; OK else. For the log line. */
    Str route;       /* pattern of the route, for the log line; "" when none was found */
    Str client;      /* client id of the caller, for the log line; "" when unknown */
} Response;

/* 200, no body, no headers. */
void response_init(Response *response);

/* JSON text that lives in one of the request's arenas or statically, as application/json. */
void response_json(Response *response, int status, Str json);
/* A status without a body (201, 204). */
void response_empty(Response *response, int status);
/* Adds a header. name is a static token; value lives as the body does. Errors: INTERNAL (a control
 * byte in value, a value over RESPONSE_HEADER_BYTES_MAX, or no room left). */
Error response_header(Response *response, Str name, Str value) MUST_USE;
/* The same for a static value; left out when there is no room. */
void response_set_header(Response *response, Str name, Str static_value);

/* Replaces whatever was there by the error in the words of the request's surface: status, body,
 * WWW-Authenticate on 401, Retry-After on 503 and 429. An unsafe argument is not shown; it is
 * logged under the request's id by the server. Keeps `Allow` and other headers that were set
 * before. Never fails: when memory is short a static body is used. */
void response_error(Response *response, const Request *request, Error error);

#endif
