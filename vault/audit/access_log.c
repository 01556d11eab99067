#include "access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "access_log_state.h"
#include "segment_read.h"
#include "segment_recover.h"
#include "timed_wait.h"

#define SEGMENT_BYTES_DEFAULT ((size_t)64 << 20)
#define RETRY_US_DEFAULT 250000
#define BOOT_TIMEOUT_US (10 * CLOCK_SECOND_US)
#define RECOVERY_ARENA_BYTES ((size_t)64 << 20)

static Error as_unavailable(Error error, const char *what)
{
    bool is_file = error.reason == REASON_FILE_IO || error.reason == REASON_FILE_MISSING;
    return is_file ? FAIL(LOG_UNAVAILABLE, what) : error;
}

static Error lock_folder(AccessLog *log)
{
    log->folder_fd =
        log->ports->file->open(log->ports->file, log->folder, O_RDONLY | O_DIRECTORY, 0);
    ENSURE(log->folder_fd >= 0, LOG_UNAVAILABLE, "the log folder is missing or can't be read");
    ENSURE(flock(log->folder_fd, LOCK_EX | LOCK_NB) == 0, LOG_UNAVAILABLE,
           "the log folder is in use by another process");
    return OK;
}

/* Adaptive: the lock is held for microseconds, so spinning a little beats going to sleep. */
static bool init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t adaptive;
    if (pthread_mutexattr_init(&adaptive) != 0) {
        return false;
    }
    bool is_fine = pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP) == 0 &&
                   pthread_mutex_init(mutex, &adaptive) == 0;
    (void)pthread_mutexattr_destroy(&adaptive);
    return is_fine;
}

static Error init_locks(AccessLog *log)
{
    bool is_fine = init_mutex(&log->lock) && timed_wait_init(&log->work) &&
                   timed_wait_init(&log->room) && timed_wait_init(&log->follower);
    ENSURE(is_fine, INTERNAL, "locks");
    return OK;
}

static Error copy_names(AccessLog *log, const AccessLogOptions *options)
{
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    Str origin;
    TRY(checkpoint_origin_in(arena, options->environment, options->node, &origin));
    log->origin = strndup(origin.p, origin.n);
    log->node = strndup(options->node.p, options->node.n);
    log->folder = strdup(options->folder);
    log->owners = calloc(ACCESS_LOG_OWNERS_MAX, sizeof *log->owners);
    ENSURE(log->origin != NULL && log->node != NULL && log->folder != NULL && log->owners != NULL,
           OUT_OF_MEMORY, NULL);
    return OK;
}

static Error log_init(AccessLog *log, const AccessLogOptions *options)
{
    log->ports = options->ports != NULL ? options->ports : ports_system();
    log->folder_fd = -1;
    log->writer.fd = -1;
    log->segment_bytes =
        options->segment_bytes != 0 ? options->segment_bytes : SEGMENT_BYTES_DEFAULT;
    log->batch_leaves = options->batch_leaves != 0 ? options->batch_leaves : SEGMENT_LEAVES_MAX;
    log->retry_us = options->retry_us != 0 ? options->retry_us : RETRY_US_DEFAULT;
    TRY(init_locks(log));
    TRY(copy_names(log, options));
    TRY(signing_key_borrow(options->keyring, SIGNING_LOG, &log->signer));
    TRY(segment_builder_init(&log->builders[0]));
    TRY(segment_builder_init(&log->builders[1]));
    return finder_table_new(&log->finders);
}

/* The finders of the epoch that the next leaf falls into. */
static Error learn_finders(AccessLog *log, uint64_t size)
{
    uint64_t epoch = size / LEAF_EPOCH_LEAVES;
    uint64_t from = epoch * LEAF_EPOCH_LEAVES;
    if (from == size) {
        return OK;
    }
    CLEANUP(segment_reader_close) SegmentReader *reader = NULL;
    TRY(segment_reader_open(log->ports->file, log->folder, from, &reader));
    for (;;) {
        const SegmentBatch *batch = NULL;
        TRY(segment_reader_next(reader, size, &batch));
        if (batch == NULL) {
            return OK;
        }
        for (size_t i = 0; i < batch->count; i++) {
            if (batch->first_seq + i >= from && batch->details[i].n >= SEAL_FINDER_BYTES) {
                TRY(finder_table_learn(log->finders, epoch, (const uint8_t *)batch->details[i].p));
            }
        }
    }
}

/* The new segment of this start, with the last record of the log copied to its front and cut from
 * where it stood. */
static Error begin_segment(AccessLog *log, const SegmentRecovery *found)
{
    const FilePort *file = log->ports->file;
    bool is_empty = found->last_record.n == 0;
    segment_writer_init(&log->writer, file, log->folder, str_from(log->origin), found->next_number);
    TRY(segment_create(&log->writer, is_empty ? &found->frontier : &found->before_last));
    if (is_empty) {
        return OK;
    }
    TRY(segment_append(&log->writer, found->last_record));
    return segment_cut(file, log->folder, found->last_number, found->last_offset);
}

