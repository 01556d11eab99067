#include "vault_call.h"

#include <time.h>

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

/* Up to 2, 4, 8, 16, then 32 ms. Real time, whatever the clock of the call says. */
static void pause_random(const VaultCall *call, unsigned attempt)
{
    uint16_t random = 0;
    if (FAILED(
            call->core->ports->entropy->fill(call->core->ports->entropy, &random, sizeof random))) {
        return;
    }
    unsigned longest_us = 1000U << (attempt < 5 ? attempt : 5);
    long pause_us = (long)(random % longest_us);
    const struct timespec pause = {.tv_nsec = pause_us * 1000};
    (void)nanosleep(&pause, NULL);
}

Error vault_call_retry(VaultCall *call, unsigned attempt)
{
    vault_call_close(call);
    pause_random(call, attempt);
    bool may_go_on = attempt < VAULT_CALL_ATTEMPTS_MAX && !deadline_has_passed(call->deadline);
    ENSURE(may_go_on, STORE_CONFLICT, NULL);
    return vault_call_renew(call);
}

void vault_call_close(VaultCall *call)
{
    call->snapshot = store_snapshot_close(call->snapshot);
}
