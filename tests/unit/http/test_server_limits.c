/* The server's bounds: body size, overload, connections, slow callers, orderly stop, and what
 * becomes of the arena. */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_probe.h"
#include "log_line.h"
#include "server.h"

#define GET(path_) "GET " path_ " HTTP/1.1\r\nHost: h\r\n\r\n"

static Server *server;
static Arena *arena;
static Probe probes[4];
static sem_t entered; /* posted by each handler of /block when it runs */
static sem_t release; /* each handler of /block waits for it */
static _Atomic(char *) last_body;
static char peer[64];

/* "/block" waits for the test; "/size" answers the length of the body; "/arena" shows where its
 * bytes live. */
static void serve(void *app, Request *request, Response *response)
{
    (void)app;
    Str first = request->segment_count == 0 ? STR_EMPTY : request->segments[0];
    Buf body = buf_in(request->arena);
    if (str_eq(first, STR("block"))) {
        (void)sem_post(&entered);
        (void)sem_wait(&release);
    }
    if (str_eq(first, STR("peer"))) {
        (void)snprintf(peer, sizeof peer, "%.*s", STR_FORMAT(request->peer));
    }
    buf_add_int(&body, (int64_t)request->body.n);
    Str text;
    if (FAILED(buf_finish(&body, &text))) {
        return;
    }
    atomic_store(&last_body, body.p);
    response_json(response, 200, text);
}

static int setup(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR);
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL || sem_init(&entered, 0, 0) != 0 || sem_init(&release, 0, 0) != 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    server = server_stop(server);
    arena = arena_free(arena);
    (void)sem_destroy(&entered);
    return sem_destroy(&release);
}

static void start(ServerOptions options)
{
    options.listen = options.listen == NULL ? "127.0.0.1:0" : options.listen;
    options.ports = ports_system();
    options.serve = serve;
    Error error = server_start(&options, arena, &server);
    if (FAILED(error)) {
        fail_msg("%s", error.argument);
    }
}

static void send_to(Probe *probe, Str bytes)
{
    probe_open(probe, server_port(server), NULL);
    assert_true(probe_send(probe, bytes));
}

static void expect_answer(Probe *probe, int status)
{
    ProbeAnswer answer;
    probe_read(probe, false, &answer);
    if (answer.status != status) {
        fail_msg("%d: %s", answer.status, answer.body);
    }
}

static bool wait_until(bool (*is_so)(void))
{
    for (int i = 0; i < 1000; i++) {
        if (is_so()) {
            return true;
        }
        (void)poll(NULL, 0, 5);
    }
    return false;
}

/* --- size of bodies --------------------------------------------------------------------------- */

/* A POST of n bytes; chunked in one chunk when asked. */
static void post_bytes(const char *path, size_t n, bool is_chunked, ProbeAnswer *ret_answer)
{
    char head[256];
    int head_bytes =
        is_chunked
            ? snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
                       path, n)
            : snprintf(head, sizeof head,
                       "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", path, n);
    char *body = malloc(n + 1);
    assert_non_null(body);
    memset(body, 'x', n);
    probe_open(&probes[0], server_port(server), NULL);
    (void)(probe_send(&probes[0], (Str){.p = head, .n = (size_t)head_bytes}) &&
           probe_send(&probes[0], (Str){.p = body, .n = n}) &&
           (!is_chunked || probe_send(&probes[0], STR("\r\n0\r\n\r\n"))));
    free(body);
    probe_read(&probes[0], false, ret_answer);
    probe_close(&probes[0]);
}

static void test_body_limit(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    ProbeAnswer answer;
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        post_bytes("/v2/size", REQUEST_BODY_BYTES_MAX, is_chunked, &answer);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.body, "1048576");
        post_bytes("/v2/size", REQUEST_BODY_BYTES_MAX + 56, is_chunked, &answer);
        assert_int_equal(answer.status, 413);
        assert_string_equal(answer.body, "{\"error\":\"RequestEntityTooLarge\",\"description\":"
                                         "\"payload size: 1048632, max size supported: 1048576\"}");
        post_bytes("/api/size", REQUEST_BODY_BYTES_MAX + 1, is_chunked, &answer);
        assert_int_equal(answer.status, 413);
        assert_string_equal(probe_header(&answer, "Content-Type"), "application/problem+json");
    }
}

