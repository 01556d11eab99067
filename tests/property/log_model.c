#include "log_model.h"

#include <assert.h>
#include <string.h>

typedef struct Moves {
    ModelPlant plant;
    ModelVisit visit;
    void *context;
} Moves;

const char *model_plant_name(ModelPlant plant)
{
    static const char *const NAMES[] = {"none",
                                        "respond before the sync",
                                        "forget the tail at a start",
                                        "trust the tail at a start",
                                        "sync a failed file again",
                                        "batch anew after a failure",
                                        "cut before the copy is durable",
                                        "trust the copy of a stopped start"};
    _Static_assert(sizeof NAMES / sizeof NAMES[0] == PLANT_COUNT_, "a name for each");
    return NAMES[plant];
}

ModelState log_model_start(void)
{
    ModelState state;
    memset(&state, 0, sizeof state);
    state.has_file = 1;
    state.segment_count = 1;
    return state;
}

static void go(const Moves *moves, const ModelState *next)
{
    moves->visit(moves->context, next);
}

static ModelSegment *newest(ModelState *state)
{
    assert(state->segment_count > 0);
    return &state->segments[state->segment_count - 1];
}

static void segment_add(ModelState *state)
{
    assert(state->segment_count < MODEL_SEGMENTS);
    state->segment_count++;
    memset(newest(state), 0, sizeof(ModelSegment));
}

static void segment_drop(ModelState *state)
{
    memset(newest(state), 0, sizeof(ModelSegment));
    state->segment_count--;
}

static void record_push(ModelSegment *segment, unsigned record)
{
    assert(segment->count < MODEL_RECORDS);
    segment->records[segment->count++] = (uint8_t)record;
}

static void record_pop(ModelSegment *segment)
{
    segment->records[--segment->count] = 0;
}

/* --- what a reader of the folder sees --------------------------------------------------------- */

typedef struct Sight {
    uint8_t batches[MODEL_SEGMENTS * MODEL_RECORDS];
    size_t count;
} Sight;

/* All batches in order; the repetition that the format allows is skipped. only_durable: what would
 * be left if the power went now and nothing unsynced survived. */
static Sight look(const ModelState *state, bool only_durable)
{
    Sight sight = {.count = 0};
    for (size_t s = 0; s < state->segment_count; s++) {
        const ModelSegment *segment = &state->segments[s];
        for (size_t r = 0; r < segment->count; r++) {
            uint8_t leaves = segment->records[r] & RECORD_LEAVES;
            bool is_copy = r == 0 && sight.count > 0 && sight.batches[sight.count - 1] == leaves;
            if (only_durable && !(segment->records[r] & RECORD_DURABLE)) {
                break;
            }
            if (!is_copy) {
                sight.batches[sight.count++] = leaves;
            }
        }
    }
    return sight;
}

static bool has_leaf_twice(const Sight *sight)
{
    unsigned seen = 0;
    for (size_t i = 0; i < sight->count; i++) {
        if (seen & sight->batches[i]) {
            return true;
        }
        seen |= sight->batches[i];
    }
    return false;
}

static bool holds_answered(const ModelState *state, const Sight *durable)
{
    unsigned leaves = 0;
    for (size_t i = 0; i < durable->count; i++) {
        leaves |= durable->batches[i];
    }
    for (unsigned i = 0; i < MODEL_REQUESTS; i++) {
        if (state->requests[i] == REQUEST_ANSWERED && !(leaves & 1U << i)) {
            return false;
        }
    }
    return true;
}

const char *log_model_broken(const ModelState *state)
{
    Sight durable = look(state, true);
    Sight readable = look(state, false);
    if (!holds_answered(state, &durable)) {
        return "response sent, leaf not durable";
    }
    if (durable.count < state->head_count ||
        memcmp(durable.batches, state->head, state->head_count) != 0) {
        return "an acknowledged head shrank";
    }
    if (has_leaf_twice(&durable) || has_leaf_twice(&readable)) {
        return "a leaf stands twice";
    }
    return NULL;
}

/* --- requests --------------------------------------------------------------------------------- */

/* Requests are alike, so they come in order: fewer states, the same schedules. */
static void move_append(const ModelState *state, const Moves *moves)
{
    for (unsigned i = 0; i < MODEL_REQUESTS; i++) {
        if (state->requests[i] == REQUEST_NEW) {
            ModelState next = *state;
            next.requests[i] = REQUEST_WAITING;
            next.queue = (uint8_t)(next.queue | 1U << i);
            go(moves, &next);
            return;
        }
    }
}

