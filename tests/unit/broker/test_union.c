/* One answer from two halves: who is asked for what, pages and counts across both, and a failed
 * half fails all. */
#include <stdio.h>
#include <string.h>

#include "union_city.h"

typedef struct Routing {
    const char *types;
    const char *ids;
    ActorKind kind;
    const char *purpose;
    int open_asked;
    int personal_asked;
    ErrorReason reason; /* NONE: answered */
} Routing;

static const Routing ROUTINGS[] = {
    {"", "", P, 1, 1, REASON_NONE},
    {"", "", N, 1, 0, REASON_NONE},
    {"", "", A, 1, 0, REASON_NONE},
    {"AED", "", P, 1, 0, REASON_NONE},
    {"AED", "", A, 1, 0, REASON_NONE},
    {"Person", "", P, 0, 1, REASON_NONE},
    {"Person", "", N, 0, 0, REASON_PURPOSE_REQUIRED},
    {"Person", "", A, 0, 0, REASON_TOKEN_MISSING},
    {"AED,Person", "", P, 1, 1, REASON_NONE},
    {"AED,Person", "", N, 0, 0, REASON_PURPOSE_REQUIRED},
    {"Room", "", P, 0, 0, REASON_NONE},
    {"person", "", P, 0, 0, REASON_NONE},
    {"Room,AED", "", A, 1, 0, REASON_NONE},
    {"", "a1", P, 1, 1, REASON_NONE},
    {"", "a1", A, 1, 0, REASON_NONE},
    {"", "urn:ngsi-ld:Person:1", P, 0, 1, REASON_NONE},
    {"", "urn:ngsi-ld:Person:1", N, 0, 0, REASON_PURPOSE_REQUIRED},
    {"", "urn:ngsi-ld:Person:1", A, 0, 0, REASON_TOKEN_MISSING},
    {"", "urn:ngsi-ld:Person:1,a1", P, 1, 1, REASON_NONE},
    {"AED", "urn:ngsi-ld:Person:1", P, 0, 0, REASON_NONE},
    {"AED", "URN:ngsi-ld:person:1,a1", P, 1, 0, REASON_NONE},
    {"Person", "a1", P, 0, 1, REASON_NONE},
};

static void test_who_is_asked(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof ROUTINGS / sizeof ROUTINGS[0]; i++) {
        const Routing *row = &ROUTINGS[i];
        EntityQuery query = query_of(fixture, row->types, row->ids);
        EntityPage page;
        become(fixture, row->kind, row->purpose);
        fixture->open_half.queries = 0;
        fixture->personal_half.queries = 0;
        Error error = ask(fixture, &query, &page);
        if (error.reason != row->reason || fixture->open_half.queries != row->open_asked ||
            fixture->personal_half.queries != row->personal_asked) {
            fail_msg("type=%s id=%s: %s, %d, %d", row->types, row->ids,
                     error_words(error.reason)->name, fixture->open_half.queries,
                     fixture->personal_half.queries);
        }
    }
}

static void test_no_half_sees_what_is_the_others(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query =
        query_of(fixture, "AED,Person,Room,PublicToilet", "urn:ngsi-ld:Person:1,a1");
    EntityPage page;
    assert_ok(ask(fixture, &query, &page));
    const EntitySelector *open = fixture->open_half.last_query.selectors;
    const EntitySelector *personal = fixture->personal_half.last_query.selectors;
    assert_int_equal(open->types.count, 2);
    assert_true(str_list_has(open->types, STR("PublicToilet")));
    assert_int_equal(open->ids.count, 1);
    assert_str(open->ids.items[0], "a1");
    assert_int_equal(personal->types.count, 1);
    assert_str(personal->types.items[0], "Person");
}

static void check_page(Fixture *fixture, int64_t offset, int64_t limit, const char *wanted)
{
    EntityQuery query = query_of(fixture, "", "");
    query.offset = offset;
    query.limit = limit;
    query.is_count_wanted = true;
    EntityPage page;
    assert_ok(ask(fixture, &query, &page));
    assert_int_equal(page.total, 7);
    char ids[64] = "";
    for (size_t i = 0; i < page.count; i++) {
        size_t n = strlen(ids);
        (void)snprintf(ids + n, sizeof ids - n, "%s%.*s", i == 0 ? "" : " ",
                       STR_FORMAT(page.entities[i].id));
    }
    assert_string_equal(ids, wanted);
}

