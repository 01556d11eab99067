#include "mongo_conn.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>

#include "mongo_message.h"

/* The driver asks a foreign stream's type only to tell it from its own, which are small numbers. */
#define STREAM_TYPE 77

typedef struct BoundedStream {
    mongoc_stream_t base;
    mongoc_stream_t *inner;
    const MongoConn *conn;
    bool has_timed_out;
    uint8_t *message; /* a whole reply, checked */
    size_t message_bytes;
    size_t given; /* of it, to the driver */
} BoundedStream;

static BoundedStream *bounded(mongoc_stream_t *stream)
{
    return (BoundedStream *)(void *)stream;
}

/* The driver's timeout cut to what the lease has left; 0: nothing is left. */
static int32_t time_left_ms(const MongoConn *conn, int32_t timeout_ms)
{
    int64_t left = deadline_left_us(conn->deadline) / 1000;
    int64_t cap = timeout_ms > 0 ? timeout_ms : INT32_MAX;
    return (int32_t)(left < cap ? left : cap);
}

static ssize_t refuse_late(BoundedStream *stream)
{
    stream->has_timed_out = true;
    errno = ETIMEDOUT;
    return -1;
}

static void stream_destroy(mongoc_stream_t *stream)
{
    mongoc_stream_destroy(bounded(stream)->inner);
    bson_free(bounded(stream)->message);
    bson_free(stream);
}

static void stream_failed(mongoc_stream_t *stream)
{
    mongoc_stream_failed(bounded(stream)->inner);
    bson_free(bounded(stream)->message);
    bson_free(stream);
}

static int stream_close(mongoc_stream_t *stream)
{
    return mongoc_stream_close(bounded(stream)->inner);
}

static int stream_flush(mongoc_stream_t *stream)
{
    return mongoc_stream_flush(bounded(stream)->inner);
}

static ssize_t stream_writev(mongoc_stream_t *stream, mongoc_iovec_t *iov, size_t count,
                             int32_t timeout_ms)
{
    int32_t left = time_left_ms(bounded(stream)->conn, timeout_ms);
    return left == 0 ? refuse_late(bounded(stream))
                     : mongoc_stream_writev(bounded(stream)->inner, iov, count, left);
}

/* Exactly n bytes by a point of the driver's clock, or false. */
static bool read_whole(BoundedStream *stream, uint8_t *bytes, size_t n, int64_t until_us)
{
    int64_t left = (until_us - bson_get_monotonic_time()) / 1000;
    if (left <= 0) {
        (void)refuse_late(stream);
        return false;
    }
    mongoc_iovec_t iov = {.iov_base = bytes, .iov_len = n};
    return mongoc_stream_readv(stream->inner, &iov, 1, n, (int32_t)left) == (ssize_t)n;
}

/* The next reply, whole and sound, into the stream's own memory. */
static bool message_fetch(BoundedStream *stream, int32_t timeout_ms)
{
    uint8_t header[MONGO_HEADER_BYTES];
    int64_t until_us = bson_get_monotonic_time() + (int64_t)timeout_ms * 1000;
    bson_free(stream->message);
    stream->message = NULL;
    stream->message_bytes = 0;
    stream->given = 0;
    if (!read_whole(stream, header, sizeof header, until_us)) {
        return false;
    }
    size_t n = mongo_message_bytes(header);
    if (n == 0) {
        errno = EPROTO;
        return false;
    }
    stream->message = bson_malloc(n);
    memcpy(stream->message, header, sizeof header);
    if (!read_whole(stream, stream->message + sizeof header, n - sizeof header, until_us)) {
        return false;
    }
    if (!mongo_message_is_sound(stream->message, n)) {
        errno = EPROTO;
        return false;
    }
    stream->message_bytes = n;
    return true;
}

