/* The frame around handlers: who is let in as whom, what a tenant does, what an error becomes, and
 * that no snapshot stays open. */
#include <string.h>

#include "access_token.h"
#include "api_surface.h"
#include "auth_city.h"
#include "check.h"
#include "person.h"
#include "rate_limit.h"
#include "subject.h"
#include "target.h"
#include "vault_call.h"

static AuthCity city;
static Principal seen;
static Str seen_tenant;
static bool had_snapshot;
static unsigned handled;

static Error remember(ApiCall *call, Response *response)
{
    seen = call->principal;
    seen_tenant = call->broker.vault.tenant;
    had_snapshot = call->broker.vault.snapshot != NULL;
    handled++;
    assert_ptr_equal(call->broker.principal, &call->principal);
    response_json(response, 200, STR("{}"));
    return OK;
}

static Error announce_and_fail(ApiCall *call, Response *response)
{
    (void)call;
    response_json(response, 200, STR("{\"secret\":1}"));
    TRY(response_header(response, STR("Location"), STR("/v2/secret")));
    return FAIL(ENTITY_NOT_FOUND, NULL);
}

static const Route ROUTES[] = {
    {HTTP_GET, "/v2/none", ROUTE_AUTH_NONE, 0, remember},
    {HTTP_GET, "/v2/bare", ROUTE_AUTH_NONE, ROUTE_WITHOUT_VAULT, remember},
    {HTTP_GET, "/v2/read", ROUTE_AUTH_OPEN_READ, 0, remember},
    {HTTP_GET, "/v2/write", ROUTE_AUTH_OPEN_WRITE, 0, remember},
    {HTTP_GET, "/api/mine", ROUTE_AUTH_CITIZEN, 0, remember},
    {HTTP_GET, "/v2/fail", ROUTE_AUTH_NONE, 0, announce_and_fail},
    {HTTP_GET, "/api/fail", ROUTE_AUTH_NONE, 0, announce_and_fail},
    {HTTP_GET, "/health", ROUTE_AUTH_NONE, ROUTE_UNMETERED, remember},
    {HTTP_GET, "/watch", ROUTE_AUTH_WATCH, ROUTE_WITHOUT_VAULT | ROUTE_UNMETERED, remember},
};
static const Router ROUTER = {.routes = ROUTES, .count = sizeof ROUTES / sizeof ROUTES[0]};
static Api api;
static Str peer;          /* of the requests */
static Str forwarded_for; /* a header of theirs, unless empty */

static int setup(void **state)
{
    (void)state;
    auth_city_open(&city);
    api = (Api){.core = &city.core,
                .router = &ROUTER,
                .issuer = STR(CITY_ISSUER),
                .is_anonymous_read = true};
    handled = 0;
    peer = STR("unix");
    forwarded_for = STR_EMPTY;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    auth_city_close(&city);
    return 0;
}

/* A GET with the token ("" = none) and tenant ("" = no header). */
static Response get(Str path, Str token, Str tenant)
{
    HttpHeader headers[3];
    Target target;
    const Str bearer[] = {STR("Bearer "), token};
    Request request = {.arena = city.arena,
                       .method = HTTP_GET,
                       .headers = headers,
                       .id = STR("r1"),
                       .correlator = STR("r1"),
                       .peer = peer};
    Response response;
    if (token.n > 0) {
        headers[request.header_count].name = STR("Authorization");
        assert_ok(str_join_in(city.arena, bearer, 2, &headers[request.header_count++].value));
    }
    if (tenant.n > 0) {
        headers[request.header_count++] =
            (HttpHeader){.name = STR("Fiware-Service"), .value = tenant};
    }
    if (forwarded_for.n > 0) {
        headers[request.header_count++] =
            (HttpHeader){.name = STR("X-Forwarded-For"), .value = forwarded_for};
    }
    assert_ok(target_decode_in(city.arena, path, &target));
    request.segments = target.segments;
    request.segment_count = target.segment_count;
    request.surface = surface_of(target.segments[0]);
    request.deadline = deadline_in(city.core.ports->clock, CLOCK_SECOND_US);
    response_init(&response);
    api_serve(&api, &request, &response);
    return response;
}

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

