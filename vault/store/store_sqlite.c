#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sqlite_commit.h"
#include "sqlite_layout.h"
#include "sqlite_pool.h"
#include "sqlite_read.h"

typedef struct StoreSqlite {
    Store base;
    SqlitePool pool;
} StoreSqlite;

typedef struct SnapshotSqlite {
    StoreSnapshot base;
    SqliteConn *conn;
} SnapshotSqlite;

static StoreSqlite *sqlite_of(Store *store)
{
    return (StoreSqlite *)(void *)store;
}

static SnapshotSqlite *snapshot_of(StoreSnapshot *snapshot)
{
    return (SnapshotSqlite *)(void *)snapshot;
}

static Store *backend_close(Store *store)
{
    StoreSqlite *sqlite = sqlite_of(store);
    sqlite_pool_done(&sqlite->pool);
    free(sqlite);
    return NULL;
}

static Error view_begin(SqliteConn *conn)
{
    int code = sqlite_conn_step(conn, SQLITE_STEP_BEGIN_READ);
    code = code != SQLITE_DONE ? code : sqlite_conn_step(conn, SQLITE_STEP_FIX_VIEW);
    return code == SQLITE_ROW ? OK : sqlite_conn_error(conn, code);
}

static Error backend_snapshot_open(Store *store, Deadline deadline, StoreSnapshot **ret_snapshot)
{
    SqlitePool *pool = &sqlite_of(store)->pool;
    SqliteConn *conn = NULL;
    TRY(sqlite_pool_reader(pool, deadline, &conn));
    SnapshotSqlite *snapshot = calloc(1, sizeof *snapshot);
    Error error = snapshot == NULL ? FAIL(OUT_OF_MEMORY, NULL) : view_begin(conn);
    if (FAILED(error)) {
        free(snapshot);
        sqlite_pool_return_reader(pool, conn);
        return error;
    }
    snapshot->base = (StoreSnapshot){store, deadline};
    snapshot->conn = conn;
    *ret_snapshot = &snapshot->base;
    return OK;
}

static StoreSnapshot *backend_snapshot_close(StoreSnapshot *snapshot)
{
    SqlitePool *pool = &sqlite_of(snapshot->store)->pool;
    sqlite_pool_return_reader(pool, snapshot_of(snapshot)->conn);
    free(snapshot_of(snapshot));
    return NULL;
}

static Error backend_ping(Store *store, Deadline deadline)
{
    StoreSnapshot *snapshot = NULL;
    TRY(backend_snapshot_open(store, deadline, &snapshot));
    (void)backend_snapshot_close(snapshot); /* always NULL */
    return OK;
}

static Error backend_get_many(StoreSnapshot *snapshot, Arena *arena, StoreCollection collection,
                              const Str *keys, size_t count, StoreDoc *ret_docs)
{
    return sqlite_read_many(snapshot_of(snapshot)->conn, arena, collection, keys, count, ret_docs);
}

static Error backend_visit_many(StoreSnapshot *snapshot, StoreCollection collection,
                                const Str *keys, size_t count, StoreVisit visit, void *context)
{
    SqliteConn *conn = snapshot_of(snapshot)->conn;
    return sqlite_visit_many(conn, collection, keys, count, visit, context);
}

static Error backend_find(StoreSnapshot *snapshot, Arena *arena, const StoreWalk *walk,
                          StoreDoc **ret_docs, size_t *ret_count)
{
    return sqlite_read_find(snapshot_of(snapshot)->conn, arena, walk, ret_docs, ret_count);
}

static Error backend_count(StoreSnapshot *snapshot, const StoreWalk *walk, int64_t *ret_count)
{
    return sqlite_read_count(snapshot_of(snapshot)->conn, walk, ret_count);
}

static Error backend_commit(Store *store, const StoreBatch *batch, Deadline deadline,
                            size_t *ret_failed)
{
    SqlitePool *pool = &sqlite_of(store)->pool;
    SqliteConn *conn = NULL;
    TRY(sqlite_pool_writer(pool, deadline, &conn));
    Error error = sqlite_commit_batch(conn, batch, ret_failed);
    sqlite_pool_return_writer(pool, conn);
    return error;
}

