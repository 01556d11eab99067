/* Str and Buf. */
#include "str.h"

#include <string.h>

#include "check.h"

static void test_views(void **state)
{
    (void)state;
    assert_int_equal(str_from(NULL).n, 0);
    assert_non_null(str_from(NULL).p);
    assert_str(STR("abc"), "abc");
    assert_int_equal(STR("a\0b").n, 3);
}

static void test_order_is_by_unsigned_bytes_and_length(void **state)
{
    (void)state;
    static const Str SORTED[] = {STR_INIT(""),   STR_INIT("a"), STR_INIT("a\0"),
                                 STR_INIT("aa"), STR_INIT("b"), STR_INIT("\xff")};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            int order = str_compare(SORTED[i], SORTED[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(str_eq(SORTED[i], SORTED[j]), i == j);
            int same = str_compare_void(&SORTED[i], &SORTED[j]);
            assert_int_equal((same > 0) - (same < 0), (i > j) - (i < j));
        }
    }
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(str_starts_with(STR("abc"), STR("")));
    assert_true(str_starts_with(STR("abc"), STR("abc")));
    assert_false(str_starts_with(STR("abc"), STR("abcd")));
    assert_false(str_starts_with(STR("abc"), STR("b")));
    assert_true(str_ends_with(STR("abc"), STR("bc")));
    assert_true(str_ends_with(STR("abc"), STR("")));
    assert_false(str_ends_with(STR("abc"), STR("xabc")));
    assert_false(str_ends_with(STR(""), STR("c")));
}

static void test_find_and_slice_clamp(void **state)
{
    (void)state;
    assert_int_equal(str_find(STR("a=b=c"), '='), 1);
    assert_int_equal(str_find(STR("abc"), 'x'), 3);
    assert_int_equal(str_find(STR_EMPTY, 'x'), 0);
    assert_str(str_slice(STR("abcdef"), 2, 3), "cde");
    assert_str(str_slice(STR("abcdef"), 4, SIZE_MAX), "ef");
    assert_str(str_slice(STR("abcdef"), 9, 1), "");
    assert_str(str_slice((Str){.p = NULL, .n = 0}, 1, 1), "");
}

static void assert_parts(Str text, const char *wanted_joined_by_bar)
{
    char joined[64] = "";
    size_t used = 0;
    Str part;
    for (Str rest = text; str_split(&rest, ',', &part);) {
        memcpy(joined + used, part.p, part.n);
        used += part.n;
        joined[used++] = '|';
    }
    assert_str(str_bytes(joined, used), wanted_joined_by_bar);
}

static void test_split_gives_every_part(void **state)
{
    (void)state;
    assert_parts(STR("a,,b"), "a||b|");
    assert_parts(STR(""), "|");
    assert_parts(STR(","), "||");
    assert_parts(STR("a,"), "a||");
    assert_parts(STR("abc"), "abc|");
}

static void test_trim(void **state)
{
    (void)state;
    assert_str(str_trim(STR(" \t\r\n a b \n")), "a b");
    assert_str(str_trim(STR(" \t")), "");
    assert_str(str_trim(STR("")), "");
}

static void test_copies_are_terminated(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1024);
    Str copy;
    assert_ok(str_copy_in(arena, str_slice(STR("abcdef"), 1, 2), &copy));
    assert_string_equal(copy.p, "bc");
    assert_string_equal(str_z(arena, STR("x")), "x");
    assert_string_equal(str_argument(arena, STR("y")), "y");
    const Str parts[] = {STR_INIT("a"), STR_INIT(""), STR_INIT("bc")};
    assert_ok(str_join_in(arena, parts, 3, &copy));
    assert_str(copy, "abc");
    assert_ok(str_join_in(arena, parts, 0, &copy));
    assert_str(copy, "");
}

static void test_copies_over_budget_fail_and_leave_the_output(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(16);
    Str out = STR("untouched");
    Str text = STR("longer than sixteen bytes");
    assert_fails(str_copy_in(arena, text, &out), BUDGET_EXCEEDED);
    assert_fails(str_join_in(arena, &text, 1, &out), BUDGET_EXCEEDED);
    assert_null(str_z(arena, text));
    assert_string_equal(str_argument(arena, text), "");
    assert_str(out, "untouched");
}

