/* The strict reader: texts it must accept and must refuse, its limits, where it went wrong. */
#include "json.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

typedef struct Accepted {
    Str text;
    JsonKind kind;
    uint32_t count;
} Accepted;

static const Accepted ACCEPTED[] = {
    /* structures */
    {STR_INIT("[]"), JSON_ARRAY, 0},
    {STR_INIT("{}"), JSON_OBJECT, 0},
    {STR_INIT(" \t\r\n[ \t\r\n] \t\r\n"), JSON_ARRAY, 0},
    {STR_INIT("{ }"), JSON_OBJECT, 0},
    {STR_INIT("[[]]"), JSON_ARRAY, 1},
    {STR_INIT("[[],{},[{}]]"), JSON_ARRAY, 3},
    {STR_INIT("[null,true,false,0,\"\"]"), JSON_ARRAY, 5},
    {STR_INIT("{\"a\":1}"), JSON_OBJECT, 1},
    {STR_INIT("{\"a\":{\"a\":{\"a\":1}}}"), JSON_OBJECT, 1},
    {STR_INIT("{\"\":0}"), JSON_OBJECT, 1},
    {STR_INIT("{\"a\" : 1 , \"b\" : 2}"), JSON_OBJECT, 2},
    {STR_INIT("{\"a\":1,\"A\":2,\"a \":3}"), JSON_OBJECT, 3},
    {STR_INIT("{\"{\":\"}\",\"[,:\":\"]\"}"), JSON_OBJECT, 2},
    {STR_INIT("[[1,2],[3,4],5]"), JSON_ARRAY, 3},
    /* lonely values */
    {STR_INIT("null"), JSON_NULL, 0},
    {STR_INIT("true"), JSON_TRUE, 0},
    {STR_INIT("false"), JSON_FALSE, 0},
    {STR_INIT(" 42 "), JSON_NUMBER, 0},
    {STR_INIT("\"x\""), JSON_STRING, 0},
    /* numbers */
    {STR_INIT("0"), JSON_NUMBER, 0},
    {STR_INIT("-0"), JSON_NUMBER, 0},
    {STR_INIT("-1"), JSON_NUMBER, 0},
    {STR_INIT("10"), JSON_NUMBER, 0},
    {STR_INIT("0.0"), JSON_NUMBER, 0},
    {STR_INIT("-0.00100"), JSON_NUMBER, 0},
    {STR_INIT("1e0"), JSON_NUMBER, 0},
    {STR_INIT("1E+2"), JSON_NUMBER, 0},
    {STR_INIT("1.5e-007"), JSON_NUMBER, 0},
    {STR_INIT("0e1"), JSON_NUMBER, 0},
    {STR_INIT("1e400"), JSON_NUMBER, 0},
    {STR_INIT("9007199254740993"), JSON_NUMBER, 0},
    {STR_INIT("123456789012345678901234567890"), JSON_NUMBER, 0},
    {STR_INIT("1234567890123456789012345678901234567890123456789012345678901234"), JSON_NUMBER, 0},
    /* strings */
    {STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), JSON_STRING, 0},
    {STR_INIT("\"\\u0041\\u00e9\\u3042\\uABCD\\uabcd\""), JSON_STRING, 0},
    {STR_INIT("\"\\ud83d\\ude00\""), JSON_STRING, 0},
    {STR_INIT("\"\\uDBFF\\uDFFF\""), JSON_STRING, 0},
    {STR_INIT("\"\\uffff\\ufeff\\u0001\""), JSON_STRING, 0},
    {STR_INIT("\"\x7f\""), JSON_STRING, 0},
    {STR_INIT("\"結び\""), JSON_STRING, 0},
    {STR_INIT("\"\xf4\x8f\xbf\xbf\""), JSON_STRING, 0},
    {STR_INIT("\"\xee\x80\x80\xed\x9f\xbf\""), JSON_STRING, 0},
    {STR_INIT("\"\xef\xbb\xbf\""), JSON_STRING, 0},
    {STR_INIT("\"// /* */ '\""), JSON_STRING, 0},
};

