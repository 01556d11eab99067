/* person.h — citizens: a random common ID that never leaves the platform, and a key of their own.
 *
 * The stored subject id is a keyed token of the common ID; the common ID itself is kept sealed in
 * PERSONS, for merges and evidence later. Must never show, log or return a common ID.
 *
 * Layer: vault/identity. Thread-safe: yes. Spec: 6(1)イ. Requirement: C-1. */
#ifndef MUSUBI_PERSON_H
#define MUSUBI_PERSON_H

#include <stdbool.h>

#include "subject.h"

/* Puts a new citizen of the call's tenant into the batch (2 documents: KEYS, PERSONS). The subject
 * can seal at once: links, grants and entities may go into the same batch. Give back with
 * subject_done. Errors: VAULT_SEALED, KEY_SLOTS_FULL, INTERNAL, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error person_create(VaultCall *call, StoreBatch *batch, Subject *ret_subject) MUST_USE;
/* How many citizens the tenant has. Errors: VAULT_SEALED, store errors. */
Error person_count(VaultCall *call, int64_t *ret_count) MUST_USE;
/* Puts the destruction of the citizen's key and person record into the batch: what is left can't be
 * opened. (The rest of erasure — journal, leaf, sweep — is the caller's.) Errors: SUBJECT_UNKNOWN,
 * store errors. */
Error person_erase(VaultCall *call, Subject *subject, StoreBatch *batch) MUST_USE;

#endif
