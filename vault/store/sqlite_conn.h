/* sqlite_conn.h — one connection to the SQLite file: settings, prepared statements by shape,
 * errors, the deadline.
 *
 * Must never be included outside the SQLite adapter. Layer: vault/store. Thread-safe: single-owner
 * (the pool lends a connection to one thread at a time). */
#ifndef MUSUBI_SQLITE_CONN_H
#define MUSUBI_SQLITE_CONN_H

#include <sqlite3.h>

#include "store_backend.h"

#define SQLITE_SHAPES 256

typedef struct SqliteConn {
    sqlite3 *db;
    Deadline deadline; /* of the work at hand: ends waits for locks and long statements */
    bool is_broken;    /* an error that a fresh connection may not have: close it */
    struct {
        uint32_t shape; /* 0: free */
        sqlite3_stmt *statement;
    } shapes[SQLITE_SHAPES];
    size_t shape_count;
    unsigned visits;         /* under way: statements in use must stay */
    struct SqliteConn *next; /* in the pool's idle list */
} SqliteConn;

typedef enum SqliteRole { SQLITE_READER, SQLITE_WRITER } SqliteRole;

/* A connection to an existing file. Errors: see sqlite_conn_error. */
Error sqlite_conn_open(const char *path, const char *vfs, SqliteRole role, Deadline deadline,
                       SqliteConn **ret_conn) MUST_USE;
/* NULL is fine. Returns NULL. */
SqliteConn *sqlite_conn_close(SqliteConn *conn);

/* What a result code other than OK, ROW, DONE means; marks the connection broken where a fresh one
 * is better. Errors: DEADLINE, STORE_UNAVAILABLE, STORE_CORRUPT, STORE_LIMIT, OUT_OF_MEMORY,
 * INTERNAL. */
Error sqlite_conn_error(SqliteConn *conn, int code) MUST_USE;
/* Runs statements without results. */
Error sqlite_conn_run(SqliteConn *conn, const char *sql) MUST_USE;
/* The first column of the first row of a statement; 0 when there is no row. */
Error sqlite_conn_int(SqliteConn *conn, const char *sql, int64_t *ret_value) MUST_USE;

/* The statements that frame a transaction, kept prepared. */
typedef enum SqliteStep {
    SQLITE_STEP_BEGIN_READ,
    SQLITE_STEP_FIX_VIEW, /* the first read: BEGIN alone fixes no view */
    SQLITE_STEP_BEGIN_WRITE,
    SQLITE_STEP_COMMIT,
    SQLITE_STEP_ROLLBACK
} SqliteStep;

/* Runs one of them; its result code: SQLITE_DONE or SQLITE_ROW when it went well. */
int sqlite_conn_step(SqliteConn *conn, SqliteStep step) MUST_USE;

/* Leaves the open transaction, if there is one; a connection that can't is marked broken. */
void sqlite_conn_roll_back(SqliteConn *conn);

/* Writes the SQL of a shape. */
typedef void (*SqliteWriteSql)(sqlite3_str *sql, const void *what);
/* The prepared statement of a shape (never 0), made by write_sql(what) when it is asked for the
 * first time. Reset it after use with sqlite_conn_done. */
Error sqlite_conn_statement(SqliteConn *conn, uint32_t shape, SqliteWriteSql write_sql,
                            const void *what, sqlite3_stmt **ret_statement) MUST_USE;
/* Resets a statement and forgets its bound views. */
void sqlite_conn_done(sqlite3_stmt *statement);

/* Binds without a copy: the bytes must live until sqlite_conn_done. */
int sqlite_bind_text(sqlite3_stmt *statement, int at, Str text);
int sqlite_bind_value(sqlite3_stmt *statement, int at, const StoreValue *value);

DEFINE_CLEANUP(SqliteConn, sqlite_conn_close)

#endif
