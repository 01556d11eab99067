#include "gate_leaves.h"

#include <string.h>

#include "data_budget.h"

#define REFUSED_TEXT_BYTES_MAX 1024
#define REFUSED_NAMES_BYTES_MAX 8192

GateLeaves gate_leaves(const Gate *gate, Arena *arena)
{
    return (GateLeaves){.arena = arena, .log = gate->log};
}

LeafDraft gate_leaf(const Principal *principal, LeafAct act)
{
    return (LeafDraft){.act = act,
                       .client = principal->client,
                       .operator_id = STR_EMPTY,
                       .purpose = principal->purpose,
                       .entity_type = STR_EMPTY,
                       .request_id = principal->request_id,
                       .policy = STR_EMPTY,
                       .detail = {.entity_id = STR_EMPTY,
                                  .grant_id = STR_EMPTY,
                                  .address = principal->address,
                                  .user_agent = principal->user_agent,
                                  .query = STR_EMPTY,
                                  .state_hash = STR_EMPTY}};
}

static Error room_for_one(GateLeaves *leaves)
{
    if (leaves->count == leaves->capacity) {
        size_t capacity = leaves->capacity * 2 + 4;
        LeafDraft *grown = ARENA_MANY(leaves->arena, LeafDraft, capacity);
        ENSURE_ALLOC(grown, leaves->arena);
        if (leaves->count > 0) {
            memcpy(grown, leaves->drafts, leaves->count * sizeof *grown);
        }
        leaves->drafts = grown;
        leaves->capacity = capacity;
    }
    return OK;
}

/* Between characters. */
static Str cut(Str text)
{
    size_t n = text.n < REFUSED_TEXT_BYTES_MAX ? text.n : REFUSED_TEXT_BYTES_MAX;
    while (n > 0 && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return str_slice(text, 0, n);
}

/* What was asked in vain may be of any length, and must be seen all the same: the first names stand
 * for all, "…" follows them, and the leaf's number says how many there were. */
static Error shorten(Arena *arena, LeafDraft *draft)
{
    LeafDetail *detail = &draft->detail;
    detail->entity_id = cut(detail->entity_id);
    detail->query = cut(detail->query);
    size_t bytes = 0;
    size_t kept = 0;
    while (kept < detail->attribute_count && bytes <= REFUSED_NAMES_BYTES_MAX) {
        bytes += cut(detail->attributes[kept++]).n;
    }
    Str *names = ARENA_MANY(arena, Str, kept + 1);
    ENSURE_ALLOC(names, arena);
    for (size_t i = 0; i < kept; i++) {
        names[i] = cut(detail->attributes[i]);
    }
    bool is_cut = kept < detail->attribute_count;
    names[kept] = STR("…");
    detail->attributes = names;
    detail->attribute_count = kept + (is_cut ? 1 : 0);
    return OK;
}

Error gate_leaves_add(GateLeaves *leaves, const LeafDraft *draft)
{
    LeafDraft whole = *draft;
    if (draft->is_denied) {
        TRY(shorten(leaves->arena, &whole));
    }
    TRY(room_for_one(leaves));
    if (whole.key != NULL) {
        whole.key = subject_key_ref(draft->key);
    }
    leaves->drafts[leaves->count++] = whole;
    return OK;
}

Error gate_leaves_append(GateLeaves *leaves, Deadline deadline)
{
    if (leaves->count == 0) {
        return OK;
    }
    ENSURE(leaves->log != NULL, LOG_UNAVAILABLE, NULL);
    uint64_t first;
    return access_log_append(leaves->log, leaves->drafts, leaves->count, deadline, &first);
}

/* --- release ---------------------------------------------------------------------------------- */

static Error persons_in(Arena *arena, const GateLeaves *leaves, const uint8_t *const **ret_persons,
                        size_t *ret_count)
{
    const uint8_t **persons = ARENA_MANY(arena, const uint8_t *, leaves->count);
    ENSURE_ALLOC(persons, arena);
    size_t count = 0;
    for (size_t i = 0; i < leaves->count; i++) {
        const LeafDraft *draft = &leaves->drafts[i];
        if (draft->act == LEAF_READ && !draft->is_denied && draft->subject != NULL) {
            persons[count++] = draft->subject;
        }
    }
    *ret_persons = persons;
    *ret_count = count;
    return OK;
}

static Error refuse_budget(GateCaller *caller, Error refusal)
{
    LeafDraft draft = gate_leaf(caller->principal, LEAF_READ);
    draft.is_denied = true;
    draft.why = str_from(error_words(refusal.reason)->name);
    draft.key = caller->own.key;
    TRY(gate_leaf_append(caller->gate, caller->call, &draft));
    return refusal;
}

Error gate_leaves_release(GateCaller *caller, GateLeaves *leaves)
{
    const Principal *principal = caller->principal;
    const uint8_t *const *persons = NULL;
    size_t count = 0;
    TRY(persons_in(leaves->arena, leaves, &persons, &count));
    Error error = data_budget_take(caller->gate->budget, principal->tenant, principal->client,
                                   persons, count);
    if (FAILED(error) && error.reason == REASON_DATA_BUDGET) {
        return refuse_budget(caller, error);
    }
    TRY(error);
    return gate_leaves_append(leaves, caller->call->deadline);
}

void gate_leaves_done(GateLeaves *leaves)
{
    for (size_t i = 0; i < leaves->count; i++) {
        leaves->drafts[i].key = subject_key_unref(leaves->drafts[i].key);
    }
    leaves->count = 0;
}

Error gate_leaf_append(const Gate *gate, const VaultCall *call, const LeafDraft *draft)
{
    ENSURE(gate->log != NULL, LOG_UNAVAILABLE, NULL);
    LeafDraft whole = *draft;
    if (draft->is_denied) {
        TRY(shorten(call->arena, &whole));
    }
    uint64_t first;
    return access_log_append(gate->log, &whole, 1, call->deadline, &first);
}
