#include "client_assertion.h"

#include "clock.h"

#define CLIENT_ID_BYTES_MAX 64
#define AUDIENCES_MAX 4

/* A JOSE refusal, as the token endpoint words it. */
static Error as_client_error(Error error)
{
    return error.reason == REASON_JOSE_INVALID ? FAIL(OAUTH_CLIENT, error.argument) : error;
}

static bool is_visible_ascii(Str text, size_t max)
{
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x21 || text.p[i] > 0x7e) {
            return false;
        }
    }
    return text.n > 0 && text.n <= max;
}

static Error text_claim(Arena *arena, JsonValue claims, Str name, size_t max, const char *refusal,
                        Str *ret_text)
{
    JsonValue value;
    Str text;
    ENSURE(json_member(claims, name, &value) && json_is(value, JSON_STRING), OAUTH_CLIENT, refusal);
    TRY(json_string_in(arena, value, &text));
    ENSURE(is_visible_ascii(text, max), OAUTH_CLIENT, refusal);
    *ret_text = text;
    return OK;
}

static bool is_us(JsonValue audience, const AssertionRules *rules)
{
    return json_string_is(audience, rules->issuer) ||
           json_string_is(audience, rules->token_endpoint);
}

/* A list is fine as long as every entry means us: an assertion that another server would take too
 * can be relayed. */
static Error check_audience(JsonValue claims, const AssertionRules *rules)
{
    JsonValue audience;
    ENSURE(json_member(claims, STR("aud"), &audience), OAUTH_CLIENT, "aud is missing");
    if (json_is(audience, JSON_STRING)) {
        ENSURE(is_us(audience, rules), OAUTH_CLIENT, "aud is not this server");
        return OK;
    }
    uint32_t count = json_is(audience, JSON_ARRAY) ? json_count(audience) : 0;
    ENSURE(count >= 1 && count <= AUDIENCES_MAX, OAUTH_CLIENT, "aud is not this server");
    JsonIter iter = json_iter(audience);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        ENSURE(json_is(item, JSON_STRING) && is_us(item, rules), OAUTH_CLIENT,
               "aud is not this server alone");
    }
    return OK;
}

/* Seconds of a claim; false when it is absent. */
static Error time_claim(JsonValue claims, Str name, const char *refusal, bool *ret_has,
                        int64_t *ret_s)
{
    JsonValue value;
    *ret_has = json_member(claims, name, &value);
    ENSURE(!*ret_has || (json_integer(value, ret_s) && *ret_s >= 0 && *ret_s < INT64_C(1) << 40),
           OAUTH_CLIENT, refusal);
    return OK;
}

static Error check_times(JsonValue claims, int64_t now_s, int64_t *ret_expires_s)
{
    bool has = false;
    int64_t expires_s = 0;
    int64_t at_s = 0;
    TRY(time_claim(claims, STR("exp"), "exp is not a time", &has, &expires_s));
    ENSURE(has, OAUTH_CLIENT, "exp is missing");
    ENSURE(expires_s > now_s, OAUTH_CLIENT, "the assertion has expired");
    ENSURE(expires_s <= now_s + CLIENT_ASSERTION_LIFE_S, OAUTH_CLIENT,
           "exp is more than 5 minutes ahead");
    TRY(time_claim(claims, STR("nbf"), "nbf is not a time", &has, &at_s));
    ENSURE(!has || at_s <= now_s + CLIENT_ASSERTION_SKEW_S, OAUTH_CLIENT,
           "the assertion is not valid yet");
    TRY(time_claim(claims, STR("iat"), "iat is not a time", &has, &at_s));
    ENSURE(!has || at_s <= now_s + CLIENT_ASSERTION_SKEW_S, OAUTH_CLIENT, "iat lies ahead");
    ENSURE(!has || at_s >= now_s - CLIENT_ASSERTION_LIFE_S - CLIENT_ASSERTION_SKEW_S, OAUTH_CLIENT,
           "the assertion was issued too long ago");
    *ret_expires_s = expires_s;
    return OK;
}

Error client_assertion_read(Arena *arena, Str compact, const AssertionRules *rules,
                            ClientAssertion *ret_assertion)
{
    ClientAssertion assertion;
    Str subject;
    int64_t expires_s = 0;
    Error error = jws_parse(arena, compact, &assertion.jws);
    TRY(as_client_error(error));
    JsonValue claims = assertion.jws.payload;
    TRY(text_claim(arena, claims, STR("iss"), CLIENT_ID_BYTES_MAX, "iss is not a client id",
                   &assertion.client_id));
    TRY(text_claim(arena, claims, STR("sub"), CLIENT_ID_BYTES_MAX, "sub is not a client id",
                   &subject));
    ENSURE(str_eq(subject, assertion.client_id), OAUTH_CLIENT, "iss and sub differ");
    TRY(text_claim(arena, claims, STR("jti"), CLIENT_ASSERTION_JTI_BYTES_MAX,
                   "jti is missing or not an id", &assertion.jti));
    TRY(check_audience(claims, rules));
    TRY(check_times(claims, rules->now_us / CLOCK_SECOND_US, &expires_s));
    assertion.expires_us = expires_s * CLOCK_SECOND_US;
    *ret_assertion = assertion;
    return OK;
}

Error client_assertion_verify(Arena *arena, const ClientAssertion *assertion, Str jwks)
{
    Jwk *keys = NULL;
    size_t count = 0;
    Error error = jwk_set_parse(arena, jwks, &keys, &count);
    TRY(as_client_error(error));
    const Jwk *key = jwk_set_find(keys, count, assertion->jws.kid);
    ENSURE(key != NULL, OAUTH_CLIENT, "unknown client, unknown key or bad signature");
    error = jws_verify(&assertion->jws, key);
    return as_client_error(error);
}
