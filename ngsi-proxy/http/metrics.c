#include "metrics.h"

#include <stdatomic.h>
#include <stdlib.h>

#define CLASSES 4 /* 2xx to 5xx */
#define BOUNDS 8

/* Upper bounds of the time taken; the last one is none. */
static const struct {
    int64_t us;
    Str label;
} TIMES[BOUNDS] = {
    {1000, STR_INIT("0.001")},  {5000, STR_INIT("0.005")},     {25000, STR_INIT("0.025")},
    {100000, STR_INIT("0.1")},  {500000, STR_INIT("0.5")},     {1000000, STR_INIT("1")},
    {2500000, STR_INIT("2.5")}, {INT64_MAX, STR_INIT("+Inf")},
};

typedef struct RouteCounts {
    atomic_uint_fast64_t classes[CLASSES];
    atomic_uint_fast64_t times[BOUNDS]; /* each answer in one of them */
    atomic_uint_fast64_t taken_us;
} RouteCounts;

struct Metrics {
    const Router *router;
    atomic_int_fast64_t under_way;
    atomic_uint_fast64_t reasons[REASON_COUNT_];
    RouteCounts routes[]; /* those of the table, and one for requests without a route */
};

Error metrics_new(const Router *router, Metrics **ret_metrics)
{
    Metrics *metrics = calloc(1, sizeof *metrics + (router->count + 1) * sizeof metrics->routes[0]);
    ENSURE(metrics != NULL, OUT_OF_MEMORY, NULL);
    metrics->router = router;
    *ret_metrics = metrics;
    return OK;
}

Metrics *metrics_free(Metrics *metrics)
{
    free(metrics);
    return NULL;
}

/* --- counting --------------------------------------------------------------------------------- */

void metrics_begin(Metrics *metrics)
{
    if (metrics != NULL) {
        (void)atomic_fetch_add(&metrics->under_way, 1);
    }
}

void metrics_end(Metrics *metrics)
{
    if (metrics != NULL) {
        (void)atomic_fetch_sub(&metrics->under_way, 1);
    }
}

static size_t place_of(const Metrics *metrics, const Route *route)
{
    const Router *router = metrics->router;
    bool is_listed =
        route != NULL && route >= router->routes && route < router->routes + router->count;
    return is_listed ? (size_t)(route - router->routes) : router->count;
}