static void test_uint(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_good;
        int64_t value;
    } CASES[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"99999999999999999999", false, 0},
        {"", false, 0},
        {"00", false, 0},
        {"01", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"1.0", false, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        int64_t value = -7;
        assert_int_equal(str_to_uint(str_from(CASES[i].text), &value), CASES[i].is_good);
        assert_int_equal(value, CASES[i].is_good ? CASES[i].value : -7);
    }
}

static void test_buf_grows_and_keeps_what_it_has(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    Buf buf = buf_in(arena);
    Str text;
    assert_ok(buf_finish(&buf, &text));
    assert_str(text, "");
    for (int i = 0; i < 2000; i++) {
        buf_add_int(&buf, i);
        buf_add_char(&buf, ',');
    }
    assert_ok(buf_finish(&buf, &text));
    Str part;
    Str rest = text;
    for (int i = 0; i < 2000; i++) {
        assert_true(str_split(&rest, ',', &part));
        int64_t number = -1;
        assert_true(str_to_uint(part, &number));
        assert_int_equal(number, i);
    }
}

static void test_buf_integers(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1024);
    Buf buf = buf_in(arena);
    Str text;
    buf_add_int(&buf, INT64_MIN);
    buf_add_char(&buf, ' ');
    buf_add_int(&buf, INT64_MAX);
    buf_add(&buf, STR(" "));
    buf_add_int(&buf, 0);
    assert_ok(buf_finish(&buf, &text));
    assert_str(text, "-9223372036854775808 9223372036854775807 0");
}

static void test_buf_binary(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(1024);
    Buf buf = buf_in(arena);
    Str text;
    buf_add_u32be(&buf, 0x01020304);
    buf_add_u64be(&buf, 0x05060708090a0b0c);
    buf_add_lp(&buf, STR("ab"));
    buf_add_lp(&buf, STR_EMPTY);
    assert_ok(buf_finish(&buf, &text));
    assert_str_eq(text, STR("\1\2\3\4\5\6\7\10\11\12\13\14\0\0\0\2ab\0\0\0\0"));
}

static void test_buf_failure_sticks(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(128);
    Buf buf = buf_in(arena);
    Str text = STR("untouched");
    buf_add(&buf, STR("fits"));
    assert_null(buf_extend(&buf, 4096));
    buf_add(&buf, STR("x"));
    assert_fails(buf_finish(&buf, &text), BUDGET_EXCEEDED);
    assert_str(text, "untouched");
}

/* A size no memory has fails although no arena refused it; it must not come out as success. */
static void test_buf_overflow_is_a_failure(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(128);
    Buf buf = buf_in(arena);
    Str text = STR_EMPTY;
    buf_add_char(&buf, 'x');
    assert_null(buf_extend(&buf, SIZE_MAX));
    assert_fails(buf_finish(&buf, &text), BUDGET_EXCEEDED);
}

static void test_buf_extend_gives_zeroed_room(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    Buf buf = buf_in(arena);
    assert_non_null(buf_extend(&buf, 0));
    buf_add(&buf, STR("ab"));
    char *room = buf_extend(&buf, 200);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(room[i], 0);
    }
    room[199] = 'z';
    Str text;
    assert_ok(buf_finish(&buf, &text));
    assert_int_equal(text.n, 202);
    assert_int_equal(text.p[201], 'z');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_order_is_by_unsigned_bytes_and_length),
        cmocka_unit_test(test_starts_and_ends),
        cmocka_unit_test(test_find_and_slice_clamp),
        cmocka_unit_test(test_split_gives_every_part),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_copies_are_terminated),
        cmocka_unit_test(test_copies_over_budget_fail_and_leave_the_output),
        cmocka_unit_test(test_uint),
        cmocka_unit_test(test_buf_grows_and_keeps_what_it_has),
        cmocka_unit_test(test_buf_integers),
        cmocka_unit_test(test_buf_binary),
        cmocka_unit_test(test_buf_failure_sticks),
        cmocka_unit_test(test_buf_overflow_is_a_failure),
        cmocka_unit_test(test_buf_extend_gives_zeroed_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