/* All refused as JSON_SYNTAX. Strings hold NULs and invalid UTF-8 on purpose. */
static const Str REFUSED[] = {
    /* nothing, or more than one value */
    STR_INIT(""),
    STR_INIT(" "),
    STR_INIT("\n"),
    STR_INIT("1 2"),
    STR_INIT("{} {}"),
    STR_INIT("[]]"),
    STR_INIT("{}}"),
    STR_INIT("[],"),
    STR_INIT(",[]"),
    STR_INIT("{\"v\":1} x"),
    STR_INIT("[]\0"),
    STR_INIT("\0[]"),
    STR_INIT("\"a\" \"b\""),
    /* arrays */
    STR_INIT("["),
    STR_INIT("]"),
    STR_INIT("[1"),
    STR_INIT("[1,"),
    STR_INIT("[1,]"),
    STR_INIT("[,1]"),
    STR_INIT("[,]"),
    STR_INIT("[1,,2]"),
    STR_INIT("[1 2]"),
    STR_INIT("[1:2]"),
    STR_INIT("[1}"),
    STR_INIT("[\"a\":1]"),
    STR_INIT("[[]"),
    STR_INIT("[1;2]"),
    STR_INIT("(1)"),
    STR_INIT("<null>"),
    /* objects */
    STR_INIT("{"),
    STR_INIT("}"),
    STR_INIT("{\"a\""),
    STR_INIT("{\"a\":"),
    STR_INIT("{\"a\":1"),
    STR_INIT("{\"a\":1,"),
    STR_INIT("{\"a\":1,}"),
    STR_INIT("{,\"a\":1}"),
    STR_INIT("{\"a\"}"),
    STR_INIT("{\"a\":}"),
    STR_INIT("{\"a\" 1}"),
    STR_INIT("{\"a\",1}"),
    STR_INIT("{\"a\"::1}"),
    STR_INIT("{\"a\":1]"),
    STR_INIT("{\"a\":1 \"b\":2}"),
    STR_INIT("{\"a\":1;\"b\":2}"),
    STR_INIT("{a:1}"),
    STR_INIT("{'a':1}"),
    STR_INIT("{1:1}"),
    STR_INIT("{null:1}"),
    STR_INIT("{[]:1}"),
    STR_INIT("{:1}"),
    STR_INIT("{\"a\":1,,\"b\":2}"),
    STR_INIT("{\"a\":\"b\",\"c\"}"),
    /* member names twice, also when written differently */
    STR_INIT("{\"a\":1,\"a\":1}"),
    STR_INIT("{\"a\":1,\"b\":2,\"a\":3}"),
    STR_INIT("{\"a\":1,\"\\u0061\":2}"),
    STR_INIT("{\"\\u0061\":1,\"\\u0061\":2}"),
    STR_INIT("{\"/\":1,\"\\/\":2}"),
    STR_INIT("{\"\":1,\"\":2}"),
    STR_INIT("{\"x\":{\"a\":1,\"a\":2}}"),
    STR_INIT("{\"\xe3\x81\x82\":1,\"\\u3042\":2}"),
    STR_INIT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\uDE00\":2}"),
    /* literals */
    STR_INIT("nul"),
    STR_INIT("tru"),
    STR_INIT("fals"),
    STR_INIT("truth"),
    STR_INIT("nulll"),
    STR_INIT("True"),
    STR_INIT("NULL"),
    STR_INIT("undefined"),
    STR_INIT("NaN"),
    STR_INIT("-NaN"),
    STR_INIT("Infinity"),
    STR_INIT("-Infinity"),
    STR_INIT("+Infinity"),
    STR_INIT("[true false]"),
    /* numbers */
    STR_INIT("-"),
    STR_INIT("+1"),
    STR_INIT("--1"),
    STR_INIT("-+1"),
    STR_INIT("01"),
    STR_INIT("-01"),
    STR_INIT("00"),
    STR_INIT("00.1"),
    STR_INIT("1."),
    STR_INIT("1.e1"),
    STR_INIT(".1"),
    STR_INIT("-.1"),
    STR_INIT("1..2"),
    STR_INIT("1.2.3"),
    STR_INIT("1e"),
    STR_INIT("1e+"),
    STR_INIT("1e-"),
    STR_INIT("1e1.0"),
    STR_INIT("1ee1"),
    STR_INIT("1e+-1"),
    STR_INIT("- 1"),
    STR_INIT("1 000"),
    STR_INIT("1,000"),
    STR_INIT("1_000"),
    STR_INIT("0x10"),
    STR_INIT("0b1"),
    STR_INIT("1a"),
    STR_INIT("1f"),
    STR_INIT("\xef\xbc\x91"),
    STR_INIT("123\0"),
    /* strings */
    STR_INIT("\""),
    STR_INIT("\"a"),
    STR_INIT("\"a\\"),
    STR_INIT("\"a\\\""),
    STR_INIT("'a'"),
    STR_INIT("a"),
    STR_INIT("\"a\tb\""),
    STR_INIT("\"a\nb\""),
    STR_INIT("\"a\x1f"
             "b\""),
    STR_INIT("\"a\0b\""),
    STR_INIT("\"\\x41\""),
    STR_INIT("\"\\a\""),
    STR_INIT("\"\\'\""),
    STR_INIT("\"\\0\""),
    STR_INIT("\"\\ \""),
    STR_INIT("\"\\\0\""),
    STR_INIT("\"\\U0041\""),
    STR_INIT("\"\\u\""),
    STR_INIT("\"\\u004\""),
    STR_INIT("\"\\u004g\""),
    STR_INIT("\"\\u 041\""),
    STR_INIT("\"\\u+041\""),
    STR_INIT("\"\\u00"),
    STR_INIT("\"\\\xe3\x81\x82\""),
    STR_INIT("\"a\\u0000b\""),
    STR_INIT("{\"a\\u0000\":1}"),
    STR_INIT("\"\\ud800\""),
    STR_INIT("\"\\ud800a\""),
    STR_INIT("\"\\ud800\\n\""),
    STR_INIT("\"\\ud800\\u0041\""),
    STR_INIT("\"\\ud800\\ud800\""),
    STR_INIT("\"\\ud800\\udc0\""),
    STR_INIT("\"\\ud800\\udc0"),
    STR_INIT("\"\\ud800u dc00\""),
    STR_INIT("\"\\udc00\""),
    STR_INIT("\"\\udc00\\ud800\""),
    STR_INIT("{\"\\udfff\":1}"),
    /* bytes that are no UTF-8 */
    STR_INIT("\"\x80\""),
    STR_INIT("\"\xbf\""),
    STR_INIT("\"\xc0\xaf\""),
    STR_INIT("\"\xc1\xbf\""),
    STR_INIT("\"\xe0\x80\xaf\""),
    STR_INIT("\"\xf0\x80\x80\xaf\""),
    STR_INIT("\"\xe3\x81\""),
    STR_INIT("\"\xe3\x81"),
    STR_INIT("\"\xed\xa0\x80\""),
    STR_INIT("\"\xed\xbf\xbf\""),
    STR_INIT("\"\xf4\x90\x80\x80\""),
    STR_INIT("\"\xf5\x80\x80\x80\""),
    STR_INIT("\"\xfe\""),
    STR_INIT("\"\xff\""),
    STR_INIT("{\"\xff\":1}"),
    STR_INIT("[\xff]"),
    STR_INIT("\xe3\x81\x82"),
    /* marks, blanks and comments of other languages */
    STR_INIT("\xef\xbb\xbf{}"),
    STR_INIT("\xff\xfe[\0]\0"),
    STR_INIT("[\xc2\xa0]"),
    STR_INIT("[\xe2\x80\xa8]"),
    STR_INIT("[\xe3\x80\x80]"),
    STR_INIT("[\v]"),
    STR_INIT("[\f]"),
    STR_INIT("[1]//x"),
    STR_INIT("[1/**/]"),
    STR_INIT("#\n[1]"),
    STR_INIT("[1]\x1a"),
    STR_INIT("\\u005b\\u005d"),
    STR_INIT("[\\n]"),
    STR_INIT("*"),
};

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

