/* server_state.h — what the files of the server share: its state, its connections, its exchanges.
 * For this room only.
 *
 * A Connection lives from accept to close, an Exchange from request line to the last byte of the
 * answer. The arena of an exchange belongs to it until an answer is queued, then to the answer.
 * Must never be included outside the room.
 *
 * Layer: ngsi-proxy/http. Thread-safe: Server yes (atomics, one lock); Connection and Exchange
 * belong to the thread of their connection, except the limits, which the watchdog reads. */
#ifndef MUSUBI_SERVER_STATE_H
#define MUSUBI_SERVER_STATE_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "guard.h"
#include "ip_range.h"
#include "server.h"

#define SERVER_DRAIN_BYTES_MAX                                                                     \
    ((size_t)16 << 20)        /* of a body that is too large, read for politeness */
#define SERVER_BODY_RATE 1024 /* bytes a second */
#define SERVER_SEND_TIMEOUT_US (60 * CLOCK_SECOND_US)
#define SERVER_ARENAS_KEPT 64
#define SERVER_STOP_TIMEOUT_US (5 * CLOCK_SECOND_US)

/* Where an answer's arena goes when its last byte is sent; lives in that arena itself. */
typedef struct ArenaHome {
    struct Server *server;
    Arena *arena;
    Arena *large; /* the request's, if it has one */
} ArenaHome;

typedef struct Exchange {
    ArenaHome *home;
    Request request;
    Response response;
    RequestFraming framing;
    Buf body;
    bool has_head;
    bool is_body_too_large;
    bool is_active;
} Exchange;

typedef struct Connection {
    struct Server *server;
    struct Connection *next;
    struct Connection *previous;
    Exchange *exchange;
    int fd;
    _Atomic int64_t limit_at_us; /* monotonic; the watchdog cuts the connection after it */
    char peer[INET6_ADDRSTRLEN];
    bool is_counted; /* against connections_per_source_max */
    IpAddress source;
} Connection;

struct Server {
    ServerOptions options;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    char *unix_path;           /* NULL for TCP */
    pthread_mutex_t turn_lock; /* guards changes of in_flight; never held together with others */
    pthread_cond_t turn_free;
    unsigned turn_waiters;
    atomic_uint in_flight;
    atomic_uint active; /* requests whose head is complete and whose answer is not sent */
    atomic_bool is_stopping;
    pthread_mutex_t lock; /* guards connections and the watchdog's sleep */
    pthread_cond_t changed;
    Connection *connections;
    pthread_mutex_t arena_lock; /* guards arenas and arena_count; never held together with lock */
    Arena *arenas[SERVER_ARENAS_KEPT]; /* reset, for the next requests */
    size_t arena_count;
    pthread_t watchdog;
    bool has_watchdog;
};

/* Monotonic now of the server's ports. */
int64_t server_now_us(const Server *server);

/* A sensitive arena of ARENA_REQUEST_BYTES, new or reset; NULL when memory is short. */
Arena *server_arena_borrow(Server *server) MUST_USE;
/* Wipes it and keeps or frees it. NULL is fine. Returns NULL. */
Arena *server_arena_return(Server *server, Arena *arena);

/* --- server_turn.c ---------------------------------------------------------------------------- */

/* Waits a moment until fewer than in_flight_max requests are being answered and takes a turn; false
 * when there was none. Give back with server_turn_return. */
bool server_turn_take(Server *server) MUST_USE;
void server_turn_return(Server *server);

/* --- server_listen.c -------------------------------------------------------------------------- */

/* Opens the listening socket and sets server->listen_fd, port, unix_path. Errors: LISTEN_ADDRESS,
 * LISTEN_FAILED. */
Error server_listen_open(Server *server, Arena *error_arena) MUST_USE;
/* Once the library accepts no more: takes those who wait for an answer and closes on them at once.
 */
void server_listen_refuse(Server *server);
/* Closes what is open and removes the socket's file. */
void server_listen_close(Server *server);

/* --- server_watchdog.c ------------------------------------------------------------------------ */

/* Errors: OUT_OF_MEMORY (no thread). */
Error server_watchdog_start(Server *server) MUST_USE;
void server_watchdog_stop(Server *server);
/* peer: an address or "unix". A source that has too many connections already has this one cut at
 * once. NULL when memory is short. */
Connection *server_connection_new(Server *server, int fd, const char peer[INET6_ADDRSTRLEN])
    MUST_USE;
Connection *server_connection_free(Connection *connection);
/* From now on the connection has timeout_us for what comes next. */
void server_connection_limit(Connection *connection, int64_t timeout_us);
/* The limit of a body of which so many bytes are there since started_us: whole by body_timeout_us,
 * and never more than body_grace_us behind SERVER_BODY_RATE. */
void server_connection_limit_body(Connection *connection, int64_t started_us, size_t bytes);

/* --- server_exchange.c: the callbacks of libmicrohttpd; context is the Server ----------------- */

/* With the raw request line, before it is decoded: begins an Exchange. NULL when memory is short.
 */
void *server_on_uri(void *context, const char *uri, struct MHD_Connection *mhd);
/* Once with the head, once for each piece of the body, once at its end: there the answer is queued.
 */
enum MHD_Result server_on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **exchange_context);
/* The answer is sent or the connection broke: ends the Exchange. */
void server_on_completed(void *context, struct MHD_Connection *mhd, void **exchange_context,
                         enum MHD_RequestTerminationCode code);
/* A connection begins or ends. */
void server_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code);

#endif
