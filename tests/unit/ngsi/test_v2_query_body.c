/* The body of op/query: recorded bodies, every refusal, and that nothing of it is dropped. */
#include "v2_query_body.h"

#include <string.h>

#include "check.h"
#include "filter_text.h"
#include "geo.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)8 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

typedef struct Refusal {
    const char *body;
    const char *error;
    const char *text;
} Refusal;

#define PARSE "Errors found in incoming JSON buffer"
#define ONE_ENTITY "{\"entities\":[{\"idPattern\":\".*\"}],"

static const Refusal REFUSALS[] = {
    {"{", "ParseError", PARSE},
    {"[]", "ParseError", PARSE},
    {"3", "ParseError", PARSE},
    {"{\"attrs\":[],\"attrs\":[]}", "BadRequest", "duplicated attribute /attrs/"},
    {"{}", "BadRequest", "empty payload"},
    {"{\"foo\":1}", "BadRequest", "Invalid JSON payload, no relevant fields found"},
    {"{\"metadata\":[]}", "BadRequest", "Invalid JSON payload, no relevant fields found"},
    {"{\"attrs\":[],\"foo\":1}", "BadRequest", "Unrecognized field in JSON payload: /foo/"},
    {"{\"attrs\":[],\"scopes\":[]}", "BadRequest", "Unrecognized field in JSON payload: /scopes/"},
    {"{\"entities\":3}", "BadRequest", "not a JSON array"},
    {"{\"entities\":{}}", "BadRequest", "not a JSON array"},
    {"{\"entities\":[1]}", "BadRequest", "entity is not a JSON object"},
    {"{\"entities\":[{}]}", "BadRequest", "nor /id/ nor /idPattern/ present"},
    {"{\"entities\":[{\"type\":\"S\"}]}", "BadRequest", "nor /id/ nor /idPattern/ present"},
    {"{\"entities\":[{\"id\":\"S1\",\"idPattern\":\".*\"}]}", "BadRequest",
     "both /id/ and /idPattern/ present"},
    {"{\"entities\":[{\"id\":\"a\",\"type\":\"T\",\"typePattern\":\"T\"}]}", "BadRequest",
     "both /type/ and /typePattern/ present"},
    {"{\"entities\":[{\"id\":7}]}", "BadRequest", "Invalid JSON type for entity id"},
    {"{\"entities\":[{\"id\":\"\"}]}", "BadRequest",
     "entity id length: 0, min length supported: 1"},
    {"{\"entities\":[{\"id\":\"a b\"}]}", "BadRequest", "Invalid characters in entity id"},
    {"{\"entities\":[{\"id\":\"a\",\"type\":7}]}", "BadRequest",
     "Invalid JSON type for entity type"},
    {"{\"entities\":[{\"id\":\"a\",\"type\":\"\"}]}", "BadRequest",
     "entity type length: 0, min length supported: 1"},
    {"{\"entities\":[{\"id\":\"a\",\"type\":\"<\"}]}", "BadRequest",
     "Invalid characters in entity type"},
    {"{\"entities\":[{\"idPattern\":7}]}", "BadRequest", "Invalid JSON type for entity idPattern"},
    {"{\"entities\":[{\"idPattern\":\"(\"}]}", "BadRequest", "Invalid regex for entity idPattern"},
    {"{\"entities\":[{\"id\":\"a\",\"typePattern\":null}]}", "BadRequest",
     "Invalid JSON type for entity typePattern"},
    {"{\"entities\":[{\"id\":\"a\",\"typePattern\":\"*\"}]}", "BadRequest",
     "Invalid regex for entity typePattern"},
    {"{\"entities\":[{\"id\":\"a\",\"n\":{\"value\":1}}]}", "BadRequest",
     "no attributes allowed in Entity in this payload"},
    {"{\"attrs\":\"v\"}", "BadRequest", "the field /attrs/ must be a JSON array"},
    {"{\"attrs\":[1]}", "BadRequest", "only JSON Strings allowed in attrs list"},
    {"{\"attrs\":[],\"metadata\":{}}", "BadRequest", "the field /metadata/ must be a JSON array"},
    {"{\"attrs\":[],\"metadata\":[null]}", "BadRequest",
     "only JSON Strings allowed in metadata list"},
    {ONE_ENTITY "\"expression\":3}", "BadRequest", "expression is not an object"},
    {ONE_ENTITY "\"expression\":{}}", "BadRequest", "expression is empty"},
    {ONE_ENTITY "\"expression\":{\"q\":1}}", "BadRequest", "q is not a string"},
    {ONE_ENTITY "\"expression\":{\"q\":\"\"}}", "BadRequest", "q is empty"},
    {ONE_ENTITY "\"expression\":{\"q\":\"v>\"}}", "BadRequest", "empty right-hand-side in q-item"},
    {ONE_ENTITY "\"expression\":{\"mq\":[]}}", "BadRequest", "mq is not a string"},
    {ONE_ENTITY "\"expression\":{\"mq\":\"\"}}", "BadRequest", "mq is empty"},
    {ONE_ENTITY "\"expression\":{\"mq\":\"v==1\"}}", "BadRequest",
     "no metadata name - not valid for metadata filters"},
    {ONE_ENTITY "\"expression\":{\"georel\":1}}", "BadRequest", "georel is not a string"},
    {ONE_ENTITY "\"expression\":{\"georel\":\"near;maxDistance:1\"}}", "BadRequest",
     "partial geo expression: geometry, georel and coords have to be provided together"},
    {ONE_ENTITY "\"expression\":{\"geometry\":\"point\",\"coords\":\"1,1\"}}", "BadRequest",
     "partial geo expression: geometry, georel and coords have to be provided together"},
};

