#include <stdlib.h>

#include "contract_store.h"
#include "embedded_half.h"
#include "migrate.h"
#include "public_entity.h"
#include "view_city.h"

/* --- the view in the plain broker ---------------------------------------------------------------
 */

bool view_is_granted(const ViewCity *city, const ViewEntity *entity, size_t at)
{
    const ViewCitizen *citizen = &city->citizens[entity->citizen];
    return citizen->is_linked && at < VIEW_TYPE_TABLE[entity->type].attribute_count &&
           (citizen->reads[entity->type] & 1U << at) != 0;
}

static bool is_shown(const ViewCity *city, const ViewEntity *entity, size_t at)
{
    return entity->attributes[at].name.n > 0 && view_is_granted(city, entity, at);
}

/* Each service reads the subject in its own words. */
static Str seen_value(ViewCity *city, const ViewEntity *entity, const Attribute *attribute)
{
    if (!str_eq(attribute->name, STR("refPerson"))) {
        return attribute->value;
    }
    const Str parts[] = {STR("\"urn:ngsi-ld:Person:"),
                         str_from(city->citizens[entity->citizen].user_id), STR("\"")};
    Str text;
    assert_ok(str_join_in(city->vault.arena, parts, 3, &text));
    return text;
}

static size_t seen_entity(ViewCity *city, const ViewEntity *entity, Entity *ret_seen)
{
    Attribute *attributes = ARENA_MANY(city->vault.arena, Attribute, VIEW_NAMES_MAX);
    assert_non_null(attributes);
    Entity seen = {.id = entity->seen_id,
                   .type = str_from(VIEW_TYPE_TABLE[entity->type].name),
                   .service_path = STR("/"),
                   .attributes = attributes};
    for (size_t i = 0; i <= VIEW_NAMES_MAX; i++) {
        if (is_shown(city, entity, i)) {
            Attribute *shown = &attributes[seen.attribute_count++];
            *shown = entity->attributes[i];
            shown->value = seen_value(city, entity, shown);
            shown->writer = STR_EMPTY;
        }
    }
    entity_attributes_sort(&seen);
    entity_times_from_attributes(&seen);
    *ret_seen = seen;
    return seen.attribute_count;
}

typedef struct Place {
    const ViewCity *city;
    size_t type;
    unsigned row_order;
    Str id;
    size_t at; /* in the list that is sorted */
} Place;

static int by_place(const void *a, const void *b)
{
    const Place *left = a;
    const Place *right = b;
    if (left->type != right->type) {
        return left->type < right->type ? -1 : 1;
    }
    if (left->row_order != right->row_order) {
        return left->row_order < right->row_order ? -1 : 1;
    }
    return str_compare(left->id, right->id);
}

static void plain_put(ViewCity *city, const Entity *entity, int64_t order, const StoreDoc *old)
{
    Str key;
    DocBody body;
    Arena *arena = city->vault.arena;
    assert_ok(public_entity_key_in(arena, VIEW_TENANT, STR("/"), entity->id, entity->type, &key));
    assert_ok(public_entity_write(arena, VIEW_TENANT, entity, order, &body));
    StoreBatch *batch = store_batch_in(arena);
    if (old == NULL) {
        store_batch_insert(batch, STORE_PUBLIC_ENTITIES, key, body);
    } else {
        store_batch_replace(batch, STORE_PUBLIC_ENTITIES, old->key, old->version, body);
    }
    assert_ok(store_commit(city->plain_store, batch, contract_deadline(), NULL));
}

static void fill_plain(ViewCity *city)
{
    Place places[VIEW_ENTITIES_MAX];
    for (size_t i = 0; i < city->entity_count; i++) {
        const ViewEntity *entity = &city->entities[i];
        places[i] = (Place){.type = entity->type,
                            .row_order = city->citizens[entity->citizen].row_order[entity->type],
                            .id = entity->seen_id,
                            .at = i};
    }
    qsort(places, city->entity_count, sizeof *places, by_place);
    for (size_t i = 0; i < city->entity_count; i++) {
        Entity seen;
        if (seen_entity(city, &city->entities[places[i].at], &seen) > 0) {
            plain_put(city, &seen, (int64_t)i + 1, NULL);
        }
    }
}

static void plain_remove(ViewCity *city, const StoreDoc *doc)
{
    StoreBatch *batch = store_batch_in(city->vault.arena);
    store_batch_delete(batch, STORE_PUBLIC_ENTITIES, doc->key, doc->version);
    assert_ok(store_commit(city->plain_store, batch, contract_deadline(), NULL));
}

static Place place_of(const ViewCity *city, const Entity *entity, size_t at)
{
    size_t type = view_type_index(entity->type);
    size_t owner = view_owner(city, type, entity->id);
    assert_true(owner < VIEW_CITIZENS_MAX);
    return (Place){.type = type,
                   .row_order = city->citizens[owner].row_order[type],
                   .id = entity->id,
                   .at = at};
}

void view_plain_settle(ViewCity *city)
{
    StoreSnapshot *snapshot;
    StoreDoc *docs;
    size_t count;
    Arena *arena = city->vault.arena;
    const StoreFind find = {.collection = STORE_PUBLIC_ENTITIES, .limit = STORE_FIND_LIMIT_MAX};
    assert_ok(store_snapshot_open(city->plain_store, contract_deadline(), &snapshot));
    assert_ok(store_find(snapshot, arena, &find, &docs, &count));
    (void)store_snapshot_close(snapshot);
    Entity *entities = ARENA_MANY(arena, Entity, count);
    Place *places = ARENA_MANY(arena, Place, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        assert_ok(public_entity_read(arena, docs[i].body, &entities[i], NULL));
        if (entities[i].attribute_count == 0) {
            plain_remove(city, &docs[i]);
        } else {
            places[kept++] = place_of(city, &entities[i], i);
        }
    }
    if (kept > 1) {
        qsort(places, kept, sizeof *places, by_place);
    }
    for (size_t i = 0; i < kept; i++) {
        plain_put(city, &entities[places[i].at], (int64_t)i + 1, &docs[places[i].at]);
    }
}

void view_plain_open(ViewCity *city)
{
    city->plain_store = contract_open("sqlite", "plain");
    assert_ok(store_migrate(city->plain_store, contract_deadline()));
    city->plain_core = (VaultCore){
        .ports = &city->vault.fake.ports, .store = city->plain_store, .types = city->vault.types};
    assert_ok(embedded_half_new(city->plain_store, &city->plain_half));
    city->plain = (Api){.core = &city->plain_core,
                        .broker = city->plain_half,
                        .is_open_mode = true,
                        .is_anonymous_read = true,
                        .version = STR("test")};
    fill_plain(city);
}

void view_plain_close(ViewCity *city)
{
    (void)embedded_half_free(city->plain_half);
    (void)store_close(city->plain_store);
}
