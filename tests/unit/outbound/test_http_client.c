/* The client against servers that answer well, badly, late or not at all: what leaves, what comes
 * back, what is sent twice and what never is. */
#include "http_client.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "scripted_upstream.h"

#define ANSWER_BYTES_MAX 10000
#define SHORT_US ((int64_t)200000)
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static const ScriptStep WELL[] = {{.answer = OK_ANSWER}};

typedef struct Fixture {
    Arena *arena;
    ScriptedUpstream *upstream;
    HttpClient *client;
} Fixture;

static HttpClient *client_of(Str url)
{
    const HttpClientOptions options = {.base_url = url};
    HttpClient *client = NULL;
    assert_ok(http_client_new(&options, &client));
    return client;
}

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)4 << 20);
    fixture->upstream = scripted_start(WELL, 1);
    fixture->client = client_of(scripted_url(fixture->upstream));
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    (void)http_client_free(fixture->client);
    (void)scripted_stop(fixture->upstream);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static HttpCall call_of(const char *method, const char *target)
{
    return (HttpCall){.method = method,
                      .target = str_from(target),
                      .is_repeatable = strcmp(method, "GET") == 0,
                      .deadline = deadline_in(ports_system()->clock, 5 * CLOCK_SECOND_US),
                      .answer_bytes_max = ANSWER_BYTES_MAX};
}

static Error send_call(Fixture *fixture, HttpCall call, HttpAnswer *ret_answer)
{
    return http_client_send(fixture->client, fixture->arena, &call, ret_answer);
}

static HttpAnswer get(Fixture *fixture)
{
    HttpAnswer answer;
    assert_ok(send_call(fixture, call_of("GET", "/a"), &answer));
    return answer;
}

/* --- what leaves ------------------------------------------------------------------------------ */

static void expect_request(Fixture *fixture, size_t i, const char *line, const char *rest)
{
    char wanted[512];
    Str host = str_slice(scripted_url(fixture->upstream), 7, 64);
    (void)snprintf(wanted, sizeof wanted, "%s HTTP/1.1\r\nHost: %.*s\r\n%s", line, STR_FORMAT(host),
                   rest);
    assert_str(scripted_request(fixture->upstream, i), wanted);
}

static void test_what_the_caller_says_leaves_and_nothing_else(void **state)
{
    Fixture *fixture = *state;
    const HttpField fields[] = {{STR("Fiware-Service"), STR("kasai")},
                                {STR("Content-Type"), STR("application/json")}};
    HttpAnswer answer;
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    (void)get(fixture);
    HttpCall post = call_of("POST", "/a%2Fb/../c?x=%26&y");
    post.fields = fields;
    post.field_count = 2;
    post.body = STR("{}");
    assert_ok(send_call(fixture, post, &answer));
    HttpCall patch = call_of("PATCH", "/p");
    patch.body = STR("x");
    assert_ok(send_call(fixture, patch, &answer));
    assert_ok(send_call(fixture, call_of("DELETE", "/d"), &answer));
    expect_request(fixture, 0, "GET /a", "\r\n");
    expect_request(fixture, 1, "POST /a%2Fb/../c?x=%26&y",
                   "Fiware-Service: kasai\r\nContent-Type: application/json\r\n"
                   "Content-Length: 2\r\n\r\n{}");
    expect_request(fixture, 2, "PATCH /p", "Content-Length: 1\r\n\r\nx");
    expect_request(fixture, 3, "DELETE /d", "\r\n");
    (void)unsetenv("http_proxy");
    (void)unsetenv("ALL_PROXY");
}

static void test_control_bytes_never_leave(void **state)
{
    Fixture *fixture = *state;
    const HttpField field = {STR("Fiware-Service"), STR("a\r\nX-Auth-Token: b")};
    HttpAnswer answer;
    HttpCall call = call_of("GET", "/a");
    call.fields = &field;
    call.field_count = 1;
    assert_fails(send_call(fixture, call, &answer), INTERNAL);
    assert_fails(send_call(fixture, call_of("GET", "/a\r\nHost: b"), &answer), INTERNAL);
    assert_fails(send_call(fixture, call_of("GET", "@evil.example/"), &answer), INTERNAL);
    assert_fails(send_call(fixture, call_of("GET", ""), &answer), INTERNAL);
    assert_int_equal(scripted_requests(fixture->upstream), 0);
}

