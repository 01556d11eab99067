/* gate_leaves.h — the entries of one answer: collected while the answer is made, durable before it
 * is released.
 *
 * Must never be skipped: a value may be put into a result only after gate_leaves_append returned
 * OK, to a service only after gate_leaves_release did.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: L-1. */
#ifndef MUSUBI_GATE_LEAVES_H
#define MUSUBI_GATE_LEAVES_H

#include "access_log.h"
#include "gate_caller.h"

typedef struct GateLeaves {
    Arena *arena; /* texts of the drafts live here or longer */
    AccessLog *log;
    LeafDraft *drafts; /* each with its own reference to its key */
    size_t count;
    size_t capacity;
} GateLeaves;

/* None yet. */
GateLeaves gate_leaves(const Gate *gate, Arena *arena);
/* A draft with what the request says: act, client, purpose, address, user agent, request id. No
 * key. */
LeafDraft gate_leaf(const Principal *principal, LeafAct act);
/* Adds a copy of the draft and a reference to its key. Of a refusal, texts that are too long for
 * the log are cut. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_leaves_add(GateLeaves *leaves, const LeafDraft *draft) MUST_USE;
/* Returns when all are durable; none is fine. Errors: LOG_UNAVAILABLE, DEADLINE, VAULT_SEALED,
 * CRYPTO_OPEN, … */
Error gate_leaves_append(GateLeaves *leaves, Deadline deadline) MUST_USE;
/* What stands before every release to a service: the persons whose values are in the answer count
 * against the client's budget, then the entries become durable. Over the budget one refusal is
 * logged in their place. Errors: DATA_BUDGET, as gate_leaves_append. */
Error gate_leaves_release(GateCaller *caller, GateLeaves *leaves) MUST_USE;
/* Gives the keys back. Twice is fine. */
void gate_leaves_done(GateLeaves *leaves);
/* One draft, on its own. Of a refusal, texts that are too long for the log are cut. */
Error gate_leaf_append(const Gate *gate, const VaultCall *call, const LeafDraft *draft) MUST_USE;

/* For CLEANUP(gate_leaves_done) GateLeaves leaves = gate_leaves(…); */
__attribute__((unused)) static inline void gate_leaves_done_cleanup_(GateLeaves *leaves)
{
    gate_leaves_done(leaves);
}

#endif
