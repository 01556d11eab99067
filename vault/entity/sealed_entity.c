#include "sealed_entity.h"

#include "byte_reader.h"

#define ENTITY_FORMAT 1
#define HEAD_FORMAT 1
#define MAC_LABEL STR("musubi/entity/v1")

/* --- tokens ----------------------------------------------------------------------------------- */

Error sealed_entity_id_of_subject(VaultCall *call, const uint8_t subject[SUBJECT_ID_BYTES],
                                  uint8_t ret_id[SEALED_ID_BYTES])
{
    Str part = str_bytes(subject, SUBJECT_ID_BYTES);
    return pseudonym_16(call->core->keyring, call->tenant, STR("person-entity"), &part, 1, ret_id);
}

Error sealed_entity_id_of_text(VaultCall *call, Str writer, Str type, Str text, unsigned slot,
                               uint8_t ret_id[SEALED_ID_BYTES])
{
    char digit = (char)('0' + slot % 10);
    const Str parts[] = {writer, type, text, str_bytes(&digit, 1)};
    /* Slot 0 is hashed without its number: nearly every entity lives there, and its key stays the
     * plain one. */
    size_t count = slot == 0 ? 3 : 4;
    return pseudonym_16(call->core->keyring, call->tenant, STR("entity"), parts, count, ret_id);
}

Error sealed_type_token(VaultCall *call, Str type, Str *ret_token)
{
    uint8_t token[16];
    TRY(pseudonym_16(call->core->keyring, call->tenant, STR("type"), &type, 1, token));
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(token, text);
    return str_copy_in(call->arena, str_from(text), ret_token);
}

