/* access_token.h — opaque access tokens: issued, found, revoked, expired; in the store, so on every
 * node alike.
 *
 * A token is 256 random bits; the store keeps its keyed hash and a sealed record bound to tenant,
 * client and one purpose (services) or to one citizen (portal). Must never keep a token in clear,
 * and never say why one is refused.
 *
 * Layer: vault/identity. Thread-safe: yes (a VaultCall is single-owner). Standard: RFC 6749, RFC
 * 7009, RFC 7662. Spec: 7(2)イ. Requirement: A-12. */
#ifndef MUSUBI_ACCESS_TOKEN_H
#define MUSUBI_ACCESS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "vault_core.h"

#define ACCESS_TOKEN_LIFETIME_US (INT64_C(600) * CLOCK_SECOND_US)

typedef enum TokenKind { TOKEN_SERVICE, TOKEN_CITIZEN, TOKEN_KIND_COUNT_ } TokenKind;

typedef struct AccessToken {
    TokenKind kind;
    Str client;
    Str tenant;
    Str purpose; /* services: the one purpose; "" = none, so no personal data. Citizens: "" */
    uint8_t subject[16]; /* citizens only; else zeros */
    Str scope;           /* as granted, space separated */
    int64_t issued_us;
    int64_t expires_us;
} AccessToken;

/* Issues a token for 10 minutes from call->now_us and commits it. Of wanted, kind, client, purpose,
 * subject and scope count; the tenant is the call's. A service token needs an active account that
 * lists the purpose; a citizen token needs a living citizen. ret_token: 43 characters in the arena.
 * Errors: SERVICE_UNKNOWN (also: suspended), PURPOSE_NOT_REGISTERED, SUBJECT_UNKNOWN, VAULT_SEALED,
 * STORE_CONFLICT (the account changed meanwhile), store errors. */
Error access_token_issue(VaultCall *call, const AccessToken *wanted, Str *ret_token) MUST_USE;
/* The living token. Texts in the arena. The tenant is the token's own: the caller compares it with
 * the request's. Errors: TOKEN_INVALID (never issued, revoked, expired: one answer), VAULT_SEALED,
 * store errors. */
Error access_token_find(VaultCall *call, Str token, AccessToken *ret_token) MUST_USE;
/* Revokes a client's own token and commits; an unknown or foreign token is no error (RFC 7009
 * §2.2). Errors: VAULT_SEALED, store errors. */
Error access_token_revoke(VaultCall *call, Str token, Str client) MUST_USE;
/* Revokes all tokens of a client in the call's tenant. Errors: VAULT_SEALED, store errors. */
Error access_token_revoke_client(VaultCall *call, Str client, size_t *ret_count) MUST_USE;
/* Removes at most limit (≤ 500) documents expired at call->now_us: tokens and used assertions. For
 * the janitor. Errors: store errors. */
Error access_token_sweep(VaultCall *call, size_t limit, size_t *ret_removed) MUST_USE;

#endif
