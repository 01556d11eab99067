/* opaque_token.h — random bearer tokens, codes and session ids, and the hash under which they are
 * stored.
 *
 * A token is 256 random bits as 43 characters of base64url; the store keeps only its keyed hash, so
 * that a stolen database holds nothing to log in with. Must never be stored, logged or compared in
 * clear.
 *   hash = B2(token key, "musubi/tok/hash1", LP(environment) LP(kind) LP(token text))
 *
 * Layer: vault/crypto. Thread-safe: yes. Requirement: A-12. */
#ifndef MUSUBI_OPAQUE_TOKEN_H
#define MUSUBI_OPAQUE_TOKEN_H

#include <stdint.h>

#include "clock.h"
#include "error.h"
#include "keyring.h"
#include "str.h"

#define OPAQUE_TOKEN_TEXT_BYTES 44 /* 43 characters and NUL */
#define OPAQUE_TOKEN_HASH_BYTES 32

/* A fresh token. Errors: INTERNAL (entropy). */
Error opaque_token_make(const Ports *ports, char ret_text[OPAQUE_TOKEN_TEXT_BYTES]) MUST_USE;
/* The stored hash of a presented text of any length; kind keeps access tokens, refresh tokens,
 * codes, sessions apart. Look the hash up by equality: no comparison in clear is needed. Errors:
 * VAULT_SEALED. */
Error opaque_token_hash(Keyring *ring, Str kind, Str text,
                        uint8_t ret_hash[OPAQUE_TOKEN_HASH_BYTES]) MUST_USE;

#endif
