/* URI parameters: recorded refusals and their order, lists, options, what a query becomes, and that
 * no filter is ever dropped in silence. */
#include "v2_params.h"

#include <string.h>

#include "check.h"
#include "filter_text.h"
#include "geo.h"

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
    const char *text;
} Refusal;

#define BAD_CHARACTER "invalid character in URI parameter"
#define BAD_OPTIONS "Invalid value for URI param /options/"

static const Refusal REFUSALS[] = {
    {V2_LIST, "type", "", "Empty right-hand-side for URI param /type/"},
    {V2_LIST, "attrs", "", "Empty right-hand-side for URI param /attrs/"},
    {V2_LIST, "q", "", "Empty right-hand-side for URI param /q/"},
    {V2_LIST, "orderBy", "", "Empty right-hand-side for URI param /orderBy/"},
    {V2_LIST, "nobody", "", "Empty right-hand-side for URI param /nobody/"},
    {V2_GET_VALUE, "q", "", "Empty right-hand-side for URI param /q/"},
    {V2_LIST, "type", "a<b", BAD_CHARACTER},
    {V2_LIST, "foo", "a<b", BAD_CHARACTER},
    {V2_LIST, "fo<o", "ab", BAD_CHARACTER},
    {V2_LIST, "attrs", "a'b", BAD_CHARACTER},
    {V2_LIST, "metadata", "a(b", BAD_CHARACTER},
    {V2_LIST, "orderBy", "'a.b'", BAD_CHARACTER},
    {V2_LIST, "id", "a\"b", BAD_CHARACTER},
    {V2_LIST, "georel", "near(", BAD_CHARACTER},
    {V2_LIST, "geometry", "point'", BAD_CHARACTER},
    {V2_LIST, "coords", "1,1=", BAD_CHARACTER},
    {V2_DELETE, "type", "a;b", BAD_CHARACTER},
    {V2_CREATE, "options", "foo", BAD_OPTIONS},
    {V2_UPDATE, "options", "zzz", BAD_OPTIONS},
    {V2_LIST_TYPES, "options", "foo", BAD_OPTIONS},
    {V2_BATCH_UPDATE, "options", "keyvalues", BAD_OPTIONS},
    {V2_LIST, "options", "keyValues,values", BAD_OPTIONS},
    {V2_LIST, "options", "unique,count,values", BAD_OPTIONS},
    {V2_LIST, "options", "keyValues,unique", BAD_OPTIONS},
    {V2_LIST, "options", "keyValues,", BAD_OPTIONS},
    {V2_LIST, "options", " count", BAD_OPTIONS},
    {V2_LIST, "limit", "1001", "Bad pagination limit: /1001/ [max: 1000]"},
    {V2_LIST, "limit", "99999999999999999999",
     "Bad pagination limit: /99999999999999999999/ [max: 1000]"},
    {V2_LIST, "limit", "abc", "Bad pagination limit: /abc/ [must be a positive integer number]"},
    {V2_LIST, "limit", "-1", "Bad pagination limit: /-1/ [must be a positive integer number]"},
    {V2_GET, "limit", "-1", "Bad pagination limit: /-1/ [must be a positive integer number]"},
    {V2_BATCH_QUERY, "limit", "1001", "Bad pagination limit: /1001/ [max: 1000]"},
    {V2_LIST, "offset", "abc", "Bad pagination offset: /abc/ [must be a decimal number]"},
    {V2_LIST, "offset", "-1", "Bad pagination offset: /-1/ [must be a decimal number]"},
    {V2_LIST, "q", ";", "empty q"},
    {V2_LIST, "q", "==1", "empty left-hand-side in q-item"},
    {V2_LIST, "q", "n==", "empty right-hand-side in q-item"},
    {V2_LIST, "q", "n==(1)", "forbidden characters in String Filter"},
    {V2_LIST, "mq", "w==1", "no metadata name - not valid for metadata filters"},
    {V2_LIST, "georel", "near;maxDistance:5",
     "Invalid query: URI param /georel/ used without /geometry/"},
    {V2_LIST, "geometry", "point", "Invalid query: URI param /geometry/ used without /coords/"},
    {V2_LIST, "coords", "34.9,134.8", "Invalid query: URI param /coords/ used without /geometry/"},
    {V2_LIST, "orderBy", "a,,b", "Invalid value for URI param /orderBy/"},
    {V2_BATCH_QUERY, "orderBy", "a,a", "URI param /orderBy/ names a more than once"},
    {V2_LIST, "orderBy", "geo:distance",
     "URI param /orderBy/ with geo:distance needs georel, geometry and coords"},
};