static void test_huge_bodies_are_not_read(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    ProbeAnswer answer;
    probe_once(server_port(server),
               STR("POST /v2/size HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999999\r\n\r\nx"),
               &answer);
    assert_int_equal(answer.status, 413);
    assert_true(answer.closes);
    probe_once(server_port(server),
               STR("POST /v2/size HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
                   "1048577\r\n\r\n"),
               &answer);
    assert_int_equal(answer.status, 413);
    probe_once(server_port(server),
               STR("POST /v2/size HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
                   "5\r\n\r\nhello"),
               &answer);
    assert_true(answer.status == 100 || answer.status == 200);
}

/* --- overload, keep-alive, connections -------------------------------------------------------- */

static void test_overload(void **state)
{
    (void)state;
    start((ServerOptions){.in_flight_max = 1});
    ProbeAnswer answer;
    send_to(&probes[0], STR(GET("/block")));
    (void)sem_wait(&entered);
    assert_int_equal(server_in_flight(server), 1);
    probe_once(server_port(server), STR(GET("/v2/x")), &answer);
    assert_int_equal(answer.status, 503);
    assert_string_equal(probe_header(&answer, "Retry-After"), "1");
    assert_non_null(strstr(answer.body, "\"error\":\"ServiceUnavailable\""));
    (void)sem_post(&release);
    expect_answer(&probes[0], 200);
    probe_once(server_port(server), STR(GET("/v2/x")), &answer);
    assert_int_equal(answer.status, 200);
    probe_close(&probes[0]);
}

/* Who comes over the limit is served when a turn is free within a moment. */
static void test_overload_waits_a_moment(void **state)
{
    (void)state;
    start((ServerOptions){.in_flight_max = 1});
    for (int i = 0; i < 20; i++) {
        send_to(&probes[0], STR(GET("/block")));
        (void)sem_wait(&entered);
        send_to(&probes[1], STR(GET("/v2/x")));
        (void)sem_post(&release);
        expect_answer(&probes[0], 200);
        expect_answer(&probes[1], 200);
        probe_close(&probes[0]);
        probe_close(&probes[1]);
    }
}

static void test_keep_alive(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    probe_open(&probes[0], server_port(server), NULL);
    for (int i = 0; i < 100; i++) {
        assert_true(probe_send(
            &probes[0], STR("POST /v2/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc")));
        expect_answer(&probes[0], 200);
    }
    for (int i = 0; i < 10; i++) { /* pipelined */
        assert_true(probe_send(&probes[0], STR(GET("/a") GET("/b") GET("/c"))));
        expect_answer(&probes[0], 200);
        expect_answer(&probes[0], 200);
        expect_answer(&probes[0], 200);
    }
    probe_close(&probes[0]);
}

static void test_connection_limit(void **state)
{
    (void)state;
    start((ServerOptions){.connections_max = 2});
    for (int i = 0; i < 2; i++) {
        send_to(&probes[i], STR(GET("/block")));
        (void)sem_wait(&entered);
    }
    send_to(&probes[2], STR(GET("/block")));
    struct pollfd wait = {.fd = probes[2].fd, .events = POLLIN};
    bool is_cut =
        poll(&wait, 1, 300) == 1; /* either cut at once or left waiting, but never served */
    assert_int_equal(server_in_flight(server), 2);
    for (int i = 0; i < 3; i++) {
        (void)sem_post(&release);
    }
    for (int i = 0; i < 2; i++) {
        expect_answer(&probes[i], 200);
        probe_close(&probes[i]);
    }
    expect_answer(&probes[2], is_cut ? 0 : 200);
    probe_close(&probes[2]);
}

static void test_slow_callers_are_cut(void **state)
{
    (void)state;
    start((ServerOptions){.head_timeout_us = 400000, .body_timeout_us = 400000});
    static const Str STARTS[] = {
        STR_INIT(""),
        STR_INIT("GET /x HTTP/1.1\r\nHost: h\r\nA: "),
        STR_INIT("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"),
    };
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        probe_open(&probes[0], server_port(server), NULL);
        assert_true(probe_send(&probes[0], STARTS[i]));
        int bytes = 0;
        struct pollfd wait = {.fd = probes[0].fd, .events = POLLIN};
        while (bytes < 200 && poll(&wait, 1, 50) == 0 && probe_send(&probes[0], STR("x"))) {
            bytes++; /* never silent for long: an inactivity timer would let this go on */
        }
        assert_true(bytes < 100);
        probe_close(&probes[0]);
    }
}