static void move_answer(const ModelState *state, const Moves *moves)
{
    unsigned ready = state->settled;
    if (moves->plant == PLANT_RESPOND_BEFORE_SYNC && state->stage >= STAGE_WRITTEN) {
        ready |= state->pending;
    }
    for (unsigned i = 0; i < MODEL_REQUESTS; i++) {
        ModelState next = *state;
        if (state->requests[i] != REQUEST_WAITING) {
            continue;
        }
        if (ready & 1U << i) {
            next.requests[i] = REQUEST_ANSWERED;
            go(moves, &next);
        } else if (state->is_poisoned) {
            next.requests[i] = REQUEST_REFUSED; /* its leaf may become durable all the same */
            go(moves, &next);
        }
    }
}

/* --- the committer ---------------------------------------------------------------------------- */

static void move_take(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    next.pending = state->queue;
    next.queue = 0;
    next.stage = STAGE_TAKEN;
    go(moves, &next);
}

static void poison(ModelState *state, ModelPlant plant)
{
    state->faults++;
    state->is_poisoned = 1;
    state->stage = STAGE_TAKEN;
    if (plant == PLANT_BATCH_ANEW) {
        state->queue = (uint8_t)(state->queue | state->pending);
        state->pending = 0;
        state->stage = STAGE_NONE;
    }
}

static void move_write(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    record_push(newest(&next), state->pending);
    next.stage = STAGE_WRITTEN;
    go(moves, &next);
    if (state->faults < MODEL_FAULTS) {
        next = *state; /* nothing was written, or a part */
        poison(&next, moves->plant);
        go(moves, &next);
        newest(&next)->is_torn = 1;
        go(moves, &next);
    }
}

static uint8_t *last_record(ModelState *state)
{
    ModelSegment *segment = newest(state);
    return &segment->records[segment->count - 1];
}

static void move_sync(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    uint8_t *record = last_record(&next);
    /* A second sync of dropped pages succeeds and keeps nothing: that is why there is none. */
    *record = (uint8_t)(*record | (*record & RECORD_DROPPED ? 0 : RECORD_DURABLE));
    next.stage = STAGE_DURABLE;
    go(moves, &next);
    if (state->faults < MODEL_FAULTS) {
        next = *state;
        record = last_record(&next);
        *record |= RECORD_DROPPED;
        if (moves->plant == PLANT_SYNC_AGAIN) {
            next.faults++;
        } else {
            poison(&next, moves->plant);
        }
        go(moves, &next);
    }
}

static void move_announce(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    next.head[next.head_count++] = state->pending;
    next.settled = (uint8_t)(next.settled | state->pending);
    next.pending = 0;
    next.stage = STAGE_NONE;
    go(moves, &next);
}

/* What was not acknowledged is cut durably; a segment that holds nothing is removed. */
static void move_abandon(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    ModelSegment *segment = newest(&next);
    next.is_poisoned = 0;
    next.has_file = 0;
    segment->is_torn = 0;
    bool is_kept = moves->plant == PLANT_BATCH_ANEW;
    if (!is_kept && segment->count > 0 && !(*last_record(&next) & RECORD_DURABLE)) {
        record_pop(segment);
    }
    if (segment->count == 0) {
        segment_drop(&next);
    }
    go(moves, &next);
}

static void move_create(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    segment_add(&next);
    next.has_file = 1;
    go(moves, &next);
}

static void move_commit(const ModelState *state, const Moves *moves)
{
    if (state->is_poisoned) {
        move_abandon(state, moves);
    } else if (!state->has_file) {
        move_create(state, moves);
    } else if (state->stage == STAGE_TAKEN) {
        move_write(state, moves);
    } else if (state->stage == STAGE_WRITTEN) {
        move_sync(state, moves);
    } else if (state->stage == STAGE_DURABLE) {
        move_announce(state, moves);
    } else if (state->queue != 0) {
        move_take(state, moves);
    }
}

/* --- crash ------------------------------------------------------------------------------------ */

static ModelState dead(const ModelState *state)
{
    ModelState next = *state;
    next.crashes++;
    next.phase = PHASE_DOWN;
    next.stage = STAGE_NONE;
    next.queue = next.pending = next.settled = 0;
    next.is_poisoned = next.has_file = 0;
    for (size_t i = 0; i < MODEL_REQUESTS; i++) {
        if (next.requests[i] == REQUEST_WAITING) {
            next.requests[i] = REQUEST_REFUSED;
        }
    }
    return next;
}

typedef enum Unsynced { UNSYNCED_LOST, UNSYNCED_TORN, UNSYNCED_KEPT, UNSYNCED_COUNT_ } Unsynced;

/* The power goes: of each file the first unsynced record has this fate, and nothing behind it
 * survives. */
