#include "view_city.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access_token.h"
#include "embedded_half.h"
#include "sealed_entity.h"
#include "union.h"
#include "vault_half.h"

#define REQUEST_TIMEOUT_US (60 * CLOCK_SECOND_US)

const ViewType VIEW_TYPE_TABLE[VIEW_TYPES] = {
    {"HealthActivity",
     {"refPerson", "date", "activityType", "steps", "distance_MTR", "remarks"},
     6,
     "extra",
     true},
    {"Person",
     {"familyName", "givenName", "dateOfBirth", "postalCode", "cityAndCounty", "streetAddress"},
     6,
     "prefecture",
     true},
    {"PointAccount",
     {"refPerson", "identifier", "balance", "currency", "status", "expiresOn"},
     6,
     "moneyBalance",
     false},
};
#define PERSON 1

/* --- chance ----------------------------------------------------------------------------------- */

size_t view_pick(ViewCity *city, size_t n)
{
    return (size_t)fake_random_below(&city->random, n);
}

bool view_chance(ViewCity *city, unsigned percent)
{
    return view_pick(city, 100) < percent;
}

/* --- names ------------------------------------------------------------------------------------ */

size_t view_type_index(Str name)
{
    size_t type = 0;
    while (type < VIEW_TYPES && !str_eq(name, str_from(VIEW_TYPE_TABLE[type].name))) {
        type++;
    }
    return type;
}

static const char *attribute_name(size_t type, size_t at)
{
    const ViewType *spec = &VIEW_TYPE_TABLE[type];
    return at < spec->attribute_count ? spec->attributes[at] : spec->ungrantable;
}

unsigned view_bit(size_t type, Str attribute)
{
    for (size_t i = 0; i < VIEW_TYPE_TABLE[type].attribute_count; i++) {
        if (str_eq(attribute, str_from(VIEW_TYPE_TABLE[type].attributes[i]))) {
            return 1U << i;
        }
    }
    return 0;
}

size_t view_owner(const ViewCity *city, size_t type, Str seen_id)
{
    for (size_t i = 0; i < city->entity_count; i++) {
        const ViewEntity *entity = &city->entities[i];
        if (entity->type == type && str_eq(entity->seen_id, seen_id)) {
            return entity->citizen;
        }
    }
    return VIEW_CITIZENS_MAX;
}

void view_city_remember(ViewCity *city, size_t citizen, size_t type, Str id)
{
    if (view_owner(city, type, id) != VIEW_CITIZENS_MAX) {
        return;
    }
    assert_true(city->entity_count < VIEW_ENTITIES_MAX);
    ViewEntity *entity = &city->entities[city->entity_count++];
    *entity = (ViewEntity){.citizen = citizen, .type = type};
    assert_ok(str_copy_in(city->vault.arena, id, &entity->seen_id));
}

/* --- values ----------------------------------------------------------------------------------- */

typedef struct Sample {
    const char *type;
    const char *value;
} Sample;

static const Sample SAMPLES[] = {
    {"Number", "1"},
    {"Number", "2.0"},
    {"Number", "10"},
    {"Number", "-3"},
    {"Number", "1e3"},
    {"Text", "\"Kita\""},
    {"Text", "\"a\""},
    {"Text", "\"10\""},
    {"Text", "\"加西\""},
    {"Text", "\"\""},
    {"Text", "\"2026-05-01\""},
    {"Boolean", "true"},
    {"Boolean", "false"},
    {"None", "null"},
    {"Custom", "\"b\""},
    {"DateTime", "\"2026-01-01T00:00:00Z\""},
    {"DateTime", "\"2026-05-01T12:30:00.500Z\""},
    {"StructuredValue", "{\"a\":1,\"b\":{\"c\":\"x\"}}"},
    {"StructuredValue", "[1,2,\"a\"]"},
    {"StructuredValue", "[]"},
    {"StructuredValue", "{\"a\":\"10\",\"x.y\":2}"},
    {"geo:point", "\"34.93, 134.84\""},
    {"geo:json", "{\"type\":\"Point\",\"coordinates\":[134.85,34.91]}"},
    {"geo:json", "{\"type\":\"Polygon\",\"coordinates\":[[[134.8,34.9],[134.9,34.9],[134.9,35.0],"
                 "[134.8,34.9]]]}"},
};
#define SAMPLE_COUNT (sizeof SAMPLES / sizeof SAMPLES[0])

