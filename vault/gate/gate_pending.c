#include "gate_pending.h"

#include <string.h>

Error gate_pending_init(Arena *arena, const Entropy *entropy, GatePending *ret_pending)
{
    GatePending pending = {.arena = arena};
    TRY(map_new(entropy, &pending.by_key));
    *ret_pending = pending;
    return OK;
}

void gate_pending_done(GatePending *pending)
{
    pending->by_key = map_free(pending->by_key);
    pending->count = 0;
}

const PendingDoc *gate_pending_find(const GatePending *pending, Str key)
{
    return map_get(pending->by_key, key);
}

static Error room_for_one(GatePending *pending)
{
    if (pending->count < pending->capacity) {
        return OK;
    }
    size_t capacity = pending->capacity * 2 + 4;
    PendingDoc **grown = ARENA_MANY(pending->arena, PendingDoc *, capacity);
    ENSURE_ALLOC(grown, pending->arena);
    if (pending->count > 0) {
        memcpy(grown, pending->docs, pending->count * sizeof(PendingDoc *));
    }
    pending->docs = grown;
    pending->capacity = capacity;
    return OK;
}

static Error touch(GatePending *pending, Str key, uint64_t stored_version, PendingDoc **ret_doc)
{
    PendingDoc *doc = map_get(pending->by_key, key);
    if (doc == NULL) {
        TRY(room_for_one(pending));
        doc = ARENA_ONE(pending->arena, PendingDoc);
        ENSURE_ALLOC(doc, pending->arena);
        *doc = (PendingDoc){.key = key, .stored_version = stored_version};
        TRY(map_put(pending->by_key, key, doc, NULL));
        pending->docs[pending->count++] = doc;
    }
    *ret_doc = doc;
    return OK;
}

Error gate_pending_put(GatePending *pending, Str key, uint64_t stored_version, DocBody body)
{
    PendingDoc *doc;
    TRY(touch(pending, key, stored_version, &doc));
    doc->is_there = true;
    doc->body = body;
    return OK;
}

Error gate_pending_remove(GatePending *pending, Str key, uint64_t stored_version)
{
    PendingDoc *doc;
    TRY(touch(pending, key, stored_version, &doc));
    doc->is_there = false;
    doc->body = (DocBody){STR_EMPTY};
    return OK;
}
