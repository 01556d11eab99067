/* server.h — the HTTP server: listens on loopback TCP or a UNIX socket, one thread per connection,
 * bounded.
 *
 * bytes → libmicrohttpd → guard → decoder → body → serve() → bytes. Refusals of the guard close the
 * connection, so that nothing smuggled behind them is read. Must never terminate TLS (nginx does)
 * and never call serve() for a request that the guard refused or whose body is incomplete.
 *
 * Layer: ngsi-proxy/http. Thread-safe: yes. Requirement. Spec: 7(2)イ. */
#ifndef MUSUBI_SERVER_H
#define MUSUBI_SERVER_H

#include "request.h"
#include "response.h"

typedef struct Server Server;
typedef struct Metrics Metrics;

typedef struct ServerOptions {
    const char *listen;        /* "127.0.0.1:8026" (port 0: any free one), "[::1]:8026",
                                  "unix:/run/musubi/http.sock" */
    const Ports *ports;        /* must outlive the server */
    unsigned connections_max;  /* 0: 512 */
    unsigned in_flight_max;    /* requests being answered at once; over it: a quarter of a second's
                                  wait for a turn, then 503 with Retry-After: 1. 0: 256 */
    int64_t answer_timeout_us; /* the Deadline of each request; 0: 2.5 s */
    unsigned idle_timeout_s;   /* silent connections are closed after this; 0: 60 */
    int64_t head_timeout_us; /* a head that is not complete by then closes the connection; 0:
                                10 s */
    int64_t body_timeout_us; /* the same for the body; 0: 60 s */
    int64_t body_grace_us; /* the body may stay behind 1 KiB/s for so long and no longer; 0: 5 s */
    unsigned connections_per_source_max; /* of one IPv4 address or IPv6 /64; 0: 50 */
    const Str *uncounted; /* ip_range rules of peers without that limit; NULL: this machine */
    size_t uncounted_count;
    bool is_public_allowed; /* listen on other than loopback addresses */
    /* Answers one request: fills response, whose bytes live in request->arena or statically. Called
     * on many threads. */
    void (*serve)(void *app, Request *request, Response *response);
    void *app;        /* must outlive the server */
    Metrics *metrics; /* counts every answer; NULL: none */
    /* Called once with the port (0 for a UNIX socket) before the first request can be served; NULL:
     * not needed. */
    void (*on_bound)(void *app, uint16_t port);
} ServerOptions;

/* Starts to listen. Errors: LISTEN_ADDRESS (argument: the text and what is expected), LISTEN_FAILED
 * (argument: the address and why), OUT_OF_MEMORY. Argument texts live in error_arena. Stop with
 * server_stop. */
Error server_start(const ServerOptions *options, Arena *error_arena, Server **ret_server) MUST_USE;
/* The port in use; 0 for a UNIX socket. */
uint16_t server_port(const Server *server);
/* Requests being answered now, for tests. */
unsigned server_in_flight(const Server *server);
/* Stops in order: accepts no more, lets running requests end (at most 5 s), closes the rest. NULL
 * is fine. Returns NULL. */
Server *server_stop(Server *server);

DEFINE_CLEANUP(Server, server_stop)

#endif