/* A body of 1 KiB a second or more may take its time; a slower one may not. */
static void test_bodies_keep_pace(void **state)
{
    (void)state;
    start((ServerOptions){.body_grace_us = 400000});
    static const struct {
        size_t piece;
        bool is_served;
    } CASES[] = {{200, true}, {10, false}}; /* bytes each 100 ms, 2,000 in all */
    char bytes[200];
    memset(bytes, 'x', sizeof bytes);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        send_to(&probes[0],
                STR("POST /v2/size HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n"));
        struct pollfd wait = {.fd = probes[0].fd, .events = POLLIN};
        size_t sent = 0;
        while (sent < 2000 && poll(&wait, 1, 100) == 0 &&
               probe_send(&probes[0], (Str){.p = bytes, .n = CASES[i].piece})) {
            sent += CASES[i].piece;
        }
        assert_int_equal(sent == 2000, CASES[i].is_served);
        if (CASES[i].is_served) {
            expect_answer(&probes[0], 200);
        }
        probe_close(&probes[0]);
    }
}

/* --- connections of one source ---------------------------------------------------------------- */

/* Whether a new connection is answered; it stays open. */
static bool is_answered(Probe *probe)
{
    ProbeAnswer answer;
    probe_open(probe, server_port(server), NULL);
    (void)probe_send(probe, STR(GET("/v2/x")));
    probe_read(probe, false, &answer);
    return answer.status == 200;
}

static bool is_room_again(void)
{
    bool is_free = is_answered(&probes[3]);
    probe_close(&probes[3]);
    return is_free;
}

static void test_connections_of_one_source(void **state)
{
    (void)state;
    static const Str LOCAL_SOCKET[] = {STR_INIT("unix")};
    start((ServerOptions){
        .connections_per_source_max = 3, .uncounted = LOCAL_SOCKET, .uncounted_count = 1});
    for (int i = 0; i < 3; i++) {
        assert_true(is_answered(&probes[i]));
    }
    assert_false(is_answered(&probes[3]));
    probe_close(&probes[3]);
    probe_close(&probes[0]);
    assert_true(wait_until(is_room_again));
    probe_close(&probes[1]);
    probe_close(&probes[2]);
}

static void test_this_machine_is_not_counted(void **state)
{
    (void)state;
    start((ServerOptions){.connections_per_source_max = 1});
    for (int i = 0; i < 3; i++) {
        assert_true(is_answered(&probes[i]));
    }
    for (int i = 0; i < 3; i++) {
        probe_close(&probes[i]);
    }
}

/* --- the arena goes with the answer ----------------------------------------------------------- */

/* Asks the kernel, since the page may be gone as well. */
static bool is_body_wiped(void)
{
    char byte = 1;
    struct iovec here = {.iov_base = &byte, .iov_len = 1};
    struct iovec there = {.iov_base = atomic_load(&last_body), .iov_len = 1};
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) != 1 || byte == 0;
}

static bool has_body(void)
{
    return atomic_load(&last_body) != NULL;
}

static void test_arena_goes_with_the_answer(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    send_to(&probes[0], STR(GET("/v2/arena")));
    expect_answer(&probes[0], 200);
    assert_true(wait_until(is_body_wiped)); /* while the connection stays open */
    assert_true(probe_send(&probes[0], STR(GET("/block"))));
    (void)sem_wait(&entered);
    atomic_store(&last_body, NULL);
    probe_close(&probes[0]); /* gone before the answer */
    (void)sem_post(&release);
    assert_true(wait_until(has_body));
    assert_true(wait_until(is_body_wiped));
}

/* --- stopping --------------------------------------------------------------------------------- */

static void *stop_server(void *context)
{
    (void)context;
    server = server_stop(server);
    return NULL;
}

static uint16_t stopping_port;

