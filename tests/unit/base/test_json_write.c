/* The writer: commas, nesting, escapes, and mistakes that must not become half an answer. */
#include "json_write.h"

#include "check.h"
#include "fake_ports.h"

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

static void test_nesting_and_commas(void **state)
{
    Buf buf = buf_in(*state);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("id"), STR("x"));
    json_write_key(&writer, STR("list"));
    json_write_begin_array(&writer);
    json_write_begin_array(&writer);
    json_write_end_array(&writer);
    json_write_int(&writer, -5);
    json_write_begin_object(&writer);
    json_write_end_object(&writer);
    json_write_null(&writer);
    json_write_end_array(&writer);
    json_write_member_int(&writer, STR("n"), INT64_MIN);
    json_write_member_bool(&writer, STR("b"), false);
    json_write_member_raw(&writer, STR("v"), STR("2.0"));
    json_write_key(&writer, STR("t"));
    json_write_bool(&writer, true);
    json_write_end_object(&writer);
    Str json;
    assert_ok(json_write_finish(&writer, &json));
    assert_str(json, "{\"id\":\"x\",\"list\":[[],-5,{},null],\"n\":-9223372036854775808,"
                     "\"b\":false,\"v\":2.0,\"t\":true}");
}

static void test_appends_to_what_is_there(void **state)
{
    Buf buf = buf_in(*state);
    buf_add(&buf, STR("data: "));
    JsonWriter writer = json_writer(&buf);
    json_write_string(&writer, STR("x"));
    Str json;
    assert_ok(json_write_finish(&writer, &json));
    assert_str(json, "data: \"x\"");
}

static void test_escapes_what_must_be_and_nothing_else(void **state)
{
    Buf buf = buf_in(*state);
    json_write_quoted(&buf, STR("\"\\/\b\f\n\r\t\x01\x1f\x7f<>&' \xe7\xb5\x90\xf0\x9f\x98\x80\0"));
    Str json;
    assert_ok(buf_finish(&buf, &json));
    assert_str(json, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f<>&' "
                     "\xe7\xb5\x90\xf0\x9f\x98\x80\\u0000\"");
}

static void test_names_are_escaped_too(void **state)
{
    Buf buf = buf_in(*state);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    json_write_member_string(&writer, STR("a\"\n"), STR(""));
    json_write_end_object(&writer);
    Str json;
    assert_ok(json_write_finish(&writer, &json));
    assert_str(json, "{\"a\\\"\\n\":\"\"}");
}

static void begin_arrays(JsonWriter *writer, int count)
{
    for (int i = 0; i < count; i++) {
        json_write_begin_array(writer);
    }
}

static void end_arrays(JsonWriter *writer, int count)
{
    for (int i = 0; i < count; i++) {
        json_write_end_array(writer);
    }
}

static void test_depth_of_what_the_reader_takes(void **state)
{
    Buf buf = buf_in(*state);
    JsonWriter writer = json_writer(&buf);
    begin_arrays(&writer, JSON_DEPTH_MAX);
    json_write_int(&writer, 1);
    json_write_int(&writer, 2);
    end_arrays(&writer, JSON_DEPTH_MAX);
    Str json;
    JsonValue root;
    assert_ok(json_write_finish(&writer, &json));
    assert_ok(json_parse(*state, json, JSON_LIMITS_REQUEST, &root));
}

static void test_deeper_fails(void **state)
{
    Buf buf = buf_in(*state);
    JsonWriter writer = json_writer(&buf);
    begin_arrays(&writer, JSON_DEPTH_MAX + 1);
    end_arrays(&writer, JSON_DEPTH_MAX);
    Str json;
    assert_true(FAILED(json_write_finish(&writer, &json)));
}

static void two_roots(JsonWriter *writer)
{
    json_write_null(writer);
    json_write_null(writer);
}

static void left_open(JsonWriter *writer)
{
    json_write_begin_array(writer);
}

