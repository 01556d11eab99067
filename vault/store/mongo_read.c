#include "mongo_read.h"

#include <stdlib.h>
#include <string.h>

#define PIN_KEY "pin"

static MongoSnapshot *mongo_snapshot(StoreSnapshot *snapshot)
{
    return (MongoSnapshot *)(void *)snapshot;
}

/* The first read of a transaction fixes what all later ones see: read something, so that "now" is
 * when the snapshot was opened. */
static MongoOutcome snapshot_pin(MongoConn *conn, mongoc_client_session_t *session)
{
    bson_t command = BSON_INITIALIZER;
    bson_t filter;
    BSON_APPEND_UTF8(&command, "find", store_collection_spec(STORE_META)->name);
    BSON_APPEND_DOCUMENT_BEGIN(&command, "filter", &filter);
    BSON_APPEND_UTF8(&filter, "_id", PIN_KEY);
    bson_append_document_end(&command, &filter);
    BSON_APPEND_INT32(&command, "limit", 1);
    BSON_APPEND_BOOL(&command, "singleBatch", true);
    MongoOutcome outcome = mongo_run(conn, session, conn->store->database, &command, NULL);
    bson_destroy(&command);
    return outcome;
}

static MongoOutcome snapshot_begin(MongoConn *conn, mongoc_client_session_t **ret_session)
{
    mongoc_client_session_t *session = NULL;
    MongoOutcome outcome = mongo_session_begin(conn, &session);
    if (outcome != MONGO_DONE) {
        return outcome;
    }
    outcome = snapshot_pin(conn, session);
    if (outcome != MONGO_DONE) {
        mongo_session_end(conn, session);
        return outcome;
    }
    *ret_session = session;
    return MONGO_DONE;
}

Error mongo_snapshot_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot)
{
    MongoStore *mongo = (MongoStore *)(void *)store;
    Deadline patience = deadline_in(deadline.clock, MONGO_PATIENCE_US);
    CLEANUP(mongo_conn_return) MongoConn *conn = NULL;
    TRY(mongo_conn_lease(mongo, &mongo->readers, deadline, &conn));
    mongoc_client_session_t *session = NULL;
    MongoOutcome outcome = snapshot_begin(conn, &session);
    for (unsigned i = 0; (outcome == MONGO_LOST || outcome == MONGO_CLASH) &&
                         !deadline_has_passed(patience) && !deadline_has_passed(deadline);
         i++) {
        mongo_back_off(mongo, deadline, i);
        outcome = snapshot_begin(conn, &session);
    }
    if (outcome != MONGO_DONE) {
        return mongo_error_of(conn, outcome);
    }
    MongoSnapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        mongo_session_end(conn, session);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    *snapshot = (MongoSnapshot){.base = {store, deadline}, .conn = TAKE(conn), .session = session};
    *ret_snapshot = &snapshot->base;
    return OK;
}

StoreSnapshot *mongo_snapshot_close(StoreSnapshot *base)
{
    MongoSnapshot *snapshot = mongo_snapshot(base);
    mongo_session_end(snapshot->conn, snapshot->session);
    (void)mongo_conn_return(snapshot->conn); /* NULL always */
    free(snapshot);
    return NULL;
}

/* {_id, v, b} as the server gave it, into the arena. */
static Error doc_read(Arena *arena, const bson_t *found, StoreDoc *ret_doc)
{
    bson_iter_t at;
    StoreDoc doc = {0};
    uint32_t n = 0;
    const uint8_t *bytes = NULL;
    ENSURE(bson_iter_init_find(&at, found, "_id") && BSON_ITER_HOLDS_UTF8(&at), STORE_CORRUPT,
           "_id");
    const char *key = bson_iter_utf8(&at, &n);
    TRY(str_copy_in(arena, str_bytes(key, n), &doc.key));
    ENSURE(bson_iter_init_find(&at, found, "v") && BSON_ITER_HOLDS_INT64(&at), STORE_CORRUPT, "v");
    int64_t version = bson_iter_int64(&at);
    ENSURE(version >= 1, STORE_CORRUPT, "v");
    doc.version = (uint64_t)version;
    ENSURE(bson_iter_init_find(&at, found, "b") && BSON_ITER_HOLDS_DOCUMENT(&at), STORE_CORRUPT,
           "b");
    bson_iter_document(&at, &n, &bytes);
    TRY(str_copy_in(arena, str_bytes(bytes, n), &doc.body.bytes));
    *ret_doc = doc;
    return OK;
}

