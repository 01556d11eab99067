#include "crash_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "fake_ports.h"
#include "segment_read.h"

static CrashDisk *disk_of(const FilePort *port)
{
    return (CrashDisk *)(uintptr_t)port; /* its first member */
}

static const FilePort *real(void)
{
    return ports_system()->file;
}

/* Counts a call that changes something; false when the program has died or the call must fail. */
static bool may_change(CrashDisk *disk, bool *ret_is_fault)
{
    disk->calls += disk->is_dead ? 0 : 1;
    bool is_fault = !disk->is_dead && disk->calls == disk->fails_at;
    disk->is_dead = disk->is_dead || disk->calls == disk->dies_at;
    *ret_is_fault = is_fault && !disk->is_dead;
    errno = EIO;
    return !disk->is_dead && !is_fault;
}

static uint32_t number_of_path(const char *path)
{
    const char *name = strrchr(path, '/');
    uint32_t number = 0;
    (void)(name != NULL && segment_name_parse(str_from(name + 1), &number));
    return number;
}

static CrashFile *file_of(CrashDisk *disk, uint32_t number)
{
    assert_true(number > 0 && number < CRASH_DISK_FILES);
    return &disk->files[number];
}

static void path_of(const CrashDisk *disk, uint32_t number, char ret_path[SEGMENT_PATH_BYTES])
{
    assert_ok(segment_path(disk->folder, number, ret_path));
}

static bool file_exists(const CrashDisk *disk, uint32_t number)
{
    char path[SEGMENT_PATH_BYTES];
    path_of(disk, number, path);
    return access(path, F_OK) == 0;
}

/* --- the port --------------------------------------------------------------------------------- */

static int disk_open(const FilePort *port, const char *path, int flags, mode_t mode)
{
    CrashDisk *disk = disk_of(port);
    bool is_fault = false;
    if ((flags & O_CREAT) != 0 ? !may_change(disk, &is_fault) : disk->is_dead) {
        errno = EIO;
        return -1;
    }
    int fd = real()->open(real(), path, flags, mode);
    if (fd >= 0) {
        assert_true(fd < CRASH_DISK_DESCRIPTORS);
        disk->numbers[fd] = number_of_path(path);
    }
    if (fd >= 0 && (flags & O_CREAT) != 0) {
        CrashFile *file = file_of(disk, disk->numbers[fd]);
        free(file->bytes);
        *file = (CrashFile){.lost_from = SIZE_MAX};
    }
    return fd;
}

static ssize_t disk_pread(const FilePort *port, int fd, void *out, size_t n, off_t at)
{
    errno = EIO;
    return disk_of(port)->is_dead ? -1 : real()->pread(real(), fd, out, n, at);
}

/* Of the write at which the program dies or fails, some part may have been taken. */
static ssize_t disk_write(const FilePort *port, int fd, const void *bytes, size_t n)
{
    CrashDisk *disk = disk_of(port);
    bool was_dead = disk->is_dead;
    bool is_fault = false;
    if (may_change(disk, &is_fault)) {
        return real()->write(real(), fd, bytes, n);
    }
    size_t part = (size_t)fake_random_below(&disk->random, 3) * n / 2;
    if (!was_dead && part > 0) {
        ssize_t wrote = real()->write(real(), fd, bytes, is_fault && part == n ? n / 2 : part);
        assert_true(wrote > 0);
    }
    errno = EIO;
    return -1;
}

static void keep_bytes(CrashDisk *disk, uint32_t number)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)16 << 20);
    char path[SEGMENT_PATH_BYTES];
    Str bytes;
    CrashFile *file = file_of(disk, number);
    path_of(disk, number, path);
    assert_ok(file_read_in(real(), arena, path, (size_t)8 << 20, &bytes));
    free(file->bytes);
    file->n = bytes.n < file->lost_from ? bytes.n : file->lost_from;
    file->bytes = malloc(file->n + 1);
    assert_non_null(file->bytes);
    memcpy(file->bytes, bytes.p, file->n);
}

