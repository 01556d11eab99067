/* Conditions, orders and ids are about the view: what is hidden is absent, and only what is granted
 * is opened. */
#include <stdio.h>
#include <string.h>

#include "gate_words.h"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 7);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_vault_done(&vault);
    return 0;
}

static uint64_t opened_values(void)
{
    return seal_counts(vault.ring).opens[SEAL_VALUE];
}

/* --- words ------------------------------------------------------------------------------------ */

static const char *ask(const EntityQuery *query)
{
    Str text;
    assert_ok(test_query(&vault, KENKO, query, &text, NULL));
    return text.p;
}

/* The ids, a blank behind each, of what one condition finds among persons. */
static const char *found(const Filter *filter)
{
    static char ids[1024];
    EntityQuery query = person_query();
    query.filter = filter;
    Str rest = str_from(ask(&query));
    Str line;
    ids[0] = '\0';
    while (str_split(&rest, '\n', &line) && line.n > 0) {
        size_t skip = strlen(TEST_PERSON);
        (void)snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%.*s ",
                       STR_FORMAT(str_slice(line, skip, str_find(line, ' ') - skip)));
    }
    return ids;
}

/* --- opens ------------------------------------------------------------------------------------ */

static void a_condition_opens_what_it_looks_at_once(void **state)
{
    (void)state;
    enum { CITIZENS = 9 };
    for (int n = 0; n < CITIZENS; n++) {
        giver(&vault, n, n % 3 == 0 ? "familyName=Kita sex=1 postalCode=7" : "familyName=Ota sex=2",
              "familyName,sex");
    }
    citizen(&vault, CITIZENS, "familyName=Kita");
    uint64_t before = opened_values();
    EntityQuery query = person_query();
    query.filter = term(&vault, "familyName", FILTER_EQUAL, "Kita");
    query.limit = 2;
    query.is_count_wanted = true;
    Str text;
    int64_t total = 0;
    assert_ok(test_query(&vault, KENKO, &query, &text, &total));
    assert_string_equal(text.p, TEST_PERSON "k-0 Person familyName=\"Kita\" sex=\"1\"\n" TEST_PERSON
                                            "k-3 Person familyName=\"Kita\" sex=\"1\"\n");
    assert_int_equal(total, 3);
    /* One for each who consented, and what the page shows beyond it. */
    assert_int_equal(opened_values() - before, CITIZENS + 2);
}

static void a_full_page_stops_looking(void **state)
{
    (void)state;
    for (int n = 0; n < 30; n++) {
        giver(&vault, n, "familyName=Kita", "familyName");
    }
    EntityQuery query = person_query();
    query.filter = term(&vault, "familyName", FILTER_EQUAL, "Kita");
    query.limit = 3;
    uint64_t before = opened_values();
    (void)ask(&query);
    assert_int_equal(opened_values() - before, 3);
    before = opened_values();
    query.limit = 0;
    assert_string_equal(ask(&query), "");
    assert_int_equal(opened_values() - before, 0);
}

static void times_need_all_that_is_given_and_no_more(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        giver(&vault, n, "familyName=A sex=1 postalCode=7 remarks=x", "familyName,sex,postalCode");
    }
    EntityQuery query = person_query();
    query.order = by(&vault, ENTITY_ORDER_MODIFIED, "", false);
    query.order_count = 1;
    query.limit = 1;
    uint64_t before = opened_values();
    (void)ask(&query);
    assert_int_equal(opened_values() - before, 4 * 3 + 3);
}

/* --- hidden is absent ------------------------------------------------------------------------- */

static void a_hidden_attribute_is_absent_to_conditions(void **state)
{
    (void)state;
    giver(&vault, 0, "familyName=Kita sex=1", "familyName,sex");
    giver(&vault, 1, "familyName=Kita sex=1", "familyName");
    giver(&vault, 2, "familyName=Kita", "familyName,sex");
    assert_string_equal(found(term(&vault, "sex", FILTER_EQUAL, "1")), "k-0 ");
    assert_string_equal(found(term(&vault, "sex", FILTER_UNEQUAL, "2")), "k-0 ");
    assert_string_equal(found(term(&vault, "sex", FILTER_GREATER_EQUAL, "0")), "k-0 ");
    assert_string_equal(found(term(&vault, "sex", FILTER_IS_THERE, NULL)), "k-0 ");
    assert_string_equal(found(term(&vault, "sex", FILTER_IS_ABSENT, NULL)), "k-1 k-2 ");
    Filter matches = *term(&vault, "sex", FILTER_MATCHES, NULL);
    matches.term.pattern = pattern(&vault, ".");
    assert_string_equal(found(&matches), "k-0 ");
}

