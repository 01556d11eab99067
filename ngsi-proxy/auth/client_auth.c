#include "client_auth.h"

#include <strings.h>

#include "client_assertion.h"
#include "encode.h"
#include "lockout.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define UNPROVEN "unknown client, unknown key or bad signature"
#define BASIC STR("Basic ")

/* What a request brings as proof; unread parts are "". */
typedef struct Proof {
    Str client_id; /* whom it claims to be; "" when that can't be read */
    Str secret;    /* "" = an assertion is the proof */
    ClientAssertion assertion;
} Proof;

/* --- secrets ---------------------------------------------------------------------------------- */

static bool is_basic(Str header)
{
    return header.n > BASIC.n && strncasecmp(header.p, BASIC.p, BASIC.n) == 0;
}

/* Ids and secrets have no character that a form would encode: nothing is decoded behind base64. */
static Error read_basic(Arena *arena, Str header, Proof *proof)
{
    Str text;
    ENSURE(is_basic(header), OAUTH_CLIENT, "the Authorization header is not Basic");
    Error error = decode_base64_in(arena, str_slice(header, BASIC.n, header.n), &text);
    ENSURE(error.reason != REASON_BAD_ENCODING, OAUTH_CLIENT,
           "the Authorization header is not base64");
    TRY(error);
    size_t colon = str_find(text, ':');
    proof->client_id = str_slice(text, 0, colon);
    proof->secret = str_slice(text, colon + 1, text.n);
    ENSURE(proof->client_id.n > 0 && proof->secret.n > 0, OAUTH_CLIENT,
           "the Authorization header names no client and secret");
    return OK;
}

static Error check_secret(VaultCall *call, const Proof *proof, const ServiceAccount *account)
{
    bool is_right = false;
    TRY(service_account_check_secret(call, account, proof->secret, &is_right));
    ENSURE(is_right, OAUTH_CLIENT, UNPROVEN);
    return OK;
}

/* --- assertions ------------------------------------------------------------------------------- */

static Error read_assertion(const OauthServer *server, VaultCall *call, const OauthForm *form,
                            Proof *proof)
{
    const Str endpoint[] = {server->issuer, STR("/oauth2/token")};
    AssertionRules rules = {.issuer = server->issuer, .now_us = call->now_us};
    Str assertion = oauth_form_field(form, STR("client_assertion"));
    ENSURE(str_eq(oauth_form_field(form, STR("client_assertion_type")), STR(ASSERTION_TYPE)),
           OAUTH_CLIENT, "client_assertion_type must be " ASSERTION_TYPE);
    ENSURE(assertion.n > 0, OAUTH_CLIENT, "client_assertion is missing");
    TRY(str_join_in(call->arena, endpoint, 2, &rules.token_endpoint));
    TRY(client_assertion_read(call->arena, assertion, &rules, &proof->assertion));
    proof->client_id = proof->assertion.client_id;
    return OK;
}

/* Verifies, and only then uses up the jti: nobody else can burn a client's ids. */
static Error check_assertion(VaultCall *call, const Proof *proof, const ServiceAccount *account)
{
    ENSURE(!account->has_secret, OAUTH_CLIENT, UNPROVEN);
    return client_assertion_verify(call->arena, &proof->assertion, account->jwks);
}

/* --- one of them ------------------------------------------------------------------------------ */

static Error read_proof(const OauthServer *server, VaultCall *call, const Request *request,
                        const OauthForm *form, Proof *proof)
{
    Str header = request_header_or_empty(request, STR("Authorization"));
    Str posted = oauth_form_field(form, STR("client_secret"));
    bool is_signed = oauth_form_field(form, STR("client_assertion")).n > 0 ||
                     oauth_form_field(form, STR("client_assertion_type")).n > 0;
    ENSURE((header.n > 0) + (posted.n > 0) + is_signed <= 1, OAUTH_CLIENT,
           "more than one way of proving who the client is");
    Str named = oauth_form_field(form, STR("client_id"));
    if (header.n > 0) {
        TRY(read_basic(call->arena, header, proof));
    } else if (posted.n > 0) {
        ENSURE(named.n > 0, OAUTH_CLIENT, "client_id is missing");
        proof->client_id = named;
        proof->secret = posted;
    } else {
        TRY(read_assertion(server, call, form, proof));
    }
    ENSURE(named.n == 0 || str_eq(named, proof->client_id), OAUTH_CLIENT,
           "client_id and the proof differ");
    return OK;
}

/* The one text for an unknown client and a wrong proof. */
static Error find_account(VaultCall *call, Str client_id, ServiceAccount *ret_account)
{
    Error error = service_account_find(call, client_id, ret_account);
    ENSURE(error.reason != REASON_SERVICE_UNKNOWN, OAUTH_CLIENT, UNPROVEN);
    return error;
}

static Error check_proof(VaultCall *call, const Proof *proof, ServiceAccount *ret_account)
{
    ServiceAccount account;
    bool is_secret = proof->secret.n > 0;
    TRY(find_account(call, proof->client_id, &account));
    TRY(is_secret ? check_secret(call, proof, &account) : check_assertion(call, proof, &account));
    ENSURE(account.state == SERVICE_ACTIVE, OAUTH_CLIENT, "the client is suspended");
    if (!is_secret) {
        TRY(service_account_use_assertion(call, account.client_id, proof->assertion.jti,
                                          proof->assertion.expires_us));
    }
    *ret_account = account;
    return OK;
}

static bool is_failure(Error error)
{
    return error.reason == REASON_OAUTH_CLIENT || error.reason == REASON_ASSERTION_REPLAYED;
}

Error client_auth_check(const OauthServer *server, VaultCall *call, const Request *request,
                        const OauthForm *form, ServiceAccount *ret_account)
{
    Proof proof = {.client_id = STR_EMPTY, .secret = STR_EMPTY};
    Error error = read_proof(server, call, request, form, &proof);
    TRY(lockout_check(server->lockout, proof.client_id, request->address, call->arena));
    if (!FAILED(error)) {
        error = check_proof(call, &proof, ret_account);
    }
    if (is_failure(error)) {
        lockout_failed(server->lockout, proof.client_id, request->address);
    } else if (!FAILED(error)) {
        lockout_succeeded(server->lockout, proof.client_id, request->address);
    }
    return error;
}
