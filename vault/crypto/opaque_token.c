#include "opaque_token.h"

#include <sodium.h>

#include "derive.h"
#include "keyring_internal.h"

#define TOKEN_BYTES 32

Error opaque_token_make(const Ports *ports, char ret_text[OPAQUE_TOKEN_TEXT_BYTES])
{
    uint8_t bytes[TOKEN_BYTES];
    TRY(ports->entropy->fill(ports->entropy, bytes, sizeof bytes));
    (void)sodium_bin2base64(ret_text, OPAQUE_TOKEN_TEXT_BYTES, bytes, sizeof bytes,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
    return OK;
}

Error opaque_token_hash(Keyring *ring, Str kind, Str text,
                        uint8_t ret_hash[OPAQUE_TOKEN_HASH_BYTES])
{
    const uint8_t *token_key = NULL;
    TRY(platform_key_begin(ring, PLATFORM_TOKEN, &token_key));
    Derive derive;
    derive_begin(&derive, DERIVE_TOKEN_HASH, token_key);
    derive_lp(&derive, keyring_environment(ring));
    derive_lp(&derive, kind);
    derive_lp(&derive, text);
    derive_end(&derive, ret_hash, OPAQUE_TOKEN_HASH_BYTES);
    platform_key_end(ring);
    return OK;
}
