/* Malformed and risky requests as raw bytes against a running server: one answer each, nothing
 * smuggled served.
 *
 * Each request is followed by a probe on the same connection. Either the connection ends after one
 * answer, or the next answer is the probe's: a smuggled request would be answered in between, and
 * is counted by the server too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>

#include <cmocka.h>

#include "http_probe.h"
#include "log_line.h"
#include "server.h"

static Server *server;
static Arena *arena;
static atomic_int smuggled;
static Probe client;

static void serve(void *app, Request *request, Response *response)
{
    (void)app;
    Str first = request->segment_count == 0 ? STR_EMPTY : request->segments[0];
    if (str_eq(first, STR("smuggled"))) {
        atomic_fetch_add(&smuggled, 1);
    }
    if (str_eq(first, STR("probe"))) {
        response_json(response, 200, STR("\"probe\""));
        return;
    }
    if (request->method == HTTP_OTHER) {
        response_error(response, request, FAIL(METHOD_NOT_ALLOWED, NULL));
        return;
    }
    response_json(response, 200, STR("\"answer\""));
}

static int start(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    arena = arena_new(ARENA_REQUEST_BYTES);
    const ServerOptions options = {
        .listen = "127.0.0.1:0", .ports = ports_system(), .serve = serve};
    return FAILED(server_start(&options, arena, &server)) ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    server = server_stop(server);
    arena = arena_free(arena);
    return 0;
}

#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
#define PROBE "GET /probe HTTP/1.1\r\nHost: h\r\n\r\n"
#define HEAD_OF(line_, headers_) line_ "\r\nHost: h\r\n" headers_ "\r\n"
#define POST_OF(headers_, body_) HEAD_OF("POST /x HTTP/1.1", headers_) body_

/* What the library has normalised or answers itself before our guard sees it (security requirement
 * */
typedef enum Exception {
    NONE,      /* refused by us: our JSON, connection closed */
    INVISIBLE, /* may be served: harmless as long as names are counted as they arrive */
    BY_LIBRARY /* answered or cut by libmicrohttpd itself, with its own page or none */
} Exception;

typedef struct Shape {
    const char *name;
    Str bytes;
    int status;
    Exception exception;
} Shape;

