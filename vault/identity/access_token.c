#include "access_token.h"

#include <string.h>

#include "encode.h"
#include "json_write.h"
#include "opaque_token.h"
#include "platform.h"
#include "record.h"
#include "service_account.h"
#include "sweep.h"

#define REVOKE_STEP 500
#define ACCESS_KIND STR("access")
#define TOKEN_RECORD STR("AccessToken")

static const Str KIND_TEXTS[] = {
    [TOKEN_SERVICE] = STR_INIT("service"),
    [TOKEN_CITIZEN] = STR_INIT("citizen"),
};
_Static_assert(sizeof KIND_TEXTS / sizeof KIND_TEXTS[0] == TOKEN_KIND_COUNT_,
               "one text for each kind");

/* The first half of the keyed hash names the document; 128 bits of a 256-bit secret can't be met by
 * chance. */
static Error token_key(VaultCall *call, Str token, RecordKey *ret_key)
{
    uint8_t hash[OPAQUE_TOKEN_HASH_BYTES];
    TRY(opaque_token_hash(call->core->keyring, ACCESS_KIND, token, hash));
    RecordKey key;
    memcpy(key.id, hash, sizeof key.id);
    char text[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(key.id, text);
    TRY(str_copy_in(call->arena, str_from(text), &key.text));
    *ret_key = key;
    return OK;
}

static Error owner_token(VaultCall *call, Str client, Str *ret_token)
{
    RecordKey key;
    TRY(record_key(call, STR("token-owner"), &client, 1, &key));
    *ret_token = key.text;
    return OK;
}

/* --- the record ------------------------------------------------------------------------------- */

static Error token_write(Arena *arena, const AccessToken *token, Str *ret_json)
{
    char subject[PSEUDONYM_TEXT_16_BYTES];
    pseudonym_text_16(token->subject, subject);
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("kind"), KIND_TEXTS[token->kind]);
    json_write_member_string(&json, STR("client"), token->client);
    json_write_member_string(&json, STR("tenant"), token->tenant);
    json_write_member_string(&json, STR("purpose"), token->purpose);
    json_write_member_string(&json, STR("subject"), str_from(subject));
    json_write_member_string(&json, STR("scope"), token->scope);
    json_write_member_int(&json, STR("issuedUs"), token->issued_us);
    json_write_member_int(&json, STR("expiresUs"), token->expires_us);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_json);
}

static Error token_read(Arena *arena, Str plaintext, AccessToken *ret_token)
{
    JsonValue object;
    AccessToken token = {.kind = TOKEN_SERVICE};
    Str kind;
    Str subject;
    TRY(record_json(arena, plaintext, &object));
    TRY(record_json_text(arena, object, STR("kind"), &kind));
    token.kind = str_eq(kind, KIND_TEXTS[TOKEN_CITIZEN]) ? TOKEN_CITIZEN : TOKEN_SERVICE;
    TRY(record_json_text(arena, object, STR("client"), &token.client));
    TRY(record_json_text(arena, object, STR("tenant"), &token.tenant));
    TRY(record_json_text(arena, object, STR("purpose"), &token.purpose));
    TRY(record_json_text(arena, object, STR("subject"), &subject));
    ENSURE(pseudonym_parse_16(subject, token.subject), STORE_CORRUPT, "token subject");
    TRY(record_json_text(arena, object, STR("scope"), &token.scope));
    TRY(record_json_int(object, STR("issuedUs"), &token.issued_us));
    TRY(record_json_int(object, STR("expiresUs"), &token.expires_us));
    *ret_token = token;
    return OK;
}

/* --- issuing ---------------------------------------------------------------------------------- */

static Error service_require(VaultCall *call, const AccessToken *token, StoreBatch *batch)
{
    ServiceAccount account;
    TRY(service_account_find(call, token->client, &account));
    ENSURE(account.state == SERVICE_ACTIVE, SERVICE_UNKNOWN, NULL);
    bool is_registered =
        token->purpose.n == 0 || service_account_has_purpose(&account, token->purpose);
    ENSURE(is_registered, PURPOSE_NOT_REGISTERED, NULL);
    RecordKey key;
    TRY(record_key(call, STR("service"), &token->client, 1, &key));
    store_batch_require(batch, STORE_SERVICES, key.text, account.version);
    return OK;
}

