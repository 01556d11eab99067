#include "access_log_state.h"
#include "timed_wait.h"

#define LEAF_ARENA_BYTES ((size_t)128 << 10) /* for one leaf: detail, envelope, line */

static Error ensure_up(AccessLog *log)
{
    const char *down = log->down;
    ENSURE(down == NULL, LOG_UNAVAILABLE, down);
    return OK;
}

/* Sleeps until there may be room or the turn may be free. */
static Error wait_for_room(AccessLog *log, Deadline deadline)
{
    log->room_waiters++;
    bool in_time = timed_wait_on(&log->room, &log->lock, deadline);
    log->room_waiters--;
    TRY(ensure_up(log));
    ENSURE(in_time, DEADLINE, "access log");
    return OK;
}

static void remember_owner(AccessLog *log, uint64_t seq, SubjectKey *key)
{
    if (!log->is_followed || key == NULL || log->owners_count == ACCESS_LOG_OWNERS_MAX) {
        return; /* the follower will find it by its finder */
    }
    size_t at = (log->owners_from + log->owners_count) % ACCESS_LOG_OWNERS_MAX;
    log->owners[at] = (LogOwner){.seq = seq, .key = subject_key_ref(key)};
    log->owners_count++;
}

static int64_t next_ms(AccessLog *log)
{
    int64_t now_ms = log->ports->clock->now_us(log->ports->clock) / 1000;
    return now_ms > log->last_ms ? now_ms : log->last_ms;
}

/* Gives one leaf its place in the open batch, which has room for it. */
static Error place_leaf(AccessLog *log, Arena *arena, const PreparedLeaf *leaf)
{
    uint64_t seq = log->frontier.size;
    int64_t at_ms = next_ms(log);
    uint8_t finder[SEAL_FINDER_BYTES] = {0};
    size_t slot = 0;
    Str line;
    Str detail;
    if (leaf->key != NULL) {
        TRY(finder_table_next(log->finders, leaf->key, str_from(log->node), seq / LEAF_EPOCH_LEAVES,
                              finder, &slot));
    }
    TRY(leaf_place(leaf, arena, seq, at_ms, finder, &line, &detail));
    SegmentBuilder *builder = &log->builders[log->open_batch & 1];
    segment_builder_add(builder, line, detail);
    MerkleHash hash;
    merkle_hash_leaf(line, &hash);
    merkle_append(&log->frontier, &hash);
    log->last_ms = at_ms;
    if (leaf->key != NULL) {
        finder_table_use(log->finders, slot);
    }
    remember_owner(log, seq, leaf->key);
    if (builder->count == 1) {
        (void)pthread_cond_signal(&log->work);
    }
    return OK;
}

static bool has_room(const AccessLog *log, const PreparedLeaf *leaf)
{
    const SegmentBuilder *builder = &log->builders[log->open_batch & 1];
    size_t detail_bytes = leaf->key == NULL ? 0 : SEAL_FINDER_BYTES + leaf->envelope.n;
    return builder->count < log->batch_leaves && segment_builder_fits(builder, detail_bytes);
}

static Error place_in_turn(AccessLog *log, Arena *arena, const PreparedLeaf *leaves, size_t n,
                           Deadline deadline, uint64_t *ret_first_seq, uint64_t *ret_batch)
{
    for (size_t i = 0; i < n; i++) {
        while (!has_room(log, &leaves[i])) {
            TRY(wait_for_room(log, deadline));
        }
        uint64_t seq = log->frontier.size;
        TRY(place_leaf(log, arena, &leaves[i]));
        *ret_first_seq = i == 0 ? seq : *ret_first_seq;
    }
    *ret_batch = log->open_batch;
    return OK;
}

/* Places all leaves of one call one after the other: nobody else's come between, even when they
 * fill several batches. */
