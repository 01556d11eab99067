#include "gate.h"
#include "gate_leaves.h"
#include "gate_target.h"
#include "gate_write_plan.h"
#include "hash.h"
#include "vault_call.h"
#include "write_turn.h"

/* The intent stands in the log, with the hash of the new state, before anything is changed. */
static Error intent_log(const GateCaller *caller, const GateWritePlan *plan)
{
    const GateTarget *target = &plan->target;
    uint8_t hash[SHA256_BYTES];
    if (plan->has_change) {
        sha256_of(&plan->body.bytes, 1, hash);
    }
    LeafDraft draft = gate_leaf(caller->principal, LEAF_WRITE);
    draft.why = consent_why_text(CONSENT_WHY_OK);
    draft.entity_type = target->type->spec->name;
    draft.attribute_count = (uint32_t)plan->names.count;
    draft.key = target->subject.key;
    draft.subject = target->subject.id;
    draft.detail.entity_id = target->id;
    draft.detail.attributes = plan->names.items;
    draft.detail.attribute_count = plan->names.count;
    draft.detail.grant_id = plan->rule->grant_id;
    draft.detail.grant_version = plan->rule->grant_version;
    draft.detail.state_hash = plan->has_change ? str_bytes(hash, sizeof hash) : STR_EMPTY;
    return gate_leaf_append(caller->gate, caller->call, &draft);
}

static Error refusal_log(const GateCaller *caller, const GateWritePlan *plan, Str id,
                         const char *why)
{
    const GateTarget *target = &plan->target;
    LeafDraft draft = gate_leaf(caller->principal, LEAF_WRITE);
    draft.is_denied = true;
    draft.why = str_from(why);
    draft.key = caller->own.key;
    draft.attribute_count = (uint32_t)plan->names.count;
    draft.detail.entity_id = id;
    draft.detail.attributes = plan->names.items;
    draft.detail.attribute_count = plan->names.count;
    if (target->subject.key != NULL) {
        draft.entity_type = target->type->spec->name;
        draft.key = target->subject.key;
        draft.subject = target->subject.id;
    }
    return gate_leaf_append(caller->gate, caller->call, &draft);
}

/* Takes effect only while the citizen's key, the consent and the link are what they were when it
 * was decided. */
static Error commit(const GateCaller *caller, GateWritePlan *plan)
{
    Arena *arena = caller->call->arena;
    GateTarget *target = &plan->target;
    StoreBatch *batch = store_batch_in(arena);
    ENSURE_ALLOC(batch, arena);
    if (target->sealed.doc_version == 0) {
        store_batch_insert(batch, STORE_ENTITIES, plan->key, plan->body);
    } else {
        store_batch_replace(batch, STORE_ENTITIES, plan->key, target->sealed.doc_version,
                            plan->body);
    }
    subject_require(&target->subject, batch);
    store_batch_require(batch, STORE_VIEW_ROWS, target->row.doc.key, target->row.doc.version);
    store_batch_require(batch, STORE_LINKS, target->link.key, target->link.version);
    return store_commit(caller->call->core->store, batch, caller->call->deadline, NULL);
}

/* Whether what the plan was made from is still what the store holds. */
static Error check_current(VaultCall *call, const GateWritePlan *plan)
{
    const GateTarget *target = &plan->target;
    const struct {
        StoreCollection collection;
        Str key;
        uint64_t version;
    } parts[] = {{STORE_ENTITIES, plan->key, target->sealed.doc_version},
                 {STORE_VIEW_ROWS, target->row.doc.key, target->row.doc.version},
                 {STORE_LINKS, target->link.key, target->link.version},
                 {STORE_KEYS, subject_text(&target->subject), target->subject.key_version}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        StoreDoc doc;
        TRY(store_get(call->snapshot, call->arena, parts[i].collection, parts[i].key, &doc));
        ENSURE(doc.version == parts[i].version, STORE_CONFLICT, NULL);
    }
    return OK;
}

/* Who has waited, or came just after somebody else, may have planned from what is past by now: that
 * is found out before the intent is in the log. The wait holds no snapshot. */
static Error take_turn(VaultCall *call, const GateWritePlan *plan, WriteTurn *turn)
{
    if (turn->is_taken) {
        return OK;
    }
    vault_call_close(call);
    TRY(write_turn_take(turn, plan->key, call->deadline));
    TRY(vault_call_renew(call));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_ENTITIES, plan->key, &doc));
    ENSURE(doc.version == plan->target.sealed.doc_version, STORE_CONFLICT, NULL);
    return OK;
}

static bool is_race(Error error)
{
    return FAILED(error) &&
           (error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS);
}

/* A database may refuse two commits that only touch the same documents: as long as nothing that the
 * plan was made from has changed, the intent in the log stands, and the same is tried again. */
static Error commit_intent(const GateCaller *caller, GateWritePlan *plan)
{
    Error error = commit(caller, plan);
    for (unsigned attempt = 1; is_race(error); attempt++) {
        TRY(vault_call_retry(caller->call, attempt));
        TRY(check_current(caller->call, plan));
        error = commit(caller, plan);
    }
    return error;
}

static Error write_once(const Gate *gate, VaultCall *call, const Principal *principal,
                        const EntityWrite *write, WriteTurn *turn)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_WRITE, &caller));
    CLEANUP(gate_write_plan_done) GateWritePlan plan = {0};
    Error refusal = gate_write_plan(&caller, write, &plan);
    if (FAILED(refusal) && plan.why == NULL) {
        return refusal;
    }
    if (FAILED(refusal) && !plan.has_change) {
        TRY(refusal_log(&caller, &plan, write->entity.id, plan.why));
        return refusal;
    }
    if (plan.has_change) {
        TRY(take_turn(call, &plan, turn));
    }
    TRY(intent_log(&caller, &plan));
    if (plan.has_change) {
        TRY(commit_intent(&caller, &plan));
    }
    return refusal;
}

/* Who was faster may be somebody whom the caller can't see: never "exists", never "conflict". */
static Error write_entity(const Gate *gate, VaultCall *call, const Principal *principal,
                          const EntityWrite *write)
{
    CLEANUP(write_turn_done) WriteTurn turn = {0};
    Error error = write_once(gate, call, principal, write, &turn);
    for (unsigned attempt = 1; is_race(error); attempt++) {
        TRY(vault_call_retry(call, attempt));
        error = write_once(gate, call, principal, write, &turn);
    }
    return error;
}

Error gate_write(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityBatch *batch, EntityOutcome *ret_outcomes)
{
    for (size_t i = 0; i < batch->count; i++) {
        ret_outcomes[i] =
            (EntityOutcome){.refusal = write_entity(gate, call, principal, &batch->writes[i])};
    }
    return OK;
}