static ModelState without_power(const ModelState *state, Unsynced fate)
{
    ModelState next = dead(state);
    for (size_t s = 0; s < next.segment_count; s++) {
        ModelSegment *segment = &next.segments[s];
        size_t kept = 0;
        while (kept < segment->count && segment->records[kept] & RECORD_DURABLE) {
            kept++;
        }
        if (kept == segment->count) {
            continue;
        }
        bool is_dropped = segment->records[kept] & RECORD_DROPPED;
        segment->is_torn = fate == UNSYNCED_TORN;
        if (fate == UNSYNCED_KEPT && !is_dropped) {
            segment->records[kept] |= RECORD_DURABLE;
            kept++;
        }
        while (segment->count > kept) {
            record_pop(segment);
        }
    }
    return next;
}

static void move_crash(const ModelState *state, const Moves *moves)
{
    if (state->crashes == MODEL_CRASHES) {
        return;
    }
    ModelState next = dead(state); /* kill -9: the kernel keeps what was written */
    go(moves, &next);
    for (int fate = 0; fate < UNSYNCED_COUNT_; fate++) {
        next = without_power(state, (Unsynced)fate);
        go(moves, &next);
    }
}

/* --- recovery --------------------------------------------------------------------------------- */

static bool is_copy_of_older(const ModelState *state)
{
    if (state->segment_count < 2) {
        return false;
    }
    const ModelSegment *last = &state->segments[state->segment_count - 1];
    const ModelSegment *before = last - 1;
    return before->count > 0 && (before->records[before->count - 1] & RECORD_LEAVES) ==
                                    (last->records[0] & RECORD_LEAVES);
}

/* What segment_recover does before anything is written: the torn end and segments without a record
 * go. Of a record that a stopped start left twice, nobody knows whether the copy was synced: if the
 * older one was ever acknowledged it is durable, so the copy goes, and is made anew. */
static void settle(ModelState *state, ModelPlant plant)
{
    while (state->segment_count > 0 && newest(state)->count == 0) {
        segment_drop(state);
    }
    if (state->segment_count > 0) {
        newest(state)->is_torn = 0;
    }
    if (is_copy_of_older(state)) {
        if (plant == PLANT_TRUST_COPY) {
            record_pop(&state->segments[state->segment_count - 2]);
        } else {
            segment_drop(state);
        }
    }
}

static void run(ModelState *state)
{
    Sight readable = look(state, false);
    state->phase = PHASE_RUNNING;
    state->has_file = 1;
    state->head_count = (uint8_t)readable.count; /* a start signs what it found */
    memset(state->head, 0, sizeof state->head);
    memcpy(state->head, readable.batches, readable.count);
}

static void move_recover(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    settle(&next, moves->plant);
    bool is_empty = next.segment_count == 0;
    if (!is_empty && moves->plant == PLANT_FORGET_TAIL) {
        record_pop(newest(&next));
    }
    segment_add(&next);
    if (is_empty || moves->plant == PLANT_FORGET_TAIL || moves->plant == PLANT_TRUST_TAIL) {
        run(&next);
    } else {
        next.phase = PHASE_CREATED;
    }
    go(moves, &next);
}

static void move_copy(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    ModelSegment *before = &next.segments[next.segment_count - 2];
    record_push(newest(&next), before->records[before->count - 1] & RECORD_LEAVES);
    next.phase = PHASE_COPIED;
    if (moves->plant == PLANT_CUT_BEFORE_COPY) {
        record_pop(before);
    }
    go(moves, &next);
}

static void move_sync_copy(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    *last_record(&next) |= RECORD_DURABLE;
    next.phase = PHASE_SYNCED;
    go(moves, &next);
    if (state->faults < MODEL_FAULTS) { /* the start fails; the next one is a new process */
        next = *state;
        *last_record(&next) |= RECORD_DROPPED;
        next.faults++;
        next.phase = PHASE_DOWN;
        go(moves, &next);
    }
}

static void move_cut(const ModelState *state, const Moves *moves)
{
    ModelState next = *state;
    if (moves->plant != PLANT_CUT_BEFORE_COPY) {
        record_pop(&next.segments[next.segment_count - 2]);
    }
    run(&next);
    go(moves, &next);
}

void log_model_moves(const ModelState *state, ModelPlant plant, ModelVisit visit, void *context)
{
    const Moves moves = {.plant = plant, .visit = visit, .context = context};
    switch (state->phase) {
    case PHASE_RUNNING:
        move_append(state, &moves);
        move_answer(state, &moves);
        move_commit(state, &moves);
        break;
    case PHASE_DOWN:
        move_recover(state, &moves);
        break;
    case PHASE_CREATED:
        move_copy(state, &moves);
        break;
    case PHASE_COPIED:
        move_sync_copy(state, &moves);
        break;
    default:
        move_cut(state, &moves);
        break;
    }
    move_crash(state, &moves);
}
