#include "gate.h"
#include "gate_leaves.h"
#include "gate_show.h"
#include "gate_target.h"
#include "vault_call.h"

/* The targets of one id, one for each type that it may be of. */
typedef struct Candidates {
    GateTarget *targets;
    size_t count;
} Candidates;

static void candidates_done(Candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        gate_target_done(&candidates->targets[i]);
    }
}

static void candidates_done_cleanup_(Candidates *candidates)
{
    candidates_done(candidates);
}

static Error candidates_find(GateCaller *caller, Str id, Str type, Candidates *candidates)
{
    StrList names = {.items = &type, .count = type.n > 0 ? 1 : 0};
    GateType *types;
    size_t count;
    TRY(gate_types_in(caller, names, &types, &count));
    candidates->targets = ARENA_MANY(caller->call->arena, GateTarget, count);
    ENSURE_ALLOC(candidates->targets, caller->call->arena);
    for (size_t i = 0; i < count; i++) {
        if (gate_type_may_have(caller, &types[i], id)) {
            TRY(gate_target_find(caller, &types[i], id, &candidates->targets[candidates->count]));
            candidates->count++;
        }
    }
    return OK;
}

/* The one that the view has; of none, the one that says most about why not. */
static const GateTarget *candidates_pick(const Candidates *candidates, size_t *ret_visible)
{
    const GateTarget *picked = NULL;
    size_t visible = 0;
    for (size_t i = 0; i < candidates->count; i++) {
        const GateTarget *target = &candidates->targets[i];
        if (target->why == NULL) {
            visible++;
            picked = target;
        } else if (visible == 0 && (picked == NULL || picked->subject.key == NULL)) {
            picked = target;
        }
    }
    *ret_visible = visible;
    return picked;
}

/* A refusal is sealed for the citizen when there is one, else for the client; it is told alike. */
static Error denial_log(GateCaller *caller, const GateTarget *target, Str id, const char *why)
{
    LeafDraft draft = gate_leaf(caller->principal, LEAF_READ);
    draft.is_denied = true;
    draft.why = str_from(why);
    draft.key = caller->own.key;
    draft.detail.entity_id = id;
    if (target != NULL && target->subject.key != NULL) {
        draft.entity_type = target->type->spec->name;
        draft.key = target->subject.key;
        draft.subject = target->subject.id;
    }
    return gate_leaf_append(caller->gate, caller->call, &draft);
}

/* Whatever the view lacks leaves here: one sentence, one place. */
static Error deny(GateCaller *caller, const GateTarget *target, Str id, const char *why)
{
    TRY(denial_log(caller, target, id, why));
    return FAIL(ENTITY_NOT_FOUND, NULL);
}

static Error read_one(GateCaller *caller, GateTarget *target, StrList wanted, Entity *ret_entity)
{
    Arena *arena = caller->call->arena;
    CLEANUP(gate_leaves_done) GateLeaves leaves = gate_leaves(caller->gate, arena);
    GateShow show = {.wanted = wanted};
    GateSeen seen;
    Entity entity;
    TRY(gate_seen_in(arena, target->type, &seen));
    TRY(gate_show_entity(caller, target, &show, &seen, arena, &leaves, &entity));
    vault_call_close(caller->call); /* nobody holds a snapshot while the disk works */
    TRY(gate_leaves_release(caller, &leaves));
    *ret_entity = entity;
    return OK;
}

Error gate_read(const Gate *gate, VaultCall *call, const Principal *principal, Str id, Str type,
                const EntityQuery *query, Entity *ret_entity)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_READ, &caller));
    if (!service_path_covers(query->service_path, GATE_SERVICE_PATH)) {
        return deny(&caller, NULL, id, "SERVICE_PATH");
    }
    CLEANUP(candidates_done) Candidates candidates = {0};
    TRY(candidates_find(&caller, id, type, &candidates));
    size_t visible;
    const GateTarget *picked = candidates_pick(&candidates, &visible);
    if (visible > 1) {
        TRY(denial_log(&caller, NULL, id, "AMBIGUOUS"));
        return FAIL(ENTITY_AMBIGUOUS, NULL);
    }
    if (visible == 0) {
        return deny(&caller, picked, id, picked == NULL ? "UNKNOWN_TYPE" : picked->why);
    }
    GateTarget *target = &candidates.targets[picked - candidates.targets];
    return read_one(&caller, target, query->attributes, ret_entity);
}