static int disk_fdatasync(const FilePort *port, int fd)
{
    CrashDisk *disk = disk_of(port);
    bool is_fault = false;
    if (!may_change(disk, &is_fault)) {
        if (is_fault && disk->numbers[fd] > 0) {
            CrashFile *file = file_of(disk, disk->numbers[fd]);
            file->lost_from = file->n < file->lost_from ? file->n : file->lost_from;
        }
        errno = EIO;
        return -1;
    }
    if (disk->numbers[fd] > 0) {
        keep_bytes(disk, disk->numbers[fd]);
        return 0;
    }
    for (uint32_t number = 1; number < CRASH_DISK_FILES; number++) {
        disk->files[number].is_named = file_exists(disk, number);
    }
    return 0;
}

static int disk_ftruncate(const FilePort *port, int fd, off_t size)
{
    bool is_fault = false;
    return may_change(disk_of(port), &is_fault) ? real()->ftruncate(real(), fd, size) : -1;
}

static int disk_close(const FilePort *port, int fd)
{
    (void)port; /* a dead program's descriptors are closed too */
    return real()->close(real(), fd);
}

static int disk_unlink(const FilePort *port, const char *path)
{
    bool is_fault = false;
    return may_change(disk_of(port), &is_fault) ? real()->unlink(real(), path) : -1;
}

/* --- lives ------------------------------------------------------------------------------------ */

void crash_disk_init(CrashDisk *disk, const char *folder, uint64_t seed)
{
    *disk = (CrashDisk){.port = {.open = disk_open,
                                 .pread = disk_pread,
                                 .write = disk_write,
                                 .fdatasync = disk_fdatasync,
                                 .ftruncate = disk_ftruncate,
                                 .close = disk_close,
                                 .unlink = disk_unlink},
                        .folder = folder,
                        .random = seed};
}

void crash_disk_done(CrashDisk *disk)
{
    for (uint32_t number = 1; number < CRASH_DISK_FILES; number++) {
        free(disk->files[number].bytes);
        disk->files[number].bytes = NULL;
    }
}

void crash_disk_live(CrashDisk *disk, uint64_t dies_at, uint64_t fails_at)
{
    disk->calls = 0;
    disk->dies_at = dies_at;
    disk->fails_at = fails_at;
    disk->is_dead = false;
}

static void write_file(const char *path, Str durable, Str also)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, durable.p, durable.n), (ssize_t)durable.n);
    assert_int_equal(write(fd, also.p, also.n), (ssize_t)also.n);
    assert_int_equal(close(fd), 0);
}

/* What was written behind the durable bytes may have reached the disk, or a part of it. */
static Str survivor(CrashDisk *disk, const CrashFile *file, Str cached)
{
    bool is_longer = cached.n > file->n && file->lost_from == SIZE_MAX;
    size_t beyond = is_longer ? cached.n - file->n : 0;
    return str_slice(cached, file->n, beyond * (size_t)fake_random_below(&disk->random, 3) / 2);
}

static void settle_file(CrashDisk *disk, uint32_t number)
{
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)16 << 20);
    CrashFile *file = &disk->files[number];
    char path[SEGMENT_PATH_BYTES];
    Str cached = STR_EMPTY;
    path_of(disk, number, path);
    bool exists = file_exists(disk, number);
    bool is_coin = fake_random_below(&disk->random, 2) == 0;
    if (exists) {
        assert_ok(file_read_in(real(), arena, path, (size_t)8 << 20, &cached));
    }
    /* A name made or removed since the folder's last sync is there or not. */
    bool stays = file->is_named == exists ? exists : is_coin;
    if (exists && !stays) {
        assert_int_equal(unlink(path), 0);
    }
    if (stays) {
        Str durable = str_bytes(file->bytes == NULL ? "" : file->bytes, file->n);
        Str also = exists ? survivor(disk, file, cached) : STR_EMPTY;
        write_file(path, durable, also);
        file->bytes = realloc(file->bytes, durable.n + also.n + 1);
        assert_non_null(file->bytes);
        memcpy(file->bytes + durable.n, also.p, also.n);
        file->n += also.n;
    }
    file->lost_from = SIZE_MAX;
    file->is_named = stays;
}

void crash_disk_lose_power(CrashDisk *disk)
{
    for (uint32_t number = 1; number < CRASH_DISK_FILES; number++) {
        settle_file(disk, number);
    }
}
