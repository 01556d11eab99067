/* sha256_native.h — SHA-256's block function by the processor's own instructions, where it has
 * them.
 *
 * libsodium's is portable C; the access log hashes every leaf and detail, and this is five times as
 * fast. hash.h chooses once; results are the same to the bit. Must never be called when
 * sha256_native_is_there says no.
 *
 * Layer: vault/crypto. Thread-safe: pure. Standard: FIPS 180-4 §6.2. */
#ifndef MUSUBI_SHA256_NATIVE_H
#define MUSUBI_SHA256_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64

/* Whether this processor has the instructions. Cannot fail. */
bool sha256_native_is_there(void);
/* Takes count whole blocks into the eight words of the state. */
void sha256_native_blocks(uint32_t state[8], const uint8_t *blocks, size_t count);

#endif
