#include "v2_attribute.h"

#include "entity_update.h"
#include "geo.h"
#include "json_write.h"
#include "utf8.h"

#include "v2_datetime.h"
#include "v2_syntax.h"

/* An attribute while it is read: what was given decides the defaults and the checks. */
typedef struct Draft {
    Arena *arena;
    Attribute *attribute;
    JsonValue value;
    JsonValue metadata;
    bool has_value;
    bool has_type;
    bool has_metadata;
    bool is_unrestricted; /* metadata TextUnrestricted: true */
    bool is_no_place;     /* metadata ignoreType: true */
} Draft;

static Error check_date(Str type, Str value, const char *what)
{
    int64_t at_us = 0;
    bool is_fine = !v2_datetime_is_type(type) || str_eq(value, STR("null")) ||
                   v2_datetime_from_json(value, &at_us);
    ENSURE(is_fine, V2_DATE, what);
    return OK;
}

static Error read_metadata_member(Arena *arena, Str name, JsonValue value, Metadata *metadata,
                                  bool *has_type)
{
    if (str_eq(name, STR("type"))) {
        ENSURE(json_is(value, JSON_STRING), V2_TYPE_KIND, "attribute metadata type");
        *has_type = true;
        return json_string_in(arena, value, &metadata->type);
    }
    ENSURE(str_eq(name, STR("value")), METADATA_MEMBER, NULL);
    return json_canonical_in(arena, value, &metadata->value);
}

static Error read_metadata(Arena *arena, Str name, JsonValue json, Metadata *ret_metadata)
{
    ENSURE(json_is(json, JSON_OBJECT), METADATA_ITEM_NOT_OBJECT, NULL);
    Metadata metadata = {.name = name, .value = STR("null")};
    JsonKind kind = JSON_NULL;
    bool has_type = false;
    JsonIter iter = json_iter(json);
    Str member;
    JsonValue value;
    while (json_next(&iter, &member, &value)) {
        TRY(read_metadata_member(arena, member, value, &metadata, &has_type));
        kind = str_eq(member, STR("value")) ? json_kind(value) : kind;
    }
    if (!has_type) {
        metadata.type = v2_default_type(kind);
    }
    *ret_metadata = metadata;
    return check_date(metadata.type, metadata.value, "metadata value");
}

static bool is_true(const Metadata *metadata, Str name)
{
    return str_eq(metadata->name, name) && str_eq(metadata->value, STR("true"));
}

