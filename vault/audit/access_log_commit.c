#include <string.h>

#include "access_log_state.h"
#include "timed_wait.h"

/* Takes the open batch, once it holds a leaf. False: stopping, and nothing is left to write. */
static bool take_batch(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    while (log->builders[log->open_batch & 1].count == 0 && !log->is_stopping) {
        (void)pthread_cond_wait(&log->work, &log->lock);
    }
    bool has_leaves = log->builders[log->open_batch & 1].count > 0;
    if (has_leaves) {
        log->pending.number = log->open_batch;
        log->pending.before = log->open_before;
        log->pending.after = log->frontier;
        log->pending.record = STR_EMPTY;
        log->open_batch++;
        log->open_before = log->frontier;
        segment_builder_start(&log->builders[log->open_batch & 1], log->frontier.size);
        (void)pthread_cond_broadcast(&log->room);
    }
    (void)pthread_mutex_unlock(&log->lock);
    return has_leaves;
}

/* Root, signature, record: once a batch; attempts after the first find it done. */
static Error sign_pending(AccessLog *log)
{
    PendingBatch *pending = &log->pending;
    if (pending->record.n > 0) {
        return OK;
    }
    CLEANUP(arena_free) Arena *arena = arena_new(4096);
    ENSURE(arena != NULL, OUT_OF_MEMORY, NULL);
    pending->checkpoint =
        (Checkpoint){.origin = str_from(log->origin), .size = pending->after.size};
    merkle_root(&pending->after, &pending->checkpoint.root);
    Str text;
    TRY(checkpoint_text_in(arena, &pending->checkpoint, &text));
    TRY(sign_message(&log->signer, text, pending->signature));
    pending->record = segment_builder_finish(&log->builders[pending->number & 1],
                                             &pending->checkpoint.root, pending->signature);
    return OK;
}

static Error write_pending(AccessLog *log)
{
    TRY(sign_pending(log));
    if (log->writer.is_poisoned || log->writer.fd < 0) {
        TRY(segment_abandon(&log->writer));
        TRY(segment_create(&log->writer, &log->pending.before));
    }
    return segment_append(&log->writer, log->pending.record);
}

static void announce(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    log->durable_batches = log->pending.number + 1;
    log->newest = log->pending.checkpoint;
    memcpy(log->newest_signature, log->pending.signature, sizeof log->newest_signature);
    log->down = NULL;
    if (log->is_followed) {
        (void)pthread_cond_broadcast(&log->follower);
    }
    (void)pthread_mutex_unlock(&log->lock);
    wake_word_change(&log->settled[log->pending.number & 1]);
}

static void report_down(AccessLog *log, Error error)
{
    (void)pthread_mutex_lock(&log->lock);
    log->down = error.argument != NULL ? error.argument : error_words(error.reason)->name;
    (void)pthread_cond_broadcast(&log->room);
    (void)pthread_mutex_unlock(&log->lock);
    wake_word_change(&log->settled[0]);
    wake_word_change(&log->settled[1]);
}

/* Sleeps between two attempts while down; false when the log is being closed. */
static bool rest(AccessLog *log)
{
    (void)pthread_mutex_lock(&log->lock);
    Deadline wake = deadline_in(ports_system()->clock, log->retry_us);
    while (!log->is_stopping && timed_wait_on(&log->work, &log->lock, wake)) {
    }
    bool goes_on = !log->is_stopping;
    (void)pthread_mutex_unlock(&log->lock);
    return goes_on;
}

/* Makes the pending batch durable, however long it takes; false when the log is closed while it
 * can't be written. A first failure is not the callers' concern: a new segment usually takes the
 * batch at once. */
static bool commit_pending(AccessLog *log)
{
    Error error = write_pending(log);
    if (FAILED(error)) {
        error = write_pending(log);
    }
    while (FAILED(error)) {
        report_down(log, error);
        if (!rest(log)) {
            return false;
        }
        error = write_pending(log);
    }
    announce(log);
    return true;
}

void *access_log_commit_main(void *argument)
{
    AccessLog *log = argument;
    (void)pthread_setname_np(pthread_self(), "log-committer");
    while (take_batch(log) && commit_pending(log)) {
        if (log->writer.size_bytes > log->segment_bytes) {
            Error error = segment_finish(&log->writer);
            (void)error; /* it poisons the segment, and the next batch goes the long way round */
        }
    }
    return NULL;
}
