/* The authorization server over a real store: tokens issued, used, expired, revoked; every refusal.
 */
#include <string.h>

#include "auth_city.h"
#include "bearer.h"
#include "check.h"
#include "json.h"
#include "service_account.h"
#include "vault_call.h"

static AuthCity city;

static int setup(void **state)
{
    (void)state;
    auth_city_open(&city);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    auth_city_close(&city);
    return 0;
}

static Str kenko_form(const char *more)
{
    return auth_city_form(&city, auth_city_assertion(&city, city.kenko, "kenko"), more);
}

static Error ask_for_token(Str form)
{
    Response response;
    return auth_city_post(&city, oauth_server_token, STR_EMPTY, form, &response);
}

/* Who a request with this token would be. */
static Error who(Str token, Str tenant, Principal *ret_principal)
{
    const Str parts[] = {STR("Bearer "), token};
    HttpHeader header = {.name = STR("Authorization")};
    assert_ok(str_join_in(city.arena, parts, 2, &header.value));
    Request request = {.arena = city.arena,
                       .headers = &header,
                       .header_count = 1,
                       .peer = STR("unix"),
                       .address = STR("192.0.2.7"),
                       .id = STR("id"),
                       .correlator = STR("correlator")};
    VaultCall call = auth_city_call(&city, tenant);
    Error error = bearer_authenticate(&call, &request, ret_principal);
    vault_call_close(&call);
    return error;
}

static void test_token_with_a_purpose(void **state)
{
    (void)state;
    Response response;
    JsonValue root;
    JsonValue member;
    assert_ok(auth_city_post(&city, oauth_server_token, STR_EMPTY,
                             kenko_form("&scope=purpose%3Ahealth-promotion"), &response));
    assert_int_equal(response.status, 200);
    assert_str(response.client, "kenko");
    assert_str(response.headers[0].name, "Cache-Control");
    assert_str(response.headers[0].value, "no-store");
    assert_ok(json_parse(city.arena, response.body, JSON_LIMITS_API, &root));
    assert_int_equal(json_count(root), 4);
    assert_true(json_member(root, STR("token_type"), &member) &&
                json_string_is(member, STR("Bearer")));
    assert_true(json_member(root, STR("expires_in"), &member));
    assert_str(json_text(member), "600");
    assert_true(json_member(root, STR("scope"), &member) &&
                json_string_is(member, STR("purpose:health-promotion")));
}

/* A purpose is for registered addresses; without one a token is for open data, from anywhere. */
static void test_addresses(void **state)
{
    (void)state;
    city.address = STR("203.0.113.1");
    assert_fails(ask_for_token(kenko_form("&scope=purpose%3Ahealth-promotion")),
                 ADDRESS_NOT_ALLOWED);
    assert_ok(ask_for_token(kenko_form("")));
    city.address = STR("unix");
    assert_ok(ask_for_token(kenko_form("&scope=purpose%3Ahealth-promotion")));
}

static void test_token_makes_a_principal(void **state)
{
    (void)state;
    Principal principal;
    assert_ok(who(auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism"), STR_EMPTY,
                  &principal));
    assert_int_equal(principal.kind, ACTOR_SERVICE);
    assert_str(principal.client, "kenko");
    assert_str(principal.purpose, "tourism");
    assert_str(principal.tenant, "");
    assert_str(principal.address, "192.0.2.7");
    assert_str(principal.request_id, "correlator");
    assert_ok(who(auth_city_token(&city, city.kenko, "kenko", ""), STR_EMPTY, &principal));
    assert_str(principal.purpose, "");
}

static void test_bad_tokens(void **state)
{
    (void)state;
    Principal principal = {.client = STR("untouched")};
    Str good = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    char flipped[64];
    assert_true(good.n < sizeof flipped);
    for (size_t i = 0; i < good.n; i++) { /* each character */
        memcpy(flipped, good.p, good.n);
        flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
        assert_fails(who((Str){.p = flipped, .n = good.n}, STR_EMPTY, &principal), TOKEN_INVALID);
    }
    assert_fails(who(str_slice(good, 0, good.n - 1), STR_EMPTY, &principal), TOKEN_INVALID);
    assert_fails(who(STR("x"), STR_EMPTY, &principal), TOKEN_INVALID);
    assert_fails(who(good, STR("elsewhere"), &principal), TOKEN_INVALID);
    assert_str(principal.client, "untouched");
    assert_ok(who(good, STR_EMPTY, &principal)); /* the control */
}

