#include <inttypes.h>
#include <string.h>

#include "mongo_commit.h"

#define OUTCOME_VOID 0
#define OUTCOME_DONE 1
#define MARKER_FORMAT 1

Error mongo_marker_draw(MongoStore *store, char ret_marker[MONGO_MARKER_BYTES])
{
    uint64_t random[2];
    TRY(store->ports->entropy->fill(store->ports->entropy, random, sizeof random));
    (void)snprintf(ret_marker, MONGO_MARKER_BYTES, "%016" PRIx64 "%016" PRIx64, random[0],
                   random[1]);
    return OK;
}

/* The body is what doc_writer would make of {f, x, o}; the janitor sweeps by x,
 * Unix seconds as in every collection that expires. */
static MongoOutcome marker_insert(MongoConn *conn, mongoc_client_session_t *session,
                                  const char *marker, int64_t outcome)
{
    const Clock *clock = conn->store->ports->clock;
    bson_t command = BSON_INITIALIZER;
    bson_t documents;
    bson_t document;
    bson_t body;
    BSON_APPEND_UTF8(&command, "insert", store_collection_spec(STORE_COMMITS)->name);
    BSON_APPEND_ARRAY_BEGIN(&command, "documents", &documents);
    BSON_APPEND_DOCUMENT_BEGIN(&documents, "0", &document);
    BSON_APPEND_UTF8(&document, "_id", marker);
    BSON_APPEND_INT64(&document, "v", 1);
    BSON_APPEND_INT64(&document, "w", 0);
    BSON_APPEND_DOCUMENT_BEGIN(&document, "b", &body);
    BSON_APPEND_INT32(&body, "f", MARKER_FORMAT);
    BSON_APPEND_INT64(&body, "x", clock->now_us(clock) / CLOCK_SECOND_US);
    BSON_APPEND_INT64(&body, "o", outcome);
    bson_append_document_end(&document, &body);
    bson_append_document_end(&documents, &document);
    bson_append_array_end(&command, &documents);
    MongoOutcome result = mongo_run(conn, session, conn->store->database, &command, NULL);
    bson_destroy(&command);
    return result;
}

MongoOutcome mongo_marker_write(MongoConn *conn, mongoc_client_session_t *session,
                                const char *marker)
{
    return marker_insert(conn, session, marker, OUTCOME_DONE);
}

/* Asks the driver to send commitTransaction once more: the server answers for a transaction that it
 * has committed. */
static bool commit_again(MongoConn *conn, mongoc_client_session_t *session,
                         MongoOutcome *ret_outcome)
{
    bson_t reply;
    bson_error_t error = {0};
    bool is_done = mongoc_client_session_commit_transaction(session, &reply, &error);
    *ret_outcome = is_done ? MONGO_DONE : mongo_outcome_of(conn, &reply, &error);
    bson_destroy(&reply);
    return is_done;
}

static void marker_command(const char *marker, bson_t *command)
{
    bson_t inner;
    BSON_APPEND_UTF8(command, "find", store_collection_spec(STORE_COMMITS)->name);
    BSON_APPEND_DOCUMENT_BEGIN(command, "filter", &inner);
    BSON_APPEND_UTF8(&inner, "_id", marker);
    bson_append_document_end(command, &inner);
    BSON_APPEND_INT32(command, "limit", 1);
    BSON_APPEND_BOOL(command, "singleBatch", true);
    BSON_APPEND_DOCUMENT_BEGIN(command, "readConcern", &inner);
    BSON_APPEND_UTF8(&inner, "level", "majority");
    bson_append_document_end(command, &inner);
}

static MongoVerdict marker_read(MongoConn *conn, const char *marker)
{
    bson_t command = BSON_INITIALIZER;
    bson_t reply;
    bson_iter_t at;
    bson_iter_t outcome;
    MongoVerdict verdict = MONGO_UNKNOWN;
    marker_command(marker, &command);
    if (mongo_run(conn, NULL, conn->store->database, &command, &reply) == MONGO_DONE &&
        bson_iter_init(&at, &reply) &&
        bson_iter_find_descendant(&at, "cursor.firstBatch.0.b.o", &outcome)) {
        verdict = bson_iter_as_int64(&outcome) == OUTCOME_DONE ? MONGO_HAPPENED : MONGO_NEVER;
    }
    bson_destroy(&command);
    bson_destroy(&reply);
    return verdict;
}

/* Ends the session's open transaction quietly: its outcome does not matter any more. */
static void abort_quietly(mongoc_client_session_t *session)
{
    if (mongoc_client_session_in_transaction(session)) {
        (void)mongoc_client_session_abort_transaction(session, NULL);
    }
}

/* Tries to take the marker's place. A newer transaction of the same session ends the older one on
 * the server, so that an insert here never waits for it. */
static MongoVerdict marker_void(MongoConn *conn, mongoc_client_session_t *session,
                                const char *marker)
{
    bson_error_t error;
    abort_quietly(session);
    if (!mongoc_client_session_start_transaction(session, conn->store->transaction_options,
                                                 &error)) {
        return MONGO_UNKNOWN;
    }
    MongoOutcome outcome = marker_insert(conn, session, marker, OUTCOME_VOID);
    if (outcome == MONGO_DUPLICATE) {
        abort_quietly(session);
        return marker_read(conn, marker);
    }
    if (outcome != MONGO_DONE) {
        abort_quietly(session);
        return MONGO_UNKNOWN;
    }
    return commit_again(conn, session, &outcome) ? MONGO_NEVER : MONGO_UNKNOWN;
}

MongoVerdict mongo_commit_settle(MongoConn *conn, mongoc_client_session_t *session,
                                 const char *marker)
{
    MongoOutcome outcome = MONGO_LOST;
    /* Half of the time for asking again, half for the marker. */
    Deadline asking = deadline_in(conn->deadline.clock, deadline_left_us(conn->deadline) / 2);
    for (unsigned i = 0; outcome == MONGO_LOST && !deadline_has_passed(asking); i++) {
        if (commit_again(conn, session, &outcome)) {
            return MONGO_HAPPENED;
        }
        mongo_back_off(conn->store, asking, i);
    }
    /* Whatever the server says now ("no such transaction" too, after a restart), only the marker
     * decides. */
    MongoVerdict verdict = MONGO_UNKNOWN;
    for (unsigned i = 0; verdict == MONGO_UNKNOWN && !deadline_has_passed(conn->deadline); i++) {
        verdict = marker_void(conn, session, marker);
        if (verdict == MONGO_UNKNOWN) {
            mongo_back_off(conn->store, conn->deadline, i);
        }
    }
    return verdict;
}
