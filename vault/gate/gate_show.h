/* gate_show.h — opens what a caller asked for and may see of one target, and drafts the leaves that
 * say so.
 *
 * Must never be called before the view has the target (gate_target_judge), and its result must
 * never be handed on before the leaves are durable.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: L-1, consent
 * rules 2, 3, 5. */
#ifndef MUSUBI_GATE_SHOW_H
#define MUSUBI_GATE_SHOW_H

#include "gate_leaves.h"
#include "gate_see.h"

/* What of an entity is disclosed. */
typedef struct GateShow {
    StrList wanted;     /* names of attributes to show; none = all. A name of the entity's times
                           opens all that the caller may see, for the times alone */
    const bool *decide; /* flags of the type's attributes: whose values decided that, or where, the
                           entity is in the answer; NULL: none did */
} GateShow;

/* The entity, copied into out, and one leaf for each grant that gave some of it or let some of it
 * decide. Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_show_entity(GateCaller *caller, GateTarget *target, const GateShow *show, GateSeen *seen,
                       Arena *out, GateLeaves *leaves, Entity *ret_entity) MUST_USE;

#endif
