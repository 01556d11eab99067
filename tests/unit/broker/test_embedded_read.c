/* Lists, single entities and types of open data: what the half answers against a plain list that is
 * filtered and sorted, over random populations and questions. The seed is printed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "contract_store.h"
#include "embedded_half.h"
#include "entity_order.h"
#include "fake_ports.h"
#include "question.h"
#include "sweep.h"

#define TEXT_BYTES 64

static Store *the_store;
static Broker *the_half;

static int setup(void **state)
{
    *state = open_data_new(the_store, the_half);
    return 0;
}

static int teardown(void **state)
{
    (void)open_data_free(*state);
    return 0;
}

static bool is_sqlite(void)
{
    return strcmp(store_kind(the_store), "sqlite") == 0;
}

/* --- lists ------------------------------------------------------------------------------------ */

static size_t shown_attributes(const Asked *asked, const Thing *thing)
{
    size_t t = thing->t[0] != '\0';
    size_t n = thing->n >= 0;
    size_t expires = thing->expires_us != 0;
    return asked->query.attributes.count > 0 ? t : t + n + expires;
}

static void check_hit(const Asked *asked, const Entity *entity, const Thing *thing, int question)
{
    char got[TEXT_BYTES];
    char wanted[TEXT_BYTES];
    open_data_name(got, sizeof got, entity->id, entity->type, entity->service_path);
    open_data_name(wanted, sizeof wanted, str_from(thing->id), str_from(thing->type),
                   str_from(thing->path));
    if (strcmp(got, wanted) != 0) {
        fail_msg("question %d: got %s, wanted %s", question, got, wanted);
    }
    assert_int_equal(entity->attribute_count, shown_attributes(asked, thing));
}

static void check_page(OpenData *data, const Asked *asked, int question)
{
    static const Thing *hits[QUESTION_THINGS_MAX];
    EntityPage page;
    size_t total = question_answer(data, asked, hits);
    size_t first = (size_t)asked->query.offset < total ? (size_t)asked->query.offset : total;
    size_t count =
        total - first < (size_t)asked->query.limit ? total - first : (size_t)asked->query.limit;
    assert_ok(open_data_query(data, &asked->query, &page));
    if (page.count != count || (asked->query.is_count_wanted && page.total != (int64_t)total)) {
        fail_msg("question %d: %zu of %lld, wanted %zu of %zu", question, page.count,
                 (long long)page.total, count, total);
    }
    for (size_t i = 0; i < count; i++) {
        check_hit(asked, &page.entities[i], hits[first + i], question);
    }
    assert_int_equal(page.keys != NULL, asked->query.order_count > 0);
    for (size_t i = 1; page.keys != NULL && i < count; i++) {
        assert_true(entity_sort_key_compare(page.keys[i - 1], page.keys[i]) <= 0);
    }
}

static void check_get(OpenData *data, uint64_t *random, uint64_t ids)
{
    char id[16];
    Entity entity;
    const char *types[] = {"", "A", "B", "C", "D"};
    const char *type = types[fake_random_below(random, ITEMS(types))];
    const char *path = QUESTION_PATHS[fake_random_below(random, ITEMS(QUESTION_PATHS))];
    (void)snprintf(id, sizeof id, "e%d", (int)fake_random_below(random, ids + 1));
    int found = 0;
    for (size_t i = 0; i < data->count; i++) {
        const Thing *thing = &data->things[i];
        found += strcmp(thing->id, id) == 0 &&
                         (type[0] == '\0' || strcmp(thing->type, type) == 0) &&
                         open_data_shows(data, thing, path)
                     ? 1
                     : 0;
    }
    Error error = open_data_get(data, id, type, path, &entity);
    if (found == 1) {
        assert_ok(error);
        assert_str(entity.id, id);
    } else if (found == 0) {
        assert_fails(error, ENTITY_NOT_FOUND);
    } else {
        assert_fails(error, ENTITY_AMBIGUOUS);
    }
}

/* --- types ------------------------------------------------------------------------------------ */

typedef struct PlainType {
    int64_t count;
    bool has_n;
    bool has_t;
} PlainType;