static const char *said(Arena *arena, V2Operation operation, const V2Param *params, size_t count,
                        int *ret_status)
{
    V2Params read;
    char text[256];
    Error error = v2_params_read(arena, operation, params, count, &read);
    (void)error_text(error, text, sizeof text);
    *ret_status = FAILED(error) ? error_words(error.reason)->http_status : 200;
    return str_argument(arena, str_from(text));
}

static void test_refusals(void **state)
{
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        const Refusal *refusal = &REFUSALS[i];
        V2Param param = {.name = str_from(refusal->name), .value = str_from(refusal->value)};
        int status = 0;
        const char *text = said(*state, refusal->operation, &param, 1, &status);
        if (status != 400 || strcmp(text, refusal->text) != 0) {
            fail_msg("%s=%s gave %d \"%s\"", refusal->name, refusal->value, status, text);
        }
    }
}

static void test_patterns_that_do_not_compile_are_refused(void **state)
{
    const char *names[] = {"idPattern", "typePattern"};
    const char *patterns[] = {"(", "*", "[", "(a)\\1"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
            V2Param param = {.name = str_from(names[i]), .value = str_from(patterns[k])};
            V2Params read;
            assert_fails(v2_params_read(*state, V2_LIST, &param, 1, &read), PATTERN_INVALID);
        }
    }
}

