/* One answer from two halves: who is asked for what, pages and counts across both, and a failed
 * half fails all. The halves are fakes that note each question. */
#include "union.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define ENTITIES_MAX 8

/* A half with a few entities of one kind: ids "<letter>0", "<letter>1", … */
typedef struct FakeHalf {
    Broker broker;
    char letter;
    int64_t size;
    Error failure; /* of every call, when failed */
    bool has_one;  /* what `get` finds */
    int queries;
    int gets;
    int writes;
    EntityQuery last_query;
} FakeHalf;

typedef struct Fixture {
    Arena *arena;
    TypeRegistry *registry;
    FakeHalf open_half;
    FakeHalf personal_half;
    Broker *both;
    BrokerCall call;
    Principal principal;
} Fixture;

static FakeHalf *from_broker(Broker *broker)
{
    return (FakeHalf *)(void *)broker;
}

static Error fake_query(Broker *broker, BrokerCall *call, const EntityQuery *query,
                        EntityPage *ret_page)
{
    FakeHalf *half = from_broker(broker);
    half->queries++;
    half->last_query = *query;
    TRY(half->failure);
    Entity *entities = ARENA_MANY(call->vault.arena, Entity, ENTITIES_MAX);
    ENSURE_ALLOC(entities, call->vault.arena);
    size_t count = 0;
    for (int64_t i = query->offset; i < half->size && (int64_t)count < query->limit; i++) {
        char id[8];
        (void)snprintf(id, sizeof id, "%c%d", half->letter, (int)i);
        TRY(str_copy_in(call->vault.arena, str_from(id), &entities[count].id));
        count++;
    }
    *ret_page = (EntityPage){.entities = entities, .count = count, .total = half->size};
    return OK;
}

static Error fake_get(Broker *broker, BrokerCall *call, Str id, Str type, const EntityQuery *query,
                      Entity *ret_entity)
{
    (void)call;
    (void)query;
    FakeHalf *half = from_broker(broker);
    half->gets++;
    TRY(half->failure);
    ENSURE(half->has_one, ENTITY_NOT_FOUND, NULL);
    *ret_entity = (Entity){.id = id, .type = type, .created_us = half->letter};
    return OK;
}

static Error fake_write(Broker *broker, BrokerCall *call, const EntityWrite *write)
{
    (void)call;
    (void)write;
    FakeHalf *half = from_broker(broker);
    half->writes++;
    return half->failure;
}

static const BrokerOps FAKE_OPS = {.query = fake_query, .get = fake_get, .write = fake_write};

static TypeRegistry *shipped_types(Arena *arena)
{
    const char *source = getenv("MUSUBI_SOURCE");
    char folder[512];
    TypeRegistry *registry = NULL;
    (void)snprintf(folder, sizeof folder, "%s/schemas/entities", source == NULL ? "." : source);
    assert_ok(type_registry_load(ports_system(), folder, arena, &registry));
    return registry;
}

static void become(Fixture *fixture, ActorKind kind, const char *purpose)
{
    fixture->principal =
        (Principal){.kind = kind, .client = STR("kenko"), .purpose = str_from(purpose)};
}

static int setup(void **state)
{
    Fixture *fixture = calloc(1, sizeof *fixture);
    fixture->arena = arena_new((size_t)4 << 20);
    fixture->registry = shipped_types(fixture->arena);
    fixture->open_half = (FakeHalf){.broker = {&FAKE_OPS}, .letter = 'o', .size = 3, .failure = OK};
    fixture->personal_half =
        (FakeHalf){.broker = {&FAKE_OPS}, .letter = 'p', .size = 4, .failure = OK};
    fixture->call =
        (BrokerCall){.vault = {.arena = fixture->arena}, .principal = &fixture->principal};
    const Classifier classifier = {.types = fixture->registry};
    assert_ok(union_new(&fixture->open_half.broker, &fixture->personal_half.broker, &classifier,
                        &fixture->both));
    become(fixture, ACTOR_SERVICE, "health-promotion");
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    Fixture *fixture = *state;
    (void)union_free(fixture->both);
    (void)type_registry_free(fixture->registry);
    (void)arena_free(fixture->arena);
    free(fixture);
    return 0;
}