static void test_expiry(void **state)
{
    (void)state;
    Principal principal;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    fake_clock_advance(&city.fake, 599 * CLOCK_SECOND_US);
    assert_ok(who(token, STR_EMPTY, &principal));
    fake_clock_advance(&city.fake, 1 * CLOCK_SECOND_US);
    assert_fails(who(token, STR_EMPTY, &principal), TOKEN_INVALID);
}

static void test_refused_requests(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        ErrorReason reason;
    } CASES[] = {
        {"&scope=purpose:segment-delivery", REASON_OAUTH_SCOPE}, /* another client's */
        {"&scope=purpose:", REASON_OAUTH_SCOPE},
        {"&scope=tourism", REASON_OAUTH_SCOPE},
        {"&scope=PURPOSE:tourism", REASON_OAUTH_SCOPE},
        {"&scope=purpose:tourism+purpose:health-promotion", REASON_OAUTH_SCOPE},
        {"&scope=purpose:tourism+", REASON_OAUTH_SCOPE},
        {"&scope=openid", REASON_OAUTH_SCOPE},
        {"&scope=purpose:tourism&scope=purpose:tourism", REASON_OAUTH_REQUEST},
        {"&client_id=sdgs", REASON_OAUTH_CLIENT},
        {"&client_secret=x", REASON_OAUTH_CLIENT},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Error error = ask_for_token(kenko_form(CASES[i].more));
        if (error.reason != CASES[i].reason) {
            fail_msg("%s: %s", CASES[i].more, error_words(error.reason)->name);
        }
    }
    assert_ok(ask_for_token(kenko_form("&client_id=kenko&scope=purpose:tourism")));
}

static void test_refused_grants(void **state)
{
    (void)state;
    assert_fails(ask_for_token(STR("")), OAUTH_REQUEST);
    assert_fails(ask_for_token(STR("grant_type=")), OAUTH_REQUEST);
    static const char *const GRANTS[] = {"authorization_code",
                                         "password",
                                         "refresh_token",
                                         "implicit",
                                         "token",
                                         "CLIENT_CREDENTIALS",
                                         "client_credentials+",
                                         "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                         "urn:ietf:params:oauth:grant-type:saml2-bearer",
                                         "urn:ietf:params:oauth:grant-type:device_code",
                                         "urn:ietf:params:oauth:grant-type:token-exchange"};
    for (size_t i = 0; i < sizeof GRANTS / sizeof GRANTS[0]; i++) {
        const Str parts[] = {STR("grant_type="), str_from(GRANTS[i])};
        Str form;
        assert_ok(str_join_in(city.arena, parts, 2, &form));
        assert_fails(ask_for_token(form), OAUTH_GRANT_TYPE);
    }
    assert_fails(ask_for_token(STR("grant_type=client_credentials")), OAUTH_CLIENT);
    assert_fails(
        ask_for_token(STR("grant_type=client_credentials&client_id=kenko&client_secret=x")),
        OAUTH_CLIENT);
    assert_fails(
        ask_for_token(
            STR("grant_type=client_credentials&client_assertion_type=x&client_assertion=a.b.c")),
        OAUTH_CLIENT);
}

static void test_strangers_and_forgers_get_one_answer(void **state)
{
    (void)state;
    Error unknown =
        ask_for_token(auth_city_form(&city, auth_city_assertion(&city, city.kenko, "nobody"), ""));
    Error forged =
        ask_for_token(auth_city_form(&city, auth_city_assertion(&city, city.sdgs, "kenko"), ""));
    assert_fails(unknown, OAUTH_CLIENT);
    assert_fails(forged, OAUTH_CLIENT);
    assert_string_equal(unknown.argument, forged.argument);
    Response response;
    assert_fails(
        auth_city_post(&city, oauth_server_token, STR("elsewhere"), kenko_form(""), &response),
        OAUTH_CLIENT);
}

static void test_an_assertion_serves_once(void **state)
{
    (void)state;
    Str form = kenko_form("&scope=purpose:tourism");
    assert_ok(ask_for_token(form));
    assert_fails(ask_for_token(form), ASSERTION_REPLAYED);
    /* the same id of another client is another id, and a forger uses nobody's id up */
    assert_ok(ask_for_token(
        auth_city_form(&city, auth_city_assertion_with(&city, city.kenko, "kenko", "same"), "")));
    assert_ok(ask_for_token(
        auth_city_form(&city, auth_city_assertion_with(&city, city.sdgs, "sdgs", "same"), "")));
    assert_fails(ask_for_token(auth_city_form(
                     &city, auth_city_assertion_with(&city, city.sdgs, "kenko", "forged"), "")),
                 OAUTH_CLIENT);
    assert_ok(ask_for_token(
        auth_city_form(&city, auth_city_assertion_with(&city, city.kenko, "kenko", "forged"), "")));
}