static void test_pages_run_across_both(void **state)
{
    Fixture *fixture = *state;
    check_page(fixture, 0, 20, "o0 o1 o2 p0 p1 p2 p3");
    check_page(fixture, 0, 2, "o0 o1");
    check_page(fixture, 2, 2, "o2 p0");
    check_page(fixture, 3, 2, "p0 p1");
    check_page(fixture, 5, 5, "p2 p3");
    check_page(fixture, 7, 5, "");
    check_page(fixture, 1000, 5, "");
    check_page(fixture, 0, 0, "");
}

static void test_a_full_page_asks_no_further(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = query_of(fixture, "", "");
    EntityPage page;
    query.limit = 2;
    assert_ok(ask(fixture, &query, &page));
    assert_int_equal(page.count, 2);
    assert_int_equal(fixture->personal_half.queries, 0);
}

static void test_a_failed_half_fails_all(void **state)
{
    Fixture *fixture = *state;
    EntityQuery query = query_of(fixture, "", "");
    EntityPage page = {.count = 99};
    Entity entity;
    fixture->personal_half.failure = FAIL(LOG_UNAVAILABLE, NULL);
    assert_fails(ask(fixture, &query, &page), LOG_UNAVAILABLE);
    fixture->open_half.has_one = true;
    assert_fails(fixture->both->ops->get(fixture->both, &fixture->call, STR("a"), STR_EMPTY, &query,
                                         &entity),
                 LOG_UNAVAILABLE);
    fixture->personal_half.failure = OK;
    fixture->open_half.failure = FAIL(STORE_UNAVAILABLE, NULL);
    assert_fails(ask(fixture, &query, &page), STORE_UNAVAILABLE);
    assert_int_equal(page.count, 99);
    /* Open data goes on without the other half. */
    fixture->open_half.failure = OK;
    fixture->personal_half.failure = FAIL(VAULT_SEALED, NULL);
    query = query_of(fixture, "AED", "");
    assert_ok(ask(fixture, &query, &page));
}

typedef struct Getting {
    const char *id;
    const char *type;
    ActorKind kind;
    const char *purpose;
    bool is_in_open;
    bool is_in_personal;
    ErrorReason reason;
    char from; /* letter of the half that answered */
} Getting;

static const Getting GETTINGS[] = {
    {"a", "", P, true, false, REASON_NONE, 'o'},
    {"a", "", P, false, true, REASON_NONE, 'p'},
    {"a", "", P, true, true, REASON_NONE, 'p'}, /* a name of the caller's own is told to nobody */
    {"a", "", P, false, false, REASON_ENTITY_NOT_FOUND, 0},
    {"a", "", A, true, true, REASON_NONE, 'o'},
    {"a", "", N, false, true, REASON_ENTITY_NOT_FOUND, 0},
    {"a", "AED", P, true, true, REASON_NONE, 'o'},
    {"a", "HealthActivity", P, true, true, REASON_NONE, 'p'},
    {"a", "HealthActivity", N, true, true, REASON_PURPOSE_REQUIRED, 0},
    {"a", "HealthActivity", A, true, true, REASON_TOKEN_MISSING, 0},
    {"a", "Room", P, true, true, REASON_ENTITY_NOT_FOUND, 0},
    {"urn:ngsi-ld:Person:1", "", P, true, true, REASON_NONE, 'p'},
    {"urn:ngsi-ld:Person:1", "", N, true, true, REASON_PURPOSE_REQUIRED, 0},
    {"urn:ngsi-ld:Person:1", "", A, true, true, REASON_TOKEN_MISSING, 0},
    {"urn:ngsi-ld:Person:1", "AED", P, true, true, REASON_ENTITY_NOT_FOUND, 0},
};

static void test_get(void **state)
{
    Fixture *fixture = *state;
    const EntityQuery query = {.limit = 20};
    for (size_t i = 0; i < sizeof GETTINGS / sizeof GETTINGS[0]; i++) {
        const Getting *row = &GETTINGS[i];
        Entity entity = {.created_us = 0};
        become(fixture, row->kind, row->purpose);
        fixture->open_half.has_one = row->is_in_open;
        fixture->personal_half.has_one = row->is_in_personal;
        Error error = fixture->both->ops->get(fixture->both, &fixture->call, str_from(row->id),
                                              str_from(row->type), &query, &entity);
        if (error.reason != row->reason || entity.created_us != row->from) {
            fail_msg("%s %s: %s from %c", row->id, row->type, error_words(error.reason)->name,
                     (char)entity.created_us);
        }
    }
}