static Error read_metadata_list(Draft *draft, JsonValue json)
{
    ENSURE(json_is(json, JSON_OBJECT), METADATA_NOT_OBJECT, NULL);
    draft->metadata = json;
    draft->has_metadata = true;
    Metadata *list = ARENA_MANY(draft->arena, Metadata, json_count(json));
    ENSURE_ALLOC(list, draft->arena);
    JsonIter iter = json_iter(json);
    Str name;
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, &name, &item)) {
        TRY(read_metadata(draft->arena, name, item, &list[count]));
        draft->is_unrestricted |= is_true(&list[count], STR("TextUnrestricted"));
        draft->is_no_place |= is_true(&list[count], STR("ignoreType"));
        count += v2_is_builtin_metadata(name) ? 0U : 1U;
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

static Error read_object(Draft *draft, JsonValue json)
{
    JsonIter iter = json_iter(json);
    Str member;
    JsonValue value;
    while (json_next(&iter, &member, &value)) {
        TRY(read_member(draft, member, value));
    }
    return OK;
}

/* The expiry is a moment whatever its writer calls it. */
static void settle_type(Draft *draft)
{
    Attribute *attribute = draft->attribute;
    if (str_eq(attribute->name, STR("dateExpires"))) {
        attribute->type = STR("DateTime");
    } else if (!draft->has_type) {
        attribute->type = v2_default_type(draft->has_value ? json_kind(draft->value) : JSON_NULL);
    }
}

static Error check_metadata(const Draft *draft)
{
    JsonIter iter = json_iter(draft->metadata);
    Str name;
    JsonValue item;
    for (size_t i = 0; json_next(&iter, &name, &item);) {
        TRY(v2_name_check(draft->arena, "metadata name", name));
        JsonValue value;
        if (json_member(item, STR("value"), &value)) {
            TRY(v2_value_check(draft->arena, "metadata value", value));
        }
        if (!v2_is_builtin_metadata(name)) {
            TRY(v2_name_check(draft->arena, "metadata type", draft->attribute->metadata[i++].type));
        }
    }
    return OK;
}

static Error check_value(const Draft *draft)
{
    bool is_unrestricted =
        draft->is_unrestricted || str_eq(draft->attribute->type, STR("TextUnrestricted"));
    if (draft->has_value && !is_unrestricted) {
        TRY(v2_value_check(draft->arena, "attribute value", draft->value));
    }
    return OK;
}

/* What an operator makes of a place is judged when it is known. */
static Error check_place(const Draft *draft)
{
    const Attribute *attribute = draft->attribute;
    bool is_place = draft->has_value && !draft->is_no_place && geo_is_type(attribute->type);
    if (!is_place || entity_update_is_operator(draft->arena, attribute->value)) {
        return OK;
    }
    return geo_value_check(draft->arena, attribute->type, draft->value);
}

/* Orion's order: the date while it reads, then name and type, the value's characters, metadata;
 * a place when all is read. */
static Error finish(Draft *draft)
{
    Attribute *attribute = draft->attribute;
    attribute->value = STR("null");
    if (draft->has_value) {
        TRY(json_canonical_in(draft->arena, draft->value, &attribute->value));
    }
    settle_type(draft);
    TRY(check_date(attribute->type, attribute->value, "attribute value"));
    TRY(v2_name_check(draft->arena, "attribute name", attribute->name));
    TRY(v2_name_check(draft->arena, "attribute type", attribute->type));
    TRY(check_value(draft));
    if (draft->has_metadata) {
        TRY(check_metadata(draft));
    }
    return check_place(draft);
}

Error v2_attribute_parse(Arena *arena, Str name, JsonValue json, Attribute *ret_attribute)
{
    ENSURE(json_is(json, JSON_OBJECT), ATTRIBUTE_NOT_OBJECT, NULL);
    Attribute attribute = {.name = name, .dataset_id = STR_EMPTY, .writer = STR_EMPTY};
    Draft draft = {.arena = arena, .attribute = &attribute};
    TRY(read_object(&draft, json));
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

Error v2_attribute_body_parse(Arena *arena, Str name, Str body, Attribute *ret_attribute)
{
    JsonValue root;
    TRY(json_parse(arena, body, JSON_LIMITS_REQUEST, &root));
    ENSURE(json_is(root, JSON_OBJECT), JSON_SYNTAX, "not an object");
    return v2_attribute_parse(arena, name, root, ret_attribute);
}

/* The stored type is not known here: only the expiry's can be. */
static Error give_value(Str name, Str value, Attribute *ret_attribute)
{
    Attribute attribute = {
        .name = name, .value = value, .dataset_id = STR_EMPTY, .writer = STR_EMPTY};
    attribute.type = str_eq(name, STR("dateExpires")) ? STR("DateTime") : STR_EMPTY;
    TRY(check_date(attribute.type, value, "attribute value"));
    *ret_attribute = attribute;
    return OK;
}

Error v2_value_parse_json(Arena *arena, Str name, Str body, Attribute *ret_attribute)
{
    JsonValue root;
    Str value;
    TRY(json_parse(arena, body, JSON_LIMITS_REQUEST, &root));
    ENSURE(json_is(root, JSON_OBJECT) || json_is(root, JSON_ARRAY), VALUE_NOT_COMPOUND, NULL);
    TRY(v2_value_check(arena, "attribute value", root));
    TRY(json_canonical_in(arena, root, &value));
    return give_value(name, value, ret_attribute);
}

/* What stands between the outer quotes, as it is: Orion knows no escapes here. */
static Error quoted_text_in(Arena *arena, Str body, Str *ret_value)
{
    ENSURE(body.n >= 2 && body.p[body.n - 1] == '"', VALUE_QUOTE_MISSING, NULL);
    Str text = str_slice(body, 1, body.n - 2);
    ENSURE(utf8_is_valid(text) && str_find(text, '\0') == text.n, VALUE_NOT_RECOGNIZED, NULL);
    ENSURE(!v2_has_forbidden(text), V2_CHARACTERS, "attribute value");
    Buf buf = buf_in(arena);
    json_write_quoted(&buf, text);
    return buf_finish(&buf, ret_value);
}

static bool find_word(Str body, Str *ret_value)
{
    static const struct {
        Str spellings[3];
        Str value;
    } words[] = {
        {{STR_INIT("true"), STR_INIT("True"), STR_INIT("TRUE")}, STR_INIT("true")},
        {{STR_INIT("false"), STR_INIT("False"), STR_INIT("FALSE")}, STR_INIT("false")},
        {{STR_INIT("null"), STR_INIT("Null"), STR_INIT("NULL")}, STR_INIT("null")},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_list_has((StrList){words[i].spellings, 3}, body)) {
            *ret_value = words[i].value;
            return true;
        }
    }
    return false;
}

Error v2_value_parse_text(Arena *arena, Str name, Str body, Attribute *ret_attribute)
{
    Str value = body;
    if (body.n > 0 && body.p[0] == '"') {
        TRY(quoted_text_in(arena, body, &value));
    } else {
        ENSURE(find_word(body, &value) || json_is_number_text(body), VALUE_NOT_RECOGNIZED, NULL);
    }
    return give_value(name, value, ret_attribute);
}