static Error place_all(AccessLog *log, Arena *arena, const PreparedLeaf *leaves, size_t n,
                       Deadline deadline, uint64_t *ret_first_seq, uint64_t *ret_batch)
{
    TRY(ensure_up(log));
    while (log->is_turn_taken) {
        TRY(wait_for_room(log, deadline));
    }
    log->is_turn_taken = true;
    Error error = place_in_turn(log, arena, leaves, n, deadline, ret_first_seq, ret_batch);
    log->is_turn_taken = false;
    if (log->room_waiters > 0) {
        (void)pthread_cond_broadcast(&log->room);
    }
    return error;
}

static Error wait_durable(AccessLog *log, uint64_t batch, Deadline deadline)
{
    WakeWord *settled = &log->settled[batch & 1];
    for (;;) {
        uint32_t seen = wake_word_read(settled);
        if (log->durable_batches > batch) {
            return OK;
        }
        TRY(ensure_up(log));
        ENSURE(wake_word_sleep(settled, seen, deadline), DEADLINE, "access log");
    }
}

static Error prepare_all(AccessLog *log, Arena *arena, const LeafDraft *leaves, size_t n,
                         PreparedLeaf **ret_prepared)
{
    PreparedLeaf *prepared = ARENA_MANY(arena, PreparedLeaf, n);
    ENSURE_ALLOC(prepared, arena);
    for (size_t i = 0; i < n; i++) {
        TRY(leaf_prepare(log->ports, arena, str_from(log->node), &leaves[i], &prepared[i]));
    }
    *ret_prepared = prepared;
    return OK;
}

static int64_t take_jump(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    int64_t jump_us = clock_watch_take(&log->clock_watch, log->ports->clock);
    (void)pthread_mutex_unlock(&log->lock);
    return jump_us;
}

/* What is said of a jump: the way, and whole seconds. */
static LeafDraft clock_draft(int64_t jump_us)
{
    int64_t seconds = (jump_us < 0 ? -jump_us : jump_us) / CLOCK_SECOND_US;
    return (LeafDraft){.act = LEAF_CLOCK,
                       .why = jump_us < 0 ? STR("BACK") : STR("AHEAD"),
                       .client = STR_EMPTY,
                       .operator_id = STR_EMPTY,
                       .purpose = STR_EMPTY,
                       .entity_type = STR_EMPTY,
                       .attribute_count = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds,
                       .request_id = STR_EMPTY,
                       .policy = STR_EMPTY};
}

static Error append_all(AccessLog *log, const LeafDraft *leaves, size_t n, Deadline deadline,
                        uint64_t *ret_first_seq)
{
    CLEANUP(arena_free) Arena *arena = arena_new(n * LEAF_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    PreparedLeaf *prepared = NULL;
    TRY(prepare_all(log, arena, leaves, n, &prepared));
    uint64_t first_seq = 0;
    uint64_t batch = 0;
    (void)pthread_mutex_lock(&log->lock);
    Error error = place_all(log, arena, prepared, n, deadline, &first_seq, &batch);
    (void)pthread_mutex_unlock(&log->lock);
    TRY(error);
    TRY(wait_durable(log, batch, deadline));
    *ret_first_seq = first_seq;
    return OK;
}

/* A jump of the clock is told before the leaf that noticed it. */
static Error tell_jump(AccessLog *log, Deadline deadline)
{
    int64_t jump_us = take_jump(log);
    if (jump_us == 0) {
        return OK;
    }
    uint64_t seq = 0;
    LeafDraft draft = clock_draft(jump_us);
    Error error = append_all(log, &draft, 1, deadline, &seq);
    if (FAILED(error)) {
        (void)pthread_mutex_lock(&log->lock);
        clock_watch_give_back(&log->clock_watch, jump_us);
        (void)pthread_mutex_unlock(&log->lock);
    }
    return error;
}

Error access_log_append(AccessLog *log, const LeafDraft *leaves, size_t n, Deadline deadline,
                        uint64_t *ret_first_seq)
{
    ENSURE(n >= 1, LOG_MISUSE, "no leaf");
    TRY(ensure_up(log));
    TRY(tell_jump(log, deadline));
    return append_all(log, leaves, n, deadline, ret_first_seq);
}
