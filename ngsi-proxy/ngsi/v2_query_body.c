#include "v2_query_body.h"

#include "json.h"
#include "pattern.h"
#include "v2_entity.h"
#include "v2_filter.h"
#include "v2_geo.h"
#include "v2_order.h"
#include "v2_syntax.h"

typedef struct QueryReader {
    Arena *arena;
    V2Params params;
} QueryReader;

/* A list of one text, in the arena. */
static Error one_text(Arena *arena, Str text, StrList *ret_list)
{
    Str *item = ARENA_ONE(arena, Str);
    ENSURE_ALLOC(item, arena);
    *item = text;
    *ret_list = (StrList){.items = item, .count = 1};
    return OK;
}

static Error read_name(Arena *arena, const char *what, JsonValue json, StrList *ret_list)
{
    ENSURE(json_is(json, JSON_STRING), V2_ENTITY_MEMBER_KIND, what);
    Str text;
    TRY(json_string_in(arena, json, &text));
    TRY(v2_name_check(arena, what, text));
    return one_text(arena, text, ret_list);
}

/* what: "idPattern" or "typePattern". */
static Error read_pattern(Arena *arena, const char *what, const char *entity_what, JsonValue json,
                          Pattern **ret_pattern)
{
    ENSURE(json_is(json, JSON_STRING), V2_ENTITY_MEMBER_KIND, entity_what);
    Str text;
    TRY(json_string_in(arena, json, &text));
    if (v2_is_any_pattern(text)) {
        return OK;
    }
    Error error = pattern_compile_in(arena, what, text, ret_pattern);
    bool is_refused = FAILED(error) && error.reason == REASON_PATTERN_INVALID;
    return is_refused ? FAIL(QUERY_PATTERN, what) : error;
}

static Error read_member(Arena *arena, Str name, JsonValue json, EntitySelector *selector)
{
    if (str_eq(name, STR("id"))) {
        return read_name(arena, "entity id", json, &selector->ids);
    }
    if (str_eq(name, STR("type"))) {
        return read_name(arena, "entity type", json, &selector->types);
    }
    if (str_eq(name, STR("idPattern"))) {
        return read_pattern(arena, "idPattern", "entity idPattern", json, &selector->id_pattern);
    }
    if (str_eq(name, STR("typePattern"))) {
        return read_pattern(arena, "typePattern", "entity typePattern", json,
                            &selector->type_pattern);
    }
    return FAIL(QUERY_ATTRIBUTES, NULL);
}

static bool has_member(JsonValue object, Str name)
{
    JsonValue member;
    return json_member(object, name, &member);
}

static Error read_selector(Arena *arena, JsonValue json, EntitySelector *ret_selector)
{
    ENSURE(json_is(json, JSON_OBJECT), ENTITY_NOT_OBJECT, NULL);
    bool has_id = has_member(json, STR("id"));
    bool has_pattern = has_member(json, STR("idPattern"));
    ENSURE(!has_id || !has_pattern, ENTITY_ID_BOTH, NULL);
    ENSURE(has_id || has_pattern, ENTITY_ID_NEITHER, NULL);
    ENSURE(!has_member(json, STR("type")) || !has_member(json, STR("typePattern")), QUERY_TYPE_BOTH,
           NULL);
    EntitySelector selector = {.id_pattern = NULL};
    JsonIter iter = json_iter(json);
    JsonValue member;
    Str name;
    while (json_next(&iter, &name, &member)) {
        TRY(read_member(arena, name, member, &selector));
    }
    *ret_selector = selector;
    return OK;
}

static Error read_entities(QueryReader *reader, JsonValue json)
{
    ENSURE(json_is(json, JSON_ARRAY), BATCH_ENTITIES, NULL);
    size_t count = json_count(json);
    ENSURE(count <= V2_LIST_ITEMS_MAX, QUERY_ITEMS, "entities");
    EntitySelector *selectors = ARENA_MANY(reader->arena, EntitySelector, count);
    ENSURE_ALLOC(selectors, reader->arena);
    JsonIter iter = json_iter(json);
    JsonValue item;
    for (size_t i = 0; json_next(&iter, NULL, &item); i++) {
        TRY(read_selector(reader->arena, item, &selectors[i]));
    }
    reader->params.query.selectors = selectors;
    reader->params.query.selector_count = count;
    return OK;
}