static Str header(const Response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (str_eq(response->headers[i].name, str_from(name))) {
            return response->headers[i].value;
        }
    }
    return STR_EMPTY;
}

typedef enum Who { NOBODY, SERVICE, CITIZEN, STRANGER, WHO_COUNT_ } Who;

/* Status for each route and caller; the modes change what nobody may do. */
static void check_table(const int statuses[5][WHO_COUNT_])
{
    static const Str PATHS[] = {STR_INIT("/v2/none"), STR_INIT("/v2/bare"), STR_INIT("/v2/read"),
                                STR_INIT("/v2/write"), STR_INIT("/api/mine")};
    const Str tokens[WHO_COUNT_] = {
        STR_EMPTY, auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism"),
        citizen_token(), STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")};
    for (size_t path = 0; path < 5; path++) {
        for (size_t who = 0; who < WHO_COUNT_; who++) {
            unsigned before = handled;
            Response response = get(PATHS[path], tokens[who], STR_EMPTY);
            if (response.status != statuses[path][who]) {
                fail_msg("%s as %zu: %d", PATHS[path].p, who, response.status);
            }
            assert_int_equal(handled - before, response.status == 200);
            assert_int_equal(header(&response, "WWW-Authenticate").n > 0, response.status != 200);
        }
    }
}

static void test_who_may_what(void **state)
{
    (void)state;
    static const int PUBLIC_READ[5][WHO_COUNT_] = {{200, 200, 200, 200},
                                                   {200, 200, 200, 200},
                                                   {200, 200, 403, 401},
                                                   {401, 200, 403, 401},
                                                   {401, 403, 200, 401}};
    check_table(PUBLIC_READ);
}

static void test_closed_mode(void **state)
{
    (void)state;
    static const int CLOSED[5][WHO_COUNT_] = {{200, 200, 200, 200},
                                              {200, 200, 200, 200},
                                              {401, 200, 403, 401},
                                              {401, 200, 403, 401},
                                              {401, 403, 200, 401}};
    api.is_anonymous_read = false;
    check_table(CLOSED);
}

static void test_open_mode(void **state)
{
    (void)state;
    static const int OPEN[5][WHO_COUNT_] = {{200, 200, 200, 200},
                                            {200, 200, 200, 200},
                                            {200, 200, 403, 401},
                                            {200, 200, 403, 401},
                                            {401, 403, 200, 401}};
    api.is_anonymous_read = false;
    api.is_open_mode = true;
    check_table(OPEN);
}

static void test_principals(void **state)
{
    (void)state;
    Response response =
        get(STR("/v2/read"), auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism"),
            STR_EMPTY);
    assert_int_equal(response.status, 200);
    assert_str(response.client, "kenko");
    assert_int_equal(seen.kind, ACTOR_SERVICE);
    assert_str(seen.purpose, "tourism");
    assert_true(had_snapshot);
    (void)get(STR("/v2/read"), STR_EMPTY, STR_EMPTY);
    assert_int_equal(seen.kind, ACTOR_ANONYMOUS);
    assert_str(seen.client, "");
    assert_str(seen.purpose, "");
    (void)get(STR("/api/mine"), citizen_token(), STR_EMPTY);
    assert_int_equal(seen.kind, ACTOR_CITIZEN);
    (void)get(STR("/v2/bare"), STR_EMPTY, STR_EMPTY);
    assert_false(had_snapshot);
}

/* Open data in another broker goes on while the store is away, for who needs no token. */
static void test_who_needs_the_store(void **state)
{
    (void)state;
    static const char *const open[] = {"/v2/read", "/v2/write"};
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    api.is_open_mode = true;
    (void)get(STR("/v2/read"), STR_EMPTY, STR_EMPTY);
    assert_true(had_snapshot);
    api.is_open_data_outside = true;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(get(str_from(open[i]), STR_EMPTY, STR_EMPTY).status, 200);
        assert_false(had_snapshot);
        assert_int_equal(get(str_from(open[i]), token, STR_EMPTY).status, 200);
        assert_true(had_snapshot);
    }
    (void)get(STR("/v2/none"), STR_EMPTY, STR_EMPTY);
    assert_true(had_snapshot);
    (void)get(STR("/v2/bare"), STR_EMPTY, STR_EMPTY);
    assert_false(had_snapshot);
}