static void ended_twice(JsonWriter *writer)
{
    json_write_begin_array(writer);
    json_write_end_array(writer);
    json_write_end_array(writer);
}

static void name_without_value(JsonWriter *writer)
{
    json_write_begin_object(writer);
    json_write_key(writer, STR("a"));
    json_write_end_object(writer);
}

static void test_mistakes_fail(void **state)
{
    static void (*const MISTAKES[])(JsonWriter *) = {two_roots, left_open, ended_twice,
                                                     name_without_value};
    for (size_t i = 0; i < sizeof MISTAKES / sizeof MISTAKES[0]; i++) {
        Buf buf = buf_in(*state);
        JsonWriter writer = json_writer(&buf);
        Str json = STR("untouched");
        MISTAKES[i](&writer);
        assert_true(FAILED(json_write_finish(&writer, &json)));
        assert_str(json, "untouched");
    }
}

static void test_short_memory_fails(void **state)
{
    (void)state;
    CLEANUP(arena_free) Arena *arena = arena_new(64);
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    begin_arrays(&writer, 1);
    for (int i = 0; i < 100; i++) {
        json_write_int(&writer, i);
    }
    end_arrays(&writer, 1);
    Str json;
    assert_fails(json_write_finish(&writer, &json), BUDGET_EXCEEDED);
}

/* Any text at all, written and read again, is the same text. */
static void test_written_strings_read_back(void **state)
{
    uint64_t random = fake_seed("test_json_write");
    for (int i = 0; i < 2000; i++) {
        Arena *arena = *state;
        Buf text_buf = buf_in(arena);
        for (uint64_t n = fake_random_below(&random, 12); n > 0; n--) {
            uint64_t wide = fake_random_below(&random, 3);
            char ascii = (char)(1 + fake_random_below(&random, 127));
            buf_add(&text_buf, wide == 0 ? STR("結") : wide == 1 ? STR("😀") : str_bytes(&ascii, 1));
        }
        Str text;
        assert_ok(buf_finish(&text_buf, &text));
        Buf buf = buf_in(arena);
        json_write_quoted(&buf, text);
        Str json;
        JsonValue root;
        assert_ok(buf_finish(&buf, &json));
        assert_ok(json_parse(arena, json, JSON_LIMITS_REQUEST, &root));
        assert_true(json_string_is(root, text));
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

static void test_canonical_text_keeps_numbers_and_normalises_the_rest(void **state)
{
    (void)state;
    static const struct {
        const char *sent;
        const char *kept;
    } cases[] = {
        {"2.0", "2.0"},
        {"1e2", "1e2"},
        {"\"\\u5317\\u6761\"", "\"北条\""},
        {"\"a\\/b\"", "\"a/b\""},
        {"\"\\ud83d\\ude00\"", "\"😀\""},
        {" { \"b\" : [ 1.50 , \"x\\u0022\" ] , \"a\" : { } } ",
         "{\"b\":[1.50,\"x\\\"\"],\"a\":{}}"},
        {"null", "null"},
    };
    CLEANUP(arena_free) Arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        JsonValue root;
        Str kept = STR_EMPTY;
        Str again = STR_EMPTY;
        assert_ok(json_parse(arena, str_from(cases[i].sent), JSON_LIMITS_REQUEST, &root));
        assert_ok(json_canonical_in(arena, root, &kept));
        assert_str(kept, cases[i].kept);
        assert_ok(json_parse(arena, kept, JSON_LIMITS_REQUEST, &root));
        assert_ok(json_canonical_in(arena, root, &again));
        assert_str_eq(again, kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_canonical_text_keeps_numbers_and_normalises_the_rest),
        TEST(test_nesting_and_commas),
        TEST(test_appends_to_what_is_there),
        TEST(test_escapes_what_must_be_and_nothing_else),
        TEST(test_names_are_escaped_too),
        TEST(test_depth_of_what_the_reader_takes),
        TEST(test_deeper_fails),
        TEST(test_mistakes_fail),
        TEST(test_short_memory_fails),
        TEST(test_written_strings_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
