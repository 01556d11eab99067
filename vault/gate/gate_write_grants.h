/* gate_write_grants.h — what a write needs to be granted: decided from the grants alone.
 *
 * A write grant for each attribute that the write names; a read grant beside it wherever the answer
 * could tell what is there. Only what appends or updates without telling, and a creation, which
 * tells of the view alone, go without. Must never look at what is stored.
 *
 * Layer: vault/gate; used by gate_write alone. Thread-safe: pure. Requirement: consent rule 10. */
#ifndef MUSUBI_GATE_WRITE_GRANTS_H
#define MUSUBI_GATE_WRITE_GRANTS_H

#include "gate_target.h"

/* Whether the grants about the target cover an attribute; never for one that its type has not. */
bool gate_write_may(const GateCaller *caller, const GateTarget *target, Str name,
                    ConsentOperation operation);
/* The rule that allows to write it; gate_write_may holds. */
const ConsentRule *gate_write_rule(const GateCaller *caller, const GateTarget *target, Str name);
/* The attributes that the grants refuse to this write, none when it may be done. is_new: the entity
 * is to be made. One that is there tells whom it is about by what it takes for its subject, so that
 * may only be named by those who may read it. For the deletion of an entity, which names none:
 * those of which only one half is granted, when no attribute has both. In the call's arena. Errors:
 * OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error gate_write_refused(GateCaller *caller, const GateTarget *target, const EntityWrite *write,
                         bool is_new, StrList *ret_names) MUST_USE;

#endif
