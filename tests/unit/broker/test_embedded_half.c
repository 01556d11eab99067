/* The embedded half over real stores: what a real Orion was recorded to answer, tenants and paths
 * apart, pages across batches, and writers that meet. */
#include "embedded_half.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "embedded_city.h"

static Store *the_store;
static Broker *the_half;

static int setup(void **state)
{
    *state = city_new(the_store, the_half);
    return 0;
}

static int teardown(void **state)
{
    (void)city_free(*state);
    return 0;
}

static void check_list(City *city, const char *path, const char *params, const char *wanted)
{
    Str json;
    assert_ok(city_list(city, path, params, &json, NULL));
    assert_str(json, wanted);
}

static void check_total(City *city, const char *path, const char *params, int64_t wanted)
{
    Str json;
    int64_t total = -1;
    assert_ok(city_list(city, path, params, &json, &total));
    assert_int_equal(total, wanted);
}

static void check_told(Error error, ErrorReason reason, const char *wanted)
{
    char text[256];
    (void)error_text(error, text, sizeof text);
    assert_int_equal(error.reason, reason);
    assert_string_equal(text, wanted);
}

static void test_create_and_get(void **state)
{
    City *city = *state;
    Str json;
    check_list(city, "", "", "[]");
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Room\",\"n\":2.0,\"s\":\"加西\"}"));
    assert_ok(city_get(city, "", "R", "", &json));
    assert_str(
        json,
        "{\"id\":\"R\",\"type\":\"Room\",\"n\":{\"type\":\"Number\",\"value\":2.0,\"metadata\":{}},"
        "\"s\":{\"type\":\"Text\",\"value\":\"加西\",\"metadata\":{}}}");
    assert_ok(city_get(city, "", "R", "Room", &json));
    assert_fails(city_get(city, "", "R", "Car", &json), ENTITY_NOT_FOUND);
    assert_fails(city_get(city, "", "r", "", &json), ENTITY_NOT_FOUND);
    assert_fails(city_create(city, "", "{\"id\":\"R\",\"type\":\"Room\",\"x\":1}"), ENTITY_EXISTS);
    check_list(city, "", "", "[{\"id\":\"R\",\"type\":\"Room\",\"n\":2.0,\"s\":\"加西\"}]");
}

static void test_same_id_of_two_types_is_ambiguous(void **state)
{
    City *city = *state;
    Str json;
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Room\",\"a\":1}"));
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Hall\",\"a\":1}"));
    assert_fails(city_get(city, "", "R", "", &json), ENTITY_AMBIGUOUS);
    assert_ok(city_get(city, "", "R", "Hall", &json));
    assert_fails(city_update(city, "", "R", "", "{\"a\":{\"value\":2}}"), ENTITY_AMBIGUOUS);
    assert_ok(city_update(city, "", "R", "Room", "{\"a\":{\"value\":2}}"));
    check_list(
        city, "", "",
        "[{\"id\":\"R\",\"type\":\"Room\",\"a\":2},{\"id\":\"R\",\"type\":\"Hall\",\"a\":1}]");
}

/* The clock stands still here: order of creation must hold all the same. */
static void seed_rooms_and_cars(City *city)
{
    assert_ok(city_create(city, "", "{\"id\":\"R1\",\"type\":\"Room\"}"));
    assert_ok(city_create(city, "", "{\"id\":\"C1\",\"type\":\"Car\"}"));
    assert_ok(city_create(city, "", "{\"id\":\"R2\",\"type\":\"Room\"}"));
    assert_ok(city_create(city, "", "{\"id\":\"A1\",\"type\":\"Bike\"}"));
    assert_ok(city_create(city, "", "{\"id\":\"C2\",\"type\":\"Car\"}"));
}

#define R1 "{\"id\":\"R1\",\"type\":\"Room\"}"
#define R2 "{\"id\":\"R2\",\"type\":\"Room\"}"
#define C1 "{\"id\":\"C1\",\"type\":\"Car\"}"
#define C2 "{\"id\":\"C2\",\"type\":\"Car\"}"
#define A1 "{\"id\":\"A1\",\"type\":\"Bike\"}"