static void revoke(const Signer *signer, const char *client, Str token)
{
    const Str parts[] = {STR("&token="), token};
    Str more;
    Response response;
    assert_ok(str_join_in(city.arena, parts, 2, &more));
    Str form = auth_city_form(&city, auth_city_assertion(&city, signer, client),
                              str_argument(city.arena, more));
    assert_ok(auth_city_post(&city, oauth_server_revoke, STR_EMPTY, form, &response));
    assert_int_equal(response.status, 200);
    assert_int_equal(response.body.n, 0);
}

static void test_revocation(void **state)
{
    (void)state;
    Principal principal;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    Str other = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    revoke(city.sdgs, "sdgs", token); /* another client's: nothing happens */
    assert_ok(who(token, STR_EMPTY, &principal));
    revoke(city.kenko, "kenko", token);
    assert_fails(who(token, STR_EMPTY, &principal), TOKEN_INVALID);
    assert_ok(who(other, STR_EMPTY, &principal));
    revoke(city.kenko, "kenko", token);
    revoke(city.kenko, "kenko", STR("never-issued"));
    Response response;
    assert_fails(auth_city_post(&city, oauth_server_revoke, STR_EMPTY, kenko_form(""), &response),
                 OAUTH_REQUEST);
    assert_fails(auth_city_post(&city, oauth_server_revoke, STR_EMPTY, STR("token=x"), &response),
                 OAUTH_CLIENT);
}

static void test_suspension(void **state)
{
    (void)state;
    Principal principal;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    assert_ok(service_account_set_state(&call, STR("kenko"), SERVICE_SUSPENDED));
    vault_call_close(&call);
    assert_fails(who(token, STR_EMPTY, &principal), TOKEN_INVALID);
    assert_fails(ask_for_token(kenko_form("")), OAUTH_CLIENT);
}

static void test_sealed_vault(void **state)
{
    (void)state;
    Principal principal;
    Str token = auth_city_token(&city, city.kenko, "kenko", "&scope=purpose:tourism");
    keyring_seal(city.keyring);
    assert_fails(who(token, STR_EMPTY, &principal), VAULT_SEALED);
    assert_fails(ask_for_token(kenko_form("")), VAULT_SEALED);
}

static void test_metadata(void **state)
{
    (void)state;
    const OauthServer server = {.issuer = STR(CITY_ISSUER)};
    Request request = {.arena = city.arena};
    Response response;
    JsonValue root;
    JsonValue member;
    response_init(&response);
    assert_ok(oauth_server_metadata(&server, &request, &response));
    assert_ok(json_parse(city.arena, response.body, JSON_LIMITS_API, &root));
    assert_true(json_member(root, STR("issuer"), &member) &&
                json_string_is(member, STR(CITY_ISSUER)));
    assert_true(json_member(root, STR("token_endpoint"), &member) &&
                json_string_is(member, STR(CITY_ISSUER "/oauth2/token")));
    assert_true(json_member(root, STR("grant_types_supported"), &member));
    assert_str(json_text(member), "[\"client_credentials\"]");
    assert_true(json_member(root, STR("token_endpoint_auth_methods_supported"), &member));
    assert_str(json_text(member),
               "[\"private_key_jwt\",\"client_secret_basic\",\"client_secret_post\"]");
    assert_true(
        json_member(root, STR("token_endpoint_auth_signing_alg_values_supported"), &member));
    assert_str(json_text(member), "[\"ES256\",\"PS256\",\"EdDSA\"]");
}

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_token_with_a_purpose),
        TEST(test_addresses),
        TEST(test_token_makes_a_principal),
        TEST(test_bad_tokens),
        TEST(test_expiry),
        TEST(test_refused_requests),
        TEST(test_refused_grants),
        TEST(test_strangers_and_forgers_get_one_answer),
        TEST(test_an_assertion_serves_once),
        TEST(test_revocation),
        TEST(test_suspension),
        TEST(test_sealed_vault),
        TEST(test_metadata),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
