#include "v2_render.h"

#include <stdlib.h>

#include "timestamp.h"
#include "v2_datetime.h"
#include "v2_syntax.h"

#define ENTITY_BYTES_USUAL 700

#define QUOTED_MOMENT_BYTES (TIMESTAMP_TEXT_BYTES + 2)

enum { COMPUTED_CREATED, COMPUTED_MODIFIED, COMPUTED_PATH, COMPUTED_COUNT };

/* An answer while it is written: entity after entity with the same room. */
typedef struct Painter {
    Arena *arena;
    const V2Show *show;
    Buf buf;
    JsonWriter writer;
    const Attribute **shown; /* of the entity at hand, in the order of the answer */
    size_t count;
    size_t capacity;
    Attribute computed[COMPUTED_COUNT];
    char moments[COMPUTED_PATH][QUOTED_MOMENT_BYTES];
} Painter;

static void begin(Painter *painter, Arena *arena, const V2Show *show)
{
    *painter = (Painter){.arena = arena, .show = show, .buf = buf_in(arena)};
    painter->writer = json_writer(&painter->buf);
}

/* Values go out as the text that was stored; only moments are shown in Orion's one form. */
static void write_value(JsonWriter *writer, Str type, Str value)
{
    int64_t at_us = 0;
    if (v2_datetime_is_type(type) && v2_datetime_from_json(value, &at_us)) {
        char text[TIMESTAMP_TEXT_BYTES];
        timestamp_text(at_us, text);
        json_write_string(writer, str_from(text));
        return;
    }
    json_write_raw(writer, value);
}

static int compare_metadata(const void *a, const void *b)
{
    const Metadata *left = a;
    const Metadata *right = b;
    return str_compare(left->name, right->name);
}

/* Orion shows metadata by name, too; kept is the order in which they came. */
static Error sorted_metadata_in(Arena *arena, const Attribute *attribute, const Metadata **ret_list)
{
    const Metadata *list = attribute->metadata;
    size_t count = attribute->metadata_count;
    size_t in_order = 1;
    while (in_order < count && compare_metadata(&list[in_order - 1], &list[in_order]) <= 0) {
        in_order++;
    }
    if (in_order < count) {
        Metadata *copy = ARENA_MANY(arena, Metadata, count);
        ENSURE_ALLOC(copy, arena);
        for (size_t i = 0; i < count; i++) {
            copy[i] = list[i];
        }
        qsort(copy, count, sizeof *copy, compare_metadata);
        list = copy;
    }
    *ret_list = list;
    return OK;
}

static void write_metadata_item(JsonWriter *writer, const Metadata *metadata)
{
    json_write_key(writer, metadata->name);
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("type"), metadata->type);
    json_write_key(writer, STR("value"));
    write_value(writer, metadata->type, metadata->value);
    json_write_end_object(writer);
}

/* What is computed itself has no times. */
static void write_metadata_moment(JsonWriter *writer, Str name, int64_t at_us)
{
    if (at_us != 0) {
        char text[TIMESTAMP_TEXT_BYTES];
        timestamp_text(at_us, text);
        json_write_key(writer, name);
        json_write_begin_object(writer);
        json_write_member_string(writer, STR("type"), STR("DateTime"));
        json_write_member_string(writer, STR("value"), str_from(text));
        json_write_end_object(writer);
    }
}

static void write_metadata_named(JsonWriter *writer, const Attribute *attribute, Str name)
{
    if (str_eq(name, STR("dateCreated"))) {
        write_metadata_moment(writer, name, attribute->created_us);
    } else if (str_eq(name, STR("dateModified"))) {
        write_metadata_moment(writer, name, attribute->modified_us);
    } else {
        for (size_t i = 0; i < attribute->metadata_count; i++) {
            if (str_eq(attribute->metadata[i].name, name)) {
                write_metadata_item(writer, &attribute->metadata[i]);
                return;
            }
        }
    }
}

static Error write_metadata_all(Painter *painter, const Attribute *attribute)
{
    const Metadata *list = NULL;
    TRY(sorted_metadata_in(painter->arena, attribute, &list));
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        write_metadata_item(&painter->writer, &list[i]);
    }
    static const Str computed[] = {STR_INIT("dateCreated"), STR_INIT("dateModified")};
    for (size_t i = 0; i < sizeof computed / sizeof computed[0]; i++) {
        if (str_list_has(painter->show->metadata, computed[i])) {
            write_metadata_named(&painter->writer, attribute, computed[i]);
        }
    }
    return OK;
}

static Error write_metadata(Painter *painter, const Attribute *attribute)
{
    StrList asked = painter->show->metadata;
    json_write_key(&painter->writer, STR("metadata"));
    json_write_begin_object(&painter->writer);
    if (asked.count == 0 || str_list_has(asked, STR("*"))) {
        TRY(write_metadata_all(painter, attribute));
    } else {
        for (size_t i = 0; i < asked.count; i++) {
            write_metadata_named(&painter->writer, attribute, asked.items[i]);
        }
    }
    json_write_end_object(&painter->writer);
    return OK;
}

