#include "mongo_conn.h"

#include <string.h>
#include <time.h>

#define GOODBYE_US (CLOCK_SECOND_US / 4)

static pthread_once_t driver_once = PTHREAD_ONCE_INIT;

/* The driver would print to stderr on its own; what went wrong leaves as an Error. */
static void driver_start(void)
{
    mongoc_log_set_handler(NULL, NULL);
    mongoc_init();
}

void mongo_driver_start(void)
{
    (void)pthread_once(&driver_once, driver_start); /* fails on a bad argument only */
}

static bool lane_init(MongoLane *lane, unsigned count)
{
    lane->conns = calloc(count, sizeof *lane->conns);
    lane->idle = calloc(count, sizeof(MongoConn *));
    if (lane->conns == NULL || lane->idle == NULL) {
        return false;
    }
    for (lane->count = 0; lane->count < count; lane->count++) {
        lane->idle[lane->count] = &lane->conns[lane->count];
    }
    lane->idle_count = count;
    return true;
}

/* Hands the clients back; the driver says goodbye to the server through one of them, within a short
 * time. */
static void lane_push_back(MongoStore *store, MongoLane *lane)
{
    for (unsigned i = 0; i < lane->count; i++) {
        if (lane->conns[i].client != NULL) {
            lane->conns[i].deadline = deadline_in(store->ports->clock, GOODBYE_US);
            mongoc_client_pool_push(store->pool, lane->conns[i].client);
        }
    }
}

static void lane_free(MongoLane *lane)
{
    free(lane->conns);
    free(lane->idle);
}

static void lane_bind(MongoStore *store, MongoLane *lane)
{
    for (unsigned i = 0; i < lane->count; i++) {
        lane->conns[i].store = store;
        lane->conns[i].lane = lane;
    }
}

static void locks_init(MongoStore *store)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes); /* these fail in no way that glibc knows */
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&store->freed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&store->lock, NULL);
}

/* Reads and writes of a transaction see one majority-committed state and last. */
static void transaction_options_init(MongoStore *store)
{
    mongoc_read_concern_t *read = mongoc_read_concern_new();
    mongoc_write_concern_t *write = mongoc_write_concern_new();
    mongoc_read_concern_set_level(read, MONGOC_READ_CONCERN_LEVEL_SNAPSHOT);
    mongoc_write_concern_set_w(write, MONGOC_WRITE_CONCERN_W_MAJORITY);
    store->transaction_options = mongoc_transaction_opts_new();
    mongoc_transaction_opts_set_read_concern(store->transaction_options, read);
    mongoc_transaction_opts_set_write_concern(store->transaction_options, write);
    mongoc_read_concern_destroy(read);
    mongoc_write_concern_destroy(write);
    store->session_options = mongoc_session_opts_new();
    mongoc_session_opts_set_causal_consistency(store->session_options, false);
}

/* Exported by the driver, though not in its headers; gone from later ones, which check replies by
 * themselves. */
extern void _mongoc_client_pool_set_stream_initiator(mongoc_client_pool_t *pool,
                                                     mongoc_stream_initiator_t initiator,
                                                     void *context) __attribute__((weak));

/* The driver's own connections read through the checking stream too. */
static void monitors_guard(MongoStore *store)
{
    store->monitor = (MongoConn){.store = store, .deadline = {store->ports->clock, INT64_MAX}};
    if (_mongoc_client_pool_set_stream_initiator != NULL) {
        _mongoc_client_pool_set_stream_initiator(store->pool, mongo_stream_open, &store->monitor);
    }
}

