#include "contract_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_mongo.h"
#include "store_sqlite.h"

#define TIMEOUT_US (60 * CLOCK_SECOND_US)

static char folder[64];

const char *contract_kind(void)
{
    const char *kind = getenv("MUSUBI_TEST_STORE");
    return kind == NULL ? "sqlite" : kind;
}

Deadline contract_deadline(void)
{
    return deadline_in(ports_system()->clock, TIMEOUT_US);
}

void contract_must(Error error, const char *what)
{
    if (FAILED(error)) {
        (void)fprintf(stderr, "%s: %s (%s) at %s\n", what, error_words(error.reason)->name,
                      error.argument == NULL ? "" : error.argument, error.site);
        abort();
    }
}

static bool is_sqlite(const char *kind)
{
    return strcmp(kind, "sqlite") == 0;
}

static const char *folder_make(void)
{
    if (folder[0] == '\0') {
        const char *base = getenv("TMPDIR");
        (void)snprintf(folder, sizeof folder, "%.40s/musubi-store-XXXXXX",
                       base == NULL ? "/tmp" : base);
        if (mkdtemp(folder) == NULL) {
            perror(folder);
            abort();
        }
    }
    return folder;
}

const char *contract_location(const char *kind, const char *name)
{
    static char location[160];
    if (is_sqlite(kind)) {
        (void)snprintf(location, sizeof location, "%s/%s.db", folder_make(), name);
        return location;
    }
    const char *database = getenv("MUSUBI_TEST_MONGODB_DATABASE");
    return database == NULL ? "musubi_test" : database;
}

Store *contract_open_at(const char *kind, const char *location)
{
    Store *store = NULL;
    if (is_sqlite(kind)) {
        StoreSqliteOptions options = {.path = location, .ports = ports_system()};
        MUST(store_sqlite_open(&options, &store));
        return store;
    }
    const char *uri = getenv("MUSUBI_TEST_MONGODB_URI");
    if (strcmp(kind, "mongodb") != 0 || uri == NULL) {
        (void)fprintf(stderr, "kind %s needs MUSUBI_TEST_MONGODB_URI\n", kind);
        abort();
    }
    StoreMongoOptions options = {.uri = uri, .database = location, .ports = ports_system()};
    MUST(store_mongo_open(&options, &store));
    return store;
}

Store *contract_reopen(const char *kind, const char *name)
{
    return contract_open_at(kind, contract_location(kind, name));
}

/* Deletes up to a batch of documents; false when there was none. */
static bool clear_some(Store *store, StoreCollection collection)
{
    static const char *const NO_MEMBERS[] = {NULL};
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreFind find = {.collection = collection, .limit = 500, .members = NO_MEMBERS};
    StoreSnapshot *snapshot = NULL;
    StoreDoc *docs = NULL;
    size_t count = 0;
    MUST(store_snapshot_open(store, contract_deadline(), &snapshot));
    MUST(store_find(snapshot, arena, &find, &docs, &count));
    (void)store_snapshot_close(snapshot);
    StoreBatch *batch = store_batch_in(arena);
    for (size_t i = 0; i < count; i++) {
        store_batch_delete(batch, collection, docs[i].key, docs[i].version);
    }
    MUST(store_commit(store, batch, contract_deadline(), NULL));
    return count > 0;
}

Store *contract_open(const char *kind, const char *name)
{
    Store *store = contract_reopen(kind, name);
    for (unsigned c = 0; c < STORE_COLLECTION_COUNT_; c++) {
        while (c != STORE_COMMITS && clear_some(store, (StoreCollection)c)) {
        }
    }
    return store;
}

void contract_cleanup(void)
{
    if (folder[0] != '\0') {
        char command[96];
        (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
        if (system(command) != 0) {
            (void)fprintf(stderr, "%s is left over\n", folder);
        }
        folder[0] = '\0';
    }
}

DocBody contract_body_text(Arena *arena, const char *name, const char *text, int64_t n)
{
    DocWriter *writer = doc_writer_in(arena, 1);
    DocBody body = {STR_EMPTY};
    if (name != NULL) {
        doc_put_text(writer, name, str_from(text));
    }
    doc_put_int(writer, "n", n);
    MUST(doc_finish(writer, &body));
    return body;
}

DocBody contract_body(Arena *arena, int64_t n)
{
    return contract_body_text(arena, NULL, NULL, n);
}

StoreDoc contract_get(Store *store, Arena *arena, StoreCollection collection, const char *key)
{
    StoreSnapshot *snapshot = NULL;
    StoreDoc doc;
    MUST(store_snapshot_open(store, contract_deadline(), &snapshot));
    MUST(store_get(snapshot, arena, collection, str_from(key), &doc));
    (void)store_snapshot_close(snapshot);
    return doc;
}

int64_t contract_number(Store *store, StoreCollection collection, const char *key)
{
    CLEANUP(arena_free) Arena *arena = arena_new(ARENA_REQUEST_BYTES);
    StoreDoc doc = contract_get(store, arena, collection, key);
    int64_t n = -1;
    if (doc.version != 0) {
        MUST(doc_get_int(doc.body, "n", &n));
    }
    return n;
}
