#include "service_account.h"

#include <stdlib.h>
#include <string.h>

#include "access_token.h"
#include "json_write.h"
#include "platform.h"
#include "record.h"
#include "service_subject.h"
#include "vault_call.h"

#define NAME_BYTES_MAX 200
#define JWKS_BYTES_MAX 16384
#define PURPOSES_MAX 50
#define ACCOUNTS_MAX 1000

static const Str STATE_TEXTS[] = {
    [SERVICE_ACTIVE] = STR_INIT("active"),
    [SERVICE_SUSPENDED] = STR_INIT("suspended"),
};
_Static_assert(sizeof STATE_TEXTS / sizeof STATE_TEXTS[0] == SERVICE_STATE_COUNT_,
               "one text for each state");

static bool client_id_is_valid(Str id)
{
    if (id.n == 0 || id.n > SERVICE_CLIENT_ID_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return true;
}

static Error account_check(Arena *arena, const ServiceAccount *account)
{
    ENSURE(client_id_is_valid(account->client_id), SERVICE_INVALID, "client id");
    ENSURE(account->name_ja.n > 0 && account->name_ja.n <= NAME_BYTES_MAX, SERVICE_INVALID, "name");
    ENSURE(account->purposes.count <= PURPOSES_MAX, SERVICE_INVALID, "purposes");
    ENSURE(account->jwks.n <= JWKS_BYTES_MAX, SERVICE_INVALID, "keys");
    JsonValue jwks;
    JsonValue keys;
    Error error = json_parse(arena, account->jwks, JSON_LIMITS_API, &jwks);
    bool is_set =
        !FAILED(error) && json_member(jwks, STR("keys"), &keys) && json_is(keys, JSON_ARRAY);
    ENSURE(is_set, SERVICE_INVALID, "keys");
    return OK;
}

static Error account_key(VaultCall *call, Str client_id, RecordKey *ret_key)
{
    return record_key(call, STR("service"), &client_id, 1, ret_key);
}

static Error tenant_token(VaultCall *call, Str *ret_token)
{
    RecordKey key;
    TRY(record_key(call, STR("services"), NULL, 0, &key));
    *ret_token = key.text;
    return OK;
}

/* --- the record ------------------------------------------------------------------------------- */

static Error account_write(Arena *arena, const ServiceAccount *account, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("clientId"), account->client_id);
    json_write_member_string(&json, STR("nameJa"), account->name_ja);
    json_write_member_string(&json, STR("jwks"), account->jwks);
    json_write_key(&json, STR("purposes"));
    json_write_begin_array(&json);
    for (size_t i = 0; i < account->purposes.count; i++) {
        json_write_string(&json, account->purposes.items[i]);
    }
    json_write_end_array(&json);
    json_write_member_string(&json, STR("state"), STATE_TEXTS[account->state]);
    json_write_member_int(&json, STR("createdUs"), account->created_us);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_json);
}

static Error purposes_read(Arena *arena, JsonValue object, StrList *ret_purposes)
{
    JsonValue list;
    TRY(record_json_list(object, STR("purposes"), &list));
    Str *items = ARENA_MANY(arena, Str, json_count(list));
    ENSURE_ALLOC(items, arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        ENSURE(json_is(item, JSON_STRING), STORE_CORRUPT, "service purposes");
        TRY(json_string_in(arena, item, &items[count++]));
    }
    *ret_purposes = (StrList){.items = items, .count = count};
    return OK;
}

static Error account_read(Arena *arena, Str json, ServiceAccount *ret_account)
{
    JsonValue object;
    ServiceAccount account = {0};
    Str state;
    TRY(record_json(arena, json, &object));
    TRY(record_json_text(arena, object, STR("clientId"), &account.client_id));
    TRY(record_json_text(arena, object, STR("nameJa"), &account.name_ja));
    TRY(record_json_text(arena, object, STR("jwks"), &account.jwks));
    TRY(record_json_int(object, STR("createdUs"), &account.created_us));
    TRY(record_json_text(arena, object, STR("state"), &state));
    TRY(purposes_read(arena, object, &account.purposes));
    account.state = str_eq(state, STATE_TEXTS[SERVICE_ACTIVE]) ? SERVICE_ACTIVE : SERVICE_SUSPENDED;
    *ret_account = account;
    return OK;
}

static Error account_open(VaultCall *call, const Subject *platform, const StoreDoc *doc,
                          ServiceAccount *ret_account)
{
    uint64_t record_version;
    Str plaintext;
    ServiceAccount account;
    TRY(record_doc_open(call->arena, platform, STR("ServiceAccount"), doc, &record_version,
                        &plaintext));
    TRY(account_read(call->arena, plaintext, &account));
    account.version = doc->version;
    *ret_account = account;
    return OK;
}

/* version: of the stored document that is replaced; 0 = none. Record and document versions rise
 * together. */
