/* Counters: what they say after known requests, what they never say, and threads that count
 * together. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "metrics.h"

static const Route ROUTES[] = {
    {HTTP_GET, "/v2/types", ROUTE_AUTH_NONE, 0, NULL},
    {HTTP_POST, "/v2/entities/{id}", ROUTE_AUTH_NONE, 0, NULL},
};
static const Router ROUTER = {.routes = ROUTES, .count = 2};

static Arena *arena;
static Metrics *metrics;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    assert_ok(metrics_new(&ROUTER, &metrics));
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    metrics = metrics_free(metrics);
    arena = arena_free(arena);
    return 0;
}

static const char *text(void)
{
    Buf buf = buf_in(arena);
    Str whole;
    metrics_write(metrics, &buf);
    assert_ok(buf_finish(&buf, &whole));
    return str_argument(arena, whole);
}

static void must_say(const char *line)
{
    const char *whole = text();
    const char *at = strstr(whole, line);
    if (at == NULL || (at != whole && at[-1] != '\n') || at[strlen(line)] != '\n') {
        fail_msg("missing: %s\nin\n%s", line, whole);
    }
}

static void answers_are_counted_by_route_and_class(void **state)
{
    (void)state;
    metrics_count(metrics, &ROUTES[0], 200, REASON_NONE, 300);
    metrics_count(metrics, &ROUTES[0], 200, REASON_NONE, 40000);
    metrics_count(metrics, &ROUTES[0], 503, REASON_OVERLOADED, 1);
    metrics_count(metrics, &ROUTES[1], 404, REASON_ENTITY_NOT_FOUND, 1000);
    metrics_count(metrics, NULL, 400, REASON_HTTP_BAD_HEAD, 5000000);
    must_say("musubi_http_requests_total{method=\"GET\",route=\"/v2/types\",class=\"2xx\"} 2");
    must_say("musubi_http_requests_total{method=\"GET\",route=\"/v2/types\",class=\"5xx\"} 1");
    must_say(
        "musubi_http_requests_total{method=\"POST\",route=\"/v2/entities/{id}\",class=\"4xx\"} 1");
    must_say("musubi_http_requests_total{method=\"\",route=\"\",class=\"4xx\"} 1");
    must_say("musubi_http_refusals_total{reason=\"OVERLOADED\"} 1");
    must_say("musubi_http_refusals_total{reason=\"HTTP_BAD_HEAD\"} 1");
    assert_null(strstr(text(), "reason=\"NONE\""));
    assert_null(strstr(text(), "class=\"3xx\""));
}

static void times_add_up(void **state)
{
    (void)state;
    static const int64_t TAKEN[] = {0, 1000, 1001, 25000, 2500000, 2500001, -5};
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        metrics_count(metrics, &ROUTES[0], 200, REASON_NONE, TAKEN[i]);
    }
#define BUCKET "musubi_http_request_seconds_bucket{method=\"GET\",route=\"/v2/types\",le="
    must_say(BUCKET "\"0.001\"} 3");
    must_say(BUCKET "\"0.005\"} 4");
    must_say(BUCKET "\"0.025\"} 5");
    must_say(BUCKET "\"1\"} 5");
    must_say(BUCKET "\"2.5\"} 6");
    must_say(BUCKET "\"+Inf\"} 7");
    must_say("musubi_http_request_seconds_count{method=\"GET\",route=\"/v2/types\"} 7");
    must_say("musubi_http_request_seconds_sum{method=\"GET\",route=\"/v2/types\"} 5.027002");
}

static void requests_under_way(void **state)
{
    (void)state;
    metrics_begin(metrics);
    metrics_begin(metrics);
    metrics_end(metrics);
    must_say("musubi_http_requests_under_way 1");
}

/* A row of another table, and statuses that are none, fall into no row of this one. */
static void strangers_are_not_mixed_in(void **state)
{
    (void)state;
    const Route other = {HTTP_GET, "/secret/path", ROUTE_AUTH_NONE, 0, NULL};
    metrics_count(metrics, &other, 200, REASON_NONE, 1);
    metrics_count(metrics, &ROUTES[0], 100, REASON_NONE, 1);
    metrics_count(metrics, &ROUTES[0], 999, REASON_COUNT_, 1);
    must_say("musubi_http_requests_total{method=\"\",route=\"\",class=\"2xx\"} 1");
    assert_null(strstr(text(), "secret"));
    assert_null(strstr(text(), "route=\"/v2/types\",class"));
    metrics_count(NULL, NULL, 200, REASON_NONE, 1);
    metrics_begin(NULL);
    metrics_end(NULL);
}

static void *count_many(void *context)
{
    (void)context;
    for (int i = 0; i < 10000; i++) {
        metrics_begin(metrics);
        metrics_count(metrics, &ROUTES[1], 429, REASON_RATE_LIMITED, i);
        metrics_end(metrics);
    }
    return NULL;
}

static void threads_count_together(void **state)
{
    (void)state;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    must_say("musubi_http_refusals_total{reason=\"RATE_LIMITED\"} 40000");
    must_say("musubi_http_requests_under_way 0");
}

int main(void)
{
#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(answers_are_counted_by_route_and_class),
        TEST(times_add_up),
        TEST(requests_under_way),
        TEST(strangers_are_not_mixed_in),
        TEST(threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
