#include "http_probe.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000

void probe_open(Probe *probe, uint16_t port, const char *unix_path)
{
    probe->used = 0;
    if (unix_path != NULL) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)strncpy(address.sun_path, unix_path, sizeof address.sun_path - 1);
        probe->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(connect(probe->fd, (const struct sockaddr *)&address, sizeof address), 0);
        return;
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    probe->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(probe->fd, (const struct sockaddr *)&address, sizeof address), 0);
}

void probe_close(Probe *probe)
{
    (void)close(probe->fd);
    probe->fd = -1;
}

bool probe_send(Probe *probe, Str bytes)
{
    size_t sent = 0;
    while (sent < bytes.n) {
        ssize_t n = send(probe->fd, bytes.p + sent, bytes.n - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        sent += (size_t)n;
    }
    return true;
}

/* False at the end of the connection or when nothing came in time. */
static bool read_more(Probe *probe)
{
    struct pollfd wait = {.fd = probe->fd, .events = POLLIN};
    if (probe->used == PROBE_BYTES_MAX || poll(&wait, 1, WAIT_MS) != 1) {
        return false;
    }
    ssize_t n = recv(probe->fd, probe->buffer + probe->used, PROBE_BYTES_MAX - probe->used, 0);
    if (n <= 0) {
        return false;
    }
    probe->used += (size_t)n;
    probe->buffer[probe->used] = '\0';
    return true;
}

static void take(Probe *probe, size_t n)
{
    memmove(probe->buffer, probe->buffer + n, probe->used - n + 1);
    probe->used -= n;
}

static size_t head_length(const Probe *probe)
{
    const char *end = probe->used == 0 ? NULL : memmem(probe->buffer, probe->used, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - probe->buffer) + 4;
}

const char *probe_header(const ProbeAnswer *answer, const char *name)
{
    static _Thread_local char value[1024];
    size_t n = strlen(name);
    const char *line = answer->head;
    value[0] = '\0';
    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
            size_t length = strcspn(line + n + 2, "\r");
            length = length < sizeof value - 1 ? length : sizeof value - 1;
            memcpy(value, line + n + 2, length);
            value[length] = '\0';
            break;
        }
    }
    return value;
}

void probe_read(Probe *probe, bool is_head, ProbeAnswer *ret_answer)
{
    *ret_answer = (ProbeAnswer){.status = 0};
    size_t head = 0;
    while ((head = head_length(probe)) == 0) {
        if (!read_more(probe)) {
            return;
        }
    }
    assert_true(head < sizeof ret_answer->head);
    memcpy(ret_answer->head, probe->buffer, head);
    ret_answer->body_bytes =
        is_head ? 0 : (size_t)strtoul(probe_header(ret_answer, "Content-Length"), NULL, 10);
    while (probe->used < head + ret_answer->body_bytes) {
        if (!read_more(probe)) {
            return;
        }
    }
    size_t shown = ret_answer->body_bytes;
    shown = shown < sizeof ret_answer->body - 1 ? shown : sizeof ret_answer->body - 1;
    memcpy(ret_answer->body, probe->buffer + head, shown);
    take(probe, head + ret_answer->body_bytes);
    ret_answer->closes = strcasecmp(probe_header(ret_answer, "Connection"), "close") == 0;
    ret_answer->status = (int)strtol(ret_answer->head + sizeof "HTTP/1.1 " - 1, NULL, 10);
}

bool probe_is_at_end(Probe *probe)
{
    struct pollfd wait = {.fd = probe->fd, .events = POLLIN};
    char byte = 0;
    if (probe->used > 0 || poll(&wait, 1, WAIT_MS) != 1) {
        return false;
    }
    return recv(probe->fd, &byte, 1, 0) <= 0;
}

void probe_once(uint16_t port, Str request, ProbeAnswer *ret_answer)
{
    Probe *probe = calloc(1, sizeof *probe);
    assert_non_null(probe);
    probe_open(probe, port, NULL);
    (void)probe_send(probe, request); /* a refusal may close before all is sent: the answer tells */
    probe_read(probe, false, ret_answer);
    probe_close(probe);
    free(probe);
}
