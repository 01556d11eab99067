/* gate_show.h — opens what a caller asked for and may see of one target, and drafts the leaves that
 * say so.
 *
 * Must never be called before the view has the target (gate_target_judge), and its result must
 * never be handed on before the leaves are durable.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: L-1, consent
 * rules 3, 5. */
#ifndef MUSUBI_GATE_SHOW_H
#define MUSUBI_GATE_SHOW_H

#include "gate_leaves.h"
#include "gate_target.h"

/* The entity, copied into out, and one leaf for each grant that gave some of it. wanted: attribute
 * names, none = all. Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error gate_show_entity(GateCaller *caller, GateTarget *target, Arena *out, StrList wanted,
                       GateLeaves *leaves, Entity *ret_entity) MUST_USE;

#endif
