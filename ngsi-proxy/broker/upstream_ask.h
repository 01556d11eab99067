/* upstream_ask.h — the request as its client sent it, for a half that passes it on, and the answer
 * as it came back.
 *
 * Only what was checked is in here: the decoded path and parameters, the body that the codec has
 * read. Must never carry a token: what authenticates a caller to Musubi is nobody else's.
 *
 * Layer: ngsi-proxy/broker. Thread-safe: pure. Spec: 6(5)ア. */
#ifndef MUSUBI_UPSTREAM_ASK_H
#define MUSUBI_UPSTREAM_ASK_H

#include <stdbool.h>

#include "entity_query.h"

typedef struct UpstreamParam {
    Str name;
    Str value;
} UpstreamParam;

typedef struct UpstreamAsk {
    const char *method;
    const Str *segments; /* of the path, decoded: "v2", "entities", … */
    size_t segment_count;
    const UpstreamParam *params; /* decoded, in the order sent */
    size_t param_count;
    Str body;
    Str content_type; /* "" = not sent */
    Str accept;       /* "" = not sent */
    Str service_path; /* "" = not sent */
    Str correlator;
    const EntityQuery *query; /* what the codec made of a list's parameters and body; NULL: no list
                               */
} UpstreamAsk;

/* An answer that is given unchanged. */
typedef struct RawAnswer {
    bool is_given;
    int status;
    Str content_type; /* "" = none */
    Str location;     /* "" = none, as the next two */
    Str total_count;
    Str allow;
    Str body;
} RawAnswer;

/* The first parameter of that name; "" when it was not sent. */
Str upstream_ask_param(const UpstreamAsk *ask, Str name);

#endif