static bool is_refusing(void)
{
    ProbeAnswer answer;
    Probe *probe = &probes[1];
    probe_open(probe, stopping_port, NULL);
    (void)probe_send(probe, STR(GET("/x")));
    struct pollfd wait = {.fd = probe->fd, .events = POLLIN};
    bool is_answered = poll(&wait, 1, 100) == 1;
    answer.status = 0;
    if (is_answered) {
        probe_read(probe, false, &answer);
    }
    probe_close(probe);
    return answer.status == 0;
}

static void test_stop_lets_requests_end(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    stopping_port = server_port(server);
    send_to(&probes[0], STR(GET("/block")));
    (void)sem_wait(&entered);
    pthread_t stopper;
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, NULL), 0);
    assert_true(
        wait_until(is_refusing)); /* nobody new is served while the old request still runs */
    (void)sem_post(&release);
    ProbeAnswer answer;
    probe_read(&probes[0], false, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(answer.closes);
    assert_int_equal(pthread_join(stopper, NULL), 0);
    assert_null(server);
    probe_close(&probes[0]);
}

/* --- addresses -------------------------------------------------------------------------------- */

static void test_unix_socket(void **state)
{
    (void)state;
    char folder[] = "/tmp/musubi-http-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[64];
    char listen[80];
    (void)snprintf(path, sizeof path, "%s/http.sock", folder);
    (void)snprintf(listen, sizeof listen, "unix:%s", path);
    for (int round = 0; round < 2; round++) {
        start((ServerOptions){.listen = listen});
        assert_int_equal(server_port(server), 0);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0660);
        probe_open(&probes[0], 0, path);
        assert_true(probe_send(&probes[0], STR(GET("/peer"))));
        expect_answer(&probes[0], 200);
        assert_string_equal(peer, "unix");
        probe_close(&probes[0]);
        server = server_stop(server);
        assert_int_equal(access(path, F_OK), -1);
    }
    (void)rmdir(folder);
}

static void test_tcp_peer(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    ProbeAnswer answer;
    probe_once(server_port(server), STR(GET("/peer")), &answer);
    assert_string_equal(peer, "127.0.0.1");
}

static void test_bad_addresses(void **state)
{
    (void)state;
    static const char *const CASES[] = {"",
                                        "8026",
                                        "localhost:8026",
                                        "127.0.0.1",
                                        "127.0.0.1:",
                                        "127.0.0.1:65536",
                                        "127.0.0.1:-1",
                                        "127.0.0.1:080",
                                        "::1:8026",
                                        "[::1]",
                                        "[::1:80",
                                        "unix:",
                                        "unix:relative",
                                        "0.0.0.0:8026",
                                        "[::]:8026",
                                        "192.0.2.1:80",
                                        "1234567890123456789012345678901234567890:1"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const ServerOptions options = {.listen = CASES[i], .ports = ports_system(), .serve = serve};
        Error error = server_start(&options, arena, &server);
        if (error.reason != REASON_LISTEN_ADDRESS) {
            fail_msg("%s: %s", CASES[i], error_words(error.reason)->name);
        }
        assert_non_null(strstr(error.argument, CASES[i]));
        assert_null(server);
    }
}

static void test_port_in_use(void **state)
{
    (void)state;
    start((ServerOptions){.listen = NULL});
    char listen[32];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", server_port(server));
    const ServerOptions options = {.listen = listen, .ports = ports_system(), .serve = serve};
    Server *second = NULL;
    Error error = server_start(&options, arena, &second);
    assert_int_equal(error.reason, REASON_LISTEN_FAILED);
    assert_non_null(strstr(error.argument, "in use"));
    assert_null(second);
}

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_body_limit),
        TEST(test_huge_bodies_are_not_read),
        TEST(test_overload),
        TEST(test_overload_waits_a_moment),
        TEST(test_keep_alive),
        TEST(test_connection_limit),
        TEST(test_slow_callers_are_cut),
        TEST(test_bodies_keep_pace),
        TEST(test_connections_of_one_source),
        TEST(test_this_machine_is_not_counted),
        TEST(test_arena_goes_with_the_answer),
        TEST(test_stop_lets_requests_end),
        TEST(test_unix_socket),
        TEST(test_tcp_peer),
        TEST(test_bad_addresses),
        TEST(test_port_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
