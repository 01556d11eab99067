/* keyring.h — every key of the running vault: opened by the KEK provider, kept in one locked slab,
 * lent by reference.
 *
 * The keyring knows no store: it takes and gives wrapped bytes, which the caller keeps. It may
 * start, or become, SEALED (no KEK, or platform keys not loaded): every use of a key then fails
 * with VAULT_SEALED, and open data goes on. Must never give key bytes to another room, and never
 * work with unlocked memory.
 *
 * Subject key (SDEK): 32 random bytes for one data subject and generation; destroying its wrapped
 * form erases the subject (crypto-shredding). Point accounts and service clients are subjects of
 * their own.
 *
 * Platform keys document v1, kept by the caller as it is:
 *   u8 format 0x01 | u8 count 4 | 4 × entry
 *   entry: u8 kind | u32 generation BE | u16 length BE | wrapped key of that length
 *   kinds: 1 pseudonym key PSK · 2 index root key IRK · 3 log signing seed · 4 token key; each once
 *   Each is wrapped with tenant "" and subject "musubi.platform" ‖ kind.
 *
 * Layer: vault/crypto. Thread-safe: yes, but keyring_open and keyring_free. Requirement: C-1, C-12,
 * C-14. */
#ifndef MUSUBI_KEYRING_H
#define MUSUBI_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "clock.h"
#include "error.h"
#include "kek.h"
#include "str.h"

#define SUBJECT_ID_BYTES 16
#define KEYRING_SLOTS_DEFAULT 65536u /* subject keys held at once; 2 MiB of locked memory */
#define KEYRING_NAME_BYTES_MAX 64    /* environment name, tenant */

typedef struct Keyring Keyring;
/* A subject's key on loan: a counted reference. The bytes stay in the slab. */
typedef struct SubjectKey SubjectKey;

typedef struct KeyringOptions {
    const Ports *ports;    /* NULL: ports_system() */
    KekProvider *provider; /* borrowed; outlives the keyring */
    Str environment;       /* e.g. "production"; copied; authenticated in every sealed thing */
    uint32_t slots;        /* 0: KEYRING_SLOTS_DEFAULT */
} KeyringOptions;

/* Makes the keyring and tries to open the KEK. A KEK that is missing or refused is not an error:
 * the keyring starts sealed. Free with keyring_free. Errors: KEY_MEMORY (memory limit, the argument
 * says what to raise), OUT_OF_MEMORY, INTERNAL (slots or name out of range, no thread). */
Error keyring_open(const KeyringOptions *options, Keyring **ret_ring) MUST_USE;
/* Seals and frees. Every SubjectKey must have been given back. NULL is fine. Returns NULL. */
Keyring *keyring_free(Keyring *ring);

/* True when personal data can't be served: no KEK, or platform keys not loaded. */
bool keyring_is_sealed(Keyring *ring);
/* Why: OK when not sealed; else KEY_FILE (or the provider's reason) or VAULT_SEALED. Argument lives
 * with the ring. */
Error keyring_seal_reason(Keyring *ring);
/* Wipes every key and closes the KEK. Waits for operations in flight (microseconds). Keys on loan
 * become useless. */
void keyring_seal(Keyring *ring);
/* Tries the provider again; platform keys must then be loaded again. OK when it is open already.
 * Errors: as the provider's open. */
Error keyring_unseal(Keyring *ring) MUST_USE;

/* Whether the KEK could be opened again now: a warning ahead of the next start. Errors: as the
 * provider's open. */
Error keyring_kek_health(Keyring *ring) MUST_USE;

/* Makes fresh platform keys (set-up of a new vault) and holds them. ret_wrapped (in arena) is to be
 * stored before use. Errors: VAULT_SEALED, INTERNAL (entropy, or loaded already), OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error keyring_new_platform_keys(Keyring *ring, Arena *arena, Str *ret_wrapped) MUST_USE;
/* Opens the stored platform keys. Errors: VAULT_SEALED, CRYPTO_OPEN (wrong KEK or environment, or
 * damaged). */
Error keyring_load_platform_keys(Keyring *ring, Str wrapped) MUST_USE;

/* Makes a random key for a subject. ret_wrapped (in arena) is to be stored in the same commit as
 * what it seals. subject: 16 bytes. generation: from 1. The key is borrowed: give it back with
 * subject_key_unref. Errors: VAULT_SEALED, KEY_SLOTS_FULL, INTERNAL, OUT_OF_MEMORY,
 * BUDGET_EXCEEDED. */
Error keyring_new_subject_key(Keyring *ring, Str tenant, const uint8_t *subject,
                              uint32_t generation, Arena *arena, Str *ret_wrapped,
                              SubjectKey **ret_key) MUST_USE;
/* Lends the key that wrapped holds; unwraps it unless it is cached (found by tenant, subject,
 * generation and a digest of wrapped, so a replaced document never meets an old key). Give back
 * with subject_key_unref. Errors: VAULT_SEALED, KEY_SLOTS_FULL, CRYPTO_OPEN. */
Error keyring_borrow_subject_key(Keyring *ring, Str tenant, const uint8_t *subject,
                                 uint32_t generation, Str wrapped, SubjectKey **ret_key) MUST_USE;
/* Zeroes every cached key of the subject at once, also those on loan: their next use fails with
 * CRYPTO_OPEN. */
void keyring_forget_subject(Keyring *ring, const uint8_t *subject);

/* One more reference; returns key. */
SubjectKey *subject_key_ref(SubjectKey *key);
/* Gives a reference back. NULL is fine. Returns NULL. */
SubjectKey *subject_key_unref(SubjectKey *key);
DEFINE_CLEANUP(SubjectKey, subject_key_unref)

/* What the key belongs to. Views live as long as the reference. */
Keyring *subject_key_ring(const SubjectKey *key);
Str subject_key_tenant(const SubjectKey *key);
const uint8_t *subject_key_subject(const SubjectKey *key);
uint32_t subject_key_generation(const SubjectKey *key);

/* The name it was opened with; lives with the ring. */
Str keyring_environment(const Keyring *ring);
/* The ports it was opened with. */
const Ports *keyring_ports(const Keyring *ring);

DEFINE_CLEANUP(Keyring, keyring_free)

#endif
