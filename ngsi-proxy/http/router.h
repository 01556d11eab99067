/* router.h — one table of routes and the match of a decoded path against it.
 *
 * A pattern is literal segments and captures: "/v2/entities/{id}/attrs". A capture takes exactly
 * one non-empty segment. Rows of one pattern stand together, in the order that Allow shows
 * (Orion's). Must never look at the raw target, and never decide about authentication: it carries
 * the row's demand to who does.
 *
 * Layer: ngsi-proxy/http. Thread-safe: pure (tables are static). Requirement. */
#ifndef MUSUBI_ROUTER_H
#define MUSUBI_ROUTER_H

#include "request.h"
#include "response.h"

/* Made by the api room for each request; opaque here, the router only carries the handler. */
struct ApiCall;

typedef Error (*RouteHandler)(struct ApiCall *call, Response *response);

/* What a route demands before its handler runs. */
typedef enum RouteAuth {
    ROUTE_AUTH_NONE,       /* nobody asks who it is; an Authorization header is not looked at */
    ROUTE_AUTH_OPEN_READ,  /* a service's token or none; a bad token is refused all the same */
    ROUTE_AUTH_OPEN_WRITE, /* a service's token; none only in development mode (--open) */
    ROUTE_AUTH_CITIZEN,    /* a citizen's token */
    ROUTE_AUTH_WATCH,      /* who watches the service: this machine without a proxy between, or the
                              token of a service that the configuration names */
    ROUTE_AUTH_COUNT_
} RouteAuth;

typedef enum RouteFlag {
    ROUTE_WITHOUT_VAULT =
        1 << 0, /* the handler opens no store snapshot: it works while the store does not */
    ROUTE_UNMETERED = 1 << 1, /* for whoever watches the service: no rate limit counts it */
} RouteFlag;

typedef struct Route {
    HttpMethod method;
    const char *pattern;
    RouteAuth auth;
    unsigned flags; /* RouteFlag */
    RouteHandler handler;
} Route;

typedef struct Router {
    const Route *routes;
    size_t count;
} Router;

/* Finds the row for the request's method and path; sets request->route and captures.
 * Errors: UNKNOWN_ROUTE (v2: Orion's 400), API_UNKNOWN_ROUTE (other surfaces: 404),
 * METHOD_NOT_ALLOWED (Allow is set in response). */
Error router_match(const Router *router, Request *request, Response *response) MUST_USE;

#endif
