/* sign.h — Ed25519 signatures of the platform: access log checkpoints, tokens, consent receipts.
 *
 * Each role has a key of its own, whose seed stays in the key slab. Must never sign for one role
 * with another's key.
 *   SIGNING_LOG: seed = platform key 3 (separate from all others, L-6)
 *   SIGNING_TOKEN, SIGNING_RECEIPT: seed = B2(token key, "musubi/sig/seed1", LP("token" |
 *      "receipt"))
 *
 * Layer: vault/crypto. Thread-safe: yes. Standard: RFC 8032, C2SP signed-note. Requirement: L-6,
 * */
#ifndef MUSUBI_SIGN_H
#define MUSUBI_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "keyring.h"
#include "str.h"

#define SIGN_SEED_BYTES 32
#define SIGN_PUBLIC_BYTES 32
#define SIGN_SIGNATURE_BYTES 64
#define SIGN_NOTE_ID_BYTES 4

typedef enum SigningRole {
    SIGNING_LOG,
    SIGNING_TOKEN,
    SIGNING_RECEIPT,
    SIGNING_ROLE_COUNT_
} SigningRole;

/* By value; borrows the ring. Stays valid over seal and unseal. */
typedef struct SigningKey {
    Keyring *ring;
    SigningRole role;
    uint8_t public_key[SIGN_PUBLIC_BYTES];
} SigningKey;

/* The platform's key for a role. Errors: VAULT_SEALED. */
Error signing_key_borrow(Keyring *ring, SigningRole role, SigningKey *ret_key) MUST_USE;
/* Errors: VAULT_SEALED. */
Error sign_message(const SigningKey *key, Str message, uint8_t ret_signature[SIGN_SIGNATURE_BYTES])
    MUST_USE;

/* True when signature (64 bytes, else false) is of message under public_key. Refuses small-order
 * keys and non-canonical signatures. */
bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], Str message, Str signature);

/* Key id of a C2SP signed note: first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
void sign_note_id(Str name, const uint8_t public_key[SIGN_PUBLIC_BYTES],
                  uint8_t ret_id[SIGN_NOTE_ID_BYTES]);

/* With a seed of one's own (a witness's key, published test vectors). The caller keeps the seed
 * safe. */
void sign_public_from_seed(const uint8_t seed[SIGN_SEED_BYTES],
                           uint8_t ret_public_key[SIGN_PUBLIC_BYTES]);
void sign_with_seed(const uint8_t seed[SIGN_SEED_BYTES], Str message,
                    uint8_t ret_signature[SIGN_SIGNATURE_BYTES]);

#endif
