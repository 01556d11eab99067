/* service_account.h — the services that join the city platform: OAuth clients with public keys and
 * purposes.
 *
 * A record is sealed under the platform's own subject key; its document key is a keyed token of
 * (tenant, client id). A client that reads personal data proves itself by its key; a shared secret
 * is for open data alone, and then no purpose can be registered. Must never hold a secret in clear
 * (public keys and a keyed hash only), and never decide about personal data: the gate asks here
 * whether a purpose and an address belong to a client.
 *
 * Layer: vault/identity. Thread-safe: yes (a VaultCall is single-owner). Spec: 6(1)ア, 7(2)イ.
 * Requirement. */
#ifndef MUSUBI_SERVICE_ACCOUNT_H
#define MUSUBI_SERVICE_ACCOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "entity_query.h"
#include "vault_core.h"

#define SERVICE_CLIENT_ID_BYTES_MAX 64
#define SERVICE_SECRET_HASH_BYTES 32
#define SERVICE_SECRET_TEXT_BYTES 44 /* 43 characters and NUL */

typedef enum ServiceState { SERVICE_ACTIVE, SERVICE_SUSPENDED, SERVICE_STATE_COUNT_ } ServiceState;

typedef struct ServiceAccount {
    Str client_id; /* [a-z0-9-]{1,64}, e.g. "kenko" */
    Str name_ja;   /* what citizens read */
    Str jwks; /* JSON text of a JWK set with public keys: {"keys":[…]}; parsed by auth, not here */
    StrList purposes;
    StrList
        allow_from;  /* where personal data may be asked for from: ip_range rules; none = nowhere */
    bool has_secret; /* of a client of open data alone: no purposes, no keys */
    uint8_t secret_hash[SERVICE_SECRET_HASH_BYTES]; /* keyed; zeros without a secret */
    ServiceState state;
    int64_t created_us; /* set by service_account_create */
    uint64_t version;   /* of the stored document; set by find */
} ServiceAccount;

/* Creates and commits an active account; state, created_us and version of the argument are ignored.
 * Errors: SERVICE_EXISTS, SERVICE_INVALID (argument: member), VAULT_SEALED, store errors. */
Error service_account_create(VaultCall *call, const ServiceAccount *account) MUST_USE;
/* The account in the call's tenant, suspended ones too (look at state). Texts live in the call's
 * arena. Errors: SERVICE_UNKNOWN, VAULT_SEALED, store errors. */
Error service_account_find(VaultCall *call, Str client_id, ServiceAccount *ret_account) MUST_USE;
/* Suspends or revives and commits. Suspending removes the client's access tokens before it returns;
 * no token can be issued to a suspended client. Errors: SERVICE_UNKNOWN, VAULT_SEALED,
 * STORE_CONFLICT, store errors. */
Error service_account_set_state(VaultCall *call, Str client_id, ServiceState state) MUST_USE;
/* Replaces name, keys, secret, purposes and addresses and commits. Errors: as create,
 * SERVICE_UNKNOWN, STORE_CONFLICT. */
Error service_account_update(VaultCall *call, const ServiceAccount *account) MUST_USE;
/* All accounts of the tenant, by client id; at most 1,000. Errors: VAULT_SEALED, store errors. */
Error service_account_list(VaultCall *call, ServiceAccount **ret_accounts, size_t *ret_count)
    MUST_USE;
bool service_account_has_purpose(const ServiceAccount *account, Str purpose);
/* Whether personal data may be asked for from there: an address as text, or "unix". Nowhere unless
 * a rule says so. */
bool service_account_allows_from(const ServiceAccount *account, Str source);
/* Makes a fresh secret of 256 bits, to be shown once; the account gets its hash, to be committed by
 * create or update. Errors: INTERNAL (entropy), VAULT_SEALED. */
Error service_account_make_secret(VaultCall *call, ServiceAccount *account,
                                  char ret_secret[SERVICE_SECRET_TEXT_BYTES]) MUST_USE;
/* Whether it is the account's secret; never for an account without one. Errors: VAULT_SEALED. */
Error service_account_check_secret(VaultCall *call, const ServiceAccount *account, Str secret,
                                   bool *ret_is_right) MUST_USE;

/* Uses up the jti of a client assertion (RFC 7523 §3): the second use of one jti by one client
 * fails, on whatever node. Kept until expires_us; the token sweep removes it. Errors:
 * ASSERTION_REPLAYED, VAULT_SEALED, store errors. */
Error service_account_use_assertion(VaultCall *call, Str client_id, Str jti, int64_t expires_us)
    MUST_USE;

#endif
