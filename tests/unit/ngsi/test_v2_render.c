/* What NGSIv2 shows of entities, attributes, values and types: every representation, in Orion's
 * order, computed things on request only. */
#include "v2_render.h"

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

#define COUNT_OF(array_) (sizeof(array_) / sizeof(array_)[0])

/* "a,b,*" as it stands in a URI; "" is the absent parameter. */
static StrList list_in(Arena *arena, const char *text)
{
    Str rest = str_from(text);
    Str *items = ARENA_MANY(arena, Str, rest.n + 1);
    assert_non_null(items);
    StrList list = {.items = items};
    Str item;
    while (*text != '\0' && str_split(&rest, ',', &item)) {
        items[list.count++] = item;
    }
    return list;
}

static const Metadata UNSORTED[] = {
    {STR_INIT("unit"), STR_INIT("Text"), STR_INIT("\"m\"")},
    {STR_INIT("at"), STR_INIT("DateTime"), STR_INIT("\"2017-06-17T07:21:24+09:00\"")},
};

/* The same moment twice, written differently, and one number twice. */
static Entity sample(void)
{
    static Attribute attributes[] = {
        {.name = STR_INIT("b"),
         .type = STR_INIT("Number"),
         .value = STR_INIT("2.0"),
         .metadata = UNSORTED,
         .metadata_count = 2,
         .created_us = FAKE_START_US,
         .modified_us = FAKE_START_US + 1500},
        {.name = STR_INIT("d"),
         .type = STR_INIT("DateTime"),
         .value = STR_INIT("\"2017-06-17T07:21:24+02:00\"")},
        {.name = STR_INIT("dateExpires"),
         .type = STR_INIT("DateTime"),
         .value = STR_INIT("\"2040-01-01\"")},
        {.name = STR_INIT("e"),
         .type = STR_INIT("DateTime"),
         .value = STR_INIT("\"2017-06-17T05:21:24Z\"")},
        {.name = STR_INIT("f"), .type = STR_INIT("Number"), .value = STR_INIT("2.0")},
        {.name = STR_INIT("f"),
         .type = STR_INIT("Number"),
         .value = STR_INIT("7"),
         .dataset_id = STR_INIT("urn:x")},
        {.name = STR_INIT("o"),
         .type = STR_INIT("StructuredValue"),
         .value = STR_INIT("{\"a\":1}")},
        {.name = STR_INIT("s"), .type = STR_INIT("Text"), .value = STR_INIT("\"a\\tb \\\\ 加西\"")},
    };
    return (Entity){.id = STR("E"),
                    .type = STR("T"),
                    .service_path = STR("/x"),
                    .attributes = attributes,
                    .attribute_count = COUNT_OF(attributes),
                    .created_us = FAKE_START_US,
                    .modified_us = FAKE_START_US + 1500};
}

#define CREATED "2026-04-01T00:00:00.000Z"
#define MODIFIED "2026-04-01T00:00:00.001Z"
#define D "2017-06-17T05:21:24.000Z"

typedef struct Shown {
    const char *attributes;
    V2Representation representation;
    const char *json;
} Shown;

static void test_representations(void **state)
{
    static const Shown rows[] = {
        {"", V2_KEY_VALUES,
         "{\"id\":\"E\",\"type\":\"T\",\"b\":2.0,\"d\":\"" D "\",\"e\":\"" D
         "\",\"f\":2.0,\"o\":{\"a\":1},\"s\":\"a\\tb \\\\ 加西\"}"},
        {"", V2_VALUES, "[2.0,\"" D "\",\"" D "\",2.0,{\"a\":1},\"a\\tb \\\\ 加西\"]"},
        {"", V2_UNIQUE, "[2.0,\"" D "\",{\"a\":1},\"a\\tb \\\\ 加西\"]"},
        {"o,b", V2_VALUES, "[{\"a\":1},2.0]"},
        {"f,o,b", V2_UNIQUE, "[2.0,{\"a\":1}]"},
        {"nope", V2_VALUES, "[]"},
        {"nope", V2_NORMALIZED, "{\"id\":\"E\",\"type\":\"T\"}"},
        {"id,type", V2_KEY_VALUES, "{\"id\":\"E\",\"type\":\"T\"}"},
        {"dateExpires,b", V2_KEY_VALUES,
         "{\"id\":\"E\",\"type\":\"T\",\"dateExpires\":\"2040-01-01T00:00:00.000Z\",\"b\":2.0}"},
        {"dateModified,*,dateCreated", V2_VALUES,
         "[2.0,\"" D "\",\"" D "\",2.0,{\"a\":1},\"a\\tb \\\\ 加西\",\"" CREATED "\",\"" MODIFIED
         "\"]"},
        {"*,dateExpires,servicePath", V2_VALUES,
         "[2.0,\"" D "\",\"2040-01-01T00:00:00.000Z\",\"" D
         "\",2.0,{\"a\":1},\"a\\tb \\\\ 加西\",\"/x\"]"},
        {"dateCreated,f", V2_NORMALIZED,
         "{\"id\":\"E\",\"type\":\"T\",\"dateCreated\":{\"type\":\"DateTime\",\"value\":\"" CREATED
         "\",\"metadata\":{}},\"f\":{\"type\":\"Number\",\"value\":2.0,\"metadata\":{}}}"},
        {"servicePath", V2_NORMALIZED,
         "{\"id\":\"E\",\"type\":\"T\",\"servicePath\":{\"type\":\"Text\",\"value\":\"/x\","
         "\"metadata\":{}}}"},
        {"alterationType", V2_VALUES, "[]"},
    };
    Entity entity = sample();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        V2Show show = {.attributes = list_in(*state, rows[i].attributes),
                       .representation = rows[i].representation};
        Str json;
        assert_ok(v2_entity_render_in(*state, &entity, &show, &json));
        assert_str(json, rows[i].json);
    }
}

