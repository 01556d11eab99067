#include "sqlite_pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A stopped test clock gives no signal when it moves: look again this often. */
#define LOOK_AGAIN_US 50000

static bool cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool is_made = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(cond, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes); /* cannot fail on an attribute that was made */
    return is_made;
}

Error sqlite_pool_init(SqlitePool *pool, const char *path, const char *vfs, unsigned readers_max)
{
    *pool = (SqlitePool){.readers_max = readers_max, .path = strdup(path)};
    pool->vfs = vfs == NULL ? NULL : strdup(vfs);
    if (pool->path == NULL || (vfs != NULL && pool->vfs == NULL)) {
        free(pool->path);
        free(pool->vfs);
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    bool is_made = pthread_mutex_init(&pool->lock, NULL) == 0 && cond_init(&pool->reader_is_free) &&
                   cond_init(&pool->writer_is_free);
    ENSURE(is_made, INTERNAL, "pool");
    return OK;
}

void sqlite_pool_done(SqlitePool *pool)
{
    while (pool->idle != NULL) {
        SqliteConn *conn = pool->idle;
        pool->idle = conn->next;
        (void)sqlite_conn_close(conn);
    }
    pool->writer = sqlite_conn_close(pool->writer);
    (void)pthread_cond_destroy(&pool->reader_is_free); /* nobody waits any more */
    (void)pthread_cond_destroy(&pool->writer_is_free);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool->path);
    free(pool->vfs);
}

/* Waits for a signal, a while at most; false when the deadline has passed. Called with the lock
 * held. */
static bool pool_wait(SqlitePool *pool, pthread_cond_t *cond, Deadline deadline)
{
    int64_t left = deadline_left_us(deadline);
    if (left == 0) {
        return false;
    }
    int64_t wait = left < LOOK_AGAIN_US ? left : LOOK_AGAIN_US;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* cannot fail */
    int64_t nanoseconds = until.tv_nsec + wait * 1000;
    until.tv_sec += (time_t)(nanoseconds / 1000000000);
    until.tv_nsec = (long)(nanoseconds % 1000000000);
    (void)pthread_cond_timedwait(cond, &pool->lock, &until); /* the caller looks for itself */
    return true;
}

static bool reader_claim(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn)
{
    (void)pthread_mutex_lock(&pool->lock); /* cannot fail on a plain mutex */
    bool is_free = pool->readers_out < pool->readers_max;
    while (!is_free && pool_wait(pool, &pool->reader_is_free, deadline)) {
        is_free = pool->readers_out < pool->readers_max;
    }
    if (is_free) {
        pool->readers_out++;
        *ret_conn = pool->idle;
        pool->idle = pool->idle == NULL ? NULL : pool->idle->next;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return is_free;
}

Error sqlite_pool_reader(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn)
{
    SqliteConn *conn = NULL;
    ENSURE(reader_claim(pool, deadline, &conn), DEADLINE, NULL);
    if (conn == NULL) {
        Error error = sqlite_conn_open(pool->path, pool->vfs, SQLITE_READER, deadline, &conn);
        if (FAILED(error)) {
            sqlite_pool_return_reader(pool, NULL);
            return error;
        }
    }
    conn->deadline = deadline;
    *ret_conn = conn;
    return OK;
}

/* Whether the connection can serve again. */
static bool conn_is_fit(SqliteConn *conn)
{
    if (conn != NULL) {
        sqlite_conn_roll_back(conn);
    }
    return conn != NULL && !conn->is_broken;
}

void sqlite_pool_return_reader(SqlitePool *pool, SqliteConn *conn)
{
    if (!conn_is_fit(conn)) {
        conn = sqlite_conn_close(conn);
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->readers_out--;
    if (conn != NULL) {
        conn->next = pool->idle;
        pool->idle = conn;
    }
    (void)pthread_cond_signal(&pool->reader_is_free);
    (void)pthread_mutex_unlock(&pool->lock);
}

static bool writer_claim(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn)
{
    (void)pthread_mutex_lock(&pool->lock);
    bool is_free = !pool->is_writer_out;
    while (!is_free && pool_wait(pool, &pool->writer_is_free, deadline)) {
        is_free = !pool->is_writer_out;
    }
    if (is_free) {
        pool->is_writer_out = true;
        *ret_conn = TAKE(pool->writer);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return is_free;
}

Error sqlite_pool_writer(SqlitePool *pool, Deadline deadline, SqliteConn **ret_conn)
{
    SqliteConn *conn = NULL;
    ENSURE(writer_claim(pool, deadline, &conn), DEADLINE, NULL);
    if (conn == NULL) {
        Error error = sqlite_conn_open(pool->path, pool->vfs, SQLITE_WRITER, deadline, &conn);
        if (FAILED(error)) {
            sqlite_pool_return_writer(pool, NULL);
            return error;
        }
    }
    conn->deadline = deadline;
    *ret_conn = conn;
    return OK;
}

void sqlite_pool_return_writer(SqlitePool *pool, SqliteConn *conn)
{
    if (!conn_is_fit(conn)) {
        conn = sqlite_conn_close(conn);
    }
    (void)pthread_mutex_lock(&pool->lock);
    pool->writer = conn;
    pool->is_writer_out = false;
    (void)pthread_cond_signal(&pool->writer_is_free);
    (void)pthread_mutex_unlock(&pool->lock);
}
