/* The rules of client assertions with a stopped clock: one table of claims, the answer to each. */
#include <inttypes.h>
#include <stdio.h>

#include "check.h"
#include "client_assertion.h"
#include "clock.h"
#include "test_signer.h"

#define NOW_S INT64_C(1775001600)
#define ISSUER "http://127.0.0.1:8026"
#define ENDPOINT ISSUER "/oauth2/token"
#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\"}"

static Arena *arena;
static Signer *signer;
static const AssertionRules RULES = {.issuer = STR_INIT(ISSUER),
                                     .token_endpoint = STR_INIT(ENDPOINT),
                                     .now_us = NOW_S * CLOCK_SECOND_US};

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)64 << 20);
    signer = signer_new();
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    signer = signer_free(signer);
    arena = arena_free(arena);
    return 0;
}

typedef struct ClaimCase {
    const char *iss;
    const char *sub;
    const char *aud;
    const char *jti;
    int64_t exp; /* seconds from now; INT64_MIN: absent */
    const char *more;
    bool is_accepted;
} ClaimCase;

#define GOOD "\"kenko\"", "\"kenko\"", "\"" ENDPOINT "\"", "\"j1\""
#define ABSENT INT64_MIN

static const ClaimCase CASES[] = {
    {GOOD, 60, "", true},
    {GOOD, 300, "", true},
    {GOOD, 1, "", true},
    {"\"kenko\"", "\"kenko\"", "\"" ISSUER "\"", "\"j\"", 60, "", true},
    {"\"kenko\"", "\"kenko\"", "[\"" ISSUER "\"]", "\"j\"", 60, "", true},
    {"\"kenko\"", "\"kenko\"", "[\"" ISSUER "\",\"" ENDPOINT "\"]", "\"j\"", 60, "", true},
    {GOOD, 60, ",\"iat\":1775001600,\"nbf\":1775001600", true},
    {GOOD, 60, ",\"iat\":1775001660,\"nbf\":1775001660", true}, /* a clock one minute ahead */
    {GOOD, 60, ",\"iat\":1775001240", true},
    {GOOD, 60, ",\"extra\":{\"x\":[1,2]}", true},
    {GOOD, 0, "", false},
    {GOOD, -1, "", false},
    {GOOD, 301, "", false},
    {GOOD, 86400, "", false},
    {GOOD, ABSENT, "", false},
    {GOOD, ABSENT, ",\"exp\":\"1775001660\"", false},
    {GOOD, ABSENT, ",\"exp\":1775001660.5", false},
    {GOOD, ABSENT, ",\"exp\":-1", false},
    {GOOD, ABSENT, ",\"exp\":1e300", false},
    {GOOD, ABSENT, ",\"exp\":9223372036854775807", false},
    {GOOD, ABSENT, ",\"exp\":null", false},
    {GOOD, 60, ",\"nbf\":1775001661", false},
    {GOOD, 60, ",\"nbf\":\"x\"", false},
    {GOOD, 60, ",\"iat\":1775001661", false},
    {GOOD, 60, ",\"iat\":1775001239", false},
    {GOOD, 60, ",\"iat\":null", false},
    {"\"kenko\"", "\"sdgs\"", "\"" ENDPOINT "\"", "\"j\"", 60, "", false},
    {"1", "1", "\"" ENDPOINT "\"", "\"j\"", 60, "", false},
    {"\"\"", "\"\"", "\"" ENDPOINT "\"", "\"j\"", 60, "", false},
    {"\"a b\"", "\"a b\"", "\"" ENDPOINT "\"", "\"j\"", 60, "", false},
    {"\"a\\u0001\"", "\"a\\u0001\"", "\"" ENDPOINT "\"", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"http://127.0.0.1:8026/\"", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"https://elsewhere/oauth2/token\"", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "[]", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "[\"" ISSUER "\",\"https://elsewhere\"]", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "[\"" ISSUER "\",1]", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "null", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "{\"a\":\"" ISSUER "\"}", "\"j\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"" ENDPOINT "\"", "\"\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"" ENDPOINT "\"", "7", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"" ENDPOINT "\"", "\"a b\"", 60, "", false},
    {"\"kenko\"", "\"kenko\"", "\"" ENDPOINT "\"", "null", 60, "", false},
};

