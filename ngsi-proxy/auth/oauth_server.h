/* oauth_server.h — the token endpoint: client_credentials, one purpose a token; and revocation.
 *
 * Tokens are opaque, live ten minutes, and are bound to tenant, client and at most one purpose;
 * they widen no consent. Must never issue a token for a purpose that the client is not registered
 * for, and never tell an unknown client from a bad signature.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: yes (immutable; a VaultCall is single-owner). Requirement:
 * Standard: RFC 6749 §4.4, RFC 7009, RFC 7523, RFC 8414. Spec: 7(2)イ. */
#ifndef MUSUBI_OAUTH_SERVER_H
#define MUSUBI_OAUTH_SERVER_H

#include "request.h"
#include "response.h"
#include "vault_core.h"

typedef struct Lockout Lockout;

typedef struct OauthServer {
    Str issuer;       /* without a trailing slash; the endpoints are issuer + "/oauth2/token" and
                         "/oauth2/revoke" */
    Lockout *lockout; /* of failed proofs; NULL: nobody has to wait */
} OauthServer;

/* POST /oauth2/token. Errors: OAUTH_REQUEST, OAUTH_CLIENT, OAUTH_GRANT_TYPE, OAUTH_SCOPE,
 * ASSERTION_REPLAYED, LOCKED_OUT, ADDRESS_NOT_ALLOWED (a purpose, from where the client may not ask
 * for personal data), VAULT_SEALED, store errors. */
Error oauth_server_token(const OauthServer *server, VaultCall *call, const Request *request,
                         Response *response) MUST_USE;
/* POST /oauth2/revoke: 200 also for unknown tokens and those of others, which stay. Errors: as
 * oauth_server_token. */
Error oauth_server_revoke(const OauthServer *server, VaultCall *call, const Request *request,
                          Response *response) MUST_USE;
/* GET /.well-known/oauth-authorization-server. Errors: OUT_OF_MEMORY. */
Error oauth_server_metadata(const OauthServer *server, const Request *request, Response *response)
    MUST_USE;

#endif
