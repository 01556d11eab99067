#include "v2_update_body.h"

#include "ascii_case.h"
#include "v2_entity.h"

typedef struct Action {
    Str name;
    Str old_name; /* in any case: what applications of the first API send */
    EntityWriteKind kind;
} Action;

static const Action ACTIONS[] = {
    {STR_INIT("append"), STR_INIT("append"), ENTITY_UPSERT},
    {STR_INIT("appendStrict"), STR_INIT("append_strict"), ENTITY_UPSERT_STRICT},
    {STR_INIT("update"), STR_INIT("update"), ENTITY_UPDATE},
    {STR_INIT("delete"), STR_INIT("delete"), ENTITY_DELETE_ATTRIBUTES},
    {STR_INIT("replace"), STR_INIT("replace"), ENTITY_REPLACE},
};

static const Action *find_action(Str name)
{
    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++) {
        if (str_eq(ACTIONS[i].name, name) || ascii_eq_any_case(ACTIONS[i].old_name, name)) {
            return &ACTIONS[i];
        }
    }
    return NULL;
}

/* A body while it is read, member by member in the order sent, as Orion does. */
typedef struct Reader {
    Arena *arena;
    const V2UpdateOptions *options;
    bool is_key_values;
    bool is_notification;
    const Action *action;
    EntityWrite *writes;
    size_t count;
} Reader;

/* Orion takes the first of two faults in its own order: nothing at all, then what must be there. */
static Error parse_body(Arena *arena, Str body, const Str required[2], JsonValue *ret_root)
{
    JsonValue root;
    JsonValue ignored;
    TRY(json_parse(arena, body, JSON_LIMITS_REQUEST, &root));
    ENSURE(json_is(root, JSON_OBJECT), JSON_SYNTAX, "not an object");
    ENSURE(json_count(root) > 0, EMPTY_PAYLOAD, NULL);
    for (size_t i = 0; i < 2; i++) {
        ENSURE(json_member(root, required[i], &ignored), BODY_FIELD_MISSING, required[i].p);
    }
    *ret_root = root;
    return OK;
}

static bool names_attributes(JsonValue item)
{
    JsonValue ignored;
    return json_count(item) > (json_member(item, STR("type"), &ignored) ? 2U : 1U);
}

static Error read_item(Reader *reader, JsonValue item)
{
    ENSURE(!reader->is_notification || json_is(item, JSON_OBJECT), NOTIFY_ITEM, NULL);
    EntityWrite *write = &reader->writes[reader->count];
    *write = (EntityWrite){.service_path = reader->options->service_path,
                           .overrides_metadata = reader->options->overrides_metadata};
    TRY(v2_batch_entity_parse(reader->arena, item, reader->is_key_values, &write->entity));
    /* Settled by the action later, which may stand behind; what deletes is told by the item. */
    write->kind = names_attributes(item) ? ENTITY_DELETE_ATTRIBUTES : ENTITY_DELETE;
    reader->count++;
    return OK;
}

static Error read_items(Reader *reader, JsonValue list)
{
    uint32_t count = json_count(list);
    ENSURE(count <= ENTITY_BATCH_MAX, BATCH_LARGE, NULL);
    reader->writes = ARENA_MANY(reader->arena, EntityWrite, count);
    ENSURE_ALLOC(reader->writes, reader->arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        TRY(read_item(reader, item));
    }
    return OK;
}

static Error read_update_member(Reader *reader, Str name, JsonValue value)
{
    if (str_eq(name, STR("entities"))) {
        ENSURE(json_is(value, JSON_ARRAY), BATCH_ENTITIES, NULL);
        return read_items(reader, value);
    }
    ENSURE(str_eq(name, STR("actionType")), BODY_FIELD_UNKNOWN, str_argument(reader->arena, name));
    Str action = STR_EMPTY;
    if (json_is(value, JSON_STRING)) {
        TRY(json_string_in(reader->arena, value, &action));
    }
    reader->action = find_action(action);
    ENSURE(reader->action != NULL, BATCH_ACTION, NULL);
    return OK;
}

static Error read_notify_member(Reader *reader, Str name, JsonValue value)
{
    if (str_eq(name, STR("data"))) {
        ENSURE(json_is(value, JSON_ARRAY), NOTIFY_DATA, NULL);
        return read_items(reader, value);
    }
    ENSURE(str_eq(name, STR("subscriptionId")), BODY_FIELD_UNKNOWN,
           str_argument(reader->arena, name));
    ENSURE(json_is(value, JSON_STRING), NOTIFY_SUBSCRIPTION, NULL);
    return OK;
}

typedef Error (*ReadMember)(Reader *reader, Str name, JsonValue value);

static Error read_members(Reader *reader, JsonValue root, ReadMember read)
{
    JsonIter iter = json_iter(root);
    Str name;
    JsonValue value;
    while (json_next(&iter, &name, &value)) {
        TRY(read(reader, name, value));
    }
    return OK;
}

/* A delete was told apart by what the item names; every other action is one kind for all. */
static EntityBatch finish(Reader *reader, EntityWriteKind kind)
{
    for (size_t i = 0; i < reader->count && kind != ENTITY_DELETE_ATTRIBUTES; i++) {
        reader->writes[i].kind = kind;
    }
    return (EntityBatch){.writes = reader->writes, .count = reader->count, .is_batch_call = true};
}

Error v2_update_body_parse(Arena *arena, Str body, const V2UpdateOptions *options,
                           EntityBatch *ret_batch)
{
    const Str required[] = {STR("entities"), STR("actionType")};
    Reader reader = {.arena = arena, .options = options, .is_key_values = options->is_key_values};
    JsonValue root;
    TRY(parse_body(arena, body, required, &root));
    TRY(read_members(&reader, root, read_update_member));
    ENSURE(reader.count > 0, BATCH_EMPTY, NULL);
    *ret_batch = finish(&reader, reader.action->kind);
    return OK;
}

Error v2_notify_body_parse(Arena *arena, Str body, const V2UpdateOptions *options,
                           EntityBatch *ret_batch)
{
    const Str required[] = {STR("subscriptionId"), STR("data")};
    Reader reader = {.arena = arena, .options = options, .is_notification = true};
    JsonValue root;
    TRY(parse_body(arena, body, required, &root));
    TRY(read_members(&reader, root, read_notify_member));
    *ret_batch = finish(&reader, ENTITY_UPSERT);
    return OK;
}