static void metadata_of_a_hidden_attribute_is_absent(void **state)
{
    (void)state;
    giver(&vault, 0, "familyName=Kita sex=1", "familyName,sex");
    giver(&vault, 1, "familyName=Kita sex=1", "familyName");
    Filter there = *term(&vault, "sex", FILTER_IS_THERE, NULL);
    there.term.metadata = STR("dateCreated");
    assert_string_equal(found(&there), "k-0 ");
    there.term.test = FILTER_IS_ABSENT;
    assert_string_equal(found(&there), "k-1 ");
}

static void hidden_values_do_not_order(void **state)
{
    (void)state;
    giver(&vault, 0, "familyName=C sex=1", "familyName");
    giver(&vault, 1, "familyName=B sex=3", "familyName,sex");
    giver(&vault, 2, "familyName=A sex=2", "familyName,sex");
    giver(&vault, 3, "familyName=D sex=0", "familyName");
    EntityQuery query = person_query();
    query.attributes = test_list_of(&vault, "familyName");
    query.order = by(&vault, ENTITY_ORDER_ATTRIBUTE, "sex", false);
    query.order_count = 1;
    /* Absent stands first, in the order of the view. */
    const char *ascending = ask(&query);
    assert_string_equal(ascending, TEST_PERSON "k-0 Person familyName=\"C\"\n" TEST_PERSON
                                               "k-3 Person familyName=\"D\"\n" TEST_PERSON
                                               "k-2 Person familyName=\"A\"\n" TEST_PERSON
                                               "k-1 Person familyName=\"B\"\n");
}

static void hidden_changes_do_not_order_by_time(void **state)
{
    (void)state;
    TestCitizen first = giver(&vault, 0, "familyName=A givenName=X", "familyName");
    test_give(&vault, first, PAY, "Person", "givenName", "read,write");
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    giver(&vault, 1, "familyName=B", "familyName");
    fake_clock_advance(&vault.fake, CLOCK_SECOND_US);
    assert_ok(test_update(&vault, PAY, TEST_PERSON "p-0", "", "givenName=Y"));
    EntityQuery query = person_query();
    query.order = by(&vault, ENTITY_ORDER_MODIFIED, "", true);
    query.order_count = 1;
    assert_string_equal(ask(&query), TEST_PERSON "k-1 Person familyName=\"B\"\n" TEST_PERSON
                                                 "k-0 Person familyName=\"A\"\n");
}

/* A link is looked at last, and decides all the same. */
static void whoever_is_not_linked_neither_matches_nor_fails(void **state)
{
    (void)state;
    const char *costly = "familyName=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa! sex=1";
    TestCitizen frozen = giver(&vault, 1, costly, "familyName,sex");
    giver(&vault, 2, "familyName=a sex=1", "familyName,sex");
    TestCitizen undone = giver(&vault, 3, costly, "familyName,sex");
    test_unlink(&vault, frozen, "kenko", LINK_FROZEN);
    test_unlink(&vault, undone, "kenko", LINK_UNLINKED);
    Filter matches = *term(&vault, "familyName", FILTER_MATCHES, NULL);
    matches.term.pattern = pattern(&vault, "^(a+)+$");
    assert_string_equal(found(&matches), "k-2 ");
    EntityQuery query = person_query();
    query.filter = term(&vault, "sex", FILTER_EQUAL, "1");
    query.is_count_wanted = true;
    query.order = by(&vault, ENTITY_ORDER_ATTRIBUTE, "familyName", true);
    query.order_count = 1;
    Str text;
    int64_t total = 0;
    assert_ok(test_query(&vault, KENKO, &query, &text, &total));
    assert_int_equal(total, 1);
    assert_string_equal(text.p, TEST_PERSON "k-2 Person familyName=\"a\" sex=\"1\"\n");
    assert_null(strstr(test_history(&vault, frozen), "read permit"));
}

/* --- ids and types ---------------------------------------------------------------------------- */

