#include "oauth_server.h"

#include "access_token.h"
#include "client_assertion.h"
#include "json_write.h"
#include "oauth_form.h"
#include "service_account.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

static Error endpoint_in(Arena *arena, const OauthServer *server, Str path, Str *ret_url)
{
    const Str parts[] = {server->issuer, path};
    return str_join_in(arena, parts, 2, ret_url);
}

/* One method of proving oneself at a time (RFC 6749 §2.3), and only this one. */
static Error check_method(const Request *request, const OauthForm *form)
{
    ENSURE(request_header_or_empty(request, STR("Authorization")).n == 0 &&
               oauth_form_field(form, STR("client_secret")).n == 0,
           OAUTH_CLIENT, "private_key_jwt is the only method here");
    ENSURE(str_eq(oauth_form_field(form, STR("client_assertion_type")), STR(ASSERTION_TYPE)),
           OAUTH_CLIENT, "client_assertion_type must be " ASSERTION_TYPE);
    ENSURE(oauth_form_field(form, STR("client_assertion")).n > 0, OAUTH_CLIENT,
           "client_assertion is missing");
    return OK;
}

/* The one text for an unknown client and a bad signature. */
static Error find_account(VaultCall *call, Str client_id, ServiceAccount *ret_account)
{
    Error error = service_account_find(call, client_id, ret_account);
    ENSURE(error.reason != REASON_SERVICE_UNKNOWN, OAUTH_CLIENT,
           "unknown client, unknown key or bad signature");
    return error;
}

/* Reads, verifies, and only then uses up the jti: nobody else can burn a client's ids. */
static Error authenticate_client(const OauthServer *server, VaultCall *call, const Request *request,
                                 const OauthForm *form, ServiceAccount *ret_account)
{
    AssertionRules rules = {.issuer = server->issuer, .now_us = call->now_us};
    ClientAssertion assertion;
    ServiceAccount account;
    TRY(check_method(request, form));
    TRY(endpoint_in(call->arena, server, STR("/oauth2/token"), &rules.token_endpoint));
    TRY(client_assertion_read(call->arena, oauth_form_field(form, STR("client_assertion")), &rules,
                              &assertion));
    Str client_id = oauth_form_field(form, STR("client_id"));
    ENSURE(client_id.n == 0 || str_eq(client_id, assertion.client_id), OAUTH_CLIENT,
           "client_id and the assertion differ");
    TRY(find_account(call, assertion.client_id, &account));
    TRY(client_assertion_verify(call->arena, &assertion, account.jwks));
    ENSURE(account.state == SERVICE_ACTIVE, OAUTH_CLIENT, "the client is suspended");
    TRY(service_account_use_assertion(call, account.client_id, assertion.jti,
                                      assertion.expires_us));
    *ret_account = account;
    return OK;
}

/* "" or "purpose:<code>" of a purpose that the client is registered for; asked for from where it
 * may be used. */
static Error read_scope(const Request *request, const OauthForm *form,
                        const ServiceAccount *account, Str *ret_purpose)
{
    Str scope = oauth_form_field(form, STR("scope"));
    if (scope.n == 0) {
        *ret_purpose = STR_EMPTY;
        return OK;
    }
    ENSURE(str_find(scope, ' ') == scope.n, OAUTH_SCOPE,
           "a token is bound to one purpose: one scope, purpose:<code>");
    ENSURE(str_starts_with(scope, STR("purpose:")), OAUTH_SCOPE, "the scope is not purpose:<code>");
    Str purpose = str_slice(scope, sizeof "purpose:" - 1, scope.n);
    ENSURE(purpose.n > 0 && service_account_has_purpose(account, purpose), OAUTH_SCOPE,
           "the purpose is not registered for this client");
    ENSURE(service_account_allows_from(account, request->address), ADDRESS_NOT_ALLOWED, NULL);
    *ret_purpose = purpose;
    return OK;
}

static Error write_token(const Request *request, Str token, Str scope, Response *response)
{
    Buf buf = buf_in(request->arena);
    JsonWriter writer = json_writer(&buf);
    Str json;
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("access_token"), token);
    json_write_member_string(&writer, STR("token_type"), STR("Bearer"));
    json_write_member_int(&writer, STR("expires_in"), ACCESS_TOKEN_LIFETIME_US / CLOCK_SECOND_US);
    json_write_member_string(&writer, STR("scope"), scope);
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &json));
    response_json(response, 200, json);
    TRY(response_header(response, STR("Cache-Control"), STR("no-store")));
    return response_header(response, STR("Pragma"), STR("no-cache"));
}

Error oauth_server_token(const OauthServer *server, VaultCall *call, const Request *request,
                         Response *response)
{
    OauthForm form;
    ServiceAccount account;
    AccessToken wanted = {.kind = TOKEN_SERVICE};
    Str token;
    TRY(oauth_form_read(request, &form));
    Str grant_type = oauth_form_field(&form, STR("grant_type"));
    ENSURE(grant_type.n > 0, OAUTH_REQUEST, "grant_type is missing");
    ENSURE(str_eq(grant_type, STR("client_credentials")), OAUTH_GRANT_TYPE, NULL);
    TRY(authenticate_client(server, call, request, &form, &account));
    response->client = account.client_id;
    TRY(read_scope(request, &form, &account, &wanted.purpose));
    wanted.client = account.client_id;
    wanted.scope = oauth_form_field(&form, STR("scope"));
    TRY(access_token_issue(call, &wanted, &token));
    return write_token(request, token, wanted.scope, response);
}

Error oauth_server_revoke(const OauthServer *server, VaultCall *call, const Request *request,
                          Response *response)
{
    OauthForm form;
    ServiceAccount account;
    TRY(oauth_form_read(request, &form));
    TRY(authenticate_client(server, call, request, &form, &account));
    response->client = account.client_id;
    Str token = oauth_form_field(&form, STR("token"));
    ENSURE(token.n > 0, OAUTH_REQUEST, "token is missing");
    TRY(access_token_revoke(call, token, account.client_id));
    response_empty(response, 200);
    return response_header(response, STR("Cache-Control"), STR("no-store"));
}

static void write_list(JsonWriter *writer, Str name, Str only)
{
    json_write_key(writer, name);
    json_write_begin_array(writer);
    if (only.n > 0) {
        json_write_string(writer, only);
    }
    json_write_end_array(writer);
}

Error oauth_server_metadata(const OauthServer *server, const Request *request, Response *response)
{
    Buf buf = buf_in(request->arena);
    JsonWriter writer = json_writer(&buf);
    Str token_url;
    Str revoke_url;
    Str json;
    TRY(endpoint_in(request->arena, server, STR("/oauth2/token"), &token_url));
    TRY(endpoint_in(request->arena, server, STR("/oauth2/revoke"), &revoke_url));
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("issuer"), server->issuer);
    json_write_member_string(&writer, STR("token_endpoint"), token_url);
    json_write_member_string(&writer, STR("revocation_endpoint"), revoke_url);
    write_list(&writer, STR("response_types_supported"), STR_EMPTY);
    write_list(&writer, STR("grant_types_supported"), STR("client_credentials"));
    write_list(&writer, STR("token_endpoint_auth_methods_supported"), STR("private_key_jwt"));
    write_list(&writer, STR("token_endpoint_auth_signing_alg_values_supported"), STR("ES256"));
    write_list(&writer, STR("revocation_endpoint_auth_methods_supported"), STR("private_key_jwt"));
    write_list(&writer, STR("revocation_endpoint_auth_signing_alg_values_supported"), STR("ES256"));
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &json));
    response_json(response, 200, json);
    return OK;
}
