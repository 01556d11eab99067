#include "kek.h"

#include <sodium.h>
#include <stdlib.h>

#include "derive.h"
#include "envelope.h"
#include "kek_envelope.h"

KekProvider *kek_free(KekProvider *provider)
{
    if (provider != NULL) {
        provider->close(provider);
        free(provider); /* a provider is one block with its table first */
    }
    return NULL;
}

static void wrap_keys(const uint8_t *kek, uint32_t kek_generation, EnvelopeKeys *ret_keys)
{
    Derive derive;
    derive_begin(&derive, DERIVE_KEK_KEY, kek);
    derive_u32(&derive, kek_generation);
    derive_end(&derive, ret_keys->key, sizeof ret_keys->key);
    derive_begin(&derive, DERIVE_KEK_COMMITMENT, kek);
    derive_u32(&derive, kek_generation);
    derive_end(&derive, ret_keys->commitment, sizeof ret_keys->commitment);
}

static void wrap_aad(const WrapContext *context, uint32_t kek_generation, EnvelopeAad *ret_aad)
{
    envelope_aad_begin(ret_aad, STR("musubi/wrap/v1"));
    envelope_aad_bytes(ret_aad, context->environment);
    envelope_aad_bytes(ret_aad, context->tenant);
    envelope_aad_bytes(ret_aad, str_bytes(context->subject, 16));
    envelope_aad_u32(ret_aad, context->generation);
    envelope_aad_u32(ret_aad, kek_generation);
    envelope_aad_class(ret_aad, ENVELOPE_CLASS_NONE);
}

Error kek_envelope_wrap(const Entropy *entropy, const uint8_t *kek, uint32_t kek_generation,
                        const WrapContext *context, const uint8_t *key, uint8_t *ret_wrapped)
{
    EnvelopeAad aad;
    wrap_aad(context, kek_generation, &aad);
    ENSURE(!aad.is_too_long, INTERNAL, "wrap context");
    EnvelopeKeys keys;
    wrap_keys(kek, kek_generation, &keys);
    Error error = envelope_seal(entropy, &keys, ENVELOPE_CLASS_NONE, kek_generation, &aad,
                                str_bytes(key, KEK_KEY_BYTES), ret_wrapped);
    envelope_keys_wipe(&keys);
    return error;
}

static bool has_wrapped_shape(Str wrapped, uint32_t kek_generation)
{
    EnvelopeHead head = envelope_head(wrapped);
    return wrapped.n == KEK_ENVELOPE_BYTES && head.is_sound &&
           head.padding_class == ENVELOPE_CLASS_NONE && head.generation == kek_generation;
}

Error kek_envelope_unwrap(const uint8_t *kek, uint32_t kek_generation, const WrapContext *context,
                          Str wrapped, uint8_t *ret_key)
{
    sodium_memzero(ret_key, KEK_KEY_BYTES);
    ENSURE(has_wrapped_shape(wrapped, kek_generation), CRYPTO_OPEN, NULL);
    EnvelopeAad aad;
    wrap_aad(context, kek_generation, &aad);
    EnvelopeKeys keys;
    wrap_keys(kek, kek_generation, &keys);
    size_t key_bytes = 0;
    Error error = envelope_open(&keys, &aad, wrapped, ret_key, &key_bytes);
    envelope_keys_wipe(&keys);
    return error;
}
