#include "seal.h"

#include <sodium.h>

#include "derive.h"
#include "envelope.h"
#include "keyring_internal.h"

typedef struct KindRow {
    Str label;
    DerivePurpose key;
    DerivePurpose commitment;
} KindRow;

static const KindRow KINDS[SEAL_KIND_COUNT_] = {
    [SEAL_VALUE] = {STR_INIT("musubi/value/v1"), DERIVE_VALUE_KEY, DERIVE_VALUE_COMMITMENT},
    [SEAL_RECORD] = {STR_INIT("musubi/record/v1"), DERIVE_RECORD_KEY, DERIVE_RECORD_COMMITMENT},
    [SEAL_LOG] = {STR_INIT("musubi/logdetail/v1"), DERIVE_DETAIL_KEY, DERIVE_DETAIL_COMMITMENT},
};

_Static_assert(PADDING_MULTIPLE == ENVELOPE_CLASS_MULTIPLE,
               "classes mean the same in both headers");
_Static_assert(SEAL_OVERHEAD_BYTES == ENVELOPE_HEAD_BYTES + ENVELOPE_TAG_BYTES, "overhead");

static void derive_log_key(const uint8_t *sdek, uint32_t generation, uint8_t ret_key[DERIVE_BYTES])
{
    Derive derive;
    derive_begin(&derive, DERIVE_LOG_KEY, sdek);
    derive_u32(&derive, generation);
    derive_end(&derive, ret_key, DERIVE_BYTES);
}

static void derive_part(DerivePurpose purpose, const uint8_t *key, const SealContext *context,
                        uint8_t ret_part[DERIVE_BYTES])
{
    Derive derive;
    derive_begin(&derive, purpose, key);
    derive_lp(&derive, context->type);
    derive_lp(&derive, context->attribute);
    derive_u32(&derive, context->generation);
    derive_end(&derive, ret_part, DERIVE_BYTES);
}

static Error derive_keys(SubjectKey *key, const SealContext *context, EnvelopeKeys *ret_keys)
{
    const KindRow *kind = &KINDS[context->kind];
    uint8_t log_key[DERIVE_BYTES];
    uint8_t *sdek = NULL;
    TRY(subject_key_begin(key, &sdek));
    const uint8_t *root = sdek;
    if (context->kind == SEAL_LOG) {
        derive_log_key(sdek, context->generation, log_key);
        root = log_key;
    }
    derive_part(kind->key, root, context, ret_keys->key);
    derive_part(kind->commitment, root, context, ret_keys->commitment);
    subject_key_end(key);
    sodium_memzero(log_key, sizeof log_key);
    return OK;
}

static void context_aad(const SubjectKey *key, const SealContext *context, uint8_t padding_class,
                        EnvelopeAad *ret_aad)
{
    static const uint8_t NO_ENTITY[16] = {0};
    const uint8_t *entity = context->entity == NULL ? NO_ENTITY : context->entity;
    envelope_aad_begin(ret_aad, KINDS[context->kind].label);
    envelope_aad_bytes(ret_aad, keyring_environment(subject_key_ring(key)));
    envelope_aad_bytes(ret_aad, context->tenant);
    envelope_aad_bytes(ret_aad, str_bytes(context->subject, SUBJECT_ID_BYTES));
    envelope_aad_bytes(ret_aad, str_bytes(entity, 16));
    envelope_aad_bytes(ret_aad, context->type);
    envelope_aad_bytes(ret_aad, context->attribute);
    envelope_aad_bytes(ret_aad, context->dataset);
    envelope_aad_u64(ret_aad, context->version);
    envelope_aad_u32(ret_aad, context->generation);
    envelope_aad_class(ret_aad, padding_class);
}

SealContext seal_context(const SubjectKey *key, SealKind kind, const uint8_t *entity, Str type,
                         Str attribute)
{
    return (SealContext){.kind = kind,
                         .tenant = subject_key_tenant(key),
                         .subject = subject_key_subject(key),
                         .entity = entity,
                         .type = type,
                         .attribute = attribute,
                         .dataset = STR_EMPTY,
                         .generation = subject_key_generation(key)};
}

/* Sealing under a context of somebody else would make a record that nobody can open. */
static bool is_context_of(const SubjectKey *key, const SealContext *context)
{
    return context->generation == subject_key_generation(key) &&
           str_eq(context->tenant, subject_key_tenant(key)) &&
           sodium_memcmp(context->subject, subject_key_subject(key), SUBJECT_ID_BYTES) == 0;
}

