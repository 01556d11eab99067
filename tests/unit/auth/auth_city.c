#include "auth_city.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "crypto_init.h"
#include "json.h"
#include "migrate.h"
#include "platform.h"
#include "service_account.h"
#include "store_sqlite.h"
#include "vault_call.h"

#define TIMEOUT_US (10 * CLOCK_SECOND_US)

static Deadline deadline_of(AuthCity *city)
{
    return deadline_in(city->core.ports->clock, TIMEOUT_US);
}

static const char *path_of(AuthCity *city, const char *name)
{
    const Str parts[] = {str_from(city->folder), STR("/"), str_from(name)};
    Str path;
    assert_ok(str_join_in(city->arena, parts, 3, &path));
    return str_argument(city->arena, path);
}

static void open_keys(AuthCity *city)
{
    const char *path = path_of(city, "kek");
    assert_ok(kek_file_create(city->core.ports, city->arena, path));
    assert_ok(kek_file_new(city->core.ports, path, 1, &city->kek));
    KeyringOptions options = {
        .ports = city->core.ports, .provider = city->kek, .environment = STR("test"), .slots = 64};
    assert_ok(keyring_open(&options, &city->keyring));
    city->core.keyring = city->keyring;
    assert_ok(platform_init(&city->core, city->arena, deadline_of(city), true));
}

static void register_service(AuthCity *city, const Signer *signer, Str client, const Str *purposes,
                             size_t count)
{
    static const Str FROM[] = {STR_INIT("192.0.2.0/24"), STR_INIT("unix")};
    VaultCall call = auth_city_call(city, STR_EMPTY);
    ServiceAccount account = {.client_id = client,
                              .name_ja = STR("サービス"),
                              .jwks = signer_jwks(signer, city->arena, "k1"),
                              .purposes = {.items = purposes, .count = count},
                              .allow_from = {.items = FROM, .count = 2}};
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
}

void auth_city_open(AuthCity *city)
{
    static const Str HEALTH[] = {STR_INIT("health-promotion"), STR_INIT("tourism")};
    static const Str SDGS[] = {STR_INIT("sdgs-activity")};
    *city = (AuthCity){.folder = "/tmp/musubi-auth-XXXXXX", .address = STR("192.0.2.7")};
    assert_ok(crypto_init());
    fake_ports_init(&city->fake, 1);
    city->core.ports = &city->fake.ports;
    city->arena = arena_new((size_t)256 << 20);
    assert_non_null(city->arena);
    assert_non_null(mkdtemp(city->folder));
    StoreSqliteOptions options = {.path = path_of(city, "store.sqlite"), .ports = city->core.ports};
    assert_ok(store_sqlite_open(&options, &city->store));
    city->core.store = city->store;
    assert_ok(store_migrate(city->store, deadline_of(city)));
    open_keys(city);
    city->kenko = signer_new();
    city->sdgs = signer_new();
    register_service(city, city->kenko, STR("kenko"), HEALTH, 2);
    register_service(city, city->sdgs, STR("sdgs"), SDGS, 1);
}

void auth_city_close(AuthCity *city)
{
    static const char *const FILES[] = {"kek", "store.sqlite", "store.sqlite-wal",
                                        "store.sqlite-shm"};
    city->sdgs = signer_free(city->sdgs);
    city->kenko = signer_free(city->kenko);
    city->keyring = keyring_free(city->keyring);
    city->kek = kek_free(city->kek);
    city->store = store_close(city->store);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        (void)remove(path_of(city, FILES[i]));
    }
    assert_int_equal(remove(city->folder), 0);
    city->arena = arena_free(city->arena);
    fake_ports_done(&city->fake);
}

VaultCall auth_city_call(AuthCity *city, Str tenant)
{
    VaultCall call;
    assert_ok(vault_call_open(&city->core, city->arena, tenant, deadline_of(city), &call));
    return call;
}

Str auth_city_assertion_with(AuthCity *city, const Signer *signer, const char *client,
                             const char *jti)
{
    char claims[512];
    int64_t now_s = city->fake.now_us / CLOCK_SECOND_US;
    (void)snprintf(claims, sizeof claims,
                   "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"" CITY_ISSUER
                   "/oauth2/token\",\"jti\":\"%s\","
                   "\"exp\":%" PRId64 ",\"iat\":%" PRId64 "}",
                   client, client, jti, now_s + 60, now_s);
    return signer_sign(signer, city->arena, "{\"alg\":\"ES256\",\"kid\":\"k1\"}", claims);
}

Str auth_city_assertion(AuthCity *city, const Signer *signer, const char *client)
{
    char jti[32];
    (void)snprintf(jti, sizeof jti, "jti-%u", ++city->assertions);
    return auth_city_assertion_with(city, signer, client, jti);
}

Str auth_city_form(AuthCity *city, Str assertion, const char *more)
{
    const Str parts[] = {
        STR("grant_type=client_credentials&client_assertion_type="
            "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="),
        assertion, str_from(more)};
    Str form;
    assert_ok(str_join_in(city->arena, parts, 3, &form));
    return form;
}

Error auth_city_post(AuthCity *city, AuthEndpoint endpoint, Str tenant, Str form,
                     Response *ret_response)
{
    const OauthServer server = {.issuer = STR(CITY_ISSUER)};
    HttpHeader header = {.name = STR("Content-Type"),
                         .value = STR("application/x-www-form-urlencoded")};
    Request request = {.arena = city->arena,
                       .method = HTTP_POST,
                       .surface = SURFACE_OAUTH,
                       .peer = STR("unix"),
                       .address = city->address,
                       .headers = &header,
                       .header_count = 1,
                       .body = form};
    VaultCall call = auth_city_call(city, tenant);
    response_init(ret_response);
    Error error = endpoint(&server, &call, &request, ret_response);
    vault_call_close(&call);
    return error;
}

Str auth_city_token(AuthCity *city, const Signer *signer, const char *client, const char *more)
{
    Response response;
    JsonValue root;
    JsonValue member;
    Str token;
    Str form = auth_city_form(city, auth_city_assertion(city, signer, client), more);
    assert_ok(auth_city_post(city, oauth_server_token, STR_EMPTY, form, &response));
    assert_ok(json_parse(city->arena, response.body, JSON_LIMITS_API, &root));
    assert_true(json_member(root, STR("access_token"), &member));
    assert_ok(json_string_in(city->arena, member, &token));
    return token;
}
