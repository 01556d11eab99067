/* gate_caller.h — a service that may ask for personal data: its account and purpose hold, its own
 * key is at hand.
 *
 * The first half of authorisation: what the client already knows about itself. Refusals here are
 * logged. Must never look at a citizen.
 *
 * Layer: vault/gate; used by the gate alone. Thread-safe: single-owner. Requirement: L-1,
 * */
#ifndef MUSUBI_GATE_CALLER_H
#define MUSUBI_GATE_CALLER_H

#include "gate.h"
#include "gate_pending.h"
#include "leaf.h"
#include "subject.h"

typedef struct GateCaller {
    const Gate *gate;
    VaultCall *call;
    const Principal *principal;
    Subject own; /* the client as a subject: seals what concerns no citizen; key NULL when the
                    client is unknown */
    GatePending *pending; /* of a batch of writes, while it is decided; NULL for reads */
} GateCaller;

/* Checks that the principal is an active service whose token names a purpose registered for it, and
 * that it asks from where it may.
 * act: what it wants, for the leaf of a refusal. Give back with gate_caller_done. Errors:
 * PURPOSE_REQUIRED, PURPOSE_NOT_REGISTERED, SERVICE_UNKNOWN, ADDRESS_NOT_ALLOWED, LOG_UNAVAILABLE,
 * VAULT_SEALED, store errors. */
Error gate_caller_open(const Gate *gate, VaultCall *call, const Principal *principal, LeafAct act,
                       GateCaller *ret_caller) MUST_USE;
void gate_caller_done(GateCaller *caller);

/* For CLEANUP(gate_caller_done) GateCaller caller = {0}; */
__attribute__((unused)) static inline void gate_caller_done_cleanup_(GateCaller *caller)
{
    gate_caller_done(caller);
}

#endif
