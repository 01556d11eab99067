/* subject.h — one data subject in one call: its stored id, its key on loan, and the key document's
 * version.
 *
 * Whoever seals something for a subject adds subject_require to the same batch, so that nothing is
 * ever written for a subject whose key is gone (erasure). Must never outlive the call, and never
 * show a common ID.
 *
 *   STORE_KEYS  key   subject id as text
 *               body  f 1 · g int: newest generation · t text: tenant · w bytes: the wrapped key
 *                     (C-6 lists the tenant among what may stand in clear)
 *
 * Layer: vault/identity. Thread-safe: single-owner. Requirement: C-1, C-11. */
#ifndef MUSUBI_SUBJECT_H
#define MUSUBI_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keyring.h"
#include "pseudonym.h"
#include "store.h"
#include "vault_core.h"

typedef struct Subject {
    uint8_t id[SUBJECT_ID_BYTES];
    char text[PSEUDONYM_TEXT_16_BYTES]; /* the id as document key */
    SubjectKey *key;                    /* on loan until subject_done; NULL = unknown or erased */
    uint64_t key_version;               /* of the KEYS document */
    bool is_new;                   /* made by subject_create: the snapshot holds nothing of it */
    const StoreBatch *required_in; /* the batch that has the requirement already */
} Subject;

/* Loads one subject through the call's snapshot. Give back with subject_done.
 * Errors: SUBJECT_UNKNOWN (no key document: never was, or erased), VAULT_SEALED, KEY_SLOTS_FULL,
 * CRYPTO_OPEN, store errors. */
Error subject_load(VaultCall *call, const uint8_t id[SUBJECT_ID_BYTES], Subject *ret_subject)
    MUST_USE;
/* The same for a subject of another tenant than the call's: the platform subject. */
Error subject_load_of(VaultCall *call, Str tenant, const uint8_t id[SUBJECT_ID_BYTES],
                      Subject *ret_subject) MUST_USE;
/* subject_load for count ids in one read; key is NULL where there is none. ret_subjects[i] belongs
 * to ids[i]; on an error nothing is on loan. Errors: as subject_load but SUBJECT_UNKNOWN. */
Error subject_load_many(VaultCall *call, const uint8_t (*ids)[SUBJECT_ID_BYTES], size_t count,
                        Subject *ret_subjects) MUST_USE;
/* Makes a subject with a new key and puts its KEYS document into the batch. Give back with
 * subject_done. Errors: VAULT_SEALED, KEY_SLOTS_FULL, INTERNAL, OUT_OF_MEMORY, BUDGET_EXCEEDED. */
Error subject_create(VaultCall *call, Str tenant, const uint8_t id[SUBJECT_ID_BYTES],
                     StoreBatch *batch, Subject *ret_subject) MUST_USE;
/* Adds "key document at this version" to the batch, once per batch. */
void subject_require(Subject *subject, StoreBatch *batch);
/* The id as text for documents and keys; lives as long as the subject. */
Str subject_text(const Subject *subject);
/* Gives the key back; twice is fine. */
void subject_done(Subject *subject);
/* The same for an array. */
void subjects_done(Subject *subjects, size_t count);

/* For CLEANUP(subject_done) Subject subject = {0}; */
__attribute__((unused)) static inline void subject_done_cleanup_(Subject *subject)
{
    subject_done(subject);
}

#endif
