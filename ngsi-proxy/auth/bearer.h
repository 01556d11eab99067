/* bearer.h — from the Authorization header to a Principal, by the store, on every request.
 *
 * No cache: a token revoked on one node is refused on all with the next request. Must never say why
 * a token is refused, and never take one from a query string or a body.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: pure (a VaultCall is single-owner). Requirement.
 * Standard: RFC 6750 §2.1. Spec: 7(2)イ. */
#ifndef MUSUBI_BEARER_H
#define MUSUBI_BEARER_H

#include "principal.h"
#include "request.h"
#include "vault_core.h"

/* The token of the header; TOKEN_MISSING when there is no header. Borrows from the request.
 * Errors: TOKEN_MISSING, TOKEN_MALFORMED (another scheme, no token68 text). */
Error bearer_token(const Request *request, Str *ret_token) MUST_USE;

/* Who sent the request, by its token. The token must be of the call's tenant. Errors: as
 * bearer_token, TOKEN_INVALID (unknown, revoked, expired, foreign tenant: one and the same answer),
 * VAULT_SEALED, store errors. */
Error bearer_authenticate(VaultCall *call, const Request *request, Principal *ret_principal)
    MUST_USE;

/* Nobody in particular: open data at most. */
Principal bearer_anonymous(const VaultCall *call, const Request *request);

#endif
