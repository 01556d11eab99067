#include "scripted_upstream.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define REQUESTS_MAX 4096
#define REQUEST_BYTES_MAX ((size_t)4 << 20)

typedef struct Connection {
    ScriptedUpstream *upstream;
    pthread_t thread;
    int fd;
    bool is_open;
    bool is_joined;
} Connection;

struct ScriptedUpstream {
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    const ScriptStep *steps;
    size_t step_count;
    size_t next_step;
    Connection connections[CONNECTIONS_MAX];
    size_t connection_count;
    Str requests[REQUESTS_MAX];
    size_t request_count;
};

static void demand(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

/* --- one connection --------------------------------------------------------------------------- */

static size_t body_bytes(const char *head, size_t n)
{
    static const char name[] = "\r\nContent-Length:";
    for (size_t i = 0; i + sizeof name < n; i++) {
        if (strncasecmp(head + i, name, sizeof name - 1) == 0) {
            return strtoul(head + i + sizeof name - 1, NULL, 10);
        }
    }
    return 0;
}

/* The next whole request; 0 when the other side has closed before. */
static size_t read_request(int fd, char *buffer)
{
    size_t n = 0;
    size_t wanted = 0;
    while (wanted == 0 || n < wanted) {
        ssize_t got = recv(fd, buffer + n, REQUEST_BYTES_MAX - n, 0);
        if (got <= 0) {
            return 0;
        }
        n += (size_t)got;
        const char *end = memmem(buffer, n, "\r\n\r\n", 4);
        if (wanted == 0 && end != NULL) {
            size_t head = (size_t)(end - buffer) + 4;
            wanted = head + body_bytes(buffer, head);
        }
    }
    return n;
}

static ScriptStep take_step(ScriptedUpstream *upstream, Str request)
{
    (void)pthread_mutex_lock(&upstream->lock);
    demand(upstream->request_count < REQUESTS_MAX, "too many requests");
    char *copy = malloc(request.n);
    demand(copy != NULL, "malloc");
    memcpy(copy, request.p, request.n);
    upstream->requests[upstream->request_count++] = (Str){.p = copy, .n = request.n};
    ScriptStep step = upstream->steps[upstream->next_step];
    upstream->next_step += upstream->next_step + 1 < upstream->step_count ? 1 : 0;
    (void)pthread_mutex_unlock(&upstream->lock);
    return step;
}

static void send_all(int fd, const char *bytes)
{
    size_t n = strlen(bytes);
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        bytes += sent;
        n -= (size_t)sent;
    }
}

