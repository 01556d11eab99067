/* The strict reader: a table of texts it must accept and must refuse, its limits, and what the tape
 * gives back. */
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

static JsonValue parsed_z(Arena *arena, const char *text)
{
    return parsed(arena, str_from(text));
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
        TEST(test_accepted),
        TEST(test_refused),
        TEST(test_every_prefix_is_refused),
        TEST(test_depth_limit_is_exact),
        TEST(test_node_limit_counts_values_and_names),
        TEST(test_byte_and_number_limits_are_exact),
        TEST(test_every_budget_either_fits_or_is_refused),
        TEST(test_position_is_told_without_a_byte_of_the_text),
        TEST(test_position_is_left_out_when_memory_is_short),
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