Error mongo_conns_init(MongoStore *store, unsigned readers_max, unsigned writers_max)
{
    locks_init(store);
    transaction_options_init(store);
    ENSURE(lane_init(&store->readers, readers_max) && lane_init(&store->writers, writers_max),
           OUT_OF_MEMORY, NULL);
    lane_bind(store, &store->readers);
    lane_bind(store, &store->writers);
    store->pool = mongoc_client_pool_new(store->uri);
    ENSURE(store->pool != NULL, STORE_MISUSE, "uri");
    monitors_guard(store);
    (void)mongoc_client_pool_set_error_api(store->pool,
                                           MONGOC_ERROR_API_VERSION_2); /* false: already set */
    mongoc_client_pool_max_size(store->pool, readers_max + writers_max);
    return OK;
}

void mongo_conns_done(MongoStore *store)
{
    lane_push_back(store, &store->readers);
    lane_push_back(store, &store->writers);
    if (store->pool != NULL) {
        mongoc_client_pool_destroy(store->pool);
    }
    lane_free(&store->readers);
    lane_free(&store->writers);
    mongoc_transaction_opts_destroy(store->transaction_options);
    mongoc_session_opts_destroy(store->session_options);
    (void)pthread_mutex_destroy(&store->lock); /* nobody is left to hold it */
    (void)pthread_cond_destroy(&store->freed);
}

static struct timespec monotonic_in(int64_t wait_us)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at); /* can't fail with a valid clock */
    int64_t nanoseconds = (int64_t)at.tv_nsec + wait_us % CLOCK_SECOND_US * 1000;
    at.tv_sec += (time_t)(wait_us / CLOCK_SECOND_US + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}

struct timespec mongo_wait_until(Deadline deadline)
{
    return monotonic_in(deadline_left_us(deadline));
}

static MongoConn *lane_pop(MongoStore *store, MongoLane *lane, Deadline deadline)
{
    MongoConn *conn = NULL;
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    while (lane->idle_count == 0 && !deadline_has_passed(deadline)) {
        struct timespec until = mongo_wait_until(deadline);
        (void)pthread_cond_timedwait(&store->freed, &store->lock,
                                     &until); /* the loop asks why it woke */
    }
    if (lane->idle_count > 0) {
        conn = lane->idle[--lane->idle_count];
    }
    (void)pthread_mutex_unlock(&store->lock);
    return conn;
}

static void lane_push(MongoConn *conn)
{
    MongoStore *store = conn->store;
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    conn->lane->idle[conn->lane->idle_count++] = conn;
    (void)pthread_cond_broadcast(&store->freed);
    (void)pthread_mutex_unlock(&store->lock);
}

Error mongo_conn_lease(MongoStore *store, MongoLane *lane, Deadline deadline, MongoConn **ret_conn)
{
    MongoConn *conn = lane_pop(store, lane, deadline);
    ENSURE(conn != NULL, DEADLINE, NULL);
    conn->deadline = deadline;
    if (conn->client == NULL) {
        conn->client = mongoc_client_pool_try_pop(store->pool);
        if (conn->client == NULL) {
            lane_push(conn);
            return FAIL(OUT_OF_MEMORY, NULL);
        }
        mongoc_client_set_stream_initiator(conn->client, mongo_stream_open, conn);
    }
    *ret_conn = conn;
    return OK;
}

MongoConn *mongo_conn_return(MongoConn *conn)
{
    if (conn != NULL) {
        lane_push(conn);
    }
    return NULL;
}

MongoOutcome mongo_session_begin(MongoConn *conn, mongoc_client_session_t **ret_session)
{
    bson_error_t error;
    mongoc_client_session_t *session =
        mongoc_client_start_session(conn->client, conn->store->session_options, &error);
    if (session == NULL) {
        return mongo_outcome_of(conn, NULL, &error);
    }
    if (!mongoc_client_session_start_transaction(session, conn->store->transaction_options,
                                                 &error)) {
        mongoc_client_session_destroy(session);
        return mongo_outcome_of(conn, NULL, &error);
    }
    *ret_session = session;
    return MONGO_DONE;
}

