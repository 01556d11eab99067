#include "sqlite_shim.h"

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 512

typedef struct ShimFile {
    sqlite3_file base;
    char path[PATH_MAX_BYTES];
    sqlite3_file *real; /* behind this struct, in the memory that SQLite gave */
} ShimFile;

static sqlite3_vfs *system_layer;
static sqlite3_vfs shim_layer;
static ShimFault fault;
static atomic_int calls;
static atomic_int hits;

void shim_arm(ShimFault order)
{
    fault = order;
    atomic_store(&calls, 0);
    atomic_store(&hits, 0);
}

void shim_disarm(void)
{
    fault.nth = 0;
}

int shim_hits(void)
{
    return atomic_load(&hits);
}

/* Whether this call fails by order. */
static bool is_due(ShimCall call)
{
    if (fault.nth == 0 || fault.call != call) {
        return false;
    }
    int number = atomic_fetch_add(&calls, 1) + 1;
    bool is_due_now = number == fault.nth || (fault.is_persistent && number > fault.nth);
    if (is_due_now) {
        (void)atomic_fetch_add(&hits, 1);
    }
    return is_due_now;
}

static ShimFile *shim_of(sqlite3_file *file)
{
    return (ShimFile *)(void *)file;
}

#define REAL(file_) (shim_of(file_)->real)

static void durable_path(const ShimFile *file, char out[PATH_MAX_BYTES + 16])
{
    (void)snprintf(out, PATH_MAX_BYTES + 16, "%s.durable", file->path);
}

/* Copies the file as it is now. Small files only. */
static void durable_take(ShimFile *file)
{
    char to[PATH_MAX_BYTES + 16];
    sqlite3_int64 size = 0;
    durable_path(file, to);
    FILE *out = file->path[0] == '\0' ? NULL : fopen(to, "w");
    if (out == NULL) {
        return;
    }
    if (file->real->pMethods->xFileSize(file->real, &size) == SQLITE_OK && size > 0) {
        void *bytes = malloc((size_t)size);
        if (bytes != NULL &&
            file->real->pMethods->xRead(file->real, bytes, (int)size, 0) == SQLITE_OK) {
            (void)fwrite(bytes, 1, (size_t)size,
                         out); /* a short copy fails the test that reads it */
        }
        free(bytes);
    }
    (void)fclose(out);
}

static int shim_close(sqlite3_file *file)
{
    return REAL(file)->pMethods->xClose(REAL(file));
}

static int shim_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
    return is_due(SHIM_READ) ? SQLITE_IOERR_READ
                             : REAL(file)->pMethods->xRead(REAL(file), out, n, at);
}

static int shim_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int code = is_due(SHIM_WRITE)  ? SQLITE_IOERR_WRITE
               : is_due(SHIM_FULL) ? SQLITE_FULL
                                   : SQLITE_OK;
    if (code == SQLITE_OK) {
        return REAL(file)->pMethods->xWrite(REAL(file), bytes, n, at);
    }
    if (fault.is_torn) {
        (void)REAL(file)->pMethods->xWrite(REAL(file), bytes, n / 2, at); /* fails anyway */
    }
    return code;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return is_due(SHIM_TRUNCATE) ? SQLITE_IOERR_TRUNCATE
                                 : REAL(file)->pMethods->xTruncate(REAL(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    bool fails = is_due(SHIM_SYNC);
    if (fails && !fault.is_torn) {
        return SQLITE_IOERR_FSYNC;
    }
    int code = REAL(file)->pMethods->xSync(REAL(file), flags);
    if (code == SQLITE_OK) {
        durable_take(shim_of(file));
    }
    return fails ? SQLITE_IOERR_FSYNC : code;
}

static int shim_file_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return REAL(file)->pMethods->xFileSize(REAL(file), ret_size);
}

static int shim_lock(sqlite3_file *file, int kind)
{
    return REAL(file)->pMethods->xLock(REAL(file), kind);
}

static int shim_unlock(sqlite3_file *file, int kind)
{
    return REAL(file)->pMethods->xUnlock(REAL(file), kind);
}

static int shim_check_lock(sqlite3_file *file, int *ret_is_held)
{
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), ret_is_held);
}

static int shim_control(sqlite3_file *file, int what, void *argument)
{
    return REAL(file)->pMethods->xFileControl(REAL(file), what, argument);
}

static int shim_sector(sqlite3_file *file)
{
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}

static int shim_device(sqlite3_file *file)
{
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extends, void volatile **ret_at)
{
    return is_due(SHIM_SHM_MAP)
               ? SQLITE_IOERR_SHMMAP
               : REAL(file)->pMethods->xShmMap(REAL(file), page, size, extends, ret_at);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    bool locks = (flags & SQLITE_SHM_LOCK) != 0;
    return locks && is_due(SHIM_SHM_LOCK)
               ? SQLITE_IOERR_SHMLOCK
               : REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *file)
{
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}

static int shim_shm_unmap(sqlite3_file *file, int deletes)
{
    return REAL(file)->pMethods->xShmUnmap(REAL(file), deletes);
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_file_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_lock,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_device,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                     int *ret_flags)
{
    (void)vfs;
    ShimFile *shim = shim_of(file);
    *shim = (ShimFile){.real = (sqlite3_file *)(void *)(shim + 1)};
    if (is_due(SHIM_OPEN)) {
        return SQLITE_CANTOPEN;
    }
    (void)snprintf(shim->path, sizeof shim->path, "%s", name == NULL ? "" : name);
    int code = system_layer->xOpen(system_layer, name, shim->real, flags, ret_flags);
    shim->base.pMethods = code == SQLITE_OK ? &METHODS : NULL;
    return code;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int syncs)
{
    char copy[PATH_MAX_BYTES + 16];
    (void)vfs;
    (void)snprintf(copy, sizeof copy, "%s.durable", name);
    (void)remove(copy); /* there may be none */
    return system_layer->xDelete(system_layer, name, syncs);
}

void shim_register(void)
{
    if (system_layer == NULL) {
        system_layer = sqlite3_vfs_find(NULL);
        shim_layer = *system_layer;
        shim_layer.zName = "shim";
        shim_layer.szOsFile = (int)sizeof(ShimFile) + system_layer->szOsFile;
        shim_layer.xOpen = shim_open;
        shim_layer.xDelete = shim_delete;
        shim_layer.pNext = NULL;
        if (sqlite3_vfs_register(&shim_layer, 0) != SQLITE_OK) {
            abort();
        }
    }
}