static const Metadata METADATA[] = {
    {STR_INIT("accuracy"), STR_INIT("Number"), STR_INIT("1")},
    {STR_INIT("accuracy"), STR_INIT("Number"), STR_INIT("2.5")},
    {STR_INIT("source"), STR_INIT("Text"), STR_INIT("\"card\"")},
    {STR_INIT("at"), STR_INIT("DateTime"), STR_INIT("\"2026-02-01T00:00:00Z\"")},
    {STR_INIT("shape"), STR_INIT("StructuredValue"), STR_INIT("{\"a\":1}")},
};
#define METADATA_COUNT (sizeof METADATA / sizeof METADATA[0])

static bool is_geo(Str type)
{
    return str_starts_with(type, STR("geo:"));
}

static bool has_location(const ViewEntity *entity)
{
    for (size_t i = 0; i <= VIEW_NAMES_MAX; i++) {
        if (entity->attributes[i].name.n > 0 && is_geo(entity->attributes[i].type)) {
            return true;
        }
    }
    return false;
}

static void tick(ViewCity *city)
{
    fake_clock_advance(&city->vault.fake, 1000 * (int64_t)(1 + view_pick(city, 300)));
}

static int64_t now_us(ViewCity *city)
{
    return city->vault.fake.now_us;
}

/* The subject attribute names the citizen; what is kept in it is another writer's text. */
static void fill_attribute(ViewCity *city, ViewEntity *entity, size_t at)
{
    Attribute *attribute = &entity->attributes[at];
    const Sample *sample = &SAMPLES[view_pick(city, SAMPLE_COUNT)];
    bool is_known = attribute->name.n > 0;
    tick(city);
    attribute->name = STR_EMPTY; /* itself is no location that stands in the way */
    while (is_geo(str_from(sample->type)) && has_location(entity)) {
        sample = &SAMPLES[view_pick(city, SAMPLE_COUNT)];
    }
    attribute->name = str_from(attribute_name(entity->type, at));
    attribute->type = str_from(sample->type);
    attribute->value = str_from(sample->value);
    attribute->dataset_id = STR_EMPTY;
    attribute->writer = entity->writer;
    attribute->created_us = is_known ? attribute->created_us : now_us(city);
    attribute->modified_us = now_us(city);
    size_t first = view_pick(city, METADATA_COUNT);
    attribute->metadata = &METADATA[first];
    attribute->metadata_count = view_chance(city, 50) ? 1 : 0;
    if (str_eq(attribute->name, STR("refPerson"))) {
        attribute->type = STR("Relationship");
        attribute->value = STR("\"urn:ngsi-ld:Person:u\"");
        attribute->metadata_count = 0;
    }
}

/* --- the vault -------------------------------------------------------------------------------- */

static void entity_stored_id(ViewCity *city, VaultCall *call, const ViewEntity *entity,
                             uint8_t ret_id[SEALED_ID_BYTES])
{
    const uint8_t *subject = city->citizens[entity->citizen].citizen.subject;
    if (entity->type == PERSON) {
        assert_ok(sealed_entity_id_of_subject(call, subject, ret_id));
    } else {
        assert_ok(sealed_entity_id_of_text(call, entity->writer,
                                           str_from(VIEW_TYPE_TABLE[entity->type].name),
                                           entity->written_id, 0, ret_id));
    }
}

static void vault_put(ViewCity *city, const ViewEntity *entity)
{
    VaultCall call = test_call(&city->vault);
    CLEANUP(subject_done) Subject subject = {0};
    assert_ok(subject_load(&call, city->citizens[entity->citizen].citizen.subject, &subject));
    uint8_t id[SEALED_ID_BYTES];
    char key[PSEUDONYM_TEXT_16_BYTES];
    SealedEdit *edit;
    DocBody body;
    StoreDoc old;
    SealedHead head = {.id = entity->written_id,
                       .writer = entity->writer,
                       .type = str_from(VIEW_TYPE_TABLE[entity->type].name),
                       .created_us = now_us(city)};
    entity_stored_id(city, &call, entity, id);
    pseudonym_text_16(id, key);
    assert_ok(sealed_edit_new(&call, subject.key, id, &head, &edit));
    for (size_t i = 0; i <= VIEW_NAMES_MAX; i++) {
        if (entity->attributes[i].name.n > 0) {
            assert_ok(sealed_edit_put(edit, &entity->attributes[i], PADDING_256));
        }
    }
    assert_ok(sealed_edit_finish(edit, &body));
    assert_ok(store_get(call.snapshot, call.arena, STORE_ENTITIES, str_from(key), &old));
    StoreBatch *batch = store_batch_in(call.arena);
    if (old.version == 0) {
        store_batch_insert(batch, STORE_ENTITIES, str_from(key), body);
    } else {
        store_batch_replace(batch, STORE_ENTITIES, str_from(key), old.version, body);
    }
    assert_ok(store_commit(city->vault.store, batch, call.deadline, NULL));
    vault_call_close(&call);
}