static void patterns_see_the_callers_ids(void **state)
{
    (void)state;
    TestCitizen first = giver(&vault, 1, "familyName=A", "familyName");
    giver(&vault, 2, "familyName=B", "familyName");
    test_entity(&vault, first, "neppi-pay", "PointAccount", "urn:ngsi-ld:PointAccount:secret-9",
                "balance=5");
    test_give(&vault, first, KENKO, "PointAccount", "balance", "read");
    EntitySelector selector = {.id_pattern = pattern(&vault, "k-2$")};
    EntityQuery query = {.selectors = &selector, .selector_count = 1, .limit = 20};
    assert_string_equal(ask(&query), TEST_PERSON "k-2 Person familyName=\"B\"\n");
    static const char *const OTHERS[] = {"p-1", "secret", "^walker"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        selector.id_pattern = pattern(&vault, OTHERS[i]);
        assert_string_equal(ask(&query), "");
    }
    selector = (EntitySelector){.type_pattern = pattern(&vault, "^Point")};
    assert_non_null(strstr(ask(&query), " PointAccount balance=\"5\"\n"));
    assert_null(strstr(ask(&query), " Person "));
}

static void conditions_on_ids_see_the_callers_ids(void **state)
{
    (void)state;
    giver(&vault, 1, "familyName=A", "familyName");
    giver(&vault, 2, "familyName=B", "familyName");
    assert_string_equal(found(term(&vault, "id", FILTER_EQUAL, TEST_PERSON "k-2")), "k-2 ");
    assert_string_equal(found(term(&vault, "id", FILTER_EQUAL, TEST_PERSON "p-2")), "");
    EntityQuery query = person_query();
    query.order = by(&vault, ENTITY_ORDER_ID, "", true);
    query.order_count = 1;
    assert_string_equal(ask(&query), TEST_PERSON "k-2 Person familyName=\"B\"\n" TEST_PERSON
                                                 "k-1 Person familyName=\"A\"\n");
}

static void selectors_add_up(void **state)
{
    (void)state;
    for (int n = 0; n < 4; n++) {
        TestCitizen made = giver(&vault, n, "familyName=A", "familyName");
        char id[32];
        (void)snprintf(id, sizeof id, "walk-%d", n);
        test_entity(&vault, made, "kenko", "HealthActivity", id, "steps=1");
        test_give(&vault, made, KENKO, "HealthActivity", "steps", "read");
    }
    EntitySelector selectors[] = {
        {.ids = test_list_of(&vault, TEST_PERSON "k-3," TEST_PERSON "k-1"),
         .types = test_list_of(&vault, "Person")},
        {.types = test_list_of(&vault, "HealthActivity"), .id_pattern = pattern(&vault, "-[02]$")},
        {.ids = test_list_of(&vault, TEST_PERSON "k-1")},
    };
    EntityQuery query = {.selectors = selectors, .selector_count = 3, .limit = 20};
    assert_string_equal(ask(&query), "walk-0 HealthActivity steps=\"1\"\n"
                                     "walk-2 HealthActivity steps=\"1\"\n" TEST_PERSON
                                     "k-1 Person familyName=\"A\"\n" TEST_PERSON
                                     "k-3 Person familyName=\"A\"\n");
}

/* With a condition on top, ids still cost the same whoever else consents. */
static void ids_are_looked_up_not_searched(void **state)
{
    (void)state;
    for (int n = 0; n < 12; n++) {
        giver(&vault, n, "familyName=A", "familyName");
    }
    EntitySelector selector = {.ids = test_list_of(&vault, TEST_PERSON "k-7," TEST_PERSON "k-99"),
                               .types = test_list_of(&vault, "Person")};
    EntityQuery query = {.selectors = &selector, .selector_count = 1, .limit = 20};
    query.filter = term(&vault, "familyName", FILTER_EQUAL, "A");
    uint64_t before = opened_values();
    uint64_t records = seal_counts(vault.ring).opens[SEAL_RECORD];
    assert_string_equal(ask(&query), TEST_PERSON "k-7 Person familyName=\"A\"\n");
    assert_int_equal(opened_values() - before, 1);
    assert_int_equal(seal_counts(vault.ring).opens[SEAL_RECORD] - records, 1 + 2);
}

/* --- order and pages -------------------------------------------------------------------------- */

static void ordered_pages_join_to_the_whole(void **state)
{
    (void)state;
    enum { CITIZENS = 23, STEP = 5 };
    for (int n = 0; n < CITIZENS; n++) {
        char attributes[64];
        (void)snprintf(attributes, sizeof attributes, "familyName=F%d sex=%d", n, n % 4);
        giver(&vault, n, attributes, n % 6 == 5 ? "familyName" : "familyName,sex");
    }
    EntityQuery query = person_query();
    query.order = by(&vault, ENTITY_ORDER_ATTRIBUTE, "sex", true);
    query.order_count = 1;
    query.limit = 1000;
    const char *whole = ask(&query);
    /* Ties keep the order of the view: 3, 7, 15, 19 … the third of each six hides its value. */
    assert_non_null(strstr(whole, "F3\" sex=\"3\"\n" TEST_PERSON "k-7 Person familyName=\"F7\""));
    char joined[8192] = "";
    query.limit = STEP;
    query.is_count_wanted = true;
    for (query.offset = 0; query.offset < CITIZENS + STEP; query.offset += STEP) {
        Str text;
        int64_t total = 0;
        assert_ok(test_query(&vault, KENKO, &query, &text, &total));
        assert_int_equal(total, CITIZENS);
        (void)snprintf(joined + strlen(joined), sizeof joined - strlen(joined), "%s", text.p);
    }
    assert_string_equal(joined, whole);
}