static Error account_put(VaultCall *call, StoreBatch *batch, Subject *platform,
                         const ServiceAccount *account, uint64_t version)
{
    RecordKey key;
    Str json;
    Str envelope;
    Str tenant;
    TRY(account_key(call, account->client_id, &key));
    TRY(account_write(call->arena, account, &json));
    TRY(record_seal(call->arena, platform, &key, STR("ServiceAccount"), version + 1, json,
                    &envelope));
    TRY(tenant_token(call, &tenant));
    DocWriter *writer = record_doc_in(call->arena, platform, version + 1, envelope);
    ENSURE_ALLOC(writer, call->arena);
    doc_put_text(writer, "t", tenant);
    DocBody body;
    TRY(doc_finish(writer, &body));
    subject_require(platform, batch);
    if (version == 0) {
        store_batch_insert(batch, STORE_SERVICES, key.text, body);
    } else {
        store_batch_replace(batch, STORE_SERVICES, key.text, version, body);
    }
    return OK;
}

/* --- calls ------------------------------------------------------------------------------------ */

Error service_account_create(VaultCall *call, const ServiceAccount *account)
{
    TRY(account_check(call->arena, account));
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    ServiceAccount created = *account;
    created.state = SERVICE_ACTIVE;
    created.created_us = call->now_us;
    CLEANUP(subject_done) Subject own = {0};
    TRY(service_subject_create(call, account->client_id, batch, &own));
    TRY(account_put(call, batch, &platform, &created, 0));
    Error error = store_commit(call->core->store, batch, call->deadline, NULL);
    if (FAILED(error) && error.reason == REASON_STORE_EXISTS) {
        return FAIL(SERVICE_EXISTS, str_argument(call->arena, account->client_id));
    }
    return error;
}

static Error account_load(VaultCall *call, const Subject *platform, Str client_id,
                          ServiceAccount *ret_account)
{
    RecordKey key;
    TRY(account_key(call, client_id, &key));
    StoreDoc doc;
    TRY(store_get(call->snapshot, call->arena, STORE_SERVICES, key.text, &doc));
    ENSURE(doc.version > 0, SERVICE_UNKNOWN, NULL);
    return account_open(call, platform, &doc, ret_account);
}

Error service_account_find(VaultCall *call, Str client_id, ServiceAccount *ret_account)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    return account_load(call, &platform, client_id, ret_account);
}

static Error account_replace(VaultCall *call, Subject *platform, const ServiceAccount *account)
{
    StoreBatch *batch = store_batch_in(call->arena);
    ENSURE_ALLOC(batch, call->arena);
    TRY(account_put(call, batch, platform, account, account->version));
    return store_commit(call->core->store, batch, call->deadline, NULL);
}

/* A snapshot of its own, begun after the state was committed: tokens issued before are seen by it,
 * and none can be issued after, because issuing requires the account's document at the version that
 * was read. */
static Error tokens_remove(VaultCall *call, Str client_id)
{
    VaultCall later;
    TRY(vault_call_open(call->core, call->arena, call->tenant, call->deadline, &later));
    size_t count;
    Error error = access_token_revoke_client(&later, client_id, &count);
    vault_call_close(&later);
    return error;
}

Error service_account_set_state(VaultCall *call, Str client_id, ServiceState state)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    ServiceAccount account;
    TRY(account_load(call, &platform, client_id, &account));
    account.state = state;
    TRY(account_replace(call, &platform, &account));
    return state == SERVICE_SUSPENDED ? tokens_remove(call, client_id) : OK;
}

Error service_account_update(VaultCall *call, const ServiceAccount *account)
{
    TRY(account_check(call->arena, account));
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    ServiceAccount current;
    TRY(account_load(call, &platform, account->client_id, &current));
    current.name_ja = account->name_ja;
    current.jwks = account->jwks;
    current.purposes = account->purposes;
    return account_replace(call, &platform, &current);
}

static int by_client_id(const void *a, const void *b)
{
    return str_compare(((const ServiceAccount *)a)->client_id,
                       ((const ServiceAccount *)b)->client_id);
}

Error service_account_list(VaultCall *call, ServiceAccount **ret_accounts, size_t *ret_count)
{
    CLEANUP(subject_done) Subject platform = {0};
    TRY(platform_subject_load(call, &platform));
    Str tenant;
    TRY(tenant_token(call, &tenant));
    StoreFind find = {.collection = STORE_SERVICES,
                      .index = "by_tenant",
                      .equal = {STORE_TEXT(tenant)},
                      .equal_count = 1,
                      .limit = ACCOUNTS_MAX};
    StoreDoc *docs;
    size_t count;
    TRY(store_find(call->snapshot, call->arena, &find, &docs, &count));
    ServiceAccount *accounts = ARENA_MANY(call->arena, ServiceAccount, count);
    ENSURE_ALLOC(accounts, call->arena);
    for (size_t i = 0; i < count; i++) {
        TRY(account_open(call, &platform, &docs[i], &accounts[i]));
    }
    qsort(accounts, count, sizeof *accounts, by_client_id);
    *ret_accounts = accounts;
    *ret_count = count;
    return OK;
}

bool service_account_has_purpose(const ServiceAccount *account, Str purpose)
{
    return str_list_has(account->purposes, purpose);
}
