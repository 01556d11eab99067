#include "envelope.h"

#include <sodium.h>
#include <string.h>

#define AT_CLASS 1
#define AT_RESERVED 2
#define AT_GENERATION 4
#define AT_NONCE 8
#define AT_COMMITMENT 32
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define OVERHEAD_BYTES (ENVELOPE_HEAD_BYTES + ENVELOPE_TAG_BYTES)
#define STEP_BYTES ((size_t)1024)

_Static_assert(ENVELOPE_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(AT_NONCE + NONCE_BYTES == AT_COMMITMENT, "nonce fills its field");

/* Padded size of the classes before ENVELOPE_CLASS_MULTIPLE; 0 stands for no padding. */
static const size_t CLASS_BYTES[ENVELOPE_CLASS_MULTIPLE] = {0, 32, 64, 128, 256, 512, 1024};

void envelope_keys_wipe(EnvelopeKeys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}

static void put_u32(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

static uint32_t get_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void envelope_aad_begin(EnvelopeAad *aad, Str label)
{
    aad->n = 0;
    aad->is_too_long = false;
    envelope_aad_bytes(aad, label);
}

void envelope_aad_bytes(EnvelopeAad *aad, Str field)
{
    size_t room = sizeof aad->bytes - aad->n;
    if (room < 4 || field.n > room - 4) {
        aad->is_too_long = true;
        return;
    }
    put_u32(aad->bytes + aad->n, (uint32_t)field.n);
    if (field.n > 0) {
        memcpy(aad->bytes + aad->n + 4, field.p, field.n);
    }
    aad->n += 4 + field.n;
}

void envelope_aad_u32(EnvelopeAad *aad, uint32_t field)
{
    uint8_t bytes[4];
    put_u32(bytes, field);
    envelope_aad_bytes(aad, str_bytes(bytes, sizeof bytes));
}

void envelope_aad_u64(EnvelopeAad *aad, uint64_t field)
{
    uint8_t bytes[8];
    put_u32(bytes, (uint32_t)(field >> 32));
    put_u32(bytes + 4, (uint32_t)field);
    envelope_aad_bytes(aad, str_bytes(bytes, sizeof bytes));
}

void envelope_aad_class(EnvelopeAad *aad, uint8_t padding_class)
{
    envelope_aad_bytes(aad, str_bytes(&padding_class, 1));
}

uint8_t envelope_class_for(size_t n, uint8_t minimum)
{
    uint8_t padding_class = minimum == ENVELOPE_CLASS_NONE ? 1 : minimum;
    while (padding_class < ENVELOPE_CLASS_MULTIPLE && n >= CLASS_BYTES[padding_class]) {
        padding_class++;
    }
    return padding_class;
}

size_t envelope_padded_bytes(size_t n, uint8_t padding_class)
{
    if (padding_class == ENVELOPE_CLASS_NONE) {
        return n;
    }
    if (padding_class < ENVELOPE_CLASS_MULTIPLE) {
        return CLASS_BYTES[padding_class];
    }
    size_t steps = n / STEP_BYTES + 1; /* the padding takes at least one byte */
    return (steps < 2 ? 2 : steps) * STEP_BYTES;
}

static bool class_has_size(uint8_t padding_class, size_t padded_bytes)
{
    if (padding_class == ENVELOPE_CLASS_NONE) {
        return padded_bytes > 0;
    }
    if (padding_class < ENVELOPE_CLASS_MULTIPLE) {
        return padded_bytes == CLASS_BYTES[padding_class];
    }
    return padding_class == ENVELOPE_CLASS_MULTIPLE && padded_bytes >= 2 * STEP_BYTES &&
           padded_bytes % STEP_BYTES == 0;
}

EnvelopeHead envelope_head(Str envelope)
{
    EnvelopeHead head = {0};
    if (envelope.n <= OVERHEAD_BYTES) {
        return head;
    }
    const uint8_t *bytes = (const uint8_t *)envelope.p;
    head.padding_class = bytes[AT_CLASS];
    head.generation = get_u32(bytes + AT_GENERATION);
    head.is_sound = bytes[0] == ENVELOPE_VERSION && bytes[AT_RESERVED] == 0 &&
                    bytes[AT_RESERVED + 1] == 0 &&
                    class_has_size(head.padding_class, envelope.n - OVERHEAD_BYTES);
    return head;
}

static void pad(uint8_t *text, size_t n, size_t padded_bytes)
{
    if (padded_bytes > n) {
        memset(text + n, 0, padded_bytes - n);
        text[n] = 0x80; /* ISO 7816-4, as sodium_unpad reads it */
    }
}

Error envelope_seal(const Entropy *entropy, const EnvelopeKeys *keys, uint8_t padding_class,
                    uint32_t generation, const EnvelopeAad *aad, Str plaintext,
                    uint8_t *ret_envelope)
{
    uint8_t nonce[NONCE_BYTES];
    TRY(entropy->fill(entropy, nonce, sizeof nonce));
    size_t padded_bytes = envelope_padded_bytes(plaintext.n, padding_class);
    uint8_t *text = ret_envelope + ENVELOPE_HEAD_BYTES;
    ret_envelope[0] = ENVELOPE_VERSION;
    ret_envelope[AT_CLASS] = padding_class;
    ret_envelope[AT_RESERVED] = 0;
    ret_envelope[AT_RESERVED + 1] = 0;
    put_u32(ret_envelope + AT_GENERATION, generation);
    memcpy(ret_envelope + AT_NONCE, nonce, sizeof nonce);
    memcpy(ret_envelope + AT_COMMITMENT, keys->commitment, sizeof keys->commitment);
    if (plaintext.n > 0) {
        memmove(text, plaintext.p, plaintext.n);
    }
    pad(text, plaintext.n, padded_bytes);
    /* In place: the plaintext leaves no second copy. Fails on no input of this size. */
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(text, NULL, text, padded_bytes, aad->bytes,
                                                     aad->n, NULL, nonce, keys->key);
    return OK;
}

/* What is decrypted when there is nothing that could be: so that a refusal costs what a failing tag
 * costs. */
static Str or_stand_in(Str envelope)
{
    static const uint8_t STAND_IN[OVERHEAD_BYTES + 32] = {0};
    return envelope.n > OVERHEAD_BYTES ? envelope : str_bytes(STAND_IN, sizeof STAND_IN);
}

static bool unpad(const uint8_t *text, size_t padded_bytes, uint8_t padding_class,
                  size_t *ret_bytes)
{
    if (padding_class == ENVELOPE_CLASS_NONE) {
        *ret_bytes = padded_bytes;
        return true;
    }
    /* At most 2,047 bytes of padding exist in any class, so the (constant-time) search stops
     * there. */
    size_t block_bytes = padded_bytes < 2 * STEP_BYTES ? padded_bytes : 2 * STEP_BYTES;
    return sodium_unpad(ret_bytes, text, padded_bytes, block_bytes) == 0;
}

Error envelope_open(const EnvelopeKeys *keys, const EnvelopeAad *aad, Str envelope,
                    uint8_t *ret_plaintext, size_t *ret_plaintext_bytes)
{
    static const uint8_t NO_KEY[sizeof keys->key] = {0};
    EnvelopeHead head = envelope_head(envelope);
    Str whole = or_stand_in(envelope);
    const uint8_t *bytes = (const uint8_t *)whole.p;
    bool is_ours =
        sodium_memcmp(bytes + AT_COMMITMENT, keys->commitment, sizeof keys->commitment) == 0 &&
        head.is_sound && !aad->is_too_long;
    /* A refused envelope is still tried, with a key that is nobody's, so that refusals take one
     * time; into a buffer of nothing, since libsodium writes no plaintext when out is NULL. */
    uint8_t *out = is_ours ? ret_plaintext : NULL;
    size_t sealed_bytes = whole.n - ENVELOPE_HEAD_BYTES;
    bool is_authentic = crypto_aead_xchacha20poly1305_ietf_decrypt(
                            out, NULL, NULL, bytes + ENVELOPE_HEAD_BYTES, sealed_bytes, aad->bytes,
                            aad->n, bytes + AT_NONCE, is_ours ? keys->key : NO_KEY) == 0;
    ENSURE(is_ours && is_authentic, CRYPTO_OPEN, NULL);
    size_t plaintext_bytes = 0;
    size_t padded_bytes = sealed_bytes - ENVELOPE_TAG_BYTES;
    if (!unpad(ret_plaintext, padded_bytes, head.padding_class, &plaintext_bytes)) {
        sodium_memzero(ret_plaintext, padded_bytes);
        return FAIL(CRYPTO_OPEN, NULL);
    }
    *ret_plaintext_bytes = plaintext_bytes;
    return OK;
}
