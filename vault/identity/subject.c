#include "subject.h"

#include <string.h>

#define KEY_FORMAT 1

static void subject_fill(Subject *subject, const uint8_t id[SUBJECT_ID_BYTES])
{
    *subject = (Subject){0};
    memcpy(subject->id, id, SUBJECT_ID_BYTES);
    pseudonym_text_16(id, subject->text);
}

/* tenant is the subject's own: the platform subject lives under "" whoever calls. */
static Error subject_borrow(VaultCall *call, Str tenant, const StoreDoc *doc, Subject *subject)
{
    int32_t format;
    int64_t generation;
    Str wrapped;
    TRY(doc_format(doc->body, &format));
    TRY(doc_get_int(doc->body, "g", &generation));
    ENSURE(format == KEY_FORMAT && generation > 0 && generation <= UINT32_MAX, STORE_CORRUPT,
           "key document");
    TRY(doc_get_bytes(doc->body, "w", &wrapped));
    TRY(keyring_borrow_subject_key(call->core->keyring, tenant, subject->id, (uint32_t)generation,
                                   wrapped, &subject->key));
    subject->key_version = doc->version;
    return OK;
}

Error subject_load_of(VaultCall *call, Str tenant, const uint8_t id[SUBJECT_ID_BYTES],
                      Subject *ret_subject)
{
    Subject subject;
    subject_fill(&subject, id);
    ENSURE(!keyring_is_sealed(call->core->keyring), VAULT_SEALED, NULL);
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_KEYS, str_from(subject.text), &doc));
    ENSURE(doc.version > 0, SUBJECT_UNKNOWN, NULL);
    TRY(subject_borrow(call, tenant, &doc, &subject));
    *ret_subject = subject;
    return OK;
}

Error subject_load(VaultCall *call, const uint8_t id[SUBJECT_ID_BYTES], Subject *ret_subject)
{
    return subject_load_of(call, call->tenant, id, ret_subject);
}

static Error subjects_borrow(VaultCall *call, const StoreDoc *docs, size_t count, Subject *subjects)
{
    for (size_t i = 0; i < count; i++) {
        if (docs[i].version == 0) {
            continue;
        }
        Error error = subject_borrow(call, call->tenant, &docs[i], &subjects[i]);
        if (FAILED(error)) {
            subjects_done(subjects, count);
            return error;
        }
    }
    return OK;
}

Error subject_load_many(VaultCall *call, const uint8_t (*ids)[SUBJECT_ID_BYTES], size_t count,
                        Subject *ret_subjects)
{
    ENSURE(!keyring_is_sealed(call->core->keyring), VAULT_SEALED, NULL);
    Str *keys = ARENA_MANY(call->arena, Str, count);
    ENSURE_ALLOC(keys, call->arena);
    StoreDoc *docs = ARENA_MANY(call->arena, StoreDoc, count);
    ENSURE_ALLOC(docs, call->arena);
    for (size_t i = 0; i < count; i++) {
        subject_fill(&ret_subjects[i], ids[i]);
        keys[i] = str_from(ret_subjects[i].text);
    }
    TRY(store_get_many(call->snapshot, call->arena, STORE_KEYS, keys, count, docs));
    return subjects_borrow(call, docs, count, ret_subjects);
}

Error subject_create(VaultCall *call, Str tenant, const uint8_t id[SUBJECT_ID_BYTES],
                     StoreBatch *batch, Subject *ret_subject)
{
    CLEANUP(subject_done) Subject subject;
    subject_fill(&subject, id);
    Str wrapped;
    TRY(keyring_new_subject_key(call->core->keyring, tenant, id, 1, call->arena, &wrapped,
                                &subject.key));
    DocWriter *writer = doc_writer_in(call->arena, KEY_FORMAT);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_text(writer, "t", tenant);
    doc_put_int(writer, "g", 1);
    doc_put_bytes(writer, "w", wrapped);
    DocBody body;
    TRY(doc_finish(writer, &body));
    store_batch_insert(batch, STORE_KEYS, str_from(subject.text), body);
    subject.key_version = 1;
    subject.is_new = true;
    subject.required_in = batch;
    *ret_subject = subject;
    subject.key = NULL;
    return OK;
}

void subject_require(Subject *subject, StoreBatch *batch)
{
    if (subject->required_in != batch) {
        store_batch_require(batch, STORE_KEYS, subject_text(subject), subject->key_version);
        subject->required_in = batch;
    }
}

Str subject_text(const Subject *subject)
{
    return str_from(subject->text);
}

void subject_done(Subject *subject)
{
    subject->key = subject_key_unref(subject->key);
}

void subjects_done(Subject *subjects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        subject_done(&subjects[i]);
    }
}
