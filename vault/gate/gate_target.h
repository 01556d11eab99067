/* gate_target.h — one stored entity (or the place where it would be) with all that decides about it
 * for one caller.
 *
 * Found by the caller's own id, or met on a walk along view rows. Finding never fails for want of
 * something: what is unknown, foreign, unlinked, hidden or absent is a target that the view lacks,
 * and `why` says so to the log alone. Must never open an attribute.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: consent rules
 * 1, 5, 8, 9. */
#ifndef MUSUBI_GATE_TARGET_H
#define MUSUBI_GATE_TARGET_H

#include "consent.h"
#include "gate_caller.h"
#include "gate_links.h"
#include "id_link.h"
#include "sealed_entity.h"
#include "view.h"
#include "view_row.h"

#define GATE_SLOTS_MAX 8

/* A personal type as one caller asks for it: its list of view rows, and the tokens of its
 * attributes. */
typedef struct GateType {
    const EntityTypeSpec *spec;
    ViewList list;
    uint8_t (*tokens)[SEALED_TOKEN_BYTES]; /* of spec->attributes, in their order */
    Str token;                             /* of the type */
    size_t place;                          /* in the order of the query's types */
} GateType;

/* In the call's arena. Errors: VAULT_SEALED, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_type_in(GateCaller *caller, const EntityTypeSpec *spec, GateType *ret_type) MUST_USE;
/* The personal types among names (none given: all), in the registry's order. */
Error gate_types_in(GateCaller *caller, StrList names, GateType **ret_types, size_t *ret_count)
    MUST_USE;
/* Whether the entity id is the citizen. */
bool gate_type_is_person(const GateType *type);

/* Whether an entity of this type can have this id: ids in the form of another personal type are
 * never its. */
bool gate_type_may_have(const GateCaller *caller, const GateType *type, Str id);

typedef struct GateTarget {
    const GateType *type;
    Subject subject;  /* key NULL: nobody */
    GateLinks *links; /* where the link is still to be looked at; NULL: it is in `link` */
    size_t link_at;
    IdLink link;
    ViewRow row;
    ConsentRules rules;
    SealedEntity sealed; /* doc_version 0: nothing stored */
    SealedHead head;     /* opened for all types but the citizen's own */
    Str id;              /* as the caller sees it; "" until gate_target_name */
    const char *why;     /* why the view lacks it; NULL when it does not */
} GateTarget;

/* The target behind the caller's id for one type. Give back with gate_target_done in any case.
 * Errors: VAULT_SEALED, CRYPTO_OPEN, STORE_CORRUPT, store errors; never for what is unknown. */
Error gate_target_find(GateCaller *caller, const GateType *type, Str id, GateTarget *ret_target)
    MUST_USE;
/* The document of a stored id, as a batch that is being decided leaves it. version 0: there is
 * none. Errors: store errors. */
Error gate_target_document(GateCaller *caller, const uint8_t id[SEALED_ID_BYTES], StoreDoc *ret_doc)
    MUST_USE;
/* All places that an entity may have under an id as the caller wrote it, and what is there: one
 * read, whatever is there. Errors: VAULT_SEALED, store errors. */
typedef struct GateSlots {
    uint8_t ids[GATE_SLOTS_MAX][SEALED_ID_BYTES];
    StoreDoc docs[GATE_SLOTS_MAX]; /* version 0: free */
} GateSlots;
Error gate_target_slots(GateCaller *caller, const GateType *type, Str id, GateSlots *ret_slots)
    MUST_USE;
/* Takes a stored entity's document apart and checks it; nothing is opened. Errors: CRYPTO_OPEN,
 * STORE_CORRUPT. */
Error gate_target_parse(GateCaller *caller, const StoreDoc *doc, GateTarget *target) MUST_USE;
/* The same, and its head. */
Error gate_target_take(GateCaller *caller, const StoreDoc *doc, GateTarget *target) MUST_USE;
/* Loads the caller's rules about target->subject. Errors: CRYPTO_OPEN, STORE_CORRUPT, store errors.
 */
Error gate_target_rules(GateCaller *caller, GateTarget *target) MUST_USE;
/* Decides whether the view has the target; sets why. */
void gate_target_judge(const GateCaller *caller, GateTarget *target);
/* The caller's decision about attribute `index` of the type. */
ConsentDecision gate_target_decide(const GateCaller *caller, const GateTarget *target, size_t index,
                                   ConsentOperation operation);
/* The stored instance of attribute `index`, or NULL. */
const SealedAttribute *gate_target_attribute(const GateTarget *target, size_t index);
/* Looks at the link, unless that was done; one that is not active takes the target out of the view
 * (why). Errors: CRYPTO_OPEN, STORE_CORRUPT, VAULT_SEALED, store errors. */
Error gate_target_link(GateCaller *caller, GateTarget *target) MUST_USE;
/* Sets target->id, in arena. The link must have been looked at. */
Error gate_target_name(GateCaller *caller, Arena *arena, GateTarget *target) MUST_USE;
/* Gives the key back; twice is fine. */
void gate_target_done(GateTarget *target);

/* For CLEANUP(gate_target_done) GateTarget target = {0}; */
__attribute__((unused)) static inline void gate_target_done_cleanup_(GateTarget *target)
{
    gate_target_done(target);
}

#endif