static void test_a_long_body_arrives_whole(void **state)
{
    Fixture *fixture = *state;
    HttpAnswer answer;
    const size_t n = (size_t)1 << 20;
    char *bytes = arena_alloc(fixture->arena, n);
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (char)('a' + i % 23);
    }
    HttpCall call = call_of("POST", "/a");
    call.body = (Str){.p = bytes, .n = n};
    assert_ok(send_call(fixture, call, &answer));
    assert_true(str_ends_with(scripted_request(fixture->upstream, 0), call.body));
}

/* --- what comes back -------------------------------------------------------------------------- */

typedef struct Answering {
    ScriptStep step;
    ErrorReason reason; /* NONE: status, field X and body are those given */
    int status;
    const char *field;
    const char *body;
} Answering;

static const Answering ANSWERINGS[] = {
    {{.answer = OK_ANSWER}, REASON_NONE, 200, "", "ok"},
    {{.answer = "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"}, REASON_NONE, 204, "1", ""},
    {{.answer =
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"},
     REASON_NONE,
     200,
     "",
     "abc"},
    {{.answer = "HTTP/1.0 200 OK\r\nx:  padded \r\n\r\nto the end", .end = SCRIPT_CLOSE},
     REASON_NONE,
     200,
     "padded",
     "to the end"},
    {{.answer = "HTTP/1.1 100 Continue\r\nX: 0\r\n\r\nHTTP/1.1 201 Created\r\nX: 2\r\n"
                "Content-Length: 0\r\n\r\n"},
     REASON_NONE,
     201,
     "2",
     ""},
    {{.answer = "HTTP/1.1 302 Found\r\nX: 3\r\nLocation: http://127.0.0.1:1/\r\n"
                "Content-Length: 0\r\n\r\n"},
     REASON_NONE,
     302,
     "3",
     ""},
    {{.answer = "HTTP/1.1 500 Oh\r\nContent-Length: 3\r\n\r\nbad"}, REASON_NONE, 500, "", "bad"},
    {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", .end = SCRIPT_CLOSE},
     REASON_UPSTREAM_UNAVAILABLE,
     0,
     NULL,
     NULL},
    {{.answer = "HTTP/1.1 200 OK\r\n\r\n",
      .filler = "0123456789abcdef",
      .repeats = 1000,
      .end = SCRIPT_CLOSE},
     REASON_UPSTREAM_ANSWER,
     0,
     NULL,
     NULL},
    {{.answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .end = SCRIPT_CLOSE},
     REASON_UPSTREAM_UNAVAILABLE,
     0,
     NULL,
     NULL},
    {{.answer = "220 mail ready\r\n", .end = SCRIPT_CLOSE}, REASON_UPSTREAM_ANSWER, 0, NULL, NULL},
    {{.answer = "\x16\x03\x01\x02", .end = SCRIPT_CLOSE}, REASON_UPSTREAM_ANSWER, 0, NULL, NULL},
    {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .end = SCRIPT_CLOSE},
     REASON_UPSTREAM_UNAVAILABLE,
     0,
     NULL,
     NULL},
    {{.answer = "HTTP/1.1 200 OK\r\nContent-Le", .end = SCRIPT_RESET},
     REASON_UPSTREAM_UNAVAILABLE,
     0,
     NULL,
     NULL},
    {{.end = SCRIPT_CLOSE}, REASON_UPSTREAM_UNAVAILABLE, 0, NULL, NULL},
    {{.end = SCRIPT_RESET}, REASON_UPSTREAM_UNAVAILABLE, 0, NULL, NULL},
    {{.end = SCRIPT_HANG}, REASON_DEADLINE, 0, NULL, NULL},
    {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", .end = SCRIPT_HANG},
     REASON_DEADLINE,
     0,
     NULL,
     NULL},
};