typedef struct Writing {
    const char *id;
    const char *type;
    ActorKind kind;
    const char *purpose;
    bool is_in_open;
    bool is_in_personal;
    ErrorReason reason;
    int open_writes;
    int personal_writes;
} Writing;

static const Writing WRITINGS[] = {
    {"a", "AED", P, false, false, REASON_NONE, 1, 0},
    {"a", "AED", A, false, false, REASON_NONE, 1,
     0}, /* who may write open data at all is the route's demand */
    {"a", "Person", P, false, false, REASON_NONE, 0, 1},
    {"a", "Person", N, false, false, REASON_PURPOSE_REQUIRED, 0, 0},
    {"a", "Person", A, false, false, REASON_TOKEN_MISSING, 0, 0},
    {"a", "Room", P, false, false, REASON_TYPE_NOT_REGISTERED, 0, 0},
    {"a", "person", P, false, false, REASON_TYPE_NOT_REGISTERED, 0, 0},
    {"urn:ngsi-ld:Person:1", "AED", P, false, false, REASON_ID_IS_PERSONAL, 0, 0},
    {"urn:ngsi-ld:person:1", "AED", P, false, false, REASON_ID_IS_PERSONAL, 0, 0},
    {"urn:ngsi-ld:Person:1", "", P, true, false, REASON_NONE, 0, 1},
    {"urn:ngsi-ld:Person:1", "", N, true, false, REASON_PURPOSE_REQUIRED, 0, 0},
    {"a", "", N, false, false, REASON_NONE, 1, 0},
    {"a", "", P, true, false, REASON_NONE, 1, 0},
    {"a", "", P, false, false, REASON_NONE, 1, 0},
    {"a", "", P, false, true, REASON_NONE, 0, 1},
    {"a", "", P, true, true, REASON_NONE, 0, 1},
};

static Error write_one(Fixture *fixture, const EntityWrite *write)
{
    const EntityBatch batch = {.writes = write, .count = 1};
    EntityOutcome outcome;
    TRY(fixture->both->ops->write(fixture->both, &fixture->call, &batch, &outcome));
    return outcome.refusal;
}

static void test_write(void **state)
{
    Fixture *fixture = *state;
    for (size_t i = 0; i < sizeof WRITINGS / sizeof WRITINGS[0]; i++) {
        const Writing *row = &WRITINGS[i];
        EntityWrite write = {.kind = ENTITY_UPDATE, .service_path = STR("/")};
        write.entity.id = str_from(row->id);
        write.entity.type = str_from(row->type);
        become(fixture, row->kind, row->purpose);
        fixture->open_half.has_one = row->is_in_open;
        fixture->personal_half.has_one = row->is_in_personal;
        fixture->open_half.writes = 0;
        fixture->personal_half.writes = 0;
        Error error = write_one(fixture, &write);
        if (error.reason != row->reason || fixture->open_half.writes != row->open_writes ||
            fixture->personal_half.writes != row->personal_writes) {
            fail_msg("%s %s: %s, %d, %d", row->id, row->type, error_words(error.reason)->name,
                     fixture->open_half.writes, fixture->personal_half.writes);
        }
    }
}

/* What may be created without a type would be a Thing. */
static void test_a_creating_write_without_type_is_of_type_thing(void **state)
{
    Fixture *fixture = *state;
    EntityWrite write = {.kind = ENTITY_UPSERT};
    write.entity.id = STR("a");
    assert_fails(write_one(fixture, &write), TYPE_NOT_REGISTERED);
    fixture->personal_half.has_one = true;
    assert_ok(write_one(fixture, &write));
    assert_int_equal(fixture->personal_half.writes, 1);
}

