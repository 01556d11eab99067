#include "key_slab.h"

#include <pthread.h>
#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "locked_memory.h"

#define REST_PERIOD_S 1

/* Entering is a handshake of two sequentially consistent variables: who enters first raises
 * `users`, then looks at `may_pass`; who shuts first lowers `may_pass`, then looks at `users`. At
 * least one of the two sees the other. */
struct KeySlab {
    uint8_t *bytes;
    uint32_t slots;
    _Atomic uint32_t users;
    _Atomic bool may_pass; /* the pages are open and nobody is about to shut them */
    _Atomic bool was_used; /* since the last rest */
    pthread_mutex_t lock;  /* of what follows and of mprotect */
    bool is_open;
    bool is_wiped;
    bool is_stopping;
    pthread_cond_t changed;
    pthread_t thread;
};

static void shut_pages(KeySlab *slab)
{
    (void)sodium_mprotect_noaccess(
        slab->bytes); /* hardening: a refusal leaves the pages readable */
    slab->is_open = false;
}

static void open_pages(KeySlab *slab)
{
    (void)sodium_mprotect_readwrite(slab->bytes); /* a refusal faults at the next touch */
    slab->is_open = true;
}

static struct timespec rest_time(void)
{
    struct timespec at = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &at); /* can't fail for this clock */
    at.tv_sec += REST_PERIOD_S;
    return at;
}

/* Sleeps without waking while the slab is shut anyway. */
static void *rest_loop(void *context)
{
    KeySlab *slab = context;
    (void)pthread_mutex_lock(&slab->lock);
    while (!slab->is_stopping) {
        if (!slab->is_open) {
            (void)pthread_cond_wait(&slab->changed, &slab->lock);
            continue;
        }
        struct timespec at = rest_time();
        (void)pthread_cond_timedwait(&slab->changed, &slab->lock, &at); /* any wake-up is checked */
        bool is_stopping = slab->is_stopping;
        (void)pthread_mutex_unlock(&slab->lock);
        if (!is_stopping) {
            key_slab_rest(slab);
        }
        (void)pthread_mutex_lock(&slab->lock);
    }
    (void)pthread_mutex_unlock(&slab->lock);
    return NULL;
}

static Error start_thread(KeySlab *slab)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&slab->lock,
                             NULL); /* these four can't fail on Linux with these arguments */
    (void)pthread_cond_init(&slab->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    if (pthread_create(&slab->thread, NULL, rest_loop, slab) != 0) {
        (void)pthread_cond_destroy(&slab->changed);
        (void)pthread_mutex_destroy(&slab->lock);
        return FAIL(INTERNAL, "no thread for the key slab");
    }
    (void)pthread_setname_np(slab->thread, "key-slab"); /* a name is a convenience */
    return OK;
}

static Error slab_fill(KeySlab *slab, uint32_t slots)
{
    void *memory = NULL;
    TRY(locked_memory_new((size_t)slots * KEY_SLOT_BYTES, &memory));
    slab->bytes = memory;
    slab->slots = slots;
    shut_pages(slab);
    return start_thread(slab);
}

Error key_slab_new(uint32_t slots, KeySlab **ret_slab)
{
    KeySlab *slab = calloc(1, sizeof *slab);
    ENSURE(slab != NULL, OUT_OF_MEMORY, NULL);
    Error error = slab_fill(slab, slots);
    if (FAILED(error)) {
        sodium_free(slab->bytes);
        free(slab);
        return error;
    }
    *ret_slab = slab;
    return OK;
}

KeySlab *key_slab_free(KeySlab *slab)
{
    if (slab == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&slab->lock);
    slab->is_stopping = true;
    (void)pthread_cond_signal(&slab->changed);
    (void)pthread_mutex_unlock(&slab->lock);
    (void)pthread_join(slab->thread, NULL);
    sodium_free(slab->bytes); /* opens, wipes, unlocks */
    (void)pthread_cond_destroy(&slab->changed);
    (void)pthread_mutex_destroy(&slab->lock);
    free(slab);
    return NULL;
}

/* The slow way in: the pages are shut, or somebody tries to shut them. Whoever queues here isn't
 * counted as a user, or a wipe would wait for those that it turns away. */
static bool enter_shut(KeySlab *slab)
{
    atomic_fetch_sub(&slab->users, 1);
    (void)pthread_mutex_lock(&slab->lock);
    bool may_enter = !slab->is_wiped;
    if (may_enter && !slab->is_open) {
        open_pages(slab);
        (void)pthread_cond_signal(&slab->changed);
    }
    if (may_enter) {
        atomic_fetch_add(&slab->users, 1);
        atomic_store(&slab->may_pass, true);
    }
    (void)pthread_mutex_unlock(&slab->lock);
    return may_enter;
}

bool key_slab_enter(KeySlab *slab)
{
    atomic_fetch_add(&slab->users, 1);
    if (!atomic_load(&slab->may_pass) && !enter_shut(slab)) {
        return false;
    }
    if (!atomic_load_explicit(&slab->was_used, memory_order_relaxed)) {
        atomic_store_explicit(&slab->was_used, true, memory_order_relaxed);
    }
    return true;
}

void key_slab_leave(KeySlab *slab)
{
    atomic_fetch_sub(&slab->users, 1);
}

uint8_t *key_slab_slot(KeySlab *slab, uint32_t slot)
{
    return slab->bytes + (size_t)slot * KEY_SLOT_BYTES;
}

void key_slab_wipe(KeySlab *slab)
{
    (void)pthread_mutex_lock(&slab->lock);
    slab->is_wiped = true;
    atomic_store(&slab->may_pass, false);
    (void)pthread_mutex_unlock(&slab->lock);
    /* Operations last microseconds; those that come now find the door shut and turn round. */
    while (atomic_load(&slab->users) != 0) {
        (void)sched_yield();
    }
    (void)pthread_mutex_lock(&slab->lock);
    open_pages(slab);
    sodium_memzero(slab->bytes, (size_t)slab->slots * KEY_SLOT_BYTES);
    shut_pages(slab);
    (void)pthread_mutex_unlock(&slab->lock);
}

void key_slab_revive(KeySlab *slab)
{
    (void)pthread_mutex_lock(&slab->lock);
    slab->is_wiped = false;
    (void)pthread_mutex_unlock(&slab->lock);
}

void key_slab_rest(KeySlab *slab)
{
    if (atomic_exchange(&slab->was_used, false)) {
        return;
    }
    (void)pthread_mutex_lock(&slab->lock);
    if (slab->is_open) {
        atomic_store(&slab->may_pass, false);
        if (atomic_load(&slab->users) == 0) {
            shut_pages(slab);
        } else {
            atomic_store(&slab->may_pass, true);
        }
    }
    (void)pthread_mutex_unlock(&slab->lock);
}

bool key_slab_is_open(KeySlab *slab)
{
    (void)pthread_mutex_lock(&slab->lock);
    bool is_open = slab->is_open;
    (void)pthread_mutex_unlock(&slab->lock);
    return is_open;
}