/* What v2_params_read gives for this operation without parameters. */
static V2Params no_params(Arena *arena)
{
    V2Params params;
    assert_ok(v2_params_read(arena, V2_BATCH_QUERY, NULL, 0, &params));
    return params;
}

static void test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        V2Params params = no_params(*state);
        params.type = STR("untouched");
        char text[256];
        Error error = v2_query_body_parse(*state, str_from(REFUSALS[i].body), &params);
        (void)error_text(error, text, sizeof text);
        const ErrorWords *words = error_words(error.reason);
        if (!FAILED(error) || strcmp(text, REFUSALS[i].text) != 0 ||
            strcmp(words->v2_error, REFUSALS[i].error) != 0 || words->http_status != 400) {
            fail_msg("%s gave %s \"%s\"", REFUSALS[i].body, words->v2_error, text);
        }
        assert_str(params.type, "untouched");
        assert_int_equal(params.query.selector_count + params.show.attributes.count, 0);
    }
}

static void test_a_bad_place_is_told_in_words_of_bodies(void **state)
{
    V2Params params = no_params(*state);
    char text[256];
    Error error = v2_query_body_parse(*state,
                                      STR("{\"expression\":{\"georel\":\"foo\",\"geometry\":"
                                          "\"point\",\"coords\":\"1,1\"}}"),
                                      &params);
    (void)error_text(error, text, sizeof text);
    assert_int_equal(error.reason, REASON_QUERY_GEO);
    assert_true(str_starts_with(str_from(text), STR("error parsing geo-query fields: ")));
}

static V2Params accepted(Arena *arena, const char *body)
{
    V2Params params = no_params(arena);
    assert_ok(v2_query_body_parse(arena, str_from(body), &params));
    return params;
}

static void test_one_selector_for_each_item(void **state)
{
    V2Params params =
        accepted(*state, "{\"entities\":[{\"id\":\"S1\",\"type\":\"S\"},{\"idPattern\":\"^R\","
                         "\"typePattern\":\"^C\"},{\"id\":\"S2\"},{\"idPattern\":\".*\","
                         "\"type\":\"\\u0054\"}]}");
    const EntitySelector *selectors = params.query.selectors;
    assert_int_equal(params.query.selector_count, 4);
    assert_str(selectors[0].ids.items[0], "S1");
    assert_str(selectors[0].types.items[0], "S");
    assert_true(selectors[0].id_pattern == NULL && selectors[0].type_pattern == NULL);
    assert_str(pattern_text(selectors[1].id_pattern), "^R");
    assert_str(pattern_text(selectors[1].type_pattern), "^C");
    assert_int_equal(selectors[1].ids.count + selectors[1].types.count, 0);
    assert_int_equal(selectors[2].types.count, 0);
    assert_true(selectors[3].id_pattern == NULL && selectors[3].ids.count == 0);
    assert_str(selectors[3].types.items[0], "T");
}

/* An item for everything makes the whole list mean everything: it must stay an item. */
static void test_an_item_for_everything_stays(void **state)
{
    V2Params params = accepted(*state, "{\"entities\":[{\"id\":\"S1\"},{\"idPattern\":\".*\"}]}");
    assert_int_equal(params.query.selector_count, 2);
    params = accepted(*state, "{\"entities\":[],\"attrs\":[\"only\"]}");
    assert_int_equal(params.query.selector_count, 0);
    params = accepted(*state, "{\"attrs\":[\"w\"]}");
    assert_int_equal(params.query.selector_count, 0);
}

static void test_expression(void **state)
{
    V2Params params =
        accepted(*state, "{\"expression\":{\"q\":\"v>2;w\",\"mq\":\"v.acc==3\",\"georel\":"
                         "\"near;maxDistance:1000\",\"geometry\":\"point\",\"coords\":\"10,10\"}}");
    Str q;
    Str mq;
    assert_ok(filter_text_in(*state, params.query.filter, &q, &mq));
    assert_str(q, "v>2;w");
    assert_str(mq, "v.acc==3");
    assert_int_equal(params.query.place->relation, GEO_NEAR);
    /* as Orion: members of other names are passed over */
    params = accepted(*state, ONE_ENTITY "\"expression\":{\"foo\":\"1\"}}");
    assert_true(params.query.filter == NULL && params.query.place == NULL);
}

