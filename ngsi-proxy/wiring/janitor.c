#include "janitor.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "access_token.h"
#include "lease.h"
#include "log_line.h"
#include "store.h"
#include "sweep.h"
#include "vault_call.h"

#define ROUND_SECONDS 60
#define ROUND_TIMEOUT_US (10 * CLOCK_SECOND_US)
#define LEASE_US (150 * CLOCK_SECOND_US)
#define CHECKPOINT_TIMEOUT_US (CLOCK_SECOND_US / 4) /* commits wait meanwhile */
/* Far longer than any deadline: a marker is asked for only while its commit's outcome is unknown.
 */
#define MARKER_KEPT_US (3600 * CLOCK_SECOND_US)

struct Janitor {
    const VaultCore *core;
    Str node;
    pthread_t thread;
    pthread_mutex_t lock; /* guards is_stopping */
    pthread_cond_t changed;
    bool is_stopping;
};

static Error sweep_tokens(Janitor *janitor, Arena *arena, Deadline deadline)
{
    VaultCall call = {0};
    size_t removed = 0;
    TRY(vault_call_open(janitor->core, arena, STR(""), deadline, &call));
    Error outcome = access_token_sweep(&call, SWEEP_LIMIT_MAX, &removed);
    vault_call_close(&call);
    return outcome;
}

/* Where a snapshot stays open for longer, the next round tries again. */
static Error checkpoint(const Janitor *janitor)
{
    Deadline deadline = deadline_in(janitor->core->ports->clock, CHECKPOINT_TIMEOUT_US);
    Error outcome = store_checkpoint(janitor->core->store, deadline);
    return outcome.reason == REASON_DEADLINE ? OK : outcome;
}

static Error sweep(Janitor *janitor, Arena *arena)
{
    Store *store = janitor->core->store;
    const Clock *clock = janitor->core->ports->clock;
    Deadline deadline = deadline_in(clock, ROUND_TIMEOUT_US);
    LeaseCall lease_call = {.store = store, .clock = clock, .deadline = deadline};
    Lease lease = {0};
    size_t removed = 0;
    int64_t now_us = clock->now_us(clock);
    TRY(lease_acquire(lease_call, STR("janitor"), janitor->node, LEASE_US, &lease));
    TRY(sweep_tokens(janitor, arena, deadline));
    TRY(store_sweep(store, arena, STORE_IDEMPOTENCY, "by_expiry", now_us / CLOCK_SECOND_US,
                    SWEEP_LIMIT_MAX, deadline, &removed));
    TRY(store_sweep(store, arena, STORE_PUBLIC_ENTITIES, "by_expiry", now_us, SWEEP_LIMIT_MAX,
                    deadline, &removed));
    TRY(store_sweep(store, arena, STORE_COMMITS, "by_time",
                    (now_us - MARKER_KEPT_US) / CLOCK_SECOND_US, SWEEP_LIMIT_MAX, deadline,
                    &removed));
    return checkpoint(janitor);
}

static void work(Janitor *janitor)
{
    CLEANUP(arena_free) Arena *arena = arena_new_sensitive(ARENA_REQUEST_BYTES);
    Error outcome = arena == NULL ? FAIL(OUT_OF_MEMORY, NULL) : sweep(janitor, arena);
    if (FAILED(outcome) && outcome.reason != REASON_LEASE_HELD) {
        LOG_EVENT(LOG_WARNING, "janitor.failed", log_error(outcome));
    }
}

static void *run(void *context)
{
    Janitor *janitor = context;
    (void)pthread_mutex_lock(&janitor->lock);
    while (!janitor->is_stopping) {
        (void)pthread_mutex_unlock(&janitor->lock);
        work(janitor);
        (void)pthread_mutex_lock(&janitor->lock);
        struct timespec until = {0};
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ROUND_SECONDS;
        int woken = 0;
        while (!janitor->is_stopping && woken == 0) {
            woken = pthread_cond_timedwait(&janitor->changed, &janitor->lock, &until);
        }
    }
    (void)pthread_mutex_unlock(&janitor->lock);
    return NULL;
}

static void init_locks(Janitor *janitor)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&janitor->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&janitor->lock, NULL);
}

Error janitor_start(const VaultCore *core, Str node, Janitor **ret_janitor)
{
    Janitor *janitor = calloc(1, sizeof *janitor);
    ENSURE(janitor != NULL, OUT_OF_MEMORY, NULL);
    janitor->core = core;
    janitor->node = node;
    init_locks(janitor);
    if (pthread_create(&janitor->thread, NULL, run, janitor) != 0) {
        free(janitor);
        return FAIL(INTERNAL, "janitor thread");
    }
    (void)pthread_setname_np(janitor->thread, "janitor");
    *ret_janitor = janitor;
    return OK;
}

Janitor *janitor_stop(Janitor *janitor)
{
    if (janitor == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&janitor->lock);
    janitor->is_stopping = true;
    (void)pthread_cond_signal(&janitor->changed);
    (void)pthread_mutex_unlock(&janitor->lock);
    (void)pthread_join(janitor->thread, NULL);
    (void)pthread_cond_destroy(&janitor->changed);
    (void)pthread_mutex_destroy(&janitor->lock);
    free(janitor);
    return NULL;
}
