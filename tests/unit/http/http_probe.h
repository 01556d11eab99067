/* http_probe.h — a raw HTTP client for tests: sends bytes as they stand and reads answers one by
 * one.
 *
 * Must never be clever: it writes what it is given, knows Content-Length, and tells where a
 * connection ended.
 *
 * Layer: tests/unit/http. Thread-safe: a Probe is single-owner. */
#ifndef MUSUBI_HTTP_PROBE_H
#define MUSUBI_HTTP_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define PROBE_BYTES_MAX ((size_t)256 << 10)

typedef struct Probe {
    int fd;
    size_t used; /* bytes of the buffer that were read and not yet taken */
    char buffer[PROBE_BYTES_MAX + 1];
} Probe;

typedef struct ProbeAnswer {
    int status; /* 0: the connection ended without a (whole) answer */
    bool closes;
    char head[4096];
    char body[8192]; /* cut there; body_bytes is the true length */
    size_t body_bytes;
} ProbeAnswer;

/* Connects to loopback TCP, or to a UNIX socket when path is not NULL; fails the test when it
 * can't. */
void probe_open(Probe *probe, uint16_t port, const char *unix_path);
void probe_close(Probe *probe);
/* Sends all bytes; false when the other side has closed. */
bool probe_send(Probe *probe, Str bytes);
/* Reads the next answer, waiting at most 10 s; a HEAD answer has no body. */
void probe_read(Probe *probe, bool is_head, ProbeAnswer *ret_answer);
/* Whether nothing but the end of the connection follows (waits for it, at most 10 s). */
bool probe_is_at_end(Probe *probe);
/* One request on a connection of its own. */
void probe_once(uint16_t port, Str request, ProbeAnswer *ret_answer);
/* The value of a header in the answer's head, "" when absent; points into a static buffer of this
 * thread. */
const char *probe_header(const ProbeAnswer *answer, const char *name);

#endif
