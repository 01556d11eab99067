/* guard.h — the strict check of a request's head, before a byte of its body is read.
 *
 * libmicrohttpd 0.9.75 answers requests that two readers may take apart differently (two lengths, a
 * length and a chunked coding, a blank before a colon); each such shape is refused here and its
 * connection closed, so that what follows it is never read as a request. What the library has
 * already normalised (bare LF, folded lines, a NUL in a value) can't be seen here; names are
 * counted as they arrived. Must never repair or guess.
 *
 * Layer: ngsi-proxy/http. Thread-safe: pure. Requirement. Standard: RFC 9112
 * §2, §6. */
#ifndef MUSUBI_GUARD_H
#define MUSUBI_GUARD_H

#include "request.h"

/* The head as the library gives it. */
typedef struct RequestHead {
    Str method;
    Str target; /* raw */
    Str version;
    const HttpHeader *headers;
    size_t header_count;
} RequestHead;

/* What a passed head says of its body. */
typedef struct RequestFraming {
    HttpMethod method;
    bool is_chunked;
    bool has_length;
    uint64_t length_bytes;
} RequestFraming;

/* Errors: HTTP_BAD_HEAD (argument: what is wrong, a static text), HTTP_BAD_VERSION,
 * HTTP_BAD_CODING, HTTP_BAD_TARGET. */
Error guard_check(const RequestHead *head, RequestFraming *ret_framing) MUST_USE;

#endif
