#include "v2_entity.h"

#include "v2_attribute.h"
#include "v2_params.h"
#include "v2_repeated.h"
#include "v2_syntax.h"

/* A body while it is read. */
typedef struct Draft {
    Arena *arena;
    bool is_key_values;
    bool is_create; /* id and type stand in the body; else they stand in the path */
    Entity entity;
} Draft;

static Error explain_syntax(Arena *arena, Str body, Error syntax)
{
    bool is_found = false;
    Str name;
    TRY(v2_repeated_find(arena, body, &is_found, &name));
    return is_found ? FAIL(ATTRIBUTE_REPEATED, str_argument(arena, name)) : syntax;
}

Error v2_object_parse(Arena *arena, Str body, JsonValue *ret_root)
{
    JsonValue root;
    Error error = json_parse(arena, body, JSON_LIMITS_REQUEST, &root);
    if (FAILED(error)) {
        return error.reason == REASON_JSON_SYNTAX ? explain_syntax(arena, body, error) : error;
    }
    ENSURE(json_is(root, JSON_OBJECT), JSON_SYNTAX, "not an object");
    *ret_root = root;
    return OK;
}

static Error read_id(Draft *draft, JsonValue value)
{
    ENSURE(draft->is_create, PAYLOAD_HAS_ID, NULL);
    ENSURE(json_is(value, JSON_STRING), V2_ENTITY_MEMBER_KIND, "entity id");
    return json_string_in(draft->arena, value, &draft->entity.id);
}

static Error read_type(Draft *draft, JsonValue value)
{
    ENSURE(draft->is_create, PAYLOAD_HAS_TYPE, NULL);
    ENSURE(json_is(value, JSON_STRING), V2_ENTITY_MEMBER_KIND, "entity type");
    return json_string_in(draft->arena, value, &draft->entity.type);
}

/* What Musubi computes can't be given: it is passed over, so that an entity read with its dates can
 * be sent back. */
static bool is_computed(Str name)
{
    return v2_is_builtin(name) || str_eq(name, STR("alterationType"));
}

static Error read_attribute(Draft *draft, Str name, JsonValue value)
{
    if (is_computed(name)) {
        return OK;
    }
    Attribute *attribute = &draft->entity.attributes[draft->entity.attribute_count];
    TRY(draft->is_key_values ? v2_attribute_parse_value(draft->arena, name, value, attribute)
                             : v2_attribute_parse(draft->arena, name, value, attribute));
    draft->entity.attribute_count++;
    return OK;
}

/* Orion looks at id and type before it looks at any attribute. */
static Error read_identity(Draft *draft, JsonValue root)
{
    JsonValue value;
    if (json_member(root, STR("id"), &value)) {
        TRY(read_id(draft, value));
    }
    if (json_member(root, STR("type"), &value)) {
        TRY(read_type(draft, value));
    }
    if (draft->is_create) {
        TRY(v2_name_check(draft->arena, "entity id", draft->entity.id));
        TRY(v2_name_check(draft->arena, "entity type", draft->entity.type));
    }
    return OK;
}

static Error read_attributes(Draft *draft, JsonValue root)
{
    draft->entity.attributes = ARENA_MANY(draft->arena, Attribute, json_count(root));
    ENSURE_ALLOC(draft->entity.attributes, draft->arena);
    JsonIter iter = json_iter(root);
    Str name;
    JsonValue value;
    while (json_next(&iter, &name, &value)) {
        if (!str_eq(name, STR("id")) && !str_eq(name, STR("type"))) {
            TRY(read_attribute(draft, name, value));
        }
    }
    return OK;
}

Error v2_entity_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity)
{
    JsonValue root;
    TRY(v2_object_parse(arena, body, &root));
    Draft draft = {.arena = arena, .is_key_values = is_key_values, .is_create = true};
    draft.entity.type = STR("Thing");
    TRY(read_identity(&draft, root));
    TRY(read_attributes(&draft, root));
    entity_attributes_sort(&draft.entity);
    *ret_entity = draft.entity;
    return OK;
}

Error v2_attributes_parse(Arena *arena, Str body, bool is_key_values, Entity *ret_entity)
{
    JsonValue root;
    TRY(v2_object_parse(arena, body, &root));
    ENSURE(json_count(root) > 0, EMPTY_PAYLOAD, NULL);
    Draft draft = {.arena = arena, .is_key_values = is_key_values};
    TRY(read_identity(&draft, root));
    TRY(read_attributes(&draft, root));
    *ret_entity = draft.entity;
    return OK;
}

/* An item of a batch is read member by member as it stands, and its id is judged last. */
static Error read_item_member(Draft *draft, Str name, JsonValue value)
{
    if (str_eq(name, STR("id"))) {
        TRY(read_id(draft, value));
        ENSURE(v2_is_name_text(draft->entity.id), V2_CHARACTERS, "entity id");
        return OK;
    }
    if (str_eq(name, STR("type"))) {
        TRY(read_type(draft, value));
        return v2_name_check(draft->arena, "entity type", draft->entity.type);
    }
    return read_attribute(draft, name, value);
}

static Error read_item(Draft *draft, JsonValue json)
{
    JsonIter iter = json_iter(json);
    Str name;
    JsonValue value;
    while (json_next(&iter, &name, &value)) {
        TRY(read_item_member(draft, name, value));
    }
    return v2_name_check(draft->arena, "entity id", draft->entity.id);
}

Error v2_batch_entity_parse(Arena *arena, JsonValue json, bool is_key_values, Entity *ret_entity)
{
    ENSURE(json_is(json, JSON_OBJECT), ENTITY_NOT_OBJECT, NULL);
    JsonValue ignored;
    bool has_id = json_member(json, STR("id"), &ignored);
    bool has_pattern = json_member(json, STR("idPattern"), &ignored);
    ENSURE(!has_id || !has_pattern, ENTITY_ID_BOTH, NULL);
    ENSURE(has_id || has_pattern, ENTITY_ID_NEITHER, NULL);
    ENSURE(!has_pattern && !json_member(json, STR("typePattern"), &ignored), ENTITY_ID_PATTERN,
           NULL);
    Draft draft = {.arena = arena, .is_key_values = is_key_values, .is_create = true};
    draft.entity.type = STR_EMPTY;
    draft.entity.attributes = ARENA_MANY(arena, Attribute, json_count(json));
    ENSURE_ALLOC(draft.entity.attributes, arena);
    TRY(read_item(&draft, json));
    *ret_entity = draft.entity;
    return OK;
}

Error v2_location_in(Arena *arena, const Entity *entity, Str *ret_location)
{
    const Str parts[] = {STR("/v2/entities/"), entity->id, STR("?type="), entity->type};
    return str_join_in(arena, parts, sizeof parts / sizeof parts[0], ret_location);
}
