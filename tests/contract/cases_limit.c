/* What the port refuses: keys, bodies, sizes, walks, deadlines; and what just fits. */
#include "contract.h"

#include <string.h>

static void say_insert(Contract *contract, const char *what, Str key, DocBody body)
{
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, STORE_KEYS, key, body);
    contract_commit(contract, what, batch);
}

static void keys(Contract *contract)
{
    char text[STORE_KEY_BYTES_MAX + 1];
    char what[32];
    DocBody body = contract_body(contract->arena, 1);
    memset(text, 'k', sizeof text);
    say_insert(contract, "empty", STR_EMPTY, body);
    say_insert(contract, "longest", str_bytes(text, STORE_KEY_BYTES_MAX), body);
    say_insert(contract, "too long", str_bytes(text, STORE_KEY_BYTES_MAX + 1), body);
    const unsigned char bytes[] = {0, 1, 9, 10, 31, 32, 33, 36, 46, 126, 127, 128, 255};
    for (size_t i = 0; i < sizeof bytes; i++) {
        char key[3] = {'a', (char)bytes[i], 'z'};
        (void)snprintf(what, sizeof what, "byte %d inside", bytes[i]);
        say_insert(contract, what, str_bytes(key, 3), body);
    }
    StoreSnapshot *view = NULL;
    StoreDoc doc;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &view));
    contract_result(contract, "get by empty",
                    store_get(view, contract->arena, STORE_KEYS, STR_EMPTY, &doc));
    contract_result(contract, "get by blank",
                    store_get(view, contract->arena, STORE_KEYS, STR("a b"), &doc));
    (void)store_snapshot_close(view);
    contract_dump(contract, STORE_KEYS);
}

static void batch_misuse(Contract *contract)
{
    DocBody body = contract_body(contract->arena, 1);
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, STORE_KEYS, STR("a"), body);
    store_batch_insert(batch, STORE_META, STR("a"), body);
    store_batch_require(batch, STORE_KEYS, STR("a"), 1);
    store_batch_insert(batch, STORE_KEYS, STR("b"), body);
    contract_commit(contract, "document twice", batch);
    const uint64_t versions[] = {0, (uint64_t)INT64_MAX, UINT64_MAX, (uint64_t)INT64_MAX - 1};
    for (size_t i = 0; i < 4; i++) {
        batch = contract_batch(contract);
        store_batch_require(batch, STORE_KEYS, STR("a"), versions[i]);
        contract_commit(contract, "odd version", batch);
    }
    DocBody broken = {str_bytes(body.bytes.p, body.bytes.n - 1)};
    say_insert(contract, "cut body", STR("c"), broken);
    say_insert(contract, "no body", STR("c"), (DocBody){STR_EMPTY});
    say_insert(contract, "empty record", STR("c"), (DocBody){STR("\5\0\0\0")});
    batch = contract_batch(contract);
    store_batch_insert(batch, STORE_GRANTS, STR("c"),
                       contract_body_text(contract->arena, "t", "free member", 1));
    store_batch_insert(
        batch, STORE_LOG_LINES, STR("c"),
        contract_body_text(contract->arena, "t", "an index member of another kind", 1));
    contract_commit(contract, "wrong kind", batch);
    contract_dump(contract, STORE_KEYS);
    contract_dump(contract, STORE_GRANTS);
}

static void batch_of(Contract *contract, StoreBatch *batch, size_t count)
{
    DocBody body = contract_body(contract->arena, 1);
    char key[32];
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(key, sizeof key, "k%04zu", i);
        store_batch_insert(batch, STORE_KEYS, str_from(key), body);
    }
}

static void say_count(Contract *contract)
{
    StoreFind find = {.collection = STORE_KEYS};
    StoreSnapshot *view = NULL;
    int64_t count = -1;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &view));
    MUST(store_count(view, &find, &count));
    (void)store_snapshot_close(view);
    contract_say(contract, "count: %d\n", (int)count);
}

static void documents(Contract *contract)
{
    StoreBatch *batch = contract_batch(contract);
    batch_of(contract, batch, STORE_BATCH_DOCS_MAX + 1);
    contract_commit(contract, "one too many", batch);
    say_count(contract);
    batch = contract_batch(contract);
    batch_of(contract, batch, STORE_BATCH_DOCS_MAX);
    contract_commit(contract, "as many as may be", batch);
    say_count(contract);
}

/* {f, b: size bytes of a pattern}; the body's other bytes count too. */
static DocBody large_body(Arena *arena, size_t size)
{
    char *bytes = arena_alloc(arena, size);
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    if (bytes == NULL || writer == NULL) {
        contract_must(arena_failure(arena), "large body");
        return body;
    }
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 31 + i / 251);
    }
    doc_put_bytes(writer, "b", str_bytes(bytes, size));
    MUST(doc_finish(writer, &body));
    return body;
}

