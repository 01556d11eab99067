#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kek_envelope.h"
#include "secret.h"

/* The refusals are written for the person who must put the file right: path, what is wrong, what to
 * run. */

#define MESSAGE_BYTES (PATH_MAX + 256)
#define KEY_FILE_MODE 0400

typedef struct Message {
    char text[MESSAGE_BYTES];
} Message;

typedef struct FileKek {
    KekProvider table; /* first: the provider is this block */
    const Ports *ports;
    uint32_t generation;
    Secret *kek; /* NULL while closed */
    char path[PATH_MAX];
    Message open_message;
    Message health_message;
} FileKek;

__attribute__((format(printf, 2, 3))) static Error refuse(Message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message->text, sizeof message->text, format,
                    arguments); /* cut text still names the path */
    va_end(arguments);
    return FAIL(KEY_FILE, message->text);
}

static Error refuse_open(Message *message, const char *path, int cause)
{
    switch (cause) {
    case ENOENT:
        return refuse(
            message,
            "%s: the key file is missing; bring back the copy that was kept for this vault "
            "(a new key opens only a new vault)",
            path);
    case ELOOP:
        return refuse(message, "%s: is a symbolic link; name the key file itself", path);
    case EACCES:
        return refuse(message,
                      "%s: may not be read by user id %u; run: chown %u %s && chmod 0400 %s", path,
                      (unsigned)geteuid(), (unsigned)geteuid(), path, path);
    default:
        return refuse(message, "%s: can't be opened: %s", path, strerrordesc_np(cause));
    }
}

static Error check_status(Message *message, const char *path, int fd)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return refuse_open(message, path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(message, "%s: is not a regular file; name the key file itself", path);
    }
    if (status.st_uid != geteuid()) {
        return refuse(
            message, "%s: belongs to user id %u but the service runs as %u; run: chown %u %s", path,
            (unsigned)status.st_uid, (unsigned)geteuid(), (unsigned)geteuid(), path);
    }
    if ((status.st_mode & 07777) != KEY_FILE_MODE) {
        return refuse(message, "%s: has mode %04o, must have 0400; run: chmod 0400 %s", path,
                      (unsigned)(status.st_mode & 07777), path);
    }
    if (status.st_size != KEK_KEY_BYTES) {
        return refuse(
            message,
            "%s: holds %lld bytes, must hold exactly 32 raw bytes; bring back the right file", path,
            (long long)status.st_size);
    }
    return OK;
}

static bool read_exactly(const FilePort *port, int fd, uint8_t *out, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t got = port->pread(port, fd, out + have, n - have, (off_t)have);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        have += (size_t)got;
    }
    return true;
}

static Error read_key(const FilePort *port, Message *message, const char *path, int fd, Secret *kek)
{
    CLEANUP(secret_close) Secret *open_kek = secret_open(kek);
    if (!read_exactly(port, fd, secret_bytes(open_kek), KEK_KEY_BYTES)) {
        return refuse(message, "%s: can't be read", path);
    }
    if (sodium_is_zero(secret_bytes(open_kek), KEK_KEY_BYTES)) {
        return refuse(message, "%s: holds zero bytes only; bring back the right file", path);
    }
    return OK;
}

/* The checks look at the open descriptor, so the file can't be exchanged between check and use. */
static Error load_key(const FilePort *port, Message *message, const char *path, Secret **ret_kek)
{
    CLEANUP(secret_free) Secret *kek = NULL;
    TRY(secret_new(KEK_KEY_BYTES, &kek));
    int fd = port->open(port, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) {
        return refuse_open(message, path, errno);
    }
    Error error = check_status(message, path, fd);
    if (!FAILED(error)) {
        error = read_key(port, message, path, fd, kek);
    }
    (void)port->close(port, fd); /* read-only: nothing to lose */
    TRY(error);
    *ret_kek = TAKE(kek);
    return OK;
}

static FileKek *self(KekProvider *provider)
{
    return (FileKek *)(void *)provider;
}

static Error file_open(KekProvider *provider)
{
    FileKek *file = self(provider);
    if (file->kek != NULL) {
        return OK;
    }
    return load_key(file->ports->file, &file->open_message, file->path, &file->kek);
}

static Error file_health(KekProvider *provider)
{
    FileKek *file = self(provider);
    CLEANUP(secret_free) Secret *fresh = NULL;
    TRY(load_key(file->ports->file, &file->health_message, file->path, &fresh));
    return OK;
}