/* kenko's own ids are what it wrote; others' are keyed by its link epoch. */
static void entity_name(ViewCity *city, ViewEntity *entity)
{
    const ViewCitizen *citizen = &city->citizens[entity->citizen];
    Str type = str_from(VIEW_TYPE_TABLE[entity->type].name);
    Str name = str_from(citizen->user_id);
    char keyed[SERVICE_ID_TEXT_BYTES];
    if (entity->type != PERSON && str_eq(entity->writer, STR(VIEW_CLIENT))) {
        entity->seen_id = entity->written_id;
        return;
    }
    if (entity->type != PERSON) {
        VaultCall call = test_call(&city->vault);
        uint8_t id[SEALED_ID_BYTES];
        entity_stored_id(city, &call, entity, id);
        assert_ok(service_id_seal(city->vault.ring, call.tenant, STR(VIEW_CLIENT), 1, id, keyed));
        vault_call_close(&call);
        name = str_from(keyed);
    }
    const Str parts[] = {STR("urn:ngsi-ld:"), type, STR(":"), name};
    assert_ok(str_join_in(city->vault.arena, parts, 4, &entity->seen_id));
}

static ViewEntity *add_entity(ViewCity *city, size_t citizen, size_t type)
{
    assert_true(city->entity_count < VIEW_ENTITIES_MAX);
    ViewEntity *entity = &city->entities[city->entity_count];
    *entity = (ViewEntity){.citizen = citizen, .type = type, .writer = STR("neppi-pay")};
    if (type != PERSON) {
        char id[40];
        bool is_own = type == 0 && view_chance(city, 60);
        entity->writer = is_own ? STR(VIEW_CLIENT) : entity->writer;
        (void)snprintf(id, sizeof id, "%s-%zu", type == 0 ? "walk" : "acc", city->entity_count);
        assert_ok(str_copy_in(city->vault.arena, str_from(id), &entity->written_id));
    }
    for (size_t i = 0; i <= VIEW_TYPE_TABLE[type].attribute_count; i++) {
        bool is_reference = i == 0 && type != PERSON;
        if (is_reference || view_chance(city, 70)) {
            fill_attribute(city, entity, i);
        }
    }
    entity_name(city, entity);
    city->entity_count++;
    return entity;
}

static void give(ViewCity *city, ViewCitizen *citizen, size_t type, const char *service,
                 unsigned bits, const char *operations)
{
    char names[256] = "";
    for (size_t i = 0; i < VIEW_TYPE_TABLE[type].attribute_count; i++) {
        if (bits & 1U << i) {
            size_t n = strlen(names);
            (void)snprintf(names + n, sizeof names - n, "%s%s", n == 0 ? "" : ",",
                           attribute_name(type, i));
        }
    }
    if (bits != 0) {
        tick(city);
        (void)test_give(&city->vault, citizen->citizen, service,
                        strcmp(service, VIEW_CLIENT) == 0 ? HEALTH : EXCHANGE,
                        VIEW_TYPE_TABLE[type].name, names, operations);
    }
}

static void give_some(ViewCity *city, ViewCitizen *citizen, size_t type)
{
    unsigned all = (1U << VIEW_TYPE_TABLE[type].attribute_count) - 1;
    unsigned reads = view_chance(city, 25) ? all : (unsigned)view_pick(city, all + 1);
    unsigned writes = 0;
    if (VIEW_TYPE_TABLE[type].is_writable && view_chance(city, 70)) {
        writes = view_chance(city, 60) ? reads : (unsigned)view_pick(city, all + 1);
    }
    give(city, citizen, type, VIEW_CLIENT, reads, "read");
    give(city, citizen, type, VIEW_CLIENT, writes, "write");
    citizen->reads[type] = reads;
    citizen->writes[type] = writes;
    citizen->row_order[type] = (reads | writes) != 0 ? ++city->rows_given : 0;
}

