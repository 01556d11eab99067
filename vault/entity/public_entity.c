#include "public_entity.h"

#include "encode.h"
#include "hash.h"
#include "moment.h"

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

static bool expiry_of(const Entity *entity, int64_t *ret_at_us)
{
    const Attribute *expires = entity_attribute_find(entity, PUBLIC_ENTITY_EXPIRY);
    return expires != NULL && moment_is_type(expires->type) &&
           moment_from_json(expires->value, ret_at_us);
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
    int64_t expires_us = 0;
    if (expiry_of(entity, &expires_us)) {
        doc_put_int(writer, "x", expires_us);
    }
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

typedef struct Wanted {
    bool (*wants)(const void *context, Str name); /* NULL: all */
    const void *context;
} Wanted;

static Error read_attribute(Arena *arena, DocBody item, const Wanted *wanted, Entity *entity)
{
    Str record;
    Str name;
    Str type;
    TRY(doc_get_bytes(item, "r", &record));
    TRY(attribute_record_name(record, &name, &type));
    if (wanted->wants != NULL && !wanted->wants(wanted->context, name)) {
        return OK;
    }
    TRY(attribute_record_read(arena, record, &entity->attributes[entity->attribute_count]));
    entity->attribute_count++;
    return OK;
}

static Error read_attributes(Arena *arena, DocBody body, const Wanted *wanted, Entity *entity)
{
    DocBody *items = NULL;
    size_t count = 0;
    TRY(doc_get_list(body, "a", arena, &items, &count));
    entity->attributes = ARENA_MANY(arena, Attribute, count);
    ENSURE_ALLOC(entity->attributes, arena);
    entity->attribute_count = 0;
    for (size_t i = 0; i < count; i++) {
        TRY(read_attribute(arena, items[i], wanted, entity));
    }
    return OK;
}

static Error read_head(DocBody body, Entity *entity)
{
    int32_t format = 0;
    TRY(doc_format(body, &format));
    ENSURE(format == PUBLIC_ENTITY_FORMAT, STORE_CORRUPT, "public entity");
    TRY(doc_get_text(body, "y", &entity->type));
    TRY(doc_get_text(body, "i", &entity->id));
    TRY(doc_get_text(body, "s", &entity->service_path));
    TRY(doc_get_int(body, "c", &entity->created_us));
    return doc_get_int(body, "m", &entity->modified_us);
}

static Error read_wanted(Arena *arena, DocBody body, const Wanted *wanted, Entity *ret_entity)
{
    Entity entity = {.attribute_count = 0};
    TRY(read_head(body, &entity));
    TRY(read_attributes(arena, body, wanted, &entity));
    *ret_entity = entity;
    return OK;
}

Error public_entity_read(Arena *arena, DocBody body, Entity *ret_entity, int64_t *ret_order)
{
    Entity entity;
    int64_t order = 0;
    TRY(read_wanted(arena, body, &(Wanted){NULL, NULL}, &entity));
    TRY(doc_get_int(body, "n", &order));
    *ret_entity = entity;
    if (ret_order != NULL) {
        *ret_order = order;
    }
    return OK;
}

Error public_entity_read_some(Arena *arena, DocBody body,
                              bool (*wants)(const void *context, Str name), const void *context,
                              Entity *ret_entity)
{
    return read_wanted(arena, body, &(Wanted){wants, context}, ret_entity);
}

Error public_entity_names(Arena *arena, DocBody body,
                          Error (*take)(void *context, Str name, Str type), void *context)
{
    DocBody *items = NULL;
    size_t count = 0;
    TRY(doc_get_list(body, "a", arena, &items, &count));
    for (size_t i = 0; i < count; i++) {
        Str record;
        Str name;
        Str type;
        TRY(doc_get_bytes(items[i], "r", &record));
        TRY(attribute_record_name(record, &name, &type));
        TRY(take(context, name, type));
    }
    return OK;
}

Error public_entity_is_expired(DocBody body, int64_t now_us, bool *ret_is_expired)
{
    int64_t expires_us = INT64_MAX;
    if (doc_has(body, "x")) {
        TRY(doc_get_int(body, "x", &expires_us));
    }
    *ret_is_expired = expires_us <= now_us;
    return OK;
}