static PlainType plain_type(const OpenData *data, const char *name, const char *path)
{
    PlainType plain = {0};
    for (size_t i = 0; i < data->count; i++) {
        const Thing *thing = &data->things[i];
        if (strcmp(thing->type, name) == 0 && open_data_shows(data, thing, path)) {
            plain.count++;
            plain.has_n = plain.has_n || thing->n >= 0;
            plain.has_t = plain.has_t || thing->t[0] != '\0';
        }
    }
    return plain;
}

static void check_type(const TypeInfo *info, const PlainType *plain, bool has_attributes)
{
    assert_int_equal(info->count, plain->count);
    size_t wanted = (size_t)plain->has_n + (size_t)plain->has_t;
    assert_int_equal(info->attribute_count, has_attributes ? wanted : 0);
    for (size_t i = 0; i < info->attribute_count; i++) {
        const TypeAttribute *attribute = &info->attributes[i];
        bool is_n = plain->has_n && i == 0;
        assert_str(attribute->name, is_n ? "n" : "t");
        assert_int_equal(attribute->types.count, 1);
        assert_str(attribute->types.items[0], is_n ? "Number" : "Text");
    }
}

static void check_types(OpenData *data, const char *path, bool wants_attributes)
{
    TypeList list;
    const TypesQuery query = {
        .type = STR_EMPTY, .wants_attributes = wants_attributes, .service_path = str_from(path)};
    assert_ok(open_data_types(data, &query, &list));
    size_t at = 0;
    for (char letter = 'A'; letter <= 'G'; letter++) {
        const char name[] = {letter, '\0'};
        PlainType plain = plain_type(data, name, path);
        if (plain.count > 0) {
            assert_true(at < list.count);
            assert_str(list.types[at].name, name);
            check_type(&list.types[at++], &plain, wants_attributes);
        }
    }
    assert_int_equal(at, list.count);
}

/* --- the property ----------------------------------------------------------------------------- */

typedef struct Size {
    size_t things;
    uint64_t ids;
    int questions;
} Size;

static void run_population(OpenData *data, uint64_t *random, const Size *size)
{
    Asked asked = {.arena = arena_new((size_t)16 << 20)};
    assert_non_null(asked.arena);
    questions_populate(data, random, size->things, size->ids);
    for (int question = 0; question < size->questions; question++) {
        question_ask(random, size->ids, size->things, &asked);
        check_page(data, &asked, question);
        check_get(data, random, size->ids);
    }
    for (size_t i = 0; i < ITEMS(QUESTION_PATHS); i++) {
        check_types(data, QUESTION_PATHS[i], i % 2 == 0 || is_sqlite());
        check_types(data, QUESTION_PATHS[i], false);
    }
    (void)arena_free(asked.arena);
}

static void test_answers_are_those_of_a_plain_list(void **state)
{
    static const Size sizes[] = {{12, 4, 400}, {60, 20, 400}, {900, 300, 250}};
    static const Size few[] = {{120, 40, 40}};
    uint64_t random = fake_seed("embedded_read_plain_list");
    (void)state;
    const Size *all = is_sqlite() ? sizes : few;
    for (size_t i = 0; i < (is_sqlite() ? ITEMS(sizes) : ITEMS(few)); i++) {
        OpenData *data = open_data_new(the_store, the_half);
        run_population(data, &random, &all[i]);
        (void)open_data_free(data);
    }
}

/* --- particular cases ------------------------------------------------------------------------- */

static void check_count(OpenData *data, const EntitySelector *selector, int64_t wanted)
{
    EntityPage page;
    const EntityQuery query = {.selectors = selector,
                               .selector_count = selector == NULL ? 0 : 1,
                               .limit = 5,
                               .is_count_wanted = true,
                               .service_path = STR_EMPTY};
    assert_ok(open_data_query(data, &query, &page));
    assert_int_equal(page.total, wanted);
    assert_int_equal(page.count, wanted);
}

