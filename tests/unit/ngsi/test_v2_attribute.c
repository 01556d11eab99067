/* One attribute, and its value alone: what is read, with which type, and every refusal in Orion's
 * words. */
#include "v2_attribute.h"

#include <string.h>

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new(ARENA_REQUEST_BYTES);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

typedef Error (*Parse)(Arena *arena, Str name, Str body, Attribute *ret_attribute);

typedef struct Taken {
    const char *name;
    const char *body;
    const char *type;
    const char *value;
    const char *metadata; /* name:type=value, … */
} Taken;

static Str metadata_text(Arena *arena, const Attribute *attribute)
{
    Buf buf = buf_in(arena);
    Str text;
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        const Metadata *metadata = &attribute->metadata[i];
        const Str parts[] = {i > 0 ? STR(", ") : STR(""),
                             metadata->name,
                             STR(":"),
                             metadata->type,
                             STR("="),
                             metadata->value};
        for (size_t j = 0; j < sizeof parts / sizeof parts[0]; j++) {
            buf_add(&buf, parts[j]);
        }
    }
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void check_taken(Arena *arena, Parse parse, const Taken *row)
{
    Attribute attribute;
    Error error = parse(arena, str_from(row->name), str_from(row->body), &attribute);
    if (FAILED(error)) {
        fail_msg("%s refused: %s", row->body, error_words(error.reason)->name);
    }
    assert_str(attribute.name, row->name);
    assert_str(attribute.type, row->type);
    assert_str(attribute.value, row->value);
    assert_str(attribute.dataset_id, "");
    assert_str(metadata_text(arena, &attribute), row->metadata);
}

typedef struct Refused {
    const char *body;
    const char *text;
} Refused;

static void check_refused(Arena *arena, Parse parse, const char *name, const Refused *row)
{
    Attribute attribute = {.value = STR("untouched")};
    char text[256];
    Error error = parse(arena, str_from(name), str_from(row->body), &attribute);
    if (!FAILED(error)) {
        fail_msg("accepted: %s", row->body);
    }
    (void)error_text(error, text, sizeof text);
    if (strcmp(text, row->text) != 0 || error_words(error.reason)->http_status != 400) {
        fail_msg("%s\ngot    %s\nwanted %s", row->body, text, row->text);
    }
    assert_str(attribute.value, "untouched");
}

#define COUNT_OF(array_) (sizeof(array_) / sizeof(array_)[0])