void metrics_count(Metrics *metrics, const Route *route, int status, ErrorReason reason,
                   int64_t taken_us)
{
    if (metrics == NULL) {
        return;
    }
    RouteCounts *counts = &metrics->routes[place_of(metrics, route)];
    int status_class = status / 100 - 2;
    size_t bound = 0;
    while (taken_us > TIMES[bound].us) {
        bound++;
    }
    if (status_class >= 0 && status_class < CLASSES) {
        (void)atomic_fetch_add(&counts->classes[status_class], 1);
    }
    (void)atomic_fetch_add(&counts->times[bound], 1);
    (void)atomic_fetch_add(&counts->taken_us, (uint64_t)(taken_us > 0 ? taken_us : 0));
    if (reason > REASON_NONE && reason < REASON_COUNT_) {
        (void)atomic_fetch_add(&metrics->reasons[reason], 1);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void add_help(Buf *buf, Str name, Str type, Str help)
{
    buf_add(buf, STR("# HELP "));
    buf_add(buf, name);
    buf_add_char(buf, ' ');
    buf_add(buf, help);
    buf_add(buf, STR("\n# TYPE "));
    buf_add(buf, name);
    buf_add_char(buf, ' ');
    buf_add(buf, type);
    buf_add_char(buf, '\n');
}

/* {method="GET",route="/v2/types" — left open for one more label. */
static void add_route(const Metrics *metrics, size_t place, Buf *buf)
{
    bool is_listed = place < metrics->router->count;
    const Route *route = &metrics->router->routes[is_listed ? place : 0];
    buf_add(buf, STR("{method=\""));
    buf_add(buf, is_listed ? str_from(http_method_name(route->method)) : STR_EMPTY);
    buf_add(buf, STR("\",route=\""));
    buf_add(buf, is_listed ? str_from(route->pattern) : STR_EMPTY);
    buf_add_char(buf, '"');
}

static void add_value(Buf *buf, uint64_t value)
{
    buf_add(buf, STR("\"} "));
    buf_add_int(buf, (int64_t)value);
    buf_add_char(buf, '\n');
}

static void write_requests(const Metrics *metrics, Buf *buf)
{
    add_help(buf, STR("musubi_http_requests_total"), STR("counter"),
             STR("Answers, by route and class of status; route \"\": none was found."));
    for (size_t place = 0; place <= metrics->router->count; place++) {
        for (int i = 0; i < CLASSES; i++) {
            uint64_t count = atomic_load(&metrics->routes[place].classes[i]);
            if (count > 0) {
                buf_add(buf, STR("musubi_http_requests_total"));
                add_route(metrics, place, buf);
                buf_add(buf, STR(",class=\""));
                buf_add_char(buf, (char)('2' + i));
                buf_add(buf, STR("xx"));
                add_value(buf, count);
            }
        }
    }
}

static void write_route_times(const Metrics *metrics, size_t place, Buf *buf)
{
    const RouteCounts *counts = &metrics->routes[place];
    uint64_t below = 0;
    for (size_t bound = 0; bound < BOUNDS; bound++) {
        below += atomic_load(&counts->times[bound]);
        buf_add(buf, STR("musubi_http_request_seconds_bucket"));
        add_route(metrics, place, buf);
        buf_add(buf, STR(",le=\""));
        buf_add(buf, TIMES[bound].label);
        add_value(buf, below);
    }
    uint64_t us = atomic_load(&counts->taken_us);
    buf_add(buf, STR("musubi_http_request_seconds_sum"));
    add_route(metrics, place, buf);
    buf_add(buf, STR("} "));
    buf_add_int(buf, (int64_t)(us / 1000000));
    buf_add_char(buf, '.');
    for (uint64_t digit = 100000; digit > 0; digit /= 10) {
        buf_add_char(buf, (char)('0' + us / digit % 10));
    }
    buf_add(buf, STR("\nmusubi_http_request_seconds_count"));
    add_route(metrics, place, buf);
    buf_add(buf, STR("} "));
    buf_add_int(buf, (int64_t)below);
    buf_add_char(buf, '\n');
}

static void write_times(const Metrics *metrics, Buf *buf)
{
    add_help(buf, STR("musubi_http_request_seconds"), STR("histogram"),
             STR("Time from the complete head to the answer."));
    for (size_t place = 0; place <= metrics->router->count; place++) {
        uint64_t any = 0;
        for (size_t bound = 0; bound < BOUNDS; bound++) {
            any += atomic_load(&metrics->routes[place].times[bound]);
        }
        if (any > 0) {
            write_route_times(metrics, place, buf);
        }
    }
}

static void write_reasons(const Metrics *metrics, Buf *buf)
{
    add_help(buf, STR("musubi_http_refusals_total"), STR("counter"),
             STR("Answers that are errors, by reason."));
    for (size_t i = 0; i < REASON_COUNT_; i++) {
        uint64_t count = atomic_load(&metrics->reasons[i]);
        if (count > 0) {
            buf_add(buf, STR("musubi_http_refusals_total{reason=\""));
            buf_add(buf, str_from(error_words((ErrorReason)i)->name));
            add_value(buf, count);
        }
    }
}

void metrics_write(const Metrics *metrics, Buf *buf)
{
    write_requests(metrics, buf);
    write_times(metrics, buf);
    write_reasons(metrics, buf);
    add_help(buf, STR("musubi_http_requests_under_way"), STR("gauge"),
             STR("Requests whose head is complete and whose answer is not sent."));
    buf_add(buf, STR("musubi_http_requests_under_way "));
    buf_add_int(buf, atomic_load(&metrics->under_way));
    buf_add_char(buf, '\n');
}