/* Of several faults the one that Orion looks for first is told. */
static void test_order_of_refusals(void **state)
{
    const struct {
        V2Param params[3];
        const char *text;
    } rows[] = {
        {{{STR("id"), STR("R1")}, {STR("idPattern"), STR("R.*")}, {STR("q"), STR(";")}},
         "Incompatible parameters: id, IdPattern"},
        {{{STR("typePattern"), STR("^C")}, {STR("type"), STR("Car")}, {STR("q"), STR(";")}},
         "Incompatible parameters: type, typePattern"},
        {{{STR("q"), STR(";")}, {STR("mq"), STR("w")}, {STR("limit"), STR("x")}},
         "Bad pagination limit: /x/ [must be a positive integer number]"},
        {{{STR("q"), STR(";")}, {STR("mq"), STR("w")}, {STR("coords"), STR("1,1")}},
         "Invalid query: URI param /coords/ used without /geometry/"},
        {{{STR("mq"), STR("w")}, {STR("q"), STR(";")}, {STR("orderBy"), STR("!")}}, "empty q"},
        {{{STR("type"), STR("A")}, {STR("type"), STR("B")}, {STR("q"), STR(";")}},
         "URI param /type/ is given more than once"},
        {{{STR("q"), STR("a")}, {STR("q"), STR("a")}, {STR("id"), STR("x")}},
         "URI param /q/ is given more than once"},
        {{{STR("geometry"), STR("point")}, {STR("coords"), STR("1,1")}, {STR("q"), STR(";")}},
         "Invalid query: URI param /geometry/ used without /georel/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int status = 0;
        assert_string_equal(said(*state, V2_LIST, rows[i].params, 3, &status), rows[i].text);
        assert_int_equal(status, 400);
    }
}

static V2Params accepted(Arena *arena, V2Operation operation, const V2Param *params, size_t count)
{
    V2Params read = {.type = STR_INIT("?")};
    assert_ok(v2_params_read(arena, operation, params, count, &read));
    return read;
}

static V2Params accepted_one(Arena *arena, V2Operation operation, const char *name,
                             const char *value)
{
    const V2Param param = {str_from(name), str_from(value)};
    return accepted(arena, operation, &param, 1);
}

static void test_defaults(void **state)
{
    for (int operation = 0; operation < V2_OPERATION_COUNT_; operation++) {
        V2Params read = accepted(*state, (V2Operation)operation, NULL, 0);
        assert_int_equal(read.query.limit, 20);
        assert_int_equal(read.query.offset, 0);
        assert_int_equal(
            read.query.selector_count + read.query.attributes.count + read.query.order_count, 0);
        assert_true(read.query.filter == NULL && read.query.place == NULL);
        assert_int_equal(read.show.representation, V2_NORMALIZED);
        assert_false(read.is_key_values || read.is_append || read.is_upsert || read.is_forced ||
                     read.overrides_metadata || read.hides_attribute_types ||
                     read.query.is_count_wanted);
        assert_str(read.type, "");
    }
}

static void test_selection(void **state)
{
    const V2Param params[] = {
        {STR("id"), STR("R1,R3,R1")},
        {STR("typePattern"), STR("^C")},
        {STR("foo"), STR("bar")},
    };
    V2Params read = accepted(*state, V2_LIST, params, 3);
    assert_int_equal(read.query.selector_count, 1);
    const EntitySelector *selector = read.query.selectors;
    assert_int_equal(selector->ids.count, 2);
    assert_str(selector->ids.items[1], "R3");
    assert_int_equal(selector->types.count, 0);
    assert_null(selector->id_pattern);
    assert_str(pattern_text(selector->type_pattern), "^C");
    const V2Param others[] = {{STR("idPattern"), STR("^R[1-3]")}, {STR("type"), STR("Room,Car")}};
    read = accepted(*state, V2_LIST, others, 2);
    assert_str(pattern_text(read.query.selectors->id_pattern), "^R[1-3]");
    assert_int_equal(read.query.selectors->types.count, 2);
}

static void test_patterns_for_everything_restrict_nothing(void **state)
{
    assert_int_equal(accepted_one(*state, V2_LIST, "idPattern", ".*").query.selector_count, 0);
    const V2Param params[] = {{STR("typePattern"), STR(".*")}, {STR("idPattern"), STR("a")}};
    V2Params read = accepted(*state, V2_LIST, params, 2);
    assert_int_equal(read.query.selector_count, 1);
    assert_null(read.query.selectors->type_pattern);
}

static void test_filter_place_and_order(void **state)
{
    const V2Param params[] = {
        {STR("q"), STR("n>30;'a.b'==x")},
        {STR("mq"), STR("w.acc>0.5")},
        {STR("georel"), STR("near;maxDistance:5000")},
        {STR("geometry"), STR("point")},
        {STR("coords"), STR("34.90,134.84")},
        {STR("orderBy"), STR("geo:distance,!n")},
    };
    V2Params read = accepted(*state, V2_LIST, params, 6);
    Str q;
    Str mq;
    assert_ok(filter_text_in(*state, read.query.filter, &q, &mq));
    assert_str(q, "n>30;'a.b'=='x'");
    assert_str(mq, "w.acc>0.5");
    assert_int_equal(read.query.place->relation, GEO_NEAR);
    assert_int_equal(read.query.order_count, 2);
    assert_int_equal(read.query.order[0].kind, ENTITY_ORDER_DISTANCE);
    assert_true(read.query.order[1].is_descending);
}

static void test_paging(void **state)
{
    const V2Param params[] = {
        {STR("limit"), STR("0")}, {STR("offset"), STR("007")}, {STR("options"), STR("count")}};
    const V2Operation operations[] = {V2_LIST, V2_LIST_TYPES, V2_BATCH_QUERY};
    for (size_t i = 0; i < 3; i++) {
        V2Params read = accepted(*state, operations[i], params, 3);
        assert_int_equal(read.query.limit, 0);
        assert_int_equal(read.query.offset, 7);
        assert_true(read.query.is_count_wanted);
    }
    assert_int_equal(accepted_one(*state, V2_LIST, "limit", "1000").query.limit, 1000);
}

static void test_representations(void **state)
{
    const struct {
        const char *options;
        V2Representation representation;
    } rows[] = {
        {"normalized", V2_NORMALIZED},
        {"keyValues", V2_KEY_VALUES},
        {"count,values", V2_VALUES},
        {"unique", V2_UNIQUE},
        {"keyValues,keyValues", V2_KEY_VALUES},
        {"normalized,keyValues", V2_KEY_VALUES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        V2Params read = accepted_one(*state, V2_LIST, "options", rows[i].options);
        assert_int_equal(read.show.representation, rows[i].representation);
        assert_int_equal(read.is_key_values, rows[i].representation == V2_KEY_VALUES);
    }
}

static void test_options_of_writes(void **state)
{
    V2Params read = accepted_one(*state, V2_CREATE, "options", "upsert,keyValues");
    assert_true(read.is_upsert && read.is_key_values && !read.is_append);
    read = accepted_one(*state, V2_APPEND, "options", "append,overrideMetadata,forcedUpdate");
    assert_true(read.is_append && read.overrides_metadata && read.is_forced && !read.is_upsert);
    read = accepted_one(*state, V2_LIST_TYPES, "options", "noAttrDetail,values");
    assert_true(read.hides_attribute_types);
    assert_int_equal(read.show.representation, V2_VALUES);
}

static void test_words_without_meaning_are_accepted(void **state)
{
    const char *all = "count,append,forcedUpdate,flowControl,skipForwarding,noAttrDetail,upsert,"
                      "overrideMetadata,normalized";
    for (int operation = 0; operation < V2_OPERATION_COUNT_; operation++) {
        (void)accepted_one(*state, (V2Operation)operation, "options", all);
    }
}

static void test_empty_items_stay_and_match_nothing(void **state)
{
    V2Params read = accepted_one(*state, V2_LIST, "type", ",");
    assert_int_equal(read.query.selectors->types.count, 1);
    assert_str(read.query.selectors->types.items[0], "");
}

static void test_type_of_one_entity_is_one_text(void **state)
{
    const V2Operation operations[] = {V2_GET,           V2_UPDATE,    V2_DELETE,
                                      V2_GET_ATTRIBUTE, V2_PUT_VALUE, V2_DELETE_ATTRIBUTE};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        V2Params read = accepted_one(*state, operations[i], "type", "A,B");
        assert_str(read.type, "A,B");
        assert_int_equal(read.query.selector_count, 0);
    }
}

/* Dates are those of the whole view, so they need all attributes; the rendering shows what was
 * asked for. */
static void test_builtins_need_all_attributes(void **state)
{
    const char *all[] = {"*", "n,*", "dateCreated", "n,dateModified", "*,dateCreated"};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        V2Params read = accepted_one(*state, V2_LIST, "attrs", all[i]);
        assert_int_equal(read.query.attributes.count, 0);
        assert_true(read.show.attributes.count > 0);
    }
    const char *some[] = {"id,type", "n,dateExpires", "servicePath,n", "n,m,n"};
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        V2Params read = accepted_one(*state, V2_GET, "attrs", some[i]);
        assert_int_equal(read.query.attributes.count, 2);
        assert_int_equal(read.show.attributes.count, 2);
    }
}

