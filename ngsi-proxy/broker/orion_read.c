#include "orion_read.h"

#include <stdlib.h>

#include "json_write.h"
#include "moment.h"

#define JSON_BYTES_MAX ((size_t)32 << 20)
#define JSON_NODES_MAX ((uint32_t)8 << 20)

static Error no_answer(const char *what)
{
    return FAIL(UPSTREAM_ANSWER, what);
}

Error orion_read_json(Arena *arena, Str text, JsonValue *ret_root)
{
    const JsonLimits limits = {
        .bytes_max = JSON_BYTES_MAX, .depth_max = JSON_DEPTH_MAX, .nodes_max = JSON_NODES_MAX};
    Error error = json_parse(arena, text, limits, ret_root);
    bool is_bad = error.reason == REASON_JSON_SYNTAX || error.reason == REASON_JSON_LIMIT;
    return FAILED(error) && is_bad ? no_answer("its JSON") : error;
}

static Error read_text(Arena *arena, JsonValue object, Str name, Str fallback, Str *ret_text)
{
    JsonValue member;
    if (!json_member(object, name, &member)) {
        *ret_text = fallback;
        return OK;
    }
    if (!json_is(member, JSON_STRING)) {
        return no_answer("a member that is no text");
    }
    return json_string_in(arena, member, ret_text);
}

