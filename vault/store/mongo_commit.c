#include "mongo_commit.h"

#include <string.h>
#include <time.h>

/* A commit that met others so often waits for its turn among those that did; then it goes on for so
 * long. */
#define ATTEMPTS_FREE 2
#define ATTEMPTS_MAX 64

/* How an attempt to run a batch ended. */
typedef enum AttemptEnd {
    ATTEMPT_DONE,
    ATTEMPT_REFUSED, /* an operation found what it must not find */
    ATTEMPT_FAILED,  /* outcome says why; nothing happened */
    ATTEMPT_UNKNOWN  /* the commit was sent, and how it ended can't be found out in time */
} AttemptEnd;

typedef struct Attempt {
    MongoConn *conn;
    const StoreBatch *batch;
    mongoc_client_session_t *session;
    bool is_one_by_one; /* each operation by itself, to learn which one is refused */
    MongoOutcome outcome;
    size_t failed;
} Attempt;

/* Operations [from, to) of one kind on one collection go in one command. */
typedef struct Run {
    const StoreOp *ops;
    size_t count;
} Run;

static Run run_at(const Attempt *attempt, size_t from)
{
    const StoreOp *ops = &attempt->batch->ops[from];
    size_t left = attempt->batch->count - from;
    size_t count = 1;
    while (!attempt->is_one_by_one && count < left && ops[count].kind == ops[0].kind &&
           ops[count].collection == ops[0].collection) {
        count++;
    }
    return (Run){ops, count};
}

static void append_key(bson_t *document, Str key)
{
    (void)bson_append_utf8(document, "_id", 3, key.p, (int)key.n); /* keys are short */
}

static void append_body(bson_t *document, DocBody body)
{
    bson_t view;
    if (bson_init_static(&view, (const uint8_t *)body.bytes.p, body.bytes.n)) {
        BSON_APPEND_DOCUMENT(document, "b", &view);
    }
}

/* {_id, v: 1, w: 0, b}; a placeholder that holds the place of an absent document has the least body
 * there is. */
static void append_new(bson_t *list, const char *at, const StoreOp *op)
{
    bson_t document;
    bson_t body;
    BSON_APPEND_DOCUMENT_BEGIN(list, at, &document);
    append_key(&document, op->key);
    BSON_APPEND_INT64(&document, "v", (int64_t)op->version + 1);
    BSON_APPEND_INT64(&document, "w", 0);
    if (op->kind == STORE_OP_INSERT) {
        append_body(&document, op->body);
    } else {
        BSON_APPEND_DOCUMENT_BEGIN(&document, "b", &body);
        BSON_APPEND_INT32(&body, "f", 1);
        bson_append_document_end(&document, &body);
    }
    bson_append_document_end(list, &document);
}

/* {q: {_id, v}}: a placeholder has version 1. */
static void append_where(bson_t *statement, const StoreOp *op)
{
    bson_t filter;
    int64_t version = op->kind == STORE_OP_REQUIRE_ABSENT ? 1 : (int64_t)op->version;
    BSON_APPEND_DOCUMENT_BEGIN(statement, "q", &filter);
    append_key(&filter, op->key);
    BSON_APPEND_INT64(&filter, "v", version);
    bson_append_document_end(statement, &filter);
}

static void append_delete(bson_t *list, const char *at, const StoreOp *op)
{
    bson_t statement;
    BSON_APPEND_DOCUMENT_BEGIN(list, at, &statement);
    append_where(&statement, op);
    BSON_APPEND_INT32(&statement, "limit", 1);
    bson_append_document_end(list, &statement);
}

/* A required document is touched: a transaction that changes it meanwhile can't commit beside this
 * one. */
static void append_update(bson_t *list, const char *at, const StoreOp *op)
{
    bson_t statement;
    bson_t change;
    bson_t members;
    BSON_APPEND_DOCUMENT_BEGIN(list, at, &statement);
    append_where(&statement, op);
    BSON_APPEND_DOCUMENT_BEGIN(&statement, "u", &change);
    if (op->kind == STORE_OP_REQUIRE) {
        BSON_APPEND_DOCUMENT_BEGIN(&change, "$inc", &members);
        BSON_APPEND_INT64(&members, "w", 1);
    } else {
        BSON_APPEND_DOCUMENT_BEGIN(&change, "$set", &members);
        BSON_APPEND_INT64(&members, "v", (int64_t)op->version + 1);
        append_body(&members, op->body);
    }
    bson_append_document_end(&change, &members);
    bson_append_document_end(&statement, &change);
    bson_append_document_end(list, &statement);
}