Error sealed_attribute_token(VaultCall *call, Str type, Str name,
                             uint8_t ret_token[SEALED_TOKEN_BYTES])
{
    const Str parts[] = {type, name};
    return pseudonym_8(call->core->keyring, call->tenant, STR("attribute"), parts, 2, ret_token);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* In the order in which sealed_edit writes them. */
static Error attribute_parse(DocBody item, SealedAttribute *ret_attribute)
{
    enum { TOKEN, DATASET, VERSION, PADDING, ENVELOPE, FIELDS };
    DocField fields[FIELDS] = {[TOKEN] = {.name = "k", .kind = DOC_TEXT},
                               [DATASET] = {.name = "d", .kind = DOC_TEXT},
                               [VERSION] = {.name = "v", .kind = DOC_INT},
                               [PADDING] = {.name = "p", .kind = DOC_INT},
                               [ENVELOPE] = {.name = "e", .kind = DOC_BYTES}};
    TRY(doc_get_fields(item, fields, FIELDS));
    SealedAttribute attribute = {.dataset = fields[DATASET].bytes,
                                 .envelope = fields[ENVELOPE].bytes};
    int64_t version = fields[VERSION].number;
    int64_t padding = fields[PADDING].number;
    ENSURE(pseudonym_parse_8(fields[TOKEN].bytes, attribute.token), STORE_CORRUPT,
           "attribute token");
    ENSURE(version > 0 && padding >= 0 && padding <= UINT8_MAX, STORE_CORRUPT, "attribute version");
    attribute.version = (uint64_t)version;
    attribute.padding = (uint8_t)padding;
    *ret_attribute = attribute;
    return OK;
}

static Error attributes_parse(Arena *arena, DocBody body, SealedEntity *entity)
{
    DocBody *items;
    size_t count;
    TRY(doc_get_list(body, "a", arena, &items, &count));
    ENSURE(count <= SEALED_ATTRIBUTES_MAX, STORE_CORRUPT, "attribute count");
    entity->attributes = ARENA_MANY(arena, SealedAttribute, count);
    ENSURE_ALLOC(entity->attributes, arena);
    for (size_t i = 0; i < count; i++) {
        TRY(attribute_parse(items[i], &entity->attributes[i]));
    }
    entity->count = count;
    return OK;
}

Error sealed_entity_parse(Arena *arena, const StoreDoc *doc, SealedEntity *ret_entity)
{
    SealedEntity entity = {.key = doc->key, .doc_version = doc->version};
    int32_t format;
    int64_t generation;
    int64_t head_version;
    Str subject;
    TRY(doc_format(doc->body, &format));
    ENSURE(format == ENTITY_FORMAT, STORE_CORRUPT, "entity format");
    ENSURE(pseudonym_parse_16(doc->key, entity.id), STORE_CORRUPT, "entity key");
    TRY(doc_get_text(doc->body, "s", &subject));
    ENSURE(pseudonym_parse_16(subject, entity.subject), STORE_CORRUPT, "entity subject");
    TRY(doc_get_text(doc->body, "y", &entity.type_token));
    TRY(doc_get_int(doc->body, "g", &generation));
    TRY(doc_get_int(doc->body, "hv", &head_version));
    ENSURE(generation > 0 && generation <= UINT32_MAX && head_version > 0, STORE_CORRUPT,
           "entity versions");
    entity.generation = (uint32_t)generation;
    entity.head_version = (uint64_t)head_version;
    TRY(doc_get_bytes(doc->body, "o", &entity.head));
    TRY(doc_get_bytes(doc->body, "m", &entity.mac));
    TRY(attributes_parse(arena, doc->body, &entity));
    *ret_entity = entity;
    return OK;
}

Error sealed_entity_message(Arena *arena, const SealedEntity *entity, Str *ret_message)
{
    Buf buf = buf_in(arena);
    buf_add_lp(&buf, str_bytes(entity->id, SEALED_ID_BYTES));
    buf_add_lp(&buf, entity->type_token);
    buf_add_u64be(&buf, entity->head_version);
    buf_add_u32be(&buf, (uint32_t)entity->count);
    for (size_t i = 0; i < entity->count; i++) {
        const SealedAttribute *attribute = &entity->attributes[i];
        buf_add(&buf, str_bytes(attribute->token, SEALED_TOKEN_BYTES));
        buf_add_lp(&buf, attribute->dataset);
        buf_add_u64be(&buf, attribute->version);
        buf_add_char(&buf, (char)attribute->padding);
    }
    return buf_finish(&buf, ret_message);
}

Error sealed_entity_verify(Arena *arena, const SealedEntity *entity, SubjectKey *key)
{
    Str message;
    TRY(sealed_entity_message(arena, entity, &message));
    return seal_mac_verify(key, MAC_LABEL, message, entity->mac);
}

Error sealed_entity_open_head(Arena *arena, const SealedEntity *entity, SubjectKey *key,
                              SealedHead *ret_head)
{
    SealContext context =
        seal_context(key, SEAL_RECORD, entity->id, STR("EntityHead"), STR("head"));
    context.version = entity->head_version;
    Str plaintext;
    TRY(open_value(key, &context, entity->head, arena, &plaintext));
    ByteReader reader = byte_reader(plaintext);
    ENSURE(byte_take_u8(&reader) == HEAD_FORMAT, STORE_CORRUPT, "entity head");
    SealedHead head = {0};
    head.id = byte_take_lp(&reader);
    head.writer = byte_take_lp(&reader);
    head.type = byte_take_lp(&reader);
    head.created_us = (int64_t)byte_take_u64(&reader);
    ENSURE(byte_reader_is_done(&reader), STORE_CORRUPT, "entity head");
    *ret_head = head;
    return OK;
}

const SealedAttribute *sealed_entity_find(const SealedEntity *entity,
                                          const uint8_t token[SEALED_TOKEN_BYTES])
{
    Str wanted = str_bytes(token, SEALED_TOKEN_BYTES);
    for (size_t i = 0; i < entity->count; i++) {
        const SealedAttribute *attribute = &entity->attributes[i];
        if (attribute->dataset.n == 0 &&
            str_eq(str_bytes(attribute->token, SEALED_TOKEN_BYTES), wanted)) {
            return attribute;
        }
    }
    return NULL;
}

Error sealed_entity_open(Arena *arena, const SealedEntity *entity, SubjectKey *key, Str type,
                         Str name, const SealedAttribute *attribute, Attribute *ret_attribute)
{
    SealContext context = seal_context(key, SEAL_VALUE, entity->id, type, name);
    context.dataset = attribute->dataset;
    context.version = attribute->version;
    Str record;
    TRY(open_value(key, &context, attribute->envelope, arena, &record));
    Attribute opened;
    TRY(attribute_record_read(arena, record, &opened));
    ENSURE(str_eq(opened.name, name), STORE_CORRUPT, "attribute name");
    *ret_attribute = opened;
    return OK;
}
