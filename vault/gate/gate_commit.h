/* gate_commit.h — the one commit of a batch of writes, and all that it rests on.
 *
 * A write takes effect only while the citizen's key, the consent and the link are what they were
 * when it was decided: the commit requires all of them. Must never write an entity that a plan has
 * not put into the pending documents.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: single-owner. Requirement: consent rule
 * 10. */
#ifndef MUSUBI_GATE_COMMIT_H
#define MUSUBI_GATE_COMMIT_H

#include "gate_pending.h"
#include "gate_target.h"

typedef struct BasisDoc {
    StoreCollection collection;
    Str key;
    uint64_t version;
} BasisDoc;

/* What decisions were made from, each document once. */
typedef struct GateBasis {
    Arena *arena;
    Map *by_key;
    BasisDoc *docs;
    size_t count;
    size_t capacity;
} GateBasis;

/* Give back with gate_basis_done. Errors: OUT_OF_MEMORY, INTERNAL. */
Error gate_basis_init(Arena *arena, const Entropy *entropy, GateBasis *ret_basis) MUST_USE;
void gate_basis_done(GateBasis *basis);
/* Key, view row and link of a citizen whose data are to change. Errors: OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error gate_basis_add(GateBasis *basis, const GateTarget *target) MUST_USE;

/* All of it as one batch for the store, in the arena. Errors: STORE_LIMIT, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error gate_commit_build(const VaultCall *call, const GatePending *pending, const GateBasis *basis,
                        StoreBatch **ret_batch) MUST_USE;
/* Whether the call's snapshot has the entities at the versions that were planned from. Errors:
 * STORE_CONFLICT, store errors. */
Error gate_commit_check_entities(VaultCall *call, const GatePending *pending) MUST_USE;
/* Commits. A database may refuse two commits that only touch the same documents: as long as nothing
 * that was planned from has changed, the same is tried again. Puts a newer snapshot in place of the
 * call's then. Errors: STORE_CONFLICT, STORE_EXISTS (somebody was faster: nothing happened), store
 * errors. */
Error gate_commit(VaultCall *call, const GatePending *pending, const GateBasis *basis,
                  const StoreBatch *batch) MUST_USE;
/* Whether the error says that somebody else was faster. */
bool gate_commit_is_race(Error error);

/* For CLEANUP(gate_basis_done) GateBasis basis = {0}; */
__attribute__((unused)) static inline void gate_basis_done_cleanup_(GateBasis *basis)
{
    gate_basis_done(basis);
}

#endif
