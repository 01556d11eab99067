#include "id_link.h"

#include <stdlib.h>

#include "id_link_record.h"
#include "record.h"
#include "utf8.h"

static Error forward_key(VaultCall *call, Str service, Str user_id, RecordKey *ret_key)
{
    const Str parts[] = {service, user_id};
    return record_key(call, STR("link"), parts, 2, ret_key);
}

static Error reverse_key(VaultCall *call, const uint8_t subject[SUBJECT_ID_BYTES], Str service,
                         RecordKey *ret_key)
{
    const Str parts[] = {service, str_bytes(subject, SUBJECT_ID_BYTES)};
    return record_key(call, STR("rlink"), parts, 2, ret_key);
}

bool id_link_user_id_is_valid(Str user_id)
{
    if (user_id.n == 0 || user_id.n > ID_LINK_USER_ID_BYTES_MAX || !utf8_is_valid(user_id)) {
        return false;
    }
    const Str forbidden = STR("<>\"'=;()&?/#");
    for (size_t i = 0; i < user_id.n; i++) {
        unsigned char c = (unsigned char)user_id.p[i];
        if (c <= ' ' || c == 0x7f || str_find(forbidden, (char)c) < forbidden.n) {
            return false;
        }
    }
    return true;
}

/* --- reading ---------------------------------------------------------------------------------- */

Error id_link_key_of_subject(VaultCall *call, const uint8_t subject[SUBJECT_ID_BYTES], Str service,
                             Str *ret_key)
{
    RecordKey key;
    TRY(reverse_key(call, subject, service, &key));
    *ret_key = key.text;
    return OK;
}

Error id_link_open(VaultCall *call, const Subject *subject, const StoreDoc *doc, IdLink *ret_link)
{
    IdLink link;
    Str plaintext;
    uint64_t record_version;
    TRY(record_doc_open(call->arena, subject, STR("IdLink"), doc, &record_version, &plaintext));
    TRY(id_link_record_read(call->arena, plaintext, &link));
    link.record_version = record_version;
    link.key = doc->key;
    link.version = doc->version;
    *ret_link = link;
    return OK;
}

static Error document_subject(VaultCall *call, const StoreDoc *doc, Subject *ret_subject)
{
    Str text;
    uint8_t id[SUBJECT_ID_BYTES];
    TRY(doc_get_text(doc->body, "s", &text));
    ENSURE(pseudonym_parse_16(text, id), STORE_CORRUPT, "link subject");
    return subject_load(call, id, ret_subject);
}

/* What is unknown, frozen, undone and erased leave through one place, so that nobody can tell them
 * apart. */
static Error unknown_link(void)
{
    return FAIL(LINK_UNKNOWN, NULL);
}

static Error find_active(VaultCall *call, const RecordKey *key, Subject *subject, IdLink *ret_link)
{
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_LINKS, key->text, &doc));
    if (doc.version == 0) {
        return unknown_link();
    }
    if (subject->key == NULL) {
        Error error = document_subject(call, &doc, subject);
        if (FAILED(error)) {
            return error.reason == REASON_SUBJECT_UNKNOWN ? unknown_link() : error;
        }
    }
    IdLink link;
    TRY(id_link_open(call, subject, &doc, &link));
    if (link.state != LINK_ACTIVE) {
        return unknown_link();
    }
    *ret_link = link;
    return OK;
}

Error id_link_find(VaultCall *call, Str service, Str user_id, Subject *ret_subject,
                   IdLink *ret_link)
{
    RecordKey key;
    TRY(forward_key(call, service, user_id, &key));
    CLEANUP(subject_done) Subject subject = {0};
    IdLink link;
    TRY(find_active(call, &key, &subject, &link));
    *ret_link = link;
    *ret_subject = subject;
    subject.key = NULL;
    return OK;
}

Error id_link_of_subject(VaultCall *call, Subject *subject, Str service, IdLink *ret_link)
{
    RecordKey key;
    TRY(reverse_key(call, subject->id, service, &key));
    return find_active(call, &key, subject, ret_link);
}

static int by_service(const void *a, const void *b)
{
    return str_compare(((const IdLink *)a)->service, ((const IdLink *)b)->service);
}

Error id_link_list(VaultCall *call, Subject *subject, IdLink **ret_links, size_t *ret_count)
{
    StoreFind find = {.collection = STORE_LINKS,
                      .index = "by_subject",
                      .equal = {STORE_TEXT(subject_text(subject))},
                      .equal_count = 1,
                      .limit = STORE_FIND_LIMIT_MAX};
    StoreDoc *docs;
    size_t count;
    TRY(store_find(call->snapshot, call->arena, &find, &docs, &count));
    IdLink *links = ARENA_MANY(call->arena, IdLink, count);
    ENSURE_ALLOC(links, call->arena);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        IdLink link;
        TRY(id_link_open(call, subject, &docs[i], &link));
        Str reverse;
        TRY(id_link_key_of_subject(call, subject->id, link.service, &reverse));
        if (str_eq(reverse, docs[i].key)) {
            links[kept++] = link;
        }
    }
    qsort(links, kept, sizeof *links, by_service);
    *ret_links = links;
    *ret_count = kept;
    return OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* What stands in the store where a new link wants to go. */
