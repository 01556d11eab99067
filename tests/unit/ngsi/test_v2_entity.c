/* NGSIv2 bodies: every refusal in Orion's words, and what is read comes out again as it was
 * written. */
#include "v2_entity.h"
#include "v2_render.h"

#include <string.h>

#include "check.h"
#include "fake_ports.h"

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

typedef struct Refusal {
    const char *body;
    int status;
    const char *text;
    bool is_key_values;
    bool is_update;
} Refusal;

#define CREATE(body_, text_)                                                                       \
    {                                                                                              \
        body_, 400, text_, false, false                                                            \
    }
#define CREATE_KV(body_, text_)                                                                    \
    {                                                                                              \
        body_, 400, text_, true, false                                                             \
    }
#define UPDATE(body_, text_)                                                                       \
    {                                                                                              \
        body_, 400, text_, false, true                                                             \
    }

static const Refusal REFUSALS[] = {
    CREATE("{\"id\": \"E\", \"type\": ", "Errors found in incoming JSON buffer"),
    CREATE("{\"id\":\"E\",\"type\":\"T\"} xx", "Errors found in incoming JSON buffer"),
    CREATE("[]", "Errors found in incoming JSON buffer"),
    CREATE("\"abc\"", "Errors found in incoming JSON buffer"),
    CREATE("", "Errors found in incoming JSON buffer"),
    CREATE("{}", "entity id length: 0, min length supported: 1"),
    CREATE("{\"type\":\"T\",\"a\":{\"value\":1}}", "entity id length: 0, min length supported: 1"),
    CREATE("{\"id\":\"E\",\"type\":\"\"}", "entity type length: 0, min length supported: 1"),
    CREATE("{\"id\":7,\"type\":\"T\"}", "Invalid JSON type for entity id"),
    CREATE("{\"id\":\"E\",\"type\":7}", "Invalid JSON type for entity type"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":\"x<y\"}}", "Invalid characters in attribute value"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":\"x\\u003cy\"}}",
           "Invalid characters in attribute value"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":\"x\\\"y\"}}", "Invalid characters in attribute value"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":[{\"k\":[\"a;b\"]}]}}",
           "Invalid characters in attribute value"),
    CREATE_KV("{\"id\":\"E\",\"a\":\"(1)\"}", "Invalid characters in attribute value"),
    CREATE("{\"id\":\"E<1>\"}", "Invalid characters in entity id"),
    CREATE("{\"id\":\"E 1\"}", "Invalid characters in entity id"),
    CREATE("{\"id\":\"加西市\"}", "Invalid characters in entity id"),
    CREATE("{\"人口\":{\"value\":1},\"id\":\"加西市\"}", "Invalid characters in entity id"),
    CREATE("{\"id\":\"a/b\"}", "Invalid characters in entity id"),
    CREATE("{\"id\":\"E\",\"type\":\"T<1>\"}", "Invalid characters in entity type"),
    CREATE("{\"id\":\"E\",\"a b\":{\"value\":1}}", "Invalid characters in attribute name"),
    CREATE("{\"id\":\"E\",\"\":{\"value\":1}}",
           "attribute name length: 0, min length supported: 1"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1,\"type\":\"x=y\"}}",
           "Invalid characters in attribute type"),
    CREATE("{\"id\":\"E\",\"a\":{\"type\":\"\"}}",
           "attribute type length: 0, min length supported: 1"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1,\"type\":3}}", "invalid JSON type for attribute type"),
    CREATE("{\"id\":\"E\",\"a\":1}",
           "attribute must be a JSON object, unless keyValues option is used"),
    CREATE("{\"id\":\"E\",\"a\":[1]}",
           "attribute must be a JSON object, unless keyValues option is used"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1,\"unit\":\"m\"}}",
           "unrecognized property for context attribute"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":3}}", "metadata not a JSON object"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"m\":3}}}", "metadata must be a JSON object"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"m\":{\"type\":4}}}}",
           "invalid JSON type for attribute metadata type"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"m\":{\"foo\":4}}}}",
           "invalid JSON field for attribute metadata"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"m\":{\"value\":\"a=b\"}}}}",
           "Invalid characters in metadata value"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"m<\":{\"value\":1}}}}",
           "Invalid characters in metadata name"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1},\"b\":{},\"a\":{\"value\":2}}",
           "duplicated attribute /a/"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1},\"\\u0061\":{}}", "duplicated attribute /a/"),
    CREATE("{\"id\":\"E\",\"a\":{\"value\":1,\"value\":2}}",
           "Errors found in incoming JSON buffer"),
    CREATE("{\"id\":\"E\",\"a\":{},\"a\":{}", "Errors found in incoming JSON buffer"),
    CREATE("{\"id\":\"E\",\"a\":{},\"a\":{}} x", "Errors found in incoming JSON buffer"),
    CREATE("{\"id\":\"E\",\"a\":{},\"a\":01}", "Errors found in incoming JSON buffer"),
    CREATE("{\"id\":\"E\",\"d\":{\"type\":\"DateTime\",\"value\":\"foo\"}}",
           "date has invalid format in attribute value"),
    CREATE("{\"id\":\"E\",\"d\":{\"value\":12,\"type\":\"ISO8601\"}}",
           "date has invalid format in attribute value"),
    CREATE("{\"id\":\"E\",\"a\":{\"metadata\":{\"at\":{\"value\":\"foo\",\"type\":\"DateTime\"}}}}",
           "date has invalid format in metadata value"),
    CREATE("{\"id\":\"E\",\"dateExpires\":{\"value\":\"foo\",\"type\":\"DateTime\"}}",
           "date has invalid format in attribute value"),
    CREATE("{\"id\":\"E\",\"dateExpires\":{\"value\":\"foo\",\"type\":\"Text\"}}",
           "date has invalid format in attribute value"),
    CREATE_KV("{\"id\":\"E\",\"dateExpires\":12}", "date has invalid format in attribute value"),
    UPDATE("{}", "empty payload"),
    UPDATE("[1]", "Errors found in incoming JSON buffer"),
    UPDATE("{\"id\":\"E\",\"b\":{}}", "entity id specified in payload"),
    UPDATE("{\"type\":\"T\",\"b\":{}}", "entity type specified in payload"),
    UPDATE("{\"n\":{\"value\":{\"$push\":\"a<b\"}}}", "Invalid characters in attribute value"),
};

