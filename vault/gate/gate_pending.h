/* gate_pending.h — what a batch of writes has made of stored entities so far, laid over the
 * snapshot: a later write of the batch sees what an earlier one did.
 *
 * Must never decide anything, and never be seen by a read.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rule
 * 10. */
#ifndef MUSUBI_GATE_PENDING_H
#define MUSUBI_GATE_PENDING_H

#include <stdbool.h>

#include "map.h"
#include "store.h"

/* One document as the batch leaves it. */
typedef struct PendingDoc {
    Str key;
    uint64_t stored_version; /* in the snapshot; 0: not there */
    bool is_there;           /* false: to be gone */
    DocBody body;
} PendingDoc;

typedef struct GatePending {
    Arena *arena;
    Map *by_key;
    PendingDoc **docs; /* in the order in which they were first touched */
    size_t count;
    size_t capacity;
} GatePending;

/* Nothing yet; documents live in the arena. Give back with gate_pending_done. Errors:
 * OUT_OF_MEMORY, INTERNAL. */
Error gate_pending_init(Arena *arena, const Entropy *entropy, GatePending *ret_pending) MUST_USE;
void gate_pending_done(GatePending *pending);
/* What became of a document, or NULL when the batch has not touched it. */
const PendingDoc *gate_pending_find(const GatePending *pending, Str key);
/* The document shall have this body. stored_version: as in the snapshot; not looked at for a
 * document that the batch has touched before. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_pending_put(GatePending *pending, Str key, uint64_t stored_version, DocBody body)
    MUST_USE;
/* The document shall be gone. Errors: as gate_pending_put. */
Error gate_pending_remove(GatePending *pending, Str key, uint64_t stored_version) MUST_USE;

/* For CLEANUP(gate_pending_done) GatePending pending = {0}; */
__attribute__((unused)) static inline void gate_pending_done_cleanup_(GatePending *pending)
{
    gate_pending_done(pending);
}

#endif
