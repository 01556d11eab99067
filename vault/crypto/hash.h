/* hash.h — plain hashes (SHA-256 for the log, BLAKE2b elsewhere), salted commitments, and two
 * helpers for secrets.
 *
 * Must never be used to hide a guessable value without salt or key: that is what commitments and
 * pseudonyms are for.
 *
 * Layer: vault/crypto. Thread-safe: pure. Standard: FIPS 180-4, RFC 7693. Requirement: L-2. */
#ifndef MUSUBI_HASH_H
#define MUSUBI_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"
#include "str.h"

#define SHA256_BYTES 32
#define BLAKE2B_BYTES 32
#define COMMITMENT_SALT_BYTES 16

/* A running SHA-256; on the stack, needs no done. */
typedef struct Sha256 {
    uint64_t opaque[14];
} Sha256;
void sha256_init(Sha256 *hash);
void sha256_update(Sha256 *hash, Str bytes);
void sha256_final(Sha256 *hash, uint8_t ret_digest[SHA256_BYTES]);
/* SHA-256 of the parts one after the other. */
void sha256_of(const Str *parts, size_t count, uint8_t ret_digest[SHA256_BYTES]);

/* BLAKE2b-256 without key of the parts one after the other. */
void blake2b_of(const Str *parts, size_t count, uint8_t ret_digest[BLAKE2B_BYTES]);

/* SHA-256(prefix ‖ salt ‖ message): says nothing about message until the salt is shown. The log
 * uses prefix 0x02 for subjects and 0x03 for consents. */
void commitment_make(uint8_t prefix, const uint8_t salt[COMMITMENT_SALT_BYTES], Str message,
                     uint8_t ret_commitment[SHA256_BYTES]);

/* Equal bytes, in time that depends on the length only. */
bool crypto_equal(Str a, Str b);
/* Overwrites n bytes; never optimised away. */
void crypto_wipe(void *bytes, size_t n);

#endif
