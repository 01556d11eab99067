/* envelope.h — the bytes of envelope v1 under ready-made keys: padding, nonce, commitment, AEAD.
 *
 * Knows no hierarchy and no context: seal.h and kek.h give it keys and AAD. Must never use a nonce
 * twice, decrypt before the commitment agrees, or say why it refused.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: pure. Requirement: C-2, C-4, C-5,
 * C-15. */
#ifndef MUSUBI_ENVELOPE_H
#define MUSUBI_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"
#include "str.h"

#define ENVELOPE_VERSION 0x01
#define ENVELOPE_HEAD_BYTES 64
#define ENVELOPE_TAG_BYTES 16
#define ENVELOPE_CLASS_NONE 0     /* wrapped keys: no padding */
#define ENVELOPE_CLASS_MULTIPLE 7 /* multiples of 1,024 from 2,048 */
#define ENVELOPE_AAD_BYTES_MAX 4096

typedef struct EnvelopeKeys {
    uint8_t key[32];
    uint8_t commitment[32];
} EnvelopeKeys;
/* Zeroes both. */
void envelope_keys_wipe(EnvelopeKeys *keys);

/* A canonical AAD in the making, on the stack: LP fields one after the other. An overflow
 * sticks. */
typedef struct EnvelopeAad {
    uint8_t bytes[ENVELOPE_AAD_BYTES_MAX];
    size_t n;
    bool is_too_long;
} EnvelopeAad;
void envelope_aad_begin(EnvelopeAad *aad, Str label);
void envelope_aad_bytes(EnvelopeAad *aad, Str field);
void envelope_aad_u32(EnvelopeAad *aad, uint32_t field);
void envelope_aad_u64(EnvelopeAad *aad, uint64_t field);
void envelope_aad_class(EnvelopeAad *aad, uint8_t padding_class);

/* Smallest class above n bytes that is at least minimum (0 = none). */
uint8_t envelope_class_for(size_t n, uint8_t minimum);
/* Padded size of n bytes in a class that fits them. */
size_t envelope_padded_bytes(size_t n, uint8_t padding_class);

/* Head of an envelope, as far as it may be trusted before opening. */
typedef struct EnvelopeHead {
    bool is_sound; /* version, reserved bytes, class and length agree */
    uint8_t padding_class;
    uint32_t generation;
} EnvelopeHead;
EnvelopeHead envelope_head(Str envelope);

/* Seals plaintext into ret_envelope, which has room for the padded size + 80. Errors: INTERNAL
 * (entropy). */
Error envelope_seal(const Entropy *entropy, const EnvelopeKeys *keys, uint8_t padding_class,
                    uint32_t generation, const EnvelopeAad *aad, Str plaintext,
                    uint8_t *ret_envelope) MUST_USE;
/* Opens into ret_plaintext (room for envelope.n - 80); takes equally long whatever is wrong.
 * Errors: CRYPTO_OPEN. */
Error envelope_open(const EnvelopeKeys *keys, const EnvelopeAad *aad, Str envelope,
                    uint8_t *ret_plaintext, size_t *ret_plaintext_bytes) MUST_USE;

#endif
