#include "record.h"

#include "seal.h"

Error record_key(VaultCall *call, Str kind, const Str *parts, size_t count, RecordKey *ret_key)
{
    RecordKey key;
    TRY(pseudonym_16(call->core->keyring, call->tenant, kind, parts, count, key.id));
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(key.id, text);
    TRY(str_copy_in(call->arena, str_from(text), &key.text));
    *ret_key = key;
    return OK;
}

Error record_key_parse(Str text, RecordKey *ret_key)
{
    RecordKey key = {.text = text};
    ENSURE(pseudonym_parse_16(text, key.id), STORE_CORRUPT, "record key");
    *ret_key = key;
    return OK;
}

static SealContext record_context(const Subject *subject, const RecordKey *key, Str type,
                                  uint64_t version)
{
    SealContext context = seal_context(subject->key, SEAL_RECORD, key->id, type, STR("body"));
    context.version = version;
    return context;
}

Error record_seal(Arena *arena, const Subject *subject, const RecordKey *key, Str type,
                  uint64_t version, Str plaintext, Str *ret_envelope)
{
    SealContext context = record_context(subject, key, type, version);
    return seal_value(subject->key, &context, PADDING_NATURAL, plaintext, arena, ret_envelope);
}

Error record_open(Arena *arena, const Subject *subject, const RecordKey *key, Str type,
                  uint64_t version, Str envelope, Str *ret_plaintext)
{
    SealContext context = record_context(subject, key, type, version);
    return open_value(subject->key, &context, envelope, arena, ret_plaintext);
}

DocWriter *record_doc_in(Arena *arena, const Subject *subject, uint64_t version, Str envelope)
{
    DocWriter *writer = doc_writer_in(arena, RECORD_FORMAT);
    if (writer == NULL) {
        return NULL;
    }
    doc_put_text(writer, "s", subject_text(subject));
    doc_put_int(writer, "g", subject_key_generation(subject->key));
    doc_put_int(writer, "v", (int64_t)version);
    doc_put_bytes(writer, "r", envelope);
    return writer;
}

Error record_doc_open(Arena *arena, const Subject *subject, Str type, const StoreDoc *doc,
                      uint64_t *ret_version, Str *ret_plaintext)
{
    RecordKey key;
    TRY(record_key_parse(doc->key, &key));
    int32_t format;
    int64_t version;
    Str envelope;
    TRY(doc_format(doc->body, &format));
    TRY(doc_get_int(doc->body, "v", &version));
    ENSURE(format == RECORD_FORMAT && version > 0, STORE_CORRUPT, "record");
    TRY(doc_get_bytes(doc->body, "r", &envelope));
    Str plaintext;
    TRY(record_open(arena, subject, &key, type, (uint64_t)version, envelope, &plaintext));
    *ret_version = (uint64_t)version;
    *ret_plaintext = plaintext;
    return OK;
}

Error record_json(Arena *arena, Str plaintext, JsonValue *ret_object)
{
    JsonValue root;
    Error error = json_parse(arena, plaintext, JSON_LIMITS_API, &root);
    if (FAILED(error) &&
        (error.reason == REASON_JSON_SYNTAX || error.reason == REASON_JSON_LIMIT)) {
        return FAIL(STORE_CORRUPT, "record body");
    }
    TRY(error);
    ENSURE(json_is(root, JSON_OBJECT), STORE_CORRUPT, "record body");
    *ret_object = root;
    return OK;
}

Error record_json_text(Arena *arena, JsonValue object, Str name, Str *ret_text)
{
    JsonValue member;
    bool is_text = json_member(object, name, &member) && json_is(member, JSON_STRING);
    ENSURE(is_text, STORE_CORRUPT, "a text of a record");
    return json_string_in(arena, member, ret_text);
}

Error record_json_int(JsonValue object, Str name, int64_t *ret_number)
{
    JsonValue member;
    bool is_int = json_member(object, name, &member) && json_integer(member, ret_number);
    ENSURE(is_int, STORE_CORRUPT, "a number of a record");
    return OK;
}

Error record_json_list(JsonValue object, Str name, JsonValue *ret_array)
{
    JsonValue member;
    bool is_list = json_member(object, name, &member) && json_is(member, JSON_ARRAY);
    ENSURE(is_list, STORE_CORRUPT, "a list of a record");
    *ret_array = member;
    return OK;
}
