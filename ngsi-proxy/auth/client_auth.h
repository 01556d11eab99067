/* client_auth.h — which client sends a request to the token endpoint, and whether it proves it.
 *
 * Clients with keys sign an assertion (private_key_jwt); clients of open data alone send their
 * secret (client_secret_basic, client_secret_post). Which of them a client uses is a property of
 * its account: a secret never opens an account with keys. One method a request. Failures are held
 * against the client and its source (lockout). Must never tell an unknown client from a wrong
 * proof.
 *
 * Layer: ngsi-proxy/auth. Thread-safe: yes (a VaultCall is single-owner). Requirement: A-11.
 * Standard: RFC 6749 §2.3, RFC 7523 §2.2. */
#ifndef MUSUBI_CLIENT_AUTH_H
#define MUSUBI_CLIENT_AUTH_H

#include "oauth_form.h"
#include "oauth_server.h"
#include "service_account.h"

/* The active account of whoever proves to be it; a signed assertion is used up by this. Errors:
 * OAUTH_CLIENT (argument: what is wrong, static), ASSERTION_REPLAYED, LOCKED_OUT, VAULT_SEALED,
 * store errors. */
Error client_auth_check(const OauthServer *server, VaultCall *call, const Request *request,
                        const OauthForm *form, ServiceAccount *ret_account) MUST_USE;

#endif