static void orphan_keep(MongoStore *store, const mongoc_client_session_t *session)
{
    bson_iter_t id;
    bson_subtype_t subtype;
    uint32_t n = 0;
    const uint8_t *bytes = NULL;
    if (bson_iter_init_find(&id, mongoc_client_session_get_lsid(session), "id") &&
        BSON_ITER_HOLDS_BINARY(&id)) {
        bson_iter_binary(&id, &subtype, &n, &bytes);
    }
    if (n != sizeof store->orphans[0].bytes) {
        return;
    }
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    /* Over the limit the oldest goes: the server ends it by its own limit of a minute. */
    if (store->orphan_count == MONGO_ORPHANS_MAX) {
        store->orphan_count--;
        memmove(&store->orphans[0], &store->orphans[1],
                store->orphan_count * sizeof store->orphans[0]);
    }
    memcpy(store->orphans[store->orphan_count++].bytes, bytes, n);
    (void)pthread_mutex_unlock(&store->lock);
}

void mongo_session_end(MongoConn *conn, mongoc_client_session_t *session)
{
    if (session == NULL) {
        return;
    }
    if (mongoc_client_session_in_transaction(session)) {
        /* A failed abort shows in the session: it is dirty. */
        (void)mongoc_client_session_abort_transaction(session, NULL);
    }
    /* The driver never uses a dirty session's id again, so ending it can't hit another transaction.
     */
    if (mongoc_client_session_get_dirty(session)) {
        orphan_keep(conn->store, session);
    }
    mongoc_client_session_destroy(session);
}

static size_t orphans_take(MongoStore *store, MongoSessionId *ret_orphans)
{
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    size_t count = store->orphan_count;
    memcpy(ret_orphans, store->orphans, count * sizeof *ret_orphans);
    store->orphan_count = 0;
    (void)pthread_mutex_unlock(&store->lock);
    return count;
}

static void orphans_put_back(MongoStore *store, const MongoSessionId *orphans, size_t count)
{
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    for (size_t i = 0; i < count && store->orphan_count < MONGO_ORPHANS_MAX; i++) {
        store->orphans[store->orphan_count++] = orphans[i];
    }
    (void)pthread_mutex_unlock(&store->lock);
}

bool mongo_orphans_end(MongoConn *conn)
{
    MongoSessionId orphans[MONGO_ORPHANS_MAX];
    size_t count = orphans_take(conn->store, orphans);
    if (count == 0) {
        return true;
    }
    bson_t command = BSON_INITIALIZER;
    bson_t list;
    BSON_APPEND_ARRAY_BEGIN(&command, "killSessions", &list);
    for (uint32_t i = 0; i < count; i++) {
        char name[12];
        const char *at = NULL;
        bson_t id;
        (void)bson_uint32_to_string(i, &at, name, sizeof name); /* fits */
        BSON_APPEND_DOCUMENT_BEGIN(&list, at, &id);
        BSON_APPEND_BINARY(&id, "id", BSON_SUBTYPE_UUID, orphans[i].bytes, sizeof orphans[i].bytes);
        bson_append_document_end(&list, &id);
    }
    bson_append_array_end(&command, &list);
    MongoOutcome outcome = mongo_run(conn, NULL, "admin", &command, NULL);
    bson_destroy(&command);
    if (outcome != MONGO_DONE) {
        orphans_put_back(conn->store, orphans, count);
    }
    return outcome == MONGO_DONE;
}

void mongo_back_off(MongoStore *store, Deadline deadline, unsigned attempt)
{
    uint32_t random = 0;
    int64_t span = CLOCK_SECOND_US / 1000 << (attempt < 6 ? attempt : 6);
    Error error = store->ports->entropy->fill(store->ports->entropy, &random, sizeof random);
    int64_t wait = FAILED(error) ? span : (int64_t)random % span;
    int64_t left = deadline_left_us(deadline);
    struct timespec until = monotonic_in(wait < left ? wait : left);
    /* Woken early by a signal: the next attempt comes sooner, no harm. */
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
