#include "service_account.h"

#include <stdlib.h>
#include <string.h>

#include "access_token.h"
#include "encode.h"
#include "hash.h"
#include "ip_range.h"
#include "json_write.h"
#include "opaque_token.h"
#include "platform.h"
#include "record.h"
#include "service_subject.h"
#include "vault_call.h"

#define NAME_BYTES_MAX 200
#define JWKS_BYTES_MAX 16384
#define PURPOSES_MAX 50
#define ACCOUNTS_MAX 1000
#define ALLOW_FROM_MAX 100
#define SECRET_KIND STR("client-secret")

static const Str STATE_TEXTS[] = {
    [SERVICE_ACTIVE] = STR_INIT("active"),
    [SERVICE_SUSPENDED] = STR_INIT("suspended"),
};
_Static_assert(sizeof STATE_TEXTS / sizeof STATE_TEXTS[0] == SERVICE_STATE_COUNT_,
               "one text for each state");

_Static_assert(SERVICE_SECRET_TEXT_BYTES == OPAQUE_TOKEN_TEXT_BYTES &&
                   SERVICE_SECRET_HASH_BYTES == OPAQUE_TOKEN_HASH_BYTES,
               "a secret is an opaque token");

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

/* A shared secret lies in configuration files of others: it opens what is open anyway. */
static Error secret_check(const ServiceAccount *account, JsonValue keys)
{
    if (account->has_secret) {
        ENSURE(account->purposes.count == 0, SERVICE_INVALID, "a secret and purposes");
        ENSURE(json_count(keys) == 0, SERVICE_INVALID, "a secret and keys");
    }
    return OK;
}

static Error allow_from_check(StrList rules)
{
    ENSURE(rules.count <= ALLOW_FROM_MAX, SERVICE_INVALID, "addresses");
    for (size_t i = 0; i < rules.count; i++) {
        ENSURE(ip_rule_is_valid(rules.items[i]), SERVICE_INVALID, "addresses");
    }
    return OK;
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
    TRY(allow_from_check(account->allow_from));
    return secret_check(account, keys);
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

static void write_texts(JsonWriter *json, Str name, StrList texts)
{
    json_write_key(json, name);
    json_write_begin_array(json);
    for (size_t i = 0; i < texts.count; i++) {
        json_write_string(json, texts.items[i]);
    }
    json_write_end_array(json);
}

static Error write_secret(Arena *arena, JsonWriter *json, const ServiceAccount *account)
{
    Buf hash = buf_in(arena);
    Str text;
    if (account->has_secret) {
        encode_hex(&hash, str_bytes(account->secret_hash, sizeof account->secret_hash));
    }
    TRY(buf_finish(&hash, &text));
    json_write_member_string(json, STR("secret"), text);
    return OK;
}

static Error account_write(Arena *arena, const ServiceAccount *account, Str *ret_json)
{
    Buf buf = buf_in(arena);
    JsonWriter json = json_writer(&buf);
    json_write_begin_object(&json);
    json_write_member_string(&json, STR("clientId"), account->client_id);
    json_write_member_string(&json, STR("nameJa"), account->name_ja);
    json_write_member_string(&json, STR("jwks"), account->jwks);
    write_texts(&json, STR("purposes"), account->purposes);
    write_texts(&json, STR("allowFrom"), account->allow_from);
    TRY(write_secret(arena, &json, account));
    json_write_member_string(&json, STR("state"), STATE_TEXTS[account->state]);
    json_write_member_int(&json, STR("createdUs"), account->created_us);
    json_write_end_object(&json);
    return json_write_finish(&json, ret_json);
}

static Error texts_read(Arena *arena, JsonValue list, StrList *ret_texts)
{
    Str *items = ARENA_MANY(arena, Str, json_count(list));
    ENSURE_ALLOC(items, arena);
    JsonIter iter = json_iter(list);
    JsonValue item;
    size_t count = 0;
    while (json_next(&iter, NULL, &item)) {
        ENSURE(json_is(item, JSON_STRING), STORE_CORRUPT, "service list");
        TRY(json_string_in(arena, item, &items[count++]));
    }
    *ret_texts = (StrList){.items = items, .count = count};
    return OK;
}

static Error purposes_read(Arena *arena, JsonValue object, StrList *ret_purposes)
{
    JsonValue list;
    TRY(record_json_list(object, STR("purposes"), &list));
    return texts_read(arena, list, ret_purposes);
}

/* Records from before there were rules of addresses have no list: nowhere is allowed. */
static Error allow_from_read(Arena *arena, JsonValue object, StrList *ret_rules)
{
    JsonValue list;
    *ret_rules = (StrList){0};
    if (!json_member(object, STR("allowFrom"), &list)) {
        return OK;
    }
    ENSURE(json_is(list, JSON_ARRAY), STORE_CORRUPT, "service addresses");
    return texts_read(arena, list, ret_rules);
}

static Error secret_read(Arena *arena, JsonValue object, ServiceAccount *account)
{
    JsonValue member;
    Str text;
    Str hash;
    if (!json_member(object, STR("secret"), &member) || json_string_is(member, STR_EMPTY)) {
        return OK;
    }
    TRY(record_json_text(arena, object, STR("secret"), &text));
    Error error = decode_hex_in(arena, text, &hash);
    ENSURE(error.code != ERROR_BAD_INPUT, STORE_CORRUPT, "service secret");
    TRY(error);
    ENSURE(hash.n == sizeof account->secret_hash, STORE_CORRUPT, "service secret");
    memcpy(account->secret_hash, hash.p, hash.n);
    account->has_secret = true;
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
    TRY(allow_from_read(arena, object, &account.allow_from));
    TRY(secret_read(arena, object, &account));
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
    current.allow_from = account->allow_from;
    current.has_secret = account->has_secret;
    memcpy(current.secret_hash, account->secret_hash, sizeof current.secret_hash);
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

bool service_account_allows_from(const ServiceAccount *account, Str source)
{
    return ip_rules_cover(account->allow_from.items, account->allow_from.count, source);
}

Error service_account_make_secret(VaultCall *call, ServiceAccount *account,
                                  char ret_secret[SERVICE_SECRET_TEXT_BYTES])
{
    char secret[OPAQUE_TOKEN_TEXT_BYTES];
    uint8_t hash[OPAQUE_TOKEN_HASH_BYTES];
    TRY(opaque_token_make(call->core->ports, secret));
    TRY(opaque_token_hash(call->core->keyring, SECRET_KIND, str_from(secret), hash));
    memcpy(account->secret_hash, hash, sizeof hash);
    account->has_secret = true;
    memcpy(ret_secret, secret, sizeof secret);
    crypto_wipe(secret, sizeof secret);
    return OK;
}

Error service_account_check_secret(VaultCall *call, const ServiceAccount *account, Str secret,
                                   bool *ret_is_right)
{
    uint8_t hash[OPAQUE_TOKEN_HASH_BYTES];
    TRY(opaque_token_hash(call->core->keyring, SECRET_KIND, secret, hash));
    *ret_is_right =
        account->has_secret &&
        crypto_equal(str_bytes(hash, sizeof hash), str_bytes(account->secret_hash, sizeof hash));
    return OK;
}
