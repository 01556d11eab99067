#include <string.h>

#include "gate.h"
#include "gate_commit.h"
#include "gate_leaves.h"
#include "gate_write_plan.h"
#include "hash.h"
#include "vault_call.h"
#include "write_turn.h"

/* For what a batch opens and builds; wiped after each attempt. */
#define ATTEMPT_ARENA_BYTES ((size_t)128 << 20)

/* One batch as it is decided from one snapshot. */
typedef struct Attempt {
    const EntityBatch *batch;
    GateWritePlan *plans; /* of batch->writes, as far as decided */
    size_t count;
    GatePending pending;
    GateBasis basis;
    bool has_refusal; /* by the grants */
} Attempt;

static void attempt_done(Attempt *attempt)
{
    for (size_t i = 0; i < attempt->count; i++) {
        gate_write_plan_done(&attempt->plans[i]);
    }
    gate_pending_done(&attempt->pending);
    gate_basis_done(&attempt->basis);
}

static void attempt_done_cleanup_(Attempt *attempt)
{
    attempt_done(attempt);
}

static Error attempt_open(GateCaller *caller, const EntityBatch *batch, Attempt *attempt)
{
    VaultCall *call = caller->call;
    const Entropy *entropy = call->core->ports->entropy;
    attempt->batch = batch;
    attempt->plans = ARENA_MANY(call->arena, GateWritePlan, batch->count);
    ENSURE_ALLOC(attempt->plans, call->arena);
    TRY(gate_pending_init(call->arena, entropy, &attempt->pending));
    TRY(gate_basis_init(call->arena, entropy, &attempt->basis));
    caller->pending = &attempt->pending;
    return OK;
}

/* --- leaves ----------------------------------------------------------------------------------- */

static bool takes_away(EntityWriteKind kind)
{
    return kind == ENTITY_DELETE || kind == ENTITY_DELETE_ATTRIBUTES;
}

static LeafDraft leaf_of(const GateCaller *caller, const GateWritePlan *plan,
                         const EntityWrite *write)
{
    const GateTarget *target = &plan->target;
    LeafDraft draft =
        gate_leaf(caller->principal, takes_away(write->kind) ? LEAF_DELETE : LEAF_WRITE);
    draft.key = caller->own.key;
    draft.attribute_count = (uint32_t)plan->names.count;
    draft.detail.entity_id = write->entity.id;
    draft.detail.attributes = plan->names.items;
    draft.detail.attribute_count = plan->names.count;
    if (target->subject.key != NULL) {
        draft.entity_type = target->type->spec->name;
        draft.key = target->subject.key;
        draft.subject = target->subject.id;
    }
    return draft;
}

static Error refusal_add(GateLeaves *leaves, const GateCaller *caller, const GateWritePlan *plan,
                         const EntityWrite *write)
{
    LeafDraft draft = leaf_of(caller, plan, write);
    draft.is_denied = true;
    draft.why = str_from(plan->why);
    return gate_leaves_add(leaves, &draft);
}

/* With the hash of the new state, of nothing when the entity is to be gone. */
static Error intent_add(GateLeaves *leaves, const GateCaller *caller, const Attempt *attempt,
                        const GateWritePlan *plan, const EntityWrite *write)
{
    LeafDraft draft = leaf_of(caller, plan, write);
    draft.why = consent_why_text(CONSENT_WHY_OK);
    if (plan->rule != NULL) {
        draft.detail.grant_id = plan->rule->grant_id;
        draft.detail.grant_version = plan->rule->grant_version;
    }
    if (plan->key.n > 0) {
        uint8_t *hash = arena_alloc(leaves->arena, SHA256_BYTES);
        ENSURE_ALLOC(hash, leaves->arena);
        sha256_of(&gate_pending_find(&attempt->pending, plan->key)->body.bytes, 1, hash);
        draft.detail.state_hash = str_bytes(hash, SHA256_BYTES);
    }
    return gate_leaves_add(leaves, &draft);
}

static Error leaves_add(GateLeaves *leaves, const GateCaller *caller, const Attempt *attempt)
{
    for (size_t i = 0; i < attempt->count; i++) {
        const GateWritePlan *plan = &attempt->plans[i];
        const EntityWrite *write = &attempt->batch->writes[i];
        TRY(plan->why != NULL ? refusal_add(leaves, caller, plan, write)
                              : intent_add(leaves, caller, attempt, plan, write));
    }
    return OK;
}

/* What is to be done and what is not stand in the log together, before anything is changed. */
static Error leaves_append(const GateCaller *caller, const Attempt *attempt)
{
    CLEANUP(gate_leaves_done)
    GateLeaves leaves = gate_leaves(caller->gate, caller->call->arena);
    TRY(leaves_add(&leaves, caller, attempt));
    return gate_leaves_append(&leaves, caller->call->deadline);
}