static void test_a_batch_is_shared_and_its_outcomes_find_their_places(void **state)
{
    Fixture *fixture = *state;
    static const char *const types[] = {"AED", "Person", "PublicToilet", "HealthActivity"};
    EntityWrite writes[4];
    EntityOutcome outcomes[4];
    for (size_t i = 0; i < 4; i++) {
        writes[i] = (EntityWrite){.kind = ENTITY_UPSERT};
        writes[i].entity.id = STR("a");
        writes[i].entity.type = str_from(types[i]);
    }
    const EntityBatch batch = {.writes = writes, .count = 4, .is_batch_call = true};
    assert_ok(fixture->both->ops->write(fixture->both, &fixture->call, &batch, outcomes));
    for (size_t i = 0; i < 4; i++) {
        assert_str(outcomes[i].type, i % 2 == 0 ? "o" : "p");
    }
    /* What either half refuses stops the whole. */
    fixture->open_half.failure = FAIL(OPERATOR_VALUE, "name");
    fixture->personal_half.writes = 0;
    assert_fails(fixture->both->ops->write(fixture->both, &fixture->call, &batch, outcomes),
                 OPERATOR_VALUE);
    assert_int_equal(fixture->personal_half.writes, 0);
    fixture->open_half.failure = OK;
    fixture->personal_half.failure = FAIL(WRITE_NOT_GRANTED, "familyName");
    fixture->open_half.writes = 0;
    assert_fails(fixture->both->ops->write(fixture->both, &fixture->call, &batch, outcomes),
                 WRITE_NOT_GRANTED);
    assert_int_equal(fixture->open_half.writes, 0);
}

static void test_types_of_both(void **state)
{
    Fixture *fixture = *state;
    TypesQuery query = {.type = STR_EMPTY};
    TypeList list;
    assert_ok(fixture->both->ops->types(fixture->both, &fixture->call, &query, &list));
    /* Open data can't tell of Person, nor the vault of AED; Room is not registered. */
    assert_int_equal(list.count, 2);
    assert_str(list.types[0].name, "AED");
    assert_int_equal(list.types[0].count, 'o');
    assert_str(list.types[1].name, "Person");
    assert_int_equal(list.types[1].count, 'p');
    become(fixture, ACTOR_ANONYMOUS, "");
    assert_ok(fixture->both->ops->types(fixture->both, &fixture->call, &query, &list));
    assert_int_equal(list.count, 1);
    query.type = STR("Person");
    assert_fails(fixture->both->ops->types(fixture->both, &fixture->call, &query, &list),
                 TOKEN_MISSING);
}

static void test_ordered_pages_are_merged(void **state)
{
    Fixture *fixture = *state;
    fixture->open_half.letter = 'p'; /* equal ids: open data stand first */
    const EntityOrder order = {.kind = ENTITY_ORDER_ID};
    EntityQuery query = query_of(fixture, "", "");
    query.order = &order;
    query.order_count = 1;
    query.offset = 1;
    query.limit = 4;
    EntityPage page;
    assert_ok(ask(fixture, &query, &page));
    static const char *const wanted[] = {"p0", "p1", "p1", "p2"};
    assert_int_equal(page.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_str(page.entities[i].id, wanted[i]);
    }
    query.offset = 997;
    assert_fails(ask(fixture, &query, &page), PAGE_TOO_DEEP);
    query.offset = INT64_MAX;
    assert_fails(ask(fixture, &query, &page), PAGE_TOO_DEEP);
}

static void test_an_unregistered_type_is_told_how_to_register(void **state)
{
    Fixture *fixture = *state;
    EntityWrite write = {.kind = ENTITY_CREATE};
    write.entity.id = STR("a");
    write.entity.type = STR("Room");
    char text[256];
    Error error = write_one(fixture, &write);
    (void)error_text(error, text, sizeof text);
    assert_string_equal(text, "the entity type Room is not registered: add a schema file for it to "
                              "schemas/entities and restart");
    assert_int_equal(error_words(error.reason)->http_status, 422);
}

#define TEST(function_)                                                                            \
    cmocka_unit_test_setup_teardown(function_, union_city_setup, union_city_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_asked),
        TEST(test_no_half_sees_what_is_the_others),
        TEST(test_pages_run_across_both),
        TEST(test_a_full_page_asks_no_further),
        TEST(test_a_failed_half_fails_all),
        TEST(test_get),
        TEST(test_write),
        TEST(test_a_creating_write_without_type_is_of_type_thing),
        TEST(test_a_batch_is_shared_and_its_outcomes_find_their_places),
        TEST(test_types_of_both),
        TEST(test_ordered_pages_are_merged),
        TEST(test_an_unregistered_type_is_told_how_to_register),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
