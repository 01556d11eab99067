/* kek_envelope.h — wrapping a 32-byte key with a KEK whose bytes are at hand: wrapped key v1 of
 * kek.h.
 *
 * For every provider that gets its KEK into memory. Must never be called with a KEK outside a
 * Secret.
 *
 * Layer: vault/crypto, inside the room only. Thread-safe: pure. Requirement: C-2, C-12. */
#ifndef MUSUBI_KEK_ENVELOPE_H
#define MUSUBI_KEK_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "error.h"
#include "kek.h"

#define KEK_ENVELOPE_BYTES 112

/* Errors: INTERNAL (entropy, context too long). ret_wrapped has room for KEK_ENVELOPE_BYTES. */
Error kek_envelope_wrap(const Entropy *entropy, const uint8_t *kek, uint32_t kek_generation,
                        const WrapContext *context, const uint8_t *key, uint8_t *ret_wrapped)
    MUST_USE;
/* Errors: CRYPTO_OPEN. ret_key (32 bytes) is zeroed on failure. */
Error kek_envelope_unwrap(const uint8_t *kek, uint32_t kek_generation, const WrapContext *context,
                          Str wrapped, uint8_t *ret_key) MUST_USE;

#endif