static void test_attribute_bodies(void **state)
{
    static const Taken rows[] = {
        {"a", "{}", "None", "null", ""},
        {"a", "{\"value\":5,\"type\":\"Integer\"}", "Integer", "5", ""},
        {"a", "{\"value\":6}", "Number", "6", ""},
        {"a", "{\"type\":\"Foo\"}", "Foo", "null", ""},
        {"a", "{\"value\":null}", "None", "null", ""},
        {"a", "{\"value\":[1, 2]}", "StructuredValue", "[1,2]", ""},
        {"a", "{\"value\":2.0}", "Number", "2.0", ""},
        {"a", "{\"value\":{\"$inc\":1}}", "StructuredValue", "{\"$inc\":1}", ""},
        {"a", "{\"value\":{\"$push\":\"x\"},\"type\":\"List\"}", "List", "{\"$push\":\"x\"}", ""},
        {"a", "{\"value\":{\"$foo\":1}}", "StructuredValue", "{\"$foo\":1}", ""},
        {"a", "{\"value\":1,\"metadata\":{}}", "Number", "1", ""},
        {"a",
         "{\"metadata\":{\"z\":{\"value\":\"x\"},\"b\":{\"value\":1,\"type\":\"T\"},\"n\":{}}}",
         "None", "null", "z:Text=\"x\", b:T=1, n:None=null"},
        {"a",
         "{\"metadata\":{\"dateCreated\":{\"value\":1},\"m\":{\"value\":2,\"type\":\"T\"},"
         "\"previousValue\":{\"value\":3,\"type\":\"\"}}}",
         "None", "null", "m:T=2"},
        {"a", "{\"metadata\":{\"at\":{\"value\":null,\"type\":\"DateTime\"}}}", "None", "null",
         "at:DateTime=null"},
        {"a", "{\"value\":\"(1)\",\"metadata\":{\"TextUnrestricted\":{\"value\":true}}}", "Text",
         "\"(1)\"", "TextUnrestricted:Boolean=true"},
        {"dateExpires", "{\"value\":\"2040-01-01\"}", "DateTime", "\"2040-01-01\"", ""},
        {"dateExpires", "{\"value\":\"2040-01-01\",\"type\":\"Text\"}", "DateTime",
         "\"2040-01-01\"", ""},
        {"l", "{\"value\":\"34.9, 134.8\",\"type\":\"geo:point\"}", "geo:point", "\"34.9, 134.8\"",
         ""},
        {"l", "{\"value\":null,\"type\":\"geo:json\"}", "geo:json", "null", ""},
        {"l", "{\"type\":\"geo:json\"}", "geo:json", "null", ""},
        {"l",
         "{\"value\":\"nowhere\",\"type\":\"geo:point\",\"metadata\":{\"ignoreType\":{\"value\":"
         "true}}}",
         "geo:point", "\"nowhere\"", "ignoreType:Boolean=true"},
        {"l", "{\"value\":{\"$set\":{\"a\":1}},\"type\":\"geo:json\"}", "geo:json",
         "{\"$set\":{\"a\":1}}", ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_taken(*state, v2_attribute_body_parse, &rows[i]);
    }
}

static void test_attribute_bodies_refused(void **state)
{
    static const Refused rows[] = {
        {"5", "Errors found in incoming JSON buffer"},
        {"[]", "Errors found in incoming JSON buffer"},
        {"{\"value\":", "Errors found in incoming JSON buffer"},
        {"{\"value\":1,\"value\":2}", "Errors found in incoming JSON buffer"},
        {"{\"value\":1,\"x\":2}", "unrecognized property for context attribute"},
        {"{\"type\":7}", "invalid JSON type for attribute type"},
        {"{\"type\":\"\"}", "attribute type length: 0, min length supported: 1"},
        {"{\"type\":\"a b\"}", "Invalid characters in attribute type"},
        {"{\"value\":\"a=b\"}", "Invalid characters in attribute value"},
        {"{\"value\":\"foo\",\"type\":\"DateTime\"}", "date has invalid format in attribute value"},
        {"{\"value\":\"\",\"type\":\"DateTime\"}", "date has invalid format in attribute value"},
        {"{\"value\":{\"a\":1},\"type\":\"DateTime\"}",
         "date has invalid format in attribute value"},
        {"{\"metadata\":{\"m\":{\"type\":\"\"}}}",
         "metadata type length: 0, min length supported: 1"},
        {"{\"metadata\":{\"m\":{\"value\":[\"a;\"]}}}", "Invalid characters in metadata value"},
        {"{\"metadata\":{\"\":{}}}", "metadata name length: 0, min length supported: 1"},
        {"{\"metadata\":{\"dateCreated\":{\"foo\":1}}}",
         "invalid JSON field for attribute metadata"},
        {"{\"value\":\"abc\",\"type\":\"geo:point\"}",
         "error parsing location attribute: geo coordinates format error [see Orion user manual]: "
         "abc"},
        {"{\"value\":\"x\",\"type\":\"geo:json\"}", "geo:json needs an object or null as value"},
        {"{\"value\":{\"type\":\"Point\",\"coordinates\":[1]},\"type\":\"geo:json\"}",
         "Wrong GeoJson"},
        {"{\"value\":[\"32.0, 132.0\"],\"type\":\"geo:line\"}",
         "error parsing location attribute: geo:line uses at least 2 coordinates"},
        /* of two faults the one that Orion meets first */
        {"{\"value\":\"foo<\",\"type\":\"DateTime\"}",
         "date has invalid format in attribute value"},
        {"{\"value\":\"a<\",\"type\":\"b<\"}", "Invalid characters in attribute type"},
        {"{\"metadata\":{\"m<\":{}},\"value\":\"a<\"}", "Invalid characters in attribute value"},
        {"{\"metadata\":{\"m\":3},\"x\":1}", "metadata must be a JSON object"},
        {"{\"value\":\"abc<\",\"type\":\"geo:point\"}", "Invalid characters in attribute value"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_refused(*state, v2_attribute_body_parse, "a", &rows[i]);
    }
}

static void test_json_values(void **state)
{
    static const Taken taken[] = {
        {"a", "{\"x\": 1}", "", "{\"x\":1}", ""},
        {"a", " [1,2] ", "", "[1,2]", ""},
        {"a", "{\"$inc\":3}", "", "{\"$inc\":3}", ""},
        {"a", "{\"k<\":\"v\"}", "", "{\"k<\":\"v\"}", ""},
    };
    static const Refused refused[] = {
        {"7", "Neither JSON Object nor JSON Array for attribute::value"},
        {"\"x\"", "Neither JSON Object nor JSON Array for attribute::value"},
        {"{\"x\"", "Errors found in incoming JSON buffer"},
        {"[\"a<\"]", "Invalid characters in attribute value"},
    };
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        check_taken(*state, v2_value_parse_json, &taken[i]);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        check_refused(*state, v2_value_parse_json, "a", &refused[i]);
    }
    static const Refused expiry = {"[1]", "date has invalid format in attribute value"};
    check_refused(*state, v2_value_parse_json, "dateExpires", &expiry);
}

static void test_text_values(void **state)
{
    static const Taken taken[] = {
        {"a", "42", "", "42", ""},
        {"a", "-1.50e3", "", "-1.50e3", ""},
        {"a", "true", "", "true", ""},
        {"a", "TRUE", "", "true", ""},
        {"a", "False", "", "false", ""},
        {"a", "null", "", "null", ""},
        {"a", "\"hello\"", "", "\"hello\"", ""},
        {"a", "\"\"", "", "\"\"", ""},
        {"a", "\"42\"", "", "\"42\"", ""},
        {"a", "\"加西 \\n\"", "", "\"加西 \\\\n\"", ""},
        {"a", "\"tab\there\"", "", "\"tab\\there\"", ""},
        {"dateExpires", "\"2040-01-01T00:00:00Z\"", "DateTime", "\"2040-01-01T00:00:00Z\"", ""},
    };
    static const Refused refused[] = {
        {"hello", "attribute value type not recognized"},
        {"", "attribute value type not recognized"},
        {"tRUE", "attribute value type not recognized"},
        {"1 2", "attribute value type not recognized"},
        {"0x10", "attribute value type not recognized"},
        {"nan", "attribute value type not recognized"},
        {"{}", "attribute value type not recognized"},
        {" 1", "attribute value type not recognized"},
        {"\"\xff\"", "attribute value type not recognized"},
        {"\"", "Missing citation-mark at end of string"},
        {"\"a", "Missing citation-mark at end of string"},
        {"\"a<b\"", "Invalid characters in attribute value"},
        {"\"a\"b\"", "Invalid characters in attribute value"},
    };
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        check_taken(*state, v2_value_parse_text, &taken[i]);
    }
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        check_refused(*state, v2_value_parse_text, "a", &refused[i]);
    }
    static const Refused expiry = {"\"soon\"", "date has invalid format in attribute value"};
    check_refused(*state, v2_value_parse_text, "dateExpires", &expiry);
}

static void test_text_with_a_nul_is_no_value(void **state)
{
    Attribute attribute;
    assert_fails(v2_value_parse_text(*state, STR("a"), STR("\"a\0b\""), &attribute),
                 VALUE_NOT_RECOGNIZED);
    assert_fails(v2_value_parse_text(*state, STR("a"), STR("1\0"), &attribute),
                 VALUE_NOT_RECOGNIZED);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_attribute_bodies), TEST(test_attribute_bodies_refused),    TEST(test_json_values),
        TEST(test_text_values),      TEST(test_text_with_a_nul_is_no_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