/* A cursor's end: done, or why not. A transaction in which a read failed is gone. */
static Error cursor_end(MongoSnapshot *snapshot, mongoc_cursor_t *cursor)
{
    bson_error_t error;
    const bson_t *reply = NULL;
    if (!mongoc_cursor_error_document(cursor, &error, &reply)) {
        return OK;
    }
    snapshot->is_broken = true;
    return mongo_error_of(snapshot->conn, mongo_outcome_of(snapshot->conn, reply, &error));
}

/* What is done with each document of a cursor. */
typedef Error (*DocSink)(void *context, Arena *arena, const bson_t *found);

static Error cursor_drain(MongoSnapshot *snapshot, mongoc_cursor_t *cursor, Arena *arena,
                          DocSink sink, void *context)
{
    const bson_t *found = NULL;
    while (mongoc_cursor_next(cursor, &found)) {
        TRY(sink(context, arena, found));
    }
    return cursor_end(snapshot, cursor);
}

static Error snapshot_find(MongoSnapshot *snapshot, Arena *arena, StoreCollection collection,
                           const bson_t *filter, bson_t *options, DocSink sink, void *context)
{
    const MongoConn *conn = snapshot->conn;
    ENSURE(!snapshot->is_broken, STORE_UNAVAILABLE, "the snapshot is lost");
    ENSURE(mongo_options_append(conn, snapshot->session, options), STORE_UNAVAILABLE, NULL);
    mongoc_collection_t *handle = mongoc_client_get_collection(
        conn->client, conn->store->database, store_collection_spec(collection)->name);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(handle, filter, options, NULL);
    Error error = cursor_drain(snapshot, cursor, arena, sink, context);
    mongoc_cursor_destroy(cursor);
    mongoc_collection_destroy(handle);
    return error;
}

typedef struct Wanted {
    Str key;
    size_t at;
} Wanted;

typedef struct WantedList {
    const Wanted *sorted;
    size_t count;
    StoreDoc *docs;
} WantedList;

static int wanted_compare(const void *a, const void *b)
{
    return str_compare(((const Wanted *)a)->key, ((const Wanted *)b)->key);
}

static Error wanted_put(void *context, Arena *arena, const bson_t *found)
{
    const WantedList *list = context;
    StoreDoc doc;
    TRY(doc_read(arena, found, &doc));
    Wanted probe = {.key = doc.key};
    const Wanted *at = bsearch(&probe, list->sorted, list->count, sizeof probe, wanted_compare);
    ENSURE(at != NULL, STORE_CORRUPT, "_id");
    while (at > list->sorted && str_eq(at[-1].key, doc.key)) {
        at--;
    }
    for (; at < list->sorted + list->count && str_eq(at->key, doc.key); at++) {
        list->docs[at->at] = doc;
    }
    return OK;
}

static void append_keys(bson_t *filter, const Wanted *sorted, size_t count)
{
    bson_t term;
    bson_t list;
    BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &term);
    BSON_APPEND_ARRAY_BEGIN(&term, "$in", &list);
    for (size_t i = 0; i < count; i++) {
        char name[12];
        const char *at = NULL;
        size_t n = bson_uint32_to_string((uint32_t)i, &at, name, sizeof name);
        (void)bson_append_utf8(&list, at, (int)n, sorted[i].key.p,
                               (int)sorted[i].key.n); /* keys are short */
    }
    bson_append_array_end(&term, &list);
    bson_append_document_end(filter, &term);
}

/* Names of documents in one filter: far below the server's limit of 16 MB. */
#define KEYS_AT_ONCE ((size_t)10000)

static Error get_some(MongoSnapshot *snapshot, Arena *arena, StoreCollection collection,
                      WantedList *list)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t options = BSON_INITIALIZER;
    append_keys(&filter, list->sorted, list->count);
    BSON_APPEND_INT64(&options, "batchSize", (int64_t)list->count + 1);
    Error error = snapshot_find(snapshot, arena, collection, &filter, &options, wanted_put, list);
    bson_destroy(&filter);
    bson_destroy(&options);
    return error;
}

