#include <stdlib.h>
#include <string.h>

#include "sealed_entity.h"

#define ENTITY_FORMAT 1
#define HEAD_FORMAT 1
#define MAC_LABEL STR("musubi/entity/v1")
#define HOUR_US (INT64_C(3600) * CLOCK_SECOND_US)
#define DUMMIES_MAX 3
#define DUMMY_PLAINTEXT_MIN 64

struct SealedEdit {
    VaultCall *call;
    SubjectKey *key;
    Str type;
    SealedEntity entity;
    size_t capacity;
};

PaddingClass sealed_padding_class(size_t bytes)
{
    if (bytes == 0) {
        return PADDING_NATURAL;
    }
    size_t size = 32;
    for (int padding = PADDING_32; padding < PADDING_MULTIPLE; padding++) {
        if (bytes <= size) {
            return (PaddingClass)padding;
        }
        size *= 2;
    }
    return PADDING_MULTIPLE;
}

/* --- dummies ---------------------------------------------------------------------------------- */

/* A dummy's token is keyed by entity and place, so the vault knows its own dummies again, whatever
 * the schema says later, while nobody without the pseudonym key can tell them from attributes. */

static Error dummy_token(const SealedEdit *edit, unsigned place,
                         uint8_t ret_token[SEALED_TOKEN_BYTES])
{
    char digit = (char)('0' + place);
    const Str parts[] = {str_bytes(edit->entity.id, SEALED_ID_BYTES), str_bytes(&digit, 1)};
    return pseudonym_8(edit->call->core->keyring, edit->call->tenant, STR("dummy"), parts, 2,
                       ret_token);
}

static void attribute_remove(SealedEntity *entity, const uint8_t token[SEALED_TOKEN_BYTES])
{
    size_t kept = 0;
    for (size_t i = 0; i < entity->count; i++) {
        Str other = str_bytes(entity->attributes[i].token, SEALED_TOKEN_BYTES);
        if (!str_eq(other, str_bytes(token, SEALED_TOKEN_BYTES))) {
            entity->attributes[kept++] = entity->attributes[i];
        }
    }
    entity->count = kept;
}

static Error dummies_remove(SealedEdit *edit)
{
    for (unsigned place = 0; place < DUMMIES_MAX; place++) {
        uint8_t token[SEALED_TOKEN_BYTES];
        TRY(dummy_token(edit, place, token));
        attribute_remove(&edit->entity, token);
    }
    return OK;
}

/* An envelope to look at, but with random bytes where the nonce, the commitment and the ciphertext
 * stand. It has the size of a real neighbour, so that sizes don't point at it. */
static Error dummy_envelope(SealedEdit *edit, size_t place, Str *ret_envelope)
{
    const SealedEntity *entity = &edit->entity;
    Str model = entity->count > 0 ? entity->attributes[place % entity->count].envelope : STR_EMPTY;
    size_t size = model.n > 8 ? model.n : seal_envelope_bytes(DUMMY_PLAINTEXT_MIN, PADDING_128);
    char *bytes = arena_alloc(edit->call->arena, size);
    ENSURE_ALLOC(bytes, edit->call->arena);
    const Entropy *entropy = edit->call->core->ports->entropy;
    TRY(entropy->fill(entropy, bytes, size));
    uint32_t generation = entity->generation;
    const uint8_t head[8] = {1,
                             model.n > 8 ? (uint8_t)model.p[1] : PADDING_128,
                             0,
                             0,
                             (uint8_t)(generation >> 24),
                             (uint8_t)(generation >> 16),
                             (uint8_t)(generation >> 8),
                             (uint8_t)generation};
    memcpy(bytes, head, sizeof head);
    *ret_envelope = str_bytes(bytes, size);
    return OK;
}