static void test_metadata_by_name_or_as_asked(void **state)
{
    static const struct {
        const char *metadata;
        const char *json;
    } rows[] = {
        {"", "\"at\":{\"type\":\"DateTime\",\"value\":\"2017-06-16T22:21:24.000Z\"},"
             "\"unit\":{\"type\":\"Text\",\"value\":\"m\"}"},
        {"*", "\"at\":{\"type\":\"DateTime\",\"value\":\"2017-06-16T22:21:24.000Z\"},"
              "\"unit\":{\"type\":\"Text\",\"value\":\"m\"}"},
        {"zzz", ""},
        {"unit,at", "\"unit\":{\"type\":\"Text\",\"value\":\"m\"},"
                    "\"at\":{\"type\":\"DateTime\",\"value\":\"2017-06-16T22:21:24.000Z\"}"},
        {"dateModified,dateCreated",
         "\"dateModified\":{\"type\":\"DateTime\",\"value\":\"" MODIFIED
         "\"},\"dateCreated\":{\"type\":\"DateTime\",\"value\":\"" CREATED "\"}"},
        {"dateModified,*", "\"at\":{\"type\":\"DateTime\",\"value\":\"2017-06-16T22:21:24.000Z\"},"
                           "\"unit\":{\"type\":\"Text\",\"value\":\"m\"},"
                           "\"dateModified\":{\"type\":\"DateTime\",\"value\":\"" MODIFIED "\"}"},
        {"previousValue,actionType,unit", "\"unit\":{\"type\":\"Text\",\"value\":\"m\"}"},
    };
    Entity entity = sample();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        V2Show show = {.metadata = list_in(*state, rows[i].metadata)};
        const Str parts[] = {STR("{\"type\":\"Number\",\"value\":2.0,\"metadata\":{"),
                             str_from(rows[i].json), STR("}}")};
        Str wanted;
        Str json;
        assert_ok(str_join_in(*state, parts, COUNT_OF(parts), &wanted));
        assert_ok(v2_attribute_render_in(*state, &entity, STR("b"), &show, &json));
        assert_str_eq(json, wanted);
    }
}

/* What is computed has no dates of its own to show. */
static void test_computed_attributes_have_no_metadata(void **state)
{
    Entity entity = sample();
    V2Show show = {.attributes = list_in(*state, "dateCreated"),
                   .metadata = list_in(*state, "dateCreated,dateModified")};
    Str json;
    assert_ok(v2_attributes_render_in(*state, &entity, &show, &json));
    assert_str(json, "{\"dateCreated\":{\"type\":\"DateTime\",\"value\":\"" CREATED
                     "\",\"metadata\":{}}}");
}

static void test_pages_and_attributes(void **state)
{
    Entity entities[] = {sample(), {.id = STR("F"), .type = STR("T")}};
    EntityPage page = {.entities = entities, .count = 2};
    V2Show show = {.attributes = list_in(*state, "b"), .representation = V2_KEY_VALUES};
    Str json;
    assert_ok(v2_page_render_in(*state, &page, &show, &json));
    assert_str(json, "[{\"id\":\"E\",\"type\":\"T\",\"b\":2.0},{\"id\":\"F\",\"type\":\"T\"}]");
    assert_ok(v2_attributes_render_in(*state, &entities[0], &show, &json));
    assert_str(json, "{\"b\":2.0}");
    assert_ok(v2_attributes_render_in(*state, &entities[1], &show, &json));
    assert_str(json, "{}");
    show.representation = V2_UNIQUE;
    assert_ok(v2_page_render_in(*state, &page, &show, &json));
    assert_str(json, "[[2.0],[]]");
    page.count = 0;
    assert_ok(v2_page_render_in(*state, &page, &show, &json));
    assert_str(json, "[]");
}

static void test_an_attribute_that_is_not_there(void **state)
{
    static const V2Accept any = {.takes_text = true};
    Entity entity = sample();
    V2Show show = {.representation = V2_NORMALIZED};
    Str text = STR("untouched");
    bool is_text = false;
    const Str names[] = {STR("nope"), STR("dateCreated"), STR("servicePath")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_fails(v2_attribute_render_in(*state, &entity, names[i], &show, &text),
                     ATTRIBUTE_NOT_FOUND);
        assert_fails(v2_value_render_in(*state, &entity, names[i], &any, &text, &is_text),
                     ATTRIBUTE_NOT_FOUND);
    }
    assert_str(text, "untouched");
    assert_ok(v2_attribute_render_in(*state, &entity, STR("dateExpires"), &show, &text));
    assert_str(text,
               "{\"type\":\"DateTime\",\"value\":\"2040-01-01T00:00:00.000Z\",\"metadata\":{}}");
}

