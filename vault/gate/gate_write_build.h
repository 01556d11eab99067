/* gate_write_build.h — from what the caller sees of an entity to the document that is to be stored:
 * the view goes in, the edit of entity_update comes out, and is done to the sealed entity.
 *
 * Must never open what the caller may not read, nor touch what the caller does not see.
 *
 * Layer: vault/gate; used by gate_write_plan alone. Thread-safe: single-owner. Requirement: consent
 * rules 3, 10. */
#ifndef MUSUBI_GATE_WRITE_BUILD_H
#define MUSUBI_GATE_WRITE_BUILD_H

#include "gate_write_plan.h"

/* A write of something that the caller's view has. */
Error gate_write_build_known(GateCaller *caller, const EntityWrite *write, GateWritePlan *plan)
    MUST_USE;
/* A write of something that the view has not, under this stored id; target->sealed is what hidden
 * parts are there. */
Error gate_write_build_new(GateCaller *caller, const EntityWrite *write,
                           const uint8_t id[SEALED_ID_BYTES], GateWritePlan *plan) MUST_USE;
/* The user id in the value of a subject attribute: a JSON string with the citizen's id as the
 * caller knows it. Errors: ENTITY_SUBJECT. */
Error gate_write_reference(GateCaller *caller, const Attribute *attribute, Str *ret_user_id)
    MUST_USE;

#endif
