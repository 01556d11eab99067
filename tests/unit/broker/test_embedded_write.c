/* Batches of writes on open data over real stores: what a later write sees of an earlier one, who
 * is meant when no type is given, nothing done where one write can't be, and writers that meet. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "embedded_city.h"
#include "embedded_half.h"
#include "v2_entity.h"

#define BATCH_MAX 8

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

/* --- saying writes in few words --------------------------------------------------------------- */

typedef struct Ask {
    EntityWriteKind kind;
    const char *id;
    const char *type; /* "" = not given */
    const char *body; /* attributes as key values, NULL = none */
} Ask;

static EntityWrite write_of(Arena *arena, const Ask *ask)
{
    EntityWrite write = {.kind = ask->kind};
    if (ask->body != NULL) {
        assert_ok(v2_attributes_parse(arena, str_from(ask->body), true, &write.entity));
    }
    write.entity.id = str_from(ask->id);
    write.entity.type = str_from(ask->type);
    return write;
}

static Error write_all(City *city, const Ask *asks, size_t count, EntityOutcome *outcomes)
{
    EntityWrite writes[BATCH_MAX];
    assert_true(count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        writes[i] = write_of(city->arena, &asks[i]);
    }
    EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    return city_write(city, &batch, outcomes);
}

#define WRITE_ALL(city_, outcomes_, ...)                                                           \
    write_all((city_), (const Ask[]){__VA_ARGS__},                                                 \
              sizeof((const Ask[]){__VA_ARGS__}) / sizeof(Ask), (outcomes_))

static void check_list(City *city, const char *params, const char *wanted)
{
    Str json;
    assert_ok(city_list(city, "", params, &json, NULL));
    assert_str(json, wanted);
}

static void check_told(Error error, int status, const char *wanted)
{
    char text[256];
    (void)error_text(error, text, sizeof text);
    assert_string_equal(text, wanted);
    assert_int_equal(error_words(error.reason)->http_status, status);
}

/* --- one batch -------------------------------------------------------------------------------- */

static void test_every_kind(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_CREATE, "A", "T", "{\"a\":1}"},
                        {ENTITY_UPSERT, "B", "T", "{\"a\":2}"},
                        {ENTITY_UPSERT_STRICT, "C", "T", "{\"a\":3}"},
                        {ENTITY_CREATE, "D", "T", NULL}));
    check_list(city, "",
               "[{\"id\":\"A\",\"type\":\"T\",\"a\":1},{\"id\":\"B\",\"type\":\"T\",\"a\":2},"
               "{\"id\":\"C\",\"type\":\"T\",\"a\":3},{\"id\":\"D\",\"type\":\"T\"}]");
    assert_false(outcomes[1].was_there);
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_APPEND, "A", "T", "{\"b\":1}"},
                        {ENTITY_REPLACE, "B", "T", "{\"only\":1}"},
                        {ENTITY_UPDATE, "C", "T", "{\"a\":{\"$inc\":4}}"},
                        {ENTITY_DELETE, "D", "T", NULL},
                        {ENTITY_DELETE_ATTRIBUTES, "A", "T", "{\"a\":null}"},
                        {ENTITY_UPSERT, "B", "T", "{\"x\":[1]}"}));
    check_list(city, "",
               "[{\"id\":\"A\",\"type\":\"T\",\"b\":1},"
               "{\"id\":\"B\",\"type\":\"T\",\"only\":1,\"x\":[1]},"
               "{\"id\":\"C\",\"type\":\"T\",\"a\":7}]");
    assert_true(outcomes[5].was_there);
}

static void test_later_writes_see_earlier_ones(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_UPSERT, "E", "T", "{\"n\":1}"},
                        {ENTITY_UPSERT, "E", "T", "{\"n\":{\"$inc\":1}}"},
                        {ENTITY_UPSERT, "E", "T", "{\"n\":{\"$mul\":10},\"m\":1}"}));
    check_list(city, "", "[{\"id\":\"E\",\"type\":\"T\",\"m\":1,\"n\":20}]");
    assert_false(outcomes[0].was_there);
    assert_true(outcomes[1].was_there);
}

static void test_made_and_gone_leaves_nothing(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    Error error = WRITE_ALL(city, outcomes, {ENTITY_CREATE, "E", "T", "{\"n\":1}"},
                            {ENTITY_DELETE, "E", "T", NULL}, {ENTITY_DELETE, "E", "T", NULL});
    check_told(error, 422, "do not exist: E/T - [entity itself]");
    check_list(city, "", "[]");
}

