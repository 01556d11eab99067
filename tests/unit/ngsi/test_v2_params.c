/* URI parameters: recorded refusals, lists, and that no filter is ever dropped in silence. */
#include "v2_params.h"

#include <string.h>

#include "check.h"

static int arena_setup(void **state)
{
    *state = arena_new((size_t)4 << 20);
    return *state == NULL ? -1 : 0;
}

static int arena_teardown(void **state)
{
    (void)arena_free(*state);
    return 0;
}

typedef struct Refusal {
    V2Operation operation;
    const char *name;
    const char *value;
    int status;
    const char *text;
} Refusal;

static const Refusal REFUSALS[] = {
    {V2_LIST, "type", "", 400, "Empty right-hand-side for URI param /type/"},
    {V2_LIST, "attrs", "", 400, "Empty right-hand-side for URI param /attrs/"},
    {V2_LIST, "q", "", 400, "Empty right-hand-side for URI param /q/"},
    {V2_LIST, "orderBy", "", 400, "Empty right-hand-side for URI param /orderBy/"},
    {V2_LIST, "type", "a<b", 400, "invalid character in URI parameter"},
    {V2_LIST, "foo", "a<b", 400, "invalid character in URI parameter"},
    {V2_CREATE, "options", "foo", 400, "Invalid value for URI param /options/"},
    {V2_UPDATE, "options", "zzz", 400, "Invalid value for URI param /options/"},
    {V2_LIST, "options", "keyValues,values", 400, "Invalid value for URI param /options/"},
    {V2_LIST, "options", "keyValues,", 400, "Invalid value for URI param /options/"},
    {V2_LIST, "limit", "1001", 400, "Bad pagination limit: /1001/ [max: 1000]"},
    {V2_LIST, "limit", "99999999999999999999", 400,
     "Bad pagination limit: /99999999999999999999/ [max: 1000]"},
    {V2_LIST, "limit", "abc", 400,
     "Bad pagination limit: /abc/ [must be a positive integer number]"},
    {V2_LIST, "limit", "-1", 400, "Bad pagination limit: /-1/ [must be a positive integer number]"},
    {V2_GET, "limit", "-1", 400, "Bad pagination limit: /-1/ [must be a positive integer number]"},
    {V2_LIST, "offset", "abc", 400, "Bad pagination offset: /abc/ [must be a decimal number]"},
    {V2_LIST, "offset", "-1", 400, "Bad pagination offset: /-1/ [must be a decimal number]"},
    /* known to Orion, not served yet */
    {V2_LIST, "q", "n==10", 501, "q is not supported yet"},
    {V2_LIST, "mq", "w.acc>0.4", 501, "mq is not supported yet"},
    {V2_LIST, "idPattern", "^(R|S)$", 501, "idPattern is not supported yet"},
    {V2_LIST, "typePattern", "^C", 501, "typePattern is not supported yet"},
    {V2_LIST, "georel", "near;maxDistance:100", 501, "georel is not supported yet"},
    {V2_LIST, "geometry", "point", 501, "geometry is not supported yet"},
    {V2_LIST, "coords", "34.9,134.8", 501, "coords is not supported yet"},
    {V2_LIST, "orderBy", "!n", 501, "orderBy is not supported yet"},
    {V2_LIST, "metadata", "acc", 501, "metadata is not supported yet"},
    {V2_GET, "metadata", "acc", 501, "metadata is not supported yet"},
    {V2_LIST, "options", "values", 501, "option values is not supported yet"},
    {V2_GET, "options", "count,unique", 501, "option unique is not supported yet"},
    {V2_CREATE, "options", "upsert,keyValues", 501, "option upsert is not supported yet"},
    {V2_UPDATE, "options", "overrideMetadata", 501, "option overrideMetadata is not supported yet"},
    {V2_LIST, "attrs", "dateExpires", 501, "dateExpires is not supported yet"},
};

static void test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        const Refusal *refusal = &REFUSALS[i];
        V2Param param = {.name = str_from(refusal->name), .value = str_from(refusal->value)};
        V2Params params;
        char text[256];
        Error error = v2_params_read(*state, refusal->operation, &param, 1, &params);
        (void)error_text(error, text, sizeof text);
        if (!FAILED(error) || strcmp(text, refusal->text) != 0 ||
            error_words(error.reason)->http_status != refusal->status) {
            fail_msg("%s=%s gave \"%s\"", refusal->name, refusal->value, text);
        }
    }
}

