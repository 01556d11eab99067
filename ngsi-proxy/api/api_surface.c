#include "api_surface.h"

#include "bearer.h"
#include "call_limits.h"
#include "ip_range.h"
#include "ip_rule.h"
#include "tenant.h"
#include "vault_call.h"

static bool may_be_anonymous(const Api *api, RouteAuth auth)
{
    return auth == ROUTE_AUTH_OPEN_READ ? api->is_anonymous_read || api->is_open_mode
                                        : auth == ROUTE_AUTH_OPEN_WRITE && api->is_open_mode;
}

/* A proxy in between makes everybody look local: with its headers nobody is. */
static bool is_on_this_machine(const Request *request)
{
    IpAddress peer;
    Str ignored;
    return ip_address_parse(request->peer, &peer) && ip_address_is_loopback(&peer) &&
           !request_header(request, STR("X-Forwarded-For"), &ignored) &&
           !request_header(request, STR("Forwarded"), &ignored);
}

static bool may_be_without_token(const ApiCall *call, RouteAuth auth)
{
    return auth == ROUTE_AUTH_WATCH ? is_on_this_machine(call->request)
                                    : may_be_anonymous(call->api, auth);
}

/* A token that is sent must be good, also where none is needed: a caller with a stale one should
 * learn of it. */
static Error authenticate(ApiCall *call, RouteAuth auth)
{
    VaultCall *vault = &call->broker.vault;
    Str header;
    if (auth == ROUTE_AUTH_NONE) {
        return OK;
    }
    if (!request_header(call->request, STR("Authorization"), &header)) {
        ENSURE(may_be_without_token(call, auth), TOKEN_MISSING, NULL);
        return OK;
    }
    TRY(bearer_authenticate(vault, call->request, &call->principal));
    ActorKind wanted = auth == ROUTE_AUTH_CITIZEN ? ACTOR_CITIZEN : ACTOR_SERVICE;
    ENSURE(call->principal.kind == wanted, TOKEN_KIND, NULL);
    bool is_named = str_list_has(call->api->metrics_clients, call->principal.client);
    ENSURE(auth != ROUTE_AUTH_WATCH || is_named, TOKEN_KIND, NULL);
    return OK;
}

/* A token is checked in the store. Without one, open data that another broker holds needs nothing
 * of it, and goes on while it is away. */
static bool needs_store(const ApiCall *call)
{
    const Route *route = call->request->route;
    bool is_bare = (route->flags & ROUTE_WITHOUT_VAULT) != 0;
    bool is_open = route->auth == ROUTE_AUTH_OPEN_READ || route->auth == ROUTE_AUTH_OPEN_WRITE;
    Str header;
    if (request_header(call->request, STR("Authorization"), &header)) {
        return !is_bare || route->auth == ROUTE_AUTH_WATCH;
    }
    return !is_bare && !(is_open && call->api->is_open_data_outside);
}

static Error open_vault(ApiCall *call, Str tenant)
{
    const Request *request = call->request;
    if (!needs_store(call)) {
        call->broker.vault =
            vault_call_without_snapshot(call->api->core, request->arena, tenant, request->deadline);
        return OK;
    }
    return vault_call_open(call->api->core, request->arena, tenant, request->deadline,
                           &call->broker.vault);
}

static Error run(ApiCall *call, Response *response)
{
    Request *request = call->request;
    const Router *router = call->api->router == NULL ? api_routes() : call->api->router;
    Str tenant;
    TRY(router_match(router, request, response));
    TRY(ip_rule_source(request, call->api->trusted_proxies, &request->address));
    TRY(call_limits_check_source(call));
    TRY(tenant_read(request, &tenant));
    TRY(open_vault(call, tenant));
    call->principal = bearer_anonymous(&call->broker.vault, request);
    TRY(authenticate(call, request->route->auth));
    response->client = call->principal.client;
    TRY(call_limits_check_caller(call));
    return request->route->handler(call, response);
}

/* Own APIs answer with personal data or with what changes at once; neither belongs into a cache. */
static void forbid_caching(const Request *request, Response *response)
{
    if (request->surface == SURFACE_PROBLEM) {
        response_set_header(response, STR("Cache-Control"), STR("no-store"));
    }
}

void api_serve(void *app, Request *request, Response *response)
{
    ApiCall call = {.api = app, .request = request};
    call.broker.principal = &call.principal;
    Error error = run(&call, response);
    vault_call_close(&call.broker.vault);
    if (FAILED(error)) {
        if (request->route != NULL) {
            response->header_count = 0; /* what a handler announced before it failed */
        }
        response_error(response, request, error);
    }
    forbid_caching(request, response);
}