static void test_lists_come_in_order_of_creation(void **state)
{
    City *city = *state;
    seed_rooms_and_cars(city);
    check_list(city, "", "", "[" R1 "," C1 "," R2 "," A1 "," C2 "]");
    check_list(city, "", "type=Car", "[" C1 "," C2 "]");
    check_list(city, "", "type=Car,Room", "[" R1 "," C1 "," R2 "," C2 "]");
    check_list(city, "", "type=Nope", "[]");
    check_list(city, "", "type=,", "[]");
    check_list(city, "", "id=C2,zz,R1", "[" R1 "," C2 "]");
    check_list(city, "", "id=C2,R1&type=Room", "[" R1 "]");
    check_list(city, "", "id=nope", "[]");
}

static void test_pages_and_counts(void **state)
{
    City *city = *state;
    seed_rooms_and_cars(city);
    check_list(city, "", "limit=2", "[" R1 "," C1 "]");
    check_list(city, "", "limit=2&offset=2", "[" R2 "," A1 "]");
    check_list(city, "", "limit=2&offset=4", "[" C2 "]");
    check_list(city, "", "offset=100", "[]");
    check_list(city, "", "limit=0", "[]");
    check_list(city, "", "type=Car,Room&limit=2&offset=1", "[" C1 "," R2 "]");
    check_list(city, "", "id=R1,C1,R2&limit=1&offset=1", "[" C1 "]");
    check_total(city, "", "options=count&limit=1", 5);
    check_total(city, "", "options=count&limit=0", 5);
    check_total(city, "", "options=count&offset=100", 5);
    check_total(city, "", "options=count&type=Car,Room", 4);
    check_total(city, "", "options=count&type=Nope", 0);
    check_total(city, "", "options=count&id=R1,zz&limit=0", 1);
    check_total(city, "/", "options=count&limit=1", 5);
    check_total(city, "/x", "options=count", 0);
}

/* Enough for more than one batch of a walk; MongoDB's stand-in writes slowly. */
static int population(void)
{
    return strcmp(store_kind(the_store), "sqlite") == 0 ? 600 : 300;
}

/* E000, E001, …: even and odd ones have a type each, every third stands at a path of its own. */
static void seed_population(City *city, int count)
{
    char body[96];
    for (int i = 0; i < count; i++) {
        (void)snprintf(body, sizeof body, "{\"id\":\"E%03d\",\"type\":\"%s\"}", i,
                       i % 2 == 0 ? "Even" : "Odd");
        assert_ok(city_create(city, i % 3 == 0 ? "/third" : "/", body));
    }
}

static void check_entity_at(City *city, const char *path, const char *types, int offset, int wanted)
{
    char params[96];
    char json[96];
    (void)snprintf(params, sizeof params, "%slimit=1&offset=%d", types, offset);
    (void)snprintf(json, sizeof json, "[{\"id\":\"E%03d\",\"type\":\"%s\"}]", wanted,
                   wanted % 2 == 0 ? "Even" : "Odd");
    check_list(city, path, params, json);
}

static void test_pages_run_across_batches(void **state)
{
    City *city = *state;
    int count = population();
    seed_population(city, count);
    for (int i = 254; i < 259; i++) {
        check_entity_at(city, "", "", i, i);
        check_entity_at(city, "", "type=Odd,Even&", i, i);
    }
    check_entity_at(city, "", "type=Odd&", count / 2 - 1, count - 1);
    check_entity_at(city, "/third", "", count / 3 - 1, count - 3);
    check_entity_at(city, "/third", "type=Odd&", count / 6 - 1, count - 3);
    check_total(city, "", "options=count&type=Odd", count / 2);
    check_total(city, "/third", "options=count", count / 3);
    check_total(city, "/third", "options=count&type=Odd", count / 6);
}

