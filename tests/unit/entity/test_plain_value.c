/* Values as filters and orders read them: numbers to the last bit, text without memory, paths. */
#include "plain_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new((size_t)4 << 20);
    return arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    arena = arena_free(arena);
    return 0;
}

static PlainValue value_of(const char *json)
{
    PlainValue value;
    assert_ok(plain_value_in(arena, str_from(json), &value));
    return value;
}

static void test_kinds(void **state)
{
    (void)state;
    assert_int_equal(value_of("null").kind, PLAIN_NULL);
    assert_int_equal(value_of("true").kind, PLAIN_BOOL);
    assert_true(value_of("true").truth);
    assert_false(value_of("false").truth);
    assert_int_equal(value_of("[1]").kind, PLAIN_ARRAY);
    assert_int_equal(value_of("{}").kind, PLAIN_OBJECT);
    assert_str(value_of("\"a\"").text, "a");
    assert_str(value_of("\"a\\u00e9\\n\"").text, "aé\n");
    assert_str(value_of("[1, 2]").text, "[1, 2]");
}

static void test_types_that_hold_moments(void **state)
{
    (void)state;
    PlainValue value;
    assert_ok(
        plain_value_of_type_in(arena, STR("\"1970-01-01T00:00:01Z\""), STR("DateTime"), &value));
    assert_int_equal(value.kind, PLAIN_MOMENT);
    assert_int_equal(value.at_us, 1000000);
    assert_ok(plain_value_of_type_in(arena, STR("\"1970-01-01T00:00:01Z\""), STR("Text"), &value));
    assert_int_equal(value.kind, PLAIN_TEXT);
    assert_ok(plain_value_of_type_in(arena, STR("\"soon\""), STR("DateTime"), &value));
    assert_int_equal(value.kind, PLAIN_TEXT);
    assert_ok(plain_value_of_type_in(arena, STR("null"), STR("DateTime"), &value));
    assert_int_equal(value.kind, PLAIN_NULL);
}

/* --- numbers --- */

static void check_number(const char *text)
{
    double wanted = strtod(text, NULL);
    double number = value_of(text).number;
    uint64_t wanted_bits = 0;
    uint64_t bits = 0;
    memcpy(&wanted_bits, &wanted, sizeof bits);
    memcpy(&bits, &number, sizeof bits);
    if (bits != wanted_bits) {
        fail_msg("%s is read as %.17g", text, number);
    }
}

static void test_numbers_at_the_edges(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"0",
                                        "-0",
                                        "0.0",
                                        "-0.0",
                                        "1",
                                        "0.1",
                                        "0.3",
                                        "123456789012345",
                                        "1234567890123456",
                                        "9007199254740993",
                                        "0.000000000000001",
                                        "999999999999999",
                                        "0.999999999999999",
                                        "12345678901234567890",
                                        "1e5",
                                        "1E+5",
                                        "1e-7",
                                        "1.7976931348623157e308",
                                        "1e400",
                                        "-1e400",
                                        "4.9e-324",
                                        "1e-400",
                                        "0.12345678901234",
                                        "0.0000000000000000000001"};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        check_number(TEXTS[i]);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void test_numbers_as_strtod_reads_them(void **state)
{
    (void)state;
    const uint64_t seed = 64;
    print_message("seed %llu\n", (unsigned long long)seed);
    uint64_t random = seed;
    for (int i = 0; i < 200000; i++) {
        uint64_t digits = next_random(&random) >> (next_random(&random) % 60);
        uint64_t fraction = next_random(&random) % 100000;
        char text[64];
        snprintf(text, sizeof text, "%s%llu.%0*llu", i % 2 == 0 ? "" : "-",
                 (unsigned long long)digits, (int)(next_random(&random) % 12),
                 (unsigned long long)fraction);
        check_number(text);
    }
}

