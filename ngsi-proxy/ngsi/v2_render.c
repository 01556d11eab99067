#include "v2_render.h"

#include "timestamp.h"
#include "v2_datetime.h"

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

static void write_metadata(JsonWriter *writer, const Attribute *attribute)
{
    json_write_key(writer, STR("metadata"));
    json_write_begin_object(writer);
    for (size_t i = 0; i < attribute->metadata_count; i++) {
        const Metadata *metadata = &attribute->metadata[i];
        json_write_key(writer, metadata->name);
        json_write_begin_object(writer);
        json_write_member_string(writer, STR("type"), metadata->type);
        json_write_key(writer, STR("value"));
        write_value(writer, metadata->type, metadata->value);
        json_write_end_object(writer);
    }
    json_write_end_object(writer);
}

static void write_attribute(JsonWriter *writer, const Attribute *attribute, bool is_key_values)
{
    json_write_key(writer, attribute->name);
    if (is_key_values) {
        write_value(writer, attribute->type, attribute->value);
        return;
    }
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("type"), attribute->type);
    json_write_key(writer, STR("value"));
    write_value(writer, attribute->type, attribute->value);
    write_metadata(writer, attribute);
    json_write_end_object(writer);
}

static void write_builtin(JsonWriter *writer, Str name, Str type, Str text, bool is_key_values)
{
    json_write_key(writer, name);
    if (is_key_values) {
        json_write_string(writer, text);
        return;
    }
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("type"), type);
    json_write_member_string(writer, STR("value"), text);
    json_write_key(writer, STR("metadata"));
    json_write_begin_object(writer);
    json_write_end_object(writer);
    json_write_end_object(writer);
}

static void write_moment(JsonWriter *writer, Str name, int64_t at_us, bool is_key_values)
{
    char text[TIMESTAMP_TEXT_BYTES];
    timestamp_text(at_us, text);
    write_builtin(writer, name, STR("DateTime"), str_from(text), is_key_values);
}

/* In NGSIv2 an attribute has one instance: the default one. */
static bool is_v2_attribute(const Attribute *attribute)
{
    return attribute->dataset_id.n == 0;
}

static void write_rest(JsonWriter *writer, const Entity *entity, const V2Show *show)
{
    for (size_t i = 0; i < entity->attribute_count; i++) {
        const Attribute *attribute = &entity->attributes[i];
        if (is_v2_attribute(attribute) && !str_list_has(show->attributes, attribute->name)) {
            write_attribute(writer, attribute, show->representation == V2_KEY_VALUES);
        }
    }
}

static void write_named(JsonWriter *writer, const Entity *entity, Str name, const V2Show *show)
{
    const Attribute *attribute = entity_attribute_find(entity, name);
    if (attribute != NULL) {
        write_attribute(writer, attribute, show->representation == V2_KEY_VALUES);
    } else if (str_eq(name, STR("dateCreated"))) {
        write_moment(writer, name, entity->created_us, show->representation == V2_KEY_VALUES);
    } else if (str_eq(name, STR("dateModified"))) {
        write_moment(writer, name, entity->modified_us, show->representation == V2_KEY_VALUES);
    } else if (str_eq(name, STR("servicePath"))) {
        write_builtin(writer, name, STR("Text"), entity->service_path,
                      show->representation == V2_KEY_VALUES);
    }
}

static void write_entity(JsonWriter *writer, const Entity *entity, const V2Show *show)
{
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("id"), entity->id);
    json_write_member_string(writer, STR("type"), entity->type);
    if (show->attributes.count == 0) {
        write_rest(writer, entity, show);
    }
    for (size_t i = 0; i < show->attributes.count; i++) {
        Str name = show->attributes.items[i];
        if (str_eq(name, STR("*"))) {
            write_rest(writer, entity, show);
        } else {
            write_named(writer, entity, name, show);
        }
    }
    json_write_end_object(writer);
}

Error v2_entity_render_in(Arena *arena, const Entity *entity, const V2Show *show, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    write_entity(&writer, entity, show);
    return json_write_finish(&writer, ret_json);
}

Error v2_page_render_in(Arena *arena, const EntityPage *page, const V2Show *show, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < page->count; i++) {
        write_entity(&writer, &page->entities[i], show);
    }
    json_write_end_array(&writer);
    return json_write_finish(&writer, ret_json);
}