/* In the form in which values are kept; null when it is not there. */
static Error read_value(Arena *arena, JsonValue object, Str *ret_value)
{
    JsonValue member;
    if (!json_member(object, STR("value"), &member)) {
        *ret_value = STR("null");
        return OK;
    }
    return json_canonical_in(arena, member, ret_value);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* Where a builtin date belongs; NULL for all that a client wrote. */
static int64_t *date_of(Str name, int64_t *created_us, int64_t *modified_us)
{
    if (str_eq(name, STR("dateCreated"))) {
        return created_us;
    }
    return str_eq(name, STR("dateModified")) ? modified_us : NULL;
}

static Error read_metadata(Arena *arena, JsonValue json, Attribute *attribute)
{
    Metadata *metadata = ARENA_MANY(arena, Metadata, json_count(json));
    ENSURE_ALLOC(metadata, arena);
    JsonIter iter = json_iter(json);
    JsonValue item;
    Str name;
    while (json_next(&iter, &name, &item)) {
        Metadata *next = &metadata[attribute->metadata_count];
        if (!json_is(item, JSON_OBJECT)) {
            return no_answer("a metadata that is no object");
        }
        next->name = name;
        TRY(read_text(arena, item, STR("type"), STR("Text"), &next->type));
        TRY(read_value(arena, item, &next->value));
        int64_t *date = date_of(name, &attribute->created_us, &attribute->modified_us);
        if (date == NULL) {
            attribute->metadata_count++;
        } else if (!moment_from_json(next->value, date)) {
            return no_answer("a date");
        }
    }
    attribute->metadata = metadata;
    return OK;
}

static Error read_attribute(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
{
    Attribute attribute = {.name = name, .dataset_id = STR_EMPTY, .writer = STR_EMPTY};
    if (!json_is(json, JSON_OBJECT)) {
        return no_answer("an attribute that is no object");
    }
    TRY(read_text(arena, json, STR("type"), STR("Text"), &attribute.type));
    TRY(read_value(arena, json, &attribute.value));
    JsonValue metadata;
    if (json_member(json, STR("metadata"), &metadata)) {
        TRY(read_metadata(arena, metadata, &attribute));
    }
    *ret_attribute = attribute;
    return OK;
}

/* --- entities --------------------------------------------------------------------------------- */

/* Builtin attributes leave the list again. */
static Error take_builtin(Arena *arena, const Attribute *attribute, Entity *entity, bool *ret_is)
{
    int64_t *date = date_of(attribute->name, &entity->created_us, &entity->modified_us);
    bool is_path = str_eq(attribute->name, STR("servicePath"));
    *ret_is = date != NULL || is_path;
    if (date != NULL && !moment_from_json(attribute->value, date)) {
        return no_answer("a date");
    }
    if (is_path) {
        JsonValue path;
        TRY(orion_read_json(arena, attribute->value, &path));
        if (!json_is(path, JSON_STRING)) {
            return no_answer("a service path");
        }
        TRY(json_string_in(arena, path, &entity->service_path));
    }
    return OK;
}

static Error read_attributes(Arena *arena, JsonValue json, Entity *entity)
{
    JsonIter iter = json_iter(json);
    JsonValue item;
    Str name;
    while (json_next(&iter, &name, &item)) {
        if (str_eq(name, STR("id")) || str_eq(name, STR("type"))) {
            continue;
        }
        Attribute *next = &entity->attributes[entity->attribute_count];
        bool is_builtin = false;
        TRY(read_attribute(arena, name, item, next));
        TRY(take_builtin(arena, next, entity, &is_builtin));
        entity->attribute_count += is_builtin ? 0 : 1;
    }
    return OK;
}

Error orion_read_entity(Arena *arena, JsonValue json, Entity *ret_entity)
{
    Entity entity = {.service_path = STR("/")};
    if (!json_is(json, JSON_OBJECT)) {
        return no_answer("an entity that is no object");
    }
    TRY(read_text(arena, json, STR("id"), STR_EMPTY, &entity.id));
    TRY(read_text(arena, json, STR("type"), STR_EMPTY, &entity.type));
    if (entity.id.n == 0 || entity.type.n == 0) {
        return no_answer("an entity without id or type");
    }
    entity.attributes = ARENA_MANY(arena, Attribute, json_count(json));
    ENSURE_ALLOC(entity.attributes, arena);
    TRY(read_attributes(arena, json, &entity));
    entity_attributes_sort(&entity);
    *ret_entity = entity;
    return OK;
}

Error orion_read_entities(Arena *arena, Str text, Entity **ret_entities, size_t *ret_count)
{
    JsonValue root;
    TRY(orion_read_json(arena, text, &root));
    if (!json_is(root, JSON_ARRAY)) {
        return no_answer("a list that is no array");
    }
    size_t count = json_count(root);
    Entity *entities = ARENA_MANY(arena, Entity, count);
    ENSURE_ALLOC(entities, arena);
    JsonIter iter = json_iter(root);
    JsonValue item;
    for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
        TRY(orion_read_entity(arena, item, &entities[i]));
    }
    *ret_entities = entities;
    *ret_count = count;
    return OK;
}

/* --- types ------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b)
{
    return str_compare(((const TypeAttribute *)a)->name, ((const TypeAttribute *)b)->name);
}

static Error read_names(Arena *arena, JsonValue json, StrList *ret_names)
{
    Str *items = ARENA_MANY(arena, Str, json_count(json));
    ENSURE_ALLOC(items, arena);
    JsonIter iter = json_iter(json);
    JsonValue item;
    StrList names = {.items = items};
    while (json_next(&iter, NULL, &item)) {
        if (!json_is(item, JSON_STRING)) {
            return no_answer("a type that is no text");
        }
        TRY(json_string_in(arena, item, &items[names.count++]));
    }
    if (names.count > 1) {
        qsort(items, names.count, sizeof *items, str_compare_void);
    }
    *ret_names = names;
    return OK;
}

static Error read_type_attributes(Arena *arena, JsonValue json, TypeInfo *info)
{
    TypeAttribute *attributes = ARENA_MANY(arena, TypeAttribute, json_count(json));
    ENSURE_ALLOC(attributes, arena);
    JsonIter iter = json_iter(json);
    JsonValue item;
    Str name;
    size_t count = 0;
    while (json_next(&iter, &name, &item)) {
        JsonValue types;
        attributes[count].name = name;
        if (json_member(item, STR("types"), &types)) {
            TRY(read_names(arena, types, &attributes[count].types));
        }
        count++;
    }
    if (count > 1) {
        qsort(attributes, count, sizeof *attributes, by_name);
    }
    info->attributes = attributes;
    info->attribute_count = count;
    return OK;
}

Error orion_read_type(Arena *arena, JsonValue json, TypeInfo *info)
{
    JsonValue member;
    if (!json_member(json, STR("count"), &member) || !json_integer(member, &info->count)) {
        return no_answer("a type without a count");
    }
    if (!json_member(json, STR("attrs"), &member) || !json_is(member, JSON_OBJECT)) {
        return no_answer("a type without attributes");
    }
    return read_type_attributes(arena, member, info);
}
