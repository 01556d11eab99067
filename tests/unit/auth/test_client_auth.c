/* How clients prove who they are: secrets for open data alone, keys of three kinds, one way at a
 * time, and the wait after failures. */
#include <stdio.h>
#include <string.h>

#include "access_token.h"
#include "auth_city.h"
#include "check.h"
#include "encode.h"
#include "lockout.h"
#include "service_account.h"
#include "vault_call.h"

#define GRANT "grant_type=client_credentials"

static AuthCity city;
static char secret[SERVICE_SECRET_TEXT_BYTES]; /* of "open" */
static Lockout *lockout;                       /* NULL unless a test makes one */

static void add_open_client(void)
{
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    ServiceAccount account = {
        .client_id = STR("open"), .name_ja = STR("地図"), .jwks = STR("{\"keys\":[]}")};
    assert_ok(service_account_make_secret(&call, &account, secret));
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
}

static int setup(void **state)
{
    (void)state;
    auth_city_open(&city);
    add_open_client();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lockout = lockout_free(lockout);
    auth_city_close(&city);
    return 0;
}

static Str text_of(const char *first, const char *second, const char *third)
{
    const Str parts[] = {str_from(first), str_from(second), str_from(third)};
    Str text;
    assert_ok(str_join_in(city.arena, parts, 3, &text));
    return text;
}

/* "Basic …" for id:secret. */
static Str basic(const char *pair)
{
    Buf buf = buf_in(city.arena);
    Str text;
    buf_add(&buf, STR("Basic "));
    encode_base64(&buf, str_from(pair));
    assert_ok(buf_finish(&buf, &text));
    return text;
}

/* A request to the token endpoint; authorization "" = no header. */
static Error ask(Str authorization, Str form, Response *ret_response)
{
    const OauthServer server = {.issuer = STR(CITY_ISSUER), .lockout = lockout};
    const HttpHeader headers[] = {
        {.name = STR("Content-Type"), .value = STR("application/x-www-form-urlencoded")},
        {.name = STR("Authorization"), .value = authorization}};
    Request request = {.arena = city.arena,
                       .method = HTTP_POST,
                       .surface = SURFACE_OAUTH,
                       .headers = headers,
                       .header_count = authorization.n > 0 ? 2 : 1,
                       .address = city.address,
                       .body = form};
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    response_init(ret_response);
    Error error = oauth_server_token(&server, &call, &request, ret_response);
    vault_call_close(&call);
    return error;
}

static Error post(Str form)
{
    Response response;
    return ask(STR_EMPTY, form, &response);
}

static Error with_basic(const char *pair, const char *more)
{
    Response response;
    return ask(basic(pair), text_of(GRANT, more, ""), &response);
}

static void test_secrets_open_open_data(void **state)
{
    (void)state;
    Response response;
    Str pair = text_of("open:", secret, "");
    assert_ok(ask(basic(str_argument(city.arena, pair)), STR(GRANT), &response));
    assert_str(response.client, "open");
    assert_ok(post(text_of(GRANT "&client_id=open&client_secret=", secret, "")));
    assert_ok(ask(basic(str_argument(city.arena, pair)), STR(GRANT "&client_id=open"), &response));
    /* From anywhere, since it opens nothing personal; and never for a purpose. */
    city.address = STR("203.0.113.1");
    assert_ok(post(text_of(GRANT "&client_id=open&client_secret=", secret, "")));
    assert_fails(
        post(text_of(GRANT "&scope=purpose:tourism&client_id=open&client_secret=", secret, "")),
        OAUTH_SCOPE);
}

static void test_wrong_secrets(void **state)
{
    (void)state;
    static const char *const PAIRS[] = {"open:x",  "open:", ":",        "open",    "",
                                        "kenko:x", ":x",    "nobody:x", "open:x:y"};
    for (size_t i = 0; i < sizeof PAIRS / sizeof PAIRS[0]; i++) {
        if (with_basic(PAIRS[i], "").reason != REASON_OAUTH_CLIENT) {
            fail_msg("%s", PAIRS[i]);
        }
    }
    char flipped[SERVICE_SECRET_TEXT_BYTES];
    for (size_t i = 0; i < sizeof secret - 1; i++) { /* each character */
        memcpy(flipped, secret, sizeof flipped);
        flipped[i] = flipped[i] == 'A' ? 'B' : 'A';
        assert_fails(post(text_of(GRANT "&client_id=open&client_secret=", flipped, "")),
                     OAUTH_CLIENT);
    }
    assert_fails(post(text_of(GRANT "&client_id=kenko&client_secret=", secret, "")), OAUTH_CLIENT);
    assert_fails(post(text_of(GRANT "&client_secret=", secret, "")), OAUTH_CLIENT);
    Response response;
    static const char *const HEADERS[] = {"Basic", "Basic ", "Basic !", "Bearer x", "Digest x"};
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        assert_fails(ask(str_from(HEADERS[i]), STR(GRANT), &response), OAUTH_CLIENT);
    }
}