/* name: "attrs" or "metadata". What is there twice counts once. */
static Error read_texts(QueryReader *reader, const char *name, JsonValue json, StrList *ret_list)
{
    ENSURE(json_is(json, JSON_ARRAY), QUERY_LIST, name);
    size_t count = json_count(json);
    ENSURE(count <= V2_LIST_ITEMS_MAX, QUERY_ITEMS, name);
    Str *items = ARENA_MANY(reader->arena, Str, count);
    ENSURE_ALLOC(items, reader->arena);
    StrList list = {.items = items, .count = 0};
    JsonIter iter = json_iter(json);
    JsonValue item;
    while (json_next(&iter, NULL, &item)) {
        ENSURE(json_is(item, JSON_STRING), QUERY_LIST_ITEM, name);
        Str text;
        TRY(json_string_in(reader->arena, item, &text));
        if (!str_list_has(list, text)) {
            items[list.count++] = text;
        }
    }
    *ret_list = list;
    return OK;
}

/* q or mq of the expression; "" when it is not there. */
static Error read_filter_text(Arena *arena, const char *name, JsonValue expression, Str *ret_text)
{
    JsonValue json;
    if (!json_member(expression, str_from(name), &json)) {
        *ret_text = STR_EMPTY;
        return OK;
    }
    ENSURE(json_is(json, JSON_STRING), QUERY_TEXT, name);
    Str text;
    TRY(json_string_in(arena, json, &text));
    ENSURE(text.n > 0, QUERY_TEXT_EMPTY, name);
    *ret_text = text;
    return OK;
}

static Error read_expression(QueryReader *reader, JsonValue json)
{
    ENSURE(json_is(json, JSON_OBJECT), QUERY_EXPRESSION, "not an object");
    ENSURE(json_count(json) > 0, QUERY_EXPRESSION, "empty");
    EntityQuery *query = &reader->params.query;
    Str q;
    Str mq;
    TRY(read_filter_text(reader->arena, "q", json, &q));
    TRY(read_filter_text(reader->arena, "mq", json, &mq));
    TRY(v2_filter_read(reader->arena, q, mq, &query->filter));
    return v2_geo_expression_in(reader->arena, json, &query->place);
}

static Error read_part(QueryReader *reader, Str name, JsonValue json)
{
    V2Show *show = &reader->params.show;
    if (str_eq(name, STR("entities"))) {
        return read_entities(reader, json);
    }
    if (str_eq(name, STR("attrs"))) {
        return read_texts(reader, "attrs", json, &show->attributes);
    }
    if (str_eq(name, STR("metadata"))) {
        return read_texts(reader, "metadata", json, &show->metadata);
    }
    if (str_eq(name, STR("expression"))) {
        return read_expression(reader, json);
    }
    return FAIL(BODY_FIELD_UNKNOWN, str_argument(reader->arena, name));
}

Error v2_query_body_parse(Arena *arena, Str body, V2Params *params)
{
    QueryReader reader = {.arena = arena, .params = *params};
    JsonValue root;
    TRY(v2_object_parse(arena, body, &root));
    ENSURE(json_count(root) > 0, EMPTY_PAYLOAD, NULL);
    ENSURE(has_member(root, STR("entities")) || has_member(root, STR("attrs")) ||
               has_member(root, STR("expression")),
           QUERY_NOTHING, NULL);
    JsonIter iter = json_iter(root);
    JsonValue json;
    Str name;
    while (json_next(&iter, &name, &json)) {
        TRY(read_part(&reader, name, json));
    }
    TRY(v2_order_check(&reader.params.query));
    reader.params.query.attributes = v2_needed_attributes(reader.params.show.attributes);
    *params = reader.params;
    return OK;
}
