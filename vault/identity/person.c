#include "person.h"

#include "json_write.h"
#include "record.h"

#define COMMON_ID_BYTES 16

static Error tenant_token(VaultCall *call, Str *ret_token)
{
    RecordKey key;
    TRY(record_key(call, STR("persons"), NULL, 0, &key));
    *ret_token = key.text;
    return OK;
}

static Error person_plaintext(VaultCall *call, Str common_id, Str *ret_plaintext)
{
    Buf buf = buf_in(call->arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("commonId"), common_id);
    json_write_member_int(&json, STR("createdUs"), call->now_us);
    json_write_member_string(&json, STR("state"), STR("active"));
    json_write_end_object(&json);
    return json_write_finish(&json, ret_plaintext);
}

static Error person_insert(VaultCall *call, StoreBatch *batch, Subject *subject, Str common_id)
{
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16((const uint8_t *)common_id.p, text);
    Str plaintext;
    TRY(person_plaintext(call, str_from(text), &plaintext));
    RecordKey key;
    TRY(record_key_parse(subject_text(subject), &key));
    Str envelope;
    TRY(record_seal(call->arena, subject, &key, STR("Person"), 1, plaintext, &envelope));
    Str tenant;
    TRY(tenant_token(call, &tenant));
    DocWriter *writer = record_doc_in(call->arena, subject, 1, envelope);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_text(writer, "t", tenant);
    doc_put_int(writer, "n", call->now_us / RECORD_HOUR_US);
    DocBody body;
    TRY(doc_finish(writer, &body));
    store_batch_insert(batch, STORE_PERSONS, key.text, body);
    return OK;
}

Error person_create(VaultCall *call, StoreBatch *batch, Subject *ret_subject)
{
    char *common_id = arena_alloc(call->arena, COMMON_ID_BYTES);
    ENSURE_ALLOC(common_id, call->arena);
    TRY(call->core->ports->entropy->fill(call->core->ports->entropy, common_id, COMMON_ID_BYTES));
    Str part = str_bytes(common_id, COMMON_ID_BYTES);
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(pseudonym_16(call->core->keyring, call->tenant, STR("subject"), &part, 1, id));
    CLEANUP(subject_done) Subject subject = {0};
    TRY(subject_create(call, call->tenant, id, batch, &subject));
    TRY(person_insert(call, batch, &subject, part));
    *ret_subject = subject;
    subject.key = NULL;
    return OK;
}

Error person_count(VaultCall *call, int64_t *ret_count)
{
    Str tenant;
    TRY(tenant_token(call, &tenant));
    StoreFind find = {.collection = STORE_PERSONS,
                      .index = "by_tenant",
                      .equal = {STORE_TEXT(tenant)},
                      .equal_count = 1,
                      .limit = 1};
    return store_count(call->snapshot, &find, ret_count);
}

Error person_erase(VaultCall *call, Subject *subject, StoreBatch *batch)
{
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_PERSONS, subject_text(subject), &doc));
    ENSURE(doc.version > 0, SUBJECT_UNKNOWN, NULL);
    store_batch_delete(batch, STORE_PERSONS, doc.key, doc.version);
    store_batch_delete(batch, STORE_KEYS, subject_text(subject), subject->key_version);
    return OK;
}
