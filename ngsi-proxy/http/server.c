#include "server_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "log_line.h"

#define CONNECTIONS_MAX 512
#define IN_FLIGHT_MAX 256
#define ANSWER_TIMEOUT_US (CLOCK_SECOND_US * 5 / 2)
#define IDLE_TIMEOUT_S 60
#define HEAD_TIMEOUT_US (10 * CLOCK_SECOND_US)
#define BODY_TIMEOUT_US (60 * CLOCK_SECOND_US)
#define BODY_GRACE_US (5 * CLOCK_SECOND_US)
#define CONNECTIONS_PER_SOURCE_MAX 50
#define STOP_STEP_NS 20000000L
#define CONNECTION_MEMORY_BYTES ((size_t)256 << 10) /* the one limit of a request's head */
#ifdef MUSUBI_SANITIZED
#define STACK_BYTES ((size_t)2 << 20) /* sanitizers make frames several times larger */
#else
#define STACK_BYTES ((size_t)256 << 10)
#endif

static void set_defaults(ServerOptions *options)
{
    options->connections_max =
        options->connections_max == 0 ? CONNECTIONS_MAX : options->connections_max;
    options->in_flight_max = options->in_flight_max == 0 ? IN_FLIGHT_MAX : options->in_flight_max;
    options->answer_timeout_us =
        options->answer_timeout_us == 0 ? ANSWER_TIMEOUT_US : options->answer_timeout_us;
    options->idle_timeout_s =
        options->idle_timeout_s == 0 ? IDLE_TIMEOUT_S : options->idle_timeout_s;
    options->head_timeout_us =
        options->head_timeout_us == 0 ? HEAD_TIMEOUT_US : options->head_timeout_us;
    options->body_timeout_us =
        options->body_timeout_us == 0 ? BODY_TIMEOUT_US : options->body_timeout_us;
    options->body_grace_us = options->body_grace_us == 0 ? BODY_GRACE_US : options->body_grace_us;
    if (options->connections_per_source_max == 0) {
        options->connections_per_source_max = CONNECTIONS_PER_SOURCE_MAX;
    }
}

/* The library's own remarks are about broken connections; they can hold a caller's bytes, so only
 * the pattern is kept. */
static void log_library(void *context, const char *pattern, va_list arguments)
{
    (void)context;
    (void)arguments;
    LOG_EVENT(LOG_DEBUG, "http.library", log_z("pattern", pattern));
}

static struct MHD_Daemon *start_daemon(Server *server)
{
    const ServerOptions *options = &server->options;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, server_on_request, server, MHD_OPTION_EXTERNAL_LOGGER, log_library,
        NULL, MHD_OPTION_LISTEN_SOCKET, server->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        options->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, MHD_OPTION_THREAD_STACK_SIZE,
        STACK_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, server_on_uri,
        server, MHD_OPTION_NOTIFY_COMPLETED, server_on_completed, server,
        MHD_OPTION_NOTIFY_CONNECTION, server_on_connection, server, MHD_OPTION_END);
}

Arena *server_arena_borrow(Server *server)
{
    Arena *arena = NULL;
    (void)pthread_mutex_lock(&server->arena_lock);
    if (server->arena_count > 0) {
        arena = server->arenas[--server->arena_count];
    }
    (void)pthread_mutex_unlock(&server->arena_lock);
    return arena == NULL ? arena_new_sensitive(ARENA_REQUEST_BYTES) : arena;
}

Arena *server_arena_return(Server *server, Arena *arena)
{
    if (arena == NULL) {
        return NULL;
    }
    arena_reset(arena);
    (void)pthread_mutex_lock(&server->arena_lock);
    if (server->arena_count < SERVER_ARENAS_KEPT) {
        server->arenas[server->arena_count++] = TAKE(arena);
    }
    (void)pthread_mutex_unlock(&server->arena_lock);
    return arena_free(arena);
}

static Server *server_new(const ServerOptions *options)
{
    Server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return NULL;
    }
    server->options = *options;
    set_defaults(&server->options);
    server->listen_fd = -1;
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_mutex_init(&server->arena_lock, NULL);
    (void)pthread_cond_init(&server->changed, &attributes);
    (void)pthread_mutex_init(&server->turn_lock, NULL);
    (void)pthread_cond_init(&server->turn_free, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return server;
}

static Server *server_free(Server *server)
{
    server_watchdog_stop(server);
    server_listen_close(server);
    for (size_t i = 0; i < server->arena_count; i++) {
        (void)arena_free(server->arenas[i]);
    }
    (void)pthread_mutex_destroy(&server->arena_lock);
    (void)pthread_mutex_destroy(&server->turn_lock);
    (void)pthread_cond_destroy(&server->turn_free);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
    return NULL;
}

static Error start(Server *server, Arena *error_arena)
{
    TRY(server_listen_open(server, error_arena));
    if (server->options.on_bound != NULL) {
        server->options.on_bound(server->options.app, server->port);
    }
    TRY(server_watchdog_start(server));
    server->daemon = start_daemon(server);
    ENSURE(server->daemon != NULL, LISTEN_FAILED,
           "the HTTP library could not start on the listening socket");
    return OK;
}

Error server_start(const ServerOptions *options, Arena *error_arena, Server **ret_server)
{
    Server *server = server_new(options);
    ENSURE(server != NULL, OUT_OF_MEMORY, NULL);
    Error error = start(server, error_arena);
    if (FAILED(error)) {
        (void)server_free(server);
        return error;
    }
    *ret_server = server;
    return OK;
}

uint16_t server_port(const Server *server)
{
    return server->port;
}

unsigned server_in_flight(const Server *server)
{
    return atomic_load(&server->in_flight);
}

/* A step of waiting; the library's thread may still be in its last poll on the listening socket, so
 * that is neither closed nor shut down: who comes is taken and sent away. */
static void wait_a_step(Server *server)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += STOP_STEP_NS;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&server->lock);
    if (atomic_load(&server->active) > 0) {
        (void)pthread_cond_timedwait(&server->changed, &server->lock, &until);
    }
    (void)pthread_mutex_unlock(&server->lock);
}

static void wait_for_running(Server *server)
{
    int64_t until_us = server_now_us(server) + SERVER_STOP_TIMEOUT_US;
    while (atomic_load(&server->active) > 0 && server_now_us(server) < until_us) {
        server_listen_refuse(server);
        wait_a_step(server);
    }
}

Server *server_stop(Server *server)
{
    if (server == NULL) {
        return NULL;
    }
    atomic_store(&server->is_stopping, true);
    (void)MHD_quiesce_daemon(
        server->daemon); /* gives back our own listening socket, which server_free closes */
    wait_for_running(server);
    MHD_stop_daemon(server->daemon);
    return server_free(server);
}
