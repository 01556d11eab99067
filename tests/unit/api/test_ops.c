/* What the program says of itself: alive, ready or why not, which version. */
#include <string.h>

#include "check.h"
#include "fake_ports.h"
#include "json.h"
#include "ops.h"

static Arena *arena;
static FakePorts fake;
static size_t reason_count;

static size_t readiness(void *context, Arena *of, Deadline deadline, ApiReadiness *ret_reasons)
{
    (void)context;
    (void)of;
    (void)deadline;
    for (size_t i = 0; i < reason_count; i++) {
        ret_reasons[i] = (ApiReadiness){.part = STR("vault"),
                                        .reason = STR("key file run/keys/kek is missing"),
                                        .remedy = STR("put it back")};
    }
    return reason_count;
}

static const Api API = {.issuer = STR_INIT("http://127.0.0.1:8026"),
                        .version = STR_INIT("0.1.0"),
                        .build = STR_INIT("abc"),
                        .started_us = FAKE_START_US,
                        .readiness = readiness};

static int setup(void **state)
{
    (void)state;
    fake_ports_init(&fake, 1);
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    fake_ports_done(&fake);
    return 0;
}

static void ask(RouteHandler handler, int64_t now_us, Response *ret_response)
{
    Request request = {.arena = arena, .surface = SURFACE_V2};
    ApiCall call = {.api = &API, .request = &request};
    call.broker.vault.now_us = now_us;
    response_init(ret_response);
    assert_ok(handler(&call, ret_response));
}

static void test_entry_point(void **state)
{
    (void)state;
    Response response;
    ask(ops_entry_point, 0, &response);
    assert_str(
        response.body,
        "{\"entities_url\":\"/v2/entities\",\"types_url\":\"/v2/types\","
        "\"subscriptions_url\":\"/v2/subscriptions\",\"registrations_url\":\"/v2/registrations\"}");
}

static void test_version(void **state)
{
    (void)state;
    Response response;
    int64_t seconds = 2 * 86400 + 3 * 3600 + 4 * 60 + 5;
    ask(ops_version, FAKE_START_US + seconds * CLOCK_SECOND_US, &response);
    assert_str(
        response.body,
        "{\"musubi\":{\"version\":\"0.1.0\",\"build\":\"abc\",\"uptime\":\"2 d, 3 h, 4 m, 5 s\"},"
        "\"orion\":{\"version\":\"4.7.0-musubi-0.1.0\",\"uptime\":\"2 d, 3 h, 4 m, 5 s\","
        "\"doc\":\"NGSIv2 as Orion 4.7.0 speaks it, served by Musubi\"}}");
}

static void test_alive(void **state)
{
    (void)state;
    Response response;
    ask(ops_healthz, 0, &response);
    assert_int_equal(response.status, 200);
    assert_str(response.body, "{\"alive\":true}");
}

static void test_ready(void **state)
{
    (void)state;
    Response response;
    reason_count = 0;
    ask(ops_readyz, 0, &response);
    assert_int_equal(response.status, 200);
    assert_str(response.body, "{\"ready\":true,\"reasons\":[]}");
    reason_count = 1;
    ask(ops_readyz, 0, &response);
    assert_int_equal(response.status, 503);
    assert_str(response.body,
               "{\"ready\":false,\"reasons\":[{\"part\":\"vault\","
               "\"reason\":\"key file run/keys/kek is missing\",\"remedy\":\"put it back\"}]}");
    reason_count = API_READINESS_MAX;
    ask(ops_readyz, 0, &response);
    JsonValue root;
    JsonValue reasons;
    assert_ok(json_parse(arena, response.body, JSON_LIMITS_API, &root));
    assert_true(json_member(root, STR("reasons"), &reasons));
    assert_int_equal(json_count(reasons), API_READINESS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entry_point),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_alive),
        cmocka_unit_test(test_ready),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
