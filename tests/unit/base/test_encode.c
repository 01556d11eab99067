/* Encodings: the RFC's vectors, and exactly one text for each byte string. */
#include "encode.h"

#include <string.h>

#include "check.h"
#include "fake_ports.h"

typedef void (*Encoder)(Buf *buf, Str bytes);
typedef Error (*Decoder)(Arena *arena, Str text, Str *ret_bytes);

static const struct {
    Encoder encode;
    Decoder decode;
} ENCODINGS[] = {{encode_hex, decode_hex_in},
                 {encode_base64, decode_base64_in},
                 {encode_base64url, decode_base64url_in}};

static Str encoded(Arena *arena, Encoder encode, Str bytes)
{
    Buf buf = buf_in(arena);
    Str text;
    encode(&buf, bytes);
    assert_ok(buf_finish(&buf, &text));
    return text;
}

/* RFC 4648 §10 */
static void test_vectors(void **state)
{
    (void)state;
    static const char *const VECTORS[][4] = {
        {"", "", "", ""},
        {"f", "66", "Zg==", "Zg"},
        {"fo", "666f", "Zm8=", "Zm8"},
        {"foo", "666f6f", "Zm9v", "Zm9v"},
        {"foob", "666f6f62", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "666f6f6261", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "666f6f626172", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "fbfffe", "+//+", "-__-"},
    };
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof VECTORS / sizeof VECTORS[0]; i++) {
        for (size_t e = 0; e < 3; e++) {
            Str bytes;
            assert_str(encoded(arena, ENCODINGS[e].encode, str_from(VECTORS[i][0])),
                       VECTORS[i][e + 1]);
            assert_ok(ENCODINGS[e].decode(arena, str_from(VECTORS[i][e + 1]), &bytes));
            assert_str(bytes, VECTORS[i][0]);
        }
    }
}

static void test_round_trip_of_random_bytes(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_encode");
    for (size_t n = 0; n < 300; n++) {
        CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
        unsigned char bytes[300];
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (unsigned char)fake_random(&random);
        }
        for (size_t e = 0; e < 3; e++) {
            Str back;
            Str text = encoded(arena, ENCODINGS[e].encode, str_bytes(bytes, n));
            assert_ok(ENCODINGS[e].decode(arena, text, &back));
            assert_str_eq(back, str_bytes(bytes, n));
        }
    }
}

/* Every text of up to three characters: if it decodes, it is the text that its bytes encode to. */
static void test_no_second_text_for_the_same_bytes(void **state)
{
    (void)state;
    static const char LETTERS[] = "AZaz09+/-_=fgG \n";
    const size_t count = sizeof LETTERS; /* the closing NUL is one of them */
    for (size_t e = 0; e < 3; e++) {
        CLEANUP(arena_free) Arena *arena = arena_new((size_t)64 << 20);
        for (size_t word = 0; word < count * count * count * count; word++) {
            const char text[4] = {LETTERS[word % count], LETTERS[word / count % count],
                                  LETTERS[word / count / count % count],
                                  LETTERS[word / count / count / count]};
            for (size_t n = 2; n <= 4; n++) {
                Str bytes;
                if (!FAILED(ENCODINGS[e].decode(arena, str_bytes(text, n), &bytes))) {
                    assert_str_eq(encoded(arena, ENCODINGS[e].encode, bytes), str_bytes(text, n));
                }
            }
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        Decoder decode;
        const char *text;
    } CASES[] = {
        {decode_hex_in, "0"},           {decode_hex_in, "0G"},
        {decode_hex_in, "AB"},          {decode_hex_in, "0x"},
        {decode_hex_in, "a b"},         {decode_base64_in, "Zg"},
        {decode_base64_in, "Zg="},      {decode_base64_in, "Zh=="},
        {decode_base64_in, "Zg==="},    {decode_base64_in, "===="},
        {decode_base64_in, "="},        {decode_base64_in, "Z==="},
        {decode_base64_in, "Zm9v\n"},   {decode_base64_in, "Zm-v"},
        {decode_base64_in, "Zg==Zg=="}, {decode_base64url_in, "Zg=="},
        {decode_base64url_in, "Zh"},    {decode_base64url_in, "Z"},
        {decode_base64url_in, "Zm9vY"}, {decode_base64url_in, "Zm+v"},
        {decode_base64url_in, "Zm9"},
    };
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Str bytes = STR("untouched");
        assert_fails(CASES[i].decode(arena, str_from(CASES[i].text), &bytes), BAD_ENCODING);
        assert_str(bytes, "untouched");
    }
}

static void test_token_helper_is_the_same_encoding(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_encode token");
    for (int round = 0; round < 100; round++) {
        CLEANUP(arena_free) Arena *arena = arena_new(1024);
        uint8_t bytes[16];
        for (size_t i = 0; i < 16; i++) {
            bytes[i] = (uint8_t)fake_random(&random);
        }
        char text[ENCODE_BASE64URL_16_BYTES];
        memset(text, 'x', sizeof text);
        encode_base64url_16(bytes, text);
        assert_int_equal(strlen(text), 22);
        assert_str_eq(encoded(arena, encode_base64url, str_bytes(bytes, 16)), str_from(text));
    }
}

static void test_short_memory_is_told(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(0);
    Str bytes;
    assert_fails(decode_hex_in(arena, STR("00"), &bytes), BUDGET_EXCEEDED);
    assert_fails(decode_base64_in(arena, STR("AAAA"), &bytes), BUDGET_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_round_trip_of_random_bytes),
        cmocka_unit_test(test_no_second_text_for_the_same_bytes),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_token_helper_is_the_same_encoding),
        cmocka_unit_test(test_short_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