static void check_answering(Fixture *fixture, const Answering *row, size_t i)
{
    HttpAnswer answer = {.status = -1};
    HttpCall call = call_of("GET", "/a");
    if (row->step.end == SCRIPT_HANG) {
        call.deadline = deadline_in(ports_system()->clock, SHORT_US);
    }
    scripted_play(fixture->upstream, &row->step, 1);
    Error error = send_call(fixture, call, &answer);
    if ((FAILED(error) ? error.reason : REASON_NONE) != row->reason) {
        fail_msg("row %zu: %s (%s)", i, error_words(error.reason)->name,
                 error.argument == NULL ? "" : error.argument);
    }
    if (row->reason != REASON_NONE) {
        assert_int_equal(answer.status, -1);
        return;
    }
    assert_int_equal(answer.status, row->status);
    assert_str(http_answer_field(&answer, STR("x")), row->field);
    assert_str(answer.body, row->body);
}

static void test_answers(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof ANSWERINGS / sizeof ANSWERINGS[0]; i++) {
        check_answering(fixture, &ANSWERINGS[i], i);
        scripted_play(fixture->upstream, WELL, 1); /* none of them spoils the next */
        assert_int_equal(get(fixture).status, 200);
    }
}

static void test_an_answer_as_long_as_allowed(void **state)
{
    Fixture *fixture = *state;
    const ScriptStep steps[] = {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n",
                                 .filler = "0123456789",
                                 .repeats = 1000},
                                {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n!",
                                 .filler = "0123456789",
                                 .repeats = 1000,
                                 .end = SCRIPT_CLOSE}};
    HttpAnswer answer;
    scripted_play(fixture->upstream, steps, 2);
    assert_int_equal(get(fixture).body.n, ANSWER_BYTES_MAX);
    assert_fails(send_call(fixture, call_of("GET", "/a"), &answer), UPSTREAM_ANSWER);
}

static void test_an_arena_that_is_too_small(void **state)
{
    Fixture *fixture = *state;
    CLEANUP(arena_free) Arena *small = arena_new(2048);
    const ScriptStep step = {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
                             .filler = "0123456789",
                             .repeats = 500};
    HttpAnswer answer;
    scripted_play(fixture->upstream, &step, 1);
    HttpCall call = call_of("GET", "/a");
    assert_fails(http_client_send(fixture->client, small, &call, &answer), BUDGET_EXCEEDED);
}

/* --- connections ------------------------------------------------------------------------------ */

static void test_a_connection_serves_again(void **state)
{
    Fixture *fixture = *state;
    HttpAnswer answer;
    for (int i = 0; i < 10; i++) {
        (void)get(fixture);
        HttpCall call = call_of("POST", "/a");
        call.body = STR("{}");
        assert_ok(send_call(fixture, call, &answer));
    }
    assert_int_equal(scripted_connections(fixture->upstream), 1);
}

static void test_a_connection_that_was_closed_meanwhile_is_replaced(void **state)
{
    Fixture *fixture = *state;
    HttpAnswer answer;
    for (int i = 0; i < 3; i++) {
        (void)get(fixture);
        scripted_close_open(fixture->upstream);
        HttpCall call = call_of("POST", "/a");
        call.body = STR("{}");
        assert_ok(send_call(fixture, call, &answer));
        scripted_close_open(fixture->upstream);
    }
    assert_int_equal(scripted_requests(fixture->upstream), 6);
}

/* A server that takes a request on a kept connection and dies may have done it. */
static void test_only_what_may_be_repeated_is_sent_again(void **state)
{
    Fixture *fixture = *state;
    const ScriptStep dies_once[] = {
        {.answer = OK_ANSWER}, {.end = SCRIPT_RESET}, {.answer = OK_ANSWER}};
    static const char *const methods[] = {"GET", "POST", "PATCH", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        HttpAnswer answer;
        HttpCall call = call_of(methods[i], "/second");
        bool has_body = i > 0 && i < 4;
        call.body = has_body ? STR("{\"a\":{\"value\":{\"$inc\":1}}}") : STR_EMPTY;
        scripted_play(fixture->upstream, dies_once, 3);
        size_t before = scripted_requests(fixture->upstream);
        (void)get(fixture);
        Error error = send_call(fixture, call, &answer);
        size_t sent = scripted_requests(fixture->upstream) - before - 1;
        if (i == 0) {
            assert_ok(error);
            assert_int_equal(sent, 2);
        } else {
            assert_fails(error, UPSTREAM_UNSETTLED);
            assert_int_equal(sent, 1);
        }
    }
}