static void test_what_is_shown(void **state)
{
    V2Params params =
        accepted(*state, "{\"attrs\":[\"w\",\"v\",\"w\"],\"metadata\":[\"dateCreated\",\"*\"]}");
    assert_int_equal(params.show.attributes.count, 2);
    assert_str(params.query.attributes.items[1], "v");
    assert_int_equal(params.show.metadata.count, 2);
    params = accepted(*state, "{\"attrs\":[\"w\",\"dateModified\"]}");
    assert_int_equal(params.query.attributes.count, 0);
    assert_int_equal(params.show.attributes.count, 2);
    params = accepted(*state, "{\"attrs\":[],\"metadata\":[]}");
    assert_int_equal(params.query.attributes.count + params.show.metadata.count, 0);
}

static void test_parameters_stay(void **state)
{
    const V2Param uri[] = {{STR("limit"), STR("2")},
                           {STR("offset"), STR("1")},
                           {STR("orderBy"), STR("!v")},
                           {STR("options"), STR("keyValues,count")}};
    V2Params params;
    assert_ok(v2_params_read(*state, V2_BATCH_QUERY, uri, 4, &params));
    params.query.service_path = STR("/a");
    assert_ok(v2_query_body_parse(*state, STR("{\"attrs\":[\"v\"]}"), &params));
    assert_int_equal(params.query.limit, 2);
    assert_int_equal(params.query.offset, 1);
    assert_int_equal(params.query.order_count, 1);
    assert_true(params.query.is_count_wanted);
    assert_int_equal(params.show.representation, V2_KEY_VALUES);
    assert_str(params.query.service_path, "/a");
}

static void test_distance_needs_a_place(void **state)
{
    const V2Param uri = {STR("orderBy"), STR("geo:distance")};
    V2Params params;
    assert_ok(v2_params_read(*state, V2_BATCH_QUERY, &uri, 1, &params));
    assert_fails(v2_query_body_parse(*state, STR("{\"attrs\":[]}"), &params), ORDER_PLACE);
    assert_ok(v2_query_body_parse(*state,
                                  STR("{\"expression\":{\"georel\":\"near;maxDistance:1\","
                                      "\"geometry\":\"point\",\"coords\":\"1,1\"}}"),
                                  &params));
}

static Str long_list(Arena *arena, Str head, Str item, size_t count, Str tail)
{
    Buf buf = buf_in(arena);
    buf_add(&buf, head);
    for (size_t i = 0; i < count; i++) {
        buf_add(&buf, i > 0 ? STR(",") : STR_EMPTY);
        buf_add(&buf, item);
    }
    buf_add(&buf, tail);
    Str text = STR_EMPTY;
    assert_ok(buf_finish(&buf, &text));
    return text;
}

static void test_lists_are_bounded(void **state)
{
    const struct {
        Str head;
        Str item;
        Str tail;
    } rows[] = {
        {STR("{\"entities\":["), STR("{\"id\":\"a\"}"), STR("]}")},
        {STR("{\"attrs\":["), STR("\"a\""), STR("]}")},
        {STR("{\"attrs\":[],\"metadata\":["), STR("\"a\""), STR("]}")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        V2Params params = no_params(*state);
        Str most = long_list(*state, rows[i].head, rows[i].item, 1000, rows[i].tail);
        assert_ok(v2_query_body_parse(*state, most, &params));
        Str more = long_list(*state, rows[i].head, rows[i].item, 1001, rows[i].tail);
        assert_fails(v2_query_body_parse(*state, more, &params), QUERY_ITEMS);
    }
}

static void test_nth_allocation_fails(void **state)
{
    const Str body = STR("{\"entities\":[{\"idPattern\":\"^a\",\"type\":\"T\"},{\"id\":\"b\"}],"
                         "\"attrs\":[\"n\"],\"metadata\":[\"m\"],\"expression\":{\"q\":\"n==1,2\","
                         "\"georel\":\"coveredBy\",\"geometry\":\"box\",\"coords\":\"1,1;2,2\"}}");
    bool is_done = false;
    for (size_t budget = 64; !is_done; budget += 64) {
        assert_true(budget < (size_t)1 << 20);
        V2Params params = no_params(*state);
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        assert_non_null(arena);
        Error error = v2_query_body_parse(arena, body, &params);
        is_done = !FAILED(error);
        if (!is_done) {
            assert_int_equal(error.reason, REASON_BUDGET_EXCEEDED);
            assert_int_equal(params.query.selector_count, 0);
        }
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals),
        TEST(test_a_bad_place_is_told_in_words_of_bodies),
        TEST(test_one_selector_for_each_item),
        TEST(test_an_item_for_everything_stays),
        TEST(test_expression),
        TEST(test_what_is_shown),
        TEST(test_parameters_stay),
        TEST(test_distance_needs_a_place),
        TEST(test_lists_are_bounded),
        TEST(test_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