static Error backend_checkpoint(Store *store, Deadline deadline)
{
    SqlitePool *pool = &sqlite_of(store)->pool;
    SqliteConn *conn = NULL;
    TRY(sqlite_pool_writer(pool, deadline, &conn));
    int code = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    Error error = code == SQLITE_OK ? OK : sqlite_conn_error(conn, code);
    sqlite_pool_return_writer(pool, conn);
    return error;
}

static const StoreBackend BACKEND = {
    .kind = "sqlite",
    .cuts_bodies = true,
    .close = backend_close,
    .ping = backend_ping,
    .snapshot_open = backend_snapshot_open,
    .snapshot_close = backend_snapshot_close,
    .get_many = backend_get_many,
    .visit_many = backend_visit_many,
    .find = backend_find,
    .count = backend_count,
    .commit = backend_commit,
    .checkpoint = backend_checkpoint,
};

/* Makes the file with mode 0600 before SQLite would with another. A file that exists is only looked
 * at: opening and closing it here would drop the locks this process holds on it. */
static Error file_prepare(const FilePort *file, const char *path)
{
    int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = file->open(file, path, flags, 0600);
    if (fd >= 0) {
        ENSURE(file->close(file, fd) == 0, FILE_IO, path);
        return OK;
    }
    ENSURE(errno == EEXIST, FILE_IO, path);
    struct stat status;
    ENSURE(lstat(path, &status) == 0, FILE_IO, path);
    ENSURE(S_ISREG(status.st_mode) && (status.st_mode & 077) == 0, FILE_UNSAFE, path);
    return OK;
}

static Error options_check(const StoreSqliteOptions *options)
{
    Str path = str_from(options->path);
    /* SQLite reads these as names of something else than a file. */
    bool is_plain = path.n > 0 && path.p[0] != ':' && !str_starts_with(path, STR("file:"));
    ENSURE(is_plain, STORE_MISUSE, "path");
    ENSURE(options->ports != NULL, STORE_MISUSE, "ports");
    return OK;
}

static Error layout_apply(SqlitePool *pool, Deadline deadline)
{
    SqliteConn *conn = NULL;
    TRY(sqlite_pool_writer(pool, deadline, &conn));
    Error error = sqlite_layout_apply(conn);
    sqlite_pool_return_writer(pool, conn);
    return error;
}

static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* The library's memory statistics take one lock for each allocation of every thread: more than half
 * of the time of a crowd of readers went there. A program that started the library itself keeps its
 * own choice. */
static void library_start(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

Error store_sqlite_open(const StoreSqliteOptions *options, Store **ret_store)
{
    TRY(options_check(options));
    (void)pthread_once(&library_once, library_start); /* fails on a bad argument only */
    TRY(file_prepare(options->ports->file, options->path));
    int64_t timeout = options->open_timeout_us;
    timeout = timeout == 0 ? STORE_SQLITE_OPEN_TIMEOUT_US : timeout;
    Deadline deadline = deadline_in(options->ports->clock, timeout);
    unsigned readers = options->readers_max;
    readers = readers == 0 ? STORE_SQLITE_READERS_DEFAULT : readers;
    StoreSqlite *sqlite = calloc(1, sizeof *sqlite);
    ENSURE(sqlite != NULL, OUT_OF_MEMORY, NULL);
    Error error = sqlite_pool_init(&sqlite->pool, options->path, options->vfs, readers);
    if (FAILED(error)) {
        free(sqlite);
        return error;
    }
    sqlite->base.backend = &BACKEND;
    error = layout_apply(&sqlite->pool, deadline);
    if (FAILED(error)) {
        (void)backend_close(&sqlite->base); /* always NULL */
        return error;
    }
    *ret_store = &sqlite->base;
    return OK;
}

Error store_sqlite_checkpoint(Store *store, Deadline deadline)
{
    ENSURE(store->backend == &BACKEND, STORE_MISUSE, "store");
    return backend_checkpoint(store, deadline);
}
