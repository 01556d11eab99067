/* janitor.h — the one thread that does what must be done from time to time: expired tokens,
 * idempotency keys, entities of open data and commit markers go, a few at a time; the store tidies.
 *
 * On several nodes whoever holds the lease "janitor" works, the others wait. Must never delete
 * anything but what has expired.
 *
 * Layer: ngsi-proxy/wiring. Thread-safe: single-owner. */
#ifndef MUSUBI_JANITOR_H
#define MUSUBI_JANITOR_H

#include "error.h"
#include "vault_core.h"

typedef struct Janitor Janitor;

/* Starts the thread. core and node must outlive it. Errors: OUT_OF_MEMORY, INTERNAL (no thread). */
Error janitor_start(const VaultCore *core, Str node, Janitor **ret_janitor) MUST_USE;
/* Wakes it, waits for it to end, frees. NULL is fine. Returns NULL. */
Janitor *janitor_stop(Janitor *janitor);

DEFINE_CLEANUP(Janitor, janitor_stop)

#endif