typedef void (*AppendOp)(bson_t *list, const char *at, const StoreOp *op);

static void run_command(const Run *run, const char *name, const char *list_name, AppendOp append,
                        bson_t *command)
{
    bson_t list;
    bson_append_utf8(command, name, -1, store_collection_spec(run->ops[0].collection)->name, -1);
    BSON_APPEND_ARRAY_BEGIN(command, list_name, &list);
    for (size_t i = 0; i < run->count; i++) {
        char text[12];
        const char *at = NULL;
        (void)bson_uint32_to_string((uint32_t)i, &at, text, sizeof text); /* fits */
        append(&list, at, &run->ops[i]);
    }
    bson_append_array_end(command, &list);
}

/* Sends the run's operations in one form; *ret_hits counts the documents that they met. */
static MongoOutcome run_send(Attempt *attempt, const Run *run, const char *name,
                             const char *list_name, AppendOp append, size_t *ret_hits)
{
    bson_t command = BSON_INITIALIZER;
    bson_t reply;
    bson_iter_t at;
    run_command(run, name, list_name, append, &command);
    MongoOutcome outcome = mongo_run(attempt->conn, attempt->session,
                                     attempt->conn->store->database, &command, &reply);
    int64_t hits = bson_iter_init_find(&at, &reply, "n") ? bson_iter_as_int64(&at) : 0;
    *ret_hits = hits > 0 ? (size_t)hits : 0;
    bson_destroy(&command);
    bson_destroy(&reply);
    return outcome;
}

static MongoOutcome run_apply(Attempt *attempt, const Run *run, size_t *ret_hits)
{
    MongoOutcome outcome = MONGO_REFUSED;
    switch (run->ops[0].kind) {
    case STORE_OP_INSERT:
        return run_send(attempt, run, "insert", "documents", append_new, ret_hits);
    case STORE_OP_REQUIRE_ABSENT:
        /* Nothing is there to be touched: a placeholder comes and goes, and whoever inserts
         * meanwhile clashes. */
        outcome = run_send(attempt, run, "insert", "documents", append_new, ret_hits);
        return outcome != MONGO_DONE
                   ? outcome
                   : run_send(attempt, run, "delete", "deletes", append_delete, ret_hits);
    case STORE_OP_DELETE:
        return run_send(attempt, run, "delete", "deletes", append_delete, ret_hits);
    case STORE_OP_REPLACE:
    case STORE_OP_REQUIRE:
        return run_send(attempt, run, "update", "updates", append_update, ret_hits);
    default:
        return outcome;
    }
}

/* All operations, in order. Not DONE: attempt->failed is the first of the run that failed; for a
 * run of more than one which of them was refused is not known. */
static AttemptEnd attempt_apply(Attempt *attempt, bool *ret_is_exact)
{
    for (size_t at = 0; at < attempt->batch->count;) {
        Run run = run_at(attempt, at);
        size_t hits = 0;
        attempt->failed = at;
        *ret_is_exact = run.count == 1;
        attempt->outcome = run_apply(attempt, &run, &hits);
        if (attempt->outcome == MONGO_DUPLICATE) {
            return ATTEMPT_REFUSED;
        }
        if (attempt->outcome != MONGO_DONE) {
            return ATTEMPT_FAILED;
        }
        if (hits != run.count) {
            return ATTEMPT_REFUSED;
        }
        at += run.count;
    }
    return ATTEMPT_DONE;
}

static AttemptEnd attempt_commit(Attempt *attempt, const char *marker)
{
    bson_t reply;
    bson_error_t error = {0};
    attempt->outcome = mongo_marker_write(attempt->conn, attempt->session, marker);
    if (attempt->outcome != MONGO_DONE) {
        return ATTEMPT_FAILED;
    }
    bool is_done = mongoc_client_session_commit_transaction(attempt->session, &reply, &error);
    attempt->outcome = is_done ? MONGO_DONE : mongo_outcome_of(attempt->conn, &reply, &error);
    bson_destroy(&reply);
    if (is_done) {
        return ATTEMPT_DONE;
    }
    switch (mongo_commit_settle(attempt->conn, attempt->session, marker)) {
    case MONGO_HAPPENED:
        return ATTEMPT_DONE;
    case MONGO_NEVER:
        return ATTEMPT_FAILED;
    case MONGO_UNKNOWN:
    default:
        return ATTEMPT_UNKNOWN;
    }
}