static void test_past_its_date_an_entity_is_absent(void **state)
{
    OpenData *data = *state;
    const int64_t end_us = FAKE_START_US + CLOCK_SECOND_US;
    const Str type = STR("A");
    const EntitySelector selector = {.types = {&type, 1}};
    Thing thing = {.id = "e", .type = "A", .path = "/", .n = 1, .expires_us = end_us};
    TypesQuery types = {.type = STR_EMPTY, .service_path = STR_EMPTY};
    TypeList list;
    Entity entity;
    open_data_add(data, &thing, 1);
    data->now_us = end_us - 1;
    check_count(data, NULL, 1);
    check_count(data, &selector, 1);
    assert_ok(open_data_get(data, "e", "A", "/", &entity));
    assert_int_equal(entity.attribute_count, 2);
    data->now_us = end_us;
    check_count(data, NULL, 0);
    check_count(data, &selector, 0);
    assert_fails(open_data_get(data, "e", "A", "/", &entity), ENTITY_NOT_FOUND);
    assert_fails(open_data_get(data, "e", "", "", &entity), ENTITY_NOT_FOUND);
    for (int form = 0; form < 4; form++) {
        types.wants_attributes = form % 2 == 1;
        types.type = form < 2 ? STR_EMPTY : type;
        assert_ok(open_data_types(data, &types, &list));
        assert_int_equal(list.count, 0);
    }
    thing.expires_us = 0;
    open_data_add(data, &thing, 1); /* the place is free again */
    check_count(data, &selector, 1);
}

static void sweep(const OpenData *data, size_t wanted)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    size_t removed = 0;
    assert_ok(store_sweep(data->store, arena, STORE_PUBLIC_ENTITIES, "by_expiry", data->now_us,
                          SWEEP_LIMIT_MAX, contract_deadline(), &removed));
    assert_int_equal(removed, wanted);
}

/* As the janitor does: what is past its date goes, and nothing else. */
static void test_what_is_past_its_date_is_swept(void **state)
{
    OpenData *data = *state;
    const int64_t end_us = FAKE_START_US + CLOCK_SECOND_US;
    const Thing things[] = {
        {.id = "e1", .type = "A", .path = "/", .n = 1, .expires_us = end_us},
        {.id = "e2", .type = "A", .path = "/", .n = 1},
        {.id = "e3", .type = "A", .path = "/", .n = 1, .expires_us = end_us + CLOCK_SECOND_US},
    };
    data->now_us = INT64_MAX; /* what other tests left behind */
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)8 << 20);
    for (size_t removed = 1; removed > 0;) {
        assert_ok(store_sweep(data->store, arena, STORE_PUBLIC_ENTITIES, "by_expiry", data->now_us,
                              SWEEP_LIMIT_MAX, contract_deadline(), &removed));
    }
    data->now_us = FAKE_START_US;
    open_data_add(data, things, ITEMS(things));
    data->now_us = end_us;
    sweep(data, 0);
    check_count(data, NULL, 2);
    data->now_us = end_us + 1;
    sweep(data, 1);
    check_count(data, NULL, 2);
    data->now_us = FAKE_START_US; /* gone for good */
    check_count(data, NULL, 2);
}

/* Each of about a megabyte: more than a piece of the walk may hold. */
static void test_large_entities_come_in_small_pieces(void **state)
{
    OpenData *data = *state;
    enum { LARGE = 20, BYTES = 1 << 20 };
    char *text = malloc(BYTES);
    assert_non_null(text);
    memset(text, 'x', BYTES);
    text[0] = text[BYTES - 1] = '"';
    Attribute attributes[] = {
        {.name = STR("n"), .type = STR("Number"), .value = STR("1")},
        {.name = STR("z"), .type = STR("Text"), .value = str_bytes(text, BYTES)}};
    for (int i = 0; i < LARGE; i++) {
        char id[16];
        EntityWrite write = {.kind = ENTITY_CREATE, .service_path = STR("/")};
        (void)snprintf(id, sizeof id, "e%d", i);
        write.entity = (Entity){
            .id = str_from(id), .type = STR("A"), .attributes = attributes, .attribute_count = 2};
        const EntityBatch batch = {.writes = &write, .count = 1};
        EntityOutcome outcome;
        assert_ok(open_data_write(data, &batch, &outcome));
        assert_ok(outcome.refusal);
    }
    free(text);
    const Filter filter = question_term("n", FILTER_IS_THERE, NULL);
    const EntityQuery query = {.filter = &filter,
                               .limit = 2,
                               .offset = LARGE - 3,
                               .is_count_wanted = true,
                               .service_path = STR_EMPTY};
    EntityPage page;
    assert_ok(open_data_query(data, &query, &page));
    assert_int_equal(page.total, LARGE);
    assert_int_equal(page.count, 2);
    assert_str(page.entities[0].id, "e17");
    assert_int_equal(page.entities[0].attributes[1].value.n, BYTES);
    const TypesQuery types = {
        .type = STR_EMPTY, .wants_attributes = true, .service_path = STR_EMPTY};
    TypeList list;
    assert_ok(open_data_types(data, &types, &list));
    assert_int_equal(list.types[0].attribute_count, 2);
}