static bool do_step(int fd, const ScriptStep *step, char *buffer)
{
    if (step->answer != NULL) {
        send_all(fd, step->answer);
    }
    for (size_t i = 0; i < step->repeats; i++) {
        send_all(fd, step->filler);
    }
    if (step->end == SCRIPT_HANG) {
        while (recv(fd, buffer, REQUEST_BYTES_MAX, 0) > 0) {
        }
    }
    if (step->end == SCRIPT_RESET) {
        const struct linger now = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    return step->end == SCRIPT_STAY;
}

static void *serve(void *context)
{
    Connection *connection = context;
    ScriptedUpstream *upstream = connection->upstream;
    char *buffer = malloc(REQUEST_BYTES_MAX);
    demand(buffer != NULL, "malloc");
    bool stays = true;
    while (stays) {
        size_t n = read_request(connection->fd, buffer);
        if (n == 0) {
            break;
        }
        ScriptStep step = take_step(upstream, (Str){.p = buffer, .n = n});
        stays = do_step(connection->fd, &step, buffer);
    }
    (void)pthread_mutex_lock(&upstream->lock);
    connection->is_open = false;
    (void)close(connection->fd);
    (void)pthread_mutex_unlock(&upstream->lock);
    free(buffer);
    return NULL;
}

/* --- the server ------------------------------------------------------------------------------- */

static void *take_connections(void *context)
{
    ScriptedUpstream *upstream = context;
    for (;;) {
        int fd = accept(upstream->listener, NULL, NULL);
        if (fd < 0) {
            return NULL;
        }
        (void)pthread_mutex_lock(&upstream->lock);
        demand(upstream->connection_count < CONNECTIONS_MAX, "too many connections");
        Connection *connection = &upstream->connections[upstream->connection_count++];
        *connection = (Connection){.upstream = upstream, .fd = fd, .is_open = true};
        demand(pthread_create(&connection->thread, NULL, serve, connection) == 0, "thread");
        (void)pthread_mutex_unlock(&upstream->lock);
    }
}

ScriptedUpstream *scripted_start(const ScriptStep *steps, size_t count)
{
    ScriptedUpstream *upstream = calloc(1, sizeof *upstream);
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof address;
    demand(upstream != NULL, "calloc");
    (void)pthread_mutex_init(&upstream->lock, NULL);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    upstream->listener = socket(AF_INET, SOCK_STREAM, 0);
    demand(bind(upstream->listener, (struct sockaddr *)&address, n) == 0, "bind");
    demand(listen(upstream->listener, CONNECTIONS_MAX) == 0, "listen");
    demand(getsockname(upstream->listener, (struct sockaddr *)&address, &n) == 0, "getsockname");
    (void)snprintf(upstream->url, sizeof upstream->url, "http://127.0.0.1:%u",
                   ntohs(address.sin_port));
    scripted_play(upstream, steps, count);
    demand(pthread_create(&upstream->thread, NULL, take_connections, upstream) == 0, "thread");
    return upstream;
}

void scripted_close_open(ScriptedUpstream *upstream)
{
    for (size_t i = 0; i < scripted_connections(upstream); i++) {
        Connection *connection = &upstream->connections[i];
        (void)pthread_mutex_lock(&upstream->lock);
        if (connection->is_open) {
            (void)shutdown(connection->fd, SHUT_RDWR);
        }
        (void)pthread_mutex_unlock(&upstream->lock);
        if (!connection->is_joined) {
            (void)pthread_join(connection->thread, NULL);
            connection->is_joined = true;
        }
    }
}

ScriptedUpstream *scripted_stop(ScriptedUpstream *upstream)
{
    if (upstream == NULL) {
        return NULL;
    }
    (void)shutdown(upstream->listener, SHUT_RDWR);
    (void)pthread_join(upstream->thread, NULL);
    (void)close(upstream->listener);
    scripted_close_open(upstream);
    for (size_t i = 0; i < upstream->request_count; i++) {
        free((char *)(uintptr_t)upstream->requests[i].p);
    }
    (void)pthread_mutex_destroy(&upstream->lock);
    free(upstream);
    return NULL;
}

Str scripted_url(const ScriptedUpstream *upstream)
{
    return str_from(upstream->url);
}

void scripted_play(ScriptedUpstream *upstream, const ScriptStep *steps, size_t count)
{
    (void)pthread_mutex_lock(&upstream->lock);
    upstream->steps = steps;
    upstream->step_count = count;
    upstream->next_step = 0;
    (void)pthread_mutex_unlock(&upstream->lock);
}

size_t scripted_requests(ScriptedUpstream *upstream)
{
    (void)pthread_mutex_lock(&upstream->lock);
    size_t count = upstream->request_count;
    (void)pthread_mutex_unlock(&upstream->lock);
    return count;
}

Str scripted_request(ScriptedUpstream *upstream, size_t i)
{
    (void)pthread_mutex_lock(&upstream->lock);
    demand(i < upstream->request_count, "no such request");
    Str request = upstream->requests[i];
    (void)pthread_mutex_unlock(&upstream->lock);
    return request;
}

size_t scripted_connections(ScriptedUpstream *upstream)
{
    (void)pthread_mutex_lock(&upstream->lock);
    size_t count = upstream->connection_count;
    (void)pthread_mutex_unlock(&upstream->lock);
    return count;
}