Error mongo_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                     const Str *keys, size_t count, StoreDoc *ret_docs)
{
    Wanted *sorted = ARENA_MANY(arena, Wanted, count);
    ENSURE_ALLOC(sorted, arena);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (Wanted){keys[i], i};
    }
    qsort(sorted, count, sizeof *sorted, wanted_compare);
    for (size_t from = 0; from < count; from += KEYS_AT_ONCE) {
        size_t n = count - from < KEYS_AT_ONCE ? count - from : KEYS_AT_ONCE;
        /* A key that repeats across the cut is simply found twice. */
        WantedList list = {sorted + from, n, ret_docs};
        TRY(get_some(mongo_snapshot(snapshot), arena, collection, &list));
    }
    return OK;
}

typedef struct Page {
    StoreDoc *docs;
    size_t count;
    size_t limit;
} Page;

static Error page_put(void *context, Arena *arena, const bson_t *found)
{
    Page *page = context;
    ENSURE(page->count < page->limit, STORE_CORRUPT, "limit");
    TRY(doc_read(arena, found, &page->docs[page->count]));
    page->count++;
    return OK;
}

Error mongo_find(StoreSnapshot *snapshot, Arena *arena, const StoreWalk *walk, StoreDoc **ret_docs,
                 size_t *ret_count)
{
    Page page = {.limit = walk->find->limit};
    page.docs = ARENA_MANY(arena, StoreDoc, page.limit);
    ENSURE_ALLOC(page.docs, arena);
    bson_t filter = BSON_INITIALIZER;
    bson_t options = BSON_INITIALIZER;
    mongo_walk_filter(walk, false, &filter);
    mongo_walk_options(walk, &options);
    Error error = snapshot_find(mongo_snapshot(snapshot), arena, walk->find->collection, &filter,
                                &options, page_put, &page);
    bson_destroy(&filter);
    bson_destroy(&options);
    TRY(error);
    *ret_docs = page.docs;
    *ret_count = page.count;
    return OK;
}

static void count_command(const StoreWalk *walk, bson_t *command)
{
    bson_t pipeline;
    bson_t stage;
    bson_t inner;
    BSON_APPEND_UTF8(command, "aggregate", store_collection_spec(walk->find->collection)->name);
    BSON_APPEND_ARRAY_BEGIN(command, "pipeline", &pipeline);
    BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "0", &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&stage, "$match", &inner);
    mongo_walk_filter(walk, true, &inner);
    bson_append_document_end(&stage, &inner);
    bson_append_document_end(&pipeline, &stage);
    BSON_APPEND_DOCUMENT_BEGIN(&pipeline, "1", &stage);
    BSON_APPEND_UTF8(&stage, "$count", "n");
    bson_append_document_end(&pipeline, &stage);
    bson_append_array_end(command, &pipeline);
    BSON_APPEND_UTF8(command, "hint", walk->index == NULL ? "_id_" : walk->index->name);
    BSON_APPEND_DOCUMENT_BEGIN(command, "cursor", &inner);
    bson_append_document_end(command, &inner);
}

/* An empty first batch is a count of none. */
static bool count_read(const bson_t *reply, int64_t *ret_count)
{
    bson_iter_t at;
    bson_iter_t batch;
    bson_iter_t number;
    if (!bson_iter_init(&at, reply) ||
        !bson_iter_find_descendant(&at, "cursor.firstBatch", &batch) ||
        !BSON_ITER_HOLDS_ARRAY(&batch)) {
        return false;
    }
    *ret_count = 0;
    if (bson_iter_init(&at, reply) &&
        bson_iter_find_descendant(&at, "cursor.firstBatch.0.n", &number)) {
        *ret_count = bson_iter_as_int64(&number);
    }
    return *ret_count >= 0;
}

Error mongo_count(StoreSnapshot *base, const StoreWalk *walk, int64_t *ret_count)
{
    MongoSnapshot *snapshot = mongo_snapshot(base);
    ENSURE(!snapshot->is_broken, STORE_UNAVAILABLE, "the snapshot is lost");
    bson_t command = BSON_INITIALIZER;
    bson_t reply;
    int64_t count = 0;
    count_command(walk, &command);
    MongoOutcome outcome = mongo_run(snapshot->conn, snapshot->session,
                                     snapshot->conn->store->database, &command, &reply);
    bool is_read = outcome == MONGO_DONE && count_read(&reply, &count);
    bson_destroy(&command);
    bson_destroy(&reply);
    if (outcome != MONGO_DONE) {
        snapshot->is_broken = true;
        return mongo_error_of(snapshot->conn, outcome);
    }
    ENSURE(is_read, STORE_CORRUPT, "count");
    *ret_count = count;
    return OK;
}
