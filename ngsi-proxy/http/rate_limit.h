/* rate_limit.h — how many requests a second one client, one citizen or one source may send.
 *
 * A token bucket for each key, as the one moment at which it will be full again (GCRA): sixteen
 * bytes, no timers. Buckets lie in a table of fixed size; one that is full again tells nothing and
 * is the first to make room, so that inventing keys costs memory to nobody. Keys are kept as keyed
 * hashes. Limits are per node: the configured total divided by the number of nodes. Must never be
 * asked before it is known who asks: a client's bucket is emptied by that client alone.
 *
 * Layer: ngsi-proxy/http. Thread-safe: yes (striped locks). Requirement: A-7. Spec: 7(2)イ. */
#ifndef MUSUBI_RATE_LIMIT_H
#define MUSUBI_RATE_LIMIT_H

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "str.h"

typedef enum RateClass {
    RATE_CLIENT,  /* key: tenant and client id */
    RATE_CITIZEN, /* key: the citizen's stored id */
    RATE_SOURCE,  /* key: an IPv4 address or the /64 of an IPv6 address */
    RATE_CLASS_COUNT_
} RateClass;

/* total_per_second of all nodes; 0: no limit. A bucket holds two seconds' worth, at least
 * RATE_BURST_MIN. */
typedef struct RateLimits {
    int64_t total_per_second[RATE_CLASS_COUNT_];
    int64_t nodes; /* at least 1 */
} RateLimits;

#define RATE_BURST_MIN 5

typedef struct RateLimiter RateLimiter;

/* ports must outlive it. Free with rate_limiter_free. Errors: OUT_OF_MEMORY, INTERNAL (entropy). */
Error rate_limiter_new(const Ports *ports, const RateLimits *limits, RateLimiter **ret_limiter)
    MUST_USE;
RateLimiter *rate_limiter_free(RateLimiter *limiter);

/* Takes one from the bucket. A limiter that is NULL limits nothing. Errors: RATE_LIMITED (argument:
 * whole seconds until there is one again, in the arena, for Retry-After). */
Error rate_limiter_take(RateLimiter *limiter, RateClass rate_class, Str key, Arena *arena) MUST_USE;

DEFINE_CLEANUP(RateLimiter, rate_limiter_free)

#endif
