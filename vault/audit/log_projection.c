#include "log_projection.h"

#include <stdlib.h>
#include <string.h>

#include "log_projection_state.h"
#include "timed_wait.h"

#define WAIT_US CLOCK_SECOND_US
#define RETRY_US 250000
#define PACE_US CLOCK_SECOND_US
#define LIVE_ARENA_BYTES ((size_t)32 << 20)

bool log_projection_is_stopping(LogProjection *projection)
{
    (void)pthread_mutex_lock(&projection->lock);
    bool is_stopping = projection->is_stopping;
    (void)pthread_mutex_unlock(&projection->lock);
    return is_stopping;
}

uint64_t log_projection_seq(LogProjection *projection)
{
    (void)pthread_mutex_lock(&projection->lock);
    uint64_t next = projection->next;
    (void)pthread_mutex_unlock(&projection->lock);
    return next;
}

static void set_next(LogProjection *projection, uint64_t next)
{
    (void)pthread_mutex_lock(&projection->lock);
    projection->next = next;
    (void)pthread_cond_broadcast(&projection->progress);
    (void)pthread_mutex_unlock(&projection->lock);
}

static Error copy_batch(Arena *arena, const SegmentBatch *batch, uint64_t until, LeafRange *range)
{
    uint64_t next = range->from + range->count;
    for (size_t i = (size_t)(next - batch->first_seq);
         i < batch->count && batch->first_seq + i < until; i++) {
        TRY(str_copy_in(arena, batch->leaves[i], &range->lines[range->count]));
        TRY(str_copy_in(arena, batch->details[i], &range->details[range->count]));
        range->count++;
    }
    return OK;
}

static void reader_drop(LogProjection *projection)
{
    projection->reader = segment_reader_close(projection->reader);
}

static Error reader_open(LogProjection *projection, uint64_t from)
{
    return segment_reader_open(access_log_ports(projection->log)->file,
                               access_log_folder(projection->log), from, &projection->reader);
}

static Error load_range(LogProjection *projection, Arena *arena, uint64_t until, LeafRange *range)
{
    while (range->from + range->count < until) {
        const SegmentBatch *batch = NULL;
        TRY(segment_reader_next(projection->reader, until, &batch));
        ENSURE(batch != NULL, LOG_CORRUPT, "leaves up to the durable size");
        TRY(copy_batch(arena, batch, until, range));
        if (batch->first_seq + batch->count > until) {
            reader_drop(projection); /* it has passed leaves that are for the next round */
            return OK;
        }
    }
    return OK;
}

Error log_projection_load(LogProjection *projection, Arena *arena, uint64_t from, uint64_t until,
                          LeafRange *ret_range)
{
    LeafRange range = {.from = from,
                       .lines = ARENA_MANY(arena, Str, (size_t)(until - from)),
                       .details = ARENA_MANY(arena, Str, (size_t)(until - from))};
    ENSURE_ALLOC(range.lines, arena);
    ENSURE_ALLOC(range.details, arena);
    if (projection->reader == NULL || projection->reader_seq != from) {
        reader_drop(projection);
        TRY(reader_open(projection, from));
    }
    Error error = load_range(projection, arena, until, &range);
    if (FAILED(error)) {
        reader_drop(projection);
        return error;
    }
    projection->reader_seq = until;
    *ret_range = range;
    return OK;
}

/* Owners of a range of leaves as the committer knew them; NULL where it did not. Counted
 * references. */
typedef struct RangeOwners {
    SubjectKey *keys[PROJECTION_LIVE_LEAVES];
} RangeOwners;

static void take_owners(LogProjection *projection, const LeafRange *range, RangeOwners *ret_owners)
{
    LogOwner taken[64];
    size_t count = 0;
    *ret_owners = (RangeOwners){0};
    do {
        count = access_log_take_owners(projection->log, range->from + range->count, taken, 64);
        for (size_t i = 0; i < count; i++) {
            if (taken[i].seq >= range->from) {
                ret_owners->keys[taken[i].seq - range->from] = taken[i].key;
            } else {
                (void)subject_key_unref(taken[i].key); /* projected already */
            }
        }
    } while (count > 0);
}

static void drop_owners(RangeOwners *owners)
{
    for (size_t i = 0; i < PROJECTION_LIVE_LEAVES; i++) {
        owners->keys[i] = subject_key_unref(owners->keys[i]);
    }
}

static bool knows_all(const LeafRange *range, const RangeOwners *owners)
{
    for (size_t i = 0; i < range->count; i++) {
        if (range->details[i].n > 0 && owners->keys[i] == NULL) {
            return false;
        }
    }
    return true;
}

static Error project_known(LogProjection *projection, const LeafRange *range,
                           const RangeOwners *owners)
{
    for (size_t i = 0; i < range->count; i++) {
        if (range->details[i].n > 0) {
            TRY(log_projection_add(projection, owners->keys[i], range->lines[i],
                                   range->details[i]));
        }
    }
    return OK;
}

/* As many leaves as one walk over the subjects should serve, within one epoch. */
static uint64_t search_end(uint64_t from, uint64_t durable)
{
    uint64_t epoch_end = (from / LEAF_EPOCH_LEAVES + 1) * LEAF_EPOCH_LEAVES;
    uint64_t end = from + PROJECTION_SEARCH_LEAVES;
    end = end < epoch_end ? end : epoch_end;
    return end < durable ? end : durable;
}

