#include "server_state.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* libmicrohttpd's timeout is for silence only: a byte a second keeps a connection for ever. Each
 * phase of a connection therefore has an absolute end, and this thread cuts what has passed it. */

#define WATCHDOG_STEP_NS 200000000L

int64_t server_now_us(const Server *server)
{
    const Clock *clock = server->options.ports->clock;
    return clock->monotonic_us(clock);
}

void server_connection_limit(Connection *connection, int64_t timeout_us)
{
    atomic_store(&connection->limit_at_us, server_now_us(connection->server) + timeout_us);
}

Connection *server_connection_new(Server *server, int fd)
{
    Connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->server = server;
    connection->fd = fd;
    server_connection_limit(connection, server->options.head_timeout_us);
    (void)pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    (void)pthread_mutex_unlock(&server->lock);
    return connection;
}

Connection *server_connection_free(Connection *connection)
{
    if (connection == NULL) {
        return NULL;
    }
    Server *server = connection->server;
    (void)pthread_mutex_lock(&server->lock);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    (void)pthread_mutex_unlock(&server->lock);
    free(connection);
    return NULL;
}

/* The lock keeps a connection's descriptor from being closed, and its number from being used again,
 * meanwhile. */
static void cut_late(Server *server)
{
    int64_t now_us = server_now_us(server);
    for (Connection *connection = server->connections; connection != NULL;
         connection = connection->next) {
        if (atomic_load(&connection->limit_at_us) <= now_us) {
            (void)shutdown(connection->fd,
                           SHUT_RDWR); /* its own thread sees the end and cleans up */
        }
    }
}

static void *watch(void *context)
{
    Server *server = context;
    (void)pthread_setname_np(pthread_self(), "http-watchdog");
    (void)pthread_mutex_lock(&server->lock);
    while (server->has_watchdog) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WATCHDOG_STEP_NS;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
        cut_late(server);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

Error server_watchdog_start(Server *server)
{
    server->has_watchdog = true;
    if (pthread_create(&server->watchdog, NULL, watch, server) != 0) {
        server->has_watchdog = false;
        return FAIL(OUT_OF_MEMORY, NULL);
    }
    return OK;
}

void server_watchdog_stop(Server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    bool was_running = server->has_watchdog;
    server->has_watchdog = false;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    if (was_running) {
        (void)pthread_join(server->watchdog, NULL);
    }
}