/* As many ids as a request may name, within the memory of one request. */
static void test_a_thousand_ids(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "", "{\"id\":\"i7\",\"type\":\"T\"}"));
    Buf params = buf_in(city->arena);
    buf_add(&params, STR("id="));
    for (int i = 0; i < V2_LIST_ITEMS_MAX; i++) {
        buf_add(&params, i == 0 ? STR("i") : STR(",i"));
        buf_add_int(&params, i);
    }
    buf_add_char(&params, '\0');
    Str text;
    Str json;
    assert_ok(buf_finish(&params, &text));
    size_t before = arena_used_bytes(city->arena);
    assert_ok(city_list(city, "", text.p, &json, NULL));
    assert_str(json, "[{\"id\":\"i7\",\"type\":\"T\"}]");
    assert_true(arena_used_bytes(city->arena) - before < ARENA_REQUEST_BYTES / 8);
}

/* More types under one id than one batch of the walk holds. */
static void test_one_id_of_many_types(void **state)
{
    City *city = *state;
    char body[64];
    for (int i = 0; i < 40; i++) {
        (void)snprintf(body, sizeof body, "{\"id\":\"E\",\"type\":\"T%d\"}", i);
        assert_ok(city_create(city, "", body));
    }
    check_total(city, "", "options=count&id=E", 40);
    check_list(city, "", "id=E&limit=1&offset=39", "[{\"id\":\"E\",\"type\":\"T39\"}]");
    check_list(city, "", "id=E&type=T33", "[{\"id\":\"E\",\"type\":\"T33\"}]");
}

static void test_shown_attributes_do_not_filter(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "", "{\"id\":\"A\",\"type\":\"T\",\"a\":1,\"b\":2}"));
    assert_ok(city_create(city, "", "{\"id\":\"B\",\"type\":\"T\",\"b\":3}"));
    check_list(city, "", "attrs=a",
               "[{\"id\":\"A\",\"type\":\"T\",\"a\":1},{\"id\":\"B\",\"type\":\"T\"}]");
    check_list(city, "", "attrs=id,type",
               "[{\"id\":\"A\",\"type\":\"T\"},{\"id\":\"B\",\"type\":\"T\"}]");
    check_list(city, "", "attrs=b,*&id=A", "[{\"id\":\"A\",\"type\":\"T\",\"a\":1,\"b\":2}]");
}

static void test_service_paths(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "/a/b", "{\"id\":\"P\",\"type\":\"P\",\"n\":1}"));
    assert_ok(city_create(city, "/a/c", "{\"id\":\"P\",\"type\":\"P\",\"n\":2}"));
    const char *first = "[{\"id\":\"P\",\"type\":\"P\",\"n\":1}]";
    const char *both =
        "[{\"id\":\"P\",\"type\":\"P\",\"n\":1},{\"id\":\"P\",\"type\":\"P\",\"n\":2}]";
    check_list(city, "/a/b", "type=P", first);
    check_list(city, "/a/b", "id=P", first);
    check_list(city, "/a/b", "", first);
    check_list(city, "/a", "type=P", "[]");
    check_list(city, "/a/#", "type=P", both);
    check_list(city, "/a/c,/a/b", "type=P", both);
    check_list(city, "", "type=P", both);
    check_list(city, "/", "type=P", "[]");
    check_list(city, "", "attrs=servicePath&limit=1",
               "[{\"id\":\"P\",\"type\":\"P\",\"servicePath\":\"/a/b\"}]");
    assert_fails(city_create(city, "/a/b", "{\"id\":\"P\",\"type\":\"P\"}"), ENTITY_EXISTS);
    assert_fails(city_update(city, "", "P", "P", "{\"n\":{\"value\":9}}"), ENTITY_NOT_FOUND);
    assert_ok(city_update(city, "/a/c", "P", "P", "{\"n\":{\"value\":9}}"));
    check_list(city, "/a/c", "", "[{\"id\":\"P\",\"type\":\"P\",\"n\":9}]");
    check_list(city, "/a/b", "", first);
}

static void test_tenants_are_apart(void **state)
{
    City *city = *state;
    City *other = city_new(the_store, the_half);
    Str json;
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"T\",\"a\":1}"));
    check_list(other, "", "", "[]");
    check_total(other, "", "options=count", 0);
    assert_fails(city_get(other, "", "E", "T", &json), ENTITY_NOT_FOUND);
    assert_fails(city_update(other, "", "E", "T", "{\"a\":{\"value\":2}}"), ENTITY_NOT_FOUND);
    assert_ok(city_create(other, "", "{\"id\":\"E\",\"type\":\"T\",\"a\":7}"));
    check_list(city, "", "", "[{\"id\":\"E\",\"type\":\"T\",\"a\":1}]");
    (void)city_free(other);
}