static Error room_for_one(SealedEdit *edit)
{
    SealedEntity *entity = &edit->entity;
    if (entity->count < edit->capacity) {
        return OK;
    }
    ENSURE(entity->count < SEALED_ATTRIBUTES_MAX, STORE_LIMIT, "attributes of an entity");
    size_t capacity = edit->capacity * 2 + 8;
    SealedAttribute *grown = ARENA_MANY(edit->call->arena, SealedAttribute, capacity);
    ENSURE_ALLOC(grown, edit->call->arena);
    if (entity->count > 0) {
        memcpy(grown, entity->attributes, entity->count * sizeof *grown);
    }
    entity->attributes = grown;
    edit->capacity = capacity;
    return OK;
}

static Error dummies_add(SealedEdit *edit)
{
    SealedEntity *entity = &edit->entity;
    size_t real = entity->count;
    size_t wanted = (4 - real % 4) % 4;
    if (real == 0) {
        wanted = DUMMIES_MAX;
    }
    for (unsigned place = 0; place < wanted; place++) {
        TRY(room_for_one(edit));
        SealedAttribute dummy = {.dataset = STR_EMPTY, .version = 1};
        TRY(dummy_token(edit, place, dummy.token));
        TRY(dummy_envelope(edit, place, &dummy.envelope));
        dummy.padding = (uint8_t)dummy.envelope.p[1];
        entity->attributes[entity->count++] = dummy;
    }
    return OK;
}

/* --- edit ------------------------------------------------------------------------------------- */

static Error head_seal(SealedEdit *edit, const SealedHead *head)
{
    Buf buf = buf_in(edit->call->arena);
    buf_add_char(&buf, HEAD_FORMAT);
    buf_add_lp(&buf, head->id);
    buf_add_lp(&buf, head->writer);
    buf_add_lp(&buf, head->type);
    buf_add_u64be(&buf, (uint64_t)head->created_us);
    Str plaintext;
    TRY(buf_finish(&buf, &plaintext));
    SealedEntity *entity = &edit->entity;
    SealContext context =
        seal_context(edit->key, SEAL_RECORD, entity->id, STR("EntityHead"), STR("head"));
    context.version = entity->head_version;
    return seal_value(edit->key, &context, PADDING_256, plaintext, edit->call->arena,
                      &entity->head);
}

static Error edit_start(VaultCall *call, SubjectKey *key, Str type, const SealedEntity *entity,
                        SealedEdit **ret_edit)
{
    SealedEdit *edit = ARENA_ONE(call->arena, SealedEdit);
    ENSURE_ALLOC(edit, call->arena);
    *edit = (SealedEdit){.call = call, .key = key, .type = type, .entity = *entity};
    edit->entity.attributes = NULL;
    edit->entity.count = 0;
    for (size_t i = 0; i < entity->count; i++) {
        TRY(room_for_one(edit));
        edit->entity.attributes[edit->entity.count++] = entity->attributes[i];
    }
    *ret_edit = edit;
    return OK;
}

Error sealed_edit_new(VaultCall *call, SubjectKey *key, const uint8_t id[SEALED_ID_BYTES],
                      const SealedHead *head, SealedEdit **ret_edit)
{
    SealedEntity entity = {.generation = subject_key_generation(key), .head_version = 1};
    memcpy(entity.id, id, SEALED_ID_BYTES);
    memcpy(entity.subject, subject_key_subject(key), SUBJECT_ID_BYTES);
    TRY(sealed_type_token(call, head->type, &entity.type_token));
    SealedEdit *edit;
    TRY(edit_start(call, key, head->type, &entity, &edit));
    TRY(head_seal(edit, head));
    *ret_edit = edit;
    return OK;
}

Error sealed_edit_of(VaultCall *call, SubjectKey *key, Str type, const SealedEntity *entity,
                     SealedEdit **ret_edit)
{
    SealedEdit *edit;
    TRY(edit_start(call, key, type, entity, &edit));
    TRY(dummies_remove(edit));
    *ret_edit = edit;
    return OK;
}