static void test_a_write_without_an_answer_is_unsettled(void **state)
{
    Fixture *fixture = *state;
    const ScriptStep hang = {.end = SCRIPT_HANG};
    HttpAnswer answer;
    scripted_play(fixture->upstream, &hang, 1);
    HttpCall call = call_of("POST", "/a");
    call.body = STR("{}");
    call.deadline = deadline_in(ports_system()->clock, SHORT_US);
    int64_t start_us = ports_system()->clock->monotonic_us(ports_system()->clock);
    assert_fails(send_call(fixture, call, &answer), UPSTREAM_UNSETTLED);
    int64_t took_us = ports_system()->clock->monotonic_us(ports_system()->clock) - start_us;
    assert_in_range(took_us, SHORT_US / 2, SHORT_US * 5);
    call.deadline = deadline_in(ports_system()->clock, 0);
    assert_fails(send_call(fixture, call, &answer), DEADLINE);
    assert_int_equal(scripted_requests(fixture->upstream), 1);
}

static void test_nobody_listens(void **state)
{
    Fixture *fixture = *state;
    ScriptedUpstream *gone = scripted_start(WELL, 1);
    CLEANUP(http_client_free) HttpClient *client = client_of(scripted_url(gone));
    (void)scripted_stop(gone);
    HttpAnswer answer;
    HttpCall call = call_of("POST", "/a");
    call.body = STR("{}");
    assert_fails(http_client_send(client, fixture->arena, &call, &answer), UPSTREAM_UNAVAILABLE);
}

#define THREADS 8
#define CALLS_EACH 40

static void *call_often(void *context)
{
    Fixture *fixture = context;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)4 << 20);
    for (int i = 0; i < CALLS_EACH; i++) {
        HttpAnswer answer;
        HttpCall call = call_of("GET", "/a");
        if (FAILED(http_client_send(fixture->client, arena, &call, &answer))) {
            return context;
        }
        arena_reset(arena);
    }
    return NULL;
}

static void test_many_threads_share_a_client(void **state)
{
    Fixture *fixture = *state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, fixture), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed = fixture;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(scripted_requests(fixture->upstream), THREADS * CALLS_EACH);
    assert_in_range(scripted_connections(fixture->upstream), 1, THREADS);
}

/* Calls that hang leave room for nobody but themselves. */
static void *call_and_hang(void *context)
{
    HttpClient *client = context;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    HttpAnswer answer;
    HttpCall call = call_of("GET", "/a");
    return FAILED(http_client_send(client, arena, &call, &answer)) ? context : NULL;
}

static void test_more_calls_than_may_be_under_way_are_refused(void **state)
{
    Fixture *fixture = *state;
    const ScriptStep hang = {.end = SCRIPT_HANG};
    const HttpClientOptions options = {.base_url = scripted_url(fixture->upstream), .calls_max = 2};
    CLEANUP(http_client_free) HttpClient *client = NULL;
    pthread_t threads[2];
    HttpAnswer answer;
    assert_ok(http_client_new(&options, &client));
    scripted_play(fixture->upstream, &hang, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_and_hang, client), 0);
    }
    while (scripted_requests(fixture->upstream) < 2) {
    }
    HttpCall call = call_of("GET", "/a");
    assert_fails(http_client_send(client, fixture->arena, &call, &answer), UPSTREAM_UNAVAILABLE);
    assert_int_equal(scripted_requests(fixture->upstream), 2);
    scripted_close_open(fixture->upstream);
    for (size_t i = 0; i < 2; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_non_null(failed);
    }
    scripted_play(fixture->upstream, WELL, 1);
    assert_ok(http_client_send(client, fixture->arena, &call, &answer));
}

/* --- where to --------------------------------------------------------------------------------- */

