/* The router: which row a path and method meet, what a capture holds, what Allow says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router.h"
#include "target.h"

static const Route ROUTES[] = {
    {HTTP_GET, "/v2", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_POST, "/v2/entities", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_GET, "/v2/entities", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_GET, "/v2/entities/{id}", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_PATCH, "/v2/entities/{id}/attrs", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_POST, "/api/citizen/grants/{id}/withdraw", ROUTE_AUTH_CITIZEN, 0, NULL},
    {HTTP_GET, "/", ROUTE_AUTH_NONE, 0, NULL},
};
static const Router ROUTER = {.routes = ROUTES, .count = sizeof ROUTES / sizeof ROUTES[0]};

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static Request request_of(HttpMethod method, Str path)
{
    Target target;
    assert_false(FAILED(target_decode_in(arena, path, &target)));
    return (Request){.arena = arena,
                     .method = method,
                     .segments = target.segments,
                     .segment_count = target.segment_count,
                     .surface =
                         surface_of(target.segment_count == 0 ? STR_EMPTY : target.segments[0])};
}

static void test_found(void **state)
{
    (void)state;
    static const struct {
        HttpMethod method;
        Str path;
        size_t row;
    } CASES[] = {
        {HTTP_GET, STR_INIT("/v2"), 0},
        {HTTP_GET, STR_INIT("/v2/"), 0},
        {HTTP_POST, STR_INIT("/v2/entities"), 1},
        {HTTP_GET, STR_INIT("/v2/entities/"), 2},
        {HTTP_GET, STR_INIT("/v2/entities/entities"), 3},
        {HTTP_PATCH, STR_INIT("/v2/entities/x/attrs"), 4},
        {HTTP_GET, STR_INIT("/"), 6},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Request request = request_of(CASES[i].method, CASES[i].path);
        Response response;
        response_init(&response);
        assert_false(FAILED(router_match(&ROUTER, &request, &response)));
        assert_ptr_equal(request.route, &ROUTES[CASES[i].row]);
        assert_true(str_eq(response.route, str_from(ROUTES[CASES[i].row].pattern)));
    }
}

static void test_captures(void **state)
{
    (void)state;
    Request request = request_of(HTTP_POST, STR("/api/citizen/grants/a%20b/withdraw"));
    Response response;
    response_init(&response);
    assert_false(FAILED(router_match(&ROUTER, &request, &response)));
    assert_int_equal(request.capture_count, 1);
    assert_true(str_eq(request.captures[0], STR("a b")));
}

static void test_unknown(void **state)
{
    (void)state;
    static const struct {
        Str path;
        ErrorReason reason;
    } CASES[] = {
        {STR_INIT("/v2/foo"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/V2"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/v2/entities/x/foo"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/v2/entities/x/attrs/y"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/foo"), REASON_UNKNOWN_ROUTE},
        {STR_INIT("/api"), REASON_API_UNKNOWN_ROUTE},
        {STR_INIT("/api/citizen/grants/x"), REASON_API_UNKNOWN_ROUTE},
        {STR_INIT("/oauth2/x"), REASON_API_UNKNOWN_ROUTE},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Request request = request_of(HTTP_GET, CASES[i].path);
        Response response;
        response_init(&response);
        assert_int_equal(router_match(&ROUTER, &request, &response).reason, CASES[i].reason);
        assert_null(request.route);
        assert_int_equal(response.header_count, 0);
    }
}

static void test_allow(void **state)
{
    (void)state;
    static const struct {
        HttpMethod method;
        Str path;
        Str allow;
    } CASES[] = {
        {HTTP_PUT, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_HEAD, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_OPTIONS, STR_INIT("/v2/entities/"), STR_INIT("POST, GET")},
        {HTTP_OTHER, STR_INIT("/v2/entities"), STR_INIT("POST, GET")},
        {HTTP_POST, STR_INIT("/v2"), STR_INIT("GET")},
        {HTTP_GET, STR_INIT("/v2/entities/x/attrs"), STR_INIT("PATCH")},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Request request = request_of(CASES[i].method, CASES[i].path);
        Response response;
        response_init(&response);
        assert_int_equal(router_match(&ROUTER, &request, &response).reason,
                         REASON_METHOD_NOT_ALLOWED);
        assert_int_equal(response.header_count, 1);
        assert_true(str_eq(response.headers[0].name, STR("Allow")));
        assert_true(str_eq(response.headers[0].value, CASES[i].allow));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_allow),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
