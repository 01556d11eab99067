#include "store_mongo.h"

#include <stdlib.h>
#include <string.h>

#include "mongo_commit.h"
#include "mongo_layout.h"
#include "mongo_read.h"

static MongoStore *mongo_store(Store *store)
{
    return (MongoStore *)(void *)store;
}

static Store *mongo_close(Store *store)
{
    MongoStore *mongo = mongo_store(store);
    mongo_conns_done(mongo);
    mongoc_uri_destroy(mongo->uri);
    free(mongo);
    return NULL;
}

/* A snapshot reads, with all that a read of a request needs. */
static Error mongo_ping(Store *store, Deadline deadline)
{
    StoreSnapshot *snapshot = NULL;
    TRY(mongo_snapshot_open(store, deadline, &snapshot));
    (void)mongo_snapshot_close(snapshot); /* NULL always */
    return OK;
}

static const StoreBackend BACKEND = {.kind = "mongodb",
                                     .close = mongo_close,
                                     .ping = mongo_ping,
                                     .snapshot_open = mongo_snapshot_open,
                                     .snapshot_close = mongo_snapshot_close,
                                     .get_many = mongo_get_many,
                                     .find = mongo_find,
                                     .count = mongo_count,
                                     .commit = mongo_commit};

/* Names the server accepts everywhere, so that nothing has to be quoted. */
static bool database_name_is_good(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < sizeof((MongoStore *)NULL)->database &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

/* Waits are short where a caller's deadline can't reach: choosing a server, connecting the driver's
 * own monitors. */
static void uri_prepare(mongoc_uri_t *uri)
{
    mongoc_read_prefs_t *primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    mongoc_write_concern_t *majority = mongoc_write_concern_new();
    mongoc_write_concern_set_w(majority, MONGOC_WRITE_CONCERN_W_MAJORITY);
    mongoc_uri_set_read_prefs_t(uri, primary);
    mongoc_uri_set_write_concern(uri, majority);
    mongoc_read_prefs_destroy(primary);
    mongoc_write_concern_destroy(majority);
    /* These setters refuse unknown names and kinds only. */
    (void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYREADS, false);
    (void)mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
    (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                                         MONGO_SELECTION_MS);
    (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_CONNECTTIMEOUTMS, MONGO_CONNECT_MS);
    (void)mongoc_uri_set_option_as_int32(uri, MONGOC_URI_HEARTBEATFREQUENCYMS, MONGO_HEARTBEAT_MS);
    (void)mongoc_uri_set_compressors(uri,
                                     NULL); /* replies are looked at before the driver reads them */
    if (mongoc_uri_get_appname(uri) == NULL) {
        (void)mongoc_uri_set_appname(uri, "musubi");
    }
}

static Error store_check(MongoStore *mongo, Arena *arena, Deadline deadline)
{
    TRY(mongo_ping(&mongo->base, deadline));
    CLEANUP(mongo_conn_return) MongoConn *conn = NULL;
    TRY(mongo_conn_lease(mongo, &mongo->readers, deadline, &conn));
    return mongo_layout_check(conn, arena);
}

static Error store_connect(MongoStore *mongo, const StoreMongoOptions *options)
{
    int64_t timeout =
        options->open_timeout_us > 0 ? options->open_timeout_us : STORE_MONGO_OPEN_TIMEOUT_US;
    unsigned readers =
        options->readers_max > 0 ? options->readers_max : STORE_MONGO_READERS_DEFAULT;
    unsigned writers =
        options->writers_max > 0 ? options->writers_max : STORE_MONGO_WRITERS_DEFAULT;
    TRY(mongo_conns_init(mongo, readers, writers));
    return store_check(mongo, options->arena, deadline_in(options->ports->clock, timeout));
}

Error store_mongo_open(const StoreMongoOptions *options, Store **ret_store)
{
    bson_error_t error;
    mongo_driver_start();
    ENSURE(database_name_is_good(options->database), STORE_MISUSE, "database name");
    mongoc_uri_t *uri = mongoc_uri_new_with_error(options->uri, &error);
    ENSURE(uri != NULL, STORE_MISUSE, "uri");
    MongoStore *mongo = calloc(1, sizeof *mongo);
    if (mongo == NULL) {
        mongoc_uri_destroy(uri);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    uri_prepare(uri);
    mongo->base.backend = &BACKEND;
    mongo->ports = options->ports;
    mongo->uri = uri;
    memcpy(mongo->database, options->database, strlen(options->database));
    Error result = store_connect(mongo, options);
    if (FAILED(result)) {
        (void)mongo_close(&mongo->base); /* NULL always */
        return result;
    }
    *ret_store = &mongo->base;
    return OK;
}