/* A copy with no byte behind it, so that ASan sees a read beyond the text. */
static Error parse_tight(Arena *arena, Str text, JsonLimits limits, JsonValue *ret_root)
{
    char *tight = malloc(text.n == 0 ? 1 : text.n);
    memcpy(tight, text.p, text.n);
    Error error = json_parse(arena, str_bytes(tight, text.n), limits, ret_root);
    free(tight);
    return error;
}

static JsonValue parsed(Arena *arena, Str text)
{
    JsonValue root;
    assert_ok(json_parse(arena, text, JSON_LIMITS_REQUEST, &root));
    return root;
}

/* --- the tables --- */

static void test_accepted(void **state)
{
    for (size_t i = 0; i < COUNT_OF(ACCEPTED); i++) {
        JsonValue root;
        assert_ok(parse_tight(*state, ACCEPTED[i].text, JSON_LIMITS_REQUEST, &root));
        root = parsed(*state, ACCEPTED[i].text);
        assert_int_equal(json_kind(root), ACCEPTED[i].kind);
        assert_int_equal(json_count(root), ACCEPTED[i].count);
        assert_str_eq(json_text(root), str_trim(ACCEPTED[i].text));
    }
}

static void test_refused(void **state)
{
    for (size_t i = 0; i < COUNT_OF(REFUSED); i++) {
        JsonValue root = {.tape = NULL, .at = 77};
        Error error = parse_tight(*state, REFUSED[i], JSON_LIMITS_REQUEST, &root);
        if (error.reason != REASON_JSON_SYNTAX) {
            fail_msg("row %zu is taken: %.*s", i, STR_FORMAT(REFUSED[i]));
        }
        assert_int_equal(root.at, 77);
    }
}

