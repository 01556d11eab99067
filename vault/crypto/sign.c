#include "sign.h"

#include <sodium.h>
#include <string.h>

#include "hash.h"
#include "keyring_internal.h"

static const PlatformKey SEED_SLOTS[SIGNING_ROLE_COUNT_] = {
    [SIGNING_LOG] = PLATFORM_LOG_SEED,
    [SIGNING_TOKEN] = PLATFORM_TOKEN_SEED,
    [SIGNING_RECEIPT] = PLATFORM_RECEIPT_SEED,
};

void sign_public_from_seed(const uint8_t seed[SIGN_SEED_BYTES],
                           uint8_t ret_public_key[SIGN_PUBLIC_BYTES])
{
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(ret_public_key, secret_key, seed); /* can't fail */
    sodium_memzero(secret_key, sizeof secret_key);
}

void sign_with_seed(const uint8_t seed[SIGN_SEED_BYTES], Str message,
                    uint8_t ret_signature[SIGN_SIGNATURE_BYTES])
{
    uint8_t public_key[SIGN_PUBLIC_BYTES];
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    (void)crypto_sign_seed_keypair(public_key, secret_key, seed); /* can't fail */
    (void)crypto_sign_detached(ret_signature, NULL, (const uint8_t *)message.p, message.n,
                               secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
}

Error signing_key_borrow(Keyring *ring, SigningRole role, SigningKey *ret_key)
{
    const uint8_t *seed = NULL;
    SigningKey key = {.ring = ring, .role = role};
    TRY(platform_key_begin(ring, SEED_SLOTS[role], &seed));
    sign_public_from_seed(seed, key.public_key);
    platform_key_end(ring);
    *ret_key = key;
    return OK;
}

Error sign_message(const SigningKey *key, Str message, uint8_t ret_signature[SIGN_SIGNATURE_BYTES])
{
    const uint8_t *seed = NULL;
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
    _Static_assert(sizeof secret_key == SIGN_SEED_BYTES + SIGN_PUBLIC_BYTES,
                   "seed, then public key");
    TRY(platform_key_begin(key->ring, SEED_SLOTS[key->role], &seed));
    memcpy(secret_key, seed, SIGN_SEED_BYTES);
    platform_key_end(key->ring);
    /* The public half is known: no second scalar multiplication. */
    memcpy(secret_key + SIGN_SEED_BYTES, key->public_key, SIGN_PUBLIC_BYTES);
    (void)crypto_sign_detached(ret_signature, NULL, (const uint8_t *)message.p, message.n,
                               secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
    return OK;
}

bool sign_verify(const uint8_t public_key[SIGN_PUBLIC_BYTES], Str message, Str signature)
{
    return signature.n == SIGN_SIGNATURE_BYTES &&
           crypto_sign_verify_detached((const uint8_t *)signature.p, (const uint8_t *)message.p,
                                       message.n, public_key) == 0;
}

void sign_note_id(Str name, const uint8_t public_key[SIGN_PUBLIC_BYTES],
                  uint8_t ret_id[SIGN_NOTE_ID_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    const Str parts[] = {name, STR("\n\x01"), str_bytes(public_key, SIGN_PUBLIC_BYTES)};
    sha256_of(parts, 3, digest);
    memcpy(ret_id, digest, SIGN_NOTE_ID_BYTES);
}