typedef struct LinkPlace {
    RecordKey key;
    uint64_t doc_version; /* 0: free */
    uint64_t record_version;
    IdLink old; /* when occupied by something that can be opened */
    bool has_old;
} LinkPlace;

static Error place_look(VaultCall *call, const Subject *owner, LinkPlace *place)
{
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_LINKS, place->key.text, &doc));
    if (doc.version == 0) {
        return OK;
    }
    int64_t record_version;
    TRY(doc_get_int(doc.body, "v", &record_version));
    place->doc_version = doc.version;
    place->record_version = (uint64_t)record_version;
    if (owner != NULL) {
        place->has_old = true;
        return id_link_open(call, owner, &doc, &place->old);
    }
    CLEANUP(subject_done) Subject other = {0};
    Error error = document_subject(call, &doc, &other);
    if (FAILED(error)) {
        /* The citizen who had this user id was erased: the id is free again. */
        return error.reason == REASON_SUBJECT_UNKNOWN ? OK : error;
    }
    place->has_old = true;
    return id_link_open(call, &other, &doc, &place->old);
}

static Error place_write(VaultCall *call, StoreBatch *batch, const Subject *subject,
                         const LinkPlace *place, const IdLink *link)
{
    Str plaintext;
    Str envelope;
    uint64_t version = place->record_version + 1;
    TRY(id_link_record_write(call->arena, link, &plaintext));
    TRY(record_seal(call->arena, subject, &place->key, STR("IdLink"), version, plaintext,
                    &envelope));
    DocWriter *writer = record_doc_in(call->arena, subject, version, envelope);
    ENSURE_ALLOC(writer, call->arena);
    DocBody body;
    TRY(doc_finish(writer, &body));
    if (place->doc_version == 0) {
        store_batch_insert(batch, STORE_LINKS, place->key.text, body);
    } else {
        store_batch_replace(batch, STORE_LINKS, place->key.text, place->doc_version, body);
    }
    return OK;
}

static Error link_check(Str service, Str user_id, const LinkProof *proof)
{
    ENSURE(service.n > 0 && service.n <= 64, LINK_INVALID, "service");
    ENSURE(id_link_user_id_is_valid(user_id), LINK_INVALID, "user id");
    ENSURE(proof->method.n > 0, LINK_INVALID, "proof");
    return OK;
}

Error id_link_add(VaultCall *call, StoreBatch *batch, Subject *subject, Str service, Str user_id,
                  const LinkProof *proof)
{
    TRY(link_check(service, user_id, proof));
    LinkPlace forward = {0};
    LinkPlace reverse = {0};
    TRY(forward_key(call, service, user_id, &forward.key));
    TRY(reverse_key(call, subject->id, service, &reverse.key));
    if (!subject->is_new) {
        TRY(place_look(call, NULL, &forward));
        TRY(place_look(call, subject, &reverse));
    }
    ENSURE(!forward.has_old || forward.old.state == LINK_UNLINKED, LINK_EXISTS, NULL);
    ENSURE(!reverse.has_old || reverse.old.state == LINK_UNLINKED, LINK_EXISTS, NULL);
    LinkEvent event = {.at_us = call->now_us, .state = LINK_ACTIVE, .reason = proof->method};
    IdLink link = {.service = service,
                   .user_id = user_id,
                   .epoch = reverse.has_old ? reverse.old.epoch + 1 : 1,
                   .state = LINK_ACTIVE,
                   .proof = *proof,
                   .linked_us = call->now_us,
                   .events = reverse.old.events,
                   .event_count = reverse.old.event_count};
    TRY(id_link_record_event(call->arena, &link, &event));
    subject_require(subject, batch);
    TRY(place_write(call, batch, subject, &forward, &link));
    return place_write(call, batch, subject, &reverse, &link);
}

static bool may_change(LinkState from, LinkState to)
{
    return from != to && from != LINK_UNLINKED;
}

Error id_link_change(VaultCall *call, StoreBatch *batch, Subject *subject, Str service,
                     LinkState state, Str reason)
{
    LinkPlace reverse = {0};
    TRY(reverse_key(call, subject->id, service, &reverse.key));
    TRY(place_look(call, subject, &reverse));
    ENSURE(reverse.has_old, LINK_UNKNOWN, NULL);
    ENSURE(may_change(reverse.old.state, state), LINK_INVALID, "state");
    IdLink link = reverse.old;
    LinkPlace forward = {0};
    TRY(forward_key(call, service, link.user_id, &forward.key));
    TRY(place_look(call, subject, &forward));
    LinkEvent event = {.at_us = call->now_us, .state = state, .reason = reason};
    link.state = state;
    TRY(id_link_record_event(call->arena, &link, &event));
    subject_require(subject, batch);
    TRY(place_write(call, batch, subject, &forward, &link));
    return place_write(call, batch, subject, &reverse, &link);
}
