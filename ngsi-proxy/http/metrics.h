/* metrics.h — counters of requests, for Prometheus: by route, class of status, reason and time
 * taken.
 *
 * Every label comes from a table of the program: the route's pattern and method, "2xx" to "5xx",
 * the reason's name. So nothing personal can get in, and the number of series is bounded however
 * many clients, ids and paths there are. Must never be labelled with anything a caller sent.
 *
 * Layer: ngsi-proxy/http. Thread-safe: yes (atomics). */
#ifndef MUSUBI_METRICS_H
#define MUSUBI_METRICS_H

#include "router.h"

typedef struct Metrics Metrics;

/* For the routes of this table, which must outlive it. Free with metrics_free. Errors:
 * OUT_OF_MEMORY.
 */
Error metrics_new(const Router *router, Metrics **ret_metrics) MUST_USE;
/* NULL is fine. Returns NULL. */
Metrics *metrics_free(Metrics *metrics);

/* A request whose head is complete begins and ends; both take NULL. */
void metrics_begin(Metrics *metrics);
void metrics_end(Metrics *metrics);
/* One answer. route: NULL when none was found; taken_us: from its head to here. NULL is fine. */
void metrics_count(Metrics *metrics, const Route *route, int status, ErrorReason reason,
                   int64_t taken_us);

/* Appends all in the text format, version 0.0.4. Series that never counted are left out. */
void metrics_write(const Metrics *metrics, Buf *buf);

DEFINE_CLEANUP(Metrics, metrics_free)

#endif