static void file_close(KekProvider *provider)
{
    FileKek *file = self(provider);
    file->kek = secret_free(file->kek);
}

static uint32_t file_generation(const KekProvider *provider)
{
    return ((const FileKek *)(const void *)provider)->generation;
}

static Error file_wrap(KekProvider *provider, const WrapContext *context, const uint8_t *key,
                       uint8_t *ret_wrapped, size_t *ret_wrapped_bytes)
{
    FileKek *file = self(provider);
    ENSURE(file->kek != NULL, VAULT_SEALED, NULL);
    CLEANUP(secret_close) Secret *kek = secret_open(file->kek);
    TRY(kek_envelope_wrap(file->ports->entropy, secret_bytes(kek), file->generation, context, key,
                          ret_wrapped));
    *ret_wrapped_bytes = KEK_ENVELOPE_BYTES;
    return OK;
}

static Error file_unwrap(KekProvider *provider, const WrapContext *context, Str wrapped,
                         uint8_t *ret_key)
{
    FileKek *file = self(provider);
    ENSURE(file->kek != NULL, VAULT_SEALED, NULL);
    CLEANUP(secret_close) Secret *kek = secret_open(file->kek);
    return kek_envelope_unwrap(secret_bytes(kek), file->generation, context, wrapped, ret_key);
}

Error kek_file_new(const Ports *ports, const char *path, uint32_t generation,
                   KekProvider **ret_provider)
{
    FileKek *file = calloc(1, sizeof *file);
    ENSURE(file != NULL, OUT_OF_MEMORY, NULL);
    file->table = (KekProvider){.name = "file",
                                .open = file_open,
                                .unwrap = file_unwrap,
                                .wrap = file_wrap,
                                .generation = file_generation,
                                .health = file_health,
                                .close = file_close};
    file->ports = ports;
    file->generation = generation;
    /* A path too long is cut; opening it then fails and says so. */
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    *ret_provider = &file->table;
    return OK;
}

/* The argument of a refusal outlives this scope in the caller's arena. */
static Error keep_argument(Arena *arena, Error error)
{
    if (FAILED(error) && error.argument != NULL) {
        error.argument = str_argument(arena, str_from(error.argument));
    }
    return error;
}

Error kek_file_check(const Ports *ports, Arena *arena, const char *path)
{
    Message message;
    CLEANUP(secret_free) Secret *kek = NULL;
    return keep_argument(arena, load_key(ports->file, &message, path, &kek));
}

static bool write_exactly(const FilePort *port, int fd, const uint8_t *bytes, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t wrote = port->write(port, fd, bytes + done, n - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        done += (size_t)wrote;
    }
    return true;
}

static Error sync_folder_of(const FilePort *port, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? snprintf(folder, sizeof folder, ".")
                          : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    ENSURE(n >= 0 && (size_t)n < sizeof folder, FILE_IO, path);
    return file_sync_folder(port, n == 0 ? "/" : folder);
}

static Error create_file(const FilePort *port, Message *message, const char *path, Secret *kek)
{
    int fd = port->open(port, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, KEY_FILE_MODE);
    if (fd < 0 && errno == EEXIST) {
        return refuse(message,
                      "%s: exists already and is left as it is; a key is never overwritten", path);
    }
    if (fd < 0) {
        return refuse(message, "%s: can't be created: %s", path, strerrordesc_np(errno));
    }
    CLEANUP(secret_close) Secret *open_kek = secret_open(kek);
    bool is_written = fchmod(fd, KEY_FILE_MODE) == 0 && /* whatever the umask took away */
                      write_exactly(port, fd, secret_bytes(open_kek), KEK_KEY_BYTES) &&
                      port->fdatasync(port, fd) == 0;
    bool is_closed = port->close(port, fd) == 0;
    if (!is_written || !is_closed || FAILED(sync_folder_of(port, path))) {
        (void)port->unlink(port, path); /* made by this call, and holds no key that anything uses */
        return refuse(message, "%s: can't be written", path);
    }
    return OK;
}

Error kek_file_create(const Ports *ports, Arena *arena, const char *path)
{
    Message message;
    CLEANUP(secret_free) Secret *kek = NULL;
    TRY(secret_new(KEK_KEY_BYTES, &kek));
    {
        CLEANUP(secret_close) Secret *open_kek = secret_open(kek);
        TRY(ports->entropy->fill(ports->entropy, secret_bytes(open_kek), KEK_KEY_BYTES));
    }
    return keep_argument(arena, create_file(ports->file, &message, path, kek));
}
