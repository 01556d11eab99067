/* jwk.h — public keys of services as JSON Web Keys: elliptic curve P-256, nothing else.
 *
 * The algorithm is a property of the registered key, never of a token's header. Must never accept
 * private or symmetric material, certificates or links to keys: a registered key is exactly a point
 * on the curve.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Requirement: A-16. Standard: RFC 7517, RFC 7518 §6.2.
 */
#ifndef MUSUBI_JWK_H
#define MUSUBI_JWK_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define JWK_COORDINATE_BYTES 32
#define JWK_SET_MAX 8 /* current keys and those in overlap */

typedef struct Jwk {
    Str kid; /* "" when it has none */
    uint8_t x[JWK_COORDINATE_BYTES];
    uint8_t y[JWK_COORDINATE_BYTES];
} Jwk;

/* Reads {"keys": […]} with 1 to JWK_SET_MAX keys, each kty EC, crv P-256, alg absent or ES256, use
 * absent or sig, kid unique within the set. Whether the point is on the curve is checked when it
 * verifies. Errors: JOSE_INVALID (argument: what is wrong, static), BUDGET_EXCEEDED, OUT_OF_MEMORY.
 */
Error jwk_set_parse(Arena *arena, Str json, Jwk **ret_keys, size_t *ret_count) MUST_USE;

/* The key a token means: by kid when it names one, else the only key of the set. NULL when there is
 * none. */
const Jwk *jwk_set_find(const Jwk *keys, size_t count, Str kid);

#endif