static size_t add_citizen(ViewCity *city, bool is_linked)
{
    ViewCitizen *citizen = &city->citizens[city->citizen_count];
    char links[96];
    *citizen = (ViewCitizen){.is_linked = is_linked};
    (void)snprintf(citizen->user_id, sizeof citizen->user_id, "u%zu-%u", city->citizen_count,
                   (unsigned)view_pick(city, 1000));
    (void)snprintf(links, sizeof links, "neppi-pay=np-%zu%s%s", city->citizen_count,
                   is_linked ? " kenko=" : "", is_linked ? citizen->user_id : "");
    citizen->citizen = test_citizen(&city->vault, links);
    return city->citizen_count++;
}

static void fill_citizen(ViewCity *city, size_t at)
{
    for (size_t type = 0; type < VIEW_TYPES; type++) {
        size_t count = type == PERSON ? (view_chance(city, 90) ? 1 : 0) : view_pick(city, 3);
        for (size_t i = 0; i < count; i++) {
            vault_put(city, add_entity(city, at, type));
        }
    }
}

static void fill_vault(ViewCity *city)
{
    size_t citizens = 1 + view_pick(city, 5);
    for (size_t i = 0; i < citizens; i++) {
        fill_citizen(city, add_citizen(city, view_chance(city, 85)));
    }
    for (size_t type = 0; type < VIEW_TYPES; type++) {
        for (size_t i = 0; i < citizens; i++) {
            ViewCitizen *citizen = &city->citizens[view_chance(city, 50) ? i : citizens - 1 - i];
            if (citizen->row_order[type] == 0 && view_chance(city, 80)) {
                give_some(city, citizen, type);
            }
        }
    }
}

/* --- what kenko can't see -----------------------------------------------------------------------
 */

static void change_hidden_values(ViewCity *city, ViewEntity *entity)
{
    for (size_t i = 0; i <= VIEW_TYPE_TABLE[entity->type].attribute_count; i++) {
        bool is_reference = i == 0 && entity->type != PERSON;
        if (view_is_granted(city, entity, i) || is_reference) {
            continue;
        }
        if (entity->attributes[i].name.n > 0 && view_chance(city, 30)) {
            entity->attributes[i] = (Attribute){.name = STR_EMPTY};
        } else if (view_chance(city, 70)) {
            fill_attribute(city, entity, i);
        }
    }
    vault_put(city, entity);
}

void view_city_change_hidden(ViewCity *city)
{
    size_t entities = city->entity_count;
    for (size_t i = 0; i < entities; i++) {
        change_hidden_values(city, &city->entities[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        size_t at = add_citizen(city, view_chance(city, 50));
        fill_citizen(city, at);
        give(city, &city->citizens[at], PERSON, "neppi-pay", 3, "read");
    }
}

/* --- both
 * ----------------------------------------------------------------------------------------- */

static void open_musubi(ViewCity *city)
{
    const Classifier classifier = {.types = city->vault.types};
    AccessToken wanted = {.kind = TOKEN_SERVICE,
                          .client = STR(VIEW_CLIENT),
                          .purpose = STR(HEALTH),
                          .scope = STR("purpose:" HEALTH)};
    Str token;
    assert_ok(embedded_half_new(city->vault.store, &city->open_half));
    assert_ok(vault_half_new(&city->vault.gate, &city->personal_half));
    assert_ok(union_new(city->open_half, city->personal_half, &classifier, &city->both));
    city->musubi = (Api){.core = &city->vault.core,
                         .gate = &city->vault.gate,
                         .broker = city->both,
                         .version = STR("test")};
    VaultCall call = test_call(&city->vault);
    assert_ok(access_token_issue(&call, &wanted, &token));
    vault_call_close(&call);
    const Str parts[] = {STR("Bearer "), token};
    assert_ok(str_join_in(city->vault.arena, parts, 2, &city->bearer));
}

void view_city_open(ViewCity *city, uint64_t seed)
{
    *city = (ViewCity){.random = seed};
    test_vault_init(&city->vault, seed);
    fill_vault(city);
    open_musubi(city);
    view_plain_open(city);
    tick(city);
}

void view_city_close(ViewCity *city)
{
    (void)union_free(city->both);
    (void)vault_half_free(city->personal_half);
    (void)embedded_half_free(city->open_half);
    view_plain_close(city);
    test_vault_done(&city->vault);
}
