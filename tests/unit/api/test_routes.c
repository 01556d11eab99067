/* The real table of routes: each row is reachable, nobody reaches more than its row allows, and
 * what the citizen's routes refuse before the gate is asked. */
#include <string.h>

#include "access_token.h"
#include "api_surface.h"
#include "auth_city.h"
#include "check.h"
#include "person.h"
#include "subject.h"
#include "target.h"
#include "vault_call.h"

static AuthCity city;
static Api api;

static int setup(void **state)
{
    (void)state;
    auth_city_open(&city);
    api = (Api){.core = &city.core,
                .issuer = STR(CITY_ISSUER),
                .version = STR("0.1.0"),
                .is_anonymous_read = true};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    auth_city_close(&city);
    return 0;
}

static Request request_of(HttpMethod method, Str target_text)
{
    Target target;
    Request request = {.arena = city.arena,
                       .method = method,
                       .id = STR("r1"),
                       .correlator = STR("r1"),
                       .peer = STR("unix"),
                       .body = STR_EMPTY};
    assert_ok(target_decode_in(city.arena, target_text, &target));
    assert_ok(
        query_decode_in(city.arena, target.query, false, &request.params, &request.param_count));
    request.segments = target.segments;
    request.segment_count = target.segment_count;
    request.surface = surface_of(target.segments[0]);
    request.deadline = deadline_in(city.core.ports->clock, CLOCK_SECOND_US);
    return request;
}

static Response serve(Request *request)
{
    Response response;
    response_init(&response);
    api_serve(&api, request, &response);
    return response;
}

/* The row's pattern is a path that leads to the row: "{id}" is a fine id. */
static void test_each_row_is_reachable(void **state)
{
    (void)state;
    const Router *router = api_routes();
    for (size_t i = 0; i < router->count; i++) {
        Request request = request_of(router->routes[i].method, str_from(router->routes[i].pattern));
        Response response;
        response_init(&response);
        assert_ok(router_match(router, &request, &response));
        assert_ptr_equal(request.route, &router->routes[i]);
    }
}

/* Written down a second time on purpose: who may, whether limits count it, whether it needs the
 * store. What is personal behind a row is the gate's: it asks for a purpose, whatever row led
 * there. */
#define NONE ROUTE_AUTH_NONE
#define OPEN_READ ROUTE_AUTH_OPEN_READ
#define OPEN_WRITE ROUTE_AUTH_OPEN_WRITE
#define CITIZEN ROUTE_AUTH_CITIZEN

typedef struct Demand {
    HttpMethod method;
    const char *pattern;
    RouteAuth auth;
    bool is_metered;
    bool needs_vault;
} Demand;

static const Demand DEMANDS[] = {
    {HTTP_GET, "/v2", NONE, true, false},
    {HTTP_POST, "/v2/entities", OPEN_WRITE, true, true},
    {HTTP_GET, "/v2/entities", OPEN_READ, true, true},
    {HTTP_GET, "/v2/entities/{id}", OPEN_READ, true, true},
    {HTTP_DELETE, "/v2/entities/{id}", OPEN_WRITE, true, true},
    {HTTP_GET, "/v2/entities/{id}/attrs", OPEN_READ, true, true},
    {HTTP_PATCH, "/v2/entities/{id}/attrs", OPEN_WRITE, true, true},
    {HTTP_POST, "/v2/entities/{id}/attrs", OPEN_WRITE, true, true},
    {HTTP_PUT, "/v2/entities/{id}/attrs", OPEN_WRITE, true, true},
    {HTTP_GET, "/v2/entities/{id}/attrs/{a}", OPEN_READ, true, true},
    {HTTP_PUT, "/v2/entities/{id}/attrs/{a}", OPEN_WRITE, true, true},
    {HTTP_DELETE, "/v2/entities/{id}/attrs/{a}", OPEN_WRITE, true, true},
    {HTTP_GET, "/v2/entities/{id}/attrs/{a}/value", OPEN_READ, true, true},
    {HTTP_PUT, "/v2/entities/{id}/attrs/{a}/value", OPEN_WRITE, true, true},
    {HTTP_GET, "/v2/types", OPEN_READ, true, true},
    {HTTP_GET, "/v2/types/{type}", OPEN_READ, true, true},
    {HTTP_POST, "/v2/op/update", OPEN_WRITE, true, true},
    {HTTP_POST, "/v2/op/query", OPEN_READ, true, true},
    {HTTP_POST, "/v2/op/notify", OPEN_WRITE, true, true},
    {HTTP_GET, "/version", NONE, true, false},
    {HTTP_GET, "/healthz", NONE, false, false},
    {HTTP_GET, "/readyz", NONE, false, false},
    {HTTP_GET, "/metrics", ROUTE_AUTH_WATCH, false, false},
    {HTTP_POST, "/oauth2/token", NONE, true, true},
    {HTTP_POST, "/oauth2/revoke", NONE, true, true},
    {HTTP_GET, "/.well-known/oauth-authorization-server", NONE, true, false},
    {HTTP_GET, "/api/citizen/me", CITIZEN, true, true},
    {HTTP_GET, "/api/citizen/grants", CITIZEN, true, true},
    {HTTP_POST, "/api/citizen/grants", CITIZEN, true, true},
    {HTTP_POST, "/api/citizen/grants/{id}/withdraw", CITIZEN, true, true},
    {HTTP_GET, "/api/citizen/accesses", CITIZEN, true, true},
};
#define DEMAND_COUNT (sizeof DEMANDS / sizeof DEMANDS[0])

