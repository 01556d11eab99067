/* test_signer.h — an independent signer for tests: makes keys and compact tokens by OpenSSL's
 * signing side.
 *
 * Shares no code with the verifier but base64url. Must never be linked into a program that serves
 * anybody.
 *
 * Layer: tests/unit/auth. Thread-safe: single-owner. */
#ifndef MUSUBI_TEST_SIGNER_H
#define MUSUBI_TEST_SIGNER_H

#include <stdint.h>

#include "arena.h"
#include "str.h"

typedef struct Signer Signer;

/* A fresh P-256 key; fails the test when it can't be made. Free with signer_free. */
Signer *signer_new(void);
/* The same for "ES256", "EdDSA" or "PS256" (2048 bits). */
Signer *signer_new_for(const char *alg);
Signer *signer_free(Signer *signer);
/* {"keys":[{…}]} with this one key; kid "" leaves it out. */
Str signer_jwks(const Signer *signer, Arena *arena, const char *kid);
/* header.payload.signature over the given JSON texts. */
Str signer_sign(const Signer *signer, Arena *arena, const char *header, const char *payload);
/* A token of parts that are encoded as they stand. */
Str signer_compact(Arena *arena, Str header, Str payload, Str signature);

DEFINE_CLEANUP(Signer, signer_free)

#endif