static void bytes(Contract *contract)
{
    /* What large_body adds around its bytes: record, "f" and the head of "b"; and the key. */
    const size_t around = 4 + 7 + 8 + 1 + 1;
    const size_t most = STORE_BATCH_BYTES_MAX - around;
    CLEANUP(arena_free) Arena *large = arena_new((size_t)200 << 20);
    say_insert(contract, "all in one", STR("a"), large_body(large, most));
    say_insert(contract, "one byte more", STR("b"), large_body(large, most + 1));
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, STORE_KEYS, STR("c"), large_body(large, most / 2));
    store_batch_insert(batch, STORE_KEYS, STR("d"), large_body(large, most / 2));
    store_batch_insert(batch, STORE_KEYS, STR("e"), large_body(large, 1));
    contract_commit(contract, "together too large", batch);
    StoreSnapshot *view = NULL;
    StoreDoc doc;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &view));
    MUST(store_get(view, large, STORE_KEYS, STR("a"), &doc));
    contract_doc(contract, &doc);
    CLEANUP(arena_free) Arena *small = arena_new((size_t)1 << 20);
    contract_result(contract, "into a small arena",
                    store_get(view, small, STORE_KEYS, STR("a"), &doc));
    (void)store_snapshot_close(view);
}

static void say_find(Contract *contract, StoreSnapshot *view, const char *what,
                     const StoreFind *find)
{
    StoreDoc *docs = NULL;
    size_t count = 0;
    contract_result(contract, what, store_find(view, contract->arena, find, &docs, &count));
}

static void walks(Contract *contract)
{
    StoreValue number = STORE_INT(1);
    StoreValue text = STORE_TEXT(STR("a"));
    StoreDoc after = {.key = STR("k"), .body = contract_body(contract->arena, 1)};
    StoreDoc elsewhere = {.key = STR("k"),
                          .body = contract_body_text(contract->arena, "s", "other", 1)};
    const StoreFind good = {.collection = STORE_GRANTS,
                            .index = "by_subject",
                            .equal = {text},
                            .equal_count = 1,
                            .limit = 1};
    StoreFind finds[] = {good, good, good, good, good, good, good, good, good, good, good, good};
    finds[1].index = "by_nothing";
    finds[2].limit = 0;
    finds[3].limit = STORE_FIND_LIMIT_MAX + 1;
    finds[4].equal[0] = number;
    finds[5].equal_count = 3;
    finds[6].from = &text;
    finds[7].equal_count = 2;
    finds[7].equal[1] = number;
    finds[7].to = &number;
    finds[8].after = &after;
    finds[9].after = &elsewhere;
    finds[10].index = NULL;
    finds[11].index = NULL;
    finds[11].equal_count = 0;
    finds[11].from = &number;
    static const char *const WHATS[] = {"good",
                                        "unknown index",
                                        "limit 0",
                                        "limit 1001",
                                        "wrong kind",
                                        "too many equal",
                                        "range of another kind",
                                        "range behind the last",
                                        "after without members",
                                        "after off the walk",
                                        "equal on the key",
                                        "number on the key"};
    StoreSnapshot *view = NULL;
    MUST(store_snapshot_open(contract->store, contract_deadline(), &view));
    for (size_t i = 0; i < sizeof finds / sizeof finds[0]; i++) {
        say_find(contract, view, WHATS[i], &finds[i]);
    }
    (void)store_snapshot_close(view);
}

static void deadlines(Contract *contract)
{
    Deadline passed = deadline_in(ports_system()->clock, 0);
    StoreSnapshot *view = NULL;
    StoreBatch *batch = contract_batch(contract);
    store_batch_insert(batch, STORE_KEYS, STR("late"), contract_body(contract->arena, 1));
    contract_result(contract, "ping", store_ping(contract->store, passed));
    contract_result(contract, "snapshot", store_snapshot_open(contract->store, passed, &view));
    contract_check(contract, view == NULL, "untouched");
    contract_result(contract, "commit", store_commit(contract->store, batch, passed, NULL));
    contract_result(contract, "ping in time", store_ping(contract->store, contract_deadline()));
    Deadline soon = deadline_in(ports_system()->clock, 200000);
    MUST(store_snapshot_open(contract->store, soon, &view));
    while (!deadline_has_passed(soon)) {
    }
    StoreDoc doc;
    StoreFind find = {.collection = STORE_KEYS, .limit = 1};
    int64_t count = 0;
    contract_result(contract, "get",
                    store_get(view, contract->arena, STORE_KEYS, STR("late"), &doc));
    say_find(contract, view, "find", &find);
    contract_result(contract, "count", store_count(view, &find, &count));
    (void)store_snapshot_close(view);
    contract_dump(contract, STORE_KEYS);
}

const ContractCase CASES_LIMIT[] = {
    {"keys", keys},
    {"misuse of a batch", batch_misuse},
    {"documents in a batch", documents},
    {"bytes in a batch", bytes},
    {"misuse of a walk", walks},
    {"deadlines", deadlines},
    {NULL, NULL},
};
