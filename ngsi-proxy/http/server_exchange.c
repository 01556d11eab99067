#include "server_state.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ids.h"
#include "log_line.h"
#include "metrics.h"
#include "target.h"

#define CORRELATOR_BYTES_MAX 64 /* a UUID and what Orion appends to it */

static Connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* --- connections ------------------------------------------------------------------------------ */

static void read_peer(struct MHD_Connection *mhd, char ret_peer[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    if (info != NULL && info->client_addr != NULL) {
        size_t bytes = info->client_addr->sa_family == AF_INET    ? sizeof(struct sockaddr_in)
                       : info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                                  : sizeof(sa_family_t);
        memcpy(&address, info->client_addr, bytes);
    }
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memcpy(&v4, &address, sizeof v4);
    memcpy(&v6, &address, sizeof v6);
    const void *ip =
        address.ss_family == AF_INET ? (const void *)&v4.sin_addr : (const void *)&v6.sin6_addr;
    if (address.ss_family == AF_UNIX ||
        inet_ntop(address.ss_family, ip, ret_peer, INET6_ADDRSTRLEN) == NULL) {
        memcpy(ret_peer, IP_RANGE_UNIX, sizeof IP_RANGE_UNIX);
    }
}

static Exchange *exchange_free(Server *server, Exchange *exchange)
{
    if (exchange != NULL) {
        exchange->request.large = arena_free(exchange->request.large);
        exchange->request.arena = server_arena_return(server, exchange->request.arena);
        free(exchange);
    }
    return NULL;
}

void server_on_connection(void *context, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        char peer[INET6_ADDRSTRLEN] = "";
        read_peer(mhd, peer);
        *socket_context = server_connection_new(context, info->connect_fd, peer);
        return;
    }
    Connection *connection = *socket_context;
    if (connection != NULL) {
        connection->exchange = exchange_free(connection->server, connection->exchange);
        *socket_context = server_connection_free(connection);
    }
}

/* --- the head --------------------------------------------------------------------------------- */

/* Called with the raw request line, before the library decodes it in place: the one moment to copy
 * the target. */
static Exchange *exchange_new(Connection *connection, const char *uri)
{
    Exchange *exchange = calloc(1, sizeof *exchange);
    if (exchange == NULL) {
        return NULL;
    }
    Request *request = &exchange->request;
    request->arena = server_arena_borrow(connection->server);
    if (request->arena == NULL) {
        return exchange_free(connection->server, exchange);
    }
    exchange->home = ARENA_ONE(request->arena, ArenaHome);
    request->reserve = arena_alloc(request->arena, REQUEST_RESERVE_BYTES);
    if (exchange->home == NULL || request->reserve == NULL ||
        FAILED(str_copy_in(request->arena, str_from(uri), &request->target))) {
        return exchange_free(connection->server, exchange);
    }
    *exchange->home = (ArenaHome){.server = connection->server, .arena = request->arena};
    request->peer = str_from(connection->peer);
    request->address = request->peer;
    request->id = STR_EMPTY;
    request->correlator = STR_EMPTY;
    response_init(&exchange->response);
    return exchange;
}

void *server_on_uri(void *context, const char *uri, struct MHD_Connection *mhd)
{
    (void)context;
    Connection *connection = connection_of(mhd);
    if (connection == NULL) {
        return NULL;
    }
    server_connection_limit(connection, connection->server->options.head_timeout_us);
    (void)exchange_free(connection->server, connection->exchange);
    connection->exchange = exchange_new(connection, uri);
    return connection->exchange;
}

typedef struct HeaderList {
    HttpHeader *items;
    size_t count;
    bool has_overflown;
} HeaderList;

static enum MHD_Result collect_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    HeaderList *list = context;
    if (list->count == REQUEST_HEADERS_MAX) {
        list->has_overflown = true;
        return MHD_NO;
    }
    list->items[list->count++] =
        (HttpHeader){.name = {.p = name, .n = name_bytes},
                     .value = {.p = value == NULL ? "" : value, .n = value_bytes}};
    return MHD_YES;
}

static Error collect_headers(struct MHD_Connection *mhd, Request *request)
{
    HeaderList list = {.items = ARENA_MANY(request->arena, HttpHeader, REQUEST_HEADERS_MAX)};
    ENSURE_ALLOC(list.items, request->arena);
    (void)MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, collect_header,
                                      &list); /* the list counts itself */
    ENSURE(!list.has_overflown, HTTP_HEAD_TOO_LARGE, NULL);
    request->headers = list.items;
    request->header_count = list.count;
    return OK;
}

static bool is_sane_correlator(Str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && (c == '\0' || strchr("-_.:;= ", c) == NULL)) {
            return false;
        }
    }
    return text.n > 0 && text.n <= CORRELATOR_BYTES_MAX;
}

static Error decode_target(Request *request)
{
    Target target;
    TRY(target_decode_in(request->arena, request->target, &target));
    request->segments = target.segments;
    request->segment_count = target.segment_count;
    request->surface = surface_of(target.segment_count == 0 ? STR_EMPTY : target.segments[0]);
    return query_decode_in(request->arena, target.query, request->surface == SURFACE_V2,
                           &request->params, &request->param_count);
}