static void an_ordered_page_brings_its_keys(void **state)
{
    (void)state;
    static const char *const WALKS[] = {"w", "x", "y", "z"};
    static const char *const SEX[] = {"familyName=A sex=2", "familyName=B sex=1",
                                      "familyName=C sex=2", "familyName=D"};
    for (int n = 0; n < 4; n++) {
        TestCitizen made = giver(&vault, n, SEX[n], "familyName,sex");
        test_entity(&vault, made, "kenko", "HealthActivity", WALKS[n], "steps=1");
        test_give(&vault, made, KENKO, "HealthActivity", "steps", "read");
    }
    EntityQuery query = {.limit = 20, .order_count = 1};
    query.order = by(&vault, ENTITY_ORDER_ATTRIBUTE, "sex", false);
    query.attributes = test_list_of(&vault, "familyName");
    VaultCall call = test_call(&vault);
    Principal principal = test_service(KENKO);
    EntityPage page;
    assert_ok(gate_query(&vault.gate, &call, &principal, &query, &page));
    vault_call_close(&call);
    assert_int_equal(page.count, 8);
    assert_non_null(page.keys);
    for (size_t i = 1; i < page.count; i++) {
        assert_true(entity_sort_key_compare(page.keys[i - 1], page.keys[i]) <= 0);
    }
    assert_int_equal(entity_sort_key_compare(page.keys[6], page.keys[7]), 0);
    assert_true(entity_sort_key_compare(page.keys[5], page.keys[6]) < 0);
    assert_str(page.entities[7].id, TEST_PERSON "k-2");
    assert_int_equal(page.entities[7].attribute_count, 1);
}

/* --- places ----------------------------------------------------------------------------------- */

static void a_hidden_place_is_nowhere(void **state)
{
    (void)state;
    static const GeoPoint center = {.longitude = 134.8, .latitude = 34.9};
    GeoFilter place = {.relation = GEO_NEAR,
                       .min_m = -1,
                       .max_m = 1000,
                       .shape = GEO_POINT,
                       .points = &center,
                       .point_count = 1};
    TestCitizen near = placed(&vault, 0, "\"34.9, 134.8\"", "read,write");
    TestCitizen hidden = placed(&vault, 1, "\"34.9, 134.8\"", "write");
    placed(&vault, 2, "\"35.9, 134.8\"", "read,write");
    EntityQuery query = person_query();
    query.place = &place;
    query.attributes = test_list_of(&vault, "familyName");
    assert_string_equal(ask(&query), TEST_PERSON "k-0 Person familyName=\"A\"\n");
    assert_non_null(strstr(test_history(&vault, near), "filter [cityAndCounty] yes\n"));
    assert_null(strstr(test_history(&vault, hidden), "filter"));
    query.order = by(&vault, ENTITY_ORDER_DISTANCE, "", true);
    query.order_count = 1;
    place.max_m = 1000000;
    assert_string_equal(ask(&query), TEST_PERSON "k-2 Person familyName=\"A\"\n" TEST_PERSON
                                                 "k-0 Person familyName=\"A\"\n");
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_condition_opens_what_it_looks_at_once),
        CASE(a_full_page_stops_looking),
        CASE(times_need_all_that_is_given_and_no_more),
        CASE(a_hidden_attribute_is_absent_to_conditions),
        CASE(metadata_of_a_hidden_attribute_is_absent),
        CASE(whoever_is_not_linked_neither_matches_nor_fails),
        CASE(hidden_values_do_not_order),
        CASE(hidden_changes_do_not_order_by_time),
        CASE(patterns_see_the_callers_ids),
        CASE(conditions_on_ids_see_the_callers_ids),
        CASE(selectors_add_up),
        CASE(ids_are_looked_up_not_searched),
        CASE(ordered_pages_join_to_the_whole),
        CASE(an_ordered_page_brings_its_keys),
        CASE(a_hidden_place_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
