#include "server_state.h"

#include <stdlib.h>
#include <string.h>
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

void server_connection_limit_body(Connection *connection, int64_t started_us, size_t bytes)
{
    const ServerOptions *options = &connection->server->options;
    int64_t paced_us = options->body_grace_us + (int64_t)bytes * CLOCK_SECOND_US / SERVER_BODY_RATE;
    int64_t most_us = options->body_timeout_us;
    atomic_store(&connection->limit_at_us, started_us + (paced_us < most_us ? paced_us : most_us));
}

/* --- connections of one source ---------------------------------------------------------------- */

static bool is_counted(const ServerOptions *options, Connection *connection)
{
    static const Str HERE[] = {STR_INIT("127.0.0.0/8"), STR_INIT("::1"), STR_INIT(IP_RANGE_UNIX)};
    IpAddress address;
    Str peer = str_from(connection->peer);
    bool is_free = options->uncounted == NULL
                       ? ip_rules_cover(HERE, sizeof HERE / sizeof HERE[0], peer)
                       : ip_rules_cover(options->uncounted, options->uncounted_count, peer);
    if (is_free || !ip_address_parse(peer, &address)) {
        return false;
    }
    connection->source = ip_address_source(&address);
    return true;
}

/* Under the lock. */
static unsigned count_source(const Server *server, const IpAddress *source)
{
    unsigned count = 0;
    Str wanted = str_bytes(source->bytes, sizeof source->bytes);
    for (const Connection *other = server->connections; other != NULL; other = other->next) {
        count += other->is_counted &&
                 str_eq(str_bytes(other->source.bytes, sizeof other->source.bytes), wanted);
    }
    return count;
}

Connection *server_connection_new(Server *server, int fd, const char peer[INET6_ADDRSTRLEN])
{
    Connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->server = server;
    connection->fd = fd;
    memcpy(connection->peer, peer, sizeof connection->peer);
    connection->is_counted = is_counted(&server->options, connection);
    server_connection_limit(connection, server->options.head_timeout_us);
    (void)pthread_mutex_lock(&server->lock);
    if (connection->is_counted &&
        count_source(server, &connection->source) >= server->options.connections_per_source_max) {
        (void)shutdown(fd, SHUT_RDWR); /* read and written by nobody; its thread cleans up */
    }
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
