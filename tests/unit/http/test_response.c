/* Errors on each surface, header hygiene, and an answer when the arena is used up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "response.h"

static Arena *arena;
static Response response;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    response_init(&response);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static Request request_on(Surface surface)
{
    return (Request){.arena = arena,
                     .surface = surface,
                     .id = STR("r-1"),
                     .reserve = arena_alloc(arena, REQUEST_RESERVE_BYTES)};
}

static Str header(const char *name)
{
    for (size_t i = 0; i < response.header_count; i++) {
        if (str_eq(response.headers[i].name, str_from(name))) {
            return response.headers[i].value;
        }
    }
    return STR_EMPTY;
}

static void check(Surface surface, Error error, int status, Str type, Str body)
{
    Request request = request_on(surface);
    response_init(&response);
    response_error(&response, &request, error);
    assert_int_equal(response.status, status);
    assert_true(str_eq(response.content_type, type));
    if (!str_eq(response.body, body)) {
        fail_msg("%.*s", STR_FORMAT(response.body));
    }
}

static void test_surfaces(void **state)
{
    (void)state;
    check(SURFACE_V2, FAIL(ENTITY_EXISTS, NULL), 422, STR("application/json"),
          STR("{\"error\":\"Unprocessable\",\"description\":\"Already Exists\"}"));
    check(SURFACE_PROBLEM, FAIL(API_UNKNOWN_ROUTE, NULL), 404, STR("application/problem+json"),
          STR("{\"type\":\"urn:musubi:error.unknown_route\",\"title\":\"NotFound\",\"status\":404,"
              "\"detail\":\"there is nothing at this address\",\"requestId\":\"r-1\"}"));
    check(SURFACE_OAUTH, FAIL(OAUTH_SCOPE, "no such purpose"), 400, STR("application/json"),
          STR("{\"error\":\"invalid_scope\",\"error_description\":\"no such purpose\"}"));
    check(SURFACE_OAUTH, FAIL(ENTITY_EXISTS, NULL), 422, STR("application/json"),
          STR("{\"error\":\"invalid_request\",\"error_description\":\"Already Exists\"}"));
    check(SURFACE_V2, FAIL(BODY_TOO_LARGE, "1048632"), 413, STR("application/json"),
          STR("{\"error\":\"RequestEntityTooLarge\","
              "\"description\":\"payload size: 1048632, max size supported: 1048576\"}"));
}

static void test_headers_of_errors(void **state)
{
    (void)state;
    check(SURFACE_V2, FAIL(TOKEN_MISSING, NULL), 401, STR("application/json"),
          STR("{\"error\":\"Unauthorized\",\"description\":\"an access token is needed here\"}"));
    assert_true(str_eq(header("WWW-Authenticate"), STR("Bearer realm=\"musubi\"")));
    Request request = request_on(SURFACE_PROBLEM);
    response_init(&response);
    response_error(&response, &request, FAIL(TOKEN_INVALID, NULL));
    assert_true(str_eq(header("WWW-Authenticate"),
                       STR("Bearer realm=\"musubi\", error=\"invalid_token\"")));
    response_init(&response);
    response_error(&response, &request, FAIL(TOKEN_KIND, NULL));
    assert_int_equal(response.status, 403);
    assert_true(str_eq(header("WWW-Authenticate"),
                       STR("Bearer realm=\"musubi\", error=\"insufficient_scope\"")));
    response_init(&response);
    response_error(&response, &request, FAIL(OVERLOADED, NULL));
    assert_int_equal(response.status, 503);
    assert_true(str_eq(header("Retry-After"), STR("1")));
    request.surface = SURFACE_OAUTH;
    response_init(&response);
    response_error(&response, &request, FAIL(OAUTH_GRANT_TYPE, NULL));
    assert_true(str_eq(header("Cache-Control"), STR("no-store")));
    assert_true(str_eq(header("WWW-Authenticate"), STR_EMPTY));
}

static void test_unsafe_argument_is_not_shown(void **state)
{
    (void)state;
    check(SURFACE_V2, FAIL(INTERNAL, "secret"), 500, STR("application/json"),
          STR("{\"error\":\"InternalServerError\",\"description\":\"internal error\"}"));
    assert_string_equal(response.error.argument, "secret"); /* kept for the process log */
}

static void test_no_splitting(void **state)
{
    (void)state;
    static const Str BAD[] = {STR_INIT("a\r\nSet-Cookie: x"), STR_INIT("a\nb"), STR_INIT("a\0b"),
                              STR_INIT("\x7f")};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_int_equal(response_header(&response, STR("Location"), BAD[i]).reason,
                         REASON_INTERNAL);
        assert_int_equal(response.header_count, 0);
    }
    for (size_t i = 0; i < RESPONSE_HEADERS_MAX; i++) {
        assert_false(FAILED(response_header(&response, STR("X"), STR("y"))));
    }
    assert_true(FAILED(response_header(&response, STR("X"), STR("y"))));
}

static void test_answer_without_memory(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *tight = arena_new(REQUEST_RESERVE_BYTES);
    Request request = {.arena = tight,
                       .surface = SURFACE_V2,
                       .id = STR("r"),
                       .reserve = arena_alloc(tight, REQUEST_RESERVE_BYTES)};
    assert_non_null(request.reserve);
    response_error(&response, &request, FAIL(BUDGET_EXCEEDED, NULL));
    assert_int_equal(response.status, 413);
    assert_true(str_starts_with(response.body, STR("{\"error\":\"RequestEntityTooLarge\"")));
    request.reserve = NULL; /* not even that: the status still stands */
    response_error(&response, &request, FAIL(BUDGET_EXCEEDED, NULL));
    assert_int_equal(response.status, 413);
    assert_true(response.body.n > 0);
}

static void test_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    Buf long_text = buf_in(arena);
    for (int i = 0; i < 1000; i++) {
        buf_add(&long_text, STR("\xe7\xb5\x90"));
    }
    Str text;
    assert_false(FAILED(buf_finish(&long_text, &text)));
    Request request = request_on(SURFACE_OAUTH);
    response_error(&response, &request, FAIL(OAUTH_REQUEST, str_argument(arena, text)));
    assert_true(str_ends_with(response.body, STR("\xe7\xb5\x90\"}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_surfaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_headers_of_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsafe_argument_is_not_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_splitting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answer_without_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_text_is_cut_at_a_character, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
