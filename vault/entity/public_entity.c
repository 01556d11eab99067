#include "public_entity.h"

#include "encode.h"
#include "hash.h"

Error public_entity_key_in(Arena *arena, Str tenant, Str service_path, Str id, Str type,
                           Str *ret_key)
{
    Buf named = buf_in(arena);
    buf_add_lp(&named, tenant);
    buf_add_lp(&named, service_path);
    buf_add_lp(&named, id);
    buf_add_lp(&named, type);
    Str bytes;
    TRY(buf_finish(&named, &bytes));
    uint8_t digest[BLAKE2B_BYTES];
    blake2b_of(&bytes, 1, digest);
    char text[ENCODE_BASE64URL_16_BYTES];
    encode_base64url_16(digest, text);
    return str_copy_in(arena, str_from(text), ret_key);
}

Error public_entity_scope_in(Arena *arena, Str tenant, Str *ret_scope)
{
    const Str parts[] = {STR("/"), tenant};
    return str_join_in(arena, parts, 2, ret_scope);
}

Error public_entity_write(Arena *arena, Str tenant, const Entity *entity, int64_t order,
                          DocBody *ret_body)
{
    Str scope;
    TRY(public_entity_scope_in(arena, tenant, &scope));
    DocWriter *writer = doc_writer_in(arena, PUBLIC_ENTITY_FORMAT);
    ENSURE_ALLOC(writer, arena);
    doc_put_text(writer, "p", scope);
    doc_put_text(writer, "y", entity->type);
    doc_put_text(writer, "i", entity->id);
    doc_put_int(writer, "n", order);
    doc_put_text(writer, "s", entity->service_path);
    doc_put_int(writer, "c", entity->created_us);
    doc_put_int(writer, "m", entity->modified_us);
    doc_open_list(writer, "a");
    for (size_t i = 0; i < entity->attribute_count; i++) {
        Str record;
        TRY(attribute_record_write(arena, &entity->attributes[i], &record));
        doc_next_item(writer);
        doc_put_bytes(writer, "r", record);
    }
    doc_close_list(writer);
    return doc_finish(writer, ret_body);
}

static Error read_attributes(Arena *arena, DocBody body, Entity *entity)
{
    DocBody *items = NULL;
    TRY(doc_get_list(body, "a", arena, &items, &entity->attribute_count));
    entity->attributes = ARENA_MANY(arena, Attribute, entity->attribute_count);
    ENSURE_ALLOC(entity->attributes, arena);
    for (size_t i = 0; i < entity->attribute_count; i++) {
        Str record;
        TRY(doc_get_bytes(items[i], "r", &record));
        TRY(attribute_record_read(arena, record, &entity->attributes[i]));
    }
    return OK;
}

Error public_entity_read(Arena *arena, DocBody body, Entity *ret_entity, int64_t *ret_order)
{
    int32_t format = 0;
    int64_t order = 0;
    Entity entity = {.attribute_count = 0};
    TRY(doc_format(body, &format));
    ENSURE(format == PUBLIC_ENTITY_FORMAT, STORE_CORRUPT, "public entity");
    TRY(doc_get_text(body, "y", &entity.type));
    TRY(doc_get_text(body, "i", &entity.id));
    TRY(doc_get_int(body, "n", &order));
    TRY(doc_get_text(body, "s", &entity.service_path));
    TRY(doc_get_int(body, "c", &entity.created_us));
    TRY(doc_get_int(body, "m", &entity.modified_us));
    TRY(read_attributes(arena, body, &entity));
    *ret_entity = entity;
    if (ret_order != NULL) {
        *ret_order = order;
    }
    return OK;
}
