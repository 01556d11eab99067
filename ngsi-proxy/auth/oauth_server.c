#include "oauth_server.h"

#include "access_token.h"
#include "client_auth.h"
#include "json_write.h"
#include "jwk.h"

static Error endpoint_in(Arena *arena, const OauthServer *server, Str path, Str *ret_url)
{
    const Str parts[] = {server->issuer, path};
    return str_join_in(arena, parts, 2, ret_url);
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
    TRY(client_auth_check(server, call, request, &form, &account));
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
    TRY(client_auth_check(server, call, request, &form, &account));
    response->client = account.client_id;
    Str token = oauth_form_field(&form, STR("token"));
    ENSURE(token.n > 0, OAUTH_REQUEST, "token is missing");
    TRY(access_token_revoke(call, token, account.client_id));
    response_empty(response, 200);
    return response_header(response, STR("Cache-Control"), STR("no-store"));
}

static void write_list(JsonWriter *writer, Str name, const Str *items, size_t count)
{
    json_write_key(writer, name);
    json_write_begin_array(writer);
    for (size_t i = 0; i < count; i++) {
        json_write_string(writer, items[i]);
    }
    json_write_end_array(writer);
}

/* How clients prove who they are at an endpoint ("token", "revocation"): the names of RFC 8414. */
static void write_methods(JsonWriter *writer, Str methods_name, Str algs_name)
{
    static const Str METHODS[] = {STR_INIT("private_key_jwt"), STR_INIT("client_secret_basic"),
                                  STR_INIT("client_secret_post")};
    Str algs[JOSE_ALG_COUNT_];
    for (int i = 0; i < JOSE_ALG_COUNT_; i++) {
        algs[i] = jose_alg_name((JoseAlg)i);
    }
    write_list(writer, methods_name, METHODS, sizeof METHODS / sizeof METHODS[0]);
    write_list(writer, algs_name, algs, JOSE_ALG_COUNT_);
}

Error oauth_server_metadata(const OauthServer *server, const Request *request, Response *response)
{
    Buf buf = buf_in(request->arena);
    JsonWriter writer = json_writer(&buf);
    const Str grant = STR("client_credentials");
    Str token_url;
    Str revoke_url;
    Str json;
    TRY(endpoint_in(request->arena, server, STR("/oauth2/token"), &token_url));
    TRY(endpoint_in(request->arena, server, STR("/oauth2/revoke"), &revoke_url));
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("issuer"), server->issuer);
    json_write_member_string(&writer, STR("token_endpoint"), token_url);
    json_write_member_string(&writer, STR("revocation_endpoint"), revoke_url);
    write_list(&writer, STR("response_types_supported"), NULL, 0);
    write_list(&writer, STR("grant_types_supported"), &grant, 1);
    write_methods(&writer, STR("token_endpoint_auth_methods_supported"),
                  STR("token_endpoint_auth_signing_alg_values_supported"));
    write_methods(&writer, STR("revocation_endpoint_auth_methods_supported"),
                  STR("revocation_endpoint_auth_signing_alg_values_supported"));
    json_write_end_object(&writer);
    TRY(json_write_finish(&writer, &json));
    response_json(response, 200, json);
    return OK;
}
