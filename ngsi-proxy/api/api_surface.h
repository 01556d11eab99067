/* api_surface.h — the frame around every handler: route, tenant, authentication, one snapshot, one
 * way out.
 *
 * api_serve finds the route, learns where the request comes from, holds it against the limits,
 * reads the tenant, authenticates as the row demands, opens the call's snapshot, runs the handler,
 * closes the snapshot and turns an Error into the surface's words. A handler is straight-line code
 * between two structs. Must never let a handler run with less than its row demands, nor keep a
 * snapshot open while bytes are sent.
 *
 * Layer: ngsi-proxy/api. Thread-safe: Api yes (immutable after start); ApiCall single-owner. Spec:
 * 7(2)イ. Requirement. */
#ifndef MUSUBI_API_SURFACE_H
#define MUSUBI_API_SURFACE_H

#include "broker.h"
#include "principal.h"
#include "request.h"
#include "response.h"
#include "router.h"
#include "vault_core.h"

typedef struct Gate Gate;
typedef struct RateLimiter RateLimiter;
typedef struct Metrics Metrics;
typedef struct Lockout Lockout;

/* One reason why the program is not ready, told to operators: what is wrong and what to do. No
 * personal data. */
typedef struct ApiReadiness {
    Str part;   /* "vault", "store", "log" */
    Str reason; /* one sentence */
    Str remedy; /* one sentence */
} ApiReadiness;

#define API_READINESS_MAX 8

/* What all handlers share. Filled by the program once; everything must outlive the server. */
typedef struct Api {
    const VaultCore *core;
    Gate *gate;
    Broker *broker;          /* the union of both halves */
    const Router *router;    /* NULL: api_routes() */
    const Metrics *metrics;  /* what /metrics shows; NULL: nothing */
    StrList metrics_clients; /* whose tokens may see it from elsewhere */
    RateLimiter *limiter;    /* NULL: nobody is limited */
    Lockout *lockout;        /* of failed proofs at the token endpoint; NULL: nobody has to wait */
    Str issuer;        /* e.g. "http://127.0.0.1:8026", without a trailing slash: aud of assertions,
                          metadata */
    bool is_open_mode; /* --open: open data may be written without a token (development, loopback
                          only) */
    bool is_open_data_outside; /* in another broker: who asks without a token needs no store */
    bool is_anonymous_read;    /* open data may be read without a token */
    StrList trusted_proxies;   /* peers whose word on where a request comes from counts */
    Str version;               /* "0.1.0" */
    Str build;                 /* e.g. the commit; "" when unknown */
    int64_t started_us;        /* UTC */
    /* Fills at most API_READINESS_MAX reasons, none when all is well; texts static or in the arena.
     */
    size_t (*readiness)(void *context, Arena *arena, Deadline deadline, ApiReadiness *ret_reasons);
    void *readiness_context;
} Api;

/* One request as its handler sees it. */
typedef struct ApiCall {
    const Api *api;
    Request *request;  /* request->arena is the arena of everything */
    BrokerCall broker; /* broker.vault: arena, snapshot (NULL for ROUTE_WITHOUT_VAULT), tenant,
                        * time, deadline; broker.principal: &principal */
    Principal principal;
    UpstreamAsk asked; /* broker.asked and broker.raw of NGSIv2 handlers: see v2_call.h */
    RawAnswer raw;
} ApiCall;

/* The whole table of routes. Static. */
const Router *api_routes(void);

/* The `serve` of ServerOptions; app is a const Api *. */
void api_serve(void *app, Request *request, Response *response);

#endif