static const Demand *demand_of(const Route *route)
{
    for (size_t i = 0; i < DEMAND_COUNT; i++) {
        if (DEMANDS[i].method == route->method &&
            str_eq(str_from(DEMANDS[i].pattern), str_from(route->pattern))) {
            return &DEMANDS[i];
        }
    }
    return NULL;
}

static void test_every_row_demands_what_it_should(void **state)
{
    (void)state;
    const Router *router = api_routes();
    assert_int_equal(router->count, DEMAND_COUNT);
    for (size_t i = 0; i < router->count; i++) {
        const Route *route = &router->routes[i];
        const Demand *demand = demand_of(route);
        bool is_metered = (route->flags & ROUTE_UNMETERED) == 0;
        bool needs_vault = (route->flags & ROUTE_WITHOUT_VAULT) == 0;
        if (demand == NULL || demand->auth != route->auth || demand->is_metered != is_metered ||
            demand->needs_vault != needs_vault) {
            fail_msg("%s %s", http_method_name(route->method), route->pattern);
        }
        /* Whoever must show a token needs the store that knows it, and is limited as who it is. */
        bool is_open = route->auth == ROUTE_AUTH_NONE || route->auth == ROUTE_AUTH_WATCH;
        assert_true(is_open || (needs_vault && is_metered));
    }
}

static void test_orion_verbs(void **state)
{
    (void)state;
    static const struct {
        HttpMethod method;
        Str path;
        Str allow;
    } CASES[] = {
        {HTTP_PUT, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_HEAD, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_POST, STR_INIT("/v2"), STR_INIT("GET")},
        {HTTP_OTHER, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_PUT, STR_INIT("/api/citizen/grants"), STR_INIT("GET, POST")},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Request request = request_of(CASES[i].method, CASES[i].path);
        Response response = serve(&request);
        assert_int_equal(response.status, 405);
        assert_str(response.headers[0].name, "Allow");
        assert_str_eq(response.headers[0].value, CASES[i].allow);
    }
}

static void test_operations_need_no_store(void **state)
{
    (void)state;
    static const Str PATHS[] = {STR_INIT("/healthz"), STR_INIT("/version"), STR_INIT("/v2"),
                                STR_INIT("/.well-known/oauth-authorization-server")};
    city.core.store = NULL; /* touching it would crash */
    for (size_t i = 0; i < sizeof PATHS / sizeof PATHS[0]; i++) {
        Request request = request_of(HTTP_GET, PATHS[i]);
        assert_int_equal(serve(&request).status, 200);
    }
    city.core.store = city.store;
}

/* --- the citizen's routes, up to the gate ----------------------------------------------------- */

