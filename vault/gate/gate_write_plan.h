/* gate_write_plan.h — decides a write, and builds the new document without touching the store.
 *
 * Rule 10: a write grant per attribute; what depends on existence depends on the caller's view
 * alone; an id whose link the caller has itself is refused for want of consent (403), any other as
 * unknown (404), and a frozen or ended link is no link; what the caller may not write stays
 * untouched and unseen. Updating opens and seals exactly the attributes it changes; creating opens
 * none. Must never tell a hidden attribute from an absent one.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: single-owner. Requirement: consent
 * rules 9, 10. */
#ifndef MUSUBI_GATE_WRITE_PLAN_H
#define MUSUBI_GATE_WRITE_PLAN_H

#include "gate_target.h"

typedef struct GateWritePlan {
    GateTarget target; /* subject.key NULL: nobody */
    const char *why; /* of a refusal that the log must hold; NULL: planned, or a failure of ours */
    bool has_change; /* body is to be committed, even beside a refusal (a partial update) */
    Str key;         /* of the document */
    DocBody body;
    StrList names;           /* attributes written, or asked to be */
    const ConsentRule *rule; /* that allows the first of them */
} GateWritePlan;

/* Give back with gate_write_plan_done in any case. A refusal sets plan->why; PARTIAL_UPDATE also
 * has a change. Errors: as gate_write. */
Error gate_write_plan(GateCaller *caller, const EntityWrite *write, GateWritePlan *plan) MUST_USE;
void gate_write_plan_done(GateWritePlan *plan);

/* For CLEANUP(gate_write_plan_done) GateWritePlan plan = {0}; */
__attribute__((unused)) static inline void gate_write_plan_done_cleanup_(GateWritePlan *plan)
{
    gate_write_plan_done(plan);
}

#endif
