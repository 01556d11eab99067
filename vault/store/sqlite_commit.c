#include "sqlite_commit.h"

#include "sqlite_layout.h"
#include "sqlite_read.h"

#define SETTLE_TIMEOUT_US (CLOCK_SECOND_US / 2)

static void append_columns(sqlite3_str *sql, StoreCollection collection, const char *suffix)
{
    StoreColumn columns[STORE_COLUMNS_MAX];
    size_t count = store_collection_columns(collection, columns);
    for (size_t i = 0; i < count; i++) {
        sqlite3_str_appendf(sql, ", m_%s%s", columns[i].name, suffix);
    }
}

static void append_marks(sqlite3_str *sql, StoreCollection collection)
{
    StoreColumn columns[STORE_COLUMNS_MAX];
    size_t count = store_collection_columns(collection, columns);
    for (size_t i = 0; i < count; i++) {
        sqlite3_str_appendall(sql, ", ?");
    }
}

/* Marks: ?1 key, ?2 version asked for, ?3 new version, ?4 sum, ?5 body, then the members. */
static void write_op(sqlite3_str *sql, const void *what)
{
    const StoreOp *op = what;
    const char *name = store_collection_spec(op->collection)->name;
    switch (op->kind) {
    case STORE_OP_INSERT:
        sqlite3_str_appendf(sql, "INSERT INTO c_%s (key, version, sum, body", name);
        append_columns(sql, op->collection, "");
        sqlite3_str_appendall(sql, ") VALUES (?1, ?3, ?4, ?5");
        append_marks(sql, op->collection);
        sqlite3_str_appendall(sql, ") ON CONFLICT (key) DO NOTHING");
        break;
    case STORE_OP_REPLACE:
        sqlite3_str_appendf(sql, "UPDATE c_%s SET version = ?3, sum = ?4, body = ?5", name);
        append_columns(sql, op->collection, " = ?");
        sqlite3_str_appendall(sql, " WHERE key = ?1 AND version = ?2");
        break;
    case STORE_OP_DELETE:
        sqlite3_str_appendf(sql, "DELETE FROM c_%s WHERE key = ?1 AND version = ?2", name);
        break;
    case STORE_OP_REQUIRE:
        sqlite3_str_appendf(sql, "SELECT 1 FROM c_%s WHERE key = ?1 AND version = ?2", name);
        break;
    case STORE_OP_REQUIRE_ABSENT:
        sqlite3_str_appendf(sql, "SELECT 1 FROM c_%s WHERE key = ?1", name);
        break;
    }
}

static int members_bind(sqlite3_stmt *statement, const StoreOp *op)
{
    StoreColumn columns[STORE_COLUMNS_MAX];
    size_t count = store_collection_columns(op->collection, columns);
    int code = SQLITE_OK;
    for (size_t i = 0; code == SQLITE_OK && i < count; i++) {
        StoreValue value;
        bool is_there = false;
        /* The batch was checked: a member that is there has its kind. A missing one stays NULL. */
        Error error = store_column_read(op->body, columns[i], &value, &is_there);
        if (!FAILED(error) && is_there) {
            code = sqlite_bind_value(statement, 6 + (int)i, &value);
        }
    }
    return code;
}

static int op_bind(sqlite3_stmt *statement, const StoreOp *op)
{
    int code = sqlite_bind_text(statement, 1, op->key);
    if (code == SQLITE_OK && op->version > 0) {
        code = sqlite3_bind_int64(statement, 2, (int64_t)op->version);
    }
    if (op->kind != STORE_OP_INSERT && op->kind != STORE_OP_REPLACE) {
        return code;
    }
    uint64_t version = op->version + 1;
    Str body = op->body.bytes;
    int64_t sum = sqlite_row_sum(op->collection, op->key, version, body);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(statement, 3, (int64_t)version);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(statement, 4, sum);
    code =
        code != SQLITE_OK ? code : sqlite3_bind_blob64(statement, 5, body.p, body.n, SQLITE_STATIC);
    return code != SQLITE_OK ? code : members_bind(statement, op);
}

/* Whether the operation found what it asked for, from the code of its step. */
static bool op_is_met(const SqliteConn *conn, const StoreOp *op, int code)
{
    switch (op->kind) {
    case STORE_OP_REQUIRE:
        return code == SQLITE_ROW;
    case STORE_OP_REQUIRE_ABSENT:
        return code == SQLITE_DONE;
    case STORE_OP_INSERT:
    case STORE_OP_REPLACE:
    case STORE_OP_DELETE:
        break;
    }
    return sqlite3_changes(conn->db) == 1;
}

static Error op_apply(SqliteConn *conn, const StoreOp *op, bool *ret_is_met)
{
    sqlite3_stmt *statement = NULL;
    uint32_t shape = SQLITE_SHAPE(SQLITE_FAMILY_OP + (uint32_t)op->kind, op->collection);
    TRY(sqlite_conn_statement(conn, shape, write_op, op, &statement));
    int code = op_bind(statement, op);
    code = code != SQLITE_OK ? code : sqlite3_step(statement);
    bool is_met = (code == SQLITE_ROW || code == SQLITE_DONE) && op_is_met(conn, op, code);
    sqlite_conn_done(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return sqlite_conn_error(conn, code);
    }
    *ret_is_met = is_met;
    return OK;
}

static Error ops_apply(SqliteConn *conn, const StoreBatch *batch, size_t *ret_failed)
{
    for (size_t i = 0; i < batch->count; i++) {
        bool is_met = false;
        TRY(op_apply(conn, &batch->ops[i], &is_met));
        if (!is_met) {
            if (ret_failed != NULL) {
                *ret_failed = i;
            }
            return store_op_refusal(&batch->ops[i]);
        }
    }
    ENSURE(!deadline_has_passed(conn->deadline), DEADLINE, NULL);
    return OK;
}

/* After a failed sync the batch's frames may lie complete in the WAL, unseen by running processes
 * but taken up by the next recovery. A later transaction overwrites them: once it is durable, the
 * batch is gone for good. */
static Error settle(SqliteConn *conn)
{
    conn->deadline = deadline_in(conn->deadline.clock, SETTLE_TIMEOUT_US);
    int code = sqlite3_exec(conn->db, "BEGIN IMMEDIATE; UPDATE settle SET n = n + 1; COMMIT", NULL,
                            NULL, NULL);
    sqlite_conn_roll_back(conn);
    ENSURE(code == SQLITE_OK, STORE_UNSETTLED, NULL);
    return FAIL(STORE_UNAVAILABLE, NULL);
}

static Error commit(SqliteConn *conn)
{
    int code = sqlite_conn_step(conn, SQLITE_STEP_COMMIT);
    if (code == SQLITE_DONE) {
        return OK;
    }
    Error error = sqlite_conn_error(conn, code);
    sqlite_conn_roll_back(conn);
    /* The frame that ends a transaction is written last: where a write failed, it is not whole. */
    bool is_undone = code == SQLITE_IOERR_WRITE || (code & 0xff) == SQLITE_FULL ||
                     (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_INTERRUPT;
    return is_undone ? error : settle(conn);
}

Error sqlite_commit_batch(SqliteConn *conn, const StoreBatch *batch, size_t *ret_failed)
{
    int code = sqlite_conn_step(conn, SQLITE_STEP_BEGIN_WRITE);
    if (code != SQLITE_DONE) {
        return sqlite_conn_error(conn, code);
    }
    Error error = ops_apply(conn, batch, ret_failed);
    if (FAILED(error)) {
        sqlite_conn_roll_back(conn);
        return error;
    }
    return commit(conn);
}