static void check_refusal(Arena *arena, const Refusal *refusal)
{
    Entity entity = {.id = STR("untouched")};
    char text[256];
    Error error =
        refusal->is_update
            ? v2_attributes_parse(arena, str_from(refusal->body), refusal->is_key_values, &entity)
            : v2_entity_parse(arena, str_from(refusal->body), refusal->is_key_values, &entity);
    if (!FAILED(error)) {
        fail_msg("accepted: %s", refusal->body);
    }
    (void)error_text(error, text, sizeof text);
    if (strcmp(text, refusal->text) != 0 ||
        error_words(error.reason)->http_status != refusal->status) {
        fail_msg("%s\ngot    %s\nwanted %s", refusal->body, text, refusal->text);
    }
    assert_str(entity.id, "untouched");
}

static void test_refusals_use_orions_words(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        check_refusal(*state, &REFUSALS[i]);
    }
}

/* A body whose given hole is filled with n letters. */
static Str body_with(Arena *arena, const char *before, size_t n, const char *after)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, str_from(before));
    for (size_t i = 0; i < n; i++) {
        buf_add_char(&buf, 'a');
    }
    buf_add(&buf, str_from(after));
    Str body;
    assert_ok(buf_finish(&buf, &body));
    return body;
}

static void test_lengths_are_exact(void **state)
{
    static const struct {
        const char *before;
        const char *after;
        const char *text;
    } rows[] = {
        {"{\"id\":\"", "\"}", "entity id length: 257, max length supported: 256"},
        {"{\"id\":\"E\",\"type\":\"", "\"}", "entity type length: 257, max length supported: 256"},
        {"{\"id\":\"E\",\"", "\":{}}", "attribute name length: 257, max length supported: 256"},
        {"{\"id\":\"E\",\"a\":{\"type\":\"", "\"}}",
         "attribute type length: 257, max length supported: 256"},
        {"{\"id\":\"E\",\"a\":{\"metadata\":{\"", "\":{}}}}",
         "metadata name length: 257, max length supported: 256"},
        {"{\"id\":\"E\",\"a\":{\"metadata\":{\"m\":{\"type\":\"", "\"}}}}",
         "metadata type length: 257, max length supported: 256"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Entity entity;
        char text[128];
        assert_ok(v2_entity_parse(*state, body_with(*state, rows[i].before, 256, rows[i].after),
                                  false, &entity));
        Error error = v2_entity_parse(*state, body_with(*state, rows[i].before, 257, rows[i].after),
                                      false, &entity);
        (void)error_text(error, text, sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

typedef struct Round {
    const char *body;
    bool is_key_values;
    const char *normalized;
    const char *key_values;
} Round;

static const Round ROUNDS[] = {
    {"{\"id\":\"Room1\",\"type\":\"Room\",\"temperature\":{\"value\":21.5,\"type\":\"Number\","
     "\"metadata\":{\"accuracy\":{\"value\":0.90}}},"
     "\"label\":{\"value\":\"north\"}}",
     false,
     "{\"id\":\"Room1\",\"type\":\"Room\",\"label\":{\"type\":\"Text\",\"value\":\"north\","
     "\"metadata\":{}},"
     "\"temperature\":{\"type\":\"Number\",\"value\":21.5,\"metadata\":{\"accuracy\":{\"type\":"
     "\"Number\",\"value\":0.90}}}}",
     "{\"id\":\"Room1\",\"type\":\"Room\",\"label\":\"north\",\"temperature\":21.5}"},
    {"{\"id\":\"KV\",\"type\":\"T\",\"s\":\"t\",\"n\":2.0,\"b\":true,\"z\":null,\"o\":{\"x\":[1, "
     "2]},\"l\":[1,\"a\",false]}",
     true,
     "{\"id\":\"KV\",\"type\":\"T\",\"b\":{\"type\":\"Boolean\",\"value\":true,\"metadata\":{}},"
     "\"l\":{\"type\":\"StructuredValue\",\"value\":[1,\"a\",false],\"metadata\":{}},\"n\":{"
     "\"type\":\"Number\",\"value\":2.0,\"metadata\":{}},"
     "\"o\":{\"type\":\"StructuredValue\",\"value\":{\"x\":[1,"
     "2]},\"metadata\":{}},\"s\":{\"type\":\"Text\",\"value\":\"t\",\"metadata\":{}},"
     "\"z\":{\"type\":\"None\",\"value\":null,\"metadata\":{}}}",
     "{\"id\":\"KV\",\"type\":\"T\",\"b\":true,\"l\":[1,\"a\",false],\"n\":2.0,\"o\":{\"x\":[1,"
     "2]},\"s\":\"t\",\"z\":null}"},
    {"{\"id\":\"B\"}", false, "{\"id\":\"B\",\"type\":\"Thing\"}",
     "{\"id\":\"B\",\"type\":\"Thing\"}"},
    {"{\"id\":\"N\",\"a\":{\"type\":\"Number\"},\"b\":{}}", false,
     "{\"id\":\"N\",\"type\":\"Thing\",\"a\":{\"type\":\"Number\",\"value\":null,\"metadata\":{}},"
     "\"b\":{\"type\":\"None\",\"value\":null,\"metadata\":{}}}",
     "{\"id\":\"N\",\"type\":\"Thing\",\"a\":null,\"b\":null}"},
    {"{\"id\":\"D\",\"d\":{\"type\":\"DateTime\",\"value\":\"2017-06-17T07:21:24+02:00\"},\"e\":{"
     "\"type\":\"DateTime\",\"value\":null}}",
     false,
     "{\"id\":\"D\",\"type\":\"Thing\",\"d\":{\"type\":\"DateTime\",\"value\":\"2017-06-17T05:21:"
     "24.000Z\",\"metadata\":{}},"
     "\"e\":{\"type\":\"DateTime\",\"value\":null,\"metadata\":{}}}",
     "{\"id\":\"D\",\"type\":\"Thing\",\"d\":\"2017-06-17T05:21:24.000Z\",\"e\":null}"},
    {"{\"id\":\"U\",\"a\":{\"type\":\"TextUnrestricted\",\"value\":\"a<b>;(c)\"},\"b\":{\"value\":"
     "\"JA;EN\",\"metadata\":{\"TextUnrestricted\":{\"value\":true}}}}",
     false,
     "{\"id\":\"U\",\"type\":\"Thing\",\"a\":{\"type\":\"TextUnrestricted\",\"value\":\"a<b>;(c)\","
     "\"metadata\":{}},"
     "\"b\":{\"type\":\"Text\",\"value\":\"JA;EN\",\"metadata\":{\"TextUnrestricted\":{\"type\":"
     "\"Boolean\",\"value\":true}}}}",
     "{\"id\":\"U\",\"type\":\"Thing\",\"a\":\"a<b>;(c)\",\"b\":\"JA;EN\"}"},
    {"{\"id\":\"C\",\"dateCreated\":{\"value\":\"2001-01-01\"},\"a\":{\"value\":{\"k<\":\"ab\"}}}",
     false,
     "{\"id\":\"C\",\"type\":\"Thing\",\"a\":{\"type\":\"StructuredValue\",\"value\":{\"k<\":"
     "\"ab\"},\"metadata\":{}}}",
     "{\"id\":\"C\",\"type\":\"Thing\",\"a\":{\"k<\":\"ab\"}}"},
};

static void test_what_is_read_comes_out_as_written(void **state)
{
    for (size_t i = 0; i < sizeof ROUNDS / sizeof ROUNDS[0]; i++) {
        const Round *round = &ROUNDS[i];
        Entity entity;
        Str json;
        assert_ok(v2_entity_parse(*state, str_from(round->body), round->is_key_values, &entity));
        assert_ok(v2_entity_render_in(*state, &entity, &(V2Show){.representation = V2_NORMALIZED},
                                      &json));
        assert_str(json, round->normalized);
        assert_ok(v2_entity_render_in(*state, &entity, &(V2Show){.representation = V2_KEY_VALUES},
                                      &json));
        assert_str(json, round->key_values);
    }
}

static void test_metadata_true_is_not_text_true(void **state)
{
    Entity entity;
    Str body = STR("{\"id\":\"U\",\"b\":{\"value\":\"JA;EN\",\"metadata\":{\"TextUnrestricted\":{"
                   "\"value\":\"true\"}}}}");
    assert_fails(v2_entity_parse(*state, body, false, &entity), V2_CHARACTERS);
}

static void test_updates_keep_the_order_sent(void **state)
{
    Entity entity;
    assert_ok(v2_attributes_parse(*state, STR("{\"z\":{\"value\":1},\"a\":{\"value\":2}}"), false,
                                  &entity));
    assert_int_equal(entity.attribute_count, 2);
    assert_str(entity.attributes[0].name, "z");
    assert_str(entity.attributes[1].name, "a");
}

static Str rendered(Arena *arena, const Entity *entity, const Str *shown, size_t count)
{
    Str json;
    V2Show show = {.attributes = {shown, count}, .representation = V2_KEY_VALUES};
    assert_ok(v2_entity_render_in(arena, entity, &show, &json));
    return json;
}

static void test_shown_attributes_decide_the_order(void **state)
{
    Entity entity;
    assert_ok(v2_entity_parse(*state, STR("{\"id\":\"E\",\"type\":\"T\",\"a\":1,\"b\":2,\"c\":3}"),
                              true, &entity));
    entity.service_path = STR("/x");
    entity.created_us = FAKE_START_US;
    entity.modified_us = FAKE_START_US + 1500;
    const Str two[] = {STR("c"), STR("a")};
    assert_str(rendered(*state, &entity, two, 2), "{\"id\":\"E\",\"type\":\"T\",\"c\":3,\"a\":1}");
    const Str rest[] = {STR("dateModified"), STR("b"), STR("*"), STR("dateCreated")};
    assert_str(rendered(*state, &entity, rest, 4),
               "{\"id\":\"E\",\"type\":\"T\",\"a\":1,\"b\":2,\"c\":3,\"dateCreated\":\"2026-04-"
               "01T00:00:00.000Z\","
               "\"dateModified\":\"2026-04-01T00:00:00.001Z\"}");
    const Str none[] = {STR("id"), STR("type"), STR("nope"), STR("servicePath")};
    assert_str(rendered(*state, &entity, none, 4),
               "{\"id\":\"E\",\"type\":\"T\",\"servicePath\":\"/x\"}");
}

/* Texts sent in escapes are read as text, as from Orion; numbers beside them keep their digits. */
static void test_values_are_kept_in_one_form(void **state)
{
    static const struct {
        const char *sent;
        const char *kept;
    } rows[] = {
        {"\"\\u52a0\\u897f \\ud83d\\ude00 \\t \\/ \\\\ \\u0001\"", "\"加西 😀 \\t / \\\\ \\u0001\""},
        {"{ \"\\u5317\" : [ 2.0, 1e2, \"\\u6761\", null ] }", "{\"北\":[2.0,1e2,\"条\",null]}"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const Str parts[] = {STR("{\"id\":\"E\",\"a\":"), str_from(rows[i].sent), STR("}")};
        Str body;
        Entity entity;
        assert_ok(str_join_in(*state, parts, 3, &body));
        assert_ok(v2_entity_parse(*state, body, true, &entity));
        assert_str(entity.attributes[0].value, rows[i].kept);
    }
}

static void test_other_instances_are_not_shown(void **state)
{
    Attribute attributes[] = {
        {.name = STR("a"), .type = STR("Number"), .value = STR("1"), .dataset_id = STR("")},
        {.name = STR("a"), .type = STR("Number"), .value = STR("2"), .dataset_id = STR("urn:x")},
    };
    Entity entity = {
        .id = STR("E"), .type = STR("T"), .attributes = attributes, .attribute_count = 2};
    assert_str(rendered(*state, &entity, NULL, 0), "{\"id\":\"E\",\"type\":\"T\",\"a\":1}");
}

static void test_page_and_location(void **state)
{
    Entity entities[] = {{.id = STR("A"), .type = STR("T")}, {.id = STR("B"), .type = STR("T")}};
    EntityPage page = {.entities = entities, .count = 2};
    V2Show show = {.representation = V2_NORMALIZED};
    Str text;
    assert_ok(v2_page_render_in(*state, &page, &show, &text));
    assert_str(text, "[{\"id\":\"A\",\"type\":\"T\"},{\"id\":\"B\",\"type\":\"T\"}]");
    page.count = 0;
    assert_ok(v2_page_render_in(*state, &page, &show, &text));
    assert_str(text, "[]");
    assert_ok(v2_location_in(*state, &entities[1], &text));
    assert_str(text, "/v2/entities/B?type=T");
}

/* Whatever memory there is: the whole entity or a refusal for want of it. */
static void test_every_budget_either_fits_or_is_refused(void **state)
{
    (void)state;
    Str body = str_from(ROUNDS[0].body);
    bool has_fitted = false;
    for (size_t budget = 0; budget < 8192 && !has_fitted; budget += 16) {
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        assert_non_null(arena);
        Entity entity;
        Str json;
        Error error = v2_entity_parse(arena, body, false, &entity);
        if (!FAILED(error)) {
            error = v2_entity_render_in(arena, &entity, &(V2Show){.representation = V2_NORMALIZED},
                                        &json);
        }
        has_fitted = !FAILED(error);
        if (has_fitted) {
            assert_str(json, ROUNDS[0].normalized);
        } else {
            assert_fails(error, BUDGET_EXCEEDED);
        }
    }
    assert_true(has_fitted);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals_use_orions_words),
        TEST(test_lengths_are_exact),
        TEST(test_what_is_read_comes_out_as_written),
        TEST(test_metadata_true_is_not_text_true),
        TEST(test_updates_keep_the_order_sent),
        TEST(test_shown_attributes_decide_the_order),
        TEST(test_values_are_kept_in_one_form),
        TEST(test_other_instances_are_not_shown),
        TEST(test_page_and_location),
        TEST(test_every_budget_either_fits_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
