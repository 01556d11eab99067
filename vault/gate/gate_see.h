/* gate_see.h — what was opened of one target, each attribute at most once, as the caller sees it.
 *
 * A condition opens what it looks at, showing opens the rest; both share what is there. Must never
 * open an attribute that the caller's rules don't give, and never be called before the view has the
 * target (gate_target_judge).
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rules
 * 1, 3. */
#ifndef MUSUBI_GATE_SEE_H
#define MUSUBI_GATE_SEE_H

#include "gate_target.h"

/* The entity's times: over what the caller may see of it. */
#define GATE_CREATED STR("dateCreated")
#define GATE_MODIFIED STR("dateModified")

typedef enum GateSight {
    GATE_UNSEEN,
    GATE_SEEN,
    GATE_UNSAID /* a relationship that can't be said in the caller's ids: the view lacks it */
} GateSight;

/* Both arrays follow the attributes of the type. */
typedef struct GateSeen {
    GateSight *sights;
    Attribute *attributes; /* valid where the sight is GATE_SEEN */
} GateSeen;

/* Nothing opened yet. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_seen_in(Arena *arena, const GateType *type, GateSeen *ret_seen) MUST_USE;
/* Opens attribute `index` into the caller's arena, unless that was done or nothing is stored; the
 * rules must give it. Where the link is still to be looked at and is needed, that is done: the view
 * may then lack the target (why). Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED, store errors. */
Error gate_see(GateCaller *caller, GateTarget *target, size_t index, GateSeen *seen) MUST_USE;
/* The same for all attributes that the rules give; which: flags of the type's attributes, NULL =
 * all. */
Error gate_see_given(GateCaller *caller, GateTarget *target, const bool *which, GateSeen *seen)
    MUST_USE;
/* The entity with all that was seen so far, ascending by name, and times over that. The array lives
 * in arena, the texts where they were opened. Errors: OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_seen_entity_in(Arena *arena, const GateTarget *target, const GateSeen *seen,
                          Entity *ret_entity) MUST_USE;

#endif
