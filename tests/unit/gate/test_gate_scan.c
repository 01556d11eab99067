/* Looks at many: what the log says of them, and which types there are. */
#include <stdio.h>
#include <string.h>

#include "gate_words.h"

static TestVault vault;

static int setup(void **state)
{
    (void)state;
    test_vault_init(&vault, 8);
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

static const char *ask(const EntityQuery *query)
{
    Str text;
    assert_ok(test_query(&vault, KENKO, query, &text, NULL));
    return text.p;
}

/* --- what the log says ------------------------------------------------------------------------ */

static void the_log_names_what_decided(void **state)
{
    (void)state;
    TestCitizen shown =
        giver(&vault, 1, "familyName=A sex=1 postalCode=7", "familyName,postalCode");
    test_give(&vault, shown, KENKO, "Person", "sex", "read");
    TestCitizen other =
        giver(&vault, 2, "familyName=A sex=2 postalCode=7", "familyName,sex,postalCode");
    EntityQuery query = person_query();
    Filter both = {.kind = FILTER_AND, .child_count = 2};
    Filter children[] = {*term(&vault, "sex", FILTER_EQUAL, "1"),
                         *term(&vault, "remarks", FILTER_IS_ABSENT, NULL)};
    both.children = children;
    query.filter = &both;
    query.attributes = test_list_of(&vault, "familyName");
    query.order = by(&vault, ENTITY_ORDER_ATTRIBUTE, "postalCode", true);
    query.order_count = 1;
    assert_string_equal(ask(&query), TEST_PERSON "k-1 Person familyName=\"A\"\n");
    assert_string_equal(last_scan(&vault, "kenko"),
                        "SCAN type=Person q=(sex=='1';!remarks) attrs=familyName "
                        "orderBy=!postalCode limit=20 offset=0 | sex remarks postalCode");
    /* One leaf for each grant: what it gave, and what of it decided. What no grant gives is not
     * named. */
    const char *history = test_history(&vault, shown);
    assert_non_null(
        strstr(history, "kenko health-promotion Person [familyName] filter [postalCode] yes\n"));
    assert_non_null(strstr(history, "kenko health-promotion Person [] filter [sex] yes\n"));
    assert_null(strstr(history, "remarks"));
    assert_null(strstr(test_history(&vault, other), "read permit"));
}

static void a_long_question_is_cut_in_the_log(void **state)
{
    (void)state;
    giver(&vault, 1, "familyName=A", "familyName");
    enum { NAMES = 900 };
    Filter *children = ARENA_MANY(vault.arena, Filter, NAMES);
    for (int n = 0; n < NAMES; n++) {
        char *name = arena_alloc(vault.arena, 256);
        (void)snprintf(name, 256, "%0200d", n);
        children[n] = *term(&vault, name, FILTER_EQUAL, "値");
    }
    Filter all = {.kind = FILTER_AND, .children = children, .child_count = NAMES};
    EntityQuery query = person_query();
    query.filter = &all;
    assert_string_equal(ask(&query), "");
    const char *scan = last_scan(&vault, "kenko");
    assert_in_range(strlen(scan), 8000, 16000);
    assert_non_null(strstr(scan, "… |"));
}

static void a_pattern_that_costs_too_much_is_refused_and_logged(void **state)
{
    (void)state;
    giver(&vault, 1, "familyName=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "familyName");
    Filter costly = *term(&vault, "familyName", FILTER_MATCHES, NULL);
    costly.term.pattern = pattern(&vault, "^(a+)+$");
    EntityQuery query = person_query();
    query.filter = &costly;
    Str text;
    Error error = test_query(&vault, KENKO, &query, &text, NULL);
    assert_int_equal(error.reason, REASON_PATTERN_COSTLY);
    assert_string_equal(last_scan(&vault, "kenko"),
                        "PATTERN_COSTLY type=Person q=familyName~=^(a+)+$ limit=20 offset=0 "
                        "| familyName");
}

/* --- types ------------------------------------------------------------------------------------ */

/* "Type count [name:Type,Type name:Type]\n". */
static const char *types(const TypesQuery *query)
{
    VaultCall call = test_call(&vault);
    Principal principal = test_service(KENKO);
    TypeList list;
    assert_ok(gate_types(&vault.gate, &call, &principal, query, &list));
    vault_call_close(&call);
    Buf buf = buf_in(vault.arena);
    for (size_t i = 0; i < list.count; i++) {
        const TypeInfo *info = &list.types[i];
        buf_add(&buf, info->name);
        buf_add_char(&buf, ' ');
        buf_add_int(&buf, info->count);
        for (size_t a = 0; a < info->attribute_count; a++) {
            buf_add_char(&buf, ' ');
            buf_add(&buf, info->attributes[a].name);
            for (size_t t = 0; t < info->attributes[a].types.count; t++) {
                buf_add_char(&buf, ':');
                buf_add(&buf, info->attributes[a].types.items[t]);
            }
        }
        buf_add_char(&buf, '\n');
    }
    buf_add_char(&buf, '\0');
    Str text;
    assert_ok(buf_finish(&buf, &text));
    return text.p;
}

static void types_are_those_of_the_view(void **state)
{
    (void)state;
    TypesQuery query = {.wants_attributes = true};
    assert_string_equal(types(&query), "");
    TestCitizen first = giver(&vault, 1, "familyName=A sex=1", "familyName");
    giver(&vault, 2, "familyName=A postalCode=1", "postalCode,familyName");
    giver(&vault, 3, "familyName=A", "sex");
    placed(&vault, 4, "\"1, 2\"", "read,write");
    test_entity(&vault, first, "kenko", "HealthActivity", "a", "steps=1 date=2");
    test_entity(&vault, first, "kenko", "HealthActivity", "b", "steps=1");
    test_entity(&vault, first, "neppi-pay", "PointAccount", "c", "balance=1");
    test_give(&vault, first, KENKO, "HealthActivity", "steps,refPerson", "read");
    const char *persons = "Person 3 cityAndCounty:geo:point familyName:Text postalCode:Text\n";
    char all[256];
    (void)snprintf(all, sizeof all, "HealthActivity 2 refPerson:Relationship steps:Number\n%s",
                   persons);
    assert_string_equal(types(&query), all);
    query.type = STR("Person");
    assert_string_equal(types(&query), persons);
    assert_string_equal(last_scan(&vault, "kenko"), "SCAN types attributes |");
    query.service_path = STR("/park");
    assert_string_equal(types(&query), "");
    query = (TypesQuery){.type = STR("PointAccount")};
    assert_string_equal(types(&query), "");
    uint64_t before = opened_values();
    query.type = STR_EMPTY;
    assert_string_equal(types(&query), "HealthActivity 2\nPerson 3\n");
    assert_int_equal(opened_values() - before, 0);
}

int main(void)
{
#define CASE(name_) cmocka_unit_test_setup_teardown(name_, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(the_log_names_what_decided),
        CASE(a_long_question_is_cut_in_the_log),
        CASE(a_pattern_that_costs_too_much_is_refused_and_logged),
        CASE(types_are_those_of_the_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
