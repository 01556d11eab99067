#include "pseudonym.h"

#include <sodium.h>
#include <string.h>

#include "derive.h"
#include "keyring_internal.h"

#define TEXT_FORM sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SERVICE_ID_VERSION 0x01
#define SERVICE_ID_BYTES 37
#define IV_BYTES 16
#define AT_EPOCH 1
#define AT_IV 5
#define AT_SEALED 21

typedef struct TokenInput {
    Str tenant;
    Str kind;
    const Str *parts;
    size_t count;
} TokenInput;

static Error make_token(Keyring *ring, DerivePurpose purpose, const TokenInput *input,
                        uint8_t *ret_token, size_t token_bytes)
{
    const uint8_t *psk = NULL;
    TRY(platform_key_begin(ring, PLATFORM_PSEUDONYM, &psk));
    Derive derive;
    derive_begin(&derive, purpose, psk);
    derive_lp(&derive, keyring_environment(ring));
    derive_lp(&derive, input->tenant);
    derive_lp(&derive, input->kind);
    for (size_t i = 0; i < input->count; i++) {
        derive_lp(&derive, input->parts[i]);
    }
    derive_end(&derive, ret_token, token_bytes);
    platform_key_end(ring);
    return OK;
}

Error pseudonym_16(Keyring *ring, Str tenant, Str kind, const Str *parts, size_t count,
                   uint8_t ret_token[16])
{
    const TokenInput input = {tenant, kind, parts, count};
    return make_token(ring, DERIVE_PSEUDONYM, &input, ret_token, 16);
}

Error pseudonym_8(Keyring *ring, Str tenant, Str kind, const Str *parts, size_t count,
                  uint8_t ret_token[8])
{
    const TokenInput input = {tenant, kind, parts, count};
    return make_token(ring, DERIVE_ATTRIBUTE_TOKEN, &input, ret_token, 8);
}

void pseudonym_text_16(const uint8_t token[16], char ret_text[PSEUDONYM_TEXT_16_BYTES])
{
    (void)sodium_bin2base64(ret_text, PSEUDONYM_TEXT_16_BYTES, token, 16, TEXT_FORM);
}

void pseudonym_text_8(const uint8_t token[8], char ret_text[PSEUDONYM_TEXT_8_BYTES])
{
    (void)sodium_bin2base64(ret_text, PSEUDONYM_TEXT_8_BYTES, token, 8, TEXT_FORM);
}

/* 0 to 63, or 64 for what is no character of base64url. */
static unsigned digit_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (unsigned)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (unsigned)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0') + 52;
    }
    return c == '-' ? 62 : c == '_' ? 63 : 64;
}

/* Exactly n bytes from their one canonical text. Tokens are no secrets to whoever reads them, and
 * an entity has dozens: libsodium's constant-time reader would be dear here. */