/* Brings the next leaves into the store; durable > projection->next. */
static Error project_some(LogProjection *projection, uint64_t durable)
{
    CLEANUP(arena_free) Arena *arena = arena_new(LIVE_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    uint64_t from = projection->next;
    uint64_t until =
        durable - from > PROJECTION_LIVE_LEAVES ? from + PROJECTION_LIVE_LEAVES : durable;
    LeafRange range;
    RangeOwners owners;
    TRY(log_projection_load(projection, arena, from, until, &range));
    take_owners(projection, &range, &owners);
    Error error = OK;
    if (knows_all(&range, &owners)) {
        error = project_known(projection, &range, &owners);
    } else {
        until = search_end(from, durable);
        error = log_projection_search(projection, from, until);
    }
    drop_owners(&owners);
    TRY(error);
    TRY(log_projection_commit(projection, until));
    set_next(projection, until);
    return OK;
}

static Error find_start(LogProjection *projection)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    CLEANUP(store_snapshot_close) StoreSnapshot *snapshot = NULL;
    uint64_t next = 0;
    uint64_t version = 0;
    TRY(store_snapshot_open(projection->store, deadline_in(ports_system()->clock, CLOCK_SECOND_US),
                            &snapshot));
    TRY(log_projection_read_mark(projection, arena, snapshot, &next, &version));
    set_next(projection, next);
    return OK;
}

static void forget_pending(LogProjection *projection)
{
    projection->arena = arena_free(projection->arena);
    projection->pending_count = 0;
}

static void sleep_a_little(LogProjection *projection)
{
    (void)access_log_wait(projection->log, UINT64_MAX, RETRY_US);
}

static bool is_awaited(LogProjection *projection)
{
    (void)pthread_mutex_lock(&projection->lock);
    bool is_awaited = projection->waiters > 0;
    (void)pthread_mutex_unlock(&projection->lock);
    return is_awaited;
}

/* Each commit costs a sync and makes every reader of the store load its pages anew, so a few leaves
 * wait for company. */
static uint64_t wait_for_leaves(LogProjection *projection)
{
    uint64_t durable = access_log_wait(projection->log, projection->next, WAIT_US);
    if (durable > projection->next && !is_awaited(projection)) {
        durable =
            access_log_wait(projection->log, projection->next + PROJECTION_LIVE_LEAVES, PACE_US);
    }
    return durable;
}

static void *follow(void *argument)
{
    LogProjection *projection = argument;
    (void)pthread_setname_np(pthread_self(), "log-projection");
    bool has_start = false;
    while (!log_projection_is_stopping(projection)) {
        Error error = OK;
        if (!has_start) {
            error = find_start(projection);
            has_start = !FAILED(error);
        }
        uint64_t durable = FAILED(error) ? 0 : wait_for_leaves(projection);
        if (!FAILED(error) && durable > projection->next) {
            error = project_some(projection, durable);
            forget_pending(projection);
        }
        if (FAILED(error)) {
            has_start = false; /* the mark says where to go on */
            sleep_a_little(projection);
        }
    }
    return NULL;
}

static Error init_locks(LogProjection *projection)
{
    bool is_fine =
        pthread_mutex_init(&projection->lock, NULL) == 0 && timed_wait_init(&projection->progress);
    ENSURE(is_fine, INTERNAL, "locks");
    return OK;
}

static LogProjection *projection_free(LogProjection *projection)
{
    if (projection != NULL) {
        forget_pending(projection);
        reader_drop(projection);
        (void)pthread_cond_destroy(&projection->progress);
        (void)pthread_mutex_destroy(&projection->lock);
        free(projection->pending);
        free(projection);
    }
    return NULL;
}
DEFINE_CLEANUP(LogProjection, projection_free)

Error log_projection_start(AccessLog *log, Store *store, const LogSubjects *subjects,
                           LogProjection **ret_projection)
{
    CLEANUP(projection_free) LogProjection *projection = calloc(1, sizeof *projection);
    ENSURE(projection != NULL, OUT_OF_MEMORY, NULL);
    projection->log = log;
    projection->store = store;
    projection->subjects = *subjects;
    TRY(init_locks(projection));
    projection->pending = calloc(PROJECTION_COMMIT_LINES, sizeof *projection->pending);
    ENSURE(projection->pending != NULL, OUT_OF_MEMORY, NULL);
    access_log_follow(log);
    ENSURE(pthread_create(&projection->thread, NULL, follow, projection) == 0, INTERNAL, "thread");
    *ret_projection = TAKE(projection);
    return OK;
}

LogProjection *log_projection_stop(LogProjection *projection)
{
    if (projection == NULL) {
        return NULL;
    }
    (void)pthread_mutex_lock(&projection->lock);
    projection->is_stopping = true;
    (void)pthread_mutex_unlock(&projection->lock);
    access_log_wake(projection->log);
    (void)pthread_join(projection->thread, NULL);
    return projection_free(projection);
}

Error log_projection_wait(LogProjection *projection, uint64_t seq, Deadline deadline)
{
    bool is_there = false;
    (void)pthread_mutex_lock(&projection->lock);
    projection->waiters++;
    (void)pthread_mutex_unlock(&projection->lock);
    access_log_wake(projection->log);
    (void)pthread_mutex_lock(&projection->lock);
    while (!(is_there = projection->next >= seq) &&
           timed_wait_on(&projection->progress, &projection->lock, deadline)) {
    }
    projection->waiters--;
    (void)pthread_mutex_unlock(&projection->lock);
    ENSURE(is_there, DEADLINE, "projection of the access log");
    return OK;
}
