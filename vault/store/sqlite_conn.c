#include "sqlite_conn.h"

#include <stdlib.h>
#include <time.h>

#define LENGTH_MAX (16 << 20)
#define PROGRESS_STEPS 2000
#define WAIT_FIRST_US 100
#define WAIT_MAX_US 5000

static const char SETTINGS[] = "PRAGMA synchronous = FULL;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA secure_delete = ON;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA cache_size = -4096;";

/* Waits for a lock of another process: short first, then longer, never past the deadline. */
static int wait_for_lock(void *context, int tries)
{
    const SqliteConn *conn = context;
    int64_t left = deadline_left_us(conn->deadline);
    if (left == 0) {
        return 0;
    }
    int64_t wait = tries < 6 ? (int64_t)WAIT_FIRST_US << tries : WAIT_MAX_US;
    wait = wait < left ? wait : left;
    struct timespec pause = {.tv_nsec = (long)wait * 1000};
    (void)nanosleep(&pause, NULL); /* waking early only asks again sooner */
    return 1;
}

static int has_run_out(void *context)
{
    const SqliteConn *conn = context;
    return deadline_has_passed(conn->deadline) ? 1 : 0;
}

static ErrorReason reason_of(const SqliteConn *conn, int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return deadline_has_passed(conn->deadline) ? REASON_DEADLINE : REASON_STORE_UNAVAILABLE;
    case SQLITE_INTERRUPT:
        return REASON_DEADLINE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    /* Our statements fit our tables: these say that the stored schema or a row is not what we made.
     */
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return REASON_STORE_CORRUPT;
    case SQLITE_NOMEM:
        return REASON_OUT_OF_MEMORY;
    case SQLITE_TOOBIG:
        return REASON_STORE_LIMIT;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
        return REASON_STORE_UNAVAILABLE;
    default:
        return REASON_INTERNAL;
    }
}

Error sqlite_conn_error(SqliteConn *conn, int code)
{
    ErrorReason reason = reason_of(conn, code);
    conn->is_broken =
        conn->is_broken || (reason != REASON_DEADLINE && reason != REASON_STORE_LIMIT);
    return error_make(reason, sqlite3_errstr(code), ERROR_SITE);
}

Error sqlite_conn_run(SqliteConn *conn, const char *sql)
{
    int code = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? OK : sqlite_conn_error(conn, code);
}

Error sqlite_conn_int(SqliteConn *conn, const char *sql, int64_t *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(conn->db, sql, -1, &statement, NULL);
    int64_t value = 0;
    if (code == SQLITE_OK) {
        code = sqlite3_step(statement);
        value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return sqlite_conn_error(conn, code);
    }
    *ret_value = value;
    return OK;
}

/* Two processes that turn a new file into WAL mode at once get SQLITE_BUSY without the handler
 * being asked. */
static Error use_wal(SqliteConn *conn)
{
    for (int tries = 0;; tries++) {
        int code = sqlite3_exec(conn->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK) {
            return OK;
        }
        if ((code & 0xff) != SQLITE_BUSY || wait_for_lock(conn, tries) == 0) {
            return sqlite_conn_error(conn, code);
        }
    }
}

static int harden(sqlite3 *db)
{
    int code = sqlite3_extended_result_codes(db, 1);
    code = code != SQLITE_OK ? code : sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    code =
        code != SQLITE_OK ? code : sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    code = code != SQLITE_OK ? code : sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    code = code != SQLITE_OK ? code : sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    return code;
}

Error sqlite_conn_open(const char *path, const char *vfs, SqliteRole role, Deadline deadline,
                       SqliteConn **ret_conn)
{
    CLEANUP(sqlite_conn_close) SqliteConn *conn = calloc(1, sizeof *conn);
    ENSURE(conn != NULL, OUT_OF_MEMORY, NULL);
    conn->deadline = deadline;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &conn->db, flags, vfs);
    code = code != SQLITE_OK ? code : harden(conn->db);
    code = code != SQLITE_OK ? code : sqlite3_busy_handler(conn->db, wait_for_lock, conn);
    if (code != SQLITE_OK) {
        return sqlite_conn_error(conn, code);
    }
    sqlite3_progress_handler(conn->db, PROGRESS_STEPS, has_run_out, conn);
    TRY(use_wal(conn));
    TRY(sqlite_conn_run(conn, SETTINGS));
    if (role == SQLITE_READER) {
        TRY(sqlite_conn_run(conn, "PRAGMA query_only = ON"));
    }
    *ret_conn = TAKE(conn);
    return OK;
}

