#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for these two clocks on Linux */
    return (int64_t)now.tv_sec * CLOCK_SECOND_US + now.tv_nsec / 1000;
}

static int64_t system_now_us(const Clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_REALTIME);
}

static int64_t system_monotonic_us(const Clock *clock)
{
    (void)clock;
    return read_clock(CLOCK_MONOTONIC);
}

static Error system_fill(const Entropy *entropy, void *out, size_t n)
{
    (void)entropy;
    char *at = out;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        ENSURE(got > 0, INTERNAL, "getrandom");
        at += got;
        n -= (size_t)got;
    }
    return OK;
}

static int system_open(const FilePort *port, const char *path, int flags, mode_t mode)
{
    (void)port;
    return open(path, flags | O_CLOEXEC, mode);
}

static ssize_t system_pread(const FilePort *port, int fd, void *out, size_t n, off_t at)
{
    (void)port;
    return pread(fd, out, n, at);
}

static ssize_t system_write(const FilePort *port, int fd, const void *bytes, size_t n)
{
    (void)port;
    return write(fd, bytes, n);
}

static int system_fdatasync(const FilePort *port, int fd)
{
    (void)port;
    return fdatasync(fd);
}

static int system_ftruncate(const FilePort *port, int fd, off_t size)
{
    (void)port;
    return ftruncate(fd, size);
}

static int system_close(const FilePort *port, int fd)
{
    (void)port;
    return close(fd);
}

static int system_rename(const FilePort *port, const char *from, const char *to)
{
    (void)port;
    return rename(from, to);
}

static int system_unlink(const FilePort *port, const char *path)
{
    (void)port;
    return unlink(path);
}

const Ports *ports_system(void)
{
    static const Clock clock = {.now_us = system_now_us, .monotonic_us = system_monotonic_us};
    static const Entropy entropy = {.fill = system_fill};
    static const FilePort file = {.open = system_open,
                                  .pread = system_pread,
                                  .write = system_write,
                                  .fdatasync = system_fdatasync,
                                  .ftruncate = system_ftruncate,
                                  .close = system_close,
                                  .rename = system_rename,
                                  .unlink = system_unlink};
    static const Ports ports = {.clock = &clock, .entropy = &entropy, .file = &file};
    return &ports;
}

Deadline deadline_in(const Clock *clock, int64_t timeout_us)
{
    return (Deadline){.clock = clock, .at_us = clock->monotonic_us(clock) + timeout_us};
}

int64_t deadline_left_us(Deadline deadline)
{
    int64_t left = deadline.at_us - deadline.clock->monotonic_us(deadline.clock);
    return left > 0 ? left : 0;
}

bool deadline_has_passed(Deadline deadline)
{
    return deadline_left_us(deadline) == 0;
}

/* One piece at the end of buf. *ret_bytes is 0 at the end of the file. */
static Error read_piece(const FilePort *port, int fd, char *piece, size_t piece_bytes, Buf *buf,
                        size_t *ret_bytes)
{
    ssize_t got = 0;
    do {
        got = port->pread(port, fd, piece, piece_bytes, (off_t)buf->n);
    } while (got < 0 && errno == EINTR);
    ENSURE(got >= 0, FILE_IO, NULL);
    buf_add(buf, str_bytes(piece, (size_t)got));
    *ret_bytes = (size_t)got;
    return OK;
}

static Error read_all(const FilePort *port, int fd, size_t max_bytes, Buf *buf)
{
    char piece[16384];
    size_t got = 1;
    Error piece_error = OK;
    while (!FAILED(piece_error) && got > 0 && buf->n <= max_bytes && !buf->has_failed) {
        piece_error = read_piece(port, fd, piece, sizeof piece, buf, &got);
    }
    explicit_bzero(piece, sizeof piece); /* the file may be a key */
    TRY(piece_error);
    ENSURE(buf->n <= max_bytes, BUDGET_EXCEEDED, NULL);
    return OK;
}

Error file_read_in(const FilePort *port, Arena *arena, const char *path, size_t max_bytes,
                   Str *ret_bytes)
{
    int fd = port->open(port, path, O_RDONLY, 0);
    if (fd < 0) {
        return errno == ENOENT ? FAIL(FILE_MISSING, path) : FAIL(FILE_IO, path);
    }
    Buf buf = buf_in(arena);
    Error read_error = read_all(port, fd, max_bytes, &buf);
    (void)port->close(port, fd); /* read-only: nothing to lose */
    if (FAILED(read_error)) {
        read_error.argument = path;
        return read_error;
    }
    return buf_finish(&buf, ret_bytes);
}

static Error write_all(const FilePort *port, int fd, Str bytes)
{
    while (bytes.n > 0) {
        ssize_t wrote = port->write(port, fd, bytes.p, bytes.n);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        ENSURE(wrote > 0, FILE_IO, NULL);
        bytes = str_slice(bytes, (size_t)wrote, bytes.n);
    }
    ENSURE(port->fdatasync(port, fd) == 0, FILE_IO, NULL);
    return OK;
}

Error file_sync_folder(const FilePort *port, const char *folder)
{
    int fd = port->open(port, folder, O_RDONLY | O_DIRECTORY, 0);
    ENSURE(fd >= 0, FILE_IO, folder);
    int synced = port->fdatasync(port, fd);
    int closed = port->close(port, fd);
    ENSURE(synced == 0 && closed == 0, FILE_IO, folder);
    return OK;
}

static Error sync_parent(const FilePort *port, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? snprintf(folder, sizeof folder, ".")
                          : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    ENSURE(n >= 0 && (size_t)n < sizeof folder, FILE_IO, path);
    return file_sync_folder(port, n == 0 ? "/" : folder);
}

Error file_write_durable(const FilePort *port, const char *path, mode_t mode, Str bytes)
{
    char fresh[PATH_MAX];
    int n = snprintf(fresh, sizeof fresh, "%s.new", path);
    ENSURE(n > 0 && (size_t)n < sizeof fresh, FILE_IO, path);
    /* a leftover of a crash may have another mode, or be a link to somewhere else */
    (void)port->unlink(port, fresh);
    int fd = port->open(port, fresh, O_WRONLY | O_CREAT | O_EXCL, mode);
    ENSURE(fd >= 0, FILE_IO, path);
    Error write_error = write_all(port, fd, bytes);
    int closed = port->close(port, fd);
    if (FAILED(write_error) || closed != 0 || port->rename(port, fresh, path) != 0) {
        (void)port->unlink(port, fresh); /* the old file stands; the half-written one may go */
        return FAIL(FILE_IO, path);
    }
    return sync_parent(port, path);
}