static void test_not_numbers(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {"",         "-",    "+1",  "1-",    "--1", "0x10",
                                        "Infinity", "NAN",  "1 2", "1e",    "e1",  " 1",
                                        "1,0",      "1..2", "\"",  "\"\\\""};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
        PlainValue value;
        Error error = plain_value_in(arena, str_from(TEXTS[i]), &value);
        if (!FAILED(error) || error.reason != REASON_STORE_CORRUPT) {
            fail_msg("%s is read", TEXTS[i]);
        }
    }
}

/* --- paths --- */

static const char *reached(const char *json, const char *path_text, bool *ret_has_gap)
{
    Str names[16];
    StrList path = {.items = names};
    Str rest = str_from(path_text);
    while (path_text[0] != '\0' && str_split(&rest, '/', &names[path.count])) {
        path.count++;
    }
    PlainReach reach;
    assert_ok(plain_value_reach_in(arena, str_from(json), path, &reach));
    Buf buf = buf_in(arena);
    for (size_t i = 0; i < reach.count; i++) {
        buf_add(&buf, i > 0 ? STR(" ") : STR_EMPTY);
        buf_add(&buf, json_text(reach.values[i]));
    }
    Str text;
    assert_ok(buf_finish(&buf, &text));
    *ret_has_gap = reach.has_gap;
    return str_argument(arena, text);
}

static void test_reach(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *path;
        const char *reached;
        bool has_gap;
    } CASES[] = {
        {"{\"a\":1}", "", "{\"a\":1}", false},
        {"{\"a\":{\"b\":[1]}}", "a/b", "[1]", false},
        {"{\"a\":1}", "b", "", true},
        {"{\"a\":1}", "a/b", "", true},
        {"[{\"a\":1},{\"a\":2}]", "a", "1 2", false},
        {"[{\"a\":1},{\"b\":2}]", "a", "1", true},
        {"[{\"a\":1},5]", "a", "1", true},
        {"[4,5]", "1", "5", false},
        {"[[4,5],6]", "0/1", "5", false},
        {"[[{\"a\":1}]]", "a", "", true},
        {"[{\"0\":1}]", "0", "{\"0\":1} 1", false},
        {"{\"a\":[{\"b\":[{\"c\":1},{\"c\":2}]},{\"b\":{\"c\":3}}]}", "a/b/c", "1 2 3", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        bool has_gap = false;
        assert_string_equal(reached(CASES[i].json, CASES[i].path, &has_gap), CASES[i].reached);
        assert_true(has_gap == CASES[i].has_gap);
    }
}

/* Each array can be passed by place and by member: counted one by one, that is 2^30 ways. */
static void test_reach_does_not_multiply(void **state)
{
    (void)state;
    Buf json = buf_in(arena);
    Str zeros[30];
    for (int i = 0; i < 30; i++) {
        buf_add(&json, STR("[{\"0\":"));
        zeros[i] = STR("0");
    }
    buf_add(&json, STR("7"));
    for (int i = 0; i < 30; i++) {
        buf_add(&json, STR("}]"));
    }
    Str text;
    assert_ok(buf_finish(&json, &text));
    PlainReach reach;
    StrList path = {.items = zeros, .count = 30};
    assert_ok(plain_value_reach_in(arena, text, path, &reach));
    assert_true(reach.count > 0 && reach.count <= 31);
    assert_true(arena_used_bytes(arena) < (size_t)256 << 10);
}

static void test_reach_without_memory(void **state)
{
    (void)state;
    const Str name = STR("a");
    StrList path = {.items = &name, .count = 1};
    Error error = FAIL(BUDGET_EXCEEDED, NULL);
    for (size_t budget = 16; FAILED(error); budget += 16) {
        CLEANUP(arena_free) Arena *small = arena_new(budget);
        PlainReach reach;
        error = plain_value_reach_in(small, STR("[{\"a\":1},{\"a\":[2]}]"), path, &reach);
        assert_true(!FAILED(error) || error.reason == REASON_BUDGET_EXCEEDED);
        assert_true(budget < 65536);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types_that_hold_moments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_at_the_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_as_strtod_reads_them, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reach, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reach_does_not_multiply, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reach_without_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
