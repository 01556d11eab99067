#include "v2_attribute.h"

#include "json_write.h"

#include "v2_datetime.h"
#include "v2_syntax.h"

/* An attribute while it is read: what was given decides the defaults and the checks. */
typedef struct Draft {
    Arena *arena;
    Attribute *attribute;
    JsonValue value;
    bool has_value;
    bool has_type;
    bool is_unrestricted; /* metadata TextUnrestricted: true */
} Draft;

static bool is_update_operator(Str name)
{
    static const Str operators[] = {
        STR_INIT("$inc"),  STR_INIT("$mul"),      STR_INIT("$min"),  STR_INIT("$max"),
        STR_INIT("$push"), STR_INIT("$addToSet"), STR_INIT("$pull"), STR_INIT("$pullAll"),
        STR_INIT("$set"),  STR_INIT("$unset"),
    };
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (str_eq(operators[i], name)) {
            return true;
        }
    }
    return false;
}

/* Orion would execute it; storing it as an object would answer 204 to something that did not
 * happen. */
static Error refuse_operators(JsonValue value)
{
    if (!json_is(value, JSON_OBJECT)) {
        return OK;
    }
    JsonIter iter = json_iter(value);
    Str name;
    JsonValue operand;
    while (json_next(&iter, &name, &operand)) {
        ENSURE(!is_update_operator(name), NOT_SERVED, "an update operator in an attribute value");
    }
    return OK;
}

static Error check_date(Str type, Str value, JsonKind kind, const char *what)
{
    int64_t at_us = 0;
    bool is_fine =
        !v2_datetime_is_type(type) || kind == JSON_NULL || v2_datetime_from_json(value, &at_us);
    ENSURE(is_fine, V2_DATE, what);
    return OK;
}

static Error check_value(const Draft *draft)
{
    const Attribute *attribute = draft->attribute;
    if (!draft->is_unrestricted && !str_eq(attribute->type, STR("TextUnrestricted"))) {
        TRY(v2_value_check(draft->arena, "attribute value", draft->value));
    }
    TRY(refuse_operators(draft->value));
    return check_date(attribute->type, attribute->value, json_kind(draft->value),
                      "attribute value");
}

static Error read_metadata_member(Arena *arena, Str name, JsonValue value, Metadata *metadata)
{
    if (str_eq(name, STR("type"))) {
        ENSURE(json_is(value, JSON_STRING), V2_TYPE_KIND, "attribute metadata type");
        TRY(json_string_in(arena, value, &metadata->type));
        return v2_name_check(arena, "metadata type", metadata->type);
    }
    ENSURE(str_eq(name, STR("value")), METADATA_MEMBER, NULL);
    TRY(json_canonical_in(arena, value, &metadata->value));
    return v2_value_check(arena, "metadata value", value);
}

static Error read_metadata(Arena *arena, Str name, JsonValue json, Metadata *metadata)
{
    ENSURE(json_is(json, JSON_OBJECT), METADATA_ITEM_NOT_OBJECT, NULL);
    TRY(v2_name_check(arena, "metadata name", name));
    *metadata = (Metadata){.name = name, .value = STR("null")};
    JsonKind kind = JSON_NULL;
    JsonIter iter = json_iter(json);
    Str member;
    JsonValue value;
    while (json_next(&iter, &member, &value)) {
        TRY(read_metadata_member(arena, member, value, metadata));
        kind = str_eq(member, STR("value")) ? json_kind(value) : kind;
    }
    if (metadata->type.n == 0) {
        metadata->type = v2_default_type(kind);
    }
    return check_date(metadata->type, metadata->value, kind, "metadata value");
}

static bool lifts_restriction(const Metadata *metadata)
{
    return str_eq(metadata->name, STR("TextUnrestricted")) && str_eq(metadata->value, STR("true"));
}

static Error read_metadata_list(Draft *draft, JsonValue json)
{
    ENSURE(json_is(json, JSON_OBJECT), METADATA_NOT_OBJECT, NULL);
    Metadata *list = ARENA_MANY(draft->arena, Metadata, json_count(json));
    ENSURE_ALLOC(list, draft->arena);
    JsonIter iter = json_iter(json);
    Str name;
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, &name, &item)) {
        TRY(read_metadata(draft->arena, name, item, &list[count]));
        draft->is_unrestricted |= lifts_restriction(&list[count]);
        count++;
    }
    draft->attribute->metadata = list;
    draft->attribute->metadata_count = count;
    return OK;
}

static Error read_member(Draft *draft, Str name, JsonValue value)
{
    if (str_eq(name, STR("value"))) {
        draft->value = value;
        draft->has_value = true;
        return OK;
    }
    if (str_eq(name, STR("type"))) {
        ENSURE(json_is(value, JSON_STRING), V2_TYPE_KIND, "attribute type");
        draft->has_type = true;
        return json_string_in(draft->arena, value, &draft->attribute->type);
    }
    ENSURE(str_eq(name, STR("metadata")), ATTRIBUTE_MEMBER, NULL);
    return read_metadata_list(draft, value);
}

static Error finish(Draft *draft)
{
    Attribute *attribute = draft->attribute;
    TRY(v2_name_check(draft->arena, "attribute name", attribute->name));
    attribute->value = STR("null");
    if (draft->has_value) {
        TRY(json_canonical_in(draft->arena, draft->value, &attribute->value));
    }
    if (!draft->has_type) {
        attribute->type = v2_default_type(draft->has_value ? json_kind(draft->value) : JSON_NULL);
    }
    TRY(v2_name_check(draft->arena, "attribute type", attribute->type));
    return draft->has_value ? check_value(draft) : OK;
}

Error v2_attribute_parse(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
{
    ENSURE(json_is(json, JSON_OBJECT), ATTRIBUTE_NOT_OBJECT, NULL);
    Attribute attribute = {.name = name, .dataset_id = STR_EMPTY, .writer = STR_EMPTY};
    Draft draft = {.arena = arena, .attribute = &attribute};
    JsonIter iter = json_iter(json);
    Str member;
    JsonValue value;
    while (json_next(&iter, &member, &value)) {
        TRY(read_member(&draft, member, value));
    }
    TRY(finish(&draft));
    *ret_attribute = attribute;
    return OK;
}

Error v2_attribute_parse_value(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
{
    Attribute attribute = {.name = name, .dataset_id = STR_EMPTY, .writer = STR_EMPTY};
    Draft draft = {.arena = arena, .attribute = &attribute, .value = json, .has_value = true};
    TRY(finish(&draft));
    *ret_attribute = attribute;
    return OK;
}