static void test_incompatible_and_repeated(void **state)
{
    const struct {
        V2Param params[2];
        const char *text;
    } rows[] = {
        {{{STR("id"), STR("R1")}, {STR("idPattern"), STR("R.*")}},
         "Incompatible parameters: id, IdPattern"},
        {{{STR("typePattern"), STR("^C")}, {STR("type"), STR("Car")}},
         "Incompatible parameters: type, typePattern"},
        {{{STR("type"), STR("A")}, {STR("type"), STR("B")}},
         "URI param /type/ is given more than once"},
        {{{STR("q"), STR("a")}, {STR("q"), STR("b")}}, "URI param /q/ is given more than once"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        V2Params params;
        char text[256];
        (void)error_text(v2_params_read(*state, V2_LIST, rows[i].params, 2, &params), text,
                         sizeof text);
        assert_string_equal(text, rows[i].text);
    }
}

static V2Params accepted(Arena *arena, V2Operation operation, const V2Param *params, size_t count)
{
    V2Params read;
    assert_ok(v2_params_read(arena, operation, params, count, &read));
    return read;
}

static void test_defaults(void **state)
{
    V2Params read = accepted(*state, V2_LIST, NULL, 0);
    assert_int_equal(read.query.limit, 20);
    assert_int_equal(read.query.offset, 0);
    assert_false(read.query.is_count_wanted || read.show.is_key_values);
    assert_int_equal(read.query.ids.count + read.query.types.count + read.query.attributes.count,
                     0);
}

static void test_all_that_is_served(void **state)
{
    const V2Param params[] = {
        {STR("id"), STR("R1,R3,R1")}, {STR("type"), STR("Room,Car")},
        {STR("attrs"), STR("n,s")},   {STR("limit"), STR("0")},
        {STR("offset"), STR("007")},  {STR("options"), STR("keyValues,count")},
        {STR("foo"), STR("bar")},
    };
    V2Params read = accepted(*state, V2_LIST, params, sizeof params / sizeof params[0]);
    assert_int_equal(read.query.ids.count, 2);
    assert_str(read.query.ids.items[1], "R3");
    assert_int_equal(read.query.types.count, 2);
    assert_int_equal(read.query.attributes.count, 2);
    assert_int_equal(read.query.limit, 0);
    assert_int_equal(read.query.offset, 7);
    assert_true(read.query.is_count_wanted && read.show.is_key_values);
}

static void test_words_without_meaning_are_accepted(void **state)
{
    const V2Param count = {
        STR("options"), STR("count,append,forcedUpdate,flowControl,skipForwarding,noAttrDetail")};
    (void)accepted(*state, V2_CREATE, &count, 1);
    const V2Param normalized = {STR("options"), STR("normalized")};
    (void)accepted(*state, V2_GET, &normalized, 1);
}

static void test_empty_items_stay_and_match_nothing(void **state)
{
    const V2Param type = {STR("type"), STR(",")};
    V2Params read = accepted(*state, V2_LIST, &type, 1);
    assert_int_equal(read.query.types.count, 1);
    assert_str(read.query.types.items[0], "");
}

static void test_type_of_one_entity_is_one_text(void **state)
{
    const V2Param type = {STR("type"), STR("A,B")};
    assert_str(accepted(*state, V2_GET, &type, 1).type, "A,B");
    assert_str(accepted(*state, V2_UPDATE, &type, 1).type, "A,B");
    assert_int_equal(accepted(*state, V2_GET, &type, 1).query.types.count, 0);
}

/* Dates are those of the whole view, so they need all attributes; the rendering shows what was
 * asked for. */
static void test_builtins_need_all_attributes(void **state)
{
    const char *all[] = {"*", "n,*", "dateCreated", "n,dateModified", "*,dateCreated"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const V2Param attrs = {STR("attrs"), str_from(all[i])};
        assert_int_equal(accepted(*state, V2_LIST, &attrs, 1).query.attributes.count, 0);
        assert_true(accepted(*state, V2_LIST, &attrs, 1).show.attributes.count > 0);
    }
    const V2Param none = {STR("attrs"), STR("id,type")};
    assert_int_equal(accepted(*state, V2_LIST, &none, 1).query.attributes.count, 2);
}

static void test_list_length_is_bounded(void **state)
{
    Buf items = buf_in(*state);
    for (int i = 0; i < V2_LIST_ITEMS_MAX; i++) {
        buf_add(&items, i == 0 ? STR("i") : STR(",i"));
        buf_add_int(&items, i);
    }
    Str text;
    assert_ok(buf_finish(&items, &text));
    V2Param ids = {STR("id"), text};
    assert_int_equal(accepted(*state, V2_LIST, &ids, 1).query.ids.count, V2_LIST_ITEMS_MAX);
    buf_add(&items, STR(",more"));
    assert_ok(buf_finish(&items, &ids.value));
    V2Params params;
    assert_fails(v2_params_read(*state, V2_LIST, &ids, 1, &params), PARAM_ITEMS);
}

static void test_path_ids(void **state)
{
    assert_ok(v2_path_id_check(*state, STR("urn:ngsi-ld:Lamp:001")));
    assert_fails(v2_path_id_check(*state, STR("a/b")), UNKNOWN_ROUTE);
    assert_fails(v2_path_id_check(*state, STR("加西市")), HTTP_BAD_TARGET);
    assert_fails(v2_path_id_check(*state, STR("a b")), HTTP_BAD_TARGET);
    assert_fails(v2_path_id_check(*state, STR("a<b")), HTTP_BAD_TARGET);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals),
        TEST(test_incompatible_and_repeated),
        TEST(test_defaults),
        TEST(test_all_that_is_served),
        TEST(test_words_without_meaning_are_accepted),
        TEST(test_empty_items_stay_and_match_nothing),
        TEST(test_type_of_one_entity_is_one_text),
        TEST(test_builtins_need_all_attributes),
        TEST(test_list_length_is_bounded),
        TEST(test_path_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
