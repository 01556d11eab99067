/* http_client.h — the one HTTP client: requests to one base URL, each within its deadline, over
 * connections that stay open.
 *
 * A request is what the caller says and nothing else: no redirects, no proxy, no cookies, no
 * netrc, no headers of the library's own. Answers are bounded in bytes and time. A request whose
 * connection turns out to be dead is sent again only if it may be repeated or if nothing of its
 * body had left. Must never follow what a server says to another address, and never be handed a
 * caller's token by accident: headers are given one by one.
 *
 * Layer: ngsi-proxy/outbound. Thread-safe: yes; one call uses one connection. Requirement: A-3,
 * Standard: RFC 9110, RFC 9112. */
#ifndef MUSUBI_HTTP_CLIENT_H
#define MUSUBI_HTTP_CLIENT_H

#include <stdbool.h>

#include "clock.h"
#include "error.h"
#include "str.h"

struct sockaddr;

#define HTTP_CLIENT_HEADERS_MAX 32

/* Faults for tests: each is asked once a call and an Error takes the place of what would happen.
 */
typedef struct OutboundPort {
    Error (*before)(const struct OutboundPort *port); /* nothing was sent */
    Error (*after)(const struct OutboundPort *port);  /* the answer was there and is lost */
} OutboundPort;

/* Whether a socket to this address may be opened: asked for each address that a name resolves to,
 * right before the connection is made. */
typedef bool (*AddressPolicy)(void *context, const struct sockaddr *address);

typedef struct HttpClientOptions {
    Str base_url;               /* "http://host:port" or https, perhaps with a path; no user, no
                                   query, no slash at the end */
    int64_t connect_timeout_us; /* 0: 1 s */
    unsigned idle_max;          /* connections that are kept for later; 0: 64 */
    unsigned calls_max; /* under way at once; more are refused, so that a server that hangs does not
                           take every thread of ours. 0: 128 */
    AddressPolicy allows; /* NULL: every address, for an upstream that the operator chose */
    void *allows_context;
    const OutboundPort *port; /* NULL: nothing fails on purpose */
} HttpClientOptions;

typedef struct HttpField {
    Str name;
    Str value;
} HttpField;

typedef struct HttpCall {
    const char *method;
    Str target; /* path and query behind the base URL, encoded; begins with '/' */
    const HttpField *fields;
    size_t field_count;
    Str body;
    bool is_repeatable; /* doing it twice is doing it once */
    Deadline deadline;
    size_t answer_bytes_max;
} HttpCall;

typedef struct HttpAnswer {
    int status;
    HttpField fields[HTTP_CLIENT_HEADERS_MAX]; /* the first ones, as sent */
    size_t field_count;
    Str body;
} HttpAnswer;

typedef struct HttpClient HttpClient;

/* Copies the options but for what their pointers mean. Makes no connection. Free with
 * http_client_free. Errors: CONF_BAD_VALUE (the base URL), OUT_OF_MEMORY. */
Error http_client_new(const HttpClientOptions *options, HttpClient **ret_client) MUST_USE;
/* No call may be under way. NULL is fine. Returns NULL. */
HttpClient *http_client_free(HttpClient *client);

/* Sends one request and reads the whole answer into the arena, whatever its status is. Errors:
 * UPSTREAM_UNAVAILABLE (nothing was done there, or it may be asked again; or calls_max are under
 * way), UPSTREAM_UNSETTLED (the
 * request was sent, may not be repeated, and no answer came), UPSTREAM_ANSWER (no HTTP, too large),
 * DEADLINE (only for what is repeatable or was not sent), BUDGET_EXCEEDED, OUT_OF_MEMORY, INTERNAL
 * (a control byte in a field). */
Error http_client_send(HttpClient *client, Arena *arena, const HttpCall *call,
                       HttpAnswer *ret_answer) MUST_USE;

/* The field's value, name in any case; "" when it was not sent. */
Str http_answer_field(const HttpAnswer *answer, Str name);

DEFINE_CLEANUP(HttpClient, http_client_free)

#endif
