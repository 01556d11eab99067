#include "gate.h"
#include "gate_leaves.h"
#include "gate_target.h"
#include "gate_write_plan.h"
#include "hash.h"
#include "vault_call.h"

#define ATTEMPTS_MAX 6

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

static Error write_once(const Gate *gate, VaultCall *call, const Principal *principal,
                        const EntityWrite *write)
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
    TRY(intent_log(&caller, &plan));
    if (plan.has_change) {
        TRY(commit(&caller, &plan));
    }
    return refusal;
}

static bool is_race(Error error)
{
    return FAILED(error) &&
           (error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS);
}

Error gate_write(const Gate *gate, VaultCall *call, const Principal *principal,
                 const EntityWrite *write)
{
    Error error = write_once(gate, call, principal, write);
    for (int attempt = 1; attempt < ATTEMPTS_MAX && is_race(error); attempt++) {
        TRY(vault_call_renew(call));
        error = write_once(gate, call, principal, write);
    }
    /* Who was faster may be somebody whom the caller can't see: never "exists", never "conflict".
     */
    return is_race(error) ? FAIL(STORE_CONFLICT, NULL) : error;
}
