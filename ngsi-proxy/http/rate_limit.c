#include "rate_limit.h"

#include <pthread.h>
#include <stdlib.h>

#include "siphash.h"

#define WAYS 8              /* buckets that one hash may fall into */
#define SETS ((size_t)8192) /* a power of two; 1 MiB of buckets in all */
#define LOCKS 64
#define BURST_SECONDS 2

typedef struct Bucket {
    uint64_t key;       /* keyed hash; 0: never used */
    int64_t full_at_us; /* monotonic; the bucket is full from then on */
} Bucket;

typedef struct Pace {
    int64_t interval_us; /* between two requests; 0: no limit */
    int64_t slack_us;    /* how far full_at_us may lie ahead and still let one pass */
} Pace;

struct RateLimiter {
    const Clock *clock;
    uint64_t seed[2];
    Pace paces[RATE_CLASS_COUNT_];
    pthread_mutex_t locks[LOCKS];
    Bucket buckets[SETS][WAYS];
};

static Pace pace_of(int64_t total_per_second, int64_t nodes)
{
    if (total_per_second <= 0) {
        return (Pace){0};
    }
    int64_t share = nodes < 1 ? 1 : nodes;
    int64_t burst = BURST_SECONDS * total_per_second / share;
    burst = burst < RATE_BURST_MIN ? RATE_BURST_MIN : burst;
    int64_t interval_us = CLOCK_SECOND_US * share / total_per_second;
    interval_us = interval_us < 1 ? 1 : interval_us;
    return (Pace){.interval_us = interval_us, .slack_us = interval_us * (burst - 1)};
}

Error rate_limiter_new(const Ports *ports, const RateLimits *limits, RateLimiter **ret_limiter)
{
    CLEANUP(rate_limiter_free) RateLimiter *limiter = calloc(1, sizeof *limiter);
    ENSURE(limiter != NULL, OUT_OF_MEMORY, NULL);
    limiter->clock = ports->clock;
    for (size_t i = 0; i < LOCKS; i++) {
        (void)pthread_mutex_init(&limiter->locks[i], NULL);
    }
    for (size_t i = 0; i < RATE_CLASS_COUNT_; i++) {
        limiter->paces[i] = pace_of(limits->total_per_second[i], limits->nodes);
    }
    TRY(ports->entropy->fill(ports->entropy, limiter->seed, sizeof limiter->seed));
    *ret_limiter = TAKE(limiter);
    return OK;
}

RateLimiter *rate_limiter_free(RateLimiter *limiter)
{
    if (limiter != NULL) {
        for (size_t i = 0; i < LOCKS; i++) {
            (void)pthread_mutex_destroy(&limiter->locks[i]);
        }
        free(limiter);
    }
    return NULL;
}

/* The key's bucket, or the one that is full for longest: what it knew is forgotten. */
static Bucket *bucket_of(Bucket set[WAYS], uint64_t key, int64_t now_us)
{
    Bucket *oldest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
        oldest = set[i].full_at_us < oldest->full_at_us ? &set[i] : oldest;
    }
    *oldest = (Bucket){.key = key, .full_at_us = now_us};
    return oldest;
}

/* 0, or how long until one may pass. */
static int64_t take(Bucket *bucket, const Pace *pace, int64_t now_us)
{
    int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
    int64_t wait_us = full_at_us - now_us - pace->slack_us;
    if (wait_us > 0) {
        return wait_us;
    }
    bucket->full_at_us = full_at_us + pace->interval_us;
    return 0;
}

static uint64_t hash_of(const RateLimiter *limiter, RateClass rate_class, Str key)
{
    const uint64_t seed[2] = {limiter->seed[0], limiter->seed[1] ^ (uint64_t)rate_class};
    uint64_t hash = siphash(seed, key);
    return hash == 0 ? 1 : hash;
}

static Error refuse(Arena *arena, int64_t wait_us)
{
    Buf buf = buf_in(arena);
    Str seconds;
    buf_add_int(&buf, (wait_us + CLOCK_SECOND_US - 1) / CLOCK_SECOND_US);
    TRY(buf_finish(&buf, &seconds));
    return FAIL(RATE_LIMITED, str_argument(arena, seconds));
}

Error rate_limiter_take(RateLimiter *limiter, RateClass rate_class, Str key, Arena *arena)
{
    if (limiter == NULL || limiter->paces[rate_class].interval_us == 0) {
        return OK;
    }
    uint64_t hash = hash_of(limiter, rate_class, key);
    size_t set = (size_t)(hash >> 32) % SETS;
    int64_t now_us = limiter->clock->monotonic_us(limiter->clock);
    pthread_mutex_t *lock = &limiter->locks[set % LOCKS];
    (void)pthread_mutex_lock(lock);
    int64_t wait_us =
        take(bucket_of(limiter->buckets[set], hash, now_us), &limiter->paces[rate_class], now_us);
    (void)pthread_mutex_unlock(lock);
    return wait_us == 0 ? OK : refuse(arena, wait_us);
}