static Str citizen_token(void)
{
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    StoreBatch *batch = store_batch_in(city.arena);
    Subject subject;
    AccessToken wanted = {.kind = TOKEN_CITIZEN, .client = STR("portal"), .scope = STR("citizen")};
    Str token;
    assert_ok(person_create(&call, batch, &subject));
    assert_ok(store_commit(city.store, batch, call.deadline, NULL));
    memcpy(wanted.subject, subject.id, sizeof wanted.subject);
    subject_done(&subject);
    vault_call_close(&call);
    call = auth_city_call(&city, STR_EMPTY);
    assert_ok(access_token_issue(&call, &wanted, &token));
    vault_call_close(&call);
    return token;
}

typedef struct CitizenCase {
    HttpMethod method;
    Str target;
    const char *key;
    const char *media_type;
    const char *body;
    int status;
    const char *names; /* what the answer must name */
} CitizenCase;

static const CitizenCase CITIZEN_CASES[] = {
    {HTTP_POST, STR_INIT("/api/citizen/grants"), NULL, "application/json", "{}", 400,
     "Idempotency-Key"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "", "application/json", "{}", 400,
     "Idempotency-Key"},
    {HTTP_POST, STR_INIT("/api/citizen/grants/x/withdraw"), NULL, NULL, "", 400, "Idempotency-Key"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "k", "text/plain", "{}", 415, "text/plain"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "k", "application/json", "{", 400, "JSON"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "k", NULL, "", 400, "JSON"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "k", "application/json", "{}", 400, "recipient"},
    {HTTP_POST, STR_INIT("/api/citizen/grants"), "k", "application/json", "{\"surprise\":1}", 400,
     "surprise"},
    {HTTP_POST, STR_INIT("/api/citizen/grants/x/withdraw"), "k", "application/json",
     "{\"reason\":1}", 400, "reason"},
    {HTTP_GET, STR_INIT("/api/citizen/accesses?limit=0"), NULL, NULL, "", 400, "limit"},
    {HTTP_GET, STR_INIT("/api/citizen/accesses?limit=101"), NULL, NULL, "", 400, "limit"},
    {HTTP_GET, STR_INIT("/api/citizen/accesses?limit=-1"), NULL, NULL, "", 400, "limit"},
    {HTTP_GET, STR_INIT("/api/citizen/accesses?limit=1&limit=2"), NULL, NULL, "", 400, "limit"},
    {HTTP_GET, STR_INIT("/api/citizen/accesses?cursor=a&cursor=b"), NULL, NULL, "", 400, "cursor"},
};

static void check_citizen_case(const CitizenCase *row, Str bearer)
{
    HttpHeader headers[3] = {{.name = STR("Authorization"), .value = bearer}};
    Request request = request_of(row->method, row->target);
    request.headers = headers;
    request.header_count = 1;
    request.body = str_from(row->body);
    if (row->key != NULL) {
        headers[request.header_count++] =
            (HttpHeader){.name = STR("Idempotency-Key"), .value = str_from(row->key)};
    }
    if (row->media_type != NULL) {
        headers[request.header_count++] =
            (HttpHeader){.name = STR("Content-Type"), .value = str_from(row->media_type)};
    }
    Response response = serve(&request);
    const char *body = str_argument(city.arena, response.body);
    if (response.status != row->status || strstr(body, row->names) == NULL) {
        fail_msg("%s %s: %d %s", row->target.p, row->body, response.status, body);
    }
    assert_str(response.content_type, "application/problem+json");
}

static void test_citizen_refusals(void **state)
{
    (void)state;
    const Str parts[] = {STR("Bearer "), citizen_token()};
    Str bearer;
    assert_ok(str_join_in(city.arena, parts, 2, &bearer));
    for (size_t i = 0; i < sizeof CITIZEN_CASES / sizeof CITIZEN_CASES[0]; i++) {
        check_citizen_case(&CITIZEN_CASES[i], bearer);
    }
}

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_row_is_reachable), TEST(test_every_row_demands_what_it_should),
        TEST(test_orion_verbs),           TEST(test_operations_need_no_store),
        TEST(test_citizen_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
