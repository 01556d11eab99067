#include "lockout.h"

#include <pthread.h>
#include <stdlib.h>

#include "ip_range.h"
#include "siphash.h"

#define WAYS 8
#define SETS ((size_t)2048)
#define DOUBLINGS_MAX 10

typedef enum LockKind { LOCK_CLIENT, LOCK_SOURCE, LOCK_KIND_COUNT_ } LockKind;

typedef struct Tally {
    uint64_t key; /* keyed hash; 0: free */
    unsigned failures;
    int64_t last_us; /* monotonic, of the last failure */
} Tally;

struct Lockout {
    const Clock *clock;
    uint64_t seed[2];
    pthread_mutex_t lock; /* guards tallies */
    Tally tallies[SETS][WAYS];
};

static const unsigned FREE[LOCK_KIND_COUNT_] = {LOCKOUT_FREE_CLIENT, LOCKOUT_FREE_SOURCE};

Error lockout_new(const Ports *ports, Lockout **ret_lockout)
{
    CLEANUP(lockout_free) Lockout *lockout = calloc(1, sizeof *lockout);
    ENSURE(lockout != NULL, OUT_OF_MEMORY, NULL);
    lockout->clock = ports->clock;
    (void)pthread_mutex_init(&lockout->lock, NULL);
    TRY(ports->entropy->fill(ports->entropy, lockout->seed, sizeof lockout->seed));
    *ret_lockout = TAKE(lockout);
    return OK;
}

Lockout *lockout_free(Lockout *lockout)
{
    if (lockout != NULL) {
        (void)pthread_mutex_destroy(&lockout->lock);
        free(lockout);
    }
    return NULL;
}

/* --- whom it is about ------------------------------------------------------------------------- */

/* The tally's key; 0: none is kept of this. */
static uint64_t key_of(const Lockout *lockout, LockKind kind, Str client, Str source)
{
    IpAddress address;
    bool is_elsewhere = ip_address_parse(source, &address) && !ip_address_is_loopback(&address);
    if ((kind == LOCK_SOURCE && !is_elsewhere) || (kind == LOCK_CLIENT && client.n == 0)) {
        return 0;
    }
    IpAddress from = {{0}};
    if (is_elsewhere) {
        from = ip_address_source(&address);
    }
    uint64_t seed[2] = {lockout->seed[0],
                        lockout->seed[1] ^ siphash(lockout->seed, str_bytes(from.bytes, 16))};
    uint64_t key = siphash(seed, kind == LOCK_CLIENT ? client : STR_EMPTY);
    return key == 0 ? 1 : key;
}

static Tally *find(Tally set[WAYS], uint64_t key)
{
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key) {
            return &set[i];
        }
    }
    return NULL;
}

/* Room for a new one: where the last failure is longest ago. */
static Tally *make_room(Tally set[WAYS], uint64_t key)
{
    Tally *oldest = &set[0];
    for (size_t i = 1; i < WAYS; i++) {
        oldest = set[i].last_us < oldest->last_us ? &set[i] : oldest;
    }
    *oldest = (Tally){.key = key};
    return oldest;
}

static Tally *set_of(Lockout *lockout, uint64_t key)
{
    return lockout->tallies[(size_t)(key >> 32) % SETS];
}

/* --- waits ------------------------------------------------------------------------------------ */

static int64_t wait_us(const Tally *tally, LockKind kind, int64_t now_us)
{
    if (tally == NULL || tally->failures <= FREE[kind]) {
        return 0;
    }
    unsigned doublings = tally->failures - FREE[kind] - 1;
    doublings = doublings > DOUBLINGS_MAX ? DOUBLINGS_MAX : doublings;
    int64_t seconds = INT64_C(1) << doublings;
    seconds = seconds > LOCKOUT_WAIT_MAX_S ? LOCKOUT_WAIT_MAX_S : seconds;
    int64_t left_us = tally->last_us + seconds * CLOCK_SECOND_US - now_us;
    return left_us > 0 ? left_us : 0;
}

static Error refuse(Arena *arena, int64_t left_us)
{
    Buf buf = buf_in(arena);
    Str seconds;
    buf_add_int(&buf, (left_us + CLOCK_SECOND_US - 1) / CLOCK_SECOND_US);
    TRY(buf_finish(&buf, &seconds));
    return FAIL(LOCKED_OUT, str_argument(arena, seconds));
}

Error lockout_check(Lockout *lockout, Str client, Str source, Arena *arena)
{
    if (lockout == NULL) {
        return OK;
    }
    int64_t now_us = lockout->clock->monotonic_us(lockout->clock);
    int64_t longest_us = 0;
    (void)pthread_mutex_lock(&lockout->lock);
    for (LockKind kind = LOCK_CLIENT; kind < LOCK_KIND_COUNT_; kind++) {
        uint64_t key = key_of(lockout, kind, client, source);
        int64_t left_us = key == 0 ? 0 : wait_us(find(set_of(lockout, key), key), kind, now_us);
        longest_us = left_us > longest_us ? left_us : longest_us;
    }
    (void)pthread_mutex_unlock(&lockout->lock);
    return longest_us == 0 ? OK : refuse(arena, longest_us);
}

static void count_failure(Lockout *lockout, uint64_t key, int64_t now_us)
{
    Tally *tally = find(set_of(lockout, key), key);
    if (tally == NULL || tally->last_us + LOCKOUT_FORGET_S * CLOCK_SECOND_US <= now_us) {
        tally = tally == NULL ? make_room(set_of(lockout, key), key) : tally;
        tally->failures = 0;
    }
    tally->failures++;
    tally->last_us = now_us;
}

void lockout_failed(Lockout *lockout, Str client, Str source)
{
    if (lockout == NULL) {
        return;
    }
    int64_t now_us = lockout->clock->monotonic_us(lockout->clock);
    (void)pthread_mutex_lock(&lockout->lock);
    for (LockKind kind = LOCK_CLIENT; kind < LOCK_KIND_COUNT_; kind++) {
        uint64_t key = key_of(lockout, kind, client, source);
        if (key != 0) {
            count_failure(lockout, key, now_us);
        }
    }
    (void)pthread_mutex_unlock(&lockout->lock);
}

void lockout_succeeded(Lockout *lockout, Str client, Str source)
{
    uint64_t key = lockout == NULL ? 0 : key_of(lockout, LOCK_CLIENT, client, source);
    if (key == 0) {
        return;
    }
    (void)pthread_mutex_lock(&lockout->lock);
    Tally *tally = find(set_of(lockout, key), key);
    if (tally != NULL) {
        *tally = (Tally){0};
    }
    (void)pthread_mutex_unlock(&lockout->lock);
}
