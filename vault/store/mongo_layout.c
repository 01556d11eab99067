#include "mongo_layout.h"

#include <string.h>

#define SENTENCE_BYTES 300

/* The sentence for what is missing; index NULL: it is about the collection. */
static Error not_prepared(const MongoConn *conn, Arena *arena, const char *what,
                          const char *collection, const char *index)
{
    char *sentence = arena == NULL ? NULL : arena_alloc(arena, SENTENCE_BYTES);
    if (sentence != NULL) {
        (void)snprintf(sentence, SENTENCE_BYTES,
                       "database %s: collection %s%s%s %s; run: mongosh 'mongodb://…/%s' "
                       "mongo-init/collections.js",
                       conn->store->database, collection, index == NULL ? "" : " index ",
                       index == NULL ? "" : index, what, conn->store->database);
    }
    return FAIL(STORE_NOT_PREPARED, sentence);
}

static bool text_is(const bson_t *document, const char *path, const char *wanted)
{
    bson_iter_t at;
    bson_iter_t found;
    return bson_iter_init(&at, document) && bson_iter_find_descendant(&at, path, &found) &&
           BSON_ITER_HOLDS_UTF8(&found) && strcmp(bson_iter_utf8(&found, NULL), wanted) == 0;
}

static bool has_document(const bson_t *document, const char *path)
{
    bson_iter_t at;
    bson_iter_t found;
    return bson_iter_init(&at, document) && bson_iter_find_descendant(&at, path, &found) &&
           BSON_ITER_HOLDS_DOCUMENT(&found);
}

/* Which collections were met, and whether their validators are on. */
typedef struct Seen {
    bool is_there[STORE_COLLECTION_COUNT_];
    bool is_guarded[STORE_COLLECTION_COUNT_];
} Seen;

static void collection_see(const bson_t *listed, Seen *seen)
{
    for (unsigned i = 0; i < STORE_COLLECTION_COUNT_; i++) {
        if (text_is(listed, "name", store_collection_spec((StoreCollection)i)->name)) {
            seen->is_there[i] = true;
            seen->is_guarded[i] = has_document(listed, "options.validator.$jsonSchema") &&
                                  text_is(listed, "options.validationLevel", "strict") &&
                                  text_is(listed, "options.validationAction", "error");
        }
    }
}

static Error cursor_close(MongoConn *conn, mongoc_cursor_t *cursor)
{
    bson_error_t error;
    const bson_t *reply = NULL;
    Error result = OK;
    if (mongoc_cursor_error_document(cursor, &error, &reply)) {
        result = mongo_error_of(conn, mongo_outcome_of(conn, reply, &error));
    }
    mongoc_cursor_destroy(cursor);
    return result;
}

static Error collections_list(MongoConn *conn, Seen *seen)
{
    bson_t options = BSON_INITIALIZER;
    const bson_t *listed = NULL;
    (void)mongo_options_append(conn, NULL, &options); /* without a session it can't fail */
    mongoc_database_t *database = mongoc_client_get_database(conn->client, conn->store->database);
    mongoc_cursor_t *cursor = mongoc_database_find_collections_with_opts(database, &options);
    while (mongoc_cursor_next(cursor, &listed)) {
        collection_see(listed, seen);
    }
    mongoc_database_destroy(database);
    bson_destroy(&options);
    return cursor_close(conn, cursor);
}

/* Whether a listed index has the declared members in their order, then the key. */
static bool index_is(const bson_t *listed, const StoreIndex *index)
{
    bson_iter_t at;
    bson_iter_t keys;
    if (!bson_iter_init_find(&at, listed, "key") || !BSON_ITER_HOLDS_DOCUMENT(&at) ||
        !bson_iter_recurse(&at, &keys)) {
        return false;
    }
    for (size_t i = 0; i < index->member_count; i++) {
        const char *name = bson_iter_next(&keys) ? bson_iter_key(&keys) : "";
        if (strncmp(name, "b.", 2) != 0 || strcmp(name + 2, index->members[i].name) != 0 ||
            bson_iter_as_int64(&keys) != 1) {
            return false;
        }
    }
    bool ends_with_key = bson_iter_next(&keys) && strcmp(bson_iter_key(&keys), "_id") == 0;
    return ends_with_key && !bson_iter_next(&keys);
}

static Error indexes_check(MongoConn *conn, Arena *arena, StoreCollection collection)
{
    const StoreCollectionSpec *spec = store_collection_spec(collection);
    bool is_there[STORE_INDEXES_MAX] = {false};
    const bson_t *listed = NULL;
    bson_t options = BSON_INITIALIZER;
    (void)mongo_options_append(conn, NULL, &options); /* without a session it can't fail */
    mongoc_collection_t *handle =
        mongoc_client_get_collection(conn->client, conn->store->database, spec->name);
    mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(handle, &options);
    while (mongoc_cursor_next(cursor, &listed)) {
        for (size_t i = 0; i < spec->index_count; i++) {
            bool is_it = text_is(listed, "name", spec->indexes[i].name) &&
                         index_is(listed, &spec->indexes[i]);
            is_there[i] = is_there[i] || is_it;
        }
    }
    mongoc_collection_destroy(handle);
    bson_destroy(&options);
    TRY(cursor_close(conn, cursor));
    for (size_t i = 0; i < spec->index_count; i++) {
        if (!is_there[i]) {
            return not_prepared(conn, arena, "is missing or of another shape", spec->name,
                                spec->indexes[i].name);
        }
    }
    return OK;
}

Error mongo_layout_check(MongoConn *conn, Arena *arena)
{
    Seen seen = {0};
    TRY(collections_list(conn, &seen));
    for (unsigned i = 0; i < STORE_COLLECTION_COUNT_; i++) {
        const char *name = store_collection_spec((StoreCollection)i)->name;
        if (!seen.is_there[i]) {
            return not_prepared(conn, arena, "is missing", name, NULL);
        }
        if (!seen.is_guarded[i]) {
            return not_prepared(conn, arena, "has no strict validator", name, NULL);
        }
        TRY(indexes_check(conn, arena, (StoreCollection)i));
    }
    return OK;
}