static void test_values_alone(void **state)
{
    static const struct {
        const char *name;
        const char *body;
        bool is_compound;
    } rows[] = {
        {"b", "2.0", false},
        {"d", D, false},
        {"o", "{\"a\":1}", true},
        {"s", "\"a\tb \\ 加西\"", false},
    };
    static const V2Accept any = {.takes_text = true};
    static const V2Accept json_only = {.takes_text = false};
    static const V2Accept text_first = {.takes_text = true, .prefers_text = true};
    Entity entity = sample();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        Str name = str_from(rows[i].name);
        Str body;
        bool is_text = rows[i].is_compound;
        assert_ok(v2_value_render_in(*state, &entity, name, &any, &body, &is_text));
        assert_str(body, rows[i].body);
        assert_int_equal(is_text, !rows[i].is_compound);
        assert_ok(v2_value_render_in(*state, &entity, name, &text_first, &body, &is_text));
        assert_str(body, rows[i].body);
        assert_true(is_text);
        Error error = v2_value_render_in(*state, &entity, name, &json_only, &body, &is_text);
        if (rows[i].is_compound) {
            assert_ok(error);
            assert_false(is_text);
        } else {
            assert_fails(error, ACCEPT_TEXT_ONLY);
        }
    }
}

static void test_types(void **state)
{
    static const Str both[] = {STR_INIT("Number"), STR_INIT("Text")};
    static const TypeAttribute attributes[] = {
        {STR_INIT("color"), {both + 1, 1}},
        {STR_INIT("speed"), {both, 2}},
    };
    static const TypeInfo types[] = {
        {STR_INIT("Bare"), 1, NULL, 0},
        {STR_INIT("Car"), 2, attributes, 2},
    };
    Str json;
    assert_ok(v2_types_render_in(*state, types, 2, V2_NORMALIZED, false, &json));
    assert_str(json, "[{\"type\":\"Bare\",\"attrs\":{},\"count\":1},{\"type\":\"Car\",\"attrs\":{"
                     "\"color\":{\"types\":[\"Text\"]},\"speed\":{\"types\":[\"Number\",\"Text\"]}"
                     "},\"count\":2}]");
    assert_ok(v2_types_render_in(*state, types + 1, 1, V2_NORMALIZED, true, &json));
    assert_str(json, "[{\"type\":\"Car\",\"attrs\":{\"color\":{\"types\":[]},\"speed\":{\"types\":["
                     "]}},\"count\":2}]");
    assert_ok(v2_types_render_in(*state, types, 2, V2_VALUES, true, &json));
    assert_str(json, "[\"Bare\",\"Car\"]");
    assert_ok(v2_types_render_in(*state, types, 0, V2_NORMALIZED, false, &json));
    assert_str(json, "[]");
    assert_ok(v2_type_render_in(*state, &types[0], false, &json));
    assert_str(json, "{\"attrs\":{},\"count\":1}");
    assert_ok(v2_type_render_in(*state, &types[1], true, &json));
    assert_str(json, "{\"attrs\":{\"color\":{\"types\":[]},\"speed\":{\"types\":[]}},\"count\":2}");
}

/* Whatever memory there is: the whole page or a refusal for want of it. */
static void test_every_budget_either_fits_or_is_refused(void **state)
{
    static const Str names[] = {STR_INIT("*"), STR_INIT("dateCreated"), STR_INIT("servicePath")};
    Entity entities[] = {sample(), sample()};
    EntityPage page = {.entities = entities, .count = 2};
    for (V2Representation shape = V2_NORMALIZED; shape <= V2_UNIQUE; shape++) {
        V2Show show = {.attributes = {names, COUNT_OF(names)}, .representation = shape};
        Str whole;
        assert_ok(v2_page_render_in(*state, &page, &show, &whole));
        size_t refused = 0;
        Error error = FAIL(INTERNAL, NULL);
        for (size_t budget = 0; FAILED(error); budget += 16) {
            CLEANUP(arena_free) Arena *arena = arena_new(budget);
            Str json = STR("untouched");
            assert_non_null(arena);
            error = v2_page_render_in(arena, &page, &show, &json);
            if (FAILED(error)) {
                assert_fails(error, BUDGET_EXCEEDED);
                assert_str(json, "untouched");
                refused++;
            } else {
                assert_str_eq(json, whole);
            }
        }
        assert_true(refused > 10);
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_representations),
        TEST(test_metadata_by_name_or_as_asked),
        TEST(test_computed_attributes_have_no_metadata),
        TEST(test_pages_and_attributes),
        TEST(test_an_attribute_that_is_not_there),
        TEST(test_values_alone),
        TEST(test_types),
        TEST(test_every_budget_either_fits_or_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
