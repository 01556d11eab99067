#include "gate_commit.h"

#include <string.h>

#include "vault_call.h"

/* --- what it rests on ------------------------------------------------------------------------- */

Error gate_basis_init(Arena *arena, const Entropy *entropy, GateBasis *ret_basis)
{
    GateBasis basis = {.arena = arena};
    TRY(map_new(entropy, &basis.by_key));
    *ret_basis = basis;
    return OK;
}

void gate_basis_done(GateBasis *basis)
{
    basis->by_key = map_free(basis->by_key);
    basis->count = 0;
}

static Error room_for_one(GateBasis *basis)
{
    if (basis->count < basis->capacity) {
        return OK;
    }
    size_t capacity = basis->capacity * 2 + 4;
    BasisDoc *grown = ARENA_MANY(basis->arena, BasisDoc, capacity);
    ENSURE_ALLOC(grown, basis->arena);
    if (basis->count > 0) {
        memcpy(grown, basis->docs, basis->count * sizeof *grown);
    }
    basis->docs = grown;
    basis->capacity = capacity;
    return OK;
}

static Error add(GateBasis *basis, StoreCollection collection, Str key, uint64_t version)
{
    static char is_known; /* the map wants something to point at */
    const char digit = (char)('0' + collection);
    const Str parts[] = {str_bytes(&digit, 1), key};
    Str name;
    TRY(str_join_in(basis->arena, parts, 2, &name));
    if (map_get(basis->by_key, name) != NULL) {
        return OK;
    }
    TRY(room_for_one(basis));
    TRY(map_put(basis->by_key, name, &is_known, NULL));
    basis->docs[basis->count++] = (BasisDoc){collection, str_slice(name, 1, name.n), version};
    return OK;
}

Error gate_basis_add(GateBasis *basis, const GateTarget *target)
{
    const Subject *subject = &target->subject;
    TRY(add(basis, STORE_KEYS, subject_text(subject), subject->key_version));
    TRY(add(basis, STORE_VIEW_ROWS, target->row.doc.key, target->row.doc.version));
    return add(basis, STORE_LINKS, target->link.key, target->link.version);
}

/* --- building --------------------------------------------------------------------------------- */

/* An entity that is made anew must not be taken for the one before by who still holds that. */
static Error draw_first(const Entropy *entropy, uint64_t *ret_first)
{
    uint64_t random = 0;
    TRY(entropy->fill(entropy, &random, sizeof random));
    *ret_first = (random >> 16) + 1;
    return OK;
}

static void add_entity(StoreBatch *batch, const PendingDoc *doc, uint64_t first)
{
    bool is_stored = doc->stored_version > 0;
    if (doc->is_there && is_stored) {
        store_batch_replace(batch, STORE_ENTITIES, doc->key, doc->stored_version, doc->body);
    } else if (doc->is_there) {
        store_batch_insert_as(batch, STORE_ENTITIES, doc->key, first, doc->body);
    } else if (is_stored) {
        store_batch_delete(batch, STORE_ENTITIES, doc->key, doc->stored_version);
    } else {
        store_batch_require_absent(batch, STORE_ENTITIES, doc->key);
    }
}

Error gate_commit_build(const VaultCall *call, const GatePending *pending, const GateBasis *basis,
                        StoreBatch **ret_batch)
{
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    uint64_t first;
    TRY(draw_first(call->core->ports->entropy, &first));
    for (size_t i = 0; i < pending->count; i++) {
        add_entity(batch, pending->docs[i], first);
    }
    for (size_t i = 0; i < basis->count; i++) {
        const BasisDoc *doc = &basis->docs[i];
        store_batch_require(batch, doc->collection, doc->key, doc->version);
    }
    TRY(store_batch_check(batch, NULL));
    *ret_batch = batch;
    return OK;
}

/* --- committing ------------------------------------------------------------------------------- */

Error gate_commit_check_entities(VaultCall *call, const GatePending *pending)
{
    Str *keys = ARENA_MANY(call->arena, Str, pending->count);
    ENSURE_ALLOC(keys, call->arena);
    StoreDoc *docs = ARENA_MANY(call->arena, StoreDoc, pending->count);
    ENSURE_ALLOC(docs, call->arena);
    for (size_t i = 0; i < pending->count; i++) {
        keys[i] = pending->docs[i]->key;
    }
    TRY(store_get_many(call->snapshot, call->arena, STORE_ENTITIES, keys, pending->count, docs));
    for (size_t i = 0; i < pending->count; i++) {
        ENSURE(docs[i].version == pending->docs[i]->stored_version, STORE_CONFLICT, NULL);
    }
    return OK;
}

static Error check_basis(VaultCall *call, const GateBasis *basis)
{
    for (size_t i = 0; i < basis->count; i++) {
        const BasisDoc *known = &basis->docs[i];
        StoreDoc doc;
        TRY(store_get(call->snapshot, call->arena, known->collection, known->key, &doc));
        ENSURE(doc.version == known->version, STORE_CONFLICT, NULL);
    }
    return OK;
}

bool gate_commit_is_race(Error error)
{
    return FAILED(error) &&
           (error.reason == REASON_STORE_CONFLICT || error.reason == REASON_STORE_EXISTS);
}

Error gate_commit(VaultCall *call, const GatePending *pending, const GateBasis *basis,
                  const StoreBatch *batch)
{
    Store *store = call->core->store;
    Error error = store_commit(store, batch, call->deadline, NULL);
    for (unsigned attempt = 1; gate_commit_is_race(error); attempt++) {
        TRY(vault_call_retry(call, attempt));
        TRY(gate_commit_check_entities(call, pending));
        TRY(check_basis(call, basis));
        error = store_commit(store, batch, call->deadline, NULL);
    }
    return error;
}