/* As a new entity: at the end of the order, with nothing of what was there. */
static void test_gone_and_made_again(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"T\",\"old\":1}"));
    assert_ok(city_create(city, "", "{\"id\":\"F\",\"type\":\"T\"}"));
    city->now_us += CLOCK_SECOND_US;
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_DELETE, "E", "T", NULL},
                        {ENTITY_CREATE, "E", "T", "{\"new\":1}"}));
    check_list(city, "", "[{\"id\":\"F\",\"type\":\"T\"},{\"id\":\"E\",\"type\":\"T\",\"new\":1}]");
    check_list(city, "id=E&attrs=dateCreated",
               "[{\"id\":\"E\",\"type\":\"T\",\"dateCreated\":\"2026-04-01T00:00:01.000Z\"}]");
}

static void test_refusals_beside_successes(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(city_create(city, "", "{\"id\":\"E1\",\"type\":\"T\",\"a\":1}"));
    Error error = WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "E1", "T", "{\"a\":30,\"q\":1}"},
                            {ENTITY_UPDATE, "Nope", "T", "{\"a\":1}"},
                            {ENTITY_UPDATE, "E1", "T", "{\"zz\":1}"});
    check_told(error, 422, "do not exist: E1/T - [ q ], Nope/T [entity itself], E1/T - [ zz ]");
    assert_int_equal(outcomes[0].refusal.reason, REASON_ATTRIBUTES_MISSING);
    assert_true(outcomes[0].is_applied);
    assert_false(outcomes[1].is_applied);
    assert_false(outcomes[2].is_applied);
    check_list(city, "", "[{\"id\":\"E1\",\"type\":\"T\",\"a\":30}]");
}

static void test_nothing_is_done_where_one_cannot_be(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    const char *before = "[{\"id\":\"E\",\"type\":\"T\",\"s\":\"x\"}]";
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"T\",\"s\":\"x\"}"));
    Error error =
        WRITE_ALL(city, outcomes, {ENTITY_UPSERT, "N", "T", "{\"a\":1}"},
                  {ENTITY_DELETE, "E", "T", NULL}, {ENTITY_UPSERT, "M", "T", "{\"s\":\"y\"}"},
                  {ENTITY_UPDATE, "M", "T", "{\"s\":{\"$inc\":1}}"});
    check_told(error, 422, "the update operator can't work on the attribute s");
    check_list(city, "", before);
}

static void test_a_rehearsal_says_all_and_does_nothing(void **state)
{
    City *city = *state;
    const Ask asks[] = {{ENTITY_CREATE, "N", "T", "{\"a\":1}"}, {ENTITY_DELETE, "E", "T", NULL}};
    EntityWrite writes[] = {write_of(city->arena, &asks[0]), write_of(city->arena, &asks[1])};
    EntityBatch batch = {.writes = writes, .count = 2, .is_rehearsal = true};
    EntityOutcome outcomes[2];
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"T\"}"));
    assert_ok(city_write(city, &batch, outcomes));
    assert_false(outcomes[0].was_there);
    assert_true(outcomes[1].was_there);
    check_list(city, "", "[{\"id\":\"E\",\"type\":\"T\"}]");
}

static void test_equal_values_store_nothing(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"T\",\"a\":1}"));
    city->now_us += CLOCK_SECOND_US;
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "E", "T", "{\"a\":1}"}));
    check_list(city, "attrs=dateModified",
               "[{\"id\":\"E\",\"type\":\"T\",\"dateModified\":\"2026-04-01T00:00:00.000Z\"}]");
}

/* --- who is meant ----------------------------------------------------------------------------- */

static void test_without_a_type(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Room\",\"a\":1}"));
    assert_ok(city_create(city, "/elsewhere", "{\"id\":\"R\",\"type\":\"Lamp\",\"a\":1}"));
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_UPSERT, "R", "", "{\"a\":2}"},
                        {ENTITY_UPSERT, "new", "", "{\"a\":1}"},
                        {ENTITY_APPEND, "new", "", "{\"b\":1}"}));
    assert_true(outcomes[0].was_there);
    check_list(city, "type=Room,Thing",
               "[{\"id\":\"R\",\"type\":\"Room\",\"a\":2},"
               "{\"id\":\"new\",\"type\":\"Thing\",\"a\":1,\"b\":1}]");
    check_told(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "none", "", "{\"a\":2}"}), 404,
               "do not exist: none - [entity itself]");
}

#define AMBIGUOUS "More than one matching entity. Please refine your query"