static void count_one(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

Error seal_value(SubjectKey *key, const SealContext *context, PaddingClass minimum, Str plaintext,
                 Arena *arena, Str *ret_envelope)
{
    Keyring *ring = subject_key_ring(key);
    ENSURE(is_context_of(key, context), INTERNAL, "seal context of another key");
    ENSURE(plaintext.n <= SEAL_PLAINTEXT_BYTES_MAX, BUDGET_EXCEEDED, NULL);
    uint8_t padding_class = envelope_class_for(plaintext.n, (uint8_t)minimum);
    EnvelopeAad aad;
    context_aad(key, context, padding_class, &aad);
    ENSURE(!aad.is_too_long, BUDGET_EXCEEDED, NULL);
    size_t envelope_bytes = SEAL_OVERHEAD_BYTES + envelope_padded_bytes(plaintext.n, padding_class);
    uint8_t *envelope = arena_alloc(arena, envelope_bytes);
    ENSURE_ALLOC(envelope, arena);
    EnvelopeKeys keys;
    TRY(derive_keys(key, context, &keys));
    Error error = envelope_seal(ring->ports->entropy, &keys, padding_class, context->generation,
                                &aad, plaintext, envelope);
    envelope_keys_wipe(&keys);
    TRY(error);
    count_one(&ring->seals[context->kind]);
    *ret_envelope = str_bytes(envelope, envelope_bytes);
    return OK;
}

Error open_value_to(SubjectKey *key, const SealContext *context, Str envelope, void *out,
                    size_t out_bytes, Str *ret_plaintext)
{
    ENSURE(envelope.n <= SEAL_OVERHEAD_BYTES || out_bytes >= envelope.n - SEAL_OVERHEAD_BYTES,
           INTERNAL, "plaintext buffer");
    count_one(&subject_key_ring(key)->opens[context->kind]);
    EnvelopeHead head = envelope_head(envelope);
    EnvelopeAad aad;
    context_aad(key, context, head.padding_class, &aad);
    EnvelopeKeys keys;
    TRY(derive_keys(key, context, &keys));
    /* The head's generation only ever chose the key; the context's is in keys and AAD. An unpadded
     * envelope is a wrapped key and is none of ours. */
    bool may_open =
        head.generation == context->generation && head.padding_class != ENVELOPE_CLASS_NONE;
    keys.commitment[0] ^= may_open ? 0 : 0xff;
    size_t plaintext_bytes = 0;
    Error error = envelope_open(&keys, &aad, envelope, out, &plaintext_bytes);
    envelope_keys_wipe(&keys);
    TRY(error);
    *ret_plaintext = str_bytes(out, plaintext_bytes);
    return OK;
}

Error open_value(SubjectKey *key, const SealContext *context, Str envelope, Arena *arena,
                 Str *ret_plaintext)
{
    size_t out_bytes = envelope.n > SEAL_OVERHEAD_BYTES ? envelope.n - SEAL_OVERHEAD_BYTES : 0;
    void *out = arena_alloc(arena, out_bytes);
    ENSURE_ALLOC(out, arena);
    return open_value_to(key, context, envelope, out, out_bytes, ret_plaintext);
}

bool seal_envelope_generation(Str envelope, uint32_t *ret_generation)
{
    EnvelopeHead head = envelope_head(envelope);
    if (!head.is_sound || head.padding_class == ENVELOPE_CLASS_NONE) {
        return false;
    }
    *ret_generation = head.generation;
    return true;
}

size_t seal_envelope_bytes(size_t plaintext_bytes, PaddingClass minimum)
{
    uint8_t padding_class = envelope_class_for(plaintext_bytes, (uint8_t)minimum);
    return SEAL_OVERHEAD_BYTES + envelope_padded_bytes(plaintext_bytes, padding_class);
}

static SealContext detail_context(const SubjectKey *key, Str place)
{
    return seal_context(key, SEAL_LOG, NULL, STR("AccessLog"), place);
}

Error seal_log_detail(SubjectKey *key, Str place, Str plaintext, Arena *arena, Str *ret_envelope)
{
    const SealContext context = detail_context(key, place);
    return seal_value(key, &context, PADDING_NATURAL, plaintext, arena, ret_envelope);
}

Error open_log_detail(SubjectKey *key, Str place, Str envelope, Arena *arena, Str *ret_plaintext)
{
    const SealContext context = detail_context(key, place);
    return open_value(key, &context, envelope, arena, ret_plaintext);
}

Error seal_log_finder(SubjectKey *key, Str node, uint64_t epoch, uint64_t k,
                      uint8_t ret_finder[SEAL_FINDER_BYTES])
{
    uint8_t log_key[DERIVE_BYTES];
    uint8_t *sdek = NULL;
    TRY(subject_key_begin(key, &sdek));
    derive_log_key(sdek, subject_key_generation(key), log_key);
    subject_key_end(key);
    Derive derive;
    derive_begin(&derive, DERIVE_LOG_FINDER, log_key);
    derive_lp(&derive, node);
    derive_u64(&derive, epoch);
    derive_u64(&derive, k);
    derive_end(&derive, ret_finder, SEAL_FINDER_BYTES);
    sodium_memzero(log_key, sizeof log_key);
    return OK;
}

Error seal_mac(SubjectKey *key, Str label, Str message, uint8_t ret_mac[SEAL_MAC_BYTES])
{
    uint8_t *sdek = NULL;
    TRY(subject_key_begin(key, &sdek));
    Derive derive;
    derive_begin(&derive, DERIVE_ENTITY_MAC, sdek);
    derive_lp(&derive, keyring_environment(subject_key_ring(key)));
    derive_lp(&derive, subject_key_tenant(key));
    derive_lp(&derive, str_bytes(subject_key_subject(key), SUBJECT_ID_BYTES));
    derive_u32(&derive, subject_key_generation(key));
    derive_lp(&derive, label);
    derive_lp(&derive, message);
    derive_end(&derive, ret_mac, SEAL_MAC_BYTES);
    subject_key_end(key);
    return OK;
}

Error seal_mac_verify(SubjectKey *key, Str label, Str message, Str mac)
{
    uint8_t expected[SEAL_MAC_BYTES];
    TRY(seal_mac(key, label, message, expected));
    bool is_equal = mac.n == SEAL_MAC_BYTES && sodium_memcmp(mac.p, expected, SEAL_MAC_BYTES) == 0;
    ENSURE(is_equal, CRYPTO_OPEN, NULL);
    return OK;
}