static void claims_of(const ClaimCase *row, char *out, size_t out_bytes)
{
    char exp[64] = "";
    if (row->exp != ABSENT) {
        (void)snprintf(exp, sizeof exp, ",\"exp\":%" PRId64, NOW_S + row->exp);
    }
    (void)snprintf(out, out_bytes, "{\"iss\":%s,\"sub\":%s,\"aud\":%s,\"jti\":%s%s%s}", row->iss,
                   row->sub, row->aud, row->jti, exp, row->more);
}

static void test_claims(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char claims[1024];
        ClientAssertion assertion;
        claims_of(&CASES[i], claims, sizeof claims);
        Error error = client_assertion_read(arena, signer_sign(signer, arena, HEADER, claims),
                                            &RULES, &assertion);
        if (FAILED(error) == CASES[i].is_accepted) {
            fail_msg("%s: %s", claims, error.argument == NULL ? "accepted" : error.argument);
        }
        assert_true(CASES[i].is_accepted || error.reason == REASON_OAUTH_CLIENT);
    }
}

static void test_missing_claims(void **state)
{
    (void)state;
    static const char *const CLAIMS[] = {
        "{}",
        "{\"sub\":\"kenko\",\"aud\":\"" ISSUER "\",\"jti\":\"j\",\"exp\":1775001660}",
        "{\"iss\":\"kenko\",\"aud\":\"" ISSUER "\",\"jti\":\"j\",\"exp\":1775001660}",
        "{\"iss\":\"kenko\",\"sub\":\"kenko\",\"jti\":\"j\",\"exp\":1775001660}",
        "{\"iss\":\"kenko\",\"sub\":\"kenko\",\"aud\":\"" ISSUER "\",\"exp\":1775001660}",
    };
    for (size_t i = 0; i < sizeof CLAIMS / sizeof CLAIMS[0]; i++) {
        ClientAssertion assertion;
        assert_fails(client_assertion_read(arena, signer_sign(signer, arena, HEADER, CLAIMS[i]),
                                           &RULES, &assertion),
                     OAUTH_CLIENT);
    }
}

static Str good_token(const Signer *by, const char *header)
{
    char claims[1024];
    claims_of(&CASES[0], claims, sizeof claims);
    return signer_sign(by, arena, header, claims);
}

static void test_what_is_read(void **state)
{
    (void)state;
    ClientAssertion assertion;
    assert_ok(client_assertion_read(arena, good_token(signer, HEADER), &RULES, &assertion));
    assert_str(assertion.client_id, "kenko");
    assert_str(assertion.jti, "j1");
    assert_int_equal(assertion.expires_us, (NOW_S + 60) * CLOCK_SECOND_US);
}

static void test_signature(void **state)
{
    (void)state;
    CLEANUP(signer_free) Signer *other = signer_new();
    const struct {
        const char *header;
        Str jwks;
        bool is_accepted;
    } cases[] = {
        {HEADER, signer_jwks(signer, arena, "k1"), true},
        {"{\"alg\":\"ES256\"}", signer_jwks(signer, arena, "k1"),
         true}, /* one key: it needs no name */
        {HEADER, signer_jwks(signer, arena, "k2"), false},
        {HEADER, signer_jwks(signer, arena, ""), false},
        {HEADER, signer_jwks(other, arena, "k1"), false},
        {HEADER, STR("{\"keys\":[]}"), false},
        {HEADER, STR(""), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ClientAssertion assertion;
        assert_ok(
            client_assertion_read(arena, good_token(signer, cases[i].header), &RULES, &assertion));
        Error error = client_assertion_verify(arena, &assertion, cases[i].jwks);
        assert_int_equal(error.reason, cases[i].is_accepted ? REASON_NONE : REASON_OAUTH_CLIENT);
    }
}

static void test_broken_tokens_speak_oauth(void **state)
{
    (void)state;
    ClientAssertion assertion;
    assert_fails(client_assertion_read(arena, STR("x"), &RULES, &assertion), OAUTH_CLIENT);
    assert_fails(
        client_assertion_read(arena, good_token(signer, "{\"alg\":\"none\"}"), &RULES, &assertion),
        OAUTH_CLIENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_missing_claims),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_broken_tokens_speak_oauth),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