/* "a,b" as a list in the arena; "" is an empty list. */
static StrList list_of(Fixture *fixture, const char *text)
{
    Str *items = ARENA_MANY(fixture->arena, Str, ENTITIES_MAX);
    assert_non_null(items);
    StrList list = {.items = items};
    Str rest = str_from(text);
    Str item;
    while (text[0] != '\0' && str_split(&rest, ',', &item)) {
        items[list.count++] = item;
    }
    return list;
}

static EntityQuery query_of(Fixture *fixture, const char *types, const char *ids)
{
    return (EntityQuery){
        .types = list_of(fixture, types), .ids = list_of(fixture, ids), .limit = 20};
}

static Error ask(Fixture *fixture, const EntityQuery *query, EntityPage *ret_page)
{
    return fixture->both->ops->query(fixture->both, &fixture->call, query, ret_page);
}

typedef struct Routing {
    const char *types;
    const char *ids;
    ActorKind kind;
    const char *purpose;
    int open_asked;
    int personal_asked;
    ErrorReason reason; /* NONE: answered */
} Routing;

#define P ACTOR_SERVICE, "health-promotion"
#define N ACTOR_SERVICE, ""
#define A ACTOR_ANONYMOUS, ""

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
    assert_int_equal(fixture->open_half.last_query.types.count, 2);
    assert_str(fixture->open_half.last_query.types.items[1], "PublicToilet");
    assert_int_equal(fixture->open_half.last_query.ids.count, 1);
    assert_str(fixture->open_half.last_query.ids.items[0], "a1");
    assert_int_equal(fixture->personal_half.last_query.types.count, 1);
    assert_str(fixture->personal_half.last_query.types.items[0], "Person");
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
    {"a", "", P, true, true, REASON_ENTITY_AMBIGUOUS, 0},
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
    {"a", "", P, false, false, REASON_NONE, 0, 1},
    {"a", "", P, true, true, REASON_ENTITY_AMBIGUOUS, 0, 0},
};

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
        Error error = fixture->both->ops->write(fixture->both, &fixture->call, &write);
        if (error.reason != row->reason || fixture->open_half.writes != row->open_writes ||
            fixture->personal_half.writes != row->personal_writes) {
            fail_msg("%s %s: %s, %d, %d", row->id, row->type, error_words(error.reason)->name,
                     fixture->open_half.writes, fixture->personal_half.writes);
        }
    }
}

/* Writers need not be readers: the personal half is not asked whether it has the entity. */
static void test_an_update_does_not_read_the_personal_half_first(void **state)
{
    Fixture *fixture = *state;
    EntityWrite write = {.kind = ENTITY_UPDATE};
    write.entity.id = STR("a");
    assert_ok(fixture->both->ops->write(fixture->both, &fixture->call, &write));
    assert_int_equal(fixture->personal_half.gets, 0);
    assert_int_equal(fixture->personal_half.writes, 1);
}

static void test_an_unregistered_type_is_told_how_to_register(void **state)
{
    Fixture *fixture = *state;
    EntityWrite write = {.kind = ENTITY_CREATE};
    write.entity.id = STR("a");
    write.entity.type = STR("Room");
    char text[256];
    Error error = fixture->both->ops->write(fixture->both, &fixture->call, &write);
    (void)error_text(error, text, sizeof text);
    assert_string_equal(text, "the entity type Room is not registered: add a schema file for it to "
                              "schemas/entities and restart");
    assert_int_equal(error_words(error.reason)->http_status, 422);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

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
        TEST(test_an_update_does_not_read_the_personal_half_first),
        TEST(test_an_unregistered_type_is_told_how_to_register),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