static void test_ambiguity_follows_the_batch(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Room\",\"a\":1}"));
    assert_ok(city_create(city, "", "{\"id\":\"R\",\"type\":\"Hall\",\"a\":1}"));
    check_told(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "R", "", "{\"a\":2}"}), 409, AMBIGUOUS);
    check_told(WRITE_ALL(city, outcomes, {ENTITY_DELETE, "R", "", NULL}), 409, AMBIGUOUS);
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_DELETE, "R", "Hall", NULL},
                        {ENTITY_UPDATE, "R", "", "{\"a\":2}"}));
    check_list(city, "", "[{\"id\":\"R\",\"type\":\"Room\",\"a\":2}]");
    check_told(WRITE_ALL(city, outcomes, {ENTITY_CREATE, "R", "Car", "{\"a\":1}"},
                         {ENTITY_UPDATE, "R", "", "{\"a\":3}"}),
               409, AMBIGUOUS);
    assert_true(outcomes[0].is_applied);
    assert_int_equal(outcomes[1].refusal.reason, REASON_ENTITY_AMBIGUOUS);
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_DELETE, "R", "Car", NULL},
                        {ENTITY_DELETE, "R", "", NULL}, {ENTITY_UPSERT, "R", "", "{\"a\":9}"}));
    check_list(city, "", "[{\"id\":\"R\",\"type\":\"Thing\",\"a\":9}]");
}

#define TYPES 70

/* More entities of the id than one look at the index brings. */
static void test_many_types_of_an_id(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[TYPES];
    EntityWrite writes[TYPES];
    char types[TYPES][16];
    for (int i = 0; i < TYPES; i++) {
        (void)snprintf(types[i], sizeof types[i], "T%d", i);
        writes[i] = write_of(city->arena, &(Ask){ENTITY_CREATE, "R", types[i], NULL});
        writes[i].service_path = i == TYPES - 1 ? STR("/here") : STR("/there");
    }
    assert_ok(city_write(city, &(EntityBatch){.writes = writes, .count = TYPES}, outcomes));
    EntityWrite write = write_of(city->arena, &(Ask){ENTITY_APPEND, "R", "", "{\"a\":1}"});
    write.service_path = STR("/here");
    assert_ok(city_write(city, &(EntityBatch){.writes = &write, .count = 1}, outcomes));
    check_list(city, "type=T69", "[{\"id\":\"R\",\"type\":\"T69\",\"a\":1}]");
    write.service_path = STR("/there");
    assert_fails(city_write(city, &(EntityBatch){.writes = &write, .count = 1}, outcomes),
                 ENTITY_AMBIGUOUS);
}

/* --- entities past their date ----------------------------------------------------------------- */

static void make_expired(City *city, const char *id)
{
    EntityOutcome outcome;
    EntityWrite write =
        write_of(city->arena, &(Ask){ENTITY_CREATE, id, "T",
                                     "{\"a\":1,\"dateExpires\":\"2026-04-01T00:00:05Z\"}"});
    for (size_t i = 0; i < write.entity.attribute_count; i++) {
        Attribute *attribute = &write.entity.attributes[i];
        if (str_eq(attribute->name, STR("dateExpires"))) {
            attribute->type = STR("DateTime");
        }
    }
    assert_ok(city_write(city, &(EntityBatch){.writes = &write, .count = 1}, &outcome));
}

static void test_the_expired_are_absent(void **state)
{
    City *city = *state;
    EntityOutcome outcomes[BATCH_MAX];
    make_expired(city, "E");
    check_list(city, "", "[{\"id\":\"E\",\"type\":\"T\",\"a\":1}]");
    city->now_us += 60 * CLOCK_SECOND_US;
    check_list(city, "", "[]");
    check_told(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "E", "T", "{\"a\":2}"}), 404,
               "do not exist: E/T - [entity itself]");
    check_told(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "E", "", "{\"a\":2}"}), 404,
               "do not exist: E - [entity itself]");
    assert_ok(city_create(city, "", "{\"id\":\"E\",\"type\":\"Other\",\"b\":1}"));
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_UPDATE, "E", "", "{\"b\":2}"}));
    assert_ok(WRITE_ALL(city, outcomes, {ENTITY_CREATE, "E", "T", "{\"n\":1}"}));
    check_list(city, "",
               "[{\"id\":\"E\",\"type\":\"Other\",\"b\":2},"
               "{\"id\":\"E\",\"type\":\"T\",\"n\":1}]");
}

/* --- limits ----------------------------------------------------------------------------------- */

