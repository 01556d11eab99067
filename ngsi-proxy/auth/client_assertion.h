/* client_assertion.h — a service proves who it is: private_key_jwt, without a shared secret.
 *
 * Two steps, because the key depends on the client that the assertion names: read (nothing is
 * trusted), then verify with the keys registered for that client. Using up the jti is the caller's
 * third step. Must never accept an assertion without an end, for another server, or with a longer
 * life than five minutes.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure. Requirement: A-11. Standard: RFC 7521 §4.2, RFC 7523
 * §3. */
#ifndef MUSUBI_CLIENT_ASSERTION_H
#define MUSUBI_CLIENT_ASSERTION_H

#include "jose.h"

#define CLIENT_ASSERTION_LIFE_S 300
#define CLIENT_ASSERTION_SKEW_S 60 /* for clocks that go ahead: nbf and iat */
#define CLIENT_ASSERTION_JTI_BYTES_MAX 128

typedef struct ClientAssertion {
    Jws jws;
    Str client_id; /* iss = sub */
    Str jti;
    int64_t expires_us;
} ClientAssertion;

typedef struct AssertionRules {
    Str issuer;         /* ours */
    Str token_endpoint; /* ours; either may be the audience */
    int64_t now_us;     /* UTC */
} AssertionRules;

/* Parses and checks all claims but the signature. Errors: OAUTH_CLIENT (argument: what is wrong,
 * static), BUDGET_EXCEEDED, OUT_OF_MEMORY. */
Error client_assertion_read(Arena *arena, Str compact, const AssertionRules *rules,
                            ClientAssertion *ret_assertion) MUST_USE;
/* Checks the signature against the client's registered key set. Errors: OAUTH_CLIENT,
 * OUT_OF_MEMORY. */
Error client_assertion_verify(Arena *arena, const ClientAssertion *assertion, Str jwks) MUST_USE;

#endif