static void statements_drop(SqliteConn *conn)
{
    for (size_t i = 0; i < SQLITE_SHAPES; i++) {
        (void)sqlite3_finalize(conn->shapes[i].statement); /* repeats an error told before */
        conn->shapes[i].statement = NULL;
        conn->shapes[i].shape = 0;
    }
    conn->shape_count = 0;
}

SqliteConn *sqlite_conn_close(SqliteConn *conn)
{
    if (conn != NULL) {
        statements_drop(conn);
        (void)sqlite3_close(conn->db); /* no statement is left that could keep it open */
        free(conn);
    }
    return NULL;
}

static size_t shape_slot(const SqliteConn *conn, uint32_t shape)
{
    size_t at = (shape * 2654435761u >> 20) % SQLITE_SHAPES;
    while (conn->shapes[at].shape != 0 && conn->shapes[at].shape != shape) {
        at = (at + 1) % SQLITE_SHAPES;
    }
    return at;
}

Error sqlite_conn_statement(SqliteConn *conn, uint32_t shape, SqliteWriteSql write_sql,
                            const void *what, sqlite3_stmt **ret_statement)
{
    size_t at = shape_slot(conn, shape);
    if (conn->shapes[at].shape == shape) {
        *ret_statement = conn->shapes[at].statement;
        return OK;
    }
    ENSURE(conn->shape_count < SQLITE_SHAPES - 1, INTERNAL, "statements");
    if (conn->shape_count >= SQLITE_SHAPES / 2 && conn->visits == 0) {
        statements_drop(conn);
        at = shape_slot(conn, shape);
    }
    sqlite3_str *text = sqlite3_str_new(conn->db);
    write_sql(text, what);
    char *sql = sqlite3_str_finish(text);
    ENSURE(sql != NULL, OUT_OF_MEMORY, NULL);
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v3(conn->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
    sqlite3_free(sql);
    if (code != SQLITE_OK) {
        return sqlite_conn_error(conn, code);
    }
    conn->shapes[at].shape = shape;
    conn->shapes[at].statement = statement;
    conn->shape_count++;
    *ret_statement = statement;
    return OK;
}

void sqlite_conn_done(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    (void)sqlite3_clear_bindings(statement);
}

int sqlite_bind_text(sqlite3_stmt *statement, int at, Str text)
{
    /* A NULL pointer would bind SQL's NULL, which equals nothing. */
    const char *p = text.p == NULL ? "" : text.p;
    return sqlite3_bind_text64(statement, at, p, text.n, SQLITE_STATIC, SQLITE_UTF8);
}

int sqlite_bind_value(sqlite3_stmt *statement, int at, const StoreValue *value)
{
    if (value->kind == STORE_MEMBER_INT) {
        return sqlite3_bind_int64(statement, at, value->number);
    }
    return sqlite_bind_text(statement, at, value->text);
}

static void write_step(sqlite3_str *sql, const void *what)
{
    static const char *const STEPS[] = {
        [SQLITE_STEP_BEGIN_READ] = "BEGIN",
        [SQLITE_STEP_FIX_VIEW] = "SELECT n FROM settle",
        [SQLITE_STEP_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [SQLITE_STEP_COMMIT] = "COMMIT",
        [SQLITE_STEP_ROLLBACK] = "ROLLBACK",
    };
    sqlite3_str_appendall(sql, STEPS[*(const SqliteStep *)what]);
}

int sqlite_conn_step(SqliteConn *conn, SqliteStep step)
{
    sqlite3_stmt *statement = NULL;
    Error error = sqlite_conn_statement(conn, (uint32_t)step + 1, write_step, &step, &statement);
    if (FAILED(error)) {
        int code = sqlite3_extended_errcode(conn->db);
        return code == SQLITE_OK ? SQLITE_NOMEM : code;
    }
    int code = sqlite3_step(statement);
    sqlite_conn_done(statement);
    return code;
}

void sqlite_conn_roll_back(SqliteConn *conn)
{
    bool is_open = sqlite3_get_autocommit(conn->db) == 0;
    if (is_open && sqlite_conn_step(conn, SQLITE_STEP_ROLLBACK) != SQLITE_DONE) {
        conn->is_broken = true;
    }
}