static Error write_attribute(Painter *painter, const Attribute *attribute)
{
    JsonWriter *writer = &painter->writer;
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("type"), attribute->type);
    json_write_key(writer, STR("value"));
    write_value(writer, attribute->type, attribute->value);
    TRY(write_metadata(painter, attribute));
    json_write_end_object(writer);
    return OK;
}

static const Attribute *computed_moment(Painter *painter, size_t which, Str name, int64_t at_us)
{
    char *text = painter->moments[which];
    text[0] = '"';
    timestamp_text(at_us, text + 1);
    text[TIMESTAMP_TEXT_BYTES] = '"';
    painter->computed[which] = (Attribute){
        .name = name, .type = STR("DateTime"), .value = str_bytes(text, TIMESTAMP_TEXT_BYTES + 1)};
    return &painter->computed[which];
}

/* The path consists of letters, digits, '_' and '/': nothing in it needs an escape. */
static Error computed_path(Painter *painter, const Entity *entity, const Attribute **ret_attribute)
{
    const Str parts[] = {STR("\""), entity->service_path, STR("\"")};
    Str value;
    TRY(str_join_in(painter->arena, parts, 3, &value));
    painter->computed[COMPUTED_PATH] =
        (Attribute){.name = STR("servicePath"), .type = STR("Text"), .value = value};
    *ret_attribute = &painter->computed[COMPUTED_PATH];
    return OK;
}

/* NULL when Musubi computes nothing of that name. */
static Error compute(Painter *painter, const Entity *entity, Str name,
                     const Attribute **ret_attribute)
{
    *ret_attribute = NULL;
    if (str_eq(name, STR("dateCreated"))) {
        *ret_attribute = computed_moment(painter, COMPUTED_CREATED, name, entity->created_us);
    } else if (str_eq(name, STR("dateModified"))) {
        *ret_attribute = computed_moment(painter, COMPUTED_MODIFIED, name, entity->modified_us);
    } else if (str_eq(name, STR("servicePath"))) {
        return computed_path(painter, entity, ret_attribute);
    }
    return OK;
}

static void add(Painter *painter, const Attribute *attribute)
{
    if (attribute != NULL) {
        painter->shown[painter->count++] = attribute;
    }
}

static Error add_named(Painter *painter, const Entity *entity, Str name)
{
    const Attribute *attribute = NULL;
    TRY(compute(painter, entity, name, &attribute));
    add(painter, attribute != NULL ? attribute : entity_attribute_find(entity, name));
    return OK;
}

static bool is_shown_on_request(Str name)
{
    return v2_is_builtin(name) || str_eq(name, STR("dateExpires"));
}

/* In NGSIv2 an attribute has one instance: the default one. */
static void add_all(Painter *painter, const Entity *entity)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        bool is_asked = !is_shown_on_request(attribute->name) ||
                        (!v2_is_builtin(attribute->name) &&
                         str_list_has(painter->show->attributes, attribute->name));
        add(painter, attribute->dataset_id.n == 0 && is_asked ? attribute : NULL);
    }
}

/* With "*" Orion keeps the entity's own order; what it computes stands behind. */
static Error add_computed(Painter *painter, const Entity *entity)
{
    static const Str names[] = {STR_INIT("dateCreated"), STR_INIT("dateModified"),
                                STR_INIT("servicePath")};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_list_has(painter->show->attributes, names[i])) {
            TRY(add_named(painter, entity, names[i]));
        }
    }
    return OK;
}

static Error reserve(Painter *painter, size_t count)
{
    painter->count = 0;
    if (count > painter->capacity) {
        painter->shown = ARENA_MANY(painter->arena, const Attribute *, count);
        ENSURE_ALLOC(painter->shown, painter->arena);
        painter->capacity = count;
    }
    return OK;
}

static Error select_shown(Painter *painter, const Entity *entity)
{
    StrList asked = painter->show->attributes;
    TRY(reserve(painter, entity->attribute_count + asked.count));
    if (asked.count == 0 || str_list_has(asked, STR("*"))) {
        add_all(painter, entity);
        return add_computed(painter, entity);
    }
    for (size_t i = 0; i < asked.count; i++) {
        TRY(add_named(painter, entity, asked.items[i]));
    }
    return OK;
}

/* A value as it will be seen, and where it stands. */
typedef struct Seen {
    Str value;
    size_t at;
} Seen;

static int compare_seen(const void *a, const void *b)
{
    const Seen *left = a;
    const Seen *right = b;
    int order = str_compare(left->value, right->value);
    return order != 0 ? order : (left->at > right->at) - (left->at < right->at);
}

static Error shown_value_in(Arena *arena, const Attribute *attribute, Str *ret_value)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    write_value(&writer, attribute->type, attribute->value);
    return json_write_finish(&writer, ret_value);
}

