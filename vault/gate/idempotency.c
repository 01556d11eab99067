#include "idempotency.h"

#include <string.h>

#include "encode.h"
#include "gate_citizen.h"
#include "json_write.h"

#define IDEMPOTENCY_RECORD STR("Idempotency")

static bool key_is_valid(Str key)
{
    for (size_t i = 0; i < key.n; i++) {
        if (key.p[i] < '!' || key.p[i] > '~') {
            return false;
        }
    }
    return key.n > 0 && key.n <= IDEMPOTENCY_KEY_BYTES_MAX;
}

static Error fingerprint_text(Arena *arena, const uint8_t fingerprint[SHA256_BYTES], Str *ret_text)
{
    Buf buf = buf_in(arena);
    encode_base64url(&buf, str_bytes(fingerprint, SHA256_BYTES));
    return buf_finish(&buf, ret_text);
}

static Error replay(VaultCall *call, const Subject *subject, const StoreDoc *doc,
                    Idempotency *idempotency)
{
    Str plaintext;
    JsonValue object;
    Str seen;
    Str asked;
    TRY(record_doc_open(call->arena, subject, IDEMPOTENCY_RECORD, doc, &idempotency->record_version,
                        &plaintext));
    TRY(record_json(call->arena, plaintext, &object));
    TRY(record_json_text(call->arena, object, STR("fingerprint"), &seen));
    TRY(fingerprint_text(call->arena, idempotency->fingerprint, &asked));
    ENSURE(str_eq(seen, asked), IDEMPOTENCY_MISMATCH, NULL);
    TRY(record_json_text(call->arena, object, STR("answer"), &idempotency->answer));
    idempotency->is_replay = true;
    return OK;
}

Error idempotency_find(VaultCall *call, const Subject *subject, Str key,
                       const uint8_t fingerprint[SHA256_BYTES], Idempotency *ret_idempotency)
{
    ENSURE(key_is_valid(key), IDEMPOTENCY_KEY, NULL);
    Idempotency found = {0};
    memcpy(found.fingerprint, fingerprint, SHA256_BYTES);
    const Str parts[] = {str_bytes(subject->id, SUBJECT_ID_BYTES), key};
    TRY(record_key(call, STR("idem"), parts, 2, &found.key));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_IDEMPOTENCY, found.key.text, &doc));
    if (doc.version > 0) {
        int64_t expires;
        int64_t record_version;
        TRY(doc_get_int(doc.body, "x", &expires));
        TRY(doc_get_int(doc.body, "v", &record_version));
        found.doc_version = doc.version;
        found.record_version = (uint64_t)record_version;
        if (expires > call->now_us / CLOCK_SECOND_US) {
            TRY(replay(call, subject, &doc, &found));
        }
    }
    *ret_idempotency = found;
    return OK;
}

static Error plaintext_in(Arena *arena, const Idempotency *idempotency, Str answer,
                          Str *ret_plaintext)
{
    Str fingerprint;
    TRY(fingerprint_text(arena, idempotency->fingerprint, &fingerprint));
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("fingerprint"), fingerprint);
    json_write_member_string(&json, STR("answer"), answer);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_plaintext);
}

Error idempotency_keep(VaultCall *call, Subject *subject, StoreBatch *batch,
                       const Idempotency *idempotency, Str answer)
{
    uint64_t version = idempotency->record_version + 1;
    Str plaintext;
    Str envelope;
    TRY(plaintext_in(call->arena, idempotency, answer, &plaintext));
    TRY(record_seal(call->arena, subject, &idempotency->key, IDEMPOTENCY_RECORD, version, plaintext,
                    &envelope));
    DocWriter *writer = record_doc_in(call->arena, subject, version, envelope);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_int(writer, "x", (call->now_us + IDEMPOTENCY_LIFETIME_US) / CLOCK_SECOND_US);
    DocBody body;
    TRY(doc_finish(writer, &body));
    subject_require(subject, batch);
    if (idempotency->doc_version == 0) {
        store_batch_insert(batch, STORE_IDEMPOTENCY, idempotency->key.text, body);
    } else {
        store_batch_replace(batch, STORE_IDEMPOTENCY, idempotency->key.text,
                            idempotency->doc_version, body);
    }
    return OK;
}