static void test_tenants(void **state)
{
    (void)state;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    assert_int_equal(get(STR("/v2/read"), STR_EMPTY, STR("KASAI")).status, 200);
    assert_str(seen_tenant, "kasai");
    assert_int_equal(get(STR("/v2/read"), token, STR("kasai")).status,
                     401); /* a token of the default tenant */
    assert_int_equal(get(STR("/v2/read"), token, STR_EMPTY).status, 200);
    assert_str(seen_tenant, "");
    Response response = get(STR("/v2/read"), token, STR("a.b"));
    assert_int_equal(response.status, 400);
    assert_str(response.body,
               "{\"error\":\"BadRequest\",\"description\":\"bad character in tenant name - "
               "only underscore and alphanumeric characters are allowed\"}");
}

static void test_errors_on_surfaces(void **state)
{
    (void)state;
    Response response = get(STR("/v2/fail"), STR_EMPTY, STR_EMPTY);
    assert_int_equal(response.status, 404);
    assert_str(response.body, "{\"error\":\"NotFound\",\"description\":"
                              "\"The requested entity has not been found. Check type and id\"}");
    assert_str(header(&response, "Location"), ""); /* what the handler had announced */
    response = get(STR("/api/fail"), STR_EMPTY, STR_EMPTY);
    assert_str(response.content_type, "application/problem+json");
    assert_str(header(&response, "Cache-Control"), "no-store");
    response = get(STR("/v2/nowhere"), STR_EMPTY, STR_EMPTY);
    assert_int_equal(response.status, 400);
    response = get(STR("/api/nowhere"), STR_EMPTY, STR_EMPTY);
    assert_int_equal(response.status, 404);
}

/* --- limits ----------------------------------------------------------------------------------- */

static RateLimiter *limit(int64_t client, int64_t citizen, int64_t source)
{
    RateLimits limits = {.total_per_second = {client, citizen, source}, .nodes = 1};
    RateLimiter *limiter = NULL;
    assert_ok(rate_limiter_new(city.core.ports, &limits, &limiter));
    api.limiter = limiter;
    return limiter;
}

/* How many of 30 requests are answered before the first 429, which says when to come again. */
static unsigned answered(Str path, Str token)
{
    for (unsigned count = 0; count < 30; count++) {
        Response response = get(path, token, STR_EMPTY);
        if (response.status == 429) {
            assert_str(header(&response, "Retry-After"), "1");
            return count;
        }
    }
    return 30;
}

static void test_who_is_limited(void **state)
{
    (void)state;
    Str kenko = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    Str sdgs = auth_city_token(&city, city.sdgs, "sdgs", "");
    Str citizen = citizen_token();
    CLEANUP(rate_limiter_free) RateLimiter *limiter = limit(5, 4, 0);
    assert_int_equal(answered(STR("/v2/read"), kenko), 10);
    assert_int_equal(answered(STR("/v2/read"), sdgs), 10); /* not the other's bucket */
    assert_int_equal(answered(STR("/api/mine"), citizen), 8);
    assert_int_equal(answered(STR("/v2/read"), STR_EMPTY), 30); /* on this machine */
    assert_int_equal(answered(STR("/health"), STR_EMPTY), 30);
    fake_clock_advance(&city.fake, CLOCK_SECOND_US);
    assert_int_equal(answered(STR("/v2/read"), kenko), 5);
}

/* A source is limited before it is known who it is, whatever it sends. */
static void test_sources_are_limited(void **state)
{
    (void)state;
    Str bad = STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    CLEANUP(rate_limiter_free) RateLimiter *limiter = limit(0, 0, 5);
    peer = STR("2001:db8:1:2::1");
    assert_int_equal(answered(STR("/v2/read"), bad), 10);
    peer = STR("2001:db8:1:2:ffff::9"); /* the same /64 */
    assert_int_equal(answered(STR("/v2/none"), STR_EMPTY), 0);
    peer = STR("2001:db8:1:3::1");
    assert_int_equal(answered(STR("/v2/none"), STR_EMPTY), 10);
    peer = STR("192.0.2.7");
    assert_int_equal(answered(STR("/v2/none"), STR_EMPTY), 10);
    peer = STR("192.0.2.8");
    assert_int_equal(answered(STR("/health"), STR_EMPTY), 30);
    peer = STR("127.0.0.1");
    assert_int_equal(answered(STR("/v2/none"), STR_EMPTY), 30);
}

