/* What open data may learn of a request: conditions, patterns and ids that could be about a person
 * never reach it. */
#include "union_city.h"

typedef struct Condition {
    const char *types;
    const char *attribute;
    FilterTest test;
    const char *constant; /* NULL: none */
    int open_asked;
    const char *sent; /* attribute of the term that open data is asked; NULL: none */
} Condition;

static const Condition CONDITIONS[] = {
    {"", "familyName", FILTER_EQUAL, "Kita", 0, NULL},
    {"", "familyName", FILTER_UNEQUAL, "Kita", 0, NULL},
    {"", "familyName", FILTER_IS_THERE, NULL, 0, NULL},
    {"", "familyName", FILTER_IS_ABSENT, NULL, 1, NULL},
    {"AED,Person", "familyName", FILTER_EQUAL, "Kita", 0, NULL},
    {"AED", "familyName", FILTER_EQUAL, "Kita", 0, NULL},
    {"AED", "familyName", FILTER_IS_ABSENT, NULL, 1, NULL},
    {"AED", "inNoSchema", FILTER_EQUAL, "Kita", 1, "inNoSchema"},
    {"", "inNoSchema", FILTER_EQUAL, "Kita", 0, NULL},
    {"AED", "nameEn", FILTER_EQUAL, "urn:ngsi-ld:Person:1", 0, NULL},
    {"AED", "nameEn", FILTER_EQUAL, "of urn:ngsi-ld:%50erson:1", 0, NULL},
    {"", "nameEn", FILTER_EQUAL, "Kita", 1, "nameEn"},
    {"", "nameEn", FILTER_EQUAL, "urn:ngsi-ld:Person:1", 0, NULL},
    {"", "nameEn", FILTER_UNEQUAL, "urn:ngsi-ld:person:1", 1, "nameEn"},
    {"", "dateCreated", FILTER_GREATER, "2026-01-01", 1, "dateCreated"},
};

static void test_open_data_are_asked_nothing_that_could_be_about_a_person(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof CONDITIONS / sizeof CONDITIONS[0]; i++) {
        const Condition *row = &CONDITIONS[i];
        FilterValue value = {.kind = FILTER_TEXT};
        Filter filter = {.kind = FILTER_TERM,
                         .term = {.attribute = str_from(row->attribute), .test = row->test}};
        if (row->constant != NULL) {
            value.text = str_from(row->constant);
            filter.term.values = &value;
            filter.term.value_count = 1;
        }
        EntityQuery query = query_of(fixture, row->types, "");
        query.filter = &filter;
        EntityPage page;
        fixture->open_half.queries = 0;
        assert_ok(ask(fixture, &query, &page));
        const Filter *sent = fixture->open_half.last_query.filter;
        assert_int_equal(fixture->open_half.queries, row->open_asked);
        if (row->sent != NULL) {
            assert_int_equal(sent->kind, FILTER_TERM);
            assert_str(sent->term.attribute, row->sent);
            bool has_person = sent->term.value_count > 0 &&
                              str_starts_with(sent->term.values[0].text, STR("urn:ngsi-ld:"));
            assert_false(has_person);
        } else if (row->open_asked > 0) {
            assert_int_not_equal(sent->kind, FILTER_TERM);
        }
    }
}

static Pattern *pattern_of(Fixture *fixture, const char *text)
{
    Pattern *pattern = NULL;
    assert_ok(pattern_compile_in(fixture->arena, "idPattern", str_from(text), &pattern));
    return pattern;
}

static void test_patterns_choose_the_half(void **state)
{
    Fixture *fixture = *state;
    static const struct {
        const char *id;
        const char *type;
        int open_asked;
        int personal_asked;
    } rows[] = {
        {"^urn:ngsi-ld:Person:.*", NULL, 0, 1},
        {"^urn:ngsi-ld:person:1$", NULL, 0, 1},
        {".*", NULL, 1, 1},
        {NULL, "^Per", 0, 1},
        {NULL, "^AED$", 1, 0},
        {NULL, ".*", 1, 1},
        {"^urn:ngsi-ld:AED:.*", "^AED$", 1, 0},
        {NULL, "^NoSuchType$", 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EntitySelector selector = {0};
        selector.id_pattern = rows[i].id == NULL ? NULL : pattern_of(fixture, rows[i].id);
        selector.type_pattern = rows[i].type == NULL ? NULL : pattern_of(fixture, rows[i].type);
        EntityQuery query = {.selectors = &selector, .selector_count = 1, .limit = 20};
        EntityPage page;
        fixture->open_half.queries = 0;
        fixture->personal_half.queries = 0;
        assert_ok(ask(fixture, &query, &page));
        if (fixture->open_half.queries != rows[i].open_asked ||
            fixture->personal_half.queries != rows[i].personal_asked) {
            fail_msg("%s %s: %d, %d", rows[i].id == NULL ? "" : rows[i].id,
                     rows[i].type == NULL ? "" : rows[i].type, fixture->open_half.queries,
                     fixture->personal_half.queries);
        }
    }
}

/* An id without a type that is the caller's own for something personal is not told to open data. */
static void test_ids_that_the_caller_knows_stay_inside(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = query_of(fixture, "", "acc-1");
    EntityPage page;
    fixture->personal_half.has_one = true;
    assert_ok(ask(fixture, &query, &page));
    assert_int_equal(fixture->open_half.queries, 0);
    assert_int_equal(fixture->personal_half.queries, 1);
}

#define TEST(function_)                                                                            \
    cmocka_unit_test_setup_teardown(function_, union_city_setup, union_city_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open_data_are_asked_nothing_that_could_be_about_a_person),
        TEST(test_patterns_choose_the_half),
        TEST(test_ids_that_the_caller_knows_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
