/* Signed tokens: what verifies, and every way in which one must not. */
#include <string.h>

#include "check.h"
#include "encode.h"
#include "jose.h"
#include "test_signer.h"

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}"
#define PAYLOAD "{\"iss\":\"kenko\"}"

static Arena *arena;
static Signer *signer;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
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

static const Jwk *key_of(const Signer *of, Str kid)
{
    Jwk *keys = NULL;
    size_t count = 0;
    assert_ok(jwk_set_parse(arena, signer_jwks(of, arena, "k1"), &keys, &count));
    const Jwk *key = jwk_set_find(keys, count, kid);
    assert_non_null(key);
    return key;
}

static Error check(Str compact, const Jwk *key)
{
    Jws jws;
    TRY(jws_parse(arena, compact, &jws));
    return jws_verify(&jws, key);
}

static void test_good_tokens(void **state)
{
    (void)state;
    for (int i = 0; i < 50; i++) { /* r and s of many lengths */
        Jws jws;
        Str compact = signer_sign(signer, arena, HEADER, PAYLOAD);
        assert_ok(jws_parse(arena, compact, &jws));
        assert_str(jws.kid, "k1");
        JsonValue claim;
        assert_true(json_member(jws.payload, STR("iss"), &claim) &&
                    json_string_is(claim, STR("kenko")));
        assert_ok(jws_verify(&jws, key_of(signer, jws.kid)));
    }
}

/* RFC 7515 appendix A.3: another implementation's token and key. */
static void test_published_vector(void **state)
{
    (void)state;
    Jwk *keys = NULL;
    size_t count = 0;
    assert_ok(jwk_set_parse(arena,
                            STR("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                                "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                                "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"),
                            &keys, &count));
    assert_ok(check(STR("eyJhbGciOiJFUzI1NiJ9."
                        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS"
                        "9pc19yb290Ijp0cnVlfQ."
                        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-"
                        "F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
                    jwk_set_find(keys, count, STR_EMPTY)));
}

static void test_flipped_bits(void **state)
{
    (void)state;
    const Jwk *key = key_of(signer, STR("k1"));
    Jws jws;
    assert_ok(jws_parse(arena, signer_sign(signer, arena, HEADER, PAYLOAD), &jws));
    for (size_t bit = 0; bit < jws.signature_bytes * 8; bit++) {
        Jws flipped = jws;
        flipped.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_fails(jws_verify(&flipped, key), JOSE_INVALID);
    }
    char text[512];
    assert_true(jws.signed_text.n < sizeof text);
    for (size_t at = 0; at < jws.signed_text.n; at++) {
        Jws flipped = jws;
        memcpy(text, jws.signed_text.p, jws.signed_text.n);
        text[at] ^= 1;
        flipped.signed_text = (Str){.p = text, .n = jws.signed_text.n};
        assert_fails(jws_verify(&flipped, key), JOSE_INVALID);
    }
    assert_ok(jws_verify(&jws, key)); /* the control */
}

/* --- other kinds of keys ---------------------------------------------------------------------- */

static const char *const ALGS[] = {"ES256", "EdDSA", "PS256"};

static const char *header_of(const char *alg)
{
    const Str parts[] = {STR("{\"alg\":\""), str_from(alg), STR("\",\"kid\":\"k1\"}")};
    Str header;
    assert_ok(str_join_in(arena, parts, 3, &header));
    return str_argument(arena, header);
}

/* Each key verifies what it signed under its own name, and nothing under another. */
static void test_each_key_does_one_thing(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        CLEANUP(signer_free) Signer *own = signer_new_for(ALGS[k]);
        const Jwk *key = key_of(own, STR("k1"));
        for (size_t h = 0; h < 3; h++) {
            Error error = check(signer_sign(own, arena, header_of(ALGS[h]), PAYLOAD), key);
            if (FAILED(error) != (k != h)) {
                fail_msg("key %s, header %s", ALGS[k], ALGS[h]);
            }
        }
        for (size_t other = 0; other < 3; other++) {
            CLEANUP(signer_free) Signer *foreign = signer_new_for(ALGS[other]);
            Str token = signer_sign(foreign, arena, header_of(ALGS[other]), PAYLOAD);
            assert_true(FAILED(check(token, key)));
        }
    }
}

