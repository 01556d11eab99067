/* sqlite_pool.h — the connections of one SQLite store: many readers, one writer, lent to one thread
 * at a time.
 *
 * Readers and the writer are apart, so that a request may commit while its snapshot is open without
 * waiting for itself. Must never be included outside the SQLite adapter.
 *
 * Layer: vault/store. Thread-safe: yes (one lock, never held during I/O). */
#ifndef MUSUBI_SQLITE_POOL_H
#define MUSUBI_SQLITE_POOL_H

#include <pthread.h>

#include "sqlite_conn.h"

typedef struct SqlitePool {
    pthread_mutex_t lock;
    pthread_cond_t reader_is_free;
    pthread_cond_t writer_is_free;
    char *path;
    char *vfs; /* NULL: the system's */
    SqliteConn *idle;
    unsigned readers_out; /* lent */
    unsigned readers_max;
    SqliteConn *writer; /* NULL: to be opened by its next borrower */
    bool is_writer_out;
} SqlitePool;

/* In the caller's memory; opens nothing. Errors: OUT_OF_MEMORY, INTERNAL. */
Error sqlite_pool_init(SqlitePool *pool, const char *path, const char *vfs, unsigned readers_max)
    MUST_USE;
/* Closes what is idle; nothing may be lent. */
void sqlite_pool_done(SqlitePool *pool);

/* Borrows within the deadline. Errors: DEADLINE and those of opening. */
Error sqlite_pool_reader(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn) MUST_USE;
Error sqlite_pool_writer(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn) MUST_USE;
/* Gives back; a broken one, or one that can't leave its transaction, is closed. */
void sqlite_pool_return_reader(SqlitePool *pool, SqliteConn *conn);
void sqlite_pool_return_writer(SqlitePool *pool, SqliteConn *conn);

#endif
