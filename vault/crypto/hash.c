#include "hash.h"

#include <sodium.h>
#include <string.h>

#include "sha256_native.h"

/* The wrapper keeps libsodium out of other rooms; the two structs are one size and alignment. */
_Static_assert(sizeof(Sha256) == sizeof(crypto_hash_sha256_state),
               "Sha256 holds libsodium's state");
_Static_assert(_Alignof(Sha256) >= _Alignof(crypto_hash_sha256_state), "and is aligned for it");

static crypto_hash_sha256_state *state_of(Sha256 *hash)
{
    return (crypto_hash_sha256_state *)(void *)hash;
}

void sha256_init(Sha256 *hash)
{
    (void)crypto_hash_sha256_init(state_of(hash)); /* can't fail */
}

/* The same bookkeeping as libsodium's (count in bits, tail in buf), around the processor's block
 * function. */
static void update_natively(crypto_hash_sha256_state *state, const uint8_t *bytes, size_t n)
{
    size_t used = (size_t)(state->count >> 3) % SHA256_BLOCK_BYTES;
    state->count += (uint64_t)n << 3;
    if (used > 0) {
        size_t take = n < SHA256_BLOCK_BYTES - used ? n : SHA256_BLOCK_BYTES - used;
        memcpy(state->buf + used, bytes, take);
        if (used + take < SHA256_BLOCK_BYTES) {
            return;
        }
        sha256_native_blocks(state->state, state->buf, 1);
        bytes += take;
        n -= take;
    }
    sha256_native_blocks(state->state, bytes, n / SHA256_BLOCK_BYTES);
    memcpy(state->buf, bytes + n / SHA256_BLOCK_BYTES * SHA256_BLOCK_BYTES, n % SHA256_BLOCK_BYTES);
}

static void final_natively(crypto_hash_sha256_state *state, uint8_t ret_digest[SHA256_BYTES])
{
    uint8_t end[2 * SHA256_BLOCK_BYTES] = {0};
    size_t used = (size_t)(state->count >> 3) % SHA256_BLOCK_BYTES;
    size_t blocks = used + 1 + sizeof state->count <= SHA256_BLOCK_BYTES ? 1 : 2;
    memcpy(end, state->buf, used);
    end[used] = 0x80;
    for (size_t i = 0; i < sizeof state->count; i++) {
        end[blocks * SHA256_BLOCK_BYTES - 1 - i] = (uint8_t)(state->count >> (8 * i));
    }
    sha256_native_blocks(state->state, end, blocks);
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        ret_digest[i] = (uint8_t)(state->state[i / 4] >> (24 - 8 * (i % 4)));
    }
    sodium_memzero(end, sizeof end);
    sodium_memzero(state, sizeof *state);
}

void sha256_update(Sha256 *hash, Str bytes)
{
    if (bytes.n == 0) {
        return;
    }
    if (sha256_native_is_there()) {
        update_natively(state_of(hash), (const uint8_t *)bytes.p, bytes.n);
    } else {
        (void)crypto_hash_sha256_update(state_of(hash), (const uint8_t *)bytes.p, bytes.n);
    }
}

void sha256_final(Sha256 *hash, uint8_t ret_digest[SHA256_BYTES])
{
    if (sha256_native_is_there()) {
        final_natively(state_of(hash), ret_digest);
    } else {
        (void)crypto_hash_sha256_final(state_of(hash), ret_digest);
    }
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