/* Copies what there is of the reply; returns how much. */
static size_t message_give(BoundedStream *stream, const mongoc_iovec_t *iov, size_t count)
{
    size_t copied = 0;
    for (size_t i = 0; i < count; i++) {
        size_t left = stream->message_bytes - stream->given;
        size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;
        if (n > 0) {
            memcpy(iov[i].iov_base, stream->message + stream->given, n);
        }
        stream->given += n;
        copied += n;
    }
    return copied;
}

static ssize_t stream_readv(mongoc_stream_t *base, mongoc_iovec_t *iov, size_t count,
                            size_t min_bytes, int32_t timeout_ms)
{
    BoundedStream *stream = bounded(base);
    int32_t left = time_left_ms(stream->conn, timeout_ms);
    if (left == 0) {
        return refuse_late(stream);
    }
    if (stream->given == stream->message_bytes && !message_fetch(stream, left)) {
        return -1;
    }
    /* The driver reads within one reply; asking beyond its end is asking for what was never
     * announced. */
    size_t copied = message_give(stream, iov, count);
    if (copied < min_bytes) {
        errno = EPROTO;
        return -1;
    }
    return (ssize_t)copied;
}

static int stream_setsockopt(mongoc_stream_t *stream, int level, int name, void *value,
                             mongoc_socklen_t n)
{
    return mongoc_stream_setsockopt(bounded(stream)->inner, level, name, value, n);
}

static mongoc_stream_t *stream_base(mongoc_stream_t *stream)
{
    return bounded(stream)->inner;
}

static bool stream_is_closed(mongoc_stream_t *stream)
{
    return mongoc_stream_check_closed(bounded(stream)->inner);
}

static bool stream_timed_out(mongoc_stream_t *stream)
{
    return bounded(stream)->has_timed_out || mongoc_stream_timed_out(bounded(stream)->inner);
}

static bool stream_should_retry(mongoc_stream_t *stream)
{
    return !bounded(stream)->has_timed_out && mongoc_stream_should_retry(bounded(stream)->inner);
}

static ssize_t stream_poll(mongoc_stream_poll_t *polls, size_t count, int32_t timeout_ms)
{
    ssize_t ready = 0;
    for (size_t i = 0; i < count; i++) {
        const BoundedStream *stream = bounded(polls[i].stream);
        if (stream->given < stream->message_bytes) {
            polls[i].revents = POLLIN;
            ready++;
            continue;
        }
        mongoc_stream_poll_t inner = {stream->inner, polls[i].events, 0};
        ready += mongoc_stream_poll(&inner, 1, time_left_ms(stream->conn, timeout_ms));
        polls[i].revents = inner.revents;
    }
    return ready;
}

static mongoc_stream_t *stream_bound(mongoc_stream_t *inner, const MongoConn *conn)
{
    BoundedStream *stream = bson_malloc0(sizeof *stream);
    stream->base = (mongoc_stream_t){.type = STREAM_TYPE,
                                     .destroy = stream_destroy,
                                     .close = stream_close,
                                     .flush = stream_flush,
                                     .writev = stream_writev,
                                     .readv = stream_readv,
                                     .setsockopt = stream_setsockopt,
                                     .get_base_stream = stream_base,
                                     .check_closed = stream_is_closed,
                                     .poll = stream_poll,
                                     .failed = stream_failed,
                                     .timed_out = stream_timed_out,
                                     .should_retry = stream_should_retry};
    stream->inner = inner;
    stream->conn = conn;
    return &stream->base;
}

/* Connects to one address within the lease; NULL on failure. */
static mongoc_socket_t *socket_connect(const MongoConn *conn, int family, int protocol,
                                       const struct sockaddr *address, socklen_t address_bytes)
{
    int32_t left = time_left_ms(conn, MONGO_CONNECT_MS);
    mongoc_socket_t *socket = left == 0 ? NULL : mongoc_socket_new(family, SOCK_STREAM, protocol);
    if (socket == NULL) {
        return NULL;
    }
    int64_t until = bson_get_monotonic_time() + (int64_t)left * 1000;
    if (mongoc_socket_connect(socket, address, address_bytes, until) != 0) {
        mongoc_socket_destroy(socket);
        return NULL;
    }
    return socket;
}

