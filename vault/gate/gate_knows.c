#include "gate.h"
#include "gate_target.h"

static Error knows_one(GateCaller *caller, const GateType *types, size_t count, Str id,
                       bool *ret_knows)
{
    *ret_knows = false;
    for (size_t i = 0; i < count && !*ret_knows; i++) {
        CLEANUP(gate_target_done) GateTarget target = {0};
        if (gate_type_may_have(caller, &types[i], id)) {
            TRY(gate_target_find(caller, &types[i], id, &target));
            *ret_knows = target.why == NULL;
        }
    }
    return OK;
}

Error gate_knows(const Gate *gate, VaultCall *call, const Principal *principal, StrList ids,
                 bool *ret_knows)
{
    CLEANUP(gate_caller_done) GateCaller caller = {0};
    TRY(gate_caller_open(gate, call, principal, LEAF_READ, &caller));
    GateType *types;
    size_t count;
    TRY(gate_types_in(&caller, (StrList){0}, &types, &count));
    for (size_t i = 0; i < ids.count; i++) {
        TRY(knows_one(&caller, types, count, ids.items[i], &ret_knows[i]));
    }
    return OK;
}