static void put_attribute(OpenData *data, const char *id, Str name, Str type)
{
    Attribute attribute = {.name = name, .type = type, .value = STR("1")};
    EntityWrite write = {.kind = ENTITY_CREATE, .service_path = STR("/")};
    write.entity = (Entity){
        .id = str_from(id), .type = STR("Car"), .attributes = &attribute, .attribute_count = 1};
    const EntityBatch batch = {.writes = &write, .count = 1};
    EntityOutcome outcome;
    assert_ok(open_data_write(data, &batch, &outcome));
    assert_ok(outcome.refusal);
}

static void test_types_of_attributes_are_gathered(void **state)
{
    OpenData *data = *state;
    const TypesQuery query = {
        .type = STR("Car"), .wants_attributes = true, .service_path = STR_EMPTY};
    TypeList list;
    put_attribute(data, "e1", STR("speed"), STR("Text"));
    put_attribute(data, "e2", STR("speed2"), STR("Text"));
    put_attribute(data, "e3", STR("speed"), STR("Number"));
    put_attribute(data, "e4", STR("speed"), STR("Text"));
    put_attribute(data, "e5", STR("color"), STR("Text"));
    assert_ok(open_data_types(data, &query, &list));
    assert_int_equal(list.count, 1);
    assert_int_equal(list.types[0].count, 5);
    const TypeAttribute *attributes = list.types[0].attributes;
    assert_int_equal(list.types[0].attribute_count, 3);
    assert_str(attributes[0].name, "color");
    assert_str(attributes[1].name, "speed");
    assert_int_equal(attributes[1].types.count, 2);
    assert_str(attributes[1].types.items[0], "Number");
    assert_str(attributes[1].types.items[1], "Text");
    assert_str(attributes[2].name, "speed2");
}

static void test_a_passed_deadline_gives_nothing(void **state)
{
    OpenData *data = *state;
    const Thing thing = {.id = "e", .type = "A", .path = "/", .n = 1};
    const Str id = STR("e");
    const EntitySelector selector = {.ids = {&id, 1}};
    const Filter filter = question_term("n", FILTER_IS_THERE, NULL);
    EntityQuery query = {.limit = 5, .service_path = STR_EMPTY};
    EntityPage page = {.count = 99};
    TypesQuery types = {.type = STR_EMPTY, .service_path = STR_EMPTY};
    TypeList list = {.count = 99};
    open_data_add(data, &thing, 1);
    data->timeout_us = 0;
    assert_fails(open_data_query(data, &query, &page), DEADLINE);
    query.filter = &filter;
    assert_fails(open_data_query(data, &query, &page), DEADLINE);
    query.selectors = &selector;
    query.selector_count = 1;
    assert_fails(open_data_query(data, &query, &page), DEADLINE);
    query.is_count_wanted = true;
    assert_fails(open_data_query(data, &query, &page), DEADLINE);
    assert_fails(open_data_types(data, &types, &list), DEADLINE);
    types.wants_attributes = true;
    assert_fails(open_data_types(data, &types, &list), DEADLINE);
    assert_int_equal(page.count, 99);
    assert_int_equal(list.count, 99);
}

#define TEST(function_) cmocka_unit_test_setup_teardown(function_, setup, teardown)

static int run_on(const char *kind)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answers_are_those_of_a_plain_list),
        TEST(test_past_its_date_an_entity_is_absent),
        TEST(test_what_is_past_its_date_is_swept),
        TEST(test_large_entities_come_in_small_pieces),
        TEST(test_types_of_attributes_are_gathered),
        TEST(test_a_passed_deadline_gives_nothing),
    };
    the_store = contract_open(kind, "embedded_read");
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
