/* gate_write_plan.h — decides one write of a batch, and builds the new document without touching
 * the store: it goes to the caller's pending documents, where the next write of the batch finds it.
 *
 * Rule 10: what depends on existence depends on the caller's view alone; an id whose link the
 * caller has itself is refused for want of consent (403), any other as unknown (404), and a frozen
 * or ended link is no link; what the caller may not write or does not see stays untouched and
 * unseen. What a write does to what it meets is entity_update's business. Opens and seals exactly
 * the attributes that the write names, beside those that a deletion or replacement takes away. Must
 * never tell a hidden attribute from an absent one.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: single-owner. Requirement: consent
 * rules 9, 10. */
#ifndef MUSUBI_GATE_WRITE_PLAN_H
#define MUSUBI_GATE_WRITE_PLAN_H

#include "gate_target.h"

/* The personal types as this caller asks for them. */
typedef struct GateTypes {
    GateType *items;
    size_t count;
} GateTypes;

typedef struct GateWritePlan {
    GateTarget target;       /* subject.key NULL: nobody */
    EntityOutcome outcome;   /* texts in the call's arena or the write's */
    const char *why;         /* nothing takes effect, for the log; NULL: permitted */
    StrList refused;         /* by the grants */
    StrList names;           /* attributes written or, where nothing takes effect, asked for */
    const ConsentRule *rule; /* that allows the first of them; NULL when there is none */
    Str key;                 /* of the document that changes; "" = none does */
} GateWritePlan;

/* Give back with gate_write_plan_done in any case. A refusal by the grants comes with
 * plan->refused; the log must hold refusals for which plan->why is set. Errors: WRITE_NOT_GRANTED,
 * ENTITY_SUBJECT, ENTITY_INVALID, VALUE_TOO_LARGE, those of entity_update_plan, CRYPTO_OPEN,
 * STORE_CORRUPT, store errors. */
Error gate_write_plan(GateCaller *caller, GateTypes types, const EntityWrite *write,
                      GateWritePlan *plan) MUST_USE;
void gate_write_plan_done(GateWritePlan *plan);

#endif
