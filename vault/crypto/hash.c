#include "hash.h"

/* libsodium's SHA-256 is portable C; OpenSSL's uses the processor's instructions and is five times
 * as fast, which every leaf of the access log feels. Its EVP form would allocate for each hash; the
 * plain form is called deprecated and stays. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/sha.h>
#include <sodium.h>

/* The wrapper keeps both libraries out of other rooms; the two structs are one size and alignment.
 */
_Static_assert(sizeof(Sha256) == sizeof(SHA256_CTX), "Sha256 holds the library's state");
_Static_assert(_Alignof(Sha256) >= _Alignof(SHA256_CTX), "and is aligned for it");

static SHA256_CTX *state_of(Sha256 *hash)
{
    return (SHA256_CTX *)(void *)hash;
}

/* None of the three can fail: they touch nothing but the state. */
void sha256_init(Sha256 *hash)
{
    (void)SHA256_Init(state_of(hash));
}

void sha256_update(Sha256 *hash, Str bytes)
{
    (void)SHA256_Update(state_of(hash), bytes.p, bytes.n);
}

void sha256_final(Sha256 *hash, uint8_t ret_digest[SHA256_BYTES])
{
    (void)SHA256_Final(ret_digest, state_of(hash));
    sodium_memzero(hash, sizeof *hash);
}

void sha256_of(const Str *parts, size_t count, uint8_t ret_digest[SHA256_BYTES])
{
    Sha256 hash;
    sha256_init(&hash);
    for (size_t i = 0; i < count; i++) {
        sha256_update(&hash, parts[i]);
    }
    sha256_final(&hash, ret_digest);
}

void blake2b_of(const Str *parts, size_t count, uint8_t ret_digest[BLAKE2B_BYTES])
{
    crypto_generichash_blake2b_state state;
    (void)crypto_generichash_blake2b_init(&state, NULL, 0,
                                          BLAKE2B_BYTES); /* lengths are constants */
    for (size_t i = 0; i < count; i++) {
        if (parts[i].n > 0) {
            (void)crypto_generichash_blake2b_update(&state, (const uint8_t *)parts[i].p,
                                                    parts[i].n);
        }
    }
    (void)crypto_generichash_blake2b_final(&state, ret_digest, BLAKE2B_BYTES);
}

void commitment_make(uint8_t prefix, const uint8_t salt[COMMITMENT_SALT_BYTES], Str message,
                     uint8_t ret_commitment[SHA256_BYTES])
{
    const Str parts[] = {str_bytes(&prefix, 1), str_bytes(salt, COMMITMENT_SALT_BYTES), message};
    sha256_of(parts, 3, ret_commitment);
}

bool crypto_equal(Str a, Str b)
{
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void crypto_wipe(void *bytes, size_t n)
{
    sodium_memzero(bytes, n);
}
