#include <string.h>

#include "mongo_conn.h"

/* Server codes, by the names the server gives them. */
enum {
    CODE_MAX_TIME = 50,
    CODE_WRITE_CONFLICT = 112,
    CODE_TIME_LIMIT = 262,
    CODE_DUPLICATE = 11000
};

/* The server steps down, shuts down, or is not the primary; a later try may meet another. */
static bool is_away_code(uint32_t code)
{
    static const uint32_t CODES[] = {6,     7,     89,    91,    189,   9001,
                                     10058, 10107, 11600, 11602, 13435, 13436};
    for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
        if (CODES[i] == code) {
            return true;
        }
    }
    return false;
}

static MongoOutcome outcome_of_code(uint32_t code, bool is_transient)
{
    if (code == CODE_DUPLICATE) {
        return MONGO_DUPLICATE;
    }
    if (code == CODE_MAX_TIME || code == CODE_TIME_LIMIT) {
        return MONGO_EXPIRED;
    }
    if (is_away_code(code)) {
        return MONGO_LOST;
    }
    return is_transient || code == CODE_WRITE_CONFLICT ? MONGO_CLASH : MONGO_REFUSED;
}

MongoOutcome mongo_outcome_of(const MongoConn *conn, const bson_t *reply, const bson_error_t *error)
{
    if (error->domain == MONGOC_ERROR_SERVER || error->domain == MONGOC_ERROR_WRITE_CONCERN) {
        bool is_transient =
            reply != NULL && mongoc_error_has_label(reply, "TransientTransactionError");
        return outcome_of_code(error->code, is_transient);
    }
    if (deadline_has_passed(conn->deadline)) {
        return MONGO_EXPIRED;
    }
    /* The driver words a failed sign-in as the client's; what is left under that name is a broken
     * handshake. */
    bool is_sign_in =
        error->domain == MONGOC_ERROR_CLIENT && error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE;
    return is_sign_in ? MONGO_REFUSED : MONGO_LOST;
}

Error mongo_error_of(const MongoConn *conn, MongoOutcome outcome)
{
    if (outcome == MONGO_EXPIRED || deadline_has_passed(conn->deadline)) {
        return FAIL(DEADLINE, NULL);
    }
    return FAIL(STORE_UNAVAILABLE, outcome == MONGO_REFUSED
                                       ? "the database refuses the sign-in or the command"
                                       : NULL);
}

bool mongo_options_append(const MongoConn *conn, const mongoc_client_session_t *session,
                          bson_t *options)
{
    int64_t left = deadline_left_us(conn->deadline) / 1000;
    bson_error_t error;
    BSON_APPEND_INT64(options, "maxTimeMS", left > 1 ? left : 1);
    return session == NULL || mongoc_client_session_append(session, options, &error);
}

/* Inserts, updates and deletes report the failure of one statement beside ok: 1. */
static MongoOutcome outcome_of_statements(const bson_t *reply)
{
    bson_iter_t at;
    bson_iter_t code;
    if (!bson_iter_init_find(&at, reply, "writeErrors")) {
        return MONGO_DONE;
    }
    bool is_read =
        bson_iter_init(&at, reply) && bson_iter_find_descendant(&at, "writeErrors.0.code", &code);
    return is_read ? outcome_of_code((uint32_t)bson_iter_as_int64(&code), false) : MONGO_REFUSED;
}

MongoOutcome mongo_run(MongoConn *conn, mongoc_client_session_t *session, const char *database,
                       const bson_t *command, bson_t *ret_reply)
{
    bson_t options = BSON_INITIALIZER;
    bson_t reply;
    bson_error_t error = {0};
    MongoOutcome outcome = MONGO_REFUSED;
    if (mongo_options_append(conn, session, &options)) {
        bool is_done = mongoc_client_command_with_opts(conn->client, database, command, NULL,
                                                       &options, &reply, &error);
        outcome = is_done ? outcome_of_statements(&reply) : mongo_outcome_of(conn, &reply, &error);
    } else {
        bson_init(&reply);
    }
    bson_destroy(&options);
    if (ret_reply != NULL) {
        bson_copy_to(&reply, ret_reply);
    }
    bson_destroy(&reply);
    return outcome;
}