static mongoc_socket_t *socket_local(const MongoConn *conn, const mongoc_host_list_t *host)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(host->host);
    if (n >= sizeof address.sun_path) {
        return NULL;
    }
    memcpy(address.sun_path, host->host, n);
    return socket_connect(conn, AF_UNIX, 0, (const struct sockaddr *)&address, sizeof address);
}

static mongoc_socket_t *socket_tcp(const MongoConn *conn, const mongoc_host_list_t *host)
{
    char port[8];
    struct addrinfo hints = {.ai_family = host->family, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    (void)snprintf(port, sizeof port, "%u", (unsigned)host->port); /* five digits */
    if (getaddrinfo(host->host, port, &hints, &found) != 0) {
        return NULL;
    }
    mongoc_socket_t *socket = NULL;
    for (const struct addrinfo *at = found; socket == NULL && at != NULL; at = at->ai_next) {
        socket = socket_connect(conn, at->ai_family, at->ai_protocol, at->ai_addr, at->ai_addrlen);
    }
    freeaddrinfo(found);
    return socket;
}

/* TLS over the stream as the URI asks for it; NULL with error when the handshake fails. Takes the
 * stream. */
static mongoc_stream_t *stream_secure(const MongoConn *conn, const mongoc_uri_t *uri,
                                      const char *host, mongoc_stream_t *plain, bson_error_t *error)
{
    mongoc_ssl_opt_t options = *mongoc_ssl_opt_get_default();
    bool is_insecure = mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSINSECURE, false);
    options.pem_file = mongoc_uri_get_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILE, NULL);
    options.pem_pwd =
        mongoc_uri_get_option_as_utf8(uri, MONGOC_URI_TLSCERTIFICATEKEYFILEPASSWORD, NULL);
    options.ca_file = mongoc_uri_get_option_as_utf8(uri, MONGOC_URI_TLSCAFILE, NULL);
    options.weak_cert_validation =
        is_insecure ||
        mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDCERTIFICATES, false);
    options.allow_invalid_hostname =
        is_insecure ||
        mongoc_uri_get_option_as_bool(uri, MONGOC_URI_TLSALLOWINVALIDHOSTNAMES, false);
    mongoc_stream_t *secure = mongoc_stream_tls_new_with_hostname(plain, host, &options, 1);
    if (secure == NULL) {
        mongoc_stream_destroy(plain);
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET,
                       "TLS can't be set up");
        return NULL;
    }
    int32_t left = time_left_ms(conn, MONGO_CONNECT_MS);
    if (left == 0 || !mongoc_stream_tls_handshake_block(secure, host, left, error)) {
        mongoc_stream_destroy(secure);
        if (left == 0) {
            bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "out of time");
        }
        return NULL;
    }
    return secure;
}

mongoc_stream_t *mongo_stream_open(const mongoc_uri_t *uri, const mongoc_host_list_t *host,
                                   void *user_data, bson_error_t *error)
{
    const MongoConn *conn = user_data;
    mongoc_socket_t *socket =
        host->family == AF_UNIX ? socket_local(conn, host) : socket_tcp(conn, host);
    if (socket == NULL) {
        bson_set_error(error, MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_CONNECT,
                       "no connection to %s", host->host_and_port);
        return NULL;
    }
    int on = 1;
    if (host->family != AF_UNIX) {
        (void)mongoc_socket_setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on,
                                       sizeof on); /* speed only */
        (void)mongoc_socket_setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on,
                                       sizeof on); /* idle ones only */
    }
    mongoc_stream_t *stream = mongoc_stream_socket_new(socket);
    if (mongoc_uri_get_tls(uri)) {
        stream = stream_secure(conn, uri, host->host, stream, error);
    }
    return stream == NULL ? NULL : stream_bound(stream, conn);
}