static AttemptEnd attempt_run(Attempt *attempt, const char *marker, bool *ret_is_exact)
{
    attempt->outcome = MONGO_LOST;
    *ret_is_exact = true;
    if (!mongo_orphans_end(attempt->conn)) {
        return ATTEMPT_FAILED;
    }
    attempt->outcome = mongo_session_begin(attempt->conn, &attempt->session);
    if (attempt->outcome != MONGO_DONE) {
        return ATTEMPT_FAILED;
    }
    AttemptEnd end = attempt_apply(attempt, ret_is_exact);
    if (end == ATTEMPT_DONE) {
        end = attempt_commit(attempt, marker);
    }
    mongo_session_end(attempt->conn, attempt->session);
    attempt->session = NULL;
    return end;
}

/* The port's word for an attempt that is the last one. */
static Error attempt_error(const Attempt *attempt, AttemptEnd end, size_t *ret_failed)
{
    bool names_op =
        end == ATTEMPT_REFUSED || (end == ATTEMPT_FAILED && attempt->outcome == MONGO_CLASH);
    if (names_op && ret_failed != NULL) {
        *ret_failed = attempt->failed;
    }
    if (end == ATTEMPT_REFUSED) {
        return store_op_refusal(&attempt->batch->ops[attempt->failed]);
    }
    if (end == ATTEMPT_UNKNOWN) {
        return FAIL(STORE_UNSETTLED, NULL);
    }
    if (attempt->outcome == MONGO_CLASH && !deadline_has_passed(attempt->conn->deadline)) {
        return FAIL(STORE_CONFLICT, NULL);
    }
    return mongo_error_of(attempt->conn, attempt->outcome);
}

/* Whether one more attempt makes sense; only ever after one in which nothing happened. */
static bool is_worth_another(const Attempt *attempt, AttemptEnd end, bool is_exact,
                             Deadline patience)
{
    if (deadline_has_passed(attempt->conn->deadline)) {
        return false;
    }
    if (end == ATTEMPT_REFUSED) {
        return !is_exact;
    }
    return end == ATTEMPT_FAILED &&
           (attempt->outcome == MONGO_CLASH ||
            (attempt->outcome == MONGO_LOST && !deadline_has_passed(patience)));
}

/* Joins those who clashed too often; they go one by one. False: not within the deadline. */
static bool queue_join(MongoConn *conn)
{
    MongoStore *store = conn->store;
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    while (store->is_contended && !deadline_has_passed(conn->deadline)) {
        struct timespec until = mongo_wait_until(conn->deadline);
        /* The loop asks why it woke. */
        (void)pthread_cond_timedwait(&store->freed, &store->lock, &until);
    }
    bool is_joined = !store->is_contended;
    store->is_contended = true;
    (void)pthread_mutex_unlock(&store->lock);
    return is_joined;
}

static void queue_leave(MongoStore *store)
{
    (void)pthread_mutex_lock(&store->lock); /* never errs on a sound mutex */
    store->is_contended = false;
    (void)pthread_cond_broadcast(&store->freed);
    (void)pthread_mutex_unlock(&store->lock);
}

static Error batch_run(Attempt *attempt, size_t *ret_failed)
{
    MongoConn *conn = attempt->conn;
    Deadline patience = deadline_in(conn->deadline.clock, MONGO_PATIENCE_US);
    AttemptEnd end = ATTEMPT_FAILED;
    bool is_queued = false;
    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        char marker[MONGO_MARKER_BYTES];
        bool is_exact = true;
        Error drawn = mongo_marker_draw(conn->store, marker);
        end = ATTEMPT_FAILED;
        attempt->outcome = MONGO_REFUSED;
        if (FAILED(drawn)) {
            break;
        }
        end = attempt_run(attempt, marker, &is_exact);
        if (end == ATTEMPT_DONE || !is_worth_another(attempt, end, is_exact, patience)) {
            break;
        }
        attempt->is_one_by_one = attempt->is_one_by_one || end == ATTEMPT_REFUSED;
        if (end == ATTEMPT_FAILED) {
            mongo_back_off(conn->store, conn->deadline, i);
        }
        is_queued = is_queued || (i >= ATTEMPTS_FREE && queue_join(conn));
    }
    if (is_queued) {
        queue_leave(conn->store);
    }
    return end == ATTEMPT_DONE ? OK : attempt_error(attempt, end, ret_failed);
}

Error mongo_commit(Store *store, const StoreBatch *batch, Deadline deadline, size_t *ret_failed)
{
    MongoStore *mongo = (MongoStore *)(void *)store;
    CLEANUP(mongo_conn_return) MongoConn *conn = NULL;
    TRY(mongo_conn_lease(mongo, &mongo->writers, deadline, &conn));
    Attempt attempt = {.conn = conn, .batch = batch};
    return batch_run(&attempt, ret_failed);
}
