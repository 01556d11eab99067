#include "v2_render.h"

static void write_attribute_types(JsonWriter *writer, const TypeAttribute *attribute,
                                  bool is_hidden)
{
    json_write_key(writer, attribute->name);
    json_write_begin_object(writer);
    json_write_key(writer, STR("types"));
    json_write_begin_array(writer);
    for (size_t i = 0; i < attribute->types.count && !is_hidden; i++) {
        json_write_string(writer, attribute->types.items[i]);
    }
    json_write_end_array(writer);
    json_write_end_object(writer);
}

static void write_members(JsonWriter *writer, const TypeInfo *type, bool hides_attribute_types)
{
    json_write_key(writer, STR("attrs"));
    json_write_begin_object(writer);
    for (size_t i = 0; i < type->attribute_count; i++) {
        write_attribute_types(writer, &type->attributes[i], hides_attribute_types);
    }
    json_write_end_object(writer);
    json_write_member_int(writer, STR("count"), type->count);
}

static void write_type(JsonWriter *writer, const TypeInfo *type, bool hides_attribute_types)
{
    json_write_begin_object(writer);
    json_write_member_string(writer, STR("type"), type->name);
    write_members(writer, type, hides_attribute_types);
    json_write_end_object(writer);
}

Error v2_types_render_in(Arena *arena, const TypeInfo *types, size_t count,
                         V2Representation representation, bool hides_attribute_types, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_array(&writer);
    for (size_t i = 0; i < count; i++) {
        if (representation == V2_VALUES) {
            json_write_string(&writer, types[i].name);
        } else {
            write_type(&writer, &types[i], hides_attribute_types);
        }
    }
    json_write_end_array(&writer);
    return json_write_finish(&writer, ret_json);
}

Error v2_type_render_in(Arena *arena, const TypeInfo *type, bool hides_attribute_types,
                        Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter writer = json_writer(&buf);
    json_write_begin_object(&writer);
    write_members(&writer, type, hides_attribute_types);
    json_write_end_object(&writer);
    return json_write_finish(&writer, ret_json);
}
