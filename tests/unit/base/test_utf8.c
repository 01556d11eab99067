/* UTF-8: every code point, every kind of bad byte, and NFKC as staff and citizens type. */
#include "utf8.h"

#include <string.h>

#include "check.h"
#include "fake_ports.h"

static void test_every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        char bytes[4];
        size_t n = utf8_encode(point, bytes);
        uint32_t back = 0;
        if (utf8_decode(str_bytes(bytes, n), &back) != n || back != point ||
            utf8_decode(str_bytes(bytes, n - 1), NULL) != 0) {
            fail_msg("U+%04X", point);
        }
    }
}

/* All sequences of up to three bytes: what decodes is the shortest text of its code point. */
static void test_nothing_but_shortest_forms_decodes(void **state)
{
    (void)state;
    for (uint32_t word = 0; word < 0x1000000; word += word < 0xc00000 ? 7 : 1) {
        const char bytes[3] = {(char)(word >> 16), (char)(word >> 8), (char)word};
        uint32_t point = 0;
        size_t n = utf8_decode(str_bytes(bytes, 3), &point);
        char again[4];
        if (n != 0 && (utf8_encode(point, again) != n || memcmp(again, bytes, n) != 0 ||
                       (point >= 0xd800 && point <= 0xdfff))) {
            fail_msg("%06x", word);
        }
    }
}

static void test_validity(void **state)
{
    (void)state;
    static const Str GOOD[] = {STR_INIT(""), STR_INIT("a\0b"), STR_INIT("結び"),
                               STR_INIT("\xf4\x8f\xbf\xbf"), STR_INIT("\xef\xbf\xbf")};
    static const Str BAD[] = {
        STR_INIT("a\x80"),
        STR_INIT("\xc0\x80"),
        STR_INIT("\xc1\xbf"),
        STR_INIT("\xe0\x9f\xbf"),
        STR_INIT("\xed\xa0\x80"),
        STR_INIT("\xf0\x8f\xbf\xbf"),
        STR_INIT("\xf4\x90\x80\x80"),
        STR_INIT("\xf8\x88\x80\x80\x80"),
        STR_INIT("\xe7\xb5"),
        STR_INIT("\xe7\xb5x"),
        STR_INIT("\xff"),
        STR_INIT("ok\xc3"),
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        assert_true(utf8_is_valid(GOOD[i]));
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assert_false(utf8_is_valid(BAD[i]));
    }
}

static void test_length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_length(STR("")), 0);
    assert_int_equal(utf8_length(STR("abc")), 3);
    assert_int_equal(utf8_length(STR("結び😀")), 3);
    assert_int_equal(utf8_length(STR("a\xff\xffz")), 4);
}

static void test_nfkc(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"ﾊﾟｰｸ１２３（株）㈱①", "パーク123(株)(株)1"},
        {"髙﨑", "髙﨑"},
        {"か\xe3\x82\x99", "が"},
        {"Ａｂ　Ｃ", "Ab C"},
        {"ﬁ", "fi"},
        {"\xef\xb7\xba", "صلى الله عليه وسلم"},
    };
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        Str text;
        assert_ok(utf8_nfkc_in(arena, str_from(CASES[i][0]), &text));
        assert_str(text, CASES[i][1]);
        assert_ok(utf8_nfkc_in(arena, text, &text));
        assert_str(text, CASES[i][1]);
    }
}

static void test_nfkc_keeps_nul_and_refuses_bad_bytes(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    Str text = STR("untouched");
    assert_fails(utf8_nfkc_in(arena, STR("a\xed\xa0\x80"), &text), BAD_ENCODING);
    assert_str(text, "untouched");
    assert_ok(utf8_nfkc_in(arena, STR("Ａ\0Ｂ"), &text));
    assert_str_eq(text, STR("A\0B"));
    CLEANUP(arena_free) Arena *small = arena_new(16);
    assert_fails(utf8_nfkc_in(small, STR("long enough"), &text), BUDGET_EXCEEDED);
}

/* Texts of any valid code points come back valid and stable. */
static void test_nfkc_of_random_texts_is_stable(void **state)
{
    (void)state;
    uint64_t random = fake_seed("test_utf8");
    for (int i = 0; i < 3000; i++) {
        CLEANUP(arena_free) Arena *arena = arena_new(1 << 16);
        Buf buf = buf_in(arena);
        for (uint64_t n = fake_random_below(&random, 8); n > 0; n--) {
            uint32_t point = (uint32_t)fake_random_below(&random, i % 2 == 0 ? 0x10000 : 0x110000);
            utf8_add(&buf, point >= 0xd800 && point <= 0xdfff ? 'x' : point);
        }
        Str text;
        Str once;
        Str twice;
        assert_ok(buf_finish(&buf, &text));
        assert_ok(utf8_nfkc_in(arena, text, &once));
        assert_true(utf8_is_valid(once));
        assert_ok(utf8_nfkc_in(arena, once, &twice));
        assert_str_eq(once, twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_point_round_trips),
        cmocka_unit_test(test_nothing_but_shortest_forms_decodes),
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_length_counts_code_points),
        cmocka_unit_test(test_nfkc),
        cmocka_unit_test(test_nfkc_keeps_nul_and_refuses_bad_bytes),
        cmocka_unit_test(test_nfkc_of_random_texts_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