static void test_proxies_are_believed_when_trusted(void **state)
{
    (void)state;
    static const Str TRUSTED[] = {STR_INIT("unix")};
    Str token = auth_city_token(&city, city.kenko, "kenko", "");
    (void)get(STR("/v2/read"), token, STR_EMPTY);
    assert_str(seen.address, "unix");
    forwarded_for = STR("203.0.113.9");
    (void)get(STR("/v2/read"), token, STR_EMPTY);
    assert_str(seen.address, "unix"); /* nobody is trusted */
    api.trusted_proxies = (StrList){.items = TRUSTED, .count = 1};
    (void)get(STR("/v2/read"), token, STR_EMPTY);
    assert_str(seen.address, "203.0.113.9");
    forwarded_for = STR("unknown");
    assert_int_equal(get(STR("/v2/read"), token, STR_EMPTY).status, 400);
}

/* --- /metrics --------------------------------------------------------------------------------- */

static void test_who_watches(void **state)
{
    (void)state;
    static const Str NAMED[] = {STR_INIT("sdgs")};
    Str kenko = auth_city_token(&city, city.kenko, "kenko", "");
    Str sdgs = auth_city_token(&city, city.sdgs, "sdgs", "");
    Str watch = STR("/watch");
    peer = STR("127.0.0.1");
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 200);
    assert_false(had_snapshot); /* also when the store is away */
    peer = STR("::1");
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 200);
    forwarded_for = STR("127.0.0.1"); /* some proxy's: who knows of whom */
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 401);
    forwarded_for = STR_EMPTY;
    peer = STR("unix");
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 401);
    peer = STR("192.0.2.7");
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 401);
    assert_int_equal(get(watch, sdgs, STR_EMPTY).status, 403);
    api.metrics_clients = (StrList){.items = NAMED, .count = 1};
    assert_int_equal(get(watch, sdgs, STR_EMPTY).status, 200);
    assert_int_equal(get(watch, kenko, STR_EMPTY).status, 403);
    assert_int_equal(get(watch, citizen_token(), STR_EMPTY).status, 403);
    api.is_open_mode = true;
    assert_int_equal(get(watch, STR_EMPTY, STR_EMPTY).status, 401);
}

/* The store lends 16 snapshots: a leak of one a request would show at the 17th. */
static void test_no_snapshot_stays_open(void **state)
{
    (void)state;
    Str token = STR("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    for (int i = 0; i < 40; i++) {
        assert_int_equal(get(STR("/v2/none"), STR_EMPTY, STR_EMPTY).status, 200);
        assert_int_equal(get(STR("/v2/fail"), STR_EMPTY, STR_EMPTY).status, 404);
        assert_int_equal(get(STR("/v2/read"), token, STR_EMPTY).status, 401);
        assert_int_equal(get(STR("/v2/write"), STR_EMPTY, STR_EMPTY).status, 401);
    }
}

static void test_sealed_vault(void **state)
{
    (void)state;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    keyring_seal(city.keyring);
    assert_int_equal(get(STR("/v2/read"), token, STR_EMPTY).status, 503);
    assert_int_equal(get(STR("/api/mine"), token, STR_EMPTY).status, 503);
    assert_int_equal(get(STR("/v2/read"), STR_EMPTY, STR_EMPTY).status,
                     200); /* open data goes on */
}

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_may_what),        TEST(test_closed_mode),
        TEST(test_open_mode),           TEST(test_principals),
        TEST(test_who_needs_the_store), TEST(test_tenants),
        TEST(test_errors_on_surfaces),  TEST(test_who_is_limited),
        TEST(test_sources_are_limited), TEST(test_proxies_are_believed_when_trusted),
        TEST(test_who_watches),         TEST(test_no_snapshot_stays_open),
        TEST(test_sealed_vault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