static bool parse_exactly(Str text, uint8_t *out, size_t n)
{
    if (text.n != sodium_base64_ENCODED_LEN(n, TEXT_FORM) - 1) {
        return false;
    }
    uint32_t bits = 0;
    unsigned bit_count = 0;
    for (size_t i = 0; i < text.n; i++) {
        unsigned digit = digit_of(text.p[i]);
        if (digit > 63) {
            return false;
        }
        bits = bits << 6 | digit;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            *out++ = (uint8_t)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    return bits == 0;
}

bool pseudonym_parse_16(Str text, uint8_t ret_token[16])
{
    uint8_t token[16];
    bool is_token = parse_exactly(text, token, sizeof token);
    if (is_token) {
        memcpy(ret_token, token, sizeof token);
    }
    return is_token;
}

bool pseudonym_parse_8(Str text, uint8_t ret_token[8])
{
    uint8_t token[8];
    bool is_token = parse_exactly(text, token, sizeof token);
    if (is_token) {
        memcpy(ret_token, token, sizeof token);
    }
    return is_token;
}

/* The two keys of a service's ids in one epoch. */
typedef struct ServiceKeys {
    uint8_t mac[DERIVE_BYTES];
    uint8_t key[DERIVE_BYTES];
} ServiceKeys;

static void derive_from(const uint8_t *root, DerivePurpose purpose, uint8_t ret_key[DERIVE_BYTES])
{
    Derive derive;
    derive_begin(&derive, purpose, root);
    derive_end(&derive, ret_key, DERIVE_BYTES);
}

static Error service_keys(Keyring *ring, Str tenant, Str service, uint32_t epoch,
                          ServiceKeys *ret_keys)
{
    const uint8_t *psk = NULL;
    uint8_t root[DERIVE_BYTES];
    TRY(platform_key_begin(ring, PLATFORM_PSEUDONYM, &psk));
    Derive derive;
    derive_begin(&derive, DERIVE_SERVICE_ID, psk);
    derive_lp(&derive, keyring_environment(ring));
    derive_lp(&derive, tenant);
    derive_lp(&derive, service);
    derive_u32(&derive, epoch);
    derive_end(&derive, root, sizeof root);
    platform_key_end(ring);
    derive_from(root, DERIVE_SERVICE_ID_MAC, ret_keys->mac);
    derive_from(root, DERIVE_SERVICE_ID_KEY, ret_keys->key);
    sodium_memzero(root, sizeof root);
    return OK;
}

static void make_iv(const ServiceKeys *keys, const uint8_t stored[16], uint8_t ret_iv[IV_BYTES])
{
    Derive derive;
    derive_begin(&derive, DERIVE_SERVICE_ID_MAC, keys->mac);
    derive_bytes(&derive, stored, 16);
    derive_end(&derive, ret_iv, IV_BYTES);
}

/* The same call seals and opens: a stream cipher under a nonce that depends on what it hides
 * (synthetic iv). */
static void apply_stream(const ServiceKeys *keys, const uint8_t iv[IV_BYTES], const uint8_t in[16],
                         uint8_t out[16])
{
    uint8_t nonce[crypto_stream_xchacha20_NONCEBYTES] = {0};
    memcpy(nonce, iv, IV_BYTES);
    (void)crypto_stream_xchacha20_xor(out, in, 16, nonce, keys->key); /* can't fail */
}

Error service_id_seal(Keyring *ring, Str tenant, Str service, uint32_t epoch,
                      const uint8_t stored[16], char ret_text[SERVICE_ID_TEXT_BYTES])
{
    ServiceKeys keys;
    TRY(service_keys(ring, tenant, service, epoch, &keys));
    uint8_t id[SERVICE_ID_BYTES] = {SERVICE_ID_VERSION, (uint8_t)(epoch >> 24),
                                    (uint8_t)(epoch >> 16), (uint8_t)(epoch >> 8), (uint8_t)epoch};
    make_iv(&keys, stored, id + AT_IV);
    apply_stream(&keys, id + AT_IV, stored, id + AT_SEALED);
    sodium_memzero(&keys, sizeof keys);
    (void)sodium_bin2base64(ret_text, SERVICE_ID_TEXT_BYTES, id, sizeof id, TEXT_FORM);
    return OK;
}

Error service_id_open(Keyring *ring, Str tenant, Str service, Str text, ServiceId *ret_id)
{
    uint8_t bytes[SERVICE_ID_BYTES];
    ServiceId id = {.is_known = false};
    if (!parse_exactly(text, bytes, sizeof bytes) || bytes[0] != SERVICE_ID_VERSION) {
        *ret_id = id;
        return OK;
    }
    const uint8_t *at = bytes + AT_EPOCH;
    id.epoch = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    ServiceKeys keys;
    TRY(service_keys(ring, tenant, service, id.epoch, &keys));
    uint8_t iv[IV_BYTES];
    apply_stream(&keys, bytes + AT_IV, bytes + AT_SEALED, id.stored);
    make_iv(&keys, id.stored, iv);
    sodium_memzero(&keys, sizeof keys);
    id.is_known = sodium_memcmp(iv, bytes + AT_IV, IV_BYTES) == 0;
    *ret_id = id.is_known ? id : (ServiceId){.is_known = false};
    return OK;
}