static void test_flipped_bits_of_other_keys(void **state)
{
    (void)state;
    for (size_t k = 1; k < 3; k++) {
        CLEANUP(signer_free) Signer *own = signer_new_for(ALGS[k]);
        const Jwk *key = key_of(own, STR("k1"));
        Jws jws;
        assert_ok(jws_parse(arena, signer_sign(own, arena, header_of(ALGS[k]), PAYLOAD), &jws));
        for (size_t bit = 0; bit < jws.signature_bytes * 8; bit += k == 2 ? 7 : 1) {
            Jws flipped = jws;
            flipped.signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_fails(jws_verify(&flipped, key), JOSE_INVALID);
        }
        assert_ok(jws_verify(&jws, key)); /* the control */
    }
}

/* RFC 8037 appendix A.4. */
static void test_published_ed25519(void **state)
{
    (void)state;
    Jwk *keys = NULL;
    size_t count = 0;
    assert_ok(jwk_set_parse(arena,
                            STR("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
                                "\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"),
                            &keys, &count));
    /* The appendix signs a text that is no JSON: verified by hand, without jws_parse. */
    static const char SIGNATURE[] =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5"
        "BhVsPt9g7sVvpAr_MuM0KAg";
    Str bytes;
    Jws jws = {.signed_text = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"),
               .alg = JOSE_EDDSA,
               .signature_bytes = 64};
    assert_ok(decode_base64url_in(arena, str_from(SIGNATURE), &bytes));
    assert_int_equal(bytes.n, 64);
    memcpy(jws.signature, bytes.p, 64);
    assert_ok(jws_verify(&jws, &keys[0]));
    jws.signed_text.n--;
    assert_fails(jws_verify(&jws, &keys[0]), JOSE_INVALID);
}

/* 0 and the group's order are no values of r or s; without the range check some verifiers accept
 * them. */
static void test_signature_range(void **state)
{
    (void)state;
    static const uint8_t ORDER[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                      0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const uint8_t ZERO[32];
    const uint8_t *const values[] = {ZERO, ORDER};
    const Jwk *key = key_of(signer, STR("k1"));
    for (int i = 0; i < 4; i++) {
        Jws jws;
        assert_ok(jws_parse(arena, signer_sign(signer, arena, HEADER, PAYLOAD), &jws));
        memcpy(jws.signature, values[i % 2], 32);
        memcpy(jws.signature + 32, values[i / 2], 32);
        assert_fails(jws_verify(&jws, key), JOSE_INVALID);
    }
}

static void test_other_keys(void **state)
{
    (void)state;
    CLEANUP(signer_free) Signer *other = signer_new();
    Str compact = signer_sign(other, arena, HEADER, PAYLOAD);
    assert_fails(check(compact, key_of(signer, STR("k1"))), JOSE_INVALID);
    assert_ok(check(compact, key_of(other, STR("k1"))));
    Jwk off_curve = *key_of(signer, STR("k1"));
    off_curve.y[31] ^= 1;
    assert_fails(check(signer_sign(signer, arena, HEADER, PAYLOAD), &off_curve), JOSE_INVALID);
    Jwk zero = {.kid = STR("k1")};
    assert_fails(check(signer_sign(signer, arena, HEADER, PAYLOAD), &zero), JOSE_INVALID);
}

static void test_refused_headers(void **state)
{
    (void)state;
    static const char *const HEADERS[] = {
        "{}",
        "[]",
        "\"ES256\"",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":\"ps256\"}",
        "{\"alg\":\"ES384\"}",
        "{\"alg\":\"EDDSA\"}",
        "{\"alg\":\"PS384\"}",
        "{\"alg\":\"es256\"}",
        "{\"alg\":[\"ES256\"]}",
        "{\"alg\":null}",
        "{\"alg\":\"ES256\",\"alg\":\"none\"}",
        "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":1}",
        "{\"alg\":\"ES256\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\",\"jwk\":{}}",
        "{\"alg\":\"ES256\",\"jku\":\"https://x\"}",
        "{\"alg\":\"ES256\",\"x5u\":\"https://x\"}",
        "{\"alg\":\"ES256\",\"x5c\":[]}",
        "{\"alg\":\"ES256\",\"x5t\":\"\"}",
        "{\"alg\":\"ES256\",\"x5t#S256\":\"\"}",
        "{\"alg\":\"ES256\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"b64\":true}",
        "{\"alg\":\"ES256\",\"zip\":\"DEF\"}",
        "{\"alg\":\"ES256\",\"enc\":\"A128GCM\"}",
        "{\"alg\":\"ES256\"} x",
        "{\"alg\":\"ES256\",}",
        "{\"\\u0061lg\":\"ES256\",\"cr\\u0069t\":[]}",
    };
    for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0]; i++) {
        Jws jws = {.kid = STR("untouched")};
        Error error = jws_parse(arena, signer_sign(signer, arena, HEADERS[i], PAYLOAD), &jws);
        if (error.reason != REASON_JOSE_INVALID) {
            fail_msg("%s", HEADERS[i]);
        }
        assert_str(jws.kid, "untouched");
    }
}