/* Takes out of shown what was seen before; the first of equals keeps its place. */
static Error drop_repeated(Painter *painter)
{
    Seen *seen = ARENA_MANY(painter->arena, Seen, painter->count);
    ENSURE_ALLOC(seen, painter->arena);
    for (size_t i = 0; i < painter->count; i++) {
        seen[i].at = i;
        TRY(shown_value_in(painter->arena, painter->shown[i], &seen[i].value));
    }
    qsort(seen, painter->count, sizeof *seen, compare_seen);
    for (size_t i = 1; i < painter->count; i++) {
        if (str_eq(seen[i - 1].value, seen[i].value)) {
            painter->shown[seen[i].at] = NULL;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < painter->count; i++) {
        if (painter->shown[i] != NULL) {
            painter->shown[kept++] = painter->shown[i];
        }
    }
    painter->count = kept;
    return OK;
}

static Error write_values(Painter *painter)
{
    if (painter->show->representation == V2_UNIQUE) {
        TRY(drop_repeated(painter));
    }
    json_write_begin_array(&painter->writer);
    for (size_t i = 0; i < painter->count; i++) {
        write_value(&painter->writer, painter->shown[i]->type, painter->shown[i]->value);
    }
    json_write_end_array(&painter->writer);
    return OK;
}

static Error write_members(Painter *painter)
{
    for (size_t i = 0; i < painter->count; i++) {
        const Attribute *attribute = painter->shown[i];
        json_write_key(&painter->writer, attribute->name);
        if (painter->show->representation == V2_KEY_VALUES) {
            write_value(&painter->writer, attribute->type, attribute->value);
        } else {
            TRY(write_attribute(painter, attribute));
        }
    }
    return OK;
}

static Error write_entity(Painter *painter, const Entity *entity, bool has_identity)
{
    TRY(select_shown(painter, entity));
    if (painter->show->representation == V2_VALUES || painter->show->representation == V2_UNIQUE) {
        return write_values(painter);
    }
    json_write_begin_object(&painter->writer);
    if (has_identity) {
        json_write_member_string(&painter->writer, STR("id"), entity->id);
        json_write_member_string(&painter->writer, STR("type"), entity->type);
    }
    TRY(write_members(painter));
    json_write_end_object(&painter->writer);
    return OK;
}

Error v2_entity_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
{
    Painter painter;
    begin(&painter, arena, show);
    TRY(write_entity(&painter, entity, true));
    return json_write_finish(&painter.writer, ret_json);
}

Error v2_attributes_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
{
    Painter painter;
    begin(&painter, arena, show);
    TRY(write_entity(&painter, entity, false));
    return json_write_finish(&painter.writer, ret_json);
}

/* One block for the usual page: a text that doubles takes twice its size in memory never touched
 * before. */
static void reserve_text(Buf *buf, size_t bytes)
{
    if (buf_extend(buf, bytes) != NULL) {
        buf->n -= bytes;
    }
}

Error v2_page_render_in(Arena *arena, const EntityPage *page, const V2Show *show, Str *ret_json)
{
    Painter painter;
    begin(&painter, arena, show);
    reserve_text(&painter.buf, page->count * ENTITY_BYTES_USUAL);
    json_write_begin_array(&painter.writer);
    for (size_t i = 0; i < page->count; i++) {
        TRY(write_entity(&painter, &page->entities[i], true));
    }
    json_write_end_array(&painter.writer);
    return json_write_finish(&painter.writer, ret_json);
}

Error v2_attribute_render_in(Arena *arena, const Entity *entity, Str name, const V2Show *show,
                             Str *ret_json)
{
    const Attribute *attribute = entity_attribute_find(entity, name);
    ENSURE(attribute != NULL, ATTRIBUTE_NOT_FOUND, NULL);
    Painter painter;
    begin(&painter, arena, show);
    TRY(write_attribute(&painter, attribute));
    return json_write_finish(&painter.writer, ret_json);
}

/* Orion puts a string between quotes as it is, and a moment without them. */
static Error plain_text_in(Arena *arena, const Attribute *attribute, Str *ret_text)
{
    int64_t at_us = 0;
    Buf buf = buf_in(arena);
    if (v2_datetime_is_type(attribute->type) && v2_datetime_from_json(attribute->value, &at_us)) {
        timestamp_add(&buf, at_us);
        return buf_finish(&buf, ret_text);
    }
    if (attribute->value.p[0] != '"') {
        *ret_text = attribute->value;
        return OK;
    }
    JsonValue value;
    Str text;
    TRY(json_parse(arena, attribute->value, JSON_LIMITS_REQUEST, &value));
    TRY(json_string_in(arena, value, &text));
    buf_add_char(&buf, '"');
    buf_add(&buf, text);
    buf_add_char(&buf, '"');
    return buf_finish(&buf, ret_text);
}

Error v2_value_render_in(Arena *arena, const Entity *entity, Str name, const V2Accept *accept,
                         Str *ret_body, bool *ret_is_text)
{
    const Attribute *attribute = entity_attribute_find(entity, name);
    ENSURE(attribute != NULL, ATTRIBUTE_NOT_FOUND, NULL);
    if (attribute->value.p[0] == '{' || attribute->value.p[0] == '[') {
        *ret_body = attribute->value;
        *ret_is_text = accept->prefers_text;
        return OK;
    }
    ENSURE(accept->takes_text, ACCEPT_TEXT_ONLY, NULL);
    TRY(plain_text_in(arena, attribute, ret_body));
    *ret_is_text = true;
    return OK;
}