static void test_one_way_at_a_time(void **state)
{
    (void)state;
    Response response;
    char pair[64];
    (void)snprintf(pair, sizeof pair, "open:%s", secret);
    Str form = text_of(GRANT "&client_id=open&client_secret=", secret, "");
    assert_fails(ask(basic(pair), form, &response), OAUTH_CLIENT);
    Str signed_form = auth_city_form(&city, auth_city_assertion(&city, city.kenko, "kenko"), "");
    assert_fails(ask(basic(pair), signed_form, &response), OAUTH_CLIENT);
    assert_fails(with_basic(pair, "&client_id=kenko"), OAUTH_CLIENT);
    assert_fails(with_basic(pair, "&client_assertion_type=x"), OAUTH_CLIENT);
    assert_ok(with_basic(pair, "")); /* the control */
    /* A client with a secret has no key that an assertion could be checked with. */
    assert_fails(post(auth_city_form(&city, auth_city_assertion(&city, city.kenko, "open"), "")),
                 OAUTH_CLIENT);
}

static void test_a_suspended_client(void **state)
{
    (void)state;
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    assert_ok(service_account_set_state(&call, STR("open"), SERVICE_SUSPENDED));
    vault_call_close(&call);
    assert_fails(post(text_of(GRANT "&client_id=open&client_secret=", secret, "")), OAUTH_CLIENT);
}

/* --- keys of other kinds ---------------------------------------------------------------------- */

static void add_client(const char *id, const Signer *signer)
{
    VaultCall call = auth_city_call(&city, STR_EMPTY);
    ServiceAccount account = {.client_id = str_from(id),
                              .name_ja = STR("サービス"),
                              .jwks = signer_jwks(signer, city.arena, "k1")};
    assert_ok(service_account_create(&call, &account));
    vault_call_close(&call);
}

static Str assertion_with(const Signer *signer, const char *alg, const char *client, int number)
{
    char header[64];
    char claims[256];
    int64_t now_s = city.fake.now_us / CLOCK_SECOND_US;
    (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k1\"}", alg);
    (void)snprintf(claims, sizeof claims,
                   "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"" CITY_ISSUER
                   "\",\"jti\":\"j%d\",\"exp\":%lld}",
                   client, client, number, (long long)now_s + 60);
    return signer_sign(signer, city.arena, header, claims);
}

static void test_each_kind_of_key(void **state)
{
    (void)state;
    static const char *const ALGS[] = {"ES256", "EdDSA", "PS256"};
    static const char *const IDS[] = {"es", "ed", "ps"};
    int number = 0;
    for (size_t k = 0; k < 3; k++) {
        CLEANUP(signer_free) Signer *signer = signer_new_for(ALGS[k]);
        add_client(IDS[k], signer);
        for (size_t h = 0; h < 3; h++) {
            Str assertion = assertion_with(signer, ALGS[h], IDS[k], number++);
            Error error = post(auth_city_form(&city, assertion, ""));
            assert_int_equal(error.reason, h == k ? REASON_NONE : REASON_OAUTH_CLIENT);
        }
        Str unsigned_token = assertion_with(signer, "none", IDS[k], number++);
        assert_fails(post(auth_city_form(&city, unsigned_token, "")), OAUTH_CLIENT);
    }
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void test_failures_have_to_wait(void **state)
{
    (void)state;
    Str good = text_of(GRANT "&client_id=open&client_secret=", secret, "");
    Str bad = STR(GRANT "&client_id=open&client_secret=x");
    Response response;
    assert_ok(lockout_new(city.core.ports, &lockout));
    for (int i = 0; i <= LOCKOUT_FREE_CLIENT; i++) {
        assert_fails(post(bad), OAUTH_CLIENT);
    }
    assert_fails(post(good), LOCKED_OUT); /* whatever it is worth */
    Error error = post(bad);
    assert_fails(error, LOCKED_OUT);
    assert_string_equal(error.argument, "1");
    assert_ok(post(auth_city_form(&city, auth_city_assertion(&city, city.kenko, "kenko"), "")));
    city.address = STR("198.51.100.1");
    assert_ok(ask(STR_EMPTY, good, &response)); /* from another network at once */
    city.address = STR("192.0.2.7");
    assert_fails(post(good), LOCKED_OUT);
    fake_clock_advance(&city.fake, CLOCK_SECOND_US);
    assert_ok(post(good));
    assert_fails(post(bad), OAUTH_CLIENT); /* counted from the beginning */
    assert_ok(post(good));
}

/* Replays are failures too, and what can't be read at all is held against the source. */
static void test_what_counts_as_failure(void **state)
{
    (void)state;
    assert_ok(lockout_new(city.core.ports, &lockout));
    Str form = auth_city_form(&city, auth_city_assertion(&city, city.kenko, "kenko"), "");
    assert_ok(post(form));
    for (int i = 0; i <= LOCKOUT_FREE_CLIENT; i++) {
        assert_fails(post(form), ASSERTION_REPLAYED);
    }
    assert_fails(post(form), LOCKED_OUT);
    city.address = STR("198.51.100.1");
    Str garbage = auth_city_form(&city, STR("a.b.c"), "");
    for (int i = 0; i <= LOCKOUT_FREE_SOURCE; i++) {
        assert_fails(post(garbage), OAUTH_CLIENT);
    }
    assert_fails(post(garbage), LOCKED_OUT);
    assert_fails(post(auth_city_form(&city, auth_city_assertion(&city, city.sdgs, "sdgs"), "")),
                 LOCKED_OUT);
}

#define TEST(test_) cmocka_unit_test_setup_teardown(test_, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_secrets_open_open_data), TEST(test_wrong_secrets),
        TEST(test_one_way_at_a_time),      TEST(test_a_suspended_client),
        TEST(test_each_kind_of_key),       TEST(test_failures_have_to_wait),
        TEST(test_what_counts_as_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
