#include "gate_caller.h"

#include "gate_leaves.h"
#include "keyring.h"
#include "service_account.h"
#include "service_subject.h"

/* The refusal is the client's own fact, so it may be told apart; the leaf must be durable all the
 * same. */
static Error refuse(const GateCaller *caller, LeafAct act, Error refusal)
{
    LeafDraft draft = gate_leaf(caller->principal, act);
    draft.is_denied = true;
    draft.why = str_from(error_words(refusal.reason)->name);
    draft.key = caller->own.key;
    TRY(gate_leaf_append(caller->gate, caller->call, &draft));
    return refusal;
}

static Error check_account(const GateCaller *caller)
{
    const Principal *principal = caller->principal;
    ServiceAccount account;
    TRY(service_account_find(caller->call, principal->client, &account));
    ENSURE(account.state == SERVICE_ACTIVE, SERVICE_UNKNOWN, NULL);
    const Purpose *purpose = purpose_find(caller->gate->purposes, principal->purpose);
    bool is_registered = purpose != NULL &&
                         service_account_has_purpose(&account, principal->purpose) &&
                         purpose_has_service(purpose, principal->client);
    ENSURE(is_registered, PURPOSE_NOT_REGISTERED, NULL);
    ENSURE(service_account_allows_from(&account, principal->address), ADDRESS_NOT_ALLOWED, NULL);
    return OK;
}

static Error check(const GateCaller *caller)
{
    const Principal *principal = caller->principal;
    bool has_purpose = principal->kind == ACTOR_SERVICE && principal->purpose.n > 0 &&
                       str_eq(principal->tenant, caller->call->tenant);
    ENSURE(has_purpose, PURPOSE_REQUIRED, NULL);
    return check_account(caller);
}

static bool is_refusal(Error error)
{
    return error.reason == REASON_PURPOSE_REQUIRED ||
           error.reason == REASON_PURPOSE_NOT_REGISTERED ||
           error.reason == REASON_SERVICE_UNKNOWN || error.reason == REASON_ADDRESS_NOT_ALLOWED;
}

Error gate_caller_open(const Gate *gate, VaultCall *call, const Principal *principal, LeafAct act,
                       GateCaller *ret_caller)
{
    ENSURE(!keyring_is_sealed(gate->core->keyring), VAULT_SEALED, NULL);
    CLEANUP(gate_caller_done)
    GateCaller caller = {.gate = gate, .call = call, .principal = principal};
    Error error = service_subject_load(call, principal->client, &caller.own);
    if (FAILED(error) && error.reason != REASON_SUBJECT_UNKNOWN) {
        return error;
    }
    error = check(&caller);
    if (FAILED(error)) {
        return is_refusal(error) ? refuse(&caller, act, error) : error;
    }
    *ret_caller = caller;
    caller.own.key = NULL;
    return OK;
}

void gate_caller_done(GateCaller *caller)
{
    subject_done(&caller->own);
}
