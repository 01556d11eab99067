/* What the tape gives back: strings, members and items, numbers. */
#include "json.h"

#include <string.h>

#include "check.h"

#define COUNT_OF(array_) (sizeof(array_) / sizeof(array_)[0])

static int arena_setup(void **state)
{
    *state = arena_new(ARENA_REQUEST_BYTES);
    return *state == NULL;
}

static int arena_teardown(void **state)
{
    *state = arena_free(*state);
    return 0;
}

static JsonValue parsed(Arena *arena, Str text)
{
    JsonValue root;
    assert_ok(json_parse(arena, text, JSON_LIMITS_REQUEST, &root));
    return root;
}

static JsonValue parsed_z(Arena *arena, const char *text)
{
    return parsed(arena, str_from(text));
}

/* --- strings --- */

static void test_strings_decode(void **state)
{
    static const struct {
        Str json;
        Str text;
    } CASES[] = {
        {STR_INIT("\"\""), STR_INIT("")},
        {STR_INIT("\"plain \xe7\xb5\x90\""), STR_INIT("plain \xe7\xb5\x90")},
        {STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), STR_INIT("\"\\/\b\f\n\r\t")},
        {STR_INIT("\"\\u0041\\u00E9\\u3042\\uffff\""),
         STR_INIT("A\xc3\xa9\xe3\x81\x82\xef\xbf\xbf")},
        {STR_INIT("\"\\ud83d\\ude00x\""), STR_INIT("\xf0\x9f\x98\x80x")},
        {STR_INIT("\"\\uDBFF\\uDFFF\""), STR_INIT("\xf4\x8f\xbf\xbf")},
        {STR_INIT("\"\\u0001\\u007f\\u0080\\u07ff\\u0800\""),
         STR_INIT("\x01\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80")},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        JsonValue value = parsed(*state, CASES[i].json);
        Str text;
        assert_ok(json_string_in(*state, value, &text));
        assert_str_eq(text, CASES[i].text);
        assert_true(json_string_is(value, CASES[i].text));
        assert_false(json_string_is(value, STR("other")));
        assert_str_eq(json_text(value), CASES[i].json);
    }
}

static void test_string_without_escapes_is_a_view(void **state)
{
    Str json = STR("\"plain\"");
    Str text;
    assert_ok(json_string_in(*state, parsed(*state, json), &text));
    assert_ptr_equal(text.p, json.p + 1);
}

static void test_string_comparison_is_whole(void **state)
{
    JsonValue value = parsed_z(*state, "\"ab\"");
    assert_true(json_string_is(value, STR("ab")));
    assert_false(json_string_is(value, STR("a")));
    assert_false(json_string_is(value, STR("abc")));
    assert_false(json_string_is(value, STR("")));
    assert_false(json_string_is(parsed_z(*state, "1"), STR("1")));
    assert_true(json_string_is(parsed_z(*state, "\"\""), STR("")));
}

/* --- containers --- */

static void test_members_are_found_by_decoded_name(void **state)
{
    JsonValue root = parsed_z(*state, "{\"a\":1,\"\\u0062\":{\"a\":2},\"c\\n\":[3],\"\":4}");
    JsonValue member;
    assert_true(json_member(root, STR("b"), &member));
    assert_str(json_text(member), "{\"a\":2}");
    assert_true(json_member(root, STR("c\n"), &member));
    assert_str(json_text(member), "[3]");
    assert_true(json_member(root, STR(""), &member));
    assert_str(json_text(member), "4");
    assert_false(json_member(root, STR("\\u0062"), &member));
    assert_false(json_member(root, STR("A"), &member));
    assert_false(json_member(parsed_z(*state, "[\"a\",1]"), STR("a"), &member));
    assert_false(json_member(parsed_z(*state, "\"a\""), STR("a"), &member));
    assert_str(json_text(member), "4");
}

static void test_walk_keeps_the_order_and_steps_over_what_is_below(void **state)
{
    JsonValue root = parsed_z(*state, "{\"z\":[1,[2,3]],\"a\":{\"x\":{}}, \"\\u006d\" : null}");
    static const char *const WANTED[][2] = {{"z", "[1,[2,3]]"}, {"a", "{\"x\":{}}"}, {"m", "null"}};
    JsonIter iter = json_iter(root);
    Str key;
    JsonValue value;
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_next(&iter, &key, &value));
        assert_str(key, WANTED[i][0]);
        assert_str(json_text(value), WANTED[i][1]);
    }
    assert_false(json_next(&iter, &key, &value));
    assert_false(json_next(&iter, &key, &value));
}

static void test_walk_over_items_and_scalars(void **state)
{
    JsonIter iter = json_iter(parsed_z(*state, "[[],7]"));
    Str key = STR("x");
    JsonValue value;
    assert_true(json_next(&iter, &key, &value));
    assert_null(key.p);
    assert_true(json_next(&iter, NULL, &value));
    assert_str(json_text(value), "7");
    assert_false(json_next(&iter, NULL, &value));
    iter = json_iter(parsed_z(*state, "\"abc\""));
    assert_false(json_next(&iter, &key, &value));
    iter = json_iter(parsed_z(*state, "{}"));
    assert_false(json_next(&iter, &key, &value));
}