static Error take_over(AccessLog *log, Arena *arena, const SegmentRecovery *found)
{
    if (found->last_record.n > 0) {
        Leaf last;
        TRY(leaf_parse(arena, found->last_leaf, &last));
        log->last_ms = last.at_ms;
    }
    clock_watch_begin(&log->clock_watch, log->ports->clock, log->last_ms * 1000);
    log->frontier = found->frontier;
    log->open_before = found->frontier;
    log->newest = (Checkpoint){.origin = str_from(log->origin), .size = found->frontier.size};
    merkle_root(&found->frontier, &log->newest.root);
    memcpy(log->newest_signature, found->last_signature, sizeof log->newest_signature);
    segment_builder_start(&log->builders[0], found->frontier.size);
    TRY(learn_finders(log, found->frontier.size));
    return begin_segment(log, found);
}

static Error recover(AccessLog *log, const AccessLogOptions *options, uint64_t *ret_cut_bytes)
{
    CLEANUP(arena_free) Arena *arena = arena_new(RECOVERY_ARENA_BYTES);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    size_t count = options->older_key_count + 1;
    LogKey *keys = ARENA_MANY(arena, LogKey, count);
    ENSURE_ALLOC(keys, arena);
    memcpy(keys[0].bytes, log->signer.public_key, SIGN_PUBLIC_BYTES);
    for (size_t i = 1; i < count; i++) {
        keys[i] = options->older_keys[i - 1];
    }
    LogPolicy policy = {.origin = str_from(log->origin), .keys = keys, .key_count = count};
    SegmentRecovery *found = ARENA_ONE(arena, SegmentRecovery);
    ENSURE_ALLOC(found, arena);
    TRY(segment_recover(log->ports->file, arena, log->folder, &policy, found));
    TRY(take_over(log, arena, found));
    *ret_cut_bytes = found->cut_bytes;
    return OK;
}

static Error append_boot_leaf(AccessLog *log, uint64_t cut_bytes)
{
    LeafDraft boot = {.act = LEAF_BOOT,
                      .why = cut_bytes == 0 ? STR("START") : STR("TAIL_CUT"),
                      .client = STR_EMPTY,
                      .operator_id = STR_EMPTY,
                      .purpose = STR_EMPTY,
                      .entity_type = STR_EMPTY,
                      .attribute_count = cut_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)cut_bytes,
                      .request_id = STR_EMPTY,
                      .policy = STR_EMPTY};
    uint64_t seq = 0;
    return access_log_append(log, &boot, 1, deadline_in(ports_system()->clock, BOOT_TIMEOUT_US),
                             &seq);
}

Error access_log_open(const AccessLogOptions *options, AccessLog **ret_log)
{
    CLEANUP(access_log_close) AccessLog *log = calloc(1, sizeof *log);
    ENSURE(log != NULL, OUT_OF_MEMORY, NULL);
    TRY(log_init(log, options));
    TRY(lock_folder(log));
    uint64_t cut_bytes = 0;
    TRY(as_unavailable(recover(log, options, &cut_bytes),
                       "the log folder can't be read or written"));
    log->has_committer = pthread_create(&log->committer, NULL, access_log_commit_main, log) == 0;
    ENSURE(log->has_committer, INTERNAL, "thread");
    TRY(append_boot_leaf(log, cut_bytes));
    *ret_log = TAKE(log);
    return OK;
}

static void stop_committer(AccessLog *log)
{
    if (log->has_committer) {
        (void)pthread_mutex_lock(&log->lock);
        log->is_stopping = true;
        (void)pthread_cond_broadcast(&log->work);
        (void)pthread_mutex_unlock(&log->lock);
        (void)pthread_join(log->committer, NULL);
    }
}

static void close_folder(AccessLog *log)
{
    if (log->folder_fd >= 0) {
        /* A folder's descriptor holds no data that could be lost. */
        (void)log->ports->file->close(log->ports->file, log->folder_fd);
    }
}

AccessLog *access_log_close(AccessLog *log)
{
    if (log == NULL) {
        return NULL;
    }
    stop_committer(log);
    access_log_drop_owners(log);
    segment_writer_done(&log->writer);
    close_folder(log);
    (void)finder_table_free(log->finders);
    segment_builder_done(&log->builders[0]);
    segment_builder_done(&log->builders[1]);
    (void)pthread_cond_destroy(&log->work);
    (void)pthread_cond_destroy(&log->room);
    (void)pthread_cond_destroy(&log->follower);
    (void)pthread_mutex_destroy(&log->lock);
    free(log->owners);
    free(log->folder);
    free(log->node);
    free(log->origin);
    free(log);
    return NULL;
}
