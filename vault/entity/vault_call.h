/* vault_call.h — begins and ends one call's view of the vault: one snapshot, one moment, one
 * deadline.
 *
 * Every request and every job opens exactly one and closes it before it waits for a slow reader.
 * Must never outlive its arena, and never be shared between threads.
 *
 * Layer: vault/entity. Thread-safe: single-owner. */
#ifndef MUSUBI_VAULT_CALL_H
#define MUSUBI_VAULT_CALL_H

#include "vault_core.h"

/* The deadline comes first; this is the bound for a clock that stands. */
#define VAULT_CALL_ATTEMPTS_MAX 100

/* Fills the call and opens its snapshot. tenant must live as long as the arena.
 * Errors: STORE_UNAVAILABLE, DEADLINE. Close with vault_call_close. */
Error vault_call_open(const VaultCore *core, Arena *arena, Str tenant, Deadline deadline,
                      VaultCall *ret_call) MUST_USE;
/* Fills the call without a snapshot, for what must work while the store does not. */
VaultCall vault_call_without_snapshot(const VaultCore *core, Arena *arena, Str tenant,
                                      Deadline deadline);
/* A newer snapshot and moment for another attempt, in place of the old one: whoever retries never
 * holds two snapshots, so a crowd of writers can't wait for each other's. On an error the call has
 * no snapshot. Errors: as vault_call_open. */
Error vault_call_renew(VaultCall *call) MUST_USE;
/* The same for a writer who lost a race, after a short random pause, so that a crowd comes apart.
 * attempt: how many were made. On an error the call has no snapshot. Errors: STORE_CONFLICT (no
 * time is left, or VAULT_CALL_ATTEMPTS_MAX were made), as vault_call_open. */
Error vault_call_retry(VaultCall *call, unsigned attempt) MUST_USE;
/* Closes the snapshot, if any. Twice is fine. */
void vault_call_close(VaultCall *call);

#endif