/* --- refusals of the whole -------------------------------------------------------------------- */

/* Each name once. */
static Error refused_names_in(GateCaller *caller, const Attempt *attempt, Str *ret_names)
{
    CLEANUP(map_free) Map *said = NULL;
    TRY(map_new(caller->call->core->ports->entropy, &said));
    Buf buf = buf_in(caller->call->arena);
    for (size_t i = 0; i < attempt->count; i++) {
        const StrList *refused = &attempt->plans[i].refused;
        for (size_t k = 0; k < refused->count; k++) {
            void *before = NULL;
            TRY(map_put(said, refused->items[k], &attempt->plans[i], &before));
            if (before == NULL) {
                buf_add(&buf, buf.n == 0 ? STR_EMPTY : STR(", "));
                buf_add(&buf, refused->items[k]);
            }
        }
    }
    return buf_finish(&buf, ret_names);
}

/* Each citizen sees what was tried. */
static Error refuse_batch(GateCaller *caller, const Attempt *attempt)
{
    Arena *arena = caller->call->arena;
    CLEANUP(gate_leaves_done) GateLeaves leaves = gate_leaves(caller->gate, arena);
    for (size_t i = 0; i < attempt->count; i++) {
        if (attempt->plans[i].refused.count > 0) {
            TRY(refusal_add(&leaves, caller, &attempt->plans[i], &attempt->batch->writes[i]));
        }
    }
    TRY(gate_leaves_append(&leaves, caller->call->deadline));
    Str names;
    TRY(refused_names_in(caller, attempt, &names));
    return FAIL(WRITE_NOT_GRANTED, str_argument(arena, names));
}

static Error refuse_for_one(GateCaller *caller, const Attempt *attempt, Error refusal)
{
    const GateWritePlan *plan = &attempt->plans[attempt->count - 1];
    if (plan->why != NULL) {
        CLEANUP(gate_leaves_done)
        GateLeaves leaves = gate_leaves(caller->gate, caller->call->arena);
        TRY(refusal_add(&leaves, caller, plan, &attempt->batch->writes[attempt->count - 1]));
        TRY(gate_leaves_append(&leaves, caller->call->deadline));
    }
    return refusal;
}

/* --- deciding --------------------------------------------------------------------------------- */

static Error plan_next(GateCaller *caller, GateTypes types, Attempt *attempt)
{
    const EntityWrite *write = &attempt->batch->writes[attempt->count];
    GateWritePlan *plan = &attempt->plans[attempt->count++];
    TRY(gate_write_plan(caller, types, write, plan));
    if (plan->key.n > 0) {
        TRY(gate_basis_add(&attempt->basis, &plan->target));
    }
    /* Known for certain before all of it is planned: nobody plans a thousand citizens in vain. */
    ENSURE(attempt->pending.count + attempt->basis.count <= STORE_BATCH_DOCS_MAX, STORE_LIMIT,
           NULL);
    return OK;
}

/* The personal types that the writes name; all of them when one names none. */
static Error types_in(GateCaller *caller, const EntityBatch *batch, GateTypes *ret_types)
{
    Str *names = ARENA_MANY(caller->call->arena, Str, batch->count);
    ENSURE_ALLOC(names, caller->call->arena);
    StrList list = {.items = names};
    for (size_t i = 0; i < batch->count; i++) {
        Str type = batch->writes[i].entity.type;
        if (type.n == 0) {
            list.count = 0;
            break;
        }
        names[list.count] = type;
        list.count += str_list_has(list, type) ? 0 : 1;
    }
    return gate_types_in(caller, list, &ret_types->items, &ret_types->count);
}

/* All that the grants refuse is found before anything else is said about any of the writes. */
static Error plan_all(GateCaller *caller, Attempt *attempt)
{
    GateTypes types;
    Error error = OK;
    TRY(types_in(caller, attempt->batch, &types));
    for (size_t i = 0; i < attempt->batch->count && !FAILED(error); i++) {
        error = plan_next(caller, types, attempt);
        bool is_refused = attempt->plans[i].refused.count > 0;
        attempt->has_refusal |= is_refused;
        error = is_refused ? OK : error;
    }
    if (attempt->has_refusal) {
        return refuse_batch(caller, attempt);
    }
    return FAILED(error) ? refuse_for_one(caller, attempt, error) : OK;
}

/* --- doing ------------------------------------------------------------------------------------ */

/* Who has waited, or came just after somebody else, may have planned from what is past by now: that
 * is found out before the intent is in the log. The wait holds no snapshot. */
