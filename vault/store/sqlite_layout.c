#include "sqlite_layout.h"

#include <string.h>

int64_t sqlite_row_sum(StoreCollection collection, Str key, uint64_t version, Str body)
{
    const Str parts[] = {key, body};
    uint64_t sum = 0x9e3779b97f4a7c15u ^ (uint64_t)collection;
    sum = (sum ^ version) * 0xff51afd7ed558ccdu;
    for (size_t part = 0; part < 2; part++) {
        sum = (sum ^ sum >> 29 ^ parts[part].n) * 0xc4ceb9fe1a85ec53u;
        for (size_t at = 0; at < parts[part].n; at += 8) {
            uint64_t word = 0;
            size_t left = parts[part].n - at;
            memcpy(&word, parts[part].p + at, left < 8 ? left : 8);
            /* Each step is a bijection of the sum, so a changed word can't be lost on the way. */
            sum = (sum ^ word) * 0xff51afd7ed558ccdu;
            sum ^= sum >> 32;
        }
    }
    int64_t result = 0;
    memcpy(&result, &sum, sizeof result);
    return result;
}

static Error run_format(SqliteConn *conn, char *sql)
{
    ENSURE(sql != NULL, OUT_OF_MEMORY, NULL);
    Error error = sqlite_conn_run(conn, sql);
    sqlite3_free(sql);
    return error;
}

static Error int_format(SqliteConn *conn, char *sql, int64_t *ret_value)
{
    ENSURE(sql != NULL, OUT_OF_MEMORY, NULL);
    Error error = sqlite_conn_int(conn, sql, ret_value);
    sqlite3_free(sql);
    return error;
}

/* A file is ours, or it is empty and becomes ours. */
static Error owner_check(SqliteConn *conn)
{
    int64_t owner = 0;
    int64_t layout = 0;
    int64_t objects = 0;
    TRY(sqlite_conn_int(conn, "PRAGMA application_id", &owner));
    TRY(sqlite_conn_int(conn, "PRAGMA user_version", &layout));
    TRY(sqlite_conn_int(conn, "SELECT count(*) FROM sqlite_schema", &objects));
    ENSURE(owner == SQLITE_APPLICATION_ID || (owner == 0 && layout == 0 && objects == 0),
           STORE_NOT_PREPARED, "SQLite file");
    ENSURE(layout <= SQLITE_LAYOUT, STORE_NEWER, "SQLite file");
    if (owner == 0) {
        TRY(run_format(conn, sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;"
                                             "CREATE TABLE settle (n INTEGER NOT NULL) STRICT;"
                                             "INSERT INTO settle VALUES (0);",
                                             SQLITE_APPLICATION_ID, SQLITE_LAYOUT)));
    }
    return OK;
}

static Error row_fill(SqliteConn *conn, sqlite3_stmt *read, sqlite3_stmt *update,
                      StoreColumn column)
{
    DocBody body = {str_bytes(sqlite3_column_blob(read, 1), (size_t)sqlite3_column_bytes(read, 1))};
    StoreValue value;
    bool is_there = false;
    TRY(store_column_read(body, column, &value, &is_there));
    if (!is_there) {
        return OK;
    }
    int code = sqlite_bind_value(update, 1, &value);
    code = code != SQLITE_OK ? code : sqlite3_bind_int64(update, 2, sqlite3_column_int64(read, 0));
    code = code != SQLITE_OK ? code : sqlite3_step(update);
    sqlite_conn_done(update);
    return code == SQLITE_DONE ? OK : sqlite_conn_error(conn, code);
}

static Error rows_fill(SqliteConn *conn, sqlite3_stmt *read, sqlite3_stmt *update,
                       StoreColumn column)
{
    int code = SQLITE_OK;
    while ((code = sqlite3_step(read)) == SQLITE_ROW) {
        TRY(row_fill(conn, read, update, column));
    }
    return code == SQLITE_DONE ? OK : sqlite_conn_error(conn, code);
}

static Error prepare_format(SqliteConn *conn, char *sql, sqlite3_stmt **ret_statement)
{
    ENSURE(sql != NULL, OUT_OF_MEMORY, NULL);
    int code = sqlite3_prepare_v2(conn->db, sql, -1, ret_statement, NULL);
    sqlite3_free(sql);
    return code == SQLITE_OK ? OK : sqlite_conn_error(conn, code);
}