static void test_base_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool is_fine;
    } rows[] = {
        {"http://orion:1026", true},
        {"https://orion.example/base", true},
        {"http://[::1]:1026", true},
        {"", false},
        {"http://", false},
        {"orion:1026", false},
        {"ftp://orion", false},
        {"file:///etc/passwd", false},
        {"http://orion:1026/", false},
        {"http://user:secret@orion", false},
        {"http://orion?x=1", false},
        {"http://orion#x", false},
        {"http://orion\r\nHost: x", false},
        {"http://ori on", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const HttpClientOptions options = {.base_url = str_from(rows[i].url)};
        CLEANUP(http_client_free) HttpClient *client = NULL;
        Error error = http_client_new(&options, &client);
        if (FAILED(error) == rows[i].is_fine) {
            fail_msg("%s", rows[i].url);
        }
        assert_true(rows[i].is_fine || error.reason == REASON_CONF_BAD_VALUE);
    }
}

typedef struct Doorman {
    bool lets_in;
    int asked;
    uint32_t address;
} Doorman;

static bool ask_doorman(void *context, const struct sockaddr *address)
{
    Doorman *doorman = context;
    doorman->asked++;
    assert_int_equal(address->sa_family, AF_INET);
    doorman->address = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
    return doorman->lets_in;
}

static void test_the_address_is_asked_for_before_a_connection_is_made(void **state)
{
    Fixture *fixture = *state;
    Doorman doorman = {.lets_in = false};
    const HttpClientOptions options = {.base_url = scripted_url(fixture->upstream),
                                       .allows = ask_doorman,
                                       .allows_context = &doorman};
    CLEANUP(http_client_free) HttpClient *client = NULL;
    HttpAnswer answer;
    assert_ok(http_client_new(&options, &client));
    HttpCall call = call_of("GET", "/a");
    assert_fails(http_client_send(client, fixture->arena, &call, &answer), UPSTREAM_UNAVAILABLE);
    assert_in_range(doorman.asked, 1, 10);
    assert_int_equal(doorman.address, INADDR_LOOPBACK);
    assert_int_equal(scripted_connections(fixture->upstream), 0);
    doorman.lets_in = true;
    assert_ok(http_client_send(client, fixture->arena, &call, &answer));
    assert_int_equal(scripted_connections(fixture->upstream), 1);
}

/* --- faults on purpose ------------------------------------------------------------------------ */

typedef struct Fault {
    OutboundPort port; /* first: a port is a Fault */
    int *left;         /* calls until the fault */
} Fault;

static Error fail_when_due(const OutboundPort *port)
{
    const Fault *fault = (const Fault *)(const void *)port;
    return --*fault->left == 0 ? FAIL(UPSTREAM_UNAVAILABLE, "on purpose") : OK;
}

static void test_the_nth_call_fails(void **state)
{
    Fixture *fixture = *state;
    const int places = 6; /* three calls, before and after each */
    for (int nth = 1; nth <= places; nth++) {
        int left = nth;
        Fault fault = {.port = {fail_when_due, fail_when_due}, .left = &left};
        const HttpClientOptions options = {.base_url = scripted_url(fixture->upstream),
                                           .port = &fault.port};
        CLEANUP(http_client_free) HttpClient *client = NULL;
        assert_ok(http_client_new(&options, &client));
        int failures = 0;
        for (int i = 0; i < 4; i++) {
            HttpAnswer answer = {.status = -1};
            HttpCall call = call_of("GET", "/a");
            bool has_failed = FAILED(http_client_send(client, fixture->arena, &call, &answer));
            failures += has_failed;
            assert_int_equal(answer.status, has_failed ? -1 : 200);
        }
        assert_int_equal(failures, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_the_caller_says_leaves_and_nothing_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_control_bytes_never_leave, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_long_body_arrives_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_answer_as_long_as_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_arena_that_is_too_small, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_connection_serves_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_connection_that_was_closed_meanwhile_is_replaced,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_what_may_be_repeated_is_sent_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_a_write_without_an_answer_is_unsettled, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_nobody_listens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_threads_share_a_client, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more_calls_than_may_be_under_way_are_refused, setup,
                                        teardown),
        cmocka_unit_test(test_base_urls),
        cmocka_unit_test_setup_teardown(test_the_address_is_asked_for_before_a_connection_is_made,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_nth_call_fails, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