Error sealed_edit_put(SealedEdit *edit, const Attribute *attribute, PaddingClass minimum)
{
    SealedEntity *entity = &edit->entity;
    SealedAttribute sealed = {.dataset = STR_EMPTY, .version = 1};
    TRY(sealed_attribute_token(edit->call, edit->type, attribute->name, sealed.token));
    const SealedAttribute *old = sealed_entity_find(entity, sealed.token);
    size_t at = old == NULL ? entity->count : (size_t)(old - entity->attributes);
    if (old != NULL) {
        sealed.version = old->version + 1;
    }
    Str record;
    TRY(attribute_record_write(edit->call->arena, attribute, &record));
    SealContext context =
        seal_context(edit->key, SEAL_VALUE, entity->id, edit->type, attribute->name);
    context.version = sealed.version;
    TRY(seal_value(edit->key, &context, minimum, record, edit->call->arena, &sealed.envelope));
    sealed.padding = (uint8_t)sealed.envelope.p[1];
    if (old == NULL) {
        TRY(room_for_one(edit));
        entity->count++;
    }
    entity->attributes[at] = sealed;
    return OK;
}

Error sealed_edit_remove(SealedEdit *edit, Str name)
{
    uint8_t token[SEALED_TOKEN_BYTES];
    TRY(sealed_attribute_token(edit->call, edit->type, name, token));
    attribute_remove(&edit->entity, token);
    return OK;
}

bool sealed_edit_is_empty(const SealedEdit *edit)
{
    return edit->entity.count == 0;
}

static int by_token(const void *a, const void *b)
{
    const SealedAttribute *left = a;
    const SealedAttribute *right = b;
    int order = str_compare(str_bytes(left->token, SEALED_TOKEN_BYTES),
                            str_bytes(right->token, SEALED_TOKEN_BYTES));
    return order != 0 ? order : str_compare(left->dataset, right->dataset);
}

static void attributes_write(DocWriter *writer, const SealedEntity *entity,
                             char (*texts)[PSEUDONYM_TEXT_8_BYTES])
{
    doc_open_list(writer, "a");
    for (size_t i = 0; i < entity->count; i++) {
        const SealedAttribute *attribute = &entity->attributes[i];
        pseudonym_text_8(attribute->token, texts[i]);
        doc_next_item(writer);
        doc_put_text(writer, "k", str_from(texts[i]));
        doc_put_text(writer, "d", attribute->dataset);
        doc_put_int(writer, "v", (int64_t)attribute->version);
        doc_put_int(writer, "p", attribute->padding);
        doc_put_bytes(writer, "e", attribute->envelope);
    }
    doc_close_list(writer);
}

static Error body_write(const SealedEdit *edit, Str mac, DocBody *ret_body)
{
    const SealedEntity *entity = &edit->entity;
    Arena *arena = edit->call->arena;
    char subject[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(entity->subject, subject);
    char(*texts)[PSEUDONYM_TEXT_8_BYTES] = arena_alloc_array(arena, entity->count, sizeof *texts);
    ENSURE_ALLOC(texts, arena);
    DocWriter *writer = doc_writer_in(arena, ENTITY_FORMAT);
    ENSURE_ALLOC(writer, arena);
    doc_put_text(writer, "s", str_from(subject));
    doc_put_text(writer, "y", entity->type_token);
    doc_put_int(writer, "g", entity->generation);
    doc_put_int(writer, "h", edit->call->now_us / HOUR_US);
    doc_put_bytes(writer, "o", entity->head);
    doc_put_int(writer, "hv", (int64_t)entity->head_version);
    attributes_write(writer, entity, texts);
    doc_put_bytes(writer, "m", mac);
    return doc_finish(writer, ret_body);
}

Error sealed_edit_finish(SealedEdit *edit, DocBody *ret_body)
{
    TRY(dummies_add(edit));
    SealedEntity *entity = &edit->entity;
    qsort(entity->attributes, entity->count, sizeof *entity->attributes, by_token);
    Str message;
    TRY(sealed_entity_message(edit->call->arena, entity, &message));
    uint8_t mac[SEAL_MAC_BYTES];
    TRY(seal_mac(edit->key, MAC_LABEL, message, mac));
    return body_write(edit, str_bytes(mac, sizeof mac), ret_body);
}
