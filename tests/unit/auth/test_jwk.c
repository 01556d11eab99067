/* Key sets: what is a registered key and what is refused. */
#include "check.h"
#include "jwk.h"

#define X "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define KEY(more_) "{\"kty\":\"EC\",\"crv\":\"P-256\"," X "," Y more_ "}"
#define SET(keys_) "{\"keys\":[" keys_ "]}"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_REQUEST_BYTES);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static void test_accepted(void **state)
{
    (void)state;
    static const char *const SETS[] = {
        SET(KEY("")),
        SET(KEY(",\"alg\":\"ES256\",\"use\":\"sig\",\"kid\":\"a\"")),
        SET(KEY(",\"kid\":\"a\"") "," KEY(",\"kid\":\"b\"")),
        SET(KEY(",\"key_ops\":[\"verify\"],\"unknown\":1")),
        "{\"note\":1,\"keys\":[" KEY("") "]}",
    };
    for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
        Jwk *keys = NULL;
        size_t count = 0;
        assert_ok(jwk_set_parse(arena, str_from(SETS[i]), &keys, &count));
        assert_int_equal(keys[0].x[0], 0x7f);
        assert_int_equal(keys[0].y[31], 0xad);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const SETS[] = {
        "",
        "{}",
        "[]",
        SET(""),
        SET("1"),
        "{\"keys\":" KEY("") "}",
        SET(KEY(",\"d\":\"AAAA\"")),
        SET(KEY(",\"k\":\"AAAA\"")),
        SET(KEY(",\"x5c\":[]")),
        SET(KEY(",\"x5u\":\"https://x\"")),
        SET(KEY(",\"jku\":\"https://x\"")),
        SET(KEY(",\"alg\":\"ES384\"")),
        SET(KEY(",\"alg\":1")),
        SET(KEY(",\"use\":\"enc\"")),
        SET(KEY(",\"kid\":\"\"")),
        SET(KEY(",\"kid\":1")),
        SET(KEY(",\"kty\":\"EC\"")), /* twice */
        SET(KEY(",\"kid\":\"a\"") "," KEY(",\"kid\":\"a\"")),
        SET("{\"kty\":\"RSA\",\"crv\":\"P-256\"," X "," Y "}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-384\"," X "," Y "}"),
        SET("{\"crv\":\"P-256\"," X "," Y "}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X "}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":\"AAAA\"}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X ",\"y\":1}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X
            ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0=\"}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X
            ",\"y\":\"x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0\"}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\"," X
            ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}"),
        SET(KEY("") "," KEY("") "," KEY("") "," KEY("") "," KEY("") "," KEY("") "," KEY("") "," KEY(
            "") "," KEY("")),
    };
    for (size_t i = 0; i < sizeof SETS / sizeof SETS[0]; i++) {
        Jwk *keys = NULL;
        size_t count = 0;
        Error error = jwk_set_parse(arena, str_from(SETS[i]), &keys, &count);
        if (error.reason != REASON_JOSE_INVALID) {
            fail_msg("%s: %s", SETS[i], error_words(error.reason)->name);
        }
        assert_null(keys);
    }
}

#define OKP(more_) "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"," X more_ "}"
#define A64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
/* 256 bytes, the first 0x80. */
#define N256 "g" A64 A64 A64 A64 A64 "AAAAAAAAAAAAAAAAAAAAA"
#define RSA(n_, more_) "{\"kty\":\"RSA\",\"n\":\"" n_ "\"" more_ "}"
#define PS256 ",\"e\":\"AQAB\",\"alg\":\"PS256\""

static ErrorReason reason_of(const char *set, Jwk **ret_keys)
{
    size_t count = 0;
    return jwk_set_parse(arena, str_from(set), ret_keys, &count).reason;
}

static void test_other_kinds(void **state)
{
    (void)state;
    Jwk *keys = NULL;
    assert_int_equal(reason_of(SET(OKP(",\"kid\":\"a\"") "," RSA(
                                   N256, PS256 ",\"kid\":\"b\"") "," KEY(",\"kid\":\"c\"")),
                               &keys),
                     REASON_NONE);
    assert_int_equal(keys[0].alg, JOSE_EDDSA);
    assert_int_equal(keys[0].x[0], 0x7f);
    assert_int_equal(keys[1].alg, JOSE_PS256);
    assert_int_equal(keys[1].n.n, 256);
    assert_int_equal(keys[2].alg, JOSE_ES256);
    static const char *const BAD[] = {
        SET(OKP(",\"alg\":\"ES256\"")),
        SET(OKP("," Y)),
        SET(OKP(",\"d\":\"AAAA\"")),
        SET("{\"kty\":\"OKP\",\"crv\":\"Ed448\"," X "}"),
        SET("{\"kty\":\"OKP\",\"crv\":\"X25519\"," X "}"),
        SET("{\"kty\":\"OKP\",\"crv\":\"P-256\"," X "}"),
        SET("{\"kty\":\"oct\",\"k\":\"AAAA\"}"),
        SET(KEY(",\"n\":\"AAAA\"")),
        SET(RSA(N256, ",\"e\":\"AQAB\"")), /* which padding? */
        SET(RSA(N256, ",\"e\":\"AQAB\",\"alg\":\"RS256\"")),
        SET(RSA(N256, ",\"e\":\"Aw\",\"alg\":\"PS256\"")),
        SET(RSA(N256, ",\"alg\":\"PS256\"")),
        SET(RSA("A" A64, PS256)),
        SET(RSA("gAAA", PS256)),
        SET(RSA(N256, PS256 "," X)),
        SET(RSA(N256, PS256 ",\"p\":\"AAAA\"")),
    };
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        if (reason_of(BAD[i], &keys) != REASON_JOSE_INVALID) {
            fail_msg("%s", BAD[i]);
        }
    }
}

static void test_find(void **state)
{
    (void)state;
    const Jwk keys[] = {{.kid = STR("a")}, {.kid = STR("b")}, {.kid = STR("")}};
    assert_ptr_equal(jwk_set_find(keys, 3, STR("b")), &keys[1]);
    assert_null(jwk_set_find(keys, 3, STR("c")));
    assert_null(
        jwk_set_find(keys, 3, STR(""))); /* no kid and several keys: which one is not guessed */
    assert_ptr_equal(jwk_set_find(keys, 1, STR("")), &keys[0]);
    assert_null(jwk_set_find(keys, 1, STR("x")));
    assert_null(jwk_set_find(keys, 0, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_find),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