/* Every proper prefix of a text that ends in a bracket is refused, and reading it touches nothing
 * behind it. */
static void test_every_prefix_is_refused(void **state)
{
    Str whole =
        STR("{\"a\":[1.5e3,\"\\ud83d\\ude00 \xe3\x81\x82\",true,null],\"b\":{\"c\":false}}");
    JsonValue root;
    for (size_t n = 0; n < whole.n; n++) {
        assert_fails(parse_tight(*state, str_slice(whole, 0, n), JSON_LIMITS_REQUEST, &root),
                     JSON_SYNTAX);
    }
    assert_ok(parse_tight(*state, whole, JSON_LIMITS_REQUEST, &root));
}

/* --- limits --- */

static Str nested(Arena *arena, size_t depth)
{
    Buf buf = buf_in(arena);
    Str text;
    for (size_t i = 0; i < 2 * depth; i++) {
        buf_add_char(&buf, i < depth ? '[' : ']');
    }
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void test_depth_limit_is_exact(void **state)
{
    JsonValue root;
    JsonLimits limits = JSON_LIMITS_REQUEST;
    assert_ok(json_parse(*state, nested(*state, 64), limits, &root));
    assert_fails(json_parse(*state, nested(*state, 65), limits, &root), JSON_LIMIT);
    limits.depth_max = 1000; /* more than the reader's own bound is not to be had */
    assert_fails(json_parse(*state, nested(*state, 65), limits, &root), JSON_LIMIT);
    assert_fails(json_parse(*state, nested(*state, 100000), limits, &root), JSON_LIMIT);
    assert_ok(json_parse(*state, nested(*state, 32), JSON_LIMITS_API, &root));
    assert_fails(json_parse(*state, nested(*state, 33), JSON_LIMITS_API, &root), JSON_LIMIT);
    limits.depth_max = 0;
    assert_ok(json_parse(*state, STR("1"), limits, &root));
    assert_fails(json_parse(*state, STR("[]"), limits, &root), JSON_LIMIT);
}

static void test_node_limit_counts_values_and_names(void **state)
{
    JsonValue root;
    JsonLimits limits = JSON_LIMITS_REQUEST;
    limits.nodes_max = 5;
    assert_ok(json_parse(*state, STR("[1,2,3,4]"), limits, &root));
    assert_ok(json_parse(*state, STR("{\"a\":1,\"b\":2}"), limits, &root));
    assert_fails(json_parse(*state, STR("[1,2,3,4,5]"), limits, &root), JSON_LIMIT);
    assert_fails(json_parse(*state, STR("{\"a\":1,\"b\":[2]}"), limits, &root), JSON_LIMIT);
    limits.nodes_max = 0;
    assert_fails(json_parse(*state, STR("1"), limits, &root), JSON_LIMIT);
}

static void test_byte_and_number_limits_are_exact(void **state)
{
    JsonValue root;
    JsonLimits limits = JSON_LIMITS_REQUEST;
    limits.bytes_max = 4;
    assert_ok(json_parse(*state, STR("1234"), limits, &root));
    assert_fails(json_parse(*state, STR("12345"), limits, &root), JSON_LIMIT);
    char digits[65];
    memset(digits, '7', sizeof digits);
    assert_ok(json_parse(*state, str_bytes(digits, 64), JSON_LIMITS_API, &root));
    assert_fails(json_parse(*state, str_bytes(digits, 65), JSON_LIMITS_API, &root), JSON_LIMIT);
}

/* A tape that does not fit its arena is refused at whichever allocation, and the output stays as it
 * was. */
static void test_every_budget_either_fits_or_is_refused(void **state)
{
    (void)state;
    Str text =
        STR("{\"\\u0061\":[1,2,{\"b\\n\":\"c\"}],\"k0\":0,\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,"
            "\"k5\":5,\"k6\":6,\"k7\":7,\"k8\":8,\"k9\":9,\"l0\":0,\"l1\":1,\"l2\":2,\"l3\":3,"
            "\"l4\":4,\"l5\":5,\"l6\":6}");
    size_t refused = 0;
    Error error = FAIL(INTERNAL, NULL);
    for (size_t budget = 0; FAILED(error); budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        JsonValue root = {.tape = NULL, .at = 77};
        error = json_parse(arena, text, JSON_LIMITS_REQUEST, &root);
        if (FAILED(error)) {
            assert_fails(error, BUDGET_EXCEEDED);
            assert_int_equal(root.at, 77);
            refused++;
        }
    }
    assert_true(refused > 10);
}

/* --- where it went wrong --- */

static void test_position_is_told_without_a_byte_of_the_text(void **state)
{
    static const struct {
        const char *text;
        const char *argument;
    } CASES[] = {
        {"[1,\n  secret]", "line 2, column 3: a value is expected here"},
        {"{\"secret\":1,\"secret\":2}",
         "line 1, column 24: the object that ends here has the same member twice"},
        {"{\"secret\" 1}", "line 1, column 11: a colon is expected here"},
        {"[1] secret", "line 1, column 5: nothing more is expected here"},
        {"\"secret\\q\"", "line 1, column 8: unknown escape"},
    };
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        JsonValue root;
        Error error = json_parse(*state, str_from(CASES[i].text), JSON_LIMITS_REQUEST, &root);
        assert_fails(error, JSON_SYNTAX);
        assert_string_equal(error.argument, CASES[i].argument);
        assert_null(strstr(error.argument, "secret"));
    }
}

static void test_position_is_left_out_when_memory_is_short(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(160);
    JsonValue root;
    Error error = json_parse(arena, STR("[,]"), JSON_LIMITS_REQUEST, &root);
    assert_fails(error, JSON_SYNTAX);
    assert_non_null(error.argument);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_accepted),
        TEST(test_refused),
        TEST(test_every_prefix_is_refused),
        TEST(test_depth_limit_is_exact),
        TEST(test_node_limit_counts_values_and_names),
        TEST(test_byte_and_number_limits_are_exact),
        TEST(test_every_budget_either_fits_or_is_refused),
        TEST(test_position_is_told_without_a_byte_of_the_text),
        TEST(test_position_is_left_out_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