static Error take_turns(VaultCall *call, const GatePending *pending, WriteTurns *turns)
{
    Str *keys = ARENA_MANY(call->arena, Str, pending->count);
    ENSURE_ALLOC(keys, call->arena);
    for (size_t i = 0; i < pending->count; i++) {
        keys[i] = pending->docs[i]->key;
    }
    if (write_turns_cover(turns, keys, pending->count)) {
        return OK;
    }
    vault_call_close(call);
    TRY(write_turns_take(turns, keys, pending->count, call->deadline));
    TRY(vault_call_renew(call));
    return gate_commit_check_entities(call, pending);
}

static Error perform(GateCaller *caller, const Attempt *attempt, WriteTurns *turns)
{
    VaultCall *call = caller->call;
    if (attempt->pending.count == 0) {
        return leaves_append(caller, attempt);
    }
    StoreBatch *batch;
    TRY(gate_commit_build(call, &attempt->pending, &attempt->basis, &batch));
    TRY(take_turns(call, &attempt->pending, turns));
    TRY(leaves_append(caller, attempt));
    return gate_commit(call, &attempt->pending, &attempt->basis, batch);
}

/* --- outcomes --------------------------------------------------------------------------------- */

static Error error_keep(Arena *arena, Error error)
{
    if (error.argument != NULL) {
        error.argument = str_argument(arena, str_from(error.argument));
    }
    return error;
}

static Error outcome_keep(Arena *arena, const EntityOutcome *outcome, EntityOutcome *ret_kept)
{
    EntityOutcome kept = *outcome;
    Str *names = ARENA_MANY(arena, Str, outcome->names.count);
    ENSURE_ALLOC(names, arena);
    for (size_t i = 0; i < outcome->names.count; i++) {
        TRY(str_copy_in(arena, outcome->names.items[i], &names[i]));
    }
    kept.names.items = names;
    TRY(str_copy_in(arena, outcome->type, &kept.type));
    kept.refusal = error_keep(arena, outcome->refusal);
    *ret_kept = kept;
    return OK;
}

/* Before anything is done: want of memory must not come between a commit and its answer. */
static Error outcomes_keep(Arena *arena, const Attempt *attempt, EntityOutcome **ret_outcomes)
{
    EntityOutcome *outcomes = ARENA_MANY(arena, EntityOutcome, attempt->count);
    ENSURE_ALLOC(outcomes, arena);
    for (size_t i = 0; i < attempt->count; i++) {
        TRY(outcome_keep(arena, &attempt->plans[i].outcome, &outcomes[i]));
    }
    *ret_outcomes = outcomes;
    return OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What a write asks and what comes of it; results live in `kept`, all else in the call's arena. */
typedef struct Errand {
    const Gate *gate;
    const Principal *principal;
    const EntityBatch *batch;
    Arena *kept;
    EntityOutcome *outcomes;
} Errand;

static Error write_once(VaultCall *call, Errand *errand, WriteTurns *turns)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(errand->gate, call, errand->principal, LEAF_WRITE, &caller));
    CLEANUP(attempt_done) Attempt attempt = {0};
    TRY(attempt_open(&caller, errand->batch, &attempt));
    TRY(plan_all(&caller, &attempt));
    TRY(outcomes_keep(errand->kept, &attempt, &errand->outcomes));
    return perform(&caller, &attempt, turns);
}

/* Who was faster may be somebody whom the caller can't see: never "exists", never "conflict". */
static Error write_until_done(VaultCall *call, Errand *errand)
{
    CLEANUP(write_turns_done) WriteTurns turns = {0};
    Error error = write_once(call, errand, &turns);
    for (unsigned attempt = 1; gate_commit_is_race(error); attempt++) {
        arena_reset(call->arena);
        TRY(vault_call_retry(call, attempt));
        error = write_once(call, errand, &turns);
    }
    return error;
}

Error gate_write(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityBatch *batch, EntityOutcome *ret_outcomes)
{
    ENSURE(batch->count <= ENTITY_BATCH_MAX, STORE_LIMIT, NULL);
    CLEANUP(arena_free) Arena *opened = arena_new_sensitive(ATTEMPT_ARENA_BYTES);
    ENSURE(opened != NULL, OUT_OF_MEMORY, NULL);
    VaultCall inner = *call;
    inner.arena = opened;
    Errand errand = {.gate = gate, .principal = principal, .batch = batch, .kept = call->arena};
    Error error = write_until_done(&inner, &errand);
    call->snapshot = inner.snapshot;
    call->now_us = inner.now_us;
    TRY(error_keep(call->arena, error));
    if (batch->count > 0) {
        memcpy(ret_outcomes, errand.outcomes, batch->count * sizeof *ret_outcomes);
    }
    return OK;
}
