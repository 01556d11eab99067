/* jwk.h — public keys of services as JSON Web Keys: P-256 (ES256), Ed25519 (EdDSA), RSA (PS256).
 *
 * The algorithm is a property of the registered key, never of a token's header: each kind of key
 * does one thing. Must never accept private or symmetric material, certificates or links to keys: a
 * registered key is exactly its public numbers.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Requirement. Standard: RFC 7517, RFC 7518
 * §6.2, §6.3, RFC 8037. */
#ifndef MUSUBI_JWK_H
#define MUSUBI_JWK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "error.h"
#include "str.h"

#define JWK_COORDINATE_BYTES 32
#define JWK_SET_MAX 8 /* current keys and those in overlap */

#define JWK_RSA_BYTES_MIN 256 /* 2048 bits */
#define JWK_RSA_BYTES_MAX 512
#define JWK_RSA_EXPONENT 65537 /* the only one */

typedef enum JoseAlg { JOSE_ES256, JOSE_PS256, JOSE_EDDSA, JOSE_ALG_COUNT_ } JoseAlg;

typedef struct Jwk {
    Str kid; /* "" when it has none */
    JoseAlg alg;
    uint8_t x[JWK_COORDINATE_BYTES]; /* of a point: P-256, Ed25519 */
    uint8_t y[JWK_COORDINATE_BYTES]; /* P-256 */
    Str n;                           /* RSA: the modulus, big-endian, no leading zero */
} Jwk;

/* "ES256"; the name in tokens and keys. */
Str jose_alg_name(JoseAlg alg);
/* False for a name that is none of them. */
bool jose_alg_from(Str name, JoseAlg *ret_alg);

/* Reads {"keys": […]} with 1 to JWK_SET_MAX keys: EC with P-256, OKP with Ed25519, or RSA with 2048
 * to 4096 bits and e = 65537; alg that of the key (RSA keys must say PS256, others may leave it
 * out), use absent or sig, kid unique within the set. Whether a point is on its curve is checked
 * when it verifies. Errors: JOSE_INVALID (argument: what is wrong, static), BUDGET_EXCEEDED,
 * OUT_OF_MEMORY.
 */
Error jwk_set_parse(Arena *arena, Str json, Jwk **ret_keys, size_t *ret_count) MUST_USE;

/* The key a token means: by kid when it names one, else the only key of the set. NULL when there is
 * none. */
const Jwk *jwk_set_find(const Jwk *keys, size_t count, Str kid);

#endif