static Error column_fill(SqliteConn *conn, const char *name, StoreColumn column)
{
    sqlite3_stmt *read = NULL;
    sqlite3_stmt *update = NULL;
    char *select = sqlite3_mprintf("SELECT rowid, body FROM c_%s", name);
    Error error = prepare_format(conn, select, &read);
    if (!FAILED(error)) {
        char *set =
            sqlite3_mprintf("UPDATE c_%s SET m_%s = ?1 WHERE rowid = ?2", name, column.name);
        error = prepare_format(conn, set, &update);
    }
    if (!FAILED(error)) {
        error = rows_fill(conn, read, update, column);
    }
    (void)sqlite3_finalize(read); /* both repeat an error told before */
    (void)sqlite3_finalize(update);
    return error;
}

static Error column_ensure(SqliteConn *conn, const char *name, StoreColumn column)
{
    int64_t count = 0;
    char *ask = sqlite3_mprintf(
        "SELECT count(*) FROM pragma_table_info('c_%s') WHERE name = 'm_%s'", name, column.name);
    TRY(int_format(conn, ask, &count));
    if (count != 0) {
        return OK;
    }
    const char *type = column.kind == STORE_MEMBER_INT ? "INTEGER" : "TEXT";
    TRY(run_format(
        conn, sqlite3_mprintf("ALTER TABLE c_%s ADD COLUMN m_%s %s", name, column.name, type)));
    return column_fill(conn, name, column);
}

static char *index_sql(const char *name, const StoreIndex *index)
{
    sqlite3_str *sql = sqlite3_str_new(NULL);
    sqlite3_str_appendf(sql, "CREATE INDEX i_%s_%s ON c_%s (", name, index->name, name);
    for (size_t i = 0; i < index->member_count; i++) {
        sqlite3_str_appendf(sql, "m_%s, ", index->members[i].name);
    }
    sqlite3_str_appendall(sql, "key) WHERE ");
    for (size_t i = 0; i < index->member_count; i++) {
        sqlite3_str_appendf(sql, "%sm_%s IS NOT NULL", i == 0 ? "" : " AND ",
                            index->members[i].name);
    }
    return sqlite3_str_finish(sql);
}

static Error index_ensure(SqliteConn *conn, const char *name, const StoreIndex *index)
{
    char *sql = index_sql(name, index);
    ENSURE(sql != NULL, OUT_OF_MEMORY, NULL);
    int64_t count = 0;
    char *ask =
        sqlite3_mprintf("SELECT count(*) FROM sqlite_schema WHERE name = 'i_%s_%s' AND sql = %Q",
                        name, index->name, sql);
    Error error = int_format(conn, ask, &count);
    if (!FAILED(error) && count == 0) {
        char *drop = sqlite3_mprintf("DROP INDEX IF EXISTS i_%s_%s", name, index->name);
        error = run_format(conn, drop);
        if (!FAILED(error)) {
            error = sqlite_conn_run(conn, sql);
        }
    }
    sqlite3_free(sql);
    return error;
}

static Error collection_ensure(SqliteConn *conn, StoreCollection collection)
{
    const StoreCollectionSpec *spec = store_collection_spec(collection);
    TRY(run_format(conn,
                   sqlite3_mprintf("CREATE TABLE IF NOT EXISTS c_%s (key TEXT PRIMARY KEY NOT NULL,"
                                   " version INTEGER NOT NULL, sum INTEGER NOT NULL,"
                                   " body BLOB NOT NULL) STRICT",
                                   spec->name)));
    StoreColumn columns[STORE_COLUMNS_MAX];
    size_t count = store_collection_columns(collection, columns);
    for (size_t i = 0; i < count; i++) {
        TRY(column_ensure(conn, spec->name, columns[i]));
    }
    for (size_t i = 0; i < spec->index_count; i++) {
        TRY(index_ensure(conn, spec->name, &spec->indexes[i]));
    }
    return OK;
}

static Error layout_ensure(SqliteConn *conn)
{
    TRY(owner_check(conn));
    for (unsigned c = 0; c < STORE_COLLECTION_COUNT_; c++) {
        TRY(collection_ensure(conn, (StoreCollection)c));
    }
    return OK;
}

Error sqlite_layout_apply(SqliteConn *conn)
{
    TRY(sqlite_conn_run(conn, "BEGIN IMMEDIATE"));
    Error error = layout_ensure(conn);
    if (!FAILED(error)) {
        error = sqlite_conn_run(conn, "COMMIT");
    }
    sqlite_conn_roll_back(conn);
    return error;
}
