/* subject_walk.h — every data subject of every tenant, one after the other: for jobs that must meet
 * them all (rebuilding the history of accesses, rotating keys).
 *
 * A page is one snapshot, so a walk over a whole city holds no snapshot open; who is created or
 * erased meanwhile may or may not be met. Must never be used to answer a request.
 *
 * Layer: vault/identity. Thread-safe: yes. Requirement: L-3, C-10. */
#ifndef MUSUBI_SUBJECT_WALK_H
#define MUSUBI_SUBJECT_WALK_H

#include "keyring.h"
#include "vault_core.h"

/* Called with each subject's key; the key is lent for the call. An error ends the walk with it. */
typedef Error (*SubjectVisit)(void *context, SubjectKey *key);

/* Errors: VAULT_SEALED, CRYPTO_OPEN, store errors, what visit returns. */
Error subject_walk(const VaultCore *core, SubjectVisit visit, void *context) MUST_USE;

#endif
