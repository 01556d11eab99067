/* Writes logs of several sizes and exports, for each: its checkpoint, its verifier key in Go's
 * form, its leaves.
 *
 * export_log FOLDER: makes FOLDER/log-<leaves>/{checkpoint,verifier_key,entries}; the segments stay
 * beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access_log.h"
#include "crypto_init.h"
#include "encode.h"
#include "log_verify.h"

#define PATH_BYTES 600

static void must(Error error)
{
    if (FAILED(error)) {
        fprintf(stderr, "%s (%s) from %s\n", error_words(error.reason)->name,
                error.argument == NULL ? "" : error.argument, error.site);
        exit(1);
    }
}

static void must_do(bool is_done, const char *what)
{
    if (!is_done) {
        perror(what);
        exit(1);
    }
}

static void write_file(const char *folder, const char *name, Str bytes)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must_do(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n && close(fd) == 0, path);
}

/* name+<key id in hex>+<base64 of 0x01 and the key>. */
static Str verifier_key(Arena *arena, Str origin, const uint8_t public_key[SIGN_PUBLIC_BYTES])
{
    uint8_t id[SIGN_NOTE_ID_BYTES];
    uint8_t typed[1 + SIGN_PUBLIC_BYTES] = {0x01};
    sign_note_id(origin, public_key, id);
    memcpy(typed + 1, public_key, SIGN_PUBLIC_BYTES);
    Buf buf = buf_in(arena);
    buf_add(&buf, origin);
    buf_add_char(&buf, '+');
    encode_hex(&buf, str_bytes(id, sizeof id));
    buf_add_char(&buf, '+');
    encode_base64(&buf, str_bytes(typed, sizeof typed));
    Str text;
    must(buf_finish(&buf, &text));
    return text;
}

static Error add_entry(void *context, uint64_t seq, Str line, Str detail)
{
    (void)seq;
    (void)detail;
    Buf *entries = context;
    buf_add_char(entries, (char)(line.n >> 8));
    buf_add_char(entries, (char)(line.n & 0xff));
    buf_add(entries, line);
    return OK;
}

/* The boot leaf counts: leaves - 1 more are appended. */
static void fill(AccessLog *log, Arena *arena, size_t leaves)
{
    LeafDraft *drafts = ARENA_MANY(arena, LeafDraft, leaves);
    must_do(drafts != NULL, "memory");
    for (size_t i = 0; i + 1 < leaves; i++) {
        drafts[i] = (LeafDraft){.act = LEAF_LOGIN,
                                .is_denied = i % 3 == 0,
                                .why = STR("EXPORT"),
                                .client = STR("\xe5\x8a\xa0\xe8\xa5\xbf \"city\"\\"),
                                .operator_id = STR_EMPTY,
                                .purpose = STR("audit"),
                                .entity_type = STR_EMPTY,
                                .attribute_count = (uint32_t)i,
                                .request_id = STR("rq"),
                                .policy = STR_EMPTY};
    }
    if (leaves > 1) {
        uint64_t seq = 0;
        must(access_log_append(log, drafts, leaves - 1,
                               deadline_in(ports_system()->clock, 60 * CLOCK_SECOND_US), &seq));
    }
}

static void export_log(Keyring *ring, const char *root, size_t leaves)
{
    char folder[PATH_BYTES];
    (void)snprintf(folder, sizeof folder, "%.400s/log-%zu", root, leaves);
    must_do(mkdir(folder, 0700) == 0, folder);
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)512 << 20);
    AccessLog *log = NULL;
    AccessLogOptions options = {.keyring = ring,
                                .folder = folder,
                                .environment = STR("interop"),
                                .node = STR("node-1"),
                                .segment_bytes = 1 << 20};
    must(access_log_open(&options, &log));
    fill(log, arena, leaves);
    Str checkpoint;
    must(access_log_checkpoint(log, arena, &checkpoint));
    write_file(folder, "checkpoint", checkpoint);
    write_file(folder, "verifier_key",
               verifier_key(arena, access_log_origin(log), access_log_public_key(log)));
    Buf entries = buf_in(arena);
    must(log_verify_each_leaf(ports_system()->file, folder, 0, add_entry, &entries));
    Str bytes;
    must(buf_finish(&entries, &bytes));
    write_file(folder, "entries", bytes);
    (void)access_log_close(log);
}

int main(int argc, char **argv)
{
    static const size_t SIZES[] = {1, 2, 7, 256, 1000, 70000};
    must_do(argc == 2, "export_log FOLDER");
    must(crypto_init());
    CLEANUP(arena_free) Arena *arena = arena_new((size_t)1 << 20);
    char key_path[PATH_BYTES];
    (void)snprintf(key_path, sizeof key_path, "%.400s/kek", argv[1]);
    CLEANUP(kek_free) KekProvider *kek = NULL;
    CLEANUP(keyring_free) Keyring *ring = NULL;
    must(kek_file_create(ports_system(), arena, key_path));
    must(kek_file_new(ports_system(), key_path, 1, &kek));
    KeyringOptions keyring_options = {.provider = kek, .environment = STR("interop"), .slots = 16};
    must(keyring_open(&keyring_options, &ring));
    Str wrapped;
    must(keyring_new_platform_keys(ring, arena, &wrapped));
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        export_log(ring, argv[1], SIZES[i]);
    }
    return 0;
}