static const Shape SHAPES[] = {
    {"two different lengths",
     STR_INIT(POST_OF("Content-Length: 5\r\nContent-Length: 41\r\n", "hello" SMUGGLED)), 400, NONE},
    {"two equal lengths", STR_INIT(POST_OF("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
     400, NONE},
    {"length, then coding",
     STR_INIT(
         POST_OF("Content-Length: 41\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" SMUGGLED)),
     400, NONE},
    {"coding, then length",
     STR_INIT(
         POST_OF("Transfer-Encoding: chunked\r\nContent-Length: 41\r\n", "0\r\n\r\n" SMUGGLED)),
     400, NONE},
    {"blank before the colon",
     STR_INIT(POST_OF("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" SMUGGLED)), 400, NONE},
    {"unknown coding", STR_INIT(POST_OF("Transfer-Encoding: gzip\r\n", "x")), 501, NONE},
    {"coding list", STR_INIT(POST_OF("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" SMUGGLED)),
     501, NONE},
    {"two codings",
     STR_INIT(POST_OF("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                      "0\r\n\r\n" SMUGGLED)),
     400, NONE},
    {"coding in HTTP/1.0",
     STR_INIT(HEAD_OF("POST /x HTTP/1.0", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n" SMUGGLED),
     400, NONE},
    {"negative length", STR_INIT(POST_OF("Content-Length: -1\r\n", SMUGGLED)), 400, BY_LIBRARY},
    {"signed length", STR_INIT(POST_OF("Content-Length: +5\r\n", "hello")), 400, BY_LIBRARY},
    {"length list", STR_INIT(POST_OF("Content-Length: 5, 5\r\n", "hello")), 400, BY_LIBRARY},
    {"length of 20 digits", STR_INIT(POST_OF("Content-Length: 99999999999999999999\r\n", "hello")),
     413, BY_LIBRARY},
    {"length of 19 digits", STR_INIT(POST_OF("Content-Length: 1000000000000000000\r\n", "hello")),
     400, NONE},
    {"body on GET", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "Content-Length: 36\r\n") SMUGGLED), 400,
     NONE},
    {"chunked GET",
     STR_INIT(HEAD_OF("GET /x HTTP/1.1", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n"), 400, NONE},
    {"no Host", STR_INIT("GET /x HTTP/1.1\r\nA: b\r\n\r\n"), 400, BY_LIBRARY},
    {"two Hosts", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "Host: i\r\n")), 400, NONE},
    {"two tenants",
     STR_INIT(HEAD_OF("GET /x HTTP/1.1", "Fiware-Service: a\r\nfiware-service: b\r\n")), 400, NONE},
    {"two authorizations",
     STR_INIT(HEAD_OF("GET /x HTTP/1.1", "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n")),
     400, NONE},
    {"two content types",
     STR_INIT(POST_OF("Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n", "")), 400,
     NONE},
    {"blank in a name", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A B: c\r\n")), 400, NONE},
    {"empty name", STR_INIT(HEAD_OF("GET /x HTTP/1.1", ": c\r\n")), 200, INVISIBLE},
    {"bare CR in a value", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A: b\rHost: i\r\n")), 400, NONE},
    {"control byte in a value", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A: b\x01\r\n")), 400, NONE},
    {"DEL in a value", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A: \x7f\r\n")), 400, NONE},
    {"method that is no token", STR_INIT(HEAD_OF("FOO!@ /x HTTP/1.1", "")), 400, NONE},
    {"lower-case method", STR_INIT(HEAD_OF("get /x HTTP/1.1", "")), 405, NONE},
    {"TRACE", STR_INIT(HEAD_OF("TRACE /x HTTP/1.1", "")), 405, NONE},
    {"CONNECT", STR_INIT(HEAD_OF("CONNECT h:443 HTTP/1.1", "")), 400, NONE},
    {"HTTP/1.9", STR_INIT(HEAD_OF("GET /x HTTP/1.9", "")), 505, NONE},
    {"HTTP/2.0", STR_INIT(HEAD_OF("GET /x HTTP/2.0", "")), 505, BY_LIBRARY},
    {"no version", STR_INIT("GET /x\r\n\r\n"), 400, BY_LIBRARY},
    {"absolute form", STR_INIT(HEAD_OF("GET http://h/x HTTP/1.1", "")), 400, NONE},
    {"asterisk form", STR_INIT(HEAD_OF("OPTIONS * HTTP/1.1", "")), 400, NONE},
    {"%00 in the path", STR_INIT(HEAD_OF("GET /x%00y HTTP/1.1", "")), 400, NONE},
    {"%zz in the path", STR_INIT(HEAD_OF("GET /%zz HTTP/1.1", "")), 400, NONE},
    {"%2f in a segment", STR_INIT(HEAD_OF("GET /a/..%2fb HTTP/1.1", "")), 400, NONE},
    {"%5c in a segment", STR_INIT(HEAD_OF("GET /a%5cb HTTP/1.1", "")), 400, NONE},
    {"dots", STR_INIT(HEAD_OF("GET /a/../b HTTP/1.1", "")), 400, NONE},
    {"encoded dots", STR_INIT(HEAD_OF("GET /a/%2e%2e/b HTTP/1.1", "")), 400, NONE},
    {"two slashes", STR_INIT(HEAD_OF("GET //x HTTP/1.1", "")), 400, NONE},
    {"path that is no UTF-8", STR_INIT(HEAD_OF("GET /\xff HTTP/1.1", "")), 400, NONE},
    {"%00 in the query", STR_INIT(HEAD_OF("GET /x?q=1%002 HTTP/1.1", "")), 400, NONE},
    {"%zz in the query", STR_INIT(HEAD_OF("GET /x?q=%zz HTTP/1.1", "")), 400, NONE},
    {"query that is no UTF-8", STR_INIT(HEAD_OF("GET /x?q=%c0%af HTTP/1.1", "")), 400, NONE},
    {"bad chunk size", STR_INIT(POST_OF("Transfer-Encoding: chunked\r\n", "zz\r\n" SMUGGLED)), 400,
     BY_LIBRARY},
    {"folded header", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A: b\r\n c: d\r\n")), 400, INVISIBLE},
    {"bare LF line ends", STR_INIT("GET /x HTTP/1.1\nHost: h\n\n"), 200, INVISIBLE},
    {"NUL in a value", STR_INIT(HEAD_OF("GET /x HTTP/1.1", "A: b\0c\r\n")), 200, INVISIBLE},
    {"chunk extension",
     STR_INIT(POST_OF("Transfer-Encoding: chunked\r\n", "1;a=b\r\nx\r\n0\r\n\r\n")), 200,
     INVISIBLE},
    {"chunk lines with bare LF", STR_INIT(POST_OF("Transfer-Encoding: chunked\r\n", "1\nx\n0\n\n")),
     200, INVISIBLE},
};

static void check_our_refusal(const Shape *shape, const ProbeAnswer *answer)
{
    if (answer->status != shape->status || !answer->closes ||
        strstr(answer->body, "\"error\":") == NULL) {
        fail_msg("%s: %d, closes %d: %s", shape->name, answer->status, answer->closes,
                 answer->body);
    }
}

static void check_exception(const Shape *shape, const ProbeAnswer *answer)
{
    bool is_refused = answer->status == 0 || answer->status >= 400;
    bool is_expected =
        shape->exception == INVISIBLE ? is_refused || answer->status == 200 : is_refused;
    if (!is_expected) {
        fail_msg("%s: %d: %s", shape->name, answer->status, answer->body);
    }
}

/* After one answer comes either the end or the probe's answer, and nothing else. */
static void check_what_follows(const Shape *shape, Probe *probe, const ProbeAnswer *answer)
{
    if (answer->status == 0) {
        return;
    }
    ProbeAnswer next;
    probe_read(probe, false, &next);
    if (next.status != 0 && (answer->closes || strcmp(next.body, "\"probe\"") != 0)) {
        fail_msg("%s: a second answer: %d %s", shape->name, next.status, next.body);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    Probe *probe = &client;
    size_t served = 0;
    for (size_t i = 0; i < sizeof SHAPES / sizeof SHAPES[0]; i++) {
        const Shape *shape = &SHAPES[i];
        ProbeAnswer answer;
        probe_open(probe, server_port(server), NULL);
        (void)probe_send(probe,
                         shape->bytes); /* the server may close while we send: the answer tells */
        (void)probe_send(probe, STR(PROBE));
        probe_read(probe, false, &answer);
        if (shape->exception == NONE) {
            check_our_refusal(shape, &answer);
        } else {
            check_exception(shape, &answer);
        }
        served += answer.status == 200;
        check_what_follows(shape, probe, &answer);
        probe_close(probe);
        assert_int_equal(atomic_load(&smuggled), 0);
    }
    print_message("%zu shapes, %zu of the named exceptions served\n",
                  sizeof SHAPES / sizeof SHAPES[0], served);
    assert_true(served <= 6);
}

/* The control: the same way of asking does see a second request when there is one. */
static void test_control(void **state)
{
    (void)state;
    Probe *probe = &client;
    ProbeAnswer answer;
    probe_open(probe, server_port(server), NULL);
    assert_true(probe_send(probe, STR(POST_OF("Content-Length: 5\r\n", "hello") SMUGGLED)));
    probe_read(probe, false, &answer);
    assert_int_equal(answer.status, 200);
    probe_read(probe, false, &answer);
    assert_int_equal(answer.status, 200);
    assert_int_equal(atomic_load(&smuggled), 1);
    probe_close(probe);
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    ProbeAnswer answer;
    probe_open(&client, server_port(server), NULL);
    assert_true(probe_send(&client, STR(HEAD_OF("HEAD /x HTTP/1.1", "") PROBE)));
    probe_read(&client, true, &answer);
    assert_int_equal(answer.status, 200);
    assert_string_equal(probe_header(&answer, "Content-Length"), "8");
    probe_read(&client, false, &answer); /* the next answer begins where a body would have */
    assert_string_equal(answer.body, "\"probe\"");
    probe_close(&client);
}

static void test_correlator(void **state)
{
    (void)state;
    ProbeAnswer answer;
    probe_once(server_port(server),
               STR("GET /v2 HTTP/1.1\r\nHost: h\r\nFiware-Correlator: abc-123\r\n\r\n"), &answer);
    assert_string_equal(probe_header(&answer, "Fiware-Correlator"), "abc-123");
    probe_once(server_port(server), STR("GET /v2 HTTP/1.1\r\nHost: h\r\n\r\n"), &answer);
    assert_int_equal(strlen(probe_header(&answer, "Fiware-Correlator")), 36);
    probe_once(server_port(server),
               STR("GET /v2 HTTP/1.1\r\nHost: h\r\nFiware-Correlator: <script>\r\n\r\n"), &answer);
    assert_int_equal(strlen(probe_header(&answer, "Fiware-Correlator")), 36);
    probe_once(server_port(server), STR("GET /v2/%zz HTTP/1.1\r\nHost: h\r\n\r\n"), &answer);
    assert_int_equal(answer.status, 400);
    assert_int_equal(strlen(probe_header(&answer, "Fiware-Correlator")), 36);
    probe_once(server_port(server), STR("GET /api/x HTTP/1.1\r\nHost: h\r\n\r\n"), &answer);
    assert_string_equal(probe_header(&answer, "Fiware-Correlator"), "");
}

static void test_refusals_speak_the_surface(void **state)
{
    (void)state;
    ProbeAnswer answer;
    probe_once(server_port(server), STR("GET /api/%zz HTTP/1.1\r\nHost: h\r\n\r\n"), &answer);
    assert_string_equal(probe_header(&answer, "Content-Type"), "application/problem+json");
    probe_once(server_port(server), STR("GET /oauth2/x?a=%zz HTTP/1.1\r\nHost: h\r\n\r\n"),
               &answer);
    assert_non_null(strstr(answer.body, "\"error\":\"invalid_request\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_correlator),
        cmocka_unit_test(test_refusals_speak_the_surface),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