static void test_metadata(void **state)
{
    const V2Operation operations[] = {V2_LIST, V2_GET, V2_GET_ATTRIBUTE};
    for (size_t i = 0; i < 3; i++) {
        V2Params read = accepted_one(*state, operations[i], "metadata", "dateModified,*,acc");
        assert_int_equal(read.show.metadata.count, 3);
        assert_str(read.show.metadata.items[1], "*");
    }
}

/* The body of op/query says what is meant; a filter beside it would be dropped. */
static void test_op_query_takes_no_filter_in_the_uri(void **state)
{
    const char *names[] = {"id",     "type",     "idPattern", "typePattern", "q",       "mq",
                           "georel", "geometry", "coords",    "attrs",       "metadata"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const V2Param param = {str_from(names[i]), STR("a")};
        V2Params read;
        assert_fails(v2_params_read(*state, V2_BATCH_QUERY, &param, 1, &read), PARAM_PLACE);
    }
    assert_int_equal(
        accepted_one(*state, V2_BATCH_QUERY, "orderBy", "!geo:distance").query.order_count, 1);
}

/* As Orion: a filter says nothing where the path names the entity. */
static void test_filters_mean_nothing_beside_a_path(void **state)
{
    V2Params read = accepted_one(*state, V2_GET, "q", "n==(");
    assert_null(read.query.filter);
    read = accepted_one(*state, V2_DELETE, "idPattern", "(");
    assert_int_equal(read.query.selector_count, 0);
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
    V2Params params = accepted(*state, V2_LIST, &ids, 1);
    assert_int_equal(params.query.selectors->ids.count, V2_LIST_ITEMS_MAX);
    buf_add(&items, STR(",more"));
    assert_ok(buf_finish(&items, &ids.value));
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

static void test_nth_allocation_fails(void **state)
{
    (void)state;
    const V2Param params[] = {
        {STR("id"), STR("a,b")},          {STR("typePattern"), STR("^C.*x$")},
        {STR("q"), STR("a.b==1,2;c~=d")}, {STR("georel"), STR("coveredBy")},
        {STR("geometry"), STR("box")},    {STR("coords"), STR("1,1;2,2")},
        {STR("orderBy"), STR("a.b,!c")},  {STR("attrs"), STR("a,b")},
    };
    bool is_done = false;
    for (size_t budget = 64; !is_done; budget += 64) {
        assert_true(budget < (size_t)1 << 20);
        CLEANUP(arena_free) Arena *arena = arena_new(budget);
        assert_non_null(arena);
        V2Params read = {.type = STR_INIT("untouched")};
        Error error = v2_params_read(arena, V2_LIST, params, 8, &read);
        is_done = !FAILED(error);
        if (!is_done) {
            assert_int_equal(error.reason, REASON_BUDGET_EXCEEDED);
            assert_str(read.type, "untouched");
        }
    }
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, arena_setup, arena_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refusals),
        TEST(test_patterns_that_do_not_compile_are_refused),
        TEST(test_order_of_refusals),
        TEST(test_defaults),
        TEST(test_selection),
        TEST(test_patterns_for_everything_restrict_nothing),
        TEST(test_filter_place_and_order),
        TEST(test_paging),
        TEST(test_representations),
        TEST(test_options_of_writes),
        TEST(test_words_without_meaning_are_accepted),
        TEST(test_empty_items_stay_and_match_nothing),
        TEST(test_type_of_one_entity_is_one_text),
        TEST(test_builtins_need_all_attributes),
        TEST(test_metadata),
        TEST(test_op_query_takes_no_filter_in_the_uri),
        TEST(test_filters_mean_nothing_beside_a_path),
        TEST(test_list_length_is_bounded),
        TEST(test_path_ids),
        cmocka_unit_test(test_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
