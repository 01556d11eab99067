#include "derive.h"

/* The strings are part of the stored formats: changing one makes every vault unreadable. */
static const char PERSONALS[][DERIVE_PERSONAL_BYTES + 1] = {
    [DERIVE_VALUE_KEY] = "musubi/val/enc/1",
    [DERIVE_VALUE_COMMITMENT] = "musubi/val/cmt/1",
    [DERIVE_RECORD_KEY] = "musubi/rec/enc/1",
    [DERIVE_RECORD_COMMITMENT] = "musubi/rec/cmt/1",
    [DERIVE_LOG_KEY] = "musubi/log/enc/1",
    [DERIVE_DETAIL_KEY] = "musubi/det/enc/1",
    [DERIVE_DETAIL_COMMITMENT] = "musubi/det/cmt/1",
    [DERIVE_LOG_FINDER] = "musubi/log/fnd/1",
    [DERIVE_ENTITY_MAC] = "musubi/ent/mac/1",
    [DERIVE_KEK_KEY] = "musubi/kek/enc/1",
    [DERIVE_KEK_COMMITMENT] = "musubi/kek/cmt/1",
    [DERIVE_PSEUDONYM] = "musubi/pseudonym",
    [DERIVE_ATTRIBUTE_TOKEN] = "musubi/attrtok/1",
    [DERIVE_SERVICE_ID] = "musubi/serviceid",
    [DERIVE_SERVICE_ID_MAC] = "musubi/sid/mac/1",
    [DERIVE_SERVICE_ID_KEY] = "musubi/sid/enc/1",
    [DERIVE_TOKEN_HASH] = "musubi/tok/hash1",
    [DERIVE_SIGNING_SEED] = "musubi/sig/seed1",
    [DERIVE_CACHE_INDEX] = "musubi/cache/ix1",
    [DERIVE_BLIND_INDEX] = "musubi/bidx/1\0\0\0",
};

_Static_assert(sizeof PERSONALS / sizeof PERSONALS[0] == DERIVE_PURPOSE_COUNT_,
               "one personal for each purpose");
_Static_assert(DERIVE_PERSONAL_BYTES == crypto_generichash_blake2b_PERSONALBYTES,
               "a personal fills BLAKE2b's field");

const char *derive_personal(DerivePurpose purpose)
{
    return PERSONALS[purpose];
}

void derive_begin(Derive *derive, DerivePurpose purpose, const uint8_t *key)
{
    static const uint8_t NO_SALT[crypto_generichash_blake2b_SALTBYTES] = {0};
    /* Fails only on lengths out of range, which are constants here. */
    (void)crypto_generichash_blake2b_init_salt_personal(
        &derive->state, key, key == NULL ? 0 : DERIVE_BYTES, DERIVE_BYTES, NO_SALT,
        (const uint8_t *)PERSONALS[purpose]);
}

void derive_bytes(Derive *derive, const void *bytes, size_t n)
{
    if (n > 0) {
        (void)crypto_generichash_blake2b_update(&derive->state, bytes, n); /* can't fail */
    }
}

void derive_u32(Derive *derive, uint32_t value)
{
    uint8_t bytes[4];
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
    derive_bytes(derive, bytes, sizeof bytes);
}

void derive_u64(Derive *derive, uint64_t value)
{
    derive_u32(derive, (uint32_t)(value >> 32));
    derive_u32(derive, (uint32_t)value);
}

void derive_lp(Derive *derive, Str s)
{
    derive_u32(derive, (uint32_t)s.n);
    derive_bytes(derive, s.p, s.n);
}

void derive_end(Derive *derive, uint8_t *ret, size_t n)
{
    uint8_t digest[DERIVE_BYTES];
    (void)crypto_generichash_blake2b_final(&derive->state, digest, sizeof digest); /* first final */
    for (size_t i = 0; i < n; i++) {
        ret[i] = digest[i];
    }
    sodium_memzero(digest, sizeof digest);
    sodium_memzero(derive, sizeof *derive);
}