static void test_refused_shapes(void **state)
{
    (void)state;
    Str good = signer_sign(signer, arena, HEADER, PAYLOAD);
    const Str raw_63 =
        str_bytes("123456789012345678901234567890123456789012345678901234567890123", 63);
    const Str raw_65 =
        str_bytes("12345678901234567890123456789012345678901234567890123456789012345", 65);
    const Str more[] = {good, STR("=")};
    const Str four[] = {good, STR(".e30")};
    Str padded;
    Str with_four;
    assert_ok(str_join_in(arena, more, 2, &padded));
    assert_ok(str_join_in(arena, four, 2, &with_four));
    const Str cases[] = {
        STR(""),
        STR("."),
        STR(".."),
        STR("e30"),
        STR("e30.e30"),
        padded,
        with_four,
        str_slice(good, 0, good.n - 1),
        str_slice(good, 1, good.n),
        signer_compact(arena, STR(HEADER), STR(PAYLOAD), STR("")),
        signer_compact(arena, STR(HEADER), STR(PAYLOAD), raw_63),
        signer_compact(arena, STR(HEADER), STR(PAYLOAD), raw_65),
        signer_compact(arena, STR(HEADER), STR("[]"), raw_63),
        signer_sign(signer, arena, HEADER, "[1]"),
        signer_sign(signer, arena, HEADER, "{\"a\":1,\"a\":2}"),
        signer_sign(signer, arena, HEADER, ""),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Jws jws;
        assert_fails(jws_parse(arena, cases[i], &jws), JOSE_INVALID);
    }
}

static void test_length(void **state)
{
    (void)state;
    char *text = arena_alloc(arena, JWS_BYTES_MAX + 1);
    assert_non_null(text);
    memset(text, 'A', JWS_BYTES_MAX + 1);
    Jws jws;
    assert_fails(jws_parse(arena, (Str){.p = text, .n = JWS_BYTES_MAX + 1}, &jws), JOSE_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_tokens),
        cmocka_unit_test(test_published_vector),
        cmocka_unit_test(test_each_key_does_one_thing),
        cmocka_unit_test(test_flipped_bits_of_other_keys),
        cmocka_unit_test(test_published_ed25519),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_signature_range),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_refused_headers),
        cmocka_unit_test(test_refused_shapes),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