static void test_updates_as_recorded(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "", "{\"id\":\"Room1\",\"type\":\"Hall\",\"h\":5,\"n\":\"new\"}"));
    assert_ok(city_update(city, "", "Room1", "Hall", "{\"h\":{\"value\":7}}"));
    check_told(
        city_update(city, "", "Room1", "Hall",
                    "{\"h\":{\"value\":8},\"missing1\":{\"value\":1},\"missing2\":{\"value\":1}}"),
        REASON_PARTIAL_UPDATE, "do not exist: Room1/Hall - [ missing1, missing2 ]");
    check_list(city, "", "", "[{\"id\":\"Room1\",\"type\":\"Hall\",\"h\":8,\"n\":\"new\"}]");
    check_told(city_update(city, "", "Room1", "Hall", "{\"missing1\":{\"value\":1}}"),
               REASON_ATTRIBUTES_MISSING, "do not exist: Room1/Hall - [ missing1 ]");
    assert_fails(city_update(city, "", "Nope", "", "{\"a\":{\"value\":1}}"), ENTITY_NOT_FOUND);
    assert_fails(city_update(city, "", "Room1", "Car", "{\"h\":{\"value\":1}}"), ENTITY_NOT_FOUND);
}

static void test_metadata_stay(void **state)
{
    City *city = *state;
    Str json;
    assert_ok(city_create(city, "", "{\"id\":\"M\",\"type\":\"M\",\"a\":1}"));
    assert_ok(city_update(
        city, "", "M", "",
        "{\"a\":{\"value\":1,\"metadata\":{\"u\":{\"value\":\"x\"},\"v\":{\"value\":\"y\"}}}}"));
    assert_ok(city_update(city, "", "M", "", "{\"a\":{\"value\":2}}"));
    assert_ok(city_update(
        city, "", "M", "",
        "{\"a\":{\"value\":3,\"metadata\":{\"u\":{\"value\":\"z\"},\"w\":{\"value\":\"q\"}}}}"));
    assert_ok(city_get(city, "", "M", "", &json));
    assert_str(
        json, "{\"id\":\"M\",\"type\":\"M\",\"a\":{\"type\":\"Number\",\"value\":3,\"metadata\":{"
              "\"u\":{\"type\":\"Text\",\"value\":\"z\"},\"v\":{\"type\":\"Text\",\"value\":\"y\"},"
              "\"w\":{\"type\":\"Text\",\"value\":\"q\"}}}}");
}

static void test_dates(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "", "{\"id\":\"D\",\"type\":\"T\",\"a\":1}"));
    city->now_us += 5 * CLOCK_SECOND_US;
    assert_ok(city_update(city, "", "D", "", "{\"a\":{\"value\":2}}"));
    check_list(city, "", "attrs=dateCreated,dateModified",
               "[{\"id\":\"D\",\"type\":\"T\",\"dateCreated\":\"2026-04-01T00:00:00.000Z\","
               "\"dateModified\":\"2026-04-01T00:00:05.000Z\"}]");
}

static void test_an_update_keeps_the_place_in_the_order(void **state)
{
    City *city = *state;
    assert_ok(city_create(city, "", "{\"id\":\"A\",\"type\":\"T\",\"a\":1}"));
    assert_ok(city_create(city, "", "{\"id\":\"B\",\"type\":\"T\",\"a\":1}"));
    city->now_us += CLOCK_SECOND_US;
    assert_ok(city_update(city, "", "A", "", "{\"a\":{\"value\":2}}"));
    check_list(city, "", "",
               "[{\"id\":\"A\",\"type\":\"T\",\"a\":2},{\"id\":\"B\",\"type\":\"T\",\"a\":1}]");
}

