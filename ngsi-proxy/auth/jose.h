/* jose.h — verifies signed tokens: compact JWS with ES256, PS256 and EdDSA, strictly.
 *
 * Only what the registered key can do is done: a header that names another algorithm, brings a key
 * along, or wants an extension understood is refused before any cryptography. Must never choose an
 * algorithm or a key from what a header brings, and never decrypt.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Requirement: A-16. Standard: RFC 7515, RFC 7518 §3.4,
 * §3.5, RFC 8037 §3.1, RFC 8725. */
#ifndef MUSUBI_JOSE_H
#define MUSUBI_JOSE_H

#include "json.h"
#include "jwk.h"

#define JWS_BYTES_MAX ((size_t)8192)
#define JWS_POINT_SIGNATURE_BYTES 64 /* r ‖ s; R ‖ S */
#define JWS_SIGNATURE_BYTES_MAX JWK_RSA_BYTES_MAX

typedef struct Jws {
    Str signed_text;   /* header and payload as they were signed */
    JsonValue payload; /* an object */
    Str kid;           /* "" when the header has none */
    JoseAlg alg;       /* as the header says; only the key with this one can verify it */
    uint8_t signature[JWS_SIGNATURE_BYTES_MAX];
    size_t signature_bytes;
} Jws;

/* Takes a compact token apart; nothing of it is trusted yet. Everything lives in the arena.
 * Errors: JOSE_INVALID (argument: what is wrong, static), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error jws_parse(Arena *arena, Str compact, Jws *ret_jws) MUST_USE;

/* Checks the signature against the key. Errors: JOSE_INVALID (one text for every failure),
 * OUT_OF_MEMORY. */
Error jws_verify(const Jws *jws, const Jwk *key) MUST_USE;

#endif