static Str many_members(Arena *arena, int count, const char *last)
{
    Buf buf = buf_in(arena);
    Str text;
    buf_add_char(&buf, '{');
    for (int i = 0; i < count; i++) {
        buf_add(&buf, STR("\"name"));
        buf_add_int(&buf, i);
        buf_add(&buf, STR("\":0,"));
    }
    buf_add(&buf, str_from(last));
    buf_add_char(&buf, '}');
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void test_duplicates_are_found_in_objects_of_any_size(void **state)
{
    static const int COUNTS[] = {1, 2, 14, 15, 16, 17, 100, 20000};
    JsonValue root;
    for (size_t i = 0; i < COUNT_OF(COUNTS); i++) {
        JsonLimits limits = JSON_LIMITS_REQUEST;
        CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
        Str good = many_members(arena, COUNTS[i], "\"name\":0");
        Str plain = many_members(arena, COUNTS[i], "\"name0\":0");
        Str escaped = many_members(arena, COUNTS[i], "\"\\u006eame0\":0");
        assert_ok(json_parse(arena, good, limits, &root));
        assert_int_equal(json_count(root), COUNTS[i] + 1);
        assert_fails(json_parse(arena, plain, limits, &root), JSON_SYNTAX);
        assert_fails(json_parse(arena, escaped, limits, &root), JSON_SYNTAX);
    }
    (void)state;
}

/* --- numbers --- */

static void test_integers_are_exact_or_refused(void **state)
{
    static const struct {
        const char *json;
        bool is_exact;
        int64_t value;
    } CASES[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"0.000", true, 0},
        {"0e999999999999", true, 0},
        {"42", true, 42},
        {"-42", true, -42},
        {"5.0", true, 5},
        {"5e0", true, 5},
        {"1e2", true, 100},
        {"1200e-2", true, 12},
        {"12.5e1", true, 125},
        {"0.001e3", true, 1},
        {"9007199254740993", true, 9007199254740993},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"-9.223372036854775808e18", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"12345678901234567890", false, 0},
        {"1e19", false, 0},
        {"1e400", false, 0},
        {"1e99999999999999999999", false, 0},
        {"1e-99999999999999999999", false, 0},
        {"0.5", false, 0},
        {"12e-1", false, 0},
        {"true", false, 0},
        {"\"5\"", false, 0},
        {"[5]", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        int64_t value = -7;
        assert_int_equal(json_integer(parsed_z(*state, CASES[i].json), &value), CASES[i].is_exact);
        assert_int_equal(value, CASES[i].is_exact ? CASES[i].value : -7);
    }
}

static void test_doubles(void **state)
{
    static const struct {
        const char *json;
        bool is_finite;
        double value;
    } CASES[] = {
        {"0.1", true, 0.1},
        {"-1.5e3", true, -1500},
        {"34.927812345678901", true, 34.927812345678901},
        {"1e308", true, 1e308},
        {"1e-400", true, 0},
        {"1e400", false, 0},
        {"-1e400", false, 0},
        {"null", false, 0},
        {"\"1\"", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        double value = -7;
        assert_int_equal(json_number(parsed_z(*state, CASES[i].json), &value), CASES[i].is_finite);
        assert_true(value == (CASES[i].is_finite ? CASES[i].value : -7));
    }
}

static void test_number_text(void **state)
{
    (void)state;
    assert_true(json_is_number_text(STR("-1.5e+10")));
    assert_true(json_is_number_text(STR("0")));
    static const char *const BAD[] = {"",   "-",  "1.",  ".5",  "01", "1e",
                                      " 1", "1 ", "0x1", "nan", "+1"};
    for (size_t i = 0; i < COUNT_OF(BAD); i++) {
        assert_false(json_is_number_text(str_from(BAD[i])));
    }
    char digits[65];
    memset(digits, '1', sizeof digits);
    assert_true(json_is_number_text(str_bytes(digits, 64)));
    assert_false(json_is_number_text(str_bytes(digits, 65)));
}

static void test_bool_kind(void **state)
{
    assert_true(json_is_bool(parsed_z(*state, "true")));
    assert_true(json_is_bool(parsed_z(*state, "false")));
    assert_false(json_is_bool(parsed_z(*state, "null")));
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_strings_decode),
        TEST(test_string_without_escapes_is_a_view),
        TEST(test_string_comparison_is_whole),
        TEST(test_members_are_found_by_decoded_name),
        TEST(test_walk_keeps_the_order_and_steps_over_what_is_below),
        TEST(test_walk_over_items_and_scalars),
        TEST(test_duplicates_are_found_in_objects_of_any_size),
        TEST(test_integers_are_exact_or_refused),
        TEST(test_doubles),
        TEST(test_number_text),
        TEST(test_bool_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