static void test_a_passed_deadline_gives_no_half_page(void **state)
{
    City *city = *state;
    Str json = STR("untouched");
    assert_ok(city_create(city, "", "{\"id\":\"A\",\"type\":\"T\"}"));
    city->timeout_us = 0;
    assert_fails(city_list(city, "", "", &json, NULL), DEADLINE);
    assert_fails(city_list(city, "", "id=A", &json, NULL), DEADLINE);
    assert_str(json, "untouched");
}

/* --- writers that meet ------------------------------------------------------------------------ */

#define WRITERS 4
#define ROUNDS 20

typedef struct Writer {
    City *city;
    char attribute[16];
    int created; /* creations that this writer won */
    Error error; /* the first that should not be */
} Writer;

static void *create_all(void *argument)
{
    Writer *writer = argument;
    char body[64];
    for (int i = 0; i < ROUNDS; i++) {
        (void)snprintf(body, sizeof body, "{\"id\":\"E%d\",\"type\":\"T\"}", i);
        Error error = city_create(writer->city, "", body);
        writer->created += FAILED(error) ? 0 : 1;
        if (FAILED(error) && error.reason != REASON_ENTITY_EXISTS) {
            writer->error = error;
        }
    }
    return NULL;
}

static void *update_all(void *argument)
{
    Writer *writer = argument;
    char body[64];
    for (int i = 1; i <= ROUNDS; i++) {
        (void)snprintf(body, sizeof body, "{\"%s\":{\"value\":%d}}", writer->attribute, i);
        Error error = city_update(writer->city, "", "E", "T", body);
        if (FAILED(error)) {
            writer->error = error;
        }
    }
    return NULL;
}

static void run_writers(City *city, void *(*work)(void *), Writer writers[WRITERS])
{
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){.city = city, .error = OK};
        (void)snprintf(writers[i].attribute, sizeof writers[i].attribute, "a%d", i);
        assert_int_equal(pthread_create(&threads[i], NULL, work, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(writers[i].error);
    }
}

static void test_one_of_many_creators_wins(void **state)
{
    City *city = *state;
    Writer writers[WRITERS];
    int created = 0;
    run_writers(city, create_all, writers);
    for (int i = 0; i < WRITERS; i++) {
        created += writers[i].created;
    }
    assert_int_equal(created, ROUNDS);
    check_total(city, "", "options=count&limit=0", ROUNDS);
}

/* Each writer changes its own attribute of one entity: a lost update would leave an older value. */
static void test_no_update_is_lost(void **state)
{
    City *city = *state;
    Writer writers[WRITERS];
    assert_ok(
        city_create(city, "", "{\"id\":\"E\",\"type\":\"T\",\"a0\":0,\"a1\":0,\"a2\":0,\"a3\":0}"));
    run_writers(city, update_all, writers);
    check_list(city, "", "",
               "[{\"id\":\"E\",\"type\":\"T\",\"a0\":20,\"a1\":20,\"a2\":20,\"a3\":20}]");
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

static int run_on(const char *kind)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create_and_get),
        TEST(test_same_id_of_two_types_is_ambiguous),
        TEST(test_lists_come_in_order_of_creation),
        TEST(test_pages_and_counts),
        TEST(test_pages_run_across_batches),
        TEST(test_a_thousand_ids),
        TEST(test_one_id_of_many_types),
        TEST(test_shown_attributes_do_not_filter),
        TEST(test_service_paths),
        TEST(test_tenants_are_apart),
        TEST(test_updates_as_recorded),
        TEST(test_metadata_stay),
        TEST(test_dates),
        TEST(test_an_update_keeps_the_place_in_the_order),
        TEST(test_a_passed_deadline_gives_no_half_page),
        TEST(test_one_of_many_creators_wins),
        TEST(test_no_update_is_lost),
    };
    the_store = contract_open(kind, "embedded_half");
    MUST(embedded_half_new(the_store, &the_half));
    int failed = cmocka_run_group_tests_name(kind, tests, NULL, NULL);
    the_half = embedded_half_free(the_half);
    the_store = store_close(the_store);
    return failed;
}

int main(void)
{
    int failed = run_on("sqlite");
    if (getenv("MUSUBI_TEST_MONGODB_URI") != NULL) {
        failed += run_on("mongodb");
    }
    contract_cleanup();
    return failed;
}