/* How errors look when the target can't be decoded. */
static Surface surface_of_raw(Str target)
{
    Str rest = str_slice(target, 1, target.n);
    rest.n = str_find(rest, '?');
    rest.n = str_find(rest, '/');
    return surface_of(rest);
}

static Error read_head(Server *server, struct MHD_Connection *mhd, Exchange *exchange, Str method,
                       Str version)
{
    Request *request = &exchange->request;
    const Ports *ports = server->options.ports;
    request->surface = surface_of_raw(request->target);
    request->received_us = ports->clock->now_us(ports->clock);
    request->started_us = server_now_us(server);
    TRY(id_uuid7_in(ports, request->arena, &request->id));
    request->correlator = request->id;
    TRY(collect_headers(mhd, request));
    RequestHead head = {.method = method,
                        .target = request->target,
                        .version = version,
                        .headers = request->headers,
                        .header_count = request->header_count};
    TRY(guard_check(&head, &exchange->framing));
    request->method = exchange->framing.method;
    Str correlator = request_header_or_empty(request, STR("Fiware-Correlator"));
    if (is_sane_correlator(correlator)) {
        request->correlator = correlator;
    }
    return decode_target(request);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void log_exchange(const Server *server, const Exchange *exchange)
{
    const Request *request = &exchange->request;
    const Response *response = &exchange->response;
    const ErrorWords *words = error_words(response->error.reason);
    LogField fields[] = {
        log_z("method", http_method_name(request->method)),
        log_str("route", response->route),
        log_int("status", response->status),
        log_int("us", server_now_us(server) - request->started_us),
        log_str("request", request->id),
        log_str("client", response->client),
        log_error(response->error),
    };
    size_t count = sizeof fields / sizeof fields[0];
    log_write(FAILED(response->error) ? words->level : LOG_INFO, "http.request", fields,
              FAILED(response->error) ? count : count - 1);
}

static void add_header(struct MHD_Response *answer, Str name, Str value)
{
    char name_z[64];
    char value_z[RESPONSE_HEADER_BYTES_MAX + 1];
    if (name.n >= sizeof name_z || value.n >= sizeof value_z) {
        return;
    }
    memcpy(name_z, name.p, name.n);
    name_z[name.n] = '\0';
    memcpy(value_z, value.p, value.n);
    value_z[value.n] = '\0';
    (void)MHD_add_response_header(
        answer, name_z, value_z); /* refused only without memory: the body still says it */
}

static void return_arena(void *context)
{
    const ArenaHome home = *(const ArenaHome *)context;
    (void)arena_free(home.large);
    (void)server_arena_return(home.server, home.arena);
}

static struct MHD_Response *build_answer(Exchange *exchange)
{
    const Response *response = &exchange->response;
    union {
        const char *read;
        void *library; /* the library takes void *, and only reads */
    } body = {.read = response->body.n == 0 ? "" : response->body.p};
    struct MHD_Response *answer = MHD_create_response_from_buffer_with_free_callback_cls(
        response->body.n, body.library, return_arena, exchange->home);
    if (answer == NULL) {
        return NULL;
    }
    exchange->home->large = TAKE(exchange->request.large);
    if (response->content_type.n > 0) {
        add_header(answer, STR("Content-Type"), response->content_type);
    }
    if (exchange->request.surface == SURFACE_V2 && exchange->request.correlator.n > 0) {
        add_header(answer, STR("Fiware-Correlator"), exchange->request.correlator);
    }
    for (size_t i = 0; i < response->header_count; i++) {
        add_header(answer, response->headers[i].name, response->headers[i].value);
    }
    if (response->must_close) {
        add_header(answer, STR("Connection"), STR("close"));
    }
    return answer;
}

static enum MHD_Result send_answer(Connection *connection, struct MHD_Connection *mhd,
                                   Exchange *exchange)
{
    Server *server = connection->server;
    exchange->response.must_close |= atomic_load(&server->is_stopping);
    log_exchange(server, exchange);
    metrics_count(server->options.metrics, exchange->request.route, exchange->response.status,
                  exchange->response.error.reason,
                  server_now_us(server) - exchange->request.started_us);
    struct MHD_Response *answer = build_answer(exchange);
    if (answer == NULL) {
        return MHD_NO;
    }
    exchange->request.arena =
        NULL; /* the answer's now: wiped when its last byte is sent or the connection breaks */
    server_connection_limit(connection, SERVER_SEND_TIMEOUT_US);
    enum MHD_Result result = MHD_queue_response(mhd, (unsigned)exchange->response.status, answer);
    MHD_destroy_response(answer);
    return result;
}

static enum MHD_Result refuse(Connection *connection, struct MHD_Connection *mhd,
                              Exchange *exchange, Error error)
{
    exchange->response.must_close = true;
    response_error(&exchange->response, &exchange->request, error);
    return send_answer(connection, mhd, exchange);
}

static Error body_too_large(Request *request, uint64_t bytes)
{
    Buf text = buf_in(request->arena);
    buf_add_int(&text, (int64_t)bytes);
    Str number = STR_EMPTY;
    TRY(buf_finish(&text, &number));
    return FAIL(BODY_TOO_LARGE, str_argument(request->arena, number));
}

static void answer_request(Server *server, Exchange *exchange)
{
    Request *request = &exchange->request;
    Response *response = &exchange->response;
    request->deadline =
        deadline_in(server->options.ports->clock, server->options.answer_timeout_us);
    if (exchange->is_body_too_large) {
        response_error(response, request, body_too_large(request, request->body_bytes_sent));
        return;
    }
    if (exchange->body.has_failed) {
        response_error(response, request, arena_failure(request->arena));
        return;
    }
    if (!server_turn_take(server)) {
        response_error(response, request, FAIL(OVERLOADED, NULL));
        return;
    }
    request->body =
        (Str){.p = exchange->body.n == 0 ? "" : exchange->body.p, .n = exchange->body.n};
    server->options.serve(server->options.app, request, response);
    server_turn_return(server);
}

/* --- the three kinds of call that the library makes ------------------------------------------- */

static enum MHD_Result on_head(Connection *connection, struct MHD_Connection *mhd,
                               Exchange *exchange, const char *method, const char *version)
{
    Server *server = connection->server;
    exchange->has_head = true;
    exchange->is_active = true;
    (void)atomic_fetch_add(&server->active, 1);
    metrics_begin(server->options.metrics);
    Error error = read_head(server, mhd, exchange, str_from(method), str_from(version));
    if (FAILED(error)) {
        return refuse(connection, mhd, exchange, error);
    }
    Request *request = &exchange->request;
    uint64_t length = exchange->framing.length_bytes;
    bool is_asking = request_header_or_empty(request, STR("Expect")).n > 0;
    if (length > SERVER_DRAIN_BYTES_MAX || (is_asking && length > REQUEST_BODY_BYTES_MAX)) {
        return refuse(connection, mhd, exchange, body_too_large(request, length));
    }
    exchange->response.must_close = request->method == HTTP_OTHER;
    exchange->body = buf_in(request->arena);
    if (length > 0 && length <= REQUEST_BODY_BYTES_MAX) {
        exchange->body.capacity = (size_t)length;
        exchange->body.p = arena_alloc(request->arena, (size_t)length);
        exchange->body.has_failed = exchange->body.p == NULL;
    }
    server_connection_limit_body(connection, request->started_us, 0);
    return MHD_YES;
}

static enum MHD_Result on_data(Connection *connection, Exchange *exchange, const char *upload,
                               size_t *upload_bytes)
{
    Request *request = &exchange->request;
    request->body_bytes_sent += *upload_bytes;
    server_connection_limit_body(connection, request->started_us, request->body_bytes_sent);
    if (exchange->request.body_bytes_sent > SERVER_DRAIN_BYTES_MAX) {
        return MHD_NO;
    }
    exchange->is_body_too_large = exchange->request.body_bytes_sent > REQUEST_BODY_BYTES_MAX;
    if (!exchange->is_body_too_large) {
        buf_add(&exchange->body, (Str){.p = upload, .n = *upload_bytes});
    }
    *upload_bytes = 0;
    return MHD_YES;
}

enum MHD_Result server_on_request(void *context, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_bytes, void **exchange_context)
{
    (void)context;
    (void)url; /* decoded by the library and cut at %00: nothing here may look at it */
    Connection *connection = connection_of(mhd);
    Exchange *exchange = *exchange_context;
    if (connection == NULL || exchange == NULL) {
        return MHD_NO;
    }
    if (!exchange->has_head) {
        return on_head(connection, mhd, exchange, method, version);
    }
    if (*upload_bytes > 0) {
        return on_data(connection, exchange, upload, upload_bytes);
    }
    server_connection_limit(connection, SERVER_SEND_TIMEOUT_US); /* the caller has done its part */
    answer_request(connection->server, exchange);
    return send_answer(connection, mhd, exchange);
}

void server_on_completed(void *context, struct MHD_Connection *mhd, void **exchange_context,
                         enum MHD_RequestTerminationCode code)
{
    (void)code;
    Server *server = context;
    Connection *connection = connection_of(mhd);
    Exchange *exchange = *exchange_context;
    if (connection == NULL || exchange == NULL) {
        return;
    }
    bool was_active = exchange->is_active;
    connection->exchange = exchange_free(connection->server, exchange);
    *exchange_context = NULL;
    server_connection_limit(connection, (int64_t)server->options.idle_timeout_s * CLOCK_SECOND_US);
    if (was_active) {
        metrics_end(server->options.metrics);
    }
    if (was_active && atomic_fetch_sub(&server->active, 1) == 1 &&
        atomic_load(&server->is_stopping)) {
        (void)pthread_mutex_lock(&server->lock);
        (void)pthread_cond_broadcast(&server->changed);
        (void)pthread_mutex_unlock(&server->lock);
    }
}