static Error citizen_require(VaultCall *call, const AccessToken *token, StoreBatch *batch)
{
    CLEANUP(subject_done) Subject subject = {0};
    TRY(subject_load(call, token->subject, &subject));
    subject_require(&subject, batch);
    return OK;
}

/* Puts one sealed document that expires into STORE_TOKENS. */
static Error expiring_insert(VaultCall *call, StoreBatch *batch, Subject *platform,
                             const RecordKey *key, Str type, Str owner, Str plaintext,
                             int64_t expires_us)
{
    Str envelope;
    TRY(record_seal(call->arena, platform, key, type, 1, plaintext, &envelope));
    DocWriter *writer = record_doc_in(call->arena, platform, 1, envelope);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_int(writer, "x", expires_us / CLOCK_SECOND_US);
    doc_put_text(writer, "c", owner);
    DocBody body;
    TRY(doc_finish(writer, &body));
    subject_require(platform, batch);
    store_batch_insert(batch, STORE_TOKENS, key->text, body);
    return OK;
}

static Error token_insert(VaultCall *call, StoreBatch *batch, const AccessToken *token, Str text)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    RecordKey key;
    Str owner;
    Str plaintext;
    TRY(token_key(call, text, &key));
    TRY(owner_token(call, token->client, &owner));
    TRY(token_write(call->arena, token, &plaintext));
    return expiring_insert(call, batch, &platform, &key, TOKEN_RECORD, owner, plaintext,
                           token->expires_us);
}

Error access_token_issue(VaultCall *call, const AccessToken *wanted, Str *ret_token)
{
    AccessToken token = *wanted;
    token.tenant = call->tenant;
    token.issued_us = call->now_us;
    token.expires_us = call->now_us + ACCESS_TOKEN_LIFETIME_US;
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    if (token.kind == TOKEN_SERVICE) {
        memset(token.subject, 0, sizeof token.subject);
        TRY(service_require(call, &token, batch));
    } else {
        token.purpose = STR_EMPTY;
        TRY(citizen_require(call, &token, batch));
    }
    char text[OPAQUE_TOKEN_TEXT_BYTES];
    TRY(opaque_token_make(call->core->ports, text));
    Str copy;
    TRY(str_copy_in(call->arena, str_from(text), &copy));
    TRY(token_insert(call, batch, &token, copy));
    TRY(store_commit(call->core->store, batch, call->deadline, NULL));
    *ret_token = copy;
    return OK;
}

/* --- finding and revoking --------------------------------------------------------------------- */

/* Never issued, revoked and expired leave through one place. */
static Error invalid_token(void)
{
    return FAIL(TOKEN_INVALID, NULL);
}

static Error token_find(VaultCall *call, Str text, StoreDoc *ret_doc, AccessToken *ret_token)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    RecordKey key;
    TRY(token_key(call, text, &key));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_TOKENS, key.text, &doc));
    if (doc.version == 0) {
        return invalid_token();
    }
    uint64_t record_version;
    Str plaintext;
    AccessToken token;
    TRY(record_doc_open(call->arena, &platform, TOKEN_RECORD, &doc, &record_version, &plaintext));
    TRY(token_read(call->arena, plaintext, &token));
    if (token.expires_us <= call->now_us) {
        return invalid_token();
    }
    *ret_doc = doc;
    *ret_token = token;
    return OK;
}

Error access_token_find(VaultCall *call, Str token, AccessToken *ret_token)
{
    StoreDoc doc;
    return token_find(call, token, &doc, ret_token);
}