/* Entities E0, E1 …, or all writes to E0. */
static Error write_many(City *city, size_t count, bool is_one, Str value)
{
    EntityWrite *writes = ARENA_MANY(city->arena, EntityWrite, count);
    EntityOutcome *outcomes = ARENA_MANY(city->arena, EntityOutcome, count);
    assert_non_null(writes);
    assert_non_null(outcomes);
    for (size_t i = 0; i < count; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "E%zu", is_one ? 0 : i);
        Attribute *attribute = ARENA_ONE(city->arena, Attribute);
        assert_non_null(attribute);
        *attribute = (Attribute){.name = STR("a"), .value = value};
        writes[i] = (EntityWrite){
            .kind = ENTITY_UPSERT,
            .entity = {.type = STR("T"), .attributes = attribute, .attribute_count = 1}};
        assert_ok(str_copy_in(city->arena, str_from(id), &writes[i].entity.id));
    }
    EntityBatch batch = {.writes = writes, .count = count, .is_batch_call = true};
    return city_write(city, &batch, outcomes);
}

static void check_total(City *city, int64_t wanted)
{
    Str json;
    int64_t total = -1;
    assert_ok(city_list(city, "", "options=count&limit=0", &json, &total));
    assert_int_equal(total, wanted);
}

static void test_a_thousand_writes_and_no_more(void **state)
{
    City *city = *state;
    assert_fails(write_many(city, ENTITY_BATCH_MAX + 1, false, STR("1")), STORE_LIMIT);
    assert_fails(write_many(city, ENTITY_BATCH_MAX + 1, true, STR("1")), STORE_LIMIT);
    check_total(city, 0);
    assert_ok(write_many(city, ENTITY_BATCH_MAX, false, STR("1")));
    check_total(city, ENTITY_BATCH_MAX);
    assert_ok(write_many(city, ENTITY_BATCH_MAX, false, STR("2")));
    check_total(city, ENTITY_BATCH_MAX);
    check_list(city, "id=E999", "[{\"id\":\"E999\",\"type\":\"T\",\"a\":2}]");
}

static void test_more_bytes_than_a_commit_takes(void **state)
{
    City *city = *state;
    size_t n = (size_t)1 << 19;
    char *text = arena_alloc(city->arena, n);
    assert_non_null(text);
    memset(text, 'x', n);
    text[0] = '"';
    text[n - 1] = '"';
    assert_fails(write_many(city, 17, false, str_bytes(text, n)), STORE_LIMIT);
    check_total(city, 0);
    assert_ok(write_many(city, 3, false, str_bytes(text, n)));
    check_total(city, 3);
}

/* --- writers that meet ------------------------------------------------------------------------ */

#define WRITERS 4
#define ROUNDS 15

typedef struct Writer {
    City *city;
    Error error; /* the first that should not be */
} Writer;

/* One unit goes from P to Q, which the first to come makes. */
static void *move_units(void *argument)
{
    Writer *writer = argument;
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    const EntityWrite writes[] = {
        write_of(arena, &(Ask){ENTITY_UPDATE, "P", "", "{\"n\":{\"$inc\":-1}}"}),
        write_of(arena, &(Ask){ENTITY_UPSERT, "Q", "T", "{\"n\":{\"$inc\":1}}"}),
    };
    EntityBatch batch = {.writes = writes, .count = 2, .is_batch_call = true};
    EntityOutcome outcomes[2];
    for (int i = 0; i < ROUNDS && !FAILED(writer->error); i++) {
        writer->error = city_write(writer->city, &batch, outcomes);
    }
    return NULL;
}

static void test_nothing_is_lost_between_two_entities(void **state)
{
    City *city = *state;
    Writer writers[WRITERS];
    pthread_t threads[WRITERS];
    assert_ok(city_create(city, "", "{\"id\":\"P\",\"type\":\"T\",\"n\":100}"));
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (Writer){.city = city, .error = OK};
        assert_int_equal(pthread_create(&threads[i], NULL, move_units, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(writers[i].error);
    }
    check_list(city, "",
               "[{\"id\":\"P\",\"type\":\"T\",\"n\":40},{\"id\":\"Q\",\"type\":\"T\",\"n\":60}]");
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

static int run_on(const char *kind)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_kind),
        TEST(test_later_writes_see_earlier_ones),
        TEST(test_made_and_gone_leaves_nothing),
        TEST(test_gone_and_made_again),
        TEST(test_refusals_beside_successes),
        TEST(test_nothing_is_done_where_one_cannot_be),
        TEST(test_a_rehearsal_says_all_and_does_nothing),
        TEST(test_equal_values_store_nothing),
        TEST(test_without_a_type),
        TEST(test_ambiguity_follows_the_batch),
        TEST(test_many_types_of_an_id),
        TEST(test_the_expired_are_absent),
        TEST(test_a_thousand_writes_and_no_more),
        TEST(test_more_bytes_than_a_commit_takes),
        TEST(test_nothing_is_lost_between_two_entities),
    };
    the_store = contract_open(kind, "embedded_write");
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
