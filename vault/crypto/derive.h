/* derive.h — keyed BLAKE2b with a purpose: the one way in which this room makes keys, commitments
 * and tokens.
 *
 * B2(key, personal, message) = BLAKE2b-256(key 32, salt 16 zeros, personal 16, message). A purpose
 * is a row of one table, so that no two uses of a key can meet. Must never be given a key that is
 * open for more than this scope.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: pure. Requirement: C-1. */
#ifndef MUSUBI_DERIVE_H
#define MUSUBI_DERIVE_H

#include <sodium.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define DERIVE_BYTES 32
#define DERIVE_PERSONAL_BYTES 16

typedef enum DerivePurpose {
    DERIVE_VALUE_KEY,
    DERIVE_VALUE_COMMITMENT,
    DERIVE_RECORD_KEY,
    DERIVE_RECORD_COMMITMENT,
    DERIVE_LOG_KEY,
    DERIVE_DETAIL_KEY,
    DERIVE_DETAIL_COMMITMENT,
    DERIVE_LOG_FINDER,
    DERIVE_ENTITY_MAC,
    DERIVE_KEK_KEY,
    DERIVE_KEK_COMMITMENT,
    DERIVE_PSEUDONYM,
    DERIVE_ATTRIBUTE_TOKEN,
    DERIVE_SERVICE_ID,
    DERIVE_SERVICE_ID_MAC,
    DERIVE_SERVICE_ID_KEY,
    DERIVE_TOKEN_HASH,
    DERIVE_SIGNING_SEED,
    DERIVE_CACHE_INDEX,
    DERIVE_BLIND_INDEX,
    DERIVE_PURPOSE_COUNT_
} DerivePurpose;

/* The purpose's personal: exactly 16 bytes, as stored data depend on it. */
const char *derive_personal(DerivePurpose purpose);

/* A running B2. LP = u32 BE length, then the bytes; integers big-endian. */
typedef struct Derive {
    crypto_generichash_blake2b_state state;
} Derive;
/* key: 32 bytes, or NULL for none (cache index only). */
void derive_begin(Derive *derive, DerivePurpose purpose, const uint8_t *key);
void derive_bytes(Derive *derive, const void *bytes, size_t n);
void derive_lp(Derive *derive, Str s);
void derive_u32(Derive *derive, uint32_t value);
void derive_u64(Derive *derive, uint64_t value);
/* First n ≤ 32 bytes of the result; wipes the state. ret may be any bytes but the key's. */
void derive_end(Derive *derive, uint8_t *ret, size_t n);

#endif