Error access_token_revoke(VaultCall *call, Str token, Str client)
{
    StoreDoc doc;
    AccessToken found;
    Error error = token_find(call, token, &doc, &found);
    if (FAILED(error)) {
        return error.reason == REASON_TOKEN_INVALID ? OK : error;
    }
    if (!str_eq(found.client, client) || !str_eq(found.tenant, call->tenant)) {
        return OK;
    }
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    store_batch_delete(batch, STORE_TOKENS, doc.key, doc.version);
    error = store_commit(call->core->store, batch, call->deadline, NULL);
    /* Somebody revoked or swept it meanwhile: it is gone, which was wanted. */
    return FAILED(error) && error.reason == REASON_STORE_CONFLICT ? OK : error;
}

/* Removes what a walk found; documents that went meanwhile make the commit conflict, and then each
 * goes alone. */
static Error remove_docs(VaultCall *call, const StoreDoc *docs, size_t count, size_t *removed)
{
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    for (size_t i = 0; i < count; i++) {
        store_batch_delete(batch, STORE_TOKENS, docs[i].key, docs[i].version);
    }
    Error error = store_commit(call->core->store, batch, call->deadline, NULL);
    if (!FAILED(error)) {
        *removed += count;
        return OK;
    }
    if (error.reason != REASON_STORE_CONFLICT || count == 1) {
        return error.reason == REASON_STORE_CONFLICT ? OK : error;
    }
    TRY(remove_docs(call, docs, count / 2, removed));
    return remove_docs(call, docs + count / 2, count - count / 2, removed);
}

static Error find_docs(VaultCall *call, const StoreFind *find, StoreDoc **ret_docs,
                       size_t *ret_count)
{
    static const char *const MEMBERS[] = {"f", NULL};
    StoreFind slim = *find;
    slim.members = MEMBERS;
    return store_find(call->snapshot, call->arena, &slim, ret_docs, ret_count);
}

Error access_token_revoke_client(VaultCall *call, Str client, size_t *ret_count)
{
    Str owner;
    TRY(owner_token(call, client, &owner));
    StoreFind find = {.collection = STORE_TOKENS,
                      .index = "by_owner",
                      .equal = {STORE_TEXT(owner)},
                      .equal_count = 1,
                      .limit = REVOKE_STEP};
    size_t removed = 0;
    for (;;) {
        StoreDoc *docs;
        size_t count;
        TRY(find_docs(call, &find, &docs, &count));
        if (count == 0) {
            break;
        }
        TRY(remove_docs(call, docs, count, &removed));
        /* The snapshot still shows what was removed: walk on behind it. */
        find.after = &docs[count - 1];
    }
    *ret_count = removed;
    return OK;
}

Error access_token_sweep(VaultCall *call, size_t limit, size_t *ret_removed)
{
    Error error = store_sweep(
        call->core->store, call->arena, STORE_TOKENS, "by_expiry", call->now_us / CLOCK_SECOND_US,
        limit < SWEEP_LIMIT_MAX ? limit : SWEEP_LIMIT_MAX, call->deadline, ret_removed);
    if (FAILED(error) && error.reason == REASON_STORE_CONFLICT) {
        /* Another node swept the same documents: nothing is left to do. */
        *ret_removed = 0;
        return OK;
    }
    return error;
}

/* --- assertions ------------------------------------------------------------------------------- */

Error service_account_use_assertion(VaultCall *call, Str client_id, Str jti, int64_t expires_us)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    const Str parts[] = {client_id, jti};
    RecordKey key;
    RecordKey owner;
    TRY(record_key(call, STR("assertion"), parts, 2, &key));
    /* Not the owner of tokens: revoking a client's tokens must not make its used assertions fresh
     * again. */
    TRY(record_key(call, STR("assertion-owner"), &client_id, 1, &owner));
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    TRY(expiring_insert(call, batch, &platform, &key, STR("Assertion"), owner.text, STR("used"),
                        expires_us));
    Error error = store_commit(call->core->store, batch, call->deadline, NULL);
    if (FAILED(error) && error.reason == REASON_STORE_EXISTS) {
        return FAIL(ASSERTION_REPLAYED, NULL);
    }
    return error;
}
