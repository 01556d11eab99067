/* auth_city.h — a small city for tests of the authorization server: SQLite store, open vault, two
 * services with keys.
 *
 * The clock stands until a test moves it. Must never be linked into a program that serves anybody.
 *
 * Layer: tests/unit/auth. Thread-safe: single-owner. */
#ifndef MUSUBI_AUTH_CITY_H
#define MUSUBI_AUTH_CITY_H

#include "fake_ports.h"
#include "kek.h"
#include "keyring.h"
#include "oauth_server.h"
#include "store.h"
#include "test_signer.h"
#include "vault_core.h"

#define CITY_ISSUER "http://127.0.0.1:8026"

typedef struct AuthCity {
    FakePorts fake;
    Arena *arena;
    char folder[64];
    Store *store;
    KekProvider *kek;
    Keyring *keyring;
    VaultCore core;
    Signer *kenko; /* registered for health-promotion and tourism */
    Signer *sdgs;  /* registered for sdgs-activity */
    unsigned assertions;
    Str address; /* where auth_city_post comes from; 192.0.2.0/24 and unix are allowed */
} AuthCity;

/* Opens everything; fails the test when it can't. Close with auth_city_close. */
void auth_city_open(AuthCity *city);
void auth_city_close(AuthCity *city);

/* A call of its own on the tenant; close with vault_call_close. */
VaultCall auth_city_call(AuthCity *city, Str tenant);

/* A fresh good assertion of a service (60 seconds, an id of its own). */
Str auth_city_assertion(AuthCity *city, const Signer *signer, const char *client);
/* The same with an id of the test's choosing. */
Str auth_city_assertion_with(AuthCity *city, const Signer *signer, const char *client,
                             const char *jti);
/* "grant_type=…&client_assertion_type=…&client_assertion=…" and more, which begins with '&' or is
 * "". */
Str auth_city_form(AuthCity *city, Str assertion, const char *more);

typedef Error (*AuthEndpoint)(const OauthServer *server, VaultCall *call, const Request *request,
                              Response *response);
/* Sends a form to an endpoint in the tenant; what comes back lives in the city's arena. */
Error auth_city_post(AuthCity *city, AuthEndpoint endpoint, Str tenant, Str form,
                     Response *ret_response);
/* A token of a service; more as in auth_city_form. Fails the test when there is none. */
Str auth_city_token(AuthCity *city, const Signer *signer, const char *client, const char *more);

#endif
