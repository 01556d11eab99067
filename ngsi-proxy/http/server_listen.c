#include "server_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_BACKLOG 1024

typedef struct Address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } socket;
    socklen_t bytes;
} Address;

static Error fail_with(Arena *arena, bool is_address, Str listen, const char *why)
{
    const Str parts[] = {STR("listen = "), listen, STR(": "), str_from(why)};
    Str sentence;
    TRY(str_join_in(arena, parts, sizeof parts / sizeof parts[0], &sentence));
    const char *argument = str_argument(arena, sentence);
    return is_address ? FAIL(LISTEN_ADDRESS, argument) : FAIL(LISTEN_FAILED, argument);
}

static bool parse_port(Str text, uint16_t *ret_port)
{
    int64_t port = 0;
    if (!str_to_uint(text, &port) || port > UINT16_MAX) {
        return false;
    }
    *ret_port = htons((uint16_t)port);
    return true;
}

static bool parse_v6(Str host, uint16_t port, Address *address)
{
    char text[INET6_ADDRSTRLEN];
    if (host.n < 2 || host.n - 2 >= sizeof text) {
        return false;
    }
    memcpy(text, host.p + 1, host.n - 2);
    text[host.n - 2] = '\0';
    address->socket.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = port};
    address->bytes = sizeof address->socket.v6;
    return inet_pton(AF_INET6, text, &address->socket.v6.sin6_addr) == 1;
}

static bool parse_v4(Str host, uint16_t port, Address *address)
{
    char text[INET_ADDRSTRLEN];
    if (host.n >= sizeof text) {
        return false;
    }
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    address->socket.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = port};
    address->bytes = sizeof address->socket.v4;
    return inet_pton(AF_INET, text, &address->socket.v4.sin_addr) == 1;
}

static bool parse_tcp(Str listen, Address *address)
{
    size_t colon = listen.n;
    for (size_t i = 0; i < listen.n; i++) {
        colon = listen.p[i] == ':' ? i : colon;
    }
    uint16_t port = 0;
    if (colon == listen.n || !parse_port(str_slice(listen, colon + 1, listen.n), &port)) {
        return false;
    }
    Str host = str_slice(listen, 0, colon);
    bool is_v6 = str_starts_with(host, STR("[")) && str_ends_with(host, STR("]"));
    return is_v6 ? parse_v6(host, port, address) : parse_v4(host, port, address);
}

static bool is_loopback(const Address *address)
{
    if (address->socket.any.sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&address->socket.v6.sin6_addr);
    }
    return (ntohl(address->socket.v4.sin_addr.s_addr) >> 24) == 127;
}

/* A socket file that nobody answers is what a killed process left behind. */
static void remove_stale(const Address *address)
{
    struct stat status;
    if (lstat(address->socket.local.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return;
    }
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) {
        return;
    }
    if (connect(probe, &address->socket.any, address->bytes) != 0 && errno == ECONNREFUSED) {
        (void)unlink(address->socket.local.sun_path); /* bind tells when it stayed */
    }
    (void)close(probe);
}

static bool parse_unix(Server *server, Str path, Address *address)
{
    if (path.n == 0 || path.p[0] != '/' || path.n >= sizeof address->socket.local.sun_path) {
        return false;
    }
    address->socket.local = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->socket.local.sun_path, path.p, path.n);
    address->bytes = sizeof address->socket.local;
    server->unix_path = strndup(path.p, path.n);
    return server->unix_path != NULL;
}

static bool bind_and_listen(Server *server, const Address *address)
{
    int family = address->socket.any.sa_family;
    server->listen_fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server->listen_fd < 0) {
        return false;
    }
    int on = 1;
    if (family != AF_UNIX &&
        setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return false;
    }
    if (family == AF_UNIX) {
        remove_stale(address);
    }
    return bind(server->listen_fd, &address->socket.any, address->bytes) == 0 &&
           (server->unix_path == NULL || chmod(server->unix_path, 0660) == 0) &&
           listen(server->listen_fd, LISTEN_BACKLOG) == 0;
}

static void read_port(Server *server)
{
    Address bound = {.bytes = sizeof bound.socket};
    if (server->unix_path != NULL ||
        getsockname(server->listen_fd, &bound.socket.any, &bound.bytes) != 0) {
        return;
    }
    bool is_v6 = bound.socket.any.sa_family == AF_INET6;
    server->port = ntohs(is_v6 ? bound.socket.v6.sin6_port : bound.socket.v4.sin_port);
}

Error server_listen_open(Server *server, Arena *error_arena)
{
    Str listen = str_from(server->options.listen);
    Address address = {.bytes = 0};
    if (str_starts_with(listen, STR("unix:"))) {
        if (!parse_unix(server, str_slice(listen, 5, listen.n), &address)) {
            return fail_with(error_arena, true, listen,
                             "unix: wants an absolute path of at most 107 bytes");
        }
    } else if (!parse_tcp(listen, &address)) {
        return fail_with(error_arena, true, listen,
                         "expected ADDRESS:PORT such as 127.0.0.1:8026, or unix:/path/of/socket");
    } else if (!server->options.is_public_allowed && !is_loopback(&address)) {
        return fail_with(error_arena, true, listen,
                         "this program speaks plain HTTP and listens on loopback only; put nginx "
                         "with TLS in front");
    }
    if (!bind_and_listen(server, &address)) {
        char reason[128];
        return fail_with(error_arena, false, listen, strerror_r(errno, reason, sizeof reason));
    }
    read_port(server);
    return OK;
}

void server_listen_refuse(Server *server)
{
    struct pollfd waiting = {.fd = server->listen_fd, .events = POLLIN};
    for (int i = 0; i < LISTEN_BACKLOG && poll(&waiting, 1, 0) == 1; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            return;
        }
        (void)close(fd);
    }
}

void server_listen_close(Server *server)
{
    if (server->listen_fd >= 0) {
        (void)close(server->listen_fd);
        server->listen_fd = -1;
        if (server->unix_path != NULL) {
            (void)unlink(server->unix_path); /* may be gone: then there is nothing to remove */
        }
    }
    free(server->unix_path);
    server->unix_path = NULL;
}
