/* gate_walk.h — meets the entities of one personal type that a caller may read: along its view
 * rows, by the caller's ids, or at places met before.
 *
 * Reads in chunks; what is opened for one row is wiped before the next. Only targets that the view
 * has are met, with the caller's arena replaced by the row's: what must stay is copied by who meets
 * it. Must never open an attribute.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rules
 * 3, 5, 8. */
#ifndef MUSUBI_GATE_WALK_H
#define MUSUBI_GATE_WALK_H

#include "gate_target.h"

/* Where an entity was met: enough to meet it again in the same snapshot. */
typedef struct GatePlace {
    uint8_t subject[SUBJECT_ID_BYTES];
    uint8_t id[SEALED_ID_BYTES];
} GatePlace;

typedef struct GateWalk {
    GateCaller *caller;
    /* Meets one target of the view; it goes when this returns. inner is the caller with an arena
     * that is wiped after the row. */
    Error (*meet)(void *context, GateCaller *inner, GateTarget *target);
    /* How many further entities may be needed; 0 ends the walk. */
    size_t (*missing)(const void *context);
    void *context;
    bool is_link_late; /* meet looks at the link of whom it keeps: gate_target_link. A row with many
                          entities has its link looked at first in any case */
    bool is_unnamed;   /* meet needs neither ids nor an order inside a row */
    size_t met_at;     /* for gate_walk_places: index of the place being met */
    uint32_t count;    /* rows and ids looked at so far */
} GateWalk;

/* Along the caller's view rows of the type, in their order; inside a row by id as the caller sees
 * it. Errors: DEADLINE, CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, store errors, what meet returns.
 */
Error gate_walk_rows(GateWalk *walk, const GateType *type) MUST_USE;
/* The entities with these ids, each given once, in the order in which gate_walk_rows would meet
 * them; each id costs the same, whatever is stored. Errors: as above. */
Error gate_walk_ids(GateWalk *walk, const GateType *type, StrList ids) MUST_USE;
/* The entities at these places, in their order. Errors: as above; INTERNAL (a place is not of this
 * snapshot). */
Error gate_walk_places(GateWalk *walk, const GateType *type, const GatePlace *const *places,
                       size_t count) MUST_USE;

#endif
