#include "vault_call.h"

#include "store.h"

VaultCall vault_call_without_snapshot(const VaultCore *core, Arena *arena, Str tenant,
                                      Deadline deadline)
{
    return (VaultCall){.core = core,
                       .arena = arena,
                       .snapshot = NULL,
                       .tenant = tenant,
                       .now_us = core->ports->clock->now_us(core->ports->clock),
                       .deadline = deadline};
}

Error vault_call_open(const VaultCore *core, Arena *arena, Str tenant, Deadline deadline,
                      VaultCall *ret_call)
{
    VaultCall call = vault_call_without_snapshot(core, arena, tenant, deadline);
    TRY(store_snapshot_open(core->store, deadline, &call.snapshot));
    *ret_call = call;
    return OK;
}

Error vault_call_renew(VaultCall *call)
{
    vault_call_close(call);
    return vault_call_open(call->core, call->arena, call->tenant, call->deadline, call);
}

void vault_call_close(VaultCall *call)
{
    call->snapshot = store_snapshot_close(call->snapshot);
}
