/* platform.h — the platform's own keys: made once, loaded at each start.
 *
 * KEYS "platform" holds the wrapped platform keys (pseudonym key, index root, signing seed, token
 * key). A subject of its own, the platform subject (tenant ""), seals what belongs to no citizen:
 * service accounts and tokens. Must never be made twice for one store: a second set would orphan
 * everything.
 *
 * Layer: vault/identity. Thread-safe: yes. Requirement: C-1. */
#ifndef MUSUBI_PLATFORM_H
#define MUSUBI_PLATFORM_H

#include <stdbool.h>

#include "subject.h"
#include "vault_core.h"

/* Loads the platform keys into core->keyring; makes and commits them when the store has none and
 * may_create is set. Call at start and after an unseal. Of two processes that create at once, both
 * end with the same keys. Errors: VAULT_SEALED (or the provider's reason), PLATFORM_KEYS_MISSING,
 * CRYPTO_OPEN, store errors. */
Error platform_init(const VaultCore *core, Arena *arena, Deadline deadline, bool may_create)
    MUST_USE;
/* The platform subject. Give back with subject_done. Errors: VAULT_SEALED, store errors. */
Error platform_subject_load(VaultCall *call, Subject *ret_subject) MUST_USE;

#endif
