/* mongo_conn.h — connections of the MongoDB adapter: leased, every wait bounded by a deadline.
 *
 * Readers and writers have lanes of their own, so that a commit never waits for snapshots that wait
 * for commits. Each connection reads and writes through a stream that knows its lease's deadline:
 * the driver's own timeouts count from each read anew, and a server that drips bytes would outlast
 * them. A session whose connection broke may have left a transaction open on the server, with its
 * documents locked; its id is kept and the next commit ends it. Must never be included outside the
 * MongoDB adapter and its tests.
 *
 * Layer: vault/store. Thread-safe: MongoStore yes; a leased MongoConn single-owner. */
#ifndef MUSUBI_MONGO_CONN_H
#define MUSUBI_MONGO_CONN_H

#include <mongoc/mongoc.h>
#include <pthread.h>
#include <time.h>

#include "store_backend.h"

/* A lost connection is tried again for so long within a deadline; a database that is away makes
 * callers wait no longer. */
#define MONGO_PATIENCE_US CLOCK_SECOND_US
#define MONGO_SELECTION_MS 100
#define MONGO_CONNECT_MS 1000
#define MONGO_HEARTBEAT_MS 1000
#define MONGO_ORPHANS_MAX 64

typedef struct MongoStore MongoStore;
typedef struct MongoLane MongoLane;

typedef struct MongoConn {
    MongoStore *store;
    MongoLane *lane;
    mongoc_client_t *client; /* NULL until first leased */
    Deadline deadline;       /* of the present lease */
} MongoConn;

struct MongoLane {
    MongoConn *conns;
    MongoConn **idle; /* a stack: the warm connection first */
    unsigned count;
    unsigned idle_count;
};

typedef struct MongoSessionId {
    uint8_t bytes[16];
} MongoSessionId;

struct MongoStore {
    Store base;
    const Ports *ports;
    char database[64];
    mongoc_uri_t *uri;
    mongoc_client_pool_t *pool;
    mongoc_session_opt_t *session_options;
    mongoc_transaction_opt_t *transaction_options;
    pthread_mutex_t lock; /* lanes and orphans */
    pthread_cond_t freed;
    bool is_contended; /* a commit that met others too often has its turn: these go one by one */
    MongoLane readers;
    MongoLane writers;
    MongoConn monitor; /* stands for the driver's own connections, which watch the servers; has no
                          deadline */
    MongoSessionId orphans[MONGO_ORPHANS_MAX];
    size_t orphan_count;
};

/* How a command ended. */
typedef enum MongoOutcome {
    MONGO_DONE,
    MONGO_DUPLICATE, /* the key exists */
    MONGO_CLASH,     /* another transaction was faster; this one is aborted */
    MONGO_LOST,      /* no connection, or not the primary any more */
    MONGO_EXPIRED,   /* out of time */
    MONGO_REFUSED    /* the server won't, and would not the next time */
} MongoOutcome;

/* Once per process, before anything else of the driver: it must not print. */
void mongo_driver_start(void);

/* Prepares locks and lanes of a zeroed store whose uri is set; mongo_conns_done undoes it, also
 * halfway. Errors: OUT_OF_MEMORY. */
Error mongo_conns_init(MongoStore *store, unsigned readers_max, unsigned writers_max) MUST_USE;
void mongo_conns_done(MongoStore *store);

/* Leases a connection. Errors: DEADLINE, OUT_OF_MEMORY. */
Error mongo_conn_lease(MongoStore *store, MongoLane *lane, Deadline deadline, MongoConn **ret_conn)
    MUST_USE;
/* Gives it back. NULL is fine. Returns NULL. */
MongoConn *mongo_conn_return(MongoConn *conn);

/* The stream behind a connection, for mongoc_client_set_stream_initiator; user_data is the
 * MongoConn. */
mongoc_stream_t *mongo_stream_open(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                   void *user_data, bson_error_t *error);

/* A session with a transaction begun on it (nothing is sent yet). */
MongoOutcome mongo_session_begin(MongoConn *conn, mongoc_client_session_t **ret_session);
/* Ends it, with whatever is open on it. NULL is fine. */
void mongo_session_end(MongoConn *conn, mongoc_client_session_t *session);
/* Ends the transactions that broken connections left open. True when none is left that is known. */
bool mongo_orphans_end(MongoConn *conn);

/* Runs one command on the store's database; session may be NULL. maxTimeMS is added. ret_reply (may
 * be NULL) is initialised always and the caller's to destroy. */
MongoOutcome mongo_run(MongoConn *conn, mongoc_client_session_t *session, const char *database,
                       const bson_t *command, bson_t *ret_reply);
/* {maxTimeMS, sessionId} into options: what each read and command carries. False: a driver's
 * refusal. */
bool mongo_options_append(const MongoConn *conn, const mongoc_client_session_t *session,
                          bson_t *options);
/* What a failure means. reply may be NULL. */
MongoOutcome mongo_outcome_of(const MongoConn *conn, const bson_t *reply,
                              const bson_error_t *error);
/* The port's error for an outcome that ends a call in which nothing happened. */
Error mongo_error_of(const MongoConn *conn, MongoOutcome outcome) MUST_USE;

/* The deadline as a point of CLOCK_MONOTONIC, for waits on locks. */
struct timespec mongo_wait_until(Deadline deadline);
/* Waits a random part of 2^attempt ms, 64 ms at most, within the deadline. */
void mongo_back_off(MongoStore *store, Deadline deadline, unsigned attempt);

DEFINE_CLEANUP(MongoConn, mongo_conn_return)

#endif
